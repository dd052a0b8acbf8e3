"""A plan as JSON, version 1, stable: `value` is null where nobody can say."""

from __future__ import annotations

import dataclasses
from typing import Any, TextIO

from curator import __version__
from curator.planning.advice import Label, Plans, TrainingPlan
from curator.reporters.json import dumps, plain_failure

VERSION = 1


def write(plans: Plans, stream: TextIO) -> None:
    """Write all plans as one document, a member of a plan on each line."""
    stream.write(
        f'{{"version": {VERSION},\n "tool": {dumps({"name": "curator", "version": __version__})},\n "plans": ['
    )
    for index, plan in enumerate(plans.plans):
        members = [f"{dumps([name])[1:-1]}: {dumps([value])[1:-1]}" for name, value in plain(plan).items()]
        stream.write((",\n  {" if index else "\n  {") + ",\n   ".join(members) + "}")
    stream.write(f'],\n "errors": {dumps([plain_failure(failure) for failure in plans.failures])}}}\n')


def plain(plan: TrainingPlan) -> dict[str, Any]:
    """One plan as plain data; advice by section and name."""
    return {
        "dataset": plan.dataset,
        "format": plan.format or None,
        "task": plan.task or None,
        "target": plan.target,
        "model": plan.model,
        "model_named": plan.model_named,
        "encoding": plan.encoding,
        "clean": plan.clean,
        "findings": {"error": plan.errors, "warning": plan.warnings, "command": plan.command},
        "splits": [dataclasses.asdict(split) for split in plan.splits],
        "labels": [_label(label) for label in plan.labels],
        **{
            section: {
                item.name: {"value": item.value, "why": item.why, "source": item.source or None} for item in advice
            }
            for section, advice in plan.sections.items()
        },
        "endpoint": plan.endpoint,
        "snippet": plan.snippet or None,
        "unsaid": list(plan.unsaid),
    }


def _label(label: Label) -> dict[str, Any]:
    return {"label": label.name, "written": label.written, "count": label.count, "tokens": list(label.tokens)}
