"""Records that a round of fixing has made equal to others: told from what the check before it kept of each record.

Else only another check of all records would show them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curator.checks.duplicates import Duplicate
from curator.engine import Checked
from curator.fixing.splicing import Splice
from curator.model import OFFSET_BITS, Finding, Place, place
from curator.packing import PackedRows, key_of
from curator.parsing import parse
from curator.plan import BoundRule
from curator.scan import finding
from curator.sources import Line, Source
from curator.whereabouts import Whereabouts

if TYPE_CHECKING:
    from curator.fixing.rewriting import Rewriting

_OFFSET = (1 << OFFSET_BITS) - 1
_BEHIND = 4  # bytes of a number that no line is longer than


@dataclass(slots=True)
class Renewed:
    """The lines of one file that a round has changed. Memory: 16 bytes each, and 24 each record that they became."""

    file: int
    """Its number in the check."""
    rows: PackedRows = field(default_factory=lambda: PackedRows(_BEHIND))
    """What the lines became: each record at the place of its old line, and how far behind the new line's start."""
    _starts: array[int] = field(default_factory=lambda: array("Q"))
    _ends: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, line: Line, pieces: Iterable[bytes], gap: int) -> None:
        """`line` is now `pieces`, with `gap` bytes between them; called in the order of lines."""
        self._starts.append(line.offset)
        self._ends.append(line.offset + line.size)
        behind = 0
        for raw in pieces:
            parsed = parse(raw)
            if parsed.fault is None and isinstance(parsed.value, dict):
                key, where = key_of(parsed.canonical), place(self.file, line.offset)
                self.rows.add(key, where, behind.to_bytes(_BEHIND, "big"))
            behind += len(raw) + gap

    def holds(self, offset: int) -> bool:
        """Whether what began at `offset` of the old file belongs to one of the lines."""
        index = bisect_right(self._starts, offset) - 1
        return index >= 0 and offset < self._ends[index]


def made_equal(files: Sequence[Checked], done: Mapping[str, Rewriting], now: Mapping[str, Source]) -> Iterator[Finding]:
    """What the rule about copies says of the records that have become equal to others.

    `files` are as the check read them, `done` is what has changed in them since, and `now` what they are, by path.
    """
    splits: dict[int, list[Checked]] = defaultdict(list)
    for checked in files:
        splits[id(checked.bound)].append(checked)
    whereabouts = Whereabouts({checked.number: now[checked.source.path] for checked in files})
    for mine in splits.values():
        for rule in mine[0].bound.dataset:
            state = mine[0].states.get(rule.rule.code)
            if isinstance(state, Duplicate):
                yield from _of_split(state, rule, mine, done, whereabouts)


def _of_split(
    state: Duplicate, rule: BoundRule, files: Sequence[Checked], done: Mapping[str, Rewriting],
    whereabouts: Whereabouts,
) -> Iterator[Finding]:  # fmt: skip
    paths = {checked.number: checked.source.path for checked in files}
    changed = PackedRows(_BEHIND)
    for path in paths.values():
        if path in done:
            changed.merge(done[path].renewed.rows)
    alike: dict[int, set[tuple[int, int, bytes]]] = defaultdict(set)
    """By file, where the old line began, how far behind the start of the new one the record is, and its key."""
    for key, rows in changed.groups():
        for where, behind in rows:
            alike[where >> OFFSET_BITS].add((where & _OFFSET, int.from_bytes(behind, "big"), key))
    for key, before, rows in state.rows.common(changed):
        others = [where for where, _ in before if not _is_among(where, done.get(paths[where >> OFFSET_BITS]))]
        for where, behind in [*((where, b"") for where in others), *rows] if others else ():
            alike[where >> OFFSET_BITS].add((where & _OFFSET, int.from_bytes(behind, "big"), key))
    after = Duplicate()
    for number, items in alike.items():
        script = done[paths[number]].script if paths[number] in done else ()
        for offset, key in _moved(sorted(items), script):
            after.rows.add(key, place(number, offset))
    bound = files[0].bound
    for found, problem in sorted(after.finish(None), key=lambda item: item[0] or 0):
        assert found is not None
        path = whereabouts.path(found)
        if not bound.is_silent(rule, path):
            related = tuple(map(whereabouts.related, problem.related))
            yield finding(bound.plan, rule, problem, path, whereabouts.line(found), related)


def _is_among(where: Place, rewriting: Rewriting | None) -> bool:
    """Whether the record at a place is one of those that were changed."""
    return rewriting is not None and rewriting.renewed.holds(where & _OFFSET)


def _moved(items: Iterable[tuple[int, int, bytes]], script: Iterable[Splice]) -> Iterator[tuple[int, bytes]]:
    """Where the items are once the script is done; both are in order."""
    splices = iter(script)
    splice, shift = next(splices, None), 0
    for offset, behind, key in items:
        while splice is not None and splice.start < offset:
            shift += len(splice.text) - (splice.end - splice.start)
            splice = next(splices, None)
        yield offset + shift + behind, key
