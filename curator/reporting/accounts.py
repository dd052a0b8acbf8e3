"""Every line that was read, as a sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from curator.model import Severity
from curator.profiling.profile import Profile
from curator.reporters.text import counted
from curator.reporting.digest import Digest
from curator.reporting.document import File, Totals

_Number = TypeVar("_Number", int, float)


def totals(files: Sequence[File], splits: Sequence[Profile], found: Digest) -> Totals:
    """The sums over all files and splits, and over what was found at all targets of the run."""
    held = [profile for profile in splits if profile.records]
    tokens = [profile.tokens for profile in held]
    costs = [item.tokens.cost if item.tokens else None for item in held if item.split == "train"]
    over = [item.over_limit for item in tokens if item and item.limit]
    levels = sum(found.levels.values(), Counter[Severity]())
    return Totals(
        len(files),
        sum(file.lines for file in files),
        sum(file.lines for file in files if not file.is_lines),
        sum(file.glued for file in files),
        sum(file.records for file in files),
        sum(file.unreadable for file in files),
        sum(file.blank for file in files),
        sum(file.unread for file in files),
        _sum([item.spread.total if item else None for item in tokens]),
        sum(over) if over else None,
        _sum([cost.usd_per_epoch if cost else None for cost in costs]),
        levels[Severity.ERROR],
        found.lines.total(),
        levels[Severity.WARNING],
        levels[Severity.INFO],
    )


def _sum(values: Sequence[_Number | None]) -> _Number | None:
    """The sum of values that are all known; None for none, and where one is missing."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def sentence(sums: Totals) -> str:
    """Lines = records + unreadable + blank, with whatever else there is."""
    what = "line" if not sums.elements else "element"
    left = f"{sums.lines:,} lines and elements" if 0 < sums.elements < sums.lines else counted(sums.lines, what)
    if sums.glued:
        left += f" + {sums.glued:,} that share a line with another"
    right = f"{counted(sums.records, 'record')} + {sums.unreadable:,} unreadable + {sums.blank:,} blank"
    return f"{left} = {right}" + (f" + {sums.unread:,} not read" if sums.unread else "")
