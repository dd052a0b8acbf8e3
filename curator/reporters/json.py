"""`json`: one document, version 1, stable; findings are streamed, one a line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, TextIO

import orjson

from curator import __version__
from curator.conventions import Conventions
from curator.edits import Edit
from curator.model import Finding, Severity
from curator.report import Failure, Input, Report
from curator.reporters import PLAIN, Style, hidden, listed


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write the whole report as JSON."""
    stream.write(f'{{"version": 1,\n "tool": {dumps({"name": "curator", "version": __version__})},\n "inputs": [')
    stream.write(",\n   ".join(dumps(plain_input(item)) for item in report.inputs))
    stream.write(f'],\n "summary": {dumps(plain_summary(report, style))},\n "findings": [')
    for index, finding in enumerate(listed(report, style)):
        stream.write(",\n   " if index else "\n   ")
        stream.write(dumps(plain_finding(finding)))
    not_checked = [dataclasses.asdict(item) for item in report.not_checked]
    errors = [plain_failure(item) for item in report.failures]
    stream.write(f'],\n "not_checked": {dumps(not_checked)},\n "errors": {dumps(errors)}}}\n')


def plain_summary(report: Report, style: Style) -> dict[str, Any]:
    """The totals, of which `hidden` are left out of the findings by --max-findings."""
    return {
        **{str(level): report.findings.by_severity[level] for level in sorted(Severity, reverse=True)},
        "suppressed": len(report.suppressed),
        "fixable": report.findings.fixable,
        "hidden": hidden(report, style),
        "by_code": dict(sorted(report.findings.by_code.items())),
    }


def plain_input(item: Input) -> dict[str, Any]:
    """One file of the run as plain data."""
    return {
        "path": item.path,
        "dataset": item.dataset,
        "split": item.split,
        "format": item.format or None,
        "target": item.target,
        "model": item.model,
        "bytes": item.bytes,
        "records": item.records,
        "unreadable": item.unreadable,
        "conventions": plain_conventions(item.conventions),
        "tokens": dataclasses.asdict(item.tokens) if item.tokens else None,
    }


def plain_conventions(found: Conventions) -> dict[str, Any]:
    """Conventions as plain data: texts, and the share of the records that follow each."""
    return {
        "task": found.task or None,
        "separators": [ending.text for ending in found.separators],
        "stop": found.stop.text if found.stop else None,
        "labels": dict(found.labels),
        "shares": {
            "separators": [ending.share for ending in found.separators],
            "stop": found.stop.share if found.stop else None,
        },
        "sampled": found.sampled,
        "pinned": sorted(found.pinned),
    }


def plain_finding(finding: Finding) -> dict[str, Any]:
    """One finding as plain data."""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": str(finding.severity),
        "message": finding.message,
        "values": dict(finding.values),
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "end_column": finding.end_column,
        "pointer": finding.pointer,
        "at": finding.at,
        "span": finding.span,
        "inner": finding.inner,
        "record": finding.record,
        "group": finding.group,
        "split": finding.split,
        "related": [{"path": r.path, "line": r.line, "pointer": r.pointer} for r in finding.related],
        "fix": None
        if finding.fix is None
        else {
            "title": finding.fix.title,
            "safety": finding.safety,
            "edits": [plain_edit(edit) for edit in finding.fix.edits],
        },
        "suppressed": dataclasses.asdict(finding.suppressed) if finding.suppressed else None,
        "url": f"docs/rules/{finding.code}.md",
    }


def plain_edit(edit: Edit) -> dict[str, Any]:
    """One edit as plain data; `op` says which."""
    return {"op": edit.op, **{field.name: getattr(edit, field.name) for field in dataclasses.fields(edit)}}


def plain_failure(failure: Failure) -> dict[str, Any]:
    """One thing that could not be done, as plain data."""
    return {
        "message": failure.message,
        "path": failure.path or None,
        "line": failure.line or None,
        "code": failure.code or None,
    }


def dumps(value: Mapping[str, Any] | list[Any]) -> str:
    """Compact JSON on one line, in which whatever a terminal could act on, or no encoding takes, is an escape."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, TypeError):  # half a surrogate pair, or an integer beyond 64 bits
        text = json.dumps(value, default=str)
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
