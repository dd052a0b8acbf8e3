"""The spaces between the tokens of calls' arguments [seed 004]."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from curator.bounded import Deviations
from curator.call_habits import Spacing, spacing_of
from curator.calls import read_calls
from curator.conventions import Conventions
from curator.edits import Edit, Fix, Replace
from curator.model import Example, Place, Problem

_LONGEST = 4_000  # ours: the text of longer arguments is not kept for a fix
_TOKEN = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+")|([,:])|\s++', re.DOTALL)
_WORDS = {"compact": "without spaces", "spaced": "with spaces", "indented": "indented", "uneven": "with uneven spaces"}


class Varying:
    """Calls whose arguments are spaced unlike nearly all others; or one problem where it varies throughout.

    Memory: a problem with its fix for each such call, up to 10,000 of them.
    """

    def __init__(self, *, conventions: Conventions) -> None:
        self.conventions = conventions
        self.deviations = Deviations()

    def add(self, example: Example, place: Place) -> None:
        usual = self.conventions.calls.settled_spacing
        if usual is None or usual == "uneven":
            return
        for number, read in enumerate(read_calls(example)):
            style = spacing_of(read)
            if style is not None and style != usual:
                values = {"found": _WORDS[style], "expected": _WORDS[usual]}
                fix = None
                if usual != "indented":
                    fix = Fix(
                        f"write them {_WORDS[usual]}", _edits(read.call.arguments_pointer, read.call.arguments, usual)
                    )
                self.deviations.add(place, number, replace(read.problem((), values), fix=fix))

    def merge(self, other: Varying) -> None:
        self.deviations.merge(other.deviations)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        yield from self.deviations.told()
        habits = context.conventions.calls
        if habits.spacing and habits.settled_spacing is None:
            counts = ", ".join(f"{count:,} {_WORDS[style]}" for style, count in habits.spacing.items())
            yield (
                None,
                Problem(
                    values={"counts": counts, "count": sum(habits.spacing.values())},
                    variant="mixed",
                    fix=Fix("write all of them in one way"),
                ),
            )


def spaced(text: str, style: Spacing) -> str:
    """JSON with a space after each comma and colon, or with none at all; texts and numbers are left alone."""
    space = " " if style == "spaced" else ""
    return _TOKEN.sub(lambda token: token[1] or (f"{token[2]}{space}" if token[2] else ""), text)


def _edits(pointer: str, text: str, style: Spacing) -> tuple[Edit, ...]:
    return (Replace(pointer, spaced(text, style)),) if len(text) <= _LONGEST else ()
