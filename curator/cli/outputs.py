"""Where `curator check -o` writes: never over what is read, and there is the old file or the new one whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from curator.errors import UsageError
from curator.inputs import Dataset
from curator.suppressions import FILE_NAME


def refuse(path: str, datasets: Sequence[Dataset]) -> None:
    """Raises UsageError where the output would take the place of a file that the run reads."""
    from curator.fixing.journal import aside_path  # a run without an output file does not wait for it

    real, own = os.path.realpath(path), _identity(path)
    files = {file for dataset in datasets for split in dataset.splits.values() for file in split if file != "-"}
    read = [*files, *(aside_path(os.path.realpath(file)) for file in files)]
    read += [dataset.settings.source for dataset in datasets if dataset.settings.source]
    folders = {folder for file in files for folder in Path(os.path.abspath(file)).parents}
    read += [os.path.join(folder, FILE_NAME) for folder in folders]
    is_read = os.path.basename(real) == FILE_NAME or any(
        os.path.realpath(file) == real or (own is not None and _identity(file) == own) for file in read
    )
    if is_read or (own is not None and _is_standard_input(own, datasets)):
        raise UsageError(f"{path}: is a file that is read; give -o another name")


def _identity(path: str) -> tuple[int, int] | None:
    with suppress(OSError):
        found = os.stat(path)
        return found.st_dev, found.st_ino
    return None


def _is_standard_input(own: tuple[int, int], datasets: Sequence[Dataset]) -> bool:
    if not any("-" in split for dataset in datasets for split in dataset.splits.values()):
        return False
    with suppress(OSError):
        found = os.fstat(0)
        return os.path.isfile("/dev/stdin") and (found.st_dev, found.st_ino) == own
    return False


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks at it; a stream that is closed is None."""
    return stream is not None and stream.isatty()


def in_color(choice: str, stream: TextIO | None) -> bool:
    """Whether to write in color: as chosen (`always`, `never`), else on a terminal that can, unless NO_COLOR is set."""
    can = is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return choice == "always" or (choice == "auto" and can)


@contextmanager
def standard(flag: str = "") -> Iterator[TextIO]:
    """Standard output, able to carry whatever the data hold; all of it is written when the block ends.

    A reader that has gone is no error. `flag` is what writes to a file in its place. Raises UsageError where it is
    closed.
    """
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise UsageError(f"standard output is closed{f'; give {flag}' if flag else ''}")
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        yield stream
        stream.flush()
    except BrokenPipeError:
        # The reader of our output has gone, which is its right; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The output file, in its place when the block ends; the old one stays when it raises. Raises UsageError."""
    from curator.writing import atomically

    # A pipe or a terminal has nothing to keep, and what /dev/stdout leads to is held open by others.
    if (os.path.exists(path) and not os.path.isfile(path)) or os.path.abspath(path).startswith(("/dev/", "/proc/")):
        try:
            with open(path, "wb") as file:
                yield file
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
        return
    with atomically(os.path.realpath(path)) as file:
        yield file
