"""Before the scan: what a sample shows of a split's format and habits, and how a file is described after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from curator import formats, reading
from curator.conventions import Survey
from curator.errors import InputError
from curator.plan import Plan
from curator.report import FileCounts, Input, TokenStats
from curator.scan import sample_records
from curator.sources import Source

SAMPLE = 20_000
"""Records a survey reads at most of each file."""


def survey(sources: Iterable[Source], max_line_bytes: int) -> tuple[Survey, str]:
    """The sample's survey and the format that most of it is in."""
    votes: Counter[tuple[str, bool]] = Counter()
    surveys: dict[str, Survey] = {}
    for source in sources:
        try:
            for record, size in sample_records(reading.sample(source, SAMPLE, max_line_bytes)):
                name = formats.detect(record)
                votes[name, formats.ends_with_user(record)] += 1
                if name not in surveys:
                    surveys[name] = Survey()
                surveys[name].add(formats.read(record, name, b"", size))
        except InputError:
            pass  # the scan meets it again, and reports it
    name = formats.winner(votes)
    return surveys.get(name, Survey()), name


def described(plan: Plan, is_model_named: bool, source: Source, counts: FileCounts) -> Input:
    """A file of the run as the report shows it."""
    return Input(
        source.path,
        plan.dataset,
        plan.split,
        plan.conventions.format,
        plan.target.name,
        plan.model.name if plan.model else None,
        is_model_named,
        source.head.size,
        counts.records,
        counts.unreadable,
        plan.conventions,
        TokenStats.of(counts.tokens),
    )
