"""kill -9 at any moment of a run leaves the old file or the new one, and nothing that hinders the next run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 200
# A process that has everything imported starts a run in a child, ends that after a random time, and looks.
SCRIPT = """
import json, os, random, signal, sys, time
from pathlib import Path
import curator
from curator.fixing.undoing import undo

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
path, aside = folder / "train.jsonl", folder / "train.removed.jsonl"
row = '{"messages": [{"role": "user", "content": "%d"}, {"role": "%s", "content": "b"}]}\\n'
old = "".join(row % (n, "assistant" if n % 3 else "Assistant") for n in [*range(12), 4, 5]).encode()
new = "".join(row % (n, "assistant") for n in range(12)).encode()
gone = [(row % (n, "assistant")).strip() for n in (4, 5)]


def fix():
    return curator.fix(path, unsafe=True, isolated=True, select=("SCH004", "DUP001"))


def begun():
    child = os.fork()
    if not child:
        fix()
        os._exit(0)
    return child


path.write_bytes(old)
assert fix().count == 6  # also imports and loads what the others find ready
took = []
for _ in range(5):
    assert undo([str(path)], together=False).files and path.read_bytes() == old and not aside.exists()
    start = time.perf_counter()
    assert os.waitpid(begun(), 0)[1] == 0
    took.append(time.perf_counter() - start)
    assert path.read_bytes() == new
undo([str(path)], together=False)
whole = sorted(took)[2]

chance = random.Random(7)
seen = {old: 0, new: 0}
ended = number = 0
while ended < kills:
    number += 1
    child = begun()
    time.sleep(chance.uniform(0.4, 1.1) * whole)
    os.kill(child, signal.SIGKILL)
    was_killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    ended += was_killed
    whole *= 1.04 if was_killed else 0.9  # so that most are ended about when files are replaced
    now = path.read_bytes()
    seen[now] += was_killed  # anything else is a KeyError
    if now == new or number % 4 == 0:
        fix()  # the next run settles what this one has left
        assert path.read_bytes() == new
        assert [json.loads(line)["raw"] for line in aside.read_text().splitlines()] == gone
        outcome = undo([str(path)], together=False)
        assert outcome.files and not outcome.refused, outcome
        assert path.read_bytes() == old and not aside.exists()
        names = [name for name in os.listdir(folder) if name != ".curator"]
        assert names == ["train.jsonl"], names
print(*seen.values(), round(whole, 3))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_hundred_kills(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    old, new, _ = done.stdout.split()
    assert int(old) + int(new) == KILLS
    assert int(old) > 0
