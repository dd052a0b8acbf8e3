"""Ways to show a report: one module per output format, each with `write(report, stream, style)`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from curator.report import Report

FORMATS = ("concise", "full", "grouped", "json")


@dataclass(frozen=True, slots=True)
class Style:
    """How text may look."""

    color: bool = False
    quiet: bool = False
    """Findings only, no summary."""


PLAIN = Style()
Reporter = Callable[[Report, TextIO, Style], None]


def reporter(name: str) -> Reporter:
    """The writer of a format of FORMATS."""
    write: Reporter = importlib.import_module(f"curator.reporters.{name}").write
    return write
