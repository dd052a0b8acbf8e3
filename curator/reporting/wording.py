"""Sentences and numbers that the page and the Markdown share."""

from __future__ import annotations

from curator import formats
from curator.prices import UNPRICED
from curator.profiling.profile import Function
from curator.reporters.text import counted, visible
from curator.reporting.document import Document, Remedy, RuleFound


def usd(amount: float) -> str:
    """US dollars: cents where they count, four digits after the point below a cent."""
    return f"${amount:,.2f}" if amount >= 0.01 or amount == 0 else f"${amount:.4f}"


def share(part: float) -> str:
    """A share with one decimal, rounded; 100% is said of all alone, and 0% of none."""
    if part in (0, 1):
        return f"{part:.0%}"
    return f"{min(max(100 * part, 0.1), 99.9):.1f}%"


def chance(p: float | None) -> str:
    """A probability; a dash for none."""
    if p is None:
        return "–"
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


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
    if remedy.several:
        title = f"For example: {title[:1].lower()}{title[1:]}"
    more = f"`curator rule {rule.code}` says more."
    if not remedy.command:
        return f"{title}By hand, or in `curator review`; {more}"
    how = f"{remedy.fixable:,} of {rule.count:,}"
    if remedy.fixable == rule.count:
        how = f"all {rule.count:,}" if rule.count > 1 else "it"
    return f"{title}`{remedy.command}` mends {how} (`--diff` shows it first); {more}"


def graded(rule: RuleFound) -> str:
    """How many of the findings of a rule are of which severity."""
    words = {"error": "error", "warning": "warning", "info": "remark"}
    return ", ".join(counted(count, words[level]) for level, count in rule.by_severity.items())


def ordered(function: Function) -> str:
    """How settled the order of a function's properties is."""
    if function.order_share is None:
        return "–"
    calls = share(function.order_share)
    if not function.order_settled:
        return f"varies: the most frequent {calls}"
    names = ", ".join(visible(name) for name in function.order[:6])
    return f"{f'{names}: ' if names else 'as declared: '}{calls}"


def token_notes(document: Document) -> list[str]:
    """What the limit cuts off; where limits and prices come from, and how old they are."""
    cut = document.truncated_answers
    found = []
    if cut is not None:
        found.append(f"{counted(cut, 'answer') if cut else 'No answer'} would be cut off at the limit.")
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
                f"Price of {usd(tokens.cost.usd_per_million_tokens)} per million training tokens for {tokens.model}: "
                f"{tokens.cost.source}, {tokens.cost.as_of}{gone}; n epochs cost n times as much."
            )
            if cut_off := tokens.spread.total - tokens.billed:
                found.append(f"The cost leaves out {counted(cut_off, 'token')} beyond the limit, which are cut off.")
        elif profile.split == "train":
            how = UNPRICED.get(formats.kind(profile.habits.format), "")
            found.append(f"No price of tokens is known for training {tokens.model}{how} at this target.")
    return list(dict.fromkeys(found))


def uncounted(document: Document) -> str:
    """Why tokens were not counted, in whole or in part; "" where they were."""
    splits = [profile for profile in document.splits if profile.tokens is None]
    if not document.splits:
        return "Not counted: there are no records."
    if not splits:
        return ""
    if not any(profile.examples for profile in splits):
        why = "no record is in a format whose texts are known"
    elif {(p.dataset, p.split) for p in splits} & {(f.dataset, f.split) for f in document.files if f.model}:
        why = "no tokenizer is known for the model"
    else:
        why = "no model is named, and the target has no default: `--model NAME` names one"
    if len(splits) == len(document.splits):
        return f"Not counted: {why}."
    return f"Not counted for {counted(len(splits), 'other split')}: {why}."
