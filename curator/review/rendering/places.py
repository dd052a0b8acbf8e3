"""Which finding is shown where: each one at the smallest thing on the page that it speaks of."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from curator.findings import byte_span
from curator.locate import characters
from curator.model import Finding, Problem
from curator.review.rendering.escaping import Mark, label


class Places:
    """The findings of one record, each given out once to the first that shows its place."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._waiting: dict[str, list[Finding]] = {}
        for finding in findings:
            self._waiting.setdefault(finding.pointer, []).append(finding)
        self._pointers = sorted(self._waiting)

    def __contains__(self, pointer: str) -> bool:
        return pointer in self._waiting

    def has_under(self, pointer: str) -> bool:
        """Whether any is about the value, or anything in it."""
        first = bisect_left(self._pointers, f"{pointer}/")
        return pointer in self or (first < len(self._pointers) and self._pointers[first].startswith(f"{pointer}/"))

    def at(self, pointer: str) -> list[Finding]:
        """Those about the value (or its key) that `pointer` leads to."""
        return self._waiting.pop(pointer, [])

    def under(self, pointer: str) -> list[Finding]:
        """Those about the value, or anything in it."""
        inside = f"{pointer}/"
        first, found = bisect_left(self._pointers, inside), self.at(pointer)
        while first < len(self._pointers) and self._pointers[first].startswith(inside):
            found += self.at(self._pointers[first])
            first += 1
        return found

    @property
    def rest(self) -> list[Finding]:
        """Those that nothing has shown yet."""
        return [finding for found in self._waiting.values() for finding in found]


def mark(finding: Finding, start: int, end: int) -> Mark:
    """The range of a text that a finding speaks of."""
    return Mark(start, end, str(finding.severity), finding.code, f"{finding.name}: {finding.message}")


def text_marks(text: str, findings: Iterable[Finding]) -> tuple[list[Mark], list[Finding]]:
    """The marks in a string of the record, and the findings about the whole of it."""
    marks, whole, raw = [], [], text.encode("utf-8", "surrogatepass")
    for finding in findings:
        span = finding.span if finding.at == "value" else None
        if finding.inner is not None:
            span = _span(raw, Problem(finding.inner, span=finding.span))
        if span is None:
            whole.append(finding)
        else:
            marks.append(mark(finding, *span))
    return marks, whole


def json_marks(text: str, findings: Iterable[Finding], base: str) -> tuple[list[Mark], list[Finding]]:
    """The marks in JSON that shows the record's value at `base`, and the findings about the whole of it."""
    marks, whole, raw = [], [], text.encode("utf-8", "surrogatepass")
    for finding in findings:
        pointer = finding.pointer.removeprefix(base)
        problem = Problem(pointer, at=finding.at, span=finding.span, inner=finding.inner)
        span = _span(raw, problem) if pointer or finding.span or finding.inner is not None else None
        if span is None:
            whole.append(finding)
        else:
            marks.append(mark(finding, *span))
    return marks, whole


def _span(raw: bytes, problem: Problem) -> tuple[int, int] | None:
    """The code points of JSON that a problem points at; None where it leads nowhere in it."""
    try:
        span = byte_span(raw, problem)
    except (LookupError, ValueError):
        return None
    return characters(raw, span.start), characters(raw, span.end)


def codes(findings: Sequence[Finding]) -> str:
    """The codes of findings as labels, each once."""
    first = {finding.code: finding for finding in reversed(findings)}
    return "".join(
        label(finding.code, str(finding.severity), f"{finding.name}: {finding.message}")
        for finding in sorted(first.values(), key=lambda finding: (-finding.severity, finding.code))
    )
