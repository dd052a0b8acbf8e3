"""Changes of rules in `curator.toml`, or `[tool.curator]`, with everything else in the file left as it is."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli
import tomlkit
from tomlkit.exceptions import TOMLKitError

from curator import catalogue, settings, writing
from curator.catalogue import Catalogue
from curator.errors import UsageError
from curator.review.rules.settings_adding import (
    HEADER,
    New,
    as_text,
    by_library,
    is_said,
    joined,
    lines_of,
    prefix_of,
    section_of,
)
from curator.review.rules.tuning import Change, meant, settings_at
from curator.settings import Settings


@dataclass(frozen=True, slots=True)
class Edit:
    """A settings file before and after, not yet written."""

    path: Path
    before: str | None
    """None: it is not there yet."""
    after: str
    settings: Settings
    """What it says afterwards."""

    @property
    def diff(self) -> str:
        """Unified; "" where nothing changes."""
        name = self.path.name
        before, after = ((text or "").splitlines() for text in (self.before, self.after))
        return "\n".join(difflib.unified_diff(before, after, name, name, lineterm=""))


def preview(changes: Iterable[Change], path: Path, rules: Catalogue | None = None) -> Edit:
    """The file as it would be with the changes in it; what is at its default again is taken out.

    Raises UsageError or CardError for a change that does not fit, and where the file cannot be edited so that
    it says what was meant and nothing else.
    """
    path = settings.absolute(path)
    before = _text(path)
    own = settings_at(path) if before is not None else Settings(root=str(path.parent), source=str(path))
    if rules is None:
        rules = catalogue.load(own.rule_dirs, own.digests())
    wanted = meant(own, changes, rules)
    if wanted == own:
        return Edit(path, before, before or "", own)
    for new in (as_text, by_library):
        after = _edited(before or "", path, own, wanted, new)
        if after is not None and _says(after, path, wanted) and _rest(after, path) == _rest(before or "", path):
            return Edit(path, before, after, wanted)
    raise UsageError(f"{path}: not changed: it is written in a way that cannot be edited safely; edit it by hand")


def write(edit: Edit) -> None:
    """Write what a preview showed. Raises UsageError where the file has changed since, or cannot be written."""
    if _text(edit.path) != edit.before:
        raise UsageError(f"{edit.path}: not changed: it was changed meanwhile; look at the difference again")
    if edit.after == (edit.before or ""):
        return
    if edit.before is not None and (why := writing.refusal(str(edit.path), follow_symlinks=True)):
        raise UsageError(f"{edit.path}: not changed: it {why}")
    with writing.atomically(os.path.realpath(edit.path)) as file:
        file.write(edit.after.encode())


def save(changes: Iterable[Change], path: Path, rules: Catalogue | None = None) -> Settings:
    """Write changes into a settings file; what it says then. Raises as `preview` and `write` do, nothing written."""
    edit = preview(changes, path, rules)
    write(edit)
    return edit.settings


def _text(path: Path) -> str | None:
    """What stands in the file, line endings as they are; None where there is none. Raises UsageError."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not changed: it is not UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def _says(text: str, path: Path, wanted: Settings) -> bool:
    """Whether the text gives these settings, the order of the severities with them, as the last one decides."""
    try:
        found = settings.read(text, path)
    except UsageError:
        return False
    return found == wanted and list(found.severity) == list(wanted.severity)


def _rest(text: str, path: Path) -> Any:
    """What pyproject.toml holds for others."""
    if path.name != "pyproject.toml":
        return None
    data = tomli.loads(text)
    data.get("tool", {}).pop("curator", None)
    return data


_Add = Callable[[str, Path, New], str]


def _edited(text: str, path: Path, own: Settings, wanted: Settings, add: _Add) -> str | None:
    """The text with what differs changed where it stands, and what is new added; None where it cannot be parsed."""
    is_windows = text.count("\r\n") == text.count("\n") > 0
    if is_windows:
        text = text.replace("\r\n", "\n")
    try:
        base = _inherited(section_of(tomlkit.parse(text), path), path)
        document = tomlkit.parse(_without_tables(text, path, wanted, base))
        section = section_of(document, path)
        new = [
            *_lists(section, own, wanted, base),
            *_severities(section, own, wanted, base),
            *_params(section, own, wanted, base),
        ]
        after = tomlkit.dumps(document)
        for item in new:
            after = add(after, path, item)
    except (TOMLKitError, KeyError, TypeError, ValueError):  # what the library says of files that it cannot edit
        return None
    return after.replace("\n", "\r\n") if is_windows else after


def _inherited(section: Any, path: Path) -> Settings:
    """What holds where the file says nothing."""
    return (
        settings.load(str(settings.absolute(path.parent / str(section["extends"]))))
        if "extends" in section
        else Settings()
    )


def _lists(section: Any, own: Settings, wanted: Settings, base: Settings) -> Iterator[New]:
    for name in ("ignore", "extend_select"):
        key, values = settings.option(name), getattr(wanted, name)
        if values == getattr(own, name):
            continue
        if key not in section:
            yield New((), {key: list(values)})
        elif not values and not getattr(base, name):
            del section[key]
        else:
            _fit(section[key], values)


def _fit(array: Any, values: Iterable[str]) -> None:
    """Give a list these values; those that stay keep their place and their comment."""
    wanted = list(values)
    for value in [item for item in array if item not in wanted]:
        array.remove(value)
    for number, value in enumerate(wanted):
        if number >= len(array) or array[number] != value:
            if value in array:  # further on
                array.remove(value)
            array.insert(number, value)


def _severities(section: Any, own: Settings, wanted: Settings, base: Settings) -> Iterator[New]:
    levels = wanted.severity
    if list(levels.items()) == list(own.severity.items()):
        return
    if "severity" not in section:
        yield New(("severity",), levels)
    elif not levels and not base.severity:
        del section["severity"]
    else:
        table = section["severity"]
        for name in [name for name in table if name not in levels]:
            del table[name]
        in_order = list(table) == [name for name in levels if name in table]
        for name, level in levels.items():
            if table.get(name) != level:
                if not in_order:  # it is to stand behind a wider one
                    table.pop(name, None)
                table[name] = level


def _params(section: Any, own: Settings, wanted: Settings, base: Settings) -> Iterator[New]:
    if wanted.params == own.params:
        return
    tables = section.get("params", {})
    for name, values in wanted.params.items():
        if name not in tables:
            yield New(("params", name), values)
        elif own.params.get(name) != values:
            _set(tables[name], values)
    for name in [name for name in tables if name not in wanted.params]:
        del tables[name]
    if "params" in section and not wanted.params and not base.params:
        del section["params"]


def _set(table: Any, values: Mapping[str, Any]) -> None:
    for name in [name for name in table if name not in values]:
        del table[name]
    for name, value in values.items():
        if name not in table or table[name] != value or type(table[name].unwrap()) is not type(value):
            table[name] = value


def _without_tables(text: str, path: Path, wanted: Settings, base: Settings) -> str:
    """The text without the tables that say nothing any more.

    By lines, as the library would take along what is written before the next table.
    """
    lines = lines_of(text)
    headers = {n: _names(line) for n, line in enumerate(lines) if HEADER.match(line)}
    gone = [n for n, names in headers.items() if _is_gone(names, path, wanted, base)]
    for first in reversed(gone):
        end = min((n for n in headers if first < n < len(lines)), default=len(lines))
        del lines[first : 1 + max(n for n in range(first, end) if is_said(lines[n]))]
        if first == len(lines):
            while lines and not lines[-1].strip():
                del lines[-1]
        elif not lines[first].strip():
            del lines[first]
    return joined(lines) if gone else text


def _is_gone(names: list[str], path: Path, wanted: Settings, base: Settings) -> bool:
    prefix = prefix_of(path)
    match names[len(prefix) :] if tuple(names[: len(prefix)]) == prefix else []:
        case ["params", name]:
            return name not in wanted.params
        case ["severity"]:
            return not wanted.severity and not base.severity
    return False


def _names(header: str) -> list[str]:
    """The names in `[a."b".c]`; none where the line is something else."""
    names: list[str] = []
    try:
        table: Any = tomli.loads(header)
    except tomli.TOMLDecodeError:
        return names
    while isinstance(table, dict) and table:
        ((name, table),) = table.items()
        names.append(name)
    return names
