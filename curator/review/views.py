"""A view of the queue as the parameters of an address, so that it can be saved, shared and linked to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args
from urllib.parse import urlencode

from curator.model import Severity
from curator.review.states import Filter, Status

RECORD, CLUSTERS = "record", "clusters"
"""Parameters beside the filter's: the id of the row on screen, and whether clusters are listed instead of records."""
DEFAULT = Filter(statuses=("open",))
"""What an address without parameters shows: what is still to be decided."""

_RANGES = ("tokens", "turns")
_LISTS = {"rule": "codes", "severity": "severities", "split": "splits", "label": "labels"}
_KNOWN = {"severity": {str(level) for level in Severity}, "status": set(get_args(Status))}
_SORTS = ("severity", "place", "tokens", "findings")
_MOST = 1 << 53  # of a range; what is above was not written by us
_ESCAPED = re.compile(r"\\(?:\\|u([0-9a-f]{4}))")
_UNSENDABLE = re.compile("[\ud800-\udfff]")
NAMES = (*_LISTS, "file", "status", *_RANGES, "text", "group", "sort")
"""All parameters of a filter."""


def read(params: Mapping[str, str | Iterable[str]]) -> Filter:
    """The filter that parameters describe; what makes no sense in them is passed over.

    A value may be one text or several; without `status` only open records are shown, with `all` every record.
    """
    found = {name: _values(params, name) for name in NAMES}
    lists: dict[str, Any] = {field: _known(name, found[name]) for name, field in _LISTS.items()}
    statuses = _known("status", found["status"])
    sort = next((value for value in found["sort"] if value in _SORTS), "severity")
    return Filter(
        **lists,
        files=tuple(int(value) for value in found["file"] if re.fullmatch(r"[0-9]{1,9}", value)),
        statuses=() if "all" in found["status"] else statuses or DEFAULT.statuses,  # type: ignore[arg-type]
        tokens=_range(next(iter(found["tokens"]), "")),
        turns=_range(next(iter(found["turns"]), "")),
        text=next(iter(found["text"]), ""),
        group=next(iter(found["group"]), ""),
        sort=sort,  # type: ignore[arg-type]
    )


def passed_over(params: Mapping[str, str | Iterable[str]]) -> list[str]:
    """What `read` makes nothing of, as it stands in the address: `sort=age`."""
    usual = (*DEFAULT.statuses, DEFAULT.sort, "")
    given = ((name, value) for name in NAMES for value in _values(params, name) if value not in usual)
    return [f"{name}={value}" for name, value in given if read({name: value}) == DEFAULT]


def written(shown: Filter) -> dict[str, list[str]]:
    """The parameters of a filter, as `read` takes them; what is as in DEFAULT is left out."""
    found = {name: list(getattr(shown, field)) for name, field in _LISTS.items()}
    found["file"] = [str(number) for number in shown.files]
    found["status"] = [] if shown.statuses == DEFAULT.statuses else list(shown.statuses) or ["all"]
    for name in _RANGES:
        span = getattr(shown, name)
        found[name] = [f"{span[0]}-{span[1]}"] if span else []
    found["text"] = [shown.text] if shown.text else []
    found["group"] = [shown.group] if shown.group else []
    found["sort"] = [shown.sort] if shown.sort != DEFAULT.sort else []
    return {name: [_sendable(value) for value in values] for name, values in found.items() if values}


def address(shown: Filter, page: str = "", record: int = 0) -> str:
    """A link to a page with the filter (and the row of an id on screen), relative to the server's root."""
    more = {RECORD: [str(record)]} if record else {}
    query = urlencode({**written(shown), **more}, doseq=True)
    return f"/{page}?{query}" if query else f"/{page}"


def _values(params: Mapping[str, str | Iterable[str]], name: str) -> tuple[str, ...]:
    given = params.get(name, ())
    values = (given,) if isinstance(given, str) else given
    return tuple(dict.fromkeys(_received(value) for value in values))


def _known(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    known = _KNOWN.get(name)
    return values if known is None else tuple(value for value in values if value in known)


def _range(text: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"([0-9]{1,16})-([0-9]{1,16})", text)
    if match is None:
        return None
    fewest, most = sorted((int(match[1]), int(match[2])))
    return (fewest, most) if most <= _MOST else None


def _sendable(text: str) -> str:
    """The text without halves of surrogate pairs, which no address can hold."""
    return _UNSENDABLE.sub(lambda half: f"\\u{ord(half[0]):04x}", text.replace("\\", "\\\\"))


def _received(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else "\\", text)
