"""Findings as samples: the raw line around the span, read again from the file, masked and cut."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from curator.documents import spans
from curator.findings import clip
from curator.masking import Masker, sign
from curator.model import Finding
from curator.reporters.text import visible
from curator.reporting.document import Sample
from curator.sources import STEP, Source

_AROUND = 140  # code points on each side of the span that are shown
_MARKED = 240  # of the span itself
_MESSAGE = 400
_SEEN = 4_000  # code points on each side in which secrets are looked for: one that is cut is none
_LONGEST = 4 << 20  # bytes of a line that are read for a sample
_LINES = 8_000  # bytes above and below a line of a document
_INDENT = re.compile(r"\s*\n\s*")


class Samples:
    """Makes samples of findings; reads a part of the file for each."""

    def __init__(self, sources: Mapping[str, Source], mask: Masker) -> None:
        self._sources = sources
        self._mask = mask

    def of(self, finding: Finding) -> Sample:
        """The finding as it is shown."""
        source = self._sources.get(finding.path)
        found = _around(source, finding) if source is not None and finding.line is not None else None
        if found is None:
            return self._shown(finding, "", "", "")
        text, start, end, is_whole = found
        if end - start > 2 * _SEEN:  # its middle is not shown
            text, end = f"{text[: start + _SEEN]}…{text[end - _SEEN :]}", start + 2 * _SEEN + 1
        first, last = max(0, start - _SEEN), min(len(text), end + _SEEN)
        window = text[first:last]
        # A message may quote the end of a secret, of which nobody could tell that it is one.
        self._mask.learn(window, finding.message)
        mask = Masker(Counter(), self._mask.known)  # most of the window is not shown, nor what is masked there
        before, marked, after = map(
            _on_one_line,
            mask.pieces(window, (0, start - first), (start - first, end - first), (end - first, len(window))),
        )
        before, marked, after = visible(before), visible(marked), visible(after)
        if is_whole:
            parts = (_head(marked, 2 * _AROUND + _MARKED), "", "")
        else:
            parts = (_tail(before, _AROUND), _middle(marked), _head(after, _AROUND))
        for kind, count in mask.counts.items():
            self._mask.counts[kind] += min(count, "".join(parts).count(sign(kind)))
        return self._shown(finding, *parts)

    def _shown(self, finding: Finding, before: str, marked: str, after: str) -> Sample:
        message = clip(visible(self._mask(finding.message)), _MESSAGE)
        return Sample(self._mask(finding.path), finding.line, finding.column, message, before, marked, after)


def _around(source: Source, finding: Finding) -> tuple[str, int, int, bool] | None:
    """The text around a finding, the range of its span in it, and whether that is a whole record.

    None where its line is not there any more, or too long to show.
    """
    found = _line(source, finding.line or 0)
    if found is None:
        return None
    above, raw, below = found
    encoding = "utf-8"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        encoding = "latin-1"  # columns of such a line are bytes
        text = raw.decode(encoding)
    start = min(finding.column - 1, len(text))
    end = max(start, min(finding.end_column - 1, len(text)))
    is_record = not (finding.pointer or finding.span)
    if source.head.container != "document":
        return text, start, end, is_record and start == 0 and end >= len(text.rstrip())
    # A record spans lines, and its finding ends with the first of them.
    if is_record:
        rest = raw[len(text[:start].encode(encoding)) :] + below
        size = next((last for _, last in spans(iter([rest]), at_start=False)), 0)
        end = start + len(rest[:size].decode("utf-8", "ignore"))
    lead = above.decode("utf-8", "ignore")
    return f"{lead}{text}{below.decode('utf-8', 'ignore')}", len(lead) + start, len(lead) + end, is_record


def _line(source: Source, number: int) -> tuple[bytes, bytes, bytes] | None:
    """The line of that number, without its ending; in a document also some of what stands above and below it."""
    step = 0
    low, high = 0, len(source.breaks) - 1
    while low <= high:  # the last step before which the line has not begun
        middle = (low + high) // 2
        if source.breaks[middle] < number - 1:
            step, low = middle, middle + 1
        else:
            high = middle - 1
    try:
        with open(source.real_path, "rb") as file:
            file.seek(step * STEP)
            for _ in range(number - 1 - source.breaks[step]):
                while (part := file.readline(1 << 20)) and not part.endswith(b"\n"):
                    pass
            if number == 1:
                file.seek(source.start)  # behind the byte order mark
            begin = file.tell()
            raw = file.readline(_LONGEST + 1)
            if not 0 < len(raw) <= _LONGEST:
                return None
            if source.head.container != "document":
                return b"", raw.rstrip(b"\r\n"), b""
            below = file.read(_LINES)
            file.seek(max(source.start, begin - _LINES))
            return file.read(begin - file.tell()), raw, below
    except OSError:
        return None


def _on_one_line(text: str) -> str:
    """The text of a document without its line breaks and indents."""
    return _INDENT.sub(" ", text)


def _head(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[:size]}…"


def _tail(text: str, size: int) -> str:
    return text if len(text) <= size else f"…{text[-size:]}"


def _middle(text: str) -> str:
    return text if len(text) <= _MARKED else f"{text[: _MARKED // 2]} … {text[-_MARKED // 2 :]}"
