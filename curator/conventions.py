"""What a dataset does as a habit: its task, separators, stop sequence and labels.

Learned from a sample, one set for each dataset and split, and robust against a tenth of the records
breaking them. The definitions are those of seed 002 ("Separator sequences", "How to pick labels").
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from curator.model import Example

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-"))

SETTLED = 0.8
"""From this share of the records on a habit is a convention, and each deviation a finding."""
_EACH_OF_SEVERAL = 0.1
"""One of several separators has more than this share (two tasks in one set are a legitimate design)."""
_WINDOW = 64  # code points at the end of a text in which an ending is looked for
_FEWEST = 5  # ours: fewer texts have no habit
_LONGER = 0.9  # ours: an ending that could be the separator grows only where nine tenths of its texts go on alike
_INTO_A_WORD = 0.98
"""Ours: and into one more word only where that word never varies. `edible:` and `handheld:` share `:`."""
_ASCII_ENDS = frozenset(".!?\"'`)]}")
_SENTENCE_STOPS = frozenset(".!?")
_COLONS = frozenset("：﹕︰")
"""Punctuation that other scripts end a prompt with, as ours does with `:`."""

_PINS = {"task": "task", "separator": "separators", "stop": "stop"}  # the setting's name -> ours

LABEL_TOKENS = 10
LABEL_CHARS = 200  # longer answers are no labels; they are counted, not kept
_LABEL_SEEN = 5
_LABELLED_SHARE = 0.9
_RECORDS_PER_LABEL = 10


@dataclass(frozen=True, slots=True)
class Ending:
    """A common ending of prompts or completions, with the share of texts that have it."""

    text: str
    share: float


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
                self.prompts[prompt[-_WINDOW:]] += 1
            if answer.text:
                self.completions[answer.text[-_WINDOW:]] += 1

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
            ends = tuple(_ending(text, self.prompts, self.prompts.total()) for text in texts if text)
        if "stop" in pins:
            stop = _ending(pins["stop"], self.completions, self.completions.total()) if pins["stop"] else None
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


def separators(prompts: Counter[str]) -> tuple[Ending, ...]:
    """The endings that tell where a prompt stops, by the ends of prompts and how often each occurs.

    One that at least 80 % share, and those that more than a tenth have instead; empty where prompts end
    as sentences do.
    """
    total = prompts.total()
    if total < _FEWEST:
        return ()
    single = _cut_back(_grow(prompts, total))
    found = {single: _ending(single, prompts, total)} if single else {}
    runs: Counter[str] = Counter()
    for text, count in prompts.items():
        if not (single and text.endswith(single)):
            runs[_cut_back(_run(text))] += count
    for run, count in runs.items():
        # A piece or a look-alike of the one that most prompts have is no second design, but a slip.
        if run and count > _EACH_OF_SEVERAL * total and not (single and _alike(run, single)):
            group = Counter({text: n for text, n in prompts.items() if text.endswith(run)})
            text = _cut_back(_grow(group, group.total())) or run
            found[text] = _ending(text, prompts, total)
    return tuple(sorted(found.values(), key=lambda ending: (-ending.share, ending.text.encode("utf-8", "replace"))))


def stop_sequence(completions: Counter[str]) -> Ending | None:
    """The ending that completions share, when it is none of the labels' own.

    " positive" and " negative" end alike without a stop sequence; " END" and "###" are one. A text of
    small letters alone is taken for a label's word, and what is left before it must not be empty.
    """
    total = completions.total()
    if total < _FEWEST:
        return None
    text = _cut_back(_grow(completions, total))
    while text:
        followers = {whole: n for whole, n in completions.items() if whole.endswith(text)}
        bare = sum(n for whole, n in followers.items() if not whole[: -len(text)].strip())
        if bare <= 0.05 * sum(followers.values()) and _is_stop(text):
            return _ending(text, completions, total)
        shorter = _cut_back(text.lstrip(_leading_symbols(text)))
        text = shorter if len(shorter) < len(text) else ""
    return None


def _is_stop(text: str) -> bool:
    """Whether an ending can be meant as a stop sequence: no word, hashtag, emoji or closing tag of the text."""
    core = text.strip().strip(".!?…\"'#@")
    if not core:  # symbols or line breaks alone
        return "\n" in text or bool(text.strip(" \t.!?…\"'"))
    if all(_in_word(c) or unicodedata.category(c) in ("So", "Sk") for c in core):
        return core.isupper()
    return not re.fullmatch(r"(</\w+)?>", core)


def _grow(texts: Counter[str], total: int) -> str:
    """The longest ending that at least 80 % share, one code point at a time from the right."""
    ending, holders, group = "", total, texts
    while len(ending) < _WINDOW:
        size = len(ending) + 1
        counts: Counter[str] = Counter()
        for text, count in group.items():
            if len(text) >= size:
                counts[text[-size]] += count
        if not counts:
            break
        character = min(counts, key=lambda c: (-counts[c], c))
        needed = SETTLED * total
        if _cut_back(ending):  # a separator by now: what makes it longer must be no accident of the texts
            needed = max(needed, _LONGER * holders)
            if _in_word(character) and not _in_word(ending[0]):
                needed = max(needed, _INTO_A_WORD * sum(n for c, n in counts.items() if _in_word(c)))
        if counts[character] < needed:
            break
        ending, holders = character + ending, counts[character]
        group = Counter({text: n for text, n in group.items() if text.endswith(ending)})
    return ending


def _in_word(character: str) -> bool:
    """Whether a character belongs to a word: letters, digits, and the vowel signs of many scripts."""
    return character.isalnum() or unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"


def _ends_sentence(character: str) -> bool:
    """Whether a character ends a sentence, a quotation or a bracket, in any script."""
    if character.isascii():
        return character in _ASCII_ENDS
    return unicodedata.category(character) in ("Po", "Pe", "Pf") and character not in _COLONS


def _cut_back(ending: str) -> str:
    """From the first run of non-alphanumerics on, without what ends a sentence; "" where nothing is left."""
    if ending and (ending[-1] in _SENTENCE_STOPS or (not ending[-1].isascii() and _ends_sentence(ending[-1]))):
        return ""
    start = 0
    while start < len(ending) and _in_word(ending[start]):
        start += 1
    stop = start
    while stop < len(ending) and (ending[stop].isspace() or _ends_sentence(ending[stop])):
        stop += 1
    while stop > start and ending[stop - 1].isspace():
        stop -= 1  # the white space behind a sentence's end may belong to the separator
    ending = ending[stop:]
    return ending if ending.strip(" \t") else ""


def _run(text: str) -> str:
    """The run of non-alphanumerics at the end."""
    start = len(text)
    while start and not _in_word(text[start - 1]):
        start -= 1
    return text[start:]


def _alike(text: str, other: str) -> bool:
    """Whether one of two endings contains the other, by their looks: without case, space and kinds of dash."""
    first, second = plain(text), plain(other)
    return first in second or second in first


def plain(text: str) -> str:
    """A text as it looks at a glance: without case and space, every dash a hyphen."""
    return "".join(text.split()).translate(_DASHES).casefold()


def _leading_symbols(text: str) -> str:
    end = 0
    while end < len(text) and not _in_word(text[end]):
        end += 1
    return text[:end] or " "


def _ending(text: str, texts: Counter[str], total: int) -> Ending:
    return Ending(text, sum(count for whole, count in texts.items() if whole.endswith(text)) / (total or 1))


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
