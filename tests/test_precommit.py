"""The hooks, run by the real pre-commit in scratch repositories, from this checkout as it is now."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.skipif(find_spec("pre_commit") is None, reason="pre-commit is not installed"),
    pytest.mark.xdist_group("pre-commit"),  # one environment for all, which nobody changes while another looks at it
]

ROOT = Path(__file__).parent.parent
CHAT = '{"messages": [{"role": "user", "content": "%d"}, {"role": "assistant", "content": "It is %d."}]}\n'
CLEAN = "".join(CHAT % (n, n) for n in range(60))
OTHERS = "".join(CHAT % (n, n) for n in range(100, 160))
EMPTY = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]}\n'
COLUMN = EMPTY.index('""') + 1
AT = f"61:{COLUMN}"  # after the sixty of CLEAN
FINDING = "MSG006 empty-content"


@dataclass(frozen=True)
class Done:
    """How a command ended, and all that it wrote."""

    code: int
    output: str


@dataclass(frozen=True)
class Hooks:
    """The repository that the hooks come from, and the environment that pre-commit runs in."""

    url: Path
    environment: Mapping[str, str]

    def run(self, *command: str, cwd: Path, code: int | None = 0) -> Done:
        done = subprocess.run(
            command, cwd=cwd, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert code in (None, done.returncode), done.stdout
        return Done(done.returncode, done.stdout)


@pytest.fixture(scope="session")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Hooks:
    """This checkout, committed elsewhere with all that is not committed here."""
    shared = tmp_path_factory.mktemp("hooks")
    # What git and pre-commit are told by whoever runs the tests (a hook, say) is not for the scratch repositories.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    for name in ("SKIP", "PYTHONPATH"):
        kept.pop(name, None)
    url = shared / "curator"
    found = Hooks(
        url,
        {
            **kept,
            "PRE_COMMIT_HOME": str(shared / "pre-commit"),
            "PIP_CONSTRAINT": (ROOT / "constraints.txt").as_uri(),  # as an address, because pip splits at spaces
            "PIP_RETRIES": "10",
            "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
            "VIRTUALENV_OVERRIDE_APP_DATA": str(shared / "virtualenv"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "tests" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "tests@example.invalid" for who in ("AUTHOR", "COMMITTER")},
        },
    )
    found.run("git", "init", "--quiet", str(url), cwd=shared)
    here = ("git", "--git-dir", str(url / ".git"), "--work-tree", str(ROOT))
    found.run(*here, "add", "--all", cwd=ROOT)
    found.run(*here, "commit", "--quiet", "--message", "as it is now", cwd=ROOT)
    found.run(*here, "tag", "v0.1.0", cwd=ROOT)
    return found


@dataclass(frozen=True)
class Scratch:
    """A repository with data that uses the hooks."""

    path: Path
    hooks: Hooks

    def use(self, *ids: str, more: str = "") -> None:
        lines = "".join(f"      - id: {name}\n{more}" for name in ids)
        (self.path / ".pre-commit-config.yaml").write_text(
            f"repos:\n  - repo: {self.hooks.url}\n    rev: v0.1.0\n    hooks:\n{lines}"
        )

    def stage(self, **files: str | bytes) -> None:
        """Write and add files, their names with `__` for a slash and without `.jsonl`, unless they have a dot."""
        for name, content in files.items():
            path = self.path / (name.replace("__", "/") if "." in name else f"{name.replace('__', '/')}.jsonl")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "--all")

    def git(self, *arguments: str, code: int | None = 0) -> Done:
        return self.hooks.run("git", *arguments, cwd=self.path, code=code)

    def pre_commit(self, *arguments: str, code: int | None = None) -> Done:
        return self.hooks.run(sys.executable, "-m", "pre_commit", *arguments, cwd=self.path, code=code)


@pytest.fixture
def scratch(hooks: Hooks, tmp_path: Path) -> Scratch:
    made = Scratch(tmp_path / "repository", hooks)
    made.path.mkdir()
    made.git("init", "--quiet")
    return made


def environments(hooks: Hooks) -> list[Path]:
    return list(Path(hooks.environment["PRE_COMMIT_HOME"]).glob("repo*/py_env-*"))


def test_a_commit_is_blocked_by_a_defect_and_goes_through_without(scratch: Scratch) -> None:
    scratch.use("curator-check")
    scratch.pre_commit("install", code=0)
    scratch.stage(train=CLEAN + EMPTY)
    refused = scratch.git("commit", "--message", "data", code=1)
    assert f"train.jsonl:{AT}: {FINDING}" in refused.output
    assert "exit code: 1" in refused.output
    # What is committed is judged, not what lies in the folder: the mend is not staged yet.
    (scratch.path / "train.jsonl").write_text(CLEAN)
    assert FINDING in scratch.git("commit", "--message", "data", code=1).output
    scratch.stage()
    passed = scratch.git("commit", "--message", "data")
    assert "Passed" in passed.output
    assert "records" not in passed.output, "nothing is said of what is in order"
    (scratch.path / "README.md").write_text("no data")
    scratch.stage()
    assert "(no files to check)Skipped" in scratch.git("commit", "--message", "text").output


def test_the_environment_is_small(scratch: Scratch) -> None:
    scratch.use("curator-check")
    scratch.pre_commit("install-hooks", code=0)
    (environment,) = environments(scratch.hooks)
    size = sum(path.lstat().st_size for path in environment.rglob("*") if not path.is_dir())
    assert size < 100_000_000
    (packages,) = environment.glob("lib/python*/site-packages")
    names = {path.name for path in packages.iterdir()}
    assert "curator" in names
    assert not names & {"numpy", "pandas", "streamlit", "great_expectations", "pytest"}


def test_several_files_are_checked_by_one_process(scratch: Scratch) -> None:
    scratch.use("curator-check", more="        verbose: true\n")
    packed = {"c.jsonl.gz": gzip.compress((OTHERS + EMPTY).encode()), "d.NDJSON": CLEAN + "\n"}
    scratch.stage(a=CLEAN, b=CLEAN + EMPTY, **packed)
    done = scratch.pre_commit("run", code=1)
    assert f"b.jsonl:{AT}: {FINDING}" in done.output
    assert f"c.jsonl.gz:{AT}: {FINDING}" in done.output
    assert "d.NDJSON:61:1: FIL004" in done.output
    assert done.output.count("Found 2 errors, 1 warning.") == 1
    mild = ["run", "--files", "a.jsonl", "d.NDJSON"]
    assert scratch.pre_commit(*mild).code == 0
    scratch.use("curator-check", more="        args: [--fail-on, warning]\n")
    assert scratch.pre_commit(*mild).code == 1


def test_what_is_excluded_and_the_files_of_the_tool_are_passed_over(scratch: Scratch) -> None:
    scratch.use("curator-check")
    own = {".curator-suppressions.jsonl": "", "train.removed.jsonl": EMPTY, ".curator/journal.jsonl": "[]\n"}
    scratch.stage(**own, archive__old=EMPTY, train=CLEAN, **{"curator.toml": 'exclude = ["archive/"]\n'})
    assert "Passed" in scratch.pre_commit("run", code=0).output
    assert "Passed" in scratch.pre_commit("run", "--files", *own, code=0).output


def test_a_file_is_checked_as_the_split_that_the_settings_make_it(scratch: Scratch) -> None:
    scratch.use("curator-check", more="        args: [--output-format, json]\n        verbose: true\n")
    toml = '[datasets.sums]\ntrain = "data/train.jsonl"\nvalidation = "data/valid.jsonl"\n'
    scratch.stage(data__train=CLEAN, data__valid=OTHERS, **{"curator.toml": toml})
    assert scratch.pre_commit("run", "--files", "data/valid.jsonl", code=0).output.count('"split":"validation"') == 1
    both = scratch.pre_commit("run", code=0).output
    assert both.count('"dataset":"sums"') == 2
    assert both.count('"split":"train"') == 1


def test_the_dataset_hook_compares_a_file_with_its_other_splits(scratch: Scratch) -> None:
    scratch.use("curator-check", "curator-dataset")
    toml = '[datasets.sums]\ntrain = "train.jsonl"\nvalidation = "valid.jsonl"\n'
    scratch.stage(train=CLEAN, valid=OTHERS, **{"curator.toml": toml})
    scratch.pre_commit("install", code=0)
    scratch.git("commit", "--message", "data")
    scratch.stage(valid=OTHERS + CHAT % (3, 3))
    refused = scratch.git("commit", "--message", "one more", code=1)
    assert "valid.jsonl:61:1: SPL001 [*] leaked-record" in refused.output
    assert "[see train.jsonl:4]" in refused.output
    assert "- hook id: curator-dataset\n- exit code: 1" in refused.output
    assert "hook id: curator-check" not in refused.output, "which cannot see the training data"
    scratch.stage(valid=OTHERS)
    scratch.git("commit", "--message", "nothing", code=1)
    scratch.stage(**{"curator.toml": toml.replace("valid.jsonl", "gone.jsonl")})
    settings = scratch.git("commit", "--message", "settings", code=1).output
    assert "error: gone.jsonl: no such file" in settings
    assert "- hook id: curator-dataset\n- exit code: 2" in settings


def test_the_dataset_hook_without_datasets_checks_every_data_file(scratch: Scratch) -> None:
    scratch.use("curator-dataset")
    below = '[datasets.sums]\ntrain = "train.jsonl"\nvalidation = "valid.jsonl"\n'
    scratch.stage(a=CLEAN, b=CLEAN + EMPTY, sums__train=CLEAN, sums__valid=OTHERS + CHAT % (3, 3))
    scratch.stage(**{"sums/curator.toml": below})
    done = scratch.pre_commit("run", "--files", "a.jsonl", code=1)
    assert f"b.jsonl:{AT}: {FINDING}" in done.output
    assert "sums/valid.jsonl:61:1: SPL001 [*] leaked-record" in done.output, "settings below hold where they are"
    assert "Skipped" in scratch.pre_commit("run", "--files", ".pre-commit-config.yaml", code=0).output


def test_a_terminal_gets_groups_and_no_progress_bar(scratch: Scratch) -> None:
    """With colours, pre-commit gives the hook a terminal of its own."""
    scratch.use("curator-check")
    scratch.stage(train="".join(CHAT % (n, n) for n in range(90_000)) + EMPTY)
    done = scratch.pre_commit("run", "--color", "always", code=1)
    assert (scratch.path / "train.jsonl").stat().st_size > 8 << 20, "large enough for a bar"
    assert "MSG006" in done.output
    assert "\x1b[" in done.output
    assert "checking" not in done.output
    assert "%|" not in done.output


def test_the_installed_command_as_a_local_hook(scratch: Scratch) -> None:
    from curator.cli import init

    (scratch.path / ".pre-commit-config.yaml").write_text(init.LOCAL_HOOK)
    scratch.stage(train=CLEAN + EMPTY)
    path = os.pathsep.join([str(Path(sys.executable).parent), scratch.hooks.environment["PATH"]])
    installed = Scratch(scratch.path, Hooks(scratch.hooks.url, {**scratch.hooks.environment, "PATH": path}))
    assert f"train.jsonl:{AT}: {FINDING}" in installed.pre_commit("run", code=1).output
