"""Decide, write to new files, compare the bytes, write in place, and take it back by the command."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import Server, Tab
from playwright.sync_api import expect

from curator.review.decisions.store import Store
from curator.review.states import Decision

SAMPLE = Path(__file__).parent.parent.parent / "sample_data"
Serve = Callable[..., Server]
Visit = Callable[..., Tab]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Path(shutil.copy(SAMPLE / "intents.train.jsonl", tmp_path / "train.jsonl"))


def ready(tab: Tab) -> None:
    """The check is done, and the queue takes keys."""
    expect(tab.page.get_by_role("button", name="Remove Shortcut X")).to_be_visible()
    tab.settle()


def to_write(tab: Tab) -> None:
    with tab.rerun():
        tab.page.get_by_role("link", name="Write", exact=True).click()
    expect(tab.page.get_by_role("button", name="Write", exact=True)).to_be_visible()


def write(tab: Tab) -> None:
    with tab.rerun():
        tab.page.get_by_role("button", name="Write", exact=True).click()
    expect(tab.page.get_by_text("The new check:")).to_be_visible()


def decided(data: Path) -> dict[str, Decision]:
    with Store(data.parent, "test") as store:
        return {decision.key.record: decision for decision in store.currents()}


def test_what_is_decided_is_what_is_written(serve: Serve, visit: Visit, data: Path) -> None:
    old = data.read_bytes()
    tab = visit(serve(data, "--reviewer", "Ada"), "?rule=LAB005")
    expect(tab.page.locator(".cu-bar")).to_contain_text("train.jsonl")
    ready(tab)
    tab.press("a", "x")
    expect(tab.page.get_by_text("Removed 1").first).to_be_visible()
    expect(tab.page.locator(".cu-bar")).to_contain_text(re.compile(r"saved [-\d]+[ :]\d\d:\d\d"))
    decisions = list(decided(data).values())
    assert sorted(decision.action for decision in decisions) == ["accept", "remove"]
    to_write(tab)
    expect(tab.page.get_by_role("heading", level=2)).to_have_text("Of 443 records in 1 file: 1 changed, 1 removed.")
    expect(tab.page.get_by_text("443 in the file = 442 written + 1 set aside")).to_be_visible()
    expect(tab.page.get_by_text("curator check --fix --unsafe-fixes --select LAB005")).to_be_visible()
    write(tab)
    new = data.with_name("train.reviewed.jsonl")
    assert data.read_bytes() == old
    assert new.read_bytes() == expected(old, decisions)
    aside = [json.loads(line) for line in data.with_name("train.reviewed.removed.jsonl").read_bytes().splitlines()]
    assert len(aside) == 1
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Log of all decisions (JSON Lines)").click()
    log = [json.loads(line) for line in Path(download.value.path()).read_text("utf-8").splitlines()]
    assert [row["reviewer"] for row in log] == ["Ada", "Ada"]

    # In place, and back.
    with tab.rerun():
        tab.page.get_by_role("button", name="Back to the preview").click()
    with tab.rerun():
        tab.page.get_by_text("In place", exact=True).click()
    write(tab)
    assert data.read_bytes() == new.read_bytes()
    with tab.rerun():
        tab.page.get_by_role("button", name=re.compile("Check again")).last.click()
    expect(tab.page.locator(".cu-bar")).to_be_visible()
    expect(tab.page.get_by_text("since the check")).to_have_count(0)
    undone = subprocess.run([sys.executable, "-m", "curator.cli.main", "undo", data], check=False, cwd=data.parent)
    assert undone.returncode == 0
    assert data.read_bytes() == old


def expected(old: bytes, decisions: list[Decision]) -> bytes:
    """The file line by line as was decided."""
    from curator.findings import record_hash

    states = {decision.key.record: decision.state for decision in decisions}
    lines = []
    for line in old.splitlines(keepends=True):
        state = states.get(record_hash(line.rstrip(b"\n")))
        if state is None:
            lines.append(line)
        elif state.status != "removed":
            assert state.raw is not None
            lines.append(state.raw + b"\n")
    return b"".join(lines)


def test_what_is_there_is_replaced_only_when_that_is_said(serve: Serve, visit: Visit, data: Path) -> None:
    there = data.with_name("train.reviewed.jsonl")
    there.write_bytes(b"mine\n")
    tab = visit(serve(data), "?rule=LAB005")
    ready(tab)
    tab.press("x")
    to_write(tab)
    expect(tab.page.get_by_role("button", name="Write", exact=True)).to_be_disabled()
    expect(tab.page.get_by_text("There already: train.reviewed.jsonl")).to_be_visible()
    with tab.rerun():
        tab.page.get_by_text("Replace what is there").click()
    write(tab)
    assert there.read_bytes() != b"mine\n"


def test_a_file_that_somebody_changes_is_not_written(serve: Serve, visit: Visit, data: Path) -> None:
    tab = visit(serve(data), "?rule=LAB005")
    ready(tab)
    tab.press("x")
    to_write(tab)
    data.write_bytes(data.read_bytes() + b"\n")
    with tab.rerun():
        tab.page.get_by_role("button", name="Write", exact=True).click()
    expect(tab.page.get_by_text("another program changed the file").first).to_be_visible()
    assert not data.with_name("train.reviewed.jsonl").exists()
    with tab.rerun():
        tab.page.get_by_role("button", name="Check again", exact=True).first.click()
    write(tab)
    assert data.with_name("train.reviewed.jsonl").read_bytes().endswith(b"\n\n")


def test_a_bar_of_the_overview_leads_to_its_records(serve: Serve, visit: Visit, data: Path) -> None:
    tab = visit(serve(data), "overview")
    expect(tab.page.get_by_role("heading", level=2)).to_contain_text("errors in")
    tab.page.get_by_text("As a table").first.click()
    link = tab.page.locator(".cu-table a").first
    address = link.get_attribute("href")
    chart = tab.page.get_by_test_id("stVegaLiteChart").first
    with tab.rerun():
        chart.locator("path[aria-roledescription=bar]").first.click()
    expect(tab.page).to_have_url(re.compile(re.escape(str(address).removeprefix("/"))))


def test_an_upload_keeps_its_decisions(serve: Serve, visit: Visit, data: Path) -> None:
    server = serve()
    for number in range(2):
        tab = visit(server)
        with tab.rerun():
            tab.page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(data)
        expect(tab.page.locator(".cu-bar")).to_contain_text("train.jsonl")
        if number == 0:
            ready(tab)
            tab.press("x")
            tab.page.goto("about:blank")  # else it complains that its server is gone
            server.end()
            server = serve()
    expect(tab.page.get_by_text("Removed 1").first).to_be_visible()
    tab.page.reload()  # the address knows which upload it was
    expect(tab.page.get_by_text("Removed 1").first).to_be_visible()
    to_write(tab)
    write(tab)
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Download the new file").click()
    assert len(Path(download.value.path()).read_bytes().splitlines()) == 442
