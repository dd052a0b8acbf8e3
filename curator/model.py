"""The nouns that everything else speaks in: records, examples, problems, findings."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, Literal, NewType

from curator.edits import Fix, Safety

# A record's place inside one run: the file's number in the high bits, the byte offset in the low 48.
# Packed, because dataset checks keep one for every record.
Place = NewType("Place", int)
OFFSET_BITS = 48


def place(file: int, offset: int) -> Place:
    """The packed place of the record at byte `offset` of file number `file`."""
    return Place(file << OFFSET_BITS | offset)


RESULT_ROLES = ("tool", "function")
IMAGE_PARTS = ("image_url", "image", "input_image")


class Severity(enum.IntEnum):
    """How bad a finding is; ordered, so that `>=` means "at or above"."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


# --- what was read -----------------------------------------------------------------------------
# Not frozen: one of each is made for every record, and a frozen __init__ costs three times as much.


@dataclass(slots=True)
class ToolCall:
    """One call of a function inside an assistant's turn."""

    name: str
    arguments: Any
    """As written: a string of JSON where the format wants one."""
    id: str | None
    pointer: str
    """Of the call; `arguments_pointer` and `name_pointer` lead to its parts."""
    function_pointer: str
    inside: str | None = None
    """The text that holds the call as JSON, for formats that write it so; `function_pointer` then leads into it."""
    broken: bool = False
    """That text is no JSON; `arguments` is the whole of it."""

    @property
    def arguments_pointer(self) -> str:
        return f"{self.function_pointer}/arguments"

    @property
    def name_pointer(self) -> str:
        return f"{self.function_pointer}/name"

    def place(self, part: str) -> tuple[str, str | None]:
        """Where a part of the call stands (`/name`, `/arguments`, `/arguments/city`): pointer and inner pointer."""
        if self.inside is not None:
            return self.inside, None if self.broken else f"{self.function_pointer}{part}"
        if isinstance(self.arguments, str) and part.startswith("/arguments/"):
            return self.arguments_pointer, part.removeprefix("/arguments")
        return f"{self.function_pointer}{part}", None


@dataclass(slots=True)
class Tool:
    """One declared function."""

    name: str
    description: str
    parameters: Any
    pointer: str
    """Of the function object (the one that holds `name` and `parameters`)."""
    inside: str | None = None
    """The text that holds the declarations as JSON, for formats that write them so; `pointer` leads into it."""

    def place(self, part: str = "") -> tuple[str, str | None]:
        """Where a part of the declaration stands: pointer and inner pointer."""
        if self.inside is not None:
            return self.inside, f"{self.pointer}{part}"
        return f"{self.pointer}{part}", None


@dataclass(slots=True)
class Turn:
    """One message of a conversation; a prompt or a completion is one, too."""

    role: str
    """As written, or "" where it is no string."""
    content: Any
    """As written: text, content parts, None, or absent (also None)."""
    text: str
    """The content's text; that of several parts joined."""
    trained: bool
    """Whether its tokens count in the loss."""
    pointer: str
    text_pointer: str
    """Where the text stands: the content, or the first text part of it; the turn where there is none."""
    calls: tuple[ToolCall, ...] = ()
    message: Mapping[str, Any] = field(default_factory=dict)
    """The raw message object; empty for formats whose turns are no objects."""

    @property
    def is_one_text(self) -> bool:
        """Whether the text is one string of the record, so that a span in it is a span there."""
        if isinstance(self.content, list):
            return sum(isinstance(part, dict) and isinstance(part.get("text"), str) for part in self.content) == 1
        return isinstance(self.content, str)


@dataclass(slots=True)
class Example:
    """One training example, free of its format's dialect; pointers lead back into the record."""

    format: str
    kind: str
    """The family that cards name: chat, completion, reinforcement …"""
    value: dict[str, Any]
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...]
    canonical: bytes
    """The record's value as compact JSON with sorted keys: equal values, equal bytes."""
    raw_size: int
    """Bytes of the line, for bounds that need no tokenizer."""
    rejected: tuple[Turn, ...] = ()
    """Preference data: the output that is not to be learned; `turns` end with the preferred one."""

    @property
    def uses_tools(self) -> bool:
        """Whether it declares functions (readable or not), calls one, or holds the result of a call."""
        if self.tools or self.value.get("tools"):
            return True
        # A list, because starting a generator costs more than the few turns that it might spare.
        return any([turn.calls or turn.role in RESULT_ROLES for turn in self.turns])  # noqa: C419

    @property
    def first_image(self) -> str | None:
        """The pointer of the first image in its messages; None where there is none."""
        for turn in self.turns:
            if type(turn.content) is list and turn.message:
                for index, part in enumerate(turn.content):
                    if isinstance(part, dict) and part.get("type") in IMAGE_PARTS:
                        return f"{turn.pointer}/content/{index}"
        return None

    @property
    def has_usual_turns(self) -> bool:
        """Whether perhaps a system message and then user and assistant in turn speak, and the assistant last.

        A record with a rejected output is never usual: its turns are only a part of what rules look at.
        """
        return not self.rejected and _are_usual(tuple([turn.role for turn in self.turns]))

    @property
    def answer(self) -> Turn | None:
        """The last trained turn; None where nothing is trained."""
        for turn in reversed(self.turns):
            if turn.trained:
                return turn
        return None

    @property
    def before_answer(self) -> tuple[Turn, ...]:
        """The input: every turn before the last trained one; all of them where nothing is trained."""
        for index in range(len(self.turns) - 1, -1, -1):
            if self.turns[index].trained:
                return self.turns[:index]
        return self.turns


@lru_cache(maxsize=256)
def _are_usual(roles: tuple[str, ...]) -> bool:
    spoken = roles[1:] if roles[:1] == ("system",) else roles
    return bool(spoken) and spoken == ("user", "assistant") * (len(spoken) // 2)


# --- what is wrong -----------------------------------------------------------------------------

At = Literal["value", "key", "line"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check found; it knows no rule, no severity and no file."""

    pointer: str = ""
    at: At = "value"
    """`key` points at the member's key; `line` means that `span` counts in the raw line itself."""
    span: tuple[int, int] | None = None
    """Code points inside the text at `pointer` (or inside the JSON that `inner` leads into)."""
    inner: str | None = None
    """A pointer inside the JSON that the string at `pointer` holds."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the card's message is filled with."""
    variant: str | None = None
    """Which of the card's variants speaks: another message, another severity."""
    related: tuple[tuple[Place, str], ...] = ()
    """Other places of the same matter, each with a pointer."""
    group: str | None = None
    """An id shared by the findings of one cluster."""
    fix: Fix | None = None
    line: int = 1
    """Of a file check's problem: the line it stands on."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a finding speaks of."""

    path: str
    line: int
    pointer: str
    column: int = 1
    """Of the record, 1-based: several may stand on one line of a document."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding is accepted, by whom, and since when (ISO 8601, in UTC)."""

    reason: str
    who: str
    when: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem with its rule, its severity and its exact place."""

    code: str
    name: str
    severity: Severity
    message: str
    path: str
    split: str | None
    line: int | None
    """1-based; None for the whole dataset."""
    column: int
    """1-based, in code points; in bytes where the line does not decode."""
    end_column: int
    pointer: str
    at: At
    span: tuple[int, int] | None
    inner: str | None
    record: str | None
    """blake2b-128 of the raw line without line ending and BOM, in hex."""
    values: Mapping[str, Any]
    group: str | None
    related: tuple[Related, ...]
    fix: Fix | None
    safety: Safety | None
    excerpt: tuple[str, str, str] | None = None
    """What stands before, in and after the span, cut to what a person needs to see."""
    dataset: str = ""
    suppressed: Suppression | None = None

    @property
    def order(self) -> tuple[str, int, int, str, str, str]:
        """The sort key of every output."""
        return (self.path, self.line or 0, self.column, self.code, self.pointer, self.message)

    @property
    def fixable(self) -> bool:
        """Whether a program can apply the fix (a suggestion needs a person)."""
        return self.fix is not None and bool(self.fix.edits) and self.safety in ("safe", "unsafe")

    def __reduce__(self) -> tuple[Any, ...]:
        # As dataclasses with slots pickle themselves, field by field, it takes three times as long; workers,
        # spools and the review's index pickle every finding.
        return Finding, _values(self)


_values = attrgetter(*(item.name for item in fields(Finding)))
