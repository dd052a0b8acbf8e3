"""`concise`: one line a finding, every finding."""

from __future__ import annotations

from typing import TextIO

from curator.report import Report
from curator.reporters import PLAIN, Style, shown, text


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write each finding on a line of its own, then the summary."""
    for finding in shown(report, style):
        stream.write(f"{text.line(finding, style)}\n")
    text.left_out(report, stream, style)
    text.summary(report, stream, style)
