"""A running `curator review`, and a page of it in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, WebSocket, expect, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PATIENCE = 60
"""Seconds that anything may take; far more than it needs, for CI machines are slow and run much at once."""
MISSING = "no Chromium: `apt-get install chromium`, or `playwright install chromium`"
expect.set_options(timeout=PATIENCE * 1000)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

_FRAGMENTS = 3
"""So many runs of fragments, two seconds apart, may have been asked for before a run of the whole script."""
_LISTENS = """limit => new Promise(done => {
    const look = () => !document.querySelector(".st-key-review") || globalThis.curatorAttention?.listens
        || performance.now() > limit ? done() : setTimeout(look, 20);
    look();
})"""
"""Comes back when the Review page, if it is shown, has the script that puts keys in order."""
_PROBE = re.compile(r"/\w+/_stcore/(health|host-config)$")
"""Streamlit asks at a page's own address first, where nothing is, and then at the server's."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium without a way out: no name but localhost's resolves. Raises FileNotFoundError where there is none."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    with sync_playwright() as playwright:
        if found is None and not os.path.exists(playwright.chromium.executable_path):
            raise FileNotFoundError(MISSING)
        arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]
        browser = playwright.chromium.launch(executable_path=found, args=arguments, timeout=PATIENCE * 1000)
        yield browser
        browser.close()


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    log: Path
    """What it has printed, on both streams."""
    url: str = ""

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 0

    def end(self, number: int = signal.SIGINT) -> int:
        """Ctrl+C, or another signal, and then its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def started(*arguments: str | Path, cwd: Path, log: Path, port: int = 0, **how: Any) -> Iterator[Server]:
    """`curator review ARGUMENTS…`, when it answers; killed in the end, if it still runs.

    `port` 0 is any free one; `how` goes to Popen, such as `env`. Temporary files lie beside the log, for a server that
    is killed leaves its own behind.
    """
    how.setdefault("env", {**os.environ, "TMPDIR": str(log.parent)})
    command = [sys.executable, "-m", "curator.cli.main", "review", *map(str, arguments)]
    with log.open("wb") as stream:
        command += ["--no-browser", "--port", str(port)]
        server = Server(subprocess.Popen(command, cwd=cwd, stdout=stream, stderr=stream, **how), log)
    try:
        server.url = _address(server)
        with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=PATIENCE) as answer:
            assert answer.status == 200
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def _address(server: Server) -> str:
    """What the server prints as soon as it takes connections."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.process.poll() is None:
        if found := re.search(r"^(http://\S+) ", server.log.read_text(), re.MULTILINE):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"the server did not start: {server.log.read_text()}")


@dataclass
class Tab:
    """A page in the browser, and all that went wrong in it: errors, breaches of the policy, requests to elsewhere."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    """A test that provokes one takes it out."""
    socket: WebSocket | None = None
    is_newer: bool = False
    """The run under way began after the last request for one."""
    is_answered: bool = False
    """A run of the whole script that began after the last request is over."""
    fragments: int = 0
    """Runs of fragments that began since."""

    def settle(self) -> None:
        """Wait until the check is far enough, no script is running, and all is drawn."""
        app = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
        # Before its first run, and between two looks at the progress, the page says of itself that it runs nothing.
        expect(self.page.locator(".stMain .stElementContainer")).not_to_have_count(0)
        self.page.wait_for_selector(app)
        expect(self.page.locator(".st-key-waiting")).to_have_count(0)
        self.page.wait_for_selector(app)
        # Not wait_for_function: it evaluates strings, which our policy forbids.
        expect(self.page.locator("[data-stale=true], [data-testid=stSkeleton]")).to_have_count(0)
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.page.evaluate(_LISTENS, PATIENCE * 1000)

    @contextmanager
    def rerun(self) -> Iterator[None]:
        """Do in the body what makes the script run; afterwards, that run is over, and the page shows its outcome.

        One click may ask for two runs: one takes over the text of the field that it leaves, one is the button's.
        """
        self.settle()
        assert self.socket is not None
        self.is_newer = self.is_answered = False
        self.fragments = 0
        yield
        self.settle()
        while not self.is_answered:  # again when meanwhile another run was asked for
            self.socket.wait_for_event("framereceived", lambda frame: self.is_answered, timeout=PATIENCE * 1000)
            self.settle()

    def press(self, *keys: str) -> None:
        """Press keys one after the other, each when the script run that the former set off is over."""
        for key in keys:
            with self.rerun():
                self.page.keyboard.press(key)

    def errors(self) -> list[str]:
        """The texts of Streamlit's boxes for exceptions that nobody caught."""
        return [] if self.page.is_closed() else self.page.get_by_test_id("stException").all_inner_texts()


def opened(browser: Browser, server: Server, path: str = "", **how: Any) -> Tab:
    """A page of the server in a window of its own, drawn; `how` goes to `new_context`, such as `color_scheme`."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **how})
    context.set_default_timeout(PATIENCE * 1000)
    tab = Tab(context.new_page(), server.url)
    _watch(tab)
    tab.page.goto(f"{server.url}/{path}")
    tab.settle()
    return tab


def _watch(tab: Tab) -> None:
    def requested(address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(tab.url).netloc:
            tab.faults.append(f"request to {address}")

    def sent(frame: bytes | str) -> None:
        if _asks(frame):
            tab.is_newer = tab.is_answered = False
            tab.fragments = 0

    def received(frame: bytes | str) -> None:
        message = ForwardMsg() if isinstance(frame, str) else ForwardMsg.FromString(frame)
        if message.WhichOneof("type") == "new_session" and message.metadata.run.fragment_ids:
            # Runs of the whole script go first, so it is over. Where the server is busy, Streamlit may say neither
            # that it begins nor that it ends: it passes over what a run tells late, once a fragment runs.
            tab.fragments += 1
            tab.is_answered |= tab.is_newer or tab.fragments > _FRAGMENTS
        elif message.WhichOneof("type") == "new_session":
            tab.is_newer = True
        elif tab.is_newer and _finished(message):
            tab.is_answered = True

    def connected(socket: WebSocket) -> None:
        tab.socket = socket
        socket.on("framesent", sent)
        socket.on("framereceived", received)
        requested(socket.url)

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not _PROBE.search(message.location["url"]):
            tab.faults.append(f"console: {message.text} ({message.location['url']})")

    page = tab.page
    page.on("websocket", connected)
    page.on("request", lambda request: requested(request.url))
    page.on("pageerror", lambda error: tab.faults.append(f"script error: {error}"))
    page.on("console", said)


def _asks(frame: bytes | str) -> bool:
    """Whether the page asks for a run of the whole script: fragments run by themselves, whatever is pressed."""
    if isinstance(frame, str):
        return False
    message = BackMsg.FromString(frame)
    return message.WhichOneof("type") == "rerun_script" and not message.rerun_script.fragment_id


def _finished(message: ForwardMsg) -> bool:
    """Whether a run of the whole script is over: not one that was given up for the next, nor one of a fragment."""
    done = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY
    return message.WhichOneof("type") == "script_finished" and message.script_finished == done
