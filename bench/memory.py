"""Peak memory of `curator check` on large generated files: the sum of PSS over all its processes.

Three kinds of file: chats of 2 KB, completion rows of 120 bytes, and chats of 2 KB with five findings
each. PSS counts a page that several processes share once in all; it is read from
/proc/PID/smaps_rollup every tenth of a second, so this runs on Linux only.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from running import CURATOR, byte_compile, environment

EVERY = 0.1  # seconds between two samples
_WORDS = (
    "chain brake wheel order parcel saddle please return label size stock today spoke cable shop rider road "
    "valve frame answer ticket refund invoice bearing light pump tyre check number account carrier month"
)


def _text(source: random.Random, size: int) -> str:
    choices = _WORDS.split()
    words: list[str] = []
    length = 0
    while length < size:
        words.append(source.choice(choices))
        length += len(words[-1]) + 1
    return " ".join(words) + "."


def _chats(bodies: list[tuple[str, str]], number: int) -> str:
    question, answer = bodies[number % len(bodies)]
    messages = [
        {"role": "system", "content": "You are the support assistant of a bicycle shop."},
        {"role": "user", "content": f"Ticket {number}: {question}"},
        {"role": "assistant", "content": f"About ticket {number}: {answer}"},
    ]
    return json.dumps({"messages": messages})


def _completions(bodies: list[tuple[str, str]], number: int) -> str:
    question = bodies[number % len(bodies)][0][:55]
    return json.dumps({"prompt": f"{question} {number:09} ->", "completion": f" {number:09} END"})


def _flawed(bodies: list[tuple[str, str]], number: int) -> str:
    question, answer = bodies[number % len(bodies)]
    messages = [
        {"role": "system", "content": "You are the support assistant of a bicycle shop."},
        {"role": "human", "content": f"Ticket {number}: {question} {answer}", "name": number},
        {"role": "assistant", "content": "", "time": number},
    ]
    return json.dumps({"messages": messages, "source": "export"})


KINDS: dict[str, Callable[[list[tuple[str, str]], int], str]] = {
    "chats": _chats,
    "completions": _completions,
    "flawed": _flawed,
}


def generate(kind: str, path: Path, size: int) -> int:
    """Write about `size` bytes of distinct records; how many there are comes back."""
    source = random.Random(1)
    bodies = [(_text(source, 500), _text(source, 1200)) for _ in range(997)]
    number = written = 0
    with path.open("w", encoding="ascii") as file:
        while written < size:
            block = "".join(f"{KINDS[kind](bodies, n)}\n" for n in range(number, number + 1000))
            file.write(block)
            written += len(block)
            number += 1000
    return number


def pss(process: psutil.Process) -> int:
    """Bytes of PSS of the process and everything it started; 0 for what has just ended."""
    total = 0
    try:
        for member in (process, *process.children(recursive=True)):
            total += _pss_of(member.pid)
    except psutil.NoSuchProcess:
        pass
    return total


def _pss_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def measure(file: Path, output: Path, options: list[str]) -> tuple[float, int, int]:
    """Seconds, peak PSS in bytes, and exit code of one check."""
    command = [*CURATOR, "check", str(file), "--isolated", "--no-progress", *options]
    with output.open("wb") as stream:
        began, peak = time.perf_counter(), 0
        process = subprocess.Popen(command, stdout=stream, env=environment())
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, pss(watched))
            time.sleep(EVERY)
        return time.perf_counter() - began, peak, process.returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=1000, help="size of each file in megabytes (default: 1000)")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this kind (may be repeated)")
    parser.add_argument("options", nargs="*", help="options for `curator check`, after --")
    arguments = parser.parse_args()
    byte_compile()
    print(f"{'':14}{'MB':>7}{'records':>12}{'seconds':>10}{'peak PSS, MB':>15}{'output, MB':>12}{'exit':>6}")
    for kind in arguments.kind or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            file, output = Path(folder) / f"{kind}.jsonl", Path(folder) / "report"
            records = generate(kind, file, arguments.mb * 1_000_000)
            options = arguments.options or ["--output-format", "json"]
            seconds, peak, code = measure(file, output, options)
            read, written = file.stat().st_size / 1e6, output.stat().st_size / 1e6
        row = f"{kind:14}{read:7.0f}{records:12,}{seconds:10.1f}{peak / 1e6:15.0f}{written:12.1f}{code:6}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
