"""The profile of one split of a dataset: plain values, made of what the scan has counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curator import formats
from curator.binning import Bin, binned
from curator.call_habits import CallHabits
from curator.engine import Checked
from curator.plan import Plan
from curator.prices import billed, price
from curator.profiling.diversity import Diversity, Repeats, diversity, repeats
from curator.profiling.habits import Habits
from curator.profiling.labelling import Labelling, Train, labelling
from curator.profiling.tally import Tally
from curator.report import FileCounts, percentile

_FUNCTIONS = 200  # that are listed


@dataclass(frozen=True, slots=True)
class Spread:
    """How numbers are distributed; percentiles by nearest rank, so each is a value that occurs."""

    count: int
    total: int
    mean: float
    min: int
    p5: int
    median: int
    p95: int
    p99: int
    max: int
    logarithmic: bool
    """Whether the bins grow tenfold from decade to decade."""
    bins: list[Bin]

    @classmethod
    def of(cls, counts: Mapping[int, int], limit: int | None = None) -> Spread | None:
        """The distribution of numbers that are counted; None where there are none. No bin reaches across `limit`."""
        ordered = sorted((value, count) for value, count in counts.items() if count)
        if not ordered:
            return None
        number, total = sum(count for _, count in ordered), sum(value * count for value, count in ordered)
        p5, median, p95, p99 = (percentile(ordered, percent) for percent in (5, 50, 95, 99))
        found = binned(counts, limit)
        return cls(
            number, total, total / number, ordered[0][0], p5, median, p95, p99, ordered[-1][0],
            found.logarithmic, found.bins,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """What the target asked for training, by its published price; no price is ever guessed."""

    usd_per_epoch: float
    usd_per_million_tokens: float
    source: str
    as_of: str
    gone: str
    """The date from which the source lists the price no more; "" where that is not known."""
    note: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of the examples, as the model's own tokenizer counts them."""

    model: str
    model_named: bool
    encoding: str
    limit: int | None
    """Of one example."""
    limit_source: str
    limit_verified: bool
    over_limit: int
    """Examples beyond it."""
    trained: int
    """In the turns that are trained on."""
    billed: int
    """Of an epoch, those left out that the target cuts off."""
    spread: Spread
    cost: Cost | None
    """None where no price per token is known, and for held-out splits, which nobody bills."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how often it is declared, called, and called with arguments that are no JSON object."""

    name: str
    declared: int
    calls: int
    broken: int
    undeclared: int
    """Calls in examples that declare functions, but not this one."""
    invalid: int
    """Calls whose arguments a rule objects to, the broken ones among them."""
    order: tuple[str, ...]
    """The usual order of its properties; empty where it is the declared one, or none is settled."""
    order_share: float | None
    """Of the calls that keep it; None where no call has two properties."""
    order_settled: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """One split of one dataset."""

    dataset: str
    split: str
    paths: tuple[str, ...]
    habits: Habits
    records: int
    examples: int
    """Records in a known format."""
    answered: int
    tokens: Tokens | None
    turns: Spread | None
    inputs: Spread | None
    """Lengths in code points, exact to three digits."""
    answers: Spread | None
    labels: Labelling | None
    functions: tuple[Function, ...]
    repeats: Repeats
    diversity: Diversity | None


@dataclass(frozen=True, slots=True)
class Profiled:
    """A profile and the tally it was made of, for comparing splits."""

    profile: Profile
    tally: Tally


def profiles(files: Sequence[Checked]) -> list[Profiled]:
    """The profile of each split, in the order of the files."""
    found: dict[tuple[str, str], tuple[Plan, list[str], FileCounts]] = {}
    for file in files:
        plan = file.bound.plan
        _, paths, counts = found.setdefault((plan.dataset, plan.split), (plan, [], FileCounts(tally=Tally())))
        paths.append(file.source.path)
        counts.merge(file.counts)
    train = {
        dataset: Train.of(counts.tally, plan.conventions)
        for (dataset, split), (plan, _, counts) in found.items()
        if split == "train" and counts.tally is not None
    }
    return [
        _profiled(plan, tuple(paths), counts, train.get(dataset) if split != "train" else None)
        for (dataset, split), (plan, paths, counts) in found.items()
    ]


def _profiled(plan: Plan, paths: tuple[str, ...], counts: FileCounts, train: Train | None) -> Profiled:
    tally, own = counts.tally or Tally(), plan.conventions
    profile = Profile(
        plan.dataset,
        plan.split,
        paths,
        Habits.of(own),
        counts.records,
        tally.examples,
        tally.answered,
        _tokens(plan, counts.tokens, tally.trained),
        Spread.of(tally.turns),
        Spread.of(tally.asked),
        Spread.of(tally.said),
        labelling(tally, own, plan.tokenizer, train),
        _functions(dict(tally.calls.items()), own.calls),
        repeats(tally.inputs),
        diversity(tally.words),
    )
    return Profiled(profile, tally)


def _tokens(plan: Plan, counts: Counter[int], trained: int) -> Tokens | None:
    model = plan.model
    limit = model.max_tokens.value if model and model.max_tokens else None
    spread = Spread.of(counts, limit)
    if model is None or model.encoding is None or spread is None:
        return None
    figure = model.max_tokens
    over = sum(count for tokens, count in counts.items() if limit is not None and tokens > limit)
    source = f"{figure.source}, {figure.as_of}" if figure else ""
    epoch = billed(counts, plan.target, model)
    return Tokens(
        model.name, model.named, model.encoding, limit, source, figure.verified if figure else True, over, trained,
        epoch, spread, _cost(plan, epoch),
    )  # fmt: skip


def _cost(plan: Plan, tokens: int) -> Cost | None:
    kind = formats.kind(plan.conventions.format)
    known = price(plan.target, plan.model, kind) if plan.split == "train" else None
    usd = known.cost(tokens, 1) if known else None
    if known is None or usd is None or known.usd_per_million_tokens is None:
        return None
    return Cost(usd, known.usd_per_million_tokens, known.source, known.as_of, known.gone, known.note)


def _functions(counts: Mapping[tuple[str, ...], int], habits: CallHabits) -> tuple[Function, ...]:
    found = []
    for name in {name for name, _ in counts}:
        order = habits.orders.get(name) or habits.unsettled.get(name)
        declared, calls, broken, undeclared = (
            counts.get((name, what), 0) for what in ("declared", "called", "broken", "undeclared")
        )
        share, properties = (order.share, order.properties) if order else (None, ())
        settled = name in habits.orders
        found.append(Function(name, declared, calls, broken, undeclared, broken, properties, share, settled))
    return tuple(sorted(found, key=lambda item: (-item.calls, -item.declared, item.name))[:_FUNCTIONS])
