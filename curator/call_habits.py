"""How a dataset writes the arguments of its calls: the order of properties, and the spaces between them [seed 004]."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from curator.calls import ReadCall, read_calls
from curator.endings import FEWEST, SETTLED
from curator.model import Example

Spacing = Literal["compact", "spaced", "indented", "uneven"]

# What a sample keeps, against hostile names and numbers of them; ours.
_FUNCTIONS, _SEQUENCES, _PROPERTIES, _NAME_CHARS = 1000, 50, 20, 100

_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_GAP = re.compile(r"[,:] (?=[^\s,:])")


@dataclass(frozen=True, slots=True)
class Order:
    """The order of properties that most calls of a function keep."""

    properties: tuple[str, ...] = ()
    """The usual order; empty where it is the declared one."""
    share: float = 0.0
    """Of the calls with two properties or more."""


@dataclass(frozen=True, slots=True)
class CallHabits:
    """The habits of a dataset's calls."""

    orders: Mapping[str, Order] = field(default_factory=dict)
    """By function: the order that at least 80% of its calls keep."""
    unsettled: Mapping[str, Order] = field(default_factory=dict)
    """Functions whose calls keep no order to that share, with the most frequent one."""
    declared: bool = False
    """Whether at least 80% of all calls keep the order in which their properties are declared."""
    spacing: Mapping[Spacing, int] = field(default_factory=dict)
    """Calls by the spaces in their arguments, the most frequent first."""

    def order(self, name: str, declared: Sequence[str]) -> tuple[str, ...]:
        """The order that a call of the function should keep; empty where none is settled."""
        known = self.orders.get(name)
        if known is not None:
            return known.properties or tuple(declared)
        return tuple(declared) if self.declared and name not in self.unsettled else ()

    @property
    def settled_spacing(self) -> Spacing | None:
        """The spacing that at least 80% of the calls have."""
        usual, count = next(iter(self.spacing.items()), (None, 0))
        return usual if usual is not None and count >= SETTLED * sum(self.spacing.values()) else None


@dataclass(slots=True)
class CallSurvey:
    """Collects what call habits are learned from. Memory: up to 50 sequences of names for each of 1,000 functions."""

    sequences: dict[str, Counter[tuple[str, ...]]] = field(default_factory=dict)
    spacing: Counter[Spacing] = field(default_factory=Counter)
    declared: Counter[str] = field(default_factory=Counter)
    """Calls that keep the declared order, by function."""
    comparable: Counter[str] = field(default_factory=Counter)
    """Calls with two declared properties or more, by function."""

    def add(self, example: Example) -> None:
        """Take the calls of one example of the sample into account."""
        for read in read_calls(example):
            if (style := spacing_of(read)) is not None:
                self.spacing[style] += 1
            names = sequence(read)
            if len(names) < 2 or not self._takes(read.call.name, names):
                continue
            self.sequences[read.call.name][names] += 1
            order = declared_order(example, read.call.name)
            if len(known := [name for name in names if name in order]) > 1:
                self.comparable[read.call.name] += 1
                self.declared[read.call.name] += not misplaced(known, order)

    def habits(self) -> CallHabits:
        """What the sample shows."""
        follows = self.declared.total() >= SETTLED * self.comparable.total() > 0
        orders: dict[str, Order] = {}
        unsettled: dict[str, Order] = {}
        for name, sequences in self.sequences.items():
            total = sequences.total()
            as_declared = Order((), self.declared[name] / total)
            usual = _usual(sequences)
            if as_declared.share >= SETTLED:
                orders[name] = as_declared
            elif usual.share >= SETTLED and (total >= FEWEST or not (follows and self.comparable[name])):
                orders[name] = usual
            elif follows and self.comparable[name]:  # called too seldom to have a habit of its own
                orders[name] = as_declared
            else:
                unsettled[name] = usual
        styles = sorted(self.spacing.items(), key=lambda item: (-item[1], item[0]))
        return CallHabits(orders, unsettled, follows, dict(styles))

    def _takes(self, function: str, names: tuple[str, ...]) -> bool:
        if function not in self.sequences:
            if len(self.sequences) >= _FUNCTIONS or len(function) > _NAME_CHARS:
                return False
            self.sequences[function] = Counter()
        known = self.sequences[function]
        return names in known or len(known) < _SEQUENCES


def sequence(read: ReadCall) -> tuple[str, ...]:
    """The properties of a call in their order; () where there are none, or too many to compare."""
    arguments = read.arguments or {}
    if len(arguments) > _PROPERTIES or any(len(name) > _NAME_CHARS for name in arguments):
        return ()
    return tuple(arguments)


def declared_order(example: Example, function: str) -> tuple[str, ...]:
    """The properties of a function in the order in which the record declares them; () for none."""
    for tool in example.tools:
        if tool.name == function and isinstance(tool.parameters, dict):
            properties = tool.parameters.get("properties")
            return tuple(properties) if isinstance(properties, dict) else ()
    return ()


def misplaced(names: Sequence[str], order: Sequence[str]) -> str:
    """The first of the names that comes after one which it should come before; "" for none."""
    ranks = {name: rank for rank, name in enumerate(order)}
    latest = -1
    for name in names:
        rank = ranks.get(name, latest)
        if rank < latest:
            return name
        latest = rank
    return ""


def spacing_of(read: ReadCall) -> Spacing | None:
    """How the text of a call's arguments is spaced; None where it is no text of its own, or shows nothing."""
    if not read.arguments or read.call.inside is not None or not isinstance(read.call.arguments, str):
        return None
    marks = _STRING.sub('""', read.call.arguments.strip())
    if "\n" in marks:
        return "indented"
    rest = _GAP.sub("", marks)
    if len(rest.split()) > 1:
        return "uneven"
    return "compact" if rest == marks else "spaced" if not set(rest) & {",", ":"} else "uneven"


def _usual(sequences: Counter[tuple[str, ...]]) -> Order:
    """The order that wins the most comparisons of two properties, and the share of calls that keep it."""
    wins: defaultdict[tuple[str, str], int] = defaultdict(int)
    for names, count in sequences.items():
        for pair in combinations(names, 2):
            wins[pair] += count
    scores = Counter({name: 0 for names in sequences for name in names})
    for first, second in wins:
        scores[first] += wins[first, second] > wins.get((second, first), 0)
    order = tuple(sorted(scores, key=lambda name: (-scores[name], name)))
    kept = sum(count for names, count in sequences.items() if not misplaced(names, order))
    return Order(order, kept / sequences.total())
