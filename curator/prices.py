"""What training costs: published prices, each with its source and date. No price is ever guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from curator.data import load_toml, rules_root
from curator.targets import Model, Target

UNPRICED = {"preference": " with preferences", "reinforcement": " by reinforcement"}
"""Kinds of data that published prices of tokens are not for, in words behind a model's name."""


@dataclass(frozen=True, slots=True)
class Price:
    """One published price of training."""

    target: str
    model: str
    """The name that the target's profile gives the model."""
    source: str
    as_of: str
    usd_per_million_tokens: float | None = None
    """Of training tokens: those of the data, once for each epoch."""
    usd_per_hour: float | None = None
    """Where time is billed, not tokens."""
    gone: str = ""
    """The date from which the same source is known to list it no more; "" where it is not known to have gone."""
    note: str = ""

    def cost(self, tokens: int, epochs: int) -> float | None:
        """US dollars for so many tokens in the data; None where time is billed.

        Price per million, times tokens, times epochs (OpenAI's fine-tuning guide, late 2024).
        """
        if self.usd_per_million_tokens is None:
            return None
        return self.usd_per_million_tokens * tokens * epochs / 1_000_000


@dataclass(frozen=True, slots=True)
class _Table:
    prices: tuple[Price, ...]


def price(target: Target, model: Model | None, kind: str) -> Price | None:
    """The published price of training that model there with data of that kind; None where none is known.

    Prices of tokens are those of supervised tuning: how outputs that are not preferred count is not published, and
    reinforcement is billed by the hour.
    """
    found = _prices().get((target.name, model.name if model else ""))
    return None if found and found.usd_per_hour is None and kind in UNPRICED else found


def billed(counts: Mapping[int, int], target: Target, model: Model | None) -> int:
    """Tokens of an epoch that count, by how many examples have so many: not those that the target cuts off."""
    limit = model.max_tokens.value if model and model.max_tokens and target.overflow == "truncate" else None
    return sum((tokens if limit is None else min(limit, tokens)) * count for tokens, count in counts.items())


@cache
def _prices() -> dict[tuple[str, str], Price]:
    table = load_toml(rules_root() / "prices.toml", _Table)
    return {(found.target, found.model): found for found in table.prices}
