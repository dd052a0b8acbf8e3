"""Labels of a classification set [seed 002, "How to pick labels"]."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from curator.answers import LABEL_CHARS
from curator.checks.inputs import folded_input
from curator.conventions import Conventions
from curator.model import Example, Fix, Place, Problem, ReplaceText
from curator.packing import PackedRows, key_of
from curator.spelling import Spellings, fold
from curator.tokens import Tokenizer


@dataclass(slots=True)
class Seen:
    """How often a label occurs, and the place and pointer of its first record."""

    count: int
    place: Place
    pointer: str
    one_text: bool

    def merge(self, other: Seen) -> None:
        self.count += other.count
        if other.place < self.place:
            self.place, self.pointer, self.one_text = other.place, other.pointer, other.one_text


class Labels:
    """Every label with its count and its first record. Memory: grows with distinct labels."""

    def __init__(self, conventions: Conventions) -> None:
        self.conventions = conventions
        self.seen: dict[str, Seen] = {}

    def add(self, example: Example, place: Place) -> None:
        answer = example.answer
        if answer is not None and len(answer.text) <= LABEL_CHARS:
            label = self.conventions.answer(answer.text)
            _merge(self.seen, {label: Seen(1, place, answer.text_pointer, answer.is_one_text)})

    def merge(self, other: Labels) -> None:
        _merge(self.seen, other.seen)

    def merged(self) -> dict[str, Seen]:
        """Labels without leading space; variants and slips counted as the spelling that was meant."""
        counts: Counter[str] = Counter()
        for label, seen in self.seen.items():
            counts[label.lstrip()] += seen.count
        spellings = Spellings(counts)
        found: dict[str, Seen] = {}
        for label, seen in sorted(self.seen.items()):
            _merge(found, {spellings.meant(label.lstrip())[0]: replace(seen)})
        return found


def _merge(mine: dict[str, Seen], others: Mapping[str, Seen]) -> None:
    for label, seen in others.items():
        if label in mine:
            mine[label].merge(seen)
        else:
            mine[label] = seen


class NotSingleToken:
    """Labels of more than one token, as they stand in the data, with the pieces."""

    def __init__(self, *, conventions: Conventions) -> None:
        self.labels = Labels(conventions)

    def add(self, example: Example, place: Place) -> None:
        self.labels.add(example, place)

    def merge(self, other: NotSingleToken) -> None:
        self.labels.merge(other.labels)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        tokens: Tokenizer | None = context.tokens
        if tokens is None:
            return
        known, spellings = context.conventions.labels, _spellings(context.conventions)
        completion = context.conventions.format == "openai-completion"
        for label, seen in sorted(self.labels.seen.items()):
            if label.lstrip() not in known or spellings.meant(label.lstrip())[0] != label.lstrip():
                continue  # a stray answer; or a variant, of which its own rule speaks
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
                    variant=None if completion and not context.conventions.stop else "optional",
                    group=f"label:{_digest(label)}",
                ),
            )


class Imbalance:
    """One label that a constant answer would score with, or a rare one beside a common one."""

    def __init__(self, *, conventions: Conventions, max_share: float, max_ratio: float, enough: int, seen: int) -> None:
        self.labels = Labels(conventions)
        self.max_share, self.max_ratio, self.enough, self.seen = max_share, max_ratio, enough, seen

    def add(self, example: Example, place: Place) -> None:
        self.labels.add(example, place)

    def merge(self, other: Imbalance) -> None:
        self.labels.merge(other.labels)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        counts = {label: seen.count for label, seen in self.labels.merged().items() if label}
        total = sum(counts.values())
        if len(counts) < 2:
            return
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        top, most = ordered[0]
        rare, fewest = min(((label, n) for label, n in ordered if n >= min(self.seen, most)), key=lambda item: item[1])
        values = {
            "label": top,
            "share": most / total,
            "rarest": rare,
            "ratio": most / fewest,
            "counts": ", ".join(f"{label!r} {count:,}" for label, count in ordered[:8]),
        }
        if most >= self.max_share * total:
            yield None, Problem(values=values)
        elif most > self.max_ratio * fewest and fewest < self.enough:
            yield None, Problem(values=values, variant="ratio")


def variant(example: Example, *, conventions: Conventions) -> Iterator[Problem]:
    """A label that differs from a more frequent one only in case, space or closing punctuation; or a typo."""
    answer = example.answer
    if answer is None or not answer.text or not answer.is_one_text:
        return
    written = conventions.answer(answer.text)
    label = written.lstrip()
    meant, is_slip = _spellings(conventions).meant(label)
    if meant == label:
        return
    start = len(written) - len(label)
    yield Problem(
        answer.text_pointer,
        span=(start, len(written)),
        values={"label": label, "meant": meant, "share": conventions.labels[meant] / sum(conventions.labels.values())},
        variant="typo" if is_slip else None,
        group=f"label:{_digest(meant)}",
        fix=Fix(f"write {meant!r}", (ReplaceText(answer.text_pointer, start, len(written), meant),)),
    )


_last: tuple[Conventions, Spellings] | None = None  # every record of a split asks for the same


def _spellings(conventions: Conventions) -> Spellings:
    global _last
    if _last is None or _last[0] is not conventions:
        _last = (conventions, Spellings(conventions.labels))
    return _last[1]


class Contradictory:
    """Equal inputs with different labels. Memory: 24 bytes a record, and each distinct answer.

    The labels that most records of one input carry are taken for right; each other record is named,
    beside the first that disagrees.
    """

    def __init__(self, *, conventions: Conventions) -> None:
        self.conventions = conventions
        self.rows = PackedRows(extra=4)
        self.names: dict[bytes, str] = {}

    def add(self, example: Example, place: Place) -> None:
        answer = example.answer
        if answer is None or not (folded := folded_input(example)):
            return
        label = self.conventions.label(answer.text)[:LABEL_CHARS]
        short = hashlib.blake2b(label.encode(), digest_size=4).digest()
        self.names[short] = label
        self.rows.add(key_of(folded), place, short)

    def merge(self, other: Contradictory) -> None:
        self.rows.merge(other.rows)
        self.names |= other.names

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        for key, rows in self.rows.groups():
            labels = [(place, self.names[short]) for place, short in rows]
            votes = Counter(fold(label) for _, label in labels)
            if len(votes) < 2:
                continue
            first = {fold(label): (place, label) for place, label in reversed(labels)}
            usual = min(votes, key=lambda name: (-votes[name], first[name]))
            for place, label in labels:
                if fold(label) != usual:
                    yield (
                        place,
                        Problem(
                            "/completion" if context.conventions.format == "openai-completion" else "",
                            values={
                                "label": label,
                                "other": first[usual][1],
                                "count": votes[usual],
                                "agreement": votes[usual] / len(rows),
                            },
                            related=((first[usual][0], ""),),
                            group=f"input:{key.hex()}",
                        ),
                    )


def _digest(label: str) -> str:
    return hashlib.blake2b(label.encode(), digest_size=6).hexdigest()
