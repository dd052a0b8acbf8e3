"""`curator report`: the document, its page, its Markdown and its JSON."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

import curator
from curator import engine, inputs
from curator.cli.main import main
from curator.masking import Masker
from curator.planning.drafting import draft
from curator.reporting import build, drawing, history
from curator.reporting.document import KIND, VERSION
from curator.settings import Settings

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_data"
SEPARATOR = "\n\n###\n\n"
TOKEN = f"eyJhbGciOiJIUzI1NiJ9.{'QWxhZGRpbjpvcGVuIHNlc2FtZQ' * 4}.dozjgNryP4J3jVmNHl0w5N"


def run(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of `curator report ARGUMENTS…`, and what it says on standard error."""
    code = main(["report", *map(str, arguments)])
    return code, capsys.readouterr().err


@pytest.fixture
def report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Writes a report and reads it again: text, or for JSON what it holds."""

    def written(*arguments: str | Path, form: str = "json", code: int = 0) -> Any:
        path = tmp_path / f"report.{form}"
        path.unlink(missing_ok=True)
        found, said = run(*arguments, "-o", path, capsys=capsys)
        assert found == code, said
        assert "Traceback" not in said
        assert "bug" not in said
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if form == "json" else text

    return written


def chats(path: Path, *texts: str) -> Path:
    """A file of conversations about the texts."""
    rows = [
        {"messages": [{"role": "user", "content": t}, {"role": "assistant", "content": f"About {t}"}]} for t in texts
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def labelled(path: Path, labels: list[str]) -> Path:
    """A file of prompts, one with each of the labels."""
    rows = [{"prompt": f"Question {n}{SEPARATOR}", "completion": f" {label}"} for n, label in enumerate(labels)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


class Page(HTMLParser):
    """What a browser would find in a page: elements, attributes, text, and the words of each section."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: dict[str, str] = {}
        self._inside: list[str] = []
        self._section = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside.append(tag)
        if tag == "section":
            self._section = dict(attrs)["id"] or ""

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self._inside:
            self.text[self._section] = f"{self.text.get(self._section, '')} {data}"

    def says(self, section: str) -> str:
        """The words of a section, white space folded."""
        return " ".join(self.text[section].split())


HARMLESS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "section", "nav", "footer", "article", "div",
    "p", "h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr", "th", "td", "span", "b", "code", "pre",
    "mark", "a", "br", "figure", "svg", "g", "path", "text", "rect", "line", "circle", "defs", "clippath", "tspan",
}  # fmt: skip


def assert_inert(text: str) -> None:
    """No script, no handler, no reference that leaves the page, and a policy that forbids them all."""
    page = Page(text)
    assert set(page.tags) <= HARMLESS
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in ("src", "srcset", "action", "formaction", "xlink:href", "data", "background"), (tag, name)
        if name == "href":
            assert re.fullmatch(r"#[\w-]+", value), value
        if name == "style":
            assert "url(" not in value
        assert "javascript:" not in value.lower()
    links = {value[1:] for _, name, value in page.attributes if name == "href"}
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids)), "two elements with one id"
    assert links <= set(ids)
    policy = next(
        value for tag, name, value in page.attributes if (tag, name) == ("meta", "content") and "'none'" in value
    )
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script-src" not in policy
    assert not re.search(r"url\((?!#)|@import", re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL))


# --- what is in it ------------------------------------------------------------------------------


def test_a_report_of_two_splits_holds_every_part(report: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES)
    text = report(form="html")
    page = Page(text)
    assert_inert(text)
    assert "Not ready: 9 errors on 9 lines, in a dataset of 549 records." in page.says("verdict")
    assert "SEP002 inconsistent-separator (4), LAB005 label-variant (2), SPL001" in page.says("verdict"), (
        "of 3, 1 warns"
    )
    assert "549 lines = 549 records + 0 unreadable + 0 blank" in page.says("files")
    assert "near copies" in page.says("unchecked")
    findings = page.says("findings")
    assert (
        "How to fix: End it with '\\n\\n###\\n\\n'. curator check --fix --unsafe-fixes --select SEP002 mends all 4"
        in findings
    )
    assert "And 1 more: curator check --select SEP002" in findings
    assert "LAB005 label-variant 3 findings: 2 errors, 1 warning" in findings
    assert text.count("<mark class=") == 3 + 3 + 1, "the spans of SEP002, LAB005 and LAB007; the rest are whole records"
    assert '<mark class="error">\\n\\n##\\n\\n</mark>' in text
    assert "train 11 15 23 22.7 30 33 36" in page.says("tokens"), "least, 5th, median, mean, 95th, 99th, most"
    assert "copy of OpenAI's pricing page, 2025-11; no longer listed there on 2026-09-30" in page.says("tokens")
    assert "Price of $0.40 per million training tokens" in page.says("tokens")
    assert "No answer would be cut off at the limit." in page.says("tokens")
    assert "Cost per epoch $0.0040 train only, price of 2025-11 Labels 4 in train, normalised" in page.says("verdict")
    assert "billing 111 25.1% 1 ␣billing" in page.says("labels")
    assert "\\n\\n###\\n\\n ends 99.5% of the prompts" in page.says("conventions")
    assert "intents (validation) 106 2 0.011 0.998 23, 23" in page.says("splits")
    assert "distinct-1" in page.says("diversity")
    titles = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert titles == [
        "Findings by rule", "Tokens per record · train", "Tokens per record · validation", "Records by label · train",
        "Records by label · validation", "Records by split", "Labels in each split", "Length of inputs · train",
        "Length of inputs · validation",
    ]  # fmt: skip


def test_the_json_is_version_1_and_sums_up(report: Any) -> None:
    value = report(SAMPLES / "support_chat_flawed.jsonl", "--isolated")
    assert (value["kind"], value["version"]) == (KIND, VERSION) == ("curator-report", 1)
    assert set(value) == {
        "version", "kind", "created", "tool", "content", "title", "verdicts", "files", "rules", "suppressed", "stale",
        "splits", "drifts", "truncated_answers", "not_checked", "failures", "masked", "hidden", "totals", "comparison",
    }  # fmt: skip
    (file,) = value["files"]
    assert (file["lines"], file["records"], file["unreadable"], file["blank"], file["glued"]) == (46, 32, 14, 1, 1)
    assert file["lines"] + file["glued"] == file["records"] + file["unreadable"] + file["blank"] + file["unread"]
    assert file["unread"] == 0
    assert "near copies" in [note["what"] for note in value["not_checked"]]
    (verdict,) = value["verdicts"]
    assert verdict["outcome"] == "errors"
    assert verdict["errors"] == sum(rule["by_severity"].get("error", 0) for rule in value["rules"])
    levels = [rule["severity"] for rule in value["rules"]]
    assert levels == sorted(levels, key=["error", "warning", "info"].index)
    assert all(1 <= len(rule["samples"]) <= 3 and rule["why"] for rule in value["rules"])


def test_percentiles_are_values_by_nearest_rank(report: Any, tmp_path: Path) -> None:
    (split,) = report(chats(tmp_path / "d.jsonl", *("x" * n for n in range(1, 101))), "--isolated")["splits"]
    spread = split["inputs"]
    assert [spread[name] for name in ("min", "p5", "median", "p95", "p99", "max")] == [1, 5, 50, 95, 99, 100]
    assert spread["mean"] == 50.5
    assert sum(item["count"] for item in spread["bins"]) == 100


def test_no_bin_of_the_tokens_crosses_the_limit(report: Any, tmp_path: Path) -> None:
    data = chats(tmp_path / "d.jsonl", *("word " * n for n in (10, 100, 1000, 2000, 5000)))
    (split,) = report(data, "--isolated", "--model", "gpt-3.5-turbo-0613")["splits"]
    tokens = split["tokens"]
    assert (tokens["limit"], tokens["over_limit"]) == (4096, 1)
    assert not any(item["low"] <= 4096 < item["high"] for item in tokens["spread"]["bins"])
    assert tokens["spread"]["total"] > tokens["trained"] > 0


def test_without_a_limit_nothing_is_said_of_what_it_cuts_off(report: Any, tmp_path: Path) -> None:
    data, model = chats(tmp_path / "d.jsonl", "a", "b"), ("--model", "gpt-4o-mini-2024-07-18", "--isolated")
    assert report(data, *model, "--target", "openai")["truncated_answers"] == 0
    assert report(data, *model, "--target", "generic")["truncated_answers"] is None
    assert "No answer would be cut off" not in report(data, *model, "--target", "generic", form="md")


def test_several_targets_have_a_verdict_each(report: Any) -> None:
    value = report(SAMPLES / "tools.jsonl", "--isolated", "--target", "openai", "--target", "mistral")
    assert [verdict["target"] for verdict in value["verdicts"]] == ["openai", "mistral"]
    ways = {rule["code"]: rule["remedy"]["several"] for rule in value["rules"]}
    assert ways["FUN001"], "a comma too many, and a cut end"
    why = "the target mistral has no default model; name one with --model"
    assert why in [note["why"] for note in value["not_checked"]], "of the second target, too"
    ids = next(rule for rule in value["rules"] if rule["code"] == "FUN010")
    assert ids["by_target"] == {"mistral": 58}
    arguments = next(rule for rule in value["rules"] if rule["code"] == "FUN001")
    assert arguments["by_target"] == {"openai": 6, "mistral": 6}
    called = {f["name"]: f for f in value["splits"][0]["functions"]}
    assert sum(f["invalid"] for f in called.values()) == 12
    assert sum(f["broken"] for f in called.values()) == 6


def test_markdown_tells_the_splits_of_several_datasets_apart(
    report: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = ""
    for name in "ab":
        for split in ("train", "valid"):
            chats(tmp_path / f"{name}.{split}.jsonl", *(f"{name} {split} {n}" for n in range(20)))
        settings += f'[datasets.{name}]\ntrain = "{name}.train.jsonl"\nvalidation = "{name}.valid.jsonl"\n'
    (tmp_path / "curator.toml").write_text(settings)
    splits = report(form="md").partition("### Splits")[2]
    assert "| `a (validation)` | 20 | 0 |" in splits
    assert "| `b (validation)` | 20 | 0 |" in splits


def test_labels_have_balance_tokens_spellings_and_agreement(report: Any, tmp_path: Path) -> None:
    data = labelled(tmp_path / "d.jsonl", ["yes"] * 60 + ["no"] * 19 + ["No"])
    with data.open("a") as file:
        for label in ("yes", "no"):
            row = {
                "prompt": f"Question 0{SEPARATOR}" if label == "no" else f"QUESTION  1{SEPARATOR}",
                "completion": f" {label}",
            }
            file.write(json.dumps(row) + "\n")
    (split,) = report(data, "--isolated")["splits"]
    labels = split["labels"]
    assert [(item["label"], item["records"], item["spellings"]) for item in labels["labels"]] == [
        ("yes", 61, []),
        ("no", 21, ["No"]),
    ]
    assert labels["normalised_entropy"] == pytest.approx(0.8210, abs=1e-3)
    assert labels["labels"][0]["pieces"] == [" yes"]
    repeats = split["repeats"]
    assert (repeats["inputs"], repeats["distinct"], repeats["repeated"], repeats["agreeing"]) == (82, 80, 2, 1)


def test_the_only_label_of_a_small_split_is_read_as_train_has_it(report: Any, tmp_path: Path) -> None:
    labelled(tmp_path / "train.jsonl", ["science and technology<|endoftext|>", "business<|endoftext|>"] * 40)
    labelled(tmp_path / "valid.jsonl", ["science and technology<|endoftext|>"] * 20)
    (tmp_path / "curator.toml").write_text('[datasets.d]\ntrain = "train.jsonl"\nvalidation = "valid.jsonl"\n')
    value = report(tmp_path, "--config", tmp_path / "curator.toml")
    train, valid = value["splits"]
    assert train["habits"]["stop"]["text"] == "<|endoftext|>"
    assert valid["habits"]["stop"]["text"] != "<|endoftext|>", "else this shows nothing"
    assert [label["label"] for label in valid["labels"]["labels"]] == ["science and technology"]
    (drift,) = value["drifts"]
    assert drift["label_distance"] == 0.5
    text = report(tmp_path, "--config", tmp_path / "curator.toml", form="html")
    assert "0.500 < 0.001" in Page(text).says("splits")


def test_what_is_not_known_of_a_format_has_no_empty_tables(report: Any, tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text('{"neither": 1}\n{"nor": 2}\n')
    page = Page(report(tmp_path / "d.jsonl", "--isolated", form="html"))
    assert "no record is in a format whose texts are known" in page.says("tokens")
    assert not {"conventions", "duplicates", "diversity"} & page.text.keys()
    data = chats(tmp_path / "d.jsonl", "a", "b")
    page = Page(report(data, "--isolated", "--target", "generic", form="html"))
    assert "no model is named, and the target has no default: --model NAME names one" in page.says("tokens")
    assert "System prompts none" in page.says("conventions")
    assert "Target generic · No provider's law" in page.says("verdict")


def test_clusters_are_of_records_that_belong_together(report: Any, tmp_path: Path) -> None:
    data = labelled(tmp_path / "d.jsonl", ["not at all", "yes"] * 60)
    with data.open("a") as file:
        file.write(data.read_text().splitlines()[0] + "\n")
    rules = {rule["code"]: rule for rule in report(data, "--isolated")["rules"]}
    assert (rules["DUP001"]["clusters"], rules["LAB001"]["clusters"]) == (1, 0)


def test_axes_count_in_whole_numbers(report: Any, tmp_path: Path) -> None:
    text = report(chats(tmp_path / "d.jsonl", "a", "bb"), "--isolated", "--ignore", "DAT", form="html")
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        words = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
        assert words.count("1") < 3, words


def test_reports_are_equal_however_many_processes_count(tmp_path: Path) -> None:
    """In a process of its own: the command forks, which is safe where nothing else has started threads."""
    texts = []
    for jobs in ("1", "2"):
        command = [sys.executable, "-m", "curator.cli.main", "report", "intents.train.jsonl", "tools.jsonl"]
        command += ["--isolated", "--jobs", jobs, "-o", str(tmp_path / f"{jobs}.json")]
        subprocess.run(command, cwd=SAMPLES, capture_output=True, check=True)
        value = json.loads((tmp_path / f"{jobs}.json").read_text(encoding="utf-8"))
        value.pop("created")
        texts.append(json.dumps(value))
    assert texts[0] == texts[1]


# --- hostile data -------------------------------------------------------------------------------

LIVE = "</style></text><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}{% raw %}[a](javascript:b)`"


def test_nothing_of_hostile_data_is_live(report: Any, tmp_path: Path) -> None:
    tool = {"type": "function", "function": {"name": LIVE, "parameters": {"type": "object", "properties": {LIVE: {}}}}}
    call = {"id": "a", "type": "function", "function": {"name": LIVE, "arguments": "{"}}
    rows = [
        {
            "messages": [
                {"role": "system", "content": LIVE},
                {"role": LIVE if n % 7 == 0 else "user", "content": f"{LIVE}{n}"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
            ],
            "tools": [tool],
            LIVE: 1,
        }
        for n in range(30)
    ]
    data = tmp_path / "<img src=x>.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = report(data, "--isolated", form="html")
    assert_inert(text)
    assert "49" not in re.findall(r"onerror=alert\(1\)&gt;(\d+)", text), "a template in the data was run"
    assert "&lt;script&gt;" in text
    labels = [
        LIVE,
        '{"signal":"alert(1)"}',
        "\u202eevil",
        "a\x00b",
        "x" * 150,
        "javascript:alert(1)",
        "=1+1",
        "datum.x",
    ]
    text = report(labelled(tmp_path / "labels.jsonl", labels * 40), "--isolated", form="html")
    assert_inert(text)
    assert "\u202e" not in text
    assert "\x00" not in text


def test_hostile_data_stays_in_code_in_markdown(report: Any, tmp_path: Path) -> None:
    data = labelled(tmp_path / "d.jsonl", [LIVE, "@team", "| a | b |", "![](http://x/y.png)"] * 40)
    text = report(data, "--isolated", form="md")
    outside = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", text)
    outside = re.sub(r"`[^`\n]*`", "", outside)
    for live in ("<script", "<img", "![", "@team", "javascript:"):
        assert live not in outside


def test_half_a_surrogate_pair_is_shown_as_an_escape(report: Any, tmp_path: Path) -> None:
    data = tmp_path / "d.jsonl"
    row = r'{"prompt": "Q\n\n###\n\n", "completion": " \ud83d"}'
    data.write_text(f"{row}\n" * 40)
    for form in ("html", "md", "json"):
        report(data, "--isolated", form=form)


def test_a_drawing_keeps_shapes_and_words_only() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9" '
        'onload="alert(1)"><script>alert(1)</script><a xlink:href="http://x"><rect/></a><image href="http://x"/>'
        '<rect id="r" fill="#010101" clip-path="url(#c)" onclick="a()"/><rect fill="url(http://x)"/><foreignObject/></svg>'
    )
    clean = drawing.cleaned(svg, "n", 'a "title" <b>')
    for live in ("script", "onload", "onclick", "http://x", "image", "foreignObject", "<a", "<b>"):
        assert live not in clean
    assert 'fill="var(--text)"' in clean
    assert 'id="n-r"' in clean
    assert "url(#n-c)" in clean


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["html", "md", "json"])
@pytest.mark.parametrize(
    ("content", "outcome", "says"),
    [
        (b"", "empty", "Nothing to train on"),
        (b"\n \n\n", "empty", "Nothing to train on"),
        (b'nope\n{"a"\n\xff\xfe\n', "empty", "Nothing to train on"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 3\n", "empty", "Nothing to train on"),
        (
            b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}',
            "errors",
            "1 record",
        ),
        (
            b'[\n{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}\n]',
            "errors",
            "1 record",
        ),
        (b'{"neither": 1}\n{"nor": 2}\n', "errors", "2 records"),
    ],
    ids=["empty", "blank", "broken", "pointer", "one", "document", "unknown"],
)
def test_whatever_the_file_holds_there_is_a_report(
    report: Any, tmp_path: Path, content: bytes, outcome: str, says: str, form: str
) -> None:
    (tmp_path / "d.jsonl").write_bytes(content)
    found = report(tmp_path / "d.jsonl", "--isolated", form=form)
    if form == "json":
        (verdict,) = found["verdicts"]
        assert verdict["outcome"] == outcome
        assert says in verdict["sentence"]
        (file,) = found["files"]
        assert file["lines"] + file["glued"] == file["records"] + file["unreadable"] + file["blank"] + file["unread"]
    else:
        assert says in found
        assert not re.search(r"\b1 (lines|elements|records)\b", found)
        if form == "html":
            assert_inert(found)


def test_a_file_that_is_missing_is_said_in_the_report_and_in_the_exit_code(report: Any, tmp_path: Path) -> None:
    value = report(tmp_path / "gone.jsonl", chats(tmp_path / "d.jsonl", "a"), "--isolated", code=2)
    assert value["verdicts"][0]["outcome"] == "incomplete"
    assert "gone.jsonl" in value["failures"][0]["message"]
    assert_inert(report(tmp_path / "gone.jsonl", "--isolated", form="html", code=2))


def test_labels_in_the_thousands_stay_a_page(report: Any, tmp_path: Path) -> None:
    labelled(tmp_path / "d.jsonl", [f"label {n}" for n in range(3000)] * 2)
    (tmp_path / "curator.toml").write_text('[datasets.d]\ntrain = "d.jsonl"\ntask = "classification"\n')
    config = ("--config", tmp_path / "curator.toml")
    value = report(tmp_path / "d.jsonl", *config)
    labels = value["splits"][0]["labels"]
    assert (labels["distinct"], len(labels["labels"]), labels["others"]) == (3000, 200, 5600)
    assert labels["normalised_entropy"] == pytest.approx(1)
    text = report(tmp_path / "d.jsonl", *config, form="html")
    assert "And 2,950 more labels." in Page(text).says("labels")
    assert len(text) < 300_000


def test_many_findings_in_long_lines_stay_a_page(report: Any, tmp_path: Path) -> None:
    rows = [{"messages": [{"role": f"r{n}" * 2000, "content": "x" * 5000}], f"k{n}" * 500: n} for n in range(300)]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = report(tmp_path / "d.jsonl", "--isolated", form="html")
    assert len(text.encode()) < 300_000
    assert len(report(tmp_path / "d.jsonl", "--isolated", form="md").encode()) < 60_000


def test_hundreds_of_files_stay_a_page(report: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for n in range(230):
        chats(tmp_path / "data" / f"{n}.jsonl", "a", "b")
    value = report(tmp_path / "data", "--isolated")
    assert (value["totals"]["files"], value["totals"]["records"]) == (230, 460)
    assert (len(value["files"]), value["hidden"]["files"], len(value["splits"])) == (200, 30, 200)
    text = report(tmp_path / "data", "--isolated", form="html")
    assert "460 lines = 460 records" in text
    assert "And 30 more files." in text
    assert len(text) < 1_000_000


def test_commands_of_a_report_name_its_files_and_what_it_was_told(report: Any, tmp_path: Path) -> None:
    """Typed without the file, `curator check --fix` would mend whatever lies in the folder."""
    data = chats(tmp_path / "a b.jsonl", *("same" for _ in range(12)))
    (tmp_path / "own.toml").write_text("")
    told = ("--target", "mistral", "--model", "m", "--config", tmp_path / "own.toml")
    found = next(rule for rule in report(data, *told)["rules"] if rule["code"] == "DUP001")
    words = ["curator", "check", *map(str, (data, *told))]
    assert shlex.split(found["command"]) == [*words, "--select", "DUP001"]
    assert shlex.split(found["remedy"]["command"]) == [*words, "--fix", "--unsafe-fixes", "--select", "DUP001"]
    page = Page(report(data, *told, form="html")).says("findings")
    assert f"And 8 more: {found['command']}" in page
    assert f"{found['remedy']['command']} mends all 11" in page
    both = report(data, "--isolated", "--target", "openai", "--target", "together")["rules"]
    assert {rule["command"].partition("--target ")[2].split()[0] for rule in both} >= {"openai"}
    secret = chats(tmp_path / "jane.doe@example.org.jsonl", *("same" for _ in range(12)))
    for files in ([secret], [data] * 9):
        rules = report(*files, "--isolated")["rules"]
        assert "curator check FILE… --isolated --select DUP001" in [rule["command"] for rule in rules]


def test_a_sample_of_a_huge_record_is_short_and_masked(report: Any, tmp_path: Path) -> None:
    turns = (("user", "a bob@example.org " * 100_000), ("assistant", "b"))
    row = {"messages": [{"role": role, "content": text} for role, text in turns]}
    (tmp_path / "d.jsonl").write_text((json.dumps(row) + "\n") * 2)
    value = report(tmp_path / "d.jsonl", "--isolated")
    (sample,) = next(rule for rule in value["rules"] if rule["code"] == "DUP001")["samples"]
    assert len(sample["before"] + sample["marked"] + sample["after"]) < 700
    assert "bob" not in json.dumps(value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-o", "report.pdf"], "ends in .html, .md or .json"),
        (["-o", "d.jsonl", "--format", "json"], "is a file that is read"),
        (["--target", "nobody"], "unknown target 'nobody'"),
        (["--model", ""], "the model has no name"),
        (["--isolated", "--config", "x.toml"], "contradict each other"),
        (["--compare", "gone.json"], "gone.json: cannot be read"),
        (["--compare", "d.jsonl"], "d.jsonl: is no report"),
        (["--history", "d.jsonl"], "d.jsonl"),
        (["-", "--target", "openai", "--target", "azure"], "standard input can be read once"),
    ],
)
def test_a_flag_that_does_not_fit_is_one_line(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    chats(tmp_path / "d.jsonl", "a")
    code, said = run("d.jsonl", *arguments, "-q", capsys=capsys)
    assert code == 2
    assert says in said
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(("flag", "name"), [("--compare", "gone.json"), ("--history", "d.jsonl")])
def test_what_cannot_be_read_is_said_before_the_work(
    flag: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("curator.engine.checked", lambda *_, **__: pytest.fail("the data were checked first"))
    data = chats(tmp_path / "d.jsonl", "a")
    code, said = run(data, "--isolated", flag, tmp_path / name, "--format", "json", capsys=capsys)
    assert code == 2
    assert name in said


def test_without_the_extra_html_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("curator.cli.report._NEEDED", ("jinja2", "no_such_module"))
    data = chats(tmp_path / "d.jsonl", "a")
    code, said = run(data, "--isolated", "-o", tmp_path / "r.html", capsys=capsys)
    assert (code, said) == (
        2, "error: HTML needs an extra: pip install 'finetune-curator[report]'; .md and .json do without\n"
    )  # fmt: skip
    assert run(data, "--isolated", "-o", tmp_path / "r.md", capsys=capsys)[0] == 0


def test_the_exit_code_follows_fail_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = SAMPLES / "support_chat_flawed.jsonl"
    for flags, code in (((), 0), (("--fail-on", "error"), 1), (("--fail-on", "never"), 0)):
        assert run(data, "--isolated", "-o", tmp_path / "r.json", *flags, capsys=capsys)[0] == code
        assert (tmp_path / "r.json").exists()


def test_a_report_goes_to_standard_output(tmp_path: Path) -> None:
    from curator.cli.main import group

    data = str(chats(tmp_path / "d.jsonl", "a"))
    for flags in (["-o", "-", "--format", "markdown"], ["--format", "markdown"], ["--format", "md"]):
        result: Result = CliRunner().invoke(group, ["report", data, "--isolated", "-q", *flags])
        assert result.exit_code == 0
        assert result.stdout.startswith("## Dataset report\n")


def test_html_goes_into_a_file_also_when_its_format_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    chats(tmp_path / "d.jsonl", "a")
    assert run("d.jsonl", "--isolated", "-q", "--format", "html", capsys=capsys) == (0, "")
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


# --- history and comparison ---------------------------------------------------------------------


def test_history_keeps_every_run_and_draws_how_it_went(report: Any, tmp_path: Path) -> None:
    kept = tmp_path / "history"
    data = tmp_path / "d.jsonl"
    labelled(data, ["yes"] * 30 + ["no"] * 30)
    arguments = (data, "--isolated", "--history", kept)
    first = Page(report(*arguments, form="html"))
    assert "1 run on 1 version of the data" in first.says("history")
    report(*arguments, form="html")
    labelled(data, ["yes"] * 50 + ["no"] * 30)
    (kept / "other.json").write_text('{"version": 1}')
    (kept / "broken.json").write_text("{")
    (kept / "newer.json").write_text('{"kind": "curator-report", "version": 99}')
    (kept / "odd.json").write_text(
        '{"kind": "curator-report", "version": 0, "files": 3, "splits": [{"tokens": "x"}], "created": 5}'
    )
    text = report(*arguments, form="html")
    assert_inert(text)
    page = Page(text)
    assert "4 runs on 3 versions of the data" in page.says("history")
    assert "no reports or of a newer curator: broken.json, newer.json, other.json" in page.says("history")
    titles = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert [title for title in titles if "by version" in title] == [
        "Records by version", "Findings by version", "Tokens by version", "Balance of the labels by version",
    ]  # fmt: skip
    assert len(list(kept.glob("2*.json"))) == 3, "no run was written over, also within one second"
    before = {path: path.read_bytes() for path in kept.glob("2*.json")}
    report(*arguments, form="json")
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_comparison_shows_what_changed(report: Any, tmp_path: Path) -> None:
    data = labelled(tmp_path / "d.jsonl", ["yes"] * 30 + ["no"] * 30)
    old = report(data, "--isolated")
    old["rules"].append({"code": "DUP001", "name": "duplicate-record", "count": 3})
    (tmp_path / "old.json").write_text(json.dumps(old))
    compared = (data, "--isolated", "--compare", tmp_path / "old.json")
    assert ": the same data" in Page(report(*compared, form="html")).says("changes")
    labelled(data, ["yes"] * 60 + ["no"] * 30 + ["perhaps"] * 30)
    changes = Page(report(*compared, form="html")).says("changes")
    assert "Records 60 120 +60" in changes
    assert "no 50.0 25.0 -25.0" in changes
    assert "DUP001 duplicate-record 3 0 -3" in changes
    assert "perhaps 0.0 25.0 +25.0" in changes
    markdown = report(*compared, form="md")
    assert "| Records | 60 | 120 | +60 |" in markdown
    assert "| `perhaps` | 0.0% | 25.0% | +25.0 points |" in markdown


def test_history_begins_in_a_folder_that_holds_no_report(
    report: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "history"
    kept.mkdir()
    (kept / "other.json").write_text("{}")
    data = labelled(tmp_path / "d.jsonl", ["yes"] * 30 + ["no"] * 30)
    markdown = report(data, "--isolated", "--history", kept, form="md")
    assert "Passed over, no reports or of a newer curator: `other.json`" in markdown
    assert len(list(kept.glob("2*.json"))) == 1
    assert main(["report", str(data), "--isolated", "--history", str(kept), "--format", "json"]) == 0
    assert f"note: passed over in {kept}, no reports or of a newer curator: other.json\n" in capsys.readouterr().err


def test_a_run_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    """Half a report in the folder would be passed over by each later run."""
    chats(tmp_path / "d.jsonl", *map(str, range(20)))
    command = f"ulimit -f 1; {shlex.quote(sys.executable)} -m curator.cli.main report d.jsonl --isolated --format json"
    command += " -o /dev/null --history kept"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "not written: the new file would be larger" in done.stderr
    assert not list((tmp_path / "kept").iterdir())


def test_a_page_that_nobody_has_named_takes_the_place_of_a_report_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    data, page = chats(tmp_path / "d.jsonl", "a"), tmp_path / "report.html"
    assert [run(data, "--isolated", capsys=capsys)[0] for _ in range(2)] == [0, 0]
    page.write_text("<p>mine</p>")
    for flags in ([], ["--format", "html"]):
        code, said = run(data, "--isolated", *flags, capsys=capsys)
        assert (code, said) == (
            2, "error: report.html: is there already, and no report of curator: name another with --output\n"
        )  # fmt: skip
    assert page.read_text() == "<p>mine</p>"
    assert run(data, "--isolated", "-o", "report.html", capsys=capsys)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["report", "d.jsonl", "--format", "md", "--fail-on", "warning"], 1),
        (["plan", "d.jsonl"], 0),
        (["contract", "learn", "d.jsonl"], 0),
        (["contract", "check", "d.jsonl", "--contract", "broken.json"], 1),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_without_a_reader_the_exit_code_stays(tmp_path: Path, arguments: list[str], code: int) -> None:
    """`… | head` in a CI must not turn what was found into a pass; and standard output may be closed."""
    chats(tmp_path / "d.jsonl", *map(str, range(30)))
    if "broken.json" in arguments:
        assert main(["contract", "learn", str(tmp_path / "d.jsonl"), "-o", str(tmp_path / "good.json"), "-q"]) == 0
        contract = json.loads((tmp_path / "good.json").read_text())
        rows = next(one for one in contract["suite"]["expectations"] if one["type"].startswith("expect_table_row"))
        rows |= {"severity": "critical", "kwargs": {"min_value": 99, "max_value": 100}}
        (tmp_path / "broken.json").write_text(json.dumps(contract))
    command = [sys.executable, "-m", "curator.cli.main", *arguments, "--isolated", "-q"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (code, "")
    closed = ["sh", "-c", f"exec {shlex.join(command)} >&-"]
    done = subprocess.run(closed, cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output is closed")


def test_a_file_that_changes_after_it_was_checked_has_no_hash(tmp_path: Path) -> None:
    """Samples and hash are read again: they would be those of other data, and a plan would measure these."""
    path = chats(tmp_path / "d.jsonl", *(["same"] * 20))
    datasets, _ = inputs.gather([str(path)], lambda *_: Settings())
    mask = Masker(Counter())
    with engine.checked(datasets, token_stats=True, profile=True) as (found, files):
        run = build.judged(found, files, {}, mask, "curator check")
        assert build.document([run], found, files, {}, mask).files[0].sha256
        chats(path, "another")
        document = build.document([run], found, files, {}, mask)
        (planned,) = draft(found, files).failures
    assert (document.files[0].sha256, document.totals.records) == ("", 20)
    assert [failure.message for failure in document.failures] == [planned.message]
    assert planned.message == f"{path}: the file changed while it was checked; check it again"


def test_a_report_is_there_where_its_run_cannot_be_kept(
    report: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, nowhere = chats(tmp_path / "d.jsonl", "a"), tmp_path / "kept"
    nowhere.symlink_to(tmp_path / "gone" / "far")
    assert report(data, "--isolated", "--history", nowhere, code=2)["totals"]["records"] == 1


def test_runs_of_one_second_are_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"
    data = chats(tmp_path / "d.jsonl", "a")
    arguments = ["report", str(data), "--isolated", "-q", "-o", str(tmp_path / "r.json"), "--history", str(kept)]
    assert main(arguments) == 0
    value = SimpleNamespace(**json.loads((tmp_path / "r.json").read_text()))
    names = [history.keep(str(kept), value, "{}") for _ in range(2)]  # type: ignore[arg-type]

    def refuse(*_: Any) -> None:
        raise PermissionError(1, "no links on this disk")

    monkeypatch.setattr("os.link", refuse)
    names.append(history.keep(str(kept), value, "{}"))  # type: ignore[arg-type]
    assert len(set(names)) == 3
    assert len(list(kept.iterdir())) == 4


def test_labels_that_a_report_may_have_without_listing_them_did_not_go(report: Any, tmp_path: Path) -> None:
    """The 200 most frequent of 220 labels are listed, and which these are turns on one record more or less."""
    names = [f"topic{number:03}" for number in range(220)]
    data = tmp_path / "d.jsonl"
    labelled(data, 11 * names + names[:200])
    (tmp_path / "old.json").write_text(json.dumps(report(data, "--isolated")))
    labelled(data, 11 * names + names[20:] + 150 * names[60:61])
    found = report(data, "--isolated", "--compare", tmp_path / "old.json")["comparison"]
    assert [delta["name"] for delta in found["labels"]] == ["topic060"]
    assert [round(found["labels"][0][when], 3) for when in ("before", "now")] == [0.458, 5.848]
    assert any("many labels" in note for note in found["notes"])


PREFERRED = {
    "input": {"messages": [{"role": "user", "content": "Hi?"}]},
    "preferred_output": [{"role": "assistant", "content": "Hello there"}],
    "non_preferred_output": [{"role": "assistant", "content": "Go"}],
}
GRADED = {"messages": [{"role": "user", "content": "Is 7 prime?"}], "answer": "yes"}
CUT_OFF = {
    "messages": [{"role": "user", "content": "Say it" + " again" * 66_000}, {"role": "assistant", "content": "It."}]
}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (CUT_OFF, "The cost leaves out 479 tokens beyond the limit, which are cut off."),
        (PREFERRED, "No price of tokens is known for training gpt-4o-mini-2024-07-18 with preferences at this target."),
        (GRADED, "No price of tokens is known for training gpt-4o-mini-2024-07-18 by reinforcement at this target."),
    ],
    ids=["cut off", "preferences", "reinforcement"],
)
def test_a_report_and_a_plan_name_the_same_cost(report: Any, tmp_path: Path, row: Any, says: str) -> None:
    (tmp_path / "d.jsonl").write_text(json.dumps(row) + "\n")
    flags = (tmp_path / "d.jsonl", "--isolated", "--model", "gpt-4o-mini")
    found = report(*flags)["totals"]["usd_per_epoch"]
    assert says in report(*flags, form="md")
    (planned,) = curator.plan_training(flags[0], model="gpt-4o-mini", isolated=True).plans
    price = planned.advice("cost", "usd_per_million_tokens")
    tokens = planned.advice("cost", "tokens_per_epoch")
    assert tokens is not None
    assert found == (price.value * tokens.value / 1e6 if price and price.value else None)


def test_data_that_no_rule_has_looked_into_are_not_called_ready(report: Any, tmp_path: Path) -> None:
    """The format `text` is recognised, and no more."""
    (tmp_path / "d.jsonl").write_text("".join(json.dumps({"text": f"Line {n}"}) + "\n" for n in range(60)))
    (alone,) = report(tmp_path / "d.jsonl", "--isolated")["verdicts"]
    assert (alone["outcome"], alone["warnings"]) == ("incomplete", 0)
    assert alone["sentence"] == "No verdict: what is inside 60 records was not checked."
    assert alone["why"] == "No rule reads the format text."
    few = chats(tmp_path / "few.jsonl", "a", "b", "c")
    (both,) = report(tmp_path / "d.jsonl", few, "--isolated", "--target", "generic")["verdicts"]
    assert both["sentence"] == "No verdict: what is inside 60 of 63 records was not checked."
    assert both["why"] == "No rule reads the format text. Found: DAT002 few-examples (1)."
    (tmp_path / "e.jsonl").write_text("{}\n" * 3)
    (unknown,) = report(tmp_path / "e.jsonl", "--isolated", "--ignore", "SCH005,DUP001")["verdicts"]
    assert unknown["why"] == "Their format is not known."


def test_figures_are_those_of_all_files_each_at_its_own_target(report: Any, tmp_path: Path) -> None:
    rows = [{"conversations": [{"from": "human", "value": f"Q{n}"}, {"from": "gpt", "value": ""}]} for n in range(9)]
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = (chats(tmp_path / "a.jsonl", *map(str, range(20))), tmp_path / "b.jsonl")
    found = report(*files, "--isolated")
    assert [verdict["target"] for verdict in found["verdicts"]] == ["openai", "generic"]
    assert (found["totals"]["errors"], found["totals"]["lines_with_errors"]) == (9, 9)
    assert found["totals"]["tokens"] is None
    assert found["totals"]["usd_per_epoch"] is None, "a part of the cost is not the cost"
    (tmp_path / "old.json").write_text(json.dumps(found))
    figures = report(*files, "--isolated", "--compare", tmp_path / "old.json")["comparison"]["figures"]
    assert {"name": "Errors", "before": 9, "now": 9} in figures
    assert "Errors 9 on 9 lines" in Page(report(*files, "--isolated", form="html")).says("verdict")
    whose = Page(report(files[1], "--isolated", "--target", "generic", "--target", "openai", form="html"))
    assert "Errors 9 on 9 lines for generic" in whose.says("verdict")


def test_a_comparison_says_where_the_earlier_report_is_for_another_model(report: Any, tmp_path: Path) -> None:
    data = chats(tmp_path / "d.jsonl", *map(str, range(20)))
    (tmp_path / "old.json").write_text(json.dumps(report(data, "--isolated")))
    compared = (data, "--isolated", "--compare", tmp_path / "old.json")
    assert report(*compared)["comparison"]["notes"] == []
    for told in (("--model", "gpt-3.5-turbo"), ("--target", "mistral")):
        assert "for other targets or models" in report(*compared, *told, form="md")


def test_earlier_reports_that_were_tampered_with_are_shown_as_text(report: Any, tmp_path: Path) -> None:
    data = labelled(tmp_path / "d.jsonl", ["yes"] * 30 + ["no"] * 30)
    old = report(data, "--isolated")
    old |= {"created": "\x1b\ud800\u202e\x00<script>", "content": "\x1b\ud800", "tool": "\u202e<script>"}
    old["totals"] |= {"records": 10**400, "tokens": -5}
    kept = tmp_path / "history"
    kept.mkdir()
    (kept / "old.json").write_text(json.dumps(old))
    (kept / "a\u202eb.json").write_text("{")
    text = report(data, "--isolated", "--history", kept, "--compare", kept / "old.json", form="html")
    assert_inert(text)
    assert not {"\x1b", "\u202e", "\x00"} & {*text}
    page = Page(text)
    markdown = report(data, "--isolated", "--compare", kept / "old.json", form="md")
    assert "curator ? wrote the earlier report" in markdown
    assert not {"\x1b", "\u202e", "\x00"} & {*markdown}
    assert "2 runs on 2 versions of the data" in page.says("history")
    assert "Records – 60" in page.says("changes"), "a count that cannot be one is not known"


# --- masking ------------------------------------------------------------------------------------


def test_secrets_and_personal_data_are_masked_in_every_form(report: Any, tmp_path: Path) -> None:
    own = ["bob@example.org", "sk-proj-abcdefghijklmnop1234", "4111 1111 1111 1111", "+49 30 1234567"]
    rows = [
        {"messages": [{"role": f"asistant {text}", "content": f"write to {text} now"}], f"key {text}": 1}
        for text in own * 5
    ]
    turns = (("system", f"Call {own[3]}"), ("user", "a"), ("assistant", own[0]))
    rows += [{"messages": [{"role": role, "content": text} for role, text in turns]}] * 30
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert report(tmp_path / "d.jsonl", "--isolated")["masked"].keys() >= {"e-mail", "secret", "card", "phone"}
    assert re.search(r"Masked in it: .*\bsecret \(\d+\)", report(tmp_path / "d.jsonl", "--isolated", form="html"))
    for form in ("html", "md", "json"):
        text = report(tmp_path / "d.jsonl", "--isolated", form=form)
        text = json.dumps(text, ensure_ascii=False) if form == "json" else text
        for secret in own:
            assert secret not in text, (form, secret)
        assert "⟨e-mail⟩" in text


def test_only_what_stands_in_the_report_counts_as_masked(report: Any, tmp_path: Path) -> None:
    """A sample is a part of its line: an address beyond it is neither shown nor masked."""
    texts = [f"Shop {n}? {'Here, there. ' * 40} jane{n}@example.org" for n in range(30)]
    data = chats(tmp_path / "d.jsonl", *texts, "Mail bob@example.org?", "Mail bob@example.org?")
    found = report(data, "--isolated", "--select", "DUP001")
    assert found["masked"] == {"e-mail": json.dumps(found).count("\\u27e8e-mail\\u27e9")} == {"e-mail": 2}
    chats(data, *texts, texts[0])
    assert report(data, "--isolated", "--select", "DUP001")["masked"] == {}


def test_what_a_habit_or_a_message_holds_of_a_secret_is_masked(report: Any, tmp_path: Path) -> None:
    rows = [
        {"prompt": f"Question {n} by {TOKEN}", "completion": f" Answer {n} of user{n}@support.example.org"}
        for n in range(60)
    ]
    rows[7] = {"prompt": f"Question {TOKEN}?", "completion": " Answer"}
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    value = report(tmp_path / "d.jsonl", "--isolated")
    habits = value["splits"][0]["habits"]
    assert [item["text"] for item in (*habits["separators"], habits["stop"])] == [" by ⟨secret⟩", "⟨e-mail⟩"]
    messages = [sample["message"] for rule in value["rules"] for sample in rule["samples"]]
    assert any("⟨secret⟩" in message for message in messages)
    for form in ("html", "md", "json"):
        text = str(report(tmp_path / "d.jsonl", "--isolated", form=form))
        for part in (TOKEN[-12:], TOKEN[60:72], "example.org"):
            assert part not in text, form


def test_secrets_in_names_of_files_are_masked(report: Any, tmp_path: Path) -> None:
    folder = tmp_path / "bob@example.org"
    folder.mkdir()
    data = chats(folder / "key-sk-proj-abcdefghijklmnop1234.jsonl", "a", "a")
    (tmp_path / "old.json").write_text(json.dumps(report(data, "--isolated")))
    (folder / "old.json").write_bytes((tmp_path / "old.json").read_bytes())
    for form in ("html", "md", "json"):
        text = str(
            report(data, folder / "gone.jsonl", "--isolated", "--compare", folder / "old.json", form=form, code=2)
        )
        assert "bob" not in text, form
        assert "abcdef" not in text, form
        assert "⟨e-mail⟩/" in text


# --- samples ------------------------------------------------------------------------------------


def test_a_sample_is_of_its_line_wherever_it_lies(report: Any, tmp_path: Path) -> None:
    """Also of a line that is longer than the steps in which line breaks are counted, and of the next one."""
    sizes = ((1, 400_000), (2, 9), (3, 200_000), (4, 9))
    rows = [
        {"messages": [{"content": f"{n}" * size, "role": "usr"}, {"role": "assistant", "content": "Yes"}]}
        for n, size in sizes
    ]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    rules = {rule["code"]: rule for rule in report(tmp_path / "d.jsonl", "--isolated")["rules"]}
    for sample in rules["SCH004"]["samples"]:
        assert sample["before"].endswith(f'{sample["line"]}", "role": '), sample["line"]
        assert sample["marked"] == '"usr"'


def test_a_sample_of_a_document_is_the_record_not_its_bracket(report: Any, tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"Is {n} é?"}, {"role": "assistant", "content": "Yes"}]}
        for n in (1, 2, 2)
    ]
    rows.append({"messages": [{"role": "user", "content": "x"}, {"role": "asistant", "content": "bob@example.org"}]})
    (tmp_path / "d.json").write_text(json.dumps(rows, indent=2, ensure_ascii=False), encoding="utf-8")
    rules = {rule["code"]: rule for rule in report(tmp_path / "d.json", "--isolated")["rules"]}
    (copy,) = rules["DUP001"]["samples"]
    assert copy["before"] == (
        '{ "messages": [ { "role": "user", "content": "Is 2 é?" }, { "role": "assistant", "content": "Yes" } ] }'
    )
    assert copy["marked"] == copy["after"] == ""
    (role,) = rules["SCH004"]["samples"]
    assert role["before"].endswith('"content": "x" }, { "role": '), role
    assert (role["marked"], role["after"]) == ('"asistant"', ', "content": "⟨e-mail⟩" } ] } ]')
