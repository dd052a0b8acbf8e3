"""The features of every record of a dataset, as columns; needs pandas in the end, and not before.

Memory: some 400 bytes a record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curator import formats, parsing, reading
from curator.contracts.features import (
    FEATURES,
    FLAG,
    HABIT,
    HABITS,
    NO,
    NUMBERS,
    YES,
    Reference,
    describe,
    from_findings,
    habits,
)
from curator.contracts.naming import name
from curator.conventions import Conventions
from curator.engine import Checked
from curator.errors import CuratorError, InputError
from curator.findings import record_hash
from curator.model import Example, Severity
from curator.plan import Plan
from curator.report import Report
from curator.scan import parts
from curator.sources import Line
from curator.tokens import bundled

if TYPE_CHECKING:
    import pandas as pd

Codes = tuple[frozenset[str], frozenset[str]]
"""The rules that speak of a record: those that find an error, and those that warn."""
Progress = Callable[[int, int], object]
_NOTHING: Codes = (frozenset(), frozenset())
_STEP = 1000  # records between two looks at the progress


@dataclass(slots=True)
class Table:
    """One row for each line that holds something, in order."""

    columns: dict[str, list[Any]] = field(default_factory=lambda: {key: [] for key in FEATURES})
    paths: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    """The column that each begins at: where several stand on one line, it tells them apart."""
    codes: list[Codes] = field(default_factory=list)
    habits: dict[str, str | None] = field(default_factory=dict)
    called: Counter[str] = field(default_factory=Counter)
    """The functions that are called anywhere, and those that are declared, with the number of records that do so."""
    declared: Counter[str] = field(default_factory=Counter)
    whole: set[str] = field(default_factory=set)
    """Codes of the rules that find an error of the dataset as a whole."""
    rules: set[str] = field(default_factory=set)
    """Codes of those that do so of a record."""

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def readable(self) -> int:
        """How many rows are records."""
        return self.columns["readable"].count(YES)

    def place(self, row: int) -> str:
        """Where a row comes from: its line, and the file where there are several."""
        line = f"{self.lines[row]}{self._column(row)}"
        return line if self.paths[0] == self.paths[-1] else f"{self.paths[row]}:{line}"

    def whole_place(self, row: int) -> str:
        """Where a row comes from: `path:line`, and the column where another begins on that line."""
        return f"{self.paths[row]}:{self.lines[row]}{self._column(row)}"

    def _column(self, row: int) -> str:
        beside = [other for other in (row - 1, row + 1) if 0 <= other < len(self)]
        here = (self.paths[row], self.lines[row])
        is_shared = any((self.paths[other], self.lines[other]) == here for other in beside)
        return f":{self.starts[row]}" if is_shared else ""

    def frame(self, flags: Sequence[str]) -> pd.DataFrame:
        """The table for pandas, row by row, with a column for each of these rules."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for key, values in self.columns.items():
            columns[key] = pd.Series(values, dtype="Int64" if key in NUMBERS else "object")
        for code in flags:
            columns[FLAG + code] = [YES if code in errors | warnings else NO for errors, warnings in self.codes]
        for key in HABITS:
            columns[HABIT + key] = pd.Series([self.habits.get(key)] * len(self), dtype="object")
        return pd.DataFrame(columns)


def table(report: Report, files: Sequence[Checked], known: Reference, progress: Progress | None = None) -> Table:
    """The features of all records of one dataset, read once more. Raises InputError where a file cannot be."""
    tokenizer = bundled(known.encoding)
    if tokenizer is None:
        raise CuratorError(f"no tokenizer {known.encoding!r} is bundled")
    found = Table()
    codes, found.whole = _codes(report)
    seen: set[str] = set()
    done, total = 0, sum(item.source.size for item in files)
    for item in files:
        for line, example in _records(item):
            own = _own(codes, item.source.path, line)
            row = describe(example, known, tokenizer) if example else {"readable": NO}
            row |= from_findings(*own, known)
            if (digest := row.get("identity")) is not None:
                row["copy"] = YES if digest in seen else NO
                seen.add(digest)
            for key, values in found.columns.items():
                values.append(row.get(key))
            found.paths.append(item.source.path)
            found.lines.append(line.number)
            found.starts.append(line.column)
            found.codes.append(own)
            found.rules |= own[0] | own[1]
            if example is not None:
                found.called.update({call.name for turn in example.turns for call in turn.calls})
                found.declared.update({tool.name for tool in example.tools})
            if progress is not None and not len(found) % _STEP:
                progress(done + line.offset, total)
        done += item.source.size
        if not item.source.unchanged():
            raise InputError(f"{item.source.path}: the file changed while it was read; try again")
    conventions = files[0].bound.plan.conventions if files else Conventions()
    found.habits = habits(conventions)
    new = found.whole & known.ran - known.whole if known.whole is not None else set[str]()
    found.habits["findings"] = " ".join(sorted(new)) or name("")
    return found


def _own(codes: dict[tuple[str, int, str], Codes], path: str, line: Line) -> Codes:
    """The rules that speak of the record; a finding names the line that it is on, and one of a document has many."""
    record = record_hash(line.raw)
    places = ((path, number, record) for number in range(line.number, line.number + line.raw.count(b"\n") + 1))
    found = [codes[place] for place in places if place in codes]
    if len(found) < 2:
        return found[0] if found else _NOTHING
    errors, warnings = zip(*found, strict=True)
    return frozenset().union(*errors), frozenset().union(*warnings)


def _codes(report: Report) -> tuple[dict[tuple[str, int, str], Codes], set[str]]:
    """The rules that speak of each record, by its place and hash, and those that speak of no record."""
    found: dict[tuple[str, int, str], Codes] = {}
    whole = set()
    shared: dict[Codes, Codes] = {}
    for finding in report.findings:
        if finding.severity < Severity.WARNING:
            continue
        if finding.line is None or finding.record is None:
            if finding.severity == Severity.ERROR:  # many warnings only say that there are few records
                whole.add(finding.code)
            continue
        key = (finding.path, finding.line, finding.record)
        errors, warnings = found.get(key, _NOTHING)
        if finding.severity == Severity.ERROR:
            codes = (errors | {finding.code}, warnings)
        else:
            codes = (errors, warnings | {finding.code})
        found[key] = shared.setdefault(codes, codes)
    return found, whole


def _records(item: Checked) -> Iterator[tuple[Line, Example | None]]:
    """What each line holds that is not blank, as `curator check` read it; None in place of what is no record."""
    plan = item.bound.plan
    for shard in reading.cut(item.source, 0):
        for line in reading.read(shard, plan.max_line_bytes):
            yield from _held(line, plan)


def _held(line: Line, plan: Plan) -> Iterator[tuple[Line, Example | None]]:
    if line.too_long:
        yield line, None
        return
    if not line.raw.strip():
        return
    parsed = parsing.parse(line.raw)
    if parsed.fault is not None and parsed.fault.kind == "several":
        for part in parts(line):
            yield from _held(part, plan)
    elif parsed.fault is not None or not isinstance(parsed.value, dict):
        yield line, None
    else:
        yield line, formats.read_as(plan.conventions.format, parsed.value, parsed.canonical, len(line.raw))
