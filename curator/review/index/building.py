"""`python -m curator.review.index.building JOB.json`: checks data and leaves an index of what was found, for the page.

The folder that the index is left in is private to the server (`tempfile.mkdtemp`): nobody else can put anything
there, so that what we pickle there is safe to read again. Nothing is visible under its name before it is whole.

Progress goes to standard output, one JSON object a line: {"phase", "done", "total", "records"}, bytes for the phases
`check`, `index` and `tokens`; `finish` behind the first compares records with each other and cannot say how far it is.
The index can be opened from the first line of the phase `tokens` on, which only adds to it. The last line is
{"done": true, "findings"}, or {"error"} with exit code 2.
"""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any, BinaryIO

from curator import engine, inputs
from curator.cli.check import executor_for
from curator.errors import CuratorError, UsageError
from curator.fixing.placing import stamp
from curator.inputs import Dataset
from curator.report import Report
from curator.reporters.json import plain_input
from curator.review.index.checked_file import CheckedFile
from curator.review.index.format import DATABASE, INDEXES, PLANS, SCHEMA, Summary, note
from curator.review.index.items import Items
from curator.review.index.job import Job
from curator.review.index.token_counting import count
from curator.suppressions import Suppressions

_OFTEN = 0.1  # seconds between two lines of progress


class Progress:
    """Tells the page how far the work is: JSON lines, not more often than a page can show."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._last = ("", 0.0)

    def __call__(self, phase: str, done: int, total: int, records: int) -> None:
        """Say how many bytes are done."""
        now = time.monotonic()
        if phase != self._last[0] or done >= total or now - self._last[1] >= _OFTEN:
            self._last = (phase, now)
            self.say(phase=phase, done=done, total=total, records=records)

    def say(self, **what: Any) -> None:
        """Write one line."""
        self._stream.write(json.dumps(what).encode() + b"\n")
        self._stream.flush()


def run(job: Job, progress: Progress) -> None:
    """Check, index and count. Raises CuratorError, OSError, sqlite3.Error."""
    datasets, failures = inputs.gather(job.paths, job.settings_for)
    paths = [path for dataset in datasets for split in dataset.splits.values() for path in split]
    stamps = {path: _stamp(path) for path in paths}  # before anything is read, so that no change is missed

    def checking(done: int, total: int, records: int) -> None:
        progress("check", done, total, records)
        if done >= total:
            progress("finish", 0, 0, records)

    with (
        executor_for(paths, job.jobs) as executor,
        engine.checked(
            datasets, executor=executor, progress=checking, failures=failures, suppressions=Suppressions()
        ) as (report, checked),
    ):
        # In the order of reports, which is that of the findings.
        checked.sort(key=lambda item: (item.source.path, item.bound.plan.dataset, item.bound.plan.split))
        files = [CheckedFile.of(number, item, job, stamps) for number, item in enumerate(checked)]
    write(job.folder, files, datasets, report, progress)
    count(job.folder, files, progress)
    progress.say(done=True, findings=len(report.findings))


def _stamp(path: str) -> tuple[int, ...]:
    try:
        return stamp(path)
    except OSError:
        return ()  # standard input; or it is missing, which the report says


def write(
    folder: str, files: Sequence[CheckedFile], datasets: Sequence[Dataset], report: Report, progress: Progress
) -> None:
    """Leave the index of a report in the folder."""
    with open(os.path.join(folder, PLANS), "wb") as out:
        pickle.dump({file.data.number: file.checked.bound.plan for file in files}, out, pickle.HIGHEST_PROTOCOL)
    path = os.path.join(folder, DATABASE)
    temporary = f"{path}.new"
    database = sqlite3.connect(temporary)
    try:
        database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {SCHEMA}")
        items = Items(database, files, folder)
        items.add(report, progress)
        summary = Summary(
            items.flagged, dict(report.findings.by_code.most_common()),
            {str(level): count for level, count in report.findings.by_severity.items()},
            items.severities, report.findings.fixable,
            dict(report.suppressed.by_code.most_common()), report.stale,
            tuple(plain_input(item) for item in report.inputs), tuple(report.not_checked),
            (*report.failures, *items.failures),
        )  # fmt: skip
        note(database, "summary", summary)
        note(database, "files", [file.data for file in files])
        note(database, "datasets", list(datasets))
        note(database, "statistics", {})
        note(database, "counted", (0, sum(file.source.size for file in files)))
        database.executescript(f"{INDEXES} ANALYZE; PRAGMA journal_mode = WAL;")
    finally:
        database.close()
    os.replace(temporary, path)


def main(arguments: Sequence[str]) -> int:
    """Do the job in the file that is named; what comes back is the exit code."""
    # Standard output is for progress alone: what a user's own check prints goes to standard error.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    progress = Progress(out)
    try:
        if len(arguments) != 1:
            raise UsageError("usage: python -m curator.review.index.building JOB.json")
        run(Job.load(arguments[0]), progress)
        return 0
    except BrokenPipeError:
        return 2  # the page has gone
    except KeyboardInterrupt:
        return 130
    except CuratorError as error:
        message = str(error)
    except (OSError, sqlite3.Error) as error:
        message = f"the index cannot be written: {error}"
    except MemoryError:
        message = "out of memory"
    except Exception as error:
        traceback.print_exc()
        message = f"this is a bug in curator: {type(error).__name__}: {error}"
    progress.say(error=message)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
