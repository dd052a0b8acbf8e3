"""`curator init`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator import __version__, inputs, proposal, settings, targets
from curator.cli.config import toml
from curator.errors import UsageError
from curator.reporters.text import visible

_SHOWN = 20  # datasets that are listed on the terminal; the file has them all
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")

_HEAD = """\
# Settings of curator for the data in this folder and below; paths are relative to this file.
#
# `#name = …` is a setting that is not set, with its default or an example: delete the # to set it.
# `curator config` shows what holds. `extends = "…"` begins with the settings of another file.
"""

# Setting (the target aside) -> what it says, and an example where the default cannot be written.
_PLAIN: dict[str, tuple[str, Any]] = {
    "model": (
        "The model to be tuned, for its limits and its tokenizer. Not set: the target's usual one.",
        "gpt-4o-mini-2024-07-18",
    ),
    "preset": ("Which rules are chosen. A preset is frozen: an upgrade adds no rule to it.", None),
    "select": ("Only these rules, not the preset's: codes, names, prefixes (SEP), families (labels), ALL.", ["ALL"]),
    "extend_select": ("Rules to run beside those.", None),
    "ignore": ("Rules to leave out. `curator rule --all` lists them.", None),
    "exclude": ("Files to leave out of a search, written as in .gitignore.", None),
    "fail_on": ("The least severity that makes the exit code 1: error, warning, info, or never.", None),
    "max_line_bytes": ("A longer line is reported and not read.", None),
    "max_unpacked_bytes": ("A compressed file that unpacks to more is not read.", None),
    "rule_dirs": ("Folders with rule cards of your own.", None),
    "check_files": ("Python files with checks of your own. They are run, so name only what you trust.", None),
}
# Setting that is a table -> what it says, and an example of two lines.
_TABLES: dict[str, tuple[str, str, str]] = {
    "severity": ("Other severities, by rule.", "[severity]", '"duplicate-record" = "error"'),
    "params": (
        "Other parameters, by rule; `curator rule NAME` shows them.",
        '[params."label-imbalance"]',
        "max_ratio = 20.0",
    ),
    "per_file_ignores": (
        "Rules to leave out of some files.",
        "[per-file-ignores]",
        '"legacy/*.jsonl" = ["SEP", "STP"]',
    ),
}
_DATASETS = """\
# Datasets: files that belong together. `curator check` alone checks those that are named here and no others, each
# file as its split, and the splits against each other. What the data itself shows (the last four) need not be said.
"""
_EXAMPLE: dict[str, Any] = {
    "train": ["data/part-1.jsonl", "data/part-2.jsonl"],
    "validation": "data/valid.jsonl",
    "test": "data/test.jsonl",
    "task": "classification",
    "separator": "\n\n###\n\n",
    "stop": " END",
    "labels": ["billing", "returns"],
}

HOOK = f"""\
repos:
  - repo: https://git.example/curator  # where you have curator from
    rev: v{__version__}
    hooks:
      - id: curator-check  # the data files of the commit
      # or, when data changed, every dataset of curator.toml whole, which also finds leaks between its splits:
      # - id: curator-dataset
"""
LOCAL_HOOK = r"""
repos:
  - repo: local
    hooks:
      - id: curator-check
        name: curator
        entry: curator check --force-exclude --no-progress
        language: system
        files: (?i)\.(jsonl|ndjson)(\.(gz|zst))?$
        require_serial: true
""".removeprefix("\n")


@click.command("init", short_help="Write a commented curator.toml.")
@click.argument("folder", default=".", type=click.Path(), metavar="[FOLDER]")
@click.option("--force", is_flag=True, help="Write over a curator.toml that is there.")
def command(folder: str, force: bool) -> None:
    """Write a curator.toml for the data in this folder (or another), with every setting explained.

    It proposes which of the data files below belong together, as which split, by their names:
    x.train.jsonl and x.valid.jsonl, train.jsonl and test.jsonl, train/… and validation/…. Look over
    what it wrote. It also shows how to check before every commit, with pre-commit.

    \b
    Examples:
      curator init                for the data below this folder
      curator init data/          writes data/curator.toml
      curator init --force        begins again, over the file that is there

    Exit codes: 0 written, 2 the file is there already, or could not be written.
    """
    path = Path(folder, settings.FILE_NAME)
    above = _above(path, force)
    passed_over: list[str] = []
    # The settings of a folder above will not hold here any more, so they do not say what is found.
    datasets, _ = inputs.gather([folder], lambda file: settings.Settings(), passed_over=passed_over.append)
    found = [file for dataset in datasets for split in dataset.splits.values() for file in split]
    files = [Path(os.path.relpath(file, folder)).as_posix() for file in found]
    copies = set(proposal.packed_copies(files))
    nameless = {file for file in files if not _is_utf8(file)}  # TOML is UTF-8
    home = os.path.basename(os.path.abspath(folder))
    proposals = proposal.propose(
        [file for file in files if file not in copies | nameless], home if home and _is_utf8(home) else "data"
    )
    formats = [proposal.glance(str(Path(folder, next(iter(made.splits.values()))[0]))) for made in proposals]
    try:
        with open(path, "w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text(proposals, formats))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
    _say(path, proposals, formats, above)
    for name in sorted(copies):
        click.echo(visible(f"note: {name} was left out: it stands there unpacked, too"), err=True)
    for name in sorted(nameless):
        click.echo(visible(f"note: {name!r} was left out: its name is not UTF-8"), err=True)
    if passed_over:
        note = f"note: .json files were passed over (such as {passed_over[0]}); name those that are data in the file"
        click.echo(visible(note), err=True)


def _above(path: Path, force: bool) -> Path | None:
    """The settings file that governed the folder so far. Raises UsageError where that would be lost."""
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{path}: is there already; --force writes over it")
    found = settings.nearest_file(path.parent)
    if found is not None and found.parent == settings.absolute(path.parent):
        if not force:
            raise UsageError(f"{found}: has [tool.curator], which a curator.toml would replace; --force writes one")
        return None
    return found


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(proposals: Sequence[proposal.Proposal], formats: Sequence[str]) -> str:
    """What `curator init` writes: every setting, and the proposed datasets with the format of each."""
    lines = [_HEAD, *_target(formats), ""]
    for name, (says, example) in _PLAIN.items():
        value = getattr(settings.Settings(), name) if example is None else example
        lines += [f"# {says}", f"#{settings.option(name)} = {toml(value)}", ""]
    for says, table, example in _TABLES.values():
        lines += [f"# {says}", f"#{table}", f"#{example}", ""]
    lines += [_DATASETS + "#[datasets.NAME]", *(f"#{key} = {toml(value)}" for key, value in _EXAMPLE.items())]
    for found, format_name in zip(proposals, formats, strict=True):
        name = found.name if found.name and _BARE.issuperset(found.name) else toml(found.name)
        lines += ["", f"[datasets.{name}]" + (f"  # {format_name}" if format_name else "")]
        lines += [f"{split} = {toml(paths[0] if len(paths) == 1 else paths)}" for split, paths in found.splits.items()]
    return "\n".join(lines) + "\n"


def _target(formats: Sequence[str]) -> list[str]:
    """The lines about the target: set to what `auto` chooses, where that is one target for all formats."""
    known = sorted({*formats} - {""})
    chosen = {targets.resolve(targets.AUTO, name).name for name in known}
    lines = ["# Whose rules hold; auto goes by the format of the data. There are", f"# {', '.join(targets.names())}."]
    if len(chosen) != 1:
        return [*lines, f"#target = {toml(targets.AUTO)}"]
    return [*lines, f"# Proposed, as the data looks like {' and '.join(known)}:", f"target = {toml(chosen.pop())}"]


def _say(path: Path, proposals: Sequence[proposal.Proposal], formats: Sequence[str], above: Path | None) -> None:
    click.echo(visible(f"wrote {path}"))
    if above:
        click.echo(visible(f"which replaces {above} for this folder; `extends` in the file can build on that one"))
    for found, format_name in list(zip(proposals, formats, strict=True))[:_SHOWN]:
        click.echo(visible(f"  dataset {found.name}{f', {format_name}' if format_name else ''}"))
        for split, paths in found.splits.items():
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            click.echo(visible(f"    {split:<10} {paths[0]}{more}"))
    if len(proposals) > _SHOWN:
        click.echo(f"  and {len(proposals) - _SHOWN} more")
    if not proposals:
        click.echo("  no data files were found (.jsonl, .ndjson; what git ignores is not searched): name yours in it")
    folder = "" if path.parent == Path() else visible(f"cd {path.parent} && ")
    click.echo(f"\nLook over {'the datasets in it' if proposals else 'it'}, then run:\n\n  {folder}curator check\n")
    click.echo(f"To check before every commit, with pre-commit, put into .pre-commit-config.yaml:\n\n{HOOK}")
    click.echo(f"or, to use the curator that is installed here:\n\n{LOCAL_HOOK}\nand run `pre-commit install`.")
