"""Every line that was read, as a sum."""

from __future__ import annotations

from collections.abc import Sequence

from curator.profiling.profile import Profile
from curator.reporters.text import counted
from curator.reporting.document import File, Totals


def totals(files: Sequence[File], splits: Sequence[Profile]) -> Totals:
    """The sums over all files and splits."""
    tokens = [profile.tokens for profile in splits]
    known = [item for item in tokens if item is not None]
    costs = [item.cost for item in known if item.cost is not None]
    return Totals(
        len(files),
        sum(file.lines for file in files),
        sum(file.lines for file in files if not file.is_lines),
        sum(file.glued for file in files),
        sum(file.records for file in files),
        sum(file.unreadable for file in files),
        sum(file.blank for file in files),
        sum(file.unread for file in files),
        sum(item.spread.total for item in known) if known and None not in tokens else None,
        sum(item.over_limit for item in known) if known else None,
        sum(cost.usd_per_epoch for cost in costs) if costs else None,
    )


def sentence(sums: Totals) -> str:
    """Lines = records + unreadable + blank, with whatever else there is."""
    what = "line" if not sums.elements else "element"
    left = f"{sums.lines:,} lines and elements" if 0 < sums.elements < sums.lines else counted(sums.lines, what)
    if sums.glued:
        left += f" + {sums.glued:,} that share a line with another"
    right = f"{counted(sums.records, 'record')} + {sums.unreadable:,} unreadable + {sums.blank:,} blank"
    return f"{left} = {right}" + (f" + {sums.unread:,} not read" if sums.unread else "")
