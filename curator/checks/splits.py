"""Training data against what is held out: the same records, other conventions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curator import formats
from curator.checks.inputs import folded_input
from curator.checks.systems import differs_by_filling
from curator.conventions import Conventions
from curator.edits import DropRelated, Fix
from curator.endings import FEWEST, SETTLED, Habit, plain
from curator.model import Example, Place, Problem
from curator.packing import PackedRows, key_of

_TRAIN = "train"
_ENOUGH = 20  # ours: fewer texts may end alike by accident
_DROP = Fix("drop it from the training data", (DropRelated(),))
_SHOWN = 40  # code points of a system prompt that are shown
_COPIES = 1000  # of one record in train that one finding relates to


class Leaked:
    """Held-out records that stand in the training split, whole or with their input.

    Memory: 40 bytes a record.
    """

    def __init__(self, *, usual_share: float) -> None:
        self.usual_share = usual_share
        self.records = PackedRows()
        self.inputs = PackedRows()

    def add(self, example: Example, place: Place) -> None:
        self.records.add(key_of(example.canonical), place)
        if folded := folded_input(example):
            self.inputs.add(key_of(folded), place)

    def merge(self, other: Leaked) -> None:
        self.records.merge(other.records)
        self.inputs.merge(other.inputs)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        train: Leaked | None = context.splits.get(_TRAIN)
        if context.split == _TRAIN or train is None:
            return
        whole: set[Place] = set()
        for _, rows, sources in self.records.common(train.records):
            for place, _ in rows:
                related = _related(sources, all_of_them=place == rows[0][0])
                whole.add(place)
                yield place, Problem(values={"split": context.split}, related=related, fix=_DROP)
        for _, rows, sources in self.inputs.common(train.inputs):
            # One prompt for a large part of the training data is a design: the answers differ.
            variant = "usual-input" if len(sources) > self.usual_share * len(train.inputs) else "input"
            for place, _ in rows:
                if place not in whole:
                    fix = _DROP if variant == "input" else None
                    related = _related(sources, all_of_them=fix is not None and place == rows[0][0])
                    yield place, Problem(values={"split": context.split}, related=related, variant=variant, fix=fix)


def _related(sources: list[tuple[Place, bytes]], *, all_of_them: bool) -> tuple[tuple[Place, str], ...]:
    """The record's places in train: all of them once, so that all go at once; else the first."""
    return tuple((place, "") for place, _ in sources[: _COPIES if all_of_them else 1])


class Differs:
    """What is settled otherwise than in train: format, separator, first space, stop sequence, system prompt.

    Keeps nothing.
    """

    def add(self, example: Example, place: Place) -> None:
        pass

    def merge(self, other: Differs) -> None:
        pass

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        own: Conventions = context.conventions
        train: Conventions | None = context.others.get(_TRAIN)
        if context.split == _TRAIN or train is None or not own.format or not train.format:
            return
        for variant, found, expected in _differences(own, train, context.split):
            yield None, Problem(values={"split": context.split, "found": found, "expected": expected}, variant=variant)


def _differences(own: Conventions, train: Conventions, split: str) -> Iterator[tuple[str, str, str]]:
    """Each kind of difference, with what is settled here and in train."""
    if own.format != train.format:
        # A test set may hold the prompts alone.
        if split == "validation" or formats.kind(own.format) != "reinforcement":
            yield "format", own.format, train.format
        return
    if min(own.sampled, train.sampled) < FEWEST:
        return
    if formats.kind(own.format) == "completion":
        if not _agree(own.separators, train.separators, own.sampled):
            yield "separator", _shown(own.separators), _shown(train.separators)
        stops = [(side.stop,) if side.stop else () for side in (own, train)]
        if not _agree(stops[0], stops[1], own.sampled):
            yield "stop", _shown(stops[0]), _shown(stops[1])
        begin, usual = _begins(own), _begins(train)
        if begin is not None and usual is not None and begin != usual:
            yield "leading", repr(begin) if begin else "no white space", repr(usual) if usual else "none"
    elif own.systems and train.systems and min(own.systems[0].share, train.systems[0].share) >= SETTLED:
        found, expected = own.systems[0].text, train.systems[0].text
        if found.split() != expected.split() and not differs_by_filling(found, expected):
            pairs = enumerate(zip(found, expected, strict=False))
            start = next((index for index, (mine, theirs) in pairs if mine != theirs), min(len(found), len(expected)))
            yield "system", _excerpt(found, start), _excerpt(expected, start)


def _begins(side: Conventions) -> str | None:
    """The white space that completions begin with; None where it is not settled, or may stand in the prompts."""
    if any(habit.text.endswith((" ", "\t")) for habit in side.separators):
        return None
    if side.unspaced >= SETTLED:
        return ""
    return side.leading.text if side.leading and side.leading.share >= SETTLED else None


def _agree(own: tuple[Habit, ...], train: tuple[Habit, ...], sampled: int) -> bool:
    """Whether two sets of endings agree, or are too little settled for a proof that they do not."""
    shares = [sum(ending.share for ending in side) for side in (own, train) if side]
    if not shares or min(shares) < SETTLED:
        return True
    if not own:
        return False
    if not train:
        # Few texts end alike by accident, and those of one template or one label in the same words.
        return sampled < _ENOUGH or any(map(str.islower, "".join(ending.text for ending in own)))
    return any(_same_ending(mine.text, theirs.text) for mine in own for theirs in train)


def _same_ending(own: str, train: str) -> bool:
    """Whether texts that end with `own` may well be separated, or stopped, as those that end with `train`.

    Words before the mark are none of it, and either may have grown by what its texts have in common
    otherwise. But a look-alike, or white space in place of a mark, is another ending.
    """
    own, train = _mark(own), _mark(train)
    if own.endswith(train):
        return True
    mine, theirs = plain(own), plain(train)
    return mine != theirs and bool(mine and theirs) and (mine in theirs or theirs in mine)


def _mark(ending: str) -> str:
    """The run of non-alphanumerics that an ending closes with; the whole of one that closes with a word."""
    start = len(ending)
    while start and not ending[start - 1].isalnum():
        start -= 1
    return ending[start:] or ending


def _shown(endings: tuple[Habit, ...]) -> str:
    return " or ".join(repr(ending.text) for ending in endings) or "nothing in common"


def _excerpt(text: str, start: int) -> str:
    """The part of a system prompt in which it begins to differ."""
    if not text.strip():
        return "none"
    start = max(0, min(start, len(text)) - _SHOWN // 4)
    return f"{'…' if start else ''}{text[start : start + _SHOWN]!r}{'…' if start + _SHOWN < len(text) else ''}"
