"""Separators that texts are likely to hold themselves [seed 002, "Separator sequences"]."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from curator.checks.inner_endings import SeparatorInside
from curator.conventions import Conventions
from curator.model import Example, Place, Problem

_TAG = re.compile(r"(?:[^\w\s.,;!?'\"]\s*|\n)(\w[\w -]*)$")
_TAIL = 64  # code points before the separator in which a tag is looked for
_TAGS, _PROMPTS_PER_TAG = 20, 10  # ours: so few, so often each, are the names of tasks


class WeakSeparator:
    """A separator that is a plain word or a single common character.

    Silent where a sign and one of few tags stand before it (`-> edible:` and `-> handheld:` [seed 002]), and
    where it stands inside more than `max_share` of the prompts, of which another rule speaks. Memory: up to
    20 tags, and 13 bytes for each prompt that holds the separator inside.
    """

    def __init__(self, *, conventions: Conventions, max_share: float) -> None:
        self.inner = SeparatorInside(conventions=conventions, max_share=max_share)
        self.inner.numbers = [n for n, ending in enumerate(self.inner.inside.endings) if is_weak(ending)]
        self.tags: dict[int, set[str]] = {number: set() for number in self.inner.numbers}
        self.untagged = 0

    def add(self, example: Example, place: Place) -> None:
        if not self.tags:
            return
        self.inner.add(example, place)
        for turn in example.turns:
            for number, tags in self.tags.items():
                ending = self.inner.inside.endings[number]
                if not turn.trained and turn.text.endswith(ending):
                    tag = _TAG.search(turn.text[-len(ending) - _TAIL : -len(ending)])
                    if tag is None:
                        self.untagged += 1
                    elif len(tags) <= _TAGS:
                        tags.add(tag[1])

    def merge(self, other: WeakSeparator) -> None:
        self.inner.merge(other.inner)
        self.untagged += other.untagged
        for number, tags in other.tags.items():
            # Beyond the limit only the number counts; which tags they are depends on the order.
            self.tags[number] = set(sorted(self.tags[number] | tags)[: _TAGS + 1])

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        bad = self.inner.badly_chosen()
        for number, tags in self.tags.items():
            prompts = self.inner.inside.with_ending[number]
            tagged = len(tags) <= min(_TAGS, prompts // _PROMPTS_PER_TAG) and not self.untagged
            if number not in bad and not tagged:
                yield None, Problem(values={"ending": self.inner.inside.endings[number]})


def is_weak(ending: str) -> bool:
    """Whether an ending is a plain word, or a single letter, punctuation mark or line break."""
    text = ending.strip(" \t")
    if len(text) == 1:
        return text.isascii() or unicodedata.category(text)[0] in "LNPZ"
    return "\n" not in text and text.replace(" ", "").isalpha()
