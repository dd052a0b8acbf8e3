"""What is counted of each record while it is scanned, and merged in any order: the ground of a profile."""

from __future__ import annotations

import heapq
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from curator.answers import LABEL_CHARS, label_turn
from curator.bounded import BoundedCounts
from curator.calls import read_calls
from curator.checks.inputs import folded_answer, folded_input
from curator.conventions import Conventions
from curator.model import Example, Place
from curator.packing import PackedRows, key_of

SAMPLE = 1_000
"""Records whose words are looked at. Shares of distinct words fall with their number: only equal samples compare."""
_TEXT = 2_000  # code points of each text of the sample: its beginning and its end
_NAME = 100  # code points of a function's name
_CRC = 4  # bytes that tell the few answers to one input apart
_EXACT = 1_000  # lengths from here on are counted to three digits: the counter stays small
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Words:
    """A sample of the records' texts: those whose content has the smallest checksums.

    The same in any order, and nearly the same for the next version of a dataset. Memory: 4,000 code points
    for each of 1,000 records.
    """

    kept: list[tuple[int, int, str, str]] = field(default_factory=list)
    """A heap of (-checksum, -place, input, answer)."""

    def add(self, example: Example, place: Place) -> None:
        """Take a record in, if it is one of the sample so far."""
        checksum = -zlib.crc32(example.canonical)
        if len(self.kept) == SAMPLE and checksum <= self.kept[0][0]:
            return
        answer = example.answer
        asked = _ends("\n".join([_ends(turn.text) for turn in example.before_answer]))
        self._keep((checksum, -place, asked, _ends(answer.text) if answer is not None else ""))

    def merge(self, other: Words) -> None:
        """Take over another's sample."""
        for item in other.kept:
            self._keep(item)

    def _keep(self, item: tuple[int, int, str, str]) -> None:
        if len(self.kept) < SAMPLE:
            heapq.heappush(self.kept, item)
        else:
            heapq.heappushpop(self.kept, item)

    def inputs(self) -> Iterator[list[str]]:
        """The words of each input of the sample, case folded."""
        return (_WORD.findall(asked.casefold()) for _, _, asked, _ in sorted(self.kept))

    def answers(self) -> Iterator[list[str]]:
        """The words of each answer of the sample, case folded."""
        return (_WORD.findall(answer.casefold()) for _, _, _, answer in sorted(self.kept))


@dataclass(slots=True)
class Tally:
    """One file, counted. Memory: 24 bytes a record, the sample of words, and up to 20,000 labels and names."""

    examples: int = 0
    """Records with turns: those of a known format."""
    answered: int = 0
    trained: int = 0
    """Tokens of trained turns, their overhead among them; 0 where no tokenizer is known."""
    turns: Counter[int] = field(default_factory=Counter)
    asked: Counter[int] = field(default_factory=Counter)
    """Inputs by their length in code points, to three digits."""
    said: Counter[int] = field(default_factory=Counter)
    """Answers, the same."""
    labelled: int = 0
    labels: BoundedCounts = field(default_factory=BoundedCounts)
    """Answers without stop sequence, leading space kept; only of classification."""
    calls: BoundedCounts = field(default_factory=BoundedCounts)
    """(function, what): `declared` by an example; `called`, `broken` where the arguments are no object,
    `undeclared` where its example declares others."""
    inputs: PackedRows = field(default_factory=lambda: PackedRows(extra=_CRC))
    """Every input, white space and case folded, with a checksum of its answer."""
    words: Words = field(default_factory=Words)

    def add(self, example: Example, sizes: Sequence[int], conventions: Conventions, place: Place) -> None:
        """Take one example in; `sizes` are the tokens of its turns, empty where nobody counts."""
        if not example.turns:
            return
        self.examples += 1
        self.turns[len(example.turns)] += 1
        if sizes:
            self.trained += sum([size for size, turn in zip(sizes, example.turns, strict=True) if turn.trained])
        self.asked[_rounded(sum([len(turn.text) for turn in example.before_answer]))] += 1
        answer = example.answer
        if answer is not None:
            self.answered += 1
            self.said[_rounded(len(answer.text))] += 1
            if folded := folded_input(example):
                short = zlib.crc32(folded_answer(answer)).to_bytes(_CRC, "big")
                self.inputs.add(key_of(folded), place, short)
        if conventions.task == "classification":
            self._label(example, conventions)
        if example.uses_tools:
            self._calls(example)
        self.words.add(example, place)

    def _label(self, example: Example, conventions: Conventions) -> None:
        turn = label_turn(example)
        if turn is not None and len(turn.text) <= LABEL_CHARS:
            self.labelled += 1
            self.labels.add((conventions.answer(turn.text),))

    def _calls(self, example: Example) -> None:
        declared = {tool.name[:_NAME] for tool in example.tools}
        for name in declared:
            self.calls.add((name, "declared"))
        for read in read_calls(example):
            name = read.call.name[:_NAME]
            self.calls.add((name, "called"))
            if read.arguments is None:
                self.calls.add((name, "broken"))
            if declared and name not in declared:
                self.calls.add((name, "undeclared"))

    def merge(self, other: Tally) -> None:
        """Add another's counts."""
        self.examples += other.examples
        self.answered += other.answered
        self.trained += other.trained
        self.labelled += other.labelled
        for mine, theirs in ((self.turns, other.turns), (self.asked, other.asked), (self.said, other.said)):
            mine.update(theirs)
        self.labels.merge(other.labels)
        self.calls.merge(other.calls)
        self.inputs.merge(other.inputs)
        self.words.merge(other.words)


def _ends(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[: _TEXT // 2]}\n{text[-_TEXT // 2 :]}"


def _rounded(length: int) -> int:
    if length < _EXACT:
        return length
    step: int = 10 ** (len(str(length)) - 3)
    return (length + step // 2) // step * step
