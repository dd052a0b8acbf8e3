"""Files that are read again: what is read then must be what was checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from curator.report import Failure
from curator.sources import Source


def changed(sources: Iterable[Source]) -> Iterator[Failure]:
    """A failure for each file that is not the one any more that was opened."""
    for source in sources:
        if not source.unchanged():
            message = f"{source.path}: the file changed while it was checked; check it again"
            yield Failure(source.path, 0, "", message)
