"""`full`: every finding with the place in the data, what to do and why it matters."""

from __future__ import annotations

from typing import TextIO

from curator.model import Finding
from curator.report import Report
from curator.reporters import PLAIN, Style, shown, text

_OTHERS = 9  # places beside the first that are listed: a record may have a thousand copies


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write each finding with its excerpt and fix, then the summary."""
    for number, finding in enumerate(shown(report, style)):
        stream.write("\n" if number else "")
        stream.write(f"{text.line(finding, style)}\n")
        for detail in details(finding, style):
            stream.write(f"{detail}\n")
    text.left_out(report, stream, style)
    text.summary(report, stream, style)


def details(finding: Finding, style: Style) -> list[str]:
    """The excerpt with the span underlined, the fix, the related places."""
    found = [f"  {line}" for line in excerpt(finding, style)]
    if finding.fix:
        found.append(f"  fix ({finding.safety}): {text.visible(finding.fix.title)}")
    others = finding.related[1:]
    found += [f"  see {text.other(finding, place)}" for place in others[:_OTHERS]]
    if len(others) > _OTHERS:
        found.append(f"  and {len(others) - _OTHERS:,} more")
    found.append(f"  more: curator rule {finding.code}")
    return found


def excerpt(finding: Finding, style: Style) -> list[str]:
    """Two lines: what stands around the span, and marks under the span; none where there is nothing to see."""
    if not finding.excerpt or finding.line is None:
        return []
    before, marked, after = map(text.visible, finding.excerpt)
    margin = " " * len(str(finding.line))
    marks = text.paint("^" * max(1, text.width(marked)), style, fg="red")
    return [
        f"{finding.line} | {before}{text.paint(marked, style, bold=True)}{after}",
        f"{margin} | {' ' * text.width(before)}{marks}",
    ]
