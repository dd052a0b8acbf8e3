"""Which column is what: as the user says, else by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curator.conversion import exact
from curator.conversion.cells import usable
from curator.conversion.exact import Number
from curator.conversion.refusal import Refusal, quoted
from curator.data import nearest
from curator.errors import UsageError
from curator.findings import clip

# What a record needs, and what it may have beside it: columns that are called so are taken as they are.
_FORMATS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("messages",), ("tools", "functions", "parallel_tool_calls")),
    (("conversations",), ("system", "tools", "chosen", "rejected")),
    (("input", "preferred_output", "non_preferred_output"), ()),
    (("chosen", "rejected"), ("prompt", "tools")),
    (("instruction", "output"), ("input", "system", "history", "tools")),
    (("prompt", "completion"), ("system",)),
)
FIELDS = tuple(dict.fromkeys([*(name for needed, more in _FORMATS for name in (*needed, *more)), "text"]))
_NEEDED = (frozenset(name for needed, _ in _FORMATS for name in needed) - {"input"}) | {"text", "prompt"}
_LISTS = ("messages", "conversations", "history", "preferred_output", "non_preferred_output")

# The names that such columns have, the most telling first; a text and its label come last.
_PROMPTS = (
    "prompt", "question", "instruction", "input", "query", "user", "user message", "request",
    "text", "sentence", "utterance", "review", "comment", "message",
)  # fmt: skip
_ANSWERS = (
    "completion", "answer", "output", "response", "reply", "assistant", "assistant message", "target",
    "label", "class", "category", "intent", "sentiment",
)  # fmt: skip
_SYSTEMS = ("system", "system prompt", "system message")
_SHOWN = 30
_LABELS = frozenset(("label", "intent", "sentiment"))
"""Beside a `text` these are its label; a category or a source may be said of texts that are meant as texts."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field of a record comes from."""

    columns: Mapping[str, str]
    """Field -> column."""
    guessed: bool
    """Some of it was told by the columns' names."""

    def __str__(self) -> str:
        return ", ".join(f"{field} <- {clip(column)}" for field, column in self.columns.items())

    def apply(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The record that a row makes, and its cells that are no part of it.

        Raises Refusal where a field that the record needs is empty, or holds what no JSON can.
        """
        record = {}
        for field, column in self.columns.items():
            value = _read(field, usable(row.get(column), column), column)
            if value is not None:
                record[field] = value
            elif field in _NEEDED:
                raise Refusal(f"the {field} is empty" + (f" (column {quoted(column)})" if column != field else ""))
        used = set(self.columns.values())
        return record, {column: value for column, value in row.items() if column not in used and value is not None}


def parse(texts: Sequence[str]) -> dict[str, str]:
    """Field -> column, from what --map was given. Raises UsageError for what is no FIELD=COLUMN."""
    parts: list[str] = []
    for text in texts:
        for part in text.split(","):
            if "=" in part or not parts:
                parts.append(part)
            else:
                parts[-1] += f",{part}"  # a column's name may hold a comma
    found: dict[str, str] = {}
    for part in parts:
        field, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not column:
            raise UsageError(f"--map: {part.strip()!r} is not FIELD=COLUMN, such as prompt=question")
        if field not in FIELDS:
            raise UsageError(
                f"--map: there is no field {field!r}{nearest(field, FIELDS)} (fields: {', '.join(FIELDS)})"
            )
        if field in found or column in found.values():
            raise UsageError(f"--map: {field if field in found else column!r} is mapped twice")
        found[field] = column
    return found


def propose(columns: Sequence[str], given: Mapping[str, str]) -> Columns | None:
    """The mapping that was given, filled up by the names of the other columns; None where they do not say enough.

    Raises UsageError for a column that is not there.
    """
    for column in given.values():
        if column not in columns:
            raise UsageError(
                f"--map: there is no column {column!r}{nearest(column, columns)} (columns: {listed(columns)})"
            )
    if any(given.keys() >= set(needed) for needed, _ in _FORMATS) or "text" in given:
        return Columns(given, guessed=False)
    free = {_plain(column): column for column in reversed(columns) if column not in given.values()}
    known = {**{name: free[_plain(name)] for name in FIELDS if _plain(name) in free}, **given}
    for needed, more in _FORMATS:
        if known.keys() >= set(needed):
            return Columns({name: known[name] for name in (*needed, *more) if name in known}, guessed=True)
    prompt = given.get("prompt") or _first(_PROMPTS, free)
    answer = given.get("completion") or _first(_ANSWERS, free)
    system = given.get("system") or _first(_SYSTEMS, free)
    if answer and "instruction" in known and "context" in free:  # as databricks-dolly has it
        return Columns({"instruction": known["instruction"], "input": free["context"], "output": answer}, guessed=True)
    if prompt and answer:
        found = {"prompt": prompt, "completion": answer}
        return Columns({**found, "system": system} if system else found, guessed=True)
    return Columns({"text": known["text"]}, guessed=True) if "text" in known else None


def listed(columns: Sequence[str]) -> str:
    """The names of the columns, as far as a message has room for them."""
    return ", ".join(map(quoted, columns[:_SHOWN])) + (" …" if len(columns) > _SHOWN else "")


def labelled(columns: Sequence[str]) -> bool:
    """Whether a text has a label beside it."""
    return not _LABELS.isdisjoint(map(_plain, columns))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold()


def _first(names: Sequence[str], free: Mapping[str, str]) -> str | None:
    return next((free[name] for name in names if name in free), None)


def _read(field: str, value: Any, column: str) -> Any:
    """A cell as the field wants it; None where it is empty."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, bool) and field != "parallel_tool_calls":
        return "true" if value else "false"
    if isinstance(value, str):
        if not value.strip():
            return None
        if field in _LISTS or (field in ("chosen", "rejected") and value.lstrip().startswith("[{")):
            try:
                return exact.read_text(value)
            except Refusal as refusal:
                raise Refusal(f"column {quoted(column)}: {refusal}") from None
    return value
