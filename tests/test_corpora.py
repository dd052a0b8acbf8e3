"""Every published file of the corpora is checked without a traceback, and its known faults are found.

The expectations come from the corpora's own index, which an independent script wrote.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import curator

ROOT = Path(__file__).parent.parent
CORPORA = Path(os.environ.get("CURATOR_CORPORA", ROOT.parent / "shared" / "corpora"))
if not CORPORA.is_dir():
    if os.environ.get("CI"):
        pytest.fail(f"CI without the corpora: {CORPORA} is not there", pytrace=False)
    pytest.skip("the corpora are not on this machine", allow_module_level=True)

INDEX = [json.loads(line) for line in (CORPORA / "INDEX.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module", params=INDEX, ids=lambda entry: entry["file"][:70])
def checked(request: pytest.FixtureRequest) -> tuple[dict[str, Any], curator.Report, list[curator.Finding]]:
    entry = request.param
    report = curator.check(CORPORA / entry["file"], isolated=True)
    return entry, report, list(report.findings)


def test_nothing_fails(checked: tuple[dict[str, Any], curator.Report, list[curator.Finding]]) -> None:
    _, report, _ = checked
    assert report.failures == []


def test_the_known_faults_are_found(
    checked: tuple[dict[str, Any], curator.Report, list[curator.Finding]],
) -> None:
    entry, report, findings = checked
    known = entry["check"]
    counts = Counter(finding.code for finding in findings)
    places = {(finding.code, finding.line) for finding in findings}
    bytes_ = known.get("byte_level", {})
    assert counts["FIL002"] == bytes_.get("utf8_bom", 0)
    assert counts["FIL001"] == bytes_.get("utf16_bom", 0)
    is_table = known["container"] == "delimited"
    assert counts["FIL012"] == is_table
    if is_table:
        return
    is_document = report.inputs[0].path.endswith(".json") and known.get("container") in ("json_array", "json_object")
    assert (
        counts["FIL005"] == (known.get("container") == "json_array" and bytes_.get("json_array_in_jsonl", 0))
        or is_document
    )
    if known["container"] == "jsonl" and counts["FIL005"] == 0 and not _spans_lines(known):
        assert counts["FIL004"] == bytes_.get("blank_lines", 0)
        unreadable = known.get("unparseable_lines", 0)
        assert counts["JSN001"] + counts["FIL006"] + counts["FIL007"] == unreadable
        for line, kind, *_ in known.get("unparseable_first", []):
            expected = {"comment_line": {"FIL007"}}.get(kind, {"JSN001", "FIL006"})
            assert any((code, line) in places for code in expected), (line, kind)
    elif _spans_lines(known):
        first = int(known["whole_error"].split(": line ")[1].split()[0])
        assert min(finding.line or 0 for finding in findings if finding.code == "JSN001") in (first - 1, first)
    defects = known.get("record_defects", {})
    if defects.get("exact_duplicate_records"):
        hidden = counts["FIL006"]  # records on glued lines, which the index could not read
        assert 0 <= counts["DUP001"] - defects["exact_duplicate_records"] <= hidden
    if known.get("whole_text_is_n_json_values"):
        assert report.inputs[0].records == known["whole_text_is_n_json_values"]
    elif "records" in known and not _spans_lines(known):
        assert report.inputs[0].records + counts["JSN002"] >= known["records"]


def _spans_lines(known: dict[str, Any]) -> bool:
    """Pretty-printed JSON that is broken somewhere: the index counted its lines, a person sees a document."""
    return "bare_bracket_line" in known.get("unparseable_kinds", {})


def test_reinforcement_prompts_are_not_broken_conversations(
    checked: tuple[dict[str, Any], curator.Report, list[curator.Finding]],
) -> None:
    entry, report, findings = checked
    defects = entry["check"].get("record_defects", {})
    if entry["check"].get("records") and defects.get("no_assistant_message") == entry["check"]["records"]:
        assert report.inputs[0].format == "openai-reinforcement"
        assert not [finding for finding in findings if finding.code.startswith("MSG")]
