"""Connections to the index's database, for many threads: every run of a page has a thread of its own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curator.errors import UsageError

_WAIT = 60  # seconds to wait for the process that counts tokens, which writes a batch at a time


class Connections:
    """Those that nobody uses are kept open for the next one. UsageError is raised where the disk or the file fails."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._free: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close what is open; to be called when nobody asks any more."""
        with self._lock:
            for connection in self._free:
                connection.close()
            self._free.clear()

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.one() as connection:
            return connection.execute(query, tuple(values)).fetchall()

    @contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        """A connection that nobody else uses meanwhile."""
        with explained(self._path):
            with self._lock:
                connection = self._free.pop() if self._free else None
            if connection is None:  # never a new file in the place of one that is gone
                where = f"{Path(self._path).absolute().as_uri()}?mode=rw"
                connection = sqlite3.connect(where, timeout=_WAIT, check_same_thread=False, uri=True)
            try:
                yield connection
            finally:
                with self._lock:
                    self._free.append(connection)


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Raises UsageError for what the disk does: full, or cleaned up by a program that looks after temporary files."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # ours to mend
    except (sqlite3.DatabaseError, OSError) as error:
        raise UsageError(f"{path}: what was found cannot be kept there any more: {error}") from None
