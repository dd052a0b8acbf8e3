"""`serve` starts a real server, `visit` opens a page of it in a real browser.

Whatever goes wrong in a page fails its test, see `driving.Tab`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from driving import Server, Tab, chromium, opened, started
from playwright.sync_api import Browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All browser tests go to one worker, so that one browser serves them and they do not slow each other down."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; where it is missing, the tests are skipped, but never in CI."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(chromium())
        except FileNotFoundError as missing:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(missing))
        yield found


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts `curator review ARGUMENTS…` in tmp_path, see `driving.started`; killed after the test."""
    servers: list[Server] = []
    with ExitStack() as stack:

        def start(*arguments: str | Path, **how: Any) -> Server:
            log = tmp_path / f"server-{len(servers)}.log"
            servers.append(stack.enter_context(started(*arguments, log=log, **{"cwd": tmp_path, **how})))
            return servers[-1]

        yield start
    for server in servers:
        assert "Traceback" not in server.log.read_text(), server.log.read_text()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Opens a page of a server, see `driving.opened`; after the test, fails where something went wrong in a page."""
    tabs: list[Tab] = []

    def visit_page(server: Server, path: str = "", **how: Any) -> Tab:
        tabs.append(opened(browser, server, path, **how))
        return tabs[-1]

    yield visit_page
    faults = [fault for tab in tabs for fault in (*tab.faults, *tab.errors())]
    for tab in tabs:
        tab.page.context.close()
    assert not faults
