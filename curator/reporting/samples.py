"""Findings as samples: the raw line around the span, read again from the file, masked and cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from curator.findings import clip
from curator.masking import Masker
from curator.model import Finding
from curator.reporters.text import visible
from curator.reporting.document import Sample
from curator.sources import STEP, Source

_AROUND = 140  # code points on each side of the span that are shown
_MARKED = 240  # of the span itself
_MESSAGE = 400
_SEEN = 4_000  # code points on each side in which secrets are looked for: one that is cut is none
_LONGEST = 4 << 20  # bytes of a line that are read for a sample


class Samples:
    """Makes samples of findings; reads a part of the file for each."""

    def __init__(self, sources: Mapping[str, Source], mask: Masker) -> None:
        self._sources = sources
        self._mask = mask

    def of(self, finding: Finding) -> Sample:
        """The finding as it is shown."""
        message = clip(visible(self._mask(finding.message)), _MESSAGE)
        shown = Sample(finding.path, finding.line, finding.column, message, "", "", "")
        source = self._sources.get(finding.path)
        raw = _line(source, finding.line) if source is not None and finding.line is not None else None
        if raw is None:
            return shown
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")  # columns of such a line are bytes
        start = min(finding.column - 1, len(text))
        end = max(start, min(finding.end_column - 1, len(text)))
        if end - start > 2 * _SEEN:  # its middle is not shown
            text, end = f"{text[: start + _SEEN]}…{text[end - _SEEN :]}", start + 2 * _SEEN + 1
        is_whole = start == 0 and end >= len(text.rstrip()) and not (finding.pointer or finding.span)
        first, last = max(0, start - _SEEN), min(len(text), end + _SEEN)
        window = text[first:last]
        before, marked, after = self._mask.pieces(
            window, (0, start - first), (start - first, end - first), (end - first, len(window))
        )
        if is_whole:
            return replace(shown, before=_head(visible(marked), 2 * _AROUND + _MARKED))
        return replace(
            shown,
            before=_tail(visible(before), _AROUND),
            marked=_middle(visible(marked)),
            after=_head(visible(after), _AROUND),
        )


def _line(source: Source, number: int) -> bytes | None:
    """The line of that number, without its ending; None where it is not there any more, or too long to show."""
    step = 0
    low, high = 0, len(source.breaks) - 1
    while low <= high:  # the last step before which fewer lines end
        middle = (low + high) // 2
        if source.breaks[middle] < number:
            step, low = middle, middle + 1
        else:
            high = middle - 1
    try:
        with open(source.real_path, "rb") as file:
            file.seek(step * STEP)
            for _ in range(number - 1 - source.breaks[step]):
                while (part := file.readline(1 << 20)) and not part.endswith(b"\n"):
                    pass
            if step == 0 and number == 1:
                file.seek(source.start)  # behind the byte order mark
            raw = file.readline(_LONGEST + 1)
    except OSError:
        return None
    return raw.rstrip(b"\r\n") if 0 < len(raw) <= _LONGEST else None


def _head(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[:size]}…"


def _tail(text: str, size: int) -> str:
    return text if len(text) <= size else f"…{text[-size:]}"


def _middle(text: str) -> str:
    return text if len(text) <= _MARKED else f"{text[: _MARKED // 2]} … {text[-_MARKED // 2 :]}"
