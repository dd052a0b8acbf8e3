"""What `curator check --fix` and `--diff` say."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import takewhile
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from curator.cli import outputs
from curator.engine import Progress
from curator.errors import InputError, UsageError
from curator.executors.local import Executor
from curator.findings import AROUND, clip
from curator.inputs import Dataset
from curator.reporters import Style
from curator.reporters.text import paint, visible
from curator.suppressions import Suppressions

if TYPE_CHECKING:  # a run that fixes nothing does not wait for these
    from curator.fixing.mending import Fixed, Show
    from curator.fixing.patch import Row
    from curator.fixing.rewriting import Account
    from curator.fixing.script import Script

_COLOR = {"-": "red", "+": "green", "@": "cyan"}
_TO_LINES = "FIL005"
_LISTED = 20  # different fixes of a file that are listed
_FLAGS = (
    click.option("--fix", is_flag=True, help="Apply the fixes that do not change what is trained on."),
    click.option("--unsafe-fixes", is_flag=True, help="With --fix: also those that change texts or remove records."),
    click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing."),
    click.option("--show-fixes", is_flag=True, help="List what was fixed."),
    click.option("--verify", is_flag=True, help="After --fix, check all of a large file again, not only what changed."),
    click.option("--follow-symlinks", is_flag=True, help="Fix also the files that symbolic links lead to."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the flags to a command."""
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command


def validate(given: dict[str, Any]) -> None:
    """Raises UsageError for flags that do not go together."""
    if given["fix"] or given["diff"]:
        if given["suppress"] or given["prune_suppressions"]:
            raise UsageError("fix first, then suppress what is left: --fix and --suppress are two runs")
        for name in ("output_format", "statistics"):
            if given["diff"] and given[name]:
                flag = f"--{name.replace('_', '-')}"
                raise UsageError(f"--diff shows a patch, not a report: {flag} goes with a check without --diff")
        return
    for name in ("unsafe_fixes", "show_fixes", "verify", "follow_symlinks"):
        if given[name]:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag} goes with --fix: curator check train.jsonl --fix {flag}")


def run(
    datasets: Sequence[Dataset],
    given: dict[str, Any],
    executor: Executor,
    progress: Progress | None,
    failures: Sequence[InputError],
    style: Style,
) -> tuple[Fixed, Suppressions]:
    """Fix, or show the diff on standard output, and say on standard error what was done."""
    from curator.fixing.mending import fix
    from curator.fixing.rounds import Options

    chosen = Options(given["unsafe_fixes"], given["verify"], given["follow_symlinks"])
    path = given["output_file"] if given["diff"] else None
    with outputs.opened(path) if path is not None else nullcontext() as out:
        fixed, known = fix(
            datasets, chosen, executor=executor, token_stats=given["token_stats"], progress=progress,
            failures=failures, show=_shower(out, style) if given["diff"] else None,
        )  # fmt: skip
    if not given["quiet"]:
        for text in _said(fixed, given, style):
            click.echo(text, err=True)
    return fixed, known


def _said(fixed: Fixed, given: dict[str, Any], style: Style) -> Iterator[str]:
    for note in fixed.notes:
        yield visible(f"note: {note}")
    for file in fixed.files if given["show_fixes"] else ():
        yield f"{paint(visible(file.path), style, bold=True)}:"
        listed = sorted(file.fixes.items(), key=lambda item: (-item[1], item[0]))
        for (code, title), count in listed[:_LISTED]:
            yield f"    {count:,} × {code}: {visible(clip(title))}"
        if len(listed) > _LISTED:
            yield f"    and {sum(count for _, count in listed[_LISTED:]):,} more of {len(listed) - _LISTED:,} kinds"
    for file in fixed.files:
        yield visible(f"{file.path}: {sentence(file.account, '' if given['diff'] else file.aside)}")
        if file.path.lower().endswith(".json") and any(code == _TO_LINES for code, _ in file.fixes):
            now = "would hold JSON Lines" if given["diff"] else "holds JSON Lines now"
            yield visible(f"note: {file.path} {now}: other tools may want the name {file.path}l")
    count, files = fixed.count, len(fixed.files)
    if count:
        text = f"{count:,} {'finding' if count == 1 else 'findings'} in {files:,} {'file' if files == 1 else 'files'}"
        left = f" ({len(fixed.report.findings):,} left)"
        if given["diff"]:
            yield f"{text} would be fixed{left}."
        else:
            yield visible(f"Fixed {text}{left}; `{way_back([file.path for file in fixed.files])}` takes it back.")
    elif not fixed.report.failures:
        unsafe = 0 if given["unsafe_fixes"] else fixed.report.findings.fixable_by["unsafe"]
        yield f"Nothing to fix without --unsafe-fixes, which would fix {unsafe:,}." if unsafe else "Nothing to fix."
    if fixed.unsettled:
        are = "finding has a fix that was" if fixed.unsettled == 1 else "findings have fixes that were"
        yield f"note: {fixed.unsettled:,} {are} not applied: held or taken back, or in each other's way"
    if given["diff"] and not fixed.is_verified:  # else the report says so
        from curator.fixing.rounds import UNVERIFIED

        yield f"note: not looked for: {UNVERIFIED.what}: {UNVERIFIED.why}"


def way_back(paths: Sequence[str]) -> str:
    """The command that takes a run back: undo looks below this folder, and elsewhere only when told."""
    folders = sorted({os.path.dirname(path) or "." for path in paths})
    is_below = all(not os.path.relpath(folder).startswith("..") for folder in folders)
    return shlex.join(["curator", "undo", *([] if is_below else folders)])


def sentence(account: Account, aside: str) -> str:
    """The account of a file in words: what went in is what came out."""
    made = f" + {account.split:,} made by splitting" if account.split else ""
    kept = f" (kept in {aside})" if aside else ""
    gone = f" + {account.removed:,} removed{kept}" if account.removed else ""
    broken = f" + {account.unreadable:,} unreadable" if account.unreadable else ""
    return f"{account.entered:,} in{made} = {account.records:,} records out{gone}{broken}"


def _shower(out: BinaryIO | None, style: Style) -> Show:
    from curator.fixing.patch import rows, written
    from curator.opening import encoding_of

    def show(name: str, source: str, script: Script) -> None:
        with open(source, "rb") as file:
            if (name_of := encoding_of(file.read(64))) != "utf-8":
                click.echo(
                    visible(f"{name}: all of it changes: it is written in {name_of.upper()}, and would be in UTF-8")
                )
                return
            found = rows(file, script)
            if out is not None:
                out.writelines(written(name, found))
            elif style.color or outputs.is_terminal(sys.stdout):
                _show(name, found, style)
            else:
                with outputs.standard("--output-file") as stream:
                    stream.buffer.writelines(written(name, found))
                    stream.buffer.flush()

    return show


def _show(path: str, found: Iterator[Row], style: Style) -> None:
    """For people: of each long line no more than what changes."""
    click.echo(paint(f"--- {visible(path)}\n+++ {visible(path)}", style, bold=True), color=style.color)
    for row in found:
        text = row.line.decode("utf-8", "backslashreplace")
        shown = text.rstrip("\n") if row.tag == "@" else row.tag + visible(_around(row, text).rstrip("\n"))
        click.echo(paint(shown, style, fg=_COLOR.get(row.tag)), color=style.color)


def _around(row: Row, text: str) -> str:
    """A long line cut to where it differs from the one that it replaces, with a little on both sides."""
    text = text.removesuffix("\n")
    if len(text) <= 5 * AROUND or row.other is None:
        return clip(text, 5 * AROUND)
    other = row.other.decode("utf-8", "backslashreplace").removesuffix("\n")
    head = _shared(text, other)
    tail = _shared(reversed(text[head:]), reversed(other[head:]))
    first, last = max(0, head - AROUND), min(len(text), len(text) - tail + AROUND)
    middle = clip(text[head : len(text) - tail], 10 * AROUND)
    shown = text[first:head] + middle + text[len(text) - tail : last]
    return f"{'…' if first else ''}{shown}{'…' if last < len(text) else ''}"


def _shared(first: Iterable[str], second: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
