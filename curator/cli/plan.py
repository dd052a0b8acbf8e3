"""`curator plan`."""

from __future__ import annotations

import importlib
import io
import os
from typing import Any

import click

from curator import engine, inputs
from curator.cli import choices, outputs
from curator.cli.check import executor_for
from curator.cli.progress import progress
from curator.planning.advice import Plans
from curator.planning.drafting import draft
from curator.reporters.text import visible
from curator.suppressions import Suppressions

FORMATS = ("text", "json", "markdown")
_ENDINGS = {".json": "json", ".md": "markdown", ".markdown": "markdown"}


@click.command("plan", short_help="Say how to train on a dataset, and how to call what comes out.")
@click.argument("paths", nargs=-1, type=click.Path(readable=False), metavar="[PATH]...")
@click.option("--target", metavar="NAME", help="Where it is to be trained: auto, openai, azure …  [default: auto]")
@click.option("--model", metavar="NAME", help="The model to be tuned: its tokenizer, limit and price.")
@click.option(
    "--price", type=click.FloatRange(0), metavar="USD", help="Your price per million training tokens, in place of ours."
)
@click.option(
    "--format", "--output-format", "form", type=click.Choice(FORMATS), help="[default: by the output's name, else text]"
)
@click.option("-o", "--output-file", type=click.Path(dir_okay=False), help="Write there, not to standard output.")
@choices.common()
@click.option("-q", "--quiet", is_flag=True, help="The plan and errors only.")
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Say how to train on a dataset, and how to call what comes out.

    Whether there is enough data, what an epoch holds and costs, the documented defaults for epochs and batch
    size, and the parameters of a call that follow from the data: stop, max_tokens, logit_bias. Each with its
    source; what nobody can say is said to be unknown. Nothing is sent anywhere.

    \b
    Examples:
      curator plan train.jsonl --model gpt-4o-mini
      curator plan                                     the datasets of curator.toml
      curator plan train.jsonl --model davinci-002 -o plan.md
      curator plan train.jsonl --model my-model --target together --price 0.48
      curator plan train.jsonl --format json

    Exit codes: 0 there is a plan (also for data that is not clean: it says so first), 2 the job could not be done.
    """
    choices.require_targets([given["target"]])
    settings_for = choices.settings_for(given, target=given["target"], model=given["model"])
    datasets, failures = inputs.gather(paths, settings_for)
    files = [file for dataset in datasets for split in dataset.splits.values() for file in split]
    if given["output_file"] is not None:
        outputs.refuse(given["output_file"], datasets)
    quiet = given["no_progress"] or given["quiet"]
    with progress(tuple(files), quiet) as begin, executor_for(files, given["jobs"]) as executor:
        show = begin("checking")

        def advance(done: int, total: int, records: int) -> None:
            if show is not None:
                show(done, total)

        with engine.checked(
            datasets, executor=executor, token_stats=True, failures=failures, suppressions=Suppressions(),
            progress=advance,
        ) as (report, sources):  # fmt: skip
            plans = draft(report, sources, given["price"], config=given["config"], isolated=given["isolated"])
    _write(plans, given["form"], given["output_file"], quiet=given["quiet"])
    for failure in plans.failures:
        where = f"{failure.path}:{failure.line}: " if failure.line else ""
        click.echo(visible(f"error: {where}{failure.message}"), err=True)
    ctx.exit(2 if plans.failures else 0)


def _write(plans: Plans, form: str | None, path: str | None, *, quiet: bool) -> None:
    form = form or _ENDINGS.get(os.path.splitext(path or "")[1].lower(), "text")
    write = importlib.import_module(f"curator.planning.{form}").write
    if path is None:
        with outputs.standard("--output-file") as stream:
            write(plans, stream)
        return
    with outputs.opened(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace")
        write(plans, text)
        text.detach()
    if not quiet:
        click.echo(f"wrote {visible(path)}", err=True)
