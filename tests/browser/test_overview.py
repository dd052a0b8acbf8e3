"""The Overview in a browser: each bar leads to its records, whatever the data names a function."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from driving import Server, Tab
from playwright.sync_api import expect

NAMES = ['"><b>&#%+\\', "\ud800 half", "n" * 1_000, "x" * 100_000]


def record(name: str, turns: int = 1) -> str:
    """A call of a function that is not declared."""
    call = {"id": "c", "type": "function", "function": {"name": name, "arguments": "{}"}}
    asked = [{"role": "user", "content": "Go."}, {"role": "assistant", "content": "Yes."}] * turns
    messages = [*asked, {"role": "user", "content": "Go."}, {"role": "assistant", "tool_calls": [call]}]
    return json.dumps({"messages": messages})


def test_hostile_functions_and_turns_lead_to_their_records(
    tmp_path: Path, serve: Callable[..., Server], visit: Callable[..., Tab]
) -> None:
    data = tmp_path / "a.jsonl"
    data.write_text("".join(f"{record(name, turns + 1)}\n" for turns, name in enumerate(NAMES)))
    server = serve(data)
    tab = visit(server, "overview")
    expect(tab.page.get_by_role("heading", name="Functions called")).to_be_visible()
    expect(tab.page.locator(".stVegaLiteChart canvas, .stVegaLiteChart svg").first).to_be_visible()
    expect(tab.page.locator(".cu-table a[href*='text=']")).to_have_count(len(NAMES))
    tab.settle()
    links = {}
    for link in tab.page.locator(".cu-table a").all():  # in expanders that are closed
        links[link.text_content()] = link.get_attribute("href")
    assert len([address for address in links.values() if address and "text=" in address]) == len(NAMES)
    for name, address in links.items():
        if address and ("text=" in address or "turns=" in address):
            assert len(address) < 8_000
            place = visit(server, address.lstrip("/"))
            expect(place.page.locator(".cu-place").first).to_have_text("1 of 1"), name
