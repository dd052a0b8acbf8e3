"""Answers in a dataset whose answers are JSON [seed 004]: is this one JSON, with the same keys?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from curator.answers import leading_json
from curator.conventions import Conventions
from curator.diagnosis import diagnose
from curator.edits import Fix, ReplaceText
from curator.findings import clip
from curator.model import Example, Problem, Turn
from curator.parsing import parse
from curator.repair import mend

_FENCE = re.compile(r"```(?:[\w+-]{0,20}[ \t]*\n|json\b)?", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\W*(?:(?:(?:I'?m|I am|We'?re|We are) (?:very |so |really )?)?sorry,? (?:but )?|unfortunately,? )?"
    r"(?:(?:I|we) (?:can(?:no|')t|am not able|are not able|am unable|are unable|won't|will not)|as an? AI)\b",
    re.IGNORECASE,
)
"""Ours, as the answers say it in English: prose that refuses is no slip."""
_OF_JSON = re.compile(r"[{}\[\]]|```|\"[^\"\n]*\"\s*:")
"""What a broken or cut JSON keeps; a text without it is prose, and may be meant: a question back to the user."""
_SHOWN = 5


def broken(example: Example, *, conventions: Conventions, min_share: float) -> Iterator[Problem]:
    """An answer that is no JSON, or stands in a fence, or has other keys, where nearly all answers are JSON."""
    answer = example.answer
    if conventions.json_share < min_share or answer is None or _answers_otherwise(answer) or not answer.is_one_text:
        return
    leading = leading_json(answer.text)
    if leading is not None and conventions.ends(leading[1]):
        if leading[0] and conventions.json_keys and leading[0] != conventions.json_keys:
            yield _other_keys(answer, leading[0], conventions)
        return
    written = conventions.answer(answer.text)
    text = written.strip()
    parsed = parse(text.encode("utf-8", "surrogatepass"))
    if not text or (parsed.fault is None and "non-finite-number" not in parsed.quirks):
        return
    start = written.index(text)
    found = Problem(answer.text_pointer, span=(start, start + len(text)), values={"share": conventions.json_share})
    if (inside := _fenced(text)) is not None:
        first, last = (start + position for position in inside)
        edits = [
            ReplaceText(answer.text_pointer, start, first, ""),
            ReplaceText(answer.text_pointer, last, start + len(text), ""),
        ]
        yield replace(found, variant="fence", fix=Fix("take the code fence away", tuple(edits)))
    elif not _REFUSAL.match(text):
        if parsed.fault is not None and not _OF_JSON.search(text):
            yield replace(found, variant="prose")
            return
        reason, position = "it holds NaN or Infinity, which JSON does not have", 0
        if parsed.fault is not None:
            reason, position = diagnose(text, parsed.fault, "answer")
        mended = mend(text, may_lack=1)
        fix = None
        if mended is not None:
            edits = [ReplaceText(answer.text_pointer, start + a, start + b, new) for a, b, new in mended.changes]
            fix = Fix(mended.title, tuple(edits))
        at = start + position
        values = {"share": conventions.json_share, "reason": reason}
        yield replace(found, span=(at, min(at + 1, start + len(text))), values=values, fix=fix)


def _fenced(text: str) -> tuple[int, int] | None:
    """Where the JSON stands inside a text that is one code fence."""
    opening = _FENCE.match(text)
    if opening is None or not text.endswith("```") or opening.end() > len(text) - 3:
        return None
    inside = text[opening.end() : -3]
    if parse(inside.encode("utf-8", "surrogatepass")).fault is not None:
        return None
    start = opening.end() + len(inside) - len(inside.lstrip())
    return start, start + len(inside.strip())


def _other_keys(answer: Turn, keys: frozenset[str], conventions: Conventions) -> Problem:
    lacks = sorted(conventions.json_keys - keys)
    more = sorted(keys - conventions.json_keys)
    parts = [f"lacks {_listed(lacks)}"] * bool(lacks) + [f"has {_listed(more)} besides"] * bool(more)
    return Problem(answer.text_pointer, values={"keys": " and ".join(parts)}, variant="keys")


def _answers_otherwise(turn: Turn) -> bool:
    return bool(turn.calls) or any(turn.message.get(key) for key in ("refusal", "tool_calls", "function_call"))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(clip(name)) for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
