"""What tells a finding from all others, in this run and in the next."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from curator.model import Finding
from curator.reporters import in_repository


class Fingerprints:
    """Gives each finding of a run a fingerprint of its own, which stays when lines are inserted above it.

    It is made of the rule, the file, the record's hash and the place inside the record. Equal copies of a record
    are told apart by counting, which takes about 100 bytes of memory a finding.
    """

    def __init__(self) -> None:
        self._seen: Counter[int] = Counter()

    def next(self, finding: Finding) -> str:
        """The fingerprint of the finding: 32 hexadecimal digits; to be asked once a finding, in order."""
        key = _key(finding)
        number = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest())
        count = self._seen[number]
        self._seen[number] += 1
        return hashlib.blake2b(key + b"#%d" % count, digest_size=16).hexdigest()


def _key(finding: Finding) -> bytes:
    # Messages and values are left out: those of a dataset finding hold counts, which change with every record.
    path = in_repository(finding.path)
    parts = (finding.code, path, finding.record, finding.pointer, finding.at, finding.inner, finding.span)
    return json.dumps(parts).encode()
