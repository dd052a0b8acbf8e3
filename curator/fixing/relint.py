"""One record, mended until nothing is left to mend, and checked again before anyone sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from curator.entries import Cover
from curator.findings import record_hash
from curator.fixing.splicing import Chosen, choose, join
from curator.model import DropLine, Finding, Severity, SplitLine
from curator.parsing import Parsed, parse, values
from curator.plan import Bound
from curator.report import Scanned
from curator.scan import Scanner
from curator.sources import Line, Shard

ROUNDS = 10
"""Ours: fixes that have not settled by then chase each other."""


More = Callable[[Line], Iterable[Finding]]


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


@dataclass(slots=True)
class Settled:
    """What a line became, and how."""

    raw: bytes
    """Without line ending; several lines where it was split."""
    prefix: int
    suffix: int
    """Bytes at the start and at the end that nothing has touched."""
    is_dropped: bool = False
    applied: list[Finding] = field(default_factory=list)
    removed: list[tuple[bytes, tuple[str, ...]]] = field(default_factory=list)
    """Records that went, each with the codes that removed them."""
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


def each(raw: bytes) -> Iterator[tuple[int, Parsed]]:
    """What stands on a line, one value or several, as a check reads it; each with the byte that it begins at."""
    parsed = parse(raw)
    if parsed.fault is None or parsed.fault.kind != "several":
        yield 0, parsed
        return
    for start, end in values(raw):
        for behind, one in each(raw[start:end]):
            yield start + behind, one


def units(raw: bytes) -> Units:
    """How many records, and unreadable pieces, stand on a line; counted as a check counts them."""
    if not raw.strip():
        return Units()
    are_records = [parsed.fault is None and isinstance(parsed.value, dict) for _, parsed in each(raw)]
    return Units(sum(are_records), len(are_records) - sum(are_records))


class Relint:
    """Asks the rules that look at one record about lines of a file."""

    def __init__(self, bound: Bound, shard: Shard, cover: Cover | None, *, with_conventions: bool = True) -> None:
        # Rules that look at the whole dataset cannot be asked about one record; they speak in the next check.
        # Nor those that go by conventions, where these are about to change.
        record = [rule for rule in bound.record if with_conventions or "conventions" not in rule.rule.given]
        self._bound = Bound(bound.plan, line=bound.line, every_line=bound.every_line, record=record)
        self._shard = shard
        self._cover = cover

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
        as_before = replace(finding, record=record_hash(old))
        for known in (finding, as_before):
            if accepted := self._cover.entries.get(self._cover.digest(known)):
                return replace(finding, suppressed=accepted)
        return finding


class Mender:
    """Mends lines of one file by the plan that it was checked by."""

    def __init__(
        self, bound: Bound, shard: Shard, wanted: Callable[[Finding], bool], cover: Cover | None, ending: bytes,
        *, with_conventions: bool = True,
    ) -> None:  # fmt: skip
        """`wanted` says which fixes are to be applied, `ending` ends the lines; empty for elements of a document.

        Without `with_conventions`, records are not measured by conventions that the fixes are about to change.
        """
        self._ask = Relint(bound, shard, cover, with_conventions=with_conventions)
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
        settled = Settled(line.raw, len(line.raw), len(line.raw), before=units(line.raw))
        self._take(settled, chosen, fixes)
        if not settled.is_dropped:
            try:
                self._later_rounds(settled, line, more)
            except ChecksFailed as error:
                settled.taken_back = str(error)
                return settled
            settled.after = sum(map(units, self._pieces(settled.raw)), Units())
        settled.taken_back = _harm(settled, findings)
        return settled

    def _pieces(self, raw: bytes) -> list[bytes]:
        return raw.split(self._ending) if self._ending else [raw]

    def _size(self, piece: bytes) -> int:
        return len(piece) + len(self._ending)

    def _take(
        self, settled: Settled, chosen: Chosen, fixes: Sequence[Finding], was: bytes | None = None,
        before: Sequence[Finding] = (),
    ) -> None:  # fmt: skip
        """One round of fixes; `was` is what stood there before all of them, `before` those that came first."""
        for span, finding in chosen.removed:
            piece = settled.raw[span.start : span.end]
            same = [f.code for f in fixes if f.record == finding.record and f.fix and f.fix.edits == (DropLine(),)]
            count = units(piece).total
            settled.gone += count
            if count:
                raw = was if was is not None and piece == settled.raw else piece
                codes = (*(finding.code for finding in before), *same)
                settled.removed.append((raw, tuple(dict.fromkeys(codes))))
        settled.applied += chosen.applied
        settled.is_dropped = chosen.is_dropped
        if settled.is_dropped:
            settled.raw, settled.prefix, settled.suffix = b"", 0, 0
        elif chosen.splices:
            size = len(settled.raw)
            settled.prefix = min(settled.prefix, chosen.splices[0].start)
            settled.suffix = min(settled.suffix, size - chosen.splices[-1].end)
            settled.raw = join(settled.raw, chosen.splices)

    def _later_rounds(self, settled: Settled, line: Line, more: More) -> None:
        """What the first round has uncovered is mended in turn, each line for itself."""
        done: list[bytes] = []
        pending = [(piece, ROUNDS - 1) for piece in reversed(self._pieces(settled.raw))]
        # While the line is one piece, what is removed is what stood there before anything was mended.
        was = line.raw if len(pending) == 1 and not settled.removed else None
        # Before and behind a piece stand others, which bound what is known to be as it was.
        ahead, behind = 0, sum(self._size(piece) for piece, _ in pending)
        while pending:
            piece, rounds = pending.pop()
            behind -= self._size(piece)
            column = line.column if not done else 1
            now = Line(piece, line.offset, line.number + len(done), column, len(piece))
            found = self._ask.findings(now, line.raw)
            fixes = [finding for finding in (*found, *more(now)) if self._wanted(finding)] if rounds else []
            chosen = choose(piece, fixes, column, self._ending) if fixes else Chosen()
            if not chosen.applied:
                settled.left += found
                done.append(piece)
                ahead += self._size(piece)
                continue
            one = Settled(piece, len(piece), len(piece))
            self._take(one, chosen, fixes, was, settled.applied)
            settled.prefix = min(settled.prefix, ahead + one.prefix)
            settled.suffix = min(settled.suffix, behind + one.suffix)
            settled.applied += one.applied
            settled.removed += one.removed
            settled.gone += one.gone
            if not one.is_dropped:
                parts = self._pieces(one.raw)
                was = was if len(parts) == 1 and not one.removed else None
                pending += [(part, rounds - 1) for part in reversed(parts)]
                behind += sum(map(self._size, parts))
        settled.is_dropped = not done
        settled.raw = self._ending.join(done)
        settled.prefix = min(settled.prefix, len(settled.raw), len(line.raw))
        settled.suffix = min(settled.suffix, len(settled.raw) - settled.prefix, len(line.raw) - settled.prefix)


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
