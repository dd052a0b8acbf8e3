"""The rounds of a run of fixing: the files as each round leaves them, in temporary files beside them."""

from __future__ import annotations

import heapq
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import chain, groupby
from typing import Any

from curator.engine import Checked
from curator.errors import InputError, UsageError
from curator.fixing import is_transcoding, is_whole
from curator.fixing.former import FixedBy, Former
from curator.fixing.placing import stamp
from curator.fixing.rekeying import mentioned
from curator.fixing.rewriting import Account, Rewriting, Shifts, related
from curator.fixing.script import Script, Spooled, compose, spliced
from curator.fixing.sweeping import Every, Sweep, is_for_every, is_for_related, kept, sweeps
from curator.inputs import Dataset
from curator.model import Finding
from curator.opening import encoding_of
from curator.report import Failure, Report
from curator.sources import HEAD_BYTES, Container, Source, marks, recognise
from curator.spool import Findings
from curator.suppressions import Suppressions
from curator.writing import refusal, temporary_for, written

ALWAYS_VERIFIED = 8 << 20
"""Bytes of data below which all of it is checked again after fixing: that takes no time to speak of."""
_OTHERS = {"document": "one JSON document", "foreign": "text without JSON"}


@dataclass(frozen=True, slots=True)
class Options:
    """How to fix."""

    unsafe: bool = False
    """Apply also fixes that change what is trained on."""
    verify: bool = False
    """Check all that was written again, however large it is."""
    follow_symlinks: bool = False


@dataclass(slots=True)
class _Wanted:
    """What is to be done to one file in one round."""

    of_whole: list[Finding] = field(default_factory=list)
    sweep: Sweep = field(default_factory=Sweep)
    has_others: bool = False
    """Also findings about single records."""


@dataclass(slots=True)
class Work:
    """One file in the course of a run."""

    path: str
    stamp: tuple[int, ...]
    standin: str = ""
    """The file as the last round left it; "" where nothing has changed."""
    script: Script = field(default_factory=Script)
    """From the file as it is to the stand-in."""
    digest: str = ""
    fixes: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken_back: Counter[str] = field(default_factory=Counter)
    shifts: list[Shifts] = field(default_factory=list)
    fixed_by: list[FixedBy] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    removed: list[Spooled] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    """The hash that each record named by suppressions has by now."""
    home: tuple[str, str] = ("", "")
    """The suppressions file, and the data file as that names it."""


class Rounds:
    """The state of one run."""

    def __init__(self, datasets: Sequence[Dataset], options: Options, stack: ExitStack, *, is_dry: bool) -> None:
        self.standins: dict[str, str] = {}
        self.failures: list[Failure] = []
        self.is_unverified = False
        self.must_repeat = False  # a file was given up after it was accepted: the last check does not hold
        self._options = options
        self._stack = stack
        self._is_dry = is_dry
        self._safe = ("safe", "unsafe") if options.unsafe else ("safe",)
        self._works: dict[str, Work] = {}
        self._given_up: set[str] = set()
        self._must_check_all = False
        self._held: dict[tuple[Any, ...], str] = {}
        """Findings whose fix another part of the run speaks against, and why."""
        self._left, self._accepted = Findings(), Findings()
        self._stamps: dict[str, tuple[int, ...]] = {}
        self._piped = {d.stdin_name for d in datasets for paths in d.splits.values() if "-" in paths}
        for path in {path for dataset in datasets for paths in dataset.splits.values() for path in paths}:
            with suppress(OSError):
                self._stamps[path] = stamp(path)

    @property
    def works(self) -> list[Work]:
        """The files that are fixed."""
        return list(self._works.values())

    @property
    def moved(self) -> dict[str, str]:
        """The hash that each record named by suppressions has by now."""
        return {old: new for work in self._works.values() for old, new in work.moved.items()}

    def wanted(self, finding: Finding) -> bool:
        """Whether the finding's fix is to be applied."""
        return finding.suppressed is None and finding.fixable and finding.safety in self._safe

    def why_left(self, finding: Finding) -> str:
        """Why a fix that was wanted was not applied."""
        if why := self._held.get(_key(finding)):
            return why
        if is_for_every(finding):
            return "it is a fix of all records of the dataset, and not all can have it"
        return "its fix does not fit, or was taken back"

    def _is_to_be_fixed(self, finding: Finding) -> bool:
        return self.wanted(finding) and not (self._held and _key(finding) in self._held)

    def must_verify(self, files: Sequence[Checked]) -> bool:
        """Whether all is checked again; else only what changed has been."""
        size = sum(checked.source.size for checked in files)
        return self._options.verify or size < ALWAYS_VERIFIED or self._must_check_all

    def audit(self, files: Sequence[Checked]) -> None:
        """Give up the files in which a check counts other records than the account."""
        for checked in files:
            work = self._works.get(checked.source.path)
            if work is None or not work.standin:
                continue
            found, said = checked.counts, work.account
            if (found.records, found.unreadable) != (said.records, said.unreadable):
                held, meant = (f"{n.records:,} records and {n.unreadable:,} unreadable pieces" for n in (found, said))
                wrong = f"it would then hold {held}, not {meant}"
                self._give_up(work.path, f"{work.path}: not fixed: {wrong}; the file is as it was: please report this")

    def apply(self, report: Report, files: Sequence[Checked], known: Suppressions, *, is_last: bool) -> bool:
        """Apply what the report offers, to temporary files; whether anything changed."""
        by_path = {checked.source.path: checked for checked in reversed(files)}
        wanted = self._collected(report, files, by_path)
        failed = {failure.path for failure in report.failures if not failure.code}
        paths = {
            path
            for path, mine in wanted.items()
            if path in by_path and path not in failed and self._accepts(by_path[path], mine)
        }
        paths = self._without_halves(wanted, paths)
        if not paths or is_last:
            return False
        keep = not self.must_verify(files)
        done: dict[str, Rewriting] = {}
        left, accepted = Findings(), Findings()
        silent = paths - report.findings.worst.keys() - report.suppressed.worst.keys()  # nothing is said of these
        for path, group in chain(
            groupby(_all(report), key=lambda finding: finding.path), ((path, iter(())) for path in sorted(silent))
        ):
            if path in paths:
                try:
                    done[path] = self._rewritten(by_path[path], group, wanted[path], report, known)
                except InputError as error:
                    self._give_up(path, str(error))
                    continue
                left.merge(done[path].left)
                accepted.merge(done[path].accepted)
            elif keep:
                for finding in group:
                    (left if finding.suppressed is None else accepted).add([finding])
        if keep:
            shifts = {path: rewriting.shifts for path, rewriting in done.items()}
            self._left, self._accepted = _shifted(left, shifts), _shifted(accepted, shifts)
        changed = [self._write(path, rewriting) for path, rewriting in done.items()]
        return any(changed)

    def _collected(
        self, report: Report, files: Sequence[Checked], by_path: Mapping[str, Checked]
    ) -> dict[str, _Wanted]:
        """What is to be done to each file."""

        def found() -> Iterator[Finding]:
            offered = report.findings if report.findings.fixable else ()
            return filter(self._is_to_be_fixed, offered)

        def home(finding: Finding) -> Hashable:
            return by_path[finding.path].bound.plan.root, finding.dataset

        wanted: dict[str, _Wanted] = defaultdict(_Wanted)
        self._held = {}
        if len({os.path.realpath(checked.source.path) for checked in files}) < len(files):
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
                    self._held[_key(finding)] = "the file has a part in another dataset or split, whose habits go first"
            for key in [_key(finding) for finding in kept(found(), are_lines)]:
                self._held[key] = "the record that it would leave is dropped, too, or is the same"
        every, drops = sweeps(found(), home)
        self._spread(every, files, report, home, wanted)
        for path, sweep in drops.items():
            wanted[path].sweep.drops = sweep.drops
        for finding in found():
            if is_transcoding(finding):
                wanted[finding.path].of_whole = [finding]
            elif is_whole(finding) and not any(map(is_transcoding, wanted[finding.path].of_whole)):
                wanted[finding.path].of_whole.append(finding)
            elif not (is_for_every(finding) or is_for_related(finding)):
                wanted[finding.path].has_others = True
        return {path: mine for path, mine in wanted.items() if mine.of_whole or mine.sweep or mine.has_others}

    def _spread(
        self, every: Mapping[Hashable, Sequence[Finding]], files: Sequence[Checked], report: Report,
        home: Callable[[Finding], Hashable], wanted: Mapping[str, _Wanted],
    ) -> None:  # fmt: skip
        """Fixes of all records of a dataset, to its files.

        Where the rule is silenced in a file, or accepted in a split, nobody wants them there: such a file is left
        alone, and with it all others where half of a dataset fixed would be worse than none.
        """
        accepted = {(home(f), f.code, f.split) for f in report.suppressed if is_for_every(f)} if every else set()
        for where, fixes in every.items():
            mine = [checked for checked in files if (checked.bound.plan.root, checked.bound.plan.dataset) == where]
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

    def _without_halves(self, wanted: Mapping[str, _Wanted], paths: Set[str]) -> set[str]:
        """The files that have something to be done, once fixes are out that not all files of a dataset can have."""
        # A file that becomes UTF-8 is fixed in the next round, and all of its dataset with it.
        later = {path for path in paths if any(map(is_transcoding, wanted[path].of_whole))}
        not_now = (wanted.keys() - paths) | later
        out = {id(item) for path in not_now for item in wanted[path].sweep.every if item.is_uniform}
        for path in paths:
            mine = wanted[path]
            mine.sweep.every = [item for item in mine.sweep.every if id(item) not in out]
        return {path for path in paths if (mine := wanted[path]).of_whole or mine.sweep or mine.has_others}

    def unverified(self, report: Report) -> Report:
        """The report of a check, brought to what is left after this round."""
        inputs = []
        for item in report.inputs:
            work = self._works.get(item.path)
            if work is not None and work.standin:
                size, account = os.path.getsize(work.standin), work.account
                item = replace(item, bytes=size, records=account.records, unreadable=account.unreadable)  # noqa: PLW2901
            inputs.append(item)
        return replace(report, inputs=inputs, findings=self._left, suppressed=self._accepted)

    def _accepts(self, checked: Checked, wanted: _Wanted) -> bool:
        """Whether a file can be fixed; says why not, once."""
        path = checked.source.path
        if path in self._given_up or path in self._works:
            return path in self._works
        why = self._refusal(checked.source, any(map(is_transcoding, wanted.of_whole)))
        if why:
            self._give_up(path, f"{path}: not fixed: it {why}")
            return False
        self._works[path] = Work(path, self._stamps.get(path, ()))
        return True

    def _refusal(self, source: Source, is_transcoded: bool) -> str:
        if source.path in self._piped:
            return "comes from standard input; write it to a file first"
        is_plain = source.stamp is not None or _encoding(source.path) != "utf-8"
        if not is_plain:
            return "is compressed, or no ordinary file; unpack it first"
        if source.stamp is None and not is_transcoded:
            name = source.head.encoding.upper().removesuffix("-LE").removesuffix("-BE")
            return f"is written in {name}: put it into UTF-8 first (--unsafe-fixes with FIL001, or iconv -f {name})"
        real = os.path.realpath(source.path)
        for other in self._works:
            if os.path.realpath(other) == real:
                return f"is the same file as {other}, which is fixed"
        return "" if self._is_dry else refusal(source.path, follow_symlinks=self._options.follow_symlinks)

    def _give_up(self, path: str, message: str) -> None:
        self.must_repeat |= path in self._works
        self._given_up.add(path)
        self._works.pop(path, None)
        self.standins.pop(path, None)
        self.failures.append(Failure(path, 0, "", message))

    def _rewritten(
        self, checked: Checked, group: Iterator[Finding], wanted: _Wanted, report: Report, known: Suppressions,
    ) -> Rewriting:  # fmt: skip
        work = self._works[checked.source.path]
        plan = checked.bound.plan
        cover = plan.suppressions.get(work.path)
        names: set[str] = set()
        if cover is not None:
            home, _ = known.home(plan.dataset, work.path)
            work.home = (home, cover.path)
            names = mentioned(home) | set(work.moved.values())
        was = None
        with suppress(OSError):  # where it has gone, it is not replaced either
            was = self._stack.enter_context(open(work.path, "rb")) if work.standin else None  # noqa: SIM115
        rewriting = Rewriting(
            checked, self._is_to_be_fixed, cover, names, work.shifts, work.fixed_by,
            lambda: Former(was, work.script) if was is not None else None, wanted.sweep,
        )  # fmt: skip
        attempts = iter([group])

        def findings() -> Iterable[Finding]:
            return next(attempts, None) or (finding for finding in _all(report) if finding.path == work.path)

        rewriting.run(findings, wanted.of_whole)
        return rewriting

    def _write(self, path: str, rewriting: Rewriting) -> bool:
        """Make the next stand-in; whether anything changed."""
        work, source = self._works[path], rewriting.source
        work.taken_back = rewriting.taken_back
        if not len(rewriting.script):
            return False
        if not rewriting.account.is_balanced:
            self._give_up(path, f"{path}: not fixed: records would be lost; the file is as it was: please report this")
            return False
        target = os.path.join(tempfile.gettempdir(), "curator-diff") if self._is_dry else os.path.realpath(path)
        temporary = temporary_for(target)
        self._stack.callback(_remove, temporary)
        digest = blake2b(digest_size=16)
        try:
            with written(path, temporary) as out, open(rewriting.base, "rb") as file:
                for block in spliced(file, rewriting.script):
                    out.write(block)
                    digest.update(block)
        except UsageError as error:
            self._give_up(path, str(error))
            return False
        except ValueError:
            self._give_up(path, f"{path}: not fixed: the file became shorter while it was checked; check it again")
            return False
        kind, was = _container(temporary), source.head.container
        if not rewriting.reordered and kind != was and (said := _OTHERS.get(kind, was == "document" and "lines")):
            self._give_up(path, f"{path}: not fixed: once fixed, it would be read as {said}: mend its start by hand")
            return False
        account = rewriting.account
        if work.standin:
            _remove(work.standin)
            work.script = Script(compose(work.script, rewriting.script))
            account.entered += work.account.entered - rewriting.counted
            account.split += work.account.split
            account.removed += work.account.removed
        else:
            work.script = rewriting.script
        self.standins[path] = work.standin = temporary
        work.account = account
        work.digest = digest.hexdigest()
        work.fixes += rewriting.fixed
        work.shifts.append(rewriting.shifts)
        work.fixed_by.append(rewriting.fixed_by)
        work.removed.append(rewriting.removed)
        work.moved = rewriting.moved | {old: rewriting.moved.get(new, new) for old, new in work.moved.items()}
        self._must_check_all |= rewriting.must_check_all
        return True


def _key(finding: Finding) -> tuple[Any, ...]:
    return finding.dataset, finding.split, finding.code, finding.path, finding.line, finding.column


def _format(finding: Finding, files: Iterable[Checked]) -> str:
    """The format of the records that a finding about all of them speaks of."""
    return next((c.bound.plan.conventions.format for c in files if c.bound.plan.split == finding.split), "")


def _is_wanted_by_all(
    finding: Finding, where: Hashable, every: Mapping[Hashable, Sequence[Finding]], files: Sequence[Checked]
) -> bool:
    """Whether all other datasets that have a file of this one want the same."""
    homes: dict[str, set[Hashable]] = defaultdict(set)
    for checked in files:
        homes[checked.source.path].add((checked.bound.plan.root, checked.bound.plan.dataset))
    others = {other for having in homes.values() if where in having for other in having}
    same = (finding.code, finding.fix)
    return all(same in [(item.code, item.fix) for item in every.get(other, ())] for other in others)


def _all(report: Report) -> Iterator[Finding]:
    """The findings, those accepted among them, in order."""
    return heapq.merge(report.findings, report.suppressed, key=lambda finding: finding.order)


def _shifted(findings: Findings, moved: Mapping[str, Shifts]) -> Findings:
    """The findings with the places that they speak of where they are now."""
    if not any(len(shifts) for shifts in moved.values()):
        return findings
    found = Findings()
    for finding in findings:
        found.add([related(finding, moved)])
    return found


def _container(path: str) -> Container:
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    return recognise(head[marks(head) :], whole=os.path.getsize(path) <= HEAD_BYTES)


def _encoding(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return encoding_of(file.read(64))
    except OSError:
        return "utf-8"


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.remove(path)
