"""`curator undo`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from curator import inputs, settings
from curator.errors import UsageError
from curator.fixing.undoing import changed_below, undo
from curator.reporters.text import visible


@click.command("undo", short_help="Take back what the last --fix has changed.")
@click.argument("paths", nargs=-1, type=click.Path(readable=False), metavar="[PATH]...")
@click.option("--config", type=click.Path(), help="This settings file, not the nearest curator.toml.")
@click.option("--isolated", is_flag=True, help="No settings file at all.")
@click.option("-v", "--verbose", is_flag=True, help="Tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.pass_context
def command(
    ctx: click.Context, /, paths: tuple[str, ...], config: str | None, isolated: bool, verbose: bool, quiet: bool
) -> None:
    """Take back what the last `curator check --fix` or `curator dedupe --in-place` has changed.

    Each file gets its old bytes back if nobody has changed it since; else it is left as it is, and the
    reason is said. Removed records leave the file of removed records again, and suppressions follow. Called
    again, it takes back the run before that.

    With PATHs, files or folders, the last run that changed each of these files is taken back; without, the last
    run that changed any file below this folder, or any of the datasets of curator.toml.

    \b
    Examples:
      curator undo
      curator undo train.jsonl

    Exit codes: 0 done, 2 a file could not be brought back, or there was nothing to undo.
    """

    def settings_for(path: Path) -> settings.Settings:
        return settings.for_path(path, config, isolated)

    files: list[str] = []
    for asked in [[path] for path in paths] or [[]]:
        root = asked[0] if asked else "."
        # A search finds what is to be checked; --fix may have been told of other files by their names.
        changed = list(changed_below(root)) if os.path.isdir(root) else []
        datasets, failures = inputs.gather(asked, settings_for)
        if failures and not changed:
            raise failures[0]
        files += changed
        files += [file for dataset in datasets for found in dataset.splits.values() for file in found if file != "-"]
    outcome = undo(list(dict.fromkeys(files)), together=not paths)
    for done in () if quiet else outcome.files:
        fixes = "1 change was" if done.fixed == 1 else f"{done.fixed:,} changes were"
        click.echo(visible(f"{done.path}: as it was before {done.when}; {fixes} taken back"))
        if done.aside:
            note = f"note: {done.aside} was changed since, and still lists the records that are back in {done.path}"
            click.echo(visible(note), err=True)
    for text in outcome.refused:
        click.echo(visible(f"error: {text}"), err=True)
    if not outcome.files and not outcome.refused:
        raise UsageError(
            "nothing to undo: no `curator check --fix` or `curator dedupe --in-place` has changed these files"
        )
    ctx.exit(2 if outcome.refused else 0)
