"""A file without some of its records in the place of the old one, in such a way that `curator undo` brings it back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from curator.curation.records import Records
from curator.errors import UsageError
from curator.fixing.placing import Change, Run, place
from curator.fixing.script import Script, Spooled, spliced
from curator.fixing.splicing import Splice
from curator.writing import temporary_for, written


def take_out(
    records: Records, gone: Iterable[int], removed: Iterable[bytes], stamp: tuple[int, ...], path: str
) -> None:
    """Replace the file at `path` by one without the lines `gone` (in order), and add `removed` to those set aside.

    The removed records are on the disk before the file is replaced. `stamp` is the file's from before it was read.
    Raises UsageError, InputError when the file has changed since; it is then as it was.
    """
    script, aside = Script(), Spooled()
    for number in gone:
        script.add(Splice(records.offsets[number], records.ends[number], b""))
    for line in removed:
        aside.write(line)
    temporary = temporary_for(os.path.realpath(path))
    try:
        with written(path, temporary) as out, open(path, "rb") as file:
            out.writelines(spliced(file, script))
        records.unchanged()
        change = Change(path, stamp, temporary, script, len(script), (aside,), {}, "", "")
        place(change, Run())
    except ValueError:  # of `spliced`
        raise UsageError(f"{path}: another program is changing the file; nothing was written: run it again") from None
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)
