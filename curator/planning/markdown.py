"""A plan as a page of Markdown, for a pull request or a folder of runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TextIO

from curator.findings import clip
from curator.planning.advice import Advice, Label, Plans, TrainingPlan
from curator.planning.wording import HEADINGS, LABELS_SHOWN, about, files, shown, verdict
from curator.reporters.text import visible

_HEAD = ("what", "value", "why", "source")
_CELL = 200  # code points


def write(plans: Plans, stream: TextIO) -> None:
    """Write a chapter for each plan.

    Whatever comes from data, paths or settings stands in code spans and fenced blocks only, where nothing is a link
    or HTML.
    """
    stream.write("\n\n".join(_page(plan) for plan in plans.plans) + "\n")


def _page(plan: TrainingPlan) -> str:
    parts = [
        f"## Training plan: {_code(plan.dataset)}",
        _code(about(plan)),
        _fenced(files(plan)),
        f"**{verdict(plan)}**",
    ]
    if plan.errors or plan.warnings:
        parts.append(_fenced([plan.command], "sh"))
    for section, advice in plan.sections.items():
        parts += [
            f"### {HEADINGS[section]}",
            _table(("what", "value", "why", "source"), [_row(item) for item in advice]),
        ]
        if section == "inference" and plan.labels:
            parts += ["Labels as they are trained:", _labels(plan.labels)]
    if plan.snippet:
        parts += ["### In Python", _fenced(plan.snippet.splitlines(), "python")]
    if plan.unsaid:
        parts += ["### What this plan does not say", "\n".join(f"- {_text(text)}" for text in plan.unsaid)]
    return "\n\n".join(parts)


def _row(item: Advice) -> tuple[str, ...]:
    return _code(item.name), _code(shown(item.value)), _text(item.why), _text(item.source)


def _labels(labels: tuple[Label, ...]) -> str:
    rows = [
        (_code(repr(label.written)), f"{label.count:,}", ", ".join(map(str, label.tokens)))
        for label in labels[:LABELS_SHOWN]
    ]
    more = f"\n\nAnd {len(labels) - LABELS_SHOWN:,} more: `--format json` lists all."
    return _table(("label", "count", "tokens"), rows) + (more if len(labels) > LABELS_SHOWN else "")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def _code(value: str) -> str:
    """A code span that also a table takes; a dash for nothing."""
    text = clip(visible(value), _CELL).replace("`", "\\x60").replace("|", "\\x7c")
    return f"`{text}`" if text.strip() else "–"


def _text(value: str) -> str:
    """Our own words, in which labels and paths may stand: nothing of them is markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!@])", r"\\\1", visible(value))


def _fenced(lines: list[str], language: str = "text") -> str:
    """A code block that no line of it can end."""
    kept = [visible(line) for line in lines]
    longest = max((len(run) for line in kept for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *kept, fence])
