"""Splits against each other, and records against records: laws of the states, statistics, bounds, odd data."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curator import engine, formats, targets
from curator.checks import datasets, duplicates, split_labels, splits
from curator.conventions import Conventions, Survey
from curator.engine import Context
from curator.inputs import Dataset
from curator.model import Example, Finding, Place
from curator.settings import Settings
from curator.significance import chi_squared_tail, compare

SYSTEM = "You answer for the library. Be brief."


def pair(prompt: str, completion: str) -> dict[str, Any]:
    return {"prompt": prompt, "completion": completion}


def chat(user: str, answer: str, system: str | None = None) -> dict[str, Any]:
    first = [{"role": "system", "content": system}] if system is not None else []
    return {"messages": [*first, {"role": "user", "content": user}, {"role": "assistant", "content": answer}]}


def found(folder: Path, train: list[Any], validation: list[Any] = (), **options: Any) -> list[Finding]:  # type: ignore[assignment]
    """What is found in the two splits of a dataset; no check may fail."""
    paths = {}
    for name, rows in (("train", train), ("validation", validation)):
        if rows:
            path = folder / f"{name}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            paths[name] = (str(path),)
    report = engine.check([Dataset("d", paths, Settings(**options))])
    assert report.failures == []
    return list(report.findings)


def said(findings: list[Finding], code: str) -> list[tuple[str | None, int | None, str]]:
    return [(finding.split, finding.line, str(finding.severity)) for finding in findings if finding.code == code]


# --- the laws ----------------------------------------------------------------------------------

CHECKS: dict[str, Callable[[Conventions], Any]] = {
    "duplicate": lambda c: duplicates.Duplicate(),
    "contradictory": lambda c: duplicates.Contradictory(design=0.9),
    "contradictory by design": lambda c: duplicates.Contradictory(design=0.1),
    "dominant": lambda c: duplicates.Dominant(conventions=c, share=0.1, fewest=2),
    "too few": lambda c: datasets.TooFew(),
    "few": lambda c: datasets.Few(enough=50),
    "leaked": lambda c: splits.Leaked(usual_share=0.2),
    "drift": lambda c: split_labels.LabelDrift(conventions=c, max_distance=0.0, max_p=1.1, expected=1.0),
    "new label": lambda c: split_labels.NewLabel(conventions=c),
}
ROWS = st.lists(
    st.builds(
        pair,
        st.sampled_from(["", "one ->", "ONE  ->", "two ->", "three ->"]),
        st.sampled_from([" yes", " Yes.", " no", " maybe so", " ", " x" * 300, " x" * 301]),
    ),
    max_size=25,
)


def examples(rows: list[dict[str, Any]]) -> list[Example]:
    return [
        formats.read(row, "openai-completion", json.dumps(row, sort_keys=True).encode(), len(json.dumps(row)))
        for row in rows
    ]


def conventions(rows: list[Example], task: str) -> Conventions:
    survey = Survey()
    for row in rows:
        survey.add(row)
    return survey.conventions("openai-completion", len, {"task": task})


@given(ROWS, ROWS, st.sampled_from(list(CHECKS)), st.sampled_from(["classification", "generation"]), st.randoms())
def test_states_do_not_depend_on_the_order_of_adds_and_merges(
    train: list[Any], held_out: list[Any], name: str, task: str, chance: random.Random
) -> None:
    sides = {"train": examples(train), "validation": examples(held_out)}
    learned = {side: conventions(rows, task) for side, rows in sides.items()}

    def state(side: str, *, shuffled: bool) -> Any:
        placed = [(row, Place(number)) for number, row in enumerate(sides[side])]
        parts = [CHECKS[name](learned[side]) for _ in range(3 if shuffled else 1)]
        if shuffled:
            chance.shuffle(placed)
        for row, place in placed:
            chance.choice(parts).add(row, place)
        if shuffled:
            chance.shuffle(parts)
        whole = pickle.loads(pickle.dumps(parts[0]))
        for part in parts[1:]:
            whole.merge(part)
        return whole

    def outcome(*, shuffled: bool) -> list[list[str]]:
        states = {side: state(side, shuffled=shuffled) for side in sides}
        target = targets.resolve("openai", "openai-completion")
        return [
            sorted(
                map(repr, states[side].finish(Context(side, states, learned[side], target, None, None, learned)))
            )
            for side in sides
        ]  # fmt: skip

    assert outcome(shuffled=True) == outcome(shuffled=False)


# --- the statistics ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "freedom", "tail"),
    [  # the critical values that every table of the distribution has
        (2.706, 1, 0.10), (3.841, 1, 0.05), (6.635, 1, 0.01), (10.828, 1, 0.001), (5.991, 2, 0.05), (9.210, 2, 0.01),
        (11.345, 3, 0.01), (15.086, 5, 0.01), (18.307, 10, 0.05), (23.209, 10, 0.01), (43.773, 30, 0.05),
        (124.342, 100, 0.05), (149.449, 100, 0.001), (3.940, 10, 0.95), (0.00393, 1, 0.95),
    ],
)  # fmt: skip
def test_the_tail_of_chi_squared_is_that_of_the_tables(value: float, freedom: int, tail: float) -> None:
    assert chi_squared_tail(value, freedom) == pytest.approx(tail, rel=2e-3)


@pytest.mark.parametrize("freedom", [1, 2, 9, 10, 4999, 5000])
def test_the_tail_of_chi_squared_falls_from_one_to_nothing(freedom: int) -> None:
    tails = [chi_squared_tail(value, freedom) for value in (0, freedom / 2, freedom, 2 * freedom, 1e5)]
    assert tails[0] == 1.0
    assert tails == sorted(tails, reverse=True)
    assert tails[-1] < 1e-12


def test_the_g_test_on_a_worked_example() -> None:
    """By hand: 2 * (60 ln(60/50) + 40 ln(40/50) + 40 ln(40/50) + 60 ln(60/50)) = 8.05."""
    distance, p = compare([60, 40], [40, 60])
    assert distance == pytest.approx(0.2)
    assert p == pytest.approx(chi_squared_tail(8.0546, 1), rel=1e-3)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=40))
@example([(5, 0), (0, 5)])
@example([(0, 0)])
def test_a_comparison_is_bounded_symmetric_and_silent_for_equal_shares(cells: list[tuple[int, int]]) -> None:
    first, second = [a for a, _ in cells], [b for _, b in cells]
    distance, p = compare(first, second)
    assert 0 <= distance <= 1
    assert 0 <= p <= 1
    assert compare(second, first) == pytest.approx((distance, p))
    same = compare(first, [3 * count for count in first])
    assert same.distance == pytest.approx(0)
    assert same.p == pytest.approx(1)


def test_rare_cells_are_pooled() -> None:
    """A hundred labels of one record each say nothing of the shares."""
    assert compare([1] * 100, [0] * 50 + [2] * 50).p == 1.0
    assert compare([100, *[1] * 100], [300, *[0] * 50, *[6] * 50]).distance == pytest.approx(0)


# --- labels ------------------------------------------------------------------------------------

LABELS = [pair(f"Remark {n} on the {n % 17}th thing ->", f" {('good', 'bad', 'so-so')[n % 3]}") for n in range(300)]


def held_out(*labels: str) -> list[dict[str, Any]]:
    return [pair(f"Another remark, number {n} of today ->", f" {label}") for n, label in enumerate(labels)]


def test_a_stop_sequence_that_a_small_split_cannot_show_makes_no_new_label(tmp_path: Path) -> None:
    train = [{**row, "completion": row["completion"] + " END"} for row in LABELS]
    few = [{**row, "completion": row["completion"] + " END"} for row in held_out("good", "bad", "good")]
    assert said(found(tmp_path, train, few), "SPL004") == []


def test_one_label_with_words_in_common_makes_no_new_label(tmp_path: Path) -> None:
    """Forty rows of `arts and crafts`: what they end with alike is the label's own, and no stop sequence."""
    train = [{**row, "completion": row["completion"].replace("so-so", "arts and crafts")} for row in LABELS]
    findings = found(tmp_path, train, held_out(*["arts and crafts"] * 40))
    assert said(findings, "SPL004") == []
    assert said(findings, "SPL005") == []
    assert said(findings, "SPL003") == [("validation", None, "warning")]


def test_new_labels_are_named_once_each_at_their_first_record(tmp_path: Path) -> None:
    findings = found(tmp_path, LABELS, held_out("good", "odd", "bad", "odd", "Good", "even", "odd"))
    assert said(findings, "SPL004") == [("validation", 2, "error"), ("validation", 6, "error")]
    assert [f.values["count"] for f in findings if f.code == "SPL004"] == [3, 1]


def test_stray_answers_in_train_make_a_new_label_uncertain(tmp_path: Path) -> None:
    stray = [pair(f"Stray remark {n} ->", f" no idea {n}") for n in range(12)]
    findings = found(tmp_path, [*LABELS, *stray], held_out("good", "never mind", "bad"))
    assert said(findings, "SPL004") == [("validation", 2, "warning")]


def test_sentences_and_json_in_a_held_out_split_are_no_labels(tmp_path: Path) -> None:
    rows = held_out("good", "bad", '{"label": "odd"}', "two\nlines", "this is " + "really " * 20 + "a sentence")
    assert said(found(tmp_path, LABELS, rows), "SPL004") == []


def test_an_undeclared_label_is_left_to_its_own_rule(tmp_path: Path) -> None:
    findings = found(tmp_path, LABELS, held_out("good", "odd"), ignore=("DUP",))
    assert said(findings, "SPL004")
    path = tmp_path / "train.jsonl", tmp_path / "validation.jsonl"
    pins = {"labels": ("good", "bad", "so-so")}
    dataset = Dataset("d", {"train": (str(path[0]),), "validation": (str(path[1]),)}, Settings(), pins=pins)
    assert said(list(engine.check([dataset]).findings), "SPL004") == []


def test_short_answers_beyond_ten_thousand_are_no_labels() -> None:
    state = split_labels.NewLabel(conventions=Conventions(task="generation"))
    for number, row in enumerate(examples([pair("x ->", f" {n}") for n in range(10_050)])):
        state.add(row, Place(number))
    assert state.answers.too_many
    assert state.answers.seen == {}
    other = split_labels.NewLabel(conventions=Conventions(task="generation"))
    other.add(examples([pair("x ->", " a")])[0], Place(0))
    other.merge(state)
    assert other.answers.seen == {}


# --- conventions -------------------------------------------------------------------------------

PROMPTS = [f"Tell me thing {n} of {n * 7}" for n in range(60)]
WORDS = [f"It is {n}, {n * 3} or {n * 5} of them" for n in range(60)]


def written(separator: str, stop: str, count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        pair(f"{PROMPTS[n % 60]}, part {n}{separator}", f" {WORDS[n % 60]} by part {n}{stop}")
        for n in range(start, start + count)
    ]


@pytest.mark.parametrize(
    ("train", "validation", "differs"),
    [
        ((" ->", " END"), (" ->", " END"), []),
        ((" ->", " END"), ("\n\n###\n\n", " END"), ["separator"]),
        ((" ->", " END"), (" –>", " END"), ["separator"]),
        ((" ->", " END"), ("->", " END"), ["separator"]),
        ((" ->", " END"), ("", " END"), ["separator"]),
        (("\n\n###\n\n", " END"), ("\n\n", " END"), ["separator"]),
        ((" ->", " END"), (" review ->", " END"), []),
        ((" review ->", " END"), (" ->", " END"), []),
        ((" review ->", " END"), (" of a book ->", " END"), []),
        ((" ->", " END"), (" ->", "\n"), ["stop"]),
        ((" ->", " END"), (" ->", ""), ["stop"]),
        ((" ->", ""), (" ->", "###"), ["stop"]),
        ((" ->", " END"), ("\n\n###\n\n", "@@@"), ["separator", "stop"]),
    ],
)
@pytest.mark.parametrize("size", [3, 8, 40])
def test_endings_that_differ_between_splits(
    tmp_path: Path, train: tuple[str, str], validation: tuple[str, str], differs: list[str], size: int
) -> None:
    findings = found(tmp_path, written(*train, 100), written(*validation, size, start=100))
    expected = differs if size > 5 and not (train[1] == "" and size < 20) else []
    assert sorted(f.message.split()[1] for f in findings if f.code == "SPL005") == sorted(
        {"separator": "prompts", "stop": "completions"}[name] for name in expected
    )
    assert all((f.split, f.line) == ("validation", None) for f in findings if f.code == "SPL005")


@pytest.mark.parametrize(
    ("train", "validation", "differs"),
    [
        (("\n->\n", " "), ("\n->\n", " "), False),
        (("\n->\n", " "), ("\n->\n", ""), True),
        (("\n->\n", ""), ("\n->\n", " "), True),
        ((" ->", " "), (" -> ", ""), False),  # the space stands in the prompt
        (("\n->\n", " "), ("\n->\n", "{"), False),  # needs none
    ],
)
def test_the_space_before_answers_is_that_of_train(
    tmp_path: Path, train: tuple[str, str], validation: tuple[str, str], differs: bool
) -> None:
    def written(words: str, side: tuple[str, str]) -> list[dict[str, Any]]:
        return [pair(f"{words} {n}{side[0]}", f"{side[1]}Rooms like number {n} open early.\n") for n in range(30)]

    findings = found(tmp_path, written("Which", train), written("When", validation), select=("SPL005",))
    assert ["first words" in finding.message for finding in findings if "end with" not in finding.message] == [
        True
    ] * differs
    assert all(str(finding.severity) == "warning" for finding in findings if "first words" in finding.message)


@pytest.mark.parametrize(
    ("train", "validation", "count"),
    [
        (SYSTEM, SYSTEM, 0),
        (SYSTEM, "You answer  for the library.\nBe brief.", 0),
        (f"{SYSTEM} Today is 2024-05-01.", f"{SYSTEM} Today is 2025-11-30.", 0),
        (SYSTEM, "You are a pirate.", 1),
        (SYSTEM, None, 1),
        (None, SYSTEM, 1),
        (None, None, 0),
        ("x" * 1_000_000, "x" * 1_000_000 + " y", 1),
    ],
)
def test_system_prompts_that_differ_between_splits(
    tmp_path: Path, train: str | None, validation: str | None, count: int
) -> None:
    size = 5 if train and len(train) > 100_000 else 30
    rows = [chat(f"When does room {n} open?", f"At {n}.", train) for n in range(size)]
    more = [chat(f"When does room {n} close?", f"At {n}.", validation) for n in range(size)]
    findings = found(tmp_path, rows, more, select=("SPL005",))
    assert len(findings) == count
    assert all(len(finding.message) < 250 for finding in findings)


def test_a_test_split_may_hold_prompts_alone(tmp_path: Path) -> None:
    rows = [chat(f"When does room {n} open?", f"At {n}.") for n in range(30)]
    prompts = [{"messages": row["messages"][:1]} for row in rows[20:]]
    train, test = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    train.write_text("".join(json.dumps(row) + "\n" for row in rows[:20]))
    test.write_text("".join(json.dumps(row) + "\n" for row in prompts))
    for name, count in (("test", 0), ("validation", 1)):
        dataset = Dataset("d", {"train": (str(train),), name: (str(test),)}, Settings(select=("SPL005",)))
        assert len(list(engine.check([dataset]).findings)) == count


# --- duplicates --------------------------------------------------------------------------------


def test_tools_that_are_declared_otherwise_make_another_input(tmp_path: Path) -> None:
    def row(unit: str, answer: str) -> dict[str, Any]:
        parameters = {"type": "object", "properties": {unit: {"type": "string"}}}
        tool = {"type": "function", "function": {"name": "f", "description": "F.", "parameters": parameters}}
        return {**chat("How warm is it?", answer), "tools": [tool]}

    others = [chat(f"When does room {n} open?", f"At {n}.") for n in range(30)]
    rows = [*others, row("a", "Warm."), row("b", "I cannot know."), row("a", "Cold.")]
    assert said(found(tmp_path, rows), "DUP003") == [("train", 33, "warning")]


def test_a_third_answer_is_told_and_a_repeated_one_is_not(tmp_path: Path) -> None:
    others = [chat(f"When does room {n} open?", f"At {n}.") for n in range(30)]
    rows = [*others, *[chat("Why?", answer) for answer in ("A.", "B.", "b.  ", "A. ", "C.")]]
    findings = found(tmp_path, rows)
    assert said(findings, "DUP003") == [("train", 32, "warning"), ("train", 35, "warning")]
    assert [f.related[0].line for f in findings if f.code == "DUP003"] == [31, 31]
    assert len({f.group for f in findings if f.code == "DUP003"}) == 1


def test_long_answers_are_told_apart_by_their_ends_and_length() -> None:
    long = " ".join(f"word{n}" for n in range(400))
    state = duplicates.Contradictory(design=1.0)
    rows = [pair("x ->", long), pair("x ->", long), pair("x ->", long + "!"), pair("y ->", long)]
    for number, row in enumerate(examples(rows)):
        state.add(row, Place(number))
    context = Context("train", {}, Conventions(), targets.resolve("openai", ""), None, None, {})
    assert [place for place, _ in state.finish(context)] == [2]
