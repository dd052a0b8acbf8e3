"""Which charts a report has, and what they are drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curator.findings import clip
from curator.profiling.profile import Profile
from curator.reporters.text import visible
from curator.reporting.document import Document
from curator.reporting.drawing import Bar, Chart, bars, histogram, lines
from curator.reporting.history import History
from curator.reporting.wording import share

_SHOWN = 20  # bars; the rest is one bar more
_NAME = 34  # code points of a name
_LEVELS = {"error": "error", "warning": "warning", "info": "info"}
_SPLITS = 6  # splits that have charts of their own
_COMPARED = 8  # labels whose shares in each split stand beside each other


def shown(name: str) -> str:
    """A name from the data for a chart: short, and with what cannot be seen spelled out."""
    if not name.strip(" "):
        return "(empty)" if not name else "␣" * min(len(name), _NAME)
    return clip(visible(name), _NAME)


def overview(document: Document) -> Chart | None:
    """Findings by rule."""
    rows = [
        Bar(
            f"{rule.code} {rule.name}",
            {_LEVELS[level]: count for level, count in rule.by_severity.items()},
            f"{rule.count:,}",
        )
        for rule in document.rules[:_SHOWN]
    ]
    if rest := document.rules[_SHOWN:]:
        count = sum(rule.count for rule in rest)
        rows.append(Bar(f"{len(rest)} other rules", {"others": count}, f"{count:,}"))
    kinds = {kind for row in rows for kind in row.parts}
    words = {"error": "errors", "warning": "warnings", "info": "remarks", "others": "other rules"}
    legend = {kind: text for kind, text in words.items() if kind in kinds}
    return bars("findings", "Findings by rule", rows, "Findings", legend if len(legend) > 1 else None)


def of_splits(document: Document) -> Iterator[tuple[str, Chart]]:
    """The charts of the profiles, each with the section that it belongs to."""
    drawn = document.splits[:_SPLITS]
    for number, profile in enumerate(drawn):
        of = f" · {split_name(profile, document)}" if len(document.splits) > 1 else ""
        for section, chart in (
            ("tokens", _tokens(profile, f"tokens-{number}", of)),
            ("labels", _labels(profile, f"labels-{number}", of)),
            ("lengths", _lengths(profile, number, "inputs", of)),
            ("lengths", _lengths(profile, number, "answers", of)),
            ("tools", _calls(profile, f"calls-{number}", of)),
        ):
            if chart is not None:
                yield section, chart
    if len(document.splits) > 1:
        if (chart := _sizes(document)) is not None:
            yield "splits", chart
        if (chart := _shares(drawn, document)) is not None:
            yield "splits", chart


def split_name(profile: Profile, document: Document) -> str:
    """What tells a split from the others of the report."""
    datasets = {other.dataset for other in document.splits}
    name = shown(profile.dataset.rpartition("/")[2])
    if len(datasets) == 1:
        return profile.split
    several = sum(other.dataset == profile.dataset for other in document.splits) > 1
    return f"{name} ({profile.split})" if several else name


def _tokens(profile: Profile, name: str, of: str) -> Chart | None:
    found = profile.tokens
    if found is None:
        return None
    limit = (found.limit, f"limit {found.limit:,}") if found.limit else None
    spread = found.spread
    return histogram(name, f"Tokens per record{of}", spread.bins, spread.logarithmic, "Tokens per record", limit)


def _labels(profile: Profile, name: str, of: str) -> Chart | None:
    found = profile.labels
    if found is None or not found.records:
        return None
    rows = [
        Bar(
            shown(label.label),
            {"bar": label.records},
            f"{label.records:,} · {share(label.records / found.records)}",
        )
        for label in found.labels[:_SHOWN]
    ]
    if found.distinct > _SHOWN:
        count = found.records - sum(label.records for label in found.labels[:_SHOWN])
        rows.append(Bar(f"{found.distinct - _SHOWN:,} other labels", {"others": count}, f"{count:,}"))
    return bars(name, f"Records by label{of}", rows, "Records")


def _lengths(profile: Profile, number: int, what: str, of: str) -> Chart | None:
    spread = profile.inputs if what == "inputs" else profile.answers
    if spread is None or (what == "answers" and profile.labels is not None):
        return None
    title = f"Length of {what}{of}"
    return histogram(f"{what}-{number}", title, spread.bins, spread.logarithmic, "Characters")


def _calls(profile: Profile, name: str, of: str) -> Chart | None:
    rows = []
    for function in [f for f in profile.functions if f.calls][:_SHOWN]:
        bad = min(function.calls, max(function.invalid, function.broken))
        parts = {"bar": function.calls - bad, "error": bad} if bad else {"bar": function.calls}
        says = f"{function.calls:,}" + (f", {bad:,} with a finding" if bad else "")
        rows.append(Bar(shown(function.name), parts, says))
    is_mixed = any("error" in row.parts for row in rows)
    legend = {"bar": "arguments without a finding", "error": "with a finding"} if is_mixed else None
    return bars(name, f"Calls by function{of}", rows, "Calls", legend)


def _sizes(document: Document) -> Chart | None:
    whole = sum(profile.records for profile in document.splits) or 1
    rows = [
        Bar(split_name(p, document), {"bar": p.records}, f"{p.records:,} · {share(p.records / whole)}")
        for p in document.splits[:_SHOWN]
    ]
    return bars("sizes", "Records by split", rows, "Records")


def _shares(profiles: Sequence[Profile], document: Document) -> Chart | None:
    """The labels of the splits of one dataset beside each other."""
    labelled = [(p.split, p.labels) for p in profiles if p.labels and p.labels.records]
    if len(labelled) < 2 or len({p.dataset for p in profiles if p.labels}) > 1:
        return None
    shares = [(split, {own.label: own.records / of.records for own in of.labels}) for split, of in labelled[:3]]
    every = list(dict.fromkeys(label for _, found in shares for label in found))
    most = sorted(every, key=lambda label: -max(found.get(label, 0) for _, found in shares))[:_COMPARED]
    rows = [
        Bar(f"{shown(label)} · {split}", {kind: 100 * found.get(label, 0)}, share(found.get(label, 0)))
        for label in most
        for kind, (split, found) in zip(("bar", "second", "others"), shares, strict=False)
    ]
    title = "Labels in each split" if len(most) == len(every) else f"The {len(most)} most frequent labels in each split"
    return bars("shares", title, rows, "Share of the split's records, %", ticks=range(0, 101, 20))


def of_history(past: History) -> list[Chart]:
    """How the figures moved from version to version; none where there is one version alone."""
    runs = past.versions
    times = [visible(run.day[5:]) for run in runs]
    records = {"bar": ("records", [r.records for r in runs])}
    drawn = [
        lines("history-records", "Records by version", times, records, "Records"),
        lines(
            "history-findings", "Findings by version", times,
            {
                "error": ("errors", [r.errors for r in runs]),
                "warning": ("warnings", [r.warnings for r in runs]),
                "info": ("remarks", [r.remarks for r in runs]),
            },
            "Findings",
        ),
        lines("history-tokens", "Tokens by version", times, {"bar": ("tokens", [r.tokens for r in runs])}, "Tokens"),
        lines(
            "history-balance", "Balance of the labels by version", times,
            {"bar": ("balance", [r.balance for r in runs])}, "Normalised entropy, 1 is even", top=1.0,
        ),
    ]  # fmt: skip
    return [chart for chart in drawn if chart is not None]
