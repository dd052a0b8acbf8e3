"""The clusters of an index: records that a rule speaks of together."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from curator.model import Finding, Severity
from curator.report import Report
from curator.review.index.checked_file import CheckedFile
from curator.review.index.format import to_blob


class Mark(NamedTuple):
    """A place that belongs to a cluster, whether or not anything is found there."""

    line: int
    column: int
    cluster: str


def cluster_of(finding: Finding) -> str | None:
    """The name of the cluster that a finding belongs to: what its rule calls one matter, in one split."""
    if finding.line is None or not (finding.group or finding.related):
        return None
    matter = finding.group or "{0.path}:{0.line}:{0.column}".format(finding.related[0])
    whole = "\0".join((finding.dataset, finding.split or "", finding.code, matter))
    return blake2b(to_blob(whole), digest_size=8).hexdigest()


def marks(report: Report, files: Sequence[CheckedFile]) -> dict[int, list[Mark]]:
    """By the number of a file, the places in it that findings speak of beside their own, in order."""
    named: dict[tuple[str, str], list[CheckedFile]] = defaultdict(list)
    for file in files:
        named[file.data.path, file.data.dataset].append(file)
    # Only rules that see a whole dataset speak of two places.
    codes = {rule.rule.code for file in files for rule in file.checked.bound.dataset}
    found: dict[int, set[Mark]] = defaultdict(set)
    for finding in report.findings.of(codes):
        if (name := cluster_of(finding)) is None:
            continue
        for other in finding.related:
            several = named[other.path, finding.dataset]
            own = [file for file in several if file.data.split == finding.split] or several
            found[own[0].data.number].add(Mark(other.line, other.column, name))
    return {number: sorted(places) for number, places in found.items()}


class Clusters:
    """Gathers the clusters and their members, and writes them."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._first: dict[str, tuple[Severity, Finding]] = {}
        """Of each the worst severity, and the first finding."""
        self._members: list[tuple[str, int]] = []

    def add(self, item: int, about: Sequence[Finding | Mark]) -> None:
        """Take in what speaks of the next item."""
        names = set()
        for one in about:
            if isinstance(one, Mark):
                names.add(one.cluster)
            elif (name := cluster_of(one)) is not None:
                names.add(name)
                level, first = self._first.get(name, (one.severity, one))
                self._first[name] = (max(level, one.severity), first)
        self._members += [(name, item) for name in names]

    def write(self) -> None:
        """Leave them in the database; a cluster of one is none."""
        self._database.executemany("INSERT INTO members VALUES (?, ?)", sorted(self._members))
        self._database.executemany(
            "INSERT INTO clusters SELECT ?1, ?2, ?3, ?4, ?5, count(*) FROM members WHERE cluster = ?1",
            (
                (name, first.code, first.name, to_blob(first.message), int(level))
                for name, (level, first) in self._first.items()
            ),
        )
        self._database.execute("DELETE FROM clusters WHERE size < 2")
        self._database.execute("DELETE FROM members WHERE cluster NOT IN (SELECT id FROM clusters)")
