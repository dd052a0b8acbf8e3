"""Splices of a file: composed, reversed, applied, shown as a diff."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.fixing.patch import rows, written
from curator.fixing.script import Script, Spooled, compose, load, reverse, spliced
from curator.fixing.splicing import Splice, join
from curator.spool import Findings

TEXT = st.binary(max_size=12).map(lambda raw: bytes(b"abc\n\r"[byte % 5] for byte in raw))


@st.composite
def splices_of(draw: st.DrawFn, data: bytes) -> list[Splice]:
    found: list[Splice] = []
    position = 0
    while position <= len(data) and draw(st.booleans()):
        start = draw(st.integers(position, len(data)))
        end = draw(st.integers(start, min(len(data), start + 4)))
        found.append(Splice(start, end, draw(TEXT)))
        position = end + (start == end)
    return found


@given(st.data())
def test_composed_splices_do_what_both_do(data: st.DataObject) -> None:
    first = data.draw(TEXT)
    one = data.draw(splices_of(first))
    second = join(first, one)
    two = data.draw(splices_of(second))
    assert join(first, list(compose(one, two))) == join(second, two)


@given(st.data())
def test_the_reverse_leads_back(data: st.DataObject) -> None:
    before = data.draw(TEXT)
    there = data.draw(splices_of(before))
    after = b"".join(spliced(io.BytesIO(before), there))
    assert after == join(before, there)
    back = Script(reverse(io.BytesIO(before), there))
    assert b"".join(spliced(io.BytesIO(after), back)) == before


def test_a_script_that_is_cut_off_is_noticed() -> None:
    whole = Script([Splice(1, 2, b"abc")])
    whole._file.seek(0)
    data = whole._file.read()
    with pytest.raises(ValueError, match="cut off"):
        list(load(io.BytesIO(data[:-1])))
    with pytest.raises(ValueError, match="cut off"):
        list(load(io.BytesIO(data[:9])))


def diff_of(before: bytes, changes: list[Splice]) -> bytes:
    with tempfile.TemporaryFile() as file:
        file.write(before)
        file.flush()
        return b"".join(written("data", rows(file, changes)))


def patched(before: bytes, diff: bytes) -> bytes:
    """What a unified diff makes of the bytes: an independent reading of the format."""
    lines = before.split(b"\n")
    old = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    out: list[bytes] = []
    done = 0
    body = diff.split(b"\n")[2:-1]
    for index, line in enumerate(body):
        ending = b"" if index + 1 < len(body) and body[index + 1].startswith(b"\\") else b"\n"
        if line.startswith(b"@@"):
            first, count = (int(part) for part in f"{line.split()[1][1:].decode()},1".split(",")[:2])
            start = first - 1 if count else first
            out += old[done:start]
            done = start
        elif line.startswith((b" ", b"-")):
            assert old[done] == line[1:] + ending
            if line.startswith(b" "):
                out.append(old[done])
            done += 1
        elif line.startswith(b"+"):
            out.append(line[1:] + ending)
    return b"".join(out + old[done:])


LINES = st.lists(st.sampled_from([b"a", b"b", b"cc", b"", b"d\r"]), max_size=25).map(b"\n".join)


@given(st.data())
def test_the_diff_makes_the_new_file(data: st.DataObject) -> None:
    before = data.draw(LINES.filter(bool))
    changes = data.draw(splices_of(before))
    assert patched(before, diff_of(before, changes)) == join(before, changes)


def test_a_long_hunk_ends_at_a_line_that_stays() -> None:
    before = b"".join(b"%d\n" % n for n in range(6000))
    ends = [offset for offset, byte in enumerate(before) if byte == ord("\n")]
    changes = [Splice(end, end, b"!") for end in ends[::2]]
    diff = diff_of(before, changes)
    assert patched(before, diff) == join(before, changes)
    assert 4 <= diff.count(b"@@ -") <= 10


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_applies_the_diff(tmp_path: Path) -> None:
    before = b"".join(b'{"n": %d}\r\n' % n for n in range(4000)) + b'{"last": 1}'
    at = before.index(b'{"n": 20}')
    many = [before.index(b'{"n": %d}' % n) + 1 for n in range(100, 3000, 2)]
    changes = [Splice(0, 10, b""), Splice(at, at + 3, b"{ "), *(Splice(place, place, b" ") for place in many)]
    changes.append(Splice(len(before) - 2, len(before) - 1, b"22"))
    (tmp_path / "data").write_bytes(before)
    command = ["git", "apply", "-p0", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=tmp_path, input=diff_of(before, changes), check=True)
    assert (tmp_path / "data").read_bytes() == join(before, changes)


def test_what_an_interrupt_left_unfinished_goes_without_a_word() -> None:
    for kind in (Spooled, Findings):  # pytest makes an error of what is raised here
        kind.__new__(kind).__del__()
