"""Hypothesis runs the same examples every time, so that a red test is red on every machine; `run` runs the command."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from curator.cli.main import group

settings.register_profile(
    "curator",
    derandomize=True,
    deadline=None,
    database=None,
    # Files are written per example, and generated lines are longer than Hypothesis likes.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
settings.load_profile("curator")

# Where a shell runs the tests in the background, or nohup does, signals are ignored, in whatever we start, too. What
# we handle, be it by doing nothing, is not ignored in there.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, lambda *_: None)

# The repositories that tests make know neither the user's settings nor the hook that runs the tests, if one does.
for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"):
    os.environ.pop(variable, None)
os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Streamlit's AppTest leaves its script behind as `__main__`, which worker processes would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Calls `curator ARGUMENTS…` in this process, with tmp_path as the current folder."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(group, arguments, prog_name="curator", standalone_mode=False, **options)

    return invoke
