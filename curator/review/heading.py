"""What stands above every page: which data, for whom it is judged, who decides, and what went wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime

from curator.plan import Plan
from curator.report import Failure
from curator.review.decisions.previewing import is_as_checked
from curator.review.decisions.store import Store
from curator.review.rendering.escaping import brief, escape, whole
from curator.review.states import DataFile, Decision
from curator.review.workspace import Workspace

_NAMED = 2  # files
_NAME = 40  # code points of a name
_LISTED = 5  # files that could not be read, or have changed


def bar(workspace: Workspace) -> str:
    """Files, target, model, reviewer and the last decision, as HTML in one line."""
    files = workspace.files()
    last = last_decision(workspace.store)
    parts = [
        f'<b title="{escape(" · ".join(file.path for file in files[:50]))}">{names([file.path for file in files])}</b>',
        *(f"<span>{brief(text, _NAME)}</span>" for text in judged(workspace.plan(file.number) for file in files)),
        f'<span title="You decide under this name">{brief(workspace.store.reviewer, _NAME)}</span>',
        f'<span class="cu-quiet">{saved(last, datetime.now().astimezone()) if last else "nothing decided yet"}</span>',
    ]
    return whole(f'<div class="cu-bar">{"".join(parts)}</div>')


def names(paths: Iterable[str]) -> str:
    """The files' names as HTML: the first ones, and how many more there are."""
    known = list(dict.fromkeys(paths))
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    return ", ".join(brief(os.path.basename(path) or path, _NAME) for path in known[:_NAMED]) + more


def judged(plans: Iterable[Plan]) -> list[str]:
    """Target and model in words; where the files have different ones, how many."""
    known = list(plans)
    targets = list(dict.fromkeys(plan.target.name for plan in known))
    models = list(dict.fromkeys(plan.model.name for plan in known if plan.model))
    told = []
    for found, noun in ((targets, "target"), (models, "model")):
        if found:
            told.append(f"{noun} {found[0]}" if len(found) == 1 else f"{len(found)} {noun}s")
    return told


def last_decision(store: Store) -> Decision | None:
    """The last row of the log, by whomever; None for an empty one."""
    return next(iter(store.since(store.last_id - 1)), None)


def saved(last: Decision, now: datetime) -> str:
    """When the last decision was written: the time of the day, for one of another day also the date."""
    then = datetime.fromisoformat(last.time).astimezone(now.tzinfo)
    return f"saved {then:%H:%M:%S}" if then.date() == now.date() else f"saved {then:%Y-%m-%d %H:%M}"


def outdated(files: Iterable[DataFile]) -> list[DataFile]:
    """The files that are no longer what was checked."""
    return [file for file in files if file.stamp and not is_as_checked(file)]


def changed(files: Sequence[DataFile]) -> str:
    """That files have changed since the check, as HTML."""
    verb = "has changed" if len({file.path for file in files}) == 1 else "have changed"
    return line(
        "warning",
        f"<b>{names(file.path for file in files)}</b> {verb} since the check. What is decided stays with the records "
        "that are still the same; check again to see the new ones.",
    )


def failures(found: Sequence[Failure]) -> str:
    """What could not be checked, a line each, as HTML; "" for nothing."""
    lines = [line("error", f"Not checked: {brief(said(failure), 400)}") for failure in found[:_LISTED]]
    if len(found) > _LISTED:
        lines.append(line("error", f"… and {len(found) - _LISTED:,} more: see the Overview."))
    return "".join(lines)


def said(failure: Failure) -> str:
    """One failure in words: where, which rule, what."""
    where = f"{failure.path}:{failure.line}" if failure.line else failure.path
    told = failure.message if failure.message.startswith(failure.path) and failure.path else ""
    return told or ": ".join(part for part in (where, failure.code, failure.message) if part)


def line(level: str, html: str) -> str:
    """A line of ours that stands out; `level` is a severity."""
    return whole(f'<div class="cu-notice cu-{level}">{html}</div>')


def notices(workspace: Workspace) -> str:
    """What a reviewer should know before they decide, as HTML; "" for nothing."""
    checking, found = workspace.checking, []
    if workspace.store.notice:
        found.append(line("warning", escape(workspace.store.notice)))
    if checking.error:  # and yet there is an index
        found.append(line("warning", f"Tokens are not all counted: {brief(checking.error, 400)}"))
    return "".join(found) + failures(workspace.index.summary().failures)
