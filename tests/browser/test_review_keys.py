"""The Review page by its keys alone, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import Server, Tab
from playwright.sync_api import WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from curator.review.decisions.store import Store

Serve = Callable[..., Server]
Visit = Callable[..., Tab]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Thirty records; the first twenty have a key that nobody knows."""
    path = tmp_path / "flagged.jsonl"
    with path.open("w") as out:
        for number in range(30):
            talk = [{"role": "user", "content": f"Is shop {number} open?"}, {"role": "assistant", "content": "Yes."}]
            out.write(json.dumps({"messages": talk, **({"rating": number} if number < 20 else {})}) + "\n")
    return path


def begin(serve: Serve, visit: Visit, data: Path, reviewer: str = "Ann") -> Tab:
    server = serve(data, "--target", "openai", "--select", "SCH003", "--reviewer", reviewer)
    tab = visit(server)
    tab.page.wait_for_selector(".st-key-review")
    tab.settle()
    return tab


def at(tab: Tab, line: int) -> None:
    expect(tab.page.locator(".cu-where b").first).to_have_text(f"line {line}")


def is_timer(frame: bytes | str) -> bool:
    """Whether a timer of the page asks for a run of its fragment."""
    message = BackMsg.FromString(frame) if isinstance(frame, bytes) else BackMsg()
    return message.rerun_script.is_auto_rerun


def begins(frame: bytes | str) -> bool:
    """Whether a run of the whole script has begun."""
    message = ForwardMsg.FromString(frame) if isinstance(frame, bytes) else ForwardMsg()
    return message.WhichOneof("type") == "new_session" and not message.metadata.run.fragment_ids


def told(tab: Tab, words: str) -> None:
    expect(tab.page.locator(".cu-told")).to_contain_text(words)


def test_ten_records_with_keys_alone(serve: Serve, visit: Visit, data: Path) -> None:
    tab = begin(serve, visit, data)
    at(tab, 1)
    tab.press("a")
    at(tab, 2)
    told(tab, "Accepted: line 1")
    tab.press("x")
    told(tab, "Removed: line 2")
    tab.press("j", "j", "k")
    at(tab, 4)
    tab.press("q")
    field = tab.page.get_by_role("textbox", name="Why is it right as it is?")
    expect(field).to_be_focused()
    tab.page.keyboard.type("axnqz jk?")  # none of these is a key while a field is open
    expect(field).to_have_value("axnqz jk?")
    with tab.rerun():
        tab.page.keyboard.press("Enter")
    told(tab, "Kept: line 4")
    at(tab, 5)
    tab.press("n")
    tab.page.keyboard.type("ask Al")
    tab.press("Escape")
    expect(tab.page.get_by_role("textbox", name="What is to be discussed?")).to_have_count(0)
    tab.press("n")
    tab.page.keyboard.type("ask Al")
    tab.press("Enter")
    told(tab, "To be discussed: line 5")
    tab.press("z")
    told(tab, "Taken back: to be discussed")
    at(tab, 5)
    tab.press("Shift+Z")
    told(tab, "Done again: to be discussed")
    expect(tab.page.locator(".st-key-record")).to_contain_text("ask Al")
    tab.press("?")
    expect(tab.page.get_by_text("accept the proposed fix")).to_be_visible()
    tab.press("?")
    tab.press("j")
    at(tab, 6)
    for line in range(7, 12):
        tab.press("a")
        at(tab, line)
    tab.page.reload()
    tab.settle()
    at(tab, 11)
    expect(tab.page.get_by_role("radio", name="Fixed 6")).to_be_visible()


def test_keys_that_are_faster_than_the_page_do_what_they_do_at_leisure(serve: Serve, visit: Visit, data: Path) -> None:
    tab = begin(serve, visit, data)
    keys = (*"aajxnax", "Backspace", *" Q?", "Enter", "n", "Escape", *"jqe", "Enter", "x")
    for key in keys:
        tab.page.keyboard.press(key)
    tab.page.keyboard.down("a")
    tab.page.keyboard.down("x")  # before the other is up, as fast fingers do
    tab.page.keyboard.up("a")
    tab.page.keyboard.up("x")
    told(tab, "Removed: line 10")
    with Store(data.parent, "test") as store:
        made = [(row.action, row.state.note, *(kept.reason for kept in row.state.kept)) for row in store.since(0)]
    expected = [("accept", ""), ("accept", ""), ("remove", ""), ("discuss", "a Q?"), ("keep", "", "e")]
    assert made == [*expected, ("remove", ""), ("accept", ""), ("remove", "")]
    counts = tab.page.locator(".st-key-queue-status")
    expect(counts).to_contain_text("Fixed 3")
    with tab.rerun():
        tab.page.locator(".st-key-decide-accept button").dblclick()
    told(tab, "Accepted: line 11")  # one click too many decides on nothing
    at(tab, 12)


def test_the_bar_stays_and_each_record_is_seen_from_its_top(serve: Serve, visit: Visit, data: Path) -> None:
    rows = data.read_text().splitlines(keepends=True)
    long = json.loads(rows[0])
    long["messages"][0]["content"] = "A long question. " * 900
    data.write_text("".join([json.dumps(long) + "\n", *rows[1:]]))
    tab = begin(serve, visit, data)
    accept = tab.page.locator(".st-key-decide-accept button")
    before = accept.bounding_box()
    assert before is not None
    assert before["y"] + before["height"] <= 800
    scrolled = tab.page.locator(".st-key-record-scroll")
    scrolled.evaluate("part => { part.scrollTop = 400; }")
    expect(scrolled).to_have_js_property("scrollTop", 400)
    tab.press("j")
    at(tab, 2)
    tab.press("k")
    at(tab, 1)
    expect(scrolled).to_have_js_property("scrollTop", 0)  # by a script of ours, which comes when it comes
    after = accept.bounding_box()
    assert after is not None
    assert (after["x"], after["y"]) == (before["x"], before["y"])
    assert tab.page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")


def test_from_a_record_to_its_rule(serve: Serve, visit: Visit, data: Path) -> None:
    tab = begin(serve, visit, data)
    with tab.rerun():
        tab.page.get_by_text("Why SCH003 unknown-key").click()
    with tab.rerun():
        tab.page.get_by_role("button", name="Change or switch off this rule").click()
    expect(tab.page).to_have_url(f"{tab.url}/rules?rule=SCH003")
    expect(tab.page.get_by_text("SCH003 unknown-key")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Run this rule again")).to_be_visible()


def test_what_a_timer_asks_for_meanwhile_does_not_empty_the_page(serve: Serve, visit: Visit, data: Path) -> None:
    """Streamlit ran it behind the new page, as a part of the old one; the browser then showed neither."""
    tab = begin(serve, visit, data)
    timers: list[bytes | str] = []
    is_late = False

    def routed(page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def asked(frame: bytes | str) -> None:
            timers.extend([frame] * is_timer(frame))
            server.send(frame)

        def told(frame: bytes | str) -> None:
            page.send(frame)
            if is_late and begins(frame):  # before the page knows
                server.send(timers[0])

        page.on_message(asked)
        server.on_message(told)

    tab.page.route_web_socket(re.compile("/_stcore/stream"), routed)
    tab.page.reload()
    tab.settle()
    with tab.rerun():
        tab.page.get_by_text("Why SCH003 unknown-key").click()
    assert tab.socket is not None
    if not timers:
        tab.socket.wait_for_event("framesent", lambda _: bool(timers))
    is_late = True
    with tab.rerun():
        tab.page.get_by_role("button", name="Change or switch off this rule").click()
    expect(tab.page.get_by_role("button", name="Run this rule again")).to_be_visible()


def test_rows_are_buttons_and_pages_lead_on(serve: Serve, visit: Visit, data: Path) -> None:
    tab = begin(serve, visit, data)
    with tab.rerun():
        tab.page.locator(".st-key-queue-go-4 button").click()
    at(tab, 5)
    expect(tab.page.locator(".st-key-queue-go-4 button")).to_be_focused()
    with tab.rerun():
        tab.page.locator(".st-key-queue-page-next button").click()
    at(tab, 19)
    expect(tab.page.get_by_text("page 2 of 2")).to_be_visible()


def test_the_decisions_of_another_come_by_themselves(serve: Serve, visit: Visit, data: Path) -> None:
    ann = begin(serve, visit, data)
    ben = begin(serve, visit, data, "Ben")
    ben.press("x")
    expect(ann.page.get_by_role("radio", name="Removed 1")).to_be_visible()
    expect(ann.page.locator(".cu-where")).to_contain_text("Ben")
    at(ann, 1)
    expect(ann.page.locator(".st-key-record")).to_contain_text("to be removed")
