"""Files before their lines: how they end, and how large they are."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import curator
from curator import fixing
from curator.model import Finding
from curator.sources import Endings

ROWS = [
    json.dumps(
        {"messages": [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": f"So {n}."}]}
    ).encode()
    for n in range(60)
]


def found(path: Path, data: bytes, code: str, **options: object) -> list[Finding]:
    path.write_bytes(data)
    report = curator.check(path, isolated=True, **options)  # type: ignore[arg-type]
    assert report.failures == []
    return [finding for finding in report.findings if finding.code == code]


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"bb"]), max_size=40), st.lists(st.integers(1, 5)))
def test_endings_are_counted_exactly_however_the_file_is_cut(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    endings, before, rest = Endings(), 0, data
    for size in [*cuts, len(data) + 1]:
        block, rest = rest[:size], rest[size:]
        if block:
            endings.take(block, block.count(b"\n"), before)
            before += block.count(b"\n")
    lines = data.split(b"\n")[:-1]
    crlf = [number for number, line in enumerate(lines, 1) if line.endswith(b"\r")]
    lf = [number for number, line in enumerate(lines, 1) if not line.endswith(b"\r")]
    assert (endings.crlf, endings.lf) == (len(crlf), len(lf))
    assert (endings.first_crlf, endings.first_lf) == (crlf[0] if crlf else 0, lf[0] if lf else 0)


@pytest.mark.parametrize(
    ("odd", "usual", "line"),
    [({3}, b"\n", 4), ({3, 40}, b"\r\n", 4), (set(range(30)), b"\n", 1), (set(range(31)), b"\n", 32)],
)
def test_mixed_endings_are_told_once_and_mended_in_the_rarer_lines(
    tmp_path: Path, odd: set[int], usual: bytes, line: int
) -> None:
    other = b"\n" if usual == b"\r\n" else b"\r\n"
    data = b"".join(row + (other if n in odd else usual) for n, row in enumerate(ROWS)) + ROWS[0][:-2] + b"!}]}"
    (finding,) = found(tmp_path / "t.jsonl", data, "FIL009")
    assert (finding.line, finding.column, str(finding.severity), finding.safety) == (line, 1, "info", "safe")
    mended = fixing.apply(data, [finding])
    ending = other if len(odd) > 30 else usual
    assert mended == re.sub(rb"\r?\n", ending, data)
    assert found(tmp_path / "t.jsonl", mended, "FIL009") == []


def test_other_fixes_beside_it_are_kept(tmp_path: Path) -> None:
    data = b"".join(row + (b"\r\n" if n == 5 else b"\n") + (b"\n" if n == 9 else b"") for n, row in enumerate(ROWS))
    findings = list(curator.check(_written(tmp_path / "t.jsonl", data), isolated=True).findings)
    assert {finding.code for finding in findings if finding.fixable} == {"FIL009", "FIL004"}
    assert fixing.apply(data, findings) == b"\n".join(ROWS) + b"\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("one.jsonl", b"\r\n".join(ROWS) + b"\r\n"),
        ("last.jsonl", b"\r\n".join(ROWS)),
        ("escapes.jsonl", b"\n".join([*ROWS, ROWS[0].replace(b"So 0", b"So\\r\\n0")])),
        ("array.json", b"[\r\n" + b",\n".join(ROWS) + b"]"),
        ("empty.jsonl", b""),
    ],
)
def test_one_kind_of_ending_is_silent(tmp_path: Path, name: str, data: bytes) -> None:
    assert found(tmp_path / name, data, "FIL009") == []


def test_wide_characters_are_judged_but_not_spliced(tmp_path: Path) -> None:
    data = (ROWS[0] + b"\r\n" + b"\n".join(ROWS[1:])).decode().encode("utf-16")
    (finding,) = found(tmp_path / "t.jsonl", data, "FIL009")
    assert finding.line == 1
    assert not finding.fixable


def test_a_large_file_is_mended_in_time(tmp_path: Path) -> None:
    data = b"".join(b'{"a": %d}%s\n' % (n, b"\r" if n % 2 else b"") for n in range(100_001))
    (finding,) = found(tmp_path / "t.jsonl", data, "FIL009", select=("FIL009",))
    assert fixing.apply(data, [finding]) == data.replace(b"\r\n", b"\n")


def test_what_is_packed_counts_as_unpacked(tmp_path: Path) -> None:
    data = b"\n".join(ROWS)
    packed = gzip.compress(data)
    assert len(packed) < 3000 < len(data)
    for name, raw in (("t.jsonl", data), ("t.jsonl.gz", packed)):
        (finding,) = found(tmp_path / name, raw, "FIL008", params={"FIL008": {"max_bytes": 3000}})
        assert finding.values["size"] == len(data)
    wide = data.decode().encode("utf-16")
    assert found(tmp_path / "w.jsonl", wide, "FIL008", params={"FIL008": {"max_bytes": len(data)}}) == []


@pytest.mark.parametrize(
    ("target", "size", "level"),
    [
        ("openai", 512 << 20, None),
        ("openai", (512 << 20) + 1, "warning"),
        ("openai", (8 << 30) + 1, "error"),
        ("azure", (512 << 20) + 1, "error"),
        ("generic", 1 << 40, None),
    ],
)
def test_the_limits_of_the_profiles(target: str, size: int, level: str | None) -> None:
    from curator import catalogue, findings, targets
    from curator.checks.files import too_large
    from curator.sources import FileHead

    head = FileHead("t.jsonl", size, b"", "utf-8", False, "lines", False, size, Endings())
    problems = list(too_large(head, target=targets.resolve(target, ""), max_bytes=0, max_upload_bytes=0))
    rule = catalogue.load().rules["FIL008"]
    levels = [str(findings.severity(rule, problem.variant, None)) for problem in problems]
    assert levels == ([level] if level else [])


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
