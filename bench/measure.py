"""Seconds for a 60 MB chat file: the usual script, curator with and without token totals, the floor.

The four run in turn, N times; the best of each counts, and the ratios are of those. The file is
$CURATOR_CORPORA/throughput/chat_60mb.jsonl.gz (default: ../shared/corpora). The floor's token total and
curator's must agree up to the chat overhead: 3 and the role's tokens a message, 3 a record.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from running import CURATOR, ROOT, byte_compile, run

BENCH = Path(__file__).resolve().parent
CORPUS = Path(os.environ.get("CURATOR_CORPORA", ROOT / ".." / "shared" / "corpora")) / "throughput/chat_60mb.jsonl.gz"


def commands(file: str, jobs: int | None) -> dict[str, tuple[str, ...]]:
    """What is measured, by name."""
    options = ("--jobs", str(jobs)) if jobs else ()
    check = (*CURATOR, "check", file, "--isolated", "--no-progress", "--output-format", "json", *options)
    return {
        "usual script": (sys.executable, str(BENCH / "usual_script.py"), file),
        "curator check": check,
        "curator check --token-stats": (*check, "--token-stats"),
        "floor": (sys.executable, str(BENCH / "floor.py"), file, "--jobs", str(jobs or 2)),
    }


def compare(curator: dict[str, Any], floor: dict[str, int]) -> None:
    """Print whether both counted the same; raises SystemExit where they did not."""
    (source,) = curator["inputs"]
    overhead = 3 * floor["messages"] + floor["role_tokens"] + 3 * floor["records"]
    expected, total = floor["tokens"] + overhead, source["tokens"]["total"]
    print(f"\ntokens: curator {total:,}; floor {floor['tokens']:,} + {overhead:,} overhead = {expected:,}")
    if (source["records"], total) != (floor["records"], expected):
        raise SystemExit("the totals differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--jobs", type=int, help="processes for curator and the floor (default: curator's own, and 2)")
    parser.add_argument("--file", type=Path, default=CORPUS, help="another file of chat records, .jsonl or .jsonl.gz")
    arguments = parser.parse_args()
    byte_compile()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chat.jsonl"
        opened = gzip.open if arguments.file.suffix == ".gz" else open
        with opened(arguments.file, "rb") as packed, file.open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
        best: dict[str, float] = {}
        printed: dict[str, bytes] = {}
        for _ in range(arguments.rounds):
            for name, command in commands(str(file), arguments.jobs).items():
                with tempfile.TemporaryFile() as output:
                    seconds = run(command, output, expected=(0, 1))
                    output.seek(0)
                    printed[name] = output.read()
                best[name] = min(seconds, best.get(name, seconds))
        megabytes = file.stat().st_size / 1e6
    usual, floor = best["usual script"], best["floor"]
    print(f"{megabytes:.1f} MB, best of {arguments.rounds}\n")
    print(f"{'':28}{'seconds':>8}{'MB/s':>8}{'usual/this':>12}{'this/floor':>12}")
    for name, seconds in best.items():
        print(f"{name:28}{seconds:8.2f}{megabytes / seconds:8.1f}{usual / seconds:12.2f}{seconds / floor:12.2f}")
    compare(json.loads(printed["curator check --token-stats"]), json.loads(printed["floor"]))


if __name__ == "__main__":
    main()
