"""Content in parts: which types each role takes at the target."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from curator.conventions import SYSTEM_ROLES
from curator.model import Example, Problem, Turn
from curator.targets import Target

_KNOWN = frozenset({
    "text", "image_url", "refusal", "input_audio", "file", "image", "video", "audio", "video_url", "audio_url",
    "input_text", "output_text", "input_image", "input_file", "thinking", "reasoning", "tool_use", "tool_result",
    "document", "json", "code",
})  # fmt: skip
"""Types that some provider or template takes; any other is called a slip only where it resembles one of these."""
_ELSEWHERE = {"image": "image_url", "input_image": "image_url", "input_text": "text", "output_text": "text"}
"""What templates and OpenAI's newer interface call a part."""
_CLOSE = 0.75  # ours: of 1, by difflib; "txt" and "text" have 0.86
_TYPE_CHARS = 40


def bad_part(example: Example, *, target: Target) -> Iterator[Problem]:
    """Parts that the target does not take in a message of that role; without its law, misspelled types."""
    for turn in (*example.turns, *example.rejected):
        if type(turn.content) is list and turn.message:
            yield from refused(turn, turn.content, target)


def refused(turn: Turn, parts: list[Any], target: Target) -> Iterator[Problem]:
    """What is wrong with the parts of one message, by their types."""
    role = "system" if turn.role in SYSTEM_ROLES else turn.role
    taken = target.content_parts.get(role)
    values = {"role": turn.role, "target": target.name}
    if taken == ():
        yield Problem(f"{turn.pointer}/content", values={**values, "type": "", "hint": ""}, variant="text-only")
        return
    for index, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        if not isinstance(kind, str) or kind in (_KNOWN if taken is None else taken):
            continue
        meant = _meant(kind, tuple(_KNOWN) if taken is None else taken)
        if taken is None and not meant:
            continue
        yield Problem(
            f"{turn.pointer}/content/{index}/type",
            values={**values, "type": kind, "hint": f"; did you mean {meant!r}?" if meant else ""},
            variant="misspelled" if taken is None else None,
        )


def _meant(kind: str, known: tuple[str, ...]) -> str:
    if len(kind) > _TYPE_CHARS:
        return ""
    folded = kind.strip().casefold()
    if (other := _ELSEWHERE.get(folded)) in known:
        return other or ""
    return next(iter(difflib.get_close_matches(folded, sorted(known), 1, _CLOSE)), "")
