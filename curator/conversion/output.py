"""The files that a conversion writes: whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, cast

from curator.errors import UsageError
from curator.writing import created, reason, refusal, replace, sweep, temporary_for

_OTHER = (".csv", ".tsv", ".xlsx", ".parquet", ".txt", ".json", ".gz", ".zst")


class Output:
    """Takes lines for one file, which appears under its name with `commit` and leaves no trace without."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines = 0
        self._temporary = ""
        self._file: BinaryIO | None = None

    def __enter__(self) -> Output:
        return self

    def write(self, line: bytes) -> None:
        """Add a line. Raises UsageError where it cannot be written."""
        if self._file is None:
            self._file = self._opened()
        try:
            self._file.write(line)
        except OSError as error:
            raise self._failed(error) from None
        self.lines += 1

    def finish(self) -> BinaryIO:
        """All that was written, on the disk; it has no name yet. Raises UsageError."""
        file = self._file = self._file or self._opened()
        try:
            file.flush()
            if self.path != "-":
                os.fsync(file.fileno())
        except OSError as error:
            raise self._failed(error) from None
        return file

    def commit(self) -> None:
        """Give what was written its name: all of it is on the disk then. Raises UsageError."""
        file = self.finish()
        if self.path == "-":
            if sys.stdout is None:
                raise UsageError("standard output is closed: name a file in place of `-`")
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer)
            return
        replace(self._temporary, self.path)
        self._temporary = ""

    def discard(self) -> bool:
        """Leave no file of an earlier run under the name, as nothing was written for it; whether there was one."""
        try:
            os.remove(self.path)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise UsageError(f"{self.path}: is of an earlier run, and cannot be removed: {error.strerror}") from None
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with suppress(OSError):  # what a full disk has said once it says again
                self._file.close()
        if self._temporary:
            with suppress(FileNotFoundError):
                os.remove(self._temporary)

    def _failed(self, error: OSError) -> UsageError:
        if self.path == "-":
            return UsageError(f"{tempfile.gettempdir()}: the output is kept there until it is whole: {error.strerror}")
        return UsageError(f"{self.path}: {reason(error, self.path)}")

    def _opened(self) -> BinaryIO:
        if self.path == "-":
            return cast(BinaryIO, tempfile.TemporaryFile())
        sweep(os.path.dirname(self.path))
        self._temporary = temporary_for(self.path)
        try:
            return created(self.path, self._temporary)
        except OSError as error:
            self._temporary = ""
            raise UsageError(f"{self.path}: cannot be written: {error.strerror}") from None


def rejected_path(out: str) -> str:
    """Where the records go that cannot be converted: `train.jsonl` -> `train.rejected.jsonl`."""
    return f"{os.path.splitext(out)[0]}.rejected.jsonl"


def check_paths(path: str, out: str, *, force: bool, rejected: str | None) -> None:
    """Raises UsageError where writing would lose a file, or cannot work."""
    if not out:
        raise UsageError("OUT is empty: name a file, or - for standard output")
    if out == "-":
        if rejected:
            raise UsageError(
                "--skip writes the rejected records beside OUT, and standard output has no place beside it"
            )
        return
    suffix = os.path.splitext(out)[1].lower()
    if suffix in _OTHER:
        base = os.path.splitext(out)[0]
        name = base if base.lower().endswith((".jsonl", ".ndjson")) else f"{base}.jsonl"
        raise UsageError(f"{out}: JSON Lines are written, not {suffix}: call it {name}")
    if not os.path.isdir(os.path.dirname(out) or "."):
        raise UsageError(f"{out}: there is no folder {os.path.dirname(out)!r}")
    for place in (out, rejected) if rejected else (out,):
        if path != "-" and _same(path, place):
            raise UsageError(f"{place}: is the file that is read: name another")
        if os.path.islink(place):
            raise UsageError(f"{place}: is a symbolic link: name the file itself")
        if os.path.lexists(place) and not os.path.isfile(place):
            raise UsageError(f"{place}: is there, and is no file")
        if os.path.exists(place) and not force:
            raise UsageError(f"{place}: is there already; --force writes over it")
        if os.path.exists(place) and (why := refusal(place)):
            raise UsageError(f"{place}: {why}")


def _same(first: str, second: str) -> bool:
    if os.path.exists(first) and os.path.exists(second):
        return os.path.samefile(first, second)
    return os.path.realpath(first) == os.path.realpath(second)
