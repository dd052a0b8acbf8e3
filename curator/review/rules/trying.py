"""One rule alone, run again over the data of a review with what was changed of it.

The run is a process of its own (`python -m curator.review.rules.trying`, the job on standard input): a pool inside
Streamlit would start the page again in every worker. It reports on standard output, one JSON object a line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from curator import catalogue, engine, inputs, settings
from curator.errors import CuratorError, UsageError
from curator.executors.local import Processes, inline
from curator.report import Report
from curator.review.pace import Pace
from curator.review.rules.tuning import Change, meant
from curator.settings import Settings
from curator.suppressions import Suppressions

TIMEOUT = 900.0
"""Seconds after which a run is given up."""
_PARALLEL_BYTES = 8 << 20  # as for `curator check`: below, starting processes takes longer than it saves
_OFTEN = 0.2  # seconds between two reports of progress


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run: the data as `curator review` was given it, and the change."""

    change: Change
    where: str
    """The settings file, absolute, that the change is meant for: other data keeps its settings."""
    paths: tuple[str, ...] = ()
    config: str | None = None
    target: str | None = None
    model: str | None = None
    standins: Mapping[str, str] = field(default_factory=dict)
    """Files to be read in place of those that cannot be read again, such as `-`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished run found."""

    count: int
    """Findings, without those that are suppressed."""
    notes: tuple[str, ...] = ()
    """What the rule could not look at, and why."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """A run that came to nothing."""

    why: str
    """One line."""


class Trial:
    """A run that goes on in its own process; it ends with this object at the latest."""

    def __init__(self, job: Job, timeout: float = TIMEOUT) -> None:
        self.job, self._began, self._timeout = job, time.monotonic(), timeout
        self._last: dict[str, Any] = {}
        self._result: Outcome | Failed | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115, it lives as long as the process
        root = str(Path(__file__).parent.parent.parent)
        paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        # -P: the working directory holds data, and is no place to import from.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "curator.review.rules.trying"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
            env={**os.environ, "PYTHONPATH": paths}, start_new_session=True,
        )  # fmt: skip
        self._end = weakref.finalize(self, _end, self._process, self._errors)
        self._reader = threading.Thread(target=_listen, args=(self._process, self._last), daemon=True)
        with suppress(BrokenPipeError):
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(asdict(job)).encode("utf-8", "surrogatepass"))
            self._process.stdin.close()
        self._reader.start()

    def poll(self) -> Pace | Outcome | Failed:
        """How it stands, in bytes that are read."""
        if self._result is not None:
            return self._result
        seconds = time.monotonic() - self._began
        if self._process.poll() is None:
            if seconds < self._timeout:
                return Pace(self._last.get("done", 0), self._last.get("total", 0), seconds)
            return self._give_up(f"not finished after {self._timeout:,.0f} seconds, and stopped")
        self._reader.join()
        self._result = self._found()
        self._end()
        return self._result

    def cancel(self) -> None:
        """End it, unless it has ended."""
        if isinstance(self.poll(), Pace):
            self._give_up("stopped")

    def wait(self, progress: Callable[[Pace], object] = lambda running: None) -> Outcome | Failed:
        """Its result, once there is one; until then `progress` is called now and then."""
        while True:
            state = self.poll()
            if not isinstance(state, Pace):
                return state
            progress(state)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_OFTEN)

    def _give_up(self, why: str) -> Failed:
        self._result = failed = Failed(why)
        self._end()
        self._reader.join()
        return failed

    def _found(self) -> Outcome | Failed:
        if "count" in self._last:
            return Outcome(self._last["count"], tuple(self._last["notes"]), self._last["seconds"])
        if "error" in self._last:
            return Failed(" ".join(self._last["error"].split()))
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return Failed(lines[-1] if lines else f"the check ended with exit code {self._process.returncode}")


def try_rule(
    job: Job, progress: Callable[[Pace], object] = lambda running: None, timeout: float = TIMEOUT
) -> Outcome | Failed:
    """Run the changed rule alone over the data of the review, and wait for its new count."""
    return Trial(job, timeout).wait(progress)


def _listen(process: subprocess.Popen[bytes], last: dict[str, Any]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            last.update(json.loads(line))


def _end(process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)  # its workers, too
            else:
                process.kill()
        process.wait()
    errors.close()


# --- in the process -----------------------------------------------------------------------------


def run(job: Job, progress: engine.Progress | None = None) -> Outcome:
    """Run the changed rule alone in this process. Raises CuratorError."""
    began = time.monotonic()
    known: dict[str, Settings] = {}

    def settings_for(path: Path) -> Settings:
        own = settings.overlay(settings.for_path(path, job.config, False), target=job.target, model=job.model)
        if _governs(job.where, own, path):
            if own.source not in known:
                rules = catalogue.load(own.rule_dirs, own.digests())
                known[own.source] = meant(own, [replace(job.change, enabled=True)], rules)
            own = known[own.source]
        return replace(own, select=(job.change.code,), extend_select=(), ignore=())

    datasets, failures = inputs.gather(job.paths, settings_for)
    files = [file for dataset in datasets for split in dataset.splits.values() for file in split]
    size = sum(os.path.getsize(file) for file in files if os.path.isfile(file))
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # This process has no threads, so forking is safe; it spares each worker the imports and vocabularies.
    pool = Processes(jobs, "fork" if sys.platform == "linux" else "spawn") if size > _PARALLEL_BYTES else None
    with (
        pool or nullcontext(inline) as executor,
        engine.checked(
            datasets, executor=executor, failures=failures, suppressions=Suppressions(), progress=progress,
            standins=job.standins,
        ) as (report, _),
    ):  # fmt: skip
        return Outcome(len(report.findings), _notes(report, job.change.code), time.monotonic() - began)


def _governs(where: str, own: Settings, path: Path) -> bool:
    """Whether data goes by the settings file, which perhaps is still to be made."""
    if own.source:
        return own.source == where
    return settings.absolute(path).is_relative_to(Path(where).parent)


def _notes(report: Report, code: str) -> tuple[str, ...]:
    """What the count leaves out. Raises UsageError where it would mean nothing."""
    for failure in report.failures:
        if failure.code == code:
            raise UsageError(failure.message)
    unread = [failure.message for failure in report.failures]
    return (*unread, *(f"{note.what}: {note.why}" for note in report.not_checked if code in note.what))


def main() -> None:
    """Run the job that stands on standard input."""
    given = json.loads(sys.stdin.buffer.read().decode("utf-8", "surrogatepass"))
    job = Job(**{**given, "change": Change(**given["change"]), "paths": tuple(given["paths"])})
    said = 0.0

    def progress(done: int, total: int, records: int) -> None:
        nonlocal said
        if time.monotonic() - said > _OFTEN:
            said = time.monotonic()
            _say({"done": done, "total": total})

    try:
        _say(asdict(run(job, progress)))
    except CuratorError as error:
        _say({"error": str(error)})


def _say(what: Mapping[str, Any]) -> None:
    print(json.dumps(what), flush=True)  # a page that has gone breaks the pipe, and so ends the run


if __name__ == "__main__":
    main()
