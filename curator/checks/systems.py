"""System prompts: where they stand, how many there are, and whether this one is like the others."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import takewhile

from curator.checks.chat import KNOWN_ROLES, conversation
from curator.conventions import SYSTEM_ROLES, Conventions
from curator.edits import Fix
from curator.model import Example, Problem, Turn

_NAME_CHARS = 60
"""Ours: a difference that is longer is no name and no date."""
_IDEOGRAPHS = 4  # a Chinese or Japanese name has two to four
_JOINS = frozenset({"of", "de", "the", "at", "am", "pm", "utc", "a.m", "p.m", "to", "and"})
"""Words in small letters that stand inside dates and names."""
_PUNCTUATION = " \t\r\n.,;:!?\"'()[]{}<>*#-–—"
_DIGITS = re.compile(r"\d+")
_BROKEN = "\ufffd"  # what stands for half of a surrogate pair
_ONE_RECORD = 1.5  # of so many that one tells from two; shares are rounded
_EXTENSION_WORDS = 3
"""Ours: fewer words that are added to a prompt may be a slip."""
_SENTENCE_ENDS = (".", "!", "?", ":", "\n")


def not_first(example: Example) -> Iterator[Problem]:
    """System messages that come after the conversation has begun; one problem, at the first of them."""
    turns = conversation(example)
    last = max((i for i, turn in enumerate(turns) if turn.role == "assistant"), default=len(turns))
    # A tail after the last answer trains nothing, wherever it would belong; that is said of it.
    spoken = turns[: last + 1] if example.kind == "chat" else turns
    late = [turn for turn in spoken[_leading(turns) :] if turn.role in SYSTEM_ROLES]
    if late:
        yield Problem(late[0].pointer, values={"role": late[0].role, "count": len(late)})


def several(example: Example) -> Iterator[Problem]:
    """More than one system message before the conversation begins; one problem, at the second."""
    turns = conversation(example)
    count = _leading(turns)
    if count > 1:
        values = {"role": turns[1].role, "count": count}
        yield Problem(turns[1].pointer, values=values, fix=Fix("merge them into one message"))


def varies(example: Example, *, conventions: Conventions, settled: float) -> Iterator[Problem]:
    """A system prompt that differs from the one that at least `settled` of the records have, or is missing.

    Speaks of prompts that at most a twentieth of the records have, or a single one, and not where a number, a
    date or a name in one place is all that differs, nor of several system messages or of broken characters,
    which are faults of their own. The time is linear in the prompt, up to a logarithm.
    """
    turns = conversation(example)
    if not conventions.systems or not turns:
        return
    usual = conventions.systems[0]
    if usual.share < settled or not usual.text.strip():
        return
    own = [turn for turn in example.turns if turn.role in SYSTEM_ROLES]
    if len(own) > 1:
        return
    text = "\n\n".join(turn.text for turn in own)  # as the conventions count it
    values = {
        "share": math.floor(100 * usual.share) / 100,  # never "100%": not all
        "variants": conventions.system_prompts,
        "found": "",
        "expected": usual.text,
    }
    if not own and all(turn.role in KNOWN_ROLES for turn in turns):
        where = turns[0].pointer.rpartition("/")[0] if turns[0].message else ""
        yield Problem(where, values=values, variant="missing", fix=Fix("insert the prompt of the other records"))
    elif text.strip() and not _is_known(text, conventions) and _BROKEN not in text:
        yield from _other(text, usual.text, own, values)


def differs_by_filling(text: str, usual: str) -> bool:
    """Whether two system prompts differ by nothing but digits, or by a date or a name in one place."""
    if _DIGITS.sub("0", text) == _DIGITS.sub("0", usual):
        return text != usual
    start, tail = _common(text, usual)
    return _is_filled_in(text[start : len(text) - tail], usual[start : len(usual) - tail], text[:start])


def _is_known(text: str, conventions: Conventions) -> bool:
    """Whether several records have that prompt, and more than a twentieth of them."""
    usual, *others = conventions.systems
    return text == usual.text or any(
        text == habit.text and (not conventions.sampled or habit.share * conventions.sampled > _ONE_RECORD)
        for habit in others
    )


def _extends(text: str, usual: str) -> bool:
    """Whether a prompt is the usual one with words of its own before or after it."""
    if not (text.startswith(usual) or text.endswith(usual)):
        return False
    return len(text.split()) >= len(usual.split()) + _EXTENSION_WORDS


def _other(text: str, usual: str, own: list[Turn], values: dict[str, object]) -> Iterator[Problem]:
    if differs_by_filling(text, usual):
        return
    start, tail = _common(text, usual)
    is_close = start + tail >= min(len(text), len(usual)) / 2
    extended = _extends(text, usual)
    start, tail = _with_a_word(text, usual, start, tail) if is_close else (0, 0)
    end = len(text) - tail
    yield Problem(
        own[0].text_pointer,
        span=(start, end) if is_close and len(own) == 1 and own[0].is_one_text else None,
        values={**values, "found": text[start:end], "expected": usual[start : len(usual) - tail]},
        variant="extended" if extended else "changed" if is_close else None,
        group=f"system:{hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}",
        fix=Fix("take the prompt of the other records"),
    )


def _leading(turns: tuple[Turn, ...]) -> int:
    """How many system messages the conversation begins with."""
    return sum(1 for _ in takewhile(lambda turn: turn.role in SYSTEM_ROLES, turns))


def _common(text: str, usual: str) -> tuple[int, int]:
    """How many code points the two begin and end with in common, in whole words."""
    most = min(len(text), len(usual))
    start = _longest(most, lambda size: text[:size] == usual[:size])
    tail = _longest(most - start, lambda size: text[len(text) - size :] == usual[len(usual) - size :])
    # A word that is longer than any name is left cut.
    for _ in range(_NAME_CHARS):
        start -= _splits_a_word(text, start) or _splits_a_word(usual, start)
        tail -= _splits_a_word(text, len(text) - tail) or _splits_a_word(usual, len(usual) - tail)
    return start, tail


def _longest(most: int, fits: Callable[[int], bool]) -> int:
    """The largest size up to `most` that fits, where every smaller one does."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        if fits(middle):
            least = middle
        else:
            most = middle - 1
    return least


def _splits_a_word(text: str, position: int) -> bool:
    """Whether the position lies between two characters of a word; in a script without spaces it never does."""
    if not 0 < position < len(text):
        return False
    before, after = text[position - 1], text[position]
    return not (before.isspace() or after.isspace() or _is_wide(before) or _is_wide(after))


def _with_a_word(text: str, usual: str, start: int, tail: int) -> tuple[int, int]:
    """The common parts, cut back by a word where the difference would leave nothing to show of one text."""
    if start + tail < min(len(text), len(usual)):
        return start, tail
    if not start:
        return start, len(text[len(text) - tail :].lstrip().partition(" ")[2])
    if _is_wide(text[start - 1]):
        return max(0, start - _IDEOGRAPHS), tail
    head, space, _ = text[:start].rstrip().rpartition(" ")
    return len(head) + len(space), tail


def _is_filled_in(found: str, usual: str, before: str) -> bool:
    """Whether two differing pieces look like numbers, dates or names that were put into one place of a prompt."""
    if max(len(found), len(usual)) > _NAME_CHARS:
        return False
    mine, theirs = _words(found), _words(usual)
    if not mine or not theirs or [word.casefold() for word in mine] == [word.casefold() for word in theirs]:
        return False
    if any(map(_is_wide, found + usual)):
        return max(len(found.strip()), len(usual.strip())) <= _IDEOGRAPHS or (_has_digit(found) and _has_digit(usual))
    # Any word begins a sentence with a capital.
    first_counts = bool(before) and not before.rstrip(" ").endswith(_SENTENCE_ENDS)
    return all(
        any(word.casefold() not in _JOINS for word in words)
        and all(
            _has_digit(word) or word.casefold() in _JOINS or (_may_be_name(word) and (first_counts or index > 0))
            for index, word in enumerate(words)
        )
        for words in (mine, theirs)
    )


def _words(text: str) -> list[str]:
    return [word for piece in text.split() if (word := piece.strip(_PUNCTUATION))]


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _may_be_name(word: str) -> bool:
    """Whether it begins with a capital, or is in a script that has none."""
    return word[0].isupper() or word.upper() == word.lower()


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")
