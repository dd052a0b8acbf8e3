"""The page: it runs a real check and shows what was found; hostile data stays text."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parent.parent


def page(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", *arguments])
    script = "import sys\nfrom curator.review.page import show\nshow(sys.argv[1:])"
    return AppTest.from_string(script, default_timeout=60).run()


@pytest.mark.filterwarnings("default")  # Streamlit's own
def test_it_checks_and_shows_the_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    at = page(monkeypatch, str(ROOT / "sample_data" / "tools.jsonl"))
    assert not at.exception
    assert {metric.label for metric in at.metric} == {"Records", "Error", "Warning", "Info"}
    assert at.metric[0].value == "58"
    codes = set(at.dataframe[0].value["code"])
    assert {"FUN001", "FUN003"} <= codes
    at.multiselect[0].select("FUN001").run()
    assert set(at.dataframe[0].value["code"]) == {"FUN001"}


@pytest.mark.filterwarnings("default")
def test_without_a_file_it_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    at = page(monkeypatch)
    assert not at.exception
    assert "Drop a JSON Lines file" in at.info[0].value


@pytest.mark.filterwarnings("default")
def test_what_cannot_be_checked_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at = page(monkeypatch, str(tmp_path / "gone.jsonl"))
    assert not at.exception
    assert "no such file" in at.code[0].value


@pytest.mark.filterwarnings("default")
def test_nothing_found(monkeypatch: pytest.MonkeyPatch) -> None:
    at = page(monkeypatch, str(ROOT / "sample_data" / "support_chat.jsonl"))
    assert at.success[0].value == "Nothing was found."
