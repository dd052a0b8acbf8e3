"""What is on screen of the queue: the view stands in the address, everything else in the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st

from curator.review import views
from curator.review.states import Decision, Filter

Asking = Literal["", "keep", "discuss", "remove", "harm"]
_KEY, _VIEW = "queue-screen", "queue-view"
_ITEMS = (views.RECORD, views.CLUSTERS)


@dataclass(slots=True)
class Clash:
    """A decision that was not saved, because somebody else was faster."""

    row: int
    mine: str
    """In the words of the buttons."""
    other: Decision
    made: bytes | None = None
    """What it would have made of the record; None where that stays as it is, or goes."""
    is_edit: bool = False


@dataclass(slots=True)
class Screen:
    """What a browser tab shows beside the view; it ends with the tab."""

    mode: Literal["record", "edit", "bulk", "general"] = "record"
    asking: Asking = ""
    """What the decision bar waits for."""
    row: int = 0
    """The record on screen, and"""
    seen: int = 0
    """its last decision, as the reviewer sees it."""
    notice: str = ""
    """What the last key did."""
    is_wrong: bool = False
    """The notice says why nothing was done."""
    warnings: list[str] = field(default_factory=list)
    """For `harm`: what speaks against it, and"""
    wanted: bytes = b""
    """the record as it would become."""
    accepting: tuple[tuple[str, str], ...] | None = None
    """For `harm`: the findings whose fix is to be accepted; None for an edit."""
    clash: Clash | None = None
    bulk: str = ""
    """For the mode `bulk`: the rule."""
    help: bool = False
    synced: int = 0
    """The last decision that the page knows."""
    clusters: int = 0
    """The page of the list of clusters."""
    checked: int = 0
    """The check that `row` and `clusters` are of: another numbers its records anew."""
    cursor: str = ""
    """The selector of what is to have the cursor."""
    asked: int = 0
    """How often a text was asked for, or the editor: each field is a new one, and gets the cursor."""

    def say(self, notice: str, *, wrong: bool = False) -> None:
        """Tell what was done, or why nothing was."""
        self.notice, self.is_wrong = notice, wrong

    def settle(self) -> None:
        """Nothing is asked, edited or applied to many any more."""
        self.mode, self.asking, self.clash = "record", "", None


def screen() -> Screen:
    """This tab's."""
    found: Screen = st.session_state.setdefault(_KEY, Screen())
    return found


def begin(number: int) -> None:
    """Draw what the check with that number found; after another one, from its start."""
    here = screen()
    if here.checked not in (0, number):
        here.settle()
        here.say("")
        here.clusters = 0
        show_record(0)
        if cluster() is not None:
            show_cluster("")
    here.checked = number


# --- the address -------------------------------------------------------------------------------


def recall() -> None:
    """Come back to the view that the tab had, where the address names none."""
    if not _view():
        for name, values in st.session_state.get(_VIEW, {}).items():
            st.query_params[name] = values


def remember() -> None:
    """Keep the view for when the reviewer comes back from another page."""
    st.session_state[_VIEW] = _view()


def shown() -> Filter:
    """The filter of the view."""
    return views.read(_params())


def names(parameter: str) -> list[str]:
    """The values of the address that are no numbers."""
    return [value for value in st.query_params.get_all(parameter) if not value.isdecimal()]


def spell(parameter: str, known: Mapping[str, str]) -> None:
    """Let the address say what we say: of a rule its code, of a file its number."""
    said = {name: known.get(name, name) for name in names(parameter)}
    values = st.query_params.get_all(parameter)
    if (wanted := [said.get(value, value) for value in values]) != values:
        st.query_params[parameter] = wanted


def passed_over() -> list[str]:
    """What of the address is no filter."""
    return views.passed_over(_params())


def record() -> int:
    """The id of the record of the view; 0 for none."""
    value = st.query_params.get(views.RECORD, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 16 else 0


def cluster() -> str | None:
    """The cluster of the view, "" for the first; None while records are listed."""
    return st.query_params.get(views.CLUSTERS)


def show_record(row: int) -> None:
    """Go to a record."""
    if record() != row:
        st.query_params[views.RECORD] = str(row)


def show_cluster(group: str | None) -> None:
    """Go to a cluster, or to the records."""
    if group is None:
        st.query_params.pop(views.CLUSTERS, None)
    else:
        st.query_params[views.CLUSTERS] = group
    remember()  # else `recall` takes an address that is left empty for one of another page


def show_filter(wanted: Filter) -> None:
    """Change the filter; what is on screen stays as far as it can."""
    rest = {name: values for name, values in _params().items() if name not in views.NAMES}
    st.query_params.from_dict({**rest, **views.written(wanted)})
    remember()


def _params() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _view() -> dict[str, list[str]]:
    return {name: values for name, values in _params().items() if name in (*views.NAMES, *_ITEMS)}
