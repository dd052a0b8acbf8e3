"""The rules: cards read from TOML, each bound to its check, and the selection among them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from curator.data import folder, load_toml, nearest, rules_root, toml_files
from curator.errors import CardError, UsageError
from curator.model import Severity
from curator.resolving import check_type, load_check_file, resolve_check

Scope = Literal["file", "line", "record", "dataset"]
_SCOPES: dict[str, Scope] = {"file": "file", "line": "line", "example": "record"}
GIVEN = ("tokens", "conventions", "target", "model")
"""What a check may name as a parameter and get from the engine."""
_NOT_FAMILIES = ("schemas", "targets", "presets", "bases")


@dataclass(frozen=True, slots=True)
class CardExample:
    """One example of a card: a test, and a paragraph of its documentation."""

    kind: Literal["bad", "good", "missed", "overflagged"]
    records: tuple[str, ...] = ()
    bytes: str = ""
    """The whole file in base64, where TOML cannot hold it."""
    base: str = ""
    """A shared clean dataset that the records follow, so that dataset rules have enough to judge by."""
    at: tuple[str, ...] = ()
    """Where a bad example fires, as `line:pointer`; lines count from the first of `records`. `-:` is a
    finding without a line, `validation:line:pointer` one in the validation split."""
    fixed: tuple[str, ...] | None = None
    """The records after the fix."""
    note: str = ""
    """Why the case is odd."""
    file: str = "train.jsonl"
    """The file's name, where that decides."""
    target: str = ""
    model: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Further settings, named as in curator.toml."""
    validation: tuple[str, ...] = ()
    """Records of a validation split."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another way the same rule speaks."""

    message: str = ""
    severity: Literal["error", "warning", "info", ""] = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What a person needs to know of a rule, and which check serves it: one TOML file."""

    code: str
    name: str
    check: str
    severity: Literal["error", "warning", "info"]
    message: str
    why: str
    sources: tuple[str, ...]
    fix: Literal["none", "safe", "unsafe", "suggestion"] = "none"
    formats: tuple[str, ...] = ()
    """Kinds of format it runs on (chat, completion …); empty: all."""
    tasks: tuple[str, ...] = ()
    """Tasks it runs on; empty: all."""
    tools_only: bool = False
    """It has nothing to say of a record without tools, calls and results: most records are spared its check."""
    odd_turns_only: bool = False
    """It has nothing to say of a conversation of perhaps a system message and then user and assistant in turn."""
    odd_lines_only: bool = False
    """Of a line check: it has nothing to say of a line that holds one object without quirks."""
    needs_splits: bool = False
    """Whether it compares splits, and so needs a dataset with more than one."""
    since: str = "0.1"
    status: Literal["preview", "stable", "deprecated"] = "stable"
    aliases: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, Variant] = field(default_factory=dict)
    examples: tuple[CardExample, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A card whose check was found and whose parameters fit it."""

    card: Card
    path: str
    family: str
    scope: Scope
    given: tuple[str, ...]
    """What the check wants from the engine, of GIVEN."""
    own: bool = False
    """Whether it is the user's, from `rule-dirs`."""

    @property
    def code(self) -> str:
        return self.card.code

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def severity(self) -> Severity:
        return Severity[self.card.severity.upper()]

    @property
    def url(self) -> str:
        """The rule's page in the documentation, relative to the project."""
        return f"docs/rules/{self.code}.md"

    def check(self) -> Callable[..., Any]:
        """The function or class that the card names."""
        return resolve_check(self.card.check, self.path)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules of a run, by code."""

    rules: Mapping[str, Rule]

    def find(self, selector: str) -> Rule:
        """The rule of that code, name or older name. Raises UsageError naming the nearest."""
        for rule in self.rules.values():
            if selector.casefold() in map(str.casefold, (rule.code, rule.name, *rule.card.aliases)):
                return rule
        names = [n for rule in self.rules.values() for n in (rule.code, rule.name)]
        raise UsageError(f"unknown rule {selector!r}{nearest(selector, names)}")

    def expand(self, selectors: Iterable[str]) -> set[str]:
        """The codes that codes, names, prefixes (`SEP`), families (`labels`) and `ALL` stand for."""
        found: set[str] = set()
        for selector in selectors:
            if selector == "ALL":
                found |= set(self.rules)
                continue
            if selector in self.rules:
                found.add(selector)
                continue
            matching = {
                code
                for code, rule in self.rules.items()
                if rule.family == selector or (len(selector) > 1 and code.startswith(selector.upper()))
            }
            found |= matching or {self.find(selector).code}
        return found

    def select(
        self, preset: str, select: Sequence[str] | None, extend: Sequence[str], ignore: Sequence[str]
    ) -> tuple[Rule, ...]:
        """The rules to run: the preset's and the user's own (or `select`), with `extend`, without `ignore`; by code.

        A rule in preview runs only where it is selected.
        """
        chosen = self.expand(select) if select is not None else self._of_preset(preset)
        chosen = (chosen | self.expand(extend)) - self.expand(ignore)
        return tuple(self.rules[code] for code in sorted(chosen))

    def _of_preset(self, name: str) -> set[str]:
        chosen = self.expand(preset_codes(name)) | {code for code, rule in self.rules.items() if rule.own}
        return {code for code in chosen if self.rules[code].card.status != "preview"}


@dataclass(frozen=True, slots=True)
class Preset:
    """A named, frozen selection of rules."""

    name: str
    description: str
    select: tuple[str, ...]


@cache
def preset_codes(name: str) -> tuple[str, ...]:
    """The selectors of a preset. Raises UsageError for an unknown one."""
    presets = {file.name.removesuffix(".toml"): file for file in toml_files(folder("presets"))}
    if name not in presets:
        raise UsageError(f"unknown preset {name!r}; there are {', '.join(sorted(presets))}")
    return load_toml(presets[name], Preset).select


@lru_cache(maxsize=8)
def load(rule_dirs: tuple[str, ...] = (), check_files: tuple[tuple[str, str], ...] = ()) -> Catalogue:
    """The bundled cards and those of `rule_dirs`; `check_files` are (path, sha256) of the users' checks.

    Raises CardError for a card that is broken, unknown to its check, or claims a taken code.
    """
    for path, digest in check_files:
        load_check_file(path, digest)
    rules: dict[str, Rule] = {}
    bundled = _bundled()
    for number, (file, family) in enumerate([*bundled, *_users(rule_dirs)]):
        card = load_toml(file, Card)
        rule = bind(card, str(file), family, own=number >= len(bundled))
        for other in rules.values():
            taken = {other.code, other.name, *other.card.aliases} & {card.code, card.name, *card.aliases}
            if taken:
                raise CardError(f"{file}: {taken.pop()!r} is already taken by {other.path}")
        rules[card.code] = rule
    return Catalogue(dict(sorted(rules.items())))


def bind(card: Card, path: str, family: str, *, own: bool = False) -> Rule:
    """The card with its check resolved and its parameters matched against the check's signature."""
    check = resolve_check(card.check, path)
    parameters = dict(inspect.signature(check).parameters)
    if inspect.isclass(check):
        scope: Scope = "dataset"
    else:
        first = next(iter(parameters), "")
        if first not in _SCOPES:
            raise CardError(f"{path}: check {card.check!r} takes no file, line or example")
        scope = _SCOPES[first]
        del parameters[first]
    given = tuple(name for name in GIVEN if name in parameters)
    wanted = {name: p for name, p in parameters.items() if name not in GIVEN}
    for name, value in card.params.items():
        if name not in wanted:
            raise CardError(f"{path}: check {card.check!r} has no parameter {name!r}{nearest(name, wanted)}")
        check_type(check, name, value, path)
    missing = [name for name, p in wanted.items() if p.default is p.empty and name not in card.params]
    if missing:
        raise CardError(f"{path}: [params] lacks {missing[0]!r}, which check {card.check!r} needs")
    if not re.fullmatch(r"[A-Z]{3}[0-9]{3}", card.code):
        raise CardError(f"{path}: a code is three capitals and three digits, not {card.code!r}")
    return Rule(card, path, family, scope, given, own)


def _bundled() -> list[tuple[Traversable, str]]:
    found = []
    for family in sorted(rules_root().iterdir(), key=lambda item: item.name):
        if family.is_dir() and family.name not in _NOT_FAMILIES:
            found += [(file, family.name) for file in toml_files(family)]
    return found


def _users(rule_dirs: tuple[str, ...]) -> list[tuple[Traversable, str]]:
    found: list[tuple[Traversable, str]] = []
    for name in rule_dirs:
        root = Path(name)
        if not root.is_dir():
            raise UsageError(f"rule-dirs: {name} is no folder")
        found += [(path, path.parent.name) for path in sorted(root.rglob("*.toml")) if path.is_file()]
    return found
