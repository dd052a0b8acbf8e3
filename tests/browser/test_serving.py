"""The page opens, nothing leaves the machine, hostile names stay text, and Ctrl+C ends it all."""

from __future__ import annotations

import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import Server, Tab
from playwright.sync_api import expect

from curator.review import uploads

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "sample_data" / "tools.jsonl"
Serve = Callable[..., Server]
Visit = Callable[..., Tab]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy: a review keeps its decisions beside the data, where other tests would find them."""
    return Path(shutil.copy(SAMPLE, tmp_path))


def test_every_page_opens_and_nothing_leaves_the_machine(serve: Serve, visit: Visit, data: Path) -> None:
    server = serve(data)
    tab = visit(server)
    expect(tab.page).to_have_title("curator")
    for name in ("Overview", "Rules", "Write"):
        with tab.rerun():
            tab.page.get_by_role("link", name=name, exact=True).click()
        expect(tab.page).to_have_url(f"{tab.url}/{name.lower()}")
        visit(server, name.lower())  # and by its address
        assert not tab.errors()


def test_the_browser_blocks_what_the_policy_forbids(serve: Serve, visit: Visit, data: Path) -> None:
    tab = visit(serve(data))
    with tab.page.expect_request("http://example.org/pixel.png"):
        blocked = tab.page.evaluate(
            """async () => {
                const told = new Promise(
                    done => document.addEventListener('securitypolicyviolation', done, {once: true})
                );
                const image = document.createElement('img');
                image.src = 'http://example.org/pixel.png';
                document.body.append(image);
                return (await told).effectiveDirective;
            }"""
        )
    assert blocked == "img-src"
    with tab.page.expect_console_message(lambda message: "inline script" in message.text):
        tab.page.evaluate(
            "() => { const script = document.createElement('script'); script.text = 'window.ran = 1';"
            " document.body.append(script); }"
        )
    assert tab.page.evaluate("window.ran") is None
    # The watch of the other tests sees such things.
    assert any("request to http://example.org/pixel.png" in fault for fault in tab.faults)
    assert any("Executing inline script violates" in fault for fault in tab.faults)
    tab.faults.clear()


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>.jsonl", "![x](http://example.org/p.png).jsonl"])
def test_a_hostile_upload_name_is_inert(serve: Serve, visit: Visit, name: str) -> None:
    tab = visit(serve())
    with tab.rerun():
        tab.page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
            {"name": name, "mimeType": "application/jsonl", "buffer": SAMPLE.read_bytes()}
        )
    expect(tab.page.locator(".cu-bar")).to_contain_text(uploads.harmless(name))
    assert tab.page.locator("img[src=x], img[src*=example]").count() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_at_once_and_frees_the_port(serve: Serve, visit: Visit, data: Path, number: int) -> None:
    server = serve(data)
    tab = visit(server)
    assert server.end(number) == 0
    assert len(server.log.read_text().splitlines()) == 1  # the address, no complaint
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", server.port))
    tab.faults.clear()  # the page has lost its server
