"""Data Docs: the outcome and the contract as two pages that load nothing, run nothing, and open from disk.

Great Expectations renders each section; its own pages around them load sixteen files from elsewhere and an image that
reports each view, so that these are left out. Three things keep the data inert, each by itself: only names and
numbers are handed over, the HTML is cut down to text and tables, and the policy of the page forbids the rest.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from importlib.resources import files
from itertools import islice
from typing import Any

from curator.contracts.clauses import listed
from curator.contracts.contract import FIGURES
from curator.contracts.features import FEATURES, FLAG, HABIT, HABITS
from curator.contracts.inert import inert
from curator.contracts.naming import name
from curator.contracts.outcome import LEVELS, broken, verdict
from curator.contracts.running import Held
from curator.contracts.validating import quiet
from curator.curation.outputs import together
from curator.errors import UsageError
from curator.reporters.text import counted

_PAGES = (("Outcome", "index.html"), ("Contract", "contract.html"))
_PLACE = "line"
_VALUES, _ROWS = 20, 100_000
"""Values of an expectation that are listed, and records that they are counted among."""
_ONE = re.compile(r"\b(?<![,.])1 unexpected values found")
_NOTHING = re.compile(r"<li[^>]*>\s*</li>")
_OWN = "Data Docs, rendered by Great Expectations"


def refuse(folder: str) -> None:
    """Raises UsageError where pages in the folder would take the place of what curator did not write."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(f"{folder}: is no folder")
    for _, page in _PAGES:
        path = os.path.join(folder, page)
        if os.path.islink(path):
            raise UsageError(f"{path}: is a symbolic link; name another folder for --docs")
        if os.path.exists(path) and not _is_own(path):
            raise UsageError(f"{path}: is there already, and not of Data Docs; name another folder for --docs")


def _is_own(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return _OWN in file.read()
    except OSError:
        return False


def write(held: Held, folder: str) -> str:
    """Write both pages; what comes back is the path of the first. Raises UsageError where they cannot be written."""
    texts = [_outcome(held), _contract(held)]
    paths = [os.path.join(folder, page) for _, page in _PAGES]
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}") from None
    with together(paths) as streams:
        for stream, text in zip(streams, texts, strict=True):
            stream.write(text.encode("utf-8", "replace"))
    return paths[0]


def _outcome(held: Held) -> str:
    with quiet():
        from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

        document = ValidationResultsPageRenderer().render(_placed(held))
        sections = dict(_sections(document))
    failing: dict[str, str] = {}
    for item in broken(held):  # the severest first
        failing.setdefault(str(item.clause.kwargs.get("column", "")), LEVELS[item.clause.severity])
    undecided = {str(o.clause.kwargs.get("column", "")) for o in held.validation.outcomes if o.failure} - failing.keys()
    groups = [
        ("What is broken", failing.keys()),
        ("What could not be decided", undecided),
        ("What is kept", sections.keys() - failing.keys() - undecided),
    ]
    lines = [
        _read(held),
        _learned(held),
        "Of each value the first records are listed, by their line; curator contract check --show N lists more.",
    ]
    return _page(
        _PAGES[0][1],
        title=f"{listed(list(dict.fromkeys(held.table.paths)), ', ')} against its contract",
        verdict=verdict(held),
        kept=not undecided and set(failing.values()) <= {"info"},
        lines=lines,
        groups=[(title, _group(sections, columns, failing)) for title, columns in groups if columns],
    )


def _contract(held: Held) -> str:
    with quiet():
        from great_expectations.render.renderer.page_renderer import ExpectationSuitePageRenderer

        renderer: Any = ExpectationSuitePageRenderer()
        document = renderer.render(held.validation.suite)
        sections = dict(_sections(document))
    figures = [
        (FEATURES[column], *(f"{row[key]:,.{key == 'mean':d}f}" for key in FIGURES))
        for column, row in held.contract.learned.figures.items()
        if column in FEATURES
    ]
    return _page(
        _PAGES[1][1],
        title="The contract",
        lines=[_learned(held), "Each expectation, and below it what it was learned from and what is let pass."],
        figures=figures,
        groups=[("What is expected", _group(sections, sections.keys(), {}))],
    )


def _group(sections: Mapping[str, str], columns: Set[str], levels: Mapping[str, str]) -> list[tuple[str, str]]:
    """The sections of these columns in the order of the features, each with its heading and how severe it is."""
    order = ["readable", "in_format", "", *FEATURES]
    known = sorted(columns, key=lambda column: (order.index(column) if column in order else len(order), column))
    titles = {
        column: f"{levels[column]}: {_heading(column)}" if column in levels else _heading(column) for column in known
    }
    return [(titles[column], sections[column]) for column in known if column in sections]


def _read(held: Held) -> str:
    unreadable = len(held.table) - held.table.readable
    more = f", and {counted(unreadable, 'line')} that no record can be read from" if unreadable else ""
    return f"It holds {counted(held.table.readable, 'record')}{more}."


def _learned(held: Held) -> str:
    learned = held.contract.learned
    sources = listed(list(map(name, learned.files)), ", ")
    return (
        f"The contract was learned from {sources}: {learned.records:,} records in the format {learned.format}, "
        f"on {learned.when}."
    )


def _sections(document: Any) -> Iterator[tuple[str, str]]:
    """The sections of a document but its overview, by the column they are about, as inert HTML."""
    from great_expectations.render.view.view import DefaultJinjaSectionView

    view: Any = DefaultJinjaSectionView()
    for number, section in enumerate(document.to_json_dict()["sections"]):
        column = section.get("section_name") or ""
        if number:  # the first is the overview: ours is on top of the page
            section["content_blocks"] = [
                block for block in section["content_blocks"] if block["content_block_type"] != "header"
            ]
            rendered = view.render({"section": section, "section_loop": {"index": number}})
            body = _ONE.sub("1 unexpected value found", _NOTHING.sub("", inert(rendered)))
            yield (column if column in FEATURES or column.startswith((FLAG, HABIT)) else ""), body


def _heading(column: str) -> str:
    if column.startswith(FLAG):
        return f"Records that {column.removeprefix(FLAG)} speaks of"
    if column.startswith(HABIT):
        what = HABITS[column.removeprefix(HABIT)]
    else:
        what = FEATURES.get(column, "size of the dataset")
    return what[:1].upper() + what[1:]


def _placed(held: Held) -> Any:
    """The library's result with lines in place of rows, and with the values that are most frequent."""
    for item, outcome in zip(held.validation.results, held.validation.outcomes, strict=True):
        if not outcome.rows or outcome.observed:
            continue
        counts = dict(Counter(str(has) for _, has in outcome.rows).most_common(_VALUES))
        column = outcome.clause.kwargs["column"]
        item.result["element_count"] = outcome.judged  # not all rows: a feature that does not apply is not judged
        item.result["unexpected_index_column_names"] = [_PLACE]
        item.result["unexpected_index_list"] = [
            {column: str(has), _PLACE: name(held.table.place(row))}
            for row, has in islice(outcome.rows, _ROWS)
            if str(has) in counts
        ]
        item.result["partial_unexpected_counts"] = [{"value": has, "count": count} for has, count in counts.items()]
    return held.validation.result


def _page(here: str, **what: Any) -> str:
    import great_expectations
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((files("curator.contracts") / "page.html").read_text(encoding="utf-8"))
    what["groups"] = [(title, [(heading, Markup(body)) for heading, body in group]) for title, group in what["groups"]]
    defaults = {"verdict": "", "kept": True, "figures": []}
    text: str = template.render(**{**defaults, **what}, pages=_PAGES, here=here, version=great_expectations.__version__)
    return text
