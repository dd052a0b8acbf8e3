"""Target profiles: what a provider or trainer takes, each figure with its source and date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from curator.data import folder, load_toml, toml_files
from curator.errors import UsageError

AUTO = "auto"
_OWN_FORMATS = "openai"
_ELSE = "generic"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that somebody published, and when."""

    value: int
    source: str
    as_of: str
    verified: bool = True
    """False where the server's behaviour was not seen: such a figure never makes an error."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be tuned."""

    name: str
    kind: Literal["chat", "completion"]
    encoding: str | None = None
    """The tokenizer's name; None where none is known."""
    aliases: tuple[str, ...] = ()
    max_tokens: Figure | None = None
    """Of one training example."""
    vision: Literal["yes", "no", "unlisted", ""] = ""
    """Whether it takes images; `unlisted` where the guide names other models only, "" where nobody says."""
    named: bool = False
    """Whether the user asked for it, so that it is not the target's default."""


@dataclass(frozen=True, slots=True)
class Target:
    """What one provider or trainer takes."""

    name: str
    title: str
    formats: tuple[str, ...] = ()
    """Accepted dataset formats; empty: every format."""
    overflow: Literal["truncate", "reject", "drop", ""] = ""
    """What becomes of an example beyond the token limit; "" where nobody says."""
    default_models: Mapping[str, str] = field(default_factory=dict)
    """The model taken for a kind of format when none is named."""
    takes_byte_order_mark: bool = False
    refuses_unknown_keys: bool = False
    min_examples: Figure | None = None
    max_file_bytes: Figure | None = None
    max_upload_bytes: Figure | None = None
    """Of a single upload, where larger files need another way."""
    extra_keys: tuple[str, ...] = ()
    """Keys at the top level that it takes beyond those of the format."""
    alternation: bool = False
    """Whether user and assistant must alternate."""
    refuses_repeat_after_call: bool = False
    """Whether it refuses an assistant message right after one that calls a tool."""
    arguments: Literal["string", "object", ""] = ""
    """The form in which it wants the arguments of a call; "" where either will do, or nobody says."""
    call_id_pattern: str = ""
    """A regular expression for the ids of calls; "" for any."""
    adds_end_token: bool = True
    """Whether it ends every completion itself, so that the data needs no stop sequence."""
    content_parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By role, the types of content parts that it takes; a role that is not named takes any."""
    reserved_tokens: tuple[str, ...] = ()
    """Texts that its models read as control tokens."""
    severity: Mapping[str, str] = field(default_factory=dict)
    """Severities that differ here, by rule code or name."""
    models: tuple[Model, ...] = ()
    named: bool = False
    """Whether the user asked for it, so that it was not chosen by the data's format."""

    def model(self, name: str) -> Model | None:
        """The model of that name, alias, or of the fine-tuned model `ft:BASE:…`; None if unknown."""
        base = name.split(":")[1] if name.startswith("ft:") and name.count(":") else name
        for model in self.models:
            if base == model.name or base in model.aliases:
                return model
        return None


@cache
def targets() -> dict[str, Target]:
    """Every bundled profile by name."""
    found = {}
    for file in toml_files(folder("targets")):
        target = load_toml(file, Target)
        found[target.name] = target
    return found


def names() -> list[str]:
    """What `--target` takes."""
    return [AUTO, *sorted(targets())]


def require(target: str, model: str | None = None, where: str = "") -> None:
    """Raises UsageError for a name that is no target's, and for a model without one; `where` begins the message.

    A model without a name, as `--model "$MODEL"` without a value gives it, would take the checks of tokens away.
    """
    if target not in names():
        raise UsageError(f"{where}unknown target {target!r}; there are {', '.join(names())}")
    if model is not None and not model.strip():
        raise UsageError(f"{where}the model has no name: name one, or leave it out for the default of the target")


def resolve(target: str, format_name: str) -> Target:
    """The profile for a target's name; `auto` is `openai` for its own formats and `generic` else."""
    if target == AUTO:
        return targets()[_OWN_FORMATS if format_name in targets()[_OWN_FORMATS].formats else _ELSE]
    require(target)
    return replace(targets()[target], named=True)


def resolve_model(target: Target, name: str | None, kind: str) -> Model | None:
    """The model to count and limit by: the one named, else the target's default for the kind.

    A name that the target does not list keeps the tokenizer that any profile gives it, without a limit. Raises
    UsageError for an empty one.
    """
    if name is None:
        default = target.default_models.get(kind) or target.default_models.get("chat" if kind else "")
        return target.model(default) if default else None
    require(target.name, name)
    known = target.model(name)
    if known:
        return replace(known, named=True)
    for other in targets().values():
        if (model := other.model(name)) is not None:
            return Model(name, model.kind, model.encoding, named=True)
    return Model(name, "completion" if kind == "completion" else "chat", named=True)
