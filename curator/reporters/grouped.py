"""`grouped`: by rule, the worst first, with counts and three samples; what a terminal shows."""

from __future__ import annotations

from collections import Counter
from typing import TextIO

from curator.model import Finding, Severity
from curator.report import Report
from curator.reporters import PLAIN, Style, full, text

_SAMPLES = 3


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write each rule's count, three of its findings and how to see the rest, then the summary."""
    samples: dict[str, list[Finding]] = {}
    levels: dict[str, Counter[Severity]] = {}
    for finding in report.findings:
        kept = samples.setdefault(finding.code, [])
        levels.setdefault(finding.code, Counter())[finding.severity] += 1
        if len(kept) < _SAMPLES:
            kept.append(finding)
    counts = report.findings.by_code
    left = len(report.findings) if style.max_findings is None else style.max_findings
    for number, code in enumerate(sorted(samples, key=lambda code: (-max(levels[code]), -counts[code], code))):
        first, worst = samples[code][0], max(levels[code])
        title = text.paint(f"{code} {first.name}", style, bold=True, fg=text.COLOR[worst])
        stream.write("\n" if number else "")
        stream.write(f"{title}  {text.totals(levels[code], PLAIN)}\n")
        kept = samples[code][:left]
        left -= len(kept)
        for finding in kept:
            mark = "[*] " if finding.fixable else ""
            stream.write(f"  {text.place(finding)}: {mark}{finding.message}{text.related(finding)}\n")
            for line in full.excerpt(finding, style):
                stream.write(f"    {line}\n")
        if more := counts[code] - len(kept):
            stream.write(f"  {'and ' if kept else ''}{more:,} more: --select {code} --output-format concise\n")
        more_about = text.paint(f"  why, and what to do: curator rule {code}", style, dim=True)
        stream.write(f"{more_about}\n")
    text.summary(report, stream, style)
