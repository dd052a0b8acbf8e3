"""The command that checks the same files again: what a report or a plan tells its reader to type does what it says."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

FILES = "FILE…"
"""Stands for files that are not named."""
_STDIN = "<stdin>"  # as curator.inputs calls standard input


def recheck(paths: Sequence[str], *, target: str | None, model: str | None, config: str | None, isolated: bool) -> str:
    """`curator check` of the paths, told of target, model and settings what the run was told; as a shell takes it."""
    flags = {"--target": target, "--model": model, "--config": config}
    words = ["curator", "check", *map(_named, paths)]
    words += [word for flag, value in flags.items() if value is not None for word in (flag, value)]
    words += ["--isolated"] * isolated
    return " ".join(word if word == FILES else shlex.quote(word) for word in words)


def _named(path: str) -> str:
    if path == _STDIN:
        return "-"
    return f"./{path}" if path.startswith("-") and path != "-" else path  # else it would be taken for a flag
