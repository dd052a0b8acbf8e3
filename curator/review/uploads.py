"""A file that the browser brings: its name is data like any other."""

from __future__ import annotations

import os
import re
from pathlib import Path

TYPES = ("jsonl", "ndjson", "json", "gz", "zst")
_LONGEST = 60  # characters of up to four bytes; file systems allow 255


def save(name: str, data: bytes, folder: Path) -> str:
    """Write what was uploaded into `folder`, and return its path: as the name says, but harmless.

    The folder is made where it is missing, for the user's eyes only. A file of that name is written over.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / harmless(name)
    path.write_bytes(data)
    return os.fspath(path)


def harmless(name: str) -> str:
    """A file name of letters, digits, `.`, `-` and `_`, which no shell, browser or terminal reads more into."""
    plain = re.sub(r"[^\w.-]+", "_", re.split(r"[/\\]", name)[-1]).lstrip(".-_")
    return plain[-_LONGEST:].lstrip(".-_") or "upload.jsonl"
