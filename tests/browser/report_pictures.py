"""Photographs the beginning of a report, light and dark, into docs/images (`make screenshots`)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from driving import chromium

from curator.cli.main import main

ROOT = Path(__file__).parent.parent.parent
IMAGES = ROOT / "docs" / "images"


def photograph() -> None:
    """Write report-light.png and report-dark.png."""
    IMAGES.mkdir(exist_ok=True)
    os.chdir(ROOT / "sample_data")
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        page = Path(folder) / "report.html"
        assert main(["report", "-q", "-o", str(page)]) == 0
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme, viewport={"width": 1100, "height": 1180})
            tab = context.new_page()
            tab.goto(page.as_uri())
            tab.screenshot(path=IMAGES / f"report-{scheme}.png")
            context.close()


if __name__ == "__main__":
    photograph()
