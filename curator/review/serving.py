"""Serves the page: to this machine only, with a content security policy on every response."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from curator.errors import UsageError

if TYPE_CHECKING:
    from starlette.middleware import Middleware
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SCRIPT = Path(__file__).with_name("main.py")
HOST = "127.0.0.1"
HOSTS = (HOST, "localhost")
"""The names by which a browser may ask for the page; any other is refused (DNS rebinding)."""
PORT = 8501
_PORTS = 100  # tried from PORT on
_PATIENCE = 3  # seconds that Ctrl+C waits for what is under way

SETTINGS: Mapping[str, Any] = MappingProxyType(
    {
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "type",  # a traceback's last line may quote the data
        "client.showErrorLinks": False,
        "client.toolbarMode": "viewer",
        # Else a click starts a second thread beside the one that draws the page, and both change the state of the
        # session at once, which Streamlit locks in each of them on its own: the click was lost in a RuntimeError.
        "runner.fastReruns": False,
        "runner.postScriptGC": False,  # a full collection after every click
        "server.address": HOST,
        "server.allowedHosts": list(HOSTS),
        "server.baseUrlPath": "",
        "server.enableAgentApi": False,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.headless": True,  # we open the browser
        "server.showEmailPrompt": False,
        "theme.dark.primaryColor": "#2f78bd",  # red, the default, says "error" here
        "theme.light.primaryColor": "#0b4f8a",
    }
)
"""Streamlit's settings; `.streamlit/config.toml` says the same to `streamlit run`."""


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """What `curator review` was asked for."""

    paths: tuple[str, ...] = ()
    """Files and folders, as typed; (): the page asks for an upload."""
    config: str | None = None
    target: str | None = None
    model: str | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    jobs: int | None = None
    reviewer: str = ""


_given = ReviewOptions()


def use(options: ReviewOptions) -> None:
    """Set what the page is to work on, before it is served."""
    global _given
    _given = options


def options() -> ReviewOptions:
    """What the page is to work on."""
    return _given


def listen(port: int | None) -> socket.socket:
    """A socket that takes connections on this machine only: at `port` (0: any), or at the first free one from 8501.

    Raises UsageError where there is none.
    """
    for number in range(PORT, PORT + _PORTS) if port is None else (port,):
        taken = socket.socket()
        if sys.platform != "win32":  # there it would let two servers share a port
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((HOST, number))
            taken.listen()
        except OSError as error:
            taken.close()
            reason = error.strerror
        else:
            return taken
    if port is None:
        raise UsageError(f"no port from {PORT} to {PORT + _PORTS - 1} is free ({reason}): name another with --port")
    raise UsageError(f"port {port} cannot be used ({reason}): name another, or leave out --port")


def url(listening: socket.socket) -> str:
    """Where the browser finds the page."""
    return f"http://{HOST}:{listening.getsockname()[1]}"


def serve(listening: socket.socket, *, browser: bool) -> None:
    """Serve the page until Ctrl+C, SIGTERM or the end of the terminal; with `browser`, open it there."""
    import streamlit as st
    import uvicorn
    from streamlit import config

    app = st.App(SCRIPT, middleware=middleware())
    # `st.set_option` takes only what may change while an app runs.
    config.get_config_options(force_reparse=True, options_from_flags=dict(SETTINGS))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=config.get_option("server.maxMessageSize") << 20,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
    )
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        # uvicorn ends for SIGINT and SIGTERM, and raises them again when it has ended.
        signal.signal(signal.SIGHUP, lambda number, frame: signal.raise_signal(signal.SIGTERM))
    if browser:  # the socket takes connections already; a text browser would not come back
        threading.Thread(target=_open, args=(url(listening),), daemon=True).start()
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        return


def _open(address: str) -> None:
    # Where the browser that $BROWSER names cannot be had, the address stands in the terminal.
    with contextlib.suppress(OSError, ValueError, webbrowser.Error):
        webbrowser.open(address)


def middleware() -> list[Middleware]:
    """What stands before Streamlit: headers on every response, no foreign origin or host, no timer out of turn."""
    from starlette.middleware import Middleware

    from curator.review.timers import Timers

    return [Middleware(_Guard), Middleware(Timers)]


def policy() -> str:
    """The content security policy: nothing is loaded from elsewhere, and nobody may frame the page."""
    rules: dict[str, Sequence[str]] = {
        "default-src": ["'self'"],
        "script-src": ["'self'", "blob:", *_inline_scripts()],  # blob: components; no other page can make one of ours
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'", *(f"ws://{host}:*" for host in HOSTS)],
        "frame-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


def _inline_scripts() -> list[str]:
    """The hashes of the scripts that Streamlit writes into its page, so that no other inline script runs."""
    import streamlit

    shell = (Path(streamlit.__file__).parent / "static" / "index.html").read_bytes()
    scripts = re.findall(rb"<script>(.*?)</script>", shell, re.DOTALL)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in scripts]


class _Guard:
    """Adds the security headers to every response, and refuses what another page asks for.

    Streamlit has such a check, but it lets pages from any port of this machine in, and for all others it asks a
    server on the internet what our address is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = [
            (b"content-security-policy", policy().encode()),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
        ]
        self.names = {name for name, _ in self.headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", ()) if name not in self.names]
                message = {**message, "headers": [*kept, *self.headers]}
            await send(message)

        if scope["type"] == "lifespan" or _own(scope):
            await self.app(scope, receive, with_headers)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it was accepted: 403
        else:
            from starlette.responses import PlainTextResponse

            await PlainTextResponse("foreign host or origin", status_code=403)(scope, receive, with_headers)


def _own(scope: Scope) -> bool:
    """Whether our page asks, or a program that is no browser, which names no origin."""
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"")
    return host.partition(b":")[0].decode("latin-1") in HOSTS and headers.get(b"origin") in (None, b"http://" + host)
