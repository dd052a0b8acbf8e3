"""The conventions of a split as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from curator.conventions import Conventions
from curator.endings import Habit


@dataclass(frozen=True, slots=True)
class Habits:
    """What a split does as a habit: texts, each with the share of the records that have it."""

    format: str
    """"" where no format is known."""
    task: str
    separators: tuple[Habit, ...]
    stop: Habit | None
    leading: Habit | None
    """The white space that completions begin with."""
    beginning: Habit | None
    """What prompts begin with."""
    systems: tuple[Habit, ...]
    """System prompts that more than a twentieth of the records have; "" for none."""
    system_prompts: int
    """How many different ones the sample has."""
    json_share: float
    """Of the answers that are JSON."""
    json_keys: tuple[str, ...]
    extra_keys: tuple[str, ...]
    """Members of the records beyond those of the format."""
    call_spacing: dict[str, int]
    """Calls by the spaces in their arguments."""
    sampled: int
    pinned: tuple[str, ...]
    """What of this the settings say."""

    @classmethod
    def of(cls, found: Conventions) -> Habits:
        """The habits that were learned."""
        return cls(
            found.format, found.task, found.separators, found.stop, found.leading, found.beginning, found.systems,
            found.system_prompts, found.json_share, tuple(sorted(found.json_keys)), found.metadata,
            {str(kind): count for kind, count in found.calls.spacing.items()}, found.sampled,
            tuple(sorted(found.pinned)),
        )  # fmt: skip
