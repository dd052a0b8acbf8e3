"""The document as one page that needs nothing else: no script, no request, nothing of the data live."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from curator.profiling.diversity import Repeats
from curator.profiling.profile import Profile
from curator.reporters.text import counted, visible
from curator.reporting import accounts, charts
from curator.reporting.comparison import Comparison
from curator.reporting.document import Document
from curator.reporting.drawing import Chart
from curator.reporting.history import History
from curator.reporting.wording import (
    chance,
    figure,
    graded,
    mended,
    ordered,
    share,
    signed,
    token_notes,
    uncounted,
    usd,
)

LABELS, FUNCTIONS, SPLITS, WHOLE = 50, 50, 40, 6
"""Rows of the tables of a page, and splits that are shown with whole tables; the JSON has more."""
_PAGE, _STYLE = "page.html.j2", "page.css"
_CODE = re.compile(r"`([^`]+)`")
_SIGNS = {"errors": "✕", "warnings": "!", "remarks": "✓", "clean": "✓", "empty": "✕", "incomplete": "?"}


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure at the top of the page."""

    name: str
    value: str
    more: str


def page(document: Document, comparison: Comparison | None = None, past: History | None = None) -> str:
    """The page. All data goes through the template's escaping."""
    drawn: dict[str, list[Chart]] = {}
    if (overview := charts.overview(document)) is not None:
        drawn["findings"] = [overview]
    for section, chart in charts.of_splits(document):
        drawn.setdefault(section, []).append(chart)
    if past is not None:
        drawn["history"] = charts.of_history(past)
    text: str = (
        _environment(document)
        .get_template(_PAGE)
        .render(
            doc=document,
            style=Markup(_read(_STYLE)),
            charts=drawn,
            comparison=comparison,
            history=past,
            signs=_SIGNS,
            tiles=_tiles(document),
            sections=_sections(document, comparison, past),
            accounting=accounts.sentence(document.totals),
            clustered=[rule for rule in document.rules if rule.clusters],
            notes={"tokens": token_notes(document), "uncounted": uncounted(document)},
            label_rows=LABELS,
            function_rows=FUNCTIONS,
            split_rows=SPLITS,
            whole_splits=WHOLE,
        )
    )
    # A page is UTF-8: half a surrogate pair that came by an unforeseen way must not stop it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _read(name: str) -> str:
    return (files("curator.reporting") / name).read_text(encoding="utf-8")


def _environment(document: Document) -> Environment:
    environment = Environment(
        loader=DictLoader({_PAGE: _read(_PAGE)}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def split_name(profile: Profile) -> str:
        return charts.split_name(profile, document)

    environment.filters |= {
        "number": lambda value: f"{value:,}",
        "counted": counted,
        "share": share,
        "chance": chance,
        "text": visible,
        "spaced": _spaced,
        "svg": Markup,  # of our own drawing, cleaned
        "prose": _prose,
        "remedy": mended,
        "graded": graded,
        "split_name": split_name,
        "agreement": _agreement,
        "order": ordered,
        "usd": usd,
        "figure": figure,
        "signed": signed,
    }
    return environment


def _spaced(text: str) -> str:
    """A text in which white space counts: spaces as open boxes, line breaks spelled."""
    return visible(text.replace(" ", "␣"))


def _prose(text: str) -> Markup:
    """Text with `code` in it."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def _agreement(repeats: Repeats) -> str:
    part = repeats.agreement
    return f"{repeats.agreeing:,} ({share(part)})" if part is not None else "–"


def _tiles(document: Document) -> list[Tile]:
    train = "train only, " if len(document.splits) > 1 else ""
    sums = document.totals
    first = list(dict.fromkeys(file.target for file in document.files))
    whose = f" for {' and '.join(first)}" if len(document.verdicts) > len(first) else ""
    found = [
        Tile("Records", f"{sums.records:,}", f"in {counted(sums.files, 'file')}"),
        Tile(
            "Errors",
            f"{sums.errors:,}",
            f"on {counted(sums.lines_with_errors, 'line')}{whose}" if sums.lines_with_errors else whose.strip(),
        ),
        Tile("Warnings", f"{sums.warnings:,}", f"and {counted(sums.remarks, 'remark')}{whose}"),
    ]
    if sums.tokens is not None:
        found.append(
            Tile("Tokens", f"{sums.tokens:,}", f"{sums.tokens / max(1, sums.records):,.0f} a record on average")
        )
    if sums.usd_per_epoch is not None:
        days = sorted({p.tokens.cost.as_of for p in document.splits if p.tokens and p.tokens.cost})
        found.append(Tile("Cost per epoch", usd(sums.usd_per_epoch), f"{train}price of {', '.join(days)}"))
    labelled = [profile for profile in document.splits if profile.labels]
    if labelled and (labels := labelled[0].labels) is not None:
        of = f"in {charts.split_name(labelled[0], document)}" if len(document.splits) > 1 else ""
        even = f"normalised entropy {labels.normalised_entropy:.2f}" if labels.normalised_entropy is not None else ""
        found.append(Tile("Labels", f"{labels.distinct:,}", ", ".join(filter(None, (of, even)))))
    return found if document.files else found[:1]


def _sections(document: Document, comparison: Comparison | None, past: History | None) -> list[tuple[str, str]]:
    splits = document.splits
    understood = any(profile.examples for profile in splits)
    every: list[tuple[str, str, Any]] = [
        ("changes", "Changes", comparison),
        ("history", "History", past),
        ("files", "What was read", True),
        ("unchecked", "Not checked", True),
        ("findings", "Findings", True),
        ("tokens", "Tokens", True),
        ("labels", "Labels", any(profile.labels for profile in splits)),
        ("conventions", "Conventions", understood),
        ("tools", "Functions", any(profile.functions for profile in splits)),
        ("duplicates", "Duplicates", understood or any(rule.clusters for rule in document.rules)),
        ("splits", "Splits", len(splits) > 1),
        ("diversity", "Lengths and diversity", understood),
    ]
    return [(name, title) for name, title, there in every if there]
