"""One record, mended until nothing is left to mend, and checked again before anyone sees it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from curator.edits import DropLine, SplitLine
from curator.entries import Cover
from curator.findings import record_hash
from curator.fixing.former import Former
from curator.fixing.script import compose
from curator.fixing.splicing import Chosen, Splice, choose, join
from curator.model import Finding, Severity, Suppression
from curator.parsing import Parsed, parse, values
from curator.plan import Bound
from curator.report import Scanned
from curator.scan import Scanner
from curator.sources import Line, Shard

ROUNDS = 10
"""Ours: fixes that have not settled by then chase each other."""


More = Callable[[Line], Iterable[Finding]]
Was = Mapping[str, Sequence[str]]
NOTHING: Was = MappingProxyType({})


def _nothing(line: Line) -> Iterable[Finding]:
    return ()


@dataclass(frozen=True, slots=True)
class Units:
    """What a piece of a file holds."""

    records: int = 0
    unreadable: int = 0

    def __add__(self, other: Units) -> Units:
        return Units(self.records + other.records, self.unreadable + other.unreadable)

    @property
    def total(self) -> int:
        return self.records + self.unreadable


class Removed(NamedTuple):
    """A record that goes."""

    raw: bytes
    """As it stood on the line; as it was mended, where that cannot be told."""
    start: int
    """Where it stood on the line; -1 where that cannot be told."""
    codes: tuple[str, ...]
    """Those of its line that changed it, and those that removed it."""


@dataclass(slots=True)
class Settled:
    """What a line became, and how."""

    raw: bytes
    """Without line ending; several lines where it was split."""
    splices: list[Splice] = field(default_factory=list)
    """What makes it of the line."""
    is_dropped: bool = False
    applied: list[Finding] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    left: list[Finding] = field(default_factory=list)
    """What is found in it now, by rules that look at one record; the lines counted from that of the old one."""
    taken_back: str = ""
    """Why nothing is changed, where a fix would do harm."""
    before: Units = field(default_factory=Units)
    after: Units = field(default_factory=Units)
    gone: int = 0
    """Records and unreadable pieces that were removed."""

    @property
    def entered(self) -> int:
        """What the line counts for in the account: a line of several records that is split was one."""
        is_split = any(finding.fix and finding.fix.edits == (SplitLine(),) for finding in self.applied)
        return min(1, self.before.total) if is_split else self.before.total

    @property
    def made(self) -> int:
        """What splitting added."""
        return self.after.total + self.gone - self.entered


def units(raw: bytes) -> Units:
    """How many records, and unreadable pieces, stand on a line; counted as a check counts them."""
    if not raw.strip():
        return Units()
    are_records = [parsed.fault is None and isinstance(parsed.value, dict) for _, parsed in each(raw)]
    return Units(sum(are_records), len(are_records) - sum(are_records))


def each(raw: bytes) -> Iterator[tuple[int, Parsed]]:
    """What stands on a line, one value or several; each with the byte that it begins at."""
    parsed = parse(raw)
    if parsed.fault is None or parsed.fault.kind != "several":
        yield 0, parsed
        return
    for start, end in values(raw):
        for behind, one in each(raw[start:end]):
            yield start + behind, one


class Relint:
    """Asks the rules that look at one record about lines of a file."""

    def __init__(
        self, bound: Bound, shard: Shard, cover: Cover | None, *, with_conventions: bool = True, was: Was = NOTHING
    ) -> None:
        """`was` gives the hashes that records had when the suppressions were read."""
        # Rules that look at the whole dataset cannot be asked about one record; they speak in the next check.
        # Nor those that go by conventions, where these are about to change.
        record = [rule for rule in bound.record if with_conventions or "conventions" not in rule.rule.given]
        self._bound = Bound(bound.plan, line=bound.line, every_line=bound.every_line, record=record)
        self._shard = shard
        self._cover = cover
        self._was = was

    def findings(self, line: Line, old: bytes) -> list[Finding]:
        """What they find in a line that was `old`, those accepted marked as that. Raises ChecksFailed."""
        scanner = Scanner(self._bound, 0, self._shard)
        scanner.result = heard = _Heard()
        scanner.take(line)
        if len(heard.failures.first):
            raise ChecksFailed(next(iter(heard.failures)).message)
        return [self._marked(finding, old) for finding in heard.found]

    def _marked(self, finding: Finding, old: bytes) -> Finding:
        if self._cover is None:
            return finding
        own = record_hash(old)
        accepted = acceptance(finding, self._cover, (own, *self._was.get(own, ())))
        return finding if accepted is None else replace(finding, suppressed=accepted)


def acceptance(finding: Finding, cover: Cover, was: Iterable[str]) -> Suppression | None:
    """Why a finding is accepted, if it is; the suppressions may know its record by the hashes that it had before."""
    digests = (cover.digest(replace(finding, record=record)) for record in (finding.record, *was))
    return next(filter(None, map(cover.entries.get, digests)), None)


class Mender:
    """Mends lines of one file by the plan that it was checked by."""

    def __init__(
        self, bound: Bound, shard: Shard, wanted: Callable[[Finding], bool], cover: Cover | None, ending: bytes,
        *, with_conventions: bool = True, was: Was = NOTHING,
    ) -> None:  # fmt: skip
        """`wanted` says which fixes are to be applied, `ending` ends the lines; empty for elements of a document.

        Without `with_conventions`, records are not measured by conventions that the fixes are about to change.
        """
        self._ask = Relint(bound, shard, cover, with_conventions=with_conventions, was=was)
        self._wanted = wanted
        self._ending = ending

    def settle(self, line: Line, findings: Sequence[Finding], more: More = _nothing) -> Settled | None:
        """What the line becomes; None where no fix applies. `findings` are all about it, also the accepted ones.

        `more` gives the fixes that all records get, of what a line has become: a first fix may have stood in their way.
        """
        fixes = [finding for finding in findings if self._wanted(finding)]
        chosen = choose(line.raw, fixes, line.column, self._ending) if fixes else Chosen()
        if not chosen.applied:
            return None
        settled = Settled(line.raw, before=units(line.raw))
        self._apply(settled, line, [(line.raw, chosen, fixes)])
        try:
            self._later_rounds(settled, line, more)
        except ChecksFailed as error:
            settled.taken_back = str(error)
            return settled
        settled.after = sum(map(units, self._pieces(settled)), Units())
        settled.taken_back = _harm(settled, findings)
        return settled

    def _pieces(self, settled: Settled) -> list[bytes]:
        if settled.is_dropped:
            return []
        return settled.raw.split(self._ending) if self._ending else [settled.raw]

    def _apply(self, settled: Settled, line: Line, pieces: Sequence[tuple[bytes, Chosen, Sequence[Finding]]]) -> None:
        """One round: each piece of what the line has become, the fixes chosen of it, and those there were."""
        codes = [finding.code for finding in settled.applied]
        was = Former(io.BytesIO(line.raw), settled.splices)
        last = max((index for index, (_, chosen, _) in enumerate(pieces) if not chosen.is_dropped), default=-1)
        splices: list[Splice] = []
        begin = kept = 0
        for index, (piece, chosen, fixes) in enumerate(pieces):
            for span, finding in sorted(chosen.removed, key=lambda item: item[0]):
                gone = piece[span.start : span.end]
                same = [f.code for f in fixes if f.record == finding.record and f.fix and f.fix.edits == (DropLine(),)]
                settled.gone += units(gone).total
                if units(gone).total:
                    old = was.span(begin + span.start, begin + span.end)
                    named = tuple(dict.fromkeys((*codes, *same)))
                    settled.removed.append(
                        Removed(gone, -1, named) if old is None else Removed(was.read(old), old.start, named)
                    )
            settled.applied += chosen.applied
            end = begin + len(piece)
            if not chosen.is_dropped:
                splices += [Splice(begin + start, begin + stop, text) for start, stop, text in chosen.splices]
                kept = end
            elif index < last:
                splices.append(Splice(begin, end + len(self._ending), b""))
            begin = end + len(self._ending)
        if last < len(pieces) - 1:
            splices.append(Splice(kept, len(settled.raw), b""))
        settled.is_dropped = last < 0
        settled.raw = join(settled.raw, splices)
        settled.splices = list(compose(settled.splices, splices))

    def _later_rounds(self, settled: Settled, line: Line, more: More) -> None:
        """What the first round has uncovered is mended in turn, each line for itself."""
        quiet: dict[bytes, list[Finding]] = {}
        """What is found in those pieces that are done, as if each were the first."""
        for rounds in reversed(range(ROUNDS)):
            pieces: list[tuple[bytes, Chosen, Sequence[Finding]]] = []
            for piece in self._pieces(settled):
                fixes: list[Finding] = []
                if piece not in quiet:
                    now = Line(piece, line.offset, line.number, line.column, len(piece))
                    found = self._ask.findings(now, line.raw)
                    fixes = [finding for finding in (*found, *more(now)) if self._wanted(finding)] if rounds else []
                chosen = choose(piece, fixes, line.column, self._ending) if fixes else Chosen()
                if piece not in quiet and not chosen.applied:
                    quiet[piece] = found
                pieces.append((piece, chosen, fixes))
            if not any(chosen.applied for _, chosen, _ in pieces):
                break
            self._apply(settled, line, pieces)
        for index, piece in enumerate(self._pieces(settled)):
            settled.left += [replace(finding, line=(finding.line or 0) + index) for finding in quiet[piece]]


def _harm(settled: Settled, findings: Sequence[Finding]) -> str:
    """Why the record is better left as it is; "" where nothing speaks against the fixes."""
    return next(harm(settled.before, settled.after, settled.gone, findings, settled.left), "")


def harm(before: Units, after: Units, gone: int, was: Sequence[Finding], now: Sequence[Finding]) -> Iterator[str]:
    """What speaks against a change: `was` and `now` are found in what it changes, `gone` are records taken out."""
    if after.total + gone < before.total:
        yield "a record would be lost"
    if before.unreadable:
        return
    if after.unreadable:
        yield "the record could not be read any more"
    if new := _errors(now) - _errors(was):
        yield f"the record would then break {', '.join(sorted(new))}"


class ChecksFailed(Exception):  # noqa: N818
    """A check raised, so that nothing is known of the record."""


class _Heard(Scanned):
    """Keeps the findings of one line in a list: they are few, and asked for at once."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Finding] = []

    def add(self, found: Sequence[Finding], covers: object) -> None:
        self.found += found


def _errors(findings: Sequence[Finding]) -> Counter[str]:
    return Counter(finding.code for finding in findings if finding.severity == Severity.ERROR)
