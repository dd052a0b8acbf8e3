"""`curator review`."""

from __future__ import annotations

import getpass
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator import inputs, settings
from curator.cli import choices
from curator.errors import CuratorError, UsageError
from curator.reporters.text import visible
from curator.review import serving
from curator.review.serving import ReviewOptions

_SELECT = "Run only these: codes, names, prefixes (SEP), families (labels), ALL."


@click.command("review", short_help="Decide in the browser.")
@click.argument("paths", nargs=-1, type=click.Path(readable=False), metavar="[DATA]...")
@click.option("--config", type=click.Path(), help="This settings file, not the nearest curator.toml.")
@click.option("--target", metavar="NAME", help="Whose rules hold: auto, openai, azure, generic …  [default: auto]")
@click.option("--model", metavar="NAME", help="The model to be tuned: its limits and tokenizer.")
@click.option("--select", metavar="RULES", multiple=True, help=_SELECT)
@click.option("--ignore", metavar="RULES", multiple=True, help="Leave these out.")
@click.option("--reviewer", metavar="NAME", help="Who decides.  [default: git's user.name, else the login name]")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="0: any.  [default: the first free from 8501]")
@click.option("--no-browser", is_flag=True, help="Print the address, and open nothing.")
@click.option("-j", "--jobs", type=click.IntRange(1), help="Processes.  [default: the machine's, for large files]")
@click.option("-v", "--verbose", is_flag=True, help="Tracebacks.")
def command(**given: Any) -> None:
    """Look through what was found, in the browser: take a fix, edit, keep, remove; then write it back.

    DATA are files (JSON Lines, also .gz and .zst) or folders. Without any, the page asks for a file.
    The data stays as it is until you say "write" on the page. Decisions are kept in .curator/ beside the
    data as they are made: end the server or close the browser whenever you like, and go on later. Nothing
    leaves this machine: the page answers only to its own browser (127.0.0.1), and loads nothing from elsewhere.

    \b
    Examples:
      curator review train.jsonl
      curator review train.jsonl --model gpt-4o-mini       against that model's limits
      curator review data/ --select FUN,LAB                only calls and labels
      curator review train.jsonl --reviewer "Ada"          whose decisions these are
      curator review train.jsonl --no-browser --port 8600  on another machine, and there
                  ssh -L 8600:127.0.0.1:8600 that-machine  brings the page to yours

    The page needs an extra: pip install 'finetune-curator[app]'.

    Exit codes: 0 ended with Ctrl+C, 2 the page could not be served (a missing file, a port that is taken).
    """
    if importlib.util.find_spec("streamlit") is None:
        raise UsageError("the page needs an extra: pip install 'finetune-curator[app]'")
    serving.use(_options(given))
    listening = serving.listen(given["port"])
    click.echo(f"{serving.url(listening)} shows the page. Ctrl+C ends it; what was decided is kept.")
    serving.serve(listening, browser=not given["no_browser"] and _display())


def from_arguments(arguments: Sequence[str]) -> ReviewOptions:
    """The options that `streamlit run app.py -- …` was given; ends the process where they are wrong."""
    try:
        given = command.make_context("streamlit run app.py --", list(arguments)).params
        if given["port"] is not None:
            raise UsageError("--port is Streamlit's here: streamlit run app.py --server.port N -- …")
        return _options(given)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.ClickException as error:
        error.show()
    except CuratorError as error:
        click.echo(visible(f"error: {error}"), err=True)
    sys.exit(2)


def _options(given: dict[str, Any]) -> ReviewOptions:
    """What was asked for. Raises CuratorError for what is not there, before any server starts."""
    choices.require_targets([given["target"]])
    if "-" in given["paths"]:
        raise UsageError("standard input cannot be reviewed, for nothing could be written back: name a file")

    def settings_for(path: Path) -> settings.Settings:
        return settings.for_path(path, given["config"], isolated=False)

    if given["paths"]:
        _, failures = inputs.gather(given["paths"], settings_for)
        for failure in failures[:-1]:
            click.echo(visible(f"error: {failure}"), err=True)
        if failures:
            raise failures[-1]
    else:
        settings_for(Path.cwd() / "-")
    return ReviewOptions(
        paths=given["paths"],
        config=given["config"],
        target=given["target"],
        model=given["model"],
        select=_listed(given["select"]),
        ignore=_listed(given["ignore"]),
        jobs=given["jobs"],
        reviewer=(given["reviewer"] or "").strip() or _reviewer(given["paths"]),
    )


def _listed(values: tuple[str, ...]) -> tuple[str, ...] | None:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip()) or None


def _reviewer(paths: tuple[str, ...]) -> str:
    """Who sits here: as git knows them in the folder of the data, else by the login name."""
    folder = os.path.dirname(os.path.abspath(paths[0])) if paths else os.getcwd()
    try:
        asked = subprocess.run(
            ["git", "-C", folder, "config", "user.name"], capture_output=True, timeout=5, check=False, text=True,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
        if name := asked.stdout.strip():
            return name
    except (OSError, subprocess.TimeoutExpired):
        pass  # no git: the login name does
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "reviewer"  # a container whose user has no name


def _display() -> bool:
    """Whether there is a screen to open a browser on."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
