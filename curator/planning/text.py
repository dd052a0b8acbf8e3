"""A plan for a terminal."""

from __future__ import annotations

import textwrap
from typing import TextIO

from curator.findings import clip
from curator.planning.advice import Advice, Label, Plans, TrainingPlan
from curator.planning.wording import HEADINGS, LABELS_SHOWN, about, files, shown, verdict
from curator.reporters.text import visible

_WIDTH = 110
_LABEL = 40  # code points


def write(plans: Plans, stream: TextIO) -> None:
    """Write each plan: whether the data is clean, then the advice by section, then the code."""
    for number, plan in enumerate(plans.plans):
        stream.write("\n" * bool(number) + "\n".join(_lines(plan)) + "\n")


def _lines(plan: TrainingPlan) -> list[str]:
    lines = [f"{visible(plan.dataset)}: {about(plan)}", *(f"  {line}" for line in files(plan)), "", verdict(plan)]
    if plan.errors or plan.warnings:
        lines.append(f"  {visible(plan.command)}")
    for section, advice in plan.sections.items():
        lines += ["", HEADINGS[section]]
        for item in advice:
            lines += _advice(item)
        if section == "inference" and plan.labels:
            lines += _labels(plan.labels)
    if plan.snippet:
        lines += ["", "In Python", *(f"  {line}".rstrip() for line in plan.snippet.splitlines())]
    if plan.unsaid:
        lines += ["", "What this plan does not say"]
        lines += [part for text in plan.unsaid for part in _wrapped(f"- {visible(text)}", "  ", "    ")]
    return lines


def _advice(item: Advice) -> list[str]:
    source = f" [{item.source}]" if item.source else ""
    return [f"  {item.name}: {shown(item.value)}", *_wrapped(visible(item.why) + source, " " * 6, " " * 6)]


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )


def _labels(labels: tuple[Label, ...]) -> list[str]:
    lines = ["  labels as they are trained:"]
    for label in labels[:LABELS_SHOWN]:
        word = "token" if len(label.tokens) == 1 else "tokens"
        tokens = f", {word} {', '.join(map(str, label.tokens))}" if label.tokens else ""
        lines.append(f"      {visible(clip(repr(label.written), _LABEL))}: {label.count:,}{tokens}")
    if len(labels) > LABELS_SHOWN:
        lines.append(f"      and {len(labels) - LABELS_SHOWN:,} more: --format json lists all")
    return lines
