"""What writing all decisions comes to, in words and numbers, and the writing itself. Nothing is drawn here."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from curator.errors import CuratorError
from curator.fixing.placing import Run
from curator.review import uploads
from curator.review.decisions.previewing import Done, FileChange, preview
from curator.review.decisions.store import Store
from curator.review.decisions.writing import Known, Written, refused_in_place, write_in_place, write_new
from curator.review.rendering.differing import diff_html, pieces
from curator.review.rendering.escaping import brief, escape, label, marked, whole
from curator.review.serving import ReviewOptions
from curator.review.states import DataFile, Decision, Key
from curator.review.workspace import Workspace

_DONE: tuple[Done, ...] = ("changed", "removed", "kept", "discuss")
_SHOWN = 2_000  # code points of a record that goes
_NAMED = 20  # decisions that fit no record, and are named


# --- before -------------------------------------------------------------------------------------


def changes(workspace: Workspace) -> list[FileChange]:
    """What writing all decisions does to each file of the review, each once. Raises UsageError."""
    files = {file.key_path: file for file in reversed(workspace.files())}  # one may be in two datasets
    index = workspace.index

    def found(key: Key) -> set[tuple[str, str]]:
        findings = (finding for row in index.find_all(key) for finding in index.findings(row.id))
        return {(finding.code, finding.pointer) for finding in findings if finding.suppressed is None}

    return preview(
        reversed(files.values()), workspace.store.currents(),
        lambda file: workspace.plan(file.number).max_line_bytes, found,
    )  # fmt: skip


def is_nothing(change: FileChange) -> bool:
    """Whether nothing is to be written for a file."""
    return not (len(change.script) or change.kept)


def sentence(change: FileChange) -> str:
    """Where the records of a file go, so that the sum can be checked."""
    account = change.account
    told = [f"{account.entered:,} in the file"]
    if account.split:
        told.append(f"+ {account.split:,} from records that were split")
    told.append(f"= {account.records:,} written")
    if account.unreadable:
        told.append(f"+ {account.unreadable:,} that cannot be read and stay")
    if account.removed:
        told.append(f"+ {account.removed:,} set aside")
    return " ".join(told)


def effects(change: FileChange) -> str:
    """What is done to the records of a file, in numbers."""
    told = [
        f"{count:,} {word}"
        for count, word in (
            (change.changed, "changed"),
            (change.account.removed, "removed"),
            (change.kept, "kept as found"),
            (change.discuss, "to discuss, and left as found"),
        )
        if count
    ]
    return ", ".join(told) or "nothing"


def by_rule(found: Iterable[FileChange]) -> str:
    """Records by rule and by what is done, as an HTML table; "" where nothing is decided."""
    counts: Counter[tuple[str, Done]] = Counter()
    for change in found:
        counts.update(change.counts)
    codes = sorted({code for code, _ in counts}, key=lambda code: (-sum(counts[code, done] for done in _DONE), code))
    used = [done for done in _DONE if any(counts[code, done] for code in codes)]
    rows: list[list[str | int]] = [[code or "for no rule", *(counts[code, done] for done in used)] for code in codes]
    return table(["Rule", *(_WORDS[done] for done in used)], rows) if rows else ""


_WORDS: Mapping[Done, str] = {"changed": "changed", "removed": "removed", "kept": "kept", "discuss": "to discuss"}


def table(head: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """An HTML table; numbers to the right, 0 as a dash."""
    first, *numbers = map(escape, head)
    top = f"<th>{first}</th>" + "".join(f'<th class="cu-number">{name}</th>' for name in numbers)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return whole(f'<table class="cu-table"><tr>{top}</tr>{body}</table>')


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f'<td class="cu-number">{f"{value:,}" if value else "–"}</td>'
    return f"<td>{brief(value, 120)}</td>"


def lost(change: FileChange, store: Store) -> str:
    """The decisions that fit no record of the file any more, as HTML; "" for none."""
    if not change.stale:
        return ""
    items = []
    for key in change.named[:_NAMED]:
        decision = store.current(key)
        if decision is not None:
            items.append(f"<li>{_told(decision)}</li>")
    more = f"<li>… and {change.stale - len(items):,} more</li>" if change.stale > len(items) else ""
    one = change.stale == 1
    head = (
        f"{change.stale:,} {'decision fits' if one else 'decisions fit'} no record of {brief(change.file.path, 120)}: "
        f"{'its record was' if one else 'their records were'} written already, or somebody has changed or removed "
        f"{'it' if one else 'them'}. Nothing is done about {'it' if one else 'them'}."
    )
    return whole(
        f'<details class="cu-fold"><summary>{head}</summary><ul class="cu-list">{"".join(items)}{more}</ul></details>'
    )


def _told(decision: Decision) -> str:
    codes = f" for {', '.join(map(escape, decision.codes))}" if decision.codes else ""
    which = f"<code>{escape(decision.key.record[:12])}</code>" + (
        f" (copy {decision.key.nth + 1})" if decision.key.nth else ""
    )
    when = decision.time[:16].replace("T", " ")
    return f"{which} {decision.action}{codes}, {brief(decision.reviewer, 40)}, {escape(when)} UTC"


def diff(change: FileChange, limit: int) -> str:
    """The first `limit` places of a file that change, as HTML. Raises UsageError where the file has changed."""
    shown: list[str] = []
    gone: list[bytes] = []  # a record that goes is one line, or in a document of JSON several
    number = 0

    def close() -> None:
        if gone:
            shown.append(_only("removed", b"".join(gone)))
            gone.clear()

    for row in change.rows(limit):
        if row.tag == "@":
            number = _line(row.line)
            continue
        is_gone = row.tag == "-" and row.other is None
        if not (is_gone and change.file.container == "document"):
            close()
        if row.tag == "-" and not gone:
            shown.append(f'<div class="cu-quiet">line {number:,}</div>')
        if is_gone:
            gone.append(row.line)
        elif row.tag == "-":
            shown.append(diff_html(pieces(_text(row.line), _text(row.other or b""))))
        elif row.tag == "+" and row.other is None:
            shown.append(_only("added", row.line))
        number += row.tag != "+"
    close()
    return whole("".join(shown))


def _only(what: str, line: bytes) -> str:
    return f'<div class="cu-text cu-diff">{label(what, what)} {marked(_text(line), limit=_SHOWN)}</div>'


def _line(head: bytes) -> int:
    """The number of the first line of a hunk in the old file."""
    return int(head.split(b"-", 1)[1].split(b",", 1)[0].split(b" ", 1)[0])


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")


# --- writing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file."""

    file: DataFile
    written: Written | None
    error: str = ""
    """Why it was not written."""


def write(
    workspace: Workspace,
    targets: Mapping[str, str] | None,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> list[Result]:
    """Write what is decided about every file: to the target of its path, or where there are none, in place.

    A file that cannot be written is as it was, and the others are written all the same. Raises UsageError where there
    is no telling what is to be written.
    """
    found = [change for change in changes(workspace) if not is_nothing(change)]
    known, run = known_of(workspace), Run()
    results = []
    for number, change in enumerate(found):
        progress(number, len(found))
        try:
            if targets is None:
                done = write_in_place(change, known, workspace.store.restate, run)
            else:
                done = write_new(change, known, targets.get(change.file.path), overwrite=overwrite)
            results.append(Result(change.file, done))
        except CuratorError as error:
            results.append(Result(change.file, None, str(error)))
    progress(len(found), len(found))
    return results


def known_of(workspace: Workspace) -> Known:
    """What writing must know of the check."""
    index = workspace.index

    def findings(key: Key) -> list[object]:
        return [finding for row in index.find_all(key) for finding in index.findings(row.id)]

    return Known(index.datasets(), findings, workspace.linter)  # type: ignore[arg-type]


def clashes(targets: Mapping[str, str]) -> list[str]:
    """The new files that two files would be written to."""
    counts = Counter(os.path.realpath(path) for path in targets.values())
    return [path for path, count in counts.items() if count > 1]


def barred(found: Iterable[FileChange]) -> list[str]:
    """Why files cannot be written in place, a sentence each."""
    said = []
    for change in found:
        why = refused_in_place(change.file)
        if why and not is_nothing(change):
            said.append(f"{change.file.path}: {why}")
    return said


def export(store: Store) -> bytes:
    """The log of decisions as JSON Lines."""
    out = StringIO()
    store.export(out)
    return out.getvalue().encode()


# --- the same without the page ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Command:
    """What does the same in a shell."""

    line: str
    """"" where there is none."""
    fixes: int
    """Decisions that take a rule's fix."""
    others: int
    """Edits, removals and kept findings: what no command decides."""


def command(workspace: Workspace, found: Iterable[FileChange]) -> Command:
    """The command that applies the accepted rules' fixes, to all records that they fit."""
    wanted = {change.file.key_path: change.file.path for change in found if not is_nothing(change)}
    codes: set[str] = set()
    paths: dict[str, None] = {}
    fixes = others = 0
    for decision in workspace.store.currents():
        path = wanted.get(decision.key.path)
        if path is None or decision.state.status in ("open", "discuss"):
            continue
        if decision.action == "accept" and not decision.state.kept and decision.codes:
            fixes += 1
            codes |= set(decision.codes)
            paths[uploads.known_as(path)] = None
        else:
            others += 1
    if not fixes:
        return Command("", 0, others)
    options = workspace.options
    words = ["curator", "check", *flags(options), "--fix", "--unsafe-fixes", "--select", ",".join(sorted(codes))]
    return Command(
        shlex.join([*words, *(f"./{path}" if path.startswith("-") else path for path in paths)]), fixes, others
    )


def flags(options: ReviewOptions) -> list[str]:
    given = (("--config", options.config), ("--target", options.target), ("--model", options.model))
    return [word for flag, value in given if value for word in (flag, value)]


def now_valid(workspace: Workspace, results: Iterable[Result]) -> list[str]:
    """The files that take the place of those of the review; all of it where it was written in place."""
    written = {result.file.path: result.written.path for result in results if result.written and result.written.path}
    if all(new == old for old, new in written.items()):
        return list(workspace.options.paths)
    return list(dict.fromkeys(written.get(file.path, file.path) for file in workspace.files()))


def is_in_place(results: Iterable[Result]) -> bool:
    """Whether it was the data itself, or its suppressions, that was written: no more can be told by the old check."""
    return any(result.written.path in ("", result.file.path) for result in results if result.written)


def report(result: Result) -> str:
    """What became of one file, as HTML."""
    if result.written is None:
        return f'<div class="cu-line">{label("not written", "error")} {brief(result.error, 600)}</div>'
    written, told = result.written, []
    if written.path:
        told.append(f"<b>{marked(uploads.known_as(written.path))}</b> {written.account.records:,} records")
    if written.aside:
        told.append(f"those removed are in <b>{marked(uploads.known_as(written.aside))}</b>")
    for path, count in written.suppressions.items():
        told.append(f"{count:,} kept {'finding is' if count == 1 else 'findings are'} noted in <b>{marked(path)}</b>")
    said = "; ".join(told) or f"{brief(result.file.path, 200)}: nothing was to change"
    return f'<div class="cu-line">{label("written", "added")} {said}</div>'


def together(found: Iterable[FileChange]) -> str:
    """What is done to all files, in one sentence."""
    wanted = list(found)
    if not wanted:
        return "There is nothing to write: no decision changes a record."
    counts = (
        (sum(change.changed for change in wanted), "changed"),
        (sum(change.account.removed for change in wanted), "removed"),
        (sum(change.kept for change in wanted), "kept as found"),
    )
    told = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    records = sum(change.account.entered for change in wanted)
    files = f"{len(wanted):,} files" if len(wanted) > 1 else "1 file"
    return f"Of {records:,} records in {files}: {told}."


def file_html(change: FileChange) -> str:
    """A file with what is done to it and the sum of its records."""
    name = brief(uploads.known_as(change.file.path), 200)
    return whole(
        f'<div class="cu-file"><b>{name}</b><div>{escape(effects(change))}</div>'
        f'<div class="cu-quiet">{escape(sentence(change))}</div></div>'
    )


def command_html(found: Command) -> str:
    """What does the same in a shell, and what does not."""
    if not found.line:
        return whole('<p class="cu-quiet">No command does the same: these are edits and choices of yours.</p>')
    others = ""
    if found.others:
        verb = "decision is an edit or a choice" if found.others == 1 else "decisions are edits and choices"
        others = f'<p class="cu-quiet">{found.others:,} further {verb} of yours: no command does that.</p>'
    return whole(
        '<p class="cu-quiet">Without the page, this applies the same rules\' fixes to every record that they fit, also '
        f'where nobody has decided yet:</p><code class="cu-command">{escape(found.line)}</code>{others}'
    )
