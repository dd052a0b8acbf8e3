"""Every line that was read, as a sum."""

from __future__ import annotations

from dataclasses import dataclass

from curator.reporters.text import counted
from curator.reporting.document import Document


@dataclass(frozen=True, slots=True)
class Accounting:
    """The sum over all files."""

    lines: int
    glued: int
    records: int
    unreadable: int
    blank: int
    unread: int
    elements: int
    """Of JSON documents, which have no lines of their own."""

    @property
    def balanced(self) -> bool:
        """Whether both sides are equal, which they always are: a difference is a bug."""
        return self.lines + self.glued == self.records + self.unreadable + self.blank + self.unread

    @property
    def sentence(self) -> str:
        """The sum as one line."""
        what = "lines and elements" if self.elements and self.elements < self.lines else "elements"
        left = counted(self.lines, "line") if not self.elements else f"{self.lines:,} {what}"
        if self.glued:
            left += f" + {self.glued:,} that share a line with another"
        right = f"{counted(self.records, 'record')} + {self.unreadable:,} unreadable + {self.blank:,} blank"
        return f"{left} = {right}" + (f" + {self.unread:,} not read" if self.unread else "")


def accounting(document: Document) -> Accounting:
    """The sum over the document's files."""
    files = document.files
    return Accounting(
        sum(file.lines for file in files),
        sum(file.glued for file in files),
        sum(file.records for file in files),
        sum(file.unreadable for file in files),
        sum(file.blank for file in files),
        sum(file.unread for file in files),
        sum(file.lines for file in files if not file.is_lines),
    )
