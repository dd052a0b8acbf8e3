"""A file of the check, and how it is read again for the index."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from curator import parsing
from curator.engine import Checked
from curator.fixing import is_transcoding
from curator.model import Example, Finding
from curator.review.index.job import Job
from curator.review.states import DataFile
from curator.scan import Scanner, parts
from curator.sources import Line, Shard, Source


@dataclass(slots=True)
class CheckedFile:
    """A file of the check, and where it can be read from now on."""

    data: DataFile
    source: Source
    checked: Checked
    file_rules: frozenset[str]
    """Codes of the rules that look at the file as a whole."""

    @classmethod
    def of(cls, number: int, checked: Checked, job: Job, stamps: Mapping[str, tuple[int, ...]]) -> CheckedFile:
        source, plan = checked.source, checked.bound.plan
        is_copy = source.stamp is None
        if is_copy:  # a temporary file of the check, which ends with it
            kept = os.path.join(job.folder, f"data-{number}")
            shutil.move(source.real_path, kept)
            source = replace(source, real_path=kept)
        root = os.path.abspath(job.root or os.getcwd())
        data = DataFile(
            number, source.path, os.path.relpath(source.path, root).replace(os.sep, "/"),
            os.path.abspath(source.real_path), plan.dataset, plan.split, plan.conventions.format,
            source.head.container, source.head.encoding, source.start, source.size, checked.counts.records,
            checked.counts.unreadable, stamps.get(source.path, ()), is_copy,
        )  # fmt: skip
        return cls(data, source, checked, frozenset(rule.rule.code for rule in checked.bound.file))

    @property
    def place(self) -> tuple[str, str]:
        """Dataset and split."""
        return self.data.dataset, self.data.split

    @property
    def is_classification(self) -> bool:
        """Whether its examples have labels."""
        return self.checked.bound.plan.conventions.task == "classification"

    @property
    def scanner(self) -> Scanner:
        """Reads its records as examples."""
        return Scanner(self.checked.bound, 0, self.shard)

    @property
    def shard(self) -> Shard:
        """All of it."""
        source = self.source
        return Shard(
            self.data.number, source.path, source.real_path, source.start, source.size, source.size, 1,
            source.head.container, source.head.encoding, source.start,
        )  # fmt: skip

    def has_place(self, finding: Finding) -> bool:
        """Whether a finding speaks of one record, or line, that can be shown."""
        # That a file is in UTF-16 is said at its first line; but the copy of it that is reviewed is in UTF-8.
        is_of_file = finding.code in self.file_rules or is_transcoding(finding)
        return finding.line is not None and finding.record is not None and not is_of_file


def examples(scanner: Scanner, line: Line) -> Iterator[Example]:
    """The examples of a line or an element, mostly one."""
    if line.too_long or not line.raw.strip():
        return
    line.parsed = parsing.parse(line.raw)
    if line.parsed.fault is None:
        if isinstance(line.parsed.value, dict):
            yield scanner.example(line)
    elif line.parsed.fault.kind == "several":
        for part in parts(line):
            yield from examples(scanner, part)
