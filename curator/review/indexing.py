"""`python -m curator.review.indexing JOB.json`: checks data and leaves an index of what was found, for the page.

The folder that the index is left in is private to the server (`tempfile.mkdtemp`): nobody else can put anything
there, so that what we pickle there is safe to read again. Nothing is visible under its name before it is whole.

Progress goes to standard output, one JSON object a line: {"phase", "done", "total", "records"}, bytes for the phases
`check`, `index` and `tokens`. The index can be opened from the first line of the phase `tokens` on, which only adds
to it. The last line is {"done": true, "findings"}, or {"error"} with exit code 2.
"""

from __future__ import annotations

import heapq
import json
import os
import pickle
import shutil
import sqlite3
import sys
import time
import traceback
from array import array
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from curator import catalogue, engine, inputs, parsing, reading, settings
from curator.cli.check import executor_for
from curator.data import convert
from curator.engine import Checked
from curator.errors import CuratorError, InputError, UsageError
from curator.findings import record_hash
from curator.fixing import with_findings
from curator.fixing.placing import stamp
from curator.inputs import Dataset
from curator.model import Example, Finding, Severity
from curator.report import Failure, Report
from curator.reporters.json import plain_input
from curator.review.counting import Statistics, label_of
from curator.review.index import DATABASE, GAP, INDEXES, PLANS, SCHEMA, STARTS, TEXTS, Summary, listed, rank, to_blob
from curator.review.states import DataFile
from curator.scan import Scanner
from curator.settings import Settings
from curator.sources import Line, Shard, Source
from curator.suppressions import Suppressions

_OFTEN = 0.1  # seconds between two lines of progress
_NOTED = 1.0  # seconds between two notes of how far the counting is
_BATCH = 2000  # token counts that are written at once; the page can write in between


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be checked, under which settings, and where the index is to lie. None: as the settings say."""

    folder: str
    paths: tuple[str, ...] = ()
    """None: the datasets of the settings here, as for `curator check`."""
    root: str = ""
    """The folder that keys name files from; the one that `.curator` lies in. "": the working directory."""
    config: str | None = None
    isolated: bool = False
    target: str | None = None
    model: str | None = None
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    severity: dict[str, str] | None = None
    params: dict[str, dict[str, Any]] | None = None
    """By rule; they go before those of the settings, parameter by parameter."""
    jobs: int | None = None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the job as JSON."""
        Path(path).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Job:
        """The job of a file. Raises UsageError for what is none."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{os.fspath(path)}: is no job: {error}") from None
        return convert(data, cls, UsageError, os.fspath(path))

    def settings_for(self, path: Path) -> Settings:
        """The settings that govern a file, with those of the job in their place."""
        own = settings.overlay(
            settings.for_path(path, self.config, self.isolated), target=self.target, model=self.model,
            select=self.select, extend_select=self.extend_select, ignore=self.ignore, severity=self.severity,
        )  # fmt: skip
        if not self.params:
            return own
        rules = catalogue.load(own.rule_dirs, own.digests())
        merged: dict[str, dict[str, Any]] = {}
        for table in (own.params, self.params):
            for name, values in table.items():
                merged.setdefault(rules.find(name).code, {}).update(values)
        return replace(own, params=merged)


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

    with (
        executor_for(paths, job.jobs) as executor,
        engine.checked(
            datasets, executor=executor, progress=checking, failures=failures, suppressions=Suppressions()
        ) as (report, checked),
    ):
        # In the order of reports, which is that of the findings.
        checked.sort(key=lambda item: (item.source.path, item.bound.plan.dataset, item.bound.plan.split))
        files = [_File.of(number, item, job, stamps) for number, item in enumerate(checked)]
    write(job.folder, files, datasets, report, progress)
    count(job.folder, files, progress)
    progress.say(done=True, findings=len(report.findings))


def _stamp(path: str) -> tuple[int, ...]:
    try:
        return stamp(path)
    except OSError:
        return ()  # standard input; or it is missing, which the report says


@dataclass(slots=True)
class _File:
    """A file of the check, and where it can be read from now on."""

    data: DataFile
    source: Source
    checked: Checked
    file_rules: frozenset[str]
    """Codes of the rules that look at the file as a whole."""

    @classmethod
    def of(cls, number: int, checked: Checked, job: Job, stamps: Mapping[str, tuple[int, ...]]) -> _File:
        source, plan = checked.source, checked.bound.plan
        is_copy = source.stamp is None
        if is_copy:  # a temporary file of the check, which ends with it
            kept = os.path.join(job.folder, f"data-{number}")
            shutil.move(source.real_path, kept)
            source = replace(source, real_path=kept)
        root = os.path.abspath(job.root or os.getcwd())
        data = DataFile(
            number, source.path, os.path.relpath(source.path, root).replace(os.sep, "/"),
            os.path.abspath(source.real_path), plan.dataset, plan.split, plan.conventions.format,
            source.head.container, source.head.encoding, source.start, source.size, checked.counts.records,
            checked.counts.unreadable, stamps.get(source.path, ()), is_copy,
        )  # fmt: skip
        return cls(data, source, checked, frozenset(rule.rule.code for rule in checked.bound.file))

    @property
    def place(self) -> tuple[str, str]:
        """Dataset and split."""
        return self.data.dataset, self.data.split

    @property
    def is_classification(self) -> bool:
        """Whether its examples have labels."""
        return self.checked.bound.plan.conventions.task == "classification"

    @property
    def scanner(self) -> Scanner:
        """Reads its records as examples."""
        return Scanner(self.checked.bound, 0, self.shard)

    @property
    def shard(self) -> Shard:
        """All of it."""
        source = self.source
        return Shard(
            self.data.number, source.path, source.real_path, source.start, source.size, source.size, 1,
            source.head.container, source.head.encoding, source.start,
        )  # fmt: skip

    def has_place(self, finding: Finding) -> bool:
        """Whether a finding speaks of one record, or line, that can be shown."""
        return finding.line is not None and finding.record is not None and finding.code not in self.file_rules


def write(folder: str, files: Sequence[_File], datasets: Sequence[Dataset], report: Report, progress: Progress) -> None:
    """Leave the index of a report in the folder."""
    with open(os.path.join(folder, PLANS), "wb") as out:
        pickle.dump({file.data.number: file.checked.bound.plan for file in files}, out, pickle.HIGHEST_PROTOCOL)
    path = os.path.join(folder, DATABASE)
    temporary = f"{path}.new"
    database = sqlite3.connect(temporary)
    try:
        database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {SCHEMA}")
        items = _Items(database, files, folder)
        items.add(report, progress)
        summary = Summary(
            items.flagged, dict(report.findings.by_code.most_common()),
            {str(level): count for level, count in report.findings.by_severity.items()}, report.findings.fixable,
            dict(report.suppressed.by_code.most_common()), report.stale,
            tuple(plain_input(item) for item in report.inputs), tuple(report.not_checked),
            (*report.failures, *items.failures),
        )  # fmt: skip
        _note(database, "summary", summary)
        _note(database, "files", [file.data for file in files])
        _note(database, "datasets", list(datasets))
        _note(database, "statistics", {})
        _note(database, "counted", (0, sum(file.source.size for file in files)))
        database.executescript(f"{INDEXES} ANALYZE; PRAGMA journal_mode = WAL;")
    finally:
        database.close()
    os.replace(temporary, path)


def _note(database: sqlite3.Connection, name: str, value: Any) -> None:
    blob = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, blob))


class _Items:
    """Writes the records that the findings speak of, each once, in the order of the files."""

    def __init__(self, database: sqlite3.Connection, files: Sequence[_File], folder: str) -> None:
        self.failures: list[Failure] = []
        self.flagged = 0
        self._database = database
        self._files = files
        self._folder = folder
        self._next = 1
        self._codesets: dict[str, int] = {}
        self._labels: dict[str, int] = {}
        self._groups: dict[str, tuple[Severity, Finding]] = {}
        """Of each cluster the worst severity, and the first finding."""
        self._starts = array("Q")

    def add(self, report: Report, progress: Progress) -> None:
        """Write all that a report speaks of."""
        marks = self._clusters(report)
        total = sum(file.source.size for file in self._files)
        done = 0
        with open(os.path.join(self._folder, TEXTS), "wb") as texts:
            for file, found in _by_file(report.findings, self._files):
                progress("index", done, total, self._next - 1)
                self._file(file, found, marks.get(file.data.number, []), texts)
                done += file.source.size
        with open(os.path.join(self._folder, STARTS), "wb") as out:
            self._starts.tofile(out)
        self._tables()
        progress("index", total, total, self._next - 1)

    def _clusters(self, report: Report) -> dict[int, list[_Mark]]:
        """Note the clusters; what comes back are the places in each file that findings speak of beside their own."""
        files: dict[tuple[str, str], list[_File]] = defaultdict(list)
        for file in self._files:
            files[file.data.path, file.data.dataset].append(file)
        marks: dict[int, set[_Mark]] = defaultdict(set)
        for finding in report.findings:
            if (name := _cluster(finding)) is None:
                continue
            level, first = self._groups.get(name, (finding.severity, finding))
            self._groups[name] = (max(level, finding.severity), first)
            for other in finding.related:
                found = files[other.path, finding.dataset]
                own = [file for file in found if file.data.split == finding.split] or found
                marks[own[0].data.number].add(_Mark(other.line, other.column, name))
        return {number: sorted(places) for number, places in marks.items()}

    def _file(self, file: _File, found: Iterable[Finding], marks: list[_Mark], texts: BinaryIO) -> None:
        """Write the items of one file. What cannot be given a record any more is said of the file."""
        waiting: deque[Finding | _Mark] = deque()

        def placed() -> Iterator[Finding]:
            both: tuple[Iterable[Finding | _Mark], Iterable[Finding | _Mark]] = (self._with_place(file, found), marks)
            for item in heapq.merge(*both, key=lambda item: (item.line, item.column)):
                waiting.append(item)
                yield cast(Finding, item)  # of which the line and the column are all that is looked at

        hashes, places, ids = array("q"), array("Q"), self._next
        try:
            remaining = placed()
            for line, group in with_findings(file.source, remaining, file.checked.bound.plan.max_line_bytes):
                if group:
                    places.append(len(hashes))
                    own = [waiting.popleft() for _ in group]
                    self._item(file, line, own, texts)
                hashes.append(hash(line.raw))
            waiting.extend(remaining)
        except InputError as error:
            self.failures.append(Failure(file.data.path, 0, "", str(error)))
            waiting.extend(remaining)
        self._general(item for item in waiting if isinstance(item, Finding))
        later = ((nth, ids + item) for item, nth in _later(hashes, places))
        self._database.executemany("UPDATE items SET nth = ? WHERE id = ?", later)

    def _with_place(self, file: _File, found: Iterable[Finding]) -> Iterator[Finding]:
        for finding in found:
            if file.has_place(finding):
                yield finding
            else:
                self._general([finding])

    def _general(self, findings: Iterable[Finding]) -> None:
        rows = ((pickle.dumps(finding, pickle.HIGHEST_PROTOCOL),) for finding in findings)
        self._database.executemany("INSERT INTO general (finding) VALUES (?)", rows)

    def _item(self, file: _File, line: Line, about: Sequence[Finding | _Mark], texts: BinaryIO) -> None:
        found = [item for item in about if isinstance(item, Finding)]
        item, self._next = self._next, self._next + 1
        severity, ordered = listed(found)
        self.flagged += bool(found)
        codes = " ".join(ordered)
        example = next(iter(_examples(file.scanner, line)), None) if file.is_classification else None
        label = label_of(example, file.checked.bound.plan.conventions) if example is not None else None
        self._database.execute(
            _INSERT,
            (
                item, file.data.number, record_hash(line.raw), line.number, line.column, line.offset, len(line.raw),
                severity, self._codesets.setdefault(codes, len(self._codesets)), len(found),
                sum(finding.fixable for finding in found),
                None if label is None else self._labels.setdefault(label, len(self._labels)), rank(severity, item),
            ),
        )  # fmt: skip
        self._database.execute(
            "INSERT INTO details VALUES (?, ?)", (item, pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
        )
        names = {about.cluster if isinstance(about, _Mark) else _cluster(about) for about in about} - {None}
        if names:
            self._database.executemany("INSERT INTO members VALUES (?, ?)", ((name, item) for name in names))
        self._starts.append(texts.tell())
        texts.write(to_blob(_text(line).casefold()) + GAP)

    def _tables(self) -> None:
        """Write what items and members refer to; a cluster of one is none."""
        self._database.executemany("INSERT INTO codesets VALUES (?, ?)", ((n, s) for s, n in self._codesets.items()))
        labels = ((number, to_blob(label)) for label, number in self._labels.items())
        self._database.executemany("INSERT INTO labels VALUES (?, ?)", labels)
        self._database.executemany(
            "INSERT INTO clusters SELECT ?1, ?2, ?3, ?4, ?5, count(*) FROM members WHERE cluster = ?1",
            (
                (name, first.code, first.name, to_blob(first.message), int(level))
                for name, (level, first) in self._groups.items()
            ),
        )
        self._database.execute("DELETE FROM clusters WHERE size < 2")
        self._database.execute("DELETE FROM members WHERE cluster NOT IN (SELECT id FROM clusters)")


_INSERT = (
    'INSERT INTO items (id, file, record, nth, line, "column", offset, size, severity, codeset, findings, fixable, '
    "label, rank) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class _Mark(NamedTuple):
    """A place that belongs to a cluster, whether or not anything is found there."""

    line: int
    column: int
    cluster: str


def _cluster(finding: Finding) -> str | None:
    """The name of the cluster that a finding belongs to: what its rule calls one matter, in one split."""
    if finding.line is None or not (finding.group or finding.related):
        return None
    matter = finding.group or "{0.path}:{0.line}:{0.column}".format(finding.related[0])
    whole = "\0".join((finding.dataset, finding.split or "", finding.code, matter))
    return blake2b(to_blob(whole), digest_size=8).hexdigest()


def _by_file(findings: Iterable[Finding], files: Sequence[_File]) -> Iterator[tuple[_File, Iterable[Finding]]]:
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


def _text(line: Line) -> str:
    """All texts of a record, or the line itself where it is none; in the order in which they stand."""
    value = parsing.glance(line.raw)
    if not isinstance(value, dict):
        return line.raw.decode("utf-8", "replace")
    texts: list[str] = []
    pending: list[Any] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, dict):
            pending.extend(reversed(item.values()))
        elif isinstance(item, list):
            pending.extend(reversed(item))
    return "\n".join(texts)


def _examples(scanner: Scanner, line: Line) -> Iterator[Example]:
    """The examples of a line or an element, mostly one."""
    if line.too_long or not line.raw.strip():
        return
    line.parsed = parsing.parse(line.raw)
    if line.parsed.fault is None:
        if isinstance(line.parsed.value, dict):
            yield scanner.example(line)
    elif line.parsed.fault.kind == "several":
        for start, end in parsing.values(line.raw):
            yield from _examples(scanner, Line(line.raw[start:end], line.offset + start, line.number))


def count(folder: str, files: Sequence[_File], progress: Progress) -> None:
    """Count what the Overview shows, and the tokens of the items, into the index that pages read already."""
    total, done, records = sum(file.source.size for file in files), 0, 0
    progress("tokens", 0, total, 0)
    database = sqlite3.connect(os.path.join(folder, DATABASE), timeout=60)
    statistics: dict[int, Statistics] = {}
    updates: list[tuple[int, int]] = []

    def note(where: int) -> None:
        with database:
            database.executemany("UPDATE items SET tokens = ? WHERE id = ?", updates)
            _note(database, "statistics", statistics)
            _note(database, "counted", (where, total))
        updates.clear()
        progress("tokens", where, total, records)

    for file in files:
        own = statistics[file.data.number] = Statistics()
        plan = file.checked.bound.plan
        counter = plan.tokenizer.example if plan.tokenizer else None
        query = "SELECT id, offset FROM items WHERE file = ? ORDER BY id"
        items = iter(database.execute(query, (file.data.number,)).fetchall())
        item, offset = next(items, (0, -1))
        noted = time.monotonic()
        with suppress(InputError):  # which the check has said; or it was changed since, and will be checked again
            for line in reading.read(file.shard, plan.max_line_bytes):
                tokens = [own.add(example, plan.conventions, counter) for example in _examples(file.scanner, line)]
                records += len(tokens)
                if offset == line.offset:
                    known = [number for number in tokens if number is not None]
                    if known:
                        updates.append((sum(known), item))
                    item, offset = next(items, (0, -1))
                if len(updates) >= _BATCH or time.monotonic() - noted > _NOTED:
                    note(done + line.offset)
                    noted = time.monotonic()
        done += file.source.size
        note(done)
    database.close()


def main(arguments: Sequence[str]) -> int:
    """Do the job in the file that is named; what comes back is the exit code."""
    # Standard output is for progress alone: what a user's own check prints goes to standard error.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    progress = Progress(out)
    try:
        if len(arguments) != 1:
            raise UsageError("usage: python -m curator.review.indexing JOB.json")
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
