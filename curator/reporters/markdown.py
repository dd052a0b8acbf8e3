"""`markdown`: a page for a pull request's comment or a job's summary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TextIO

from curator.catalogue import Rule
from curator.findings import clip
from curator.model import Finding, Severity
from curator.report import Input, Report
from curator.reporters import PLAIN, Style, described, full, text

LIMIT = 60_000
"""Bytes of the whole page: a comment on GitHub holds 65,536 characters, a job's summary a megabyte."""
_TABLE = 12_000  # bytes of a table's rows, so that whatever a run holds, there is room for the other parts
_END = 1_000  # bytes kept for what is said of hidden parts
_SAMPLES = 3
_NOTES = 10
_CELL, _LINE = 80, 300  # code points


@dataclass(slots=True)
class _Found:
    """What one rule found."""

    levels: Counter[Severity] = field(default_factory=Counter)
    samples: list[Finding] = field(default_factory=list)


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write verdict, files, rules and samples, in less than LIMIT bytes; what had to be left out is said.

    Whatever comes from data, paths or settings stands in code spans and fenced blocks only: in them nothing is a
    link, an image, a mention or HTML. In tables, the two characters that could end a cell are spelled as escapes.
    """
    found: dict[str, _Found] = {}
    for finding in report.findings:
        rule = found.setdefault(finding.code, _Found())
        rule.levels[finding.severity] += 1
        if len(rule.samples) < _SAMPLES:
            rule.samples.append(finding)
    worst = sorted(found, key=lambda code: (-max(found[code].levels), -found[code].levels.total(), code))
    cards = described(report, style)
    parts = [f"## curator: {_verdict(report)}"]
    if report.failures:
        parts += ["Not everything could be checked:", fenced(_first([failure.message for failure in report.failures]))]
    if found:
        rows = [_rule_row(code, found[code], cards[code]) for code in worst]
        parts.append(table(("rule", "severity", "count", "first places"), rows, "rules"))
    if report.inputs:
        head = ("file", "records", "unreadable", "format", "target", "model")
        parts.append(table(head, [_file_row(item) for item in report.inputs], "files"))
    notes = [f"{note.what}: {note.why}" for note in report.not_checked if note.why != "no rule can tell"]
    if notes:
        parts += ["Not checked:", fenced(_first(notes))]
    page = "\n\n".join(parts) + "\n"
    stream.write(page)
    if found:
        _write_samples(stream, worst, found, style, LIMIT - _END - _size(page))


def _verdict(report: Report) -> str:
    suppressed = f", {len(report.suppressed):,} suppressed" if len(report.suppressed) else ""
    if not len(report.findings):
        return f"no findings{suppressed}" if report.inputs else "nothing was checked"
    files = len(report.findings.worst)
    counts = text.totals(report.findings.by_severity, PLAIN)
    return f"{counts} in {files:,} {'file' if files == 1 else 'files'}{suppressed}"


def _write_samples(stream: TextIO, codes: list[str], found: dict[str, _Found], style: Style, room: int) -> None:
    """Up to three findings of each rule, as many as `room` bytes and the style allow; then what is hidden."""
    left = style.max_findings if style.max_findings is not None else _SAMPLES * len(codes)
    stream.write("\n<details>\n<summary>Samples</summary>\n\n`[*]` marks what a program can fix.\n\n")
    for number, code in enumerate(codes):
        rule = found[code]
        block = _samples(code, rule.samples[:left], rule.levels.total()) if left else ""
        room -= _size(block)
        if not left or room < 0:
            why = "--max-findings" if not left else f"the limit of {LIMIT:,} bytes"
            stream.write(
                f"{len(codes) - number:,} more rules have no samples here, because of {why}; "
                "`curator check --output-format full` shows all.\n\n"
            )
            break
        left -= len(rule.samples[:left])
        stream.write(block)
    stream.write("</details>\n")


def _samples(code: str, samples: list[Finding], count: int) -> str:
    lines = []
    for finding in samples:
        mark = "[*] " if finding.fixable else ""
        lines.append(f"{text.place(finding)}: {mark}{finding.message}{text.related(finding)}")
        lines += [f"  {line}" for line in full.excerpt(finding, PLAIN)]
    more = count - len(samples)
    rest = f"And {more:,} more: `curator check --select {code} --output-format concise`. " if more else ""
    why = f"Why, and what to do: `curator rule {code}`."
    return f"**{code}** {coded(samples[0].name)}\n\n{fenced(lines)}\n\n{rest}{why}\n\n"


def _rule_row(code: str, rule: _Found, card: Rule | None) -> tuple[str, ...]:
    shown = f"[`{code}`]({card.url})" if card is not None and "://" in card.url else f"`{code}`"
    places = [coded(text.place(finding)) for finding in rule.samples]
    more = ["…"] if rule.levels.total() > len(places) else []
    name = coded(rule.samples[0].name)
    return f"{shown} {name}", str(max(rule.levels)), f"{rule.levels.total():,}", ", ".join([*places, *more])


def _file_row(item: Input) -> tuple[str, ...]:
    cells = (coded(item.format), coded(item.target), coded(item.model or ""))
    return coded(item.path), f"{item.records:,}", f"{item.unreadable:,}", *cells


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], what: str) -> str:
    """The table, with as many rows as fit; numbers stand to the right."""
    numbers = ("records", "unreadable", "count")
    lines = [_row(head), _row(tuple("--:" if name in numbers else "---" for name in head))]
    room, hidden = _TABLE, 0
    for row in map(_row, rows):
        room -= _size(row)
        if room >= 0:
            lines.append(row)
        else:
            hidden += 1
    note = f"\n\n{hidden:,} more {what} are hidden; JSON lists all of them." if hidden else ""
    return "\n".join(lines) + note


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def coded(value: str) -> str:
    """A code span for a table; a dash for nothing."""
    shown = clip(text.visible(value), _CELL).replace("`", "\\x60").replace("|", "\\x7c")
    return f"`{shown}`" if shown.strip() else "–"


def fenced(lines: Iterable[str]) -> str:
    """A code block that no line of it can end."""
    kept = [clip(text.visible(line), _LINE) for line in lines]
    longest = max((len(run) for line in kept for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *kept, fence])


def _first(lines: list[str]) -> list[str]:
    """The first few, and how many more there are."""
    more = len(lines) - _NOTES
    return [*lines[:_NOTES], f"and {more:,} more: --output-format json"] if more > 0 else lines


def _size(page: str) -> int:
    return len(page.encode("utf-8", "replace"))
