"""`gitlab`: a Code Quality report, which GitLab shows in a merge request."""

from __future__ import annotations

from typing import Any, TextIO

from curator.model import Finding, Severity
from curator.report import Report
from curator.reporters import PLAIN, Style, in_repository, shown
from curator.reporters.fingerprints import Fingerprints
from curator.reporters.json import dumps

# GitLab has five; `blocker` and `major` are left out, so that our three stay three steps apart.
_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write one JSON array with an object for each finding; nothing else has a place in this format."""
    fingerprints = Fingerprints()
    stream.write("[")
    for index, finding in enumerate(shown(report, style)):
        stream.write(",\n " if index else "\n ")
        stream.write(dumps(_issue(finding, fingerprints.next(finding))))
    stream.write("\n]\n" if len(report.findings) else "]\n")


def _issue(finding: Finding, fingerprint: str) -> dict[str, Any]:
    return {
        "description": f"{finding.name}: {finding.message}",
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": in_repository(finding.path),
            "lines": {"begin": finding.line or 1},  # GitLab wants one; a finding on a whole dataset has none
        },
    }
