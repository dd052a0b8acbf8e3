"""Where the rules' data lies (in the package, or in a checkout beside it) and how it is read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import tomli  # the same grammar as tomllib, compiled: five times as fast, and cards are read at every start

from curator.errors import CardError

T = TypeVar("T")


@cache
def rules_root() -> Traversable:
    """`curator/_rules` of an installed package, else the checkout's `rules/`."""
    installed = files("curator") / "_rules"
    if installed.is_dir():
        return installed
    checkout = Path(__file__).parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "rules").is_dir():
        return checkout / "rules"
    raise CardError("the rule cards are missing from this installation; install the package again")


def folder(name: str) -> Traversable:
    """One folder of the rules' data."""
    return rules_root() / name


def toml_files(directory: Traversable) -> Iterator[Traversable]:
    """The `.toml` files of a folder, by name."""
    for item in sorted(directory.iterdir(), key=lambda item: item.name):
        if item.name.endswith(".toml"):
            yield item


def load_toml(file: Traversable, kind: type[T]) -> T:
    """The file as a frozen dataclass. Raises CardError with the path for anything that does not fit."""
    try:
        return convert(tomli.loads(file.read_text(encoding="utf-8")), kind, CardError, str(file))
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardError(f"{file}: {error}") from None


def convert(data: Any, kind: type[T], failure: type[Exception], where: str) -> T:
    """Plain data as a dataclass, strictly: unknown keys and wrong types raise `failure`, naming `where`."""
    known = getattr(kind, "__dataclass_fields__", {})
    for key in data if isinstance(data, dict) else ():
        if key not in known:
            raise failure(f"{where}: unknown key {key!r}{nearest(key, known)}")
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        text = re.sub(r"`([^`]*)`", r"'\1'", str(error))
        raise failure(f"{where}: {text[:1].lower()}{text[1:]}") from None


def nearest(name: str, known: Iterable[str]) -> str:
    """ ", did you mean 'x'?" where a known name is close; else ""."""
    close = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
