"""Which records of a file stay, and which go because they are copies of one that stays."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from curator.curation.copies import Copies, copies, reader, settled
from curator.curation.nearness import jaccard, text_of
from curator.curation.records import Progress, Records
from curator.curation.sketches import Apart
from curator.errors import InputError, UsageError
from curator.findings import record_hash

NOBODY = (1 << 32) - 1
"""In place of the record that stays, where none of a cluster does."""
Keep = Literal["first", "longest"]
Decisions = Mapping[tuple[str, int | None], bool]
"""Whether a record goes, by its hash and its line (None: on whatever line)."""


@dataclass(slots=True)
class Cleared:
    """What becomes of the lines of a file. Memory: 5 bytes a line."""

    stays: array[int]
    """For each line its own number where it stays; else that of the record that stays for it."""
    likeness: bytearray
    """How near a record that goes is to the one that stays for it, in percent."""
    differing: int = 0
    """Pairs of near copies that both stay, because their labels differ."""
    unmatched: int = 0
    """Decisions that fit no record of a cluster."""
    emptied: dict[int, int] = field(default_factory=dict)
    """For each record of a cluster of which none stays, the first record of that cluster."""

    def gone(self) -> Iterator[int]:
        """The numbers of the records that go, in order."""
        return (number for number, other in enumerate(self.stays) if number != other)

    def cluster(self, number: int) -> tuple[int, int]:
        """What the records that go together have in common: who stays for them, and the first one where nobody does."""
        return self.stays[number], self.emptied.get(number, NOBODY)

    def clusters(self) -> dict[tuple[int, int], list[int]]:
        """The records that go, by their cluster."""
        found: dict[tuple[int, int], list[int]] = {}
        for number in self.gone():
            found.setdefault(self.cluster(number), []).append(number)
        return found


def clear(records: Records, *, threshold: float | None, keep: Keep, progress: Progress | None = None) -> Cleared:
    """Of equal values one stays, and of near copies from `threshold` on (None: leave them) no two.

    What is near depends on what many records begin with and on the task, hence on the records that stay: these
    are looked at again until nothing more goes, so that doing it twice is doing it once.
    """
    done = _whole(records)
    view = records
    while True:
        found = copies(view, threshold=threshold, labels_apart=True, progress=progress)
        done.differing = found.differing
        gone = []
        for members in found.clusters(view):
            for number, other, likeness in _chosen(view, found, members, threshold, keep):
                done.stays[number], done.likeness[number] = other, likeness
                gone.append(number)
        if gone and threshold is not None:
            view = view.without(gone)
        if not gone or threshold is None or settled(view, found):
            break
    for number in done.gone():  # what stayed in one round may have gone in the next
        while done.stays[other := done.stays[number]] != other:
            done.stays[number] = done.stays[other]
    return done


def _whole(records: Records) -> Cleared:
    return Cleared(array("I", range(len(records))), bytearray(len(records)))


def _chosen(
    records: Records, found: Copies, members: list[int], threshold: float | None, keep: Keep
) -> Iterator[tuple[int, int, int]]:
    """The members that go, each with the one that stays for it and how near that is, in percent."""
    if keep == "longest":
        members = sorted(members, key=lambda number: (-len(text_of(records.example(number))), number))
    apart = None if threshold is None else Apart(threshold, reader(records, found.shared), members)
    known: dict[bytes, tuple[int, int]] = {}
    for number in members:
        key = records.key(number)
        if key not in known:
            other, index = (number, 1.0) if apart is None else apart.take(number)
            known[key] = other, int(100 * index)
        other, likeness = known[key]
        if other != number:
            yield number, other, likeness


def decide(records: Records, decisions: Decisions, *, threshold: float | None, progress: Progress | None) -> Cleared:
    """Of the records of each cluster those go that were decided to; all others stay."""
    done = _whole(records)
    found = copies(records, threshold=threshold, labels_apart=True, progress=progress)
    done.differing = found.differing
    used = set()
    read = reader(records, found.shared)
    for members in found.clusters(records):
        goes = {}
        for number in members:
            name = record_hash(records.raw(number))
            for entry in ((name, None), (name, records.line(number))):  # the line's own word is the last
                if entry in decisions:
                    used.add(entry)
                    goes[number] = decisions[entry]
        staying = [number for number in members if not goes.get(number)]
        if not staying:
            done.emptied.update(dict.fromkeys(members, members[0]))
        equal = {records.key(number): number for number in reversed(staying)}
        for number in members:
            if goes.get(number):
                other = equal.get(records.key(number), staying[0] if staying else NOBODY)
                done.stays[number] = other
                done.likeness[number] = 0 if other == NOBODY else int(100 * jaccard(read(number), read(other)))
                if records.key(number) in equal:
                    done.likeness[number] = 100
    done.unmatched = len(decisions.keys() - used)
    return done


def read_decisions(path: str) -> Decisions:
    """The decisions of a file of JSON Lines: `{"record": hash, "decision": "keep" or "drop", "line"?: number}`.

    Raises InputError where the file cannot be read, UsageError with the line for what does not fit.
    """
    found: dict[tuple[str, int | None], bool] = {}
    try:
        with open(path, encoding="utf-8-sig") as file:
            for number, text in enumerate(file, 1):
                if text.strip():
                    entry, goes = _decision(text, f"{path}:{number}")
                    if found.setdefault(entry, goes) != goes:
                        raise UsageError(f"{path}:{number}: the record {entry[0]} is to be kept and dropped")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8") from None
    return found


def _decision(text: str, where: str) -> tuple[tuple[str, int | None], bool]:
    form = '{"record": "<hash>", "decision": "keep" or "drop"}'
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"{where}: is not JSON; a decision is {form}") from None
    if not isinstance(data, dict) or not isinstance(data.get("record"), str):
        raise UsageError(f"{where}: names no record; a decision is {form}")
    if data.get("decision") not in ("keep", "drop"):
        raise UsageError(f"{where}: the decision is neither keep nor drop")
    line = data.get("line")
    if line is not None and (isinstance(line, bool) or not isinstance(line, int)):
        raise UsageError(f"{where}: the line is no number")
    return (data["record"], line), data["decision"] == "drop"


def proposed(records: Records, done: Cleared) -> Iterator[bytes]:
    """The clusters as a file of decisions, to be looked over: who stays, and who goes."""
    for cluster, ((stays, _), others) in enumerate(done.clusters().items(), 1):
        for number in (stays, *others):
            decision = "keep" if number == stays else "drop"
            name = record_hash(records.raw(number))
            yield _line({"record": name, "decision": decision, "line": records.line(number), "cluster": cluster})


def exact(records: Records, done: Cleared) -> set[int]:
    """The records that go and equal the one that stays for them, or, where none does, another that goes."""
    alone = Counter(records.key(number) for number in done.gone() if done.stays[number] == NOBODY)
    found = set()
    for number in done.gone():
        key, stays = records.key(number), done.stays[number]
        if alone[key] > 1 if stays == NOBODY else key == records.key(stays):
            found.add(number)
    return found


def removed(records: Records, done: Cleared) -> Iterator[bytes]:
    """The records that go, one a line, each with the text of its line, its cluster and the line that stays for it."""
    clusters = {key: cluster for cluster, key in enumerate(done.clusters(), 1)}
    equal = exact(records, done)
    for number in done.gone():
        stays, raw = done.stays[number], records.raw(number)
        yield _line({
            "cluster": clusters[done.cluster(number)],
            "kind": "copy" if number in equal else "near copy",
            "likeness": done.likeness[number],
            "line": records.line(number),
            "kept": None if stays == NOBODY else records.line(stays),
            "record": record_hash(raw),
            "raw": raw.decode(),
        })  # fmt: skip


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode() + b"\n"
