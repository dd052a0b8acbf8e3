"""From what the user asked for to datasets: which files, in which split, under which settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from curator.errors import InputError, UsageError
from curator.settings import SPLITS, Settings

DATA_SUFFIXES = (".jsonl", ".ndjson")
"""Which files a folder is searched for."""
_AMBIGUOUS = ".json"  # may be data or anything else, and must be named
_PACKED = ("", ".gz", ".zst")
_OWN_FILES = (".curator-suppressions.jsonl",)
_OWN_SUFFIX = ".removed.jsonl"
_OWN_FOLDERS = (".curator", ".git")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Files that are judged together."""

    name: str
    splits: dict[str, tuple[str, ...]]
    settings: Settings
    pins: dict[str, Any] = field(default_factory=dict)
    """What the settings say of its conventions."""
    stdin_name: str = "<stdin>"
    """What standard input is called where it is one of the files."""
    configured: tuple[str, ...] = ()
    """The splits that the settings give it; () for a file that they do not name."""


def gather(
    paths: Sequence[str],
    settings_for: Callable[[Path], Settings],
    *,
    force_exclude: bool = False,
    stdin_name: str | None = None,
    passed_over: Callable[[str], object] = lambda path: None,
) -> tuple[list[Dataset], list[InputError]]:
    """The datasets that the paths stand for, and the paths that lead nowhere.

    Without paths: every dataset of the settings here, or every data file below. A file that the
    settings name is checked as the split it is configured to be; any other is a dataset of its own.
    `force_exclude` leaves out, of the files that are named, those that a search would leave out.
    `passed_over` is told of each `.json` file that a search met, which may be data or anything else.
    """
    if not paths:
        here = settings_for(Path.cwd() / "-")
        if here.datasets:
            return [_configured(name, here) for name in here.datasets], []
        paths = ["."]
    found: dict[tuple[str, str], Dataset] = {}
    named: set[str] = set()
    errors = []
    for path in paths:
        try:
            files = [path] if path == "-" else list(_files(path, settings_for, force_exclude, passed_over))
        except InputError as error:
            errors.append(error)
            continue
        for file in files:
            if (absolute := os.path.abspath(file)) in named:  # `a.jsonl` and `./a.jsonl` are one file
                continue
            named.add(absolute)
            settings = settings_for(Path(stdin_name or Path.cwd() / "-") if file == "-" else Path(file))
            dataset = _dataset_of(file, settings, stdin_name or "<stdin>")
            key = (dataset.settings.source, dataset.name)
            if key in found:
                dataset = _joined(found[key], dataset)
            found[key] = dataset
    return list(found.values()), errors


def _configured(name: str, settings: Settings) -> Dataset:
    own = settings.datasets[name]
    splits = {split: tuple(map(_shown, own.files(split))) for split in SPLITS if own.files(split)}
    return Dataset(name, splits, settings, own.pins, configured=tuple(splits))


def _dataset_of(file: str, settings: Settings, stdin_name: str) -> Dataset:
    shown = stdin_name if file == "-" else file
    absolute = os.path.abspath(shown)
    for name, own in settings.datasets.items():
        configured = tuple(split for split in SPLITS if own.files(split))
        for split in configured:
            if absolute in map(os.path.abspath, own.files(split)):
                return Dataset(name, {split: (file,)}, settings, own.pins, stdin_name, configured)
    return Dataset(shown, {"train": (file,)}, settings, {}, stdin_name)


def _joined(first: Dataset, second: Dataset) -> Dataset:
    splits = dict(first.splits)
    for split, files in second.splits.items():
        splits[split] = tuple(dict.fromkeys((*splits.get(split, ()), *files)))
    ordered = {split: splits[split] for split in SPLITS if split in splits}
    return replace(first, splits=ordered)


def _shown(path: str) -> str:
    """A configured path as people would type it from here."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _files(
    path: str,
    settings_for: Callable[[Path], Settings],
    force_exclude: bool,
    passed_over: Callable[[str], object],
) -> Iterator[str]:
    if not os.path.isdir(path):
        if not os.path.lexists(path):
            raise InputError(f"{path}: no such file")
        if not (force_exclude and (_is_own(path) or _excluded(path, settings_for(Path(path))))):
            yield path
        return
    count = 0
    for file in sorted(_walk(path)):
        if _excluded(file, settings_for(Path(file))):
            continue
        if _ends(file, DATA_SUFFIXES):
            count += 1
            yield file
        else:
            passed_over(file)
    if not count:
        raise InputError(f"{path}: the folder holds no data files ({', '.join(DATA_SUFFIXES)}, also .gz, .zst)")


def _walk(root: str) -> Iterator[str]:
    """Every data file, and every `.json` file, below a folder that git would not ignore."""
    specs = list(_ignore_above(root))
    for folder, names, files in os.walk(root):
        specs = [(base, spec) for base, spec in specs if _inside(folder, base)]
        specs += _ignore_file(folder)
        names[:] = sorted(
            name for name in names if name not in _OWN_FOLDERS and not _ignored(f"{folder}/{name}/", specs)
        )
        for name in files:
            path = os.path.normpath(os.path.join(folder, name))
            if not _ends(name, (*DATA_SUFFIXES, _AMBIGUOUS)) or _is_own(name):
                continue
            if os.path.isfile(path) and not _ignored(path, specs):
                yield path


def _ends(path: str, suffixes: Sequence[str]) -> bool:
    return path.lower().endswith(tuple(suffix + packed for suffix in suffixes for packed in _PACKED))


def _is_own(path: str) -> bool:
    """Whether the tool wrote the file: what it keeps beside the data is no data."""
    *folders, name = path.split(os.sep)
    return name in _OWN_FILES or name.endswith(_OWN_SUFFIX) or not set(folders).isdisjoint(_OWN_FOLDERS)


def _inside(folder: str, base: str) -> bool:
    folder, base = os.path.abspath(folder), os.path.abspath(base)
    return folder == base or folder.startswith(base.rstrip(os.sep) + os.sep)


def _ignore_above(root: str) -> Iterator[tuple[str, Any]]:
    """The .gitignore files between the repository's top and `root`; none outside a repository."""
    folder = Path(os.path.abspath(root))
    chain = []
    for parent in folder.parents:
        chain.append(parent)
        if (parent / ".git").exists():
            for above in reversed(chain):
                yield from _ignore_file(str(above))
            return


def _ignore_file(folder: str) -> list[tuple[str, Any]]:
    path = os.path.join(folder, ".gitignore")
    if not os.path.isfile(path):
        return []
    import pathspec  # only when folders are searched

    with open(path, encoding="utf-8", errors="replace") as file:
        return [(folder, pathspec.GitIgnoreSpec.from_lines(file))]


def _ignored(path: str, specs: list[tuple[str, Any]]) -> bool:
    slash = "/" if path.endswith("/") else ""
    for base, spec in reversed(specs):
        relative = os.path.relpath(os.path.abspath(path), os.path.abspath(base)) + slash
        decided = spec.check_file(relative).include
        if decided is not None:
            return bool(decided)
    return False


def _excluded(path: str, settings: Settings) -> bool:
    return bool(settings.exclude) and matches(path, settings.exclude, settings.root)


def matches(path: str, patterns: Sequence[str], root: str) -> bool:
    """Whether a path matches one of the patterns, which are written as in .gitignore, from `root`."""
    import pathspec

    relative = os.path.relpath(os.path.abspath(path), root or os.getcwd())
    try:
        return bool(pathspec.GitIgnoreSpec.from_lines(patterns).match_file(relative))
    except ValueError as error:
        raise UsageError(f"bad pattern: {error}") from None
