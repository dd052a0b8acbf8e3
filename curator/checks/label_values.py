"""The label of one record: how it is written, whether it is allowed, whether another record contradicts it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from curator.answers import LABEL_CHARS, label_turn
from curator.checks.inputs import Pointers, folded_input
from curator.checks.labels import digest
from curator.conventions import Conventions
from curator.data import nearest
from curator.edits import Fix, ReplaceText
from curator.model import Example, Place, Problem
from curator.packing import PackedRows, key_of
from curator.spelling import Spellings, fold

_LISTED = 8
_RELATED = 20  # records with the usual label that a finding names
_DIGEST = 8  # bytes of a label's: with 4, two of ten thousand labels would be one in every hundredth dataset
_HINT_CHARS, _HINT_LABELS = 40, 50  # comparing a long text with many labels, record by record, takes too long


def variant(example: Example, *, conventions: Conventions, common: float) -> Iterator[Problem]:
    """A label that differs from a more frequent one only in case, space or closing punctuation; or a typo.

    One with more than `common` of the other's records may be another word, as March and march are.
    """
    answer = label_turn(example)
    if answer is None or not answer.text or not answer.is_one_text:
        return
    written = conventions.answer(answer.text)
    label = written.lstrip()
    meant, is_slip = spellings(conventions).meant(label)
    if meant == label:
        return
    start = len(written) - len(label)
    count, usual = conventions.labels.get(label, 0), conventions.labels.get(meant, 0)
    found = Problem(
        answer.text_pointer,
        span=(start, len(written)),
        values={"label": label, "meant": meant, "share": usual / (sum(conventions.labels.values()) or 1)},
        variant="typo" if is_slip else "declared" if meant in conventions.declared else None,
        group=f"label:{digest(meant)}",
        fix=Fix(f"write {meant!r}", (ReplaceText(answer.text_pointer, start, len(written), meant),)),
    )
    if found.variant is None and count > common * usual:  # two words may be meant: no edit
        found = replace(found, variant="common", fix=Fix(f"write {meant!r}, or declare both labels in the settings"))
    yield found


def undeclared(example: Example, *, conventions: Conventions) -> Iterator[Problem]:
    """A label that is none of those that the settings declare, nor a spelling of one."""
    declared = conventions.declared
    answer = label_turn(example)
    if not declared or answer is None or not answer.text.strip():
        return
    written = conventions.answer(answer.text)
    label = written.lstrip()
    if label in declared or (answer.is_one_text and spellings(conventions).meant(label)[0] != label):
        return
    yield Problem(
        answer.text_pointer,
        span=(len(written) - len(label), len(written)) if answer.is_one_text else None,
        values={
            "label": label,
            "declared": len(declared),
            "keys": _shown(declared),
            "hint": _nearest(label, declared) if len(label) <= _HINT_CHARS else "",
        },
        group=f"label:{digest(label)}",
    )


@lru_cache(maxsize=8)
def _shown(labels: frozenset[str]) -> str:
    more = f" and {len(labels) - _LISTED:,} more" if len(labels) > _LISTED else ""
    return ", ".join(map(repr, sorted(labels)[:_LISTED])) + more


@lru_cache(maxsize=1024)
def _nearest(label: str, labels: frozenset[str]) -> str:
    return nearest(label, sorted(labels)) if len(labels) <= _HINT_LABELS else ""


_last: tuple[Conventions, Spellings] | None = None  # every record of a split asks for the same


def spellings(conventions: Conventions) -> Spellings:
    """The labels that were learned, and those that the settings declare, arranged for comparing."""
    global _last
    if _last is None or _last[0] is not conventions:
        _last = (conventions, Spellings(conventions.labels, conventions.declared))
    return _last[1]


class Contradictory:
    """Equal inputs with different labels. Memory: 32 bytes a record, and each distinct answer.

    The labels that most records of one input carry are taken for right; each other record is named,
    beside the first that disagrees.
    """

    def __init__(self, *, conventions: Conventions) -> None:
        self.conventions = conventions
        self.rows = PackedRows(extra=_DIGEST + Pointers.WIDTH)
        self.names: dict[bytes, str] = {}
        self.pointers = Pointers()

    def add(self, example: Example, place: Place) -> None:
        answer = label_turn(example)
        if answer is None or not (folded := folded_input(example)):
            return
        label = self.conventions.label(answer.text)[:LABEL_CHARS]
        if not label.strip():  # an empty answer contradicts nobody
            return
        short = hashlib.blake2b(label.encode(), digest_size=_DIGEST).digest()
        self.names[short] = label
        self.rows.add(key_of(folded), place, short + self.pointers.pack(answer.text_pointer))

    def merge(self, other: Contradictory) -> None:
        self.rows.merge(other.rows)
        self.names |= other.names
        self.pointers.merge(other.pointers)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        for key, rows in self.rows.groups():
            labels = [
                (place, self.names[short[:_DIGEST]], self.pointers.names[short[_DIGEST:]]) for place, short in rows
            ]
            votes = Counter(fold(label) for _, label, _ in labels)
            if len(votes) < 2:
                continue
            first = {fold(label): (place, label, pointer) for place, label, pointer in reversed(labels)}
            usual = min(votes, key=lambda name: (-votes[name], first[name]))
            others = [(place, pointer) for place, label, pointer in labels if fold(label) == usual]
            for place, label, pointer in labels:
                if fold(label) != usual:
                    yield (
                        place,
                        Problem(
                            pointer,
                            values={
                                "label": label,
                                "other": first[usual][1],
                                "count": votes[usual],
                                "agreement": votes[usual] / len(rows),
                            },
                            related=tuple(others[:_RELATED]),
                            group=f"input:{key.hex()}",
                        ),
                    )
