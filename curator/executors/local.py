"""On this machine: in this process, or in a pool of processes."""

from __future__ import annotations

import itertools
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from curator.errors import UsageError
from curator.report import Failure, Scanned
from curator.scan import Task, scan
from curator.sources import Shard

if TYPE_CHECKING:
    import ctypes

Executor = Callable[[Sequence[Task]], Iterator[tuple[Shard, Scanned]]]
"""Maps `scan` over tasks; yields each task's shard with its result, in any order."""

_PATIENCE = 10  # seconds for a pool to notice that its workers were ended
_GUARD = (
    'the worker processes could not start: put what your script runs under `if __name__ == "__main__":` '
    "and keep it in a file, or check with jobs=1"
)
_ENDING = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}
_AHEAD = 2  # tasks a worker may have waiting: enough to stay busy, few enough to keep results small


def inline(tasks: Sequence[Task]) -> Iterator[tuple[Shard, Scanned]]:
    """One after the other in this process: safe in notebooks, scripts and Streamlit."""
    for task in tasks:
        yield task[2], scan(task)


class Processes:
    """A pool of `jobs` processes.

    A worker that dies takes nothing with it but its shard, which is named in the report: what the
    broken pool was at is scanned again, one shard at a time, and the rest in a new pool.
    """

    def __init__(self, jobs: int, method: Literal["spawn", "fork"] = "spawn") -> None:
        """`fork` starts faster and shares memory, but is safe only in a process without threads.

        When called it raises UsageError where no worker comes to life, as in a script without `__main__` guard.
        """
        self.jobs, self.method = jobs, method
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, tasks: Sequence[Task]) -> Iterator[tuple[Shard, Scanned]]:
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            # A worker that runs the script it is to import would start workers of its own. No exception: the
            # script might catch it and go on.
            raise SystemExit(f"error: {_GUARD}")
        left = dict(enumerate(tasks))
        while left:
            started = multiprocessing.get_context(self.method).RawValue("b", 0)
            self._pool = _pool(self.jobs, self.method, started)
            running: dict[Future[Scanned], int] = {}
            try:
                for number, result in _run(self._pool, self.jobs, list(left.items()), running):
                    yield left.pop(number)[2], result
            except BrokenProcessPool:
                if not started.value:
                    raise UsageError(_GUARD) from None
                for number in sorted(running.values()) or list(left):
                    task = left.pop(number)
                    yield task[2], _alone(task, self.method)
            finally:
                self.close()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers; those in the middle of a shard are not waited for."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        # The library has no way to end a pool at once, so its parts are taken from it. One that is ended
        # in the middle of an answer would leave the pool's thread waiting for the rest of it, and the
        # interpreter for that thread, as long as this process holds the pipe's other end open.
        parts = [getattr(pool, name, None) for name in ("_processes", "_result_queue", "_executor_manager_thread")]
        workers, answers, thread = list((parts[0] or {}).values()), parts[1], parts[2]
        pool.shutdown(wait=False, cancel_futures=True)
        if (writer := getattr(answers, "_writer", None)) is not None:
            writer.close()
        for worker in workers:
            worker.terminate()
        if thread is not None:
            thread.join(_PATIENCE)


def _run(
    pool: ProcessPoolExecutor, jobs: int, tasks: Sequence[tuple[int, Task]], running: dict[Future[Scanned], int]
) -> Iterator[tuple[int, Scanned]]:
    """Each task's number with its result; `running` holds what the pool is at, also when it breaks."""
    waiting = iter(tasks)
    shards = {number: task[2] for number, task in tasks}
    while True:
        for number, task in itertools.islice(waiting, jobs * _AHEAD - len(running)):
            with _uninterrupted():
                running[pool.submit(scan, task)] = number
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            result = _result(future, shards[running[future]])  # before the pop: a broken pool leaves the task there
            yield running.pop(future), result


def _alone(task: Task, method: str) -> Scanned:
    """The task in a process of its own; a failure that names the shard if that dies, too."""
    with _pool(1, method, None) as pool:
        try:
            with _uninterrupted():
                future = pool.submit(scan, task)
            return _result(future, task[2])
        except BrokenProcessPool:
            return _lost(task[2], "a worker process died while it checked")


def _result(future: Future[Scanned], shard: Shard) -> Scanned:
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except Exception as error:  # a user's check whose state cannot be pickled
        return _lost(shard, f"{type(error).__name__} ({error}) in the worker process that checked")


def _lost(shard: Shard, what: str) -> Scanned:
    lost = Scanned()
    lost.failures.add(
        Failure(
            shard.path, shard.first_line, "",
            f"{shard.path}: {what} bytes {shard.start:,} to {shard.end:,}, "
            f"from line {shard.first_line:,} on; these lines were not checked",
        )
    )  # fmt: skip
    return lost


def _pool(jobs: int, method: str, started: ctypes.c_byte | None) -> ProcessPoolExecutor:
    """A pool whose workers set `started`, in memory that they share, once they are ready."""
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(started,))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep Ctrl-C, and what else ends a run, waiting while processes are started.

    An interrupt that arrives in the middle of a fork is swallowed by the interpreter, or meets a child
    that does not ignore it yet.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(started: ctypes.c_byte | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    for number in _ENDING - {signal.SIGINT}:  # the parent ends a worker by it: at once, and not as it is ended itself
        signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    if started is not None:
        started.value = 1
