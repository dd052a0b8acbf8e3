"""Where the rules' data lies (in the package, or in a checkout beside it) and how it is read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
import tomli  # the same grammar as tomllib, compiled: three times as fast, and cards are read at every start

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
    _check_keys(data, kind, failure, where)
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        text, _, place = re.sub(r"`([^`]*)`", _in_words, str(error)).partition(" - at ")
        key = place.removeprefix("$.").replace("_", "-")
        if text.startswith("Invalid enum value"):
            text = f"{text.removeprefix('Invalid enum value ')} is not {_options(kind, place)}"
        raise failure(f"{where}: {f'{key}: ' if key else ''}{text[:1].lower()}{text[1:]}") from None


_WORDS = {
    "array": "a list", "str": "a text", "object": "a table", "bool": "true or false", "int": "a number",
    "float": "a number",
}  # fmt: skip


def _in_words(quoted: re.Match[str]) -> str:
    """What msgspec puts between backticks: names of types in words, a place as it is."""
    types = [name for name in quoted[1].split(" | ") if name != "null"]
    return " or ".join(dict.fromkeys(_WORDS.get(name, name) for name in types)) or "null"


def _options(kind: Any, place: str) -> str:
    """The values that the field at a place (`$.variants[...].severity`) may have."""
    hint = kind
    for step in re.findall(r"\w+|\[", place):
        if step == "[":
            hint = get_args(hint)[-1] if get_args(hint) else None
        elif is_dataclass(hint) and isinstance(hint, type):
            hint = _fields(hint).get(step)
        else:
            hint = None
    options = [value for part in (hint, *get_args(hint)) for value in (part, *get_args(part)) if isinstance(value, str)]
    return " or ".join(map(repr, dict.fromkeys(filter(None, options)))) or "known here"


def _check_keys(data: Any, kind: Any, failure: type[Exception], where: str) -> None:
    """Raises `failure` for a key that no field of the dataclass has, at any depth (msgspec passes it over)."""
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(data, dict):
        fields = _fields(kind)
        for key, value in data.items():
            if key not in fields:
                raise failure(f"{where}: unknown key {key!r}{nearest(key, fields)}")
            _check_keys(value, fields[key], failure, f"{where}: {key}" if isinstance(value, dict | list) else where)
    elif isinstance(data, dict):
        for key, value in data.items():
            for inner in get_args(kind)[1:]:
                _check_keys(value, inner, failure, f"{where}: {key}" if isinstance(value, dict) else where)
    elif isinstance(data, list):
        for value in data:
            for inner in get_args(kind)[:1]:
                _check_keys(value, inner, failure, where)


@cache
def _fields(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def nearest(name: str, known: Iterable[str]) -> str:
    """ ", did you mean 'x'?" where a known name is close; else ""."""
    close = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
