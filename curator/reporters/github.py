"""`github`: annotations of a GitHub Actions run, one a rule, and the summary for its log."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from typing import TextIO

from curator.findings import clip
from curator.model import Finding, Severity
from curator.report import Failure, Report
from curator.reporters import PLAIN, Style, in_repository, text

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_POINTER = 120  # code points; a key may have a million


@dataclass(slots=True)
class _Rule:
    """What one rule found."""

    first: Finding
    """Of the worst severity."""
    count: int = 0


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write an annotation for each rule that found something, the worst first, then the summary as plain lines.

    One a rule, because GitHub shows ten annotations of a level for each step and drops the others.
    """
    rules: dict[str, _Rule] = {}
    for finding in report.findings:
        rule = rules.setdefault(finding.code, _Rule(finding))
        rule.count += 1
        if finding.severity > rule.first.severity:
            rule.first = finding
    for failure in report.failures:
        stream.write(f"{_failure(failure)}\n")
    worst = sorted(rules.values(), key=lambda rule: (-rule.first.severity, -rule.count, rule.first.code))
    for rule in worst[: style.max_findings]:
        stream.write(f"{_annotation(rule)}\n")
    log = io.StringIO()
    unseen = worst[len(worst) if style.max_findings is None else style.max_findings :]
    if unseen:
        rest = Counter({rule.first.code: rule.count for rule in unseen})
        log.write(f"no annotation, because of --max-findings: {_counts(rest)}\n")
    text.summary(report, log, style)
    for line in log.getvalue().splitlines():
        stream.write(f"{_inert(line)}\n")


def _annotation(rule: _Rule) -> str:
    finding = rule.first
    properties: dict[str, object] = {"file": in_repository(finding.path)}
    if finding.line is not None:
        properties |= {"line": finding.line, "col": finding.column, "endColumn": finding.end_column}
    properties["title"] = f"{finding.code} {finding.name}"
    pointer = finding.pointer + (finding.inner or "")
    message = finding.message + (f" ({clip(pointer, _POINTER)})" if pointer else "") + text.related(finding)
    if rule.count > 1:
        message += f"\nand {rule.count - 1:,} more: curator check --select {finding.code} lists them"
    message += f"\nwhy, and what to do: curator rule {finding.code}"
    return _command(_COMMANDS[finding.severity], properties, message)


def _failure(failure: Failure) -> str:
    properties: dict[str, object] = {"file": in_repository(failure.path)} if failure.path else {}
    if failure.line:
        properties["line"] = failure.line
    return _command("error", {**properties, "title": "curator: not everything could be checked"}, failure.message)


def _command(name: str, properties: dict[str, object], message: str) -> str:
    written = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    lines = (_data(text.visible(line)) for line in message.split("\n"))
    return f"::{name} {written}::{'%0A'.join(lines)}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(text.visible(value)).replace(":", "%3A").replace(",", "%2C")


def _inert(line: str) -> str:
    """A line of the log in which the runner finds no command: neither `::` at its start nor `##[` anywhere."""
    line = line.replace("##[", "#\\#[")
    return f"\\{line}" if line.lstrip().startswith("::") else line


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{code} ({count:,})" for code, count in counts.items())
