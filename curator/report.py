"""What a check run brings back: findings, counts, failures; partial reports merge in any order.

Findings are kept as sorted, pickled runs and go to a temporary file when they are many, so that memory
does not grow with them.
"""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from curator.conventions import Conventions
from curator.model import Finding, Severity

_CHUNK = 200  # findings that are unpickled together
_IN_MEMORY = 32 << 20  # bytes of pickled findings before they go to a file
_FAILURES_KEPT = 5  # of each check: a check that raises on every record must not fill the report


def _key(finding: Finding) -> tuple[Any, ...]:
    # Beyond the order that outputs promise: whatever else may tell two findings apart, so that the order in
    # which they came in never shows.
    return (
        *finding.order, finding.split or "", finding.severity, finding.end_column, finding.record or "",
        finding.group or "",
    )  # fmt: skip


@dataclass(slots=True)
class _Run:
    """Findings in order: chunks of pickled findings, in memory or as (offset, length) of the spool."""

    first: tuple[Any, ...]
    last: tuple[Any, ...]
    chunks: list[bytes | tuple[int, int]]


class Findings:
    """Any number of findings, iterated in the order of every output: path, line, column, code …"""

    def __init__(self) -> None:
        self.by_code: Counter[str] = Counter()
        self.by_severity: Counter[Severity] = Counter()
        self.worst: dict[str, Severity] = {}
        """The highest severity in each file."""
        self.fixable = 0
        self._open: list[Finding] = []
        self._runs: list[_Run] = []
        self._size = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self.by_code.total()

    def add(self, findings: Sequence[Finding]) -> None:
        """Take findings in; those of one call may come in any order."""
        for finding in findings:
            self.by_code[finding.code] += 1
            self.by_severity[finding.severity] += 1
            self._note(finding.path, finding.severity)
            self.fixable += finding.fixable
        self._open += findings
        if len(self._open) >= 20 * _CHUNK:
            self._close_run()

    def merge(self, other: Findings) -> None:
        """Take over all that another collection holds."""
        other._close_run()
        self.by_code += other.by_code
        self.by_severity += other.by_severity
        for path, severity in other.worst.items():
            self._note(path, severity)
        self.fixable += other.fixable
        for run in other._runs:
            self._keep(run.first, run.last, (other._read(chunk) for chunk in run.chunks))

    def _note(self, path: str, severity: Severity) -> None:
        self.worst[path] = max(severity, self.worst.get(path, severity))

    def __iter__(self) -> Iterator[Finding]:
        self._close_run()
        # The order in which runs came in must not show where findings are equal.
        runs = sorted(self._runs, key=lambda run: (run.first, run.last))
        return heapq.merge(*map(self._stream, runs), key=_key)

    def __getstate__(self) -> dict[str, Any]:
        self._close_run()
        runs = [_Run(run.first, run.last, [self._read(chunk) for chunk in run.chunks]) for run in self._runs]
        return {**self.__dict__, "_runs": runs, "_file": None}

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def _close_run(self) -> None:
        if self._open:
            ordered = sorted(self._open, key=_key)
            self._open = []
            pickled = (
                pickle.dumps(ordered[i : i + _CHUNK], pickle.HIGHEST_PROTOCOL) for i in range(0, len(ordered), _CHUNK)
            )
            self._keep(_key(ordered[0]), _key(ordered[-1]), pickled)

    def _keep(self, first: tuple[Any, ...], last: tuple[Any, ...], pickled: Iterator[bytes]) -> None:
        """Append to a run that ends before, so that scanning in order makes few runs; else open one."""
        run = next((run for run in reversed(self._runs) if run.last <= first), None)
        if run is None:
            run = _Run(first, last, [])
            self._runs.append(run)
        run.last = last
        for chunk in pickled:
            self._size += len(chunk)
            run.chunks.append(self._spill(chunk) if self._size > _IN_MEMORY else chunk)

    def _spill(self, chunk: bytes) -> tuple[int, int]:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="curator-findings-")  # noqa: SIM115
        self._file.seek(0, 2)
        offset = self._file.tell()
        self._file.write(chunk)
        return offset, len(chunk)

    def _read(self, chunk: bytes | tuple[int, int]) -> bytes:
        if isinstance(chunk, bytes):
            return chunk
        assert self._file is not None
        self._file.seek(chunk[0])
        return self._file.read(chunk[1])

    def _stream(self, run: _Run) -> Iterator[Finding]:
        for chunk in run.chunks:
            yield from pickle.loads(self._read(chunk))


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """Something that could not be done; any of these makes the exit code 2."""

    path: str
    line: int
    """0 where there is none."""
    code: str
    """The rule whose check raised; "" where it was no check."""
    message: str


@dataclass(slots=True)
class Failures:
    """Failures by rule: how many, and the first few by place, whatever the order they came in."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[Failure]] = field(default_factory=dict)

    def add(self, failure: Failure) -> None:
        """Take one failure in."""
        self.merge(Failures(Counter([failure.code]), {failure.code: [failure]}))

    def merge(self, other: Failures) -> None:
        """Take over another's failures."""
        self.counts += other.counts
        for code, failures in other.first.items():
            kept = [*self.first.get(code, ()), *failures]
            # A file that cannot be read fails alike in each of its shards: that is said once.
            self.first[code] = sorted(kept)[:_FAILURES_KEPT] if code else sorted(set(kept))

    def __iter__(self) -> Iterator[Failure]:
        for code in sorted(self.first):
            yield from self.first[code]
            hidden = self.counts[code] - len(self.first[code])
            if hidden and code:
                yield Failure("", 0, code, f"the check failed in the same way {hidden:,} more times")


@dataclass(slots=True)
class FileCounts:
    """What was counted in one file."""

    records: int = 0
    unreadable: int = 0
    """Lines that are no record: broken JSON, no object, too long."""
    tokens: Counter[int] = field(default_factory=Counter)
    """How many examples have how many tokens; empty without --token-stats."""

    def merge(self, other: FileCounts) -> None:
        """Add another's counts."""
        self.records += other.records
        self.unreadable += other.unreadable
        self.tokens += other.tokens


@dataclass(slots=True)
class Scanned:
    """What one shard, or any number of merged shards, brought."""

    findings: Findings = field(default_factory=Findings)
    counts: dict[int, FileCounts] = field(default_factory=dict)
    """By the file's number."""
    states: dict[tuple[int, str], Any] = field(default_factory=dict)
    """Dataset checks' state by plan number and code; the Failure that took one out, in its place."""
    failures: Failures = field(default_factory=Failures)

    def merge(self, other: Scanned) -> None:
        """Take over another's results; any order and grouping gives the same."""
        self.findings.merge(other.findings)
        self.failures.merge(other.failures)
        for file, counts in other.counts.items():
            self.counts.setdefault(file, FileCounts()).merge(counts)
        for key, state in other.states.items():
            mine = self.states.get(key)
            if mine is None:
                self.states[key] = state
            elif isinstance(mine, Failure) or isinstance(state, Failure):
                self.states[key] = min(s for s in (mine, state) if isinstance(s, Failure))
            else:
                try:
                    mine.merge(state)
                except Exception as error:
                    message = f"the check of {key[1]} raised {type(error).__name__} in merge: {error}"
                    self.states[key] = Failure("", 0, key[1], message)


@dataclass(frozen=True, slots=True)
class TokenStats:
    """Tokens of the examples of one file; percentiles by nearest rank."""

    total: int
    max: int
    p50: int
    p95: int

    @classmethod
    def of(cls, histogram: Counter[int]) -> TokenStats | None:
        """The figures of a histogram; None for an empty one."""
        if not histogram:
            return None
        ordered = sorted(histogram.items())
        return cls(
            sum(tokens * count for tokens, count in ordered),
            ordered[-1][0],
            _percentile(ordered, 50),
            _percentile(ordered, 95),
        )


def _percentile(ordered: list[tuple[int, int]], percent: int) -> int:
    rank = -(-sum(count for _, count in ordered) * percent // 100)  # rounded up
    seen = 0
    for value, count in ordered:
        seen += count
        if seen >= rank:
            return value
    raise AssertionError("a rank lies within the counts")


@dataclass(frozen=True, slots=True)
class Input:
    """One file of the run, and what it was taken for."""

    path: str
    dataset: str
    split: str
    format: str
    target: str
    model: str | None
    model_named: bool
    """False where the model is the target's default."""
    bytes: int
    records: int
    unreadable: int
    conventions: Conventions
    tokens: TokenStats | None


@dataclass(frozen=True, slots=True)
class NotChecked:
    """What no rule looked at, and why."""

    what: str
    why: str


@dataclass(slots=True)
class Report:
    """The outcome of a run."""

    inputs: list[Input]
    findings: Findings
    failures: list[Failure]
    not_checked: list[NotChecked]

    def exit_code(self, fail_on: str | Mapping[str, str] = "error") -> int:
        """0, 1 when something is at or above `fail_on` (one for all, or by file), 2 when something failed."""
        if self.failures:
            return 2
        for path, worst in self.findings.worst.items():
            level = fail_on if isinstance(fail_on, str) else fail_on.get(path, "error")
            if level != "never" and worst >= Severity[level.upper()]:
                return 1
        return 0
