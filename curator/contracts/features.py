"""What a contract looks at in each record, and what it calls it.

Numbers, yes or no, and names (`naming`): never a text of the data itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from curator.answers import label_turn
from curator.contracts.naming import name
from curator.conventions import SYSTEM_ROLES, Conventions
from curator.endings import SETTLED
from curator.formats import kind
from curator.model import Example
from curator.tokens import Tokenizer

FEWEST = 20
"""Ours: of fewer records there is nothing to learn, and no habit or quantile to judge."""
YES, NO = "yes", "no"
VERSION = 1
"""Of the features: counted up when one of them comes to mean something else."""

FLAG = "rule_"
"""Features of this beginning say whether a rule speaks of the record."""
HABIT = "habit_"
"""Features of this beginning say what the record's file does as a habit."""

FEATURES = {
    "readable": "is a record (a JSON object)",
    "in_format": "is in the format of the dataset",
    "tokens": "tokens of the whole record",
    "turns": "turns of the conversation",
    "roles": "roles that speak, in the order of their first turn",
    "prompt_chars": "characters before the answer",
    "answer_chars": "characters of the answer",
    "has_system": "has a system prompt",
    "label": "label",
    "has_label": "has one answer, which may be a label",
    "calls": "calls of functions",
    "declared": "functions that are declared",
    "new_functions": "functions called that the good data never call",
    "new_declared": "functions declared that the good data never declare",
    "ends_with_separator": "the prompt ends with the separator",
    "ends_with_stop": "the answer ends with the stop sequence",
    "identity": "records (by a digest)",
    "copy": "is a copy of an earlier record",
    "answer": "answers that are no labels",
    "new_errors": "rules that find an error, and found nothing in the good data",
    "new_warnings": "rules that warn, and found nothing in the good data",
}
"""Every feature of a record, but for flags and habits, with what it says."""

NUMBERS = ("tokens", "turns", "prompt_chars", "answer_chars", "calls", "declared")
"""Those of the features that are numbers; the others are names, or yes and no."""

HABITS = {
    "task": "kind of task",
    "separator": "separator at the end of prompts",
    "stop": "stop sequence at the end of answers",
    "space": "white space at the beginning of answers",
    "system": "system prompts",
    "json": "answers as JSON",
    "arguments": "spacing in the arguments of calls",
    "keys": "extra keys of records",
    "findings": "rules that find an error in the whole dataset, and found none in the good data",
}
"""What a dataset does as a habit, with what it is."""


_SPACES = {" ": "a space", "\n": "a line break", "\t": "a tab"}


@dataclass(frozen=True, slots=True)
class Reference:
    """What features are measured by: habits of the good data, texts as they are."""

    format: str
    encoding: str
    """The tokenizer that tokens are counted with."""
    classification: bool = False
    separators: tuple[str, ...] = ()
    stop: str = ""
    called: frozenset[str] | None = None
    """Names of the functions that the good data call; None while they are being learned."""
    declared: frozenset[str] | None = None
    rules: frozenset[str] | None = None
    """Codes of the rules that spoke of the good data."""
    whole: frozenset[str] | None = None
    """Codes of those that spoke of the good data as a whole."""
    ran: frozenset[str] = frozenset()
    """Codes of the rules that were asked; others say nothing here, so that an upgrade breaks no contract."""


def reference(found: Conventions, encoding: str, ran: frozenset[str]) -> Reference:
    """What the good data are measured by, to begin with."""
    return Reference(
        found.format,
        encoding,
        found.task == "classification",
        tuple(ending.text for ending in found.separators) if found.separator_share >= SETTLED else (),
        found.stop.text if found.stop and found.stop.share >= SETTLED else "",
        ran=ran,
    )


def describe(example: Example, known: Reference, tokenizer: Tokenizer) -> dict[str, Any]:
    """The features of one readable record, without those that findings tell; None where one does not apply."""
    row: dict[str, Any] = {
        "readable": YES,
        "in_format": _said(bool(example.turns)),
        "identity": _digest(example.canonical),
    }
    if not example.turns:
        return row
    row["tokens"] = tokenizer.example(example)
    answer = example.answer
    row["prompt_chars"] = sum(len(turn.text) for turn in example.before_answer)
    row["answer_chars"] = len(answer.text) if answer else None
    if known.classification:
        turn = label_turn(example)
        row["label"] = name(_label(turn.text, known.stop)) if turn else None
        row["has_label"] = _said(turn is not None)
    elif answer and answer.text:
        row["answer"] = _digest(answer.text.encode("utf-8", "surrogatepass"))
    if example.kind == "completion":
        if known.separators and (prompt := "".join(turn.text for turn in example.before_answer)):
            row["ends_with_separator"] = _said(prompt.endswith(known.separators))
        if known.stop and answer:
            row["ends_with_stop"] = _said(answer.text.endswith(known.stop))
        return row
    roles = [turn.role for turn in example.turns]
    row["turns"] = len(roles)
    row["roles"] = " ".join(name(role) for role in dict.fromkeys(roles))
    row["has_system"] = _said(any(role in SYSTEM_ROLES for role in roles))
    called = [call.name for turn in example.turns for call in turn.calls]
    declared = [tool.name for tool in example.tools]
    row["calls"], row["declared"] = len(called), len(declared)
    row["new_functions"] = _others(called, known.called)
    row["new_declared"] = _others(declared, known.declared)
    return row


def habits(found: Conventions) -> dict[str, str | None]:
    """What a dataset does as a habit, by name; None for what does not apply, or where its records are too few."""
    if found.sampled < FEWEST:
        return {}
    shared: dict[str, str | None] = {
        # Where labels are expected, few records do not show that they are labels: `label` says it of each.
        "task": name(found.task) if found.task == "generation" or "task" not in found.pinned else None,
        "json": "yes" if found.json_share >= SETTLED else "no",
        "keys": ", ".join(sorted(map(name, found.metadata))) or name(""),
    }
    if kind(found.format) != "completion":
        spacing = found.calls.settled_spacing or "varies"
        return shared | {"system": _systems(found), "arguments": spacing if found.calls.spacing else None}
    stop = found.stop.text if found.stop and found.stop.share >= SETTLED else ""
    separators = sorted(ending.text for ending in found.separators) if found.separator_share >= SETTLED else []
    return shared | {
        "separator": ", ".join(map(name, separators)) or name(""),
        "stop": name(stop),
        "space": _SPACES.get(space := found.leading.text if found.leading else "", name(space)),
    }


def _systems(found: Conventions) -> str:
    """The system prompt that most records have; `varies` where none is."""
    usual = found.systems[0] if found.systems else None
    return name(usual.text) if usual is not None and usual.share >= SETTLED else "varies"


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def _said(fact: bool) -> str:
    return YES if fact else NO


def _label(text: str, stop: str) -> str:
    return text.removesuffix(stop).lstrip() if stop else text.lstrip()


def _others(names: list[str], known: frozenset[str] | None) -> str:
    """The names that are not known, as one name; "" where all are."""
    if known is None or known.issuperset(names):
        return ""
    return ", ".join(name(other) for other in dict.fromkeys(names) if other not in known)


def from_findings(errors: frozenset[str], warnings: frozenset[str], known: Reference) -> dict[str, str]:
    """The features that the findings of one record tell, by the codes of its errors and of its warnings."""
    if known.rules is None:
        return {"new_errors": "", "new_warnings": ""}
    return {
        "new_errors": " ".join(sorted((errors & known.ran) - known.rules)),
        "new_warnings": " ".join(sorted((warnings & known.ran) - known.rules)),
    }
