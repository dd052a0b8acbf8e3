"""What a plan needs of the records themselves, in one pass: labels as written, the longest answer, tools."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from curator import formats, reading
from curator.answers import is_label
from curator.checks.label_tokens import usual
from curator.checks.labels import Labels, is_measure
from curator.engine import Checked
from curator.errors import InputError
from curator.model import Example, Place
from curator.plan import Plan
from curator.planning.advice import Label
from curator.scan import sample_records
from curator.tokens import Tokenizer

_ANSWERED, _TWICE = 0.9, 2  # ours: the first as for labels (curator.conventions)
_TOOLSETS, _TOOLSET_CHARS = 50, 4_000  # different declarations that are counted, and what a snippet may hold


@dataclass(slots=True)
class Measures:
    """What was seen in the records of one split. Memory: the labels, and some declarations of functions."""

    labels: Labels
    tokenizer: Tokenizer | None
    records: int = 0
    longest: int | None = None
    """Tokens of the longest answer, its calls included; None without a tokenizer or without an answer."""
    calls: bool = False
    """Whether an answer calls a function."""
    with_tools: int = 0
    toolsets: Counter[str] = field(default_factory=Counter)
    """Declared functions, as the JSON of a request's `tools`."""

    def add(self, example: Example, place: Place) -> None:
        """Take one record in."""
        self.records += 1
        self.labels.add(example, place)
        for turn in example.turns:
            if not turn.trained:
                continue
            texts = [turn.text]
            for call in turn.calls:
                self.calls = True
                texts += [call.name, call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)]
            self._stretch(texts)
        if example.tools:
            self.with_tools += 1
            if (tools := _request_tools(example)) and (tools in self.toolsets or len(self.toolsets) < _TOOLSETS):
                self.toolsets[tools] += 1

    def _stretch(self, texts: list[str]) -> None:
        if self.tokenizer is None:
            return
        # No token is shorter than a byte: what has too few bytes cannot be the longest, and need not be counted.
        if sum(len(text.encode("utf-8", "replace")) for text in texts) > (self.longest or -1):
            self.longest = max(self.longest or 0, sum(self.tokenizer.count(text) for text in texts))

    @property
    def repeated(self) -> int:
        """How many different answers there are, where free text may be labels: short, and on average there twice.

        0 where they are not, and of a classification.
        """
        conventions, seen = self.labels.conventions, self.labels.seen
        if conventions.task != "generation" or "task" in conventions.pinned or is_measure(conventions):
            return 0
        answered = sum(found.count for found in seen.values())
        if not answered or answered < _ANSWERED * self.records or _TWICE * len(seen) > answered:
            return 0
        count = (self.tokenizer or Tokenizer("o200k_base")).count  # any vocabulary tells a label from a sentence
        short = sum(found.count for label, found in seen.items() if is_label(label.strip(), count))
        return len(seen) if len(seen) > 1 and short >= _ANSWERED * answered else 0

    def answers(self, labels: Iterable[Label]) -> int:
        """How many answers are none of these labels as they are written."""
        return sum(found.count for found in self.labels.seen.values()) - sum(label.count for label in labels)

    @property
    def tools(self) -> str | None:
        """The functions that nearly all records declare, as JSON; None where there are none, or they vary."""
        ((tools, count),) = self.toolsets.most_common(1) or [("", 0)]
        return tools if count and count >= 0.8 * self.records else None


def measure(files: Iterable[Checked], plan: Plan) -> Measures:
    """What the readable records of these files hold. A file that cannot be read any more is passed over."""
    found = Measures(Labels(plan.conventions), plan.tokenizer)
    number = 0
    for file in files:
        try:
            for shard in reading.cut(file.source, 0):
                for record, size in sample_records(reading.read(shard, plan.max_line_bytes)):
                    name = formats.detect(record)
                    if formats.same_shape(name, plan.conventions.format):
                        found.add(formats.read(record, plan.conventions.format, b"", size), Place(number))
                    number += 1
        except InputError:
            continue  # the check met it before, and its report says so
    return found


def labels(measures: Measures, stop: str) -> tuple[Label, ...]:
    """The label set, the most frequent first, with those that the settings declare.

    Rare answers and spellings of other labels are left out, as the rules about labels do. () for numbers on a scale.
    """
    conventions = measures.labels.conventions
    if conventions.task != "classification" or is_measure(conventions):
        return ()
    counted = {name: (written, seen.count) for name, (written, seen) in usual(measures.labels).items()}
    space = conventions.leading.text if conventions.leading else ""
    counted = {name: (space + name, 0) for name in conventions.declared if name} | counted
    ordered = sorted(counted.items(), key=lambda item: (-item[1][1], item[0]))
    return tuple(_label(name, written, count, stop, measures.tokenizer) for name, (written, count) in ordered)


def _label(name: str, written: str, count: int, stop: str, tokenizer: Tokenizer | None) -> Label:
    if tokenizer is None:
        return Label(name, written, count)
    tokens = tuple(tokenizer.ids(written + stop))
    first = tokenizer.spell(written + stop)[0]
    # The text is compared, too: half a surrogate pair has tokens, but none that give it back.
    is_token = tuple(tokenizer.ids(written)) == tokens[:1] and first == written
    return Label(name, written, count, tokens, first, is_token)


def _request_tools(example: Example) -> str:
    """The declared functions as a request names them; "" where they are too long to be shown."""
    functions = [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
        }
        for tool in example.tools
    ]
    text = json.dumps(functions)
    return text if len(text) <= _TOOLSET_CHARS else ""
