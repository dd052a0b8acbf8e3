"""The conversation: is there something to train on, and is it whole?"""

from __future__ import annotations

from collections.abc import Iterator

from curator.conventions import Conventions
from curator.model import Example, Fix, Problem, Remove, Turn

_OTHER_ROLES = {"system", "developer", "user", "tool", "function"}
_ANSWER_INSTEAD = ("tool_calls", "function_call", "refusal")


def no_assistant(example: Example) -> Iterator[Problem]:
    """Messages, but none of the assistant's: nothing to train on."""
    for turn in example.turns:  # an unknown role may stand for the assistant's; its own rule says so
        if turn.role not in _OTHER_ROLES:
            return
    if example.turns and (where := example.turns[0].pointer.rpartition("/")[0]):
        roles = ", ".join(dict.fromkeys(turn.role for turn in example.turns))
        yield Problem(where, values={"roles": roles})


def tail_after_assistant(example: Example) -> Iterator[Problem]:
    """Messages after the assistant's last one, which train nothing."""
    last = max((i for i, turn in enumerate(example.turns) if turn.role == "assistant"), default=None)
    if last is None or last == len(example.turns) - 1:
        return
    tail = example.turns[last + 1 :]
    if any(turn.role not in _OTHER_ROLES for turn in tail):  # an answer under another name, perhaps
        return
    yield Problem(
        tail[-1].pointer,
        values={"role": tail[-1].role, "count": len(tail)},
        fix=Fix("drop the tail", tuple(Remove(turn.pointer) for turn in reversed(tail))),
    )


def empty_content(example: Example, *, conventions: Conventions) -> Iterator[Problem]:
    """An answer of nothing but white space, with no call or refusal in its place."""
    for turn in example.turns:
        if turn.role != "assistant" or turn.content is None or _answers_otherwise(turn):
            continue
        empty_parts = isinstance(turn.content, list) and all(_is_text(part) for part in turn.content)
        if (isinstance(turn.content, str) or empty_parts) and not conventions.answer(turn.text).strip():
            where = turn.text_pointer if isinstance(turn.content, str) else f"{turn.pointer}/content"
            yield Problem(where, variant="space" if turn.text.isspace() else "stop" if turn.text else None)


def missing_content(example: Example) -> Iterator[Problem]:
    """An answer whose content is null or absent, with no call or refusal in its place."""
    for turn in example.turns:
        if turn.role == "assistant" and turn.content is None and not _answers_otherwise(turn):
            present = turn.text_pointer != turn.pointer or not turn.message
            yield Problem(turn.text_pointer, values={"what": "null" if present else "missing"})


def _answers_otherwise(turn: Turn) -> bool:
    return any(turn.message.get(key) for key in _ANSWER_INSTEAD)


def _is_text(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
