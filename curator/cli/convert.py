"""`curator convert`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn, get_args

import click

from curator import inputs, settings
from curator.cli import outputs
from curator.conversion import kinds, mapping
from curator.conversion.conversation import Options
from curator.conversion.delimited import is_delimiter
from curator.conversion.formats import FORMATS
from curator.conversion.habits import unescaped
from curator.conversion.origin import Origin
from curator.conversion.output import Output, check_paths, rejected_path
from curator.conversion.refusal import quoted
from curator.conversion.run import Outcome, Request, convert
from curator.errors import UsageError
from curator.opening import Spools
from curator.reporters.text import visible

_LONG = 50_000  # rows, or 8 MB: below, a bar would only flicker
_LONG_BYTES = 8 << 20
_KEYS_SHOWN = 8
_REASONS_SHOWN = 10


def _text(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return None if value is None else unescaped(value)


def _ending(name: str, metavar: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(name, metavar=metavar, callback=_text, help=text)


@click.command("convert", short_help="Write records of one format, or a table's rows, in another.")
@click.argument("in_", metavar="IN", type=click.Path())
@click.argument("out", metavar="OUT", type=click.Path())
@click.option("--to", type=click.Choice(sorted(FORMATS)), help="The format to write.  [default: openai-chat, mostly]")
@click.option("--map", "columns", metavar="FIELD=COLUMN", multiple=True, help="Which column is what: prompt=question.")
@click.option("--drop-extra", "extra", flag_value="drop", help="Leave keys out that the format has no place for.")
@click.option("--keep-extra", "extra", flag_value="keep", help="Keep them as they are.")
@click.option("--skip", is_flag=True, help="Convert what can be; the rest goes to OUT's name with .rejected.jsonl.")
@click.option("--force", is_flag=True, help="Write over an OUT that is there.")
@_ending("--system", "TEXT", "The system prompt: added on the way to a chat, taken off on the way from it.")
@click.option("--inline-system", is_flag=True, help="Put a system prompt in front of the prompt.")
@_ending("--separator", "TEXT", r"What ends a prompt of prompt/completion; \n is a line break, '' nothing.")
@_ending("--start", "TEXT", "What a completion begins with.")
@_ending("--stop", "TEXT", "What a completion ends with.")
@click.option("--arguments", type=click.Choice(["object", "string"]), help="How calls write their arguments.")
@click.option("--plain", is_flag=True, help="TRL's preference records with texts, not messages.")
@click.option("--from", "kind", type=click.Choice(get_args(kinds.Kind)), help="What IN is, not what its name says.")
@click.option("--sheet", metavar="NAME", help="Which sheet of a workbook.")
@click.option("--encoding", metavar="NAME", help="Of a table or text.  [default: UTF-8, else Windows-1252]")
@click.option("--delimiter", metavar="CHARACTER", callback=_text, help="Of a CSV file.  [default: as its rows show]")
@click.option("--paragraphs", is_flag=True, help="A record for each paragraph of a .txt file, not for each line.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@click.option("-v", "--verbose", is_flag=True, help="Tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="Errors only.")
@click.pass_context
def command(ctx: click.Context, /, in_: str, out: str, **given: Any) -> None:
    """Write records of one format, or the rows of a table, as records of another.

    IN is a .csv, .tsv, .xlsx, .parquet, .json, .jsonl or .txt file (text files also as .gz and .zst), or `-`
    for JSON Lines from standard input. OUT is a file of JSON Lines, or `-` for standard output. Nothing is
    written unless every record can be carried over whole, or --skip says so.

    \b
    Examples:
      curator convert faq.csv train.jsonl
      curator convert faq.xlsx train.jsonl --sheet 2026 --map prompt=Question,completion=Reply --drop-extra
      curator convert alpaca.json train.jsonl
      curator convert old.jsonl chat.jsonl --system "You sort e-mails."
      curator convert chat.jsonl old.jsonl --to openai-completion --separator '\\n\\n###\\n\\n' --stop ' END'
      curator convert functions.jsonl tools.jsonl             function_call becomes tool_calls
      curator convert chat.jsonl trl.jsonl --to openai-chat --arguments object
      curator convert dpo.jsonl preference.jsonl --skip

    Exit codes: 0 it is written, 1 some records cannot be carried over and nothing is written, 2 the job could
    not be done.
    """
    rejected = rejected_path(out) if given["skip"] else None
    check_paths(in_, out, force=given["force"], rejected=rejected)
    if given["delimiter"] is not None and not is_delimiter(given["delimiter"]):
        raise UsageError(f"--delimiter: {given['delimiter']!r} is not one ASCII character that can part cells")

    def say(text: str) -> None:
        if not given["quiet"]:
            click.echo(visible(f"{origin.path}: {text}"), err=True)

    own = settings.for_path(Path.cwd() / "-" if in_ == "-" else Path(in_), None, False)
    with Spools() as spools, Output(out) as written, Output(rejected or out) as aside:
        origin = kinds.opened(
            in_,
            spools,
            kind=given["kind"],
            sheet=given["sheet"],
            encoding=given["encoding"],
            delimiter=given["delimiter"],
            paragraphs=given["paragraphs"],
            max_line_bytes=own.max_line_bytes,
            max_unpacked_bytes=own.max_unpacked_bytes,
        )
        for note in origin.notes:
            say(note)
        with _progress(origin, given["no_progress"] or given["quiet"]) as progress:
            outcome = convert(origin, written, aside, _request(given, in_), say=say, progress=progress)
    _tell(outcome, origin, out, rejected, quiet=given["quiet"])
    ctx.exit(0 if outcome.written else 1)


def _request(given: dict[str, Any], path: str) -> Request:
    options = Options(
        given["system"] or None, given["inline_system"], arguments=given["arguments"], plain=given["plain"]
    )
    datasets, _ = inputs.gather([path], lambda file: settings.for_path(file, None, False))
    return Request(
        given["to"],
        mapping.parse(given["columns"]),
        options,
        given["separator"],
        given["start"],
        given["stop"],
        given["extra"],
        given["skip"],
        datasets[0].pins if datasets else {},
    )


def _tell(outcome: Outcome, origin: Origin, out: str, rejected: str | None, *, quiet: bool) -> None:
    """What became of the records, on standard error."""

    def say(text: str) -> None:
        click.echo(visible(text), err=True)

    if len(outcome.formats) > 1 and not quiet:
        kinds = ", ".join(f"{count:,} {name}" for name, count in outcome.formats.most_common())
        say(f"note: {origin.path}: the {origin.unit}s are in several formats: {kinds}")
    reasons = outcome.refused.most_common()
    for reason, count in reasons[:_REASONS_SHOWN]:
        for place in outcome.places[reason]:
            say(f"{origin.path}:{place}: {reason}")
        if count > len(outcome.places[reason]):
            say(f"  and {_count(count - len(outcome.places[reason]), 'more', '')} like this")
    if others := sum(count for _, count in reasons[_REASONS_SHOWN:]):
        say(f"  and {others:,} more for other reasons")
    units = f"{origin.unit}s"
    if not outcome.written:
        if outcome.extra:
            _ask(outcome, units, say)
        if outcome.rejected == outcome.read:
            say(f"error: nothing is written: no {origin.unit} can be carried over")
        elif outcome.rejected:
            how = "to a file, --skip converts the others and puts these beside it"
            if out != "-":
                how = f"--skip converts the others and puts these into {rejected_path(out)}"
            say(
                f"error: nothing is written: {outcome.rejected:,} of {outcome.read:,} {units} cannot be carried over; "
                f"{how}"
            )
        return
    if quiet:
        return
    if outcome.padded:
        say(f"{origin.path}: the nulls of a columnar writer are left out of {_count(outcome.padded, origin.unit)}")
    if outcome.blank:
        unit = "row" if origin.unit == "row" else "line"
        say(f"{origin.path}: {_count(outcome.blank, f'blank {unit}')} passed over")
    for name in outcome.odd:
        say(_left_on(outcome, origin, name))
    aside = f"; they are in {rejected}" if outcome.rejected else ""
    place = "standard output" if out == "-" else out
    say(
        f"{origin.path}: {_count(outcome.read, origin.unit)} in; {place}: {outcome.written:,} out as {outcome.target}, "
        f"{outcome.rejected:,} rejected{aside}"
    )


def _left_on(outcome: Outcome, origin: Origin, name: str) -> str:
    """Which texts keep something like the ending that was to be taken off, and how they are mended."""
    count, places = outcome.odd[name], outcome.odd_places[name]
    where = ", ".join(f"{origin.path}:{place}" for place in places)
    more = f" and {count - len(places):,} more" if count > len(places) else ""
    ending, rule = ("separator", "SEP002") if name == "prompt" else ("stop sequence", "STP002")
    end, them = ("ends", "it") if count == 1 else ("end", "them")
    advice = ""
    if origin.unit == "record" and os.path.isfile(origin.path) and not origin.path.lower().endswith((".gz", ".zst")):
        mend = shlex.join(["curator", "check", origin.path, "--select", rule, "--fix", "--unsafe-fixes"])
        advice = f"; `{mend}` mends {them}: convert again then"
    return (
        f"note: {_count(count, name)} still {end} with something like the {ending}, which might be the text's own "
        f"({where}{more}){advice}"
    )


def _ask(outcome: Outcome, units: str, say: Callable[[str], None]) -> None:
    """Which keys have no place, and how it can be said what becomes of them."""
    listed = [f"{quoted(key)} in {count:,}" for key, count in outcome.extra.most_common(_KEYS_SHOWN)]
    more = f" and {len(outcome.extra) - _KEYS_SHOWN} more" if len(outcome.extra) > _KEYS_SHOWN else ""
    them = "it" if len(outcome.extra) == 1 else "them"
    say(
        f"error: nothing is written: {outcome.target} has no place for {', '.join(listed)}{more} of {outcome.read:,} "
        f"{units}: --drop-extra leaves {them} out, --keep-extra keeps {them}"
    )


def _count(number: int, one: str, plural: str = "s") -> str:
    return f"{number:,} {one}{'' if number == 1 else plural}"


@contextmanager
def _progress(origin: Origin, off: bool) -> Iterator[Callable[[int, int], None]]:
    in_bytes = origin.unit == "record"
    if off or not outputs.is_terminal(sys.stderr) or origin.size < (_LONG_BYTES if in_bytes else _LONG):
        yield lambda done, records: None
        return
    from tqdm import tqdm

    unit = {"unit": "B", "unit_divisor": 1024} if in_bytes else {"unit": " lines"}
    with ExitStack() as stack:
        bar: tqdm[NoReturn] | None = None

        def show(done: int, records: int) -> None:
            nonlocal bar
            # Not before the first rows are done: what is said of the columns comes first, on lines of its own.
            bar = bar or stack.enter_context(
                tqdm(total=origin.size, unit_scale=True, desc="converting", leave=False, **unit)
            )
            bar.set_postfix_str(f"{records / max(bar.format_dict['elapsed'], 0.1):,.0f} records/s", refresh=False)
            bar.update(done - bar.n)

        yield show
