"""Milliseconds from start to end of small commands, byte-compiled; the best of N.

Measured are `curator --help`, `curator version` and `curator check` on a file of 20 records, and beside
them the bare interpreter, which none of them can undercut.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from running import CURATOR, ROOT, byte_compile, run

ROWS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=10, help="runs of each (default: 10)")
    rounds = parser.parse_args().rounds
    byte_compile()
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.jsonl"
        lines = (ROOT / "sample_data" / "support_chat.jsonl").read_bytes().splitlines(keepends=True)
        small.write_bytes(b"".join(lines[:ROWS]))
        commands = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "curator --help": (*CURATOR, "--help"),
            "curator version": (*CURATOR, "version"),
            f"curator check ({ROWS} rows)": (*CURATOR, "check", str(small), "--isolated"),
        }
        print(f"{'':28}{'best':>8}{'median':>8}   ms, {rounds} runs")
        with open(os.devnull, "wb") as nowhere:
            for name, command in commands.items():
                taken = [1000 * run(command, nowhere, expected=(0, 1)) for _ in range(rounds)]
                print(f"{name:28}{min(taken):8.0f}{median(taken):8.0f}")


if __name__ == "__main__":
    main()
