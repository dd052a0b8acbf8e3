"""`curator report`."""

from __future__ import annotations

import importlib.util
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from curator import engine, inputs
from curator.cli import choices, outputs
from curator.cli.check import executor_for, listed, progress_bar
from curator.errors import InputError, UsageError
from curator.inputs import Dataset
from curator.masking import Masker
from curator.reporters.text import visible
from curator.suppressions import Suppressions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from curator.reporting.build import Judged
    from curator.reporting.document import Document
    from curator.reporting.history import History

_FORMATS = {"html": "html", "markdown": "markdown", "md": "markdown", "json": "json"}
_KINDS = {".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown", ".json": "json"}
_PAGE = "report.html"
_HEAD = 2_000  # characters in which a page says who has made it
_NEEDED = ("jinja2", "altair", "vl_convert")


@click.command("report", short_help="Write what a dataset is worth.")
@click.argument("paths", nargs=-1, type=click.Path(readable=False), metavar="[PATH]...")
@click.option("-o", "--output", type=click.Path(dir_okay=False), metavar="FILE", help="report.html, .md or .json.")
@click.option(
    "--format", "form", type=click.Choice([*_FORMATS]), help="[default: by FILE's name; md and json need no FILE]"
)
@click.option("--target", "names", metavar="NAME", multiple=True, callback=listed, help="For whom; may be repeated.")
@click.option("--model", metavar="NAME", help="The model to be tuned: its limits, tokenizer and price.")
@click.option("--select", metavar="RULES", multiple=True, callback=listed, help="Run only these rules.")
@click.option("--ignore", metavar="RULES", multiple=True, callback=listed, help="Leave these out.")
@click.option(
    "--history", type=click.Path(file_okay=False), metavar="DIR", help="Keep each run there, draw how it went."
)
@click.option("--compare", type=click.Path(dir_okay=False), metavar="OLD.json", help="Against an earlier report.")
@click.option(
    "--fail-on", type=click.Choice(["error", "warning", "info", "never"]), help="Exit 1 then.  [default: never]"
)
@click.option("--stdin-filename", metavar="NAME", help="What standard input (`-`) is to be called.")
@choices.common()
@click.option("-q", "--quiet", is_flag=True, help="Say nothing.")
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Write a page that says what a dataset is worth: to attach to a training run.

    Verdict for each target, every line accounted for, findings with samples, tokens and cost, labels,
    conventions, functions, duplicates, splits and diversity; HTML (one file, no script, no network),
    Markdown (for a pull request or a job's summary) or JSON. Secrets and personal data in samples are
    masked. PATH is as for curator check.

    \b
    Examples:
      curator report train.jsonl                         report.html
      curator report -o quality.html                     the datasets of curator.toml
      curator report train.jsonl -o report.md
      curator report train.jsonl --target openai --target mistral
      curator report train.jsonl --history .quality      and how it went from version to version
      curator report train.jsonl --compare old.json

    HTML needs an extra: pip install 'finetune-curator[report]'.

    Exit codes: 0 the report was written, 1 with --fail-on: something at or above it was found, 2 the job
    could not be done (the report is written where it can be, and says what failed).
    """
    from curator.reporting import history, plain

    output, form = _output(given["output"], given["form"])
    names = tuple(dict.fromkeys(given["names"] or (None,)))
    choices.require_targets(names)
    if len(names) > 1 and "-" in paths:
        raise UsageError("standard input can be read once: name one --target, or a file")
    if form == "html":
        _require()
    gathered = {name: _gathered(paths, name, given) for name in names}
    if output is not None:
        outputs.refuse(output, gathered[names[0]][0])
    if given["compare"] and output and os.path.realpath(given["compare"]) == os.path.realpath(output):
        raise UsageError(f"{output}: is the report to compare with; give --output another name")
    before = plain.read(given["compare"]) if given["compare"] else None  # what cannot be read is said before the work
    past = history.history(given["history"]) if given["history"] else None
    code, document = _run(paths, gathered, given, has_charts=form == "html")
    _write(output, _text(document, form, given, before, past))
    if past is not None:  # last: where it cannot be kept, the report is there all the same
        _keep(document, past, given["history"], quiet=given["quiet"])
    if not given["quiet"]:
        for verdict in document.verdicts:
            click.echo(visible(f"{verdict.target or 'no target'}: {verdict.sentence}"), err=True)
        if output is not None:
            click.echo(f"wrote {visible(output)}", err=True)
    for failure in document.failures:
        click.echo(visible(f"error: {failure.message}"), err=True)
    ctx.exit(2 if document.failures else code)


def _output(path: str | None, form: str | None) -> tuple[str | None, str]:
    """Where the report goes (None: standard output), and its format."""
    if path is None and form in (None, "html"):
        path, form = _PAGE, "html"
        if os.path.exists(path) and not (os.path.isfile(path) and _is_report(path)):
            raise UsageError(f"{path}: is there already, and no report of curator: name another with --output")
    if form is None:
        form = _KINDS.get(os.path.splitext(path or "")[1].lower())
        if form is None:
            raise UsageError(f"{path}: a report ends in .html, .md or .json; or say which with --format")
    return (None if path in (None, "-") else path), _FORMATS[form]


def _is_report(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return '<meta name="generator" content="curator ' in file.read(_HEAD)
    except OSError:
        return False


def _require() -> None:
    """Raises UsageError where a library of the page is missing."""
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        raise UsageError("HTML needs an extra: pip install 'finetune-curator[report]'; .md and .json do without")


def _gathered(
    paths: tuple[str, ...], target: str | None, given: dict[str, Any]
) -> tuple[list[Dataset], list[InputError]]:
    flags = {name: given[name] for name in ("model", "select", "ignore")}
    settings_for = choices.settings_for(given, target=target, fail_on=given["fail_on"] or "never", **flags)
    return inputs.gather(paths, settings_for, stdin_name=given["stdin_filename"])


def _run(
    paths: Sequence[str],
    gathered: Mapping[str | None, tuple[list[Dataset], list[InputError]]],
    given: dict[str, Any],
    *,
    has_charts: bool,
) -> tuple[int, Document]:
    """Check for each target, the first with a profile; the exit code, and the document."""
    from curator.reporting.build import document, judged
    from curator.reporting.commands import again
    from curator.reporting.warming import warm_up

    first, *more = gathered
    rules = choices.cards(gathered[first][0])
    mask = Masker(Counter())
    files = [file for dataset in gathered[first][0] for split in dataset.splits.values() for file in split]
    quiet = given["no_progress"] or given["quiet"]
    code = 0
    others: list[Judged] = []
    with executor_for(files, given["jobs"]) as executor:
        # The first comes last: its files are still open when the document is built.
        for target in (*more, first):
            datasets, failures = gathered[target]
            is_first = target == first
            with (
                progress_bar(files, quiet) as progress,
                engine.checked(
                    datasets, executor=executor, token_stats=is_first, progress=progress, failures=failures,
                    suppressions=Suppressions(), profile=True,
                ) as (report, opened),
            ):  # fmt: skip
                if is_first and has_charts:
                    warm_up()
                code = max(code, report.exit_code(given["fail_on"] or "never"))
                run = judged(report, opened, rules, mask, again(paths, target, given, mask))
                if is_first:
                    return code, document([run, *others], report, opened, rules, mask)
                others.append(run)
    raise AssertionError("there is a first target")


def _text(
    document: Document, form: str, given: dict[str, Any], before: Mapping[str, Any] | None, past: History | None
) -> str:
    """The report as it is written, with the comparison and the history, if they are wanted."""
    from curator.reporting import comparison, history, plain

    compared = comparison.compare(given["compare"], before, document) if before is not None else None
    past = history.with_run(past, document) if past is not None else None
    if form == "json":
        return plain.written(document, compared)
    if form == "markdown":
        from curator.reporting import markdown

        return markdown.page(document, compared, past)
    from curator.reporting import html

    return html.page(document, compared, past)


def _keep(document: Document, past: History, folder: str, *, quiet: bool) -> None:
    """Put the run into the folder of the history, and say what else lies there."""
    from curator.reporting import history, plain

    kept = history.keep(folder, document, plain.written(document))
    if not quiet:
        click.echo(visible(f"kept {kept}"), err=True)
        if past.others:
            note = f"note: passed over in {folder}, no reports or of a newer curator: {past.others}"
            click.echo(visible(note), err=True)


def _write(path: str | None, text: str) -> None:
    """Put the report into its file, whole or not at all; or on standard output."""
    data = text.encode("utf-8", "backslashreplace")
    if path is not None:
        with outputs.opened(path) as file:
            file.write(data)
    else:
        with outputs.standard("--output") as stream:
            stream.buffer.write(data)
