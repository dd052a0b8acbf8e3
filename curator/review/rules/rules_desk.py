"""What the Rules page works on: a settings file, what is to be changed in it, and what a run of a rule has found."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import streamlit as st

from curator.catalogue import Catalogue, Rule
from curator.review.rules import tuning
from curator.review.rules.trying import Failed, Job, Outcome
from curator.review.rules.tuning import Change
from curator.review.states import DataFile
from curator.settings import Settings


class Options(Protocol):
    """What the review was asked for."""

    @property
    def paths(self) -> tuple[str, ...]: ...
    @property
    def config(self) -> str | None: ...
    @property
    def target(self) -> str | None: ...
    @property
    def model(self) -> str | None: ...
    @property
    def select(self) -> tuple[str, ...] | None: ...
    @property
    def ignore(self) -> tuple[str, ...] | None: ...


class Checking(Protocol):
    """The check behind the page."""

    @property
    def number(self) -> int: ...


class Workspace(Protocol):
    """What this page needs to know."""

    @property
    def options(self) -> Options: ...
    @property
    def checking(self) -> Checking: ...
    def files(self) -> list[DataFile]:
        """The files of the review."""

    def rules(self) -> Mapping[str, Rule]:
        """By code."""

    def counts(self) -> Mapping[str, int]:
        """Findings by code."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a settings file says of every rule: reading that takes longer than drawing the page."""

    own: Settings
    rules: Mapping[str, Rule]
    options: Options
    saved: Mapping[str, Change]
    overruled: Mapping[str, str]


class Desk:
    """One settings file with what is to be changed in it; the changes live as long as the session."""

    def __init__(self, workspace: Workspace, path: Path) -> None:
        """Raises CuratorError where the settings cannot be read."""
        self.workspace, self.path = workspace, path
        read = _read(workspace, path)
        self.rules = Catalogue(read.rules)
        self.saved = read.saved
        self.overruled = read.overruled
        """By code, the option of the command line that left out, or put in, a rule against the settings."""
        self.changes: dict[str, Change] = kept("changes").setdefault(str(path), {})
        self.tries: dict[str, dict[str, Outcome | Failed]] = kept("tries").setdefault(str(path), {})

    def change(self, code: str) -> Change:
        """How the rule is to run."""
        return self.changes.get(code, self.saved[code])

    def set(self, change: Change) -> None:
        """Let a rule run so; a change that changes nothing is none."""
        if change == self.saved[change.code]:
            self.changes.pop(change.code, None)
        else:
            self.changes[change.code] = change

    def severity(self, code: str) -> str:
        """As the settings and the change have it."""
        return self.change(code).severity or self.rules.rules[code].card.severity

    def before(self, code: str) -> int | None:
        """What the rule found in the check; None where it was not run."""
        found = self.workspace.counts().get(code)
        was_run = self.saved[code].enabled != (code in self.overruled)
        return found if found is not None else 0 if was_run else None

    def against(self, code: str) -> str:
        """What the command line did with the rule, against the settings; "" for nothing."""
        option = self.overruled.get(code, "")
        return option and f"{'left out' if self.saved[code].enabled else 'put in'} by {option}"

    def tried(self, code: str) -> Outcome | Failed | None:
        """The result of a run with the parameters as they are now."""
        return self.tries.get(code, {}).get(params(self.rules.rules[code], self.change(code)))

    def job(self, code: str) -> Job:
        """A run of the rule alone."""
        options, files = self.workspace.options, self.workspace.files()
        gone = [file.real_path for file in files if file.is_copy and not os.path.exists(file.path)]
        standins = {"-": gone[0]} if gone and "-" in options.paths else {}
        paths = options.paths or tuple(file.path for file in files)
        return Job(self.change(code), str(self.path), paths, options.config, options.target, options.model, standins)


def _read(workspace: Workspace, path: Path) -> _Read:
    """What the file says now; as long as it is the same, what was read before."""
    own, rules, options = tuning.settings_at(path), workspace.rules(), workspace.options
    known: _Read | None = kept("read").get(str(path))
    if known is not None and (known.own, known.options) == (own, options) and known.rules is rules:
        return known
    catalogue = Catalogue(rules)
    saved = {code: tuning.current(own, code, catalogue) for code in rules}
    overruled = tuning.overruled(own, options.select, options.ignore, catalogue)
    kept("read")[str(path)] = read = _Read(own, rules, options, saved, overruled)
    return read


def params(rule: Rule, change: Change) -> str:
    """All parameters as one line; what a result belongs to."""
    values = {**rule.card.params, **change.params}
    return ", ".join(f"{name} = {json.dumps(value, default=str)}" for name, value in values.items()) or "no parameters"


def kept(name: str) -> dict[str, Any]:
    """What lives as long as the session."""
    found: dict[str, Any] = st.session_state.setdefault(f"rules.{name}", {})
    return found
