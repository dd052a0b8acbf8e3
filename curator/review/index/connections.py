"""Connections to the index's database, for many threads: every run of a page has a thread of its own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_WAIT = 60  # seconds to wait for the process that counts tokens, which writes a batch at a time


class Connections:
    """Those that nobody uses are kept open for the next one."""

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
        with self._lock:
            connection = self._free.pop() if self._free else None
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=_WAIT, check_same_thread=False)
        try:
            yield connection
        finally:
            with self._lock:
                self._free.append(connection)
