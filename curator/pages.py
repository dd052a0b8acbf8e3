"""A rule's page, from its card: for `curator rule`, and for docs/rules."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from curator.catalogue import CardExample, Rule

_FIXES = {
    "none": "None: a person must decide.",
    "safe": "Safe: what is trained on does not change.",
    "unsafe": "Unsafe: trained text changes, or a record goes.",
    "suggestion": "A suggestion: a person must finish it.",
}
_LINE_SHOWN = 400


def page(rule: Rule) -> str:
    """The rule's page in Markdown."""
    card = rule.card
    parts = [
        f"# {rule.code} {rule.name}",
        f"Severity: **{card.severity}** · Scope: {rule.scope} · Since: {card.since} · Status: {card.status}"
        + (f" · Formats: {', '.join(card.formats)}" if card.formats else "")
        + (f" · Only for: {', '.join(card.tasks)}" if card.tasks else ""),
        f"> {card.message}",
        "## Why",
        card.why.strip(),
        "## Fix",
        _FIXES[card.fix],
    ]
    if card.variants:
        parts += ["## Variants", _variants(rule)]
    if card.params:
        rows = "\n".join(f"| `{name}` | `{value!r}` |" for name, value in card.params.items())
        parts += ["## Parameters", f'Set in `[params."{rule.name}"]`.\n\n| name | default |\n|---|---|\n{rows}']
    parts += ["## Sources", "\n".join(f"- {source}" for source in card.sources)]
    for kind, title in (("bad", "What it finds"), ("good", "What stays silent")):
        examples = [example for example in card.examples if example.kind == kind]
        if examples:
            parts += [f"## {title}", "\n\n".join(map(_example, examples))]
    return "\n\n".join(parts) + "\n"


def index(rules: Iterable[Rule]) -> str:
    """The list of all rules in Markdown, by family."""
    parts = ["# Rules", "Generated from the cards by `make docs`; `curator rule CODE` prints the same pages."]
    family = ""
    rows: list[str] = []
    for rule in sorted(rules, key=lambda rule: (rule.family, rule.code)):
        if rule.family != family:
            family = rule.family
            rows += [f"\n## {family}\n", "| code | name | severity | fix |", "|---|---|---|---|"]
        rows.append(f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.card.severity} | {rule.card.fix} |")
    return "\n\n".join(parts) + "\n" + "\n".join(rows) + "\n"


def plain(rule: Rule) -> dict[str, Any]:
    """The rule as plain data, without its examples."""
    card = rule.card
    return {
        "code": rule.code, "name": rule.name, "family": rule.family, "scope": rule.scope, "severity": card.severity,
        "message": card.message, "why": card.why.strip(), "sources": list(card.sources), "fix": card.fix,
        "formats": list(card.formats), "tasks": list(card.tasks), "params": dict(card.params),
        "since": card.since, "status": card.status, "aliases": list(card.aliases),
    }  # fmt: skip


def _variants(rule: Rule) -> str:
    rows = [
        f"| {name} | {variant.severity or rule.card.severity} | {variant.message or rule.card.message} |"
        for name, variant in rule.card.variants.items()
    ]
    return "| variant | severity | message |\n|---|---|---|\n" + "\n".join(rows)


def _example(example: CardExample) -> str:
    if example.bytes:
        records = [repr(line)[2:-1] for line in base64.b64decode(example.bytes).split(b"\n")]
    else:
        records = list(example.records)
    parts = [example.note] if example.note else []
    parts.append(_block(records))
    if example.at:
        parts.append("Found at " + ", ".join(f"`{place}`" for place in example.at) + ".")
    if example.validation:
        parts += ["Validation file:", _block(example.validation)]
    if example.fixed is not None:
        parts += ["After the fix:", _block(example.fixed)]
    return "\n\n".join(parts)


def _block(lines: Iterable[str]) -> str:
    shown = [line if len(line) <= _LINE_SHOWN else f"{line[:_LINE_SHOWN]}…" for line in lines]
    return "```json\n" + "\n".join(shown) + "\n```"
