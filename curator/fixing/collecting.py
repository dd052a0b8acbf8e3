"""What a round is to do to each file, from the findings of all of them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from curator.engine import Checked
from curator.fixing import is_transcoding, is_whole
from curator.fixing.sweeping import Every, Sweep, is_for_every, is_for_related, kept, sweeps
from curator.model import Finding
from curator.report import Report

_TRAIN = "train"
_Key = tuple[Any, ...]


@dataclass(slots=True)
class Wanted:
    """What is to be done to one file in one round."""

    of_whole: list[Finding] = field(default_factory=list)
    sweep: Sweep = field(default_factory=Sweep)
    has_others: bool = False
    """Also findings about single records."""

    def __bool__(self) -> bool:
        return bool(self.of_whole) or bool(self.sweep) or self.has_others

    def without_drops(self) -> Wanted:
        """All of it but the records that go because they stand in held-out data."""
        return Wanted(self.of_whole, Sweep(self.sweep.every), self.has_others)


@dataclass(frozen=True, slots=True)
class Collected:
    """What is wanted of all files in one round."""

    by_path: dict[str, Wanted]
    held: dict[_Key, str]
    """Findings whose fix another part of the run speaks against, by their keys, and why."""

    def without_halves(self, paths: Set[str]) -> set[str]:
        """The files that have something to be done, once fixes are out that not all files of a dataset can have."""
        # A file that becomes UTF-8 is fixed in the next round, and all of its dataset with it.
        later = {path for path in paths if any(map(is_transcoding, self.by_path[path].of_whole))}
        not_now = (self.by_path.keys() - paths) | later
        out = {id(item) for path in not_now for item in self.by_path[path].sweep.every if item.is_uniform}
        for path in paths:
            mine = self.by_path[path].sweep
            mine.every = [item for item in mine.every if id(item) not in out]
        return {path for path in paths if self.by_path[path]}


def key(finding: Finding) -> _Key:
    """What a finding is told by among those that are held."""
    return finding.dataset, finding.split, finding.code, finding.path, finding.line, finding.column


def is_any_twice(files: Sequence[Checked]) -> bool:
    """Whether a file belongs to several datasets or splits, or has several names."""
    return len({os.path.realpath(checked.source.path) for checked in files}) < len(files)


def collect(report: Report, files: Sequence[Checked], is_wanted: Callable[[Finding], bool]) -> Collected:
    """What is to be done to each file; `is_wanted` tells whether a finding's fix is to be applied."""
    by_path = {checked.source.path: checked for checked in reversed(files)}
    held: dict[_Key, str] = {}

    def found() -> Iterator[Finding]:
        offered = report.findings if report.findings.fixable else ()
        return (finding for finding in offered if is_wanted(finding) and not (held and key(finding) in held))

    def home(finding: Finding) -> Hashable:
        return by_path[finding.path].bound.plan.root, finding.dataset  # as _home gives it for its file

    if is_any_twice(files):
        held |= _held_where_shared(found, files, by_path)
    wanted: dict[str, Wanted] = defaultdict(Wanted)
    every, drops = sweeps(found(), home)
    if wrong := _wrong_splits(drops, files):
        leaks = [finding for finding in found() if is_for_related(finding) and home(finding) in wrong]
        held |= {key(finding): wrong[home(finding)] for finding in leaks}
        every, drops = sweeps(found(), home)
    _spread(every, files, report, home, wanted)
    for path, sweep in drops.items():
        wanted[path].sweep.drops = sweep.drops
    for finding in found():
        if is_transcoding(finding):
            wanted[finding.path].of_whole = [finding]
        elif is_whole(finding) and not any(map(is_transcoding, wanted[finding.path].of_whole)):
            wanted[finding.path].of_whole.append(finding)
        elif not (is_for_every(finding) or is_for_related(finding)):
            wanted[finding.path].has_others = True
    return Collected({path: mine for path, mine in wanted.items() if mine}, held)


def _held_where_shared(
    found: Callable[[], Iterable[Finding]], files: Sequence[Checked], by_path: Mapping[str, Checked]
) -> dict[_Key, str]:
    """What is held back where a file has several parts in the run: what its parts say does not go together."""
    held: dict[_Key, str] = {}
    are_lines = {path for path, checked in by_path.items() if checked.source.head.container != "document"}
    codes = {
        rule.rule.code
        for checked in files
        for rule in (*checked.bound.record, *checked.bound.dataset)
        if "conventions" in rule.rule.given
    }
    for finding in found():  # a text cannot follow the habits of two datasets
        plan = by_path[finding.path].bound.plan
        is_own = (finding.dataset, finding.split) == (plan.dataset, plan.split)
        if finding.code in codes and not is_own and not is_for_every(finding):
            held[key(finding)] = "the file has a part in another dataset or split, whose habits go first"
    for one in [key(finding) for finding in kept((item for item in found() if key(item) not in held), are_lines)]:
        held[one] = "the record that it would leave is dropped, too, or is the same"
    return held


def _wrong_splits(drops: Mapping[str, Sweep], files: Iterable[Checked]) -> dict[Hashable, str]:
    """The datasets that would lose more than half of their training data to what is held out, and what is said."""
    sizes: dict[Hashable, dict[str, int]] = defaultdict(dict)
    for checked in files:
        if checked.bound.plan.split == _TRAIN:
            sizes[_home(checked)][checked.source.path] = checked.counts.records
    wrong: dict[Hashable, str] = {}
    for where, of_file in sizes.items():
        going = sum(len(drops[path].drops) for path in of_file if path in drops)
        records = sum(of_file.values())
        if 2 * going > records:
            wrong[where] = (
                f"{going:,} of {records:,} records of the training data stand in held-out data: the split itself is "
                "wrong, and `curator split` makes a new one"
            )
    return wrong


def _home(checked: Checked) -> Hashable:
    """What tells its dataset from all others: two settings files may both have one of the same name."""
    return checked.bound.plan.root, checked.bound.plan.dataset


def _spread(
    every: Mapping[Hashable, Sequence[Finding]], files: Sequence[Checked], report: Report,
    home: Callable[[Finding], Hashable], wanted: Mapping[str, Wanted],
) -> None:  # fmt: skip
    """Fixes of all records of a dataset, to its files.

    Where the rule is silenced in a file, or accepted in a split, nobody wants them there: such a file is left
    alone, and with it all others where half of a dataset fixed would be worse than none.
    """
    accepted = {(home(f), f.code, f.split) for f in report.suppressed if is_for_every(f)} if every else set()
    for where, fixes in every.items():
        mine = [checked for checked in files if _home(checked) == where]
        for finding in fixes:
            item = Every(finding, _format(finding, mine))
            left = {
                checked.source.path
                for checked in mine
                if checked.bound.silences(finding.code, checked.source.path)
                or (where, finding.code, checked.bound.plan.split) in accepted
            }
            if item.is_uniform and (left or not _is_wanted_by_all(finding, where, every, files)):
                continue
            for path in {checked.source.path for checked in mine} - left:
                wanted[path].sweep.every.append(item)


def _format(finding: Finding, files: Iterable[Checked]) -> str:
    """The format of the records that a finding about all of them speaks of."""
    return next((c.bound.plan.conventions.format for c in files if c.bound.plan.split == finding.split), "")


def _is_wanted_by_all(
    finding: Finding, where: Hashable, every: Mapping[Hashable, Sequence[Finding]], files: Sequence[Checked]
) -> bool:
    """Whether all other datasets that have a file of this one want the same."""
    homes: dict[str, set[Hashable]] = defaultdict(set)
    for checked in files:
        homes[checked.source.path].add(_home(checked))
    others = {other for having in homes.values() if where in having for other in having}
    same = (finding.code, finding.fix)
    return all(same in [(item.code, item.fix) for item in every.get(other, ())] for other in others)
