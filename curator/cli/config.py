"""`curator config`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import click

from curator import settings
from curator.errors import InputError
from curator.reporters.text import visible

_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


@click.command("config", short_help="Show the settings.")
@click.argument("path", required=False, type=click.Path(), metavar="[PATH]")
@click.option("--config", type=click.Path(), help="This settings file, not the nearest curator.toml.")
@click.option("--isolated", is_flag=True, help="No settings file: the defaults.")
def command(path: str | None, config: str | None, isolated: bool) -> None:
    """Show the settings that govern a file (by default, this folder), and where they come from.

    The nearest curator.toml at or above the file holds, or [tool.curator] in pyproject.toml; flags of
    `curator check` go before it. What differs from the default is marked with `# set`.

    \b
    Examples:
      curator config                         what `curator check` without a path goes by
      curator config data/train.jsonl        what governs that file
      curator config --isolated              the defaults
    """
    if path not in (None, "-") and not os.path.exists(path):
        raise InputError(f"{path}: no such file")
    found = settings.for_path(Path(path) if path else Path.cwd() / "-", config, isolated)
    default = settings.Settings()
    click.echo(visible(f"# from {found.source or 'no settings file: these are the defaults'}"))
    for field in fields(settings.Settings):
        if field.name in ("root", "source"):
            continue
        value = getattr(found, field.name)
        mark = "" if value == getattr(default, field.name) else "  # set"
        if isinstance(value, dict) and value:
            for name, item in value.items():
                click.echo(f"{settings.option(field.name)}.{toml(name)} = {toml(item)}{mark}")
        else:
            click.echo(f"{settings.option(field.name)} = {toml(value)}{mark}")


def toml(value: Any) -> str:
    """A setting's value as it is written in the file, on one line that shows whatever a terminal could act on."""
    if value is None:
        return '""  # not set'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(map(_escaped, value)) + '"'
    if is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in fields(value) if getattr(value, f.name)}
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character in _SHORT:
        return _SHORT[character]
    return character if character.isprintable() else f"\\U{ord(character):08X}"
