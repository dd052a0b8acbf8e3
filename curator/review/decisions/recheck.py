"""A check of what was written, and what it says against the check before."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curator.review.decisions.outcome import flags, table
from curator.review.heading import line
from curator.review.index.format import Summary
from curator.review.rendering.escaping import brief, escape, whole
from curator.review.serving import ReviewOptions
from curator.review.workspace import Workspace

_LAST = 2000  # characters of a failed check's last words
_LEVELS = {"error": "errors", "warning": "warnings", "info": "remarks"}


@dataclass
class Recheck:
    """A check of what was written, in a process of its own, that only counts."""

    error: str = ""
    counts: Mapping[str, int] | None = None
    """Findings by severity and by rule's code; None until it is done."""

    @property
    def is_done(self) -> bool:
        """Whether there is something to say."""
        return self.counts is not None or bool(self.error)

    @classmethod
    def start(cls, paths: Sequence[str], options: ReviewOptions) -> Recheck:
        """Begin it; it ends in a thread of its own."""
        self = cls()
        threading.Thread(target=self._run, args=(list(paths), options), daemon=True).start()
        return self

    def _run(self, paths: list[str], options: ReviewOptions) -> None:
        words = [sys.executable, "-P", "-m", "curator.cli.main", "check", "--exit-zero", "--no-progress", "--quiet"]
        words += ["--output-format", "json", "--max-findings", "0", *flags(options)]
        for flag, names in (("--select", options.select), ("--ignore", options.ignore)):
            words += [flag, ",".join(names)] if names else []
        words += ["--jobs", str(options.jobs)] if options.jobs else []
        try:
            with tempfile.TemporaryDirectory(prefix="curator-recheck-") as folder:
                report = Path(folder, "report.json")
                done = subprocess.run(
                    [*words, "--output-file", str(report), "--", *paths],
                    stdin=subprocess.DEVNULL, capture_output=True, check=False,
                )  # fmt: skip
                self._read(report, done)
        except OSError as error:
            self.error = f"the new check could not be run: {error.strerror or error}"

    def _read(self, report: Path, done: subprocess.CompletedProcess[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            summary = json.loads(report.read_bytes())["summary"]
            levels = {level: int(summary[level]) for level in _LEVELS}
            self.counts = {**levels, **{code: int(count) for code, count in summary["by_code"].items()}}
            return
        words = done.stderr.decode("utf-8", "replace").strip()[-_LAST:]
        self.error = f"the new check ended with {done.returncode}{f': {words}' if words else ''}"


def verdict(workspace: Workspace, paths: Sequence[str], again: Recheck) -> str:
    """What a new check of `paths` came to, as HTML."""
    if again.counts is None:
        return line("warning", brief(again.error, 600))
    said, _ = compared(workspace.index.summary(), again.counts)
    note = ""
    if is_apart(workspace, paths):
        note = (
            '<div class="cu-quiet">Under new names the files are no splits of one dataset to the settings: what is '
            "found between them is not counted here.</div>"
        )
    return whole(f'<h3 class="cu-title">The new check: {escape(said)}</h3>{note}')


def compared(before: Summary, after: Mapping[str, int]) -> tuple[str, str]:
    """What the new check says against the old one: a sentence, and an HTML table of the rules that differ."""
    was = {level: before.by_severity.get(level, 0) for level in _LEVELS}
    parts = [
        f"{was[level]:,} → {after.get(level, 0):,} {word}"
        for level, word in _LEVELS.items()
        if was[level] or after.get(level, 0)
    ]
    codes = sorted({*before.by_code, *(code for code in after if code not in was)})
    rows = [
        (code, before.by_code.get(code, 0), after.get(code, 0))
        for code in codes
        if before.by_code.get(code, 0) != after.get(code, 0)
    ]
    said = ", ".join(parts) if parts else "nothing is flagged, before and after"
    return said, table(["Rule", "before", "after"], rows) if rows else whole("")


def is_apart(workspace: Workspace, paths: Sequence[str]) -> bool:
    """Whether files that were judged together are now judged each on its own, so that counts may differ."""
    datasets = Counter(file.dataset for file in workspace.files())
    return list(paths) != list(workspace.options.paths) and any(count > 1 for count in datasets.values())
