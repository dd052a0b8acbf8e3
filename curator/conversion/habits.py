"""What ends a prompt and frames a completion: as the user or the settings say, else as the records show.

A learned ending is taken off only where it can be no part of what the text says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from curator import formats
from curator.conventions import Conventions, Survey
from curator.conversion import completion
from curator.conversion.conversation import Options
from curator.reporters.text import percent

_STOPS = re.compile(r"\s*(?:<\|[^|<>]+\|>|</s>|\[?(?:END|STOP|DONE|EOS|EOF|EOT)\]?)\s*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def add(survey: Survey, record: Mapping[str, Any]) -> None:
    """Take a record in prompt and completion into account."""
    survey.add(formats.read(dict(record), completion.NAME, b"", 0))


def learned(survey: Survey, pins: Mapping[str, Any]) -> Conventions:
    """The conventions of the records that were taken into account; `pins` are the settings' own word."""
    known = {name: value for name, value in pins.items() if name in ("separator", "stop")}
    return survey.conventions(completion.NAME, len, known)


def taken_off(
    found: Conventions, separator: str | None, start: str | None, stop: str | None
) -> tuple[dict[str, Any], list[str]]:
    """The endings to take off, as fields of the options, and what to say of them; what is given is not None."""
    notes: list[str] = []
    chosen: dict[str, Any] = {}
    if separator is None:
        sure = [habit for habit in found.separators if _is_mark(habit.text) or "separators" in found.pinned]
        chosen["separators"] = tuple(habit.text for habit in sure)
        for habit in found.separators:
            share = f"{percent(habit.share)} of the prompts end with '{spelled(habit.text)}'"
            notes.append(_said(share, habit in sure, "--separator"))
    if stop is None and found.stop is not None:
        sure_stop = _is_mark(found.stop.text) or bool(_STOPS.fullmatch(found.stop.text)) or "stop" in found.pinned
        chosen["stop"] = found.stop.text if sure_stop else ""
        share = f"{percent(found.stop.share)} of the completions end with '{spelled(found.stop.text)}'"
        notes.append(_said(share, sure_stop, "--stop"))
    if start is None and found.leading is not None:
        chosen["start"] = found.leading.text
        share = f"{percent(found.leading.share)} of the completions begin with '{spelled(found.leading.text)}'"
        notes.append(_said(share, True, "--start"))
    return chosen, notes


def given(options: Options, separator: str | None, start: str | None, stop: str | None) -> Options:
    """The options with the endings that were given."""
    endings = (separator,) if separator else ()
    return replace(options, separators=endings, start=start or "", stop=stop or "")


def unescaped(text: str) -> str:
    r"""A text of the command line with \n, \t, \r and \\ as what they mean."""
    return re.sub(r"\\([ntr\\])", lambda match: _ESCAPES[match[1]], text)


def spelled(text: str) -> str:
    """The text as it can be typed on the command line."""
    for letter, character in reversed(_ESCAPES.items()):
        text = text.replace(character, f"\\{letter}")
    return text


def _is_mark(ending: str) -> bool:
    """Whether an ending is a mark: no letter or digit, and more than one common symbol."""
    symbols = "".join(ending.split())
    return not any(c.isalnum() for c in ending) and ("\n" in ending or len(symbols) > 1)


def _said(share: str, taken: bool, flag: str) -> str:
    if taken:
        return f"{share}, which is taken off ({flag} '' keeps it)"
    return f"{share}, which may belong to the text and is kept ({flag} takes it off)"
