"""From a dataset to its contract, and from a contract to what another dataset makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from curator import __version__, engine, formats
from curator.contracts import contract as contracts
from curator.contracts import features, frame, learning, validating
from curator.contracts.contract import Contract, Learned
from curator.contracts.features import YES
from curator.contracts.frame import Progress, Table
from curator.contracts.naming import NONE, name
from curator.contracts.validating import Validation
from curator.endings import SETTLED
from curator.engine import Checked
from curator.errors import InputError, UsageError
from curator.executors.local import Executor
from curator.inputs import Dataset
from curator.plan import Plan
from curator.report import Report
from curator.reporters.text import counted
from curator.suppressions import Suppressions

if TYPE_CHECKING:
    import pandas as pd

_FALLBACK = "o200k_base"
"""Counts tokens where the data name no model with a known tokenizer: any one tells how long records are."""
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Held:
    """A contract held against a dataset."""

    contract: Contract
    report: Report
    table: Table
    frame: pd.DataFrame
    validation: Validation


@dataclass(frozen=True, slots=True)
class Bars:
    """What shows the progress of the two passes, one after the other."""

    begin: Callable[[str], Progress | None] = lambda stage: None


def joined(datasets: Sequence[Dataset]) -> Dataset:
    """The files of several datasets as one, under the settings of the first. Raises InputError for none."""
    if not datasets:
        raise InputError("there are no data files")
    first = datasets[0]
    files = tuple(dict.fromkeys(file for item in datasets for files in item.splits.values() for file in files))
    return replace(first, splits={"train": files}, configured=())


def learn(dataset: Dataset, executor: Executor, failures: Sequence[InputError], bars: Bars) -> Contract:
    """What the dataset does, as a contract. Raises InputError where it cannot be read, or holds too few records."""
    with _checked(dataset, executor, failures, bars) as (report, files, plan):
        if report.failures:
            failure = report.failures[0]
            where = f"{failure.path}:{failure.line}: " if failure.line else ""
            raise InputError(f"{where}{failure.message}; nothing is learned from what cannot be checked")
        encoding = plan.tokenizer.encoding if plan.tokenizer else _FALLBACK
        known = features.reference(plan.conventions, encoding, frozenset(choice.code for choice in plan.choices))
        table = frame.table(report, files, known, bars.begin("reading"))
    path = dataset.name
    if table.readable < features.FEWEST:
        raise InputError(
            f"{path}: holds {counted(table.readable, 'record')} that can be read; a contract is learned from "
            f"{features.FEWEST} or more"
        )
    if not formats.understood(known.format):
        raise InputError(
            f"{path}: is in no format that a contract can be learned from ({known.format or 'none known'}); "
            "curator convert writes formats that are"
        )
    if (others := table.readable - table.columns["in_format"].count(YES)) > (1 - SETTLED) * table.readable:
        raise InputError(
            f"{path}: {counted(others, 'record')} of {table.readable:,} are not in the format {known.format}; a "
            "contract is learned from data of one format"
        )
    known = replace(
        known, called=frozenset(table.called), declared=frozenset(table.declared), rules=frozenset(table.rules),
        whole=frozenset(table.whole),
    )  # fmt: skip
    data = table.frame(sorted(table.rules))
    learned = Learned(
        tuple(item.source.path for item in files),
        table.readable,
        len(table) - table.readable,
        known.format,
        plan.model.name if plan.model else "",
        datetime.now(UTC).date().isoformat(),
        __version__,
        learning.figures(data),
    )
    once = {"new_functions": _once(table.called), "new_declared": _once(table.declared)}
    measured = contracts.known(known, dataset.settings.target, dataset.settings.model)
    return Contract(learned, measured, tuple(learning.learn(data, _names(known), once)))


def hold(contract: Contract, dataset: Dataset, executor: Executor, failures: Sequence[InputError], bars: Bars) -> Held:
    """The contract held against the dataset. Raises InputError for a dataset without records, or in another format."""
    known = contract.reference
    if known.classification:  # as few records do not show, and as rules about labels want to know
        dataset = replace(dataset, pins={"task": "classification", **dataset.pins})
    with _checked(dataset, executor, failures, bars) as (report, files, plan):
        found = plan.conventions.format
        if found and found != known.format:
            raise UsageError(f"{dataset.name}: is in the format {found}; the contract is for {known.format}")
        table = frame.table(report, files, known, bars.begin("reading"))
    if not table.readable:
        lines = f", in {counted(len(table), 'line')}" if len(table) else ""
        raise InputError(f"{dataset.name}: holds no record to hold the contract against{lines}")
    data = table.frame(contract.flags)
    return Held(contract, report, table, data, validating.validate(contract.clauses, data, contract.path))


@contextmanager
def _checked(
    dataset: Dataset, executor: Executor, failures: Sequence[InputError], bars: Bars
) -> Iterator[tuple[Report, list[Checked], Plan]]:
    show = bars.begin("checking")

    def progress(done: int, total: int, records: int) -> None:
        if show is not None:
            show(done, total)

    with engine.checked(
        [dataset], executor=executor, progress=progress, failures=failures, suppressions=Suppressions()
    ) as (report, files):
        if not files:
            raise InputError(report.failures[0].message if report.failures else f"{dataset.name}: cannot be read")
        yield report, files, files[0].bound.plan


def _once(counts: Mapping[str, int]) -> int:
    """How many names stand in one record only."""
    return sum(1 for count in counts.values() if count == 1)


def _names(known: features.Reference) -> Mapping[str, Any]:
    """What fills the sentences of the clauses."""
    return {
        "separator": " or ".join(map(name, known.separators)),
        "stop": name(known.stop),
        "called": f"Only these functions are called: {_listed(known.called)}"
        if known.called
        else "No function is called",
        "declared": f"Only these functions are declared: {_listed(known.declared)}"
        if known.declared
        else "No function is declared",
        "calls": counted(len(known.called), "function") if known.called else "none",
        "declares": counted(len(known.declared), "function") if known.declared else "none",
        "rules": _listed(known.rules),
    }


def _listed(texts: frozenset[str] | None) -> str:
    names = sorted(map(name, texts or ()))
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return (", ".join(names[:_LISTED]) or NONE.strip("()")) + more
