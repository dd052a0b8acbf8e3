"""`curator diff`."""

from __future__ import annotations

import json
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TextIO

import click

from curator import __version__
from curator.cli import outputs
from curator.cli.progress import progress
from curator.conventions import SYSTEM_ROLES
from curator.curation.comparing import KINDS, Comparison, Entry, compare
from curator.curation.pairing import side
from curator.curation.records import BLANK, RECORD, UNREADABLE, Records, open_records
from curator.curation.wording import marked
from curator.errors import UsageError
from curator.findings import clip, record_hash
from curator.locate import parse_pointer
from curator.opening import Spools
from curator.reporters.json import dumps
from curator.reporters.text import visible

_EXCERPT = 40  # code points of a record that was added or removed
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "formatting": "=", "moved": ">"}
_COLORS = {"added": "green", "removed": "red", "changed": "yellow", "formatting": "cyan", "moved": "cyan"}
_IGNORABLE = ("moved", "formatting")


def _ignored(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    found = tuple(part.strip() for part in value.split(",")) if value else ()
    for name in found:
        if name not in _IGNORABLE:
            raise click.BadParameter(f"{name!r} is neither {' nor '.join(_IGNORABLE)}")
    return found


@click.command("diff", short_help="Compare two versions of a dataset.")
@click.argument("old", type=click.Path(), metavar="A")
@click.argument("new", type=click.Path(), metavar="B")
@click.option("--key", metavar="POINTER", help="Pair records by this member, such as /id.  [default: id and the like]")
@click.option("--ignore", metavar="KINDS", callback=_ignored, help="Do not count moved, formatting, or both.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="[default: text]")
@click.option("--max", "limit", type=click.IntRange(0), metavar="N", help="Show N records at most; all are counted.")
@click.option("--label", metavar="NAME", help="What both files are called in the output.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 also where there are differences.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="[default: auto]")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@click.option("-v", "--verbose", is_flag=True, help="Tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="Nothing but the exit code.")
@click.pass_context
def command(ctx: click.Context, /, old: str, new: str, **given: Any) -> None:
    """Compare two versions of a dataset, record by record.

    Says which records were added (+), removed (-), changed (~, with the words that differ), moved (>) or
    written in another way (=: the same value in other bytes). A record that moved is one difference,
    however many it passed.

    Records are paired by a member that tells them apart (id, _id, uid …), else by their value, their
    input, or the nearest text.

    \b
    Examples:
      curator diff old.jsonl new.jsonl
      curator diff old.jsonl new.jsonl --key /metadata/number
      curator diff old.jsonl new.jsonl --ignore moved,formatting
      curator diff old.jsonl new.jsonl --output-format json > diff.json
      git show HEAD:train.jsonl | curator diff - train.jsonl

    With git: docs/diff.md shows how `git diff` shows this.

    Exit codes: 0 no difference, 1 differences, 2 the job could not be done.
    """
    if old == new == "-":
        raise UsageError("standard input can be one of the two files, not both")
    pointer = given["key"]
    if pointer is not None:
        pointer = pointer if pointer.startswith("/") else f"/{pointer}"
        parse_pointer(pointer)
    off = given["no_progress"] or given["quiet"]
    with Spools() as spools, progress((old, new), off) as begin:
        sides = []
        for path in (old, new):
            records = open_records(path, spools, progress=begin("reading"))
            sides.append(side(records, pointer, begin("comparing")))
        found = compare(sides[0], sides[1], pointer)
        color = outputs.in_color(given["color"], sys.stdout)
        names = [given["label"] or item.records.source.path for item in sides]
        writer = _Json(names) if given["output_format"] == "json" else _Text(names, color)
        counts = _write(found, None if given["quiet"] else writer, given)
        for item in sides:
            item.records.unchanged()
    ctx.exit(1 if counts.total() and not given["exit_zero"] else 0)


def _write(found: Comparison, writer: _Text | _Json | None, given: dict[str, Any]) -> Counter[str]:
    """Write what differs; the counts of what is not ignored come back."""
    counts: Counter[str] = Counter()
    files = [] if "formatting" in given["ignore"] else found.files
    entries = _counted(found, given["ignore"], counts)
    if writer is None:
        deque(entries, 0)
    else:
        with outputs.standard() as stream:
            writer.begin(found, stream)
            for entry in islice(entries, given["limit"]):
                writer.entry(found, entry, stream)
            hidden = sum(1 for _ in entries)
            writer.end(found, counts, files, hidden, stream)
    counts["file"] = len(files)
    return counts


def _counted(found: Comparison, ignored: Sequence[str], counts: Counter[str]) -> Iterator[Entry]:
    """The entries that are not ignored, counted by what they are."""
    for entry in found.entries():
        if kinds := {entry.kind, *(["moved"] if entry.moved else [])}.difference(ignored):
            counts.update(kinds)
            yield entry


class _Text:
    """For people: one line a record, and one for each value that differs."""

    def __init__(self, names: list[str], color: bool) -> None:
        self.names, self.color = names, color

    def begin(self, found: Comparison, stream: TextIO) -> None:
        pass

    def entry(self, found: Comparison, entry: Entry, stream: TextIO) -> None:
        sign = self._paint(_SIGNS[entry.kind], fg=_COLORS[entry.kind])
        stream.write(f"{sign} {self._place(found, entry)}\n")
        if entry.kind == "changed":
            for change in found.changes(entry):
                hunks = " ".join(marked(hunk, self._shown) for hunk in change.hunks)
                stream.write(f"    {visible(clip(change.pointer, 120)) or '(record)'}: {hunks}\n")

    def _place(self, found: Comparison, entry: Entry) -> str:
        where = []
        for number, item, name in ((entry.old, found.old, self.names[0]), (entry.new, found.new, self.names[1])):
            if number is not None:
                where.append(f"{visible(name)}:{item.records.place(number)}")
        if len(where) == 2:
            moved = " moved," if entry.moved and entry.kind != "moved" else ""
            by = f" (found by its {entry.by})" if entry.kind == "changed" and entry.by != "key" else ""
            return f"{where[0]} -> {where[1]}:{moved} {entry.kind}{by}"
        records, number = _only(found, entry)
        unread = ", unreadable" if records.states[number] == UNREADABLE else ""
        return f"{where[0]}: {entry.kind}{unread}: {visible(excerpt(records, number))}"

    def _shown(self, text: str, kind: str) -> str:
        return self._paint(visible(text), fg=_COLORS[kind]) if kind else visible(text)

    def end(self, found: Comparison, counts: Counter[str], files: list[str], hidden: int, stream: TextIO) -> None:
        if hidden:
            stream.write(f"and {hidden:,} more, which a higher --max shows\n")
        for text in files:
            stream.write(f"= {visible(self.names[1])}: {text}\n")
        sizes = [f"{_count(item.records):,}" for item in (found.old, found.new)]
        said = ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
        same = "all the same, in a file that is written in another way" if files else "all the same"
        by = f" (paired by {visible(clip(found.key))})" if found.key else ""
        stream.write(f"{sizes[0]} {'record' if sizes[0] == '1' else 'records'}, now {sizes[1]}: {said or same}{by}\n")

    def _paint(self, text: str, **how: Any) -> str:
        return click.style(text, **how) if self.color else text


class _Json:
    """One document, version 1; the entries are streamed, one a line, and the summary comes last."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self._written = False

    def begin(self, found: Comparison, stream: TextIO) -> None:
        tool = dumps({"name": "curator", "version": __version__})
        stream.write(f'{{"version": 1,\n "tool": {tool},\n "key": {json.dumps(found.key or None)},\n')
        for label, item, name in (("old", found.old, self.names[0]), ("new", found.new, self.names[1])):
            counts = [item.records.count(state) for state in (RECORD, UNREADABLE)]
            stream.write(f' "{label}": {dumps({"path": name, "records": counts[0], "unreadable": counts[1]})},\n')
        stream.write(' "entries": [')

    def entry(self, found: Comparison, entry: Entry, stream: TextIO) -> None:
        stream.write(",\n   " if self._written else "\n   ")
        self._written = True
        stream.write(dumps(plain(found, entry)))

    def end(self, found: Comparison, counts: Counter[str], files: list[str], hidden: int, stream: TextIO) -> None:
        summary = {"hidden": hidden} | {str(kind): counts[kind] for kind in KINDS}
        stream.write(f'],\n "files": {dumps(files)},\n "summary": {dumps(summary)}}}\n')


def plain(found: Comparison, entry: Entry) -> dict[str, Any]:
    """One difference as plain data."""
    data: dict[str, Any] = {"kind": entry.kind, "moved": entry.moved, "by": entry.by}
    for label, number, item in (("old", entry.old, found.old), ("new", entry.new, found.new)):
        data[label] = None
        if number is not None:
            unread = item.records.states[number] == UNREADABLE
            name = None if unread else record_hash(item.records.raw(number))
            data[label] = {"line": item.records.line(number), "column": item.records.column(number), "record": name}
    if entry.old is None or entry.new is None:
        data["excerpt"] = excerpt(*_only(found, entry))
    if entry.kind == "changed":
        data["changes"] = list(_changes(found, entry))
    return data


def _changes(found: Comparison, entry: Entry) -> Iterator[dict[str, Any]]:
    for change in found.changes(entry):
        hunks = [
            {"before": hunk.before, "removed": hunk.removed, "added": hunk.added, "after": hunk.after}
            for hunk in change.hunks
        ]
        yield {"pointer": change.pointer, "hunks": hunks}


def _only(found: Comparison, entry: Entry) -> tuple[Records, int]:
    if entry.old is not None:
        return found.old.records, entry.old
    assert entry.new is not None
    return found.new.records, entry.new


def excerpt(records: Records, number: int) -> str:
    """The beginning of a record's text; of its bytes, where it has none."""
    if records.states[number] == RECORD:
        turns = [turn for turn in records.example(number).turns if turn.role not in SYSTEM_ROLES]
        text = "\n".join(turn.text for turn in turns).strip()
        if text:
            return text[:_EXCERPT] + ("…" if len(text) > _EXCERPT else "")
    raw = next(iter(records.blocks(number)), b"")[: 4 * _EXCERPT].decode("utf-8", "replace").strip()
    return raw[:_EXCERPT] + ("…" if len(raw) > _EXCERPT else "")


def _count(records: Records) -> int:
    return len(records) - records.count(BLANK)
