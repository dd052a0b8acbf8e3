"""What a check run brings back: findings, counts, failures; partial reports merge in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from curator.conventions import Conventions
from curator.entries import Cover
from curator.model import Finding, Severity, Suppression
from curator.spool import Findings

if TYPE_CHECKING:
    from curator.profiling.tally import Tally

_FAILURES_KEPT = 5  # of each check: a check that raises on every record must not fill the report


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
    blank: int = 0
    """Lines of white space."""
    glued: int = 0
    """Records and unreadable values that follow another on its line."""
    images: int = 0
    """Records whose messages hold an image."""
    tally: Tally | None = None
    """What a profile is made of; None where none was asked for."""

    def merge(self, other: FileCounts) -> None:
        """Add another's counts."""
        self.records += other.records
        self.unreadable += other.unreadable
        self.blank += other.blank
        self.glued += other.glued
        self.images += other.images
        self.tokens += other.tokens
        if self.tally is None:
            self.tally = other.tally
        elif other.tally is not None:
            self.tally.merge(other.tally)


@dataclass(slots=True)
class Scanned:
    """What one shard, or any number of merged shards, brought."""

    findings: Findings = field(default_factory=Findings)
    counts: dict[int, FileCounts] = field(default_factory=dict)
    """By the file's number."""
    states: dict[tuple[int, str], Any] = field(default_factory=dict)
    """Dataset checks' state by plan number and code; the Failure that took one out, in its place."""
    failures: Failures = field(default_factory=Failures)
    suppressed: Findings = field(default_factory=Findings)
    used: set[bytes] = field(default_factory=set)
    """Digests of the suppressions that matched."""

    def add(self, found: Sequence[Finding], covers: Mapping[str, Cover]) -> None:
        """Take findings in; those that the suppressions of their file cover go to `suppressed`."""
        if not covers:
            self.findings.add(found)
            return
        others = []
        for finding in found:
            cover = covers.get(finding.path)
            digest = cover.digest(finding) if cover else b""
            accepted = cover.entries.get(digest) if cover else None
            if accepted is None:
                others.append(finding)
            else:
                self.suppressed.add([replace(finding, suppressed=accepted)])
                self.used.add(digest)
        self.findings.add(others)

    def merge(self, other: Scanned) -> None:
        """Take over another's results; any order and grouping gives the same."""
        self.findings.merge(other.findings)
        self.suppressed.merge(other.suppressed)
        self.used |= other.used
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
            percentile(ordered, 50),
            percentile(ordered, 95),
        )


def percentile(ordered: Sequence[tuple[int, int]], percent: int) -> int:
    """The value of nearest rank, of values in order with how often each occurs."""
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


@dataclass(slots=True, repr=False)
class Report:
    """The outcome of a run."""

    inputs: list[Input]
    findings: Findings
    """Those that nobody has accepted; all counts and the exit code are theirs alone."""
    failures: list[Failure]
    not_checked: list[NotChecked]
    suppressed: Findings = field(default_factory=Findings)
    """Those that someone has accepted, each with its `suppressed`."""
    stale: int = 0
    """Suppressions of the files of this run that match nothing any more."""

    def accept(self, accepted: Suppression) -> None:
        """Count every finding as suppressed."""
        for finding in self.findings:
            self.suppressed.add([replace(finding, suppressed=accepted)])
        self.findings = Findings()

    def __repr__(self) -> str:
        """How much there is of it; nothing of the data."""
        return f"<Report of {len(self.inputs)} file(s): {len(self.findings)} findings, {len(self.failures)} failures>"

    def exit_code(self, fail_on: str | Mapping[str, str] = "error") -> int:
        """0, 1 when something is at or above `fail_on` (one for all, or by file), 2 when something failed."""
        if self.failures:
            return 2
        for path, worst in self.findings.worst.items():
            level = fail_on if isinstance(fail_on, str) else fail_on.get(path, "error")
            if level != "never" and worst >= Severity[level.upper()]:
                return 1
        return 0
