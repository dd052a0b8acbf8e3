"""What a decision makes of one record, and what the rules say of the result. Nothing is written here.

Edits touch the bytes that they change and no others: what a text area shows is compared with what it was given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from curator import plan as plans
from curator.answers import label_turn
from curator.checks.conformance import sentences
from curator.conventions import Conventions
from curator.curation.wording import apart
from curator.declared import judge
from curator.findings import again, record_hash
from curator.fixing import relint
from curator.fixing.relint import Relint, Units, units
from curator.fixing.splicing import choose, join, splices
from curator.locate import escape, locate
from curator.model import DropLine, Edit, Example, Finding, Insert, Remove, Replace, ReplaceText
from curator.parsing import parse
from curator.plan import Plan
from curator.review.states import DataFile, Kept
from curator.sources import Line, Shard

_UNIT = re.compile("\r\n|.", re.DOTALL)  # what is one character in a text area
_UNSHOWABLE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Linted:
    """What is found in a record as it is to become."""

    findings: list[Finding]
    """By the rules that look at one record; those accepted are not among them."""
    later: list[Finding] = field(default_factory=list)
    """What rules that look at the whole dataset said of the record as it was; asked again when all is written."""
    kept: list[Finding] = field(default_factory=list)
    """Those that are accepted, by a reviewer or by the suppressions."""
    failure: str = ""
    """Why nothing is known: a check raised."""


class Linter:
    """Lints single records of one file by the plan that the file was checked by."""

    def __init__(self, plan: Plan, file: DataFile) -> None:
        bound = plans.bind(plan)
        shard = whole(file)
        self._is_document = file.container == "document"
        self._relint = Relint(bound, shard, plan.suppressions.get(file.path))
        self._of_dataset = {rule.rule.code for rule in bound.dataset}
        self.plan = plan
        self.ending = ending_of(file)
        """What parts the lines that a fix makes of one."""

    def lint(
        self, raw: bytes, line: int = 1, column: int = 1, *, was: bytes | None = None, before: Sequence[Finding] = (),
        kept: Sequence[Kept] = (),
    ) -> Linted:  # fmt: skip
        """What is found in the bytes of one record, which stands, or stood as `was`, at that line and column.

        `before` is all that the check said of it; `raw` may be several lines.
        """
        pieces = [raw]
        if not self._is_document and b"\n" in raw:
            pieces = [piece.removesuffix(b"\r") for piece in raw.split(b"\n")]
        was = raw if was is None else was
        found: list[Finding] = []
        try:
            for number, piece in enumerate(pieces):
                at = Line(piece, 0, line + number, 1 if number else column, len(piece))
                found += self._relint.findings(at, was)
        except relint.ChecksFailed as error:
            return Linted([], failure=str(error))
        later = [] if len(pieces) > 1 else list(self._carried(before, Line(raw, 0, line, column, len(raw))))
        accepted = {(item.code, item.pointer) for item in kept}
        linted = Linted([])
        for finding in (*found, *later):
            if finding.suppressed is not None or (finding.code, finding.pointer) in accepted:
                linted.kept.append(finding)
            else:
                is_late = raw != was and finding.code in self._of_dataset
                (linted.later if is_late else linted.findings).append(finding)
        return linted

    def _carried(self, before: Sequence[Finding], line: Line) -> Iterator[Finding]:
        """The findings of rules that look at the whole dataset, as far as their place is still there."""
        now = record_hash(line.raw)
        for finding in before:
            if finding.code not in self._of_dataset:
                continue
            if finding.record == now:
                yield finding
                continue
            try:
                moved = again(finding, line)
            except (LookupError, ValueError):
                continue
            # Its edits were made for other bytes; only taking out the whole record still means the same.
            drops = finding.fix is not None and finding.fix.edits == (DropLine(),)
            yield moved if drops or finding.fix is None else replace(moved, fix=replace(finding.fix, edits=()))


def whole(file: DataFile) -> Shard:
    """All of a file, to be read."""
    container: Any = file.container
    return Shard(
        file.number, file.path, file.real_path, file.start, file.size, file.size, 1, container, file.encoding,
        file.start,
    )  # fmt: skip


def ending_of(file: DataFile) -> bytes:
    """How the first line of the file ends: `\\n` or `\\r\\n`."""
    last = b""
    with open(file.real_path, "rb") as opened:
        while part := opened.readline(1 << 20):
            last = last[-1:] + part
            if part.endswith(b"\n"):
                break
    return b"\r\n" if last.endswith(b"\r\n") else b"\n"


# --- fixes -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the fixes of a record make of it."""

    raw: bytes
    """Its new bytes; several lines where a fix splits it; nothing where it goes."""
    applied: list[Finding]
    unfit: list[Finding]
    """Those whose fix needs a person, changes nothing, or touches what another one changes."""
    is_dropped: bool = False


def accept(raw: bytes, findings: Sequence[Finding], *, column: int = 1, ending: bytes = b"\n") -> Accepted:
    """Apply the fixes of the findings, which are about these very bytes, as far as they fit together."""
    chosen = choose(raw, findings, column, ending)
    applied = {id(finding) for finding in chosen.applied}
    unfit = [finding for finding in findings if id(finding) not in applied]
    return Accepted(b"" if chosen.is_dropped else join(raw, chosen.splices), chosen.applied, unfit, chosen.is_dropped)


def safe(findings: Sequence[Finding]) -> list[Finding]:
    """Those whose fix leaves what is trained on as it is."""
    return [finding for finding in findings if finding.fixable and finding.safety == "safe"]


def harm(old: bytes, new: bytes, was: Sequence[Finding], now: Sequence[Finding], container: str = "lines") -> list[str]:
    """What speaks against changing a record so, one sentence each; the person decides.

    `was` and `now` are the findings of both forms; `container` is DataFile's.
    """
    return [*map(_sentence, relint.harm(count(old, container), count(new, container), 0, was, now))]


def count(raw: bytes, container: str) -> Units:
    """How many records, and unreadable pieces, stand there; a line may have become several."""
    if container == "document":
        return units(raw)
    return sum((units(piece) for piece in raw.split(b"\n")), Units())


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('?') else '.'}"


# --- edits -------------------------------------------------------------------------------------


def shown(text: str) -> str:
    """A text as a text area gives it back when nobody touches it."""
    return _UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def text_at(raw: bytes, pointer: str) -> str:
    """The text at a pointer with all that it holds, halves of surrogate pairs too. Raises ValueError, LookupError."""
    literal = locate(raw, pointer)
    text = json.loads(raw[literal.start : literal.end])
    if not isinstance(text, str):
        raise ValueError(f"{pointer} is no text")
    return text


def replace_text(raw: bytes, pointer: str, text: str) -> bytes:
    """The record with that text at a pointer; `text` is what a text area gave back for `shown` of the old one.

    Raises ValueError, LookupError where there is no text, and for a record that cannot be read or repeats a key.
    """
    edits = [ReplaceText(pointer, start, end, new) for start, end, new in _changes(text_at(raw, pointer), text)]
    return join(raw, splices(raw, edits)) if edits else raw


def replace_raw(raw: bytes, text: str) -> bytes:
    """The line that a person made of the raw one; bytes that are no UTF-8 stay where nothing near them was changed."""
    old = raw.decode("utf-8", "surrogateescape")
    parts, done = [], 0
    for start, end, new in _changes(old, text):
        parts += [old[done:start].encode("utf-8", "surrogateescape"), new.encode()]
        done = end
    return b"".join((*parts, old[done:].encode("utf-8", "surrogateescape")))


def replace_value(raw: bytes, pointer: str, value: Any) -> bytes:
    """The record with that JSON value at a pointer; what is equal in both keeps its bytes.

    Raises ValueError, LookupError as `replace_text` does.
    """
    literal = locate(raw, pointer)
    old = parse(raw[literal.start : literal.end]).value
    edits = list(_edits(pointer, old, value))
    return join(raw, splices(raw, edits)) if edits else raw


def relabel(raw: bytes, example: Example, label: str, conventions: Conventions) -> bytes:
    """The record with another label; its leading white space and its stop sequence stay.

    Raises ValueError for an example without one answer that is one text.
    """
    turn = label_turn(example)
    if turn is None or not turn.is_one_text:
        raise ValueError("the record has no label: its answer is not one text")
    written = conventions.answer(turn.text)
    start = len(written) - len(written.lstrip())
    if written[start:] == label:
        return raw
    return join(raw, splices(raw, [ReplaceText(turn.text_pointer, start, len(written), label)]))


def _changes(old: str, text: str) -> Iterator[tuple[int, int, str]]:
    """Which code points of the old text give way to what, told by what a text area shows of both."""
    visible, text = shown(old), shown(text)
    if visible == text:
        return
    # Where each shown character begins in the old text: a line break may be two code points there.
    starts = [match.start() for match in _UNIT.finditer(old)] if "\r\n" in old else range(len(old))
    starts = [*starts, len(old)]
    breaks = "\r\n" if "\r\n" in old and not re.search(r"(?<!\r)\n", old) else "\n"
    before, after, codes = apart(visible, text)
    begins, others = _ends(before), _ends(after)
    for tag, i, j, k, m in codes:
        if tag == "equal":
            continue
        gone, new = visible[begins[i] : begins[j]], text[others[k] : others[m]]
        head = shared(gone, new)
        tail = shared(gone[head:][::-1], new[head:][::-1])
        first, last = starts[begins[i] + head], starts[begins[j] - tail]
        yield first, last, new[head : len(new) - tail].replace("\n", breaks)


def _ends(words: Sequence[str]) -> list[int]:
    found = [0]
    for word in words:
        found.append(found[-1] + len(word))
    return found


def shared(first: Any, second: Any) -> int:
    """How many code points, or bytes, two texts begin with in common."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _edits(pointer: str, old: Any, new: Any) -> Iterator[Edit]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from (Remove(f"{pointer}/{escape(name)}") for name in old if name not in new)
        for name, value in new.items():
            inside = f"{pointer}/{escape(name)}"
            if name in old:
                yield from _edits(inside, old[name], value)
            else:
                yield Insert(inside, value)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (mine, other) in enumerate(zip(old, new, strict=True)):
            yield from _edits(f"{pointer}/{index}", mine, other)
    elif type(old) is not type(new) or old != new:
        yield Replace(pointer, new)


# --- arguments --------------------------------------------------------------------------------


def argument_faults(arguments: Any, parameters: Any) -> list[str]:
    """What is wrong with the arguments of a call (a text of JSON, or a value), by its declared parameters.

    One sentence each; none where nothing is declared.
    """
    lenient = not isinstance(arguments, str)
    if isinstance(arguments, str):
        parsed = parse(arguments.encode("utf-8", "surrogatepass"))
        if parsed.fault is not None:
            return [f"The arguments are no JSON: {parsed.fault.message} at character {parsed.fault.position + 1}."]
        if parsed.quirks:
            return [f"Readers disagree on these arguments: {', '.join(sorted(parsed.quirks))}."]
        arguments = parsed.value
    if not isinstance(arguments, dict):
        return ["The arguments are no JSON object."]
    verdict = judge(parameters)
    if verdict.validator is None:
        why = verdict.unchecked or (verdict.fault.sentence if verdict.fault else "")
        return [_sentence(f"not checked, because of the declared parameters: {why}")] if why else []
    return [*map(_sentence, sentences(verdict, arguments, lenient=lenient))]
