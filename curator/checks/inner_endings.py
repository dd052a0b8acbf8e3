"""Separators and stop sequences that stand before the end of a text as well [seed 002]."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from curator.conventions import Conventions
from curator.endings import SETTLED, Habit
from curator.model import Example, Place, Problem

_ROW = struct.Struct(">QIB")  # place, first code point, number of the ending
_TURN = re.compile(r"\s*(#+ ?)?[^\W_][\w ]{0,30}:\s*|\s*(<[|/]?\w+\|?>|\[/?\w+\])\w*\s*")
_LOOK_BEHIND = 200  # code points behind a stop sequence in which words show that it is not the end


def settled(habits: Sequence[Habit], pinned: bool) -> tuple[str, ...]:
    """The endings as a convention: those that the settings say, or that 80 % of the texts have; () for none."""
    if pinned or sum(habit.share for habit in habits) >= SETTLED:
        return tuple(habit.text for habit in habits)
    return ()


def inside(text: str, ending: str) -> int:
    """Where the ending first stands before its place at the end; -1 for nowhere.

    Several in a row at the very end are another matter (`inconsistent` calls them doubled).
    """
    end = len(text) if ending.strip() else len(text.rstrip())
    while text.endswith(ending, 0, end):
        end -= len(ending)
    return text.find(ending, 0, end)


def opens_turn(ending: str) -> bool:
    """Whether an ending is what opens a turn (`\\nAgent:`, ` [/INST]`): a dialogue has it at each of them."""
    return not ending[:1].isalnum() and bool(_TURN.fullmatch(ending))


class _Inside:
    """Texts that hold their ending twice. Memory: 13 bytes for each of them."""

    def __init__(self, endings: tuple[str, ...]) -> None:
        self.endings = endings
        self.with_ending: Counter[int] = Counter()
        self.rows = bytearray()

    def take(self, text: str, number: int, place: Place) -> None:
        """Count a text that ends (or should end) with the ending of that number."""
        self.with_ending[number] += 1
        start = inside(text, self.endings[number])
        if start >= 0:
            self.rows += _ROW.pack(place, start, number)

    def merge(self, other: _Inside) -> None:
        self.with_ending.update(other.with_ending)
        self.rows += other.rows

    def found(self) -> dict[int, list[tuple[Place, int]]]:
        """By number of the ending, the places and positions of those that stand inside, in order."""
        found: dict[int, list[tuple[Place, int]]] = {}
        for place, start, number in _ROW.iter_unpack(self.rows):
            found.setdefault(number, []).append((Place(place), start))
        return {number: sorted(rows) for number, rows in sorted(found.items())}


class SeparatorInside:
    """Prompts that hold their separator before the end, too; one problem where they are more than `max_share`.

    Silent for a line that opens a turn: a dialogue, or worked examples before the question, repeat it by
    design (docs/decisions/0018). Memory: 13 bytes for each such prompt.
    """

    def __init__(self, *, conventions: Conventions, max_share: float) -> None:
        self.max_share = max_share
        endings = settled(conventions.separators, "separators" in conventions.pinned)
        self.inside = _Inside(endings)
        self.numbers = [number for number, ending in enumerate(endings) if not opens_turn(ending)]

    def add(self, example: Example, place: Place) -> None:
        for turn in example.turns if self.numbers else ():
            if not turn.trained:
                for number in self.numbers:
                    if turn.text.endswith(self.inside.endings[number]):
                        self.inside.take(turn.text, number, place)
                        break

    def merge(self, other: SeparatorInside) -> None:
        self.inside.merge(other.inside)

    def badly_chosen(self) -> dict[int, float]:
        """The endings that stand inside too many of their prompts, with the share of those."""
        counts = self.inside.with_ending
        shares = {number: len(rows) / counts[number] for number, rows in self.inside.found().items()}
        return {number: share for number, share in shares.items() if share > self.max_share}

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        bad = self.badly_chosen()
        for number, rows in self.inside.found().items():
            ending = self.inside.endings[number]
            if number in bad:
                values = {"ending": ending, "share": bad[number], "count": len(rows)}
                yield None, Problem(values=values, variant="badly-chosen")
                continue
            for place, start in rows:
                yield place, Problem("/prompt", span=(start, start + len(ending)), values={"ending": ending})


class StopInside:
    """Completions that hold the stop sequence before the end: generation would stop there.

    One problem where they are more than `max_share` and the settings do not name it: then it is no stop
    sequence. Memory: 13 bytes for each such completion.
    """

    def __init__(self, *, conventions: Conventions, max_share: float) -> None:
        self.max_share = max_share
        self.pinned = "stop" in conventions.pinned
        self.inside = _Inside(settled([conventions.stop] if conventions.stop else [], self.pinned))

    def add(self, example: Example, place: Place) -> None:
        for ending in self.inside.endings:
            for turn in example.turns:
                # Where the end lacks it, another rule speaks, unless a whole text follows.
                if turn.trained and (turn.text.endswith(ending) or _goes_on(turn.text, ending)):
                    self.inside.take(turn.text, 0, place)

    def merge(self, other: StopInside) -> None:
        self.inside.merge(other.inside)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        for number, rows in self.inside.found().items():
            ending, share = self.inside.endings[number], len(rows) / self.inside.with_ending[number]
            if share > self.max_share and not self.pinned:
                values = {"ending": ending, "share": share, "count": len(rows)}
                yield None, Problem(values=values, variant="badly-chosen")
                continue
            # Most completions may just happen to end with a line break; nobody said that it is to stop them.
            variant = "line-break" if not ending.strip() and not self.pinned else None
            for place, start in rows:
                yield (
                    place,
                    Problem(
                        "/completion", span=(start, start + len(ending)), values={"ending": ending}, variant=variant
                    ),
                )


def _goes_on(text: str, ending: str) -> bool:
    """Whether words follow the last place of an ending that a text does not end with."""
    last = text.rfind(ending)
    return last >= 0 and any(map(str.isalnum, text[last + len(ending) :][:_LOOK_BEHIND]))
