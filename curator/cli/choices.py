"""What commands that read datasets have in common: options, settings, rules, and what of these does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from curator import catalogue, settings, targets
from curator.catalogue import Rule
from curator.errors import UsageError
from curator.inputs import Dataset

_JOBS = "Processes.  [default: the machine's, for large files]"


def common(verbose: str = "Tracebacks.") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of a command that reads datasets: where its settings are, and how it works."""
    options = [
        click.option("--config", type=click.Path(), help="This settings file, not the nearest curator.toml."),
        click.option("--isolated", is_flag=True, help="No settings file at all."),
        click.option("-j", "--jobs", type=click.IntRange(1), help=_JOBS),
        click.option("--no-progress", is_flag=True, help="No progress bar."),
        click.option("-v", "--verbose", is_flag=True, help=verbose),
    ]

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorated


def settings_for(given: Mapping[str, Any], **flags: Any) -> Callable[[Path], settings.Settings]:
    """What gives the settings of a file: those of --config, or the nearest, or none; with these flags in their place.

    Raises UsageError where --config and --isolated contradict each other.
    """
    if given["isolated"] and given["config"]:
        raise UsageError("--isolated and --config contradict each other")

    def found(path: Path) -> settings.Settings:
        return settings.overlay(settings.for_path(path, given["config"], given["isolated"]), **flags)

    return found


def cards(datasets: Iterable[Dataset]) -> dict[str, Rule]:
    """Every rule that the settings of these datasets know, those of the user's own cards among them."""
    rules = dict(catalogue.load().rules)
    for own in (dataset.settings for dataset in datasets):
        rules |= catalogue.load(own.rule_dirs, own.digests()).rules
    return rules


def require_targets(names: Iterable[str | None]) -> None:
    """Raises UsageError for a name that is no target's."""
    for name in names:
        if name is not None and name not in targets.names():
            raise UsageError(f"unknown target {name!r}; there are {', '.join(targets.names())}")
