"""What a fine-tuning job uses when nothing is said, by published formulas; and what is known to be worth trying."""

from __future__ import annotations

from curator.planning.advice import Advice
from curator.reporters.text import counted
from curator.targets import Model, Target

_OPENAI = ("openai", "azure")
_LEGACY = ("r50k_base", "p50k_base")
"""Encodings of the models that seed 002 is about, whose defaults it lists."""

_COOKBOOK = "OpenAI cookbook, 'Data preparation and analysis for chat model fine-tuning' (2023)"
_TARGET_EPOCHS, _FEWEST_SEEN, _MOST_SEEN, _MOST_EPOCHS = 3, 100, 25_000, 25  # all of the cookbook
_BATCH_PER_MILLE, _LARGEST_BATCH = 2, 256  # seeds 002 and 003: 0.2 % of the examples, at most 256
_LEGACY_EPOCHS = 4  # seed 002
_HUGE = 200_000  # ours: what "hundreds of thousands" begins with


def epochs(examples: int) -> int:
    """The cookbook's estimate of the default: 3 epochs, as long as the model then sees 100 to 25,000 examples.

    Fewer examples are seen up to 25 times each, more as often as fits, but once at least.
    """
    if examples <= 0:
        return _TARGET_EPOCHS
    if examples * _TARGET_EPOCHS < _FEWEST_SEEN:
        return min(_MOST_EPOCHS, _FEWEST_SEEN // examples)
    if examples * _TARGET_EPOCHS > _MOST_SEEN:
        return max(1, _MOST_SEEN // examples)
    return _TARGET_EPOCHS


def batch_size(examples: int) -> int:
    """About 0.2 % of the examples, at least 1 and at most 256 (seeds 002 and 003)."""
    return max(1, min(_LARGEST_BATCH, (examples * _BATCH_PER_MILLE + 500) // 1000))


def planned_epochs(examples: int, model: Model | None) -> int:
    """The epochs that a plan counts with: those of seed 002 for its models, else the cookbook's."""
    return _LEGACY_EPOCHS if _is_legacy(model) else epochs(examples)


def training(examples: int, task: str, target: Target, model: Model | None, kind: str) -> tuple[Advice, ...]:
    """Epochs, batch size and learning-rate multiplier; for other targets than OpenAI's API as a place to start."""
    if kind == "reinforcement":
        return (
            Advice(
                "hyperparameters",
                None,
                "leave them to the API: the formulas for supervised tuning do not hold for reinforcement, "
                "and nobody has published others",
            ),
        )
    found = (_epochs(examples, task, target, model, kind), _batch(examples, target))
    return (*found, _LEARNING_RATE, *_prompt_loss(model)) if target.name in _OPENAI else found


_LEARNING_RATE = Advice(
    "learning_rate_multiplier",
    None,
    "leave it out: the default is 0.05, 0.1 or 0.2, the larger the batch the larger (from which batch size on, is not "
    "published); worth trying: 0.02 to 0.2, and more where the model does not converge",
    "seed 003, 'Hyperparameters'; seed 001, 'Model Hyperparameters'",
)


def _batch(examples: int, target: Target) -> Advice:
    why = (
        f"{_elsewhere(target)}the default: about 0.2% of {counted(examples, 'example')}, at most 256; "
        "0.01% to 2% did well, 5% and more worse"
    )
    source = "seed 002, 'How to pick training hyperparameters'; seed 003, 'Hyperparameters'"
    return Advice("batch_size", batch_size(examples), why, source)


def _elsewhere(target: Target) -> str:
    """What is said before a default of OpenAI's API where something else trains."""
    if target.name in _OPENAI:
        return ""
    trainer = target.title if target.named else "your trainer"
    return f"a place to start, for the default of {trainer} is not known here; at OpenAI: "


def _epochs(examples: int, task: str, target: Target, model: Model | None, kind: str) -> Advice:
    count = planned_epochs(examples, model)
    if _is_legacy(model):
        why, source = "the default of this model's time", "seed 002, 'How to pick training hyperparameters'"
    else:
        why = (
            "the default by the published estimate: 3, where the model then sees at least 100 and at most 25,000 "
            f"examples, else 1 to 25 (seed 003: 4 is the standard); {examples:,} x {count} = {examples * count:,} seen"
        )
        source = _COOKBOOK
    if examples >= _HUGE:
        why += "; with hundreds of thousands of examples, two epochs or one are enough (seed 003)"
    elif task == "classification":
        why += "; 4 to 10 did well for classification (seed 002)"
    why += "; one or two more where answers do not follow the data, one or two fewer where they lose variety (seed 001)"
    why = f"{_elsewhere(target)}{why}"
    if kind == "preference":
        why = f"the estimate is one of supervised tuning, and these are preferences; {why}"
    return Advice("n_epochs", count, why, source)


def _prompt_loss(model: Model | None) -> tuple[Advice, ...]:
    if not _is_legacy(model):
        return ()
    return (
        Advice(
            "prompt_loss_weight",
            0.1,
            "the default; less where prompts are very long beside their completions; never 1 for classification",
            "seed 002, 'prompt_loss_weight'",
        ),
    )


def _is_legacy(model: Model | None) -> bool:
    return model is not None and model.encoding in _LEGACY
