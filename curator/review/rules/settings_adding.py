"""New keys in the text of a settings file, where a person would put them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from curator.cli.config import toml

HEADER = re.compile(r"\s*\[")
"""How the line of a table begins."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class New:
    """A key that the file does not have yet."""

    table: tuple[str, ...]
    """Of [table.subtable]; () for the settings themselves."""
    values: Mapping[str, Any]


def as_text(text: str, path: Path, new: New) -> str:
    """The text with new lines where a person would put them."""
    prefix = prefix_of(path)
    said = [f"{_key(name)} = {toml(value)}" for name, value in new.values.items()]
    lines = lines_of(text)
    if new.table:
        return joined([*lines, *([""] if lines else []), _header((*prefix, *new.table)), *said])
    at = _place(lines, path, next(iter(new.values)))
    if at is None:
        return joined([*lines, *([""] if lines else []), _header(prefix), *said])
    after = [""] if at < len(lines) and lines[at].strip() and (at == 0 or not lines[at - 1].strip()) else []
    return joined([*lines[:at], *said, *after, *lines[at:]])


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
    last = next((n for n in range(first, len(lines)) if HEADER.match(lines[n])), len(lines))
    own = range(first, last)
    examples = [n for n in own if re.match(rf"\s*#\s*{re.escape(key)}\s*=", lines[n])]
    said = [n for n in own if is_said(lines[n])]
    if examples or said:
        return (examples or said)[-1] + 1
    blank = next((n for n in own if not lines[n].strip()), None)  # behind the words at the head of the file
    return first if blank is None else blank + 1


def prefix_of(path: Path) -> tuple[str, ...]:
    """The table that holds the settings."""
    return ("tool", "curator") if path.name == "pyproject.toml" else ()


def is_said(line: str) -> bool:
    """Whether more stands there than a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def lines_of(text: str) -> list[str]:
    """The lines without their ends."""
    # Not str.splitlines, which knows more line endings than TOML.
    return text.removesuffix("\n").split("\n") if text else []


def joined(lines: list[str]) -> str:
    """The lines as a text, each ended."""
    return "".join(f"{line}\n" for line in lines)


def _header(names: Iterable[str]) -> str:
    return f"[{'.'.join(map(_key, names))}]"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml(name)


def by_library(text: str, path: Path, new: New) -> str:
    """The text with the new keys where the library puts them: for files that lines cannot be added to."""
    document = tomlkit.parse(text)
    table: Any = section_of(document, path)
    for name in new.table:
        if name not in table:
            table[name] = {}
        table = table[name]
    for key, value in new.values.items():
        table[key] = value
    return tomlkit.dumps(document)


def section_of(document: Any, path: Path) -> Any:
    """The settings within what stands in the file."""
    return document.get("tool", {}).get("curator", {}) if path.name == "pyproject.toml" else document
