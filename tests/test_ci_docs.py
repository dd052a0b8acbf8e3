"""The recipes of docs/ci.md: each is valid, names options that there are, and runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import click
import pytest

from curator.cli import init
from curator.cli.main import group

yaml = pytest.importorskip("yaml", reason="comes with pre-commit")

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}


def blocks(language: str, page: str = PAGE) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


CONFIGS = [text for page in (PAGE, README) for text in blocks("yaml", page) if text.startswith("repos:")]
WORKFLOWS = [yaml.safe_load(text) for text in blocks("yaml") if "runs-on:" in text]
PIPELINES = [yaml.safe_load(text) for text in blocks("yaml") if "artifacts:" in text]
SCRIPTS = blocks("sh")


def steps(recipe: dict[str, Any]) -> list[str]:
    """The shell lines of a GitHub workflow or a GitLab pipeline that are curator's."""
    if "jobs" in recipe:
        lines = [step["run"] for job in recipe["jobs"].values() for step in job["steps"] if "run" in step]
    else:
        lines = [line for job in recipe.values() for line in job["script"]]
    return [line for line in lines if not line.startswith("pip ")]


def command_lines() -> Iterator[str]:
    """Whatever looks like a command of curator: in recipes, hooks and running text."""
    for recipe in (*WORKFLOWS, *PIPELINES):
        yield from steps(recipe)
    yield from SCRIPTS
    yield from re.findall(r"`(curator [^`]+)`", PAGE)
    for config in CONFIGS:
        for repository in yaml.safe_load(config)["repos"]:
            for hook in repository["hooks"]:
                entry = hook.get("entry") or HOOKS[hook["id"]]["entry"]
                yield shlex.join([*shlex.split(entry), *hook.get("args", [])])
    for hook in HOOKS.values():
        yield hook["entry"]


def commands(text: str) -> Iterator[list[str]]:
    """The arguments of each `curator` in a piece of shell."""
    for line in text.replace("&&\n", "&& ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] | None = None
        for word in [*lexer, ";"]:
            if words is not None and set(word) <= set("();<>|&"):
                yield words
                words = None
            elif words is not None:
                words.append(word)
            elif word == "curator":
                words = []


def test_there_are_recipes_of_every_kind() -> None:
    assert len(CONFIGS) == 4
    assert len(WORKFLOWS) == 2
    assert len(PIPELINES) == 1
    assert len(SCRIPTS) == 3
    assert len(CONFIGS) - 1 + len(WORKFLOWS) + len(PIPELINES) == len(blocks("yaml")), "a block of no kind"


@pytest.mark.parametrize("line", sorted({shlex.join(words) for text in command_lines() for words in commands(text)}))
def test_every_command_line_has_a_command_and_options_that_there_are(line: str) -> None:
    name, *arguments = shlex.split(line)
    context = click.Context(group)
    command = group.get_command(context, name)
    assert command is not None
    command.make_context(name, arguments, parent=context)


@pytest.mark.parametrize("config", CONFIGS)
def test_pre_commit_takes_the_configurations(config: str, tmp_path: Path) -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib")
    (tmp_path / "config.yaml").write_text(config)
    for repository in clientlib.load_config(str(tmp_path / "config.yaml"))["repos"]:
        for hook in repository["hooks"]:
            assert hook["id"] in HOOKS
            if repository["repo"] == "local":
                for key in ("entry", "files", "require_serial"):
                    assert hook[key] == HOOKS[hook["id"]][key], key


def test_the_page_and_the_command_show_the_same_hook() -> None:
    assert init.LOCAL_HOOK in CONFIGS
    assert yaml.safe_load(init.HOOK) == yaml.safe_load(CONFIGS[0])
    assert init.HOOK in README


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a faulty dataset in its settings, and a clean file beside it."""
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "sample_data", folder)
    shutil.copy(folder / "support_chat.jsonl", folder / "train.jsonl")
    return folder


def run(shell: str, line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    return subprocess.run(
        [shell, "-e", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("recipe", [*WORKFLOWS, *PIPELINES], ids=lambda recipe: next(iter(recipe.values())))
def test_the_steps_run_and_only_the_last_one_stops_the_job(recipe: dict[str, Any], data: Path) -> None:
    *reports, decision = steps(recipe)
    for line in reports:
        done = run("bash", line, data)
        assert done.returncode == 0, line
        assert all(said.startswith("wrote ") for said in done.stderr.splitlines()), done.stderr
    done = run("bash", decision, data)
    assert done.returncode == 1
    assert "SEP002" in done.stdout
    text = json.dumps(recipe)
    for name in re.findall(r'"(?:sarif_file|path|codequality|junit)": "([^"]+)"', text):
        content = (data / name).read_text(encoding="utf-8")
        assert "SEP002" in content
        if name.endswith(".html"):
            assert content.startswith("<!doctype html>")
        else:
            ET.fromstring(content) if name.endswith(".xml") else json.loads(content)
    if "GITHUB_STEP_SUMMARY" in text:
        assert "SEP002" in (data / "summary.md").read_text(encoding="utf-8")


def test_the_scripts_run(data: Path) -> None:
    outcomes, upload, counts = SCRIPTS
    assert run("sh", outcomes, data).stdout == "the data has faults: see curator.xml\n"
    assert run("sh", outcomes, data).returncode == 1
    assert ET.parse(data / "curator.xml").getroot().tag == "testsuites"
    assert run("sh", upload, data).stdout.endswith("ready to be uploaded\n")
    assert "'SEP002': 4" in run("sh", counts, data).stdout
    (data / "curator.toml").write_text('[datasets.d]\ntrain = "gone.jsonl"\n')
    gone = run("sh", outcomes, data)
    assert (gone.returncode, gone.stdout) == (2, "the data could not be checked\n")
    (data / "curator.toml").write_text('[datasets.d]\ntrain = "train.jsonl"\n')
    assert run("sh", outcomes, data).stdout == "the data is in order\n"
    (data / "train.jsonl").write_text("no JSON\n")
    assert run("sh", upload, data).returncode == 1
