"""The nouns of a plan: advice with its source, labels as the tokenizer sees them, splits, and the plan itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curator.report import Failure


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do, or to know, and who says so."""

    name: str
    value: Any
    """Plain data; None where nobody can say, or where nothing is to be set."""
    why: str
    source: str = ""
    """"" where the data itself, or arithmetic, is the source."""


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a classification."""

    name: str
    """As labels are compared: without leading space and stop sequence."""
    written: str
    """As it is most often written: with its leading space, without the stop sequence."""
    count: int
    """In the training data, in this spelling."""
    tokens: tuple[int, ...] = ()
    """The ids of `written` with the stop sequence, as they are trained; () without a tokenizer."""
    first: str = ""
    """The text of the first of them, in which half a character is U+FFFD."""
    is_token: bool = False
    """Whether the first of them is the label and nothing else."""


@dataclass(frozen=True, slots=True)
class Split:
    """The files of one split."""

    name: str
    paths: tuple[str, ...]
    records: int
    """Readable ones."""
    unreadable: int
    tokens: int | None = None
    """Of all records once; None without a tokenizer."""
    longest: int | None = None
    """Tokens of the longest record."""
    billed: int | None = None
    """Tokens of all records once, those beyond the limit left out where the target cuts them off."""
    too_long: int = 0
    """Records beyond the model's limit."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What to do with one dataset."""

    dataset: str
    format: str
    """"" for none that is known."""
    task: str
    target: str
    model: str | None
    model_named: bool
    """False where the model is the target's default."""
    encoding: str | None
    """The tokenizer that everything was counted with; None where there is none."""
    splits: tuple[Split, ...]
    errors: int
    warnings: int
    command: str
    """What shows the findings."""
    labels: tuple[Label, ...] = ()
    """Of a classification, the most frequent first."""
    sections: Mapping[str, tuple[Advice, ...]] = field(default_factory=dict)
    """`data`, `training`, `cost`, `inference`, and for a classification `history`."""
    endpoint: str | None = None
    """`completions` or `chat.completions`; None where the format says neither."""
    snippet: str = ""
    """Python that calls the tuned model as it was trained; "" where the format does not show how."""
    unsaid: tuple[str, ...] = ()
    """What this plan cannot say, and why."""

    @property
    def clean(self) -> bool:
        """Whether nothing of severity error was found."""
        return not self.errors

    def advice(self, section: str, name: str) -> Advice | None:
        """One piece of advice by its section and name."""
        return next((item for item in self.sections.get(section, ()) if item.name == name), None)


@dataclass(frozen=True, slots=True)
class Plans:
    """One plan for each dataset, and what could not be done."""

    plans: tuple[TrainingPlan, ...]
    failures: tuple[Failure, ...] = ()
