"""Survey, scan, merge, finish: from datasets to a report.

The report depends on nothing but the files and the settings: not on how a file was cut, nor on how
many processes scanned it, nor on the order in which they came back.
"""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType
from typing import Any

from curator import catalogue, formats, reading, rereading, targets
from curator.conventions import Conventions
from curator.errors import InputError
from curator.executors.local import Executor, inline
from curator.inputs import Dataset
from curator.model import Place, Problem
from curator.opening import Spools
from curator.plan import Bound, BoundRule, Plan, bind, choose
from curator.report import Failure, Failures, FileCounts, Report, Scanned
from curator.scan import Task, check_file, failure, finding
from curator.sources import Source
from curator.staleness import heard
from curator.suppressions import Suppressions
from curator.survey import described, survey
from curator.targets import Model, Target
from curator.tokens import Tokenizer, bundled
from curator.unchecked import not_checked
from curator.whereabouts import Whereabouts

_FINISH_BATCH = 20_000  # problems of dataset checks that are sorted by place before lines are read again


@dataclass(frozen=True, slots=True)
class Context:
    """What a dataset check may know when it finishes."""

    split: str
    splits: Mapping[str, Any]
    """The same check's state in every split of the dataset, by split."""
    conventions: Conventions
    target: Target
    model: Model | None
    tokens: Tokenizer | None
    others: Mapping[str, Conventions]
    """The conventions of every split of the dataset, by split."""


@dataclass(slots=True)
class _Split:
    """One split of one dataset during a run."""

    dataset: Dataset
    name: str
    sources: dict[int, Source] = field(default_factory=dict)
    plan: Plan | None = None
    bound: Bound | None = None

    @property
    def paths(self) -> list[str]:
        return [source.path for source in self.sources.values()]


Progress = Callable[[int, int, int], None]
"""Called with bytes done, bytes in all, and records so far."""


def check(
    datasets: Sequence[Dataset],
    *,
    executor: Executor = inline,
    token_stats: bool = False,
    shard_bytes: int = reading.SHARD_BYTES,
    progress: Progress | None = None,
    failures: Sequence[InputError] = (),
    suppressions: Suppressions | None = None,
) -> Report:
    """Check every record of the datasets; the report holds all that was found.

    `failures` are paths that were given up before; without `suppressions` no suppressions file is looked for.
    Raises UsageError or CardError for settings or rules that do not fit; whatever happens to a file is in the report.
    """
    with checked(
        datasets, executor=executor, token_stats=token_stats, shard_bytes=shard_bytes, progress=progress,
        failures=failures, suppressions=suppressions,
    ) as (report, _):  # fmt: skip
        return report


@dataclass(frozen=True, slots=True)
class Checked:
    """A file of the run as it was read, and the plan that it was checked by."""

    source: Source
    bound: Bound
    counts: FileCounts
    number: int
    """Of the file in the run: what a Place names it by."""
    states: Mapping[str, Any]
    """What the dataset checks of its split have gathered, by code; the Failure that took one out, in its place."""


@contextmanager
def checked(
    datasets: Sequence[Dataset],
    *,
    executor: Executor = inline,
    token_stats: bool = False,
    shard_bytes: int = reading.SHARD_BYTES,
    progress: Progress | None = None,
    failures: Sequence[InputError] = (),
    suppressions: Suppressions | None = None,
    standins: Mapping[str, str] = MappingProxyType({}),
    profile: bool = False,
) -> Iterator[tuple[Report, list[Checked]]]:
    """What `check` gives, and the files, still open. `standins` are read in place of the files they are named by.

    With `profile`, the counts of each file hold what a profile is made of.
    """
    with Spools() as spools:
        run = _Run(failures, suppressions)
        run.open(datasets, spools, standins)
        for split in run.splits:
            run.plan(split, token_stats, profile)
        run.scan(executor, shard_bytes, progress)
        run.finish()
        yield run.report(), run.files()


class _Run:
    """The state of one run."""

    def __init__(self, failures: Sequence[InputError], suppressions: Suppressions | None) -> None:
        self.suppressions = suppressions
        self.splits: list[_Split] = []
        self.sources: list[Source] = []
        self.scanned = Scanned()
        self.failures = Failures()
        for error in failures:
            self.failures.add(_input_failure(error))

    def open(self, datasets: Sequence[Dataset], spools: Spools, standins: Mapping[str, str]) -> None:
        for dataset in datasets:
            for split_name, paths in dataset.splits.items():
                split = _Split(dataset, split_name)
                for path in paths:
                    try:
                        name = dataset.stdin_name if path == "-" else path
                        opened = standins.get(path, path)
                        source = spools.open(opened, name, max_unpacked=dataset.settings.max_unpacked_bytes)
                        if opened != path:
                            source = source.standing_in(name)
                    except InputError as error:
                        self.failures.add(_input_failure(error))
                        continue
                    split.sources[len(self.sources)] = source
                    self.sources.append(source)
                if split.sources:
                    self.splits.append(split)

    def plan(self, split: _Split, token_stats: bool, profile: bool) -> None:
        settings = split.dataset.settings
        check_files = settings.digests()
        rules = catalogue.load(settings.rule_dirs, check_files)
        sample, format_name = survey(split.sources.values(), settings.max_line_bytes)
        target = targets.resolve(settings.target, format_name)
        model = targets.resolve_model(target, settings.model, formats.kind(format_name))
        # Any vocabulary tells a label from a sentence; the model's own is taken where it is known.
        counter = bundled(model.encoding if model else None) or Tokenizer("o200k_base")
        files = [path for other in self.splits if other.dataset is split.dataset for path in other.paths]
        split.plan = Plan(
            split.dataset.name,
            split.name,
            (read := tuple(other.name for other in self.splits if other.dataset is split.dataset)),
            tuple(name for name in split.dataset.configured if name not in read),
            choose(settings, target, rules),
            target,
            model,
            sample.conventions(format_name, counter.count, split.dataset.pins),
            settings.max_line_bytes,
            token_stats,
            settings.root,
            settings.rule_dirs,
            check_files,
            self.suppressions.covers(split.dataset, files, rules) if self.suppressions else {},
            profile,
        )
        split.bound = bind(split.plan)
        for source in split.sources.values():
            for outcome in check_file(split.bound, source.head):
                if isinstance(outcome, Failure):
                    self.failures.add(outcome)
                else:
                    self.scanned.add([outcome], split.plan.suppressions)

    def scan(self, executor: Executor, shard_bytes: int, progress: Progress | None) -> None:
        blob = pickle.dumps([split.plan for split in self.splits])
        tasks: list[Task] = []
        for number, split in enumerate(self.splits):
            for file, source in split.sources.items():
                try:
                    tasks += [(blob, number, shard) for shard in reading.cut(source, file, shard_bytes)]
                except InputError as error:
                    self.failures.add(_input_failure(error))
        total = sum(shard.end - shard.start for _, _, shard in tasks)
        done = 0
        for shard, result in executor(tasks):
            self.scanned.merge(result)
            done += shard.end - shard.start
            if progress is not None:
                progress(done, total, sum(counts.records for counts in self.scanned.counts.values()))
        for fault in rereading.changed(self.sources):
            self.failures.add(fault)
        self.failures.merge(self.scanned.failures)
        for path, number, message in self.suppressions.faults if self.suppressions else ():
            self.failures.add(Failure(path, number, "", message))

    def finish(self) -> None:
        whereabouts = Whereabouts(self.sources)
        conventions = [split.plan.conventions for split in self.splits if split.plan is not None]
        for split in self.splits:
            assert split.plan is not None
            assert split.bound is not None
            siblings = {other.name: index for index, other in enumerate(self.splits) if other.dataset is split.dataset}
            for rule in split.bound.dataset:
                code = rule.rule.code
                states = {
                    name: state
                    for name, index in siblings.items()
                    if (state := self.scanned.states.get((index, code))) is not None
                }
                own = states.get(split.name)
                if isinstance(own, Failure):
                    self.failures.add(replace(own, message=f"{own.message}; the check was taken out of the run"))
                if any(isinstance(state, Failure) for state in states.values()):
                    continue
                context = Context(
                    split.name,
                    states,
                    split.plan.conventions,
                    split.plan.target,
                    split.plan.model,
                    split.plan.tokenizer,
                    {name: conventions[index] for name, index in siblings.items()},
                )
                try:
                    state = own if own is not None else rule.call()
                    self._place(state.finish(context), rule, split, whereabouts)
                except Exception as error:
                    path = next(iter(split.sources.values())).path
                    self.failures.add(failure(rule, error, path, 0))

    def _place(
        self,
        problems: Iterator[tuple[Place | None, Problem]],
        rule: BoundRule,
        split: _Split,
        whereabouts: Whereabouts,
    ) -> None:
        """Find the lines again that a dataset check speaks of; in batches, because that reads the file."""
        assert split.plan is not None
        assert split.bound is not None
        problems = iter(problems)
        while batch := list(islice(problems, _FINISH_BATCH)):
            placed = []
            for where, problem in sorted(batch, key=lambda item: -1 if item[0] is None else item[0]):
                line = whereabouts.line(where) if where is not None else None
                path = next(iter(split.sources.values())).path if where is None else whereabouts.path(where)
                if split.bound.is_silent(rule, path):
                    continue
                related = tuple(map(whereabouts.related, problem.related))
                placed.append(finding(split.plan, rule, problem, path, line, related))
            self.scanned.add(placed, split.plan.suppressions)

    def files(self) -> list[Checked]:
        states: dict[int, dict[str, Any]] = defaultdict(dict)
        for (number, code), state in self.scanned.states.items():
            states[number][code] = state
        return [
            Checked(source, split.bound, self.scanned.counts.get(file, FileCounts()), file, states[number])
            for number, split in enumerate(self.splits)
            if split.bound is not None
            for file, source in split.sources.items()
        ]

    def report(self) -> Report:
        inputs = []
        for split in self.splits:
            for file, source in split.sources.items():
                counts = self.scanned.counts.get(file, FileCounts())
                assert split.plan is not None
                inputs.append(described(split.plan, split.dataset.settings.model is not None, source, counts))
        parts = [(split.dataset, split.name, split.bound, split.paths) for split in self.splits if split.bound]
        used = self.scanned.used
        stale = self.suppressions.settle(used, heard(parts, self.failures)) if self.suppressions else 0
        images = [
            sum(self.scanned.counts[file].images for file in split.sources if file in self.scanned.counts)
            for split in self.splits
            if split.bound
        ]
        unseen = not_checked([bound for _, _, bound, _ in parts], images)
        return Report(inputs, self.scanned.findings, list(self.failures), unseen, self.scanned.suppressed, stale)


def _input_failure(error: InputError) -> Failure:
    return Failure(str(error).partition(": ")[0], 0, "", str(error))
