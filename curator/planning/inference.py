"""What follows from the data for calls to the tuned model [seed 002, "How to pick inference parameters"]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curator.checks.labels import is_measure
from curator.conventions import LABEL_SEEN, Conventions
from curator.endings import SETTLED, Habit
from curator.planning.advice import Advice, Label
from curator.planning.measuring import Measures

BIAS = 100  # of 100 at most: nothing else is chosen (OpenAI API reference, `logit_bias`)
MOST_BIASED = 300
"""Entries that the API takes in `logit_bias`; published by its users only (dottxt-ai/outlines#99, 2023-05-12)."""
_MOST_LOGPROBS = {"completions": 5, "chat.completions": 20}  # OpenAI API reference
_USUAL_LOGPROBS = 5
_SEED = "seed 002, 'How to pick inference parameters'"
_API = "OpenAI API reference"
_COUNTING = "OpenAI cookbook, 'How to count tokens with tiktoken'"
_END = 1  # token that ends each message of a chat: without room for it, `finish_reason` is "length"
_NO_TOKENIZER = "no model is named whose tokenizer is known"


@dataclass(frozen=True, slots=True)
class Endings:
    """What the prompts of the data end and begin with, and what its completions end with."""

    separators: tuple[Habit, ...] = ()
    stop: str = ""
    beginning: str = ""

    @property
    def separator(self) -> str:
        """The one that most prompts end with; "" for none."""
        return self.separators[0].text if self.separators else ""


def endings(conventions: Conventions) -> Endings:
    """The settled habits only: those that the settings pin, or that at least 80 % of the texts follow."""
    if conventions.format != "openai-completion":
        return Endings()
    has_separator = conventions.separator_share >= SETTLED or "separators" in conventions.pinned
    stop = conventions.stop
    return Endings(
        conventions.separators if has_separator else (),
        stop.text if stop and (stop.share >= SETTLED or "stop" in conventions.pinned) else "",
        conventions.beginning.text if conventions.beginning else "",
    )


def parameters(
    endpoint: str, conventions: Conventions, labels: Sequence[Label], measures: Measures
) -> tuple[Advice, ...]:
    """Stop, max_tokens and what a classification adds; a value is None where nothing is to be set."""
    found = [*_separator(endings(conventions), conventions), _stop(endpoint, endings(conventions))]
    if conventions.task != "classification":
        return (*found, _longest_answer(endpoint, conventions, measures), _free_temperature())
    single = bool(labels) and all(label.is_token for label in labels)
    found.append(_label_length(endpoint, labels, measures, single=single))
    found.append(Advice("temperature", 0, "a label is not to be drawn by chance", _SEED))
    found += _logprobs(endpoint, len(labels))
    found += _bias(conventions, labels, measures, single=single)
    return tuple(found)


def _separator(ends: Endings, conventions: Conventions) -> tuple[Advice, ...]:
    if conventions.format != "openai-completion":
        return ()
    texts = [habit.text for habit in ends.separators]
    source = "seed 002, 'Separator sequences'"
    if len(texts) > 1:
        why = "end every prompt with the one of its task, exactly so: the data has several"
        return (Advice("separator", texts, why, source),)
    if texts:
        share = min(99, int(100 * conventions.separator_share)) if conventions.separator_share < 1 else 100
        why = f"end every prompt with it, exactly so: {share}% of the prompts do"
        return (Advice("separator", texts[0], why, source),)
    if conventions.open_ended:
        return (Advice("separator", None, "the prompts of the data are empty: send an empty one", source),)
    why = "the prompts of the data end in no common way: the model may go on with the question before it answers"
    return (Advice("separator", None, why, source),)


def _stop(endpoint: str, ends: Endings) -> Advice:
    if ends.stop:
        return Advice("stop", [ends.stop], "completions of the data end with it; the answer comes without", _SEED)
    if endpoint == "completions":
        why = "the completions of the data end with nothing in common, so that only max_tokens ends an answer"
        return Advice("stop", None, why, _SEED)
    return Advice("stop", None, "none is needed: the chat template ends every message itself")


def _longest_answer(endpoint: str, conventions: Conventions, measures: Measures) -> Advice:
    if measures.longest is None:
        why = "no answer could be counted" if measures.tokenizer else _NO_TOKENIZER
        return Advice("max_tokens", None, why)
    if measures.calls:
        why = (
            f"the texts of the longest answer have {measures.longest:,} tokens, but what the API writes around calls "
            "is not published: leave ample room"
        )
        return Advice("max_tokens", None, why)
    if endpoint != "completions":
        why = "the longest answer of the data, and the token that ends a message: a longer one was not taught"
        return Advice("max_tokens", measures.longest + _END, why, _COUNTING)
    stop = ", its stop sequence included" if endings(conventions).stop else ""
    return Advice(
        "max_tokens", max(1, measures.longest), f"the longest answer of the data{stop}: a longer one was not taught"
    )


def _free_temperature() -> Advice:
    why = "nothing in the data says which: 0 repeats itself, more is for variety"
    return Advice("temperature", None, why, _SEED)


def _label_length(endpoint: str, labels: Sequence[Label], measures: Measures, *, single: bool) -> Advice:
    if single:
        return Advice("max_tokens", 1, "every label is a single token", _SEED)
    if measures.tokenizer is None:
        why = f"{_NO_TOKENIZER}; 1 if every label is a single token, else the longest one's"
        return Advice("max_tokens", None, why, _SEED)
    longest = max((len(label.tokens) for label in labels), default=measures.longest)
    if not longest:
        return Advice("max_tokens", None, "no label could be counted", _SEED)
    what = "label" if labels else "answer"
    if endpoint != "completions":
        why = f"the tokens of the longest {what}, and the one that ends a message"
        return Advice("max_tokens", longest + _END, why, f"{_SEED}; {_COUNTING}")
    return Advice("max_tokens", longest, f"the tokens of the longest {what} with what stops it", _SEED)


def _logprobs(endpoint: str, labels: int) -> list[Advice]:
    most = _MOST_LOGPROBS[endpoint]
    count = min(most, max(_USUAL_LOGPROBS, labels))
    why = f"the probabilities of the {count} likeliest tokens, for confidence and for curves of precision and recall"
    if labels > most:
        why += f"; the API gives {most} at most, of {labels:,} labels"
    if endpoint == "completions":
        return [Advice("logprobs", count, why, f"{_SEED}; {_API}")]
    return [
        Advice("logprobs", True, "probabilities of the tokens of the answer", _SEED),
        Advice("top_logprobs", count, why, _API),
    ]


def _bias(conventions: Conventions, labels: Sequence[Label], measures: Measures, *, single: bool) -> list[Advice]:
    """The bias for single-token labels; for others the way by their first token, where they can be told by it."""
    if not labels:
        what = "the answers are numbers on a scale, not a set of labels"
        why = (
            what if is_measure(conventions) else f"no answer occurs {LABEL_SEEN} times, so none is known to be a label"
        )
        return [Advice("logit_bias", None, why, _SEED)]
    if measures.tokenizer is None:
        return [Advice("logit_bias", None, f"it takes token ids, and {_NO_TOKENIZER}", _SEED)]
    if len(labels) > MOST_BIASED:
        why = (
            f"{len(labels):,} labels, and the API is known to take {MOST_BIASED} entries: a part of them would shut "
            "the others out"
        )
        return [Advice("logit_bias", None, why, "dottxt-ai/outlines#99 (2023-05-12)")]
    ids = [label.tokens[0] for label in labels]
    if len(set(ids)) < len(ids):
        return [Advice("logit_bias", None, "some labels begin with the same token, so that no bias tells them", _SEED)]
    bias = {str(number): BIAS for number in ids}
    if single:
        return [Advice("logit_bias", bias, "the ids of the labels: nothing else is answered", f"{_SEED}; {_API}")]
    found = [
        Advice(
            "logit_bias",
            None,
            "some labels have several tokens, and a bias that favours first tokens would spoil the later ones",
            _SEED,
        )
    ]
    if pieces := _pieces(labels):
        way = {"max_tokens": 1, "logit_bias": bias, "labels": pieces}
        why = "another way: ask for the first token only, which tells the labels apart, and look its label up"
        found.append(Advice("first_token", way, why, "seed 002, 'How fine-tuning GPT-3 works'"))
    return found


def _pieces(labels: Sequence[Label]) -> dict[str, str]:
    """Each label by the text of its first token; {} where one of these is no text, or white space."""
    found = {label.first: label.name for label in labels}
    usable = len(found) == len(labels) and all(piece.strip() and "\ufffd" not in piece for piece in found)
    return found if usable else {}
