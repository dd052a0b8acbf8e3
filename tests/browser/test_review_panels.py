"""The editor, clusters and bulk fixes in a real browser: keys, fields, and what no field may spoil."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from driving import Server, Tab
from playwright.sync_api import expect

Serve = Callable[..., Server]
Visit = Callable[..., Tab]
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
    "additionalProperties": False}}}]  # fmt: skip


def record(number: int, arguments: str) -> str:
    function = {"name": "weather", "arguments": arguments}
    call = {"id": "c", "type": "function", "function": function}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": f"Half \ud83d a pair,\r\nNUL \0 and city {number}"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    return json.dumps({"messages": messages, "tools": TOOLS})


def decided(folder: Path) -> list[tuple[str, bytes | None]]:
    with sqlite3.connect(folder / ".curator" / "decisions.sqlite") as store:
        return store.execute("SELECT action, raw FROM decision ORDER BY id").fetchall()


def reviewed(serve: Serve, visit: Visit, folder: Path, *lines: str) -> Tab:
    (folder / "a.jsonl").write_text("".join(f"{line}\n" for line in lines))
    tab = visit(serve("a.jsonl", "--select", "FUN001,DUP001"))
    expect(tab.page.get_by_role("button", name="Edit")).to_be_enabled()
    tab.settle()
    return tab


def test_a_call_is_edited_with_keys_and_nothing_else_changes(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    line = record(1, '{"city": "Par\u00eds"')
    tab = reviewed(serve, visit, tmp_path, line)
    with tab.rerun():
        tab.page.keyboard.type("ex")  # the second one before there is a field
    arguments = tab.page.get_by_label("Arguments", exact=True)
    expect(arguments).to_be_focused()  # what is wrong is in it
    expect(arguments).to_have_value(re.compile("x"))
    assert decided(tmp_path) == []
    arguments.fill('{"town": 1}')
    with tab.rerun():
        arguments.blur()
    expect(tab.page.get_by_text("as declared")).to_have_count(0)
    arguments.fill('{"city": "Par\u00eds"}')
    with tab.rerun():
        arguments.press("Escape")  # leaves only after a second one; what stands in the field is still there
    expect(arguments).to_have_value('{"city": "Par\u00eds"}')
    with tab.rerun():
        tab.page.get_by_role("button", name="Go on editing").click()
    with tab.rerun():
        arguments.press("Control+Enter")
    expect(tab.page.get_by_text("Edited: line 1").first).to_be_visible()
    ((action, raw),) = decided(tmp_path)
    assert action == "edit"
    assert raw == line.replace('\\u00eds\\"', '\\u00eds\\"}').encode()


def test_one_fix_for_all_records_and_back(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    tab = reviewed(serve, visit, tmp_path, *(record(n, f'{{"city": "{n}"') for n in range(6)))
    with tab.rerun():
        tab.page.get_by_role("button", name="All with FUN001").click()
    with tab.rerun():
        tab.page.keyboard.press("Control+Enter")
    expect(tab.page.get_by_text("Done: 6 fixed").first).to_be_visible()
    assert [action for action, _ in decided(tmp_path)] == ["accept"] * 6
    with tab.rerun():
        tab.page.get_by_role("button", name="Undo", exact=False).first.click()
    expect(tab.page.get_by_text("6 decisions at one stroke").first).to_be_visible()
    assert len(decided(tmp_path)) == 12


def test_of_copies_the_second_stays(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    line = record(1, "{}")
    (tmp_path / "a.jsonl").write_text(f"{line}\n" * 3)
    tab = visit(serve("a.jsonl", "--select", "DUP001"), "?clusters=")
    expect(tab.page.get_by_role("button", name="Keep only this")).to_have_count(3)
    with tab.rerun():
        tab.page.keyboard.type("q2")  # asks for the reason, and is answered before the field has the cursor
    expect(tab.page.get_by_label("Reason")).to_be_focused()
    expect(tab.page.get_by_label("Reason")).to_have_value("2")
    assert decided(tmp_path) == []
    tab.press("Enter")
    expect(tab.page.get_by_text("2 kept").first).to_be_visible()
    assert [action for action, _ in decided(tmp_path)] == ["keep"] * 2
    tab.press("z")
    tab.press("2")
    expect(tab.page.get_by_text("line 2 stays").first).to_be_visible()
    assert sorted(action for action, _ in decided(tmp_path)[4:]) == ["accept", "remove", "remove"]


def test_nothing_sticks_out_of_a_narrow_window(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(record(1, '{"city": "' + "n" * 300) + "\n")
    server = serve("a.jsonl", "--select", "FUN001")
    tab = visit(server, viewport={"width": 700, "height": 900})
    expect(tab.page.get_by_role("button", name="Edit")).to_be_enabled()
    assert beyond(tab) == []
    tab.press("e")
    expect(tab.page.get_by_label("Arguments", exact=True)).to_be_focused()
    assert beyond(tab) == []
    for path, sign in (
        ("overview", "Findings by rule"),
        ("rules?rule=FUN001", "Run this rule again"),
        ("write", "nothing to write"),
    ):
        tab = visit(server, path, viewport={"width": 700, "height": 900})
        expect(tab.page.get_by_text(sign).first).to_be_visible()
        tab.settle()
        assert beyond(tab) == [], path


def beyond(tab: Tab) -> list[str]:
    """What ends on the right of the window."""
    found: list[str] = tab.page.evaluate(
        """() => [...document.querySelectorAll(".stMain *")]
            .filter((part) => part.getBoundingClientRect().right > innerWidth + 1 && !part.closest("canvas, svg"))
            .map((part) => `${part.className}`)"""
    )
    return found
