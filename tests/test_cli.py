"""The command line as people use it: flags, exit codes, outputs, files and folders."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from curator.cli.main import group, main

GOOD = (
    '{"messages": [{"role": "user", "content": "What is %d and 1?"}, {"role": "assistant", "content": "It is %d."}]}\n'
)
CLEAN = "".join(GOOD % (n, n + 1) for n in range(60))
EMPTY = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]}\n'
BLANK = "\n"

Run = Callable[..., Result]


def codes(result: Result) -> list[str]:
    return [finding["code"] for finding in json.loads(result.stdout)["findings"]]


@pytest.mark.parametrize(
    ("data", "flags", "code"),
    [
        (CLEAN, [], 0),
        (CLEAN + EMPTY, [], 1),
        (CLEAN + BLANK, [], 0),
        (CLEAN + BLANK, ["--fail-on", "warning"], 1),
        (CLEAN + BLANK, ["--fail-on", "info"], 1),
        (CLEAN + EMPTY, ["--fail-on", "never"], 0),
        (CLEAN + EMPTY, ["--exit-zero"], 0),
        (CLEAN + EMPTY, ["--ignore", "MSG006"], 0),
        (CLEAN + EMPTY, ["--ignore", "empty-content"], 0),
        (CLEAN + EMPTY, ["--ignore", "chat"], 0),
        (CLEAN + EMPTY, ["--select", "FIL,JSN"], 0),
        (CLEAN + EMPTY, ["--select", "FIL", "--extend-select", "MSG"], 1),
        (CLEAN + EMPTY, ["--severity", "MSG006=warning"], 0),
        (CLEAN + BLANK, ["--severity", "blank-line=error"], 1),
        ("", [], 1),
    ],
)
def test_exit_codes(run: Run, data: str, flags: list[str], code: int, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(data)
    done = subprocess.run(
        [sys.executable, "-m", "curator.cli.main", "check", "t.jsonl", *flags],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "--selct", "X"], "No such option"),
        (["chek"], "no such command 'chek'; did you mean 'check'?"),
        (["check", "t.jsonl", "--select", "SEPP02"], "unknown rule 'SEPP02'; did you mean 'SEP002'?"),
        (["check", "t.jsonl", "--severity", "SEP002=fatal"], "RULE=error"),
        (["check", "t.jsonl", "--target", "opnai"], "unknown target 'opnai'"),
        (["check", "t.jsonl", "--config", "gone.toml"], "no such settings file"),
        (["check", "gone.jsonl"], "gone.jsonl: no such file"),
        (["check", "t.jsonl", "-o", "no/such/folder.json"], "folder.json: not written: No such file"),
        (["rule"], "or give --all"),
        (["rule", "NOP001"], "unknown rule 'NOP001'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.jsonl").write_text(CLEAN)
    monkeypatch.setattr(sys, "argv", ["pytest", "-v"])  # a program that calls us has arguments of its own
    assert main(arguments) == 2
    said = capfd.readouterr().err
    assert says in said
    assert "Traceback" not in said


def test_two_wins_over_exit_zero_and_the_json_stays_valid(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(CLEAN + EMPTY)
    result = run("check", "t.jsonl", "gone.jsonl", "--exit-zero", "--output-format", "json")
    assert result.return_value == 2 or result.exit_code == 2
    report = json.loads(result.stdout)
    assert [error["path"] for error in report["errors"]] == ["gone.jsonl"]
    assert report["summary"]["by_code"] == {"MSG006": 1}


def test_folders_are_searched_as_git_would(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in (
        "a.jsonl", "b.ndjson", "c.jsonl.gz", "d.json", "e.txt", "ignored.jsonl", "deep/f.jsonl", "deep/out/g.jsonl",
        "archive/h.jsonl", ".curator/i.jsonl", "j.removed.jsonl", ".curator-suppressions.jsonl", "deep/keep/k.jsonl",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(gzip.compress(CLEAN.encode()) if name.endswith(".gz") else CLEAN.encode())
    (tmp_path / ".gitignore").write_text("ignored.jsonl\nout/\n")
    (tmp_path / "deep" / ".gitignore").write_text("keep/*\n!keep/k.jsonl\n")
    (tmp_path / "curator.toml").write_text('exclude = ["archive/"]\n')
    shown = run("check", "--show-files").stdout.split()
    assert shown == ["a.jsonl", "b.ndjson", "c.jsonl.gz", "deep/f.jsonl", "deep/keep/k.jsonl"]
    assert run("check", "deep", "--show-files").stdout.split() == ["deep/f.jsonl", "deep/keep/k.jsonl"]
    assert run("check", "archive/h.jsonl", "--show-files").stdout.split() == ["archive/h.jsonl"], "named: not excluded"
    assert run("check", "archive/h.jsonl", "--show-files", "--force-exclude").stdout.split() == []
    assert run("check", ".", "--exclude", "*.ndjson,deep", "--show-files").stdout.split() == ["a.jsonl", "c.jsonl.gz"]


def test_datasets_of_the_settings(run: Run, tmp_path: Path) -> None:
    row = '{"prompt": "Text %d ->", "completion": " %s"}\n'
    rows = [row % (n, ("yes", "no")[n % 2]) for n in range(40)]
    (tmp_path / "train.jsonl").write_text("".join(rows))
    (tmp_path / "valid.jsonl").write_text("".join([rows[3], *(row % (n, ("yes", "no")[n % 2]) for n in range(50, 80))]))
    (tmp_path / "curator.toml").write_text('[datasets.d]\ntrain = "train.jsonl"\nvalidation = "valid.jsonl"\n')
    (tmp_path / "below").mkdir()
    whole = json.loads(run("check", "--output-format", "json").stdout)
    assert [(item["dataset"], item["split"]) for item in whole["inputs"]] == [("d", "train"), ("d", "validation")]
    (leak,) = [finding for finding in whole["findings"] if finding["code"] == "SPL001"]
    assert (leak["path"], leak["line"], leak["split"]) == ("valid.jsonl", 1, "validation")
    assert leak["related"] == [{"path": "train.jsonl", "line": 4, "pointer": ""}]
    assert not [note for note in whole["not_checked"] if "leaks" in note["what"]]
    alone = json.loads(run("check", "valid.jsonl", "--output-format", "json").stdout)
    assert [(item["dataset"], item["split"]) for item in alone["inputs"]] == [("d", "validation")]
    assert [note["why"] for note in alone["not_checked"] if "leaks" in note["what"]] == [
        "its train split was not part of this run"
    ]
    both = json.loads(run("check", "valid.jsonl", "train.jsonl", "--output-format", "json").stdout)
    assert both["findings"] == whole["findings"]


def test_the_nearest_settings_hold_and_flags_go_before_them(run: Run, tmp_path: Path) -> None:
    for folder, toml in (("", 'ignore = ["MSG006"]\n'), ("inner", 'severity = { MSG006 = "info" }\n')):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "t.jsonl").write_text(CLEAN + EMPTY)
        (tmp_path / folder / "curator.toml").write_text(toml)
    report = json.loads(run("check", "t.jsonl", "inner/t.jsonl", "--output-format", "json").stdout)
    assert [(f["path"], f["severity"]) for f in report["findings"]] == [("inner/t.jsonl", "info")]
    assert codes(run("check", "t.jsonl", "--isolated", "--output-format", "json")) == ["MSG006"]
    severities = run("check", "inner/t.jsonl", "--severity", "MSG006=error", "--output-format", "json")
    assert json.loads(severities.stdout)["summary"]["error"] == 1
    (tmp_path / "inner" / "curator.toml").write_text('extends = "../curator.toml"\n')
    assert codes(run("check", "inner/t.jsonl", "--output-format", "json")) == []
    (tmp_path / "inner" / "curator.toml").unlink()
    (tmp_path / "inner" / "pyproject.toml").write_text('[tool.curator]\nignore = ["SEP"]\n')
    assert codes(run("check", "inner/t.jsonl", "--output-format", "json")) == ["MSG006"]


def test_per_file_ignores(run: Run, tmp_path: Path) -> None:
    (tmp_path / "legacy").mkdir()
    for path in ("t.jsonl", "legacy/t.jsonl"):
        (tmp_path / path).write_text(CLEAN + EMPTY + EMPTY)
    (tmp_path / "curator.toml").write_text('[per-file-ignores]\n"legacy/*.jsonl" = ["MSG", "DUP001"]\n')
    report = json.loads(run("check", "t.jsonl", "legacy/t.jsonl", "--output-format", "json").stdout)
    assert [(f["path"], f["code"]) for f in report["findings"]] == [
        ("t.jsonl", "MSG006"), ("t.jsonl", "DUP001"), ("t.jsonl", "MSG006"),
    ]  # fmt: skip


def test_standard_input(run: Run) -> None:
    result = run("check", "-", "--stdin-filename", "data/in.jsonl", "--output-format", "json", input=CLEAN + EMPTY)
    (finding,) = json.loads(result.stdout)["findings"]
    assert (finding["path"], finding["line"]) == ("data/in.jsonl", 61)
    assert "<stdin>:61:" in run("check", "-", input=CLEAN + EMPTY).stdout


def test_token_stats_are_exact(run: Run, tmp_path: Path) -> None:
    from curator.tokens import Tokenizer

    (tmp_path / "t.jsonl").write_text(CLEAN)
    assert json.loads(run("check", "t.jsonl", "--output-format", "json").stdout)["inputs"][0]["tokens"] is None
    report = json.loads(run("check", "t.jsonl", "--token-stats", "--output-format", "json").stdout)
    counter = Tokenizer("o200k_base")
    sizes = sorted(
        3 + sum(3 + counter.count(m["role"]) + counter.count(m["content"]) for m in json.loads(line)["messages"])
        for line in CLEAN.splitlines()
    )
    expected = {"total": sum(sizes), "max": sizes[-1], "p50": sizes[5], "p95": sizes[11]}
    assert report["inputs"][0]["tokens"] == expected
    assert f"{sum(sizes):,} in all" in run("check", "t.jsonl", "--token-stats").stdout


def test_no_tokenizer_is_not_checked_and_never_an_estimate(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(CLEAN)
    report = json.loads(
        run("check", "t.jsonl", "--model", "llama-9", "--token-stats", "--output-format", "json").stdout
    )
    assert report["inputs"][0]["tokens"] is None
    assert any("no tokenizer is known for the model llama-9" in note["why"] for note in report["not_checked"])


def test_images_are_said_to_be_unchecked_where_there_are_some(run: Run, tmp_path: Path) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/1.png"}}
    asked = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]}
    shown = json.dumps({"messages": [asked, {"role": "assistant", "content": "A boat."}]})
    (tmp_path / "plain.jsonl").write_text(CLEAN)
    (tmp_path / "shown.jsonl").write_text(CLEAN + shown + "\n")
    report = json.loads(run("check", "plain.jsonl", "shown.jsonl", "--output-format", "json").stdout)
    assert [note["what"] for note in report["not_checked"] if "images" in note["what"]] == ["images of shown.jsonl"]
    assert "not checked: images: no rule looks at their number" in run("check", "shown.jsonl").stdout
    assert "images" not in run("check", "plain.jsonl").stdout


def test_near_copies_between_splits_are_said_to_be_unchecked(run: Run, tmp_path: Path) -> None:
    for name in ("train", "validation"):
        (tmp_path / f"{name}.jsonl").write_text(CLEAN.replace("What", name))
    (tmp_path / "curator.toml").write_text('[datasets.d]\ntrain = "train.jsonl"\nvalidation = "validation.jsonl"\n')
    said = "not checked: near copies between the splits"
    assert run("check").stdout.count(said) == 1
    assert said not in run("check", "train.jsonl", "--isolated").stdout


@pytest.mark.parametrize(
    ("target", "model", "meant"),
    [("openai", "gpt-4o-mni", "gpt-4o-mini"), ("openai", "llama-9", ""), ("bedrock-claude", "claude-3-haiku", "")],
)
def test_a_name_close_to_a_known_model_is_named_and_a_known_one_is_not(
    run: Run, tmp_path: Path, target: str, model: str, meant: str
) -> None:
    (tmp_path / "t.jsonl").write_text(CLEAN)
    said = run("check", "t.jsonl", "--target", target, "--model", model).stdout.splitlines()
    why = next(line for line in said if "no tokenizer is known for the model" in line)
    assert (f"did you mean '{meant}'?" in why) if meant else ("did you mean" not in why)


def test_models_and_targets_choose_the_limit(run: Run, tmp_path: Path) -> None:
    def answer(words: int) -> str:
        return json.dumps(
            {"messages": [{"role": "user", "content": "Go"}, {"role": "assistant", "content": "word " * words}]}
        )

    (tmp_path / "t.jsonl").write_text(CLEAN + answer(5000) + "\n")
    check = ["check", "t.jsonl", "--output-format", "json"]
    assert codes(run(*check)) == []
    cut = json.loads(run(*check, "--model", "gpt-3.5-turbo-0613").stdout)["findings"]
    assert [(f["code"], f["severity"], f["values"]["limit"]) for f in cut] == [("TOK002", "error", 4096)]
    assert cut[0]["values"]["lost"] == cut[0]["values"]["tokens"] - 3 - 4096
    azure = json.loads(run(*check, "--target", "azure", "--model", "gpt-3.5-turbo-0125").stdout)
    assert azure["inputs"][0]["target"] == "azure"
    generic = json.loads(run(*check, "--target", "generic").stdout)
    assert generic["inputs"][0]["model"] is None
    assert any("TOK001" in note["what"] for note in generic["not_checked"])
    fine = json.loads(run(*check, "--model", "ft:gpt-4o-mini-2024-07-18:acme::x1").stdout)
    assert fine["inputs"][0]["model"] == "gpt-4o-mini-2024-07-18"


def test_the_default_model_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(CLEAN)
    assert "gpt-4o-mini-2024-07-18 (default model)" in run("check", "t.jsonl").stdout
    assert "(default model)" not in run("check", "t.jsonl", "--model", "gpt-4o").stdout


def test_rule_and_config_and_version(run: Run, tmp_path: Path) -> None:
    assert run("rule", "SEP002").stdout == run("rule", "inconsistent-separator").stdout
    assert "seed 002" in run("rule", "SEP002").stdout
    assert json.loads(run("rule", "SEP002", "--output-format", "json").stdout)["name"] == "inconsistent-separator"
    assert run("version").stdout.startswith("curator 0.1.0 (Python 3.")
    (tmp_path / "curator.toml").write_text('target = "azure"\n[params.SEP002]\nsettled = 0.9\n')
    shown = run("config").stdout
    assert str(tmp_path / "curator.toml") in shown
    assert 'target = "azure"  # set' in shown
    assert 'params."SEP002" = { "settled" = 0.9 }  # set' in shown
    assert "these are the defaults" in run("config", "--isolated").stdout


def test_parameters_of_the_settings_reach_the_check(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(CLEAN)
    (tmp_path / "curator.toml").write_text("[params.TOK001]\nlimit = 12\n[params.answer-cut]\nlimit = 12\n")
    assert set(codes(run("check", "t.jsonl", "--output-format", "json"))) == {"TOK002"}


def test_colour_only_where_it_is_wanted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(CLEAN + EMPTY)
    assert "\x1b[" not in run("check", "t.jsonl").stdout
    assert "\x1b[" in run("check", "t.jsonl", "--color", "always").output


def test_quiet_and_verbose(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(CLEAN + EMPTY)
    assert len(run("check", "t.jsonl", "--quiet").stdout.splitlines()) == 1
    assert "settings: no settings file" in run("check", "t.jsonl", "--verbose").stderr


@pytest.mark.parametrize("name", ["check", "convert", "dedupe", "diff", "split", "undo"])
def test_what_the_message_of_a_bug_advises_can_be_done(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert "-v" in [option for parameter in command.params for option in parameter.opts]


def test_hostile_text_never_reaches_the_terminal_raw(run: Run, tmp_path: Path) -> None:
    evil = "\x1b[2J\u202e\u0007"
    rows = CLEAN + json.dumps(
        {"messages": [{"role": f"user{evil}", "content": "x"}, {"role": "assistant", "content": "y"}]}
    )
    (tmp_path / "evil\x1b[2J.jsonl").write_text(rows + "\n")
    for style in ("concise", "full", "grouped"):
        shown = run("check", "evil\x1b[2J.jsonl", "--output-format", style).stdout
        assert not set(shown) & set("\x1b\u202e\x07"), style
