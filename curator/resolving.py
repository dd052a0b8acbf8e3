"""From the name of a check to its code: ours, a user's file, or an installed plug-in."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from curator.errors import CardError

_user_checks: dict[str, Any] = {}
"""The modules of users' check files, by the stem that cards name."""


def resolve_check(name: str, where: str) -> Callable[..., Any]:
    """`module.function` of curator.checks, of a user's check file, or of an installed plug-in."""
    module_name, _, attribute = name.rpartition(".")
    module: Any = _user_checks.get(module_name)
    if module is None:
        try:
            module = importlib.import_module(f"curator.checks.{module_name}")
        except ModuleNotFoundError:
            module = _plugin(module_name)
    check = getattr(module, attribute, None)
    if not callable(check) or attribute.startswith("_"):
        raise CardError(f"{where}: there is no check {name!r}")
    return check  # type: ignore[no-any-return]


def _plugin(name: str) -> Any:
    from importlib.metadata import entry_points

    for entry in entry_points(group="curator.checks"):
        if entry.name == name:
            return entry.load()
    return None


def load_check_file(path: str, digest: str) -> None:
    """Run the Python file of a user's checks once in this process; cards name it by its stem.

    Raises CardError when it changed since the run was planned, does not run, or has another's name.
    """
    stem = Path(path).stem
    known = _user_checks.get(stem)
    if known is not None:
        if known.__file__ != path:
            raise CardError(f"{path}: another file of checks is called {stem!r}, too: {known.__file__}")
        if known.__curator_digest__ == digest:
            return
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        raise CardError(f"{path}: cannot be read: {error.strerror}") from None
    if hashlib.sha256(source).hexdigest() != digest:
        raise CardError(f"{path}: changed while the run was going on")
    name = f"curator_user_checks_{stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its classes are pickled by this name on their way back from a worker
    try:
        # Not by the loader: bytecode that it keeps counts as that of a file of the same size and the same second.
        exec(compile(source, path, "exec"), module.__dict__)
    except Exception as error:
        del sys.modules[name]
        raise CardError(f"{path}: {type(error).__name__}: {error}") from error
    module.__dict__["__curator_digest__"] = digest
    _user_checks[stem] = module


def check_type(check: Callable[..., Any], name: str, value: Any, where: str) -> None:
    """Raises CardError when a parameter's value has not the type that the check declares."""
    target = check.__init__ if inspect.isclass(check) else check
    try:
        declared = inspect.get_annotations(target, eval_str=True).get(name, Any)
    except NameError as error:
        raise CardError(f"{where}: {error}: the check's annotations must be importable at run time") from None
    try:
        msgspec.convert(value, declared, strict=True)
    except msgspec.ValidationError as error:
        raise CardError(f"{where}: parameter {name!r}: {str(error).replace('`', '')}") from None
