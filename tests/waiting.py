"""Waiting for what another thread or another process does."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 120
"""Seconds that anything may take; far more than it needs, for CI machines are slow and run much at once."""


def until(happened: Callable[[], object]) -> None:
    """Comes back when it has happened; fails when it has not for longer than anything takes."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
