"""What a reviewer has typed into the editor, record by record: kept for the session until it is saved or discarded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from curator.errors import UsageError
from curator.review.opened import Opened
from curator.review.rendering.plain import visible
from curator.review.states import Key

_SKETCHES, _MADE = "edit-sketches", "edit-made"


@dataclass(slots=True)
class Sketch:
    """A record while it is edited."""

    base: bytes
    """As it was when the reviewer began."""
    seen: int
    """The record's last decision then."""
    raw: bytes
    """As it is by now."""
    number: int
    """Of all sketches of the session, so that no field shows what was typed into one that is discarded."""
    is_line: bool = False
    """The raw line is edited."""
    generation: int = 0
    """Counts up when the fields have to show something new."""
    faults: dict[str, str] = field(default_factory=dict)
    """By pointer, why what stands in a field is not in `raw`."""
    laid_out: set[str] = field(default_factory=set)
    """Arguments that are shown over lines."""
    spelled: set[str] = field(default_factory=set)
    """Texts that are shown with their escapes."""
    is_sure: bool = False
    """The reviewer has read what speaks against it."""
    is_leaving: bool = False
    """Cancel was pressed, and there are changes."""
    error: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether anything would be lost."""
        return self.raw != self.base or bool(self.faults)

    def renew(self) -> None:
        """Let the fields show what is there now."""
        self.generation += 1
        self.faults.clear()

    def key(self, name: str, *, stays: bool = False) -> str:
        """A widget's; another one when the field has to show something new, unless it stays."""
        turn = "" if stays else f":{self.generation}"
        return f"edit:{self.number}:{visible(name, 400)}{turn}"

    def take(self, pointer: str, edit: Callable[[], bytes]) -> None:
        """Take over what stands in a field; why it cannot be is kept beside it."""
        self.is_sure, self.error = False, ""
        try:
            self.raw = edit()
            self.faults.pop(pointer, None)
        except UsageError as error:
            self.faults[pointer] = str(error)

    def flip(self, among: set[str], pointer: str) -> None:
        """Show a field in the other way."""
        among.symmetric_difference_update({pointer})
        self.renew()

    def mend(self, raw: bytes) -> None:
        """Go on from other bytes."""
        self.raw = raw
        self.renew()

    def restart(self, opened: Opened, raw: bytes) -> None:
        """Begin again from the record as it is by now, with these bytes."""
        self.base, self.seen = opened.now, opened.seen
        self.is_sure, self.error = False, ""
        self.mend(raw)


def discard(key: Key) -> None:
    """Forget the changes of a record."""
    _sketches().pop(key, None)


def sketch_of(opened: Opened) -> Sketch:
    """What the reviewer has made of a record so far; a new one where nothing is."""
    sketches = _sketches()
    sketch = sketches.get(opened.row.key)
    if sketch is None or (not sketch.is_changed and sketch.base != opened.now):
        number = st.session_state[_MADE] = st.session_state.get(_MADE, 0) + 1
        sketch = sketches[opened.row.key] = Sketch(opened.now, opened.seen, opened.now, number)
    if not sketch.is_changed:
        sketch.seen = opened.seen
    return sketch


def _sketches() -> dict[Key, Sketch]:
    found: dict[Key, Sketch] = st.session_state.setdefault(_SKETCHES, {})
    return found
