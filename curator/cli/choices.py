"""What a command is told of target, model and settings, and how another command is told the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from curator import settings, targets
from curator.errors import UsageError


def settings_for(given: Mapping[str, Any], **flags: Any) -> Callable[[Path], settings.Settings]:
    """What gives the settings of a file: those of --config, or the nearest, or none; with these flags in their place.

    Raises UsageError where --config and --isolated contradict each other.
    """
    if given["isolated"] and given["config"]:
        raise UsageError("--isolated and --config contradict each other")

    def found(path: Path) -> settings.Settings:
        return settings.overlay(settings.for_path(path, given["config"], given["isolated"]), **flags)

    return found


def require_targets(names: Iterable[str | None]) -> None:
    """Raises UsageError for a name that is no target's."""
    for name in names:
        if name is not None and name not in targets.names():
            raise UsageError(f"unknown target {name!r}; there are {', '.join(targets.names())}")
