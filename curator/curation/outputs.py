"""Several files that are written together, none of them over anything that is to be kept."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from curator.errors import UsageError
from curator.writing import hand_down, reason, refusal, replace, settle, sweep, temporary_for, written

NAME_IT = "name the file it leads to"
"""What to do in place of writing to a symbolic link."""


@contextlib.contextmanager
def together(paths: Sequence[str]) -> Iterator[list[BinaryIO]]:
    """New files that take their places when the block ends and all are on the disk; none where it raises.

    Of several, the old ones go first: a run that was ended in between leaves names without a file, never the old
    file of one beside the new file of another. Raises UsageError when one cannot be written.
    """
    for folder in {os.path.dirname(path) for path in paths}:
        sweep(folder)
    temporaries = [temporary_for(path) for path in paths]
    try:
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(written(*pair)) for pair in zip(paths, temporaries, strict=True)]
        if len(paths) == 1:
            replace(temporaries[0], paths[0])
        else:
            _replace_all(temporaries, paths)
    finally:
        for temporary in temporaries:
            with contextlib.suppress(OSError):
                os.remove(temporary)


def _replace_all(temporaries: Sequence[str], paths: Sequence[str]) -> None:
    retired = {path: temporary_for(path) for path in paths if os.path.lexists(path) and not os.path.isdir(path)}
    pairs = list(zip(temporaries, paths, strict=True))
    try:
        for temporary, path in pairs:
            if path in retired:
                _retire(path, retired[path], temporary)
        for folder in {os.path.dirname(path) for path in retired}:
            settle(folder)
        for temporary, path in pairs:
            replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):  # what was done is seen from the names: an interrupt may follow any step
            for temporary, path in pairs:
                if not os.path.lexists(temporary):
                    os.remove(path)
            for path, old in retired.items():
                if os.path.lexists(old):
                    os.replace(old, path)
        raise
    for old in retired.values():
        with contextlib.suppress(OSError):
            os.remove(old)


def _retire(path: str, to: str, successor: str) -> None:
    """Move a file out of the way; the one that follows it has its mode and owner. Raises UsageError."""
    try:
        hand_down(path, successor)
        os.replace(path, to)
    except OSError as error:
        raise UsageError(f"{path}: {reason(error)}") from None


def refuse(paths: Sequence[str], *sources: str, force: bool, folder: str | None = None) -> None:
    """Raises UsageError where writing the paths would lose something, or cannot go well.

    That is one of `sources`, which are read, a file that is there already (unless `force`), two outputs of one name.
    The `folder` may be missing: it is made before anything is written.
    """
    if folder and os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(f"{folder}: is no folder")
    seen: dict[str, str] = {}
    for path in paths:
        if path in ("", "-"):
            raise UsageError(f"{path!r} names no file: what is written here goes to files")
        if path.lower().endswith((".gz", ".zst")):
            raise UsageError(f"{path}: compressed files are not written: leave out the last ending, and pack it after")
        if os.path.isdir(path):
            raise UsageError(f"{path}: is a folder: name a file in it")
        if os.path.dirname(path) != folder and not os.path.isdir(os.path.dirname(path) or "."):
            raise UsageError(f"{path}: the folder {os.path.dirname(path)} is not there: make it first")
        if any(_same(path, source) for source in sources):
            raise UsageError(f"{path}: is the file that is read: name another")
        if (real := os.path.realpath(path)) in seen:
            raise UsageError(f"{path}: two outputs have this name")
        seen[real] = path
        if os.path.lexists(path):
            if not force:
                raise UsageError(f"{path}: is there already: --force writes over it")
            if why := refusal(path, instead=NAME_IT):
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
