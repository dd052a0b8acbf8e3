"""Ways to show a report: one module per output format, each with `write(report, stream, style)`."""

from __future__ import annotations

import heapq
import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TextIO

from curator import catalogue
from curator.catalogue import Rule
from curator.model import Finding
from curator.report import Report

FORMATS = ("concise", "full", "grouped", "json", "json-lines", "github", "gitlab", "sarif", "junit", "markdown")


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is to be written."""

    color: bool = False
    quiet: bool = False
    """Findings only, no summary."""
    max_findings: int | None = None
    """Show no more than these; totals count all of them nevertheless."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """By code, for formats that describe rules; the bundled ones need not be given."""
    verbose: bool = False
    """List suppressed findings, too."""
    tried: frozenset[str] = frozenset()
    """The fixes (safe, unsafe) that this run has applied already: none of those that are left is to be had by them."""


PLAIN = Style()
Reporter = Callable[[Report, TextIO, Style], None]


def reporter(name: str) -> Reporter:
    """The writer of a format of FORMATS."""
    write: Reporter = importlib.import_module(f"curator.reporters.{name.replace('-', '_')}").write
    return write


def shown(report: Report, style: Style) -> Iterator[Finding]:
    """The findings in order, no more of them than the style allows."""
    return islice(report.findings, style.max_findings)


def listed(report: Report, style: Style) -> Iterator[Finding]:
    """What `shown` gives, and suppressed findings in their places: for formats that mark those."""
    suppressed = islice(report.suppressed, style.max_findings)
    return heapq.merge(shown(report, style), suppressed, key=lambda finding: finding.order)


def hidden(report: Report, style: Style) -> int:
    """How many findings `shown` leaves out."""
    return 0 if style.max_findings is None else max(0, len(report.findings) - style.max_findings)


def in_repository(path: str) -> str:
    """The path as a repository knows it: with slashes, and without `./` and other detours."""
    return os.path.normpath(path).replace(os.sep, "/")


def described(report: Report, style: Style) -> dict[str, Rule | None]:
    """The rules that found or had found something, by code; None for one whose card is not at hand."""
    known = {**catalogue.load().rules, **style.rules}
    return {code: known.get(code) for code in sorted(report.findings.by_code | report.suppressed.by_code)}
