"""What a check has found, as the pages ask for it: counts, one page of the list, the next record, one record.

The index is what `building` leaves behind; of it only change the statuses, and by what a record is listed.
"""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from curator.errors import InputError
from curator.findings import record_hash
from curator.inputs import Dataset
from curator.model import Finding, Severity
from curator.plan import Plan
from curator.review.index.connections import Connections, explained
from curator.review.index.counting import Statistics
from curator.review.index.filtering import condition
from curator.review.index.format import DATABASE, PLANS, SHIFT, STATUSES, Summary, listed, rank
from curator.review.index.searching import Search
from curator.review.states import DataFile, Decision, Filter, Key, Row, Status

_CACHED = 32  # filters whose counts are remembered

Column = Literal["rule", "severity", "file", "split", "label", "status"]

# For each order a number that no two items share, the first in the order the smallest.
_ORDERS = {
    "severity": "rank",
    "place": "id",
    "tokens": f"id - ifnull(tokens, -1) * {SHIFT}",
    "findings": f"id - findings * {SHIFT}",
}
_ROW = (
    'id, file, record, nth, line, "column", offset, size, severity, codeset, findings, fixable, tokens, label, status'
)


@dataclass(frozen=True, slots=True)
class Group:
    """Records that a rule speaks of together: copies, contradictory answers, spellings of a label."""

    id: str
    code: str
    name: str
    """Of the rule."""
    message: str
    """Of its first finding."""
    severity: str
    size: int
    open: int
    """Members that nobody has decided on."""


class Index:
    """The index in a folder; any thread may ask. Raises InputError where there is none, UsageError where disks fail."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        path = os.path.join(self.folder, DATABASE)
        if not os.path.exists(path):
            raise InputError(f"{path}: there is no index: check the data first")
        self._database = Connections(path)
        self._rows = self._database.rows
        self._search = Search(self.folder)
        self._writing = threading.Lock()
        self._version = 0
        self._updated: set[int] = set()
        self._cubes: dict[Filter, tuple[int, list[tuple[int, ...]]]] = {}
        self._found: dict[str, str] = {}
        self._files: list[DataFile] = self._fact("files")
        self._codesets: dict[int, tuple[str, ...]] = {
            number: tuple(codes.split()) for number, codes in self._rows("SELECT id, codes FROM codesets")
        }
        self._labels = {
            number: str(blob, "utf-8", "surrogatepass") for number, blob in self._rows("SELECT id, label FROM labels")
        }

    def close(self) -> None:
        """Close what is open; to be called when nobody asks any more."""
        self._database.close()

    # --- the queue

    def count(self, shown: Filter) -> int:
        """How many items the filter leaves."""
        return sum(row[-1] for row in self._cube(shown))

    def page(self, shown: Filter, first: int, size: int) -> list[Row]:
        """`size` items of the filtered queue, from the one at position `first` (the first has 0)."""
        where, values = self._where(shown)
        # The ids come from the index alone; the rows behind `first` are all that is read of the table.
        ids = f"SELECT id FROM items WHERE {where} ORDER BY {_ORDERS[shown.sort]} LIMIT ? OFFSET ?"
        found = self._rows(
            f"SELECT {_ROW} FROM items WHERE id IN ({ids}) ORDER BY {_ORDERS[shown.sort]}", (*values, size, first)
        )
        return [self._row(row) for row in found]

    def neighbour(self, shown: Filter, row_id: int, step: int) -> Row | None:
        """The item `step` behind (below 0: before) one in the filtered queue, which it need not be in any more."""
        if not step:
            return self.row(row_id)
        where, values = self._where(shown)
        order = _ORDERS[shown.sort]
        sign, way = (">", "ASC") if step > 0 else ("<", "DESC")
        found = self._rows(
            f"SELECT {_ROW} FROM items WHERE {where} AND {order} {sign} (SELECT {order} FROM items WHERE id = ?) "
            f"ORDER BY {order} {way} LIMIT 1 OFFSET ?",
            (*values, row_id, abs(step) - 1),
        )
        return self._row(found[0]) if found else None

    def position(self, shown: Filter, row_id: int) -> int:
        """How many items of the filtered queue come before one: 0 for the first."""
        where, values = self._where(shown)
        order = _ORDERS[shown.sort]
        query = f"SELECT count(*) FROM items WHERE {where} AND {order} < (SELECT {order} FROM items WHERE id = ?)"
        return int(self._rows(query, (*values, row_id))[0][0])

    def ids(self, shown: Filter) -> list[int]:
        """The ids of all items that the filter leaves, in its order; for what is done to all of them."""
        where, values = self._where(shown)
        return [
            id for (id,) in self._rows(f"SELECT id FROM items WHERE {where} ORDER BY {_ORDERS[shown.sort]}", values)
        ]

    def counts_by(self, column: Column, shown: Filter) -> Counter[str]:
        """Items by a column's value: rule code, severity, file number as text, split, label, status.

        An item with several rules counts for each. Items without a label count for none.
        """
        counts: Counter[str] = Counter()
        for status, severity, codeset, file, label, count in self._cube(shown):
            if column == "rule":
                for code in self._codesets[codeset]:
                    counts[code] += count
            elif column == "severity":
                counts[_severity(severity)] += count
            elif column == "file":
                counts[str(file)] += count
            elif column == "split":
                counts[self._files[file].split] += count
            elif column == "status":
                counts[STATUSES[status]] += count
            elif label is not None:
                counts[self._labels[label]] += count
        return counts

    # --- one record

    def row(self, row_id: int) -> Row | None:
        """One item; None where there is none."""
        found = self._rows(f"SELECT {_ROW} FROM items WHERE id = ?", (row_id,))
        return self._row(found[0]) if found else None

    def find(self, key: Key) -> Row | None:
        """The item of a key; None where the record has neither findings nor a cluster, or has changed."""
        return next(iter(self.find_all(key)), None)

    def find_all(self, key: Key) -> list[Row]:
        """The items of a key: one for each dataset and split that its file belongs to."""
        found = self._rows(f"SELECT {_ROW} FROM items WHERE record = ? AND nth = ? ORDER BY id", (key.record, key.nth))
        return [row for row in map(self._row, found) if row.key.path == key.path]

    def findings(self, row_id: int) -> list[Finding]:
        """All that was found in a record, in the order of outputs."""
        # Those of some items lie together; `first` is the id of the first of them.
        query = "SELECT first, findings FROM details WHERE first <= ? ORDER BY first DESC LIMIT 1"
        for first, blob in self._rows(query, (row_id,)):
            several: list[list[Finding]] = pickle.loads(blob)
            return several[row_id - first] if row_id - first < len(several) else []
        return []

    def raw(self, row: Row) -> bytes:
        """The record's bytes, without line ending. Raises InputError where the file has changed or is gone."""
        file = self._files[row.file]
        try:
            with open(file.real_path, "rb") as data:
                data.seek(row.offset)
                raw = data.read(row.size)
        except OSError as error:
            raise InputError(f"{file.path}: cannot be read: {error.strerror}") from None
        if record_hash(raw) != row.key.record:
            raise InputError(f"{file.path}: line {row.line} has changed since the check: check the file again")
        return raw

    # --- clusters

    def groups(self, shown: Filter, first: int = 0, size: int = 50) -> list[Group]:
        """Clusters of which the filter leaves at least one member; the worst first."""
        within, values = self._clusters(shown)
        query = f"SELECT id FROM clusters WHERE {within} ORDER BY severity DESC, rowid LIMIT ? OFFSET ?"
        return self._groups(f"id IN ({query})", (*values, size, first))

    def count_groups(self, shown: Filter) -> int:
        """How many clusters there are of which the filter leaves a member."""
        within, values = self._clusters(shown)
        return int(self._rows(f"SELECT count(*) FROM clusters WHERE {within}", values)[0][0])

    def group_position(self, shown: Filter, group_id: str) -> int:
        """How many clusters of the view come before one, whether or not the view has it."""
        within, values = self._clusters(shown)
        before = "severity > own.s OR (severity = own.s AND clusters.rowid < own.r)"
        own = "(SELECT severity AS s, rowid AS r FROM clusters WHERE id = ?) AS own"
        query = f"SELECT count(*) FROM clusters, {own} WHERE ({before}) AND {within}"
        return int(self._rows(query, (group_id, *values))[0][0])

    def cluster_counts(self) -> list[tuple[str, str, int, int]]:
        """By rule its code, its name, how many clusters it found, and how many places in them; the most first."""
        query = "SELECT code, name, count(*), sum(size) FROM clusters GROUP BY code ORDER BY 4 DESC, code"
        return [(code, name, clusters, records) for code, name, clusters, records in self._rows(query)]

    def group(self, group_id: str) -> Group | None:
        """One cluster; None where there is none."""
        return next(iter(self._groups("id = ?", (group_id,))), None)

    def groups_of(self, row_id: int) -> list[Group]:
        """The clusters that a record is in."""
        return self._groups("id IN (SELECT cluster FROM members WHERE item = ?)", (row_id,))

    def members(self, group: Group | str, most: int = -1, first: int = 0) -> list[Row]:
        """The records of a cluster as they stand in the files, also those that nothing was found in.

        From the `first` on, no more than `most` of them if that is not negative.
        """
        name = group if isinstance(group, str) else group.id
        query = f"SELECT {_ROW} FROM items WHERE id IN (SELECT item FROM members WHERE cluster = ?) ORDER BY id"
        return [self._row(row) for row in self._rows(f"{query} LIMIT ? OFFSET ?", (name, most, first))]

    # --- the check as a whole

    def files(self) -> list[DataFile]:
        """The files of the check, by number."""
        return list(self._files)

    def general(self) -> list[Finding]:
        """What was found of no single record, but of a file or a dataset, or of a line too long to be read."""
        return [pickle.loads(blob) for (blob,) in self._rows("SELECT finding FROM general ORDER BY id")]

    def summary(self) -> Summary:
        """What the check came to."""
        found: Summary = self._fact("summary")
        return found

    def statistics(self) -> dict[int, Statistics]:
        """Tokens, turns, calls and labels of each file by its number, as far as they are counted; see `counted`."""
        found: dict[int, Statistics] = self._fact("statistics")
        return found

    def counted(self) -> float:
        """The share of the data whose tokens are counted, 0 to 1."""
        done, total = self._fact("counted")
        return float(done / total) if total else 1.0

    def plans(self) -> dict[int, Plan]:
        """By the number of a file, the plan that it was checked by."""
        with open(os.path.join(self.folder, PLANS), "rb") as file:
            plans: dict[int, Plan] = pickle.load(file)
        return plans

    def datasets(self) -> list[Dataset]:
        """What was checked, with the settings."""
        found: list[Dataset] = self._fact("datasets")
        return found

    # --- statuses

    def set_status(self, statuses: Mapping[int, Status]) -> None:
        """Give items, by their ids, another status."""
        rows = [(STATUSES.index(status), item) for item, status in statuses.items()]
        self._update("UPDATE items SET status = ?1 WHERE id = ?2 AND status != ?1", rows)

    def sync(self, decisions: Iterable[Decision]) -> None:
        """Give each record the status of its last decision; they come in the order in which they were made."""
        last = {decision.key: decision.state.status for decision in decisions}
        files: dict[str, list[int]] = {}
        for file in self._files:
            files.setdefault(file.key_path, []).append(file.number)
        rows = [
            (STATUSES.index(status), key.record, key.nth, number)
            for key, status in last.items()
            for number in files.get(key.path, ())
        ]
        self._update("UPDATE items SET status = ?1 WHERE record = ?2 AND nth = ?3 AND file = ?4 AND status != ?1", rows)

    def update(self, row_id: int, findings: Sequence[Finding] | None) -> None:
        """List an item by what is found in it now; None: by what the check found, which `findings` gives in any case.

        An item keeps its place in the queue: where nothing is left, it is listed by what the check found, too.
        """
        if not findings:
            if row_id not in self._updated:
                return
            findings = self.findings(row_id)
        severity, codes = listed(findings)
        with self._writing, self._database.one() as connection:
            with connection:
                number = self._codeset(connection, codes)
                connection.execute(
                    "UPDATE items SET severity = ?, codeset = ?, findings = ?, fixable = ?, rank = ? WHERE id = ?",
                    (severity, number, len(findings), sum(f.fixable for f in findings), rank(severity, row_id), row_id),
                )
            self._updated.add(row_id)
            self._version += 1  # now that others can see it: what they have counted before is no more true

    def _codeset(self, connection: sqlite3.Connection, codes: tuple[str, ...]) -> int:
        known = next((number for number, other in self._codesets.items() if other == codes), None)
        if known is not None:
            return known
        number = max(self._codesets, default=-1) + 1
        connection.execute("INSERT INTO codesets VALUES (?, ?)", (number, " ".join(codes)))
        self._codesets = {**self._codesets, number: codes}  # another one: others may be looking through the old
        return number

    def _update(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        with self._writing, self._database.one() as connection:
            with connection:
                changed = connection.executemany(statement, rows).rowcount
            if changed:
                self._version += 1

    # --- queries

    def _where(self, shown: Filter) -> tuple[str, list[Any]]:
        return condition(shown, self._files, self._codesets, self._labels, self._with_text)

    def _with_text(self, text: str) -> str:
        """The ids of the items whose texts hold a text, as JSON."""
        found = self._found.get(text)
        if found is None:
            with explained(self.folder):
                found = json.dumps(list(self._search.ids(text)))
            if len(self._found) >= _CACHED:
                self._found.clear()
            self._found[text] = found
        return found

    def _cube(self, shown: Filter) -> list[tuple[int, ...]]:
        """Status, severity, set of codes, file and label, each combination with how many items have it."""
        version = self._version
        known = self._cubes.get(shown)
        if known is not None and known[0] == version:
            return known[1]
        where, values = self._where(shown)
        columns = "status, severity, codeset, file, label"
        found = self._rows(f"SELECT {columns}, count(*) FROM items WHERE {where} GROUP BY {columns}", values)
        if shown.tokens is None is shown.turns:  # which are still being counted
            if len(self._cubes) >= _CACHED:
                self._cubes.clear()
            self._cubes[shown] = (version, found)
        return found

    def _clusters(self, shown: Filter) -> tuple[str, list[Any]]:
        where, values = self._where(shown)
        return f"id IN (SELECT cluster FROM members WHERE item IN (SELECT id FROM items WHERE {where}))", values

    def _groups(self, condition: str, values: Iterable[Any]) -> list[Group]:
        opened = "SELECT count(*) FROM members JOIN items ON items.id = item WHERE cluster = clusters.id AND status = 0"
        query = (
            f"SELECT id, code, name, message, severity, size, ({opened}) FROM clusters WHERE {condition} "
            "ORDER BY severity DESC, rowid"
        )
        return [
            Group(id, code, name, str(message, "utf-8", "surrogatepass"), _severity(severity), size, count)
            for id, code, name, message, severity, size, count in self._rows(query, values)
        ]

    def _row(self, row: tuple[Any, ...]) -> Row:
        (id, file, record, nth, line, column, offset, size, severity, codeset, findings, fixable, tokens, label, status) = row  # fmt: skip  # noqa: E501
        data = self._files[file]
        return Row(
            id, file, Key(data.key_path, record, nth), line, column, offset, size, data.split, _severity(severity),
            self._codesets[codeset], findings, fixable, tokens, None if label is None else self._labels[label],
            STATUSES[status],
        )  # fmt: skip

    def _fact(self, name: str) -> Any:
        return pickle.loads(self._rows("SELECT value FROM facts WHERE name = ?", (name,))[0][0])


def _severity(number: int) -> str:
    return str(Severity(number)) if number else ""
