"""`curator contract`: learn what a good dataset is like, and check others against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from curator.cli import choices, outputs

if TYPE_CHECKING:
    from curator.contracts.contract import Contract
    from curator.contracts.running import Bars
    from curator.inputs import Dataset

_SHOWN = 5
_LEVELS = click.Choice(["error", "warning", "info", "never"])


@click.group("contract", short_help="Learn what a good dataset is like, and check others against it.")
def command() -> None:
    """Learn what a good dataset is like, and check others against it.

    A contract is a JSON file of expectations about the records of a dataset: their tokens, turns, roles,
    labels, functions, lengths, habits, and what curator check finds in them. People can read and edit it.

    \b
    Examples:
      curator contract learn good.jsonl -o contract.json
      curator contract check new.jsonl --contract contract.json
      curator contract check new.jsonl --contract contract.json --docs docs/

    Needs an extra: pip install 'finetune-curator[contract]' (Great Expectations). Nothing is sent anywhere.
    """


def _common(function: Any) -> Any:
    """What both commands take."""
    options: list[Callable[[Any], Any]] = [
        click.option("--target", metavar="NAME", help="Whose rules hold, as for curator check."),
        click.option("--model", metavar="NAME", help="The model to be tuned: its limits; to learn, its tokenizer."),
        choices.common("Tracebacks; for check also what holds."),
        click.option("-q", "--quiet", is_flag=True, help="Say only what is wrong."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command("learn", short_help="Learn a contract.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(readable=False), metavar="GOOD...")
@click.option("-o", "--output", type=click.Path(dir_okay=False), metavar="FILE", help="Write there.  [default: stdout]")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@_common
def learn(paths: tuple[str, ...], **given: Any) -> None:
    """Learn a contract from data that are known to be good.

    GOOD is a file, a folder, or `-`; several are taken for one dataset of one format. At least 20 records.
    The contract holds figures, the names of labels, roles and functions, and what records have in common: the
    separator, the stop sequence, the beginning of the system prompt.

    \b
    Examples:
      curator contract learn good.jsonl -o contract.json
      curator contract learn good.jsonl --model gpt-4o -o contract.json --force

    Exit codes: 0 done, 2 the job could not be done (nothing is written then).
    """
    from curator.contracts import contract as contracts
    from curator.contracts import running, validating
    from curator.curation.outputs import refuse, together
    from curator.reporters.text import visible

    validating.require()
    output = given["output"]
    if output is not None:
        refuse([output], *paths, force=given["force"])
    with _run(paths, given) as (dataset, executor, failures, bars):
        found = running.learn(dataset, executor, failures, bars)
    text = contracts.dumps(found)
    if output is None:
        with outputs.standard("--output") as stream:
            stream.write(text)
    else:
        with together([output]) as (file,):
            file.write(text.encode())
    if not given["quiet"]:
        for line in _learned(found):
            click.echo(visible(line), err=True)
        if output is not None:
            click.echo(visible(f"wrote {output}: read it over, and edit what you know better"), err=True)


@command.command("check", short_help="Check data against a contract.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(readable=False), metavar="NEW...")
@click.option("--contract", "path", required=True, type=click.Path(), metavar="FILE", help="The contract.")
@click.option("--docs", type=click.Path(file_okay=False), metavar="DIR", help="Write Data Docs there: pages to read.")
@click.option(
    "--fail-on", type=_LEVELS, default="warning", help="Exit 1 for what is broken and as severe.  [default: warning]"
)
@click.option(
    "--show", type=click.IntRange(0), default=_SHOWN, metavar="N", help="Show N records of each.  [default: 5]"
)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="[default: text]")
@_common
@click.pass_context
def check(ctx: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Check data against a contract, and name the records that break it.

    NEW is a file, a folder, or `-`; several are taken for one dataset. They are checked for the target and the
    model that the contract was learned for, unless others are named here.

    \b
    Examples:
      curator contract check new.jsonl --contract contract.json
      curator contract check new.jsonl --contract contract.json --docs docs/
      curator contract check new.jsonl --contract contract.json --output-format json > outcome.json

    Exit codes: 0 the contract is kept, 1 it is broken, 2 the job could not be done (no records, another
    format, a contract of another version, an expectation that could not be decided).
    """
    from curator.contracts import contract as contracts
    from curator.contracts import outcome, pages, running, validating
    from curator.reporters.text import visible

    validating.require()
    contract = contracts.load(given["path"])
    if given["docs"]:
        pages.refuse(given["docs"])
    for name in ("target", "model"):  # findings of other rules would not compare with those of the good data
        given[name] = given[name] if given[name] is not None else getattr(contract.known, name) or None
    with _run(paths, given) as (dataset, executor, failures, bars):
        held = running.hold(contract, dataset, executor, failures, bars)
    with outputs.standard() as stream:
        if given["output_format"] == "json":
            outcome.write_json(held, stream, given["show"])
        else:
            outcome.write_text(held, stream, given["show"], verbose=given["verbose"], quiet=given["quiet"])
    if given["docs"]:
        page = pages.write(held, given["docs"])
        if not given["quiet"]:
            click.echo(visible(f"wrote {page}"), err=True)
    for message in outcome.failures(held):
        click.echo(visible(f"error: {message}"), err=True)
    ctx.exit(outcome.exit_code(held, given["fail_on"]))


@contextmanager
def _run(paths: Sequence[str], given: dict[str, Any]) -> Iterator[tuple[Dataset, Any, Any, Bars]]:
    """The dataset that the paths stand for, and what it is checked with."""
    from curator import inputs
    from curator.cli.check import executor_for
    from curator.cli.progress import progress
    from curator.contracts.running import Bars, joined

    choices.require_targets([given["target"]])
    settings_for = choices.settings_for(given, target=given["target"], model=given["model"])
    datasets, failures = inputs.gather(paths, settings_for)
    if failures and not datasets:
        raise failures[0]
    dataset = joined(datasets)
    with (
        progress(dataset.splits["train"], given["no_progress"] or given["quiet"]) as begin,
        executor_for(dataset.splits["train"], given["jobs"]) as executor,
    ):
        yield dataset, executor, failures, Bars(begin)


def _learned(contract: Contract) -> Iterator[str]:
    """What a contract was learned from, and what it says."""
    from curator.contracts.clauses import listed
    from curator.contracts.naming import plain

    learned = contract.learned
    unreadable = f", {learned.unreadable:,} unreadable" if learned.unreadable else ""
    yield f"{listed(learned.files, ', ')}: {learned.records:,} records{unreadable}, {learned.format}"
    for name in ("tokens", "turns", "answer_chars"):
        if name in learned.figures:
            found = learned.figures[name]
            what = {"answer_chars": "characters of the answer"}.get(name, name)
            yield f"    {what}: {found['min']:,} to {found['max']:,}, median {found['median']:,.0f}"
    if codes := sorted({*contract.known.rules, *contract.known.whole}):
        yield f"    curator check finds {', '.join(codes)} in these data, and the contract lets as much pass"
    yield f"{len(contract.clauses)} expectations:"
    for clause in contract.clauses:
        yield f"    {plain(clause.says)}"
