"""curator: a linter for fine-tuning data.

>>> import curator
>>> report = curator.check(["train.jsonl"])
>>> for finding in report.findings:
...     print(finding.path, finding.line, finding.code, finding.message)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from curator.api import check, fix, load_rules, plan_training
    from curator.catalogue import Rule
    from curator.errors import CardError, CuratorError, InputError, UsageError
    from curator.fixing.mending import Fixed
    from curator.model import Finding, Severity
    from curator.planning.advice import Plans
    from curator.report import Report

_HOMES = {
    "check": "api",
    "fix": "api",
    "load_rules": "api",
    "plan_training": "api",
    "Rule": "catalogue",
    "CardError": "errors",
    "CuratorError": "errors",
    "InputError": "errors",
    "UsageError": "errors",
    "Fixed": "fixing.mending",
    "Finding": "model",
    "Severity": "model",
    "Plans": "planning.advice",
    "Report": "report",
}
__all__ = [
    "CardError",
    "CuratorError",
    "Finding",
    "Fixed",
    "InputError",
    "Plans",
    "Report",
    "Rule",
    "Severity",
    "UsageError",
    "check",
    "fix",
    "load_rules",
    "plan_training",
]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    # Lazily, so that `curator --help` does not pay for the engine.
    if name in _HOMES:
        return getattr(import_module(f"curator.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'curator' has no attribute {name!r}")
