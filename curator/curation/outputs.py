"""Several files that are written together, none of them over anything that is to be kept."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from curator.errors import UsageError
from curator.writing import refusal, replace, temporary_for, written


@contextlib.contextmanager
def together(paths: Sequence[str]) -> Iterator[list[BinaryIO]]:
    """New files that take their places when the block ends and all are on the disk; none where it raises.

    Raises UsageError when one cannot be written.
    """
    temporaries = [temporary_for(path) for path in paths]
    try:
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(written(*pair)) for pair in zip(paths, temporaries, strict=True)]
        for path, temporary in zip(paths, temporaries, strict=True):
            replace(temporary, path)
    finally:
        for temporary in temporaries:
            with contextlib.suppress(OSError):
                os.remove(temporary)


def refuse(paths: Sequence[str], source: str, *, force: bool) -> None:
    """Raises UsageError where writing the paths would lose something, or cannot go well.

    That is `source` itself, a file that is there already (unless `force`), two outputs of one name.
    """
    seen: dict[str, str] = {}
    for path in paths:
        if path.lower().endswith((".gz", ".zst")):
            raise UsageError(f"{path}: compressed files are not written: leave out the last ending, and pack it after")
        if os.path.isdir(path):
            raise UsageError(f"{path}: is a folder: name a file in it")
        if not os.path.isdir(os.path.dirname(path) or "."):
            raise UsageError(f"{path}: the folder {os.path.dirname(path)} is not there: make it first")
        if _same(path, source):
            raise UsageError(f"{path}: is the file that is read: name another")
        if (real := os.path.realpath(path)) in seen:
            raise UsageError(f"{path}: two outputs have this name")
        seen[real] = path
        if os.path.lexists(path):
            if not force:
                raise UsageError(f"{path}: is there already: --force writes over it")
            if why := refusal(path):
                raise UsageError(f"{path}: {why}")


def _same(path: str, source: str) -> bool:
    try:
        return os.path.samefile(path, source)
    except OSError:
        return False


def stem(path: str) -> str:
    """A path without the suffix that says it is data: `data/train.jsonl.gz` is `data/train`."""
    base = Path(path)
    for suffix in (".gz", ".zst"):
        if base.suffix.lower() == suffix:
            base = base.with_suffix("")
    return str(base.with_suffix("") if base.suffix.lower() in (".jsonl", ".ndjson", ".json") else base)
