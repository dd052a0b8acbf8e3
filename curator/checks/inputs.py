"""What an example asks, in a form in which equal questions are equal."""

from __future__ import annotations

import json
from typing import Any

from curator.model import Example


def folded_input(example: Example) -> bytes:
    """Everything before the last trained turn, white space and case folded; b"" where there is no text."""
    parts, has_text = [], False
    for turn in example.before_answer:
        text = " ".join(turn.text.casefold().split())
        has_text = has_text or bool(text)
        parts.append(f"{turn.role}\x1f{text}")
        parts += [f"{call.name}\x1f{call.arguments!r}" for call in turn.calls]
        if isinstance(turn.content, list):  # images and other parts belong to the question
            parts += [json.dumps(part, sort_keys=True) for part in turn.content if not _is_text(part)]
    parts += [tool.name for tool in example.tools]
    return "\x1e".join(parts).encode() if has_text else b""


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)
