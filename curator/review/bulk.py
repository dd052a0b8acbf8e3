"""Work on many records that a page may watch and stop: it runs in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from curator.errors import CuratorError
from curator.review.many import Done
from curator.review.pace import Pace


class Stopped(Exception):  # noqa: N818 - somebody wanted it
    """The reviewer has stopped it; what is decided by then stays."""


class Task:
    """One decision about many records, under way. Any thread may ask."""

    def __init__(self, total: int, run: Callable[[Callable[[int], object]], Done]) -> None:
        """Begin. `run` is given what to call with the number of records that are done."""
        self.total = total
        self.number = 0
        """Records that are done."""
        self.outcome: Done | None = None
        self.error = ""
        """Why it did not come to its end."""
        self.seconds = 0.0
        """What it took."""
        self._run = run
        self._wanted = True
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self._thread.is_alive()

    @property
    def pace(self) -> Pace:
        """How far it is, in records."""
        return Pace(self.number, self.total, time.monotonic() - self._began)

    def stop(self) -> None:
        """End after the record that is under way."""
        self._wanted = False

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within that time."""
        self._thread.join(seconds)
        return not self.is_running

    def _work(self) -> None:
        try:
            self.outcome = self._run(self._progress)
        except CuratorError as error:
            self.error = str(error)
        except Exception as error:  # in a thread nobody would see it
            self.error = f"{type(error).__name__}: {error}"
        self.seconds = time.monotonic() - self._began

    def _progress(self, number: int) -> bool:
        """Whether to go on."""
        self.number = number
        return self._wanted
