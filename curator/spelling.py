"""Which labels are spellings of one another.

Two labels that differ only in case, space (also of no width) and closing punctuation are one label (letters
or digits must remain: `+`, `-` and `#` are meaning). A slip of the pen is one edit away from a label that is
at least twenty times as frequent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

_WITHOUT_WIDTH = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))  # joiners are not among them: they have a meaning
_CLOSING = ".,;:!?。！？"
_SLIP_LETTERS = 5  # shorter words are one edit away from many others
_SLIP_LONGEST = 60  # ours: a longer text is a sentence
_SLIP_SHARE = 0.05


def fold(label: str) -> str:
    """A label as it is compared: without case, space and closing punctuation, if letters or digits remain."""
    plain = "".join(label.split()).translate(_WITHOUT_WIDTH).casefold()
    stripped = plain.rstrip(_CLOSING)
    return stripped if any(c.isalnum() for c in stripped) else plain


class Spellings:
    """The label set of a dataset with its counts, arranged for comparing.

    Declared labels are right as they are written, however often they occur.
    """

    def __init__(self, counts: Mapping[str, int], declared: Collection[str] = ()) -> None:
        self._counts = counts
        self._declared = frozenset(declared)
        self._canonical: dict[str, str] = {}
        self._nearby: dict[int, list[tuple[int, str]]] = {}
        """Frequent labels as (-count, label), by the hash of each text that they are one letter away from at most."""
        for label in sorted({*counts, *declared}, key=lambda name: (name not in self._declared, *self._rank(name))):
            self._canonical.setdefault(fold(label), label)
        for label in sorted(counts, key=self._rank):
            is_frequent = counts[label] * _SLIP_SHARE >= 1
            if is_frequent and (not self._declared or label in self._declared):
                for key in _shortened(label):
                    self._nearby.setdefault(key, []).append(self._rank(label))
        self._meant: dict[str, tuple[str, bool]] = {}

    def meant(self, label: str) -> tuple[str, bool]:
        """The label that this one stands for (itself, unless it is a variant), and whether by a slip."""
        if label not in self._meant:
            canonical = label if label in self._declared else self._canonical.get(fold(label), label)
            slip = None if canonical in self._declared else self._slip_for(canonical)
            self._meant[label] = (slip or canonical, slip is not None)
        return self._meant[label]

    def _rank(self, label: str) -> tuple[int, str]:
        return (-self._counts.get(label, 0), label)

    def _slip_for(self, label: str) -> str | None:
        count = max(1, self._counts.get(label, 0))
        found = []
        for key in _shortened(label):
            for rank in self._nearby.get(key, ()):
                if count > -rank[0] * _SLIP_SHARE:
                    break
                if _is_slip(label, rank[1]):
                    found.append(rank)
                    break
        return min(found)[1] if found else None


def _shortened(label: str) -> set[int]:
    """The hashes of a label and of what is left without one of its letters: two slips of one word share one.

    An index by deletions, as in SymSpell (W. Garbe, 2012), finds them without comparing each with each.
    """
    if not _SLIP_LETTERS - 1 <= len(label) <= _SLIP_LONGEST:
        return set()
    return {hash(label), *(hash(label[:i] + label[i + 1 :]) for i in range(len(label)))}


def _is_slip(label: str, other: str) -> bool:
    """Edit distance 1 (or two letters in each other's place), no digits, and not at the first letter."""
    if label == other or len(label) < _SLIP_LETTERS or not (label + other).replace(" ", "").isalpha():
        return False
    if label[0] != other[0] or abs(len(label) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(label, other, strict=False)) if a != b), min(len(label), len(other)))
    rest, expected = label[start:], other[start:]
    swapped = rest[:2] == expected[1::-1] and rest[2:] == expected[2:]
    return rest[1:] == expected[1:] or rest[1:] == expected or rest == expected[1:] or swapped
