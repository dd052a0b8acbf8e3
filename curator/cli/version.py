"""`curator version`."""

from __future__ import annotations

import platform

import click

from curator import __version__


@click.command("version")
def command() -> None:
    """Show the version of curator and of Python, as a report of a fault should name them."""
    click.echo(f"curator {__version__} (Python {platform.python_version()})")
