"""Settings: `curator.toml` or `[tool.curator]`, overlaid by flags; frozen once read.

For each file the nearest settings file above it wins; nothing is merged across files unless one says
`extends`. Paths inside a settings file are relative to it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import tomli

from curator import targets
from curator.data import convert, nearest
from curator.errors import UsageError
from curator.opening import MAX_UNPACKED_BYTES
from curator.reading import MAX_LINE_BYTES

FILE_NAME = "curator.toml"
SPLITS = ("train", "validation", "test")
FailOn = Literal["error", "warning", "info", "never"]


@dataclass(frozen=True, slots=True)
class DatasetSettings:
    """Files that belong together, and what is known of them."""

    train: str | tuple[str, ...] = ()
    validation: str | tuple[str, ...] = ()
    test: str | tuple[str, ...] = ()
    task: Literal["classification", "generation", ""] = ""
    separator: str | tuple[str, ...] | None = None
    stop: str | None = None
    labels: tuple[str, ...] | None = None

    def files(self, split: str) -> tuple[str, ...]:
        """The paths of one split, as written."""
        value = getattr(self, split)
        return (value,) if isinstance(value, str) else tuple(value)

    @property
    def pins(self) -> dict[str, Any]:
        """What is said of the conventions."""
        said = {"task": self.task or None, "separator": self.separator, "stop": self.stop, "labels": self.labels}
        return {key: value for key, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what is checked and how."""

    preset: str = "recommended-1"
    target: str = "auto"
    model: str | None = None
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: FailOn = "error"
    max_line_bytes: int = MAX_LINE_BYTES
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES
    rule_dirs: tuple[str, ...] = ()
    check_files: tuple[str, ...] = ()
    severity: Mapping[str, Literal["error", "warning", "info"]] = field(default_factory=dict)
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    datasets: Mapping[str, DatasetSettings] = field(default_factory=dict)
    root: str = ""
    """The folder of the settings file; "" without one."""
    source: str = ""
    """The settings file; "" without one."""

    def digests(self) -> tuple[tuple[str, str], ...]:
        """(path, sha256) of each of the users' check files. Raises UsageError for one that is missing."""
        found = []
        for path in self.check_files:
            try:
                found.append((path, hashlib.sha256(Path(path).read_bytes()).hexdigest()))
            except OSError as error:
                raise UsageError(f"{self.source}: check-files: {path}: {error.strerror}") from None
        return tuple(found)


def option(field_name: str) -> str:
    """A setting's name as it is written in the file: `max_line_bytes` is `max-line-bytes`."""
    return field_name.replace("_", "-")


_KEYS = {option(f.name): f.name for f in fields(Settings) if f.name not in ("root", "source")}


def load(path: str) -> Settings:
    """The settings of one file, with what it extends. Raises UsageError naming the file and the key."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    return _load(Path(path), ()) if b"extends" in content else _loaded(path, content)


@lru_cache(maxsize=64)
def _loaded(path: str, content: bytes) -> Settings:
    # By what the file says: two versions of it may have the same time, where the clock of files is coarse.
    return _load(Path(path), ())


def absolute(path: Path) -> Path:
    """The path from the root, without `..`: what is above `data/../train.jsonl` is not `data`."""
    return Path(os.path.abspath(path))


def nearest_file(start: Path) -> Path | None:
    """The settings file that governs `start`: in its folder or the nearest above."""
    folder = absolute(start if start.is_dir() else start.parent)
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate / FILE_NAME
        project = candidate / "pyproject.toml"
        if project.is_file() and _has_table(project):
            return project
    return None


def for_path(path: Path, config: str | None, isolated: bool) -> Settings:
    """The settings that govern a path: those named, none, or the nearest."""
    if isolated:
        return Settings()
    if config is not None:
        if not Path(config).is_file():
            raise UsageError(f"{config}: no such settings file")
        return load(str(absolute(Path(config))))
    found = nearest_file(path)
    return load(str(found)) if found else Settings()


def overlay(settings: Settings, **flags: Any) -> Settings:
    """The settings with the flags that were given (not None) in their place; tables are merged."""
    given = {name: value for name, value in flags.items() if value is not None}
    if "severity" in given:
        given["severity"] = {**settings.severity, **given["severity"]}
    for name in ("extend_select", "ignore", "exclude"):
        if name in given:
            given[name] = (*getattr(settings, name), *given[name])
    return replace(settings, **given)


def _has_table(project: Path) -> bool:
    try:
        text = project.read_text(encoding="utf-8", errors="replace")
        return "[tool.curator" in text and "curator" in tomli.loads(text).get("tool", {})
    except (OSError, tomli.TOMLDecodeError):
        return False


def read(text: str, path: Path) -> Settings:
    """The settings that the file at `path` (absolute) would hold with that text. Raises UsageError as `load` does."""
    return _read(text, path, ())


def _load(path: Path, seen: tuple[Path, ...]) -> Settings:
    if path in seen:
        raise UsageError(f"{path}: extends itself")
    try:
        return _read(path.read_text(encoding="utf-8"), path, seen)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def _read(text: str, path: Path, seen: tuple[Path, ...]) -> Settings:
    try:
        data: dict[str, Any] = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    if path.name == "pyproject.toml":
        data = data.get("tool", {}).get("curator", {})
    base = Settings()
    if "extends" in data:
        base = _load(absolute(path.parent / str(data.pop("extends"))), (*seen, path))
    for key in data:
        if key not in _KEYS:
            raise UsageError(f"{path}: unknown setting {key!r}{nearest(key, [*_KEYS, 'extends'])}")
    levels = data.get("severity", {})
    for name, level in levels.items() if isinstance(levels, dict) else ():
        if level not in ("error", "warning", "info"):
            raise UsageError(f"{path}: severity of {name}: {level!r} is not 'error', 'warning' or 'info'")
    datasets = data.pop("datasets", {})
    own = convert({_KEYS[key]: value for key, value in data.items()}, Settings, UsageError, str(path))
    given = {_KEYS[key]: getattr(own, _KEYS[key]) for key in data}
    targets.require(own.target, own.model, f"{path}: ")
    for key in ("max-line-bytes", "max-unpacked-bytes"):
        if data.get(key, 1) < 1:
            raise UsageError(f"{path}: {key}: must be positive")
    if not isinstance(datasets, dict):
        raise UsageError(f"{path}: datasets is a table of tables: [datasets.NAME]")
    given["datasets"] = {
        **base.datasets,
        **{name: _dataset(name, table, path) for name, table in datasets.items()},
    }
    for name in ("rule_dirs", "check_files"):
        if name in given:
            given[name] = tuple(str(path.parent / item) for item in given[name])
    return replace(base, root=str(path.parent), source=str(path), **given)


def _dataset(name: str, table: Any, path: Path) -> DatasetSettings:
    where = f"{path}: [datasets.{name}]"
    if not isinstance(table, dict):
        raise UsageError(f"{where} is no table")
    settings = convert(table, DatasetSettings, UsageError, where)
    if not any(settings.files(split) for split in SPLITS):
        raise UsageError(f"{where} names no file: give train, validation or test")
    absolute = {split: tuple(str(path.parent / file) for file in settings.files(split)) for split in SPLITS}
    return replace(settings, train=absolute["train"], validation=absolute["validation"], test=absolute["test"])
