"""`curator init`: what it proposes, and that what it writes is a settings file whatever is switched on."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
import zstandard
from click.testing import Result

from curator import proposal, settings
from curator.cli import init
from curator.errors import CuratorError

CHAT = '{"messages": [{"role": "user", "content": "%d"}, {"role": "assistant", "content": "It is %d."}]}\n'
COMPLETION = '{"prompt": "Is %d odd? ->", "completion": " %s"}\n'
CHATS = "".join(CHAT % (n, n) for n in range(12))
COMPLETIONS = "".join(COMPLETION % (n, ("no", "yes")[n % 2]) for n in range(40))
SHAREGPT = '{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}\n'

Run = Callable[..., Result]


def switched_on(text: str) -> str:
    """The file with every setting that it shows."""
    return re.sub(r"(?m)^#(?=[^ #\n])", "", text)


def test_what_is_written_loads_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "intents.train.jsonl").write_text(COMPLETIONS)
    (tmp_path / "intents.valid.jsonl").write_text(COMPLETIONS)
    assert run("init").exit_code == 0
    found = settings.load(str(tmp_path / "curator.toml"))
    assert found.target == "openai"
    assert list(found.datasets) == ["intents"]
    assert found.datasets["intents"].files("validation") == (str(tmp_path / "intents.valid.jsonl"),)


@pytest.mark.parametrize("names", [[], ["intents.train.jsonl"]])
def test_every_line_can_be_switched_on_and_shows_the_default(run: Run, tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text(CHATS)
    run("init")
    text = (tmp_path / "curator.toml").read_text()
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "curator.toml").write_text(switched_on(text))
    found, default = settings.load(str(tmp_path / "all" / "curator.toml")), settings.Settings()
    own = {field.name for field in fields(settings.Settings)} - {"root", "source"}
    # What has no default that could be written, or is a table, shows an example.
    examples = {name for name in own if not getattr(default, name) and getattr(default, name) != ()}
    for name in own:
        if name in examples:
            assert getattr(found, name), f"{name} shows no example"
        elif not (name == "target" and names):
            assert getattr(found, name) == getattr(default, name), f"{name} does not show its default"


def test_no_setting_is_missing_and_each_is_explained(run: Run, tmp_path: Path) -> None:
    run("init")
    lines = (tmp_path / "curator.toml").read_text().splitlines()
    for field in fields(settings.Settings):
        if field.name not in ("root", "source"):
            shown = re.compile(rf"#(\[{settings.option(field.name)}[.\]]|{settings.option(field.name)} = )")
            (at,) = [number for number, line in enumerate(lines) if shown.match(line)]
            assert lines[at - 1].startswith("# "), field.name
    for field in fields(settings.DatasetSettings):
        assert any(line.startswith(f"#{field.name} = ") for line in lines), f"a dataset's {field.name} is missing"
    assert max(map(len, lines)) <= 120


def test_the_examples_name_rules_that_there_are(run: Run, tmp_path: Path) -> None:
    run("init")
    text = (tmp_path / "curator.toml").read_text().split("#[datasets")[0]
    (tmp_path / "curator.toml").write_text(switched_on(text))
    (tmp_path / "train.jsonl").write_text(CHATS)
    result = run("check", "train.jsonl")
    assert result.exit_code in (0, 1), result.output


def test_a_file_that_is_there_is_left_alone(tmp_path: Path, run: Run) -> None:
    (tmp_path / "curator.toml").write_text("# mine\n")
    refused = run("init")
    assert isinstance(refused.exception, CuratorError)
    assert str(refused.exception) == "curator.toml: is there already; --force writes over it"
    assert (tmp_path / "curator.toml").read_text() == "# mine\n"
    assert run("init", "--force").exit_code == 0
    assert "fail-on" in (tmp_path / "curator.toml").read_text()


def test_settings_that_would_be_hidden_are_named(tmp_path: Path, run: Run) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.curator]\nignore = ["SEP"]\n')
    assert "has [tool.curator], which a curator.toml would replace" in str(run("init").exception)
    assert not (tmp_path / "curator.toml").exists()
    (tmp_path / "below").mkdir()
    assert f"which replaces {tmp_path / 'pyproject.toml'} for this folder" in run("init", "below").stdout
    assert "no such folder" in str(run("init", "gone").exception)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["x.train.jsonl", "x.valid.jsonl"], {"x": {"train": ["x.train.jsonl"], "validation": ["x.valid.jsonl"]}}),
        (
            ["train.jsonl", "validation.jsonl", "test.jsonl.gz"],
            {"home": {"train": ["train.jsonl"], "validation": ["validation.jsonl"], "test": ["test.jsonl.gz"]}},
        ),
        (
            ["x_train.jsonl", "x_val.jsonl", "y-train-v2.jsonl", "y-dev-v2.jsonl", "z.ndjson"],
            {
                "x": {"train": ["x_train.jsonl"], "validation": ["x_val.jsonl"]},
                "y-v2": {"train": ["y-train-v2.jsonl"], "validation": ["y-dev-v2.jsonl"]},
                "z": {"train": ["z.ndjson"]},
            },
        ),
        (
            ["training_data.jsonl", "Validation_data.JSONL"],
            {"data": {"train": ["training_data.jsonl"], "validation": ["Validation_data.JSONL"]}},
        ),
        # The file without a split is the training data, unless another is.
        (["x.jsonl", "x.test.jsonl"], {"x": {"train": ["x.jsonl"], "test": ["x.test.jsonl"]}}),
        (
            ["x.jsonl", "x.train.jsonl", "x.test.jsonl"],
            {"x": {"train": ["x.train.jsonl"], "test": ["x.test.jsonl"]}, "x-2": {"train": ["x.jsonl"]}},
        ),
        # The same names in two folders are two datasets.
        (["a/train.jsonl", "b/train.jsonl"], {"a": {"train": ["a/train.jsonl"]}, "b": {"train": ["b/train.jsonl"]}}),
        (
            ["a/x.train.jsonl", "b/x.train.jsonl"],
            {"x": {"train": ["a/x.train.jsonl"]}, "b-x": {"train": ["b/x.train.jsonl"]}},
        ),
        # Folders as splits.
        (
            ["d/train/part-0.jsonl", "d/train/part-1.jsonl", "d/valid/part-0.jsonl"],
            {"d": {"train": ["d/train/part-0.jsonl", "d/train/part-1.jsonl"], "validation": ["d/valid/part-0.jsonl"]}},
        ),
        (
            ["train/a.jsonl", "train/b.jsonl", "valid/a.jsonl", "valid/c.jsonl"],
            {
                "home": {"train": ["train/b.jsonl"], "validation": ["valid/c.jsonl"]},
                "a": {"train": ["train/a.jsonl"], "validation": ["valid/a.jsonl"]},
            },
        ),
        # Numbered parts.
        (
            ["train-00000-of-00002.jsonl.zst", "train-00001-of-00002.jsonl.zst", "test-00000-of-00001.jsonl"],
            {
                "home": {
                    "train": ["train-00000-of-00002.jsonl.zst", "train-00001-of-00002.jsonl.zst"],
                    "test": ["test-00000-of-00001.jsonl"],
                }
            },
        ),
        (
            ["chats-2025.jsonl", "chats-2026.jsonl"],
            {f"chats-{n}": {"train": [f"chats-{n}.jsonl"]} for n in (2025, 2026)},
        ),
        # A word inside a word says nothing.
        (["trainers.jsonl", "latest.jsonl"], {name: {"train": [f"{name}.jsonl"]} for name in ("latest", "trainers")}),
    ],
)
def test_names_say_what_belongs_together(files: list[str], expected: dict[str, dict[str, list[str]]]) -> None:
    found = {
        made.name: {split: list(paths) for split, paths in made.splits.items()}
        for made in proposal.propose(files, "home")
    }
    assert found == expected
    listed = [path for splits in found.values() for paths in splits.values() for path in paths]
    assert sorted(listed) == sorted(files), "each file is in one dataset"


def test_proposed_datasets_are_checked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.train.jsonl.gz").write_bytes(gzip.compress(CHATS.encode()))
    (tmp_path / "data" / "x.valid.jsonl").write_text("".join(CHAT % (n, n) for n in range(20, 30)))
    (tmp_path / "tools.jsonl").write_text(CHATS)
    result = run("init")
    assert "dataset x, openai-chat" in result.stdout
    assert "validation data/x.valid.jsonl" in result.stdout
    assert run("check", "--show-files").stdout.split() == ["tools.jsonl", "data/x.train.jsonl.gz", "data/x.valid.jsonl"]
    assert run("check").exit_code == 0


@pytest.mark.parametrize(
    ("contents", "target"),
    [
        ([CHATS], 'target = "openai"'),
        ([CHATS, COMPLETIONS], 'target = "openai"'),
        ([SHAREGPT], 'target = "generic"'),
        ([CHATS, SHAREGPT], '#target = "auto"'),
        (["no JSON\n"], '#target = "auto"'),
    ],
)
def test_the_target_goes_by_the_data(run: Run, tmp_path: Path, contents: list[str], target: str) -> None:
    for number, content in enumerate(contents):
        (tmp_path / f"set-{number}.jsonl").write_text(content)
    run("init")
    assert target in (tmp_path / "curator.toml").read_text().splitlines()


def test_a_glance_at_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content, expected in (
        (CHATS.encode(), "openai-chat"),
        (b"\xef\xbb\xbf" + CHATS.encode(), "openai-chat"),
        (gzip.compress(COMPLETIONS.encode()), "openai-completion"),
        (zstandard.compress(SHAREGPT.encode()), "sharegpt"),
        (b"", ""),
        (b"[]\n1\n{}\n", ""),
        (gzip.compress(CHATS.encode())[:20], ""),
        (b"\x28\xb5\x2f\xfd broken", ""),
        (CHATS.encode("utf-16"), ""),
    ):
        path.write_bytes(content)
        assert proposal.glance(str(path)) == expected
    assert proposal.glance(str(tmp_path / "gone")) == ""


def test_a_dataset_without_a_name_is_called_like_its_folder(run: Run, tmp_path: Path) -> None:
    for folder, name in (("intents", "intents"), ("caf\udce9", "data")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.jsonl").write_text(CHATS)
        assert run("init", folder).exit_code == 0
        assert list(settings.load(str(tmp_path / folder / "curator.toml")).datasets) == [name]
    (tmp_path / "intents" / "below").mkdir()
    (tmp_path / "intents" / "curator.toml").unlink()
    assert "dataset intents, openai-chat" in run("init", "intents/below/..").stdout


def test_what_is_left_out_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(CHATS)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(CHATS.encode()))
    (tmp_path / "b.json").write_text("[]")
    result = run("init")
    assert "note: a.jsonl.gz was left out: it stands there unpacked, too" in result.stderr
    assert ".json files were passed over (such as b.json)" in result.stderr
    assert settings.load(str(tmp_path / "curator.toml")).datasets["a"].files("train") == (str(tmp_path / "a.jsonl"),)


def test_a_folder_without_data_still_gets_its_file(run: Run, tmp_path: Path) -> None:
    result = run("init")
    assert "no data files were found" in result.stdout
    assert not settings.load(str(tmp_path / "curator.toml")).datasets


def test_hostile_names_of_files(run: Run, tmp_path: Path) -> None:
    names = [
        'quote".train.jsonl',
        "back\\slash.jsonl",
        "new\nline\n[datasets.evil].jsonl",
        "es\x1b[2Jc.jsonl",
        "bi\u202edi.jsonl",
    ]
    for name in names:
        (tmp_path / name).write_text(CHATS)
    (tmp_path / "caf\udce9.jsonl").write_text(CHATS)
    result = run("init")
    assert result.exit_code == 0
    assert not set(result.output) & set("\x1b\u202e")
    assert "was left out: its name is not UTF-8" in result.stderr
    text = (tmp_path / "curator.toml").read_text()
    assert not set(text) & set("\x1b\u202e")
    found = settings.load(str(tmp_path / "curator.toml"))
    assert {dataset.files("train") for dataset in found.datasets.values()} == {
        (str(tmp_path / name),) for name in names
    }
    assert run("check").exit_code == 0


def test_both_snippets_are_what_the_hooks_do() -> None:
    yaml = pytest.importorskip("yaml", reason="comes with pre-commit")
    root = Path(__file__).parent.parent
    hooks = {hook["id"]: hook for hook in yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())}
    (remote,) = yaml.safe_load(init.HOOK)["repos"]
    assert [hook["id"] for hook in remote["hooks"]] == ["curator-check"]
    for name in re.findall(r"id: ([a-z-]+)", init.HOOK):
        assert name in hooks
    (local,) = yaml.safe_load(init.LOCAL_HOOK)["repos"]
    (hook,) = local["hooks"]
    assert {key: hook[key] for key in ("entry", "files", "require_serial")} == {
        key: hooks["curator-check"][key] for key in ("entry", "files", "require_serial")
    }
