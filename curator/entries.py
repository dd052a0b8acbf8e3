"""The lines of a suppressions file: what one says, what it is found by, and how they come and go."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from curator.data import convert, nearest
from curator.errors import UsageError
from curator.findings import clip, record_hash
from curator.model import Finding, Suppression
from curator.writing import atomically, in_turn

VERSION: Literal[1] = 1
_POINTER = 200  # code points of a pointer that an entry holds; a key may have a million
_NO_BYTES = record_hash(b"")  # of an empty line, and what file checks leave: it tells no record from another
_NOBODY = Suppression("", "", "")


# No dataclass: 100,000 of them are read at start, and a Struct is read in a third of the time.
class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the file: which finding is accepted, why, by whom and when."""

    version: Literal[1]
    rule: str
    """Its code; its name and older names are understood."""
    path: str
    """The file it was found in, from the folder of the suppressions, with forward slashes."""
    reason: str
    who: str
    when: str
    record: str = ""
    """The record's hash; "" for a finding about a whole file or dataset."""
    pointer: str = ""
    inner: str = ""
    dataset: str = ""
    """Of a finding without a line: the dataset's name, or its file where the settings give it none."""
    split: str = ""

    def line(self) -> bytes:
        """The entry as it is written: one line of JSON, in which nothing is invisible."""
        order = ("version", "rule", "record", "pointer", "inner", "dataset", "split", "path", "reason", "who", "when")
        given = {name: value for name in order if (value := getattr(self, name)) != ""}
        text = json.dumps(given, ensure_ascii=False)
        return (text if text.isprintable() else json.dumps(given)).encode() + b"\n"

    def digest(self, code: str) -> bytes:
        """What it is found by: the rule's code with the record, else the dataset, else the file."""
        if self.record:
            key = ("record", self.record, self.pointer, self.inner)
        elif self.dataset:
            key = ("dataset", f"{self.dataset}\0{self.split}", self.pointer, self.inner)
        else:
            key = ("file", self.path, "", "")
        return hashlib.blake2b("\0".join((code, *key)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


_decoder = msgspec.json.Decoder(Entry)


@dataclass(frozen=True, slots=True)
class Cover:
    """The suppressions that hold in one data file of a dataset; plain data, because plans carry it."""

    path: str
    """The data file from the folder of the suppressions, with forward slashes."""
    dataset: str
    entries: Mapping[bytes, Suppression]
    """By digest; one mapping for all files that a suppressions file governs."""

    def entry(self, finding: Finding, accepted: Suppression = _NOBODY) -> Entry:
        """The entry that suppresses a finding, and with it all of its rule at the same pointer of the same record."""
        record = dataset = split = pointer = inner = ""
        if finding.record is not None and finding.record != _NO_BYTES:
            record = finding.record
        elif finding.line is None:
            dataset, split = self.dataset, finding.split or ""
        if record or dataset:
            pointer, inner = _short(finding.pointer), _short(finding.inner or "")
        return Entry(
            VERSION, finding.code, self.path, accepted.reason, accepted.who, accepted.when,
            record, pointer, inner, dataset, split,
        )  # fmt: skip

    def digest(self, finding: Finding) -> bytes:
        """What an entry for the finding is found by in `entries`."""
        return self.entry(finding).digest(finding.code)


def _short(pointer: str) -> str:
    if len(pointer) <= _POINTER:
        return pointer
    return f"blake2b:{hashlib.blake2b(pointer.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def parse(line: bytes) -> Entry:
    """The entry of a line. Raises UsageError with what is wrong."""
    try:
        return _decoder.decode(line)
    except msgspec.MsgspecError:
        pass  # the careful way explains; it also takes a byte order mark, and half a surrogate pair in a file name
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError("it is no JSON; restore the line, or remove it") from None
    if not isinstance(data, dict):
        raise UsageError("it is no JSON object")
    if data.get("version", VERSION) != VERSION:
        other = f"it is of version {clip(repr(data['version']))}, and this curator reads version {VERSION}"
        raise UsageError(f"{other}; upgrade curator, or write the baseline anew")
    for key in sorted(data.keys() - set(Entry.__struct_fields__)):
        raise UsageError(f"unknown key {clip(key)!r}{nearest(key, Entry.__struct_fields__)}")
    return convert(data, Entry, UsageError, "it does not fit")


def lines(file: str) -> Iterator[bytes]:
    """The lines of a suppressions file; none where there is no such file. Raises OSError."""
    with suppress(FileNotFoundError), open(file, "rb") as opened:
        yield from opened


def add(file: str, new: Iterable[bytes]) -> None:
    """Add lines to a suppressions file, but those that it has. Raises OSError and UsageError."""
    target = os.path.realpath(file)  # a link stays a link
    with in_turn(target):
        old = list(lines(target))
        present = {line.strip() for line in old}
        if missing := [line for line in new if line.strip() not in present]:
            with atomically(target) as out:
                out.writelines(old)
                out.write(b"" if not old or old[-1].endswith(b"\n") else b"\n")
                out.writelines(missing)


def drop(file: str, is_gone: Callable[[bytes], bool]) -> int:
    """Remove lines from a suppressions file; how many these were. Raises OSError and UsageError."""
    target = os.path.realpath(file)
    with in_turn(target):
        old = list(lines(target))
        kept = [line for line in old if not is_gone(line)]
        if len(kept) < len(old):
            with atomically(target) as out:
                out.writelines(kept)
    return len(old) - len(kept)
