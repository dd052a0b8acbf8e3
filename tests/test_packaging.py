"""The sdist, the wheel built from it, and the command in a clean environment far from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path, code: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PIP_RETRIES"] = "10"
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return {"sdist": sdist, "wheel": wheel}


def test_the_wheel_holds_every_card_and_no_other_top_level_entry(built: dict[str, Path]) -> None:
    names = zipfile.ZipFile(built["wheel"]).namelist()
    assert {name.split("/")[0] for name in names} == {"curator", "finetune_curator-0.1.0.dist-info"}
    data = {f"curator/_rules/{path.relative_to(ROOT / 'rules')}" for path in (ROOT / "rules").rglob("*.*")}
    assert data <= set(names)
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "curator").rglob("*.py")} <= set(names)
    assert {
        f"curator/vocab/{name}.tiktoken" for name in ("r50k_base", "p50k_base", "cl100k_base", "o200k_base")
    } <= set(names)
    assert not [name for name in names if name.startswith("curator/rules/")]
    assert {f"finetune_curator-0.1.0.dist-info/licenses/{name}" for name in ("LICENSE", "NOTICE")} <= set(names)


def test_the_sdist_holds_what_a_build_and_the_tests_need_and_no_more(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = archive.getnames()
    tops = {name.split("/")[1] for name in names if "/" in name}
    assert {"curator", "rules", "tests", "sample_data", "app.py", "constraints.txt", "pyproject.toml"} <= tops
    assert not tops & {".venv", ".git", "bench", "dist"}


def test_the_wheel_works_in_a_clean_environment(built: dict[str, Path], tmp_path: Path) -> None:
    environment = tmp_path / "env"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*install, "--constraint", ROOT / "constraints.txt", built["wheel"], cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = environment / "bin" / "curator"
    assert run(command, "version", cwd=elsewhere).startswith("curator 0.1.0")
    cards = len(list((ROOT / "rules").glob("*/[A-Z][A-Z][A-Z][0-9]*.toml")))
    assert len(run(command, "rule", "--all", cwd=elsewhere).splitlines()) == cards
    assert "curator review train.jsonl" in run(command, "review", "--help", cwd=elsewhere)  # which needs no extra
    data = elsewhere / "train.jsonl"
    data.write_text('{"messages": [{"role": "user", "content": "Hi"}, {"role": "gpt", "content": "Hello"}]}\n')
    report = json.loads(
        run(command, "check", "train.jsonl", "--token-stats", "--output-format", "json", cwd=elsewhere, code=1)
    )
    assert {finding["code"] for finding in report["findings"]} == {"SCH004", "DAT001"}
    assert report["inputs"][0]["tokens"]["total"] == 14
    assert report["errors"] == []
    run(command, "review", "train.jsonl", cwd=elsewhere, code=2)  # it says how to get the page
    installed = run(python, "-m", "pip", "list", "--format", "freeze", cwd=elsewhere).lower()
    assert not [name for name in ("pandas", "streamlit", "great", "numpy") if name in installed]


def test_constraints_are_plain_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines
    for line in lines:
        name, _, version = line.partition("==")
        assert name
        assert version
        assert not set(line) & set(" @/:;")
