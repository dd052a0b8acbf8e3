"""Counting after the check what the Overview shows, and the tokens and turns of the items.

The pages are in use meanwhile.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from curator import reading
from curator.errors import InputError
from curator.review.index.checked_file import CheckedFile, examples
from curator.review.index.counting import Statistics
from curator.review.index.format import DATABASE, note

_NOTED = 1.0  # seconds between two notes of how far the counting is
_BATCH = 2000  # items whose counts are written at once; the page can write in between


def count(folder: str, files: Sequence[CheckedFile], progress: Callable[[str, int, int, int], None]) -> None:
    """Count what the Overview shows, and the tokens and turns of the items, into the index that pages read already."""
    total, done, records = sum(file.source.size for file in files), 0, 0
    progress("tokens", 0, total, 0)
    database = sqlite3.connect(os.path.join(folder, DATABASE), timeout=60)
    statistics: dict[int, Statistics] = {}
    updates: list[tuple[int | None, int | None, int]] = []

    def write(where: int) -> None:
        with database:
            database.executemany("UPDATE items SET tokens = ?, turns = ? WHERE id = ?", updates)
            note(database, "statistics", statistics)
            note(database, "counted", (where, total))
        updates.clear()
        progress("tokens", where, total, records)

    for file in files:
        own = statistics[file.data.number] = Statistics()
        plan = file.checked.bound.plan
        counter = plan.tokenizer.example if plan.tokenizer else None
        query = "SELECT id, offset FROM items WHERE file = ? ORDER BY id"
        items = iter(database.execute(query, (file.data.number,)).fetchall())
        item, offset = next(items, (0, -1))
        noted = time.monotonic()
        with suppress(InputError):  # which the check has said; or it was changed since, and will be checked again
            for line in reading.read(file.shard, plan.max_line_bytes):
                several = list(examples(file.scanner, line))
                tokens = [own.add(example, plan.conventions, counter) for example in several]
                records += len(several)
                if offset == line.offset:
                    if turns := sum(len(example.turns) for example in several):
                        known = [number for number in tokens if number is not None]
                        updates.append((sum(known) if known else None, turns, item))
                    item, offset = next(items, (0, -1))
                if len(updates) >= _BATCH or time.monotonic() - noted > _NOTED:
                    write(done + line.offset)
                    noted = time.monotonic()
        done += file.source.size
        write(done)
    database.close()
