"""A folder of reports, one for each run: how the figures moved from version to version of the data."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from curator.errors import UsageError
from curator.masking import Masker
from curator.reporting import plain
from curator.reporting.document import Document
from curator.reporting.figures import Figures, figures
from curator.writing import sweep, temporary_for, written

_MOST = 60  # versions that are drawn
_NAMED = 5  # files that are named


@dataclass(frozen=True, slots=True)
class History:
    """The runs of a folder, in order of time."""

    versions: list[Figures]
    """The last run of each version of the data."""
    runs: int
    passed_over: list[str]
    """Files that are no reports, or of a newer curator."""

    @property
    def others(self) -> str:
        """The names of these, as far as a line holds them; "" for none."""
        names, more = self.passed_over[:_NAMED], len(self.passed_over) - _NAMED
        return Masker(Counter())(", ".join(names)) + (f" and {more:,} more" if more > 0 else "")


def keep(folder: str, document: Document, text: str) -> str:
    """Write the run into the folder, whole or not at all, and never over another. What comes back is the path.

    Raises UsageError.
    """
    stem = os.path.join(folder, f"{re.sub('[^0-9TZ]', '', document.created)}-{document.content[:12]}")
    temporary = temporary_for(f"{stem}.json")
    try:
        os.makedirs(folder, exist_ok=True)
        sweep(folder)
        with written(f"{stem}.json", temporary) as file:
            file.write(text.encode())
        for number in range(1, 10_000):
            path = f"{stem}{f'-{number}' if number > 1 else ''}.json"
            if _is_placed(temporary, path):
                return path
    except OSError as error:
        raise UsageError(f"{folder}: the history cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            os.remove(temporary)
    raise UsageError(f"{folder}: too many runs of one second")


def _is_placed(temporary: str, path: str) -> bool:
    """Whether the written file has this name now; it has not where another had it before. Raises OSError."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # a disk that knows no links
        if os.path.lexists(path):
            return False
        os.rename(temporary, path)
    return True


def history(folder: str) -> History:
    """The runs that a folder keeps; none where it is not there yet. Raises UsageError where it cannot be read."""
    found, passed_over = [], []
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".json"))
    except FileNotFoundError:
        return History([], 0, [])
    except OSError as error:
        raise UsageError(f"{folder}: the history cannot be read: {error.strerror}") from None
    for name in names:
        try:
            value = plain.read(os.path.join(folder, name))
        except UsageError:
            passed_over.append(name)
            continue
        if plain.is_newer(value):
            passed_over.append(name)
        else:
            found.append(figures(value))
    return History(_versions(found), len(found), passed_over)


def with_run(past: History, document: Document) -> History:
    """The history and the run that is being reported."""
    now = figures(json.loads(plain.written(document)))
    return History(_versions([*past.versions, now]), past.runs + 1, past.passed_over)


def _versions(runs: Sequence[Figures]) -> list[Figures]:
    """The last of each row of runs on the same data."""
    ordered = sorted(runs, key=lambda run: run.created)
    last = [
        run for number, run in enumerate(ordered, 1) if number == len(ordered) or ordered[number].content != run.content
    ]
    return last[-_MOST:]
