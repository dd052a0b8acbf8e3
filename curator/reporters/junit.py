"""`junit`: JUnit XML, in which a file is a test suite and a rule that found something there is a test case."""

from __future__ import annotations

from itertools import groupby
from typing import TextIO
from xml.etree import ElementTree as ET

from curator.model import Finding, Severity
from curator.report import Failure, Report
from curator.reporters import PLAIN, Style
from curator.reporters.text import place, related, visible

_PLACES = 20
"""Findings that one test case lists, of those that fail it and of the others."""


class _Case:
    """What one rule found in one file."""

    def __init__(self, first: Finding) -> None:
        self.worst = first
        self.counts = {False: 0, True: 0}
        """Findings that fail the test, and those that do not."""
        self.listed: dict[bool, list[str]] = {False: [], True: []}

    def add(self, finding: Finding, most: int) -> None:
        """Count the finding, and list it where there are not `most` already."""
        fails = finding.severity >= Severity.ERROR
        self.counts[fails] += 1
        if finding.severity > self.worst.severity:
            self.worst = finding
        if len(self.listed[fails]) < most:
            self.listed[fails].append(f"{place(finding)}: {finding.message}{related(finding)}")


def write(report: Report, stream: TextIO, style: Style = PLAIN) -> None:
    """Write one `testsuites` element; findings are streamed, a file's test cases are kept until it ends.

    A test case fails by an error, as the exit code does unless --fail-on says otherwise; what is milder goes to its
    `system-out`. What could not be done is an `error`.
    """
    most = _PLACES if style.max_findings is None else min(_PLACES, style.max_findings)
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="curator">\n')
    for path, findings in groupby(report.findings, key=lambda finding: finding.path):
        cases: dict[str, _Case] = {}
        for finding in findings:
            cases.setdefault(finding.code, _Case(finding)).add(finding, most)
        _suite(stream, path, [_element(path, case) for _, case in sorted(cases.items())])
    for item in report.inputs:
        if item.path not in report.findings.worst:
            _suite(stream, item.path, [_named("no findings", item.path)])
    if report.failures:
        _suite(stream, "curator", [_failed(failure) for failure in report.failures])
    stream.write("</testsuites>\n")


def _suite(stream: TextIO, name: str, cases: list[ET.Element]) -> None:
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
    }
    suite = ET.Element("testsuite", {"name": visible(name), **{key: str(count) for key, count in counts.items()}})
    suite.extend(cases)
    ET.indent(suite, level=1)
    stream.write(f"  {ET.tostring(suite, encoding='unicode')}\n")


def _element(path: str, case: _Case) -> ET.Element:
    finding = case.worst
    element = _named(f"{finding.code} {finding.name}", path, finding.line)
    if case.counts[True]:
        failure = ET.SubElement(element, "failure", {"message": visible(finding.message), "type": finding.code})
        failure.text = _listing(case, True)
    if case.counts[False]:
        ET.SubElement(element, "system-out").text = _listing(case, False)
    return element


def _listing(case: _Case, fails: bool) -> str:
    lines = case.listed[fails]
    more = case.counts[fails] - len(lines)
    code = case.worst.code
    rest = [f"{'and ' if lines else ''}{more:,} more: --select {code} --output-format concise"] if more else []
    return "\n".join(map(visible, [*lines, *rest, f"why, and what to do: curator rule {code}"]))


def _named(name: str, path: str, line: int | None = None) -> ET.Element:
    """A test case; `file` and `line` are no part of JUnit, but what shows it (GitLab, Jenkins) reads them."""
    at = {"line": str(line)} if line is not None else {}
    return ET.Element("testcase", {"classname": visible(path), "name": visible(name), "file": visible(path), **at})


def _failed(failure: Failure) -> ET.Element:
    element = _named(failure.code or "could not be checked", failure.path or "curator", failure.line or None)
    ET.SubElement(element, "error", {"message": visible(failure.message), "type": failure.code or "input"})
    return element
