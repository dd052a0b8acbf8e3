"""From the report of a check to plans: one for each dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from curator import formats
from curator.engine import Checked
from curator.errors import UsageError
from curator.model import Severity
from curator.planning import amounts, inference, measuring
from curator.planning.advice import Advice, Plans, Split, TrainingPlan
from curator.planning.defaults import planned_epochs, training
from curator.planning.snippet import snippet
from curator.prices import Price, billed, price
from curator.recheck import recheck
from curator.report import Failure, Report, TokenStats
from curator.rereading import changed
from curator.targets import Model

TRAIN = "train"
_ENDPOINTS = {"completion": "completions", "chat": "chat.completions", "preference": "chat.completions"}
_DEAREST = 1_000_000  # ours: a dollar for each token; what is beyond is a slip, and costs that no float holds


def draft(
    report: Report,
    files: Sequence[Checked],
    own_price: float | None = None,
    *,
    config: str | None = None,
    isolated: bool = False,
) -> Plans:
    """A plan for each dataset of the run; the files are still open. `own_price` is in USD per million tokens.

    `config` and `isolated` are what the run was told of its settings: the commands of the plans say the same. Where
    no record of a dataset can be read, its plan says so, and so do the failures. Raises UsageError for a price that is
    none.
    """
    if own_price is not None and not 0 <= own_price <= _DEAREST:
        raise UsageError(f"the price is {own_price}: give --price as USD per million tokens, 0 to {_DEAREST:,}")
    datasets: dict[tuple[str, str], list[Checked]] = {}
    for file in files:
        plan = file.bound.plan
        datasets.setdefault((plan.root, plan.dataset), []).append(file)
    levels = Counter((finding.path, finding.severity) for finding in report.findings)
    made = [_plan(own, levels, own_price, config, isolated=isolated) for own in datasets.values()]
    since = dict.fromkeys(
        failure for failure in changed(file.source for file in files) if failure not in report.failures
    )
    return Plans(tuple(made), (*report.failures, *since, *(failure for plan in made for failure in _nothing(plan))))


def _suits(model: Model | None, kind: str) -> bool:
    """Whether a model of this kind is called with what such records hold."""
    return model is None or (model.kind == "completion") == (kind == "completion")


def _nothing(plan: TrainingPlan) -> Iterator[Failure]:
    """What is said of a dataset in which no record to train on can be read."""
    split = next((split for split in plan.splits if split.name == TRAIN), plan.splits[0])
    if not split.records:
        path = split.paths[0]
        text = f"{path}: holds no record that can be read, so there is nothing to plan: {plan.command} says why"
        yield Failure(path, 0, "", text)


def _plan(
    files: Sequence[Checked],
    levels: Counter[tuple[str, Severity]],
    own_price: float | None,
    config: str | None,
    *,
    isolated: bool,
) -> TrainingPlan:
    """The plan of one dataset; its habits are those of the training data, where there is some."""
    first = next((file for file in files if file.bound.plan.split == TRAIN), files[0])
    plan = first.bound.plan
    conventions, kind = plan.conventions, formats.kind(plan.conventions.format)
    splits = _splits(files)
    train = next((split for split in splits if split.name == TRAIN), None)
    held_out = next((split for split in splits if split.name == "validation"), None)
    measures = measuring.measure([file for file in files if file.bound.plan is plan], plan)
    ends = inference.endings(conventions)
    labels = measuring.labels(measures, ends.stop)
    shows_calls = formats.understood(conventions.format) and conventions.format not in amounts.TEMPLATED
    endpoint = _ENDPOINTS.get(kind) if shows_calls and measures.records and _suits(plan.model, kind) else None
    count = train.records if train else 0
    epochs = planned_epochs(count, plan.model)
    found = price(plan.target, plan.model, kind)
    if own_price is not None:
        found = Price(plan.target.name, plan.model.name if plan.model else "", "given by you", "", own_price)
    paths = [path for split in splits for path in split.paths]
    sections: dict[str, tuple[Advice, ...]] = {
        "data": amounts.enough(
            train, held_out, labels, conventions, plan.target, kind, left_out="validation" in plan.left_out
        )
    }
    if count and conventions.format:
        sections["training"] = training(count, conventions.task, plan.target, plan.model, kind)
        sections["cost"] = amounts.cost(train, held_out, epochs, found, plan, kind)
    code = ""
    if endpoint and kind != "reinforcement":
        sections["inference"] = inference.parameters(endpoint, conventions, labels, measures)
        values = {advice.name: advice.value for advice in sections["inference"]}
        name = plan.model.name if plan.model and plan.target.name == "openai" else None
        code = snippet(endpoint, name, ends, conventions, labels, measures, values)
    if conventions.task == "classification" and labels and kind == "completion":
        sections["history"] = amounts.history(splits, labels, plan.model)
    return TrainingPlan(
        plan.dataset,
        conventions.format,
        conventions.task,
        plan.target.name,
        plan.model.name if plan.model else None,
        plan.model is not None and plan.model.named,
        plan.tokenizer.encoding if plan.tokenizer else None,
        splits,
        sum(levels[path, Severity.ERROR] for path in paths),
        sum(levels[path, Severity.WARNING] for path in paths),
        recheck(
            paths,
            target=plan.target.name if plan.target.named else None,
            model=plan.model.name if plan.model and plan.model.named else None,
            config=config,
            isolated=isolated,
        ),
        labels,
        sections,
        endpoint,
        code,
        amounts.unsaid(plan, kind, endpoint, labels, measures) if any(split.records for split in splits) else (),
    )


def _splits(files: Sequence[Checked]) -> tuple[Split, ...]:
    found: dict[str, list[Checked]] = {}
    for file in files:
        found.setdefault(file.bound.plan.split, []).append(file)
    return tuple(_split(name, own) for name, own in found.items())


def _split(name: str, files: Sequence[Checked]) -> Split:
    plan = files[0].bound.plan
    records, unreadable = sum(file.counts.records for file in files), sum(file.counts.unreadable for file in files)
    histogram: Counter[int] = sum((file.counts.tokens for file in files), Counter())
    paths = tuple(file.source.path for file in files)
    stats = TokenStats.of(histogram)
    if stats is None:
        return Split(name, paths, records, unreadable)
    limit = plan.model.max_tokens.value if plan.model and plan.model.max_tokens else None
    too_long = sum(count for tokens, count in histogram.items() if limit is not None and tokens > limit)
    counted = billed(histogram, plan.target, plan.model)
    return Split(name, paths, records, unreadable, stats.total, stats.max, counted, too_long)
