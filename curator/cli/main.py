"""`curator`: finds the command, runs it, and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import importlib
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from curator.errors import CuratorError

# Command -> what `curator --help` says of it; the command `rule` lives in curator.cli.rule.
COMMANDS = {
    "check": "Check datasets: what is wrong, where and why; --fix mends it.",
    "review": "Look through what was found in the browser, decide, and write it back.",
    "report": "Write what a dataset is worth: a page to attach to a training run.",
    "undo": "Take back what the last --fix has changed.",
    "init": "Write a curator.toml for the data here, with every setting explained.",
    "convert": "Write records of one format, or the rows of a table, in another.",
    "split": "Divide a dataset into train, validation and test, without a leak between them.",
    "diff": "Compare two versions of a dataset, record by record.",
    "dedupe": "Take out copies and near copies; what goes is written aside.",
    "plan": "Say how to train on a dataset, what it costs, and how to call what comes out.",
    "contract": "Learn what a good dataset is like, and check others against it.",
    "rule": "Explain a rule: what it finds, why, and how it is fixed.",
    "config": "Show the settings that govern a file, and where they come from.",
    "version": "Show the version.",
}


_SOON = 0.01  # seconds until an interrupt comes once more; a callback takes a millionth


class _Lazy(click.Group):
    """Imports a command's module only when the command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"curator.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS:
            from curator.data import nearest

            raise click.UsageError(f"no such command {args[0]!r}{nearest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="finetune-curator", prog_name="curator", message="%(prog)s %(version)s")
def group() -> None:
    """A linter for fine-tuning data.

    Reads every line of a dataset as bytes and says what is wrong, where and why. Nothing is sent
    anywhere, and your data is changed only by --fix.

    \b
    Examples:
      curator check train.jsonl                    one file
      curator check train.jsonl --model gpt-4o     against that model's limits
      curator check train.jsonl --fix              mend what can be mended; curator undo takes it back
      curator init                                 which files belong together, into curator.toml
      curator check                                every dataset of curator.toml, with its splits
      curator rule SEP002                          what a rule is about

    Each command has examples of its own: curator check --help.

    \b
    Exit codes:
      0    nothing at or above --fail-on was found
      1    something was
      2    the job could not be done
      130  interrupted
    """


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; what comes back is the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        with _ended_alike():
            code: Any = group.main(arguments, prog_name="curator", standalone_mode=False)
        if sys.stdout is not None:  # closed
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return 130
    except SystemExit:
        return 0  # click's answer to a reader of our output that has gone
    except CuratorError as error:
        return _failed(str(error), arguments)
    except OSError as error:
        return _failed(f"{error.filename or 'standard output'}: {error.strerror}", arguments)
    except MemoryError:
        return _failed("out of memory", arguments)
    except Exception as error:
        return _failed(f"this is a bug in curator: {type(error).__name__}: {error} (-v shows where)", arguments)


@contextmanager
def _ended_alike() -> Iterator[None]:
    """Let SIGTERM and the end of the terminal end a run as Ctrl+C does, so that its temporary files go.

    An interrupt that meets a callback, as each import has one for its lock, is dropped by Python: it comes once more.
    """
    before, dropped = sys.unraisablehook, []

    def unraisable(event: Any) -> None:
        if event.exc_type is KeyboardInterrupt and hasattr(signal, "setitimer"):
            dropped.append(signal.signal(signal.SIGALRM, signal.default_int_handler))
            signal.setitimer(signal.ITIMER_REAL, _SOON)
        else:
            before(event)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():  # only that one may
        numbers = []
    numbers = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]  # nohup: ignored
    for number in numbers:
        signal.signal(number, signal.default_int_handler)
    sys.unraisablehook = unraisable
    try:
        yield
    finally:
        sys.unraisablehook = before
        if dropped:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, dropped[0])
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _failed(message: str, arguments: list[str]) -> int:
    if "-v" in arguments or "--verbose" in arguments:
        traceback.print_exc()
    click.echo(f"error: {message}", err=True)
    return 2


if __name__ == "__main__":
    sys.exit(main())
