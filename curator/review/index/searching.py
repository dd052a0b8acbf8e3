"""The texts of the records that an index holds, one after the other in a file: written once, and searched.

Reading the file through is fast enough; a full-text index would take longer to build than the check.
"""

from __future__ import annotations

import mmap
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from curator import parsing
from curator.review.index.format import STARTS, TEXTS, to_blob

_GAP = b"\xff"  # between two texts: no text in UTF-8 holds it, so that nothing is found across them


class Texts:
    """Writes texts, in the order of the items' ids; to be used in a `with` block."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._starts = array("Q")
        self._at = 0

    def __enter__(self) -> Texts:
        self._file = open(os.path.join(self._folder, TEXTS), "wb", buffering=1 << 20)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        with open(os.path.join(self._folder, STARTS), "wb") as out:
            self._starts.tofile(out)

    def add(self, raw: bytes) -> None:
        """Write the texts of the next item."""
        text = to_blob(_text(raw).casefold())
        self._starts.append(self._at)
        self._at += self._file.write(text) + self._file.write(_GAP)


class Search:
    """Searches what `Texts` has written into a folder. Any thread may ask."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, TEXTS)
        self._starts = array("Q")
        with open(os.path.join(folder, STARTS), "rb") as file:
            self._starts.frombytes(file.read())

    def ids(self, text: str) -> Iterator[int]:
        """The items that hold a text, whatever its case."""
        if not os.path.getsize(self._path):
            return
        wanted = to_blob(text.casefold())
        with open(self._path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as texts:
            at = texts.find(wanted)
            while at >= 0:
                item = bisect_right(self._starts, at)
                yield item
                if item == len(self._starts):
                    return
                at = texts.find(wanted, self._starts[item])


def _text(raw: bytes) -> str:
    """All texts of a record, or the line itself where it is none; in the order in which they stand."""
    value = parsing.glance(raw)
    if type(value) is not dict:
        return raw.decode("utf-8", "replace")
    texts: list[str] = []
    pending: list[Any] = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is str:
            texts.append(item)
        elif kind is dict:
            pending += reversed(item.values())
        elif kind is list:
            pending += reversed(item)
    return "\n".join(texts)
