"""Sentences and numbers that the page and the Markdown share."""

from __future__ import annotations

from curator.profiling.profile import Function
from curator.reporters.text import percent, visible
from curator.reporting.document import Document, Remedy, RuleFound


def usd(amount: float) -> str:
    """US dollars: cents where they count, four digits after the point below a cent."""
    return f"${amount:,.2f}" if amount >= 0.01 or amount == 0 else f"${amount:.4f}"


def figure(value: float | None) -> str:
    """A number of a comparison; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A change, with its sign."""
    if value is None:
        return "–"
    if not value:
        return "0"
    return f"{value:+,}" if isinstance(value, int) else f"{value:+.3f}"


def mended(remedy: Remedy, rule: RuleFound) -> str:
    """How the findings of a rule are mended, commands between backticks."""
    title = f"{remedy.title[:1].upper()}{remedy.title[1:]}. ".replace("`", "'") if remedy.title else ""
    more = f"`curator rule {rule.code}` says more."
    if not remedy.command:
        return f"{title}By hand, or in `curator review`; {more}"
    how = f"{remedy.fixable:,} of {rule.count:,}"
    if remedy.fixable == rule.count:
        how = f"all {rule.count:,}" if rule.count > 1 else "it"
    command = f"`{remedy.command} --select {rule.code}`"
    return f"{title}{command} mends {how} (`--diff` shows it first); {more}"


def ordered(function: Function) -> str:
    """How settled the order of a function's properties is."""
    if function.order_share is None:
        return "–"
    share = f"{percent(function.order_share)} of the calls"
    if not function.order_settled:
        return f"varies: {share} keep the most frequent order"
    names = ", ".join(visible(name) for name in function.order[:6])
    return f"{f'{names}: ' if names else 'as declared: '}{share}"


def token_notes(document: Document) -> list[str]:
    """Where limits and prices come from, and how old they are."""
    found = []
    for profile in document.splits:
        tokens = profile.tokens
        if tokens is None:
            continue
        if tokens.limit:
            doubt = "" if tokens.limit_verified else ", not verified"
            found.append(f"Limit of {tokens.limit:,} for {tokens.model}: {tokens.limit_source}{doubt}.")
        if tokens.cost:
            gone = f"; no longer listed there on {tokens.cost.gone}" if tokens.cost.gone else ""
            found.append(
                f"Price of ${tokens.cost.usd_per_million_tokens:g} per million training tokens for {tokens.model}: "
                f"{tokens.cost.source}, {tokens.cost.as_of}{gone}; n epochs cost n times as much."
            )
        elif profile.split == "train":
            found.append(f"No price is known for training {tokens.model}.")
    return list(dict.fromkeys(found))
