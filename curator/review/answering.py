"""What a key of the Review page does: it decides, moves on, and says what was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from curator.errors import InputError, UsageError
from curator.model import Finding
from curator.review import screen as screens
from curator.review import views
from curator.review.decisions.store import Conflict
from curator.review.index.queries import Group
from curator.review.opened import Opened
from curator.review.screen import Clash
from curator.review.states import Action, Decision, Filter, Row
from curator.review.workspace import Workspace

DONE: dict[Action, str] = {
    "accept": "Accepted", "edit": "Edited", "keep": "Kept", "remove": "Removed", "discuss": "To be discussed",
    "reopen": "Open again", "undo": "Undone", "redo": "Done again",
}  # fmt: skip
"""What a decision is called afterwards."""
_RECENT = 300  # rows of the log in which reasons are looked for
_REASONS = 5
_STAYS = " · the files that are written stay as they are"


# --- the queue ---------------------------------------------------------------------------------


def move(workspace: Workspace, step: int) -> None:
    """Go to the next record of the view, or the one before."""
    found = workspace.index.neighbour(screens.shown(), screens.record(), step)
    here = screens.screen()
    here.settle()
    if found is None:
        here.say("This is the last record of the view." if step > 0 else "This is the first record of the view.")
    else:
        here.say("")
        screens.show_record(found.id)


def move_cluster(workspace: Workspace, step: int) -> None:
    """Go to the next cluster of the view, or the one before."""
    here, shown, index = screens.screen(), screens.shown(), workspace.index
    name = screens.cluster() or next((group.id for group in index.groups(shown, 0, 1)), "")
    position = index.group_position(shown, name)
    is_here = any(group.id == name for group in index.groups(shown, position, 1))
    wanted = position + (step if step < 0 or is_here else 0)  # one that the view has no more: the next is in its place
    found = index.groups(shown, wanted, 1) if wanted >= 0 else []
    here.settle()
    if found:
        here.say("")
        screens.show_cluster(found[0].id)
    else:
        here.say("This is the last cluster of the view." if step > 0 else "This is the first cluster of the view.")


def next_cluster(workspace: Workspace, group: Group) -> None:
    """When a cluster is decided and the view has it no more, go to the one in its place, or the last."""
    shown, index = screens.shown(), workspace.index
    position = index.group_position(shown, group.id)
    near = [*index.groups(shown, position, 1), *index.groups(shown, max(0, position - 1), 1)]
    if all(one.id != group.id for one in near[:1]):
        screens.show_cluster(near[0].id if near else "")


def go(row: int) -> None:
    """Go to a record."""
    screens.screen().settle()
    screens.screen().say("")
    screens.show_record(row)


def follow(workspace: Workspace, shown: Filter, row: int) -> int:
    """The record that comes when this one is decided: the next, at the end the one before; 0 when none is left."""
    index = workspace.index
    found = index.neighbour(shown, row, 1) or index.neighbour(shown, row, -1)
    return found.id if found else 0


# --- one record --------------------------------------------------------------------------------


def proposed(opened: Opened) -> list[Finding]:
    """The findings whose fixes one key accepts: all safe ones, else the worst alone."""
    safe = [finding for finding in opened.fixable if finding.safety == "safe"]
    return safe or opened.fixable[:1]


def accept(workspace: Workspace, wanted: tuple[tuple[str, str], ...] | None = None, sure: bool = False) -> None:
    """Take the proposed fixes, or those of the findings with these codes and pointers."""

    def act(opened: Opened) -> Decision | None:
        findings = proposed(opened)
        if wanted is not None:
            findings = [finding for finding in opened.fixable if (finding.code, finding.pointer) in wanted]
        if not findings:
            raise UsageError("Nothing here has a fix that a program can apply: press E to edit the record.")
        accepted = workspace.proposal(opened, findings)
        if not sure and accepted.applied and not accepted.is_dropped:
            names = tuple((finding.code, finding.pointer) for finding in findings)
            if _warned(workspace, opened, accepted.raw, names):
                return None
        return workspace.accept(opened, findings)

    def make(opened: Opened) -> bytes | None:
        findings = proposed(opened)
        if wanted is not None:
            findings = [finding for finding in opened.fixable if (finding.code, finding.pointer) in wanted]
        accepted = workspace.proposal(opened, findings)
        return accepted.raw if accepted.applied and not accepted.is_dropped else None

    _decide(workspace, "accept", act, make=make)


def edited(workspace: Workspace, now: bytes, sure: bool = False) -> None:
    """Give the record the bytes that the reviewer has made of it."""

    def act(opened: Opened) -> Decision | None:
        if not sure and _warned(workspace, opened, now, None):
            return None
        return workspace.edit(opened, now)

    _decide(workspace, "edit", act, make=lambda opened: now)


def anyway(workspace: Workspace) -> None:
    """Do what was warned of."""
    here = screens.screen()
    if here.accepting is not None:
        accept(workspace, here.accepting, sure=True)
    else:
        edited(workspace, here.wanted, sure=True)


def _warned(workspace: Workspace, opened: Opened, now: bytes, names: tuple[tuple[str, str], ...] | None) -> bool:
    here = screens.screen()
    here.warnings = workspace.harm(opened, now)
    if here.warnings:
        here.asking, here.wanted, here.accepting, here.mode = "harm", now, names, "record"
    return bool(here.warnings)


def keep(workspace: Workspace, reason: str) -> None:
    """Accept what is found in the record, for a reason."""

    def act(opened: Opened) -> Decision:
        if not opened.open:
            raise UsageError("There is nothing left here to keep.")
        return workspace.keep(opened, opened.open, reason)

    _decide(workspace, "keep", act)


def remove(workspace: Workspace, note: str = "") -> None:
    """Take the record out of the data."""
    _decide(workspace, "remove", lambda opened: workspace.remove(opened, note))


def discuss(workspace: Workspace, note: str = "") -> None:
    """Leave the record to a talk."""
    _decide(workspace, "discuss", lambda opened: workspace.discuss(opened, note))


def reopen(workspace: Workspace) -> None:
    """Take the record back to how it stands in the file."""
    _decide(workspace, "reopen", workspace.reopen, stay=True)


def ask(what: screens.Asking) -> None:
    """Wait for a reason, or a note; asked again: no more."""
    here = screens.screen()
    here.mode, here.asking = "record", "" if here.asking == what else what
    here.asked += 1


def turn_to(mode: str, rule: str = "") -> None:
    """Edit the record, apply a fix to many, or go back to the record."""
    here = screens.screen()
    wanted = "record" if here.mode == mode else mode
    here.settle()
    here.mode, here.bulk = wanted, rule  # type: ignore[assignment]
    here.asked += 1
    here.say("")


def _decide(
    workspace: Workspace, action: Action, act: Callable[[Opened], Decision | None], stay: bool = False,
    make: Callable[[Opened], bytes | None] = lambda opened: None,
) -> None:  # fmt: skip
    """Decide on the record on screen, and go on; `make` tells what it would have become where others were faster."""
    here, index = screens.screen(), workspace.index
    row = index.row(here.row)
    if row is None:
        return
    following = follow(workspace, screens.shown(), row.id)
    try:
        opened = workspace.open(row)
        if opened.seen != here.seen and opened.decision is not None:  # it was decided on since it was drawn
            raise Conflict(opened.decision)
        decision = act(opened)
    except Conflict as conflict:
        workspace.sync()
        here.settle()
        here.say("Not saved: somebody else was faster.", wrong=True)
        made = make(workspace.as_seen(row, here.seen))
        here.clash = Clash(row.id, DONE[action].lower(), conflict.other, made, action == "edit")
        return
    except (UsageError, InputError) as error:
        here.say(str(error), wrong=True)
        return
    if decision is None:
        return
    here.settle()
    here.synced = max(here.synced, decision.id)
    is_open = decision.state.status == "open"
    here.say(told(workspace, row, decision, is_open and action != "reopen"))
    if not (is_open or stay):
        screens.show_record(following)


def told(workspace: Workspace, row: Row, decision: Decision, is_open: bool = False) -> str:
    """What was done, in a few words."""
    codes = ", ".join(decision.codes[:3]) + ("…" if len(decision.codes) > 3 else "")
    words = f"{DONE[decision.action]}: line {row.line:,}{f' · {codes}' if codes else ''}"
    if is_open:
        now = workspace.index.row(row.id)
        left = now.findings if now is not None else 0
        words += f" · {left:,} {'finding' if left == 1 else 'findings'} left"
    return words


# --- undo and redo -----------------------------------------------------------------------------


def undo(workspace: Workspace) -> None:
    """Take back the reviewer's last decision, and go to its record."""
    _turn(workspace, workspace.undo, "Taken back", "Nothing to take back.")


def redo(workspace: Workspace) -> None:
    """Do again what was taken back last, and go to its record."""
    _turn(workspace, workspace.redo, "Done again", "Nothing to do again.")


def _turn(
    workspace: Workspace, turn: Callable[[], tuple[list[Decision], list[Conflict]]], words: str, nothing: str
) -> None:
    here = screens.screen()
    here.settle()
    try:
        done, left = turn()
    except Conflict as conflict:
        here.say(f"Not {words.lower()}: {conflict.other.reviewer} has decided on that record since.", wrong=True)
        return
    except UsageError as error:
        here.say(str(error), wrong=True)
        return
    if not done:
        here.say(nothing)
        return
    here.synced = max(here.synced, done[-1].id)
    stays = _STAYS if done[0].undoes <= workspace.checking.written else ""
    _to_cluster(workspace, done[0])
    if len(done) > 1:
        more = f"; {len(left):,} stay, others have decided on them since" if left else ""
        here.say(f"{words}: {len(done):,} decisions at one stroke{more}{stays}")
        return
    row = workspace.index.find(done[0].key)
    what = _undone(workspace, done[0])
    gone = "its record is in these files no more; what is written stays (curator undo gives it back)"
    here.say(f"{words}: {what} · {f'line {row.line:,}{stays}' if row else gone}")
    if row is not None and screens.cluster() is None:
        screens.show_record(row.id)


def _to_cluster(workspace: Workspace, done: Decision) -> None:
    """Where clusters are looked at, go to that of the decision; to the records where it is in none."""
    row = workspace.index.find(done.key)
    if screens.cluster() is not None and row is not None:
        groups = workspace.index.groups_of(row.id)
        found = next((group for group in groups if group.code in done.codes), next(iter(groups), None))
        screens.show_cluster(found.id if found else None)


def _undone(workspace: Workspace, done: Decision) -> str:
    """What the decision was that was taken back, or done again."""
    found = next((other for other in workspace.history(done.key) if other.id == done.undoes), None)
    codes = ", ".join(done.codes[:3])
    return f"{DONE[found.action].lower() if found else 'a decision'}{f' · {codes}' if codes else ''}"


# --- what is offered ---------------------------------------------------------------------------


def reasons(workspace: Workspace) -> list[str]:
    """The last reasons for which findings were kept, the last first."""
    store = workspace.store
    recent = reversed(store.since(max(0, store.last_id - _RECENT)))
    found = (kept.reason for one in recent if one.action == "keep" for kept in reversed(one.state.kept))
    return [reason for reason in dict.fromkeys(found) if reason][:_REASONS]


def ago(time: str) -> str:
    """How long ago a decision was made, in words."""
    seconds = max(0.0, (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return f"{int(seconds)} s ago"


def reset(shown: Filter | None = None) -> None:
    """Show another view, or all that is open, from its first record."""
    screens.screen().settle()
    screens.screen().say("")
    screens.show_filter(shown if shown is not None else replace(views.DEFAULT, sort=screens.shown().sort))
    screens.show_record(0)
