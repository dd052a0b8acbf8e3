"""The page of `curator report` in a real browser, opened from the disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import PATIENCE
from playwright.sync_api import Browser, Page, expect

from curator.cli.main import main

ROOT = Path(__file__).parent.parent.parent
PWN = "document.title='PWNED'"
LIVE = f"</style></text><script>{PWN}</script><img src=http://127.0.0.1:9/x onerror={PWN}>"


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a file; after the test, fails where a request left the page, or anything went wrong in it."""
    pages: list[Page] = []
    faults: list[str] = []

    def open_file(path: Path, **how: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **how})
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        pages.append(page)
        own = path.as_uri()
        page.on("request", lambda r: faults.append(f"request to {r.url}") if r.url.partition("#")[0] != own else None)
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        page.goto(own)
        return page

    yield open_file
    for page in pages:
        page.context.close()
    assert not faults


def written(folder: Path, *arguments: str | Path) -> Path:
    path = folder / "report.html"
    assert main(["report", *map(str, arguments), "-q", "-o", str(path)]) == 0
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_from_the_disk_with_all_its_charts(
    opened: Callable[..., Page], tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT / "sample_data")
    for _ in range(2):
        path = written(tmp_path, "--history", tmp_path / "kept")
    page = opened(path, color_scheme=scheme)
    titles = [chart.text_content() or "" for chart in page.locator("figure svg").all()]
    for title in (
        "Findings by rule",
        "Tokens per record · train",
        "Records by label · validation",
        "Labels in each split",
    ):
        assert any(title in words for words in titles), title
    for words in ("Findings", "Tokens per record", "Records", "Characters", "Share of the split's records, %"):
        expect(page.locator("figure svg text").get_by_text(words, exact=True).first).to_be_visible()
    expect(page.get_by_text("Not ready: 9 errors on 9 lines")).to_be_visible()
    # The chart's colours are the page's: they follow the scheme.
    colors = page.evaluate(
        """() => {
          const style = (element, name) => getComputedStyle(element)[name];
          const title = [...document.querySelectorAll('svg text')].find(e => e.textContent == 'Findings by rule');
          const root = document.documentElement;
          return [style(title, 'fill'), style(root, 'color'), style(root, 'backgroundColor')];
        }"""
    )
    assert colors[0] == colors[1]
    assert colors[2] == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 21, 20)"}[scheme]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    for figure in page.locator("figure").all():
        outer, inner = figure.bounding_box(), figure.locator("svg").bounding_box()
        assert outer is not None
        assert inner is not None
        assert inner["width"] <= outer["width"] + 1
    page.get_by_role("link", name="DUP001").click()
    expect(page.locator("#rule-DUP001")).to_be_in_viewport()


def test_words_of_a_chart_stay_in_it(
    opened: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT / "sample_data")
    page = opened(written(tmp_path))
    outside = page.evaluate(
        """() => [...document.querySelectorAll('figure')].flatMap(figure => {
          const box = figure.getBoundingClientRect();
          return [...figure.querySelectorAll('text')].filter(text => {
            const own = text.getBoundingClientRect();
            return own.width && (own.left < box.left - 2 || own.right > box.right + 2);
          }).map(text => text.textContent);
        })"""
    )
    assert not outside


def test_print_is_light_and_whole(opened: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "sample_data")
    page = opened(written(tmp_path), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.get_by_role("navigation")).to_be_hidden()
    assert page.pdf().startswith(b"%PDF")


def test_hostile_data_stays_inert(opened: Callable[..., Page], tmp_path: Path) -> None:
    data = tmp_path / "<b>x.jsonl"
    row = {"messages": [{"role": f"user{LIVE}", "content": LIVE}, {"role": "assistant", "content": LIVE}], LIVE: LIVE}
    labels = [{"prompt": f"Q {n}\n\n###\n\n", "completion": f" {LIVE}"[: 60 + n % 3]} for n in range(60)]
    data.write_text("".join(json.dumps(row) + "\n" for _ in range(20)))
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels))
    page = opened(written(tmp_path, data, tmp_path / "labels.jsonl", "--isolated"))
    expect(page).to_have_title("Dataset report: <b>x.jsonl, labels.jsonl")
    assert page.locator("script, img, iframe, object, embed, form, input").count() == 0
    assert page.locator("b", has_text="x.jsonl").count() == 0
