"""All findings of a run in one pass: counts, samples, clusters, and the lines and calls that have any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from curator.catalogue import Rule
from curator.model import Finding, Severity
from curator.report import Report

SAMPLES = 3
_ARGUMENTS = ("arguments.", "conformance.")
"""Checks of the arguments of calls; those of their order and spacing are habits, and judge no call."""


@dataclass(slots=True)
class Found:
    """What one rule found."""

    levels: Counter[Severity] = field(default_factory=Counter)
    samples: list[Finding] = field(default_factory=list)
    """The first of each of the first few messages."""
    others: list[Finding] = field(default_factory=list)
    groups: Counter[int] = field(default_factory=Counter)
    """Findings of each cluster, by a hash of its name."""
    fixable: int = 0
    titles: set[str] = field(default_factory=set)
    """What the first two different fixes would do."""

    def add(self, finding: Finding) -> None:
        self.levels[finding.severity] += 1
        self.fixable += finding.fixable
        if finding.fix is not None and len(self.titles) < 2:
            self.titles.add(finding.fix.title)
        if finding.group is not None and finding.related:  # else it is of one record, or of one label
            self.groups[hash(finding.group)] += 1
        if len(self.samples) < SAMPLES:
            is_new = all(finding.message != sample.message for sample in self.samples)
            (self.samples if is_new else self.others).append(finding)
            del self.others[SAMPLES:]

    def shown(self) -> list[Finding]:
        """Three samples, in different words where there are such, in order."""
        return sorted([*self.samples, *self.others][:SAMPLES], key=lambda finding: finding.order)


@dataclass(slots=True)
class Digest:
    """What a run found, by rule and by target."""

    rules: dict[str, Found] = field(default_factory=dict)
    levels: dict[str, Counter[Severity]] = field(default_factory=dict)
    """Findings by target."""
    codes: dict[str, Counter[str]] = field(default_factory=dict)
    """By target."""
    graded: dict[str, Counter[tuple[Severity, str]]] = field(default_factory=dict)
    """By target, severity and rule: one rule may find errors and warnings."""
    lines: Counter[str] = field(default_factory=Counter)
    """Lines with an error, by target."""
    invalid: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Calls whose arguments have a finding, by path and the function's name as messages clip it."""


def digest(report: Report, targets: Mapping[str, str], rules: Mapping[str, Rule]) -> Digest:
    """The findings of a report; `targets` says whose rules hold for each path."""
    found = Digest()
    arguments = {code for code, rule in rules.items() if rule.card.check.startswith(_ARGUMENTS)}
    line: tuple[str, int | None] = ("", None)
    calls: set[str] = set()
    counted = True
    for finding in report.findings:  # in order of path and line
        target = targets.get(finding.path, "")
        found.rules.setdefault(finding.code, Found()).add(finding)
        found.levels.setdefault(target, Counter())[finding.severity] += 1
        found.codes.setdefault(target, Counter())[finding.code] += 1
        found.graded.setdefault(target, Counter())[finding.severity, finding.code] += 1
        if (finding.path, finding.line) != line:
            line, counted = (finding.path, finding.line), False
            calls.clear()
        if finding.severity == Severity.ERROR and finding.line is not None and not counted:
            found.lines[target] += 1
            counted = True
        if finding.code in arguments and isinstance(name := finding.values.get("function"), str):
            call = f"{finding.pointer}{finding.inner or ''}".partition("/arguments")[0]
            if call not in calls:
                calls.add(call)
                found.invalid[finding.path, name] += 1
    return found
