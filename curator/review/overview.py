"""What the Overview says: the verdict, the figures, the charts, and what is known of each file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import altair as alt

from curator.endings import Habit
from curator.plan import Plan
from curator.reporters.text import counted
from curator.review import views
from curator.review.charts import overview as charts
from curator.review.charts.drawn import Drawn
from curator.review.charts.overview import ClusterCount, RuleCount
from curator.review.index.counting import Statistics
from curator.review.index.format import Summary
from curator.review.index.queries import Index
from curator.review.rendering.escaping import brief, escape, label, whole
from curator.review.states import Filter
from curator.review.workspace import Workspace

_MOST = 50  # findings of files that are listed
_TEXT = 60  # code points of a convention that are shown
_AROUND = 90  # pixels that a chart takes beside its own: title, table, gaps
_Name = TypeVar("_Name", int, str)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the check came to, in numbers."""

    records: int
    """Lines that cannot be read among them."""
    unreadable: int
    files: int
    flagged: int
    findings: Mapping[str, int]
    """By severity."""
    flagged_by: Mapping[str, int]
    """Records by their worst severity."""
    tokens: int | None
    """None while nothing is counted, or where no tokenizer is known."""
    counted: int = 0
    """Records that these tokens are of: files without a tokenizer have none."""

    @classmethod
    def of(cls, summary: Summary, index: Index) -> Figures:
        """The figures of a check."""
        of_files = [item.tokens for item in index.statistics().values()]
        unreadable = sum(item["unreadable"] for item in summary.inputs)
        return cls(
            sum(item["records"] for item in summary.inputs) + unreadable,
            unreadable,
            len(summary.inputs),
            summary.items,
            summary.by_severity,
            index.counts_by("severity", Filter()),
            sum(tokens * n for counts in of_files for tokens, n in counts.items()) or None,
            sum(counts.total() for counts in of_files),
        )


def verdict(figures: Figures, targets: Sequence[str]) -> tuple[str, str]:
    """What the data is worth, in one sentence and a second that explains it."""
    among = f"of {counted(figures.records, 'record')}"
    if figures.findings.get("error"):
        errors, records = figures.findings["error"], figures.flagged_by.get("error", 0)
        # A finding of a file as a whole is in no record.
        where = f" in {records:,} {among}" if records else ""
        judge = targets[0] if len(targets) == 1 and targets[0] != "generic" else "the target"
        return (
            f"{counted(errors, 'error')}{where}.",
            f"An error is what {judge} refuses, or what is certainly wrong to train on: decide on these first.",
        )
    if figures.findings.get("warning"):
        warnings, records = figures.findings["warning"], figures.flagged_by.get("warning", 0)
        where = f" in {records:,} {among}" if records else ""
        return f"No errors; {counted(warnings, 'warning')}{where}.", "A warning is what probably harms: look at each."
    if figures.findings.get("info"):
        return (
            f"No errors and no warnings; {counted(figures.findings['info'], 'remark')}.",
            "A remark is worth knowing, and needs no decision.",
        )
    if not figures.records:
        return "There are no records.", "The files are empty, or nothing in them could be read."
    return f"Nothing is flagged in {counted(figures.records, 'record')}.", "What was not checked stands below."


def tiles(figures: Figures) -> str:
    """The four figures, as HTML."""
    other = ", ".join(
        counted(figures.findings.get(level, 0), name) for level, name in (("warning", "warning"), ("info", "remark"))
    )
    shown = [
        ("Records", f"{figures.records:,}", _records(figures)),
        ("Flagged records", f"{figures.flagged:,}", _share(figures.flagged, figures.records)),
        ("Errors", f"{figures.findings.get('error', 0):,}", f"and {other}"),
        ("Tokens", "–" if figures.tokens is None else _short(figures.tokens), _tokens(figures)),
    ]
    inside = "".join(
        f'<div class="cu-tile"><div class="cu-quiet">{name}</div><div class="cu-figure">{value}</div>'
        f'<div class="cu-quiet">{more}</div></div>'
        for name, value, more in shown
    )
    return whole(f'<div class="cu-tiles">{inside}</div>')


def _records(figures: Figures) -> str:
    told = f"in {counted(figures.files, 'file')}"
    return f"{told}, {figures.unreadable:,} unreadable" if figures.unreadable else told


def _tokens(figures: Figures) -> str:
    if figures.tokens is None:
        return "no tokenizer is known"
    told = f"{figures.tokens / max(1, figures.counted):,.0f} a record"
    is_all = figures.counted >= figures.records - figures.unreadable
    return told if is_all else f"{told}, of the {figures.counted:,} that are counted"


def _short(number: int) -> str:
    for size, sign in ((10**9, "G"), (10**6, "M")):
        if number >= size:
            return f"{number / size:.3g} {sign}"
    return f"{number:,}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}% of all" if whole else ""


# --- charts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with the words around it."""

    title: str
    note: str
    """Under the title; "" for nothing."""
    drawn: Drawn


def _picture(title: str, note: str, drawn: Drawn | None) -> list[Picture]:
    return [Picture(title, note, drawn)] if drawn is not None else []


def pictures(workspace: Workspace) -> list[Picture]:
    """The charts, the first the most telling; those that would show nothing are left out."""
    index = workspace.index
    plans = {file.number: workspace.plan(file.number) for file in workspace.files()}
    by_file = index.statistics()
    statistics = list(by_file.values())
    clusters = (ClusterCount(*row) for row in index.cluster_counts())
    return [
        *_picture("Findings by rule", "a bar leads to its records", _findings(workspace)),
        *_token_charts(plans, by_file),
        *_picture("Labels", "", charts.labels(_sum(item.labels for item in statistics))),
        *_picture("Turns", "", charts.turns(_sum(item.turns for item in statistics))),
        *_picture("Functions called", _uncalled(statistics), charts.tools(_sum(item.calls for item in statistics))),
        *_picture("Clusters", "records that a rule speaks of together", charts.clusters(clusters)),
        *_splits(workspace),
    ]


def _findings(workspace: Workspace) -> Drawn | None:
    rules = workspace.rules()
    found = workspace.index.summary().severities
    return charts.findings(
        RuleCount(code, rules[code].name if code in rules else "", counts) for code, counts in found.items()
    )


def _token_charts(plans: Mapping[int, Plan], by_file: Mapping[int, Statistics]) -> list[Picture]:
    """The tokens against the limit; one chart for each limit."""
    by_limit: dict[int | None, Counter[int]] = {}
    models: dict[int | None, list[str]] = {}
    for number, item in by_file.items():
        model = plans[number].model
        limit = model.max_tokens.value if model and model.max_tokens else None
        by_limit.setdefault(limit, Counter()).update(item.tokens)
        models.setdefault(limit, []).append(model.name if model else "")
    found: list[Picture] = []
    for limit, tokens in sorted(by_limit.items(), key=lambda item: item[0] or 0):
        names = ", ".join(dict.fromkeys(filter(None, models[limit])))
        found += _picture("Tokens", names if limit else f"{names}: no limit is known", charts.tokens(tokens, limit))
    return found


def _uncalled(statistics: Iterable[Statistics]) -> str:
    declared: set[str] = set()
    called: set[str] = set()
    for item in statistics:
        declared |= set(item.declared)
        called |= set(item.calls)
    never = len(declared - called)
    return f"{counted(never, 'declared function')} never called" if never else ""


def _splits(workspace: Workspace) -> list[Picture]:
    records: dict[str, int] = {}
    for file in workspace.files():
        records[file.split] = records.get(file.split, 0) + file.records
    return _picture("Splits", "", charts.splits(records)) if len(records) > 1 else []


def _sum(counts: Iterable[Counter[_Name]]) -> Counter[_Name]:
    added: Counter[_Name] = Counter()
    for item in counts:
        added.update(item)
    return added


def columns(pictures: Sequence[Picture]) -> tuple[list[Picture], list[Picture]]:
    """The charts in two columns of about the same height, each in its order."""
    left: list[Picture] = []
    right: list[Picture] = []
    heights = [0.0, 0.0]
    for picture in pictures:
        shorter = heights[1] < heights[0]
        (right if shorter else left).append(picture)
        heights[shorter] += float(picture.drawn.chart.height) + _AROUND
    return left, right


def table(picture: Picture) -> str:
    """What a chart shows as an HTML table, each row with a link to its records."""
    data = _data(picture.drawn).drop_duplicates("bar", keep="last")  # the last part of a bar speaks for all of it
    is_histogram = "range" in data
    head, unit = ("Range", "Records") if is_histogram else (picture.title, "Count")
    rows = []
    for number, name, count, says in zip(
        data["bar"], data["range" if is_histogram else "name"], data["count" if is_histogram else "total"],
        data["kind" if is_histogram else "says"], strict=True,
    ):  # fmt: skip
        shown = picture.drawn.filters[number]
        text = brief(str(name), 80)
        link = f'<a href="{escape(views.address(shown))}" target="_self">{text}</a>' if shown else text
        rows.append(f'<tr><td>{link}</td><td class="cu-number">{count:,}</td><td>{brief(str(says), 80)}</td></tr>')
    top = f'<tr><th>{head}</th><th class="cu-number">{unit}</th><th></th></tr>'
    return whole(f'<table class="cu-table">{top}{"".join(rows)}</table>')


def _data(drawn: Drawn) -> Any:
    """The rows behind a chart, which Altair keeps with all of its layers where they share them."""
    chart: Any = drawn.chart
    return chart.data if chart.data is not alt.Undefined else chart.layer[0].data


# --- words --------------------------------------------------------------------------------------


def conventions(workspace: Workspace) -> str:
    """What each file does as a habit, as an HTML table; what is missing in all of them is left out."""
    rows = []
    for file in workspace.files():
        plan = workspace.plan(file.number)
        found = plan.conventions
        rows.append(
            {
                "File": brief(file.path, 80),
                "Split": brief(file.split, 20),
                "Format": brief(found.format or "none known", 40),
                "Task": brief(found.task, 20),
                "Separator": _habits(found.separators),
                "Stop sequence": _habits([found.stop] if found.stop else []),
                "Labels": f"{len(found.labels):,}" if found.labels else "",
                "System prompts": _systems(found.system_prompts, found.systems),
                "Target": brief(plan.target.name + (f" · {plan.model.name}" if plan.model else ""), 60),
                "Said in the settings": brief(", ".join(sorted(found.pinned)), 60),
            }
        )
    names = [name for name in rows[0] if any(row[name] for row in rows)] if rows else []
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{row[name]}</td>' for name in names)}</tr>" for row in rows)
    return whole(f'<table class="cu-table"><tr>{head}</tr>{body}</table>')


def _habits(found: Iterable[Habit]) -> str:
    return "<br>".join(
        f"<code>{escape(habit.text[:_TEXT], visible=True)}</code> {100 * habit.share:.0f}%" for habit in found
    )


def _systems(count: int, common: Sequence[Habit]) -> str:
    if not count:
        return ""
    first = next((habit for habit in common if habit.text), None)
    return f"{count:,}" + (f": <i>{brief(first.text, _TEXT)}</i> {100 * first.share:.0f}%" if first else "")


def unchecked(summary: Summary) -> str:
    """What was not checked and why, as an HTML list; "" for nothing."""
    items = "".join(
        f"<li><b>{brief(note.what, 200)}</b>{f' — {brief(note.why, 400)}' if note.why else ''}</li>"
        for note in summary.not_checked
    )
    return whole(f'<ul class="cu-list">{items}</ul>') if items else ""


def suppressed(summary: Summary) -> str:
    """What was accepted before this review, as a line of HTML; "" for nothing."""
    if not summary.suppressed and not summary.stale:
        return ""
    rules = ", ".join(f"{escape(code)} {count:,}" for code, count in summary.suppressed.items())
    told = f"{counted(sum(summary.suppressed.values()), 'finding')} accepted before: {rules}." if rules else ""
    stale = f" {counted(summary.stale, 'suppression')} no longer match anything." if summary.stale else ""
    return whole(f'<p class="cu-quiet">{told}{stale}</p>')


def general(index: Index) -> str:
    """What was found of files as a whole, a line each, as HTML; "" for nothing."""
    found = sorted(index.general(), key=lambda finding: (-finding.severity, finding.path, finding.line or 0))
    lines = [
        f'<div class="cu-finding"><span class="cu-label cu-level cu-{finding.severity}">{finding.severity}</span>'
        f"{label(finding.code, str(finding.severity))}"
        f"<span><b>{brief(finding.path, 80)}</b>{f' line {finding.line:,}' if finding.line else ''}: "
        f"{brief(finding.message, 400)}</span></div>"
        for finding in found[:_MOST]
    ]
    if len(found) > _MOST:
        lines.append(f'<div class="cu-quiet">… and {len(found) - _MOST:,} more</div>')
    return whole(f'<div class="cu-findings">{"".join(lines)}</div>') if lines else ""
