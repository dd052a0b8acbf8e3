"""`json-lines`: one JSON object a line, whose `type` says what it is; for jq, a spreadsheet, a database."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, TextIO

from curator import __version__
from curator.report import Report
from curator.reporters import PLAIN, Style, listed
from curator.reporters.json import dumps, plain_failure, plain_finding, plain_input, plain_summary


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write the parts of `json`, each on a line of its own; the summary is the last."""
    for kind, part in _parts(report, style):
        stream.write(f"{dumps({'type': kind, **part})}\n")


def _parts(report: Report, style: Style) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in report.inputs:
        yield "input", plain_input(item)
    for finding in listed(report, style):
        yield "finding", plain_finding(finding)
    for note in report.not_checked:
        yield "not_checked", dataclasses.asdict(note)
    for failure in report.failures:
        yield "error", plain_failure(failure)
    tool = {"name": "curator", "version": __version__}
    yield "summary", {"version": 1, "tool": tool, **plain_summary(report, style)}
