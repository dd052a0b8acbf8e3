"""Fixes that reach beyond the record of their finding: all records of its dataset, or a related one elsewhere.

They are lowered to findings about the records themselves, which are then fixed like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from curator.answers import needs_no_space
from curator.endings import look_alike
from curator.findings import record_hash
from curator.locate import parse_pointer
from curator.model import (
    BeginEvery,
    DropLine,
    DropRelated,
    Edit,
    EndEvery,
    EveryEdit,
    Finding,
    Fix,
    Remove,
    RemoveEvery,
    ReplaceText,
    TrimEvery,
)  # fmt: skip
from curator.parsing import parse
from curator.sources import Line


@dataclass(slots=True)
class Sweep:
    """What fixes about other records want done in one file."""

    every: list[Finding] = field(default_factory=list)
    """Those about all of its records."""
    drops: dict[tuple[int, int], Finding] = field(default_factory=dict)
    """Those that drop a record, by its line and column; of equal fixes the first stands for all."""

    def __bool__(self) -> bool:
        return bool(self.every or self.drops)

    def about(self, line: Line) -> Iterator[Finding]:
        """The fixes as findings about the record on a line."""
        dropped = self.drops.get((line.number, line.column))
        if dropped is not None and dropped.fix is not None:
            yield _moved(dropped, line, Fix(dropped.fix.title, (DropLine(),)))
        if not self.every:
            return
        parsed = parse(line.raw)
        if parsed.fault is None and isinstance(parsed.value, dict):
            for finding in self.every:
                if finding.fix is not None and (edits := lowered(parsed.value, finding.fix)):
                    yield _moved(finding, line, Fix(finding.fix.title, edits))


def _moved(finding: Finding, line: Line, fix: Fix) -> Finding:
    return replace(finding, line=line.number, column=line.column, record=record_hash(line.raw), fix=fix)


def is_for_every(finding: Finding) -> bool:
    """Whether the finding's fix is one of every record of its dataset."""
    return finding.fix is not None and bool(finding.fix.edits) and isinstance(finding.fix.edits[0], EveryEdit)


def is_for_related(finding: Finding) -> bool:
    """Whether the finding's fix drops a record that it relates to."""
    return finding.fix is not None and finding.fix.edits == (DropRelated(),) and bool(finding.related)


def sweeps(findings: Iterable[Finding]) -> tuple[dict[str, list[Finding]], dict[str, Sweep]]:
    """What findings want done to every record, by dataset, and to related records, by file.

    One text has one ending: of two splits that propose different ones, the training data is heard.
    """
    every: dict[str, dict[Any, Finding]] = {}
    drops: dict[str, Sweep] = {}
    alike: dict[tuple[str, Fix], Finding] = {}
    for finding in findings:
        if is_for_every(finding) and finding.fix is not None:
            first = finding.fix.edits[0]
            same = (finding.code, first.pointer) if isinstance(first, EndEvery) else (finding.code, finding.fix.edits)
            known = every.setdefault(finding.dataset, {})
            if same not in known or finding.split == "train":
                known[same] = finding
        elif is_for_related(finding) and finding.fix is not None:
            place = finding.related[0]
            first_of = alike.setdefault((finding.code, finding.fix), finding)
            drops.setdefault(place.path, Sweep()).drops.setdefault((place.line, place.column), first_of)
    return {dataset: list(known.values()) for dataset, known in every.items()}, drops


def one_sweep(findings: Iterable[Finding]) -> Sweep:
    """What they want done, where all is about one file."""
    every, drops = sweeps(findings)
    sweep = Sweep(list(chain.from_iterable(every.values())))
    for of_file in drops.values():
        sweep.drops |= of_file.drops
    return sweep


def lowered(value: Mapping[str, Any], fix: Fix) -> tuple[Edit, ...]:
    """The edits of one record."""
    edits: list[Edit] = []
    for edit in fix.edits:
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
