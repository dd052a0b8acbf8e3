"""What is said of a record that cannot be carried over."""

from __future__ import annotations

from typing import Any

from curator.findings import clip


class Refusal(Exception):  # noqa: N818 - the record is refused; nothing has gone wrong
    """Why one record cannot be carried over; the text goes behind the record's place."""


def quoted(name: Any) -> str:
    """A key, role or column of the data as a message can hold it: short, in quotes, nothing that a terminal acts on."""
    return repr(clip(name)) if isinstance(name, str) else "no text"
