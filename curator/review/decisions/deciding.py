"""What a decision makes of one record: fixes, edits, a new label. Nothing is written here.

Edits touch the bytes that they change and no others: what a text area shows is compared with what it was given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from curator.answers import label_turn
from curator.checks.conformance import sentences
from curator.conventions import Conventions
from curator.curation.wording import apart
from curator.declared import judge
from curator.edits import Edit, Insert, Remove, Replace, ReplaceText
from curator.fixing import relint
from curator.fixing.relint import Units, units
from curator.fixing.splicing import Splice, choose, join, splices
from curator.locate import escape, locate
from curator.model import Example, Finding
from curator.parsing import parse

_UNIT = re.compile("\r\n|.", re.DOTALL)  # what is one character in a text area
_UNSHOWABLE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the fixes of a record make of it."""

    raw: bytes
    """Its new bytes; several lines where a fix splits it; nothing where it goes."""
    applied: list[Finding]
    unfit: list[Finding]
    """Those whose fix needs a person, changes nothing, or touches what another one changes."""
    is_dropped: bool = False
    splices: Sequence[Splice] = ()
    """What makes `raw` of the record."""


def accept(raw: bytes, findings: Sequence[Finding], *, column: int = 1, ending: bytes = b"\n") -> Accepted:
    """Apply the fixes of the findings, which are about these very bytes, as far as they fit together."""
    chosen = choose(raw, findings, column, ending)
    applied = {id(finding) for finding in chosen.applied}
    unfit = [finding for finding in findings if id(finding) not in applied]
    if chosen.is_dropped:
        return Accepted(b"", chosen.applied, unfit, True)
    return Accepted(join(raw, chosen.splices), chosen.applied, unfit, splices=chosen.splices)


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
