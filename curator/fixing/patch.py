"""What fixing changes in a file, as a unified diff with three lines of context.

Memory: the lines of one hunk; about a thousand, unless none of the lines between them stays as it is.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import BinaryIO, NamedTuple

from curator.fixing.splicing import Splice

_CONTEXT = 3
_ROWS = 1000  # beyond these a hunk ends at the next line that stays, and another begins
_NO_NEWLINE = b"\\ No newline at end of file\n"


class Row(NamedTuple):
    """One line of a diff."""

    tag: str
    """` `, `-`, `+`; `@` for the head of a hunk."""
    line: bytes
    """With its ending, where it has one."""
    other: bytes | None = None
    """The line that it replaces, or that replaces it."""


def rows(file: BinaryIO, splices: Iterable[Splice]) -> Iterator[Row]:
    """The diff of a file and what the splices make of it; nothing where they change nothing."""
    before: deque[Row] = deque(maxlen=_CONTEXT)
    hunk: list[Row] = []
    quiet, number, shift = 0, 0, 0
    for row in _marked(file, splices):
        if row.tag == " ":
            number += 1
            if not hunk:
                before.append(row)
                continue
            hunk.append(row)
            quiet += 1
            if len(hunk) > _ROWS:
                yield from _hunk(hunk, number, shift)
                shift += _growth(hunk)
                hunk = []
            elif quiet > 2 * _CONTEXT:
                kept, rest = hunk[: len(hunk) - quiet + _CONTEXT], hunk[len(hunk) - _CONTEXT :]
                yield from _hunk(kept, number - quiet + _CONTEXT, shift)
                shift += _growth(kept)
                hunk = []
                before.extend(rest)
            continue
        number += row.tag == "-"
        if not hunk:
            hunk, before = list(before), deque(maxlen=_CONTEXT)
        hunk.append(row)
        quiet = 0
    if hunk:
        kept = hunk[: len(hunk) - quiet + min(quiet, _CONTEXT)]
        yield from _hunk(kept, number - quiet + min(quiet, _CONTEXT), shift)


def written(path: str, found: Iterable[Row]) -> Iterator[bytes]:
    """The diff as `patch` and `git apply -p0` read it."""
    is_first = True
    for row in found:
        if is_first:
            yield f"--- {path}\n+++ {path}\n".encode("utf-8", "surrogateescape")
            is_first = False
        yield row.line if row.tag == "@" else row.tag.encode() + row.line
        if not row.line.endswith(b"\n"):
            yield b"\n" + _NO_NEWLINE


def _hunk(hunk: list[Row], last: int, shift: int) -> Iterator[Row]:
    """A hunk behind its head; `last` is the old number of its last line."""
    old = sum(row.tag != "+" for row in hunk)
    new = sum(row.tag != "-" for row in hunk)
    first = last - old + 1
    # Of nothing, the line before it is named.
    head = f"@@ -{first - (not old)},{old} +{first + shift - (not new)},{new} @@\n"
    yield Row("@", head.encode())
    yield from hunk


def _growth(hunk: list[Row]) -> int:
    return sum((row.tag == "+") - (row.tag == "-") for row in hunk)


def _marked(file: BinaryIO, splices: Iterable[Splice]) -> Iterator[Row]:
    """Every line of the file up to a little behind the last change, and the changed ones in both forms."""
    size = os.fstat(file.fileno()).st_size
    pending = iter(splices)
    splice = next(pending, None)
    file.seek(0)
    start, left = 0, _CONTEXT
    while left and (line := file.readline()):
        end = start + len(line)
        left -= splice is None
        if splice is None or not (splice.start < end or splice.start == end == size):
            yield Row(" ", line)
            start = end
            continue
        old, new, done = line, [], start  # of a stretch of lines that changes into another
        while True:
            while splice is not None and (splice.start < end or splice.start == end == size):
                if splice.end > end and splice.text.endswith(b"\n"):  # what stands behind the line is the next one's
                    new += [old[done - start : splice.start - start], splice.text]
                    done, splice = end, Splice(end, splice.end, b"")
                    continue
                while splice.end > end:
                    line = file.readline()
                    old, end = old + line, end + len(line)
                new += [old[done - start : splice.start - start], splice.text]
                done = splice.end
                splice = next(pending, None)
            new.append(old[done - start :])
            done = end
            after = b"".join(new)
            if not after or after.endswith(b"\n") or end == size:
                break
            line = file.readline()
            old, end, new = old + line, end + len(line), [after]
        yield from _both(old, after)
        start = end


def _both(old: bytes, new: bytes) -> Iterator[Row]:
    was, now = _lines(old), _lines(new)
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(was, now, strict=False)))
    tails = zip(reversed(was[head:]), reversed(now[head:]), strict=False)
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], tails))
    for line in was[:head]:
        yield Row(" ", line)
    gone, come = was[head : len(was) - tail], now[head : len(now) - tail]
    paired = len(gone) == len(come)
    for index, line in enumerate(gone):
        yield Row("-", line, come[index] if paired else None)
    for index, line in enumerate(come):
        yield Row("+", line, gone[index] if paired else None)
    for line in was[len(was) - tail :] if tail else ():
        yield Row(" ", line)


def _lines(data: bytes) -> list[bytes]:
    """Cut at line feeds alone: a lone carriage return ends no line of a diff."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
