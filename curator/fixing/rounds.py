"""The rounds of a run of fixing: the files as each round leaves them, in temporary files beside them."""

from __future__ import annotations

import heapq
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Any

from curator.engine import Checked
from curator.errors import InputError
from curator.fixing import is_transcoding
from curator.fixing.collecting import Wanted, collect, is_any_twice, key
from curator.fixing.copies import copies, without_copies
from curator.fixing.former import Former
from curator.fixing.placing import stamp
from curator.fixing.rekeying import mentioned
from curator.fixing.relint import NOTHING, Was, acceptance
from curator.fixing.rewriting import Rewriting, Shifts, related
from curator.fixing.sweeping import is_for_every
from curator.fixing.work import Work
from curator.inputs import Dataset
from curator.model import Finding
from curator.opening import encoding_of
from curator.report import Failure, NotChecked, Report
from curator.sources import Source
from curator.spool import Findings
from curator.suppressions import Suppressions
from curator.writing import refusal

ALWAYS_VERIFIED = 8 << 20
"""Bytes of data below which all of it is checked again after fixing: that takes no time to speak of."""
UNVERIFIED = NotChecked(
    "what shows only in the whole of a fixed set, such as a convention that its fixes have settled",
    "of a set this large only the records that changed were checked again; --verify checks all of it",
)


@dataclass(frozen=True, slots=True)
class Options:
    """How to fix."""

    unsafe: bool = False
    """Apply also fixes that change what is trained on."""
    verify: bool = False
    """Check all that was written again, however large it is."""
    follow_symlinks: bool = False


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
        self._named: dict[str, str] = {}
        """The name by which each file was last to be fixed."""
        self._given_up: set[str] = set()
        self._must_check_all = False
        self._held: Mapping[tuple[Any, ...], str] = {}  # see Collected
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
        if why := self._held.get(key(finding)):
            return why
        if is_for_every(finding):
            return "it is a fix of all records of the dataset, and not all can have it"
        return "its fix does not fit, or was taken back"

    def _is_to_be_fixed(self, finding: Finding) -> bool:
        return self.wanted(finding) and not (self._held and key(finding) in self._held)

    def must_verify(self, files: Sequence[Checked]) -> bool:
        """Whether all is checked again; else only what changed has been."""
        size = sum(checked.source.size for checked in files)
        return self._options.verify or size < ALWAYS_VERIFIED or self._must_check_all

    def audit(self, report: Report, files: Sequence[Checked]) -> None:
        """Give up the files in which a check counts other records than the account, or that it cannot read any more."""
        unread = {failure.path: failure.message for failure in report.failures if not failure.code}
        for checked in files:
            work = self._works.get(checked.source.path)
            if work is None or not work.standin:
                continue
            found, said = checked.counts, work.account
            if (found.records, found.unreadable) != (said.records, said.unreadable):
                held, meant = (f"{n.records:,} records and {n.unreadable:,} unreadable pieces" for n in (found, said))
                wrong = f"it would then hold {held}, not {meant}; the file is as it was: please report this"
                if work.path in unread:
                    wrong = f"what was to take its place could not be checked: {unread[work.path]}"
                self._give_up(work.path, f"{work.path}: not fixed: {wrong}")

    def apply(self, report: Report, files: Sequence[Checked], known: Suppressions, *, is_last: bool) -> bool:
        """Apply what the report offers, to temporary files; whether anything changed."""
        by_path = {checked.source.path: checked for checked in reversed(files)}
        collected = collect(report, files, self.wanted)
        self._held = collected.held
        # What is held, and what is said of a file with two names, is told by lines: these must be those of a check.
        self._must_check_all |= bool(self._held) or is_any_twice(files)
        failed = {failure.path for failure in report.failures if not failure.code}
        paths = {
            path
            for path, mine in collected.by_path.items()
            if path in by_path and path not in failed and self._accepts(by_path[path], mine)
        }
        paths = collected.without_halves(paths)
        if not paths or is_last:
            return False
        wanted = {path: (by_path[path], collected.by_path[path]) for path in paths}
        found = report.findings, report.suppressed
        done: dict[str, Rewriting] = {}
        if any(mine.sweep.drops for _, mine in wanted.values()):
            # Other fixes show more leaks, and drop copies of some: how much of train goes is judged behind them.
            self._must_check_all = True
            first = {path: (checked, mine.without_drops()) for path, (checked, mine) in wanted.items()}
            done = self._round(found, {path: both for path, both in first.items() if both[1]}, known, keep=False)
            wanted = {path: both for path, both in wanted.items() if path in self._works}
        keep = not self.must_verify(files)
        done = done or self._round(found, wanted, known, keep=keep)
        if done and not self._must_check_all:
            self._drop_copies(done, files, failed, known, keep=keep)
        return bool(done)

    def _round(
        self, found: tuple[Findings, Findings], wanted: Mapping[str, tuple[Checked, Wanted]], known: Suppressions,
        *, keep: bool, was: Was = NOTHING,
    ) -> dict[str, Rewriting]:  # fmt: skip
        """Apply what is wanted of the findings, and of those accepted; the files that changed.

        With `keep`, what is found in them afterwards is remembered; `was` as for Relint.
        """
        done: dict[str, Rewriting] = {}
        left, accepted = Findings(), Findings()
        silent = wanted.keys() - found[0].worst.keys() - found[1].worst.keys()  # nothing is said of these
        for path, group in chain(
            groupby(_all(found), key=lambda finding: finding.path), ((path, iter(())) for path in sorted(silent))
        ):
            if path in wanted:
                try:
                    done[path] = self._rewritten(*wanted[path], group, found, known, was)
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
        return {path: rewriting for path, rewriting in done.items() if self._write(path, rewriting)}

    def _drop_copies(
        self, done: Mapping[str, Rewriting], files: Sequence[Checked], failed: Set[str], known: Suppressions,
        *, keep: bool,
    ) -> None:  # fmt: skip
        """Drop in turn what a round has made equal to other records."""
        now: dict[str, Checked] = {}
        for checked in files:
            path = checked.source.path
            try:
                now[path] = self._works[path].renewed(checked) if path in done else checked
            except InputError as error:
                self._give_up(path, str(error))
                return
        found = Findings(), Findings()
        if keep:
            found = without_copies(self._left, files, done), without_copies(self._accepted, files, done)
        was: dict[str, list[str]] = {}  # suppressions were read before the round: they know the records by these hashes
        for old, new in (pair for rewriting in done.values() for pair in rewriting.moved.items()):
            was.setdefault(new, []).append(old)
        wanted: dict[str, tuple[Checked, Wanted]] = {}
        for finding in copies(files, done, {path: checked.source for path, checked in now.items()}):
            path = finding.path
            cover = now[path].bound.plan.suppressions.get(path)
            if cover is not None and (accepted := acceptance(finding, cover, was.get(finding.record or "", ()))):
                found[1].add([replace(finding, suppressed=accepted)])
                continue
            found[0].add([finding])
            if self.wanted(finding) and path not in failed and self._accepts(now[path], Wanted()):
                wanted[path] = now[path], Wanted(has_others=True)
        if keep:
            self._left, self._accepted = found
        said = {path: self._works[path].taken_back for path in wanted}
        if wanted:
            self._round(found, wanted, known, keep=keep, was=was)
        for path, taken_back in said.items() if not keep else ():  # what is found besides is not known here: the next
            if path in self._works:  # check tells what can be dropped
                self._works[path].taken_back = taken_back

    def unverified(self, report: Report) -> Report:
        """The report of a check, brought to what is left after this round."""
        inputs = []
        for item in report.inputs:
            work = self._works.get(item.path)
            if work is not None and work.standin:
                size, account = os.path.getsize(work.standin), work.account
                item = replace(item, bytes=size, records=account.records, unreadable=account.unreadable)  # noqa: PLW2901
            inputs.append(item)
        notes = [*report.not_checked, UNVERIFIED]
        return replace(report, inputs=inputs, findings=self._left, suppressed=self._accepted, not_checked=notes)

    def _accepts(self, checked: Checked, wanted: Wanted) -> bool:
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
        if (other := self._named.get(real)) in self._works:
            return f"is the same file as {other}, which is fixed"
        self._named[real] = source.path
        called = os.path.basename(real)
        if not self._is_dry and called.encode(errors="ignore").decode() != called:
            return "has a name that is no UTF-8, so that it could not be undone: rename it first"
        return "" if self._is_dry else refusal(source.path, follow_symlinks=self._options.follow_symlinks)

    def _give_up(self, path: str, message: str) -> None:
        self.must_repeat |= path in self._works
        self._given_up.add(path)
        self._works.pop(path, None)
        self.standins.pop(path, None)
        self.failures.append(Failure(path, 0, "", message))

    def _rewritten(
        self, checked: Checked, wanted: Wanted, group: Iterator[Finding], found: tuple[Findings, Findings],
        known: Suppressions, was: Was,
    ) -> Rewriting:  # fmt: skip
        work = self._works[checked.source.path]
        plan = checked.bound.plan
        cover = plan.suppressions.get(work.path)
        names: set[str] = set()
        if cover is not None:
            home, _ = known.home(plan.dataset, work.path)
            work.home = (home, cover.path)
            names = mentioned(home) | set(work.moved.values())
        since = work.since if work.base else work.script
        attempts = iter([group])

        def findings() -> Iterable[Finding]:
            return next(attempts, None) or (finding for finding in _all(found) if finding.path == work.path)

        with ExitStack() as stack:
            before = None
            with suppress(OSError):  # where it has gone, it is not replaced either
                before = stack.enter_context(open(work.base or work.path, "rb")) if work.standin else None
            rewriting = Rewriting(
                checked, self._is_to_be_fixed, cover, names, work.fixed_by,
                lambda: Former(before, since) if before is not None else None, wanted.sweep, was,
            )  # fmt: skip
            rewriting.run(findings, wanted.of_whole)
        return rewriting

    def _write(self, path: str, rewriting: Rewriting) -> bool:
        """Make the next stand-in; whether anything changed."""
        work = self._works[path]
        target = os.path.join(tempfile.gettempdir(), "curator-diff") if self._is_dry else os.path.realpath(path)
        try:
            if not work.advance(rewriting, target, self._stack):
                return False
        except InputError as error:
            self._give_up(path, str(error))
            return False
        self.standins[path] = work.standin
        is_empty = not (work.account.records or work.account.unreadable)  # which is a finding of its own
        self._must_check_all |= rewriting.must_check_all or is_empty
        return True


def _all(found: tuple[Findings, Findings]) -> Iterator[Finding]:
    """The findings, those accepted among them, in order."""
    return heapq.merge(*found, key=lambda finding: finding.order)


def _shifted(findings: Findings, moved: Mapping[str, Shifts]) -> Findings:
    """The findings with the places that they speak of where they are now."""
    if not any(len(shifts) for shifts in moved.values()):
        return findings
    found = Findings()
    for finding in findings:
        found.add([related(finding, moved)])
    return found


def _encoding(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return encoding_of(file.read(64))
    except OSError:
        return "utf-8"
