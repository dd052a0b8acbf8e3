"""What was found of a file or of the dataset, which no record can answer for, and the command that fixes it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import streamlit as st

from curator.model import Finding
from curator.review import answering
from curator.review.rendering.escaping import brief, escape, whole
from curator.review.rendering.finding import findings_html
from curator.review.workspace import Workspace

_LISTED = 50


def button(workspace: Workspace) -> None:
    """The way to them, where there are any."""
    count = len(workspace.index.general())
    if count:
        name = f"{count:,} {'finding' if count == 1 else 'findings'} about the data as a whole"
        st.button(name, key="general", on_click=answering.turn_to, args=("general",))


def show(workspace: Workspace, alone: bool = False) -> None:
    """The findings, worst first, and the command that fixes what a program can; `alone`: there is no record."""
    found = workspace.index.general()
    if not alone:
        st.button("Back to the record", key="general-back", on_click=answering.turn_to, args=("general",))
    if found:
        listed(workspace, found)


def listed(workspace: Workspace, found: Sequence[Finding]) -> None:
    """Findings of the data as a whole, by file, and the command."""
    several = len(workspace.files()) > 1
    by_path: dict[str, list[Finding]] = {}
    for finding in sorted(found, key=lambda finding: -finding.severity)[:_LISTED]:
        by_path.setdefault(finding.path if several else "", []).append(finding)
    parts = [
        (f'<div class="cu-quiet">{brief(path, 200)}</div>' if path else "") + findings_html(findings)
        for path, findings in by_path.items()
    ]
    if line := command(found):
        parts.append(
            f'<div class="cu-quiet">They are about whole files, so they are fixed from the command line; '
            f"--diff shows the change first:</div>"
            f'<div class="cu-text cu-code">{escape(line)}</div>'
        )
    st.html(whole("".join(parts)))


def command(found: Sequence[Finding]) -> str:
    """What fixes those that have a fix, for the command line; "" where none has."""
    fixable = [finding for finding in found if finding.fixable]
    if not fixable:
        return ""
    paths = dict.fromkeys(finding.path for finding in fixable)
    codes = dict.fromkeys(finding.code for finding in fixable)
    unsafe = " --unsafe-fixes" if any(finding.safety == "unsafe" for finding in fixable) else ""
    return f"curator check --fix{unsafe} --select {','.join(codes)} {' '.join(map(shlex.quote, paths))}"
