"""Photographs every page, light and dark, into docs/images (`make screenshots`).

Works on a copy of sample_data, so that no decision is left there.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from driving import Server, Tab, chromium, opened, started
from playwright.sync_api import expect

ROOT = Path(__file__).parent.parent.parent
IMAGES = ROOT / "docs" / "images"
SCHEMES = ("light", "dark")


def reviewed(tab: Tab) -> None:
    """The queue stands."""
    expect(tab.page.get_by_role("button", name="Remove Shortcut X")).to_be_visible()
    tab.settle()


def proposed(tab: Tab) -> None:
    """A record with a fix, and its tokens are counted."""
    reviewed(tab)
    for _ in range(6):
        if tab.page.get_by_text("Proposed fix").count():
            break
        tab.press("j")
    expect(tab.page.get_by_text("Proposed fix").first).to_be_visible()
    expect(tab.page.get_by_text("tokens are being counted")).to_have_count(0)


def edited(tab: Tab) -> None:
    proposed(tab)
    tab.press("e")
    expect(tab.page.get_by_role("button", name="Save", exact=False).first).to_be_visible()


def compared(tab: Tab) -> None:
    """A cluster stands, its members side by side."""
    expect(tab.page.get_by_role("button", name="Keep only this").first).to_be_visible()
    tab.settle()


def fixed_at_once(tab: Tab) -> None:
    reviewed(tab)
    with tab.rerun():
        tab.page.get_by_role("button", name="All with SEP002").click()
    expect(tab.page.get_by_role("button", name="Cancel").first).to_be_visible()


def counted(tab: Tab) -> None:
    """All charts stand, also those that wait for the tokens."""
    expect(tab.page.get_by_text("Tokens per record").first).to_be_attached()
    expect(tab.page.get_by_text("Findings by rule").first).to_be_visible()
    tab.settle()


def explained(tab: Tab) -> None:
    expect(tab.page.get_by_text("Run this rule again").first).to_be_visible()
    tab.settle()


def written(tab: Tab) -> None:
    """A few decisions, and what writing them would do."""
    reviewed(tab)
    if tab.page.get_by_text("nothing decided yet").count():
        tab.press("a", "a", "x")
    with tab.rerun():
        tab.page.get_by_role("link", name="Write", exact=True).click()
    expect(tab.page.get_by_role("button", name="Write", exact=True)).to_be_visible()


INTENTS = ("intents.train.jsonl", "intents.valid.jsonl")
CALLS = ("tools.jsonl",)
# Image -> what is reviewed, the page's address, and what is done there before. What decides comes last.
STORIES: dict[str, tuple[tuple[str, ...], str, Callable[[Tab], None]]] = {
    "review": (CALLS, "", proposed),
    "edit": (CALLS, "", edited),
    "clusters": (INTENTS, "?clusters=", compared),
    "bulk": (INTENTS, "?rule=SEP002", fixed_at_once),
    "overview": (INTENTS, "overview", counted),
    "rules": (INTENTS, "rules?rule=LAB004", explained),
    "write": (INTENTS, "", written),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *STORIES], help="which pages (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=IMAGES, help="folder (default: docs/images)")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, ExitStack() as stack:
        data = shutil.copytree(ROOT / "sample_data", Path(folder) / "sample_data")
        servers: dict[tuple[str, ...], Server] = {}
        for name in given.names or STORIES:
            what, path, story = STORIES[name]
            if what not in servers:
                log = Path(folder) / f"server-{len(servers)}.log"
                servers[what] = stack.enter_context(started(*what, "--reviewer", "Ada", cwd=data, log=log))
            for scheme in SCHEMES:
                tab = opened(browser, servers[what], path, color_scheme=scheme)
                story(tab)
                tab.page.mouse.move(0, 0)
                image = given.output / f"{name}-{scheme}.png"
                tab.page.screenshot(path=image, animations="disabled", caret="hide")
                if faults := [*tab.faults, *tab.errors()]:
                    raise SystemExit(f"{image}: {faults}")
                tab.page.context.close()
                print(f"wrote {image.relative_to(ROOT) if image.is_relative_to(ROOT) else image}")


if __name__ == "__main__":
    main()
