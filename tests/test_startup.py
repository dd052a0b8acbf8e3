"""What is imported at start: little, because the command runs before every commit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WEB = {"requests", "urllib3", "http.client", "starlette", "uvicorn"}
HEAVY = WEB | {"pandas", "numpy", "streamlit", "great_expectations", "altair"}


def imported(tmp_path: Path, *arguments: str) -> set[str]:
    """The modules that the command imports with these arguments."""
    program = (
        "import sys; from curator.cli.main import main; code = main(sys.argv[1:]); "
        "sys.stderr.write(chr(10).join(['MODULES', *sys.modules])); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    return set(done.stderr.split("MODULES\n")[1].split())


@pytest.fixture
def small(tmp_path: Path) -> Path:
    row = '{"messages": [{"role": "user", "content": "Say %d"}, {"role": "assistant", "content": "It is %d."}]}\n'
    path = tmp_path / "small.jsonl"
    path.write_text("".join(row % (n, n) for n in range(20)))
    return path


def test_help_does_not_load_the_engine(tmp_path: Path) -> None:
    modules = imported(tmp_path, "--help")
    assert not modules & (HEAVY | {"orjson", "jsonschema_rs", "tiktoken", "jsonschema", "curator.engine"})


def test_the_help_of_review_needs_nothing_of_the_page(tmp_path: Path) -> None:
    modules = imported(tmp_path, "review", "--help")
    assert "curator.cli.review" in modules
    assert not modules & (HEAVY | {"tiktoken", "jsonschema", "curator.engine"})


def test_the_help_of_contract_needs_no_great_expectations(tmp_path: Path) -> None:
    for arguments in ([], ["learn"], ["check"]):
        modules = imported(tmp_path, "contract", *arguments, "--help")
        assert "curator.cli.contract" in modules
        assert not modules & (HEAVY | {"tiktoken", "jsonschema", "curator.engine", "curator.contracts"})


def test_a_clean_check_loads_no_tokenizer_and_nothing_heavy(small: Path) -> None:
    modules = imported(small.parent, "check", small.name, "--isolated")
    assert "curator.engine" in modules
    assert not modules & (HEAVY | {"tiktoken", "jsonschema", "zstandard", "tqdm", "pathspec", "multiprocessing.pool"})
