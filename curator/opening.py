"""From a path, or standard input, to a Source: unpacked and in UTF-8, whatever it was.

What is compressed, comes from a pipe or is written in UTF-16 is spooled to a temporary file, with a
limit on its size, because reading by byte ranges needs a file.
"""

from __future__ import annotations

import codecs
import gzip
import io
import os
import select
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import IO, Any, BinaryIO, cast

from curator.errors import InputError
from curator.sources import BLOCK, Source, prepare, unreadable

MAX_UNPACKED_BYTES = 64 << 30
BOMB_RATIO = 200
"""Ours: text packs 3 to 20 to 1, the most repetitive datasets about 100 to 1."""
_BOMB_MINIMUM = 1 << 30  # below a gigabyte no ratio does harm

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# Longest first: the UTF-32 mark begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_FILES = (
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a ZIP archive (or an Excel workbook)"),
    (b"ARROW1", "an Arrow file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"%PDF-", "a PDF"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"Obj\x01", "an Avro file"),
)
_HEAD = 64  # bytes that tell how a file is packed or written
_HEARD_WITHIN = 200  # milliseconds after which a signal is heard at the latest


def standard_input() -> io.BufferedReader:
    """What comes on standard input, as bytes; an interrupt ends a wait for it. Raises InputError when it is closed."""
    if sys.stdin is None:
        raise InputError("standard input is closed: name a file, or send data to `-`")
    stream: Any = sys.stdin.buffer
    return _heard(getattr(stream, "raw", stream))


def _heard(raw: Any) -> io.BufferedReader:
    return io.BufferedReader(_Heard(raw), BLOCK)


class Spools(ExitStack):
    """Keeps the temporary files of a run, and removes them when it ends."""

    def open(self, path: str, name: str = "", *, max_unpacked: int = MAX_UNPACKED_BYTES) -> Source:
        """The file at `path` (`-`: standard input, called `name`), ready for reading.

        Raises InputError when it is missing, unreadable, broken, too large unpacked, or no text.
        """
        try:
            if path == "-":
                return self._unpacked(name or path, standard_input(), max_unpacked, packed=0)
            if os.path.isdir(path):
                raise InputError(f"{path}: is a folder, not a file")
            with open(path, "rb", buffering=0) as raw:
                _refuse_device(path, raw)
                file = _heard(raw)
                head = file.peek(_HEAD)[:_HEAD]
                if head.startswith((_GZIP, _ZSTD)) or encoding_of(head) != "utf-8" or not os.path.isfile(path):
                    return self._unpacked(path, file, max_unpacked, os.fstat(raw.fileno()).st_size)
                _refuse_binary(path, head)
            return prepare(path, path, "utf-8", spooled=False)
        except FileNotFoundError:
            raise InputError(f"{path}: no such file") from None
        except OSError as error:
            raise unreadable(path, error) from None

    def _unpacked(self, path: str, file: io.BufferedReader, limit: int, packed: int) -> Source:
        """What a stream holds, whatever it is packed or written in, as a file of its own."""
        head = file.peek(_HEAD)[:_HEAD]
        if head.startswith(_GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                return self._spooled(path, cast(BinaryIO, unpacked), "utf-8", limit, packed)
        if head.startswith(_ZSTD):
            return self._spooled(path, cast(BinaryIO, _Zstd(file)), "utf-8", limit, packed)
        return self._spooled(path, file, encoding_of(head), limit, packed=0)

    def _spooled(self, path: str, stream: BinaryIO, encoding: str, limit: int, packed: int) -> Source:
        spool = tempfile.NamedTemporaryFile(prefix="curator-", suffix=".spool", delete=False)  # noqa: SIM115
        self.callback(_remove, spool.name)
        with spool:
            head = _copy(path, stream, spool, encoding, limit, packed)
        if encoding == "utf-8" and (inner := encoding_of(head)) != "utf-8":
            with open(spool.name, "rb") as again:
                return self._spooled(path, again, inner, limit, packed=0)
        _refuse_binary(path, head)
        return prepare(path, spool.name, encoding, spooled=True)


def _copy(path: str, stream: BinaryIO, spool: IO[bytes], encoding: str, limit: int, packed: int) -> bytes:
    """Copy the stream to the spool in UTF-8; what comes back is its first 64 bytes."""
    head, total = b"", 0
    try:
        for block in _blocks(stream, encoding):
            head = head or block[:_HEAD]
            total += len(block)
            if total > limit:
                raise InputError(
                    f"{path}: unpacks to more than {limit:,} bytes; "
                    "raise max-unpacked-bytes in the settings if that is right"
                )
            if packed and total > _BOMB_MINIMUM and total > BOMB_RATIO * packed:
                raise InputError(
                    f"{path}: unpacks to over {BOMB_RATIO} times its size: looks like a decompression bomb"
                )
            spool.write(block)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: the archive is broken: {error}") from None
    except UnicodeError as error:
        raise InputError(f"{path}: begins like {encoding} but does not decode as it: {error}") from None
    except Exception as error:
        if type(error).__module__.startswith("zstandard"):
            raise InputError(f"{path}: the archive is broken: {error}") from None
        raise
    return head


def _blocks(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    if encoding == "utf-8":
        while block := stream.read(BLOCK):
            yield block
        return
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    first = True
    while block := stream.read(BLOCK):
        text = decoder.decode(block)
        if first:
            text, first = text.removeprefix("\ufeff"), False
        yield text.encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


class _Heard(io.RawIOBase):
    """Bytes that others may have yet to send. Python hears signals between two lines of Python, and where one cuts a
    wait short; one that comes in between, along with bytes, would else be heard only when more bytes come."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._poll = None
        # Windows can wait only for sockets; what has no file behind it lets nobody wait.
        if hasattr(select, "poll") and isinstance(raw, io.FileIO):
            self._poll = select.poll()
            self._poll.register(raw, select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        filled = 0
        while filled < min(_HEAD, len(buffer)):  # a sender may begin with one byte, which does not tell what follows
            while self._poll and not self._poll.poll(_HEARD_WITHIN):
                pass
            got = self._raw.readinto(memoryview(buffer)[filled:])
            if not got:
                break
            filled += got
        return filled


class _Zstd(io.RawIOBase):
    """Reads the frames of a .zst file; zstandard's own reader takes a frame that was cut for a whole one."""

    def __init__(self, file: io.BufferedReader) -> None:
        import zstandard  # a compiled library that only compressed files need

        self._file = file
        self._new = zstandard.ZstdDecompressor().decompressobj
        self._frame = self._new()
        self._begun = False

    def read(self, size: int = -1) -> bytes:
        while True:
            packed = self._frame.unused_data if self._frame.eof else b""
            packed = packed or self._file.read(4096)  # which may unpack to a hundred megabytes
            if not packed:
                if self._begun and not self._frame.eof:
                    raise EOFError("the last frame is cut")
                return b""
            if self._frame.eof:
                self._frame = self._new()
            self._begun = True
            if block := self._frame.decompress(packed):
                return block


def encoding_of(head: bytes) -> str:
    """The encoding that the first bytes show: by its mark, or by the zero bytes of `{"` in UTF-16."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if len(head) >= 4 and head[0] in b'{["' and head[1] == 0 and head[2] and head[3] == 0:
        return "utf-16-le"
    if len(head) >= 4 and head[0] == 0 and head[1] in b'{["' and head[2] == 0 and head[3]:
        return "utf-16-be"
    return "utf-8"


def _refuse_device(path: str, file: io.FileIO) -> None:
    """Raises InputError for what has no end (/dev/zero) or no lines (a disk); git calls a missing file /dev/null."""
    mode = os.fstat(file.fileno()).st_mode
    is_endless = stat.S_ISCHR(mode) and not file.isatty() and not os.path.samefile(path, os.devnull)
    if is_endless or stat.S_ISBLK(mode):
        raise InputError(f"{path}: is a device, not a file")


def _refuse_binary(path: str, head: bytes) -> None:
    for magic, name in _OTHER_FILES:
        if head.startswith(magic):
            raise InputError(f"{path}: is {name}, not JSON Lines: export it as JSON Lines first")
    if b"\x00" in head and not head.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):
        for name, high, low in (("UTF-16LE", head[1::2], head[::2]), ("UTF-16BE", head[::2], head[1::2])):
            if 2 * high.count(0) > len(high) and 0 not in low:
                raise InputError(f"{path}: seems to be in {name}, without a mark: `iconv -f {name} -t UTF-8` first")
        raise InputError(f"{path}: is a binary file, not JSON Lines")


def _remove(name: str) -> None:
    with suppress(FileNotFoundError):
        os.remove(name)
