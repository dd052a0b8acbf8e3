"""The cells of a workbook's sheet as openpyxl reads them, with what it leaves out: errors, merges, escapes, formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from curator.conversion.origin import Unfit, needs
from curator.conversion.refusal import quoted

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')
_BLOCK, _OVERLAP = 1 << 20, 200
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_SURROGATE = re.compile("[\ud800-\udfff]")
# In a number format: texts in quotes, escaped characters, colours and conditions.
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_LEADING_ZEROS = re.compile(r"(?<![0-9.#,+\-E])00")


@contextmanager
def opened(path: str, *, formulas: bool = False) -> Iterator[Any]:
    """The workbook, row by row; with `formulas` these, else the values that were last calculated."""
    excel = needs("openpyxl.reader.excel", f"{path}: an Excel workbook")
    with open(path, "rb") as file:  # by its name, openpyxl would refuse one that is called otherwise
        reader = excel.ExcelReader(file, read_only=True, data_only=not formulas, keep_links=False)
        # openpyxl's own reading takes the mark out by which an escape is told from a text that looks like one.
        reader.read_strings = lambda: _read_strings(reader)
        try:
            reader.read()
            yield reader.wb
        finally:
            reader.archive.close()


def _read_strings(reader: Any) -> None:
    names, functions, text = (
        import_module(f"openpyxl.{name}") for name in ("xml.constants", "xml.functions", "cell.text")
    )
    part = reader.package.find(names.SHARED_STRINGS)
    if part is None:
        return
    with reader.archive.open(part.PartName[1:]) as file:
        for _, node in functions.iterparse(file):
            if node.tag == f"{{{names.SHEET_MAIN_NS}}}si":
                reader.shared_strings.append(text.Text.from_tree(node).content)
                node.clear()


def glanced(page: Any) -> tuple[bool, list[str]]:
    """Whether a sheet has formulas, and its merged areas ("A2:A4")."""
    has_formulas, areas, rest = False, [], b""
    with page._get_source() as file:
        while block := file.read(_BLOCK):
            block = rest + block
            has_formulas = has_formulas or _FORMULA.search(block) is not None
            end = 0
            for match in _MERGED.finditer(block):
                areas.append(match[1].decode())
                end = match.end()
            rest = block[max(end, len(block) - _OVERLAP) :]
    return has_formulas, areas


class Merged:
    """The merged areas of a sheet, asked for row by row."""

    def __init__(self, areas: list[str]) -> None:
        bounds = import_module("openpyxl.utils").range_boundaries
        self._waiting = sorted(((bounds(area), area) for area in areas), key=lambda item: -item[0][1])
        self._open: list[tuple[tuple[int, int, int, int], str]] = []

    def at(self, row: int) -> list[tuple[int, int, Unfit]]:
        """The first and last column (1-based) of each area in a row, without the cell that holds its value."""
        while self._waiting and self._waiting[-1][0][1] <= row:
            self._open.append(self._waiting.pop())
        self._open = [item for item in self._open if item[0][3] >= row]
        found = []
        for (left, top, right, _), area in self._open:
            reason = f"the cell is part of the merged area {area}, and only the first of these holds a value"
            found.append((left + (row == top), right, Unfit(reason, "")))
        return found


def value_of(cell: Any) -> Any:
    """The value of a cell: a truth value as Excel shows it, an error as what no record can hold."""
    value = cell.value
    if cell.data_type == "e" and value is not None:
        return Unfit(f"the cell shows the error {quoted(str(value))}: mend its formula", str(value))
    if isinstance(value, bool):
        return str(value).upper()
    return unescaped(value) if isinstance(value, str) else value


def uncalculated(formula: Any) -> Unfit:
    """In place of a formula whose value is not in the file."""
    text = formula if isinstance(formula, str) else str(getattr(formula, "text", None) or "=")
    return Unfit("the formula was never calculated: open the workbook in Excel or LibreOffice, and save it", text)


def unescaped(text: str) -> str:
    """The text with the characters that Excel writes as `_x000D_`."""
    if "_x" not in text:
        return text
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if _SURROGATE.search(text):  # a character beyond the first plane is two escapes
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def display(cell: Any) -> str:
    """The number format of a cell, where it shows a percentage or leading zeros; else ""."""
    if cell.data_type != "n" or cell.value is None:
        return ""
    form: str = cell.number_format or ""
    bare = _LITERAL.sub("", form)
    return form if "%" in bare or _LEADING_ZEROS.search(bare) else ""
