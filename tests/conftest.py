"""Hypothesis runs the same examples every time, so that a red test is red on every machine; `run` runs the command."""

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
