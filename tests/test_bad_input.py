"""Whatever a file holds or does: one clear line or a finding, the right exit code, the rest still checked."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE, until

GOOD = '{"messages": [{"role": "user", "content": "Hi %d"}, {"role": "assistant", "content": "Hello, number %d"}]}\n'
CLEAN = "".join(GOOD % (n, n) for n in range(12))


def run(*arguments: str, cwd: Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "curator.cli.main", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, check=False, timeout=PATIENCE, **options)


def check(cwd: Path, *arguments: str, code: int, **options: Any) -> dict[str, Any]:
    """The JSON report; whatever happened, it must be one."""
    done = run("check", "--isolated", "--output-format", "json", *arguments, cwd=cwd, **options)
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def codes(report: dict[str, Any]) -> list[tuple[int, str]]:
    """What is said of single lines; a dozen records that say the same draw remarks on the whole, too."""
    return [(finding["line"], finding["code"]) for finding in report["findings"] if finding["line"]]


def write(path: Path, *lines: str | bytes) -> Path:
    raw = [line.encode() if isinstance(line, str) else line for line in lines]
    path.write_bytes(CLEAN.encode() + b"".join(line + b"\n" for line in raw))
    return path


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("binary.jsonl", bytes(range(256)) * 9, "binary file"),
        ("wide.jsonl", "a,b\n1,2\n".encode("utf-16-be"), "seems to be in UTF-16BE"),
        ("table.jsonl", b"PAR1" + bytes(100), "a Parquet file"),
        ("sheet.jsonl", b"PK\x03\x04" + bytes(100), "Excel workbook"),
        ("cut.jsonl.gz", gzip.compress(CLEAN.encode() * 99, mtime=0)[:80], "the archive is broken"),
        ("no.jsonl.gz", b"\x1f\x8bgarbage" * 9, "the archive is broken"),
        ("no.jsonl.zst", b"\x28\xb5\x2f\xfdgarbage" * 9, "the archive is broken"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_text_is_one_error_and_the_rest_is_checked(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(data)
    write(tmp_path / "other.jsonl", "{")
    report = check(tmp_path, name, "other.jsonl", code=2)
    (error,) = report["errors"]
    assert error["path"] == name
    assert says in error["message"]
    assert codes(report) == [(13, "JSN001")]


def test_missing_and_foreign_paths(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").mkdir()
    write(tmp_path / "other.jsonl")
    report = check(tmp_path, "x.jsonl", "gone.jsonl", "other.jsonl", code=2)
    assert [error["path"] for error in report["errors"]] == ["gone.jsonl", "x.jsonl"]
    assert report["inputs"][0]["records"] == 12


def test_a_folder_named_like_a_file_is_searched(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").mkdir()
    write(tmp_path / "x.jsonl" / "in.jsonl", "{")
    report = check(tmp_path, "x.jsonl", code=1)
    assert [item["path"] for item in report["inputs"]] == [os.path.join("x.jsonl", "in.jsonl")]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_no_permission(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.jsonl")
    write(tmp_path / "other.jsonl").chmod(0o644)  # whatever the umask says
    secret.chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    program = (
        # Whatever is imported later must be imported now: nobody may read the interpreter's own folder.
        "import os, sys; import curator.cli.main as c, curator.engine, curator.cli.check, curator.reporters.json;"
        "import jsonschema_rs, tiktoken_ext.openai_public, curator; curator.load_rules();"
        "from curator import targets; targets.names();"
        "from curator.checks import schema; schema._decider('openai-chat');"
        "os.setgid(65534); os.setuid(65534); sys.exit(c.main())"
    )
    done = subprocess.run(
        [sys.executable, "-Bc", program, "check", "--isolated", "--output-format", "json", secret.name, "other.jsonl"],
        cwd=tmp_path, capture_output=True, check=False, timeout=PATIENCE, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr.decode()
    report = json.loads(done.stdout)
    assert [(error["path"], "Permission denied" in error["message"]) for error in report["errors"]] == [
        ("secret.jsonl", True)
    ]
    assert report["inputs"][0]["path"] == "other.jsonl"


def test_lines_that_are_too_much(tmp_path: Path) -> None:
    huge = b'{"messages": "' + b"x" * 200_000_000 + b'"}'
    path = write(
        tmp_path / "t.jsonl",
        huge,
        "[" * 10_000 + "]" * 10_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        json.dumps({"k" * 1_000_000: 1}),
        '{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "weight": %s}]}'
        % ("9" * 5000),
        json.dumps({"messages": [{"role": "user", "content": " " * 1_000_000}, {"role": "assistant", "content": "y"}]}),
        b'{"a": "\x00"}',
        "{",
    )
    started = _seconds_of_children()
    report = check(tmp_path, path.name, code=1)
    assert codes(report) == [
        (13, "FIL011"), (14, "JSN001"), (15, "JSN001"), (16, "SCH005"), (18, "MSG007"), (19, "JSN001"), (20, "JSN001"),
    ]  # fmt: skip
    (huge_line,) = [finding for finding in report["findings"] if finding["line"] == 13]
    assert huge_line["values"]["size"] == len(huge) + 1
    assert report["inputs"][0]["records"] == 15
    assert report["inputs"][0]["unreadable"] == 5
    assert _seconds_of_children() - started < 30
    text = run("check", "--isolated", path.name, cwd=tmp_path)
    assert max(map(len, text.stdout.decode().splitlines())) < 500, "a megabyte key must not flood the terminal"


def test_a_long_line_does_not_take_its_size_in_memory(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", b'{"messages": "' + b"x" * 300_000_000 + b'"}')
    limit = 500 << 20
    report = check(
        tmp_path, "t.jsonl", code=1, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    )
    assert codes(report) == [(13, "FIL011")]


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress(b" " * 50_000_000))
    (tmp_path / "curator.toml").write_text("max-unpacked-bytes = 10000000\n")
    done = run("check", "bomb.jsonl.gz", cwd=tmp_path)
    assert done.returncode == 2
    assert b"unpacks to more than 10,000,000 bytes" in done.stderr


def call(parameters: Any, arguments: str) -> str:
    function = {"name": "f", "arguments": arguments}
    return json.dumps(
        {
            "messages": [
                {"role": "user", "content": "x"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "c", "type": "function", "function": function}],
                },
            ],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": parameters}}],
        }
    )


def test_hostile_schemas_fetch_nothing_and_end(tmp_path: Path) -> None:
    explodes = {"type": "object", "properties": {"s": {"type": "string", "pattern": "^(a+)+$"}}}
    looks_ahead = {"type": "object", "properties": {"s": {"type": "string", "pattern": "^(?=a)(a+)+$"}}}
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"properties": {"a": deep}}
    (tmp_path / "outside.json").write_text('{"type": "object", "required": ["never"]}')
    write(
        tmp_path / "t.jsonl",
        call({"$ref": "http://127.0.0.1:9/x"}, "{}"),
        call({"$ref": (tmp_path / "outside.json").as_uri()}, "{}"),
        call(explodes, json.dumps({"s": "a" * 60 + "!"})),
        call(looks_ahead, json.dumps({"s": "a" * 60 + "!"})),
        call({"$ref": "#"}, '{"a": {}}'),
        call({"properties": {"a": {"$ref": "#"}}}, '{"a":' * 200 + "{}" + "}" * 200),
        call(deep, "{}"),
        call({"type": "no such type"}, "{}"),
    )
    started = _seconds_of_children()
    report = check(tmp_path, "t.jsonl", code=1)
    assert codes(report) == [
        (13, "FUN007"), (14, "FUN007"), (15, "FUN003"), (16, "FUN003"), (19, "FUN007"), (20, "FUN007"),
    ], "the second is not fetched: it would demand a key"  # fmt: skip
    assert _seconds_of_children() - started < 20


def chat(user: str, answer: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": user}, {"role": "assistant", "content": answer}], **more}


def asked(system: str, number: int) -> dict[str, Any]:
    """A chat of its own under a system prompt."""
    row = chat(f"When does room {number} open?", f"At {number % 24}, every {number}th day.")
    return {"messages": [{"role": "system", "content": system}, *row["messages"]]}


TOOL = {"type": "function", "function": {"name": "f", "description": "F.", "parameters": {"type": "object"}}}
ODD_FILES: dict[str, list[Any]] = {
    "one record": [chat("Hi", "Hello")],
    "a thousand labels": [{"prompt": f"Remark {n} ->", "completion": f" class {n % 1000}"} for n in range(10_000)],
    "a thousand labels in letters": [
        {"prompt": f"Remark {n} ->", "completion": " " + "".join(chr(97 + int(d)) for d in f"{n % 1000:06}")}
        for n in range(10_000)
    ],
    "a thousand system prompts": [asked(f"You are assistant {n}, who is {n * 7} years old.", n) for n in range(1000)],
    "a thousand system prompts in words": [
        asked("You are " + " and ".join(chr(97 + int(d)) * 3 for d in str(n)) + ".", n) for n in range(1000)
    ],
    "system prompts of a megabyte": [asked("Be brief. " * 100_000 + "x" * (n % 2), n) for n in range(6)],
    "tools as text": [chat(f"Hi {n}", f"Yo {n}", tools=json.dumps([TOOL])) for n in range(60)],
    "tools as text that is no JSON": [chat(f"Hi {n}", f"Yo {n}", tools=" [{") for n in range(60)],
    "tools as an object": [chat(f"Hi {n}", f"Yo {n}", tools=TOOL) for n in range(60)],
    "nothing in them": [{} for _ in range(1000)],
    "the same a thousand times": [chat("Hi", "Hello")] * 1000,
    "one answer to a thousand questions": [chat(f"Question {n}?", "I cannot say. " * 50) for n in range(1000)],
    "a thousand answers to one question": [chat("Why?", f"For {n} reasons.") for n in range(1000)],
    "no answers": [{"messages": [{"role": "assistant", "content": None}]}] * 60,
    "a preference without outputs": [{"input": {"messages": []}, "preferred_output": []}] * 60,
}


@pytest.mark.parametrize("name", ODD_FILES)
def test_odd_datasets_are_checked_in_time(tmp_path: Path, name: str) -> None:
    """Every rule, in two splits of one dataset; no check raises, and none takes more than linear time."""
    from curator import engine
    from curator.inputs import Dataset
    from curator.settings import Settings

    rows = ODD_FILES[name]
    paths = {}
    for split, held in (("train", rows), ("validation", rows[::20])):
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held))
        paths[split] = (str(tmp_path / f"{split}.jsonl"),)
    started = time.process_time()
    report = engine.check([Dataset("d", paths, Settings())])
    assert report.failures == []
    assert sum(item.records for item in report.inputs) == len(rows) + len(rows[::20])
    assert time.process_time() - started < 15


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("targt = 'openai'", "unknown setting 'targt'; did you mean 'target'?"),
        ("target = 5", "target: expected a text, got a number"),
        ("model = 5", "model: expected a text, got a number"),
        ("fail-on = 'warnings'", "fail-on: 'warnings' is not 'error' or 'warning' or 'info' or 'never'"),
        ("ignore = ['SEPP02']", "unknown rule 'SEPP02'; did you mean 'SEP002'? (on the command line, or in "),
        ("[per-file-ignores]\n'*' = ['XYZ']", "curator.toml: per-file-ignores: '*': unknown rule 'XYZ'"),
        ("[params.LAB999]\nx = 1", "curator.toml: [params.LAB999]: unknown rule 'LAB999'"),
        ("[datasets.a]\ntrain = 'x'\ntask = 'chat'", "task: 'chat' is not 'classification' or 'generation'"),
        ("target = 'opnai'", "curator.toml: unknown target 'opnai'; there are auto, azure"),
        ("model = ' '", "curator.toml: the model has no name"),
        ("select = ['SEPP']", "unknown rule 'SEPP'"),
        ("[severity]\nSEP002 = 'fatal'", "severity of SEP002: 'fatal' is not 'error'"),
        ("[params.SEP002]\nsetled = 1", "no parameter 'setled'; did you mean 'settled'?"),
        ("[params.SEP002]\nsettled = 'much'", "parameter 'settled'"),
        ("[datasets.a]\ntrain = 'x'\nvalid = 'y'", "unknown key 'valid'; did you mean 'validation'?"),
        ("[datasets.a]", "names no file"),
        ("extends = 'curator.toml'", "extends itself"),
        ("extends = 'gone.toml'", "cannot be read"),
        ("check-files = ['gone.py']", "check-files"),
        ("rule-dirs = ['gone']", "is no folder"),
        ("preset = 'no-such'", "unknown preset"),
        ("target = [", "curator.toml"),
    ],
)
def test_broken_settings_name_the_file_and_the_key(tmp_path: Path, toml: str, says: str) -> None:
    (tmp_path / "curator.toml").write_text(toml + "\n")
    write(tmp_path / "t.jsonl")
    done = run("check", "t.jsonl", cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert says in done.stderr.decode()
    assert done.stderr.decode().startswith("error: ")
    assert len(done.stderr.decode().splitlines()) == 1


def test_a_check_that_raises_is_a_third_outcome(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def bad(example):\n    raise ZeroDivisionError('oh')\n    yield\n"
        "class Worse:\n    def add(self, example, place): raise KeyError('k')\n"
        "    def merge(self, other): pass\n    def finish(self, context): return iter(())\n"
    )
    for code, function in (("ACM001", "bad"), ("ACM002", "Worse")):
        (tmp_path / f"{code}.toml").write_text(
            f'code = "{code}"\nname = "n-{function.lower()}"\ncheck = "mine.{function}"\nseverity = "error"\n'
            'message = "m"\nwhy = "w"\nsources = ["s"]\n'
        )
    (tmp_path / "curator.toml").write_text("rule-dirs = ['.']\ncheck-files = ['mine.py']\nexclude = ['*.toml']\n")
    (tmp_path / "cards").mkdir()
    for card in tmp_path.glob("ACM*.toml"):
        card.rename(tmp_path / "cards" / card.name)
    (tmp_path / "curator.toml").write_text("rule-dirs = ['cards']\ncheck-files = ['mine.py']\n")
    write(tmp_path / "t.jsonl", "{")
    for jobs in ("1", "2"):
        done = run("check", "t.jsonl", "--output-format", "json", "-j", jobs, "--fail-on", "never", cwd=tmp_path)
        assert done.returncode == 2, "2 wins over --fail-on never"
        report = json.loads(done.stdout)
        assert codes(report) == [(13, "JSN001")]
        assert [(e["code"], e["line"]) for e in report["errors"]] == [
            *(("ACM001", line) for line in range(1, 6)), ("ACM001", None), ("ACM002", 1),
        ]  # fmt: skip
        assert "ZeroDivisionError: oh" in report["errors"][0]["message"]
        assert "7 more times" in report["errors"][5]["message"]
        assert "taken out of the run" in report["errors"][6]["message"]


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", *["{"] * 50_000)
    command = f"{sys.executable} -m curator.cli.main check t.jsonl --isolated | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False, timeout=PATIENCE)
    assert done.stdout.splitlines()[-1] == b"1", "what was found, not that nobody reads on"
    assert done.stderr == b""


# The command, which says when it is loaded: before that, the interrupt would be Python's own to report.
READY = "import sys; from curator.cli.main import main; print('ready', file=sys.stderr, flush=True); sys.exit(main())"


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("moment", [0.05, 0.15, 0.2, 0.25, 0.3, 0.35])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_run_with_130(tmp_path: Path, jobs: str, moment: float, number: int) -> None:
    """At any moment: while modules load, in the survey, as the workers start, in the scan."""
    (tmp_path / "t.jsonl").write_text(CLEAN * 20_000)
    with subprocess.Popen(
        [sys.executable, "-c", READY, "check", "t.jsonl", "--isolated", "--token-stats", "-j", jobs],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == b"ready\n"
            began = _cpu_seconds(process.pid)
            until(lambda: _cpu_seconds(process.pid) - began >= moment)
            if number == signal.SIGINT:
                os.killpg(process.pid, number)  # as a terminal does: to the workers, too
            else:
                process.send_signal(number)  # as a CI does whose time is over
            _, errors = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    # Where the interrupt met a class that dataclasses were just making, CPython ends by the signal itself
    # after our exit code (a flag of exec); a shell says 130 to both.
    assert process.returncode in (130, -signal.SIGINT), errors
    assert errors.decode().strip() == "interrupted"
    until(lambda: not _group_is_alive(process.pid))


# The same, ended in the callback of the first import after that: Python drops what is raised in there.
DROPPED = """
import os, sys
from curator.cli.main import main
number = int(sys.argv.pop(1))

def profile(frame, event, _):
    if (event, frame.f_code.co_name) == ("call", "cb") and "importlib" in frame.f_code.co_filename:
        sys.setprofile(None)
        os.kill(os.getpid(), number)

sys.setprofile(profile)
sys.exit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_python_drops_is_heard(tmp_path: Path, number: int) -> None:
    (tmp_path / "t.jsonl").write_text(CLEAN * 2000)
    command = [sys.executable, "-c", DROPPED, str(int(number)), "check", "t.jsonl", "--isolated"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr.strip()) == (130, b"interrupted")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_run_leaves_no_temporary_file(tmp_path: Path, number: int) -> None:
    spools = tmp_path / "spools"
    spools.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "curator.cli.main", "check", "-", "--isolated"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(spools)},
    ) as process:  # fmt: skip
        try:
            assert process.stdin is not None
            process.stdin.write(CLEAN.encode() * 50_000)  # and nobody says that this was all
            process.stdin.flush()
            until(lambda: any(path.stat().st_size for path in spools.iterdir()))
            # It comes together with data: after the one, and before the wait for the next.
            os.write(process.stdin.fileno(), b"{")
            process.send_signal(number)
            until(lambda: process.poll() is not None)
            _, errors = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (process.returncode, errors.strip()) == (130, b"interrupted")
    assert list(spools.iterdir()) == []


def test_standard_input_that_is_closed() -> None:
    command = ["bash", "-c", '"$0" -m curator.cli.main check - --isolated <&-', sys.executable]
    done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (2, b"error: standard input is closed: name a file, or send data to `-`\n")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("check good.jsonl --isolated", 2), ("check good.jsonl --isolated -o out.txt --exit-zero", 0),
        ("check bad.jsonl --isolated --diff", 2), ("diff good.jsonl bad.jsonl", 2), ("diff good.jsonl bad.jsonl -q", 1),
        ("convert good.jsonl -", 2), ("version", 0), ("rule SEP001", 0), ("config", 0),
    ],
)  # fmt: skip
def test_standard_output_that_is_closed(tmp_path: Path, command: str, code: int) -> None:
    write(tmp_path / "good.jsonl")
    write(tmp_path / "bad.jsonl", "", '{"messages": []}')
    shell = ["bash", "-c", f'"$0" -m curator.cli.main {command} >&-', sys.executable]
    done = subprocess.run(shell, cwd=tmp_path, capture_output=True, check=False, timeout=PATIENCE)
    assert done.returncode == code, done.stderr.decode()
    assert b"bug" not in done.stderr
    assert (b"standard output is closed" in done.stderr) == (code == 2)


def test_a_file_that_vanishes_or_shrinks_while_it_is_read(tmp_path: Path) -> None:
    from curator import engine
    from curator.executors.local import inline
    from curator.inputs import gather
    from curator.settings import Settings

    for number, harm in enumerate((Path.unlink, lambda path: os.truncate(path, 300))):
        path = write(tmp_path / f"t{number}.jsonl")
        other = write(tmp_path / "other.jsonl", "{")
        datasets, _ = gather([str(path), str(other)], lambda _: Settings())

        def harming(tasks: Any, harm: Any = harm, path: Path = path) -> Any:
            harm(path)
            return inline(tasks)

        report = engine.check(datasets, executor=harming)
        messages = [failure.message for failure in report.failures]
        assert report.exit_code("never") == 2
        assert all(str(path) in message for message in messages)
        assert any("cannot be read" in m or "shorter" in m for m in messages)
        assert [f.code for f in report.findings if f.path == str(other) and f.line] == ["JSN001"]


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _stat(pid: int | str) -> list[str]:
    """What the system says of a process: its state, its parent, its group and so on; nothing of one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_seconds(pid: int) -> float:
    return sum(map(int, _stat(pid)[11:13])) / os.sysconf("SC_CLK_TCK")


def _group_is_alive(group: int) -> bool:
    """Whether one of its processes runs; those that are only waiting to be reaped do not."""
    stats = (_stat(path.name) for path in Path("/proc").glob("[0-9]*"))
    return any(stat[2] == str(group) and stat[0] != "Z" for stat in stats if stat)
