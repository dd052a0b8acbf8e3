"""White space between prompt and completion: it belongs to the completion's first token [seed 002: `" edible"`]."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from curator.answers import needs_no_space
from curator.checks.inner_endings import settled
from curator.conventions import Conventions
from curator.edits import BeginEvery, Fix, ReplaceText, TrimEvery
from curator.endings import SETTLED
from curator.model import Example, Place, Problem

_ROW = struct.Struct(">QII")  # place, first and last code point
_BLANKS = " \t"
_NO_HABIT = 0.2


class LeadingSpace:
    """Completions without the white space that at least 80 % begin with; or a dataset that is without, or mixed.

    Not for what needs none: digits, CJK, JSON. Memory: 16 bytes for each completion that differs.
    """

    def __init__(self, *, conventions: Conventions, fewest: int) -> None:
        self.leading = conventions.leading.text if conventions.leading else ""
        self.labels = conventions.task == "classification"
        self.undecided = not self.leading and conventions.sampled >= fewest and conventions.unspaced >= _NO_HABIT
        self.rows = bytearray()
        self.prompts = 0
        self.with_space = 0
        """Prompts that end with the space: then the completions are right to have none."""

    def add(self, example: Example, place: Place) -> None:
        for turn in example.turns if self.leading or self.undecided else ():
            if not turn.trained:
                self.prompts += 1
                self.with_space += turn.text.endswith((" ", "\t"))
            elif self.leading:
                size = len(self.leading)
                if not turn.text.startswith(self.leading) or turn.text[size : size + 1].isspace():
                    self._differs(turn.text, place)

    def _differs(self, text: str, place: Place) -> None:
        """Keep a completion that begins with nothing; a label also where it begins with other white space."""
        space = text[: len(text) - len(text.lstrip())]
        if not needs_no_space(text) and (not space or (self.labels and "\n" not in space)):
            self.rows += _ROW.pack(place, 0, len(space))

    def merge(self, other: LeadingSpace) -> None:
        self.rows += other.rows
        self.prompts += other.prompts
        self.with_space += other.with_space

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        conventions: Conventions = context.conventions
        if conventions.leading:
            values = {"expected": self.leading, "share": conventions.leading.share}
            for place, start, end in sorted(_ROW.iter_unpack(self.rows)):
                fix = Fix(f"begin it with {self.leading!r}", (ReplaceText("/completion", start, end, self.leading),))
                yield Place(place), Problem("/completion", span=(start, max(end, 1)), values=values, fix=fix)
        elif self.undecided and 2 * self.with_space < self.prompts:
            variant = "all"
            if conventions.unspaced < SETTLED:
                variant = "mixed"
            elif conventions.separators and all(habit.text.endswith("\n") for habit in conventions.separators):
                variant = "after-line-break"
            yield (
                None,
                Problem(
                    values={"expected": " ", "share": conventions.unspaced},
                    variant=variant,
                    # Behind a line break both ways are usual: nothing is rewritten for a matter of taste.
                    fix=Fix(
                        "begin every completion with a space",
                        () if variant == "after-line-break" else (BeginEvery("/completion", " "),),
                    ),
                ),
            )


class TrailingSpace:
    """Prompts that end with a space or tab; one problem where it is their separator's, or nearly all have it.

    Silent where the prompt lacks the settled separator, of which another rule speaks.
    Memory: 16 bytes for each such prompt.
    """

    def __init__(self, *, conventions: Conventions) -> None:
        self.pinned = "separators" in conventions.pinned
        self.endings = settled(conventions.separators, self.pinned)
        self.rows = bytearray()
        self.prompts = 0
        self.by_ending: dict[int, int] = {}

    def add(self, example: Example, place: Place) -> None:
        prompt = next((turn.text for turn in example.turns if not turn.trained), "")
        self.prompts += 1
        if not prompt.endswith((" ", "\t")) or not prompt.strip():
            return
        if not self.endings:
            self.rows += _ROW.pack(place, len(prompt.rstrip(_BLANKS)), len(prompt))
            return
        answer = example.answer
        number = next((n for n, ending in enumerate(self.endings) if prompt.endswith(ending)), None)
        if number is not None and answer is not None and not needs_no_space(answer.text):
            self.by_ending[number] = self.by_ending.get(number, 0) + 1

    def merge(self, other: TrailingSpace) -> None:
        self.rows += other.rows
        self.prompts += other.prompts
        for number, count in other.by_ending.items():
            self.by_ending[number] = self.by_ending.get(number, 0) + count

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        for number, count in sorted(self.by_ending.items()):
            ending = self.endings[number]
            bare = ending.rstrip(_BLANKS)
            edits = (TrimEvery("/prompt", ending), BeginEvery("/completion", " "))
            title = f"end the prompts with {bare!r}, and begin the completions with the space"
            fix = Fix(title, () if self.pinned else edits)
            values = {"ending": ending, "share": count / self.prompts}
            yield None, Problem(values=values, variant="separator", fix=fix)
        count = len(self.rows) // _ROW.size
        if count > 1 and count >= SETTLED * self.prompts:
            edits = (TrimEvery("/prompt", ""), BeginEvery("/completion", " "))
            fix = Fix("take the space from the prompts, and begin the completions with it", edits)
            yield None, Problem(values={"ending": " ", "share": count / self.prompts}, variant="all", fix=fix)
            return
        for place, start, end in sorted(_ROW.iter_unpack(self.rows)):
            fix = Fix("remove the white space at the end", (ReplaceText("/prompt", start, end, ""),))
            yield Place(place), Problem("/prompt", span=(start, end), fix=fix)
