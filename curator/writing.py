"""Writing files so that whoever looks, and whenever the power fails, there is the old file or the new one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO

from curator.errors import UsageError

try:
    import fcntl
except ImportError:  # Windows; there two runs on one folder are told apart by the check for changed files alone
    fcntl = None  # type: ignore[assignment]

OWN_FOLDER = ".curator"
"""What is kept beside the data: the journal of `curator undo`, and a lock."""
_SUFFIX = ".curator-tmp"
_NAME = 40  # characters of a file's name that a temporary one shows: more could be too long
_ABANDONED = 86400  # seconds after which what another machine or container has left is taken for left
_BLOCK = 1 << 20
_PAUSE = 0.05  # seconds between two looks at a lock
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EINVAL)
_FOLLOW = "--follow-symlinks changes the file it leads to"


@contextlib.contextmanager
def atomically(path: str, like: str = "") -> Iterator[BinaryIO]:
    """A file that takes the place of the one at `path` when the block ends, and leaves no trace when it raises.

    Where there is none, it can be read by those who can read the file `like`. Raises UsageError when it cannot be
    written.
    """
    temporary = temporary_for(path)
    try:
        with written(path, temporary, like) as file:
            yield file
        replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)


@contextlib.contextmanager
def written(path: str, temporary: str, like: str = "") -> Iterator[BinaryIO]:
    """A new file at `temporary`, on the disk when the block ends; what fails is said of `path`. Raises UsageError."""
    try:
        with created(path, temporary, like) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise UsageError(f"{path}: {reason(error, path)}") from None
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise


def created(path: str, temporary: str, like: str = "") -> BinaryIO:
    """A new file at `temporary`, open to nobody whom the file at `path` is closed to.

    Where there is none, to those who can read and write the file `like`. Raises OSError.
    """

    def opener(name: str, flags: int) -> int:
        is_there = os.path.exists(path)
        model = path if is_there else like
        mode = os.stat(model).st_mode & 0o666 if model else 0o666
        handle = os.open(name, flags, mode)
        if like and not is_there:
            os.chmod(name, mode)  # whatever the umask: it is for all who share the data
        return handle

    return open(temporary, "xb", buffering=_BLOCK, opener=opener)


def hand_down(path: str, successor: str) -> None:
    """Give the file that follows `path` its mode, and its owner, group and attributes as far as that is allowed.

    Raises OSError.
    """
    old, new = os.stat(path), os.stat(successor)
    if hasattr(os, "chown"):
        for owner, group in ((-1, old.st_gid), (old.st_uid, -1)):  # each for itself: only root may give a file away
            if (owner, group) not in ((-1, new.st_gid), (new.st_uid, -1)):
                with contextlib.suppress(PermissionError):
                    os.chown(successor, owner, group)
    if hasattr(os, "listxattr"):  # access lists among them
        with contextlib.suppress(OSError):
            for name in os.listxattr(path):
                with contextlib.suppress(OSError):
                    os.setxattr(successor, name, os.getxattr(path, name))
    shutil.copymode(path, successor)


def replace(temporary: str, path: str) -> None:
    """Give a written file the name `path`, and what `hand_down` says of the file that has it. Raises UsageError."""
    try:
        with contextlib.suppress(FileNotFoundError):
            hand_down(path, temporary)
        os.replace(temporary, path)
        settle(os.path.dirname(path))
    except OSError as error:
        raise UsageError(f"{path}: {reason(error, path)}") from None


def settle(folder: str) -> None:
    """Bring the names of a folder onto the disk; a new name is safe only then."""
    with contextlib.suppress(OSError):  # not every system lets a folder be opened
        handle = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def temporary_for(path: str) -> str:
    """A new name beside `path` for what is being written."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:_NAME]}.{os.getpid()}-{_here()}-{secrets.token_hex(6)}{_SUFFIX}")


def _here() -> str:
    """What tells this machine, or container, from others that may write in the same folder."""
    return hashlib.blake2b(platform.node().encode(), digest_size=3).hexdigest()


def sweep(folder: str) -> None:
    """Remove what processes that are gone have left in a folder in the middle of writing.

    Whether one of another machine is gone cannot be asked: its files go when they are a day old.
    """
    here, me = f"{_here()}-", str(os.getpid())
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder or ".")):
            if entry.name.startswith(".") and entry.name.endswith(_SUFFIX):
                writer, _, rest = entry.name.removesuffix(_SUFFIX).rpartition(".")[2].partition("-")
                if not writer.isdecimal():
                    continue
                if rest.startswith(here):
                    is_left = writer != me and not is_alive(int(writer))
                else:
                    is_left = entry.stat(follow_symlinks=False).st_mtime < time.time() - _ABANDONED
                if is_left:
                    os.remove(entry.path)


def is_alive(process: int) -> bool:
    """Whether there is a process with that id; True where that cannot be asked."""
    if os.name == "nt":  # asking there would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def refusal(path: str, *, follow_symlinks: bool = False, instead: str = _FOLLOW) -> str:
    """Why the file at `path` is not to be replaced, and what to do `instead` of a link; "" if nothing is against it."""
    if os.path.islink(path) and not follow_symlinks:
        return f"is a symbolic link, perhaps into a shared cache; {instead}"
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not stat.S_ISREG(mode):
        return "is no ordinary file"
    if not mode & 0o222 or not os.access(path, os.W_OK):
        return "is read-only; make it writable first (chmod u+w)"
    if not os.access(os.path.dirname(os.path.realpath(path)), os.W_OK):
        return "stands in a folder in which no file can be written"
    return ""


def reason(error: OSError, path: str = "") -> str:
    """What a person reads when writing failed; the file at `path` (if it is told) is as it was, or not there."""
    done = "not written" if path and not os.path.lexists(path) else "not changed"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{done}: the disk is full"
    if error.errno == errno.EFBIG:
        return f"{done}: the new file would be larger than this account may write (ulimit -f)"
    return f"{done}: {error.strerror or error}"


def digest(file: IO[bytes] | SpooledTemporaryFile[bytes]) -> str:
    """blake2b-128 of the rest of an open file, in hex."""
    found = hashlib.blake2b(digest_size=16)
    while block := file.read(_BLOCK):
        found.update(block)
    return found.hexdigest()


def own_folder(folder: str) -> str:
    """The tool's own folder beside the data, made where it is missing, and hidden from git. Raises UsageError."""
    place = os.path.join(folder, OWN_FOLDER)
    if os.path.islink(place):  # which may have come with a clone of the data, and lead anywhere
        raise UsageError(f"{place}: is a symbolic link; put a folder in its place")
    try:
        if not os.path.isdir(place):
            os.makedirs(place, exist_ok=True)
            share(folder, place)
        ignore = os.path.join(place, ".gitignore")
        if not os.path.lexists(ignore):
            with atomically(ignore) as file:
                file.write(b"*\n")
    except OSError as error:
        raise UsageError(f"{place}: cannot be made: {error.strerror}") from None
    return place


def share(folder: str, path: str) -> None:
    """Let the group write to `path` that writes in the folder of the data: who changes that together does so here."""
    with contextlib.suppress(OSError):
        above, own = os.stat(folder), os.stat(path)
        if above.st_mode & stat.S_IWGRP and not above.st_mode & stat.S_ISVTX and above.st_gid == own.st_gid:
            os.chmod(path, stat.S_IMODE(own.st_mode) | stat.S_IWGRP)


@contextlib.contextmanager
def locked(folders: set[str], waiting: str = "") -> Iterator[None]:
    """Holds the folders against other processes that would write in them, and waits for its turn.

    `waiting` is printed to standard error when that takes a while. Raises UsageError.
    """
    with contextlib.ExitStack() as stack:
        for folder in sorted(map(os.path.realpath, folders)):  # one order for all, so that no two wait for each other
            place = os.path.join(own_folder(folder), "lock")
            try:
                is_there = os.path.exists(place)
                handle = stack.enter_context(open(place, "ab"))
                if not is_there:
                    share(folder, place)
            except OSError as error:
                raise UsageError(f"{place}: cannot be opened: {error.strerror}") from None
            _hold(handle.fileno(), place, waiting)
        yield


@contextlib.contextmanager
def in_turn(path: str) -> Iterator[None]:
    """Holds a file against other processes that would write it anew from what it holds, for the short time it takes."""
    try:
        handle = os.open(os.path.dirname(path) or ".", os.O_RDONLY)  # of the file there will be another
    except OSError:  # not every system lets a folder be opened; why nothing can be written there is said elsewhere
        yield
        return
    try:
        _hold(handle, path)
        yield
    finally:
        os.close(handle)


def _hold(handle: int, place: str, waiting: str = "") -> None:
    """Take the lock of an open file; without one where the system knows none. What fails is said of `place`.

    It is waited for with open ears: a signal that comes right before a call that blocks would not be heard in it.
    """
    while fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                import click

                click.echo(waiting, err=True)
                waiting = ""
            time.sleep(_PAUSE)
        except OSError as error:
            if error.errno not in _NO_LOCKS:  # of a network disk that has no locks
                raise UsageError(f"{place}: no lock can be had: {error.strerror}") from None
            return
        else:
            return
