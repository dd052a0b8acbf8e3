"""What a dataset does as a habit: its task, separators, stop sequence and labels.

Learned from a sample, one set for each dataset and split, and robust against a tenth of the records
breaking them. The definitions are those of seed 002 ("Separator sequences", "How to pick labels").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from curator.answers import LABEL_CHARS, brief, is_label, label_turn, leading_json, needs_no_space
from curator.beginnings import Beginnings
from curator.call_habits import CallHabits, CallSurvey
from curator.endings import FEWEST, SETTLED, WINDOW, Habit, ending_of, opened_at_end, separators, stop_sequence
from curator.frequent import Frequent
from curator.model import Example
from curator.schemas import record_keys

_PINS = {"task": "task", "separator": "separators", "stop": "stop", "labels": "declared"}  # the setting's name -> ours

SYSTEM_ROLES = ("system", "developer")
LABEL_SEEN = 5
"""An answer that is seen so often may be a label (RULES.md, "task is classification")."""
_LABELLED_SHARE = 0.9
_RECORDS_PER_LABEL = 10
_KNOWN_SYSTEM = 0.05
"""A system prompt that more records have is no slip (RULES.md, MSG013)."""
_COMMON_ANSWER = 0.01  # ours: far below any share that is too much, for a sample by bytes has fewer short records
_SHAPES = 1000  # different sets of JSON keys, and other names, that are counted


@dataclass(frozen=True, slots=True)
class Conventions:
    """The habits of one split of one dataset."""

    format: str = ""
    """The format that most records are in; "" where most are in none."""
    task: str = ""
    """`classification`, `generation`, or "" where there are no answers."""
    separators: tuple[Habit, ...] = ()
    """The endings that tell where a prompt stops; several where each has its tenth."""
    stop: Habit | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    """The label set with counts, for classification; of examples with one answer."""
    metadata: tuple[str, ...] = ()
    """The keys at the top level that the format does not know, the most frequent first; () unless at least 80%
    of the records have some."""
    declared: frozenset[str] = frozenset()
    """The labels that the settings allow; empty where they name none."""
    leading: Habit | None = None
    """The white space that most completions begin with; counted without those that need none (digits, CJK, JSON)."""
    unspaced: float = 0.0
    """The share of completions that begin without white space; 0 where few of them need any (digits, CJK, JSON)."""
    beginning: Habit | None = None
    """What most prompts begin with, such as an instruction; looked for in their first 2,000 code points."""
    open_ended: bool = False
    """Every prompt is empty: the model is to write freely."""
    systems: tuple[Habit, ...] = ()
    """System prompts ("" for none) that more than 5% of the examples have, the most frequent first."""
    system_prompts: int = 0
    """How many different ones there are in the sample."""
    json_share: float = 0.0
    """The share of answers that are a JSON object or array."""
    json_keys: frozenset[str] = frozenset()
    """The keys that most of these answers have; empty where they vary."""
    answers: frozenset[str] = frozenset()
    """Answers, as `brief` has them, that more than 1% of the examples have as their only one: candidates for an
    exact count."""
    calls: CallHabits = field(default_factory=CallHabits)
    """How the arguments of calls are written."""
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

    def ends(self, rest: str) -> bool:
        """Whether what follows an answer is white space, or the end of the stop sequence."""
        return not rest.strip() or (self.stop is not None and self.stop.text.endswith(rest))

    def label(self, text: str) -> str:
        """A completion without its stop sequence and leading white space: a label as it is compared."""
        return self.answer(text).lstrip()


@dataclass(slots=True)
class Survey:
    """Collects what conventions are learned from. Memory: a window and an answer of each sampled text."""

    prompts: Counter[str] = field(default_factory=Counter)
    completions: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    """Tags and fences that completions open themselves and end with; these stop nothing."""
    answers: Counter[str] = field(default_factory=Counter)
    """Short answers, of examples with no other."""
    systems: Frequent = field(default_factory=lambda: Frequent(int(1 / _KNOWN_SYSTEM)))
    starts: Counter[str] = field(default_factory=Counter)
    records: int = 0
    with_metadata: int = 0
    metadata: Counter[str] = field(default_factory=Counter)
    beginnings: Beginnings = field(default_factory=Beginnings)
    json_keys: Counter[frozenset[str]] = field(default_factory=Counter)
    calls: CallSurvey = field(default_factory=CallSurvey)
    json: Counter[str] = field(default_factory=Counter)
    """Answers that begin with a JSON object or array, by what follows it."""
    answered: int = 0
    prompted: int = 0
    """Examples with something before their answer."""
    long: Counter[str] = field(default_factory=Counter)
    """Such answers that are too long to be labels, by their ends."""

    def add(self, example: Example) -> None:
        """Take one example of the sample into account."""
        self.records += 1
        if unknown := example.value.keys() - record_keys(example.format):
            self.with_metadata += 1
            self.metadata.update(unknown if len(self.metadata) < _SHAPES else ())
        if example.kind != "completion":
            self.systems.add("\n\n".join([turn.text for turn in example.turns if turn.role in SYSTEM_ROLES]))
        self.calls.add(example)
        answer = example.answer
        if answer is None:
            return
        self.answered += 1
        self.prompted += any([turn.text.strip() or isinstance(turn.content, list) for turn in example.before_answer])  # noqa: C419
        if (found := leading_json(answer.text)) is not None:
            keys, rest = found
            self.json[rest] += 1
            if keys in self.json_keys or len(self.json_keys) < _SHAPES:
                self.json_keys[keys] += 1
        if label_turn(example) is not None:
            if len(answer.text) <= LABEL_CHARS:
                self.answers[answer.text] += 1
            else:
                self.long[brief(answer.text)] += 1
        if example.kind == "completion":
            prompt = "".join(turn.text for turn in example.before_answer)
            if prompt:
                self.prompts[prompt[-WINDOW:]] += 1
                self.beginnings.add(prompt)
            if answer.text:
                self.completions[answer.text[-WINDOW:]] += 1
                if (name := opened_at_end(answer.text)) and (name in self.closed or len(self.closed) < _SHAPES):
                    self.closed[name] += 1
            if not needs_no_space(answer.text):
                self.starts[answer.text[: len(answer.text) - len(answer.text.lstrip())][:WINDOW]] += 1

    def conventions(self, format_name: str, tokens: Callable[[str], int], pins: Mapping[str, Any]) -> Conventions:
        """What the sample shows. `tokens` counts those of a label; `pins` are the settings' own word."""
        ends, stop = separators(self.prompts), stop_sequence(self.completions, self.closed)
        if "separator" in pins:
            texts = [pins["separator"]] if isinstance(pins["separator"], str) else pins["separator"]
            ends = tuple(ending_of(text, self.prompts, self.prompts.total()) for text in texts if text)
        if "stop" in pins:
            stop = ending_of(pins["stop"], self.completions, self.completions.total()) if pins["stop"] else None
        declared = frozenset(label.lstrip() for label in pins.get("labels", ()))
        task = pins.get("task") or ("classification" if declared else "generation" if self.answered else "")
        found = Conventions(
            format_name,
            task,
            ends,
            stop,
            metadata=_by_count(self.metadata) if self.with_metadata >= SETTLED * self.records else (),
            declared=declared,
            leading=_leading(self.starts),
            unspaced=_unspaced(self.starts, self.answered),
            beginning=self.beginnings.common(),
            open_ended=bool(self.answered) and not self.prompted,
            systems=tuple(Habit(text, share) for text, share in self.systems.above(_KNOWN_SYSTEM)),
            system_prompts=len(self.systems.counts),
            json_keys=_usual(self.json_keys),
            calls=self.calls.habits(),
            answers=frozenset(
                text
                for counts in (self.answers, self.long)
                for text, count in counts.items()
                if count > max(1, _COMMON_ANSWER * self.answered)
            ),
            sampled=self.answered,
            pinned=frozenset(_PINS[name] for name in pins),
        )
        if self.answered:
            whole = sum(count for rest, count in self.json.items() if found.ends(rest))
            found = replace(found, json_share=whole / self.answered)
        labels: Counter[str] = Counter()
        for answer, count in self.answers.items():
            labels[found.label(answer)] += count
        if task == "classification" or ("task" not in pins and _is_classification(labels, self.answered, tokens)):
            ordered = sorted(labels.items(), key=lambda item: (-item[1], item[0].encode("utf-8", "replace")))
            found = replace(found, task="classification", labels=dict(ordered))
        return found


def _is_classification(labels: Counter[str], answered: int, tokens: Callable[[str], int]) -> bool:
    common = {label: count for label, count in labels.items() if count >= LABEL_SEEN}
    if not common or sum(common.values()) < _LABELLED_SHARE * answered:
        return False
    # Rare spellings are slips, not labels (docs/decisions/0005); one label alone must be nearly all there is.
    distinct = len(common) if len(common) > 1 else len(labels)
    if distinct * _RECORDS_PER_LABEL > answered:
        return False
    return all(is_label(label, tokens) for label in common)


def _leading(starts: Counter[str]) -> Habit | None:
    """The beginning that at least 80% of the completions share, where it is white space."""
    total = starts.total()
    if not total:
        return None
    text = min(starts, key=lambda start: (-starts[start], start))
    return Habit(text, starts[text] / total) if text and starts[text] >= SETTLED * total else None


def _unspaced(starts: Counter[str], answered: int) -> float:
    total = starts.total()
    return starts[""] / total if total >= FEWEST and 2 * total >= answered else 0.0


def _usual(keys: Counter[frozenset[str]]) -> frozenset[str]:
    """The set of keys that at least 80% of the JSON answers have."""
    best = max(keys, key=lambda item: (keys[item], sorted(item)), default=frozenset())
    return best if keys and keys[best] >= SETTLED * keys.total() else frozenset()


def _by_count(counts: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted(counts, key=lambda key: (-counts[key], key.encode("utf-8", "surrogatepass"))))
