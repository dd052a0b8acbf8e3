"""The nouns of a report. Whatever of the data is in them is masked; nothing of it is escaped yet.

`dataclasses.asdict` of the document is the JSON that docs/report.md describes: a field that is renamed or changes
its meaning takes another VERSION.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from curator.profiling.drift import Drift
from curator.profiling.profile import Profile
from curator.report import Failure, NotChecked

VERSION = 1
KIND = "curator-report"


@dataclass(frozen=True, slots=True)
class Sample:
    """A finding as a person sees it: its message, and the raw line around its span."""

    path: str
    line: int | None
    """None for the whole dataset."""
    column: int
    message: str
    before: str
    marked: str
    """The span itself; "" where the finding is of the record or the file as a whole."""
    after: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """What mends the findings of a rule."""

    title: str
    """What the first fix would do; "" where there is none."""
    command: str
    """"" where a person must."""
    fixable: int
    """Findings that the command mends."""
    several: bool
    """Whether other findings are mended in another way."""


@dataclass(frozen=True, slots=True)
class RuleFound:
    """What one rule found, at the first target that it found anything at."""

    code: str
    name: str
    severity: str
    """The worst of its findings."""
    count: int
    by_severity: dict[str, int]
    clusters: int
    """Groups of records that its findings belong to; 0 where they are of single records."""
    largest: int
    """Findings of the largest of these."""
    why: str
    remedy: Remedy
    samples: list[Sample]
    by_target: dict[str, int]
    """Findings at each target of the run."""
    command: str
    """What lists them all."""


@dataclass(frozen=True, slots=True)
class File:
    """One file, and every line of it accounted for."""

    path: str
    dataset: str
    split: str
    format: str
    """"" where none is known."""
    target: str
    model: str
    """"" where the target has no default model."""
    bytes: int
    sha256: str
    """Of the file as it lies on disk; "" where that is not what was checked any more."""
    is_lines: bool
    """False for a JSON document, whose elements are counted in place of lines."""
    lines: int
    records: int
    unreadable: int
    """Lines that are no JSON object: each is a finding."""
    blank: int
    glued: int
    """Records and unreadable values that follow another on its line."""
    unread: int
    """Lines that were not looked at, because the file could not be read to its end, or is no data."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over all files, also those left out: lines + glued = records + unreadable + blank + unread."""

    files: int
    lines: int
    elements: int
    """Those of `lines` that are elements of JSON documents."""
    glued: int
    records: int
    unreadable: int
    blank: int
    unread: int
    tokens: int | None
    """None where those of a split are not known."""
    over_limit: int | None
    """None where no limit is known."""
    usd_per_epoch: float | None
    """None where a price is not known for all that is trained on."""
    errors: int
    """As all figures of findings here: of the first run, in which each file has its own target."""
    lines_with_errors: int
    warnings: int
    remarks: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the data is worth for one target, and why."""

    target: str
    title: str
    models: list[str]
    outcome: str
    """`errors`, `warnings`, `remarks`, `clean`, `empty` or `incomplete`."""
    sentence: str
    why: str
    errors: int
    warnings: int
    remarks: int
    lines_with_errors: int


@dataclass(frozen=True, slots=True)
class Document:
    """A report, whole."""

    created: str
    """ISO 8601, in UTC."""
    tool: str
    """The version of curator."""
    content: str
    """A hash of the files' contents and splits: equal data, equal hash."""
    title: str
    verdicts: list[Verdict]
    totals: Totals
    files: list[File]
    rules: list[RuleFound]
    """The worst first."""
    suppressed: dict[str, int]
    """Findings that somebody has accepted, by rule."""
    stale: int
    splits: list[Profile]
    drifts: list[Drift]
    truncated_answers: int | None
    """Answers that the token limit would cut off; None where no rule looked for them."""
    not_checked: list[NotChecked]
    failures: list[Failure]
    masked: dict[str, int]
    """What was masked in this report, by kind."""
    version: int = VERSION
    kind: str = KIND
    hidden: dict[str, int] = field(default_factory=dict)
    """What lists of this report leave out: `files`, `splits`, `not_checked`, `failures`."""
