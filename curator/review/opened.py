"""One record as a reviewer sees it: as it stands in the file, as it is to become, and what is found and decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from curator.fixing import is_whole
from curator.fixing.sweeping import is_for_every, is_for_related
from curator.model import Example, Finding
from curator.plan import Plan
from curator.review.decisions.linting import Linted
from curator.review.states import DataFile, Decision, Kept, Row, State, Status


@dataclass(frozen=True, slots=True)
class Opened:
    """A record as a reviewer sees it."""

    row: Row
    file: DataFile
    raw: bytes
    """As it stands in the file."""
    now: bytes
    """As it is to become; as it stands, too, where it is to be removed."""
    decision: Decision | None
    """The last one."""
    linted: Linted
    """Of `now`."""
    example: Example | None
    """Of `now`; None where that is no single record."""
    plan: Plan

    @property
    def state(self) -> State:
        """What is decided."""
        return self.decision.state if self.decision is not None else State()

    @property
    def seen(self) -> int:
        """The id of the last decision."""
        return self.decision.id if self.decision is not None else 0

    @property
    def open(self) -> list[Finding]:
        """What still asks for a decision, the worst first."""
        return sorted(self.linted.findings, key=lambda finding: (-finding.severity, finding.column, finding.code))

    @property
    def fixable(self) -> list[Finding]:
        """Those of `open` that have a fix."""
        return [finding for finding in self.open if finding.fixable and _is_about_one(finding)]


def with_kept(opened: Opened, findings: Sequence[Finding], reason: str) -> State:
    """The state of a record in which these findings stay, too."""
    kept = {(item.code, item.pointer): item for item in opened.state.kept}
    kept |= {(f.code, f.pointer): Kept(f.code, f.pointer, reason) for f in findings}
    left = [f for f in opened.open if (f.code, f.pointer) not in kept]
    status: Status = "open" if left else "fixed" if opened.state.raw is not None else "kept"
    return replace(opened.state, status=status, kept=tuple(kept.values()))


def _is_about_one(finding: Finding) -> bool:
    return not (is_for_every(finding) or is_for_related(finding) or is_whole(finding))
