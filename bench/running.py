"""Starting and timing commands, the same way in every benchmark."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
CURATOR = (sys.executable, "-m", "curator.cli.main")
"""The command as it is started here: the checkout's code, whatever else is installed."""


def environment() -> dict[str, str]:
    """The variables of this process, with the checkout first on the module path."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path}


def byte_compile() -> None:
    """Compile the package and the environment's libraries, as an installation does.

    Without it a machine that sets PYTHONDONTWRITEBYTECODE compiles every module at every start.
    """
    compileall.compile_dir(ROOT / "curator", quiet=2)
    compileall.compile_dir(sysconfig.get_paths()["purelib"], quiet=2, workers=0)


def run(command: Sequence[str], output: IO[bytes], expected: Sequence[int] = (0,)) -> float:
    """Seconds that the command took, start-up included; what it prints goes to `output`.

    Raises SystemExit with its last words when it ends in another way than `expected`.
    """
    began = time.perf_counter()
    done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, env=environment(), check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in expected:
        last = done.stderr.decode(errors="replace").strip()[-2000:]
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}:\n{last}")
    return seconds
