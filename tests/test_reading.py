"""However a file is cut, packed or encoded: the same lines, with the same places."""

import codecs
import gzip
import io
import json
import os
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from test_parsing import Writer, seeds

from curator import documents as documents_module
from curator import opening, reading, sources, whereabouts
from curator.errors import InputError
from curator.model import place
from curator.opening import Spools
from curator.reading import cut, read, sample
from curator.sources import Line, Source, recognise
from curator.whereabouts import Whereabouts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reading")


@pytest.fixture
def spools() -> Iterator[Spools]:
    with Spools() as opened:
        yield opened


def source_of(folder: Path, data: bytes, name: str = "data.jsonl") -> Source:
    path = folder / name
    path.write_bytes(data)
    with Spools() as spools:
        return spools.open(str(path))


def found_again(source: Source, offset: int) -> Line:
    return Whereabouts([source]).line(place(0, offset))


def read_all(source: Source, size: int, max_line_bytes: int = reading.MAX_LINE_BYTES) -> list[Line]:
    shards = cut(source, 0, size)
    assert [shard.end for shard in shards[:-1]] == [shard.start for shard in shards[1:]]
    return [line for shard in shards for line in read(shard, max_line_bytes)]


def cut_in_every_way(source: Source, random: Random, max_line_bytes: int = reading.MAX_LINE_BYTES) -> list[Line]:
    """The lines of the file in one shard, which those of every other cut must equal."""
    whole = read_all(source, max(1, source.size), max_line_bytes)
    for size in {1, 2, 3, 7, random.randint(1, 30), random.randint(1, source.size + 2)}:
        assert read_all(source, size, max_line_bytes) == whole
    return whole


@pytest.fixture(params=[5, 64, sources.BLOCK], ids=lambda size: f"block={size}")
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Files of a few bytes meet the borders of blocks, too."""
    for module in (sources, documents_module, reading):
        monkeypatch.setattr(module, "BLOCK", request.param)
    for module in (sources, whereabouts):  # as in earnest, several of them to a block
        monkeypatch.setattr(module, "STEP", max(3, request.param // 8))
    monkeypatch.setattr(opening, "BLOCK", max(8, request.param))
    monkeypatch.setattr(sources, "HEAD_BYTES", max(256, request.param))
    return int(request.param)


# --- JSON Lines -----------------------------------------------------------------------------------------

PIECES = [
    b"", b"", b" \t", b"\r", b'{"a":1}', b'{"a": "x\\ny", "b": [1, {"c": "]"}]}', '{"é": "😀"}'.encode(), b"{", b'"',
    b'{"a": "not closed', b"[1, 2]", b"1", b"\xff\xfe", b'{"a":\r"b"}', b'{"a":1} {"b":2}', b"null",
    b'{"long": "' + b"x" * 60 + b'"}',
]  # fmt: skip


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    random = Random(draw(seeds))
    pieces = [b'{"a":0}', *random.choices(PIECES, k=draw(st.integers(0, 10)))]
    endings = random.choice([[b"\n"], [b"\r\n"], [b"\n", b"\r\n"]])
    data = b"".join(piece + random.choice(endings) for piece in pieces)
    data = data if random.randrange(2) else data.removesuffix(b"\n").removesuffix(b"\r")
    return (codecs.BOM_UTF8 if not random.randrange(3) else b"") + data


@settings(max_examples=120)
@given(json_lines(), seeds)
def test_any_cut_of_lines_reads_the_same(folder: Path, block: int, data: bytes, seed: int) -> None:
    source = source_of(folder, data)
    assert source.head.container == "lines"
    lines = cut_in_every_way(source, Random(seed))
    body = data.removeprefix(codecs.BOM_UTF8)
    expected = [part.removesuffix(b"\r") for part in body.split(b"\n")[:-1]]
    if not body.endswith(b"\n"):
        expected.append(body.rpartition(b"\n")[2])
    assert [line.raw for line in lines] == expected
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert all(line.column == 1 and not line.too_long for line in lines)
    ends = [line.offset + line.size for line in lines]
    assert [line.offset for line in lines] == [source.start, *ends[:-1]]
    assert ends[-1] == len(data)
    for line in lines:
        again = found_again(source, line.offset)
        glued = b"} {" in line.raw
        assert again.raw == (b'{"a":1}' if glued else line.raw)
        assert again.number == line.number


@settings(max_examples=150)
@given(json_lines(), st.integers(1, 40), seeds)
def test_too_long_lines_are_skipped_and_the_rest_is_not(folder: Path, data: bytes, limit: int, seed: int) -> None:
    source = source_of(folder, data)
    whole = read_all(source, max(1, source.size))
    lines = cut_in_every_way(source, Random(seed), limit)
    assert [(line.offset, line.number, line.size) for line in lines] == [(w.offset, w.number, w.size) for w in whole]
    for line, full in zip(lines, whole, strict=True):
        assert line.too_long == (len(full.raw) > limit)
        # A limit below what is quoted of long lines may let the first byte of the line's ending in.
        assert (full.raw + b"\r").startswith(line.raw) if line.too_long else line.raw == full.raw


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("size", [299, 300, 301, 302, 303, 5000])
def test_the_limit_counts_no_line_ending(folder: Path, size: int, ending: bytes) -> None:
    long = b'{"a":"' + b"x" * (size - 8) + b'"}'
    data = b'{"a":1}\n' + long + ending + (b'{"b":2}' if ending else b"")
    source = source_of(folder, data)
    lines = list(read(cut(source, 0)[0], 300))
    assert [line.number for line in lines] == ([1, 2, 3] if ending else [1, 2])
    assert lines[1].too_long == (size > 300)
    assert lines[1].size == size + len(ending)
    assert lines[1].raw == (long[:200] if size > 300 else long)
    assert [line.raw for line in sample(source, 10, 300)] == [line.raw for line in lines]
    if ending:
        assert (lines[2].raw, lines[2].offset) == (b'{"b":2}', 8 + size + len(ending))
        sampled = {line.raw for line in sample(source, 1, 300)}  # a spaced sample: the first line only
        assert sampled == {b'{"a":1}'}


def test_a_spaced_sample_leaves_out_what_is_too_long(folder: Path) -> None:
    rows = [b"%d" % n + b"x" * (300 if n % 3 == 0 else 299) for n in range(10, 60)]
    source = source_of(folder, b'{"a":1}\n' + b"\r\n".join(rows) + b"\n")
    found = [line.raw for line in sample(source, 40, 301)]
    assert found
    assert set(found) <= {b'{"a":1}', *(row for row in rows if len(row) <= 301)}
    assert any(len(raw) == 301 for raw in found)


@pytest.mark.parametrize("count", [1, 10, 99, 100, 101, 1000])
def test_a_sample_depends_on_the_bytes_alone(folder: Path, count: int) -> None:
    rows = [b'{"n":%d}' % n for n in range(count)]
    source = source_of(folder, b"\n".join(rows) + b"\n")
    found = list(sample(source, 100))
    assert [line.raw for line in found] == [rows[i] for i in sorted({rows.index(line.raw) for line in found})]
    assert len(found) == count if count <= 100 else 60 <= len(found) <= 100
    assert all(found_again(source, line.offset).raw == line.raw for line in found)


def test_the_first_line_says_what_the_file_was_written_in(tmp_path: Path, spools: Spools) -> None:
    (tmp_path / "a.jsonl").write_bytes('{"a":1}\n{"a":2}\n'.encode("utf-16"))
    source = spools.open(str(tmp_path / "a.jsonl"))
    for size in (1, 7, 100):
        assert [line.encoding for line in read_all(source, size)] == ["utf-16-le", "utf-8"]


# --- documents --------------------------------------------------------------------------------------------


@st.composite
def documents(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A file that is one array, or objects that span lines; and the raw elements in it."""
    random = Random(draw(seeds))
    writer = Writer(random, broken=False)
    count = draw(st.integers(0, 6))
    if random.randrange(3):
        elements = [writer.value(random.randint(0, 8)).strip() for _ in range(count)]
        elements += ['"]}, {["', '{"a": "[\\"}"}', "17", "null", '"é\\\\"'][: random.randrange(6)]
        style = random.randrange(3)
        if style == 0:
            text = "[" + ",".join(elements) + "]"
        elif style == 1:
            text = "[\n" + ",\n".join("  " + element for element in elements) + "\n]\n"
        else:
            text = "[" + ",".join(writer.space() + e + writer.space() for e in elements) + "]" + writer.space()
        if random.randrange(4) == 0 and elements:
            text = text.rstrip("] \r\n\t")  # the file was cut off
            if text.count("[") and text[-1] not in '}"]':
                text += " ]"
    else:
        values = [{"n": n, "é": ["]", {"x": "}\n"}]} for n in range(count + 1)]
        elements = [json.dumps(v, indent=random.choice([1, 4]), ensure_ascii=not random.randrange(2)) for v in values]
        text = random.choice(["\n", "\r\n", "\n\n"]).join(elements) + random.choice(["", "\n"])
    data = (codecs.BOM_UTF8 if not random.randrange(4) else b"") + text.encode()
    return data, [element.encode() for element in elements]


@settings(max_examples=120)
@given(documents(), seeds)
def test_any_cut_of_a_document_reads_the_same(
    folder: Path, block: int, document: tuple[bytes, list[bytes]], seed: int
) -> None:
    data, _ = document
    source = source_of(folder, data, "data.json")
    if source.head.container != "document":
        return
    at = Whereabouts([source])  # asked in order, it counts on from the place before
    for line in cut_in_every_way(source, Random(seed)):
        before = data[source.start : line.offset]
        assert data[line.offset : line.offset + line.size] == line.raw
        assert line.number == 1 + before.count(b"\n")
        assert line.column == 1 + len(before[before.rfind(b"\n") + 1 :].decode())
        for again in (found_again(source, line.offset), at.line(place(0, line.offset))):
            assert (again.raw, again.number, again.column) == (line.raw, line.number, line.column)


@settings(max_examples=120)
@given(documents(), seeds)
def test_a_damaged_document_is_cut_in_the_same_places(
    folder: Path, block: int, document: tuple[bytes, list[bytes]], seed: int
) -> None:
    random, damaged = Random(seed), bytearray(document[0])
    for _ in range(random.randint(1, 4)):
        place = random.randint(0, len(damaged))
        damaged[place : place + random.randint(0, 2)] = random.choice(
            [b"", b'"', b"]", b"[", b"}", b"{", b",", b"\xff", b"\\", b"x y"]
        )
    source = source_of(folder, bytes(damaged), "data.json")
    cut_in_every_way(source, random)
    cut_in_every_way(source, random, random.randint(1, 20))


@settings(max_examples=150)
@given(
    st.lists(
        st.sampled_from(['{"a": "]"}', "[1, [2]]", '"x,]y"', "-1.5e3", "null", '{"é": {"b": ["}"]}}', "{}", "[]"]),
        min_size=1,
        max_size=8,
    ),
    seeds,
)
def test_each_element_is_found(folder: Path, elements: list[str], seed: int) -> None:
    random = Random(seed)
    gaps = [random.choice(["", " ", "\n", "\r\n  "]) for _ in range(2 * len(elements) + 1)]
    inside = ",".join(gaps[2 * i] + element + gaps[2 * i + 1] for i, element in enumerate(elements))
    data = ("[" + inside + "]" + gaps[-1]).encode()
    source = source_of(folder, data, "data.json")
    if source.head.container == "document":
        assert [line.raw.decode() for line in cut_in_every_way(source, random)] == elements


def test_pretty_printed_objects_one_after_the_other(folder: Path) -> None:
    values = [{"prompt": f"item {n}: [", "completion": {"x": ["}"] * n}} for n in range(5)]
    texts = [json.dumps(value, indent=2) for value in values]
    source = source_of(folder, "\n".join(texts).encode())
    assert source.head.container == "document"
    lines = cut_in_every_way(source, Random(1))
    assert [json.loads(line.raw) for line in lines] == values
    assert [line.column for line in lines] == [1] * 5


def test_too_long_elements_are_skipped_and_the_rest_is_not(folder: Path) -> None:
    texts = ['{"a": 1}', '{"b": "' + "x" * 500 + '"}', '{"c": 3}']
    source = source_of(folder, ("[\n" + ",\n".join(texts) + "\n]").encode(), "data.json")
    lines = cut_in_every_way(source, Random(2), 100)
    assert [line.too_long for line in lines] == [False, True, False]
    assert [line.number for line in lines] == [2, 3, 4]
    assert lines[1].size == len(texts[1])
    assert lines[1].raw == texts[1].encode()[:200]


def test_a_long_array_on_one_line_takes_linear_time(folder: Path) -> None:
    """Columns once cost a pass over the line for each element: a 4 MB file took half a minute."""
    import time

    def seconds(count: int) -> float:
        source = source_of(folder, json.dumps([{"n": n} for n in range(count)]).encode(), "long.json")
        began = time.process_time()
        lines = read_all(source, reading.SHARD_BYTES)
        took = time.process_time() - began
        assert len(lines) == count
        return took

    # What else the machine does is measured, too, so one of three times has to do.
    assert any(seconds(40_000) < 40 * max(seconds(4_000), 0.01) for _ in range(3))


# --- what a file is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b'{"a": 1}\n{"a": 2}\n', "lines"),
        (b'{"a": 1}', "lines"),
        (b'\n\n{"a": 1}\n', "lines"),
        (b'{"a": 1\n{"a": 2}\n', "lines"),  # a cut record, followed by the next
        (b'{"a": [\n{"a": 2}\n', "lines"),
        (b"[1]\n[2]\n", "lines"),  # arrays, one a line
        (b'"a"\n{"b": 1}\n', "lines"),
        (b'{"a": 1} {"b": 2}\n', "lines"),
        (b"", "lines"),
        (b" \n\r\n", "lines"),
        (b'[{"a": 1}]', "document"),
        (b'[{"a": 1},\n {"a": 2}]\n', "document"),
        (b'[\n  {"a": 1}\n]\n', "document"),
        (b'[\n{"a": 1},', "document"),
        (b"[]", "document"),
        (b'{\n  "a": 1\n}\n', "document"),
        (b'{ "a": {\n  "b": 1 } }\n', "document"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "pointer"),
        (b"prompt,completion\nburger,edible\n", "foreign"),
        (b"# Title\n\nSome words.\n", "foreign"),
        (b"just a word", "foreign"),
    ],
)  # fmt: skip
def test_recognise(head: bytes, container: str) -> None:
    assert recognise(head, whole=True) == container


def test_an_array_that_fills_the_head_is_a_document() -> None:
    head = json.dumps([{"a": n} for n in range(100)]).encode()
    assert recognise(head[:500], whole=False) == "document"
    assert recognise(b"[1]\n[2]\n[3", whole=False) == "lines"


def test_what_holds_no_data_has_no_shards(folder: Path) -> None:
    for data in (b"", b"\n \n", b"prompt,completion\n", b"version https://git-lfs.github.com/spec/v1\n"):
        source = source_of(folder, data)
        assert cut(source, 0) == []
        assert [line.raw for line in sample(source, 10) if line.raw.strip()] == []


# --- packed and encoded -------------------------------------------------------------------------------------

ROWS = ['{"prompt": "héllo 😀 ->", "completion": " yes"}', '{"prompt": "", "completion": " no"}', "{broken"]
TEXT = "\r\n".join(ROWS) + "\r\n"


def packed_zst(data: bytes) -> bytes:
    half = len(data) // 2
    return b"".join(zstandard.ZstdCompressor().compress(part) for part in (data[:half], data[half:]))  # two frames


FILES = [
    (TEXT.encode(), "utf-8"),
    (codecs.BOM_UTF8 + TEXT.encode(), "utf-8"),
    (gzip.compress(TEXT.encode()), "utf-8"),
    (gzip.compress(ROWS[0].encode() + b"\r\n") + gzip.compress(TEXT[len(ROWS[0]) + 2 :].encode()), "utf-8"),
    (packed_zst(TEXT.encode()), "utf-8"),
    (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16-le"),
    (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16-be"),
    (TEXT.encode("utf-16-le"), "utf-16-le"),
    (TEXT.encode("utf-16-be"), "utf-16-be"),
    (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "utf-32-le"),
    (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), "utf-32-be"),
    (gzip.compress(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")), "utf-16-le"),
    (packed_zst(TEXT.encode("utf-16-be")), "utf-16-be"),
]


class Dripping(io.BytesIO):
    """Gives a byte at a time, as a slow sender may."""

    def readinto(self, buffer: Any) -> int:
        return super().readinto(memoryview(buffer)[:1])


@pytest.mark.parametrize(
    ("data", "encoding", "stdin"),
    [(*file, stdin) for file in FILES for stdin in (False, True)],
    ids=lambda value: value if isinstance(value, str) else "stdin" if value is True else "",
)
def test_the_same_lines_whatever_the_packing(
    tmp_path: Path, spools: Spools, monkeypatch: pytest.MonkeyPatch, block: int, data: bytes, encoding: str, stdin: bool
) -> None:
    packed = data.startswith((b"\x1f\x8b", b"\x28\xb5"))
    if stdin:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Dripping(data), 1)))
        source = spools.open("-")
        assert source.stamp is None
    else:
        (tmp_path / "data").write_bytes(data)
        source = spools.open(str(tmp_path / "data"))
        assert source.head.size == len(data)
        assert (source.real_path == source.path) == (not packed and encoding == "utf-8")
    for size in (1, 20, 1000):
        lines = read_all(source, size)
        assert [line.raw.decode() for line in lines] == ROWS
        assert [line.number for line in lines] == [1, 2, 3]
        assert lines[0].encoding == encoding
    assert source.head.encoding == encoding
    assert source.head.byte_order_mark == data.startswith(codecs.BOM_UTF8)


def test_spools_are_removed(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(TEXT.encode()))
    with Spools() as spools:
        source = spools.open(str(tmp_path / "a.gz"))
        assert os.path.exists(source.real_path)
    assert not os.path.exists(source.real_path)
    assert (tmp_path / "a.gz").exists()


def test_a_lone_surrogate_in_utf_16_is_a_line_that_does_not_decode(tmp_path: Path, spools: Spools) -> None:
    text = '{"a": "\ud800"}\n{"b": 1}\n'
    (tmp_path / "a").write_bytes(codecs.BOM_UTF16_LE + text.encode("utf-16-le", "surrogatepass"))
    lines = read_all(spools.open(str(tmp_path / "a")), 100)
    assert lines[0].raw == b'{"a": "\xed\xa0\x80"}'
    assert lines[1].raw == b'{"b": 1}'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (packed_zst(TEXT.encode() * 50)[:-20], "archive is broken"),
        (gzip.compress(TEXT.encode() * 50, mtime=0)[:-20], "archive is broken"),
        (b"\x1f\x8b\x08" + b"\xff" * 30, "archive is broken"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le") + b"x", "does not decode"),
        (b"PAR1" + b"\x00" * 20, "Parquet"),
        (b"PK\x03\x04" + b"\x00" * 20, "ZIP"),
        (gzip.compress(b"PAR1" + b"\x00" * 20, mtime=0), "Parquet"),
        (b"\x7fELF\x00\x00", "binary file"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, spools: Spools, data: bytes, words: str) -> None:
    (tmp_path / "data").write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        spools.open(str(tmp_path / "data"))
    assert str(caught.value).startswith(str(tmp_path / "data"))
    assert "\n" not in str(caught.value)


def test_missing_files_folders_and_limits(tmp_path: Path, spools: Spools) -> None:
    with pytest.raises(InputError, match="no such file"):
        spools.open(str(tmp_path / "nothing"))
    with pytest.raises(InputError, match="is a folder"):
        spools.open(str(tmp_path))
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"x" * 5000))
    with pytest.raises(InputError, match="unpacks to more than 4,999 bytes"):
        spools.open(str(tmp_path / "a.gz"), max_unpacked=4999)
    assert spools.open(str(tmp_path / "a.gz"), max_unpacked=5000).size == 5000


# --- what changes while it is read --------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.one_of(json_lines(), documents().map(lambda document: document[0])), seeds)
def test_a_file_that_shrinks_is_an_error(folder: Path, data: bytes, seed: int) -> None:
    random = Random(seed)
    source = source_of(folder, data)
    if source.size <= source.start or not cut(source, 0):
        return
    for size in (1, 7, random.randint(1, len(data)), len(data)):
        shards = cut(source, 0, size)
        os.truncate(source.real_path, random.randint(0, len(data) - 1))
        assert not source.unchanged()
        with pytest.raises(InputError, match="shorter"):
            list(chain.from_iterable(map(read, shards)))
        Path(source.real_path).write_bytes(data)


def test_a_file_that_vanishes_is_an_error(folder: Path) -> None:
    for name, data in (("gone.jsonl", b'{"a":1}\n' * 9), ("gone.json", b'[{"a":1},\n{"a":2}]')):
        source = source_of(folder, data, name)
        shard = cut(source, 0)[0]
        os.remove(source.real_path)
        assert not source.unchanged()
        with pytest.raises(InputError, match="cannot be read"):
            list(read(shard))
        with pytest.raises(InputError, match="cannot be read"):
            cut(source, 0)
        with pytest.raises(InputError, match="cannot be read"):
            list(sample(source, 1))
        with pytest.raises(InputError, match="cannot be read"):
            found_again(source, 0)


def test_glued_records_are_found_again_one_by_one(folder: Path) -> None:
    source = source_of(folder, b'{"a": 1} {"b": "\xc3\xa9"}  {"c": 3} \t\r\n{"d": 4}\n')
    for offset, raw, column in (
        (0, b'{"a": 1}', 1),
        (9, b'{"b": "\xc3\xa9"}', 10),
        (22, b'{"c": 3}', 22),
        (34, b'{"d": 4}', 1),
    ):
        line = found_again(source, offset)
        assert (line.raw, line.column) == (raw, column)
