"""What differs between texts, as HTML: signs as well as colours, and white space in sight where it is what changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Literal

from curator.curation.wording import apart
from curator.fixing.splicing import Splice
from curator.reporters.text import counted
from curator.review.decisions.deciding import shared
from curator.review.rendering.escaping import LIMIT, Mark, escape, marked, whole

Piece = tuple[Literal["same", "removed", "added"], str]
"""A part of a change, in reading order."""

_SAME = 90  # code points of what stays that are shown on each side of a change
_COMPARED = 50_000  # code points of a change that are compared word by word
_MOST = 100  # changes of one record that are shown


def line_pieces(old: bytes, new: bytes, splices: Sequence[Splice] = ()) -> list[Piece]:
    """How one line becomes the other, word by word; where too much changed for that, as a whole.

    `splices` are what makes it of the old one, where they are known.
    """
    found: list[Piece] = []
    done = 0
    for start, end, text in splices or [_difference(old, new)]:
        found.append(("same", _text(old[done:start])))
        gone, come = _text(old[start:end]), _text(text)
        is_long = max(len(gone), len(come)) > _COMPARED
        found += [("removed", gone), ("added", come)] if is_long else pieces(gone, come)
        done = end
    found.append(("same", _text(old[done:])))
    return _joined([piece for piece in found if piece[1]])


def _difference(old: bytes, new: bytes) -> Splice:
    """From the first word that differs to the last character."""
    head = old.rfind(b" ", 0, shared(old, new)) + 1
    tail = shared(old[head:][::-1], new[head:][::-1])
    while tail and old[-tail] & 0xC0 == 0x80:  # in the middle of a character
        tail -= 1
    return Splice(head, len(old) - tail, new[head : len(new) - tail])


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _joined(found: Sequence[Piece]) -> list[Piece]:
    done: list[Piece] = []
    for how, text in found:
        if done and done[-1][0] == how:
            done[-1] = (how, done[-1][1] + text)
        else:
            done.append((how, text))
    return done


def pieces(old: str, new: str) -> list[Piece]:
    """How one text becomes the other, word by word; what both have in common is not left out."""
    found: list[Piece] = []
    first, second, codes = apart(old, new)
    done = 0
    for tag, start, end, begin, last in codes:
        if tag == "equal":
            continue
        found.append(("same", "".join(first[done:start])))
        found.append(("removed", "".join(first[start:end])))
        found.append(("added", "".join(second[begin:last])))
        done = end
    found.append(("same", "".join(first[done:])))
    return [piece for piece in found if piece[1]]


def diff_html(changes: Iterable[Piece], *, limit: int = LIMIT, around: int = _SAME) -> str:
    """A change in one block: - before what goes, + before what comes.

    Of the rest no more than `around` code points near a change are shown; of many changes the first.
    """
    shown = list(changes)
    last = next(islice((n for n, (how, _) in enumerate(shown) if how != "same"), _MOST, None), len(shown))
    inside = "".join(_piece(number, shown, limit, around) for number in range(last))
    more = sum(how != "same" for how, _ in shown[last:])
    inside += f'<span class="cu-cut">… {counted(more, "more change")} …</span>' if more else ""
    return whole(f'<div class="cu-text cu-diff">{inside}</div>')


def _piece(number: int, shown: Sequence[Piece], limit: int, around: int) -> str:
    how, text = shown[number]
    if how == "same":
        return _same(text, around * (number > 0), around * (number < len(shown) - 1))
    sign, tag = ("−", "del") if how == "removed" else ("+", "ins")
    inside = marked(text, visible=_only_space(number, shown), limit=limit)
    return f'<{tag} class="cu-mark cu-{how}"><span class="cu-sign">{sign}</span>{inside}</{tag}>'


def _same(text: str, head: int, tail: int) -> str:
    if len(text) <= head + tail + 100:
        return escape(text)
    left_out = f'<span class="cu-cut">… {len(text) - head - tail:,} more characters …</span>'
    return f"{escape(text[:head])}{left_out}{escape(text[len(text) - tail :] if tail else '')}"


def _only_space(number: int, shown: Sequence[Piece]) -> bool:
    """Whether what goes and what comes here look the same, or one of them like nothing."""
    near = [shown[n] for n in (number - 1, number, number + 1) if 0 <= n < len(shown)]
    gone = "".join(text for how, text in near if how == "removed")
    come = "".join(text for how, text in near if how == "added")
    return gone.split() == come.split() or not gone.strip() or not come.strip() or len(gone) + len(come) < 40


def unlike(old: str, new: str) -> tuple[list[Mark], list[Mark]]:
    """The marks of the words that only the old text has, and of those that only the new one has."""
    first, second, codes = apart(old, new)
    gone = _ranges(first, [code[1:3] for code in codes if code[0] != "equal"], "removed")
    come = _ranges(second, [code[3:5] for code in codes if code[0] != "equal"], "added")
    return gone, come


def _ranges(words: Sequence[str], places: Iterable[tuple[int, int]], kind: str) -> list[Mark]:
    found, done, position = [], 0, 0
    for start, end in places:
        position += sum(map(len, words[done:start]))
        size = sum(map(len, words[start:end]))
        if size:
            found.append(Mark(position, position + size, kind))
        position, done = position + size, end
    return found
