"""Token limits: what is too long, and what of an answer the cut takes away."""

from __future__ import annotations

from collections.abc import Iterator

from curator.model import Example, Problem
from curator.targets import Model, Target
from curator.tokens import Tokenizer, bound


def too_many(
    example: Example, *, tokens: Tokenizer, target: Target, model: Model | None, limit: int, but_cut: bool = True
) -> Iterator[Problem]:
    """More tokens than the model takes (`limit` 0: the profile's).

    Without `but_cut`, silent where the target truncates and an answer is cut: `answer_cut` says more.
    """
    allowed, verified = _limit(model, limit)
    if not allowed or bound(example) <= allowed:
        return
    total = tokens.example(example)
    if total <= allowed:
        return
    variant = None if verified else "unverified"
    if target.overflow == "truncate":
        if not _lost(example, tokens, allowed):
            variant = "nothing-lost"
        elif not but_cut:
            return
    elif target.overflow == "drop":
        variant = "dropped"
    elif not target.overflow and not limit and verified:
        variant = "undocumented"
    yield Problem(values={"tokens": total, "limit": allowed, "over": total - allowed}, variant=variant)


def answer_cut(
    example: Example, *, tokens: Tokenizer, target: Target, model: Model | None, limit: int
) -> Iterator[Problem]:
    """Trained tokens beyond the limit, at a target that truncates from the end."""
    allowed, verified = _limit(model, limit)
    if target.overflow != "truncate" or not allowed or bound(example) <= allowed:
        return
    if lost := _lost(example, tokens, allowed):
        pointer, missing, size = lost
        yield Problem(
            pointer,
            values={"lost": missing, "answer": size, "tokens": tokens.example(example), "limit": allowed},
            variant=None if verified else "unverified",
        )


def near_limit(
    example: Example,
    *,
    tokens: Tokenizer,
    model: Model | None,
    limit: int,
    margin: int,
    per_call: int,
    per_tool: int,
) -> Iterator[Problem]:
    """So close below the limit that the count's own error decides (`limit` 0: the model's).

    The error: `margin` tokens, with `per_call` for each call and `per_tool` for each declared tool, of which
    nobody published what the server adds.
    """
    allowed, _ = _limit(model, limit)
    calls = sum(len(turn.calls) for turn in example.turns)
    error = margin + per_call * calls + per_tool * len(example.tools)
    if not allowed or bound(example) <= allowed - error:
        return
    total = tokens.example(example)
    if allowed - error < total <= allowed:
        yield Problem(values={"tokens": total, "limit": allowed, "error": error})


def _limit(model: Model | None, limit: int) -> tuple[int, bool]:
    if limit:
        return limit, True
    figure = model.max_tokens if model else None
    return (figure.value, figure.verified) if figure else (0, True)


def _lost(example: Example, tokens: Tokenizer, allowed: int) -> tuple[str, int, int] | None:
    """The first trained turn that the cut falls into: pointer, its tokens lost, its tokens."""
    chat = example.kind != "completion"
    used = tokens.tools(example) if example.tools else 0
    for turn in example.turns:
        size = tokens.turn(turn) if chat else tokens.count(turn.text)
        used += size
        if turn.trained and used > allowed:
            pointer = turn.text_pointer
            if turn.calls and not turn.text:
                call = turn.calls[0]
                pointer = call.arguments_pointer if isinstance(call.arguments, str) else call.pointer
            return pointer, min(size, used - allowed), size
    return None
