"""The left side of the Review page: how far the work is, what of it is shown, and one page of the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from curator.review import answering
from curator.review import screen as screens
from curator.review.index.queries import Column, Group
from curator.review.rendering.escaping import whole
from curator.review.rendering.plain import plain, visible
from curator.review.states import Filter, Row, Status
from curator.review.workspace import Workspace

PAGE = 18
"""Rows that are listed at once."""
STATUSES: tuple[Status, ...] = get_args(Status)
SIGNS = {"error": "✖", "warning": "▲", "info": "●"}
_MARKS = {"open": "", "fixed": "✓", "kept": "=", "removed": "✕", "discuss": "?"}
_COLORS = {"error": "red", "warning": "orange", "info": "blue"}
_SORTS = {"severity": "worst first", "place": "as in the file", "tokens": "most tokens first", "findings": "most findings first"}  # fmt: skip  # noqa: E501
_ANY = 1 << 40  # tokens or turns, where no most is wanted
_NAME = 10  # code points of a file's name in the list
_OPTIONS = 300  # values that a filter offers
_EVERY = 1.0  # seconds between two looks at how far the tokens are counted


def statuses(workspace: Workspace, shown: Filter) -> None:
    """How many records stand where, as a filter, and how much is decided."""
    counts = workspace.index.counts_by("status", replace(shown, statuses=()))
    options = [*STATUSES, "all"]
    chosen = next((name for name in options if _statuses(name) == shown.statuses), None)
    st.session_state["queue-status"] = chosen

    def name(option: str) -> str:
        return f"{option.capitalize()} {counts[option] if option != 'all' else counts.total():,}"

    st.segmented_control(
        "Status", options, format_func=name, key="queue-status", label_visibility="collapsed", on_change=_by_status
    )
    done, total = counts.total() - counts["open"], counts.total()
    share = 100 * done / total if total else 0
    told = f"{done:,} of {total:,} decided" if total else "no records in this view"
    st.html(
        f'<div class="cu cu-progress"><span class="cu-done"><span style="width:{share:.1f}%"></span></span>'
        f'<span class="cu-quiet">{told}</span></div>'
    )


def _statuses(option: str) -> tuple[Status, ...]:
    return tuple(name for name in STATUSES if name == option)


def _by_status() -> None:
    chosen = st.session_state["queue-status"]
    if chosen is not None:
        answering.reset(replace(screens.shown(), statuses=_statuses(chosen)))


def show(workspace: Workspace, shown: Filter, row: Row | None, position: int, total: int) -> None:
    """The filter, and the page of the list that the record on screen is on."""
    _filter(workspace, shown)
    _counting(workspace, shown)
    if screens.cluster() is None:
        _records(workspace, shown, row, position, total)
    else:
        _clusters(workspace, shown)


# --- the filter --------------------------------------------------------------------------------


def _filter(workspace: Workspace, shown: Filter) -> None:
    with st.container(horizontal=True, gap="small", key="queue-filter"):
        st.session_state["queue-text"] = visible(shown.text, 1000) if shown.text else ""
        st.text_input(
            "Search", key="queue-text", placeholder="Search the texts", icon=":material/search:", on_change=_by_text,
            label_visibility="collapsed",
        )  # fmt: skip
        narrowed = sum(map(bool, _facets(shown).values()))
        facets = st.popover(f"Filter · {narrowed}" if narrowed else "Filter", on_change="rerun", key="queue-facets")
    if facets.open:
        with facets:
            _all_facets(workspace, shown)
    with st.container(horizontal=True, gap="small", key="queue-order", vertical_alignment="center"):
        st.session_state["queue-what"] = "records" if screens.cluster() is None else "clusters"
        st.segmented_control(
            "List", ["records", "clusters"], format_func=str.capitalize, key="queue-what", on_change=_by_what,
            label_visibility="collapsed",
        )  # fmt: skip
        if screens.cluster() is None:
            st.session_state["queue-sort"] = shown.sort
            st.selectbox(
                "Sort", list(_SORTS), format_func=_SORTS.__getitem__, key="queue-sort", on_change=_by_sort,
                label_visibility="collapsed",
            )  # fmt: skip


def _facets(shown: Filter) -> dict[str, Any]:
    return {
        name: getattr(shown, name)
        for name in ("codes", "severities", "files", "splits", "labels", "tokens", "turns", "group")
    }


def _all_facets(workspace: Workspace, shown: Filter) -> None:
    files, rules = workspace.files(), workspace.rules()

    def rule(code: str) -> str:
        return f"{code} {rules[code].name}" if code in rules else code

    _facet(workspace, shown, "Rule", "rule", "codes", rule)
    _facet(workspace, shown, "Severity", "severity", "severities", str)
    if len(files) > 1:
        _facet(workspace, shown, "File", "file", "files", lambda number: visible(files[int(number)].path, 80))
    if len({file.split for file in files}) > 1:
        _facet(workspace, shown, "Split", "split", "splits", lambda split: visible(split, 80))
    _facet(workspace, shown, "Label", "label", "labels", lambda label: visible(label, 80))
    has_tokens = any(workspace.plan(file.number).tokenizer is not None for file in files)
    columns = st.columns(4 if has_tokens else 2)
    _span(shown.turns, "Turns", "turns", columns[:2])
    if has_tokens:
        _span(shown.tokens, "Tokens", "tokens", columns[2:])
    if workspace.index.counted() < 1:
        st.html(whole(f'<div class="cu-quiet">{_so_far(workspace)}</div>'))
    st.button("Show all", on_click=answering.reset, key="queue-reset", disabled=not any(_facets(shown).values()))


def _span(span: tuple[int, int] | None, title: str, field: str, columns: Sequence[DeltaGenerator]) -> None:
    """The fewest and the most of what is counted."""
    fewest, most = columns
    low, high = span or (0, 0)
    first, last = f"queue-{field}-from", f"queue-{field}-to"
    st.session_state[first], st.session_state[last] = low or None, high if span and high < _ANY else None
    how: dict[str, Any] = {"min_value": 0, "step": 1, "on_change": _by_span, "args": (field,)}
    fewest.number_input(f"{title} from", key=first, **how)
    most.number_input("to", key=last, **how)


def _by_span(field: str) -> None:
    low, high = st.session_state[f"queue-{field}-from"], st.session_state[f"queue-{field}-to"]
    span = None if low is None and high is None else tuple(sorted((low or 0, _ANY if high is None else high)))
    changed: dict[str, Any] = {field: span}
    answering.reset(replace(screens.shown(), **changed))


def _counting(workspace: Workspace, shown: Filter) -> None:
    """Say that not all is counted yet, where the list is chosen or sorted by it."""
    is_asked = shown.tokens is not None or shown.turns is not None or shown.sort == "tokens"
    if is_asked and workspace.index.counted() < 1:
        _going_on(workspace) if not workspace.checking.is_done else _told(workspace)


@st.fragment(run_every=_EVERY)
def _going_on(workspace: Workspace) -> None:
    """How far the counting is; the page starts again when all is counted."""
    if workspace.checking.is_done:
        st.rerun()
    _told(workspace)


def _told(workspace: Workspace) -> None:
    st.html(whole(f'<div class="cu-note">{_so_far(workspace)}</div>'))


def _so_far(workspace: Workspace) -> str:
    share = f"{int(100 * workspace.index.counted())} %"
    if workspace.checking.is_done:
        return f"Only {share} of the data is counted: the counting was ended. Check again for the rest."
    return f"Counting tokens and turns: {share}. Records that are not counted yet have none."


def _facet(
    workspace: Workspace, shown: Filter, title: str, column: Column, field: str, name: Callable[[str], str]
) -> None:
    """A choice of values, each with how many records have it under the rest of the filter."""
    counts: Counter[str] = workspace.index.counts_by(column, _with(shown, field, ()))
    chosen = [str(value) for value in getattr(shown, field)]
    options = [value for value, _ in counts.most_common(_OPTIONS)]
    options += [value for value in chosen if value not in counts]
    if not options:
        return
    key = f"queue-{field}"
    # The values themselves never reach the browser: they may be anything.
    st.session_state[key] = [options.index(value) for value in chosen]
    st.multiselect(
        title, range(len(options)), format_func=lambda n: f"{name(options[n])} · {counts[options[n]]:,}", key=key,
        on_change=_by_facet, args=(field, options), placeholder="any",
    )  # fmt: skip


def _by_facet(field: str, options: Sequence[str]) -> None:
    chosen = [options[number] for number in st.session_state[f"queue-{field}"]]
    values: tuple[Any, ...] = tuple(map(int, chosen)) if field == "files" else tuple(chosen)
    answering.reset(_with(screens.shown(), field, values))


def _with(shown: Filter, field: str, values: tuple[Any, ...]) -> Filter:
    changed: dict[str, Any] = {field: values}
    return replace(shown, **changed)


def _by_text() -> None:
    answering.reset(replace(screens.shown(), text=st.session_state["queue-text"]))


def _by_sort() -> None:
    screens.show_filter(replace(screens.shown(), sort=st.session_state["queue-sort"]))


def _by_what() -> None:
    what = st.session_state["queue-what"]
    screens.screen().settle()
    screens.screen().say("")
    if what is not None:
        screens.show_cluster("" if what == "clusters" else None)


# --- the list ----------------------------------------------------------------------------------


def _records(workspace: Workspace, shown: Filter, row: Row | None, position: int, total: int) -> None:
    page = position // PAGE
    rows = workspace.index.page(shown, page * PAGE, PAGE)
    several = len(workspace.files()) > 1
    places = [str(item.line) for item in rows]
    more = [f"+{len(item.codes) - 1}" if len(item.codes) > 1 else "" for item in rows]
    width, wide = max([3, *map(len, places)]), max(map(len, more), default=0)
    names = _apart([file.path.rpartition("/")[2] for file in workspace.files()]) if several else []
    with st.container(key="queue-rows", gap=None):
        for number, item in enumerate(rows):
            place = f"{places[number].rjust(width)} {(item.codes or ('',))[0].ljust(6)}{more[number].ljust(wide)}"
            label = _label(item, place, names[item.file] if several else "", workspace.words(item))
            st.button(
                label, key=f"queue-go-{number}", on_click=answering.go, args=(item.id,), width="stretch",
                type="tertiary",
            )  # fmt: skip
            if row is not None and item.id == row.id:
                _mark(f"queue-go-{number}")
    if total > PAGE:
        _pager(page, -(-total // PAGE), lambda page: _to_page(workspace, page))


def _mark(key: str) -> None:
    """Show that this row is on screen; by a rule of style, for another key or type would take away its focus."""
    st.html(
        f"<style>.st-key-{key} button{{background:light-dark(#e0eefb,#14304a)!important;"
        "box-shadow:inset 3px 0 0 light-dark(#0b4f8a,#9accfb);}</style>"
    )


def _to_page(workspace: Workspace, page: int) -> None:
    found = workspace.index.page(screens.shown(), page * PAGE, 1)
    if found:
        answering.go(found[0].id)


def _pager(page: int, pages: int, go: Callable[[int], None]) -> None:
    """First, before, next and last; `st.pagination` takes no value that changes elsewhere, too."""
    ways = (
        ("«", "first", 0),
        ("‹", "previous", page - 1),
        ("", "", 0),
        ("›", "next", page + 1),
        ("»", "last", pages - 1),
    )
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center", key="queue-pager"):
        for sign, name, to in ways:
            if name:
                st.button(
                    f"{sign}:gray[ {name} page]", key=f"queue-page-{name}", on_click=go, args=(to,), type="tertiary",
                    disabled=to == page or not 0 <= to < pages,
                )  # fmt: skip
            else:
                st.html(f'<div class="cu cu-place">page {page + 1:,} of {pages:,}</div>', width="content")


def _label(row: Row, place: str, file: str, words: str) -> str:
    """A row: line, worst rule, how many more, the sign of its severity, what is decided, the file, first words."""
    mark = f"{_MARKS[row.status]} {row.status} " if row.status != "open" else ""
    return f"{plain(f'{place} ')}{_sign(row.severity)}{plain(f' {mark}{file}'.rstrip())}{_quoted(words)}"


def _sign(severity: str) -> str:
    return f":{_COLORS.get(severity, 'gray')}[{plain(SIGNS.get(severity, ' '))}]"


def _quoted(words: str) -> str:
    """Texts of the data, which the style sets apart as the last coloured part of a row."""
    return f"{plain(' ')}:gray[{plain(words, 80)}]" if words else ""


def _apart(names: Sequence[str]) -> list[str]:
    """What tells files' names from each other, without its middle where it is long."""
    alike = list(takewhile(lambda several: len(set(several)) == 1, zip(*names, strict=False)))
    start = max((n for n, several in enumerate(alike, 1) if not several[0].isalnum()), default=0)
    return [_middle(name[start:] if name[start:].removesuffix(".jsonl") else name) for name in names]


def _middle(name: str) -> str:
    """A file's name without its usual ending, and without its middle where it is long."""
    short = name.removesuffix(".jsonl")
    return short if len(short) <= _NAME else f"{short[: _NAME // 2]}…{short[-(_NAME // 2) :]}"


def _clusters(workspace: Workspace, shown: Filter) -> None:
    total = workspace.index.count_groups(shown)
    here, pages = screens.screen(), max(1, -(-total // PAGE))
    here.clusters = min(here.clusters, pages - 1)
    found = workspace.index.groups(shown, here.clusters * PAGE, PAGE)
    with st.container(key="queue-rows", gap=None):
        for number, group in enumerate(found):
            is_here = group.id == (screens.cluster() or found[0].id)
            st.button(
                _group_label(workspace, group), key=f"queue-group-{number}", on_click=screens.show_cluster,
                args=(group.id,), width="stretch", type="tertiary",
            )  # fmt: skip
            if is_here:
                _mark(f"queue-group-{number}")
    if not found:
        st.html('<div class="cu cu-quiet">No clusters in this view.</div>')
    if total > PAGE:
        _pager(here.clusters, pages, _to_clusters)


def _to_clusters(page: int) -> None:
    screens.screen().clusters = page


def _group_label(workspace: Workspace, group: Group) -> str:
    state = f"{group.open:,} open" if group.open else "✓ decided"
    first = workspace.index.members(group, 1)
    words = workspace.words(first[0]) if first else ""
    place = plain(f"{group.code.ljust(6)} ×{group.size:<3,} ", 40)
    return f"{place}{_sign(group.severity)}{plain(f' {state.ljust(7)}', 20)}{_quoted(words)}"
