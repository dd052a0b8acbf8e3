"""A record as safe HTML, part by part, so that a page can put its buttons between them.

All of it is for `st.html`, on a page that has had `style.STYLE` once. Nothing in it comes from the data unescaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from curator.calls import value_at
from curator.findings import byte_span
from curator.locate import characters
from curator.locate import escape as step
from curator.model import Example, Finding, Problem, Turn
from curator.parsing import parse_carefully
from curator.review.call_rendering import json_block, tools_html
from curator.review.differing import unlike
from curator.review.escaping import Mark, block, brief, escape, label, marked
from curator.review.layout import keys
from curator.review.places import Places, codes, mark, text_marks
from curator.review.turn_rendering import Cost, odd_html, turn_html
from curator.review.viewing import PLAIN, View

PartKind = Literal["findings", "tokens", "tools", "turn", "odd", "pair", "fields", "raw"]
_LISTED = 200  # findings of one record that are listed
_TURNS = 400  # turns of one record that are shown at once


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
    places = Places(findings)
    parts = [*_conversation(example, raw, places, tokens, limit, view)]
    if example.tools and (tools := tools_html(example, raw, places, view)):
        parts.insert(0, Part("tools", _whole(tools), "/tools"))
    parts += _fields(example, raw, places, view)
    unseen = {id(finding) for finding in places.rest}
    listed = findings_html(findings, unseen=[finding for finding in findings if id(finding) in unseen])
    return [Part("findings", listed), *parts] if findings else parts


def findings_html(findings: Sequence[Finding], unseen: Sequence[Finding] = ()) -> str:
    """The findings, worst first, each with code, name, severity and message; `unseen` have no place below."""
    hidden = {id(finding) for finding in unseen}
    alike: dict[tuple[int, str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: (-finding.severity, finding.code, finding.column)):
        alike.setdefault((finding.severity, finding.code, finding.message), []).append(finding)
    rows = [_finding(same[0], len(same), id(same[0]) in hidden) for same in islice(alike.values(), _LISTED)]
    if len(alike) > _LISTED:
        rows.append(f'<div class="cu-quiet">and {len(alike) - _LISTED:,} more</div>')
    return _whole(f'<div class="cu-findings">{"".join(rows)}</div>')


def raw_html(raw: bytes, findings: Sequence[Finding] = (), *, view: View = PLAIN) -> str:
    """The line as it stands in the file, with its findings in place; a byte a character where it is no UTF-8."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    marks = [found for finding in findings if (found := _raw_mark(raw, text, finding)) is not None]
    if not any(finding.at == "line" for finding in findings):
        marks += keys(text)
    else:
        marks += _fault(raw, marks)
    return _whole(block(text, [*marks, *view.tokens(text)], kind="code", visible=view.visible, limit=view.limit))


def tokens_html(total: int, limit: int | None) -> str:
    """The tokens of an example against what the model takes, as words and as a bar."""
    if not limit:
        return _whole(f'<span class="cu-quiet">{total:,} tokens</span>')
    share = min(100, round(100 * total / limit))
    over = f" {label(f'{total - limit:,} too many', 'error')}" if total > limit else ""
    state = " cu-over" if over else ""
    bar = f'<span class="cu-meter{state}"><span style="width:{share}%"></span></span>'
    return _whole(f'<span class="cu-quiet">{total:,} of {limit:,} tokens</span> {bar}{over}')


def _whole(html: str) -> str:
    return f'<div class="cu">{html}</div>'


def _finding(finding: Finding, count: int, is_unseen: bool) -> str:
    level, notes = str(finding.severity), []
    if count > 1:
        notes.append(f"× {count:,}")
    if is_unseen:
        notes.append("see the raw line" if finding.at == "line" else "about the whole record")
    if finding.fixable:
        notes.append("fix known")
    quiet = f' <span class="cu-quiet">{" · ".join(notes)}</span>' if notes else ""
    return (
        f'<div class="cu-finding">{label(finding.code, level)}'
        f'<span class="cu-level cu-{level}">{level}</span>'
        f"<span><b>{escape(finding.name)}</b> {brief(finding.message, 800)}{quiet}</span></div>"
    )


def _raw_mark(raw: bytes, text: str, finding: Finding) -> Mark | None:
    if finding.at == "line":
        return mark(finding, *(finding.span or (0, 0)))
    if not finding.pointer and finding.span is None:
        return None
    problem = Problem(finding.pointer, at=finding.at, span=finding.span, inner=finding.inner)
    try:
        span = byte_span(raw, problem)
    except (LookupError, ValueError):  # the place is gone, or the line cannot be read
        return None
    return mark(finding, characters(raw, span.start), characters(raw, span.end))


def _fault(raw: bytes, marks: Sequence[Mark]) -> list[Mark]:
    """Where the line stops being JSON, where no finding shows it."""
    fault = parse_carefully(raw).fault
    if fault is None or any(found.kind in ("error", "warning") for found in marks):
        return []
    return [Mark(fault.position, fault.position + 1, "error", "not JSON")]


def _conversation(
    example: Example, raw: bytes, places: Places, tokens: Sequence[int | None] | None, limit: int | None, view: View
) -> Iterator[Part]:
    turns = example.turns
    counts = list(tokens or ())
    costs = _costs(len(turns), counts, limit)
    split = next((n for n, t in enumerate(turns) if t.pointer.startswith("/preferred_output")), len(turns))
    split = split if example.rejected else len(turns)
    done = ""
    for turn, cost in islice(zip(turns[:split], costs, strict=False), _TURNS):
        yield from _odd(example, raw, places, view, done, turn.pointer)
        yield Part("turn", _whole(turn_html(turn, example, raw, places, view, cost)), turn.pointer, (turn,))
        done = turn.pointer
    if split > _TURNS:
        note = f'<div class="cu-quiet">and {split - _TURNS:,} more turns; the raw line has them all</div>'
        yield Part("odd", _whole(note))
    elif done:
        yield from _odd(example, raw, places, view, done, "")
    if example.rejected:
        # Each output is a continuation of its own, but what the model takes is said of the preferred one alone.
        rest = [
            *costs[split:],
            *(Cost(cost.tokens) for cost in _costs(len(example.rejected), counts[len(turns) :], None)),
        ]
        yield _pair(example, raw, places, rest, view, turns[split:])


def _odd(
    example: Example, raw: bytes, places: Places, view: View, done: str, upto: str
) -> Iterator[Part]:  # fmt: skip
    """What stands between two turns of a list, and is none itself."""
    base, _, last = (upto or done).rpartition("/")
    listed = value_at(example.value, base)
    if not isinstance(listed, list) or not last.isdigit():
        return
    first = int(done.rpartition("/")[2]) + 1 if done.rpartition("/")[0] == base else 0
    for index in range(first, int(last) if upto else len(listed)):
        pointer = f"{base}/{index}"
        yield Part("odd", _whole(odd_html(raw, pointer, listed[index], places, view)), pointer)


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
    for name, turns, side, which in (("preferred", preferred, costs, 1), ("rejected", rejected, own, 0)):
        kind, sign = ("added", "+") if which else ("removed", "−")
        shown = "".join(
            turn_html(turn, example, raw, places, view, cost, marks[n][which] if n < len(marks) else ())
            for n, (turn, cost) in enumerate(zip(turns, side, strict=False))
        )
        head = f'<div class="cu-head">{label(f"{sign} {name}", kind)}{codes(places.at(_output(name)))}</div>'
        sides.append(f'<div class="cu-member">{head}{shown}</div>')
    html = _whole(f'<div class="cu-pair">{"".join(sides)}</div>')
    return Part("pair", html, "", (*preferred, *rejected))


def _output(name: str) -> str:
    return "/preferred_output" if name == "preferred" else "/non_preferred_output"


def _fields(example: Example, raw: bytes, places: Places, view: View) -> Iterator[Part]:
    """Every value of the record that no turn and no declaration shows."""
    seen = {turn.pointer for turn in (*example.turns, *example.rejected)}
    seen |= {tool.inside if tool.inside is not None else tool.pointer for tool in example.tools}
    for pointer, value in _unseen(example.value, seen):
        own = [*places.at(pointer)]
        inside = places.under(pointer)
        name = pointer.lstrip("/").replace("/", " › ").replace("~1", "/").replace("~0", "~")
        at_key = [mark(finding, 0, len(name)) for finding in own if finding.at == "key"]
        head = f'<div class="cu-role">{marked(name, at_key, limit=120)}</div>'
        whole = [finding for finding in own if finding.at != "key"]
        if isinstance(value, str):
            marks, about = text_marks(value, whole)
            text = block(value, [*marks, *view.tokens(value)], visible=view.visible, limit=view.limit)
            shown = codes(about) + (text if value else '<span class="cu-quiet">empty text</span>')
        else:
            shown = json_block(raw, pointer, value, [*whole, *inside], view)
        html = f'<div class="cu-turn cu-role-other">{head}<div class="cu-body">{shown}</div></div>'
        yield Part("fields", _whole(html), pointer)


def _unseen(record: dict[str, Any], seen: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The members, at the top or in `input`, that hold none of the pointers."""
    tops = {pointer.split("/")[1] for pointer in seen}
    for key, value in record.items():
        pointer = f"/{step(key)}"
        if step(key) not in tops:
            yield pointer, value
        elif key == "input" and isinstance(value, dict):
            inner = {pointer.split("/")[2] for pointer in seen if pointer.startswith("/input/")}
            yield from ((f"{pointer}/{step(name)}", item) for name, item in value.items() if step(name) not in inner)
