"""A record as safe HTML, part by part, so that a page can put its buttons between them.

All of it is for `st.html`, on a page that has had `style.STYLE` once. Nothing in it comes from the data unescaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from curator.calls import value_at
from curator.model import Example, Finding, Turn
from curator.reporters.text import counted
from curator.review.rendering.call import tools_html
from curator.review.rendering.differing import unlike
from curator.review.rendering.escaping import label, whole
from curator.review.rendering.field import fields_html
from curator.review.rendering.finding import findings_html
from curator.review.rendering.places import Places, codes
from curator.review.rendering.raw import raw_html
from curator.review.rendering.turn import Cost, odd_html, turn_html
from curator.review.rendering.understanding import understood
from curator.review.rendering.viewing import PLAIN, View

PartKind = Literal["findings", "tools", "turn", "odd", "pair", "fields", "raw"]
_PREFERRED = ("/preferred_output", "/chosen")
_SIDES = (
    (label("+ preferred", "added"), 1, _PREFERRED),
    (label("− rejected", "removed"), 0, ("/non_preferred_output", "/rejected")),
)
"""Of a pair: its name, which words are marked in it (of `unlike`), and where it stands."""
_TURNS = 400  # turns of one record that are shown at once, and
_ODD = 20  # other elements between two of them


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a record on the page."""

    kind: PartKind
    html: str
    pointer: str = ""
    """The value of the record that it shows; "" for all of it."""
    turns: tuple[Turn, ...] = ()
    """The turns that it shows, in order; of a `pair` the preferred ones, then the rejected ones."""


def record_html(
    example: Example | None,
    raw: bytes,
    findings: Sequence[Finding],
    *,
    tokens: Sequence[int | None] | None = None,
    limit: int | None = None,
    view: View = PLAIN,
) -> list[Part]:
    """The parts of a record in reading order: what is found, the declared functions, the turns, everything else.

    `example` is None for a record that does not parse or is no object: then its raw line is shown. `tokens` are those
    of `example.turns` and then of `example.rejected`; `limit` is what the model takes of one example.
    """
    if example is None:
        return [Part("findings", findings_html(findings)), Part("raw", raw_html(raw, findings, view=view))]
    example, places = understood(example), Places(findings)
    parts = [*_conversation(example, raw, places, tokens, limit, view)]
    if example.tools and (tools := tools_html(example, raw, places, view)):
        parts.insert(0, Part("tools", whole(tools), "/tools"))
    parts += [Part("fields", html, pointer) for pointer, html in fields_html(example, raw, places, view)]
    unseen = {id(finding) for finding in places.rest}
    listed = findings_html(findings, unseen=[finding for finding in findings if id(finding) in unseen])
    return [Part("findings", listed), *parts] if findings else parts


def _conversation(
    example: Example, raw: bytes, places: Places, tokens: Sequence[int | None] | None, limit: int | None, view: View
) -> Iterator[Part]:
    turns = example.turns
    counts = list(tokens or ())
    costs = _costs(len(turns), counts, limit)
    split = next((n for n, t in enumerate(turns) if t.pointer.startswith(_PREFERRED)), len(turns))
    split = split if example.rejected else len(turns)
    done, following = "", 0
    for number in _shown(turns[:split], places):
        turn = turns[number]
        if number > following:
            yield _note(f"… {counted(number - following, 'turn')} left out; the raw line has them all …")
            done = turns[number - 1].pointer
        yield from _odd(example, raw, places, view, done, turn.pointer)
        yield Part("turn", whole(turn_html(turn, example, raw, places, view, costs[number])), turn.pointer, (turn,))
        done, following = turn.pointer, number + 1
    yield from _odd(example, raw, places, view, done, "")
    if example.rejected:
        # Each output is a continuation of its own, but what the model takes is said of the preferred one alone.
        rest = [
            *costs[split:],
            *(Cost(cost.tokens) for cost in _costs(len(example.rejected), counts[len(turns) :], None)),
        ]
        yield _pair(example, raw, places, rest, view, turns[split:])


def _shown(turns: Sequence[Turn], places: Places) -> Sequence[int]:
    """The numbers of the turns that are shown: of many the first and the last, and what is found, with its neighbours.

    Where very much is found, that in the first turns.
    """
    count = len(turns)
    if count <= _TURNS:
        return range(count)
    found = islice((n for n, turn in enumerate(turns) if places.has_under(turn.pointer)), _TURNS // 4)
    near = {count - 1, *(number for n in found for number in (n - 1, n, n + 1) if 0 <= number < count)}
    first = islice((number for number in range(count) if number not in near), _TURNS - len(near))
    return sorted((*first, *near))


def side_html(turn: Turn) -> str:
    """Which of a pair's outputs a turn belongs to, as a label; "" for the input, and for what is no pair."""
    return next((name for name, _, pointers in _SIDES if turn.pointer.startswith(pointers)), "")


def _odd(example: Example, raw: bytes, places: Places, view: View, done: str, upto: str) -> Iterator[Part]:
    """What stands in a list between the turns at two pointers, and is none itself ("": at an end)."""
    (done_in, _, last), (upto_in, _, next_) = done.rpartition("/"), upto.rpartition("/")
    found = []
    if done_in and done_in != upto_in:
        found += _elements(example, done_in, int(last) + 1 if last.isdigit() else 0, None)
    if upto_in and next_.isdigit():
        found += _elements(example, upto_in, int(last) + 1 if done_in == upto_in else 0, int(next_))
    for pointer, value in found[:_ODD]:
        yield Part("odd", whole(odd_html(raw, pointer, value, places, view)), pointer)
    if len(found) > _ODD:
        yield _note(f"and {len(found) - _ODD:,} more that are no messages; the raw line has them all")


def _elements(example: Example, pointer: str, first: int, last: int | None) -> list[tuple[str, Any]]:
    listed = value_at(example.value, pointer)
    elements = listed[first:last] if isinstance(listed, list) else []
    return [(f"{pointer}/{first + n}", value) for n, value in enumerate(elements)]


def _note(text: str) -> Part:
    return Part("odd", whole(f'<div class="cu-quiet">{text}</div>'))


def _costs(count: int, tokens: Sequence[int | None], limit: int | None) -> list[Cost]:
    found, before = [], 0
    for index in range(count):
        own = tokens[index] if index < len(tokens) else None
        found.append(Cost(own, before, limit))
        before += own or 0
    return found


def _pair(
    example: Example, raw: bytes, places: Places, costs: Sequence[Cost], view: View, preferred: Sequence[Turn]
) -> Part:
    """The two outputs of a preference record side by side, with the words that only one of them has."""
    rejected = example.rejected
    marks = [unlike(bad.text, good.text) for good, bad in zip(preferred, rejected, strict=False)]
    own = costs[len(preferred) :]
    sides = []
    for (name, which, pointers), turns, side in zip(_SIDES, (preferred, rejected), (costs, own), strict=True):
        shown = "".join(
            turn_html(turn, example, raw, places, view, cost, marks[n][which] if n < len(marks) else ())
            for n, (turn, cost) in enumerate(zip(turns, side, strict=False))
        )
        about = codes([finding for pointer in pointers for finding in places.at(pointer)])
        head = f'<div class="cu-head">{name}{about}</div>'
        sides.append(f'<div class="cu-member">{head}{shown}</div>')
    html = whole(f'<div class="cu-pair">{"".join(sides)}</div>')
    return Part("pair", html, "", (*preferred, *rejected))
