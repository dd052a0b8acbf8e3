"""The document as Markdown: what fits a pull request's comment or a job's summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from curator.reporters.markdown import LIMIT, coded, fenced, table
from curator.reporters.text import counted
from curator.reporting import accounts
from curator.reporting.charts import split_name
from curator.reporting.comparison import Comparison
from curator.reporting.document import Document, RuleFound, Sample
from curator.reporting.history import History
from curator.reporting.wording import chance, figure, graded, mended, share, signed, token_notes, uncounted, usd

_END = 1_000  # bytes kept for what is said of hidden parts
_LABELS, _VERSIONS, _SPLITS, _WHOLE = 20, 10, 40, 6
_SIGNS = {"errors": "❌", "warnings": "⚠️", "remarks": "✅", "clean": "✅", "empty": "❌", "incomplete": "❓"}


def page(document: Document, comparison: Comparison | None = None, past: History | None = None) -> str:
    """The page, in fewer than LIMIT bytes: parts that do not fit are left out, and that is said.

    Whatever comes from data, paths or settings stands in code spans and fenced blocks only.
    """
    parts = ["## Dataset report", *_verdicts(document), accounts.sentence(document.totals) + "."]
    later = [
        _comparison(comparison),
        _history(past),
        _found(document),
        _tokens(document),
        _labels(document),
        _splits(document),
        _unchecked(document),
        *(_samples(rule) for rule in document.rules),
    ]
    room = LIMIT - _END - _size("\n\n".join(parts))
    hidden = 0
    for part in filter(None, later):
        if _size(part) + 2 <= room:
            parts.append(part)
            room -= _size(part) + 2
        else:
            hidden += 1
    if hidden:
        parts.append(
            f"{counted(hidden, 'more part')} left out, because a comment holds no more; `-o report.html` has all."
        )
    parts.append(f"<sub>curator {document.tool}, {document.created}, content {document.content[:12]}</sub>")
    return "\n\n".join(parts) + "\n"


def _verdicts(document: Document) -> Iterable[str]:
    for verdict in document.verdicts:
        target = coded(verdict.target) if verdict.target else "no target"
        yield f"{_SIGNS[verdict.outcome]} {target}: **{verdict.sentence}**"
        if verdict.why:
            yield fenced([verdict.why])


def _comparison(found: Comparison | None) -> str:
    if found is None:
        return ""
    rows = [(d.name, figure(d.before), figure(d.now), signed(d.change)) for d in found.figures]
    rows += [(_rule(d.name, found.names), figure(d.before), figure(d.now), signed(d.change)) for d in found.rules]
    rows += [(coded(d.name), f"{d.before:.1f}%", f"{d.now:.1f}%", f"{d.change:+.1f} points") for d in found.labels]
    same = ", which was of the same data" if found.same_content else ""
    notes = "".join(f" Note: {note}." for note in found.notes)
    of = f" of {coded(found.before.day)}" if found.before.created else ""
    head = f"### Since the earlier report\n\nAgainst {coded(found.path)}{of}{same}.{notes}"
    return f"{head}\n\n{table(('figure', 'before', 'now', 'change'), rows, 'figures')}"


def _history(past: History | None) -> str:
    if past is None:
        return ""
    rows = [
        (
            coded(run.day),
            figure(run.records),
            figure(run.errors),
            figure(run.warnings),
            figure(run.tokens),
            figure(run.balance),
        )
        for run in past.versions[-_VERSIONS:]
    ]
    head = ("version", "records", "errors", "warnings", "tokens", "balance")
    more = f"\n\nPassed over, no reports or of a newer curator: {coded(past.others)}" if past.others else ""
    return f"### History\n\n{table(head, rows, 'versions')}{more}"


def _found(document: Document) -> str:
    if not document.rules:
        return "Nothing was found." if document.files else "Nothing was checked."
    rows = [
        (_rule(r.code, {r.code: r.name}), graded(r) if len(r.by_severity) > 1 else r.severity, f"{r.count:,}")
        for r in document.rules
    ]
    return f"### Findings\n\n{table(('rule', 'severity', 'count'), rows, 'rules')}"


def _rule(code: str, names: Mapping[str, str]) -> str:
    return f"{coded(code)} {coded(names[code])}" if names.get(code) else coded(code)


def _tokens(document: Document) -> str:
    rows = [
        (
            coded(split_name(p, document)), f"{t.spread.total:,}", f"{t.spread.median:,}", f"{t.spread.p95:,}",
            f"{t.spread.max:,}", f"{t.over_limit:,}" if t.limit else "–", usd(t.cost.usd_per_epoch) if t.cost else "–",
        )
        for p in document.splits[:_SPLITS]
        if (t := p.tokens) is not None
    ]  # fmt: skip
    if not rows:
        return ""
    head = ("split", "tokens per epoch", "median", "95th percentile", "most", "over the limit", "cost per epoch")
    notes = [*token_notes(document), *filter(None, [uncounted(document)])]
    return f"### Tokens\n\n{table(head, rows, 'splits')}\n\n{fenced(notes)}"


def _labels(document: Document) -> str:
    parts = []
    for profile in document.splits[:_WHOLE]:
        found = profile.labels
        if found is None:
            continue
        rows = [
            (
                coded(label.label),
                f"{label.records:,}",
                share(label.records / max(1, found.records)),
                f"{label.tokens or '–'}",
            )
            for label in found.labels[:_LABELS]
        ]
        even = f", normalised entropy {found.normalised_entropy:.3f}" if found.normalised_entropy is not None else ""
        more = f"\n\nAnd {counted(found.distinct - _LABELS, 'more label')}." if found.distinct > _LABELS else ""
        head = f"{coded(split_name(profile, document))}: {counted(found.distinct, 'label')}{even}."
        parts.append(f"{head}\n\n{table(('label', 'records', 'share', 'tokens'), rows, 'labels')}{more}")
    return "### Labels\n\n" + "\n\n".join(parts) if parts else ""


def _splits(document: Document) -> str:
    if not document.drifts:
        return ""
    several = len({d.dataset for d in document.drifts}) > 1
    rows = [
        (
            coded(f"{d.dataset} ({d.split})" if several else d.split),
            f"{d.inputs:,}",
            f"{d.in_train:,}",
            figure(d.label_distance),
            chance(d.label_p),
        )
        for d in document.drifts
    ]
    return f"### Splits\n\n{table(('split', 'inputs', 'also in train', 'label distance', 'p'), rows, 'splits')}"


def _unchecked(document: Document) -> str:
    notes = [f"{note.what}: {note.why}" for note in document.not_checked]
    failed = [failure.message for failure in document.failures]
    parts = [f"### What failed\n\n{fenced(failed[:10])}"] if failed else []
    parts += [f"### Not checked\n\n{fenced(notes[:20])}"] if notes else []
    return "\n\n".join(parts)


def _samples(rule: RuleFound) -> str:
    lines = [line for sample in rule.samples for line in _sample(sample)]
    how = mended(rule.remedy, rule)
    how = fenced([how]) if rule.remedy.title or rule.remedy.command else how
    head = f"<details><summary>{rule.code}: {rule.count:,}</summary>"
    return f"{head}\n\n{fenced(lines)}\n\n{how}\n\n</details>"


def _sample(sample: Sample) -> Sequence[str]:
    place = f"{sample.path}:{sample.line}:{sample.column}" if sample.line else sample.path
    shown = f"{sample.before[-60:]}⟦{sample.marked}⟧{sample.after[:60]}" if sample.marked else sample.before[:160]
    return [f"{place}: {sample.message}", *([f"  {shown}"] if shown else [])]


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
