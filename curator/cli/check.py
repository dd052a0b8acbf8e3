"""`curator check`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import click

from curator import engine, inputs, suppressions
from curator.catalogue import Rule
from curator.cli import choices, fixes, outputs
from curator.errors import UsageError
from curator.executors.local import Executor, Processes, inline
from curator.report import Report
from curator.reporters import FORMATS, Style, hidden, reporter, statistics
from curator.reporters.text import verdict, visible
from curator.suppressions import Suppressions

_PARALLEL_BYTES = 8 << 20
"""Below this many bytes, starting processes takes longer than it saves."""
_LEVELS = click.Choice(["error", "warning", "info", "never"])
_FORMAT = "For people, programs (json, json-lines) or a CI.  [default: grouped on a terminal, else concise]"


def listed(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """Values that may be repeated or separated by commas; None when the option was not given."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip()) or None


def _levels(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    found = {}
    for value in ",".join(values).split(",") if values else ():
        name, _, level = value.partition("=")
        if level not in ("error", "warning", "info"):
            raise click.BadParameter(f"{value!r} is not RULE=error, RULE=warning or RULE=info")
        found[name] = level
    return found or None


def _rules(*names: str, text: str, metavar: str = "RULES") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(*names, metavar=metavar, multiple=True, callback=listed, help=text)


@click.command("check", short_help="Check datasets.")
@click.argument("paths", nargs=-1, type=click.Path(readable=False), metavar="[PATH]...")
@_rules("--select", text="Run only these: codes, names, prefixes (SEP), families (labels), ALL.")
@_rules("--ignore", text="Leave these out.")
@_rules("--extend-select", text="Run these as well.")
@click.option("--severity", metavar="RULE=LEVEL", multiple=True, callback=_levels, help="Give a rule another severity.")
@click.option("--fail-on", type=_LEVELS, help="Exit 1 when something is at or above this.  [default: error]")
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found.")
@click.option("--target", metavar="NAME", help="Whose rules hold: auto, openai, azure, generic …  [default: auto]")
@click.option("--model", metavar="NAME", help="The model to be tuned: its limits and tokenizer.")
@click.option("--token-stats", is_flag=True, help="Count the tokens of every record, exactly.")
@click.option("--output-format", type=click.Choice(FORMATS), help=_FORMAT)
@click.option("--statistics", is_flag=True, help="Count the findings of each rule in place of listing them.")
@click.option("--max-findings", type=click.IntRange(0), metavar="N", help="Show N findings at most; all are counted.")
@click.option("-o", "--output-file", type=click.Path(dir_okay=False), help="Write there, not to standard output.")
@click.option("--config", type=click.Path(), help="This settings file, not the nearest curator.toml.")
@click.option("--isolated", is_flag=True, help="No settings file at all.")
@click.option("--stdin-filename", metavar="NAME", help="What standard input (`-`) is to be called.")
@_rules("--exclude", metavar="PATTERNS", text="Leave out files that match, written as in .gitignore.")
@click.option("--force-exclude", is_flag=True, help="Exclude also files that are named on the command line.")
@fixes.options
@click.option("--suppress", is_flag=True, help="Accept all that is found: from now on it does not count.")
@click.option("--reason", metavar="TEXT", help="Why it is accepted; goes with --suppress.")
@click.option("--prune-suppressions", is_flag=True, help="Remove the checked files' suppressions that match nothing.")
@click.option("--show-files", is_flag=True, help="List the files that would be checked, and stop.")
@click.option("-j", "--jobs", type=click.IntRange(1), help="Processes.  [default: the machine's, for large files]")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="[default: auto]")
@click.option("-v", "--verbose", is_flag=True, help="Settings, suppressed findings, tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="Findings only.")
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Check datasets: what is wrong, where and why.

    A PATH is a file (JSON Lines, also .gz and .zst), a folder (searched for .jsonl and .ndjson), or `-`
    for standard input. Without one, every dataset of curator.toml is checked, or every data file below
    this folder.

    \b
    Examples:
      curator check train.jsonl
      curator check data/ --target azure --fail-on warning
      curator check train.jsonl --select SEP,LAB --output-format full
      curator check train.jsonl --token-stats --model gpt-4o
      zcat big.jsonl.gz | curator check - --stdin-filename big.jsonl
      curator check --output-format json -o report.json
      curator check train.jsonl --diff
      curator check train.jsonl --fix --unsafe-fixes --show-fixes
      curator check --suppress --reason "baseline"

    Exit codes: 0 nothing at or above --fail-on was found (after --fix: is left), 1 something was (--diff:
    something would change), 2 the job could not be done (a bad flag or setting, a file that cannot be read
    or fixed, a check that raised).
    """
    flags = {
        name: given[name]
        for name in ("select", "ignore", "extend_select", "severity", "fail_on", "target", "model", "exclude")
    }
    choices.require_targets([given["target"]])
    if given["statistics"] and given["output_format"] not in (None, *statistics.FORMATS):
        raise UsageError(f"--statistics are text or json, not {given['output_format']}")
    if given["suppress"] and not (given["reason"] or "").strip():
        form = 'curator check train.jsonl --select SEP002 --suppress --reason "two tasks in one set"'
        raise UsageError(f"--suppress needs --reason, for whoever reads it later: {form}")
    if given["reason"] is not None and not given["suppress"]:
        raise UsageError("--reason says why findings are suppressed: it goes with --suppress")
    fixes.validate(given)
    settings_for = choices.settings_for(given, **flags)
    passed_over: list[str] = []
    datasets, failures = inputs.gather(
        paths,
        settings_for,
        force_exclude=given["force_exclude"],
        stdin_name=given["stdin_filename"],
        passed_over=passed_over.append,
    )
    if passed_over and not given["quiet"]:
        count = "1 .json file was" if len(passed_over) == 1 else f"{len(passed_over)} .json files were"
        note = f"note: {count} passed over (such as {passed_over[0]}); name a .json file to check it"
        click.echo(visible(note), err=True)
    files = [file for dataset in datasets for split in dataset.splits.values() for file in split]
    if given["output_file"] is not None and not given["show_files"]:
        outputs.refuse(given["output_file"], datasets)
    if given["verbose"]:
        for source in sorted({dataset.settings.source or "no settings file" for dataset in datasets}):
            click.echo(f"settings: {source}", err=True)
    if given["show_files"]:
        for file in files:
            click.echo(visible(file))
        ctx.exit(2 if failures else 0)
    quiet = given["no_progress"] or given["quiet"]
    with progress_bar(files, quiet) as progress, executor_for(files, given["jobs"]) as executor:
        if given["fix"] or given["diff"]:
            fixed, known = fixes.run(datasets, given, executor, progress, failures, _style(given, {}))
            report = fixed.report
        else:
            fixed, known = None, Suppressions()
            report = engine.check(
                datasets, executor=executor, token_stats=given["token_stats"], progress=progress, failures=failures,
                suppressions=known,
            )  # fmt: skip
    if not given["diff"]:
        _keep(report, known, given)
        _write(report, given, choices.cards(datasets))
    for failure in report.failures:
        where = f"{failure.path}:{failure.line}: " if failure.line else ""
        click.echo(visible(f"error: {where}{failure.message}"), err=True)
    fail_on = {
        dataset.stdin_name if file == "-" else file: dataset.settings.fail_on
        for dataset in datasets
        for split in dataset.splits.values()
        for file in split
    }
    code = report.exit_code(fail_on)
    if fixed is not None and given["diff"] and code != 2:
        code = 1 if fixed.files else 0
    ctx.exit(0 if given["exit_zero"] and code == 1 else code)


def _keep(report: Report, known: Suppressions, given: dict[str, Any]) -> None:
    """Write and remove suppressions as was asked for, and say so."""

    def say(text: str) -> None:
        if not given["quiet"]:
            click.echo(visible(text), err=True)

    changes = given["suppress"] or given["prune_suppressions"]
    if changes and known.faults:
        click.echo(visible(f"error: no suppression was written or removed: mend {known.faults[0][0]} first"), err=True)
        return
    if given["prune_suppressions"]:
        for path, count in known.prune().items():
            say(f"removed {_count(count)} from {path}")
    elif report.stale:
        verb, them = ("matches", "it") if report.stale == 1 else ("match", "them")
        say(f"note: {_count(report.stale)} no longer {verb} anything: --prune-suppressions removes {them}")
    if given["suppress"]:
        accepted = suppressions.accepted(given["reason"].strip())
        counts = known.add(report.findings, accepted)
        report.accept(accepted)
        for path, count in counts.items():
            say(f"wrote {_count(count)} to {path}")
        if not counts:
            say("nothing to suppress")


def _count(number: int) -> str:
    return f"{number:,} suppression{'' if number == 1 else 's'}"


def _write(report: Report, given: dict[str, Any], rules: dict[str, Rule]) -> None:
    path = given["output_file"]
    name = given["output_format"] or ("grouped" if path is None and outputs.is_terminal(sys.stdout) else "concise")
    write = statistics.writer(name) if given["statistics"] else reporter(name)
    style = _style(given, rules)
    try:
        if path:
            with outputs.opened(path) as file:
                text = io.TextIOWrapper(file, encoding="utf-8")
                write(report, text, style)
                text.detach()
        else:
            with outputs.standard("--output-file") as stream:
                write(report, stream, style)
    except OSError as error:
        raise UsageError(f"{path or 'standard output'}: cannot be written: {error.strerror}") from None
    if path and not given["quiet"]:
        click.echo(f"wrote {visible(path)}: {verdict(report, style)}", err=True)
    if name == "gitlab" and (count := hidden(report, style)):  # the one format that cannot say it
        click.echo(f"note: {count:,} more findings are left out; a higher --max-findings shows them", err=True)


def _style(given: dict[str, Any], rules: dict[str, Rule]) -> Style:
    color = outputs.in_color(given["color"], sys.stdout if given["output_file"] is None else None)
    tried = frozenset(["safe"] * given["fix"] + ["unsafe"] * (given["fix"] and given["unsafe_fixes"]))
    return Style(color, given["quiet"], given["max_findings"], rules, given["verbose"], tried)


def executor_for(files: Sequence[str], jobs: int | None) -> AbstractContextManager[Executor]:
    """What runs the check of these files: this process, or as many as asked for; None: what pays for their size."""
    if jobs is None:
        size = sum(_size(file) for file in files)
        jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if size < _PARALLEL_BYTES:
            jobs = 1
    if jobs == 1:
        return nullcontext(inline)
    # The command has no threads, so forking is safe; it spares each worker the imports and vocabularies.
    return Processes(jobs, "fork" if sys.platform == "linux" else "spawn")


def _size(file: str) -> int:
    """Bytes to be expected of a file; packed ones grow about fivefold."""
    try:
        size = os.stat(file).st_size
    except OSError:
        return 0
    return size * 5 if file.endswith((".gz", ".zst")) else size


@contextmanager
def progress_bar(files: Sequence[str], off: bool) -> Iterator[engine.Progress | None]:
    if off or not outputs.is_terminal(sys.stderr) or sum(_size(file) for file in files) < _PARALLEL_BYTES:
        yield None
        return
    from tqdm import tqdm

    with tqdm(unit="B", unit_scale=True, unit_divisor=1024, desc="checking", leave=False) as bar:

        def show(done: int, total: int, records: int) -> None:
            bar.total = total
            bar.set_postfix_str(f"{records / max(bar.format_dict['elapsed'], 0.1):,.0f} records/s", refresh=False)
            bar.update(done - bar.n)

        yield show
