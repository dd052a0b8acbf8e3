"""What a contract makes of a dataset, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TextIO

from curator import __version__
from curator.contracts.clauses import listed
from curator.contracts.features import FEATURES
from curator.contracts.naming import plain
from curator.contracts.running import Held
from curator.contracts.validating import Outcome
from curator.reporters.json import dumps, plain_failure
from curator.reporters.text import counted, visible

LEVELS = {"critical": "error", "warning": "warning", "info": "info"}
"""The severities of Great Expectations, as curator calls them."""
_RANKS = {"info": 1, "warning": 2, "error": 3, "never": 4}
_TOLD = frozenset({"readable", "in_format", "has_system", "ends_with_separator", "ends_with_stop", "answer"})
"""Features of yes or no, and a digest: what a record that breaks it has is clear, or nothing to read."""


def exit_code(held: Held, fail_on: str) -> int:
    """0, 1 when the contract is broken at or above `fail_on`, 2 when something could not be decided."""
    if any(failures(held)):
        return 2
    worst = max((_RANKS[LEVELS[item.clause.severity]] for item in broken(held)), default=0)
    return int(worst >= _RANKS[fail_on])


def failures(held: Held) -> Iterator[str]:
    """What could not be done, a line each."""
    for failure in held.report.failures:
        where = f"{failure.path}:{failure.line}: " if failure.line else ""
        yield f"{where}{failure.message}"
    for number, item in enumerate(held.validation.outcomes, 1):
        if item.failure:
            where = f"{held.contract.path}: expectation {number} ({item.clause.type})"
            yield f"{where} could not be decided: {item.failure}"


def broken(held: Held) -> list[Outcome]:
    """The expectations that do not hold, the severest first."""
    found = [item for item in held.validation.outcomes if not item.success and not item.failure]
    return sorted(found, key=lambda item: -_RANKS[LEVELS[item.clause.severity]])


def value(column: str, found: Any) -> str:
    """What a record has in a feature, in words; "" where that is clear."""
    if column in _TOLD or found is None:
        return ""
    return plain(found) if isinstance(found, str) else f"{found:,}"


def found_in(item: Outcome) -> str:
    """What was found in place of what was expected."""
    if item.observed or not item.rows:
        return f"found: {plain(item.observed)}"
    share = 100 * len(item.rows) / item.judged if item.judged else 0.0
    verb = "differs" if len(item.rows) == 1 else "differ"
    return f"{len(item.rows):,} of {counted(item.judged, 'record')} ({share:.1f}%) {verb}"


def write_text(held: Held, stream: TextIO, shown: int, *, verbose: bool, quiet: bool) -> None:
    """Write what is broken, with the first records of each, and the verdict."""
    for item in broken(held):
        stream.write(f"{LEVELS[item.clause.severity]}: {visible(plain(item.clause.says))}\n")
        stream.write(f"    {visible(found_in(item))}\n")
        if item.clause.because:
            stream.write(f"    {visible(plain(item.clause.because))}\n")
        for row, has in item.rows[:shown]:
            text = value(item.clause.kwargs["column"], has)
            stream.write(visible(f"      {held.table.whole_place(row)}{f'  {text}' if text else ''}") + "\n")
        if len(item.rows) > shown:
            more = "" if not shown else " more"
            stream.write(f"      and {len(item.rows) - shown:,}{more}, which a higher --show lists\n" if shown else "")
        stream.write("\n")
    if verbose:
        for item in held.validation.outcomes:
            if item.success:
                observed = f" ({visible(plain(item.observed))})" if item.observed else ""
                stream.write(f"holds: {visible(plain(item.clause.says))}{observed}\n")
        stream.write("\n")
    if not quiet:
        for line in _verdict(held):
            stream.write(f"{visible(line)}\n")


def _verdict(held: Held) -> Iterator[str]:
    learned = held.contract.learned
    unreadable = len(held.table) - held.table.readable
    files = list(dict.fromkeys(held.table.paths))
    more = f" and {counted(len(files) - 1, 'more file')}" if len(files) > 1 else ""
    yield (
        f"{files[0]}{more}: {counted(held.table.readable, 'record')}"
        + (f", {unreadable:,} unreadable" if unreadable else "")
        + f", {learned.format}"
    )
    source = f"{listed(learned.files, ', ')} ({learned.records:,} records)"
    yield f"{held.contract.path}: learned from {source} on {learned.when}"
    yield verdict(held)


def verdict(held: Held) -> str:
    """Whether the contract is kept, in one sentence."""
    outcomes, failed = held.validation.outcomes, broken(held)
    undecided = sum(1 for item in outcomes if item.failure)
    rest = f", {undecided} could not be decided" if undecided else ""
    if not failed:
        word = "undecided" if undecided else "kept"
        return f"The contract is {word}: {len(outcomes) - undecided} of {len(outcomes)} expectations hold{rest}."
    levels = [LEVELS[item.clause.severity] for item in failed]
    kinds = ", ".join(
        f"{count} info" if level == "info" else counted(count, level)
        for level in ("error", "warning", "info")
        if (count := levels.count(level))
    )
    word = "kept, with notes" if set(levels) == {"info"} else "broken"
    return f"The contract is {word}: {len(failed)} of {len(outcomes)} expectations do not hold ({kinds}){rest}."


def write_json(held: Held, stream: TextIO, shown: int) -> None:
    """Write the whole outcome as JSON, version 1; of the records that break an expectation the first `shown`."""
    learned = held.contract.learned
    stream.write(f'{{"version": 1,\n "tool": {dumps({"name": "curator", "version": __version__})},\n')
    about = {
        "path": held.contract.path,
        "learned_from": list(learned.files),
        "records": learned.records,
        "when": learned.when,
    }
    stream.write(f' "contract": {dumps(about)},\n')
    data = {
        "paths": list(dict.fromkeys(held.table.paths)),
        "format": learned.format,
        "records": held.table.readable,
        "unreadable": len(held.table) - held.table.readable,
    }
    stream.write(f' "input": {dumps(data)},\n "summary": {dumps(_summary(held))},\n "expectations": [')
    for index, item in enumerate(held.validation.outcomes):
        stream.write(",\n   " if index else "\n   ")
        stream.write(dumps(_plain(held, item, shown)))
    errors = [plain_failure(item) for item in held.report.failures]
    errors += [{"message": item.failure, "path": None, "line": None, "code": None}
               for item in held.validation.outcomes if item.failure]  # fmt: skip
    stream.write(f'],\n "errors": {dumps(errors)}}}\n')


def _summary(held: Held) -> dict[str, Any]:
    outcomes = held.validation.outcomes
    levels = [LEVELS[item.clause.severity] for item in broken(held)]
    return {
        "expectations": len(outcomes),
        "kept": sum(1 for item in outcomes if item.success),
        "undecided": sum(1 for item in outcomes if item.failure),
        "broken": {level: levels.count(level) for level in ("error", "warning", "info")},
    }


def _plain(held: Held, item: Outcome, shown: int) -> dict[str, Any]:
    column = item.clause.kwargs.get("column")
    return {
        "type": item.clause.type,
        "feature": column,
        "about": FEATURES.get(str(column), "") or None,
        "severity": LEVELS[item.clause.severity],
        "success": None if item.failure else item.success,
        "says": plain(item.clause.says),
        "because": plain(item.clause.because),
        "observed": plain(item.observed) or None,
        "count": len(item.rows),
        "records": [
            {
                "path": held.table.paths[row],
                "line": held.table.lines[row],
                "column": held.table.starts[row],
                "value": plain(has) if isinstance(has, str) else has,
            }
            for row, has in item.rows[:shown]
        ],
    }
