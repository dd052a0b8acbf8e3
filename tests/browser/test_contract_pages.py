"""Data Docs in a real browser: hostile data stay text, and nothing is loaded, run or sent."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from driving import PATIENCE
from playwright.sync_api import Browser, Page, expect

HOSTILE = (
    "<script>window.hacked=1;alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "\"'><svg onload=alert(3)>",
    "${column} $value &lt;b&gt; {{ 7*7 }}",
    "</td></table><iframe src=https://example.com/>",
    "javascript:alert(4)//\u202e\x00\x1b[31m",
)


@dataclass
class Seen:
    """A page, what it asked for, and what else happened in it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


@pytest.fixture
def seen(browser: Browser) -> Iterator[Seen]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = Seen(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("console", lambda message: found.events.append(f"console: {message.text}"))
    found.page.on("pageerror", lambda error: found.events.append(f"error: {error}"))
    found.page.on("dialog", lambda dialog: (found.events.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield found
    context.close()


def records(hostile: bool, count: int = 60) -> Iterator[str]:
    """A classification set in chat form; in a hostile one, whatever is a name is hostile."""
    for number in range(count):
        text = HOSTILE[number % len(HOSTILE)] if hostile else "card"
        label, system = (text, text) if hostile else (("card", "loan")[number % 2], "Sort it.")
        messages = [
            {"role": "system", "content": f"{system}"},
            {"role": "user" if not hostile or number % 2 else text, "content": f"{number} {text}"},
            {"role": "assistant", "content": label},
        ]
        if hostile and number % 3 == 0:
            call = {"id": text, "type": "function", "function": {"name": text, "arguments": "{}"}}
            messages[-1] = {"role": "assistant", "tool_calls": [call]}
        record = {"messages": messages, text: text}
        yield json.dumps(record) + "\n"


def curator(folder: Path, *arguments: str, code: int) -> None:
    command = [sys.executable, "-m", "curator.cli.main", "contract", *arguments, "--isolated", "-q"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr == ""


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a contract that was learned from hostile data, and broken by other hostile data."""
    folder = tmp_path_factory.mktemp("docs")
    good, new = folder / "<img src=x onerror=alert(5)>.jsonl", folder / f"$a<b>&'{'of_a_name_without_end_' * 9}.jsonl"
    good.write_text("".join(records(hostile=True)))
    new.write_text("".join([*records(hostile=False), *records(hostile=True), '{"broken": <script>alert(6)</script>\n']))
    curator(folder, "learn", good.name, "-o", "contract.json", code=0)
    curator(folder, "check", new.name, "--contract", "contract.json", "--docs", "site", code=1)
    curator(folder, "learn", new.name, "-o", "other.json", code=0)
    curator(folder, "check", good.name, "--contract", "other.json", "--docs", "other", code=1)
    return folder


@pytest.mark.parametrize("site", ["site", "other"])
def test_hostile_data_are_text_and_the_pages_are_silent(docs: Path, site: str, seen: Seen) -> None:
    start = (docs / site / "index.html").as_uri()
    seen.page.goto(start)
    assert "The contract is broken" in seen.page.inner_text(".verdict")
    assert "x3cscript" in seen.page.inner_text("main")
    seen.page.get_by_role("link", name="Contract").click()
    expect(seen.page.locator("h1")).to_have_text("The contract")
    assert "smallest" in seen.page.inner_text("main")
    seen.page.get_by_role("link", name="Outcome").click()
    seen.page.wait_for_load_state("networkidle")
    assert seen.events == []
    assert {Path(url.partition("#")[0]).name for url in seen.requests} == {"index.html", "contract.html"}
    assert all(url.startswith("file:") for url in seen.requests)
    for selector in ("script", "img", "iframe", "svg", "form", "object", "[onerror]", "[onclick]", "[src]"):
        assert seen.page.locator(selector).count() == 0
    assert sorted(os.listdir(docs / site)) == ["contract.html", "index.html"]


def test_the_policy_of_the_page_alone_would_hold(docs: Path, seen: Seen) -> None:
    """As if all else had failed: live markup neither runs nor asks for anything; without the policy it does both."""
    text = (docs / "site" / "index.html").read_text()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        text = text.replace("<main>", f"<main><script>alert(1)</script><img src='{address}'>")
        (page := docs / "live.html").write_text(text)
        seen.page.goto(page.as_uri())
        assert seen.page.locator("main script").count() == 1
        assert not [event for event in seen.events if event.startswith("dialog")]
        with pytest.raises(BlockingIOError):
            server.accept()
        page.write_text(text.replace('http-equiv="Content-Security-Policy"', ""))
        seen.page.goto(page.as_uri(), wait_until="commit")
        seen.page.wait_for_function("document.querySelector('footer')")
        server.settimeout(PATIENCE)
        server.accept()[0].close()
        assert "dialog: 1" in seen.events


@pytest.mark.parametrize("width", [400, 700, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_readable(docs: Path, browser: Browser, scheme: str, width: int) -> None:
    """Nothing lies beyond the edge of the window, no word of ours is cut up, and what is broken comes first."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto((docs / "site" / "index.html").as_uri())
    widths = [page.evaluate("document.documentElement.scrollWidth")]
    headings = page.locator("h2").all_inner_texts()
    colors = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    counts = page.locator("td th", has_text="Count")
    high = max(box["height"] for each in counts.all() if (box := each.bounding_box()))
    page.goto((docs / "site" / "contract.html").as_uri())
    widths.append(page.evaluate("document.documentElement.scrollWidth"))
    context.close()
    assert max(widths) <= width
    assert headings == ["What is broken", "What is kept"]
    assert len(set(colors)) == 2
    assert high < 100, "a word of five letters on as many lines"
