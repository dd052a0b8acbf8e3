"""The public functions: what the command does, for scripts and notebooks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from curator import catalogue, engine, settings
from curator.catalogue import Rule
from curator.data import nearest
from curator.errors import InputError, UsageError
from curator.executors.local import Executor, Processes, inline
from curator.fixing import mending
from curator.fixing.mending import Fixed
from curator.fixing.rounds import Options
from curator.inputs import Dataset, gather
from curator.planning.advice import Plans
from curator.report import Report
from curator.suppressions import Suppressions


def check(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    *,
    config: str | None = None,
    isolated: bool = False,
    token_stats: bool = False,
    jobs: int = 1,
    **options: Any,
) -> Report:
    """The report on the given files and folders (none: the datasets of the settings here).

    `options` are settings by their names with underscores (`target`, `model`, `select`, `ignore`,
    `severity` …) and go before those of the settings file. In this process by default, which is safe
    everywhere; `jobs` above 1 starts processes (a script then needs `if __name__ == "__main__":`).
    Raises UsageError or CardError for what does not fit; whatever is wrong with the data, or with
    reading it, is in the report.
    """
    datasets, failures = _gathered(paths, config, isolated, options)
    return engine.check(
        datasets, executor=_executor(jobs), token_stats=token_stats, failures=failures, suppressions=Suppressions()
    )


def fix(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    *,
    unsafe: bool = False,
    verify: bool = False,
    follow_symlinks: bool = False,
    config: str | None = None,
    isolated: bool = False,
    jobs: int = 1,
    **options: Any,
) -> Fixed:
    """Fix what can be fixed in the given files and folders, and say what was done and what is left.

    `unsafe` applies also fixes that change what is trained on; `verify` checks all of a large file again, not only
    what changed. The rest is as for `check`. A file that cannot be fixed is as it was, and among the failures of
    the report. Raises what `check` raises.
    """
    datasets, failures = _gathered(paths, config, isolated, options)
    return mending.fix(datasets, Options(unsafe, verify, follow_symlinks), executor=_executor(jobs), failures=failures)[
        0
    ]


def plan_training(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    *,
    price: float | None = None,
    config: str | None = None,
    isolated: bool = False,
    jobs: int = 1,
    **options: Any,
) -> Plans:
    """How to train on each dataset, what it costs, and how to call what comes out: a plan for each, with sources.

    `price` is yours, in USD per million training tokens, in place of the published one. The rest is as for `check`.
    Raises what `check` raises; whatever could not be read is among the failures.
    """
    from curator.planning.drafting import draft  # a check needs none of it

    datasets, failures = _gathered(paths, config, isolated, options)
    with engine.checked(
        datasets, executor=_executor(jobs), token_stats=True, failures=failures, suppressions=Suppressions()
    ) as (report, files):
        return draft(report, files, price, config=config, isolated=isolated)


def _gathered(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    config: str | None,
    isolated: bool,
    options: dict[str, Any],
) -> tuple[list[Dataset], list[InputError]]:
    """The datasets that the paths stand for, under these settings, and the paths that lead nowhere."""
    known = {field.name for field in fields(settings.Settings)}
    for name in options:
        if name not in known:
            raise UsageError(f"unknown option {name!r}{nearest(name, known)}")
    for name in ("select", "extend_select", "ignore", "exclude"):
        if isinstance(options.get(name), str):
            options[name] = (options[name],)
    given = [paths] if isinstance(paths, str | os.PathLike) else paths

    def settings_for(path: Path) -> settings.Settings:
        return settings.overlay(settings.for_path(path, config, isolated), **options)

    return gather([os.fspath(path) for path in given], settings_for)


def _executor(jobs: int) -> Executor:
    return Processes(jobs) if jobs > 1 else inline


def load_rules(rule_dirs: Sequence[str] = ()) -> Mapping[str, Rule]:
    """Every rule by code: the bundled ones and the cards in `rule_dirs`. Raises CardError."""
    return catalogue.load(tuple(rule_dirs)).rules
