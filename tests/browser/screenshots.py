"""Photographs every page, light and dark, into docs/images (`make screenshots`).

Works on a copy of sample_data, so that no decision is left there.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from driving import Tab, chromium, opened, started

ROOT = Path(__file__).parent.parent.parent
IMAGES = ROOT / "docs" / "images"
SCHEMES = ("light", "dark")


def as_it_opens(tab: Tab) -> None:
    """Nothing is done before the photograph."""


# Image -> the page's path, and what is done on it before.
STORIES: dict[str, tuple[str, Callable[[Tab], None]]] = {
    "review": ("", as_it_opens),
    "overview": ("overview", as_it_opens),
    "rules": ("rules", as_it_opens),
    "write": ("write", as_it_opens),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *STORIES], help="which pages (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=IMAGES, help="folder (default: docs/images)")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        data = shutil.copytree(ROOT / "sample_data", Path(folder) / "sample_data")
        log = Path(folder) / "server.log"
        with started("--config", "curator.toml", ".", "--reviewer", "Ada", cwd=data, log=log) as server:
            for name in given.names or STORIES:
                path, story = STORIES[name]
                for scheme in SCHEMES:
                    tab = opened(browser, server, path, color_scheme=scheme)
                    story(tab)
                    image = given.output / f"{name}-{scheme}.png"
                    tab.page.screenshot(path=image, animations="disabled", caret="hide")
                    if faults := [*tab.faults, *tab.errors()]:
                        raise SystemExit(f"{image}: {faults}")
                    tab.page.context.close()
                    print(f"wrote {image.relative_to(ROOT) if image.is_relative_to(ROOT) else image}")


if __name__ == "__main__":
    main()
