"""`curator split`."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from curator.cli.config import toml
from curator.cli.progress import progress
from curator.curation import splitting
from curator.curation.copies import Copies, copies
from curator.curation.nearness import THRESHOLD
from curator.curation.outputs import refuse, stem, together
from curator.curation.records import BLANK, RECORD, UNREADABLE, Records, open_records
from curator.curation.sketches import require
from curator.curation.splitting import Units
from curator.errors import InputError, UsageError
from curator.findings import clip
from curator.opening import Spools
from curator.reporters.text import counted, visible, width
from curator.settings import SPLITS

TRAIN, VALIDATION, TEST = SPLITS
_LABELS_SHOWN = 5
_LABEL_CHARS = 24
_FIRST = ("split", "records", "share")
_WIDTH = 100  # columns of a table, where no terminal says how many there are
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_SIZES = "80,10,10: train, validation, test, in these proportions."


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the records a split is to have: a share, or a number."""

    share: float = 0.0
    count: int = 0

    def of(self, total: int) -> int:
        """The number of records, of so many; at least one."""
        return self.count or max(1, round(self.share * total))


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> Size | None:
    if value is None:
        return None
    try:
        number = float(value.strip().removesuffix("%"))
        share = number / 100 if value.strip().endswith("%") else number
        if 0 < share < 1:
            return Size(share)
        if not value.strip().endswith("%") and number == int(number) and number > 0:
            return Size(count=int(number))
    except (ValueError, OverflowError):
        pass
    raise click.BadParameter(f"{value!r} is neither a share (10%, 0.1) nor a number of records (200)")


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...]:
    if value is None:
        return ()
    try:
        found = tuple(float(part.strip().removesuffix("%")) for part in value.split(","))
    except ValueError:
        found = ()
    if not found or not all(0 < number < float("inf") for number in found):
        raise click.BadParameter(f"{value!r} is no list of numbers such as {param.metavar}")
    return found


@click.command("split", short_help="Divide a dataset.")
@click.argument("path", type=click.Path(), metavar="IN")
@click.option(
    "--validation", metavar="SIZE", callback=_size, help="Hold out so much for validation: 10%, or 200 records."
)
@click.option("--test", metavar="SIZE", callback=_size, help="Hold out so much for a test.")
@click.option("--sizes", metavar="80,10,10", callback=_numbers, help=_SIZES)
@click.option("-o", "--output-dir", type=click.Path(), metavar="DIR", help="Write there.  [default: beside IN]")
@click.option("--train-file", type=click.Path(), metavar="PATH", help="Name the output for training.")
@click.option("--validation-file", type=click.Path(), metavar="PATH", help="Name the one for validation.")
@click.option("--test-file", type=click.Path(), metavar="PATH", help="Name the one for the test.")
@click.option("--seed", default="0", metavar="TEXT", help="Another seed, another division.  [default: 0]")
@click.option(
    "--stratify/--no-stratify", default=None, help="Keep the labels' shares.  [default: where there are labels]"
)
@click.option("--near/--no-near", default=True, help="Keep near copies together.  [default: near]")
@click.option("--inputs/--no-inputs", default=True, help="Keep equal inputs together.  [default: inputs]")
@click.option("--nested", metavar="25,50,100", callback=_numbers, help="Also write so many percent of train, nested.")
@click.option("--skip-unreadable", is_flag=True, help="Put lines that are no records aside, in NAME.unreadable.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@click.option("-v", "--verbose", is_flag=True, help="Tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="No table.")
def command(path: str, **given: Any) -> None:
    """Divide a dataset into train, validation and test, without a leak between them.

    Records that are copies, near copies (5-word shingles, Jaccard index of 0.8) or have the same input
    stay on one side. A classification set keeps the share of each label, and every label stays in
    train. The same records and seed give the same division, in whatever order the records stand. Each
    record keeps its bytes, each output the order of IN.

    \b
    Examples:
      curator split all.jsonl --validation 10%          all.train.jsonl, all.validation.jsonl
      curator split all.jsonl --sizes 80,10,10 -o data/
      curator split all.jsonl --validation 200 --test 200 --seed 7
      curator split all.jsonl --validation 10% --nested 25,50,100
      zcat all.jsonl.gz | curator split - --test 10% --train-file a.jsonl --test-file b.jsonl

    The nested parts of train are for learning curves: train on 25%, 50%, 100%, and see whether more
    data would help.

    Near copies need an extra: pip install 'finetune-curator[dedupe]', or --no-near.

    Exit codes: 0 done, 2 the job could not be done (nothing is written then).
    """
    if given["near"]:
        require(", or --no-near")
    sizes, parts = _wanted(given), _parts(given["nested"])
    outputs = _outputs(path, list(sizes), given)
    base = stem(outputs[TRAIN])
    paths = [*outputs.values(), *(f"{base}-{percent}.jsonl" for percent in parts)]
    aside = os.path.join(os.path.dirname(outputs[TRAIN]), f"{_name(path)}.unreadable")
    folder = os.path.dirname(os.path.join(given["output_dir"], "")) if given["output_dir"] else None
    refuse([*paths, aside] if given["skip_unreadable"] else paths, path, force=given["force"], folder=folder)
    with Spools() as spools, progress((path,), given["no_progress"] or given["quiet"]) as begin:
        records = open_records(path, spools, lines_only=True, progress=begin("reading"))
        _refuse_unreadable(records, given["skip_unreadable"])
        wanted = _counts(records, sizes)
        found = copies(
            records,
            threshold=THRESHOLD if given["near"] else None,
            inputs=given["inputs"],
            classification=given["stratify"],
            progress=begin("comparing"),
        )
        units = splitting.units(records, found)
        splits = splitting.assign(units, list(wanted.values()), given["seed"])
        counts = splitting.tally(units, found, splits)
        for index, name in enumerate(wanted, 1):
            if not counts.get(index):
                raise InputError(f"{records.source.path}: {_why_empty(records, units, name)}")
        to = splitting.destinations(records, units, splits, len(outputs))
        shown = begin("writing")
        if folder:
            os.makedirs(folder, exist_ok=True)
        with together([*paths, aside] if len(outputs) in to else paths) as streams:
            records.copy(to, [*streams[: len(outputs)], *streams[len(paths) :]], shown)
            chosen = splitting.nested(units, splits, parts, given["seed"])
            written = []
            for stream, inside in zip(streams[len(outputs) : len(paths)], chosen, strict=True):
                records.copy(part := splitting.part(units, inside), [stream], shown)
                written.append(part.count(splitting.TRAIN))
    if not given["quiet"]:
        _say(records, units, found, counts, outputs, wanted, given["seed"])
        whole = counts[splitting.TRAIN].total()
        for extra, size in zip(paths[len(outputs) :], written, strict=True):
            click.echo(visible(f"wrote {extra}: {counted(size, 'record')}, {size / whole:.1%} of train"))
        if len(outputs) in to:
            click.echo(visible(f"wrote {aside}: {counted(records.count(UNREADABLE), 'line')}"))
        _suggest(path, outputs)
    for left in _of_other_divisions(outputs, parts):
        click.echo(visible(f"note: {left} is of another division: its records may stand in these outputs"), err=True)


def _of_other_divisions(outputs: dict[str, str], parts: list[int]) -> list[str]:
    """Files beside the outputs that are called like a split or a part of train, and were not written now."""
    base = outputs[TRAIN].removesuffix(f".{TRAIN}.jsonl")
    names = {f"{base}.{name}.jsonl" for name in SPLITS if name not in outputs} if base != outputs[TRAIN] else set()
    train = stem(outputs[TRAIN])
    names.update(f"{train}-{percent}.jsonl" for percent in range(1, 100) if percent not in parts)
    return sorted(name for name in names.difference(outputs.values()) if os.path.lexists(name))


def _wanted(given: dict[str, Any]) -> dict[str, Size]:
    """How much of the records each split that is held out is to have."""
    sizes = given["sizes"]
    named = {name: given[name] for name in (VALIDATION, TEST) if given[name] is not None}
    if sizes and named:
        raise UsageError("--sizes says all of it: leave out --validation and --test")
    if len(sizes) in (2, 3):
        named = {name: Size(part / sum(sizes)) for name, part in zip((VALIDATION, TEST), sizes[1:], strict=False)}
    elif sizes:
        raise UsageError("--sizes takes two or three proportions: train, validation and perhaps test (80,10,10)")
    if not named:
        raise UsageError("say how much is held out: --validation 10%, or --sizes 80,10,10")
    return named


def _parts(percents: tuple[float, ...]) -> list[int]:
    """The nested parts of train that are written; all of it is train itself."""
    if any(percent != int(percent) or percent > 100 for percent in percents):
        raise UsageError("--nested takes whole percentages up to 100, such as 25,50,100")
    return sorted({int(percent) for percent in percents} - {100})


def _name(path: str) -> str:
    return "stdin.jsonl" if path == "-" else os.path.basename(path)


def _outputs(path: str, held_out: list[str], given: dict[str, Any]) -> dict[str, str]:
    """The path of each split."""
    names = [name for name in SPLITS if name == TRAIN or name in held_out]
    named = {name: given[f"{name}_file"] for name in SPLITS if given[f"{name}_file"] is not None}
    if extra := sorted(set(named) - set(names)):
        raise UsageError(f"--{extra[0]}-file names a split without a size: add --{extra[0]} 10%")
    if path == "-" and len(named) < len(names) and not given["output_dir"]:
        raise UsageError("standard input has no name to make others of: give -o, or --train-file and the like")
    folder = os.path.dirname(path) if given["output_dir"] is None else given["output_dir"]
    base = os.path.join(folder, stem(_name(path)))
    return {name: named.get(name, f"{base}.{name}.jsonl") for name in names}


def _refuse_unreadable(records: Records, skip: bool) -> None:
    count = records.count(UNREADABLE)
    if count and not skip:
        for number, why in records.faults:
            click.echo(visible(f"{records.source.path}:{records.line(number)}: {why}"), err=True)
        if count > len(records.faults):
            click.echo(f"and {count - len(records.faults):,} more", err=True)
        them = "1 line is no record" if count == 1 else f"{count:,} lines are no records"
        raise InputError(
            f"{records.source.path}: {them}; nothing was written: mend them (curator check says what is wrong), "
            "or --skip-unreadable puts them aside"
        )


def _counts(records: Records, sizes: dict[str, Size]) -> dict[str, int]:
    total = records.count(RECORD)
    if not total:
        raise InputError(f"{records.source.path}: holds no records")
    wanted = {name: size.of(total) for name, size in sizes.items()}
    if sum(wanted.values()) >= total:
        what = f"{counted(sum(wanted.values()), 'record')} of {total:,}"
        raise InputError(f"{records.source.path}: to hold out {what} would leave none for train")
    return wanted


def _why_empty(records: Records, units: Units, name: str) -> str:
    groups, labels = len(units) - 1, len(units.names) - 1
    why = f"its {counted(records.count(RECORD), 'record')} fall into {counted(groups, 'group')}, kept whole"
    why += " (--no-inputs, --no-near)"
    if labels > 1:
        why += f", and each of its {labels:,} labels keeps one in train (--no-stratify does without)"
    return f"nothing is left for {name}: {why}; ask for more, or for fewer splits; nothing was written"


def _say(
    records: Records,
    units: Units,
    found: Copies,
    counts: Mapping[int, Counter[int]],
    outputs: dict[str, str],
    wanted: dict[str, int],
    seed: str,
) -> None:
    total = records.count(RECORD)
    overall = sum(counts.values(), Counter[int]())
    labels = [label for label, _ in sorted(overall.items(), key=lambda item: (-item[1], item[0])) if label]
    shown = labels[:_LABELS_SHOWN]
    head = [repr(clip(found.labels.names[label], _LABEL_CHARS)) for label in shown]
    rows = [[*_FIRST, *head]]
    for index, name in enumerate(outputs):
        rows.append(_row(name, counts.get(index, Counter()), total, shown))
    rows.append(_row("all", overall, total, shown))
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    room, fitting = shutil.get_terminal_size((_WIDTH, 0)).columns, len(_FIRST)
    while fitting < len(widths) and sum(widths[: fitting + 1]) + 2 * fitting <= room:
        fitting += 1
    for row in rows:
        cells = [cell.ljust(size) if not at else " " * (size - width(cell)) + cell
                 for at, (cell, size) in enumerate(zip(row[:fitting], widths[:fitting], strict=True))]  # fmt: skip
        click.echo(visible("  ".join(cells)))
    if hidden := len(labels) - (fitting - len(_FIRST)):
        click.echo(f"and {counted(hidden, 'more label')}")
    sums = " + ".join(f"{counts[index].total():,} {name}" for index, name in enumerate(outputs))
    for state, what in ((UNREADABLE, "unreadable"), (BLANK, "blank (left out)")):
        sums += f" + {records.count(state):,} {what}" if records.count(state) else ""
    click.echo(f"{len(records):,} lines = {sums}")
    alone = sum(1 for unit in range(1, len(units)) if units.sizes[unit] == 1)
    if kept := len(units) - 1 - alone:
        several = f"{total - alone:,} records in {counted(kept, 'group')}"
        click.echo(f"{several} of copies, near copies or equal inputs were kept together; seed {visible(seed)}")
    if found.unasked:
        what = counted(found.unasked, "record")
        click.echo(f"note: what is the input of {what} cannot be told: equal ones among them may stand on two sides")
    for index, (name, count) in enumerate(wanted.items(), 1):
        if counts[index].total() != count:
            click.echo(f"note: {name} was to have {count:,} records; groups are not cut")
    for path in outputs.values():
        click.echo(visible(f"wrote {path}"))


def _row(name: str, counts: Counter[int], total: int, labels: list[int]) -> list[str]:
    own = counts.total()
    shares = [f"{counts[label] / own:.1%}" if own else "" for label in labels]
    return [name, f"{own:,}", f"{own / total:.1%}", *shares]


def _suggest(path: str, outputs: dict[str, str]) -> None:
    name = stem(_name(path))
    table = name if name and _BARE.issuperset(name) else toml(name)
    click.echo(f"\nTo check them as one dataset, put into curator.toml:\n\n[datasets.{table}]")
    for split, output in outputs.items():
        shown = os.path.relpath(output)
        click.echo(f"{split} = {toml(output if shown.startswith('..') else shown)}")
