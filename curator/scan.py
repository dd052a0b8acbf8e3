"""One shard, from bytes to findings: line, record, example, checks. Runs in a worker.

A check that raises is a failure of its own kind, reported with the record; everything else goes on.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from curator import findings, formats, parsing, plan, reading
from curator.errors import InputError
from curator.model import Example, Finding, Place, Problem, Related, place
from curator.plan import Bound, BoundRule, Concern, Plan
from curator.report import Failure, FileCounts, Scanned
from curator.sources import FileHead, Line, Shard
from curator.tokens import Tokenizer

if TYPE_CHECKING:
    from curator.profiling.tally import Tally

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
        self._tally: Tally | None = None
        if bound.plan.profile:
            from curator.profiling.tally import Tally  # nobody else pays for its import

            self._tally = self._counts.tally = Tally()
        self._adders: dict[Concern, list[tuple[BoundRule, Callable[[Example, Place], None]]]] = {}

    def take(self, line: Line) -> None:
        """Check one line and all that it holds."""
        if not line.too_long and line.raw.strip():
            line.parsed = parsing.parse(line.raw)
        parsed = line.parsed
        is_record = parsed is not None and parsed.fault is None and isinstance(parsed.value, dict)
        is_plain = is_record and parsed is not None and not parsed.quirks and line.encoding == "utf-8"
        found: list[Finding] = []
        self._apply(self.bound.every_line if is_plain else self.bound.line, line, line, found)
        if is_record:
            self._record(line, found)
        elif parsed is not None and parsed.fault is not None and parsed.fault.kind == "several":
            for count, part in enumerate(parts(line)):
                self._counts.glued += count > 0
                self.take(part)
        elif parsed is not None or line.too_long:
            self._counts.unreadable += 1
        else:
            self._counts.blank += 1
        if found:
            self.result.add(found, self.bound.plan.suppressions)

    def _record(self, line: Line, found: list[Finding]) -> None:
        self._counts.records += 1
        example = self.example(line)
        self._counts.images += example.first_image is not None
        concern = (example.kind, example.uses_tools, example.has_usual_turns)
        self._apply(self.bound.serving(concern)[0], example, line, found)
        where = place(self.shard.file, line.offset)
        for rule, add in self._adders_for(concern, line):
            try:
                add(example, where)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # also a panic of a compiled library
                self._take_out(rule, error, line)
        sizes: list[int] = []
        if self._tokenizer is not None and example.turns:
            sizes = self._tokenizer.turns(example)
            self._counts.tokens[self._tokenizer.whole(example, sizes)] += 1
        if self._tally is not None:
            self._profile(self._tally, example, sizes, where, line)

    def _profile(self, tally: Tally, example: Example, sizes: list[int], where: Place, line: Line) -> None:
        try:
            tally.add(example, sizes, self.bound.plan.conventions, where)
        except Exception as error:
            message = f"the profile lacks this record: {type(error).__name__}: {error}"
            self.result.failures.add(Failure(self.shard.path, line.number, "profile", message))

    def example(self, line: Line) -> Example:
        """The line's record as an example of the file's format; without turns if it is in another."""
        assert line.parsed is not None
        expected = self.bound.plan.conventions.format
        return formats.read_as(expected, line.parsed.value, line.parsed.canonical, len(line.raw))

    def _adders_for(self, concern: Concern, line: Line) -> list[tuple[BoundRule, Callable[[Example, Place], None]]]:
        """The `add` of every dataset check that runs on such examples."""
        if concern not in self._adders:
            self._adders[concern] = []
            for rule in self.bound.serving(concern)[1]:
                key = (self._number, rule.rule.code)
                try:
                    state = self.result.states.setdefault(key, rule.call())
                except Exception as error:
                    state = self.result.states[key] = failure(rule, error, self.shard.path, line.number)
                if not isinstance(state, Failure):
                    self._adders[concern].append((rule, state.add))
        return self._adders[concern]

    def _take_out(self, rule: BoundRule, error: BaseException, line: Line) -> None:
        """A state that an `add` broke off in is worthless; the report says so."""
        self.result.states[self._number, rule.rule.code] = failure(rule, error, self.shard.path, line.number)
        for concern, adders in self._adders.items():
            self._adders[concern] = [item for item in adders if item[0] is not rule]

    def _apply(self, rules: list[BoundRule], subject: Line | Example, line: Line, found: list[Finding]) -> None:
        for rule in rules:
            try:
                for problem in rule.call(subject):
                    if not self.bound.is_silent(rule, self.shard.path):
                        found.append(finding(self.bound.plan, rule, problem, self.shard.path, line))  # noqa: PERF401
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # also a panic of a compiled library
                self.result.failures.add(failure(rule, error, self.shard.path, line.number))


def finding(
    plan: Plan, rule: BoundRule, problem: Problem, path: str, line: Line | None, related: tuple[Related, ...] = ()
) -> Finding:
    """The finding for a problem of a rule in one file of the plan."""
    level = findings.severity(rule.rule, problem.variant, rule.choice.severity)
    return findings.make(rule.rule, problem, level, path, plan.split, line, related, plan.dataset)


def failure(rule: BoundRule, error: BaseException, path: str, line: int) -> Failure:
    """The failure of a check that raised."""
    return Failure(path, line, rule.rule.code, f"the check of {rule.rule.code} raised {type(error).__name__}: {error}")


def check_file(bound: Bound, head: FileHead) -> Iterator[Finding | Failure]:
    """What the file checks of a plan say of one file."""
    for rule in bound.file:
        try:
            for problem in rule.call(head):
                if not bound.is_silent(rule, head.path):
                    yield finding(bound.plan, rule, problem, head.path, Line(b"", 0, problem.line))
        except Exception as error:
            yield failure(rule, error, head.path, 0)


def parts(line: Line) -> Iterator[Line]:
    """The values of a line that holds several, each as a line of its own."""
    column, done = line.column, 0
    for start, end in parsing.values(line.raw):
        column, done = column + len(line.raw[done:start].decode()), start
        yield Line(line.raw[start:end], line.offset + start, line.number, column, end - start)


def sample_records(lines: Iterable[Line]) -> Iterator[tuple[dict[str, Any], int]]:
    """The readable records of sampled lines, each with its bytes."""
    for line in lines:
        if line.too_long:
            continue
        value = parsing.glance(line.raw)
        if isinstance(value, dict):
            yield value, len(line.raw)
        elif value is None and (fault := parsing.parse(line.raw).fault) is not None and fault.kind == "several":
            yield from sample_records(parts(line))
