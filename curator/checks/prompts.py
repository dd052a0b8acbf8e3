"""What prompts cost beyond what they ask [seed 002, "How to format your training data"]."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curator.edits import Fix
from curator.endings import SETTLED
from curator.model import Example, Place, Problem

_MILLION = 1_000_000


class RepeatedInstruction:
    """A long beginning that the prompts share; or prompts that are very long against their completions.

    Memory: three numbers.
    """

    def __init__(self, *, long: int, long_prompt: int, max_ratio: float) -> None:
        self.long, self.long_prompt, self.max_ratio = long, long_prompt, max_ratio
        self.examples = 0
        self.prompt = 0
        self.completion = 0

    def add(self, example: Example, place: Place) -> None:
        self.examples += 1
        for turn in example.turns:
            if turn.trained:
                self.completion += len(turn.text)
            else:
                self.prompt += len(turn.text)

    def merge(self, other: RepeatedInstruction) -> None:
        self.examples += other.examples
        self.prompt += other.prompt
        self.completion += other.completion

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        beginning = context.conventions.beginning
        if beginning and beginning.share >= SETTLED and len(beginning.text) >= self.long:
            size = context.tokens.count(beginning.text) if context.tokens else len(beginning.text)
            yield (
                None,
                Problem(
                    values={
                        "beginning": beginning.text,
                        "share": beginning.share,
                        "size": size,
                        "cost": round(size * beginning.share * _MILLION),
                    },
                    variant=None if context.tokens else "characters",
                    fix=Fix("leave it out of the training data and of your calls: the examples teach the task"),
                ),
            )
        elif self.examples and self.completion and self.prompt >= self.max_ratio * self.completion:
            size = self.prompt // self.examples
            if size >= self.long_prompt:
                values = {"ratio": self.prompt / self.completion, "size": size}
                fix = Fix("leave out of the prompts what the answers do not need")
                yield None, Problem(values=values, variant="long-prompts", fix=fix)
