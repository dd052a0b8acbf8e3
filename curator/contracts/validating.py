"""A contract held against the features of a dataset, by Great Expectations: in memory, in silence."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curator.contracts.clauses import Clause
from curator.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

MOST_FREQUENT = "expect_most_frequent_to_stay"
_INSTALL = "pip install 'finetune-curator[contract]'"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one expectation."""

    clause: Clause
    success: bool
    observed: str
    """What was found, in words; "" where it is a count of records."""
    rows: tuple[tuple[int, Any], ...]
    """The rows that break it, each with its value; () where no single record does."""
    judged: int
    """The rows that it looked at."""
    failure: str
    """Why it could not be decided; "" where it was."""


@dataclass(frozen=True, slots=True)
class Validation:
    """The outcomes in the order of the contract, and what the library made of it, for pages."""

    outcomes: tuple[Outcome, ...]
    suite: Any
    result: Any
    results: tuple[Any, ...]
    """Its parts, in the order of the contract."""


def require() -> None:
    """Raises UsageError where the library is missing."""
    from importlib.util import find_spec

    if find_spec("great_expectations") is None or find_spec("pandas") is None:
        raise UsageError(f"contracts need Great Expectations, which is not installed: {_INSTALL}")


@contextmanager
def quiet() -> Iterator[None]:
    """Great Expectations without a word: no analytics, no log, no warning."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the library is imported
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # its modules have loggers with levels of their own
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def validate(clauses: Sequence[Clause], frame: pd.DataFrame, path: str) -> Validation:
    """Hold the clauses of the contract in this file against the frame.

    Raises UsageError for one that Great Expectations does not understand.
    """
    with quiet():
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
        suite = context.suites.add(gx.ExpectationSuite(name="contract"))
        for number, clause in enumerate(clauses, 1):
            suite.add_expectation(_expectation(clause, number, path))
        batch = context.data_sources.add_pandas("memory").add_dataframe_asset("features")
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(name="check", data=batch.add_batch_definition_whole_dataframe("all"), suite=suite)
        )
        result = definition.run(
            batch_parameters={"dataframe": frame},
            # Without columns to name rows by: the library makes a dictionary of each, in ten times the time.
            result_format={"result_format": "COMPLETE", "return_unexpected_index_query": False},
        )
    by_number = {_number(item): item for item in result.results}
    if len(by_number) != len(clauses):
        raise UsageError("Great Expectations lost an expectation of the contract")  # never pass by a weaker contract
    results = tuple(by_number[number] for number in range(1, len(clauses) + 1))
    outcomes = tuple(_outcome(clause, item, frame) for clause, item in zip(clauses, results, strict=True))
    return Validation(outcomes, suite, result, results)


def _expectation(clause: Clause, number: int, path: str) -> Any:
    """The clause as an expectation of the library."""
    import great_expectations.expectations as stock

    from curator.contracts.expectations import CUSTOM

    kind = CUSTOM.get(clause.type) or getattr(stock, "".join(map(str.capitalize, clause.type.split("_"))))
    meta = {"number": number, "notes": {"format": "string", "content": [clause.because]}}
    description = f"{clause.says}\n{clause.because}" if clause.because else clause.says
    try:
        return kind(**clause.kwargs, severity=clause.severity, description=description, meta=meta)
    except (TypeError, ValueError, OverflowError) as error:  # pydantic: a wrong type, a number beyond any float
        reason = " ".join(str(error).split())
        raise UsageError(f"{path}: expectation {number} ({clause.type}) does not fit: {reason[:200]}") from None


def _number(item: Any) -> int:
    return int(item.expectation_config.meta["number"])


def _outcome(clause: Clause, item: Any, frame: pd.DataFrame) -> Outcome:
    import pandas as pd

    failure, count = _failure(item), len(frame)
    if failure:
        return Outcome(clause, False, "", (), count, failure)
    result = item.result
    rows: tuple[tuple[int, Any], ...] = ()
    if "unexpected_index_list" in result:
        numbers = [int(number) for number in result["unexpected_index_list"] or ()]
        values = frame[clause.kwargs["column"]].iloc[numbers].tolist()
        rows = tuple(zip(numbers, (None if has is pd.NA else has for has in values), strict=True))
        return Outcome(clause, item.success, "", rows, count - int(result.get("missing_count") or 0), "")
    observed = result.get("observed_value")
    if clause.type == MOST_FREQUENT and not item.success:
        values = frame[clause.kwargs["column"]]
        (numbers,) = (values == values.mode().iloc[0]).to_numpy(dtype=bool, na_value=False).nonzero()
        rows = tuple((int(number), values.iloc[number]) for number in numbers)
    return Outcome(clause, item.success, _words(observed), rows, count, "")


def _failure(item: Any) -> str:
    """What an expectation raised, in one line."""
    info = item.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return " ".join(str(entry.get("exception_message") or "it raised").split())[:200]
    return ""


def _words(observed: Any) -> str:
    if isinstance(observed, float):
        return f"{observed:,.4g}"
    return f"{observed:,}" if isinstance(observed, int) else str(observed)
