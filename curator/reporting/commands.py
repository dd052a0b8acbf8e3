"""The commands that a page shows: those that check its files again, list the findings of a rule, or mend them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from curator.masking import Masker
from curator.recheck import FILES, recheck
from curator.reporters.text import visible

_LONGEST = 160  # code points of the files' names: a page shows the command with each rule
_FIXES = {"safe": ("--fix",), "unsafe": ("--fix", "--unsafe-fixes")}


def again(paths: Sequence[str], target: str | None, given: Mapping[str, Any], mask: Masker) -> str:
    """`curator check` of the paths, told of target, model and settings what the report was told.

    `FILE…` stands for paths that are too many to show, or cannot be shown as they are.
    """
    named = shlex.join(paths)
    is_shown = len(named) <= _LONGEST and Masker(Counter())(named) == visible(named) == named and "`" not in named
    flags = {name: given[name] for name in ("model", "config", "isolated")}
    return visible(mask(recheck(paths if is_shown else [FILES], target=target, **flags))).replace("`", "'")


def selecting(command: str, code: str, safety: str | None = None) -> str:
    """The command for one rule alone; with `safety`, one that mends its findings, or "" where none does."""
    if safety is None:
        return f"{command} --select {code}"
    return " ".join((command, *_FIXES[safety], "--select", code)) if safety in _FIXES else ""
