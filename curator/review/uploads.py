"""Files that the browser brings: each is kept below the working directory under the hash of its content.

So the same file dropped again, also after a restart, is the same data, and what was decided about it still holds.
"""

from __future__ import annotations

import os
import re
from hashlib import blake2b
from pathlib import Path

from curator.errors import UsageError
from curator.writing import OWN_FOLDER, atomically, own_folder

TYPES = ("jsonl", "ndjson", "json", "gz", "zst")
_FOLDER = "uploads"
_LONGEST = 60  # characters of up to four bytes; file systems allow 255
_NAME = re.compile(r"([0-9a-f]{32})/([^/\\]+)")


def keep(name: str, data: bytes | memoryview) -> str:
    """Put what was uploaded into `.curator/uploads`, which git ignores; the name by which `found` knows it.

    Raises UsageError where it cannot be written.
    """
    digest = blake2b(data, digest_size=16).hexdigest()
    folder = Path(own_folder(os.getcwd()), _FOLDER, digest)
    if not _holds(folder / harmless(name), data):  # else it stays untouched, for it may be under review
        save(name, data, folder)
    return f"{digest}/{harmless(name)}"


def _holds(path: Path, data: bytes | memoryview) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def save(name: str, data: bytes | memoryview, folder: Path) -> str:
    """Write what was uploaded into `folder`, and return its path: as the name says, but harmless.

    The folder is made where it is missing, for the user's eyes only. A file of that name is written over. Raises
    UsageError.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}") from None
    path = os.fspath(folder / harmless(name))
    with atomically(path) as file:
        file.write(data)
    return path


def found(name: str) -> tuple[str, ...]:
    """The path of an upload that `keep` has named; () where there is none of that name."""
    match = _NAME.fullmatch(name)
    if match is None or match[2] != harmless(match[2]):
        return ()
    path = os.path.join(OWN_FOLDER, _FOLDER, match[1], match[2])
    return (path,) if os.path.isfile(path) else ()


def is_upload(path: str) -> bool:
    """Whether a file is one that the browser has brought, so that its owner has it elsewhere."""
    return Path(os.path.abspath(path)).parts[-4:-2] == (OWN_FOLDER, _FOLDER)


def known_as(path: str) -> str:
    """What people call a file: its path, but only the name of one that the browser has brought."""
    return os.path.basename(path) if is_upload(path) else path


def harmless(name: str) -> str:
    """A file name of letters, digits, `.`, `-` and `_`, which no shell, browser or terminal reads more into."""
    plain = re.sub(r"[^\w.-]+", "_", re.split(r"[/\\]", name)[-1]).lstrip(".-_")
    return plain[-_LONGEST:].lstrip(".-_") or "upload.jsonl"
