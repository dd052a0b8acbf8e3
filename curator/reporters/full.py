"""`full`: every finding with the place in the data, what to do and why it matters."""

from __future__ import annotations

from typing import TextIO

from curator.model import Finding
from curator.report import Report
from curator.reporters import PLAIN, Style, text


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write each finding with its excerpt and fix, then the summary."""
    for finding in report.findings:
        stream.write(f"{text.line(finding, style)}\n")
        for detail in details(finding, style):
            stream.write(f"{detail}\n")
        stream.write("\n")
    text.summary(report, stream, style)


def details(finding: Finding, style: Style) -> list[str]:
    """The excerpt with the span underlined, the fix, the related places."""
    found = []
    if finding.excerpt and finding.line is not None:
        before, marked, after = map(text.visible, finding.excerpt)
        margin = " " * len(str(finding.line))
        found.append(f"  {finding.line} | {before}{text.paint(marked, style, bold=True)}{after}")
        found.append(f"  {margin} | {' ' * len(before)}{text.paint('^' * max(1, len(marked)), style, fg='red')}")
    if finding.fix:
        found.append(f"  fix ({finding.safety}): {text.visible(finding.fix.title)}")
    found += [f"  see {text.other(finding, place)}" for place in finding.related[1:]]
    found.append(f"  more: curator rule {finding.code}")
    return found
