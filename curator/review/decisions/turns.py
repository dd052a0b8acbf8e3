"""One process at a time writes the decisions, and moves SQLite's write-ahead log into the database.

SQLite locks by itself. But up to 3.51.2 a log that is begun anew in the very moment in which another process writes
can lose a commit, or break the database (its "WAL-reset" bug); and which version there is, is up to Python.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows, where SQLite's own locks have to do
    fcntl = None  # type: ignore[assignment]

_PAUSE = 0.001  # seconds between two attempts


class Busy(Exception):  # noqa: N818
    """Others have had their turn for longer than we wait."""


class Turns:
    """Turns that the users of a file take: a lock on another file, which stays empty. One thread may ask at a time."""

    def __init__(self, path: str) -> None:
        """Raises OSError where there can be no such file."""
        # Not the database itself: to close it would give up the locks that SQLite holds on it.
        self._file = open(path, "ab")  # noqa: SIM115

    def close(self) -> None:
        """No turn can be taken any more."""
        self._file.close()

    @contextlib.contextmanager
    def one(self, wait: float) -> Iterator[None]:
        """Our turn, for the block. Raises Busy when it has not come after `wait` seconds."""
        has_turn = self._take(time.monotonic() + wait)
        try:
            yield
        finally:
            if has_turn:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _take(self, end: float) -> bool:
        """False where the system knows no such locks."""
        while fcntl is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Busy from None
                time.sleep(_PAUSE)
            except OSError:  # a network disk without locks
                return False
        return False
