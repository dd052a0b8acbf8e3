"""The command that checks the files of a report again: what a page tells its reader to type must do what it says."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from curator.masking import Masker
from curator.reporters.text import visible

_LONGEST = 160  # code points of the files' names: a page shows the command with each rule
_ELSE = "FILE…"
_FIXES = {"safe": ("--fix",), "unsafe": ("--fix", "--unsafe-fixes")}


def again(paths: Sequence[str], target: str | None, given: Mapping[str, Any], mask: Masker) -> str:
    """`curator check` of the paths, told of target, model and settings what the report was told.

    `FILE…` stands for paths that are too many to show, or cannot be shown as they are.
    """
    named = shlex.join(paths)
    if len(named) > _LONGEST or Masker(Counter())(named) != named or visible(named) != named or "`" in named:
        named = _ELSE
    flags = {"--target": target, "--model": given["model"], "--config": given["config"]}
    words = [word for flag, value in flags.items() if value is not None for word in (flag, value)]
    words += ["--isolated"] * given["isolated"]
    said = visible(mask(shlex.join(words))).replace("`", "'")
    return " ".join(filter(None, ("curator check", named, said)))


def selecting(command: str, code: str, safety: str | None = None) -> str:
    """The command for one rule alone; with `safety`, one that mends its findings, or "" where none does."""
    if safety is None:
        return f"{command} --select {code}"
    return " ".join((command, *_FIXES[safety], "--select", code)) if safety in _FIXES else ""
