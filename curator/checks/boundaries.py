"""Datasets in which nothing tells where a prompt or an answer ends [seed 002, "Separator sequences", `stop`]."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from curator.checks.label_values import spellings
from curator.conventions import LABEL_SEEN, Conventions
from curator.edits import EndEvery, Fix
from curator.endings import SETTLED, Habit
from curator.model import Example, Place, Problem
from curator.packing import key_of
from curator.targets import Target
from curator.tokens import Tokenizer

# What is proposed, in this order: seed 002's own first, then others that texts rarely hold.
_SEPARATORS = (
    " ->", "\n\n###\n\n", "\n\n---\n\n", "\n\n===\n\n", " >>>", "\n\n@@@\n\n", "\n\n#####\n\n", " |>>>",
)  # fmt: skip
_STOPS = (" END", "###", "\n\n---", " <END>", " [STOP]", "@@@", "\n\n#####", " ~~~")
_HALF_USED = (*_STOPS, "\n")
"""What some completions may end with while others lack it."""
_WORDS, _WORD_CHARS = 20, 40  # different answers, and code points of one, that may be single tokens
_MIXED = 0.2
"""Below this share an ending is no habit at all (RULES.md, "settled")."""


def _is_sign(ending: str) -> bool:
    return not ending.endswith((" ", "\t")) and not any(map(str.isalnum, ending))


class Unused:
    """Which of some endings stand nowhere before the end of a text. Memory: a number for each."""

    def __init__(self, endings: tuple[str, ...]) -> None:
        self.endings = endings
        self.used: set[int] = set()

    def add(self, text: str) -> None:
        for number, ending in enumerate(self.endings):
            if number not in self.used and 0 <= text.find(ending) < len(text) - len(ending):
                self.used.add(number)

    def merge(self, other: Unused) -> None:
        self.used |= other.used

    def first(self, splits: Iterable[MissingSeparator | MissingStop], habit: str = "") -> str | None:
        """The one to propose, which no split's texts hold, `habit` before others; None where they hold all of them."""
        used = {self.endings[number] for number in self.used}
        for split in splits:
            used |= {split.unused.endings[number] for number in split.unused.used}
        endings = sorted(self.endings, key=lambda ending: ending != habit)
        return next((ending for ending in endings if ending not in used), None)


class _SeveralSigns:
    """Prompts that end with different signs and have the same labels; words may name a task, signs do not.

    Memory: the labels behind each sign.
    """

    def __init__(self, conventions: Conventions, is_settled: bool) -> None:
        self.conventions = conventions
        signs = [habit.text for habit in conventions.separators if _is_sign(habit.text.rstrip())]
        is_active = is_settled and conventions.task == "classification" and len(signs) > 1
        self.labels: dict[str, set[str]] = {sign: set() for sign in signs} if is_active else {}

    def add(self, example: Example) -> None:
        if not self.labels:
            return
        prompts = [turn.text for turn in example.turns if not turn.trained]
        answers = {self.conventions.label(turn.text) for turn in example.turns if turn.trained}
        for sign, labels in self.labels.items():
            if prompts and prompts[-1].endswith(sign):
                labels.update(label for label in answers if self.conventions.labels.get(label, 0) >= LABEL_SEEN)

    def merge(self, other: _SeveralSigns) -> None:
        for sign, labels in other.labels.items():
            self.labels[sign] |= labels

    def finish(self) -> Iterator[Problem]:
        if not self.labels:
            return
        first, *others = self.labels  # the most frequent first
        same = {first, *(sign for sign in others if set() < self.labels[sign] <= self.labels[first])}
        if len(same) > 1:
            values = {"counts": _counts(habit for habit in self.conventions.separators if habit.text in same)}
            yield Problem(values=values, variant="several", fix=Fix(f"end every prompt with {first!r}"))


def _counts(habits: Iterable[Habit]) -> str:
    return ", ".join(f"{habit.text!r} {habit.share:.0%}" for habit in habits)


class MissingSeparator:
    """Prompts without an ending that most of them share, or with several signs for one task.

    Silent where all prompts are empty, or the same. Memory: a few numbers.
    """

    def __init__(self, *, conventions: Conventions, fewest: int) -> None:
        known, share = conventions.separators, conventions.separator_share
        is_free = "separators" not in conventions.pinned and not conventions.open_ended
        is_known = conventions.sampled >= fewest and is_free
        self.active = is_known and share < SETTLED
        self.signs = _SeveralSigns(conventions, is_known and share >= SETTLED)
        # One that half of the prompts have is the first to be proposed, unless it names their task, or ends with
        # white space, which belongs to the answer.
        signs = [habit.text for habit in known if share >= _MIXED and _is_sign(habit.text)]
        self.unused = Unused((*signs, *_SEPARATORS))
        self.prompts: set[bytes] = set()
        """Up to two different prompts: one for all of them ends where it always does."""

    def add(self, example: Example, place: Place) -> None:
        self.signs.add(example)
        if not self.active:
            return
        for turn in example.turns:
            if not turn.trained and turn.text:
                self.unused.add(turn.text)
                if len(self.prompts) < 2:
                    self.prompts.add(key_of(turn.text.encode()))

    def merge(self, other: MissingSeparator) -> None:
        self.unused.merge(other.unused)
        self.prompts = set(sorted(self.prompts | other.prompts)[:2])
        self.signs.merge(other.signs)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        yield from ((None, problem) for problem in self.signs.finish())
        if not self.active or len(self.prompts) < 2:
            return
        share, free = context.conventions.separator_share, self.unused.first(context.splits.values())
        title = "end every prompt with " + (
            f"{free!r}, which stands nowhere else in them" if free else "a text that stands nowhere else in them"
        )
        endings = _counts(context.conventions.separators)
        yield (
            None,
            Problem(
                values={"counts": endings, "rest": 1 - share, "proposal": free or ""},
                variant="mixed" if share >= _MIXED else None,
                fix=Fix(title, (EndEvery("/prompt", free),) if free else ()),
            ),
        )


class MissingStop:
    """Completions without a common ending, at a target that adds none.

    Silent where all have the same length: in tokens for labels, else in code points; and where few different
    answers are one token each. Where a fifth end with a usual stop sequence, it says which. Memory: at most twenty
    short texts.
    """

    def __init__(self, *, conventions: Conventions, target: Target, fewest: int) -> None:
        self.active = (
            conventions.sampled >= fewest
            and conventions.stop is None
            and "stop" not in conventions.pinned
            and not target.adds_end_token
        )
        self.unused = Unused(_STOPS)
        self.count = 0
        self.ended: Counter[str] = Counter()
        """How many end with each of _HALF_USED."""
        self.shortest: int | None = None
        self.longest = 0
        self.answers: set[str] | None = set()
        """The different ones; None where there are too many, or one is no word."""

    def add(self, example: Example, place: Place) -> None:
        if not self.active:
            return
        for turn in example.turns:
            if turn.trained and turn.text:
                self.unused.add(turn.text)
                self.count += 1
                self.ended.update(ending for ending in _HALF_USED if turn.text.endswith(ending))
                self._stretch(len(turn.text), len(turn.text))
                self._note({turn.text} if len(turn.text) <= _WORD_CHARS else None)

    def _note(self, answers: set[str] | None) -> None:
        if self.answers is not None:
            self.answers = None if answers is None else self.answers | answers
            if self.answers is not None and len(self.answers) > _WORDS:
                self.answers = None

    def _stretch(self, shortest: int, longest: int) -> None:
        self.shortest = shortest if self.shortest is None else min(self.shortest, shortest)
        self.longest = max(self.longest, longest)

    def merge(self, other: MissingStop) -> None:
        self.unused.merge(other.unused)
        self.count += other.count
        self.ended += other.ended
        self._note(other.answers)
        if other.shortest is not None:
            self._stretch(other.shortest, other.longest)

    def finish(self, context: Any) -> Iterator[tuple[Place | None, Problem]]:
        if not self.active or self.shortest is None or context.split != "train":
            return
        labels = context.conventions.task == "classification"
        # Labels of one token need none, and without a tokenizer nobody can say whether they are.
        if labels and (context.tokens is None or _same_length(context.conventions, context.tokens)):
            return
        if not labels and (self.shortest == self.longest or self._are_words(context.tokens)):
            return
        half = max(_HALF_USED, key=lambda ending: self.ended[ending])
        share = self.ended[half] / self.count
        mixed = share >= _MIXED
        free = self.unused.first(context.splits.values(), half if mixed else "")
        where = "stands nowhere else in them" if mixed else "stands in none of them"
        title = "end every completion with " + (
            f"{free!r}, which {where}" if free else "a text that stands nowhere else in them"
        )
        yield (
            None,
            Problem(
                values={"proposal": free or "", "target": context.target.name, "ending": half, "share": share},
                variant="mixed" if mixed else "labels" if labels else None,
                # Labels may well do without: nobody's answers are rewritten for a matter of taste.
                fix=Fix(
                    f"{title}, and pass it as `stop`", (EndEvery("/completion", free),) if free and not labels else ()
                ),
            ),
        )

    def _are_words(self, tokens: Tokenizer | None) -> bool:
        """Whether few different answers are one token each: labels of a set too small to be known as such."""
        if self.answers is None:
            return False
        return all((tokens.count(text) if tokens else len(text.split())) == 1 for text in self.answers)


def _same_length(conventions: Conventions, tokens: Tokenizer) -> bool:
    """Whether all labels have as many tokens, as they stand in most completions: a call can ask for so many."""
    space = conventions.leading.text if conventions.leading else ""
    meant = spellings(conventions).meant
    labels = [label for label, n in conventions.labels.items() if n >= LABEL_SEEN and meant(label)[0] == label]
    return len({tokens.count(space + label) for label in labels}) < 2
