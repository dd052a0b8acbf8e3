"""`curator config`: what it prints is TOML, and says the same as the settings."""

from __future__ import annotations

import os
import subprocess
import sys
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
    for target in ("mistral", "generic"):
        (tmp_path / changed).write_text(f'target = "{target}"\n')
        os.utime(tmp_path / changed, (1, 1))
        assert settings.load(str(path)).target == target


def test_checks_are_those_of_the_file_as_it_is_now(tmp_path: Path) -> None:
    """Python keeps bytecode beside what it imports, and takes it for that of a file of the same size and second."""
    card = 'code = "USR001"\nname = "own"\ncheck = "own.odd"\nseverity = "error"\nmessage = "{found}"\nwhy = "w"\n'
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "USR001.toml").write_text(f'{card}sources = ["tests"]\n')
    (tmp_path / "curator.toml").write_text('rule-dirs = ["cards"]\ncheck-files = ["own.py"]\nselect = ["USR001"]\n')
    (tmp_path / "t.jsonl").write_text('{"messages": [{"role": "user", "content": "Hi"}]}\n')
    command = [sys.executable, "-m", "curator.cli.main", "check", "t.jsonl", "--output-format", "concise"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for found in ("old", "new"):
        (tmp_path / "own.py").write_text(
            "from curator.model import Problem\n\n\ndef odd(example):\n"
            f"    yield Problem(values={{'found': '{found}'}})\n"
        )
        os.utime(tmp_path / "own.py", (1, 1))
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert f" {found}" in done.stdout, done.stderr


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
