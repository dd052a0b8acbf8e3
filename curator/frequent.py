"""Texts that many records have, of which each may be long and most may differ."""

from __future__ import annotations

import hashlib
from collections import Counter


class Frequent:
    """Counts texts by digest, and keeps those that may be more frequent than one in `slots`.

    By the method of Misra and Gries (1982): a text above that share is always kept. Memory: `slots`
    texts, and 16 bytes for each different one.
    """

    def __init__(self, slots: int) -> None:
        self.counts: Counter[bytes] = Counter()
        self._slots = slots
        self._tallies: Counter[bytes] = Counter()
        self._keys: dict[str, bytes] = {}  # of the texts that are kept

    def add(self, text: str) -> None:
        """Count one text."""
        key = self._keys.get(text) or hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        self.counts[key] += 1
        if key in self._tallies or len(self._tallies) < self._slots:
            self._tallies[key] += 1
            self._keys[text] = key
            return
        for other in list(self._tallies):
            self._tallies[other] -= 1
            if not self._tallies[other]:
                del self._tallies[other]
        self._keys = {text: key for text, key in self._keys.items() if key in self._tallies}

    def above(self, share: float) -> list[tuple[str, float]]:
        """The texts with more than this share (at least one in `slots`), the most frequent first, with their shares."""
        total = self.counts.total()
        found = [
            (text, self.counts[key] / total) for text, key in self._keys.items() if self.counts[key] > share * total
        ]
        return sorted(found, key=lambda item: (-item[1], item[0].encode("utf-8", "replace")))
