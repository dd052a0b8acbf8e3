"""Whether there is enough data, what training costs, what used to be measured, and what cannot be said."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from curator import formats
from curator.checks.labels import is_measure
from curator.conventions import LABEL_SEEN, Conventions
from curator.plan import Plan
from curator.planning.advice import Advice, Label, Split
from curator.planning.inference import MOST_BIASED
from curator.planning.measuring import Measures
from curator.prices import UNPRICED, Price
from curator.reporters.text import counted
from curator.targets import Model, Target

_FEWEST = 10  # seed 003: "the minimum is 10", where the target has no figure of its own
_EFFECT, _CLEAR = 50, 100  # seeds 000, 001 and 003
_WORTH_SPLITTING = 20  # ours: of fewer records a tenth judges nothing, and the rest may be less than the minimum
_LEVELS = (
    (10_000, "tens of thousands are great"),
    (1_000, "thousands are good, tens of thousands great"),
    (100, "hundreds are decent, thousands good"),
    (0, "less than the hundreds that are decent; thousands are good"),
)
_AMOUNT = "seed 002, 'How much training data do you need'"
_DECLARE = "if they are, list all labels as `labels` in the dataset's table of curator.toml, and plan again"
TEMPLATED = ("alpaca",)
"""Formats whose prompts the trainer's own template makes."""
_PRICE = "usd_per_million_tokens"
_SEEDS = "seeds 001 and 003"


def enough(
    train: Split | None,
    validation: Split | None,
    labels: Sequence[Label],
    conventions: Conventions,
    target: Target,
    kind: str,
    *,
    left_out: bool = False,
) -> tuple[Advice, ...]:
    """Whether there is enough to train on and to judge by; `left_out`: the settings name validation data."""
    count = train.records if train else 0
    found = [_examples(count, conventions, target, kind, given=train is not None)]
    if not count:
        return tuple(found)
    if labels:
        found.append(_per_label(labels, kind))
    assert train is not None
    if kind == "completion" or conventions.task == "classification":
        why = "whether more data would help: train on a quarter, a half and all, and see how the result grows"
        command = "" if validation or left_out else _split(train, " --nested 25,50,100")
        found.append(Advice("learning_curve", command or None, why, _AMOUNT))
    found.append(_held_out(validation, train, left_out=left_out))
    return tuple(found)


def _examples(count: int, conventions: Conventions, target: Target, kind: str, *, given: bool) -> Advice:
    figure = target.min_examples
    least = figure.value if figure else _FEWEST
    source = f"{figure.source} ({figure.as_of})" if figure else "seed 003: at OpenAI; this target names no minimum"
    if not count:
        none = "no readable record" if given else "what was given is held out"
        return Advice("examples", 0, f"nothing to train on: {none}; {least:,} are the least", source)
    if kind == "reinforcement":
        why = "prompts; how many are enough nobody has published (the minimum of supervised tuning is shown by check)"
        return Advice("examples", count, why, "")
    if count < least:
        return Advice("examples", count, f"too few: {least:,} are the least", source)
    if count < _EFFECT:
        why = f"the least are {least:,}, but expect little effect: it begins with 50 to 100 good ones"
        return Advice("examples", count, why, f"{source}; {_SEEDS}")
    if count < _CLEAR:
        why = "50 to 100 are where an effect begins: where none is to be seen, mend the data before adding to it"
        return Advice("examples", count, why, _SEEDS)
    if conventions.task == "classification":
        return Advice("examples", count, "beyond the 50 to 100 where an effect begins; labels count one by one", _SEEDS)
    why = "beyond the 50 to 100 where an effect begins; more of the same quality helps: 250 good ones changed a product"
    return Advice("examples", count, why, f"{_SEEDS}; seed 004")


def _per_label(labels: Sequence[Label], kind: str) -> Advice:
    rarest = labels[-1]
    level = next(text for least, text in _LEVELS if rarest.count >= least)
    why = f"of the rarest label, {rarest.name!r}: {level}"
    if kind != "completion":
        why += " (figures for prompts and completions; a chat model knows what most labels mean, and needs fewer)"
    if len(labels) == 1:
        why = f"there is one label only, {rarest.name!r}: nothing is to be told apart"
    return Advice("per_label", rarest.count, why, _AMOUNT)


def _split(train: Split, more: str = "") -> str:
    """The command that holds some of the training data out; "" where these are not one file, or too few."""
    if len(train.paths) != 1 or not os.path.isfile(train.paths[0]) or train.records < _WORTH_SPLITTING:
        return ""
    return f"curator split {shlex.quote(train.paths[0])} --validation 10%{more}"


def _held_out(validation: Split | None, train: Split, *, left_out: bool) -> Advice:
    if validation is not None:
        why = f"validation records in {', '.join(validation.paths)}: the loss on them shows when to stop"
        return Advice("validation", validation.records, why, "seed 002, 'How to evaluate your GPT fine-tuned model'")
    if left_out:
        why = "the settings name validation data, which was not given here: name its file, too, or no file at all"
        return Advice("validation", None, why, "")
    why = "there are none: without data that is held out nobody can say whether training has helped"
    how = f"; set some aside: {command}" if (command := _split(train)) else ""
    return Advice("validation", 0, why + how, "seed 001, 'Evaluation and Iteration'")


def cost(
    train: Split | None,
    validation: Split | None,
    epochs: int,
    found: Price | None,
    plan: Plan,
    kind: str,
) -> tuple[Advice, ...]:
    """Tokens of an epoch and of the job, the price and what it comes to; None wherever something is not known."""
    target, model = plan.target, plan.model
    if train is None or train.billed is None:
        return (Advice("tokens_per_epoch", None, f"no count is guessed: {_uncounted(plan)}"),)
    name = model.name if model else ""
    advice = [_tokens(train, model, kind, templated=plan.conventions.format in TEMPLATED)]
    if kind == "reinforcement":
        if found and found.usd_per_hour is not None:
            why = f"of training, {found.note}; how long it takes, the data does not say"
            advice.append(Advice("usd_per_hour", found.usd_per_hour, why, _dated(found)))
        return tuple(advice)
    total = train.billed * epochs
    advice.append(Advice("training_tokens", total, f"{train.billed:,} tokens x {epochs} epochs"))
    if found is None or found.usd_per_million_tokens is None:
        what = f"training {name}{UNPRICED.get(kind, '')} at {target.title}"
        why = f"no price of {what} is known: --price takes yours, in USD per million tokens"
        advice += [Advice(_PRICE, None, why), Advice("cost_usd", None, "unknown, because the price is")]
        return tuple(advice)
    gone = f"; a copy of {found.gone} no longer lists it, so ask before you count on it" if found.gone else ""
    advice.append(Advice(_PRICE, found.usd_per_million_tokens, f"of training{gone}", _dated(found)))
    usd = found.cost(train.billed, epochs)
    rest = "; tokens of validation are not billed" if validation is not None and target.name == "openai" else ""
    why = f"price x tokens of an epoch x epochs{rest}; an estimate, the bill counts for itself"
    guide = "OpenAI fine-tuning guide (late 2024)"
    advice.append(Advice("cost_usd", None if usd is None else round(usd, 4), why, guide))
    return tuple(advice)


def _uncounted(plan: Plan) -> str:
    """Why no tokens are counted."""
    if plan.model is None:
        return "no model is named"
    if plan.tokenizer is None:
        return "no tokenizer of this model is bundled"
    return f"records of the format {plan.conventions.format} are not read"


def _tokens(train: Split, model: Model | None, kind: str, *, templated: bool) -> Advice:
    encoding = model.encoding if model else ""
    why = f"counted with {encoding}; the longest record has {train.longest:,}"
    if templated:
        why += "; what the trainer's template adds is not counted"
    if train.too_long:
        assert model is not None
        assert model.max_tokens is not None
        many = "1 is" if train.too_long == 1 else f"{train.too_long:,} are"
        why += f"; {many} beyond the limit of {model.max_tokens.value:,}"
        if train.billed != train.tokens:
            why += f", and cut off there (with what is cut off: {train.tokens:,})"
    if kind == "preference":
        why += "; outputs that are not preferred are trained with, but not counted here"
    return Advice("tokens_per_epoch", train.billed, why, "OpenAI cookbook, 'How to count tokens with tiktoken'")


def _dated(found: Price) -> str:
    return f"{found.source} ({found.as_of})" if found.as_of else found.source


def history(splits: Sequence[Split], labels: Sequence[Label], model: Model | None) -> tuple[Advice, ...]:
    """How OpenAI's command of 2022 had its server measure a classification: for the record, it is gone."""
    paths = {split.name: split.paths[0] for split in splits}
    words = ["openai", "api", "fine_tunes.create", "-t", paths.get("train", "TRAIN_FILE")]
    words += ["-v", paths.get("validation", "VALIDATION_FILE"), "-m", model.name if model else "MODEL"]
    words += ["--compute_classification_metrics", "--classification_n_classes", str(len(labels))]
    why = (
        "HISTORY, do not run: so the API of 2022 was told to measure a classification; command and endpoint are "
        "gone, so measure on the validation data yourself (accuracy, weighted F1"
    )
    if len(labels) == 2:
        words += ["--classification_positive_class", labels[-1].written]
        why += "; of two labels, precision, recall, AUROC and AUPRC; here the rarer stands for the positive one)"
    else:
        why += ")"
    if not all(label.is_token for label in labels):
        why += "; it wanted labels of a single token, and these are not"
    return (Advice("metrics", shlex.join(words), why, "seed 002, 'How to evaluate your GPT fine-tuned model'"),)


def unsaid(plan: Plan, kind: str, endpoint: str | None, labels: Sequence[Label], measures: Measures) -> tuple[str, ...]:
    """What this plan does not say, and why."""
    found = []
    conventions = plan.conventions
    if plan.model is None:
        found.append(f"no model is named, and {plan.target.name} has no usual one: name one with --model")
    elif plan.tokenizer is None:
        found.append(
            f"no tokenizer of {plan.model.name} is bundled: tokens, cost, lengths and logit_bias are not known"
        )
    if not conventions.format or not formats.understood(conventions.format):
        what = f"{conventions.format} is only recognised" if conventions.format else "the format is not known"
        found.append(f"{what}, so nothing is said about calls: `curator convert` writes formats that are read")
    elif kind == "reinforcement":
        found.append(
            "how answers are graded stands in the job, not in the data; reasoning models take no temperature, stop, "
            "logit_bias or logprobs, and max_completion_tokens would count their thoughts"
        )
    elif conventions.format in TEMPLATED:
        found.append(f"how a prompt of {conventions.format} looks is up to the trainer's template, so no call is shown")
    elif endpoint is None and plan.model:
        takes = "prompts, not messages" if plan.model.kind == "completion" else "messages, not prompts"
        found.append(f"no call is shown: {plan.model.name} is a {plan.model.kind} model, and takes {takes}")
    elif plan.target.name not in ("openai", "azure"):
        found.append(
            "parameters and code are those of OpenAI's API, which many servers share: see whether yours takes them all"
        )
    if conventions.task == "classification" and is_measure(conventions):
        found.append("the answers are numbers on a scale: nothing is said per label")
    if repeated := measures.repeated:
        found.append(
            f"whether the answers are labels: {repeated:,} different short ones recur, but most of them "
            f"too rarely to be told from free text, which this plan takes them for; {_DECLARE}"
        )
    is_open = conventions.task == "classification" and not conventions.declared and not is_measure(conventions)
    if is_open and (left := measures.answers(labels)):
        found.append(
            f"whether the answers of {counted(left, 'record')} are labels: they occur fewer than {LABEL_SEEN} times, "
            f"or are spelled in another way, so that no parameter counts with them; {_DECLARE}"
        )
    if len(labels) > MOST_BIASED:
        found.append(f"of {len(labels):,} labels no logit_bias is made")
    return tuple(found)
