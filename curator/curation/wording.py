"""How two records differ: which values, and in texts which words.

Of a text no more is passed on than the words that differ, and 20 code points around them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from os.path import commonprefix
from typing import Any

from curator.findings import AROUND, clip
from curator.locate import escape

_SHOWN = 200  # code points of the words that differ in one place
_HUNKS = 50  # places of one text that are told apart
_LONGEST = 1_000_000  # product of the words of two texts; beyond it they differ in one place
_PAIRS = 40_000  # pairs of equal words, beyond which too: a word repeated a thousand times costs difflib seconds
_WORD = re.compile(r"[\u0e00-\u0eff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+\s*|[^\w\s]\s*|\s+")
_IN_WORD = re.compile(r"\w\w")

Code = tuple[str, int, int, int, int]


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()
"""In place of the value that one of two records does not have."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place in which two texts differ."""

    before: str
    """Up to 20 code points of what both have in front of it."""
    removed: str
    added: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """A value that differs between two records."""

    pointer: str
    """In the new record; in the old one where the new one has nothing there."""
    old: Any
    new: Any

    @property
    def hunks(self) -> list[Hunk]:
        """The places in which two texts differ; the whole of it for other values."""
        if isinstance(self.old, str) and isinstance(self.new, str):
            return hunks(self.old, self.new)
        return [Hunk("", _written(self.old), _written(self.new), "")]


def changes(old: Any, new: Any) -> Iterator[Change]:
    """Each value that differs, in the order of the new record; elements of lists are matched by what they hold."""
    pending: list[Change] = [Change("", old, new)]
    while pending:
        change = pending.pop()
        pointer, old, new = change.pointer, change.old, change.new
        if isinstance(old, dict) and isinstance(new, dict):
            names = [*new, *(name for name in old if name not in new)]
            inside = [
                Change(f"{pointer}/{escape(name)}", old.get(name, MISSING), new.get(name, MISSING)) for name in names
            ]
        elif isinstance(old, list) and isinstance(new, list):
            inside = list(_elements(pointer, old, new))
        elif _key(old) != _key(new):
            yield change
            continue
        else:
            continue
        pending.extend(reversed(inside))


def _elements(pointer: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    """The elements of two lists side by side, so that one more in the middle is one change."""
    if len(old) == len(new):
        codes: Sequence[Code] = [("replace", 0, len(old), 0, len(new))]
    else:
        codes = SequenceMatcher(None, [*map(_key, old)], [*map(_key, new)], autojunk=False).get_opcodes()
    for tag, first, last, begin, end in codes:
        if tag != "equal":
            here = zip_longest(range(first, last), range(begin, end))
            for mine, other in here:
                index = mine if other is None else other
                yield Change(
                    f"{pointer}/{index}",
                    MISSING if mine is None else old[mine],
                    MISSING if other is None else new[other],
                )


def hunks(old: str, new: str) -> list[Hunk]:
    """The places in which two texts differ, word by word, each with a little of what is around it."""
    first, second, codes = apart(old, new)
    found = []
    for tag, i, j, k, m in codes:
        if tag != "equal":
            removed, added = "".join(first[i:j]), "".join(second[k:m])
            start, end = _alike(removed, added)
            before = "".join(first[max(0, i - AROUND) : i]) + removed[:start]
            after = removed[len(removed) - end :] + "".join(first[j : j + AROUND])
            gone, come = (clip(text[start : len(text) - end], _SHOWN) for text in (removed, added))
            found.append(Hunk(before[-AROUND:], gone, come, after[:AROUND]))
    if len(found) > _HUNKS:
        rest = f"… and {len(found) - _HUNKS + 1} more places"
        found = [*found[: _HUNKS - 1], Hunk("", rest, rest, "")]
    return found


def apart(old: str, new: str) -> tuple[list[str], list[str], list[Code]]:
    """The words of two texts, and which of them differ: `difflib`'s opcodes, those of equal words only in between."""
    first, second = _WORD.findall(old), _WORD.findall(new)
    start = _shared(first, second)
    end = _shared(first[start:][::-1], second[start:][::-1])
    mine, other = first[start : len(first) - end], second[start : len(second) - end]
    counts = Counter(mine)
    if len(mine) * len(other) > _LONGEST or sum(counts[word] for word in other) > _PAIRS:
        codes: Sequence[Code] = [("replace", 0, len(mine), 0, len(other))]
    else:
        codes = SequenceMatcher(None, mine, other, autojunk=False).get_opcodes()
    return first, second, [(tag, start + i, start + j, start + k, start + m) for tag, i, j, k, m in codes]


def _shared(first: list[str], second: list[str]) -> int:
    """How many words two lists begin with in common."""
    pairs = zip(first, second, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _alike(removed: str, added: str) -> tuple[int, int]:
    """How much two texts begin and end with in common, words left whole: a word that a space follows is that word."""
    start = len(commonprefix((removed, added)))  # noqa: RUF071  # of texts, not of paths
    while _in_word(removed, start) or _in_word(added, start):
        start -= 1
    rest = removed[start:][::-1], added[start:][::-1]
    end = len(commonprefix(rest))  # noqa: RUF071
    while any(_in_word(text, end) for text in rest):
        end -= 1
    return start, end


def _in_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and bool(_IN_WORD.match(text, at - 1))


def marked(hunk: Hunk, shown: Callable[[str, str], str] = lambda text, kind: text) -> str:
    """The place in one line, as wdiff writes it: …before[-removed-]{+added+}after….

    `shown` makes of each piece what is printed; its kind is `removed`, `added`, or "" for what is around them.
    """
    before = f"…{shown(hunk.before, '')}" if hunk.before else ""
    removed = shown(f"[-{hunk.removed}-]", "removed") if hunk.removed else ""
    added = shown(f"{{+{hunk.added}+}}", "added") if hunk.added else ""
    after = f"{shown(hunk.after, '')}…" if hunk.after else ""
    return f"{before}{removed}{added}{after}"


def _written(value: Any) -> str:
    return "" if value is MISSING else clip(json.dumps(value, ensure_ascii=False), _SHOWN)


def _key(value: Any) -> str:
    """Equal for equal JSON values: 1 is neither 1.0 nor true."""
    return "" if value is MISSING else json.dumps(value, sort_keys=True)
