"""Changes of rules in `curator.toml`, or `[tool.curator]`, with everything else in the file left as it is."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli
import tomlkit
from tomlkit.exceptions import TOMLKitError

from curator import catalogue, settings, writing
from curator.catalogue import Catalogue
from curator.cli.config import toml
from curator.errors import UsageError
from curator.review.tuning import Change, meant, settings_at
from curator.settings import Settings

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"\s*\[")


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
    path = path.absolute()
    before = _text(path)
    own = settings_at(path) if before is not None else Settings(root=str(path.parent), source=str(path))
    if rules is None:
        rules = catalogue.load(own.rule_dirs, own.digests())
    wanted = meant(own, changes, rules)
    if wanted == own:
        return Edit(path, before, before or "", own)
    for new in (_as_text, _by_library):
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


@dataclass(frozen=True, slots=True)
class _New:
    """A key that the file does not have yet."""

    table: tuple[str, ...]
    """Of [table.subtable]; () for the settings themselves."""
    values: Mapping[str, Any]


_Add = Callable[[str, Path, _New], str]


def _edited(text: str, path: Path, own: Settings, wanted: Settings, add: _Add) -> str | None:
    """The text with what differs changed where it stands, and what is new added; None where it cannot be parsed."""
    is_windows = text.count("\r\n") == text.count("\n") > 0
    if is_windows:
        text = text.replace("\r\n", "\n")
    try:
        base = _inherited(_section(tomlkit.parse(text), path), path)
        document = tomlkit.parse(_without_tables(text, path, wanted, base))
        section = _section(document, path)
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


def _section(document: Any, path: Path) -> Any:
    return document.get("tool", {}).get("curator", {}) if path.name == "pyproject.toml" else document


def _inherited(section: Any, path: Path) -> Settings:
    """What holds where the file says nothing."""
    return (
        settings.load(str((path.parent / str(section["extends"])).absolute())) if "extends" in section else Settings()
    )


def _lists(section: Any, own: Settings, wanted: Settings, base: Settings) -> Iterator[_New]:
    for name in ("ignore", "extend_select"):
        key, values = settings.option(name), getattr(wanted, name)
        if values == getattr(own, name):
            continue
        if key not in section:
            yield _New((), {key: list(values)})
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


def _severities(section: Any, own: Settings, wanted: Settings, base: Settings) -> Iterator[_New]:
    levels = wanted.severity
    if list(levels.items()) == list(own.severity.items()):
        return
    if "severity" not in section:
        yield _New(("severity",), levels)
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


def _params(section: Any, own: Settings, wanted: Settings, base: Settings) -> Iterator[_New]:
    if wanted.params == own.params:
        return
    tables = section.get("params", {})
    for name, values in wanted.params.items():
        if name not in tables:
            yield _New(("params", name), values)
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
    lines = _lines(text)
    headers = {n: _names(line) for n, line in enumerate(lines) if _HEADER.match(line)}
    gone = [n for n, names in headers.items() if _is_gone(names, path, wanted, base)]
    for first in reversed(gone):
        end = min((n for n in headers if first < n < len(lines)), default=len(lines))
        del lines[first : 1 + max(n for n in range(first, end) if _is_said(lines[n]))]
        if first == len(lines):
            while lines and not lines[-1].strip():
                del lines[-1]
        elif not lines[first].strip():
            del lines[first]
    return _joined(lines) if gone else text


def _is_gone(names: list[str], path: Path, wanted: Settings, base: Settings) -> bool:
    prefix = _prefix(path)
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


# --- adding what is new -------------------------------------------------------------------------


def _as_text(text: str, path: Path, new: _New) -> str:
    """The text with new lines where a person would put them."""
    prefix = _prefix(path)
    said = [f"{_key(name)} = {toml(value)}" for name, value in new.values.items()]
    lines = _lines(text)
    if new.table:
        return _joined([*lines, *([""] if lines else []), _header((*prefix, *new.table)), *said])
    at = _place(lines, path, next(iter(new.values)))
    if at is None:
        return _joined([*lines, *([""] if lines else []), _header(prefix), *said])
    after = [""] if at < len(lines) and lines[at].strip() and (at == 0 or not lines[at - 1].strip()) else []
    return _joined([*lines[:at], *said, *after, *lines[at:]])


def _place(lines: list[str], path: Path, key: str) -> int | None:
    """Before which line a new setting goes: behind its commented example, else behind the last setting."""
    first = 0
    if path.name == "pyproject.toml":
        headers = (
            n for n, line in enumerate(lines) if line.partition("#")[0].replace(" ", "").strip() == "[tool.curator]"
        )
        header = next(headers, None)
        if header is None:
            return None
        first = header + 1
    last = next((n for n in range(first, len(lines)) if _HEADER.match(lines[n])), len(lines))
    own = range(first, last)
    examples = [n for n in own if re.match(rf"\s*#\s*{re.escape(key)}\s*=", lines[n])]
    said = [n for n in own if _is_said(lines[n])]
    if examples or said:
        return (examples or said)[-1] + 1
    blank = next((n for n in own if not lines[n].strip()), None)  # behind the words at the head of the file
    return first if blank is None else blank + 1


def _prefix(path: Path) -> tuple[str, ...]:
    """The table that holds the settings."""
    return ("tool", "curator") if path.name == "pyproject.toml" else ()


def _is_said(line: str) -> bool:
    """Whether more stands there than a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _lines(text: str) -> list[str]:
    """Not str.splitlines, which knows more line endings than TOML."""
    return text.removesuffix("\n").split("\n") if text else []


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _header(names: Iterable[str]) -> str:
    return f"[{'.'.join(map(_key, names))}]"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml(name)


def _by_library(text: str, path: Path, new: _New) -> str:
    """The text with the new keys where the library puts them: for files that lines cannot be added to."""
    document = tomlkit.parse(text)
    table: Any = _section(document, path)
    for name in new.table:
        if name not in table:
            table[name] = {}
        table = table[name]
    for key, value in new.values.items():
        table[key] = value
    return tomlkit.dumps(document)
