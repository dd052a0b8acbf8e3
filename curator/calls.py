"""The calls of an example with their arguments read: what the checks of function calling share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from typing import Any

from curator.locate import escape, parse_pointer
from curator.model import Example, Problem, Tool, ToolCall, Turn
from curator.parsing import Parsed, parse

MOST = 100  # problems of one kind in one record: more would help nobody, and each costs a walk over the line

ABSENT = object()
"""No value at all, where null is one."""

Check = Callable[..., Iterator[Problem]]


@dataclass(slots=True)
class ReadCall:
    """One call, the turn it stands in, and what its arguments hold."""

    turn: Turn
    call: ToolCall
    parsed: Parsed | None
    """What the text of the arguments holds; None where they are no text."""

    @property
    def arguments(self) -> dict[str, Any] | None:
        """The arguments as an object; None where they are none, or readers disagree on what they are."""
        value = self.call.arguments
        if self.parsed is not None:
            value = None if self.parsed.quirks else self.parsed.value
        return value if isinstance(value, dict) else None

    @property
    def variant(self) -> str | None:
        """`untrained` for a call that is shown, but not learned."""
        return None if self.turn.trained else "untrained"

    @property
    def in_text(self) -> bool:
        """Whether the arguments are a text of their own in the record, which an edit can reach."""
        return isinstance(self.call.arguments, str) and (self.call.inside is None or self.call.broken)

    def problem(self, part: Sequence[str | int], values: Mapping[str, Any], variant: str | None = None) -> Problem:
        """A problem with the arguments, or with the part of them that a path leads to."""
        reachable = part if self.call.inside is None or not isinstance(self.call.arguments, str) else ()
        inside = "".join(f"/{escape(str(step))}" for step in reachable)
        where, inner = self.call.place(f"/arguments{inside}")
        return Problem(where, inner=inner, values={"function": self.call.name, **values}, variant=variant)

    @property
    def place(self) -> tuple[str, str | None]:
        """Pointer and inner pointer of the whole call."""
        if self.call.inside is None or self.call.broken:
            return self.call.pointer, None
        return self.call.inside, self.call.function_pointer


_last: tuple[Example | None, list[ReadCall]] = (None, [])  # a dozen cards ask about each example


def read_calls(example: Example) -> list[ReadCall]:
    """Every call of the example's turns in order; those of a rejected output are left out."""
    global _last
    if _last[0] is not example:
        found = [_read(turn, call) for turn in example.turns if turn.calls for call in turn.calls]
        _last = (example, found)
    return _last[1]


def _read(turn: Turn, call: ToolCall) -> ReadCall:
    text = call.arguments
    return ReadCall(turn, call, parse(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else None)


def few(check: Check) -> Check:
    """The check, but of one record no more than its first hundred problems."""

    @wraps(check)
    def limited(example: Example, **given: Any) -> Iterator[Problem]:
        return islice(check(example, **given), MOST)

    return limited


def written(example: Example, part: ToolCall | Tool, key: str) -> Any:
    """What the function object of a call or declaration has under a key; ABSENT where it has none."""
    value: Any = example.value
    if part.inside is not None:
        text = value_at(value, part.inside)
        value = parse(text.encode("utf-8", "surrogatepass")).value if isinstance(text, str) else None
    function = value_at(value, part.function_pointer if isinstance(part, ToolCall) else part.pointer)
    return function.get(key, ABSENT) if isinstance(function, dict) else ABSENT


def value_at(value: Any, pointer: str) -> Any:
    """The value that a pointer leads to; None where it leads nowhere."""
    for step in parse_pointer(pointer):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
