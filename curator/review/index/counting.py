"""What the Overview shows of all records, flagged or not: tokens, turns, calls and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from curator.answers import LABEL_CHARS, label_turn
from curator.conventions import Conventions
from curator.model import Example

_NAMES = 1000  # different labels, or names of functions, that are counted


@dataclass(slots=True)
class Statistics:
    """Examples of one file, counted."""

    examples: int = 0
    tokens: Counter[int] = field(default_factory=Counter)
    """How many have how many tokens; empty where no tokenizer is known."""
    turns: Counter[int] = field(default_factory=Counter)
    """How many have how many turns."""
    calls: Counter[str] = field(default_factory=Counter)
    """Calls of each function."""
    declared: Counter[str] = field(default_factory=Counter)
    """How many declare each function."""
    labels: Counter[str] = field(default_factory=Counter)
    """How many have each label; empty unless the task is classification."""

    def add(self, example: Example, conventions: Conventions, count: Callable[[Example], int] | None) -> int | None:
        """Take one example in; what comes back is its tokens, None without a `count`."""
        self.examples += 1
        if not example.turns:
            return None
        self.turns[len(example.turns)] += 1
        for turn in example.turns:
            for call in turn.calls:
                _add(self.calls, call.name)
        for name in {tool.name for tool in example.tools}:
            _add(self.declared, name)
        if (label := label_of(example, conventions)) is not None:
            _add(self.labels, label)
        if count is None:
            return None
        tokens = count(example)
        self.tokens[tokens] += 1
        return tokens


def label_of(example: Example, conventions: Conventions) -> str | None:
    """The example's label; None where it has none, or the task is not classification."""
    if conventions.task != "classification":
        return None
    turn = label_turn(example)
    return conventions.label(turn.text) if turn is not None and len(turn.text) <= LABEL_CHARS else None


def _add(counts: Counter[str], name: str) -> None:
    if name in counts or len(counts) < _NAMES:
        counts[name] += 1
