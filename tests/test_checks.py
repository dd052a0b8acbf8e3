"""Checks on odd data: healthy rows stay silent, hostile rows never make a check raise, costs stay bounded."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import curator
from curator import fixing
from curator.model import Finding

U, A = "user", "assistant"


def say(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns], **more}


GOOD = [say((U, f"Question {n}, please?"), (A, f"Answer {n} it is.")) for n in range(60)]


def found(folder: Path, *rows: Any, **options: Any) -> list[Finding]:
    """Findings on the rows, which follow sixty good ones; no check may fail."""
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*GOOD, *rows]), encoding="utf-8")
    report = curator.check(path, isolated=True, **options)
    assert report.failures == []
    return list(report.findings)


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def call(arguments: Any, **more: Any) -> dict[str, Any]:
    return {
        "role": A,
        **more,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}],
    }


def tool(parameters: Any, name: str = "f") -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def ask(message: dict[str, Any], *tools: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": U, "content": "Do it"}, message], "tools": list(tools)}


OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    "row",
    [
        ask(call('{"a": "x"}', content=None), tool(OBJECT)),
        ask(call('{"a": "x"}'), tool(OBJECT)),
        ask(call('{"a": "x"}', content=""), tool(OBJECT)),
        {**say((U, "Hi"), (A, "Hello")), "tools": []},
        {**say((U, "Hi"), (A, "Hello")), "parallel_tool_calls": False},
        {"messages": [{"role": U, "content": "Hi"}, {"role": A, "content": None, "refusal": "I cannot."}]},
        {"messages": [{"role": U, "content": "Hi", "name": "ann"}, {"role": A, "content": "Hello", "weight": 1}]},
        {"messages": [{"role": U, "content": "Hi", "name": None}, {"role": A, "content": "Hello"}]},
        {"messages": [{"role": U, "content": [{"type": "text", "text": "Hi"}]}, {"role": A, "content": "Hello"}]},
        {
            "messages": [
                {"role": U, "content": "Hi"},
                call("{}", content=None),
                {"role": "tool", "tool_call_id": "c1", "content": "done"},
                {"role": A, "content": "Done."},
            ],
            "tools": [tool(OBJECT)],
        },
        say((U, "你好，世界。"), (A, "你好！")),
        say((U, "مرحبا؟"), (A, "أهلا 👋🏽 a\u2028b")),
        ask(call('{"b": 1}'), tool({"type": "object", "properties": {}, "dependentSchemas": {"a": {}}})),
        ask(call('{"a": 1}'), tool({"type": "object", "properties": {"a": {"maximum": 18446744073709551616}}})),
        ask(
            call(json.dumps({"a": "hello " * 3000})),
            tool({"type": "object", "properties": {"a": {"type": "string", "pattern": r"^(?:(?!DROP)[\s\S])*$"}}}),
        ),
    ],
    ids=range(15),
)
def test_healthy_rows_stay_silent(tmp_path: Path, row: dict[str, Any]) -> None:
    assert found(tmp_path, row) == []


def test_an_answer_in_several_parts_is_not_mended(tmp_path: Path) -> None:
    rows = [say((U, f"Is {n} odd?"), (A, ("Yes", "No")[n % 2])) for n in range(60)]
    parts = {"role": A, "content": [{"type": "text", "text": "Y"}, {"type": "text", "text": "es."}]}
    rows.append({"messages": [{"role": U, "content": "Is 99 odd?"}, parts]})
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    findings = list(curator.check(path, isolated=True).findings)
    assert "LAB005" not in codes(findings)
    assert fixing.apply(path.read_bytes(), findings) == path.read_bytes()


def test_a_call_without_content_that_is_too_long(tmp_path: Path) -> None:
    row = ask(call(json.dumps({"a": "word " * 200})), tool(OBJECT))
    (finding,) = found(tmp_path, row, params={"TOK002": {"limit": 90}, "TOK001": {"limit": 90}})
    assert (finding.code, finding.pointer) == ("TOK002", "/messages/1/tool_calls/0/function/arguments")


def test_an_answer_under_another_name_is_no_tail(tmp_path: Path) -> None:
    findings = found(tmp_path, say((U, "Hi"), (A, "Hello"), (U, "And?"), ("Assistant", "Fine")))
    assert codes(findings) == {"SCH004"}


def test_roles_that_only_another_template_knows(tmp_path: Path) -> None:
    row = say((U, "Hi"), ("ipython", "3"), (A, "Three."))
    assert codes(found(tmp_path, row)) == {"SCH004"}
    assert found(tmp_path, row, target="generic") == []
    assert codes(found(tmp_path, say((U, "Hi"), ("asistant", "Hello")), target="generic")) == {"SCH004"}


def test_one_prompt_for_all_is_a_design_not_a_leak(tmp_path: Path) -> None:
    for split, start in (("train", 0), ("valid", 100)):
        rows = [say((U, "Write a tweet in my style."), (A, f"Tweet number {n}!")) for n in range(start, start + 30)]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "curator.toml").write_text('[datasets.d]\ntrain = "train.jsonl"\nvalidation = "valid.jsonl"\n')
    paths = [tmp_path / "train.jsonl", tmp_path / "valid.jsonl"]
    findings = list(curator.check(paths, config=str(tmp_path / "curator.toml")).findings)
    assert {(f.code, str(f.severity)) for f in findings} == {
        ("SPL001", "warning"), ("DUP004", "info"), ("DAT002", "warning")
    }  # fmt: skip


def test_an_empty_array_is_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text("[ ]\n")
    assert [f.code for f in curator.check(tmp_path / "e.json", isolated=True).findings] == ["FIL003"]


def test_each_file_is_judged_by_its_own_settings(tmp_path: Path) -> None:
    for name, level in (("a", "never"), ("b", "error")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "curator.toml").write_text(f'fail-on = "{level}"\n')
    (tmp_path / "a" / "t.jsonl").write_text("{\n")
    (tmp_path / "b" / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in GOOD))
    report = curator.check([tmp_path / "a" / "t.jsonl", tmp_path / "b" / "t.jsonl"])
    assert report.exit_code({str(tmp_path / "a" / "t.jsonl"): "never"}) == 0
    assert report.exit_code("error") == 1


def test_a_named_pipe_in_a_folder_is_no_data(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.jsonl")
    (tmp_path / "t.jsonl").write_text("{\n")
    assert [item.path for item in curator.check(tmp_path, isolated=True).inputs] == [str(tmp_path / "t.jsonl")]


@pytest.mark.parametrize(
    "data",
    [
        b'{"prompt": "a ->", "completion": " b"}\n' * 25_000 + b'{"prompt": "' + b"word " * 1_600_000 + b'"}\n',
        b"\r".join(b'{"prompt": "a ->", "completion": " b"}' for _ in range(3_000)),
        b'{"prompt": "' + b"\xe9 caf" * 150_000 + b'"}\n',
        b'{"prompt": [' + b"NaN, " * 5_000 + b"1]}\n",
        b'{"prompt": [' + b'"\\ud800", ' * 5_000 + b"1]}\n",
    ],
    ids=["long line among many", "one line of records", "Latin-1", "NaN", "surrogates"],
)
def test_long_lines_take_linear_time(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "t.jsonl").write_bytes(data)
    started = time.process_time()
    assert curator.check(tmp_path / "t.jsonl", isolated=True).failures == []
    assert time.process_time() - started < 30


def part(number: int) -> dict[str, Any]:
    return {"type": "text", "text": f"Ünd {number} <|endoftext|>"}


MANY = {
    "empty": lambda n: say(*[((U, A)[i % 2], "") for i in range(n)]),
    "tokens": lambda n: say(*[((U, A)[i % 2], f"Ünd {i} <|endoftext|>") for i in range(n)]),
    "parts": lambda n: say((U, [part(i) for i in range(n)]), (A, "Fine")),
    "weights": lambda n: {
        "messages": [{"role": (U, A)[i % 2], "content": f"ü{i}", "weight": 0.5, "extra": 1} for i in range(n)]
    },
}  # fmt: skip


@pytest.mark.parametrize("name", MANY)
def test_many_findings_in_one_record_take_linear_time(tmp_path: Path, name: str) -> None:
    """Sixteen times the findings take about sixteen times as long; in quadratic time they would take 256 times."""

    def took(size: int) -> float:
        row = MANY[name](size)
        started = time.process_time()
        findings = found(tmp_path, row, ignore=["TOK002"])
        assert len(findings) >= size
        return time.process_time() - started

    took(10)  # what is loaded once
    # What else the machine does is measured, too, so one of three times has to do.
    assert any(took(8_000) < 60 * max(took(500), 0.05) for _ in range(3))


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.just("user"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
ROLES = st.sampled_from(["system", U, A, "tool", "function", "human", "Assistant", "developer", ""]) | JSON
PART = st.fixed_dictionaries({"type": st.sampled_from(["text", "image_url"]) | JSON}, optional={"text": JSON}) | JSON
CALL = st.fixed_dictionaries(
    {"type": st.just("function") | JSON},
    optional={
        "id": JSON,
        "function": st.fixed_dictionaries(
            {"name": st.just("f") | JSON, "arguments": st.sampled_from(['{"a": 1}', "{", '{"a": 1, "a": 2}']) | JSON}
        )
        | JSON,
    },
)
MESSAGE = st.fixed_dictionaries(
    {"role": ROLES},
    optional={
        "content": st.text(max_size=20) | st.lists(PART, max_size=3) | JSON,
        "tool_calls": st.lists(CALL | JSON, max_size=2) | JSON,
        "function_call": JSON,
        "weight": JSON,
        "name": JSON,
        "refusal": JSON,
        "tool_call_id": JSON,
    },
)
SCHEMA = st.fixed_dictionaries({}, optional={"type": JSON, "properties": JSON, "required": JSON, "enum": JSON}) | JSON
TOOL = st.fixed_dictionaries(
    {"type": st.just("function") | JSON},
    optional={"function": st.fixed_dictionaries({"name": st.just("f") | JSON}, optional={"parameters": SCHEMA}) | JSON},
)
CHAT = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGE | JSON, max_size=4) | JSON},
    optional={"tools": st.lists(TOOL | JSON, max_size=2) | JSON, "functions": JSON, "x": JSON},
)
PAIR = st.fixed_dictionaries({}, optional={"prompt": st.text() | JSON, "completion": st.text() | JSON, "label": JSON})


@given(st.lists(CHAT | PAIR | JSON, min_size=40, max_size=60), st.sampled_from(["auto", "azure", "generic"]))
@example(
    [{"messages": [{"role": U, "content": "x " * 40}, {"role": A, "function_call": {"name": "f"}}]}], "auto"
)  # found here once: a call without arguments whose answer is cut
def test_no_record_makes_a_check_raise(tmp_path_factory: pytest.TempPathFactory, rows: list[Any], target: str) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    labelled = [say((U, f"Say {n % 7}"), (A, ("Yes", "No")[n % 2])) for n in range(400)]
    for split in ("train", "valid"):
        text = "".join(json.dumps(row) + "\n" for row in [*labelled, *rows])
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
    (folder / "curator.toml").write_text('[datasets.d]\ntrain = "train.jsonl"\nvalidation = "valid.jsonl"\n')
    report = curator.check(
        [folder / "train.jsonl", folder / "valid.jsonl"],
        config=str(folder / "curator.toml"), target=target, token_stats=True, params={"TOK002": {"limit": 20}},
    )  # fmt: skip
    assert report.failures == []
