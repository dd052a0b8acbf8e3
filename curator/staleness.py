"""Which rules have said all that they can of a file: only their suppressions can be told to be stale."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from curator.inputs import Dataset
from curator.plan import Bound
from curator.report import Failures
from curator.settings import SPLITS


def heard(parts: Sequence[tuple[Dataset, str, Bound, Iterable[str]]], failures: Failures) -> dict[str, frozenset[str]]:
    """The codes of those rules, by file; `parts` are the splits of the run with their datasets, plans and files.

    A file or line check needs the file, a record check all files of the split (they decide its conventions), a
    dataset check all files of the dataset. A file that could not be read to its end, and a check that raised, have
    not said all.
    """
    failed = {failure.path for failure in failures.first.get("", ())}
    read: dict[int, set[str]] = {}
    for dataset, _, _, paths in parts:
        read.setdefault(id(dataset), set()).update(os.path.abspath(path) for path in paths if path not in failed)
    found: dict[str, frozenset[str]] = {}
    for dataset, split, bound, paths in parts:
        wanted = _wanted(dataset)
        rules = [*bound.file, *bound.line]
        if wanted[split] <= read[id(dataset)]:
            rules += bound.record
        if set().union(*wanted.values()) <= read[id(dataset)]:
            rules += bound.dataset
        rules = [rule for rule in rules if rule.rule.code not in failures.counts]
        for path in paths:
            codes = frozenset(rule.rule.code for rule in rules if not bound.is_silent(rule, path))
            codes = frozenset() if path in failed else codes
            found[path] = codes & found.get(path, codes)
    return found


def _wanted(dataset: Dataset) -> Mapping[str, set[str]]:
    """The files of each split: as configured, or those of the run where the settings do not name them."""
    own = dataset.settings.datasets.get(dataset.name) if dataset.configured else None
    files = {split: own.files(split) if own else dataset.splits.get(split, ()) for split in SPLITS}
    return {
        split: {os.path.abspath(dataset.stdin_name if f == "-" else f) for f in paths} for split, paths in files.items()
    }
