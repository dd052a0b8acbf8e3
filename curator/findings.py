"""From a problem to a finding: the exact place, the message, and no more of the data than needed."""

from __future__ import annotations

import hashlib
import json
import math
import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from curator.catalogue import Rule
from curator.errors import CardError
from curator.locate import Span, locate, locate_key, within_string
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
        record_hash(line.raw) if line is not None and not line.too_long else None,
        clipped(problem.values),
        problem.group,
        related,
        problem.fix,
        None if rule.card.fix == "none" else rule.card.fix,
        where.excerpt,
        dataset,
    )


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
        record=record_hash(line.raw),
    )


class _Where(NamedTuple):
    line: int | None
    column: int
    end_column: int
    excerpt: tuple[str, str, str] | None


def _where(line: Line, problem: Problem) -> _Where:
    """Line, column and end column, 1-based, in code points (bytes where the line does not decode)."""
    raw = line.raw
    if problem.at == "line":
        first, last = problem.span or (0, 0)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:  # Latin-1 keeps a byte a code point
            text = raw.decode("latin-1")
    else:
        span = byte_span(raw, problem)
        text = raw.decode("utf-8")
        first = len(raw[: span.start].decode("utf-8"))
        last = first + len(raw[span.start : span.end].decode("utf-8"))
    breaks = text.count("\n", 0, first)
    column = first - text.rfind("\n", 0, first) if breaks else line.column + first
    marked = text[first:last].partition("\n")[0]
    begin = max(text.rfind("\n", 0, first) + 1, first - AROUND)
    after = text[last : last + AROUND].partition("\n")[0] if marked == text[first:last] else ""
    excerpt = (text[begin:first], clip(marked), after) if problem.pointer or problem.span else None
    return _Where(line.number + breaks, column, column + len(marked), excerpt)


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
        text = json.loads(raw[literal.start : literal.end]).encode("utf-8", "surrogatepass")
        inside = locate(text, problem.inner)
        if problem.span is not None and text[inside.start : inside.start + 1] == b'"':
            inside = within_string(text, inside, first, last)
        first = len(text[: inside.start].decode("utf-8", "surrogatepass"))
        last = first + len(text[inside.start : inside.end].decode("utf-8", "surrogatepass"))
    return within_string(raw, literal, first, last)
