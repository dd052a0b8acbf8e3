"""What training costs: published prices, each with its source and date. No price is ever guessed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from curator.data import load_toml, rules_root


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


def price(target: str, model: str | None) -> Price | None:
    """The published price of training that model there, named as in the target's profile; None where none is known."""
    return _prices().get((target, model or ""))


@cache
def _prices() -> dict[tuple[str, str], Price]:
    table = load_toml(rules_root() / "prices.toml", _Table)
    return {(found.target, found.model): found for found in table.prices}
