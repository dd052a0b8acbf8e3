"""`curator dedupe`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import click

from curator.cli.fixes import way_back
from curator.cli.progress import progress
from curator.curation import deduping
from curator.curation.deduping import NOBODY, Cleared
from curator.curation.nearness import THRESHOLD
from curator.curation.outputs import NAME_IT, refuse, together
from curator.curation.records import BLANK, RECORD, UNREADABLE, Records, open_records
from curator.curation.replacing import take_out
from curator.curation.sketches import HIGHEST, LOWEST, require
from curator.curation.wording import changes, marked
from curator.errors import UsageError
from curator.findings import clip
from curator.fixing.journal import aside_path
from curator.fixing.placing import stamp
from curator.opening import Spools
from curator.reporters.text import counted, visible
from curator.writing import refusal

_SHOWN = 10  # clusters
_MEMBERS = 3  # of one cluster
_WORDS = 40  # code points of the words that differ
_LARGE = 0.2  # of all records; near copies of one record beyond it, and not just a few, are rather a template
_FEW = 5


@click.command("dedupe", short_help="Take out copies.")
@click.argument("path", type=click.Path(), metavar="IN")
@click.option("-o", "--output", type=click.Path(), metavar="OUT", help="Write there.")
@click.option("--in-place", is_flag=True, help="Put the result in the place of IN; curator undo takes it back.")
@click.option("--keep", type=click.Choice(["first", "longest"]), help="Which copy stays.  [default: first]")
@click.option("--exact", is_flag=True, help="Only equal values: no near copies.")
@click.option(
    "--threshold",
    type=click.FloatRange(LOWEST, HIGHEST),
    metavar="T",
    help="Near copies have a Jaccard index of T.  [default: 0.8]",
)
@click.option("--decisions", type=click.Path(), metavar="FILE", help="Drop what this file of decisions says, no more.")
@click.option("--write-decisions", type=click.Path(), metavar="FILE", help="Write such a file, to look over and edit.")
@click.option("--show", type=click.IntRange(0), default=_SHOWN, metavar="N", help="Show N clusters.  [default: 10]")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@click.option("-v", "--verbose", is_flag=True, help="Tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing.")
def command(path: str, **given: Any) -> None:
    """Take out copies and near copies; what goes is written aside.

    Copies are equal JSON values, key order ignored. Near copies share at least 0.8 of their runs of
    five words (Jaccard index), case folded, without system prompts and instructions that many records
    begin with. In a classification set, records with different labels are no copies. All other lines
    keep their bytes and their order.

    \b
    Examples:
      curator dedupe train.jsonl                            show the clusters, write nothing
      curator dedupe train.jsonl -o clean.jsonl             and clean.removed.jsonl, with what went
      curator dedupe train.jsonl -o clean.jsonl --exact
      curator dedupe train.jsonl -o clean.jsonl --keep longest --threshold 0.9

    \b
    To decide yourself:
      curator dedupe train.jsonl --write-decisions decisions.jsonl
      (change "drop" to "keep" where you like)
      curator dedupe train.jsonl -o clean.jsonl --decisions decisions.jsonl

    Near copies need an extra: pip install 'finetune-curator[dedupe]', or --exact.

    Exit codes: 0 done, 2 the job could not be done (nothing is written then).
    """
    if not given["exact"]:
        require(", or --exact")
    output, template = _asked(path, given)
    aside = "" if output is None else f"{os.path.splitext(output)[0]}.removed.jsonl"
    new = [name for name in (None if given["in_place"] else output, template) if name]
    _refuse(path, new, aside, given)
    before = _stamp(path) if given["in_place"] else ()
    decisions = deduping.read_decisions(given["decisions"]) if given["decisions"] else None
    with Spools() as spools, progress((path,), given["no_progress"] or given["quiet"]) as begin:
        records = open_records(path, spools, lines_only=True, progress=begin("reading"))
        if given["in_place"] and records.source.real_path != path:
            raise UsageError(f"{path}: is compressed, or not in UTF-8: name another file with -o")
        threshold = None if given["exact"] else given["threshold"] or THRESHOLD
        show = begin("comparing")
        if decisions is None:
            done = deduping.clear(records, threshold=threshold, keep=given["keep"] or "first", progress=show)
        else:
            done = deduping.decide(records, decisions, threshold=threshold, progress=show)
        count = sum(1 for _ in done.gone())
        is_new = output is not None and not given["in_place"]
        paths = [name for name in (template, aside if is_new and count else "", output if is_new else "") if name]
        with together(paths) as streams:
            files = dict(zip(paths, streams, strict=True))
            if template is not None:
                files[template].writelines(deduping.proposed(records, done))
            if output is not None and is_new:
                to = bytearray(number != stays for number, stays in enumerate(done.stays))
                files[output].write(records.preamble)
                records.copy(to, [files[output]], begin("writing"))
                if count:
                    files[aside].writelines(deduping.removed(records, done))
            records.unchanged()
        if given["in_place"] and count:
            take_out(records, done.gone(), deduping.removed(records, done), before, path)
        if not given["quiet"]:
            _say(records, done, given["show"], is_decided=decisions is not None)
            for name in (*new, aside if output and count else ""):
                if name:
                    click.echo(visible(f"wrote {name}"))
            if given["in_place"] and count:
                click.echo(visible(f"wrote {path}; `{way_back([path])}` takes it back"))
            if output is None and template is None and count:
                click.echo("nothing was written: -o OUT writes what stays")


def _refuse(path: str, new: list[str], aside: str, given: dict[str, Any]) -> None:
    """Raises UsageError where an output would take the place of a file that is read, or of removed records."""
    sources = [path, *([given["decisions"]] if given["decisions"] else [])]
    if given["in_place"]:
        changed = [os.path.realpath(name) for name in (path, aside)]
        for name in (*new, *sources[1:]):
            if os.path.realpath(name) in changed:
                raise UsageError(f"{name}: --in-place writes there: name another")
    outputs = [*new, aside] if aside and not given["in_place"] else new
    refuse(outputs, *sources, force=given["force"])
    if aside in outputs and os.path.lexists(aside) and os.path.getsize(aside):
        raise UsageError(f"{aside}: lists the records that an earlier run removed: move it away, or name another OUT")


def _stamp(path: str) -> tuple[int, ...]:
    """What tells later whether the file was changed. Raises UsageError for a file that is not to be replaced."""
    if why := refusal(path, instead=NAME_IT):
        raise UsageError(f"{path}: {why}")
    if os.path.islink(aside := aside_path(path)):
        raise UsageError(f"{aside}: is a symbolic link; removed records are written to ordinary files only")
    return stamp(path)


def _asked(path: str, given: dict[str, Any]) -> tuple[str | None, str | None]:
    """Where the result goes, and the decisions; None where they go nowhere."""
    if given["in_place"] and given["output"]:
        raise UsageError("-o and --in-place contradict each other")
    if given["in_place"] and path == "-":
        raise UsageError("standard input has no place: name a file with -o")
    if given["decisions"] and given["keep"]:
        raise UsageError("--decisions says what goes: leave out --keep")
    if given["decisions"] and given["write_decisions"]:
        raise UsageError("--decisions reads and --write-decisions writes: one of them")
    if given["exact"] and given["threshold"] is not None:
        raise UsageError("--exact has no near copies that --threshold could speak of")
    output = given["output"]
    if output is not None and os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
        raise UsageError(f"{output}: is the file that is read: name another, or say --in-place")
    return (path if given["in_place"] else output), given["write_decisions"]


def _say(records: Records, done: Cleared, shown: int, *, is_decided: bool) -> None:
    clusters = done.clusters()
    numbered = sorted(enumerate(clusters.items(), 1), key=lambda item: (-len(item[1][1]), item[0]))
    for cluster, ((stays, _), gone) in numbered[:shown]:
        kept = "none stays" if stays == NOBODY else f"line {records.line(stays):,} stays"
        click.echo(f"cluster {cluster}: {len(gone) + (stays != NOBODY):,} records, {kept}")
        for number in gone[:_MEMBERS]:
            click.echo(visible(f"  line {records.line(number):,}: {_relation(records, done, number)}"))
        if len(gone) > _MEMBERS:
            click.echo(f"  and {len(gone) - _MEMBERS:,} more")
    if len(clusters) > shown:
        click.echo(f"and {counted(len(clusters) - shown, 'more cluster')}")
    total, count = records.count(RECORD), sum(map(len, clusters.values()))
    equal = deduping.exact(records, done)
    near = max((sum(number not in equal for number in gone) for gone in clusters.values()), default=0)
    if near >= _FEW and near > _LARGE * total and not is_decided:
        click.echo(
            f"note: {near:,} of {total:,} records are near copies in one cluster: they may share a template rather "
            "than be copies; a higher --threshold, --exact or --decisions keeps more of them"
        )
    if empty := sum(1 for stays, _ in clusters if stays == NOBODY):
        which, them = ("1 cluster keeps", "it") if empty == 1 else (f"{empty:,} clusters keep", "them")
        click.echo(f"warning: {which} no record: every copy in {them} was decided to go")
    if done.differing:
        click.echo("note: some near copies carry another label, and stay; curator check --select LAB007 shows them")
    if done.unmatched:
        click.echo(f"note: no record of a cluster fits {counted(done.unmatched, 'decision')}, not followed")
    copies = len(equal)
    kinds = f"{counted(copies, 'copy', 'copies')}, {counted(count - copies, 'near copy', 'near copies')}"
    others = [(UNREADABLE, "unreadable"), (BLANK, "blank")]
    odd = ", ".join(f"{records.count(state):,} {what}" for state, what in others if records.count(state))
    kept = f"{len(records) - count:,} that stay" + (f" ({odd} among them)" if odd else "")
    click.echo(f"{len(records):,} lines = {kept} + {count:,} that go ({kinds} in {counted(len(clusters), 'cluster')})")


def _relation(records: Records, done: Cleared, number: int) -> str:
    """Why a record goes: what it is to the one that stays, and the first words in which they differ."""
    stays = done.stays[number]
    if stays == NOBODY:
        return "was decided to go"
    if records.key(number) == records.key(stays):
        return "copy"
    places = ""
    for change in changes(records.parsed(stays).value, records.parsed(number).value):
        for hunk in change.hunks[:1]:
            words = replace(hunk, removed=clip(hunk.removed, _WORDS), added=clip(hunk.added, _WORDS))
            places = f": {clip(change.pointer)} {marked(words)}"
        break
    return f"near copy, {done.likeness[number]}% alike{places}"
