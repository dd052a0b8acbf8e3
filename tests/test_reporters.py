"""Every output format from one report, held to golden files (UPDATE_GOLDEN=1 writes them anew)."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import curator
from curator.api import check
from curator.report import Report
from curator.reporters import FORMATS, PLAIN, Style, reporter

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A classification set with one finding of most kinds: with and without line, related place, fix, excerpt."""
    monkeypatch.chdir(tmp_path)
    rows = [f'{{"prompt": "Item {n} ->", "completion": " {("good", "bad")[n % 2]}"}}' for n in range(60)]
    rows[10] = '{"prompt": "Item 10 –>", "completion": " good"}'
    rows[20] = '{"prompt": "Item 4 ->", "completion": " bad"}'
    rows[30] = '{"prompt": "Item \x1b[31m\u202e \\u001b\\ud83d\\ude00 30 ->", "completion": " Good"}'
    rows[31] = rows[33]
    rows += ["", '{"prompt": "x ->", "completion": " bad", "a": 1', '{"prompt": 5, "completion": " bad"}']
    (tmp_path / "train.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "few.jsonl").write_text('{"messages": [{"role": "user", "content": "Hi"}, {"role": "bot"}]}\n')
    return check(["train.jsonl", "few.jsonl", "gone.jsonl"], isolated=True, token_stats=True)


@pytest.mark.parametrize("name", FORMATS)
def test_golden(report: Report, name: str) -> None:
    stream = io.StringIO()
    reporter(name)(report, stream, PLAIN)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(stream.getvalue(), encoding="utf-8")
    assert stream.getvalue() == path.read_text(encoding="utf-8")


def test_quiet_leaves_the_summary_out(report: Report) -> None:
    stream = io.StringIO()
    reporter("concise")(report, stream, Style(quiet=True))
    assert len(stream.getvalue().splitlines()) == len(report.findings)


TEXT = {"type": "string"}
OPTIONAL = {"type": ["string", "null"]}
COUNT = {"type": "integer", "minimum": 0}


def exactly(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def test_the_json_keeps_its_contract(report: Report) -> None:
    """The shape that DESIGN.md promises, key for key."""
    span = {"type": ["array", "null"], "items": COUNT}
    place = exactly(path=TEXT, line={"type": "integer"}, pointer=TEXT)
    tokens = {"anyOf": [{"type": "null"}, exactly(total=COUNT, max=COUNT, p50=COUNT, p95=COUNT)]}
    conventions = exactly(
        task=OPTIONAL, separators={"items": TEXT}, stop=OPTIONAL, labels={"type": "object"},
        shares=exactly(separators={"items": {"type": "number"}}, stop={"type": ["number", "null"]}),
        sampled=COUNT, pinned={"items": TEXT},
    )  # fmt: skip
    fix = {"anyOf": [{"type": "null"}, exactly(
        title=TEXT, safety={"enum": ["safe", "unsafe", "suggestion"]}, edits={"items": {"required": ["op"]}},
    )]}  # fmt: skip
    finding = exactly(
        code=TEXT, name=TEXT, severity={"enum": ["error", "warning", "info"]}, message=TEXT, values={"type": "object"},
        path=TEXT, line={"type": ["integer", "null"]}, column=COUNT, end_column=COUNT, pointer=TEXT,
        at={"enum": ["value", "key", "line"]}, span=span, inner=OPTIONAL, record=OPTIONAL, group=OPTIONAL,
        split=OPTIONAL, related={"items": place}, fix=fix, suppressed={"type": "null"}, url=TEXT,
    )  # fmt: skip
    whole = exactly(
        version={"const": 1}, tool=exactly(name={"const": "curator"}, version={"const": curator.__version__}),
        inputs={"items": exactly(
            path=TEXT, dataset=TEXT, split=TEXT, format=OPTIONAL, target=TEXT, model=OPTIONAL, bytes=COUNT,
            records=COUNT, unreadable=COUNT, conventions=conventions, tokens=tokens,
        )},
        summary=exactly(
            error=COUNT, warning=COUNT, info=COUNT, suppressed=COUNT, fixable=COUNT,
            by_code={"additionalProperties": COUNT},
        ),
        findings={"items": finding},
        not_checked={"items": exactly(what=TEXT, why=TEXT)},
        errors={"items": exactly(message=TEXT, path=OPTIONAL, line={"type": ["integer", "null"]}, code=OPTIONAL)},
    )  # fmt: skip
    stream = io.StringIO()
    reporter("json")(report, stream, PLAIN)
    document = json.loads(stream.getvalue())
    jsonschema.validate(document, whole)
    assert sum(document["summary"]["by_code"].values()) == len(document["findings"]) == len(report.findings)
