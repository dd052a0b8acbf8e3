"""Writing the records that findings speak of into an index."""

from __future__ import annotations

import heapq
import pickle
import sqlite3
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

from curator.errors import InputError
from curator.findings import record_hash
from curator.fixing import with_findings
from curator.model import Finding, Severity
from curator.report import Failure, Report
from curator.review.index.checked_file import CheckedFile, examples
from curator.review.index.clustering import Clusters, Mark, marks
from curator.review.index.counting import label_of
from curator.review.index.format import listed, rank, to_blob
from curator.review.index.searching import Texts
from curator.sources import Line

_BATCH = 1000  # rows that are written at once
_CHUNK = 16  # items whose findings are pickled together, which is faster; each can be read again alone

_INSERT = (
    'INSERT INTO items (id, file, record, nth, line, "column", offset, size, severity, codeset, findings, fixable, '
    "label, rank) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Items:
    """Writes them each once, in the order of the files; to be used for one report."""

    def __init__(self, database: sqlite3.Connection, files: Sequence[CheckedFile], folder: str) -> None:
        self.failures: list[Failure] = []
        self.flagged = 0
        self.severities: dict[str, dict[str, int]] = {}
        """By rule, its findings by severity."""
        self._database = database
        self._files = files
        self._folder = folder
        self._last = 0
        self._rows: list[tuple[Any, ...]] = []
        self._found: list[list[Finding]] = []
        self._details: list[tuple[int, bytes]] = []
        self._clusters = Clusters(database)
        self._codesets: dict[tuple[str, ...], int] = {}
        self._labels: dict[str, int] = {}

    def add(self, report: Report, progress: Callable[[str, int, int, int], None]) -> None:
        """Write all that a report speaks of."""
        total = sum(file.source.size for file in self._files)
        kinds: Counter[tuple[str, Severity]] = Counter()
        progress("index", 0, total, 0)
        beside = marks(report, self._files)
        done = 0
        with Texts(self._folder) as texts:
            for file, found in _by_file(_counted(report.findings, kinds), self._files):
                for offset in self._file(file, found, beside.get(file.data.number, []), texts):
                    progress("index", done + offset, total, self._last)
                done += file.source.size
        self._write_details()
        self._write_rows()
        self._write_tables()
        for (code, severity), count in kinds.items():
            self.severities.setdefault(code, {})[str(severity)] = count
        progress("index", total, total, self._last)

    def _file(self, file: CheckedFile, found: Iterable[Finding], beside: list[Mark], texts: Texts) -> Iterator[int]:
        """Write the items of one file, and say how far it is. What is not to be found again is said of the file."""
        waiting: deque[Finding | Mark] = deque()
        about: Iterable[Finding | Mark] = self._with_place(file, found)
        if beside:
            about = heapq.merge(about, beside, key=attrgetter("line", "column"))

        def placed() -> Iterator[Finding]:
            for item in about:
                waiting.append(item)
                yield cast(Finding, item)  # of which the line and the column are all that is looked at

        hashes, places, ids = array("q"), array("Q"), self._last + 1
        remaining = placed()
        try:
            for line, group in with_findings(file.source, remaining, file.checked.bound.plan.max_line_bytes):
                if group:
                    places.append(len(hashes))
                    self._item(file, line, [waiting.popleft() for _ in group], texts)
                    if not self._last % _BATCH:
                        self._write_rows()
                        yield line.offset
                hashes.append(hash(line.raw))
            waiting.extend(remaining)
        except InputError as error:
            self.failures.append(Failure(file.data.path, 0, "", str(error)))
            waiting.extend(remaining)
        self._general(item for item in waiting if isinstance(item, Finding))
        self._write_rows()
        later = ((nth, ids + item) for item, nth in _later(hashes, places))
        self._database.executemany("UPDATE items SET nth = ? WHERE id = ?", later)

    def _with_place(self, file: CheckedFile, found: Iterable[Finding]) -> Iterator[Finding]:
        for finding in found:
            if file.has_place(finding):
                yield finding
            else:
                self._general([finding])

    def _general(self, findings: Iterable[Finding]) -> None:
        rows = ((pickle.dumps(finding, pickle.HIGHEST_PROTOCOL),) for finding in findings)
        self._database.executemany("INSERT INTO general (finding) VALUES (?)", rows)

    def _item(self, file: CheckedFile, line: Line, about: Sequence[Finding | Mark], texts: Texts) -> None:
        self._last = item = self._last + 1
        found = [one for one in about if isinstance(one, Finding)]
        severity, codes = listed(found)
        self.flagged += bool(found)
        label = self._label(file, line)
        self._rows.append(
            (
                item, file.data.number, record_hash(line.raw), line.number, line.column, line.offset, len(line.raw),
                severity, self._codesets.setdefault(codes, len(self._codesets)), len(found),
                sum(finding.fixable for finding in found),
                None if label is None else self._labels.setdefault(label, len(self._labels)), rank(severity, item),
            )
        )  # fmt: skip
        self._found.append(found)
        if len(self._found) == _CHUNK:
            self._write_details()
        self._clusters.add(item, about)
        texts.add(line.raw)

    def _label(self, file: CheckedFile, line: Line) -> str | None:
        if not file.is_classification:
            return None
        example = next(examples(file.scanner, line), None)
        return label_of(example, file.checked.bound.plan.conventions) if example is not None else None

    def _write_details(self) -> None:
        """Pickle the findings of the last items, together."""
        if self._found:
            first = self._last - len(self._found) + 1
            self._details.append((first, pickle.dumps(self._found, pickle.HIGHEST_PROTOCOL)))
            self._found.clear()

    def _write_rows(self) -> None:
        self._database.executemany(_INSERT, self._rows)
        self._database.executemany("INSERT INTO details VALUES (?, ?)", self._details)
        self._rows.clear()
        self._details.clear()

    def _write_tables(self) -> None:
        """Write what items refer to."""
        codesets = ((number, " ".join(codes)) for codes, number in self._codesets.items())
        self._database.executemany("INSERT INTO codesets VALUES (?, ?)", codesets)
        labels = ((number, to_blob(label)) for label, number in self._labels.items())
        self._database.executemany("INSERT INTO labels VALUES (?, ?)", labels)
        self._clusters.write()


def _counted(findings: Iterable[Finding], kinds: Counter[tuple[str, Severity]]) -> Iterator[Finding]:
    for finding in findings:
        kinds[finding.code, finding.severity] += 1
        yield finding


def _by_file(
    findings: Iterable[Finding], files: Sequence[CheckedFile]
) -> Iterator[tuple[CheckedFile, Iterable[Finding]]]:
    """Every file with the findings in it; both are in the order of paths."""
    groups = groupby(findings, key=attrgetter("path"))
    path, found = next(groups, ("", ()))
    for shared, several in groupby(files, key=lambda file: file.data.path):
        own = list(several)
        mine: Iterable[Finding] = found if path == shared else ()
        if len(own) == 1:
            yield own[0], mine
        else:  # one file in two datasets, or in two splits
            every = list(mine)
            for file in own:
                yield file, [finding for finding in every if (finding.dataset, finding.split) == file.place]
        if path == shared:
            path, found = next(groups, ("", ()))


def _later(hashes: array[int], places: array[int]) -> Iterator[tuple[int, int]]:
    """The items that are not the first with their bytes in the file: index of the item, how many come before it."""
    seen = dict.fromkeys((hashes[place] for place in places), 0)
    item = 0
    for place, value in enumerate(hashes):
        if value in seen:
            if item < len(places) and places[item] == place:
                if seen[value]:
                    yield item, seen[value]
                item += 1
            seen[value] += 1
