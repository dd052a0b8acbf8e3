"""What became of each record between two versions of a file."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from curator.curation.pairing import BY_KEY, INPUT, NOBODY, TEXT, VALUE, Side, pair
from curator.curation.records import BLANK, UNREADABLE, Records
from curator.curation.wording import Change, changes

Kind = Literal["added", "removed", "changed", "formatting", "moved"]
KINDS: tuple[Kind, ...] = ("added", "removed", "changed", "formatting", "moved")
_BY = {BY_KEY: "key", VALUE: "value", INPUT: "input", TEXT: "text"}
_CONTAINERS = {"lines": "JSON Lines", "document": "one JSON document"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One record that is not what and where it was."""

    kind: Kind
    """`formatting`: the same value in other bytes; `moved`: nothing but its place."""
    old: int | None
    """Its number in the old file."""
    new: int | None
    moved: bool
    """Its place among the others is another."""
    by: str | None
    """What it was found by again: its `key`, `value`, `input` or `text`."""


@dataclass(slots=True)
class Comparison:
    """Two versions of a file, compared. Memory: that of the pairs, and 8 bytes a record."""

    old: Side
    new: Side
    key: str
    """The pointer of the key that records were paired by; "" for none."""
    moved: bytearray
    """Of each line of the new file, whether its place among the others is another."""
    files: list[str] = field(default_factory=list)
    """What differs that is no record: line endings, blank lines, a byte order mark."""

    def entries(self) -> Iterator[Entry]:
        """Every difference in the order of the new file; what was removed where it stood."""
        gone = self.old.left()
        waiting = next(gone, None)
        for number, other in enumerate(self.new.partner):
            if self.new.records.states[number] == BLANK:
                continue
            if other == NOBODY:
                yield Entry("added", None, number, False, None)
                continue
            while waiting is not None and waiting < other and not self.moved[number]:
                yield Entry("removed", waiting, None, False, None)
                waiting = next(gone, None)
            kind = self._kind(other, number)
            if kind is not None:
                yield Entry(kind, other, number, bool(self.moved[number]), _BY[self.new.by[number]])
        while waiting is not None:
            yield Entry("removed", waiting, None, False, None)
            waiting = next(gone, None)

    def _kind(self, old: int, new: int) -> Kind | None:
        if self.old.records.key(old) != self.new.records.key(new):
            return "changed"
        unreadable = self.new.records.states[new] == UNREADABLE  # its key is that of its bytes
        if not unreadable and self.old.records.raw(old) != self.new.records.raw(new):
            return "formatting"
        return "moved" if self.moved[new] else None

    def changes(self, entry: Entry) -> list[Change]:
        """The values that differ in a changed record."""
        assert entry.old is not None
        assert entry.new is not None
        old, new = self.old.records.parsed(entry.old), self.new.records.parsed(entry.new)
        found = list(changes(old.value, new.value))
        if found or (old.fault is None and new.fault is None and not old.quirks | new.quirks):
            return found
        # What parsers disagree on, such as a repeated key, is in the spelling alone.
        texts = [side.records.raw(n) for side, n in ((self.old, entry.old), (self.new, entry.new))]
        return [Change("", *(text.decode("utf-8", "replace") for text in texts))]


def compare(old: Side, new: Side, pointer: str | None = None) -> Comparison:
    """What became of each record; `pointer` leads to the key that they are paired by.

    Raises InputError where two records of a file have the same key.
    """
    key = pair(old, new, pointer)
    moved = bytearray(len(new.partner))
    paired = array("Q", (number for number, other in enumerate(new.partner) if other != NOBODY))
    for index in out_of_order(array("Q", (new.partner[number] for number in paired))):
        moved[paired[index]] = 1
    return Comparison(old, new, key, moved, _files(old.records, new.records))


def out_of_order(numbers: Sequence[int]) -> Iterator[int]:
    """The indices of as few numbers as can be, without which the others (all different) are in rising order."""
    ends: list[int] = []  # the smallest number that a rising row of each length ends with
    holders: list[int] = []
    before = array("Q", bytes(8 * len(numbers)))
    for index, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before[index] = holders[length - 1] if length else NOBODY
        if length == len(ends):
            ends.append(number)
            holders.append(index)
        else:
            ends[length], holders[length] = number, index
    stays = bytearray(len(numbers))
    index = holders[-1] if holders else NOBODY
    while index != NOBODY:
        stays[index] = 1
        index = before[index]
    return (index for index, stay in enumerate(stays) if not stay)


def _files(old: Records, new: Records) -> list[str]:
    """What differs between two files beside their records."""
    first, second = old.source.head, new.source.head
    found = []
    if first.encoding != second.encoding:
        found.append(f"encoding: {first.encoding}, now {second.encoding}")
    if first.byte_order_mark != second.byte_order_mark:
        found.append(f"byte order mark: {'added' if second.byte_order_mark else 'removed'}")
    if first.container != second.container and not (first.blank or second.blank):
        names = [_CONTAINERS.get(head.container, head.container) for head in (first, second)]
        found.append(f"container: {names[0]}, now {names[1]}")
    elif first.container == second.container == "lines":
        ways = [(side.endings.crlf > 0, side.endings.lf > 0) for side in (first, second)]
        if ways[0] != ways[1] and all(map(any, ways)):
            found.append(f"line endings: {_ending(*ways[0])}, now {_ending(*ways[1])}")
        if old.count(BLANK) != new.count(BLANK):
            found.append(f"blank lines: {old.count(BLANK):,}, now {new.count(BLANK):,}")
    return found


def _ending(crlf: bool, lf: bool) -> str:
    return "CRLF and LF" if crlf and lf else "CRLF" if crlf else "LF"
