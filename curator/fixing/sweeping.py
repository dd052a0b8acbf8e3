"""Fixes that reach beyond the record of their finding: all records of its dataset, or a related one elsewhere.

They are lowered to findings about the records themselves, which are then fixed like any other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from curator import formats
from curator.answers import needs_no_space
from curator.checks.keys import resembles, slips
from curator.edits import (
    BeginEvery,
    DropLine,
    DropRelated,
    Edit,
    EndEvery,
    EveryEdit,
    Fix,
    Remove,
    RemoveEvery,
    ReplaceText,
    TrimEvery,
)
from curator.endings import look_alike
from curator.findings import record_hash
from curator.locate import parse_pointer
from curator.model import Finding
from curator.parsing import parse
from curator.sources import Line


@dataclass(frozen=True, slots=True)
class Every:
    """A fix of all records of a dataset."""

    finding: Finding
    format: str = ""
    """Of its records; those in another are left alone. Empty: any."""

    @property
    def is_uniform(self) -> bool:
        """Whether it does harm where some files have it and others have not."""
        assert self.finding.fix is not None
        return not all(isinstance(edit, RemoveEvery) for edit in self.finding.fix.edits)


@dataclass(slots=True)
class Sweep:
    """What fixes about other records want done in one file."""

    every: list[Every] = field(default_factory=list)
    """Those about all of its records."""
    drops: dict[tuple[int, int], Finding] = field(default_factory=dict)
    """Those that drop a record, by its line and column; of equal fixes the first stands for all."""

    def __bool__(self) -> bool:
        return bool(self.every or self.drops)

    def about(self, line: Line) -> Iterator[Finding]:
        """The fixes as findings about the record on a line; none where it holds several."""
        dropped = self.drops.get((line.number, line.column))
        if dropped is not None and dropped.fix is not None and parse(line.raw).fault is None:
            yield _moved(dropped, line, Fix(dropped.fix.title, (DropLine(),)))
        yield from self.of_every(line)

    def of_every(self, line: Line) -> Iterator[Finding]:
        """Those of all records, also for a line that has moved, or has changed since it was checked."""
        if not self.every:
            return
        parsed = parse(line.raw)
        if parsed.fault is not None or not isinstance(parsed.value, dict):
            return
        name = formats.detect(parsed.value)
        for item in self.every:
            fix = item.finding.fix
            if fix is None or (item.format and not formats.same_shape(name, item.format)):
                continue
            if edits := lowered(parsed.value, fix):
                yield _moved(item.finding, line, Fix(fix.title, edits))


def _moved(finding: Finding, line: Line, fix: Fix) -> Finding:
    return replace(finding, line=line.number, column=line.column, record=record_hash(line.raw), fix=fix)


def is_for_every(finding: Finding) -> bool:
    """Whether the finding's fix is one of every record of its dataset."""
    return finding.fix is not None and bool(finding.fix.edits) and isinstance(finding.fix.edits[0], EveryEdit)


def is_for_related(finding: Finding) -> bool:
    """Whether the finding's fix drops a record that it relates to."""
    return finding.fix is not None and finding.fix.edits == (DropRelated(),) and bool(finding.related)


def sweeps(
    findings: Iterable[Finding], home: Callable[[Finding], Hashable] = lambda finding: finding.dataset
) -> tuple[dict[Hashable, list[Finding]], dict[str, Sweep]]:
    """What findings want done to every record, by dataset, and to related records, by file.

    One text has one ending: of two splits that propose different ones, the training data is heard.
    `home` tells datasets apart: two settings files may both have one of the same name.
    """
    every: dict[Hashable, dict[Any, Finding]] = {}
    drops: dict[str, Sweep] = {}
    alike: dict[tuple[str, Fix], Finding] = {}
    for finding in findings:
        if is_for_every(finding) and finding.fix is not None:
            first = finding.fix.edits[0]
            same = (finding.code, first.pointer) if isinstance(first, EndEvery) else (finding.code, finding.fix.edits)
            known = every.setdefault(home(finding), {})
            if same not in known or finding.split == "train":
                known[same] = finding
        elif is_for_related(finding) and finding.fix is not None:
            first_of = alike.setdefault((finding.code, finding.fix), finding)
            for place in finding.related:
                drops.setdefault(place.path, Sweep()).drops.setdefault((place.line, place.column), first_of)
    return {dataset: list(known.values()) for dataset, known in every.items()}, drops


def kept(findings: Iterable[Finding], are_lines: Container[str]) -> Iterator[Finding]:
    """Those that would drop a record because of another which is dropped as well, so that none would be left.

    That can be where a file has several parts in a run: in two datasets, two splits, or under two names. What is
    in `are_lines` holds a record a line; in other files the column counts, too.
    """
    gone: set[tuple[str, int, int]] = set()
    needed: set[tuple[str, int, int]] = set()

    def place(path: str, line: int | None, column: int) -> tuple[str, int, int]:
        return os.path.realpath(path), line or 0, 1 if path in are_lines else column

    for finding in findings:
        drops = finding.fix is not None and finding.fix.edits == (DropLine(),)
        if not finding.related or not (drops or is_for_related(finding)):
            continue
        own = {place(finding.path, finding.line, finding.column)}
        others = {place(other.path, other.line, other.column) for other in finding.related}
        going, staying = (own, others) if drops else (others, own)
        if going & (needed | staying) or staying & gone:
            yield finding
            continue
        gone |= going
        needed |= staying


def one_sweep(findings: Iterable[Finding]) -> Sweep:
    """What they want done, where all is about one file."""
    every, drops = sweeps(findings)
    sweep = Sweep([Every(finding) for finding in chain.from_iterable(every.values())])
    for of_file in drops.values():
        sweep.drops |= of_file.drops
    return sweep


def lowered(value: Mapping[str, Any], fix: Fix) -> tuple[Edit, ...]:
    """The edits of one record."""
    edits: list[Edit] = []
    meant = _meant(value) if isinstance(fix.edits[0], RemoveEvery) else set()
    for edit in fix.edits:
        if isinstance(edit, RemoveEvery) and any(resembles(parse_pointer(edit.pointer)[0], key) for key in meant):
            continue
        own = _lowered(value, edit)
        if own is not None:
            edits.append(own)
        elif isinstance(edit, TrimEvery):
            return ()
    return tuple(edits)


def _lowered(value: Mapping[str, Any], edit: Edit) -> Edit | None:
    if not isinstance(edit, EveryEdit):
        return None
    key = parse_pointer(edit.pointer)[0]
    if isinstance(edit, RemoveEvery):
        return Remove(edit.pointer) if key in value else None
    text = value.get(key)
    if not isinstance(text, str) or not text.strip():
        return None
    size = len(text)
    match edit:
        case EndEvery(pointer, ending) if not text.endswith(ending):
            is_word = any(map(str.isalnum, ending))  # a text may well end with the word "end"
            start = None if is_word else look_alike(text, ending)
            return ReplaceText(pointer, size if start is None else start, size, ending)
        case BeginEvery(pointer, beginning) if not text[0].isspace() and not needs_no_space(text):
            return ReplaceText(pointer, 0, 0, beginning)
        case TrimEvery(pointer, ending) if text.endswith(ending) and text[-1] in " \t":
            return ReplaceText(pointer, len(text.rstrip(" \t")), size, "")
    return None


def _meant(value: Mapping[str, Any]) -> set[str]:
    """Keys that the record has misspelled: what stands under them is no metadata."""
    record = dict(value)
    name = formats.detect(record)
    return {slip.meant for slip in slips(formats.read(record, name, b"", 0), name) if not slip.pointer}
