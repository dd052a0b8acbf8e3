"""`--statistics`: how often each rule spoke, in place of the findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from curator.model import Severity
from curator.report import Report
from curator.reporters import PLAIN, Reporter, Style, text
from curator.reporters.json import dumps

FORMATS = ("concise", "full", "grouped", "json")
"""Output formats in which statistics can be written; the text formats are alike here."""


@dataclass(slots=True)
class _Row:
    """One rule."""

    code: str
    name: str
    severity: Severity
    """The worst."""
    count: int = 0
    fixable: int = 0
    """Findings that a program can fix."""


def writer(name: str) -> Reporter:
    """The writer of statistics in an output format of FORMATS."""
    return write_json if name == "json" else write


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write a line for each rule (count, code, `[*]` where some can be fixed, name), then the summary."""
    rows = _rows(report)
    width = max((len(f"{row.count:,}") for row in rows), default=0)
    for row in rows:
        code = text.paint(row.code, style, fg=text.COLOR[row.severity], bold=True)
        stream.write(f"{row.count:>{width},}  {code}  {'[*]' if row.fixable else '   '}  {row.name}\n")
    text.summary(report, stream, style)


def write_json(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write an array with an object for each rule: code, name, worst severity, count, and how many can be fixed."""
    rows = [
        {"code": r.code, "name": r.name, "severity": str(r.severity), "count": r.count, "fixable": r.fixable}
        for r in _rows(report)
    ]
    stream.write("[" + ",".join(f"\n {dumps(row)}" for row in rows) + ("\n]\n" if rows else "]\n"))


def _rows(report: Report) -> list[_Row]:
    rows: dict[str, _Row] = {}
    for finding in report.findings:
        row = rows.setdefault(finding.code, _Row(finding.code, finding.name, finding.severity))
        row.count += 1
        row.fixable += finding.fixable
        row.severity = max(row.severity, finding.severity)
    return sorted(rows.values(), key=lambda row: (-row.count, row.code))
