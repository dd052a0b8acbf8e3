"""`sarif`: SARIF 2.1.0, which code scanning, editors and dashboards read."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any, TextIO
from urllib.parse import quote

from curator import __version__, pages
from curator.catalogue import Rule
from curator.edits import Fix, RenameKey, Replace, ReplaceText
from curator.findings import clip
from curator.model import Finding, Severity
from curator.report import Failure, Input, Report
from curator.reporters import PLAIN, Style, described, hidden, in_repository, listed
from curator.reporters.fingerprints import Fingerprints
from curator.reporters.json import dumps
from curator.reporters.text import other, visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SHOWN = 120  # code points of a pointer, a reason, or of what a fix puts in; a text may have a million


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write one SARIF log with one run; rules are those that found something, results are streamed."""
    rules = described(report, style)
    driver = {"name": "curator", "version": __version__, "rules": [_rule(code, rule) for code, rule in rules.items()]}
    invocation = {
        "executionSuccessful": not report.failures,
        "toolExecutionNotifications": _notifications(report, style, list(rules)),
    }
    stream.write(f'{{"$schema": {dumps_text(SCHEMA)},\n "version": "2.1.0",\n "runs": [{{\n')
    stream.write(f'  "tool": {dumps({"driver": driver})},\n  "columnKind": "unicodeCodePoints",\n')
    stream.write(f'  "invocations": {dumps([invocation])},\n')
    stream.write(f'  "artifacts": {dumps([_artifact(item) for item in report.inputs])},\n  "results": [')
    index = {code: number for number, code in enumerate(rules)}
    fingerprints = Fingerprints()
    for number, finding in enumerate(listed(report, style)):
        stream.write(",\n   " if number else "\n   ")
        stream.write(dumps(_result(finding, index[finding.code], fingerprints.next(finding))))
    stream.write("]}]}\n")


def _rule(code: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": code}
    why = " ".join(rule.card.why.split())
    without_examples = replace(rule, card=replace(rule.card, examples=()))
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.name.replace("-", " ")},
        "fullDescription": {"text": why},
        "help": {"text": f"{why} More: curator rule {code}", "markdown": pages.page(without_examples)},
        # The format wants an absolute address here.
        **({"helpUri": rule.url} if "://" in rule.url else {}),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.family]},
    }


def _notifications(report: Report, style: Style, codes: list[str]) -> list[dict[str, Any]]:
    found = [_failed(failure, codes) for failure in report.failures]
    found += [
        {"level": "note", "message": {"text": visible(f"not checked: {note.what}: {note.why}")}}
        for note in report.not_checked
    ]
    if count := hidden(report, style):
        text = f"{count:,} more findings are left out of the results; a higher --max-findings shows them"
        found.append({"level": "note", "message": {"text": text}})
    return found


def _failed(failure: Failure, codes: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"level": "error", "message": {"text": visible(failure.message)}}
    if failure.path:
        found["locations"] = [{"physicalLocation": _physical(failure.path, failure.line or None)}]
    if failure.code:
        rule = {"id": failure.code, **({"index": codes.index(failure.code)} if failure.code in codes else {})}
        found["associatedRule"] = rule
    return found


def _artifact(item: Input) -> dict[str, Any]:
    return {"location": {"uri": uri(item.path)}, "length": item.bytes, "roles": ["analysisTarget"]}


def _result(finding: Finding, rule_index: int, fingerprint: str) -> dict[str, Any]:
    physical = _physical(finding.path, finding.line)
    if finding.line is not None and not _counts_bytes(finding):
        physical["region"] |= {"startColumn": finding.column, "endColumn": finding.end_column}
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.pointer:
        kind = "property" if finding.at == "key" else "value"
        name = visible(clip(finding.pointer + (finding.inner or ""), _SHOWN))
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": kind}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [location],
        # The second name is the one by which code scanning follows a result from commit to commit.
        "partialFingerprints": {"curatorFinding/v1": fingerprint, "primaryLocationLineHash": fingerprint},
    }
    if finding.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _physical(place.path, place.line),
                "message": {"text": f"see {other(finding, place)}"},
            }
            for number, place in enumerate(finding.related, 1)
        ]
    if finding.suppressed:
        why = visible(clip(finding.suppressed.reason, _SHOWN))
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    if fix := _fix(finding):
        result["fixes"] = [fix]
    return result


def _physical(path: str, line: int | None) -> dict[str, Any]:
    where: dict[str, Any] = {"artifactLocation": {"uri": uri(path)}}
    if line is not None:
        where["region"] = {"startLine": line}
    return where


def uri(path: str) -> str:
    """The path as a relative reference (an absolute one as a file URI), percent-encoded byte for byte."""
    path = in_repository(path)
    try:
        encoded = quote(os.fsencode(path))
    except UnicodeEncodeError:  # half a surrogate pair that stands for no byte
        encoded = quote(path.encode("utf-8", "surrogatepass"))
    return f"file://{encoded}" if path.startswith("/") else encoded


def _counts_bytes(finding: Finding) -> bool:
    """Whether the columns are bytes, because the line does not decode: SARIF has no way to say so."""
    return finding.at == "line" and bool(finding.values.get("byte"))


def _message(finding: Finding) -> str:
    """The message, with a link to the first related location."""
    if not finding.related:
        return _without_links(finding.message) if "](" in finding.message else finding.message
    return f"{_without_links(finding.message)} [see {_without_links(other(finding, finding.related[0]))}](1)"


def _without_links(message: str) -> str:
    """The message with its brackets escaped: SARIF takes `[text](place)` for a link."""
    return message.replace("[", "\\[").replace("]", "\\]")


def _fix(finding: Finding) -> dict[str, Any] | None:
    """The fix, where it is one replacement of just the span that the finding points at; else None.

    The other edits (drop the line, rewrite the file, change another place) cannot be told as columns
    without reading the file again.
    """
    if finding.fix is None or not finding.fixable or finding.line is None:
        return None
    found = _replacement(finding, finding.fix)
    if found is None or len(found[1]) > _SHOWN:
        return None
    start, text = found
    region = {"startLine": finding.line, "startColumn": start, "endColumn": finding.end_column}
    change = {
        "artifactLocation": {"uri": uri(finding.path)},
        "replacements": [{"deletedRegion": region, "insertedContent": {"text": text}}],
    }
    return {"description": {"text": visible(finding.fix.title)}, "artifactChanges": [change]}


def _replacement(finding: Finding, fix: Fix) -> tuple[int, str] | None:
    """What stands in the raw line after the fix, from which column to the finding's end; None if that is not known."""
    if len(fix.edits) != 1 or finding.inner is not None:
        return None
    match fix.edits[0]:
        case ReplaceText(finding.pointer, start, end, text) if finding.span and finding.at == "value":
            if finding.span == (start, end):
                return finding.column, dumps_text(text)[1:-1]
            if start == end == finding.span[1]:
                return finding.end_column, dumps_text(text)[1:-1]
        # An object may span lines, where only its first line is the finding's region; a text never does.
        case Replace(finding.pointer, str(text)) if finding.at == "value" and _marks_a_text(finding):
            return finding.column, dumps_text(text)
        case RenameKey(finding.pointer, name) if finding.at == "key":
            return finding.column, dumps_text(name)
    return None


def _marks_a_text(finding: Finding) -> bool:
    return finding.span is None and finding.excerpt is not None and finding.excerpt[1].startswith('"')


def dumps_text(text: str) -> str:
    """The text as a JSON string."""
    return json.dumps(text, ensure_ascii=not text.isprintable())
