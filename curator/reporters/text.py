"""What the formats for people share: one line a finding, and the summary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TextIO
from unicodedata import combining, east_asian_width

import click

from curator.endings import SETTLED
from curator.findings import clip
from curator.model import Finding, Related, Severity
from curator.report import Input, Report
from curator.reporters import PLAIN, Style, hidden
from curator.survey import SAMPLE

COLOR = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_LABELS_SHOWN = 6
_POINTER = 120  # code points; a key may have a million
_REASON = 200  # code points


def visible(text: str) -> str:
    """The text with everything that a terminal could act on, or hide, spelled as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def paint(text: str, style: Style, **how: object) -> str:
    """The text in colour, where colour is wanted."""
    return click.style(text, **how) if style.color else text  # type: ignore[arg-type]


def width(text: str) -> int:
    """Columns that a terminal gives to printable text: two to a wide character, none to a combining one."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what it counts: `1 copy`, `2 copies`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def percent(share: float) -> str:
    """A share, rounded down: 100% means all."""
    return f"{math.floor(100 * share)}%"


def place(finding: Finding) -> str:
    """`path:line:column`, or the path alone for a whole dataset."""
    path = visible(finding.path)
    return path if finding.line is None else f"{path}:{finding.line}:{finding.column}"


def line(finding: Finding, style: Style) -> str:
    """The finding on one line."""
    mark = " [*]" if finding.fixable else ""
    pointer = f" ({visible(clip(finding.pointer + (finding.inner or ''), _POINTER))})" if finding.pointer else ""
    code = paint(finding.code, style, fg=COLOR[finding.severity], bold=True)
    return f"{place(finding)}: {code}{mark} {finding.name}: {finding.message}{pointer}{related(finding)}"


def related(finding: Finding) -> str:
    """The first related place, in brackets; "" where there is none."""
    if not finding.related:
        return ""
    return f" [see {other(finding, finding.related[0])}]"


def other(finding: Finding, place: Related) -> str:
    """Another place that a finding speaks of; by its line alone where it is in the same file."""
    return f"line {place.line}" if place.path == finding.path else f"{visible(place.path)}:{place.line}"


def left_out(report: Report, stream: TextIO, style: Style) -> None:
    """How many findings --max-findings hides, where it hides any."""
    count = hidden(report, style)
    if count:
        note = paint(f"and {count:,} more, which a higher --max-findings shows", style, dim=True)
        stream.write(f"{note}\n")


def summary(report: Report, stream: TextIO, style: Style) -> None:
    """What was read, what it was taken for, what was not checked, and the totals."""
    if style.quiet:
        return
    if report.inputs:
        stream.write("\n")
    for item in report.inputs:
        stream.write(f"{paint(visible(item.path), style, bold=True)}: {_read(item)}\n")
        for text in _habits(item):
            stream.write(f"    {text}\n")
    notes = [note for note in report.not_checked if note.why != "no rule can tell"]
    for note in notes:
        line = paint(f"not checked: {visible(note.what)}: {visible(note.why)}", style, dim=True)
        stream.write(f"{line}\n")
    for finding in report.suppressed if style.verbose else ():
        stream.write(f"{paint(_suppressed(finding), style, dim=True)}\n")
    stream.write(f"{verdict(report, style)}\n")


def _suppressed(finding: Finding) -> str:
    why = finding.suppressed
    assert why is not None
    return f"suppressed: {line(finding, PLAIN)} ({visible(clip(f'{why.reason}; {why.who}, {why.when[:10]}', _REASON))})"


def _read(item: Input) -> str:
    unreadable = f", {item.unreadable:,} unreadable" if item.unreadable else ""
    model = f", {item.model}" + ("" if item.model_named else " (default model)") if item.model else ""
    return (
        f"{item.records:,} {'record' if item.records == 1 else 'records'}{unreadable}, "
        f"{item.format or 'no known format'}, for {item.target}{model}"
    )


def _habits(item: Input) -> Iterable[str]:
    found = item.conventions
    shown = []
    if found.task == "classification":
        labels = ", ".join(f"{label!r} {count:,}" for label, count in list(found.labels.items())[:_LABELS_SHOWN])
        more = len(found.labels) - _LABELS_SHOWN
        shown.append(f"classification, {len(found.labels)} labels: {labels}{f' and {more:,} more' if more > 0 else ''}")
    if found.separator_share >= SETTLED or "separators" in found.pinned:
        endings = " or ".join(f"{ending.text!r} ({percent(ending.share)})" for ending in found.separators)
        shown.append(f"prompts end with {endings}")
    if found.stop and (found.stop.share >= SETTLED or "stop" in found.pinned):
        shown.append(f"completions end with {found.stop.text!r} ({percent(found.stop.share)})")
    if shown:
        of = f" (in a sample of {found.sampled:,})" if item.records > SAMPLE else ""
        yield visible("; ".join(shown) + of)
    if item.tokens:
        yield (
            f"tokens: {item.tokens.total:,} in all, {item.tokens.p50:,} median, "
            f"{item.tokens.p95:,} at the 95th percentile, {item.tokens.max:,} at most"
        )


def verdict(report: Report, style: Style) -> str:
    """The totals in a sentence or two."""
    accepted = len(report.suppressed)
    return _totals(report, style) + (
        f" {accepted:,} suppressed{'' if style.verbose else ' (-v lists them)'}." if accepted else ""
    )


def _totals(report: Report, style: Style) -> str:
    counts = report.findings.by_severity
    if not len(report.findings):
        if not report.inputs:
            return "Nothing was checked."
        if report.failures:
            return paint("No findings, but not everything could be checked.", style, fg="red", bold=True)
        return paint("No findings.", style, fg="green", bold=True)
    sentence = f"Found {totals(counts, style)}."
    if report.findings.fixable:
        safe, unsafe = (
            0 if safety in style.tried else report.findings.fixable_by[safety] for safety in ("safe", "unsafe")
        )
        more = f"{unsafe:,} more with --unsafe-fixes" if safe else f"{unsafe:,} with --fix --unsafe-fixes"
        if ways := [f"{safe:,} with --fix"] * bool(safe) + [more] * bool(unsafe):
            sentence += f" [*] can be fixed: {', '.join(ways)} (--diff shows how)."
    if report.failures:
        sentence += " Not everything could be checked."
    return sentence


def totals(counts: Mapping[Severity, int], style: Style) -> str:
    """`2 errors, 1 warning`: the severities that occur, with their counts."""
    return ", ".join(
        paint(
            f"{counts[level]:,} {level}{'s' if counts[level] != 1 and level != Severity.INFO else ''}", style, fg=color
        )
        for level, color in COLOR.items()
        if counts.get(level)
    )
