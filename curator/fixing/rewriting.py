"""One file in one round of fixing: what is to change, what goes, what was taken back, what is left."""

from __future__ import annotations

import base64
import bisect
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from curator.engine import Checked
from curator.entries import Cover
from curator.errors import InputError
from curator.findings import again, record_hash
from curator.fixing import (
    Mended,
    NoLinesError,
    Whole,
    changes,
    is_transcoding,
    is_whole,
    transcoded,
    usual_ending,
    whole,
)  # fmt: skip
from curator.fixing.copies import Renewed
from curator.fixing.former import FixedBy, Former
from curator.fixing.relint import NOTHING, Mender, Settled, Was, units
from curator.fixing.script import Script, Spooled
from curator.fixing.sweeping import Sweep
from curator.model import Finding
from curator.sources import Line, Shard, marks
from curator.spool import Findings

_TITLES = 200  # different fixes that are counted apart
_NOTED = 5  # taken back, and named; the rest is counted


@dataclass(slots=True)
class Account:
    """Where the records of a file went; what cannot be read counts as one."""

    entered: int = 0
    split: int = 0
    """Made by splitting lines that held several."""
    records: int = 0
    """Readable records afterwards."""
    removed: int = 0
    unreadable: int = 0
    """Pieces that cannot be read afterwards."""

    @property
    def is_balanced(self) -> bool:
        """Whether nothing was lost and nothing came from nowhere."""
        return self.entered + self.split == self.records + self.removed + self.unreadable


@dataclass(slots=True)
class Shifts:
    """Where the lines of a file are after some were removed or split. Grows by 16 bytes for each such line."""

    _after: array[int] = field(default_factory=lambda: array("Q"))
    _by: array[int] = field(default_factory=lambda: array("q"))

    def add(self, line: int, change: int) -> None:
        """All lines behind `line` move by `change`; called in the order of lines."""
        if change:
            self._after.append(line)
            self._by.append(change + (self._by[-1] if self._by else 0))

    def at(self, line: int) -> int:
        """The new number of a line."""
        index = bisect.bisect_left(self._after, line)
        return line + (self._by[index - 1] if index else 0)

    def __len__(self) -> int:
        return len(self._after)


class Rewriting:
    """The changes of one file; nothing is written yet."""

    def __init__(
        self,
        checked: Checked,
        wanted: Callable[[Finding], bool],
        cover: Cover | None,
        mentioned: Set[str],
        fixed_by: Sequence[FixedBy] = (),
        former: Callable[[], Former | None] = lambda: None,
        sweep: Sweep = Sweep(),  # noqa: B008
        was: Was = NOTHING,
    ) -> None:
        """`mentioned` are the hashes of records that suppressions name, `sweep` what findings elsewhere want done.

        Of former rounds, `fixed_by` is what they changed, `former` the file before them; `was` as for Relint.
        """
        self.source = checked.source
        self._bound = checked.bound
        self._counts = checked.counts
        self._wanted = wanted
        self._cover = cover
        self._mentioned = mentioned
        self._fixed_by = fixed_by
        self._open_former = former
        self._sweep = sweep
        self._was = was
        self.counted = checked.counts.records + checked.counts.unreadable
        """What the check counted in the file as it came into this round."""
        self.reordered = False
        """A document became lines."""
        self.start = checked.source.start
        """Bytes of byte order marks that stay at the start of the file."""
        self.base = checked.source.real_path
        """The file that the script changes."""
        self.must_check_all = bool(sweep)
        """What was found elsewhere, or the places of what was found, do not hold any more."""
        self._number = checked.number
        self._of_dataset = {bound.rule.code for bound in checked.bound.dataset}
        self._clear()

    def _clear(self) -> None:
        self.script = Script()
        self.fixed: Counter[tuple[str, str]] = Counter()
        """How many fixes of each code and title."""
        self.taken_back: Counter[str] = Counter()
        """Fixes that would do harm: where, which and why; beyond the first few under ""."""
        self.moved: dict[str, str] = {}
        """The new hash of each mentioned record that changed."""
        self.renewed = Renewed(self._number)
        self.removed = Spooled()
        """Lines for the file of removed records."""
        self.shifts = Shifts()
        self.fixed_by = FixedBy()
        """By places in the file as it was before the run."""
        self._former = self._open_former()
        self.left = Findings()
        self.accepted = Findings()
        self.account = Account(self.counted, 0, self._counts.records, 0, self._counts.unreadable)

    @property
    def is_transcoded(self) -> bool:
        """Whether the file is only put into UTF-8."""
        return self.base != self.source.real_path

    def run(self, findings: Callable[[], Iterable[Finding]], of_whole: Sequence[Finding]) -> None:
        """Find out what changes; `findings` are all of the file, in order, each time it is called.

        A file in another encoding becomes UTF-8 and nothing else: all bytes are others then.
        Raises InputError where the file cannot be read any more.
        """
        if of_whole and is_transcoding(of_whole[0]):
            self._transcode(findings(), of_whole[:1])
            return
        how, applied = self._how(of_whole)
        try:
            self._changes(findings(), how, applied)
        except NoLinesError:  # it stays a document
            self._clear()
            how, applied = self._how([finding for finding in of_whole if finding not in whole_as_lines(of_whole)])
            self._changes(findings(), how, applied)

    def expose(self, line: bytes) -> None:
        """Account for the first line of the result, whose own byte order mark has become the file's."""
        before, after = units(line), units(line[marks(line) :])
        account = self.account
        account.entered += after.total - before.total
        account.records += after.records - before.records
        account.unreadable += after.unreadable - before.unreadable
        self.must_check_all = True

    def _how(self, of_whole: Iterable[Finding]) -> tuple[Whole, list[Finding]]:
        how, applied = whole(of_whole)
        return replace(how, every=bool(self._sweep)), applied

    def _transcode(self, findings: Iterable[Finding], applied: Sequence[Finding]) -> None:
        path = self.source.path
        try:
            with open(path, "rb") as file:
                for splice in transcoded(file):
                    self.script.add(splice)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not fixed: it cannot be written in UTF-8: {error}") from None
        self._count(applied)
        self.base, self.must_check_all = path, True
        for finding in findings:
            if finding not in applied:
                self._keep(finding, finding.line)

    def _changes(self, findings: Iterable[Finding], how: Whole, applied: Sequence[Finding]) -> None:
        source = self.source
        usual = b"" if source.head.container == "document" else how.ending or usual_ending(source)
        shard = Shard(0, source.path, source.real_path, 0, source.size, source.size, 1, source.head.container)
        keeps_conventions = not any(item.is_uniform for item in self._sweep.every)
        mender = Mender(
            self._bound, shard, self._wanted, self._cover, usual, with_conventions=keeps_conventions, was=self._was
        )  # fmt: skip
        self._count(applied)
        self.start = source.start - how.cut
        self.reordered = how.as_lines
        self.must_check_all |= source.head.container == "document"  # its elements share lines, and may span several

        def mend(line: Line, group: list[Finding]) -> Mended | None:
            fixes = [] if line.too_long else [*group, *self._sweep.about(line)]
            settled = mender.settle(line, fixes, self._sweep.of_every)
            if settled is None or settled.taken_back:
                if settled is not None:
                    self._note(line, settled)
                for finding in group:
                    self._keep(finding, self.shifts.at(finding.line or 0) if finding.line else None)
                return None
            self._take(line, settled, group, usual)
            return Mended(settled.raw, settled.is_dropped, settled.splices)

        def about_lines() -> Iterable[Finding]:
            for finding in findings:
                if finding.line is None or is_whole(finding):
                    if finding not in applied:
                        self._keep(finding, finding.line)
                else:
                    yield finding

        for splice in changes(source, about_lines(), mend, how, self._bound.plan.max_line_bytes):
            self.script.add(splice)

    def _note(self, line: Line, settled: Settled) -> None:
        codes = ", ".join(dict.fromkeys(finding.code for finding in settled.applied))
        text = f"{self.source.path}:{self._original(line, line.offset)[1]}: {codes} was not fixed: {settled.taken_back}"
        self.taken_back[text if len(self.taken_back) < _NOTED else ""] += 1

    def _take(self, line: Line, settled: Settled, group: Sequence[Finding], usual: bytes) -> None:
        self._count(settled.applied)
        account = self.account
        account.entered += settled.entered - settled.before.total
        account.split += settled.made
        account.removed += settled.gone
        account.records += settled.after.records - settled.before.records
        account.unreadable += settled.after.unreadable - settled.before.unreadable
        start, number = self._original(line, line.offset)
        for raw, offset, codes in sorted(settled.removed, key=lambda item: item.start):
            place, was = start, raw
            if offset >= 0 and self._former is not None:
                span = self._former.span(line.offset + offset, line.offset + offset + len(raw))
                if span is not None:
                    place, was = span.start, self._former.read(span)
            before = [code for fixed_by in self._fixed_by for code in fixed_by.at(place)]
            self.removed.write(aside(was, tuple(dict.fromkeys((*before, *codes))), number))
        if not settled.is_dropped:
            end = self._original(line, line.offset + len(line.raw))[0]
            self.fixed_by.add(start, end, tuple(dict.fromkeys(finding.code for finding in settled.applied)))
        pieces = [] if settled.is_dropped else settled.raw.split(usual) if usual else [settled.raw]
        number = self.shifts.at(line.number)
        self.shifts.add(line.number, len(pieces) - 1)
        self.renewed.add(line, pieces, len(usual))
        if settled.before.total > 1:  # where each of them is now is not told: what was said of them is lost
            said = [finding for finding in group if finding.code in self._of_dataset]
            self.must_check_all |= any(finding not in settled.applied for finding in said)
        if settled.is_dropped:
            return
        if len(pieces) == 1:
            old = record_hash(line.raw)
            if old in self._mentioned:
                self.moved[old] = record_hash(settled.raw)
            now = Line(settled.raw, line.offset, number, line.column, len(settled.raw))
            for finding in group:
                if finding.code in self._of_dataset and finding not in settled.applied and finding.record == old:
                    try:
                        self._keep(again(finding, now), number)
                    except (LookupError, ValueError):
                        continue
        for finding in settled.left:
            self._keep(finding, number + (finding.line or line.number) - line.number)

    def _count(self, applied: Sequence[Finding]) -> None:
        for finding in applied:
            key = (finding.code, finding.fix.title if finding.fix else "")
            # Titles may quote the data; a million different ones would help nobody.
            self.fixed[key if key in self.fixed or len(self.fixed) < _TITLES else (finding.code, "other fixes")] += 1

    def _keep(self, finding: Finding, line: int | None) -> None:
        kept = finding if finding.line == line else replace(finding, line=line)
        (self.left if finding.suppressed is None else self.accepted).add([kept])

    def _original(self, line: Line, offset: int) -> tuple[int, int]:
        """Where the line, from an offset in it, stood before the run, and the number that it had."""
        if self._former is None:
            return offset, line.number
        return self._former.origin(offset), self._former.line(line.number)


def whole_as_lines(findings: Iterable[Finding]) -> list[Finding]:
    """Those findings whose fix writes a document as lines."""
    return [finding for finding in findings if whole([finding])[0].as_lines]


def related(finding: Finding, moved: Mapping[str, Shifts]) -> Finding:
    """The finding with its related places where they are now."""
    if not any(place.path in moved for place in finding.related):
        return finding
    places = tuple(
        replace(place, line=moved[place.path].at(place.line)) if place.path in moved else place
        for place in finding.related
    )
    return replace(finding, related=places)


def aside(raw: bytes, codes: tuple[str, ...], line: int) -> bytes:
    """A removed record as one line of JSON from which its bytes can be had again, exactly."""
    try:
        said = {"codes": codes, "line": line, "raw": raw.decode()}
    except UnicodeDecodeError:
        said = {"codes": codes, "line": line, "base64": base64.b64encode(raw).decode()}
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"
