"""What a dataset does as a habit: its task, separators, stop sequence and labels.

Learned from a sample, one set for each dataset and split, and robust against a tenth of the records
breaking them. The definitions are those of seed 002 ("Separator sequences", "How to pick labels").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from curator.endings import WINDOW, Ending, ending_of, separators, stop_sequence
from curator.model import Example

_PINS = {"task": "task", "separator": "separators", "stop": "stop"}  # the setting's name -> ours

LABEL_TOKENS = 10
LABEL_CHARS = 200  # longer answers are no labels; they are counted, not kept
_LABEL_SEEN = 5
_LABELLED_SHARE = 0.9
_RECORDS_PER_LABEL = 10


@dataclass(frozen=True, slots=True)
class Conventions:
    """The habits of one split of one dataset."""

    format: str = ""
    """The format that most records are in; "" where most are in none."""
    task: str = ""
    """`classification`, `generation`, or "" where there are no answers."""
    separators: tuple[Ending, ...] = ()
    """The endings that tell where a prompt stops; several where each has its tenth."""
    stop: Ending | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    """The label set with counts, for classification."""
    sampled: int = 0
    """The examples that this was learned from: all of a small file, a sample of a large one."""
    pinned: frozenset[str] = frozenset()
    """Which of the above the settings say, rather than the data."""

    @property
    def separator_share(self) -> float:
        """The share of prompts that end with one of the separators."""
        return min(1.0, sum(ending.share for ending in self.separators))

    def answer(self, text: str) -> str:
        """A completion without its stop sequence, leading space kept: a label as it is tokenised."""
        return text[: -len(self.stop.text)] if self.stop and text.endswith(self.stop.text) else text

    def label(self, text: str) -> str:
        """A completion without its stop sequence and leading white space: a label as it is compared."""
        return self.answer(text).lstrip()


@dataclass(slots=True)
class Survey:
    """Collects what conventions are learned from. Memory: a window and an answer of each sampled text."""

    prompts: Counter[str] = field(default_factory=Counter)
    completions: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    long: int = 0
    """Answers that are too long to be labels."""

    def add(self, example: Example) -> None:
        """Take one example of the sample into account."""
        answer = example.answer
        if answer is None:
            return
        self.answered += 1
        if len(answer.text) <= LABEL_CHARS:
            self.answers[answer.text] += 1
        else:
            self.long += 1
        if example.kind == "completion":
            prompt = "".join(turn.text for turn in example.before_answer)
            if prompt:
                self.prompts[prompt[-WINDOW:]] += 1
            if answer.text:
                self.completions[answer.text[-WINDOW:]] += 1

    def is_exhausted(self, sample: int) -> bool:
        """Whether a sample of that size can teach nothing more: no prompts with endings, and no labels.

        A tenth of the sample is too long for labels, or a fifth differs: then it is no classification.
        """
        return not self.prompts and max(self.long, len(self.answers) / 2) * _RECORDS_PER_LABEL > sample

    def conventions(self, format_name: str, tokens: Callable[[str], int], pins: Mapping[str, Any]) -> Conventions:
        """What the sample shows. `tokens` counts those of a label; `pins` are the settings' own word."""
        ends, stop = separators(self.prompts), stop_sequence(self.completions)
        if "separator" in pins:
            texts = [pins["separator"]] if isinstance(pins["separator"], str) else pins["separator"]
            ends = tuple(ending_of(text, self.prompts, self.prompts.total()) for text in texts if text)
        if "stop" in pins:
            stop = ending_of(pins["stop"], self.completions, self.completions.total()) if pins["stop"] else None
        pinned = frozenset(_PINS[name] for name in pins)
        task = pins.get("task") or ("generation" if self.answered else "")
        found = Conventions(format_name, task, ends, stop, sampled=self.answered, pinned=pinned)
        labels: Counter[str] = Counter()
        for answer, count in self.answers.items():
            labels[found.label(answer)] += count
        if task == "classification" or ("task" not in pins and _is_classification(labels, self.answered, tokens)):
            ordered = sorted(labels.items(), key=lambda item: (-item[1], item[0].encode("utf-8", "replace")))
            found = replace(found, task="classification", labels=dict(ordered))
        return found


def _is_classification(labels: Counter[str], answered: int, tokens: Callable[[str], int]) -> bool:
    common = {label: count for label, count in labels.items() if count >= _LABEL_SEEN}
    if not common or sum(common.values()) < _LABELLED_SHARE * answered:
        return False
    # Rare spellings are slips, not labels (docs/decisions/0005); one label alone must be nearly all there is.
    distinct = len(common) if len(common) > 1 else len(labels)
    if distinct * _RECORDS_PER_LABEL > answered:
        return False
    return all(is_label(label, tokens) for label in common)


def is_label(text: str, tokens: Callable[[str], int]) -> bool:
    """Whether a text can be a label: one line of at most ten tokens, and no JSON."""
    if not text or "\n" in text:
        return False
    if len(text.encode("utf-8", "replace")) > LABEL_TOKENS and tokens(text) > LABEL_TOKENS:
        return False
    return not (text[0] in '{["' and _is_json(text))


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
