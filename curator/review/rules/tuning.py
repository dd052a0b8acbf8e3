"""What changing a rule means: switched on or off, other parameters, another severity, as settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from curator import plan, settings, targets
from curator.catalogue import Catalogue, Rule
from curator.errors import UsageError
from curator.settings import Settings


@dataclass(frozen=True, slots=True)
class Change:
    """How a rule is to run: the whole of what the settings say of this one rule."""

    code: str
    enabled: bool
    params: Mapping[str, Any] = field(default_factory=dict)
    """Those that are set; the others are as the card has them."""
    severity: str | None = None
    """None: what the card, the target, or a setting for a wider group says."""


def current(own: Settings, code: str, rules: Catalogue) -> Change:
    """What the settings say of a rule now. Raises UsageError where they name a rule that does not exist."""
    tables = _params_of(own, code, rules)
    levels = _severities_of(own, code, rules)
    return Change(
        code,
        _is_on(own, code, rules),
        dict(own.params[tables[-1]]) if tables else {},
        own.severity[levels[-1]] if levels else None,
    )


def meant(own: Settings, changes: Iterable[Change], rules: Catalogue) -> Settings:
    """The settings with the changes made; what they say of other rules stays as it is.

    Raises UsageError for an unknown rule or parameter or where no rule is left, CardError for a value that
    does not fit: the words are those that `curator check` has for such settings.
    """
    for change in changes:
        own = _with_severity(_with_params(_switched(own, change, rules), change, rules), change, rules)
    for name, level in own.severity.items():
        if level not in ("error", "warning", "info"):
            raise UsageError(f"{own.source}: severity of {name}: {level!r} is not 'error', 'warning' or 'info'")
    plan.choose(own, targets.resolve(targets.AUTO, ""), rules)
    return own


def overruled(
    own: Settings, select: tuple[str, ...] | None, ignore: tuple[str, ...] | None, rules: Catalogue
) -> dict[str, str]:
    """By code, `--select` or `--ignore`, whichever of a command line leaves out, or puts in, a rule against the
    settings. Raises UsageError where they name a rule that does not exist.
    """
    selected = settings.overlay(own, select=select)
    says, would, does = (_chosen(one, rules) for one in (own, selected, settings.overlay(selected, ignore=ignore)))
    return {code: "--select" if (code in would) == (code in does) else "--ignore" for code in says ^ does}


def governing(paths: Iterable[str], config: str | None) -> tuple[Path, ...]:
    """The settings files that data goes by, each once; where there is none, the `curator.toml` that could be made."""
    if config is not None:
        return (settings.absolute(Path(config)),)
    found: dict[Path, None] = {}
    for path in paths:
        place = Path(path) if path != "-" else Path.cwd() / "-"
        folder = place if place.is_dir() else place.parent
        found[settings.nearest_file(place) or settings.absolute(folder) / settings.FILE_NAME] = None
    return tuple(found) or (Path.cwd() / settings.FILE_NAME,)


def settings_at(path: Path) -> Settings:
    """The settings of a file, the defaults where it is not there yet. Raises UsageError."""
    return settings.load(str(path)) if path.is_file() else Settings()


def _is_on(own: Settings, code: str, rules: Catalogue) -> bool:
    return code in _chosen(own, rules)


def _chosen(own: Settings, rules: Catalogue) -> set[str]:
    return {rule.code for rule in rules.select(own.preset, own.select, own.extend_select, own.ignore)}


def _switched(own: Settings, change: Change, rules: Catalogue) -> Settings:
    code = change.code
    if change.enabled == _is_on(own, code, rules):
        return own
    if change.enabled:
        own = replace(own, ignore=_without(own.ignore, code, rules))
        if not _is_on(own, code, rules):
            own = replace(own, extend_select=(*own.extend_select, code))
    else:
        kept = tuple(name for name in own.extend_select if rules.expand([name]) != {code})
        own = replace(own, extend_select=kept)
        if _is_on(own, code, rules):
            own = replace(own, ignore=(*own.ignore, code))
    return own


def _without(selectors: Iterable[str], code: str, rules: Catalogue) -> tuple[str, ...]:
    """The selectors without one rule; one that stands for more (`SEP`) gives way to the codes of the others."""
    left: list[str] = []
    for name in selectors:
        codes = rules.expand([name])
        left += sorted(codes - {code}) if code in codes else [name]
    return tuple(dict.fromkeys(left))


def _with_params(own: Settings, change: Change, rules: Catalogue) -> Settings:
    names = _params_of(own, change.code, rules)
    if (dict(own.params[names[-1]]) if names else {}) == dict(change.params):
        return own
    rule: Rule = rules.rules[change.code]
    tables = {name: table for name, table in own.params.items() if name not in names[:-1]}
    if change.params:
        tables[names[-1] if names else rule.name] = dict(change.params)
    elif names:
        del tables[names[-1]]
    return replace(own, params=tables)


def _with_severity(own: Settings, change: Change, rules: Catalogue) -> Settings:
    names = _severities_of(own, change.code, rules)
    if (own.severity[names[-1]] if names else None) == change.severity:
        return own
    levels: dict[str, Any] = {name: level for name, level in own.severity.items() if name not in names}
    if change.severity is not None:
        name = names[-1] if names else change.code
        if names and not _is_widened_after(own, name, change.code, rules):
            levels = {key: own.severity[key] for key in own.severity if key == name or key not in names}
        levels[name] = change.severity  # behind the wider ones: the last that stands for a rule decides
    return replace(own, severity=cast(Any, levels))


def _is_widened_after(own: Settings, name: str, code: str, rules: Catalogue) -> bool:
    """Whether a setting for a wider group follows that of the rule itself, and so goes before it."""
    names = list(own.severity)
    return any(code in rules.expand([later]) for later in names[names.index(name) + 1 :])


def _params_of(own: Settings, code: str, rules: Catalogue) -> list[str]:
    return [name for name in own.params if rules.find(name).code == code]


def _severities_of(own: Settings, code: str, rules: Catalogue) -> list[str]:
    return [name for name in own.severity if rules.expand([name]) == {code}]
