"""Every published file of the corpora is converted, or it is said why not; and what was clean stays clean."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

import curator
from curator.cli.main import main
from curator.conversion.formats import FORMATS
from curator.model import Severity

ROOT = Path(__file__).parent.parent
CORPORA = Path(os.environ.get("CURATOR_CORPORA", ROOT.parent / "shared" / "corpora"))
if not CORPORA.is_dir():
    if os.environ.get("CI"):
        pytest.fail(f"CI without the corpora: {CORPORA} is not there", pytrace=False)
    pytest.skip("the corpora are not on this machine", allow_module_level=True)

FILES = [json.loads(line)["file"] for line in (CORPORA / "INDEX.jsonl").read_text(encoding="utf-8").splitlines()]
FOLDERS = ("alpaca", "sharegpt", "preference", "prompt_completion", "classification", "chat", "chat_tools")
_NEVER = ("seed_tasks", "v1_", "BFCL", "BAN_solvents")
"""In no format that can be converted: nested instances, LLaMA-Factory's own, a benchmark, a table of chemistry."""


def errors(path: Path) -> Counter[str]:
    report = curator.check(path, isolated=True)
    assert report.failures == []
    return Counter(finding.code for finding in report.findings if finding.severity == Severity.ERROR)


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith(FOLDERS)], ids=lambda file: file[:70])
def test_it_is_converted_or_said_why_not(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = CORPORA / file, tmp_path / "out.jsonl"
    code = main(["convert", str(source), str(out), "--skip", "--drop-extra"])
    said = capsys.readouterr().err
    if any(name in file for name in _NEVER):
        assert code == 2
        assert "--map prompt=COLUMN,completion=COLUMN" in said or "is a format that cannot be converted" in said
        return
    if "G1_demo_DFS" in file:
        assert "/conversations/3 is a result, and no call before it waits for one" in said
    assert code == 0, said
    before, after = errors(source), errors(out)
    # Too few records are left, an array has become lines, keys have gone: these are told of one file and not the other.
    assert not {rule for rule in after if after[rule] > before[rule]} - {"DAT001"}, (before, after)


@pytest.mark.parametrize("target", sorted(FORMATS))
@pytest.mark.parametrize("folder", ["sharegpt", "preference", "chat"])
def test_no_target_meets_anything_but_records_and_refusals(
    folder: str, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in [file for file in FILES if file.startswith(f"{folder}/") and "v1_" not in file]:
        out = str(tmp_path / "out.jsonl")
        code = main(["convert", str(CORPORA / file), out, "--skip", "--drop-extra", "--force", "--to", target])
        assert code in (0, 1), capsys.readouterr().err
