"""The nouns of a review: which record, what it is to become, who decided it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["open", "fixed", "kept", "removed", "discuss"]
Action = Literal["accept", "edit", "keep", "remove", "discuss", "reopen", "undo", "redo"]


@dataclass(frozen=True, slots=True)
class Key:
    """Which record a decision is about; it holds wherever the record goes, and ends when the record changes."""

    path: str
    """The data file, relative to the folder that `.curator` lies in, with `/`."""
    record: str
    """The hash of the record's bytes as they stand in the file (`findings.record_hash`)."""
    nth: int = 0
    """Which of the file's records with these very bytes, from 0."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding that a reviewer has accepted as it is."""

    code: str
    pointer: str
    reason: str


@dataclass(frozen=True, slots=True)
class State:
    """What a record is to become. The empty state: as it stands in the file, and nobody has decided."""

    status: Status = "open"
    raw: bytes | None = None
    """Its new bytes, without line ending; None: as they are."""
    kept: tuple[Kept, ...] = ()
    note: str = ""
    """Why it is to be discussed, or removed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the log."""

    id: int
    time: str
    """ISO 8601, in UTC."""
    reviewer: str
    key: Key
    action: Action
    state: State
    codes: tuple[str, ...] = ()
    """The rules that it answers."""
    batch: str = ""
    """Shared by what was decided at one stroke."""
    before: int = 0
    """The id of the record's decision that it follows; 0 for the first."""
    undoes: int = 0
    """For undo and redo: the id of the decision that is taken back, or done again."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of the review as it was checked."""

    number: int
    path: str
    """As people named it."""
    key_path: str
    """As keys name it."""
    real_path: str
    """Where its bytes can be read: itself, or an unpacked copy in UTF-8."""
    dataset: str
    split: str
    format: str
    container: str
    """`lines` or `document`, as sources.FileHead says."""
    encoding: str
    start: int
    size: int
    records: int
    unreadable: int
    stamp: tuple[int, ...]
    """placing.stamp of the file when it was checked; empty for standard input."""
    is_copy: bool
    """It is compressed, piped or in UTF-16: real_path is a copy, and the file cannot be written in place."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the queue is shown; the empty one: all."""

    codes: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    files: tuple[int, ...] = ()
    splits: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()
    tokens: tuple[int, int] | None = None
    """Fewest and most."""
    turns: tuple[int, int] | None = None
    """Fewest and most."""
    text: str = ""
    """Case is ignored; it stands in the record's texts."""
    group: str = ""
    """One cluster."""
    sort: Literal["severity", "place", "tokens", "findings"] = "severity"


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the queue: a record with findings, or one of a cluster."""

    id: int
    file: int
    """DataFile.number."""
    key: Key
    line: int
    column: int
    offset: int
    size: int
    """Bytes of the raw record at `offset` of DataFile.real_path."""
    split: str
    severity: str
    """The worst."""
    codes: tuple[str, ...]
    """Worst first, each once."""
    findings: int
    fixable: int
    tokens: int | None
    """None while they are not counted, or where no tokenizer is known."""
    label: str | None
    status: Status
