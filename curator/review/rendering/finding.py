"""What is found in a record, and what it costs, as HTML above the record itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from curator.model import Finding
from curator.review.rendering.escaping import brief, escape, label, whole

_LISTED = 200  # findings of one record that are listed


def findings_html(findings: Sequence[Finding], unseen: Sequence[Finding] = ()) -> str:
    """The findings, worst first, each with code, name, severity and message; `unseen` have no place below."""
    hidden = {id(finding) for finding in unseen}
    alike: dict[tuple[int, str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: (-finding.severity, finding.code, finding.column)):
        alike.setdefault((finding.severity, finding.code, finding.message), []).append(finding)
    rows = [_finding(same[0], len(same), id(same[0]) in hidden) for same in islice(alike.values(), _LISTED)]
    if len(alike) > _LISTED:
        rows.append(f'<div class="cu-quiet">and {len(alike) - _LISTED:,} more</div>')
    return whole(f'<div class="cu-findings">{"".join(rows)}</div>')


def tokens_html(total: int, limit: int | None) -> str:
    """The tokens of an example against what the model takes, as words and as a bar."""
    if not limit:
        return whole(f'<span class="cu-quiet">{total:,} tokens</span>')
    share = min(100, round(100 * total / limit))
    over = f" {label(f'{total - limit:,} too many', 'error')}" if total > limit else ""
    state = " cu-over" if over else ""
    bar = f'<span class="cu-meter{state}"><span style="width:{share}%"></span></span>'
    return whole(f'<span class="cu-quiet">{total:,} of {limit:,} tokens</span> {bar}{over}')


def _finding(finding: Finding, count: int, is_unseen: bool) -> str:
    level, notes = str(finding.severity), []
    if count > 1:
        notes.append(f"× {count:,}")
    if is_unseen:
        is_inside = finding.at == "line" or finding.pointer.count("/") > 1
        notes.append("see the raw line" if is_inside else "about the whole record")
    if finding.fixable:
        notes.append("fix known")
    quiet = f' <span class="cu-quiet">{" · ".join(notes)}</span>' if notes else ""
    return (
        f'<div class="cu-finding">{label(finding.code, level)}'
        f'<span class="cu-level cu-{level}">{level}</span>'
        f"<span><b>{escape(finding.name)}</b> {brief(finding.message, 800)}{quiet}</span></div>"
    )
