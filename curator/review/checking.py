"""The check behind the pages: a process of its own, whose index is opened as soon as it can be read.

A pool inside Streamlit would start the page again in every worker; and a check that fails takes no page with it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace

from curator.review.index.job import Job
from curator.review.index.queries import Index
from curator.review.pace import Pace
from curator.review.serving import ReviewOptions
from curator.writing import is_alive

_LAST = 2000  # characters of a process's last words
_PREFIX = "curator-review-"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Progress(Pace):
    """How far a phase is, in bytes."""

    phase: str = "check"
    """`check`, `finish` (comparing records; it has no bytes), `index` or `tokens`."""
    records: int = 0


def common_folder(paths: Sequence[str]) -> str:
    """The folder that all of the data lies in, in which decisions are kept."""
    found = [os.path.abspath(path) for path in paths]
    return os.path.commonpath([path if os.path.isdir(path) else os.path.dirname(path) for path in found])


class Checking:
    """One check of the data, and its index. Any thread may ask."""

    def __init__(self, options: ReviewOptions) -> None:
        """Begin the check."""
        self.number = next(_numbers)
        """Another one for every check of this process."""
        self.options = options
        self.folder = common_folder(options.paths)
        self.index: Index | None = None
        """Once it can be read."""
        self.error = ""
        """Why there is none; "" while there may be one."""
        self.progress = Progress()
        self.synced = 0
        """The last decision that the index knows."""
        self.written = 0
        """The last decision that is in files which were written since; 0 where nothing was."""
        self.lock = threading.Lock()
        """Held by whoever brings the index up to date."""
        sweep()
        self._private = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
        job = Job(
            self._private, options.paths, self.folder, options.config, target=options.target, model=options.model,
            select=options.select, ignore=options.ignore, jobs=options.jobs,
        )  # fmt: skip
        path = os.path.join(self._private, "job.json")
        job.save(path)
        self._process = subprocess.Popen(
            # -P: a file beside the data that is called as a module of ours, or of Python, is not imported.
            [sys.executable, "-P", "-m", "curator.review.index.attached", path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # With its workers a group of its own: Ctrl+C is the server's, which ends them all.
            process_group=None if sys.platform == "win32" else 0,
        )
        self.is_done = False
        """The process has ended, and all is counted."""
        self.close = weakref.finalize(self, _end, self._process, self._private)
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        """End the process; what it has left can be used as long as somebody does."""
        _stop(self._process)

    @property
    def is_ready(self) -> bool:
        """Whether the index can be read."""
        return self.index is not None

    def _listen(self) -> None:
        process, began = self._process, time.monotonic()
        assert process.stdout is not None
        last_words: list[bytes] = []
        thread = threading.Thread(target=lambda: last_words.append(process.stderr.read()), daemon=True)  # type: ignore[union-attr]
        thread.start()
        for line in process.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if "error" in said:
                self.error = str(said["error"])
            elif "phase" in said:
                if said["phase"] != self.progress.phase:
                    began = time.monotonic()
                self.progress = Progress(**said, seconds=time.monotonic() - began)
                if said["phase"] == "tokens" and self.index is None:
                    self._open()
        code = process.wait()
        thread.join()
        for stream in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        if code and not self.error:
            words = b"".join(last_words).decode("utf-8", "replace").strip()[-_LAST:]
            last = words.rpartition("\n")[2]  # of a traceback, what went wrong
            self.error = f"the check ended {_how(code)}" + (f": {last}" if last else "")
            self.error += f"\n{words}" if last != words else ""
        elif self.index is None and not self.error:
            self.error = "the check ended without an index"
        self.is_done = True
        if not self.error:
            self.progress = replace(self.progress, done=self.progress.total)

    def _open(self) -> None:
        try:
            self.index = Index(self._private)
        except Exception as error:  # in a thread nobody would see it
            self.error = f"the index cannot be read: {type(error).__name__}: {error}"


def _how(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"by {signal.Signals(-code).name}{' (out of memory?)' if code == -signal.SIGKILL else ''}"
    return f"with exit code {code}"


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _end(process: subprocess.Popen[bytes], folder: str) -> None:
    _stop(process)
    shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove what servers that were killed have left in the folder for temporary files."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(tempfile.gettempdir())):
            pid = entry.name.removeprefix(_PREFIX).partition("-")[0]
            is_ours = entry.name.startswith(_PREFIX) and pid.isdecimal() and entry.is_dir(follow_symlinks=False)
            if is_ours and not is_alive(int(pid)):
                shutil.rmtree(entry.path, ignore_errors=True)
