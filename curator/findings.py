"""From a problem to a finding: the exact place, the message, and no more of the data than needed."""

from __future__ import annotations

import hashlib
import json
import math
import re
import string
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from curator.catalogue import Rule
from curator.edits import Safety
from curator.errors import CardError
from curator.locate import Span, characters, locate, locate_key, within_string
from curator.model import Finding, Problem, Related, Severity
from curator.sources import Line

CLIP = 60
"""Code points of a text that a message may quote."""
AROUND = 20
"""Code points on each side of the span that an excerpt shows."""


class _Plain(string.Formatter):
    """Fills in names and formats, nothing else: a card holds no logic."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == ".0%" and isinstance(value, float):
            return f"{math.floor(100 * value + 1e-9)}%"  # "100%" means all
        if isinstance(value, int) and format_spec[:1].isalpha() and len(format_spec) > 1:  # "{count:record}"
            return f"{value:,} {format_spec}{'' if value == 1 else 's'}"
        return str(super().format_field(value, format_spec))

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return kwargs[field_name], field_name


_formatter = _Plain()


def clip(text: str, limit: int = CLIP) -> str:
    """The text, or its beginning and end around an ellipsis."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 20]}…{text[-19:]}"


def render(rule: Rule, problem: Problem) -> str:
    """The message of the card (or of its variant), filled in."""
    variant = rule.card.variants.get(problem.variant or "")
    message = variant.message if variant and variant.message else rule.card.message
    try:
        text = _formatter.vformat(message, (), clipped(problem.values))
    except KeyError as error:
        raise CardError(f"{rule.path}: the message names {error}, which the check does not give") from None
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def clipped(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with every text in them clipped."""
    return {k: clip(v, 4 * CLIP) if k in _SENTENCES and isinstance(v, str) else _clipped(v) for k, v in values.items()}


_SENTENCES = ("fault", "reason", "diagnosis", "counts", "keys")
"""Values that a check has put together from names and short pieces; they may be longer."""


def _clipped(value: Any) -> Any:
    if isinstance(value, str):
        return clip(value)
    if isinstance(value, list | tuple):
        return [_clipped(item) for item in value]
    if isinstance(value, dict):
        return {clip(str(key)): _clipped(item) for key, item in value.items()}
    return value


def severity(rule: Rule, variant: str | None, override: Severity | None) -> Severity:
    """Card and variant, unless the target's profile, the settings or a flag say otherwise."""
    if override is not None:
        return override
    own = rule.card.variants.get(variant or "")
    return Severity[own.severity.upper()] if own and own.severity else rule.severity


def record_hash(raw: bytes) -> str:
    """A record's identity: blake2b-128 of its line without line ending and byte order mark."""
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


_identity = lru_cache(maxsize=1)(record_hash)  # many findings may speak of one line


def make(
    rule: Rule,
    problem: Problem,
    level: Severity,
    path: str,
    split: str | None,
    line: Line | None,
    related: tuple[Related, ...] = (),
    dataset: str = "",
) -> Finding:
    """The finding for a problem in a line; for the whole file or dataset where there is no line."""
    where = _Where(None, 1, 1, None) if line is None else _where(line, problem)
    return Finding(
        rule.code,
        rule.name,
        level,
        render(rule, problem),
        path,
        split,
        where.line,
        where.column,
        where.end_column,
        problem.pointer,
        problem.at,
        problem.span,
        problem.inner,
        _identity(line.raw) if line is not None and not line.too_long else None,
        clipped(problem.values),
        problem.group,
        related,
        problem.fix,
        _safety(rule, problem),
        where.excerpt,
        dataset,
    )


def _safety(rule: Rule, problem: Problem) -> Safety | None:
    """The card's word; a fix that comes without edits is no more than a suggestion, whatever its card says."""
    if rule.card.fix == "none":
        return None
    return "suggestion" if problem.fix is not None and not problem.fix.edits else rule.card.fix


def again(finding: Finding, line: Line) -> Finding:
    """The finding about what its record has become. Raises LookupError or ValueError where its place is gone."""
    problem = Problem(finding.pointer, at=finding.at, span=finding.span, inner=finding.inner)
    where = _where(line, problem)
    return replace(
        finding,
        line=where.line,
        column=where.column,
        end_column=where.end_column,
        excerpt=where.excerpt,
        record=_identity(line.raw),
    )


class _Where(NamedTuple):
    line: int | None
    column: int
    end_column: int
    excerpt: tuple[str, str, str] | None


def _where(line: Line, problem: Problem) -> _Where:
    """Line, column and end column, 1-based, in code points (bytes where the line does not decode)."""
    text, breaks = _text(line.raw, problem.at == "line")
    if problem.at == "line":
        first, last = problem.span or (0, 0)
    else:
        first, last = (characters(line.raw, position) for position in byte_span(line.raw, problem))
    before = bisect_left(breaks, first)
    begin = breaks[before - 1] + 1 if before else 0
    column = first - begin + 1 if before else line.column + first
    end = max(first, min(last, breaks[before] if before < len(breaks) else len(text)))
    excerpt = None
    if problem.pointer or problem.span:
        after = text[last : last + AROUND].partition("\n")[0] if end == last else ""
        excerpt = (text[max(begin, first - AROUND) : first], clip(text[first:end]), after)
    return _Where(line.number + before, column, column + end - first, excerpt)


@lru_cache(maxsize=1)
def _text(raw: bytes, lenient: bool) -> tuple[str, array[int]]:
    """The text of a line, and where lines end in it. Raises UnicodeDecodeError for what is no UTF-8, unless lenient."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        if not lenient:
            raise
        text = raw.decode("latin-1")  # a byte a code point
    return text, array("Q", (match.start() for match in re.finditer("\n", text)))


def byte_span(raw: bytes, problem: Problem) -> Span:
    """The bytes of a readable record that the problem points at."""
    if problem.at == "key":
        return locate_key(raw, problem.pointer)
    if not problem.pointer and problem.span is None:
        return Span(0, len(raw))
    literal = locate(raw, problem.pointer)
    if raw[literal.start : literal.start + 1] != b'"' or (problem.inner is None and problem.span is None):
        return literal
    first, last = problem.span or (0, 0)
    if problem.inner is not None:
        text = _inside(raw, literal)
        inside = locate(text, problem.inner)
        if problem.span is not None and text[inside.start : inside.start + 1] == b'"':
            inside = within_string(text, inside, first, last)
        first, last = (characters(text, position) for position in inside)
    return within_string(raw, literal, first, last)


@lru_cache(maxsize=1)
def _inside(raw: bytes, literal: Span) -> bytes:
    """What a string literal holds."""
    text: str = json.loads(raw[literal.start : literal.end])
    return text.encode("utf-8", "surrogatepass")
