"""What the timers of a page ask for, and when it is not passed on to Streamlit.

It would run it behind a run of the whole page, and as a part of the page that was shown before that run: the browser
then clears the new page for the old one, of which nothing comes any more, and stays empty. Timers ask again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SHORT = 64 << 10  # bytes of a message that may say how a run goes; what is longer is content
_ENDS = (
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
)  # and not one that is given up for the next


class Timers:
    """Passes over what timers ask for from when a run of the whole page is asked for until it is over."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        tab = _Tab()

        async def received() -> Message:
            while tab.passes_over(message := await receive()):
                pass
            return message

        async def sent(message: Message) -> None:
            tab.hear(message)
            await send(message)

        await self.app(scope, received, sent)


class _Tab:
    """What is known of the runs of one tab, from all that it asks for and is told."""

    def __init__(self) -> None:
        self.is_running = False
        """A run of the whole page is asked for, or under way."""

    def passes_over(self, message: Message) -> bool:
        asked = BackMsg()
        if not _read(asked, message) or asked.WhichOneof("type") != "rerun_script":
            return False
        if asked.rerun_script.is_auto_rerun:
            return self.is_running
        self.is_running |= not asked.rerun_script.fragment_id
        return False

    def hear(self, message: Message) -> None:
        told = ForwardMsg()
        if len(message.get("bytes") or b"") > _SHORT or not _read(told, message):
            return
        if told.WhichOneof("type") == "new_session":
            self.is_running |= not told.metadata.run.fragment_ids
        elif told.WhichOneof("type") == "script_finished" and told.script_finished in _ENDS:
            self.is_running = False


def _read(into: BackMsg | ForwardMsg, message: Message) -> bool:
    """Whether there is something in it that can be read."""
    try:
        return bool(into.ParseFromString(message.get("bytes") or b""))
    except DecodeError:  # Streamlit's to complain of
        return False
