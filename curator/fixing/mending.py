"""One run of fixing: check, fix, check again, and write only what has proved to be sound.

Each round checks the files as the last one left them, in temporary files; the files themselves are replaced
at the very end, one after the other, each whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from curator import engine
from curator.engine import Progress
from curator.errors import CuratorError, InputError
from curator.executors.local import Executor, inline
from curator.fixing.journal import aside_path
from curator.fixing.placing import Change, Run, place
from curator.fixing.relint import ROUNDS
from curator.fixing.rewriting import Account
from curator.fixing.rounds import Options, Rounds
from curator.fixing.script import Script
from curator.fixing.work import Work
from curator.inputs import Dataset
from curator.opening import standard_input
from curator.report import Failure, Report
from curator.suppressions import Suppressions
from curator.writing import reason

_NAMED = 5  # findings that could not be fixed, and are named; all are counted


@dataclass(frozen=True, slots=True)
class FixedFile:
    """What was done to one file."""

    path: str
    fixes: Mapping[tuple[str, str], int]
    """How many, by code and title of the fix."""
    account: Account
    aside: str
    """The file that the removed records went to; "" where none were removed."""


@dataclass(slots=True)
class Fixed:
    """The outcome of a run."""

    report: Report
    """What is left."""
    files: list[FixedFile] = field(default_factory=list)
    """Those that were changed, or would be."""
    notes: list[str] = field(default_factory=list)
    """Fixes that were taken back, with the reason, and the first of those that do not settle."""
    unsettled: int = 0
    """Findings that were to be fixed, and are left."""
    is_verified: bool = True
    """All that was written has been checked again; else only the records that changed."""

    @property
    def count(self) -> int:
        """How many findings were fixed."""
        return sum(sum(file.fixes.values()) for file in self.files)


Show = Callable[[str, str, Script], None]
"""Called with a file's path, the file that holds its bytes, and what would change in it."""


def fix(
    datasets: Sequence[Dataset],
    options: Options = Options(),  # noqa: B008
    *,
    executor: Executor = inline,
    token_stats: bool = False,
    progress: Progress | None = None,
    failures: Sequence[InputError] = (),
    show: Show | None = None,
) -> tuple[Fixed, Suppressions]:
    """Fix what can be fixed in the datasets; the report holds what is left.

    With `show`, nothing is written, and it is told what would change. Raises UsageError or CardError for what
    does not fit; whatever happens to a file is in the report, and that file is then as it was.
    """
    with ExitStack() as stack:
        if token_stats:  # those of the old records would be said of the new ones
            options = replace(options, verify=True)
        rounds = Rounds(datasets, options, stack, is_dry=show is not None)
        if any("-" in paths for dataset in datasets for paths in dataset.splits.values()):
            rounds.standins["-"] = _spooled(stack)  # it can be read only once
        number = 0
        while True:
            known = Suppressions(rounds.moved)
            rounds.must_repeat = False
            with engine.checked(
                datasets, executor=executor, token_stats=token_stats, progress=progress, failures=failures,
                suppressions=known, standins=rounds.standins,
            ) as (report, files):  # fmt: skip
                rounds.audit(report, files)
                if rounds.must_repeat:
                    continue
                number += 1
                has_changed = not known.faults and rounds.apply(report, files, known, is_last=number == ROUNDS)
                if rounds.must_repeat:
                    continue
                if not has_changed:
                    break
                if not rounds.must_verify(files):
                    rounds.is_unverified = True
                    break
        fixed = Fixed(
            rounds.unverified(report) if rounds.is_unverified else report, is_verified=not rounds.is_unverified
        )
        if known.faults:
            said = f"{known.faults[0][0]}: nothing was fixed: mend the suppressions first"
            fixed.report.failures.append(Failure(known.faults[0][0], 0, "", said))
        fixed.report.failures.extend(rounds.failures)
        run, names = Run(), Counter(work.stamp for work in rounds.works)
        for work in sorted(rounds.works, key=lambda work: work.path):
            _finish(work, run, names[work.stamp], known.needed, fixed, show)
        if not rounds.failures and fixed.report.findings.fixable:
            for finding in filter(rounds.wanted, fixed.report.findings):
                fixed.unsettled += 1
                if fixed.unsettled <= _NAMED:
                    where = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
                    fixed.notes.append(f"{where}: {finding.code} is left: {rounds.why_left(finding)}")
    return fixed, known


def _spooled(stack: ExitStack) -> str:
    file = stack.enter_context(tempfile.NamedTemporaryFile(prefix="curator-", suffix=".spool"))  # noqa: SIM115
    shutil.copyfileobj(standard_input(), file)
    file.flush()
    return file.name


def _finish(work: Work, run: Run, names: int, needed: frozenset[str], fixed: Fixed, show: Show | None) -> None:
    """Put one file in its place, or show what would change; `names` of its hard links are in the run."""
    for text, count in work.taken_back.items():
        more = f"{work.path}: {count:,} more fixes were taken back"
        fixed.notes.append(text or more)
    if not work.standin:
        return
    aside = aside_path(os.path.realpath(work.path)) if work.account.removed else ""
    done = FixedFile(work.path, work.fixes, work.account, aside and _beside(work.path, aside))
    if show is not None:
        show(work.path, os.path.realpath(work.path), work.script)
        fixed.files.append(done)
        return
    change = Change(
        work.path, work.stamp, work.standin, work.script, work.fixes.total(), work.removed, work.moved,
        work.home[0], work.home[1], needed,
    )  # fmt: skip
    try:
        links = os.stat(change.path).st_nlink
        place(change, run)
    except CuratorError as error:
        fixed.report.failures.append(Failure(work.path, 0, "", str(error)))
    except OSError as error:
        fixed.report.failures.append(Failure(work.path, 0, "", f"{work.path}: {reason(error)}"))
    else:
        fixed.files.append(done)
        if links > names:
            fixed.notes.append(f"{work.path}: other names of this file (hard links) keep the old content")


def _beside(path: str, aside: str) -> str:
    """The file of removed records as people would name it who named the data file so."""
    return aside if os.path.islink(path) else os.path.join(os.path.dirname(path), os.path.basename(aside))
