"""What the documents say is true: generated pages, help, the README's output, the table of sample_data."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import curator

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<line>\d+|–) \| (?P<code>[A-Z]{3}\d{3}) \|")


def test_generated_pages_and_help_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, check=False)
    assert done.returncode == 0, f"run `make docs`: {done.stdout.decode()}"


def test_the_readme_counts_the_rules() -> None:
    assert f"{len(curator.load_rules())} rules so far" in README


def test_the_readme_shows_real_output() -> None:
    block = README.split("```console\n$ curator check   ", 1)[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-m", "curator.cli.main", "check"],
        cwd=ROOT / "sample_data", capture_output=True, text=True, check=False,
    )  # fmt: skip
    for line in block.splitlines()[1:]:
        for part in line.split("…"):
            assert part.strip() in done.stdout, f"the README shows {part!r}"


def test_links_lead_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("name", ["support_chat", "support_chat_flawed", "intents.train", "intents.valid", "tools"])
def test_sample_data_has_the_faults_that_its_readme_lists(name: str) -> None:
    text = (ROOT / "sample_data" / "README.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {name}.jsonl\n", 1)[1].split("\n## ")[0] if f"\n## {name}.jsonl\n" in text else ""
    listed = {(m["line"], m["code"]) for line in section.splitlines() if (m := ROW.match(line))}
    folder = ROOT / "sample_data"
    config = str(folder / "curator.toml")
    paths = sorted(folder.glob("intents.*")) if name.startswith("intents") else [folder / f"{name}.jsonl"]
    findings = curator.check(paths, config=config).findings
    found = {(str(f.line or "–"), f.code) for f in findings if Path(f.path).stem == name}
    assert found == listed


def test_the_architecture_page_names_real_modules() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"\b([a-z_]+(?:/[a-z_]+)*\.py)\b", text)):
        assert (ROOT / "curator" / name).exists() or (ROOT / name).exists(), name
    for module in (ROOT / "curator").glob("*.py"):
        assert module.name in text or module.name in ("__init__.py",), f"{module.name} has no station"


def test_the_rules_of_the_guide_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "writing-rules.md").read_text(encoding="utf-8")
    (tmp_path / "house" / "rules").mkdir(parents=True)
    checks = "\n\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    (tmp_path / "house" / "house_checks.py").write_text(checks, encoding="utf-8")
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        if code := re.search(r"^code = \"(\w+)\"", block, re.MULTILINE):
            (tmp_path / "house" / "rules" / f"{code[1]}.toml").write_text(block, encoding="utf-8")
        elif block.startswith("# curator.toml"):
            (tmp_path / "curator.toml").write_text(block, encoding="utf-8")
    answers = ["I guarantee it.", *(f"Is it {n}?" for n in range(30)), *(f"It is {n}." for n in range(30))]
    row = '{"messages": [{"role": "user", "content": "Will %d fit?"}, {"role": "assistant", "content": "%s"}]}\n'
    (tmp_path / "a b.jsonl").write_text(" " + "".join(row % item for item in enumerate(answers)), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = curator.check("a b.jsonl")
    assert report.failures == []
    assert [(f.code, f.line) for f in report.findings] == [
        ("HSE004", None),
        ("HSE001", 1),
        ("HSE002", 1),
        ("HSE003", 1),
    ]
