"""The file that decisions lie in: opening it, transactions, and what a reviewer is told when it fails."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from typing import Any

from curator.errors import UsageError
from curator.review.decisions.turns import Busy, Turns
from curator.writing import settle

WAIT = 10.0
"""Ours: seconds that a process waits for another one that is writing."""


class Broken(Exception):  # noqa: N818
    """A row is not as we have written it."""


class Database:
    """An SQLite file for many threads and processes; what was committed outlives a kill and a power cut.

    It is used inside `reading` and `writing` only, which raise UsageError where the disk or the file fails.
    """

    def __init__(self, path: str, schema: str, version: int) -> None:
        """Open the file, or make it by the schema. Raises UsageError, for a file of a newer version, too."""
        self.path = path
        self.notice = ""
        """What a reviewer should know about how decisions are kept; mostly nothing."""
        self._lock = threading.RLock()
        for place in (path, f"{path}-turn"):
            if os.path.islink(place):  # which may have come with a clone of the data, and lead anywhere
                raise UsageError(f"{place}: is a symbolic link; put the file itself there, or move the link away")
        try:
            self._turns = Turns(f"{path}-turn")
        except OSError as error:
            raise UsageError(f"{path}: {_CANNOT_WRITE} ({error.strerror})") from None
        with contextlib.ExitStack() as failed:
            failed.callback(self._turns.close)
            with self._explained(), self._turns.one(WAIT):
                self._begin(schema, version)
            failed.pop_all()
        settle(os.path.dirname(path))
        self._file = os.stat(path)
        # In our turn, also where nobody closes it; and never under the feet of a thread that is reading.
        self._end = weakref.finalize(self, _close, self._lock, self._db, self._turns)

    def close(self) -> None:
        """Give the file back. The database cannot be used any more."""
        self._end()

    def all(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a query. They are fetched at once: a query left open would keep old pages, and bar writing."""
        return self._db.execute(statement, values).fetchall()

    def one(self, statement: str, *values: Any) -> Any:
        """The first row of a query; None where there is none."""
        rows = self.all(statement, *values)
        return rows[0] if rows else None

    def run(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Run a statement for each of the rows."""
        self._db.executemany(statement, rows)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """No other thread uses the file meanwhile; other processes may."""
        with self._lock, self._explained():
            self._check_open()
            yield

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: nobody else writes until it ends, and when the block raises, nothing is written."""
        with self._lock, self._explained():
            self._check_open()
            self._check_place()
            with self._turns.one(WAIT), self._whole():
                yield

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # some errors have ended it already
                self._db.execute("ROLLBACK")
            raise

    def _begin(self, schema: str, version: int) -> None:
        try:
            self._open("wal", schema, version)
        except sqlite3.OperationalError as error:
            if _kind(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL):
                raise
            try:
                self._open("delete", schema, version)
            except sqlite3.OperationalError:  # then it was not for the write-ahead log
                raise error from None

    def _open(self, mode: str, schema: str, version: int) -> None:
        self._db = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None, check_same_thread=False)
        try:
            if mode == "wal":
                # A file that had to do without goes on so: to try again would stop those who are using it.
                change = "" if self.one("PRAGMA page_count")[0] else " = WAL"
                mode = self.one(f"PRAGMA journal_mode{change}")[0]
            else:  # the file may have a write-ahead log, which only one that is alone can end without shared memory
                self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
                mode = self.one("PRAGMA journal_mode = DELETE")[0]
                self._db.execute("PRAGMA locking_mode = NORMAL")
            self._db.execute("PRAGMA synchronous = EXTRA")  # the last commit outlives a power cut in either mode
            self._make(schema, version)  # the first use of the mode, in which it may fail
        except BaseException:
            self._db.close()
            raise
        if mode != "wal":
            self.notice = (
                f"{self.path}: made on a disk that allows no write-ahead log, so decisions are saved in another way:"
                " as safe, but slower where several people review"
            )

    def _make(self, schema: str, version: int) -> None:
        with self._whole():  # also where there is nothing to make: a file that cannot be written is refused now
            found = self.one("PRAGMA user_version")[0]
            if found > version:
                raise UsageError(f"{self.path}: was written by a newer curator (format {found}); update this one")
            made = {sql for (sql,) in self.all("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
            # A trigger in a file that came with a clone of the data could write other decisions than were made.
            if found == version and made == {statement.strip().removesuffix(";") for statement in _statements(schema)}:
                return
            if found or made:
                raise UsageError(f"{self.path}: is not a store of decisions; move it away")
            for statement in _statements(schema):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {version}")

    def _check_open(self) -> None:
        if not self._end.alive:
            raise UsageError(f"{self.path}: is closed; the server is ending")

    def _check_place(self) -> None:
        """A file that is deleted in use goes on taking decisions, and loses them all when it is closed."""
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(self.path), self._file):
                return
        raise UsageError(f"{self.path}: was moved or deleted; nothing is saved any more, start the review again")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
            raise  # ours to mend, not the reviewer's
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{self.path}: {_explanation(error)}") from None
        except Busy:
            raise UsageError(f"{self.path}: {_busy()}") from None
        except Broken as error:
            raise UsageError(f"{self.path}: {_BROKEN} ({error})") from None


def _close(lock: threading.RLock, db: sqlite3.Connection, turns: Turns) -> None:
    with lock:
        with contextlib.suppress(Busy), turns.one(WAIT):
            db.close()
        db.close()
        turns.close()


def _statements(script: str) -> Iterator[str]:
    """One by one, because executescript would end the transaction."""
    statement = ""
    for line in script.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _kind(error: sqlite3.Error) -> int:
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF  # above that stand details


_BROKEN = "is broken; move it away to begin anew (`sqlite3 FILE .recover` may still read what it holds)"


_CANNOT_WRITE = "cannot be written; give this account the right to write there, or review a copy of the data"


def _busy() -> str:
    return f"another process has been writing for {WAIT:.0f} s; nothing was saved, try again"


def _explanation(error: sqlite3.Error) -> str:
    match _kind(error):
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _CANNOT_WRITE
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return _busy()
        case sqlite3.SQLITE_FULL:
            return "nothing was saved: the disk is full"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _BROKEN
        case _:
            return f"fails: {error}; nothing was saved"
