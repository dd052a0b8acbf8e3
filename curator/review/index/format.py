"""How an index lies in its folder: an SQLite database, the plans, and the texts; and what its numbers mean."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from curator.model import Finding, Severity
from curator.report import Failure, NotChecked
from curator.review.states import Status

DATABASE, PLANS, TEXTS, STARTS = "index.sqlite", "plans.pickle", "texts", "texts.starts"
STATUSES: tuple[Status, ...] = get_args(Status)
"""A status is kept as its place in here."""
SHIFT = 1 << 32
"""Above every id, so that ids settle what is equal."""

SCHEMA = """
CREATE TABLE items (
    id INTEGER PRIMARY KEY, file INTEGER, record TEXT, nth INTEGER, line INTEGER, "column" INTEGER, offset INTEGER,
    size INTEGER, severity INTEGER, codeset INTEGER, findings INTEGER, fixable INTEGER, tokens INTEGER, label INTEGER,
    turns INTEGER, status INTEGER DEFAULT 0, rank INTEGER
);
CREATE TABLE details (first INTEGER PRIMARY KEY, findings BLOB);
CREATE TABLE general (id INTEGER PRIMARY KEY, finding BLOB);
CREATE TABLE codesets (id INTEGER PRIMARY KEY, codes TEXT);
CREATE TABLE labels (id INTEGER PRIMARY KEY, label BLOB);
CREATE TABLE clusters (id TEXT PRIMARY KEY, code TEXT, name TEXT, message BLOB, severity INTEGER, size INTEGER);
CREATE TABLE members (cluster TEXT, item INTEGER, PRIMARY KEY (cluster, item)) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB);
"""
INDEXES = """
CREATE INDEX queue ON items (rank, status, severity, codeset, file, label);
CREATE INDEX cube ON items (status, severity, codeset, file, label);
CREATE INDEX keys ON items (record, nth);
CREATE INDEX clustered ON members (item);
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the check came to; decisions do not change it."""

    items: int
    """Records with findings."""
    by_code: Mapping[str, int]
    """Findings, the most frequent rule first."""
    by_severity: Mapping[str, int]
    severities: Mapping[str, Mapping[str, int]]
    """By rule, its findings by the severity that they were found with: its variants may differ, and settings, too."""
    fixable: int
    suppressed: Mapping[str, int]
    """Findings that were accepted before, by rule; they are not in the queue."""
    stale: int
    inputs: tuple[Mapping[str, Any], ...]
    """As the JSON report describes each file; without token figures."""
    not_checked: tuple[NotChecked, ...]
    failures: tuple[Failure, ...]


def rank(severity: int, item: int) -> int:
    """An item's place in the usual order: the worst first, then as they stand in the files."""
    return (Severity.ERROR - severity) * SHIFT + item


def listed(findings: Sequence[Finding]) -> tuple[int, tuple[str, ...]]:
    """By what an item with these findings is listed: the worst severity (0: none), and the codes, worst first."""
    if len(findings) == 1:  # mostly
        return int(findings[0].severity), (findings[0].code,)
    ordered = sorted(findings, key=lambda finding: (-finding.severity, finding.code))
    return (int(ordered[0].severity) if ordered else 0), tuple(dict.fromkeys(finding.code for finding in ordered))


def to_blob(text: str) -> bytes:
    """A text as the database holds it: whatever data may hold, also half a surrogate pair."""
    return text.encode("utf-8", "surrogatepass")


def note(database: sqlite3.Connection, name: str, value: Any) -> None:
    """Write down a fact; a later one of the same name takes its place."""
    blob = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, blob))
