"""What to change: edits of a record, a line, a file or every record, and the fix that they make up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Replace:
    """Put `value` (any JSON value) where `pointer` leads."""

    op: ClassVar[str] = "replace"
    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class ReplaceText:
    """Put `text` in place of the code points `start` to `end` of the string at `pointer`."""

    op: ClassVar[str] = "replace-text"
    pointer: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Give the member at `pointer` the key `name`."""

    op: ClassVar[str] = "rename-key"
    pointer: str
    name: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Take the member or element at `pointer` out, with its comma."""

    op: ClassVar[str] = "remove"
    pointer: str


@dataclass(frozen=True, slots=True)
class Insert:
    """Add `value` as the member or element `pointer` of its parent (`/-` appends to an array)."""

    op: ClassVar[str] = "insert"
    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class DropLine:
    """Remove the line and its line ending."""

    op: ClassVar[str] = "drop-line"


@dataclass(frozen=True, slots=True)
class SplitLine:
    """Break the line so that each of its JSON values has a line of its own."""

    op: ClassVar[str] = "split-line"


@dataclass(frozen=True, slots=True)
class ReplaceBytes:
    """Put the UTF-8 of `text` in place of bytes `start` to `end` of the line."""

    op: ClassVar[str] = "replace-bytes"
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class RewriteAsLines:
    """Write the file's JSON values one a line, in place of an array or of pretty-printed objects."""

    op: ClassVar[str] = "rewrite-as-lines"


@dataclass(frozen=True, slots=True)
class NormalizeLineEndings:
    """End every line of the file with `ending`."""

    op: ClassVar[str] = "normalize-line-endings"
    ending: Literal["\n", "\r\n"]


@dataclass(frozen=True, slots=True)
class Transcode:
    """Write the file in UTF-8, without a byte order mark."""

    op: ClassVar[str] = "transcode"


@dataclass(frozen=True, slots=True)
class DropRelated:
    """Remove the records that the finding's related places name, with their line endings."""

    op: ClassVar[str] = "drop-related"


# --- of every record of the dataset, in all its splits ---


@dataclass(frozen=True, slots=True)
class EndEvery:
    """End the text at `pointer` with `text`; what looks like it (case, spaces, kinds of dash) gives way."""

    op: ClassVar[str] = "end-every"
    pointer: str
    text: str


@dataclass(frozen=True, slots=True)
class BeginEvery:
    """Begin the text at `pointer` with `text`, unless it begins with white space, or needs none."""

    op: ClassVar[str] = "begin-every"
    pointer: str
    text: str


@dataclass(frozen=True, slots=True)
class TrimEvery:
    """Take the spaces and tabs from the end of the text at `pointer`, where it ends with `ending`.

    A record that has none there is left alone by all of the fix.
    """

    op: ClassVar[str] = "trim-every"
    pointer: str
    ending: str


@dataclass(frozen=True, slots=True)
class RemoveEvery:
    """Take the member at `pointer` out."""

    op: ClassVar[str] = "remove-every"
    pointer: str


EveryEdit = EndEvery | BeginEvery | TrimEvery | RemoveEvery
Edit = (
    Replace | ReplaceText | RenameKey | Remove | Insert | DropLine | SplitLine | ReplaceBytes
    | RewriteAsLines | NormalizeLineEndings | Transcode | DropRelated | EveryEdit
)  # fmt: skip
Safety = Literal["safe", "unsafe", "suggestion"]


@dataclass(frozen=True, slots=True)
class Fix:
    """What would mend a problem; `edits` is empty where a person must write it."""

    title: str
    edits: tuple[Edit, ...] = ()
