"""Separators and stop sequences of prompts and completions [seed 002, "Separator sequences"]."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from curator.checks.chat import is_blank
from curator.conventions import Conventions
from curator.edits import Fix, ReplaceText
from curator.endings import Habit, look_alike, plain
from curator.model import Example, Problem, Turn

_TAIL = 12  # code points that show how a text without any ending ends
_SIGN = re.compile(r"\s[-=>#|~*@\u2010-\u2015]{2,}\s*\Z")
"""What stands behind a text and is none of its words: `->`, `###`, `---`, `=>`."""


def inconsistent(example: Example, *, conventions: Conventions, settled: float) -> Iterator[Problem]:
    """A prompt without the separator that at least `settled` of the prompts end with."""
    if conventions.separators and ("separators" in conventions.pinned or conventions.separator_share >= settled):
        for turn in example.turns:
            if not turn.trained and not is_blank(turn.text):
                yield from _lacks(turn, conventions.separators, "separators" in conventions.pinned)


def inconsistent_stop(example: Example, *, conventions: Conventions, settled: float) -> Iterator[Problem]:
    """A completion without the stop sequence that at least `settled` of them end with."""
    if conventions.stop and ("stop" in conventions.pinned or conventions.stop.share >= settled):
        for turn in example.turns:
            if turn.trained and not is_blank(turn.text):
                yield from _lacks(turn, (conventions.stop,), "stop" in conventions.pinned)


def _lacks(turn: Turn, endings: Sequence[Habit], pinned: bool) -> Iterator[Problem]:
    text = turn.text
    ending = next((e.text for e in endings if text.endswith(e.text)), None)
    if ending is not None:
        if not is_doubled(text, ending):
            return
        start = len(text) - 2 * len(ending)
        variant: str | None = "doubled"
    else:
        ending = endings[0].text
        start = own_ending(text, ending)
        variant = "pinned" if pinned else None
    # Nothing but the ending is quoted: the last characters of a text may be anything.
    found = text[start:] or text[-max(_TAIL, len(ending)) :]
    yield Problem(
        turn.text_pointer,
        span=(start, len(text)) if start < len(text) else (max(0, len(text) - len(found)), len(text)),
        values={
            "found": found,
            "expected": ending,
            "share": math.floor(100 * endings[0].share) / 100,
        },  # never "100%": not all
        variant=variant,
        fix=Fix(f"end it with {ending!r}", (ReplaceText(turn.text_pointer, start, len(text), ending),)),
    )


def _whole_run(text: str, start: int) -> int:
    """Where the signs begin that stand apart from the words before `start`: of ` =>`, not of `C++>`."""
    begin = start
    while start < len(text) and begin and not text[begin - 1].isspace() and not text[begin - 1].isalnum():
        begin -= 1
    if begin == start or not begin or text[begin - 1] not in " \t" or text[start].isspace():
        return start
    return len(text[:begin].rstrip(" \t"))


def is_doubled(text: str, ending: str) -> bool:
    """Whether the text has the ending twice."""
    return bool(ending.strip()) and text.endswith(ending + ending)


def own_ending(text: str, ending: str) -> int:
    """Where the text's own version of the ending, or a piece of it, begins; its end if none."""
    if (start := look_alike(text, ending)) is not None:
        return start
    if not plain(ending):
        return len(text.rstrip())
    if (sign := _SIGN.search(text[-_TAIL:])) is not None:  # another sign altogether, which goes as a whole
        return len(text[: len(text) - len(sign[0])].rstrip())
    marks = "".join(set(ending))
    return len(text) if any(mark.isalnum() for mark in marks) else _whole_run(text, len(text.rstrip(marks)))
