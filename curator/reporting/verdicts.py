"""The verdict for a target: one sentence, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from curator import formats, targets
from curator.catalogue import Rule
from curator.model import Severity
from curator.report import Input, Report
from curator.reporters.text import counted
from curator.reporting.digest import Digest
from curator.reporting.document import Verdict

_NAMED = 3  # rules that a verdict names


def verdicts(report: Report, found: Digest, rules: Mapping[str, Rule]) -> list[Verdict]:
    """One verdict for each target of the run."""
    if not report.inputs:
        why = report.failures[0].message if report.failures else "No data file was found."
        return [
            Verdict("", "", [], "incomplete" if report.failures else "empty", "Nothing was checked.", why, 0, 0, 0, 0)
        ]
    names = dict.fromkeys(item.target for item in report.inputs)
    return [_verdict(name, [i for i in report.inputs if i.target == name], report, found, rules) for name in names]


def _verdict(name: str, inputs: Sequence[Input], report: Report, found: Digest, rules: Mapping[str, Rule]) -> Verdict:
    levels = found.levels.get(name, Counter())
    errors, warnings, remarks = (levels.get(level, 0) for level in (Severity.ERROR, Severity.WARNING, Severity.INFO))
    datasets = len({item.dataset for item in inputs})
    of = "a dataset" if datasets == 1 else f"{datasets:,} datasets"
    records, lines = sum(item.records for item in inputs), found.lines[name]
    unread = sum(item.records for item in inputs if not formats.understood(item.format))
    profile = targets.targets()[name]
    title = profile.title or name
    models = list(dict.fromkeys(item.model for item in inputs if item.model))
    if not records:
        outcome, sentence = "empty", "Nothing to train on: no record could be read."
        why = _because(name, Severity.ERROR, found, rules) or "The files hold no data."
    elif report.failures:
        outcome = "incomplete"
        sentence = f"No verdict: {counted(len(report.failures), 'thing')} could not be checked."
        why = f"First: {report.failures[0].message}."
        if errors:
            why += f" What was checked has {counted(errors, 'error')}: {_because(name, Severity.ERROR, found, rules)}"
    elif errors:
        where = f" on {counted(lines, 'line')}" if lines else ""
        outcome = "errors"
        sentence = f"Not ready: {counted(errors, 'error')}{where}, in {of} of {counted(records, 'record')}."
        why = _because(name, Severity.ERROR, found, rules)
    elif unread:
        of = f"{unread:,} of {counted(records, 'record')}" if unread < records else counted(records, "record")
        outcome, sentence = "incomplete", f"No verdict: what is inside {of} was not checked."
        names = dict.fromkeys(item.format for item in inputs if item.format and not formats.understood(item.format))
        why = f"No rule reads the format {', '.join(names)}." if names else "Their format is not known."
        if warnings or remarks:
            why += f" Found: {_because(name, Severity.WARNING if warnings else Severity.INFO, found, rules)}"
    elif warnings:
        outcome = "warnings"
        among = f"{counted(warnings, 'warning')} in {counted(records, 'record')}"
        sentence = f"Can be trained on, with care: no errors, but {among}."
        why = _because(name, Severity.WARNING, found, rules)
    elif remarks:
        outcome, sentence = "remarks", f"Ready: no errors and no warnings in {counted(records, 'record')}."
        why = f"{counted(remarks, 'remark')} worth knowing: {_because(name, Severity.INFO, found, rules)}"
    else:
        outcome, sentence = "clean", f"Ready: nothing was found in {counted(records, 'record')}."
        why = "Whatever no rule looked at stands below."
    return Verdict(name, title, models, outcome, sentence, why, errors, warnings, remarks, lines)


def _because(name: str, level: Severity, found: Digest, rules: Mapping[str, Rule]) -> str:
    """The rules behind a verdict with their findings of that level, the most frequent first."""
    graded = found.graded.get(name, Counter())
    counts = {code: count for (severity, code), count in graded.items() if severity == level}
    codes = sorted(counts, key=lambda code: (-counts[code], code))
    if not codes:
        return ""
    parts = [f"{code} {rules[code].name if code in rules else ''} ({counts[code]:,})" for code in codes[:_NAMED]]
    more = f" and {counted(len(codes) - _NAMED, 'other rule')}" if len(codes) > _NAMED else ""
    return f"{', '.join(parts)}{more}."
