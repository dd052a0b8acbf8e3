"""`curator config`."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import click

from curator import settings


@click.command("config", short_help="Show the settings.")
@click.argument("path", required=False, type=click.Path(), metavar="[PATH]")
@click.option("--config", type=click.Path(), help="This settings file, not the nearest curator.toml.")
@click.option("--isolated", is_flag=True, help="No settings file: the defaults.")
def command(path: str | None, config: str | None, isolated: bool) -> None:
    """Show the settings that govern a file (by default, this folder), and where they come from.

    \b
    Examples:
      curator config
      curator config data/train.jsonl
      curator config --isolated        the defaults
    """
    found = settings.for_path(Path(path) if path else Path.cwd() / "-", config, isolated)
    default = settings.Settings()
    click.echo(f"# from {found.source or 'no settings file: these are the defaults'}")
    for field in fields(settings.Settings):
        if field.name in ("root", "source"):
            continue
        value = getattr(found, field.name)
        mark = "" if value == getattr(default, field.name) else "  # set"
        if isinstance(value, dict) and value:
            for name, item in value.items():
                click.echo(f'{settings.option(field.name)}."{name}" = {_toml(item)}{mark}')
        else:
            click.echo(f"{settings.option(field.name)} = {_toml(value)}{mark}")


def _toml(value: Any) -> str:
    if value is None:
        return '""  # not set'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return click.unstyle(repr(value)).replace("'", '"') if '"' not in value else repr(value)
    if is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in fields(value) if getattr(value, f.name)}
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {_toml(item)}' for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value)
