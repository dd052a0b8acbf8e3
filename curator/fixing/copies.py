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
from curator.fixing.relint import each
from curator.fixing.splicing import Splice
from curator.model import OFFSET_BITS, Finding, Place, place
from curator.packing import PackedRows, key_of
from curator.plan import BoundRule
from curator.scan import finding
from curator.sources import Line, Source
from curator.spool import Findings
from curator.whereabouts import Whereabouts

if TYPE_CHECKING:
    from curator.fixing.rewriting import Rewriting

_OFFSET = (1 << OFFSET_BITS) - 1
_BEHIND = 4  # bytes of a number that no line is longer than


@dataclass(slots=True)
class Renewed:
    """The lines of one file that a round has changed. Memory: 16 bytes each, and 24 each record in them, old or new."""

    file: int
    """Its number in the check."""
    old: PackedRows = field(default_factory=lambda: PackedRows(_BEHIND))
    """The records that the lines held."""
    new: PackedRows = field(default_factory=lambda: PackedRows(_BEHIND))
    """Those that they became, each at the place of its old line, and how far behind the new line's start."""
    _starts: array[int] = field(default_factory=lambda: array("Q"))
    _ends: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, line: Line, pieces: Iterable[bytes], gap: int) -> None:
        """`line` is now `pieces`, with `gap` bytes between them; called in the order of lines."""
        self._starts.append(line.offset)
        self._ends.append(line.offset + line.size)
        where = place(self.file, line.offset)
        _put(self.old, line.raw, where, 0)
        behind = 0
        for raw in pieces:
            _put(self.new, raw, where, behind)
            behind += len(raw) + gap

    def holds(self, offset: int) -> bool:
        """Whether what began at `offset` of the old file belongs to one of the lines."""
        index = bisect_right(self._starts, offset) - 1
        return index >= 0 and offset < self._ends[index]


def _put(rows: PackedRows, raw: bytes, where: Place, behind: int) -> None:
    for start, parsed in each(raw):
        if parsed.fault is None and isinstance(parsed.value, dict):
            rows.add(key_of(parsed.canonical), where, (behind + start).to_bytes(_BEHIND, "big"))


def copies(files: Sequence[Checked], done: Mapping[str, Rewriting], now: Mapping[str, Source]) -> Iterator[Finding]:
    """What the rule about copies says of the records that others were made equal to, or were equal to before.

    `files` are as the check read them, `done` is what has changed in them since, and `now` what they are, by path.
    """
    splits: dict[int, list[Checked]] = defaultdict(list)
    for checked in files:
        splits[id(checked.bound)].append(checked)
    touched = _touched(done)
    whereabouts = Whereabouts({checked.number: now[checked.source.path] for checked in files})
    for mine in splits.values():
        for rule in mine[0].bound.dataset:
            state = mine[0].states.get(rule.rule.code)
            if type(state) is Duplicate and _is_about_all(rule):
                yield from _of_split(state, rule, mine, done, touched, whereabouts)


def without_copies(found: Findings, files: Sequence[Checked], done: Mapping[str, Rewriting]) -> Findings:
    """The findings without those that `copies` speaks of anew."""
    codes = {
        rule.rule.code
        for checked in files
        for rule in checked.bound.dataset
        if type(checked.states.get(rule.rule.code)) is Duplicate and _is_about_all(rule)
    }
    if not any(found.by_code[code] for code in codes):
        return found
    groups = {f"copies:{key.hex()}" for key, _ in _touched(done).all()}  # as the check names them
    left = Findings()
    for item in found:
        if item.code not in codes or item.group not in groups:
            left.add([item])
    return left


def _touched(done: Mapping[str, Rewriting]) -> PackedRows:
    """The records that have come or gone."""
    touched = PackedRows(_BEHIND)
    for rewriting in done.values():
        touched.merge(rewriting.renewed.old)
        touched.merge(rewriting.renewed.new)
    return touched


def _is_about_all(rule: BoundRule) -> bool:
    """Whether the rule looks at records of all kinds: of what kind one is now is not asked here."""
    card = rule.rule.card
    return not (card.formats or card.tools_only or card.odd_turns_only)


def _of_split(
    state: Duplicate, rule: BoundRule, files: Sequence[Checked], done: Mapping[str, Rewriting], touched: PackedRows,
    whereabouts: Whereabouts,
) -> Iterator[Finding]:  # fmt: skip
    paths = {checked.number: checked.source.path for checked in files}
    new = PackedRows(_BEHIND)
    for path in paths.values():
        if path in done:
            new.merge(done[path].renewed.new)
    alike: dict[int, set[tuple[int, int, bytes]]] = defaultdict(set)
    """By file, where the old line began, how far behind the start of the new one the record is, and its key."""

    def add(key: bytes, rows: Iterable[tuple[Place, bytes]]) -> None:
        for where, behind in rows:
            alike[where >> OFFSET_BITS].add((where & _OFFSET, int.from_bytes(behind, "big"), key))

    def unchanged(rows: Iterable[tuple[Place, bytes]]) -> list[tuple[Place, bytes]]:
        return [row for row in rows if not _is_among(row[0], done.get(paths[row[0] >> OFFSET_BITS]))]

    for key, rows in new.groups():
        add(key, rows)
    for key, before, rows in state.rows.common(new):
        if others := unchanged(before):
            add(key, others + rows)
    for key, before, _ in state.rows.common(touched):
        if len(others := unchanged(before)) > 1:
            add(key, others)
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
