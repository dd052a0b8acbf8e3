"""Text from the data as HTML: nothing in it acts, nothing in it hides, and marks show what is spoken of."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

LIMIT = 20_000
"""Code points of a text that are shown; browsers stop answering at about a million in one word."""
_AROUND = 500  # code points on each side of a mark that are kept of a text that is cut
_WHOLE = 200_000  # code points, and
_CHIPS = 20_000  # what is spelled out of them, of a text that is to be shown whole
_MARKS = 2_000  # marks in one text; more would help nobody

# What no reader can see, or what moves the text around it: control, bidi and zero-width characters, fillers, tags,
# halves of surrogate pairs. Joiners, variation selectors and spaces belong to ordinary text, and show when asked for.
_ALWAYS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"
)
_ASKED = "\xa0\u1680\u2000-\u200a\u200c\u200d\u202f\u205f\u3000\ufe00-\ufe0f"
_HIDDEN = re.compile(f"([{_ALWAYS}])\\1*")
_ALL = re.compile(f"([{_ALWAYS}{_ASKED}])\\1*|[ \t\n]")
_SIGNS = {
    " ": '<span class="cu-space"> </span>',
    "\t": '<span class="cu-sign">⇥</span>\t',
    "\n": '<span class="cu-sign">↵</span>\n',
}
_CONTROLS = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)  # fmt: skip
_SHORT = {
    **{chr(code): name for code, name in enumerate(_CONTROLS)},
    "\x7f": "DEL", "\x85": "NEL", "\xa0": "NBSP", "\xad": "SHY", "\u034f": "CGJ", "\u061c": "ALM", "\u200b": "ZWSP",
    "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u200e": "LRM", "\u200f": "RLM", "\u2028": "LS", "\u2029": "PS",
    "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO", "\u202f": "NNBSP",
    "\u2060": "WJ", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI", "\u3000": "IDSP",
    "\ufeff": "BOM",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """A range of a text, in code points, that is shown in a way of its own."""

    start: int
    end: int
    kind: str
    """Never from the data: a severity, `added`, `removed`, `separator`, `stop`, `space`, `token` or `key`."""
    label: str = ""
    """Shown in front of it, so that colour is not the only sign."""
    title: str = ""
    """Shown when the pointer rests on the label."""


def escape(text: str, *, visible: bool = False) -> str:
    """The text as HTML, with what is invisible as chips; `visible` shows white space and joiners, too."""
    safe = html.escape(text)
    return _ALL.sub(_shown, safe) if visible else _HIDDEN.sub(_shown, safe)


def marked(text: str, marks: Iterable[Mark] = (), *, visible: bool = False, limit: int | None = LIMIT) -> str:
    """The text as HTML with marked ranges, which may overlap.

    Of a text with more code points than `limit` the beginning, the end and what is around the marks are kept, with
    the number of code points left out in between; None keeps all, as far as a browser shows it without a halt.
    """
    if limit is None:
        chips = sum(1 for _ in islice((_ALL if visible else _HIDDEN).finditer(text), _CHIPS))
        limit = LIMIT if chips == _CHIPS else _WHOLE
    known = sorted(_within(marks, len(text)), key=lambda mark: (mark.start, mark.end))[:_MARKS]
    pieces, done = [], 0
    for start, end in _kept(len(text), known, limit):
        pieces.append(_cut(start - done))
        pieces.append(_piece(text, start, end, known, visible))
        done = end
    pieces.append(_cut(len(text) - done))
    return "".join(pieces)


def block(
    text: str, marks: Iterable[Mark] = (), *, kind: str = "", visible: bool = False, limit: int | None = LIMIT
) -> str:
    """What `marked` gives as a block of its own; `kind` `code` for a fixed width."""
    inside = marked(text, marks, visible=visible, limit=limit)
    return f'<div class="cu-text{f" cu-{kind}" if kind else ""}">{inside}</div>'


def brief(text: str, size: int) -> str:
    """The beginning of a text as HTML: no more than `size` code points of it."""
    return escape(text if len(text) <= size else f"{text[:size]}…")


def label(text: str, kind: str, title: str = "") -> str:
    """A short label of a kind that `Mark` knows."""
    about = f' title="{html.escape(_HIDDEN.sub("", title))}"' if title else ""
    return f'<span class="cu-label cu-{kind}"{about}>{brief(text, 80)}</span>'


def whole(html: str) -> str:
    """HTML of ours as one element to which the style sheet applies."""
    return f'<div class="cu">{html}</div>'


def _within(marks: Iterable[Mark], length: int) -> Iterable[Mark]:
    for mark in marks:
        start = min(max(mark.start, 0), length)
        yield Mark(start, min(max(mark.end, start), length), mark.kind, mark.label, mark.title)


def _kept(length: int, marks: Sequence[Mark], limit: int | None) -> list[tuple[int, int]]:
    """The ranges that are shown: head, tail, and around the marks as far as the limit allows."""
    if limit is None or length <= limit:
        return [(0, length)]
    head, tail = limit // 2, limit // 8
    wanted, left = [(0, head), (length - tail, length)], limit - head - tail
    for mark in marks:
        if mark.kind == "key" or (mark.end <= head or mark.start >= length - tail):
            continue
        start, end = max(0, mark.start - _AROUND), min(length, min(mark.end, mark.start + _AROUND) + _AROUND)
        if end - start > left:
            break
        wanted.append((start, end))
        left -= end - start
    merged = [(0, 0)]
    for start, end in sorted(wanted):
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _piece(text: str, start: int, end: int, marks: Sequence[Mark], visible: bool) -> str:
    """The code points `start` to `end`, in segments that the same marks cover."""
    inside = [mark for mark in marks if mark.start <= end and (mark.end > start or mark.start >= start)]
    begins: dict[int, list[Mark]] = {}
    for mark in inside:
        begins.setdefault(max(mark.start, start), []).append(mark)
    bounds = sorted({start, end, *begins, *(min(mark.end, end) for mark in inside)})
    pieces: list[str] = []
    active: list[Mark] = []
    for first, last in zip(bounds, [*bounds[1:], end], strict=True):
        active = [mark for mark in active if mark.end > first]
        here = begins.get(first, [])
        pieces += [_wrapped("", [mark], [mark]) for mark in here if mark.end == mark.start]
        new = [mark for mark in here if mark.end > first]
        active += new
        if last > first:
            pieces.append(_wrapped(_segment(text[first:last], active, visible), active, new))
    return "".join(pieces)


_SPELLED = ("separator", "stop", "space")  # kinds of marks in which white space is spelled, and breaks no line
_RETURN = '<span class="cu-chip" title="U+000A LINE FEED">↵</span>'
_TAGS = {"removed": "del", "added": "ins", "error": "mark", "warning": "mark", "info": "mark"}


def _segment(text: str, active: Sequence[Mark], visible: bool) -> str:
    kinds = {mark.kind for mark in active} - {"key"}
    if not kinds.isdisjoint(_SPELLED):
        return escape(text, visible=True).replace(_SIGNS["\n"], _RETURN)
    return escape(text, visible=visible or (bool(kinds) and text.isspace()))


def _wrapped(inside: str, active: Sequence[Mark], new: Sequence[Mark]) -> str:
    if not active:
        return inside
    kinds = list(dict.fromkeys(mark.kind for mark in active))
    tag = next((name for kind, name in _TAGS.items() if kind in kinds), "span")
    labels = {mark.label: mark for mark in new if mark.label}
    signs = "".join(label(mark.label, mark.kind, mark.title) for mark in labels.values())
    classes = " ".join(["cu-mark", *(f"cu-{kind}" for kind in kinds)])
    return f'<{tag} class="{classes}">{signs}{inside}</{tag}>'


def _cut(count: int) -> str:
    return f'<span class="cu-cut">… {count:,} more characters …</span>' if count > 0 else ""


def _shown(match: re.Match[str]) -> str:
    return _SIGNS.get(match[0]) or _chip(match[1], len(match[0]))


@lru_cache(maxsize=1024)
def _chip(character: str, count: int) -> str:
    code = f"U+{ord(character):04X}"
    title = f"{code} {unicodedata.name(character, '')}".strip() + (f" × {count}" if count > 1 else "")
    shown = _SHORT.get(character, code) + (f"×{count:,}" if count > 1 else "")
    return f'<span class="cu-chip" title="{title}">{shown}</span>'
