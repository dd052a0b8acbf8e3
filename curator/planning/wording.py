"""What the forms of a plan for people share: its headings, its first words, and values as they are shown."""

from __future__ import annotations

from typing import Any

from curator import formats
from curator.findings import clip
from curator.planning.advice import TrainingPlan
from curator.reporters.json import dumps
from curator.reporters.text import counted, visible

HEADINGS = {
    "data": "Is there enough?",
    "training": "How to train",
    "cost": "What it costs",
    "inference": "How to call the tuned model",
    "history": "How it was measured once",
}
LABELS_SHOWN = 12
_VALUE = 160  # code points of a value; all of it stands in the JSON, and in the code


def shown(value: Any) -> str:
    """A value on one line, in which nothing can act on a terminal."""
    if value is None:
        return "–"
    if isinstance(value, bool | int):
        return f"{value:,}" if not isinstance(value, bool) else str(value)
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    if isinstance(value, dict):
        return visible(clip(dumps(value), _VALUE))
    if isinstance(value, list):
        return visible(clip(" or ".join(map(repr, value)), _VALUE))
    return visible(repr(value) if value != value.strip() or "\n" in value else value)


def about(plan: TrainingPlan) -> str:
    """What the dataset is, and for which model the plan is."""
    model = f", {plan.model}" + ("" if plan.model_named else " (default model)") if plan.model else ""
    task = f", {plan.task}" if plan.task else ""
    return visible(f"{plan.format or 'no known format'}{task}, for {plan.target}{model}")


def verdict(plan: TrainingPlan) -> str:
    """Whether the data is clean, in one sentence."""
    warnings = f" and {counted(plan.warnings, 'warning')}" if plan.warnings else ""
    if plan.errors:
        them = "it" if plan.errors + plan.warnings == 1 else "them"
        return f"Not clean: {counted(plan.errors, 'error')}{warnings}. Mend {them} first:"
    unread = "" if formats.understood(plan.format) else "; what is inside the records was not checked"
    if plan.warnings:
        return f"No errors, but {counted(plan.warnings, 'warning')} to look at{unread}:"
    return f"{'No' if unread else 'Clean: no'} errors and no warnings{unread}."


def files(plan: TrainingPlan) -> list[str]:
    """A line for each split: its files, records and tokens."""
    lines = []
    for split in plan.splits:
        unreadable = f", {split.unreadable:,} unreadable" if split.unreadable else ""
        tokens = f", {split.tokens:,} tokens" if split.tokens is not None else ""
        records = counted(split.records, "record")
        lines.append(visible(f"{split.name}: {', '.join(split.paths)}: {records}{unreadable}{tokens}"))
    return lines
