"""What timers ask for while a page is run is passed over; all else comes through."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from curator.review.timers import Timers

Step = tuple[str, Message]


def asks(name: str) -> Step:
    """The browser asks: for the whole page, for a part that somebody has clicked into, or for a timer's."""
    asked = BackMsg()
    asked.rerun_script.fragment_id = "" if name == "page" else "part"
    asked.rerun_script.is_auto_rerun = name == "timer"
    return name, {"type": "websocket.receive", "bytes": asked.SerializeToString()}


def begins(*fragments: str) -> Step:
    told = ForwardMsg()
    told.new_session.name = "main"
    told.metadata.run.fragment_ids.extend(fragments)
    return "told", {"type": "websocket.send", "bytes": told.SerializeToString()}


def ends(status: ForwardMsg.ScriptFinishedStatus.ValueType) -> Step:
    return "told", {"type": "websocket.send", "bytes": ForwardMsg(script_finished=status).SerializeToString()}


EARLY, DONE = ends(ForwardMsg.FINISHED_EARLY_FOR_RERUN), ends(ForwardMsg.FINISHED_SUCCESSFULLY)
FAILED, PART = ends(ForwardMsg.FINISHED_WITH_COMPILE_ERROR), ends(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
PAGE, TIMER, CLICK = asks("page"), asks("timer"), asks("part")
ODD: list[Step] = [
    ("text", {"type": "websocket.receive", "text": "x"}),
    ("broken", {"type": "websocket.receive", "bytes": b"\xff" * 9}),
    ("gone", {"type": "websocket.disconnect", "code": 1001}),
]


def come_through(steps: list[Step]) -> list[str]:
    """What of this Streamlit gets to see; what it tells in between goes out as it is."""
    seen: list[str] = []
    end: Message = {"type": "websocket.receive", "text": "nothing else"}
    coming: deque[Message] = deque()
    gone: list[Message] = []

    async def receive() -> Message:
        return coming.popleft()

    async def send(message: Message) -> None:
        gone.append(message)

    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        for name, message in steps:
            if name == "told":
                await send(message)
                assert gone.pop() is message
                continue
            coming.extend([message, end])
            while await receive() is not end:
                seen.append(name)

    async def served() -> None:
        await Timers(streamlit)({"type": "websocket"}, receive, send)

    with ThreadPoolExecutor(1) as pool:  # a browser that other tests have opened runs a loop in this thread
        pool.submit(lambda: asyncio.run(served())).result()
    return seen


@pytest.mark.parametrize(
    ("steps", "seen"),
    [
        ([TIMER, CLICK, TIMER], ["timer", "part", "timer"]),
        ([PAGE, TIMER, begins(), TIMER, CLICK, DONE, TIMER], ["page", "part", "timer"]),
        ([PAGE, begins(), EARLY, TIMER, begins(), TIMER, DONE, TIMER], ["page", "timer"]),
        ([PAGE, TIMER, PAGE, begins(), FAILED, TIMER], ["page", "page", "timer"]),
        ([begins(), TIMER, DONE, TIMER], ["timer"]),  # a part may set off a run of the whole page
        ([begins("part"), TIMER, PART, TIMER], ["timer", "timer"]),
        ([PAGE, CLICK, PART, TIMER], ["page", "part", "timer"]),  # the end of the page's own run was never told
        (ODD, ["text", "broken", "gone"]),
    ],
)
def test_a_timer_waits_for_the_page(steps: list[Step], seen: list[str]) -> None:
    assert come_through(steps) == seen
