"""The format of records and files: known or not, the same throughout, and taken by the target and the model."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from curator import formats
from curator.checks.keys import slips
from curator.conventions import Conventions
from curator.formats import text
from curator.model import Example, Place, Problem

_KEPT = 10_000  # unrecognised records that get a finding of their own
_CHAT_KINDS = ("chat", "preference", "reinforcement")
_NOTHING_ALIKE = ("preference", "reinforcement")


def mixed_formats(example: Example, *, conventions: Conventions) -> Iterator[Problem]:
    """A record in another known format than most of its file."""
    if conventions.format and example.format and not formats.same_shape(example.format, conventions.format):
        yield Problem(values={"found": example.format, "expected": conventions.format})


class _Unknown(NamedTuple):
    """What is kept of a record in no known format."""

    keys: tuple[str, ...]
    wrapped: str
    """What is said of records inside it."""


class Unrecognised:
    """Records that fit no known format: each one, or one finding where most of the file fits none.

    Those that a misspelled key keeps out of their format are not among them. Memory: a few hundred bytes for each
    such record, up to 10,000 of them.
    """

    def __init__(self, *, conventions: Conventions) -> None:
        self.expected = conventions.format
        self.count = 0
        self.first: dict[Place, _Unknown] = {}

    def add(self, example: Example, place: Place) -> None:
        if not example.format and not slips(example, self.expected):
            self.count += 1
            keys = tuple(sorted(key[:40] for key in example.value))[:12]
            self.first[place] = _Unknown(keys, _wrapped(example.value))
            if len(self.first) > 2 * _KEPT:
                self._trim()

    def merge(self, other: Unrecognised) -> None:
        self.count += other.count
        self.first |= other.first
        if len(self.first) > 2 * _KEPT:
            self._trim()

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        self._trim()
        for place, (keys, wrapped) in self.first.items():
            values = {
                "keys": ", ".join(map(repr, keys)) or "none at all",
                "nearest": wrapped or _nearest_format(keys),
                "count": self.count,
            }
            if not context.conventions.format:
                yield place, Problem(values=values, variant="all")
                return
            # Of the formats, only this one is told by what its key holds.
            variant = "value" if context.conventions.format == text.NAME and "text" in keys else None
            yield place, Problem(values=values, variant=variant if keys else "empty")

    def _trim(self) -> None:
        self.first = dict(sorted(self.first.items())[:_KEPT])


class Mismatch:
    """A format that the target or the model which the user named does not take; images for a model that sees none.

    One finding for the dataset, at the first record that shows it. Memory: a few numbers.
    """

    def __init__(self) -> None:
        self.formats: dict[str, tuple[int, Place]] = {}
        """How many records are in each format, and the first of them."""
        self.images = 0
        self.first_image: tuple[Place, str] | None = None

    def add(self, example: Example, place: Place) -> None:
        if example.kind:
            count, first = self.formats.get(example.format, (0, place))
            self.formats[example.format] = (count + 1, min(first, place))
        image = example.first_image if example.kind in _CHAT_KINDS else None
        if image is not None:
            self.images += 1
            self.first_image = min(self.first_image or (place, image), (place, image))

    def merge(self, other: Mismatch) -> None:
        for name, (count, first) in other.formats.items():
            own, earlier = self.formats.get(name, (0, first))
            self.formats[name] = (own + count, min(earlier, first))
        self.images += other.images
        if other.first_image is not None:
            self.first_image = min(self.first_image or other.first_image, other.first_image)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        name, target, model = context.conventions.format, context.target, context.model
        if name not in self.formats:
            return
        count, first = self.formats[name]
        values = {"count": count, "format": name, "target": target.name, "model": model.name if model else ""}
        values["wanted"] = _nearest_taken(name, target.formats)
        if target.named and target.formats and name not in target.formats:
            # Of pairs and of prompts without an answer, no other format holds all.
            lossy = formats.kind(name) in _NOTHING_ALIKE and formats.kind(values["wanted"]) != formats.kind(name)
            yield first, Problem(values=values, variant="target-lossy" if lossy else "target")
        elif model is None or not model.named:
            return
        elif model.kind == "completion" and name.startswith("openai-") and formats.kind(name) in _CHAT_KINDS:
            yield first, Problem(values=values, variant="chat")
        elif model.kind == "chat" and formats.kind(name) == "completion":
            yield first, Problem(values=values)
        elif self.first_image is not None and model.vision in ("no", "unlisted"):
            place, pointer = self.first_image
            variant = "images" if model.vision == "no" else "images-unlisted"
            yield place, Problem(pointer, values={**values, "count": self.images}, variant=variant)


def _wrapped(record: Mapping[str, Any]) -> str:
    """What is said of a record that holds another, or a list of others, under one of its keys; "" of any other."""
    for key, value in record.items():
        if isinstance(value, dict) and (name := formats.detect(value)):
            return f"; {key[:20]!r} holds one of {name}"
        if isinstance(value, list) and value and (name := formats.detect(value[0])):
            return f"; {key[:20]!r} holds {len(value):,} of {name}"
    return ""


def _nearest_taken(name: str, taken: tuple[str, ...]) -> str:
    """The format to convert to: of the same kind, if the target takes one, else its first; "" where it takes all."""
    alike = [other for other in taken if formats.kind(other) == formats.kind(name)]
    return next(iter(alike or taken), "")


def _nearest_format(keys: tuple[str, ...]) -> str:
    """The format whose own keys are most like these."""
    known = {
        "messages": "openai-chat", "prompt": "openai-completion", "completion": "openai-completion",
        "conversations": "sharegpt", "instruction": "alpaca", "preferred_output": "openai-preference",
    }  # fmt: skip
    for key in keys:
        if close := difflib.get_close_matches(key.casefold().strip(), known, 1, 0.75):
            same = f"; nearest is {known[close[0]]}"
            return same if key == close[0] else f"; {key!r} is nearest to {close[0]!r} of {known[close[0]]}"
    return ""
