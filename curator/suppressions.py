"""Findings that someone has accepted: `.curator-suppressions.jsonl`, one entry a line.

An entry names a record by its hash, never by its line, so it holds wherever the record goes and ends when
the record changes. Order and duplicates mean nothing: two branches are merged by keeping the lines of both.
"""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from msgspec.structs import replace

from curator import entries
from curator.catalogue import Catalogue
from curator.entries import Cover, Entry, parse
from curator.errors import UsageError
from curator.findings import clip
from curator.inputs import Dataset
from curator.model import Finding, Suppression
from curator.writing import reason

FILE_NAME = ".curator-suppressions.jsonl"
_FAULTS_SHOWN = 3  # of each file
_MARKERS = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")


@dataclass(slots=True)
class _Book:
    """One suppressions file as it was read; empty where there is none yet."""

    path: str
    codes: Mapping[str, str] = field(default_factory=dict)
    """A rule's code by each of its names, case folded."""
    entries: dict[bytes, Suppression] = field(default_factory=dict)
    rows: list[tuple[bytes, str, str]] = field(default_factory=list)
    """Digest, code and path of each entry."""
    formers: list[tuple[bytes, str]] = field(default_factory=list)
    """Digest and line of each entry whose record a fix has changed, as the file has it."""
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Line numbers, 0 for the whole file, and what is wrong there."""
    stale: set[tuple[bytes, str]] = field(default_factory=set)
    """Digest and path of the entries that match nothing any more."""

    def row(self, entry: Entry) -> tuple[bytes, str, str]:
        """Digest, code and path of an entry."""
        code = self.codes.get(entry.rule.casefold(), entry.rule)
        return entry.digest(code), sys.intern(code), sys.intern(entry.path)

    def is_stale(self, line: bytes) -> bool:
        """Whether a line of the file is an entry that matches nothing any more."""
        try:
            return self.row(parse(line))[::2] in self.stale
        except UsageError:
            return False


class Suppressions:
    """The suppressions of a run: those that govern its files, each suppressions file read once.

    Memory: about 170 bytes an entry, and 100 more in each worker.
    """

    def __init__(self, moved: Mapping[str, str] = MappingProxyType({})) -> None:
        """`moved` are the new hashes of records that fixes have changed; what was accepted of them still holds."""
        self._moved = moved
        self._books: dict[str, _Book] = {}
        self._covers: dict[tuple[str, str], tuple[_Book, Cover]] = {}
        self._nearest: dict[str, str | None] = {}
        self.needed: frozenset[str] = frozenset()
        """Lines of entries that also cover a record as it was, though fixes have changed a copy; after `settle`."""

    def covers(self, dataset: Dataset, paths: Iterable[str], rules: Catalogue) -> dict[str, Cover]:
        """What holds in files of a dataset, by file; files without any are left out.

        The nearest suppressions file above the data governs. Where there is none yet, its place is beside the
        settings, else in the working directory, else beside the data: the first that is above the data.
        """
        found = {path: self._cover(path, dataset, rules) for path in paths}
        return {path: cover for path, cover in found.items() if cover.entries}

    def _cover(self, path: str, dataset: Dataset, rules: Catalogue) -> Cover:
        absolute = os.path.abspath(path)
        folder = os.path.dirname(absolute)
        if folder not in self._nearest:
            self._nearest[folder] = _nearest(folder)
        places = [os.path.abspath(place) for place in (dataset.settings.root, ".", folder) if place]
        home = self._nearest[folder] or next(place for place in places if _is_above(place, folder))
        file = os.path.join(home, FILE_NAME)
        if file not in self._books:
            self._books[file] = _read(file, rules, self._moved)
        relative = os.path.relpath(absolute, home).replace(os.sep, "/")
        cover = Cover(relative, dataset.name if dataset.configured else relative, self._books[file].entries)
        self._covers[dataset.name, path] = (self._books[file], cover)
        return cover

    def home(self, dataset: str, path: str) -> tuple[str, Cover]:
        """The suppressions file that governs a data file, and what it holds for it; after `covers`."""
        book, cover = self._covers[dataset, path]
        return book.path, cover

    @property
    def faults(self) -> list[tuple[str, int, str]]:
        """(suppressions file, line or 0, what is wrong): a few of each file, and how many more there are."""
        found = []
        for book in self._books.values():
            shown = _shown(book.path)
            found += [(shown, line, text) for line, text in book.faults[:_FAULTS_SHOWN]]
            if len(book.faults) > _FAULTS_SHOWN:
                more = f"{shown}: {len(book.faults) - _FAULTS_SHOWN:,} more lines cannot be used"
                found.append((shown, 0, more))
        return found

    def settle(self, used: set[bytes], heard: Mapping[str, frozenset[str]]) -> int:
        """How many suppressions match nothing any more.

        `used` are the digests of those that matched; `heard` holds for each data file the codes of the rules that
        have said all they can of it. The entries of other files and other rules are not judged.
        """
        formers = (former for book in self._books.values() for former in book.formers)
        self.needed = frozenset(line for digest, line in formers if digest in used)
        files: dict[tuple[str, str], frozenset[str]] = {}
        for (_, path), (book, cover) in self._covers.items():
            files[book.path, cover.path] = heard.get(path, frozenset())
        for book in self._books.values():
            book.stale = {
                (digest, path)
                for digest, code, path in book.rows
                if digest not in used and code in files.get((book.path, path), ())
            }
        return sum(len(book.stale) for book in self._books.values())

    def add(self, findings: Iterable[Finding], accepted: Suppression) -> Counter[str]:
        """Write an entry for each finding; how many went to each suppressions file. Raises UsageError."""
        return self.add_each((finding, accepted) for finding in findings)

    def add_each(self, pairs: Iterable[tuple[Finding, Suppression]]) -> Counter[str]:
        """As `add`, each finding for a reason of its own."""
        counts: Counter[str] = Counter()
        new: dict[str, list[bytes]] = defaultdict(list)
        for finding, accepted in pairs:
            book, cover = self._covers[finding.dataset, finding.path]
            entry = cover.entry(finding, accepted)
            digest = entry.digest(entry.rule)
            if digest not in book.entries:
                book.entries[digest] = accepted
                new[book.path].append(entry.line())
                counts[_shown(book.path)] += 1
        for path, lines in new.items():
            with _said_of(path):
                entries.add(path, lines)
        return counts

    def prune(self) -> Counter[str]:
        """Take out what `settle` found to be stale; how many lines left each file. Raises UsageError."""
        counts: Counter[str] = Counter()
        for book in self._books.values():
            if book.stale:
                with _said_of(book.path):
                    counts[_shown(book.path)] = entries.drop(book.path, book.is_stale)
        return counts


def accepted(reason: str) -> Suppression:
    """A suppression as of now, by whoever runs this: git's `user.name`, else the name of the account."""
    import subprocess  # only to suppress

    try:
        command = ["git", "config", "user.name"]
        who = subprocess.run(command, capture_output=True, check=False, timeout=10).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired):
        who = ""
    who = who.strip() or os.environ.get("USER") or os.environ.get("USERNAME") or "unknown"
    return Suppression(reason, who, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def _read(path: str, rules: Catalogue, moved: Mapping[str, str]) -> _Book:
    names = {name.casefold(): rule.code for rule in rules.rules.values() for name in (rule.name, *rule.card.aliases)}
    book = _Book(path, names | {code.casefold(): code for code in rules.rules})
    shared: dict[tuple[str, str, str], Suppression] = {}
    is_merging = False
    try:
        for number, line in enumerate(entries.lines(path) if os.path.lexists(path) else (), 1):
            if line.startswith(_MARKERS):
                if not is_merging:
                    book.faults.append((number, _MERGING))
                is_merging = True
            elif line.strip():
                try:
                    entry = parse(line)
                except UsageError as error:
                    text = f"this entry is passed over, and what it suppressed is reported: {clip(str(error), 200)}"
                    book.faults.append((number, text))
                    continue
                row, other_rows = book.row(entry), []
                if entry.record in moved:  # copies elsewhere may still be as they were
                    book.formers.append((row[0], line.decode().strip()))
                    row, other_rows = book.row(replace(entry, record=moved[entry.record])), [row]
                said = (entry.when, entry.who, entry.reason)
                if said not in shared:
                    shared[said] = Suppression(entry.reason, entry.who, entry.when)
                why = shared[said]
                for digest, _, _ in (row, *other_rows):
                    other = book.entries.setdefault(digest, why)
                    if why is not other:  # accepted twice: the older entry speaks, in any order of lines
                        book.entries[digest] = min(why, other, key=lambda item: (item.when, item.who, item.reason))
                book.rows.append(row)
    except OSError as error:
        book.faults.append((0, f"{_shown(path)}: cannot be read: {error.strerror}"))
    return book


_MERGING = (
    "an unfinished merge: remove the lines with <<<<<<<, ======= and >>>>>>>, and keep the entries of both sides "
    f"(the line '{FILE_NAME} merge=union' in .gitattributes lets git do so)"
)


@contextmanager
def _said_of(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{_shown(path)}: {reason(error)}") from None


def _nearest(folder: str) -> str | None:
    """The folder of the suppressions that govern a folder: itself, or the nearest above."""
    while not os.path.isfile(os.path.join(folder, FILE_NAME)):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return None
    return folder


def _is_above(place: str, folder: str) -> bool:
    return folder == place or folder.startswith(place.rstrip(os.sep) + os.sep)


def _shown(path: str) -> str:
    """A path as people would type it from here."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
