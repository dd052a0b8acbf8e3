"""How files are written: who can read them, what they keep of those before them, whose turn it is."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from curator import entries, writing
from curator.curation.outputs import together
from curator.errors import UsageError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_being_written_is_no_more_open_than_what_it_replaces(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.touch(0o600)
    with writing.atomically(str(path)):
        (temporary,) = tmp_path.glob(".t.jsonl*")
        assert mode(temporary) == 0o600
    assert mode(path) == 0o600
    with writing.atomically(str(tmp_path / "beside"), like=str(path)):
        pass
    assert mode(tmp_path / "beside") == 0o600


def test_the_group_stays_where_the_owner_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.jsonl"
    path.touch()
    was, given = path.stat(), []

    def chown(name: str, owner: int, group: int) -> None:
        if owner != -1:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        given.append(group)

    class Others:
        st_mode, st_uid, st_gid = was.st_mode, was.st_uid + 1, was.st_gid + 1

    stated = os.stat
    monkeypatch.setattr(os, "chown", chown)
    monkeypatch.setattr(os, "stat", lambda name, **rest: Others if name == str(path) else stated(name, **rest))
    with writing.atomically(str(path)) as file:
        file.write(b"new")
    assert given == [was.st_gid + 1]
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="needs extended attributes")
def test_attributes_stay(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.touch()
    try:
        os.setxattr(path, "user.origin", b"here")
    except OSError:
        pytest.skip("this disk keeps no attributes")
    with writing.atomically(str(path)) as file:
        file.write(b"new")
    assert os.getxattr(path, "user.origin") == b"here"


def test_a_long_name_leaves_room_for_what_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 124 + ".jsonl")  # 254 of 255 bytes
    with writing.atomically(str(path)) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_only_what_is_left_is_swept(tmp_path: Path) -> None:
    dead = 0x7FFFFFFE
    mine = Path(writing.temporary_for(str(tmp_path / "t.jsonl")))
    left = mine.with_name(mine.name.replace(f".{os.getpid()}-", f".{dead}-"))
    elsewhere = mine.with_name(f".t.jsonl.{dead}-abcdef-0.curator-tmp")  # its writer may well live, on its machine
    older = mine.with_name(f".t.jsonl.{dead}-abcdef-1.curator-tmp")
    for path in (mine, left, elsewhere, older):
        path.touch()
    os.utime(older, (0, 0))
    writing.sweep(str(tmp_path))
    assert sorted(tmp_path.iterdir()) == sorted([mine, elsewhere])


# --- locks -------------------------------------------------------------------------------------


def test_no_lock_is_waited_for_in_a_call_that_hears_no_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def busy(handle: int, how: int) -> None:
        assert how & fcntl.LOCK_NB
        asked.append(how)
        if len(asked) < 3:
            raise BlockingIOError(errno.EAGAIN, "busy")

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fcntl, "flock", busy)
    with writing.locked({str(tmp_path)}):
        assert len(asked) == 3
    asked.clear()
    monkeypatch.setattr(time, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt), writing.locked({str(tmp_path)}):
        raise AssertionError("it is another's turn")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EIO])
def test_where_there_are_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def none(handle: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", none)
    if number == errno.EIO:
        with pytest.raises(UsageError, match="no lock can be had"), writing.locked({str(tmp_path)}):
            raise AssertionError("who knows")
    else:
        with writing.locked({str(tmp_path)}):
            pass


def test_two_that_add_to_one_file_of_suppressions_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_bytes(b"1")
    with writing.in_turn(str(file)):
        other = threading.Thread(target=entries.add, args=(str(file), [b"1\n", b"2\n"]))
        other.start()
        file.write_bytes(b"1\n3")
    other.join()
    assert file.read_bytes() == b"1\n3\n2\n"


def test_a_link_to_suppressions_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "shared.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(file.name)
    entries.add(str(link), [b"1\n", b"2\n"])
    assert entries.drop(str(link), lambda line: line == b"1\n") == 1
    assert link.is_symlink()
    assert file.read_bytes() == b"2\n"


# --- several files together --------------------------------------------------------------------


@pytest.mark.parametrize("step", range(1, 7))
def test_an_interrupt_in_any_step_leaves_all_old_files_or_all_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path in paths[:2]:
        path.write_text("old")
    real, steps = os.replace, []

    def done_and_interrupted(source: str, to: str) -> None:
        real(source, to)
        steps.append(source)
        if len(steps) == step:
            raise KeyboardInterrupt

    def write() -> None:
        with together([str(path) for path in paths]) as files:
            for file in files:
                file.write(b"new")

    monkeypatch.setattr(os, "replace", done_and_interrupted)
    if step == 6:  # two that go, three that come
        write()
    else:
        with pytest.raises(KeyboardInterrupt):
            write()
    left = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert left == (dict.fromkeys("abc", "new") if step == 6 else dict.fromkeys("ab", "old"))
