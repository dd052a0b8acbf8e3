"""The document as JSON: version 1, described in docs/report.md, and read again for history and comparison."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from curator.errors import UsageError
from curator.reporters.json import dumps
from curator.reporting.document import KIND, VERSION, Document

if TYPE_CHECKING:
    from curator.reporting.comparison import Comparison

_LARGEST = 64 << 20  # bytes of a report that is read


def written(document: Document, compared: Comparison | None = None) -> str:
    """The document as indented JSON, in ASCII, so that no terminal acts on it; `comparison` is null without one."""
    value = {**asdict(document), "comparison": asdict(compared) if compared is not None else None}
    return json.dumps(json.loads(dumps(value)), indent=1) + "\n"


def read(path: str) -> dict[str, Any]:
    """A report that was written before, of this version or another. Raises UsageError for what is none."""
    try:
        if os.path.getsize(path) > _LARGEST:
            raise UsageError(f"{path}: is too large to be a report of curator")
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path}: is no JSON; `curator report -o report.json` writes one") from None
    if not isinstance(value, dict) or value.get("kind") != KIND:
        raise UsageError(f"{path}: is no report of `curator report`, but other JSON")
    return value


def is_newer(value: Mapping[str, Any]) -> bool:
    """Whether a newer curator wrote it, in a form that this one may misread."""
    version = value.get("version")
    return not isinstance(version, int) or version > VERSION
