"""A rule's page, from its card: for `curator rule`, and for docs/rules."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from curator.catalogue import CardExample, Rule
from curator.locate import locate

_FIXES = {
    "none": "None: a person must decide.",
    "safe": "Safe: what is trained on does not change.",
    "unsafe": "Unsafe: trained text changes, or a record goes.",
    "suggestion": "A suggestion: a person must finish it.",
}
_LINE_SHOWN, _AROUND = 400, 60
_PLACES = "Places are given as line and JSON pointer; `-` stands for the whole dataset."


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
    sources = "\n".join(f"- {source}" for source in card.sources)
    parts += ["## Sources", f"{sources}\n\nWhat the seeds, FACTS and RULES.md are: docs/sources.md."]
    for kind, title in (("bad", "What it finds"), ("good", "What stays silent")):
        examples = [example for example in card.examples if example.kind == kind]
        if examples:
            parts += [f"## {title}", *([_PLACES] if kind == "bad" else []), "\n\n".join(map(_example, examples))]
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
    parts.append(_block(records, example.at))
    if example.at:
        places = ", ".join(f"`{place}`" for place in example.at)
        parts.append(f"Found at {places}.")
    if example.validation:
        parts += ["Validation file:", _block(example.validation)]
    if example.fixed is not None:
        parts += ["After the fix:", _block(example.fixed)]
    return "\n\n".join(parts)


def _block(lines: Iterable[str], at: Iterable[str] = ()) -> str:
    shown = [_shortened(line, [place for place in at if place.startswith(f"{n}:/")]) for n, line in enumerate(lines, 1)]
    return "```json\n" + "\n".join(shown) + "\n```"


def _shortened(line: str, at: Iterable[str]) -> str:
    """The line, or of a long one its beginning and what stands around the places that a rule speaks of."""
    if len(line) <= _LINE_SHOWN:
        return line
    kept = [(0, _LINE_SHOWN // 2)]
    for place in at:
        raw = line.encode()
        try:
            start, end = locate(raw, place.partition(":")[2])
        except (LookupError, ValueError):
            continue
        first, last = (len(raw[:byte].decode()) for byte in (start, end))
        kept.append((first - _AROUND, min(last, first + _LINE_SHOWN) + _AROUND))
    if len(kept) == 1:
        kept = [(0, _LINE_SHOWN)]
    text, done = "", 0
    for first, last in sorted(kept):
        if last > done:
            text += ("…" if first > done else "") + line[max(first, done) : last]
            done = last
    return text + ("…" if done < len(line) else "")
