"""The lines of one file, by number: where each begins, what it holds, and its example again.

What works on whole files (split, dedupe, diff) passes over one several times, and keeps numbers and keys in
place of texts. Memory: 29 bytes a line, and the places of a sample.
"""

from __future__ import annotations

import hashlib
import io
import os
from array import array
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from curator import formats, inputs, parsing, reading, settings, targets
from curator.conventions import Conventions, Survey
from curator.curation.samples import Sample
from curator.errors import InputError
from curator.model import Example, Place
from curator.opening import Spools
from curator.packing import KEY, PackedRows, key_of
from curator.parsing import Parsed
from curator.settings import Settings
from curator.sources import BLOCK, Line, Shard, Source, spot, unreadable
from curator.tokens import Tokenizer, bundled

RECORD, BLANK, UNREADABLE, GONE = range(4)
"""What a line holds; gone is a record that is left out of account."""
SAMPLE = 20_000
"""Different records that conventions are learned from."""
_COPIES = 100  # of one record that count there
_FAULTS = 20  # unreadable lines that are remembered with their fault

Progress = Callable[[int, int], object]
"""Called with the bytes done and the bytes in all."""


@dataclass(slots=True)
class Records:
    """The lines of one file. A line's number counts from 0; `line` is what people call it."""

    source: Source
    settings: Settings
    pins: Mapping[str, Any]
    file: io.FileIO
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    ends: array[int] = field(default_factory=lambda: array("Q"))
    """Behind the line ending."""
    states: bytearray = field(default_factory=bytearray)
    keys: bytearray = field(default_factory=bytearray)
    """Of each line the key of its canonical form; of its bytes, where it cannot be read."""
    faults: list[tuple[int, str]] = field(default_factory=list)
    """The first unreadable lines, each with what is wrong."""
    votes: Counter[tuple[str, bool]] = field(default_factory=Counter)
    sample: Sample = field(default_factory=lambda: Sample(SAMPLE))
    _format: str | None = None

    def __len__(self) -> int:
        return len(self.offsets)

    def count(self, state: int) -> int:
        """How many lines are records, blank, or unreadable."""
        return self.states.count(state)

    def numbers(self) -> Iterator[int]:
        """The numbers of the records, in order."""
        return (number for number, state in enumerate(self.states) if state == RECORD)

    def key(self, number: int) -> bytes:
        """The key of a line: equal for equal JSON values."""
        return bytes(self.keys[number * KEY : number * KEY + KEY])

    @property
    def preamble(self) -> bytes:
        """What stands before the first line: a byte order mark, or nothing."""
        return BOM_UTF8 if self.source.head.byte_order_mark else b""

    def line(self, number: int) -> int:
        """The 1-based line on which it begins."""
        if self.source.head.container == "document":
            return self.source.line_number(self.offsets[number])
        return number + 1

    def column(self, number: int) -> int:
        """The 1-based column on which it begins: elements of a document may share a line."""
        if self.source.head.container != "document":
            return 1
        with open(self.source.real_path, "rb") as file:
            return self.source.column(file, self.offsets[number])

    def place(self, number: int) -> str:
        """Where it is, as it stands behind the file's name."""
        return spot(self.line(number), self.column(number))

    def whole(self, number: int) -> bytes:
        """The line as it stands in the file, with its ending. Raises InputError when the file lost it."""
        return b"".join(self.blocks(number))

    def raw(self, number: int) -> bytes:
        """The line without its ending."""
        line = self.whole(number)
        return line.removesuffix(b"\n").removesuffix(b"\r") if line.endswith(b"\n") else line

    def digest(self, number: int) -> bytes:
        """The key of a line's bytes, also where it is too long to be read."""
        found = hashlib.blake2b(digest_size=KEY)
        for block in self.blocks(number):
            found.update(block)
        return found.digest()

    def parsed(self, number: int) -> Parsed:
        """What the line holds."""
        return parsing.parse(self.raw(number))

    def example(self, number: int, parsed: Parsed | None = None) -> Example:
        """The record as an example, as `curator check` would read it; one of another format as that one's."""
        parsed = parsed or self.parsed(number)
        name = formats.detect(parsed.value)
        if formats.same_shape(name, self.format):
            name = self.format
        return formats.read(parsed.value, name, parsed.canonical, self.ends[number] - self.offsets[number])

    @property
    def format(self) -> str:
        """The format that most records are in."""
        if self._format is None:
            self._format = formats.winner(self.votes)
        return self._format

    def conventions(self, classification: bool | None = None) -> Conventions:
        """What the dataset does as a habit; depends on its records, not on their order.

        `classification` says what the task is, where the data and the settings are not to be asked.
        """
        survey = Survey()
        for number, copies in self.sample.chosen():
            example = self.example(number)
            if example.format == self.format:
                for _ in range(min(copies, _COPIES)):
                    survey.add(example)
        target = targets.resolve(self.settings.target, self.format)
        model = targets.resolve_model(target, self.settings.model, formats.kind(self.format))
        counter = bundled(model.encoding if model else None) or Tokenizer("o200k_base")
        task = {} if classification is None else {"task": "classification" if classification else "generation"}
        return survey.conventions(self.format, counter.count, {**self.pins, **task})

    def repeated(self) -> Iterator[list[int]]:
        """The numbers of the records that hold one JSON value, key order ignored; two or more at a time."""
        yield from same(self.key, self.numbers())

    def without(self, numbers: Iterable[int]) -> Records:
        """The same lines with some of the records left out of account."""
        found = replace(self, states=bytearray(self.states), sample=Sample(SAMPLE))
        for number in numbers:
            found.states[number] = GONE
        for number in found.numbers():
            found.sample.add(found.key(number), number)
        return found

    def unchanged(self) -> None:
        """Raises InputError when the file is no longer the one that was read."""
        if not self.source.unchanged():
            raise changed(self.source)

    def copy(self, to: Sequence[int], streams: Sequence[BinaryIO], progress: Progress | None = None) -> None:
        """Write each line, byte for byte, to the stream whose number `to` gives for it (beyond the last: to none)."""
        for number, chosen in enumerate(to):
            if chosen < len(streams):
                for block in self.blocks(number):
                    streams[chosen].write(block)
            if progress is not None and not number % 1000:
                progress(self.ends[number], self.source.size)
        self.unchanged()

    def blocks(self, number: int) -> Iterator[bytes]:
        """A line's bytes in pieces: one that is too long to be read can be copied all the same."""
        start, end = self.offsets[number], self.ends[number]
        while start < end:
            try:
                block = os.pread(self.file.fileno(), min(BLOCK, end - start), start)
            except OSError as error:
                raise unreadable(self.source.path, error) from None
            if not block:
                raise changed(self.source)
            yield block
            start += len(block)


def same(key: Callable[[int], bytes], numbers: Iterator[int]) -> Iterator[list[int]]:
    """The numbers that have a key in common, in order; two or more at a time."""
    rows = PackedRows()
    for number in numbers:
        if found := key(number):
            rows.add(found, Place(number))
    for _, group in rows.groups():
        yield [number for number, _ in group]


def open_records(
    path: str,
    spools: Spools,
    *,
    lines_only: bool = False,
    stdin_name: str = "<stdin>",
    progress: Progress | None = None,
) -> Records:
    """The file with every line looked at once.

    Raises InputError when it cannot be read, and with `lines_only` for what is no JSON Lines.
    """
    own, pins = _settings(path, stdin_name)
    source = spools.open(path, stdin_name, max_unpacked=own.max_unpacked_bytes)
    container = source.head.container
    if container == "pointer":
        raise InputError(f"{source.path}: is a Git LFS pointer, not the data: run `git lfs pull` first")
    if container == "foreign":
        raise InputError(f"{source.path}: holds no JSON: `curator convert` makes JSON Lines of tables and texts")
    if lines_only and container == "document":
        raise InputError(
            f"{source.path}: is one JSON document, not JSON Lines: `curator convert` writes a record a line"
        )
    try:
        file = spools.enter_context(open(source.real_path, "rb", buffering=0))  # noqa: SIM115
    except OSError as error:
        raise unreadable(source.path, error) from None
    records = Records(source, own, pins, file)
    for shard in reading.cut(source, 0) or _blank(source):
        for line in reading.read(shard, own.max_line_bytes):
            _take(records, line)
        if progress is not None:
            progress(shard.end, source.size)
    return records


def _blank(source: Source) -> list[Shard]:
    """The whole of a file of blank lines, which holds nothing for a check."""
    return [Shard(0, source.path, source.real_path, source.start, source.size, source.size, 1, "lines")]


def _settings(path: str, stdin_name: str) -> tuple[Settings, Mapping[str, Any]]:
    """The settings that govern the file, and what they say of its dataset."""
    if path == "-" or not os.path.lexists(path) or os.path.isdir(path):
        return settings.for_path(Path.cwd() / "-", None, False), {}
    (found,), _ = inputs.gather((path,), lambda file: settings.for_path(file, None, False), stdin_name=stdin_name)
    return found.settings, found.pins


def _take(records: Records, line: Line) -> None:
    number = len(records.offsets)
    records.offsets.append(line.offset)
    records.ends.append(line.offset + line.size)
    state, canonical = UNREADABLE, line.raw
    if not line.too_long and not line.raw.strip():
        state = BLANK
    elif not line.too_long:
        parsed = parsing.parse(line.raw)
        if parsed.fault is None and isinstance(parsed.value, dict):
            state, canonical = RECORD, parsed.canonical
            records.votes[formats.detect(parsed.value), formats.ends_with_user(parsed.value)] += 1
    key = key_of(canonical) if not line.too_long else records.digest(number)
    records.states.append(state)
    records.keys += key
    if state == RECORD:
        records.sample.add(key, number)
    elif state == UNREADABLE and len(records.faults) < _FAULTS:
        records.faults.append((number, fault(line)))


def fault(line: Line) -> str:
    """Why a line is no record, in a few words."""
    if line.too_long:
        return f"is too long to be read ({line.size:,} bytes; max-line-bytes in the settings)"
    found = parsing.parse(line.raw).fault
    if found is None:
        return "is JSON, but not an object"
    if found.kind == "several":
        return "holds several records"
    what = "is not UTF-8" if found.kind == "encoding" else "is not JSON"
    return f"{what} ({found.message.removesuffix(' at')})"


def changed(source: Source) -> InputError:
    """What is said of a file that another program changed meanwhile."""
    return InputError(f"{source.path}: the file changed while it was read; nothing was written: run it again")
