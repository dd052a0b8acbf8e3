"""Labels as the model's tokenizer sees them [seed 002, "How to pick labels"]."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from curator.checks.label_values import spellings
from curator.checks.labels import Labels, Seen, digest, is_measure
from curator.conventions import LABEL_SEEN, Conventions
from curator.findings import clip
from curator.model import Example, Place, Problem
from curator.tokens import Tokenizer

_LISTED = 8
_SHOWN = 30  # code points of each


class NotSingleToken:
    """Labels of more than one token, as they stand in the data, with the pieces.

    Info where a stop sequence ends them, and where all have the same number of tokens: a call can ask for so many.
    """

    # `tokens` is named so that the report says where no tokenizer is known; it comes with the context.
    def __init__(self, *, conventions: Conventions, tokens: Tokenizer) -> None:
        self.labels = Labels(conventions)

    def add(self, example: Example, place: Place) -> None:
        self.labels.add(example, place)

    def merge(self, other: NotSingleToken) -> None:
        self.labels.merge(other.labels)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        tokens: Tokenizer = context.tokens
        labels = usual(self.labels)  # as most often spaced: another spacing is a slip, which another rule names
        if len(labels) < 2:  # one alone is no set to choose from
            return
        same_length = len({tokens.count(label) for label, _ in labels.values()}) == 1
        may_do = context.conventions.format != "openai-completion" or context.conventions.stop or same_length
        for label, seen in labels.values():
            pieces = tokens.spell(label)
            if len(pieces) < 2:
                continue
            bare = tokens.count(label.lstrip()) == 1
            yield (
                seen.place,
                Problem(
                    seen.pointer,
                    span=(0, len(label)) if seen.one_text else None,
                    values={
                        "label": label,
                        "tokens": len(pieces),
                        "pieces": " + ".join(map(repr, pieces)),
                        "count": seen.count,
                        "hint": "; without its leading space it is one" if bare else "",
                    },
                    variant="optional" if may_do else None,
                    group=f"label:{digest(label)}",
                ),
            )


class SharedFirstToken:
    """Labels that begin with the same token, as they stand in the data: one problem for each such token.

    Silent where that is the leading space alone, and each label one token without it: another rule says so.
    Info where labels can be told by what follows: in conversations, and where a stop sequence ends each of
    them and none is that token alone (docs/decisions/0028).
    """

    def __init__(self, *, conventions: Conventions, tokens: Tokenizer) -> None:
        self.labels = Labels(conventions)

    def add(self, example: Example, place: Place) -> None:
        self.labels.add(example, place)

    def merge(self, other: SharedFirstToken) -> None:
        self.labels.merge(other.labels)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        tokens: Tokenizer = context.tokens
        groups: dict[int, list[tuple[str, Seen]]] = {}
        for label, seen in usual(self.labels).values():
            groups.setdefault(tokens.ids(label)[0], []).append((label, seen))
        for group in groups.values():
            if len(group) < 2:
                continue
            group.sort(key=lambda item: (-item[1].count, item[0]))
            names = [label for label, _ in group]
            first = min((seen for _, seen in group), key=lambda seen: seen.place)
            token = tokens.spell(names[0])[0]
            bare = [tokens.ids(name.lstrip()) for name in names]
            if not token.strip() and all(len(ids) == 1 for ids in bare):
                continue
            told_later = context.conventions.format != "openai-completion" or (
                context.conventions.stop is not None and all(len(tokens.ids(name)) > 1 for name in names)
            )
            apart = len({ids[0] for ids in bare}) == len(names)
            more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
            yield (
                first.place,
                Problem(
                    first.pointer,
                    values={
                        "token": token,
                        "count": len(names),
                        "keys": ", ".join(repr(clip(name, _SHOWN)) for name in names[:_LISTED]) + more,
                        "hint": "; without their leading space they do not" if apart else "",
                    },
                    variant="several" if told_later else None,
                    related=tuple((seen.place, seen.pointer) for _, seen in group[:_LISTED] if seen is not first),
                    group=f"token:{digest(token)}",
                ),
            )


def usual(labels: Labels) -> dict[str, tuple[str, Seen]]:
    """Each label as it is most often written (space before it kept), by its name; {} for numbers on a scale."""
    found: dict[str, tuple[str, Seen]] = {}
    for label, seen in _written(labels):
        name = label.lstrip()
        if name and (name not in found or seen.count > found[name][1].count):
            found[name] = (label, seen)
    return found


def _written(labels: Labels) -> Iterator[tuple[str, Seen]]:
    """The labels as they stand in the data, without rare answers and variants, of which other rules speak.

    None where they are numbers on a scale.
    """
    conventions = labels.conventions
    if is_measure(conventions):
        return
    known, meant = conventions.labels, spellings(conventions).meant
    counts: Counter[str] = Counter()
    for label, seen in labels.seen.items():
        counts[label.lstrip()] += seen.count
    for label, seen in sorted(labels.seen.items()):
        name = label.lstrip()
        # A rare answer is no label for certain (docs/decisions/0005), unless the settings declare it.
        is_usual = counts[name] >= LABEL_SEEN or name in conventions.declared
        if name in known and is_usual and meant(name)[0] == name:
            yield label, seen
