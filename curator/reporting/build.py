"""From a check with a profile to the document of a report."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from curator import __version__
from curator.catalogue import Rule
from curator.endings import Habit
from curator.engine import Checked
from curator.findings import clip
from curator.masking import Masker
from curator.model import Severity
from curator.profiling.drift import drifts
from curator.profiling.habits import Habits
from curator.profiling.labelling import LISTED, Labelling
from curator.profiling.profile import Profile, profiles
from curator.report import Failure, Input, NotChecked, Report
from curator.reporters.text import visible
from curator.reporting.accounts import totals
from curator.reporting.commands import selecting
from curator.reporting.digest import Digest, Found, digest
from curator.reporting.document import Document, File, Remedy, RuleFound, Verdict
from curator.reporting.samples import Samples
from curator.reporting.verdicts import verdicts
from curator.rereading import changed

# What a list shows at most, so that a page stays one whatever a run holds.
_FILES, _SPLITS, _NOTES, _FAILURES, _RULES = 200, 200, 100, 50, 150
_TEXT = 600  # code points of a system prompt
_SHORT = 120  # of a label, a name, an ending
_CUT = "tokens.answer_cut"
_WITNESSES = 8  # texts of the sample in which secrets are looked for that a habit may be a part of
_NEAR = NotChecked("near copies", "`curator dedupe` finds them, in a run of its own")


@dataclass(frozen=True, slots=True)
class Judged:
    """What is kept of the check of one target when its files are closed."""

    verdicts: list[Verdict]
    found: Digest
    rules: list[RuleFound]
    not_checked: list[NotChecked]
    failures: list[Failure]


def judged(report: Report, files: Sequence[Checked], rules: Mapping[str, Rule], mask: Masker, again: str) -> Judged:
    """The verdicts and findings of one run, with a profile; its files are still open. `again` is its command."""
    _learn(files, mask)
    found = digest(report, {item.path: item.target for item in report.inputs}, rules)
    samples = Samples({file.source.path: file.source for file in files}, mask)
    codes = sorted(found.rules, key=lambda code: _rank(code, found.rules[code]))[:_RULES]
    shown = [_rule(code, found.rules[code], found, rules.get(code), samples, mask, again) for code in codes]
    told = [replace(v, sentence=mask(v.sentence), why=mask(v.why)) for v in verdicts(report, found, rules)]
    notes = [NotChecked(mask(note.what), mask(note.why)) for note in report.not_checked]
    return Judged(told, found, shown, notes, _masked_failures(report.failures, mask))


def _learn(files: Sequence[Checked], mask: Masker) -> None:
    """Show the mask what habits and labels were cut out of: the end of a secret does not look like one."""
    for file in files:
        own, tally = file.bound.plan.conventions, file.counts.tally
        for habit in filter(None, (*own.separators, own.stop, own.beginning)):
            texts = (text for _, _, *pair in (tally.words.kept if tally else ()) for text in pair if habit.text in text)
            for text in islice(texts, _WITNESSES):
                mask.learn(text, habit.text)
        if own.stop is not None:
            for label in islice(own.labels, LISTED):
                mask.learn(label + own.stop.text, label)


def _rank(code: str, found: Found) -> tuple[int, int, str]:
    return -max(found.levels), -found.levels.total(), code


def _rule(
    code: str, found: Found, digest: Digest, rule: Rule | None, samples: Samples, mask: Masker, again: str
) -> RuleFound:
    shown = found.shown()
    fix = next((finding.fix for finding in shown if finding.fix is not None), None)
    safety = next((finding.safety for finding in shown if finding.fixable), None)
    command = selecting(again, code, str(safety)) if found.fixable else ""
    return RuleFound(
        code,
        shown[0].name,
        str(max(found.levels)),
        found.levels.total(),
        {str(level): found.levels[level] for level in sorted(found.levels, reverse=True)},
        len(found.groups),
        max(found.groups.values(), default=0),
        rule.card.why.strip() if rule else "",
        Remedy(clip(visible(mask(fix.title)), 200) if fix else "", command, found.fixable, len(found.titles) > 1),
        [samples.of(finding) for finding in shown],
        {name: counts[code] for name, counts in digest.codes.items() if counts[code]},
        selecting(again, code),
    )


def document(
    runs: Sequence[Judged],
    report: Report,
    files: Sequence[Checked],
    rules: Mapping[str, Rule],
    mask: Masker,
    now: datetime | None = None,
) -> Document:
    """The report on the runs, one for each target; `report` and `files` are those of the first, still open."""
    described = [_file(item, file, mask) for item, file in _paired(report.inputs, files)]
    splits = profiles(files)
    shown = [_masked(item.profile, runs[0].found.invalid, mask) for item in splits]
    found = [failure for run in runs for failure in run.failures] + _masked_failures(
        changed(file.source for file in files), mask
    )
    failures = list(dict.fromkeys(found))
    notes = list(dict.fromkeys(note for run in runs for note in run.not_checked))
    if splits:
        notes.append(_NEAR)
    cut = [code for code, rule in rules.items() if rule.card.check == _CUT]
    limited = [file for file in files if (model := file.bound.plan.model) and model.max_tokens]
    ran = {bound.rule.code for file in limited for bound in file.bound.record}
    counts = {
        "files": len(described) - _FILES,
        "splits": len(shown) - _SPLITS,
        "not_checked": len(notes) - _NOTES,
        "failures": len(failures) - _FAILURES,
    }
    return Document(
        (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        __version__,
        _content(described),
        _title(report.inputs, mask),
        [verdict for run in runs for verdict in run.verdicts],
        totals(described, shown, runs[0].found),
        described[:_FILES],
        _together([run.rules for run in runs]),
        dict(report.suppressed.by_code.most_common()),
        report.stale,
        shown[:_SPLITS],
        [replace(drift, dataset=mask(drift.dataset)) for drift in drifts(splits)[:_SPLITS]],
        sum(report.findings.by_code[code] for code in cut) if ran & {*cut} else None,
        notes[:_NOTES],
        failures[:_FAILURES],
        {kind: count for kind, count in mask.counts.most_common() if count},
        hidden={name: count for name, count in counts.items() if count > 0},
    )


def _title(inputs: Sequence[Input], mask: Masker) -> str:
    names = list(dict.fromkeys(item.dataset for item in inputs))
    shown = mask(", ".join(os.path.basename(name) or name for name in names[:3]))
    return clip(visible(shown), 160) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _paired(inputs: Sequence[Input], files: Sequence[Checked]) -> list[tuple[Input, Checked]]:
    """The files of a run with what the report says of each: both come in the same order."""
    return list(zip(inputs, files, strict=True))


def _file(item: Input, file: Checked, mask: Masker) -> File:
    source, counts = file.source, file.counts
    is_lines = source.head.container != "document"
    blank = counts.blank
    read = counts.records + counts.unreadable + blank - counts.glued
    lines = read
    if is_lines:
        lines = source.line_count + (source.size > source.start and not _ends(source.real_path, source.size))
        if source.head.blank:
            read, blank = lines, lines
    return File(
        mask(item.path), mask(item.dataset), item.split, item.format, item.target, item.model or "", item.bytes,
        _sha256(item.path if os.path.isfile(item.path) else source.real_path) if source.unchanged() else "", is_lines,
        lines, counts.records, counts.unreadable, blank, counts.glued, lines - read,
    )  # fmt: skip


def _ends(path: str, size: int) -> bool:
    """Whether the last line has its line break."""
    try:
        with open(path, "rb") as file:
            file.seek(size - 1)
            return file.read(1) == b"\n"
    except OSError:
        return True


def _sha256(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _content(files: Sequence[File]) -> str:
    """A hash of what the files hold and of the splits they are; not of their names."""
    both = sorted(f"{file.split} {file.sha256}" for file in files)
    return hashlib.sha256("\n".join(both).encode()).hexdigest()


def _together(runs: Sequence[list[RuleFound]]) -> list[RuleFound]:
    """The rules of all targets, each as the first target that it found something at shows it."""
    found: dict[str, RuleFound] = {}
    targets: dict[str, Counter[str]] = {}
    for rule in (rule for rules in runs for rule in rules):
        found.setdefault(rule.code, rule)
        targets.setdefault(rule.code, Counter()).update(rule.by_target)
    merged = [replace(rule, by_target=dict(targets[code])) for code, rule in found.items()]
    return sorted(merged, key=lambda rule: (-Severity[rule.severity.upper()], -rule.count, rule.code))


# --- masking ------------------------------------------------------------------------------------


def _masked(profile: Profile, invalid: Mapping[tuple[str, str], int], mask: Masker) -> Profile:
    """The profile as others may see it: nothing that looks like a secret, and no text at length."""
    return replace(
        profile,
        dataset=mask(profile.dataset),
        paths=tuple(map(mask, profile.paths)),
        habits=_masked_habits(profile.habits, mask),
        labels=_masked_labels(profile.labels, mask) if profile.labels else None,
        functions=tuple(
            replace(
                function,
                name=mask(function.name),
                order=tuple(map(mask, function.order)),
                invalid=sum(invalid.get((path, clip(function.name)), 0) for path in profile.paths),
            )
            for function in profile.functions
        ),
    )


def _masked_failures(failures: Iterable[Failure], mask: Masker) -> list[Failure]:
    return [replace(f, path=mask(f.path), message=clip(visible(mask(f.message)), 400)) for f in failures]


def _masked_habits(habits: Habits, mask: Masker) -> Habits:
    def short(habit: Habit | None, size: int = _SHORT) -> Habit | None:
        return Habit(clip(mask(habit.text), size), habit.share) if habit is not None else None

    return replace(
        habits,
        separators=tuple(filter(None, map(short, habits.separators))),
        stop=short(habits.stop),
        beginning=short(habits.beginning, _TEXT),
        systems=tuple(item for habit in habits.systems if (item := short(habit, _TEXT)) is not None),
        json_keys=tuple(mask(key)[:_SHORT] for key in habits.json_keys[:50]),
        extra_keys=tuple(mask(key)[:_SHORT] for key in habits.extra_keys[:50]),
    )


def _masked_labels(labels: Labelling, mask: Masker) -> Labelling:
    shown = []
    for label in labels.labels:
        text = mask(label.label)
        pieces = label.pieces if text == label.label else ()
        spellings = tuple(mask(other) for other in label.spellings[:20])
        shown.append(replace(label, label=text, spellings=spellings, pieces=pieces))
    return replace(labels, labels=tuple(shown))
