"""Any number of findings in order, in bounded memory.

They are kept as sorted, pickled runs and go to a temporary file when they are many.
"""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import IO, Any

from curator.model import Finding, Severity

_CHUNK = 200  # findings that are unpickled together
_IN_MEMORY = 32 << 20  # bytes of pickled findings before they go to a file


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
    codes: set[str]
    chunks: list[bytes | tuple[int, int]]


class Findings:
    """Any number of findings, iterated in the order of every output: path, line, column, code …"""

    _file: IO[bytes] | None = None  # here, because an interrupt may come before any line of __init__

    def __init__(self) -> None:
        self.by_code: Counter[str] = Counter()
        self.by_severity: Counter[Severity] = Counter()
        self.worst: dict[str, Severity] = {}
        """The highest severity in each file."""
        self.fixable_by: Counter[str] = Counter()
        """How many have a fix that a program can apply, by its safety."""
        self._open: list[Finding] = []
        self._runs: list[_Run] = []
        self._size = 0

    @property
    def fixable(self) -> int:
        """How many have a fix that a program can apply."""
        return self.fixable_by.total()

    def __repr__(self) -> str:
        """How many there are; nothing of the data."""
        return f"<{len(self)} findings: iterate over them, or take list(findings)>"

    def __len__(self) -> int:
        return self.by_code.total()

    def add(self, findings: Sequence[Finding]) -> None:
        """Take findings in; those of one call may come in any order."""
        for finding in findings:
            self.by_code[finding.code] += 1
            self.by_severity[finding.severity] += 1
            self._note(finding.path, finding.severity)
            if finding.fixable:
                self.fixable_by[str(finding.safety)] += 1
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
        self.fixable_by += other.fixable_by
        for run in other._runs:
            self._keep(run.first, run.last, run.codes, (other._read(chunk) for chunk in run.chunks))

    def _note(self, path: str, severity: Severity) -> None:
        self.worst[path] = max(severity, self.worst.get(path, severity))

    def __iter__(self) -> Iterator[Finding]:
        self._close_run()
        # The order in which runs came in must not show where findings are equal.
        runs = sorted(self._runs, key=lambda run: (run.first, run.last))
        return heapq.merge(*map(self._stream, runs), key=_key)

    def of(self, codes: Set[str]) -> Iterator[Finding]:
        """The findings of some rules, in no order; runs that hold none of them are not read."""
        self._close_run()
        for run in self._runs:
            if not run.codes.isdisjoint(codes):
                yield from (finding for finding in self._stream(run) if finding.code in codes)

    def __getstate__(self) -> dict[str, Any]:
        self._close_run()
        runs = [_Run(run.first, run.last, run.codes, [self._read(chunk) for chunk in run.chunks]) for run in self._runs]
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
            self._keep(_key(ordered[0]), _key(ordered[-1]), {finding.code for finding in ordered}, pickled)

    def _keep(self, first: tuple[Any, ...], last: tuple[Any, ...], codes: set[str], pickled: Iterator[bytes]) -> None:
        """Append to a run that ends before, so that scanning in order makes few runs; else open one."""
        run = next((run for run in reversed(self._runs) if run.last <= first), None)
        if run is None:
            run = _Run(first, last, set(), [])
            self._runs.append(run)
        run.codes |= codes
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
