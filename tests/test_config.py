"""`curator config`: what it prints is TOML, and says the same as the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from curator import settings
from curator.cli.config import toml
from curator.cli.main import group, main


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(group, ["config", *arguments], standalone_mode=False).stdout


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_comes_back_and_hides_nothing(text: str) -> None:
    assert toml(text).isprintable()
    assert tomli.loads(f"value = {toml(text)}")["value"] == text


def test_what_is_shown_is_toml_with_the_settings(shown: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text(
        'ignore = ["it\'s", "\\\\d", "a\\"b"]\nexclude = ["\\u001b[2J"]\n'
        '[params.SEP002]\nsettled = 0.9\n[datasets."my data"]\ntrain = "t.jsonl"\nseparator = "\\n\\n###\\n\\n"\n'
    )
    text = shown()
    assert "\x1b" not in text
    found = tomli.loads(text)
    assert found["ignore"] == ["it's", "\\d", 'a"b']
    assert found["exclude"] == ["\x1b[2J"]
    assert found["params"]["SEP002"]["settled"] == 0.9
    assert found["datasets"]["my data"]["separator"] == "\n\n###\n\n"
    assert [line.split(" = ")[0] for line in text.splitlines() if line.endswith("# set")] == [
        "ignore", "exclude", 'params."SEP002"', 'datasets."my data"',
    ]  # fmt: skip
    assert tomli.loads(shown("--isolated"))["preset"] == "recommended-1"


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "curator.toml").write_text('target = "azure"\n')
    (tmp_path / "data").mkdir()
    assert main(["config", str(tmp_path / "data")]) == 0
    assert 'target = "azure"  # set' in capsys.readouterr().out
    assert main(["config", str(tmp_path / "data" / "tarin.jsonl")]) == 2
    shown = capsys.readouterr()
    assert shown.err == f"error: {tmp_path / 'data' / 'tarin.jsonl'}: no such file\n"
    assert not shown.out


@pytest.mark.parametrize("changed", ["curator.toml", "base.toml"])
def test_settings_are_those_of_the_files_as_they_are_now(tmp_path: Path, changed: str) -> None:
    """Where the clock of files is coarse, two versions of one have the same time; and what is extended may change."""
    path = tmp_path / "curator.toml"
    path.write_text('extends = "base.toml"\n')
    for target in ("azure", "local"):
        (tmp_path / changed).write_text(f'target = "{target}"\n')
        os.utime(tmp_path / changed, (1, 1))
        assert settings.load(str(path)).target == target


def test_what_governs_a_file_does_not_depend_on_the_way_to_it(shown: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "train.jsonl").write_text("")
    (tmp_path / "data" / "curator.toml").write_text('target = "azure"\n')
    assert shown("data/../train.jsonl").startswith("# from no settings file")
    (tmp_path / "curator.toml").write_text('target = "trl"\n')
    assert shown("data/../train.jsonl").startswith(f"# from {tmp_path / 'curator.toml'}\n")


def test_settings_that_extend_themselves_by_another_way_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "curator.toml").write_text(f'extends = "../{tmp_path.name}/curator.toml"\n')
    assert main(["config", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'curator.toml'}: extends itself\n"
