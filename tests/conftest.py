"""Hypothesis runs the same examples every time, so that a red test is red on every machine."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

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
