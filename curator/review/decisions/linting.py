"""What the rules say of one record as it is to become, by the plan that its file was checked by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from curator import plan as plans
from curator.edits import DropLine
from curator.findings import again, record_hash
from curator.fixing.relint import ChecksFailed, Relint
from curator.model import Example, Finding
from curator.parsing import parse
from curator.plan import Plan
from curator.review.states import DataFile, Kept
from curator.scan import Scanner
from curator.sources import Line, Shard


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
        self._scanner = Scanner(bound, 0, shard)
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
        except ChecksFailed as error:
            return Linted([], failure=str(error))
        of_dataset = [finding for finding in before if finding.code in self._of_dataset]
        later = of_dataset if raw == was else _carried(of_dataset, was, pieces, Line(raw, 0, line, column, len(raw)))
        accepted = {(item.code, item.pointer) for item in kept}
        linted = Linted([])
        for finding in (*found, *later):
            if finding.suppressed is not None or (finding.code, finding.pointer) in accepted:
                linted.kept.append(finding)
            else:
                is_late = raw != was and finding.code in self._of_dataset
                (linted.later if is_late else linted.findings).append(finding)
        return linted

    def example(self, raw: bytes) -> Example | None:
        """The record as an example of its file's format; None where it is no single JSON object."""
        line = Line(raw, 0, 1, 1, len(raw))
        line.parsed = parse(raw)
        if line.parsed.fault is not None or not isinstance(line.parsed.value, dict):
            return None
        return self._scanner.example(line)


def _carried(before: Sequence[Finding], was: bytes, pieces: Sequence[bytes], line: Line) -> Iterator[Finding]:
    """What was found in a record that has become another, as far as its place is still there."""
    old = record_hash(was)
    for finding in before if len(pieces) == 1 else ():
        if finding.record != old:  # one of several on the line
            continue
        try:
            moved = again(finding, line)
        except (LookupError, ValueError):
            continue
        # Its edits were made for other bytes; only taking out the whole record still means the same.
        if moved.fix is not None and moved.fix.edits != (DropLine(),):
            moved = replace(moved, fix=replace(moved.fix, edits=()))
        yield moved


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
