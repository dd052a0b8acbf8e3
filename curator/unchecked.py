"""What a run did not look at, and why: nothing is passed over in silence."""

from __future__ import annotations

from collections.abc import Sequence

from curator import formats
from curator.data import nearest
from curator.plan import Bound, Plan
from curator.report import NotChecked


def not_checked(bounds: Sequence[Bound], images: Sequence[int]) -> list[NotChecked]:
    """What no rule looked at in this run; one entry for each reason.

    `images` says for each of the splits that `bounds` stand for how many of its records hold an image.
    """
    reasons: dict[tuple[str, str], list[str]] = {}
    partners = _partners([bound.plan.dataset for bound in bounds if not bound.plan.left_out])
    for bound, with_images in zip(bounds, images, strict=True):
        plan, name = bound.plan, bound.plan.conventions.format
        where = plan.dataset if len(plan.splits) < 2 else f"{plan.dataset} ({plan.split})"
        if name and not formats.understood(name):
            reason = ("what is inside the records", f"the format {name} is recognised, but has no rules yet")
            reasons.setdefault(reason, []).append(where)
        elif formats.kind(name) == "reinforcement":
            why = "nearly every record ends with the user's message: taken for prompts, not for broken conversations"
            reasons.setdefault(("answers", why), []).append(where)
        elif formats.kind(name) == "preference":
            what = "how many messages the two outputs have, and whether they differ"
            reasons.setdefault((what, "no rules for pairs yet"), []).append(where)
        if name and bound.without_tokens:
            why = (
                f"no tokenizer is known for the model {plan.model.name}{_similar(plan)}"
                if plan.model
                else f"the target {plan.target.name} has no default model; name one with --model"
            )
            reasons.setdefault((f"tokens ({', '.join(bound.without_tokens)})", why), []).append(where)
        elif formats.understood(name) and plan.model is not None and plan.model.max_tokens is None:
            why = f"no limit is known for {plan.model.name} at {plan.target.name}"
            reasons.setdefault(("the token limit", why), []).append(where)
        if with_images:
            why = "no rule looks at their number, type, size and source, at what they show and what they cost in tokens"
            reasons.setdefault(("images", why), []).append(where)
        if len(plan.splits) < 2:
            why = "no validation file is known; [datasets.NAME] in curator.toml names it (`curator init` writes one)"
            if plan.dataset in partners:
                why = f"{partners[plan.dataset]} look like splits of one dataset; `curator init` writes that down"
            elif plan.left_out:
                why = f"its {' and '.join(plan.left_out)} split was not part of this run"
            reasons.setdefault(("leaks between the splits", why), []).append(where)
        elif plan.split != "train":
            why = "equal records and equal inputs are found, and no others; `curator split` keeps near copies together"
            reasons.setdefault(("near copies between the splits", why), []).append(where)
    if bounds:
        reasons["whether answers are true, and what the provider's moderation says", "no rule can tell"] = []
    only = len(bounds) < 2  # then there is nothing to tell apart
    return [NotChecked(what if only else f"{what}{_of(names)}", why) for (what, why), names in reasons.items()]


def _partners(files: Sequence[str]) -> dict[str, str]:
    """Files of their own whose names suggest that they are splits of one dataset, with all of these."""
    if len(files) < 2:
        return {}
    from curator.proposal import propose  # only where there are several

    found: dict[str, str] = {}
    for proposal in propose(files, "data"):
        if len(proposal.splits) > 1:
            together = [file for paths in proposal.splits.values() for file in paths]
            found |= dict.fromkeys(together, " and ".join(together[:3]))
    return found


def _similar(plan: Plan) -> str:
    """What a name that the target does not list may have meant."""
    assert plan.model is not None
    if plan.target.model(plan.model.name) is not None:
        return ""
    return nearest(plan.model.name, [name for m in plan.target.models for name in (m.name, *m.aliases)])


def _of(names: list[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return f" of {', '.join(names[:3])}{more}" if names else ""
