"""The line of a record as it stands in the file, as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from curator.findings import byte_span
from curator.locate import characters
from curator.model import Finding, Problem
from curator.parsing import parse
from curator.review.rendering.escaping import Mark, block, whole
from curator.review.rendering.layout import keys
from curator.review.rendering.places import mark
from curator.review.rendering.viewing import PLAIN, View


def raw_html(raw: bytes, findings: Sequence[Finding] = (), *, view: View = PLAIN) -> str:
    """The line as it stands in the file, with its findings in place; a byte a character where it is no UTF-8."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    marks = [found for finding in findings if (found := _raw_mark(raw, text, finding)) is not None]
    fault = parse(raw).fault
    if fault is None:
        marks += keys(text)
    elif not marks:
        marks.append(Mark(fault.position, fault.position + 1, "error", "not JSON"))
    return whole(block(text, [*marks, *view.tokens(text)], kind="code", visible=view.visible, limit=view.limit))


def _raw_mark(raw: bytes, text: str, finding: Finding) -> Mark | None:
    if finding.at == "line":
        return mark(finding, *(finding.span or (0, 0)))
    if not finding.pointer and finding.span is None:
        return None
    problem = Problem(finding.pointer, at=finding.at, span=finding.span, inner=finding.inner)
    try:
        span = byte_span(raw, problem)
    except (LookupError, ValueError):  # the place is gone, or the line cannot be read
        return None
    return mark(finding, characters(raw, span.start), characters(raw, span.end))
