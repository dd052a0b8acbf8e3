"""A folder of reports, one for each run: how the figures moved from version to version of the data."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from curator.errors import UsageError
from curator.reporting import plain
from curator.reporting.document import Document
from curator.reporting.figures import Figures, figures

_MOST = 60  # versions that are drawn


@dataclass(frozen=True, slots=True)
class History:
    """The runs of a folder, in order of time."""

    versions: list[Figures]
    """The last run of each version of the data."""
    runs: int
    passed_over: list[str]
    """Files that are no reports, or of a newer curator."""


def keep(folder: str, document: Document, text: str) -> str:
    """Write the run into the folder; never over another. What comes back is the path. Raises UsageError."""
    stem = f"{re.sub('[^0-9TZ]', '', document.created)}-{document.content[:12]}"
    try:
        os.makedirs(folder, exist_ok=True)
        for number in range(1, 10_000):
            path = os.path.join(folder, f"{stem}{f'-{number}' if number > 1 else ''}.json")
            try:
                with open(path, "x", encoding="utf-8") as file:
                    file.write(text)
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise UsageError(f"{folder}: the history cannot be written: {error.strerror}") from None
    raise UsageError(f"{folder}: too many runs of one second")


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
