"""`curator review` before a browser comes: its options, what it refuses, and what the server answers to whom."""

from __future__ import annotations

import getpass
import importlib.util
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import psutil
import pytest
import tomli
from waiting import PATIENCE

from curator.cli import review
from curator.cli.main import main
from curator.review import serving, uploads
from curator.review.serving import ReviewOptions

ROOT = Path(__file__).parent.parent
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data file in a folder of its own, which is the current one; git knows nobody here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    path = tmp_path / "train.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n')
    return path


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool, ReviewOptions]]:
    """What `curator review` would have served: (address, whether a browser opens, the options)."""
    calls: list[tuple[str, bool, ReviewOptions]] = []

    def serve(listening: socket.socket, *, browser: bool) -> None:
        with listening:
            calls.append((serving.url(listening), browser, serving.options()))

    monkeypatch.setattr(serving, "serve", serve)
    monkeypatch.setattr(serving, "_given", ReviewOptions())
    return calls


def test_what_is_asked_reaches_the_page(
    data: Path, served: list[tuple[str, bool, ReviewOptions]], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train.jsonl", "--target", "azure", "--model", "gpt-4o", "--select", "SEP,LAB", "--select", "FUN"]
    assert main(["review", *arguments, "--ignore", "LAB007", "--reviewer", " Ada ", "-j", "2", "--port", "0"]) == 0
    ((address, _, options),) = served
    assert options == ReviewOptions(
        paths=("train.jsonl",),
        target="azure",
        model="gpt-4o",
        select=("SEP", "LAB", "FUN"),
        ignore=("LAB007",),
        jobs=2,
        reviewer="Ada",
    )
    assert capsys.readouterr().out == f"{address} shows the page. Ctrl+C ends it; what was decided is kept.\n"


def test_without_data_the_page_asks_for_it(data: Path, served: list[tuple[str, bool, ReviewOptions]]) -> None:
    assert main(["review", "--port", "0"]) == 0
    assert served[0][2].paths == ()


def test_git_knows_the_reviewer(data: Path, served: list[tuple[str, bool, ReviewOptions]]) -> None:
    subprocess.run(["git", "init", "--quiet", data.parent], check=True)
    subprocess.run(["git", "-C", data.parent, "config", "user.name", "Grace H."], check=True)
    assert main(["review", str(data), "--port", "0"]) == 0
    assert served[0][2].reviewer == "Grace H."


def test_else_the_login_name_does(
    data: Path, served: list[tuple[str, bool, ReviewOptions]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    assert main(["review", str(data), "--port", "0"]) == 0
    monkeypatch.setenv("PATH", "")  # no git at all
    assert main(["review", str(data), "--port", "0"]) == 0
    assert [options.reviewer for _, _, options in served] == ["ada", "ada"] == [getpass.getuser()] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.jsonl"], "gone.jsonl: no such file"),
        (["train.jsonl", "gone.jsonl"], "gone.jsonl: no such file"),
        (["empty"], "empty: the folder holds no data files"),
        (["-"], "standard input cannot be reviewed"),
        (["train.jsonl", "--config", "gone.toml"], "gone.toml: no such settings file"),
        (["--config", "gone.toml"], "gone.toml: no such settings file"),
        (["train.jsonl", "--target", "nobody"], "unknown target 'nobody'"),
    ],
)
def test_what_cannot_be_served_is_said_before_a_server_starts(
    data: Path,
    served: list[tuple[str, bool, ReviewOptions]],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    (data.parent / "empty").mkdir()
    assert main(["review", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert not served


def test_without_the_extra_it_says_how_to_get_it(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "streamlit" else find(name))
    assert main(["review", str(data)]) == 2
    assert capsys.readouterr().err == "error: the page needs an extra: pip install 'finetune-curator[app]'\n"


def test_a_port_that_is_taken(
    data: Path,
    served: list[tuple[str, bool, ReviewOptions]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving.listen(0) as other:
        port = other.getsockname()[1]
        assert main(["review", str(data), "--port", str(port)]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert f"port {port} cannot be used" in err
        monkeypatch.setattr(serving, "PORT", port)  # the default goes on to the next
        with serving.listen(None) as free:
            assert port < free.getsockname()[1] < port + 100


@pytest.mark.parametrize(
    ("arguments", "environment", "opens"),
    [
        ([], {"DISPLAY": ":0"}, True),
        ([], {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ([], {}, False),
        (["--no-browser"], {"DISPLAY": ":0"}, False),
    ],
)
def test_a_browser_opens_where_there_is_a_screen(
    data: Path,
    served: list[tuple[str, bool, ReviewOptions]],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    opens: bool,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["review", str(data), "--port", "0", *arguments]) == 0
    assert [browser for _, browser, _ in served] == [opens]


def test_streamlits_own_command_takes_the_same_options(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = review.from_arguments(["train.jsonl", "--model", "gpt-4o", "--reviewer", "Ada"])
    assert options == ReviewOptions(paths=("train.jsonl",), model="gpt-4o", reviewer="Ada")
    for arguments, code, message in (
        (["--help"], 0, "Usage: streamlit run app.py --"),
        (["gone.jsonl"], 2, "error: gone.jsonl: no such file"),
        (["--nonsense"], 2, "No such option"),
        (["--port", "1"], 2, "--server.port"),
    ):
        with pytest.raises(SystemExit) as ended:
            review.from_arguments(arguments)
        assert ended.value.code == code
        assert message in "".join(capsys.readouterr())


def test_the_settings_file_says_what_the_command_sets() -> None:
    written = tomli.loads((ROOT / ".streamlit" / "config.toml").read_text())
    flat = {f"{table}.{name}": value for table, values in written.items() for name, value in values.items()}
    assert flat == serving.SETTINGS


def test_the_policy_allows_nothing_from_elsewhere() -> None:
    rules = dict(rule.split(" ", 1) for rule in serving.policy().split("; "))
    assert rules["default-src"] == "'self'"
    for name in ("frame-src", "frame-ancestors", "object-src"):
        assert rules[name] == "'none'"
    assert "unsafe" not in rules["script-src"]
    elsewhere = {source for value in rules.values() for source in value.split() if "*" in source or "//" in source}
    assert elsewhere == {"ws://127.0.0.1:*", "ws://localhost:*"}


@contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A module that serves, and says where, with its port."""
    command = [sys.executable, "-m", *command]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            address = next((line for line in process.stdout if "http://127.0.0.1:" in line), "")
            yield process, int(address.split("127.0.0.1:")[1].split()[0])
        finally:
            process.kill()


def ask(port: int, path: str = "/", **headers: Any) -> HTTPResponse:
    """What the server answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.putrequest("GET", path, skip_host=True)
    for name, value in {"Host": f"127.0.0.1:{port}", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    if answer.status != 101:
        answer.read()
    connection.close()
    return answer


COMMANDS = {
    "curator review": ["curator.cli.main", "review", "train.jsonl", "--no-browser", "--port", "0"],
    "streamlit run": ["streamlit", "run", str(ROOT / "app.py"), "--server.port", "0", "--", "train.jsonl"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_only_our_own_page_is_answered_whatever_the_users_settings_say(data: Path, command: list[str]) -> None:
    own_settings = data.parent / ".streamlit" / "config.toml"
    own_settings.parent.mkdir()
    own_settings.write_text('[server]\naddress = "0.0.0.0"\nbaseUrlPath = "else"\nallowedHosts = ["*"]\n')
    with running(command, data.parent) as (process, port):
        assert [place.laddr for place in psutil.Process(process.pid).net_connections()] == [("127.0.0.1", port)]
        for path in ("/", "/_stcore/health", "/nowhere.js", "/write"):
            answer = ask(port, path)
            assert answer.headers["Content-Security-Policy"] == serving.policy()
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert ask(port).status == 200
        assert ask(port, Host=f"localhost:{port}").status == 200
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", ""):
            refused = ask(port, Host=host)
            assert refused.status == 403
            assert refused.headers["Content-Security-Policy"] == serving.policy()
        own = f"http://127.0.0.1:{port}"
        assert ask(port, "/_stcore/stream", **UPGRADE, Origin=own).status == 101
        for origin in ("http://evil.example", "http://localhost:3000", "null", f"https://127.0.0.1:{port}"):
            assert ask(port, "/_stcore/stream", **UPGRADE, Origin=origin).status == 403
            assert ask(port, "/_stcore/health", Origin=origin).status == 403
        evil = {"Host": "evil.example", "Origin": "http://evil.example"}
        assert ask(port, "/_stcore/stream", **UPGRADE, **evil).status == 403
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
        assert process.stdout is not None
        assert "Traceback" not in process.stdout.read()


def test_an_upload_is_called_what_it_was_but_harmless(tmp_path: Path) -> None:
    for name, path in {
        "train.jsonl": "train.jsonl",
        "ñandú 2.jsonl": "ñandú_2.jsonl",
        "../../etc/passwd": "passwd",
        "C:\\data\\train.jsonl": "train.jsonl",
        "<img src=x onerror=alert(1)>.jsonl": "img_src_x_onerror_alert_1_.jsonl",
        "\u202ea\0b\x1b[31m.jsonl": "a_b_31m.jsonl",
        ".curator": "curator",
        "-rf": "rf",
        "..": "upload.jsonl",
        "": "upload.jsonl",
        "😀" * 300: "upload.jsonl",
        "字" * 300 + ".jsonl": "字" * 54 + ".jsonl",
    }.items():
        assert uploads.harmless(name) == path
        assert Path(uploads.save(name, b"{}\n", tmp_path / "in")).read_bytes() == b"{}\n"
