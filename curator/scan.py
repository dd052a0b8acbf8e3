"""One shard, from bytes to findings: line, record, example, checks. Runs in a worker.

A check that raises is a failure of its own kind, reported with the record; everything else goes on.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from curator import findings, formats, parsing, plan, reading
from curator.errors import InputError
from curator.model import Example, Finding, Problem, place
from curator.plan import Bound, BoundRule, Plan
from curator.reading import Line, Shard
from curator.report import Failure, FileCounts, Scanned
from curator.tokens import Tokenizer

Task = tuple[bytes, int, Shard]
"""Pickled plans, the number of the shard's plan among them, and the shard: all that a worker needs."""


def scan(task: Task) -> Scanned:
    """What one shard holds. A file that cannot be read any more is a failure, not an exception."""
    blob, number, shard = task
    scanner = Scanner(_bound(blob)[number], number, shard)
    try:
        for line in reading.read(shard, scanner.bound.plan.max_line_bytes):
            scanner.take(line)
    except InputError as error:
        scanner.result.failures.add(Failure(shard.path, 0, "", str(error)))
    return scanner.result


@lru_cache(maxsize=2)
def _bound(blob: bytes) -> list[Bound]:
    plans: list[Plan] = pickle.loads(blob)
    return [plan.bind(item) for item in plans]


class Scanner:
    """Applies a plan to the lines of one shard."""

    def __init__(self, bound: Bound, number: int, shard: Shard) -> None:
        self.bound = bound
        self.shard = shard
        self.result = Scanned()
        self._number = number
        self._counts = self.result.counts[shard.file] = FileCounts()
        self._tokenizer: Tokenizer | None = bound.plan.tokenizer if bound.plan.token_stats else None

    def take(self, line: Line) -> None:
        """Check one line and all that it holds."""
        blank = not line.too_long and not line.raw.strip()
        if not blank and not line.too_long:
            line.parsed = parsing.parse(line.raw)
        found: list[Finding] = []
        for rule in self.bound.line:
            self._call(rule, (line,), line, found)
        if line.parsed is not None and line.parsed.fault is None and isinstance(line.parsed.value, dict):
            self._record(line, found)
        elif line.parsed is not None and line.parsed.fault is not None and line.parsed.fault.kind == "several":
            self._emit(found)
            for start, end in parsing.values(line.raw):
                column = line.column + len(line.raw[:start].decode())
                self.take(Line(line.raw[start:end], line.offset + start, line.number, column, end - start))
            return
        elif not blank:
            self._counts.unreadable += 1
        self._emit(found)

    def _record(self, line: Line, found: list[Finding]) -> None:
        self._counts.records += 1
        example = self.example(line)
        record_checks, dataset_checks = self.bound.for_kind(example.kind)
        for rule in record_checks:
            self._call(rule, (example,), line, found)
        for rule in dataset_checks:
            self._add(rule, example, line)
        if self._tokenizer is not None and example.turns:
            self._counts.tokens[self._tokenizer.example(example)] += 1

    def example(self, line: Line) -> Example:
        """The line's record as an example of the file's format; without turns if it is in another."""
        assert line.parsed is not None
        record = line.parsed.value
        expected = self.bound.plan.conventions.format
        name = formats.detect(record)
        if formats.same_shape(name, expected):
            return formats.read(record, expected, line.parsed.canonical, len(line.raw))
        return Example(name, "", record, (), (), line.parsed.canonical, len(line.raw))

    def _call(self, rule: BoundRule, given: tuple[Any, ...], line: Line, found: list[Finding]) -> None:
        try:
            for problem in rule.call(*given):
                if not self.bound.is_silent(rule, self.shard.path):
                    found.append(finding(self.bound.plan, rule, problem, self.shard.path, line))  # noqa: PERF401
        except Exception as error:
            self.result.failures.add(failure(rule, error, self.shard.path, line.number))

    def _add(self, rule: BoundRule, example: Example, line: Line) -> None:
        key = (self._number, rule.rule.code)
        try:
            state = self.result.states.get(key)
            if state is None:
                state = self.result.states[key] = rule.call()
            if not isinstance(state, Failure):
                state.add(example, place(self.shard.file, line.offset))
        except Exception as error:
            self.result.states[key] = failure(rule, error, self.shard.path, line.number)

    def _emit(self, found: list[Finding]) -> None:
        if found:
            self.result.findings.add(found)


def finding(plan: Plan, rule: BoundRule, problem: Problem, path: str, line: Line | None) -> Finding:
    """The finding for a problem of a rule in one file of the plan."""
    level = findings.severity(rule.rule, problem.variant, rule.choice.severity)
    return findings.make(rule.rule, problem, level, path, plan.split, line)


def failure(rule: BoundRule, error: Exception, path: str, line: int) -> Failure:
    """The failure of a check that raised."""
    return Failure(path, line, rule.rule.code, f"the check of {rule.rule.code} raised {type(error).__name__}: {error}")


def check_file(bound: Bound, head: reading.FileHead) -> Iterator[Finding | Failure]:
    """What the file checks of a plan say of one file."""
    top = Line(b"", 0, 1)
    for rule in bound.file:
        try:
            for problem in rule.call(head):
                if not bound.is_silent(rule, head.path):
                    yield finding(bound.plan, rule, problem, head.path, top)
        except Exception as error:
            yield failure(rule, error, head.path, 0)


def sample_records(lines: Iterable[Line]) -> Iterator[tuple[dict[str, Any], bytes, int]]:
    """The readable records of sampled lines: value, canonical form, bytes."""
    for line in lines:
        if line.too_long or not line.raw.strip():
            continue
        parsed = parsing.parse(line.raw)
        if parsed.fault is not None and parsed.fault.kind == "several":
            for start, end in parsing.values(line.raw):
                yield from sample_records([Line(line.raw[start:end], line.offset + start, 0)])
        elif isinstance(parsed.value, dict):
            yield parsed.value, parsed.canonical, len(line.raw)
