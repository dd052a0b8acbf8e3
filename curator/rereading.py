"""Files that are read again after they were checked: what is read then must be what was checked."""

from __future__ import annotations

from collections.abc import Iterable

from curator.engine import Checked
from curator.report import Failure


def changed(files: Iterable[Checked]) -> list[Failure]:
    """A failure for each file that is not the one any more that was checked."""
    paths = dict.fromkeys(file.source.path for file in files if not file.source.unchanged())
    return [Failure(path, 0, "", f"{path}: the file changed while it was checked; check it again") for path in paths]
