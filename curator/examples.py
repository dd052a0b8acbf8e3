"""A card's examples, run through the real engine: the tests of a rule, the user's own cards included."""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from curator import engine, fixing
from curator.catalogue import CardExample, Rule
from curator.data import convert, folder, rules_root
from curator.errors import CardError, CuratorError
from curator.inputs import Dataset
from curator.model import Finding
from curator.report import Report
from curator.settings import Settings, overlay

_NAME = "example"  # settings of an example say of its conventions what they like under [datasets.example]
_SIZE = "dataset"
"""The family of rules that judge whether there is enough data: an example of three records never is."""


def verify(rule: Rule, settings: Settings = Settings()) -> list[str]:  # noqa: B008
    """What is wrong with a card's examples, one sentence each; [] when all of them hold.

    A bad example fires where it says and nowhere else; a good one is silent under every rule of the
    preset; `fixed` is what the rule's own fixes make of the records, and no longer fires. A missed or
    overflagged example is a known gap, and is complained about once it is closed. `settings` name the
    folders and check files that the user's own cards need.
    """
    complaints = []
    for number, example in enumerate(rule.card.examples, 1):
        try:
            found = list(check_example(rule, example, settings))
        except CuratorError as error:
            found = [str(error)]
        complaints += [f"{rule.path}: example {number} ({example.kind}): {complaint}" for complaint in found]
    return complaints


def check_example(rule: Rule, example: CardExample, settings: Settings = Settings()) -> Iterator[str]:  # noqa: B008
    """What is wrong with one example. Raises CardError for one that cannot be run."""
    settings = _settings(rule, example, settings)
    data, before = contents(rule, example)
    report = _check(example, data, settings)
    yield from (f"the run failed: {failure.message}" for failure in report.failures)
    findings = list(report.findings)
    own = [finding for finding in findings if finding.code == rule.code]
    found = sorted(_place(example, finding, before) for finding in own)
    if example.kind in ("bad", "missed"):
        if not example.at:
            yield "says nowhere (`at`) where the rule fires"
        elif example.kind == "missed" and found == sorted(example.at):
            yield "is found by now: make it bad"
        elif example.kind == "bad" and found != sorted(example.at):
            yield f"fires at {found or 'no place'}, not at {sorted(example.at)}"
        elif example.kind == "bad":
            yield from _fix(rule, example, data, own, settings)
    else:
        wrong = [f for f in findings if f.code == rule.code or not _excused(f, example, settings)]
        if example.kind == "good":
            yield from (f"{f.code} fires at {_place(example, f, before)}: {f.message}" for f in wrong)
        elif not wrong:
            yield "is silent by now: make it good"


def run(rule: Rule, example: CardExample, settings: Settings = Settings()) -> Report:  # noqa: B008
    """All that is found in one example. Raises CardError for one that cannot be run."""
    return _check(example, contents(rule, example)[0], _settings(rule, example, settings))


def contents(rule: Rule, example: CardExample) -> tuple[bytes, int]:
    """The bytes of an example's file, and how many lines of a base stand before its records."""
    if example.bytes:
        try:
            return base64.b64decode("".join(example.bytes.split()), validate=True), 0
        except binascii.Error as error:
            raise CardError(f"{rule.path}: `bytes` is no base64: {error}") from None
    base = base_records(example.base) if example.base else b""
    return base + _lines(example.records), base.count(b"\n")


@lru_cache
def base_records(name: str) -> bytes:
    """A shared clean dataset that small examples are added to."""
    file = folder("bases") / f"{name}.jsonl"
    if not file.is_file():
        raise CardError(f"there is no base {name!r} in rules/bases")
    return file.read_bytes()


def _fix(rule: Rule, example: CardExample, data: bytes, own: list[Finding], settings: Settings) -> Iterator[str]:
    if example.fixed is None:
        if any(finding.fixable for finding in own):
            yield "has a fix, but does not show it (`fixed`)"
        return
    base = base_records(example.base) if example.base and not example.bytes else b""
    after = fixing.apply(data, own)
    if after != base + _lines(example.fixed):
        yield f"the fix gives {after[len(base) :]!r}, not {_lines(example.fixed)!r}"
    again = [f.message for f in _check(example, after, settings).findings if f.code == rule.code]
    if again:
        yield f"still fires after its fix: {again[0]}"


def _check(example: CardExample, data: bytes, settings: Settings) -> Report:
    with tempfile.TemporaryDirectory(prefix="curator-example-") as name:
        train = Path(name, example.file)
        train.write_bytes(data)
        splits: dict[str, tuple[str, ...]] = {"train": (str(train),)}
        if example.validation:
            held_out = Path(name, f"validation-{example.file}")
            held_out.write_bytes(_lines(example.validation))
            splits["validation"] = (str(held_out),)
        own = settings.datasets.get(_NAME)
        return engine.check([Dataset(_NAME, splits, settings, own.pins if own else {})])


def _settings(rule: Rule, example: CardExample, settings: Settings) -> Settings:
    # Only the code comes from a project, and what is ours needs none of it: a card is tested by its own values.
    is_ours = rule.path.startswith(str(rules_root()))
    settings = Settings() if is_ours else Settings(rule_dirs=settings.rule_dirs, check_files=settings.check_files)
    given = {key.replace("-", "_"): value for key, value in example.settings.items()}
    own = convert(given, Settings, CardError, f"{rule.path}: settings")
    changes = {key: getattr(own, key) for key in given}
    changes |= {key: value for key, value in (("target", example.target), ("model", example.model)) if value}
    return overlay(replace(settings, **changes), extend_select=(rule.code,))


def _excused(finding: Finding, example: CardExample, settings: Settings) -> bool:
    """Whether another rule speaks of the few records rather than of this example."""
    if finding.line is not None:
        return False
    return finding.code in _dataset_wide(example.base, settings.target, settings.model)


@lru_cache
def _dataset_wide(base: str, target: str, model: str | None) -> frozenset[str]:
    """The codes of dataset-wide findings that a base draws by itself; without one, those about size."""
    if not base:
        from curator.catalogue import load

        return frozenset(code for code, rule in load().rules.items() if rule.family == _SIZE)
    report = _check(CardExample("good"), base_records(base), Settings(target=target, model=model))
    return frozenset(finding.code for finding in report.findings if finding.line is None)


def _place(example: CardExample, finding: Finding, before: int) -> str:
    line = "-" if finding.line is None else str(finding.line - before)
    if Path(finding.path).name != example.file:
        return f"{finding.split}:{finding.line or '-'}:{finding.pointer}"
    return f"{line}:{finding.pointer}"


def _lines(records: tuple[str, ...]) -> bytes:
    return "".join(f"{record}\n" for record in records).encode()
