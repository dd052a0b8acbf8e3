"""The values of a record that are no turns and declare nothing, as HTML: references, graders, unknown keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from curator.locate import escape as step
from curator.model import Example
from curator.review.rendering.call import json_block
from curator.review.rendering.escaping import block, marked, whole
from curator.review.rendering.places import Places, codes, mark, text_marks
from curator.review.rendering.viewing import View


def fields_html(example: Example, raw: bytes, places: Places, view: View) -> Iterator[tuple[str, str]]:
    """Every value of the record that no turn and no declaration shows: its pointer and its HTML."""
    seen = {turn.pointer for turn in (*example.turns, *example.rejected)}
    seen |= {tool.inside if tool.inside is not None else tool.pointer for tool in example.tools}
    for pointer, value in _unseen(example.value, seen):
        own = [*places.at(pointer)]
        inside = places.under(pointer)
        name = pointer.lstrip("/").replace("/", " › ").replace("~1", "/").replace("~0", "~")
        at_key = [mark(finding, 0, len(name)) for finding in own if finding.at == "key"]
        head = f'<div class="cu-role">{marked(name, at_key, limit=120)}</div>'
        about = [finding for finding in own if finding.at != "key"]
        if isinstance(value, str):
            marks, entire = text_marks(value, about)
            text = block(value, [*marks, *view.tokens(value)], visible=view.visible, limit=view.limit)
            shown = codes(entire) + (text if value else '<span class="cu-quiet">empty text</span>')
        else:
            shown = json_block(raw, pointer, value, [*about, *inside], view)
        html = f'<div class="cu-turn cu-role-other">{head}<div class="cu-body">{shown}</div></div>'
        yield pointer, whole(html)


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
