"""What is to be done with one split of a dataset, decided before anything is scanned.

A plan is plain data: it is pickled to the workers, which bind it to the code of the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from curator import catalogue
from curator.catalogue import Rule
from curator.conventions import Conventions
from curator.data import nearest
from curator.entries import Cover
from curator.errors import UsageError
from curator.inputs import matches
from curator.model import Severity
from curator.resolving import check_type
from curator.settings import Settings
from curator.targets import Model, Target
from curator.tokens import Tokenizer, bundled

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule of the run with its parameters and, where they were changed, its severity."""

    code: str
    params: Mapping[str, Any]
    severity: Severity | None
    ignored_in: tuple[str, ...] = ()
    """Patterns of files in which it does not speak."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One split of one dataset: rules, target, model and conventions."""

    dataset: str
    split: str
    splits: tuple[str, ...]
    """All splits of the dataset that are read."""
    left_out: tuple[str, ...]
    """Those that the settings name, but this run does not read."""
    choices: tuple[Choice, ...]
    target: Target
    model: Model | None
    conventions: Conventions
    max_line_bytes: int
    token_stats: bool
    root: str = ""
    rule_dirs: tuple[str, ...] = ()
    check_files: tuple[tuple[str, str], ...] = ()
    suppressions: Mapping[str, Cover] = field(default_factory=dict)
    """By file; those files that have any."""
    profile: bool = False
    """Whether to count what a profile of the data is made of."""

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The model's tokenizer; None where none is known."""
        return bundled(self.model.encoding) if self.model else None


def choose(settings: Settings, target: Target, rules: catalogue.Catalogue) -> tuple[Choice, ...]:
    """The rules that the settings select, with what they change about each.

    Raises UsageError for a rule that does not exist, CardError for a parameter that does not fit.
    """
    severities: dict[str, Severity] = {}
    try:
        chosen = rules.select(settings.preset, settings.select, settings.extend_select, settings.ignore)
        for table in (target.severity, settings.severity):
            for name, level in table.items():
                for code in rules.expand([name]):
                    severities[code] = Severity[level.upper()]
    except UsageError as error:  # flags lie over what the file says
        where = f" (on the command line, or in {settings.source})" if settings.source else ""
        raise UsageError(f"{error}{where}") from None
    if not chosen:
        raise UsageError("no rules are selected: everything that --select or the settings name is also ignored")
    params: dict[str, dict[str, Any]] = {}
    for name, table in settings.params.items():
        where = f"{settings.source}: [params.{name}]"
        rule = _known(rules.find, name, where)
        for key, value in table.items():
            if key not in rule.card.params:
                raise UsageError(f"{where}: no parameter {key!r}{nearest(key, rule.card.params)}")
            check_type(rule.check(), key, value, where)
        params[rule.code] = dict(table)
    ignored: dict[str, list[str]] = {}
    for pattern, names in settings.per_file_ignores.items():
        for code in _known(rules.expand, names, f"{settings.source}: per-file-ignores: {pattern!r}"):
            ignored.setdefault(code, []).append(pattern)
    return tuple(
        Choice(
            rule.code,
            {**rule.card.params, **params.get(rule.code, {})},
            severities.get(rule.code),
            tuple(ignored.get(rule.code, ())),
        )
        for rule in chosen
    )


def _known(look_up: Callable[[S], T], name: S, where: str) -> T:
    """What a name in the settings stands for. Raises UsageError with its place for one that stands for nothing."""
    try:
        return look_up(name)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


Concern = tuple[str, bool, bool]
"""What decides which checks an example concerns: its kind, whether it uses tools, whether its turns are usual."""


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule of the plan, ready to be called."""

    rule: Rule
    choice: Choice
    call: Callable[..., Any]
    """The check with parameters and the engine's gifts filled in."""


@dataclass(slots=True)
class Bound:
    """A plan with its checks resolved, by scope; record and dataset checks by kind of format."""

    plan: Plan
    file: list[BoundRule] = field(default_factory=list)
    line: list[BoundRule] = field(default_factory=list)
    every_line: list[BoundRule] = field(default_factory=list)
    """Those of `line` that want ordinary records, too."""
    record: list[BoundRule] = field(default_factory=list)
    dataset: list[BoundRule] = field(default_factory=list)
    without_tokens: list[str] = field(default_factory=list)
    """Codes that do not run for want of a tokenizer."""
    _serving: dict[Concern, tuple[list[BoundRule], list[BoundRule]]] = field(default_factory=dict)
    _silent: dict[tuple[str, str], bool] = field(default_factory=dict)

    def serving(self, concern: Concern) -> tuple[list[BoundRule], list[BoundRule]]:
        """The record checks and dataset checks that may have something to say of such examples."""
        if concern not in self._serving:
            kind, uses_tools, has_usual_turns = concern

            def serves(bound: BoundRule) -> bool:
                card = bound.rule.card
                if (card.tools_only and not uses_tools) or (card.odd_turns_only and has_usual_turns):
                    return False
                return not card.formats or kind in card.formats

            self._serving[concern] = ([*filter(serves, self.record)], [*filter(serves, self.dataset)])
        return self._serving[concern]

    def is_silent(self, bound: BoundRule, path: str) -> bool:
        """Whether the settings silence the rule in that file."""
        patterns = bound.choice.ignored_in
        if not patterns:
            return False
        key = (bound.rule.code, path)
        if key not in self._silent:
            self._silent[key] = matches(path, patterns, self.plan.root)
        return self._silent[key]

    def silences(self, code: str, path: str) -> bool:
        """Whether the settings silence a dataset check of the plan in that file."""
        return any(self.is_silent(bound, path) for bound in self.dataset if bound.rule.code == code)


def bind(plan: Plan) -> Bound:
    """The plan's rules, callable in this process."""
    rules = catalogue.load(plan.rule_dirs, plan.check_files).rules
    gifts = {
        "tokens": plan.tokenizer,
        "conventions": plan.conventions,
        "target": plan.target,
        "model": plan.model,
    }
    bound = Bound(plan)
    for choice in plan.choices:
        rule = rules[choice.code]
        if rule.card.tasks and plan.conventions.task not in rule.card.tasks:
            continue
        if rule.card.needs_splits and len(plan.splits) < 2:
            continue
        if "tokens" in rule.given and plan.tokenizer is None:
            bound.without_tokens.append(rule.code)
            continue
        call = partial(rule.check(), **choice.params, **{name: gifts[name] for name in rule.given})
        getattr(bound, rule.scope).append(BoundRule(rule, choice, call))
        if rule.scope == "line" and not rule.card.odd_lines_only:
            bound.every_line.append(bound.line[-1])
    return bound
