"""Seconds and memory of fixing a 60 MB chat file of which one record in twenty can be fixed: check, --fix, --verify.

Every twenty-fifth record says "Assistant" for "assistant", and every hundredth is a copy of the one before. The
commands run in turn, N times, each on a fresh copy; the best of each counts, and the ratios are of those.
The file is that of measure.py; the memory is the sum of the PSS of all processes, sampled every 0.1 s.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from measure import CORPUS
from memory import measure
from running import byte_compile

COMMANDS = {
    "check": [],
    "check --fix": ["--fix", "--unsafe-fixes"],
    "check --fix --verify": ["--fix", "--unsafe-fixes", "--verify"],
}


def spoiled(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines with their faults."""
    last = b""
    for number, line in enumerate(lines):
        if number % 100 == 99:
            yield last
        yield line.replace(b'"assistant"', b'"Assistant"', 1) if number % 25 == 7 else line
        last = line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=3, help="runs of each (default: 3)")
    arguments = parser.parse_args()
    byte_compile()
    best: dict[str, tuple[float, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        original, file = Path(folder) / "original.jsonl", Path(folder) / "chat.jsonl"
        with gzip.open(CORPUS, "rb") as packed, original.open("wb") as out:
            out.writelines(spoiled(packed))
        for _ in range(arguments.rounds):
            for name, options in COMMANDS.items():
                shutil.copyfile(original, file)
                seconds, peak, _ = measure(file, Path(folder) / "out.json", options)
                shutil.rmtree(Path(folder) / ".curator", ignore_errors=True)
                known = best.get(name, (seconds, 0))
                best[name] = min(seconds, known[0]), max(peak, known[1])
        print(f"{original.stat().st_size / 1e6:.1f} MB, best of {arguments.rounds}\n")
    for name, (seconds, peak) in best.items():
        print(f"{name:24}{seconds:8.2f} s{seconds / best['check'][0]:8.2f} × check{peak / 1e6:8.0f} MB")


if __name__ == "__main__":
    main()
