"""The bar of long work: only on a terminal, and gone when the work is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from curator.cli import outputs

Show = Callable[[int, int], object]
_LONG = 8 << 20  # bytes; less is done before a bar can be read


@contextmanager
def progress(paths: tuple[str, ...], off: bool) -> Iterator[Callable[[str], Show | None]]:
    """What makes a bar for one stage of the work on the files, by its name; None where none is wanted."""
    size = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))
    if off or not outputs.is_terminal(sys.stderr) or size < _LONG:
        yield lambda stage: None
        return
    from tqdm import tqdm

    with tqdm(unit="B", unit_scale=True, unit_divisor=1024, leave=False) as bar:

        def begin(stage: str) -> Show:
            bar.reset()
            bar.set_description(stage)

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            return show

        yield begin
