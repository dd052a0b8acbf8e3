"""What the server asks of the process that checks: a file of JSON."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from curator import catalogue, settings
from curator.data import convert
from curator.errors import UsageError
from curator.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be checked, under which settings, and where the index is to lie. None: as the settings say."""

    folder: str
    paths: tuple[str, ...] = ()
    """None: the datasets of the settings here, as for `curator check`."""
    root: str = ""
    """The folder that keys name files from; the one that `.curator` lies in. "": the working directory."""
    config: str | None = None
    isolated: bool = False
    target: str | None = None
    model: str | None = None
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    severity: dict[str, str] | None = None
    params: dict[str, dict[str, Any]] | None = None
    """By rule; they go before those of the settings, parameter by parameter."""
    jobs: int | None = None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the job as JSON."""
        Path(path).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Job:
        """The job of a file. Raises UsageError for what is none."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{os.fspath(path)}: is no job: {error}") from None
        return convert(data, cls, UsageError, os.fspath(path))

    def settings_for(self, path: Path) -> Settings:
        """The settings that govern a file, with those of the job in their place."""
        own = settings.overlay(
            settings.for_path(path, self.config, self.isolated), target=self.target, model=self.model,
            select=self.select, extend_select=self.extend_select, ignore=self.ignore, severity=self.severity,
        )  # fmt: skip
        if not self.params:
            return own
        rules = catalogue.load(own.rule_dirs, own.digests())
        merged: dict[str, dict[str, Any]] = {}
        for table in (own.params, self.params):
            for name, values in table.items():
                merged.setdefault(rules.find(name).code, {}).update(values)
        return replace(own, params=merged)
