"""Which data files belong together, guessed from their names, and what their first records look like.

A guess for `curator init`, which writes it down for a person to look over; a check never guesses.
"""

from __future__ import annotations

import codecs
import gzip
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import orjson

from curator import formats
from curator.settings import SPLITS

_WORDS = {
    "train": "train", "training": "train",
    "valid": "validation", "validation": "validation", "val": "validation", "dev": "validation", "eval": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
_SUFFIX = re.compile(r"\.(jsonl|ndjson)(\.gz|\.zst)?$", re.IGNORECASE)
_SHARD = re.compile(r"(^|[-_.])(\d+[-_]of[-_]\d+|(part|shard|chunk)[-_.]?\d+)$", re.IGNORECASE)
_WORD = re.compile(r"[^-_. ]+")
_LOOK_BYTES, _LOOK_RECORDS = 1 << 18, 50  # of one file: enough to tell formats apart


@dataclass(frozen=True, slots=True)
class Proposal:
    """Files that seem to be one dataset."""

    name: str
    splits: dict[str, tuple[str, ...]]
    """Paths as they were given, by split."""


def propose(files: Iterable[str], home: str) -> list[Proposal]:
    """The datasets that the names of the files suggest; every file is in exactly one of them.

    `files` are relative paths; `home` is the name for files at the top that are called `train.jsonl`.
    `x.train.jsonl`, `x_val.jsonl`, `train/x.jsonl` and numbered parts of a file are understood.
    """
    groups: dict[tuple[str, str], dict[str, list[str]]] = {}
    by_folder: set[tuple[str, str]] = set()
    for file in files:
        folder, stem, split = _parts(file)
        if not split and folder and (in_folder := _WORDS.get(PurePath(folder).name.lower(), "")):
            folder, split = str(PurePath(folder).parent), in_folder
            folder = "" if folder == "." else folder
            by_folder.add((folder, stem))
        groups.setdefault((folder, stem), {}).setdefault(split, []).append(file)
    for folder, stem in sorted(by_folder):
        # Files of train/ and valid/ without a namesake on the other side belong to the folder's one dataset.
        if stem and len(groups[folder, stem]) == 1:
            for split, paths in groups.pop((folder, stem)).items():
                groups.setdefault((folder, ""), {}).setdefault(split, []).extend(paths)
    found: dict[str, Proposal] = {}
    for (folder, stem), splits in sorted(groups.items()):
        unnamed = splits.pop("", [])
        if unnamed and "train" not in splits:
            splits["train"], unnamed = unnamed, []
        for made in (splits, {"train": unnamed} if unnamed else {}):
            if made:
                name = _free(folder, stem or PurePath(folder).name or home, found)
                found[name] = Proposal(name, {split: tuple(sorted(made[split])) for split in SPLITS if split in made})
    return list(found.values())


def _parts(file: str) -> tuple[str, str, str]:
    """Folder, name without suffix, number and split, and the split; "" for what the name does not say."""
    folder, name = os.path.split(file)
    stem = _SHARD.sub("", _SUFFIX.sub("", name))
    words = [word for word in _WORD.finditer(stem) if word[0].lower() in _WORDS]
    if not words:
        return folder, stem, ""
    word = words[-1]
    rest = (stem[: word.start()].rstrip("-_. ") + stem[word.end() :]).lstrip("-_. ")
    return folder, rest, _WORDS[word[0].lower()]


def _free(folder: str, name: str, taken: dict[str, Proposal]) -> str:
    """The name, or one made of it that is not taken."""
    longer = "-".join([*PurePath(folder).parts, name])
    candidates = [name, longer, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)


def packed_copies(files: Sequence[str]) -> list[str]:
    """Those of the files that stand there unpacked as well."""
    plain = set(files)
    return [file for file in files if file.lower().endswith((".gz", ".zst")) and file.rpartition(".")[0] in plain]


def glance(path: str) -> str:
    """The format of the first records of a file; "" where they show none, or cannot be read."""
    try:
        block = _beginning(path)
    except (OSError, EOFError, zlib.error):
        return ""
    votes: Counter[tuple[str, bool]] = Counter()
    for line in block.removeprefix(codecs.BOM_UTF8).split(b"\n")[:_LOOK_RECORDS]:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # also the last one, which is cut
        votes[formats.detect(record), formats.ends_with_user(record)] += 1
    return formats.winner(votes)


def _beginning(path: str) -> bytes:
    with open(path, "rb") as file:
        magic = file.peek(4)[:4]
        if magic[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=file) as unpacked:
                return unpacked.read(_LOOK_BYTES)
        if magic == b"\x28\xb5\x2f\xfd":
            import zstandard

            try:
                return zstandard.ZstdDecompressor().stream_reader(file).read(_LOOK_BYTES)
            except zstandard.ZstdError as error:
                raise OSError(str(error)) from None
        return file.read(_LOOK_BYTES)
