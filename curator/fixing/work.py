"""One file in the course of a run of fixing, and its next state after each round, in a temporary file beside it."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

from curator.engine import Checked
from curator.errors import InputError, UsageError
from curator.fixing.former import FixedBy
from curator.fixing.rewriting import Account, Rewriting
from curator.fixing.script import Script, Spooled, compose, spliced
from curator.sources import HEAD_BYTES, Container, marks, prepare, recognise
from curator.writing import temporary_for, written

_OTHERS = {"document": "one JSON document", "foreign": "text without JSON"}


@dataclass(slots=True)
class Work:
    """One file in the course of a run."""

    path: str
    stamp: tuple[int, ...]
    standin: str = ""
    """The file as the last round left it; "" where nothing has changed."""
    script: Script = field(default_factory=Script)
    """From the file as it is to the stand-in."""
    base: str = ""
    """The file in UTF-8, where it was written otherwise: what records are shown by as they were."""
    since: Script = field(default_factory=Script)
    """From the base to the stand-in."""
    fixes: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken_back: Counter[str] = field(default_factory=Counter)
    fixed_by: list[FixedBy] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    removed: list[Spooled] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    """The hash that each record named by suppressions has by now."""
    home: tuple[str, str] = ("", "")
    """The suppressions file, and the data file as that names it."""

    def advance(self, rewriting: Rewriting, target: str, stack: ExitStack) -> bool:
        """Make the next stand-in beside `target`, which goes with the stack; whether anything changed.

        Raises InputError where it cannot be made or would not be sound; the file is then to stay as it is.
        """
        self.taken_back = rewriting.taken_back
        if not len(rewriting.script):
            return False
        if not rewriting.account.is_balanced:
            raise InputError(
                f"{self.path}: not fixed: records would be lost; the file is as it was: please report this"
            )
        temporary = temporary_for(target)
        stack.callback(_remove, temporary)
        try:
            with written(self.path, temporary) as out, open(rewriting.base, "rb") as file:
                out.writelines(spliced(file, rewriting.script))
        except UsageError as error:
            raise InputError(str(error)) from None
        except ValueError:
            shorter = f"{self.path}: not fixed: the file became shorter while it was checked; check it again"
            raise InputError(shorter) from None
        kind, was = _container(temporary), rewriting.source.head.container
        if not rewriting.reordered and kind != was and (said := _OTHERS.get(kind, was == "document" and "lines")):
            raise InputError(f"{self.path}: not fixed: once fixed, it would be read as {said}: mend its start by hand")
        if was == "lines" and not rewriting.is_transcoded and (line := _marked(temporary, rewriting.start)):
            rewriting.expose(line)
        self._take(rewriting, temporary)
        return True

    def _take(self, rewriting: Rewriting, temporary: str) -> None:
        account = rewriting.account
        if self.standin:
            self.script = Script(compose(self.script, rewriting.script))
            if self.base:
                self.since = Script(compose(self.since, rewriting.script))
            if self.standin != self.base:
                _remove(self.standin)
            account.entered += self.account.entered - rewriting.counted
            account.split += self.account.split
            account.removed += self.account.removed
        else:
            self.script = rewriting.script
            self.base = temporary if rewriting.is_transcoded else ""
        self.standin = temporary
        self.account = account
        self.fixes += rewriting.fixed
        self.fixed_by.append(rewriting.fixed_by)
        self.removed.append(rewriting.removed)
        self.moved = rewriting.moved | {old: rewriting.moved.get(new, new) for old, new in self.moved.items()}

    def renewed(self, checked: Checked) -> Checked:
        """The file as the last round has left it. Raises InputError."""
        source = prepare(self.path, self.standin, "utf-8", spooled=False).standing_in(self.path)
        counts = replace(checked.counts, records=self.account.records, unreadable=self.account.unreadable)
        return replace(checked, source=source, counts=counts)


def _container(path: str) -> Container:
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    return recognise(head[marks(head) :], whole=os.path.getsize(path) <= HEAD_BYTES)


def _marked(path: str, start: int) -> bytes:
    """The first line of a file, where it begins with a byte order mark of its own; `start` bytes are the file's."""
    with open(path, "rb") as file:
        file.seek(start)
        head = file.read(len(BOM_UTF8))
        return head + file.readline().rstrip(b"\r\n") if head == BOM_UTF8 else b""


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.remove(path)
