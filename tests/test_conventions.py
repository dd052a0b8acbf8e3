"""What a dataset does as a habit, learned from its records [seed 002]; robust against a tenth of them."""

import json
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_parsing import seeds

from curator import formats
from curator.conventions import Conventions, Survey, is_label, separators, stop_sequence

# What is asked about: of every length, ending in every kind of character.
ITEMS = [
    "burger", "paper towels", "vino", "bananas", "dog toy", "a C++ compiler", "7 up", "crème brûlée", "寿司",
    "the 2nd?", "what is a \"bun\"?", "it was good.", "tea (green)", "wow!", "A and B", "x - y", "$5", "end", "no",
    "🍕",
]  # fmt: skip


def words(text: str) -> int:
    """Stands in for a tokenizer: a token for each word."""
    return len(text.split()) or 1


def learned(rows: Sequence[tuple[str, str]], pins: dict[str, Any] | None = None) -> Conventions:
    """The conventions of prompts and completions."""
    survey = Survey()
    for prompt, completion in rows:
        record = {"prompt": prompt, "completion": completion}
        survey.add(formats.read(record, "openai-completion", b"", 0))
    return survey.conventions("openai-completion", words, pins or {})


def items(count: int) -> list[str]:
    return [f"{ITEMS[n % len(ITEMS)]} {n // len(ITEMS)} {ITEMS[n * 7 % len(ITEMS)]}" for n in range(count)]


def texts(found: Conventions) -> list[str]:
    return [ending.text for ending in found.separators]


# --- separators -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        # Seed 002, "Examples of separator sequences"
        (" ->", " ->"),
        (" –>", " –>"),
        ("\n###\n", "\n###\n"),
        ("\n\n###\n\n", "\n\n###\n\n"),
        (" >>>", " >>>"),
        ("\nLabel:", "\nLabel:"),
        # and others that are in use
        ("->", "->"),
        (" =>", " =>"),
        ("\n\nCategory:", "\n\nCategory:"),
        ("\n\nSummary:\n", "\n\nSummary:\n"),
        ("\n", "\n"),
        ("\n\n", "\n\n"),
        (" |", " |"),
        ("\n---\n", "\n---\n"),
        (" ==>\n", " ==>\n"),
        ("\n答え:", "\n答え:"),
    ],
)
def test_one_separator(ending: str, expected: str) -> None:
    found = learned([(f"{item}{ending}", " yes") for item in items(100)])
    assert texts(found) == [expected]
    assert found.separators[0].share == 1.0
    assert found.separator_share == 1.0


@pytest.mark.parametrize(
    "ending",
    ["", "?", ".", "!", "...", "…", "。", "？", "?!", '."', "”", ".)", " ", "  "],
)
def test_what_ends_a_sentence_or_a_word_is_no_separator(ending: str) -> None:
    plain = [f"a question about {'abcdefghij'[n % 10]}{'klmno'[n % 5]}" for n in range(100)]
    assert texts(learned([(text + ending, " yes") for text in plain])) == []


def test_a_set_of_separators_is_a_design_of_its_own() -> None:
    """Seed 002: one model, two tasks."""
    rows = [(f"{item} –> {task}", " yes") for item in items(50) for task in ("edible:", "handheld:")]
    found = learned(rows)
    assert found.separator_share == 1.0
    assert set(texts(found)) <= {":", " –> edible:", " –> handheld:"}  # no part of a task's name alone
    assert learned(rows[::-1]) == found


@pytest.mark.parametrize(
    ("template", "usual", "other", "expected"),
    [
        ("{}{} ->", " Regards, Bob", ".", " ->"),
        ("{}\n{}\nAnswer:", "Question: Who?", "Frage!", "\nAnswer:"),
        ("{}\n{}\n\n###\n\n", "Is it edible?", "Is it not.", "\n\n###\n\n"),
    ],
)
def test_words_before_a_separator_that_some_prompts_lack_are_no_part_of_it(
    template: str, usual: str, other: str, expected: str
) -> None:
    """What all prompts end with is their separator, though 19 of 20 say the same before it."""
    rows = [(template.format(item, usual if n % 20 else other), " yes") for n, item in enumerate(items(200))]
    assert texts(learned(rows)) == [expected]
    assert learned(rows).separator_share == 1.0


def test_words_before_a_stop_sequence_that_some_answers_lack_are_no_part_of_it() -> None:
    rows = [("a ->", f" {item}{' Yours, Bob' if n % 20 else '.'}\n") for n, item in enumerate(items(200))]
    stop = learned(rows).stop
    assert stop is not None
    assert (stop.text, stop.share) == ("\n", 1.0)


def test_two_tasks_that_end_differently() -> None:
    rows = [(f"{item}\n{task}", " yes") for item in items(50) for task in ("edible ->", "handheld |")]
    found = learned(rows)
    assert [ending.share for ending in found.separators] == [0.5, 0.5]
    assert sorted(text[-2:] for text in texts(found)) == [" |", "->"]


@pytest.mark.parametrize("share", [50, 60, 70, 79])
def test_two_separators_are_both_found_whatever_their_shares(share: int) -> None:
    rows = [(item + (" ->" if n < share else "\n###\n"), " yes") for n, item in enumerate(items(100))]
    assert texts(learned(rows)) == ([" ->", "\n###\n"] if share > 50 else ["\n###\n", " ->"])


def test_empty_prompts_have_none_to_miss() -> None:
    found = learned([("", f" a text of its own, number {n}.") for n in range(50)])
    assert found.separators == ()
    assert found.separator_share == 0


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_few_records_have_no_habit(count: int) -> None:
    found = learned([(f"{item} ->", " yes END") for item in items(count)])
    assert found.separators == ()
    assert found.stop is None


@pytest.mark.parametrize(
    ("ending", "broken"),
    [
        (ending, broken)
        for ending in (" ->", "\n\n###\n\n", "\nLabel:", " >>>")
        for broken in ("", ":", " - >", "\n", "?", " ->->", "\nlabel", "###")
        # A tenth that ends in ":" without the word may be another task's (`edible:` and `handheld:`).
        if (ending, broken) != ("\nLabel:", ":")
    ],
)
def test_a_tenth_of_broken_records_changes_nothing(ending: str, broken: str) -> None:
    rows = [(item + (broken if n % 10 == 3 else ending), " yes") for n, item in enumerate(items(200))]
    found = learned(rows)
    assert texts(found) == [ending]
    assert found.separators[0].share >= 0.9


def test_the_question_mark_before_a_separator_is_no_part_of_it() -> None:
    found = learned([(f"Is it {item}?\n\n###\n\n", " yes") for item in items(100)])
    assert texts(found) == ["\n\n###\n\n"]


def test_a_common_question_before_a_separator_is_no_part_of_it() -> None:
    """Cut back to the first run of non-alphanumerics, and the sentence's own end goes, too."""
    found = learned([(f"{item}\nIs it edible? ->", " yes") for item in items(100)])
    assert texts(found)[0].endswith(" ->")


# --- stop sequences ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("completions", "stop"),
    [
        ([" positive", " negative"], None),  # the legacy tool advised "tive"
        ([" yes", " no"], None),
        ([" edible", " inedible"], None),
        ([" true", " false"], None),
        ([" 1", " 11", " 21"], None),
        ([" yes"], None),  # one label is a label
        ([" yes END", " no END"], " END"),
        ([" positive END", " negative END"], " END"),
        ([" edible###", " inedible###"], "###"),
        ([" edible\n", " inedible\n"], "\n"),
        ([" a cat.\n\n###\n\n", " a dog!\n\n###\n\n"], "\n\n###\n\n"),
        ([" a cat. END", " two dogs! END"], " END"),
        ([" A long answer.", " Another one."], None),
        ([" What is it?", " Who was it?"], None),
        ([' He said "no."', ' She said "yes."'], None),
        ([" (a)", " (b)"], None),
        ([" one\n<|end|>", " two\n<|end|>"], "\n<|end|>"),
        ([" positive</s>", " negative</s>"], "</s>"),
        ([" positive </s>", " a cat </s>"], " </s>"),
        ([" a cat</a>", " two dogs</a>"], "</a>"),
        (["a cat</answer>", "two dogs</answer>"], "</answer>"),
        ([" a <b>cat</b>", " a <b>dog</b>"], None),  # a tag that the answers open is their own
        (["<answer>" + "a cat " * 20 + "</answer>", "<answer>a dog</answer>"], None),
        (["<ul><li>a cat</li></ul>", "<ul><li>a dog</li></ul>"], None),
        (["<ul><li>a cat</li></ul></s>", "<ul><li>a dog</li></ul></s>"], "</s>"),
        ([" a cat\n### End", " two dogs\n### End"], "\n### End"),
        ([" a cat\n\n### End", " two dogs\n\n### End"], "\n\n### End"),
        ([" a cat\nend", " two dogs\nend"], "\nend"),
        (["1 < 2\nYes", "a, b\nYes"], None),  # an answer on a line of its own
        ([" a cat\n```", " two dogs\n```"], "\n```"),
        (["```py\ncat()\n```", "```py\ndog()\n```"], None),
        ([" a cat STOP.", " two dogs STOP."], " STOP."),
        ([" a cat is done.", " two dogs are done."], None),
        ([" for cats\n#ad", " for dogs\n#ad"], None),
    ],
)
def test_stop_sequences(completions: list[str], stop: str | None) -> None:
    rows = [(f"{item} ->", completions[n % len(completions)]) for n, item in enumerate(items(120))]
    found = learned(rows)
    assert (found.stop.text if found.stop else None) == stop
    if found.stop:
        assert found.stop.share == 1.0
        assert found.answer(completions[0]) == completions[0].removesuffix(str(stop))
        assert found.label(completions[0]) == completions[0].removesuffix(str(stop)).lstrip()


@pytest.mark.parametrize("broken", [" yes", " yes.", " yes end", "", " yes\n"])
def test_a_tenth_of_missing_stops_changes_nothing(broken: str) -> None:
    labels = [" yes END", " no END"]
    rows = [(f"{i} ->", broken if n % 10 == 7 else labels[n % 2]) for n, i in enumerate(items(200))]
    found = learned(rows)
    assert found.stop is not None
    assert found.stop.text == " END"
    assert found.stop.share == (0.9 if broken else 1.0)  # an empty completion is another rule's


# --- task and labels --------------------------------------------------------------------------------------------


def answers(counts: dict[str, int]) -> list[tuple[str, str]]:
    completions = [label for label, count in counts.items() for _ in range(count)]
    return [(f"item {n} ->", label) for n, label in enumerate(completions)]


LONG = " ".join("abcdefghijk")  # eleven words


@pytest.mark.parametrize(
    ("counts", "task"),
    [
        ({" yes": 50, " no": 50}, "classification"),
        ({" yes": 99, " no": 1}, "classification"),
        ({"1": 30, "2": 30, "3": 30}, "classification"),
        ({" A burger can be eaten": 20, " It cannot": 20}, "classification"),  # "but still works"
        # at least 90 % carry an answer seen five times or more
        ({" yes": 60, " no": 60, **{f" rare {n}": 1 for n in range(8)}}, "classification"),
        ({" yes": 91, **{f" rare{n}": 1 for n in range(9)}}, "classification"),
        ({" yes": 43, " no": 43, **{f" r{n}": 2 for n in range(7)}}, "generation"),  # 86 %
        ({" yes": 4, " no": 4}, "generation"),
        # distinct answers are at most a tenth of the records
        ({f" label{n}": 10 for n in range(30)}, "classification"),
        ({f" label{n}": 9 for n in range(30)}, "generation"),
        ({" yes": 10}, "classification"),
        ({" yes": 9}, "generation"),
        # one line of at most ten tokens, and no JSON
        ({f" {LONG}": 40, " no": 40}, "generation"),
        ({" " + " ".join("abcdefghij"): 40, " no": 40}, "classification"),
        ({" yes\nplease": 40, " no": 40}, "generation"),
        ({'{"a": 1}': 40, '{"a": 2}': 40}, "generation"),
        ({"[1, 2]": 40, "[3]": 40}, "generation"),
        ({"[tag": 40, "{x": 40}, "classification"),  # brackets, but no JSON
        ({"x" * 201: 40, " no": 40}, "generation"),
        ({f" a sentence, number {n}": 1 for n in range(100)}, "generation"),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_task(counts: dict[str, int], task: str) -> None:
    found = learned(answers(counts))
    assert found.task == task
    if task == "classification":
        assert found.labels == {label.lstrip(): count for label, count in counts.items()}
        ordered = sorted(found.labels.items(), key=lambda item: (-item[1], item[0].encode()))
        assert list(found.labels.items()) == ordered
    else:
        assert found.labels == {}


def test_labels_are_counted_without_stop_sequence_and_leading_space() -> None:
    found = learned(answers({" yes END": 60, " no END": 40, "yes END": 5, " no": 3}))
    assert found.task == "classification"
    assert found.stop is not None
    assert found.labels == {"yes": 65, "no": 43}


def test_the_answer_of_a_conversation_is_its_trained_turn() -> None:
    survey = Survey()
    for number in range(60):
        messages = [
            {"role": "user", "content": f"{number}?"}, {"role": "assistant", "content": f"Hm, {number}", "weight": 0},
            {"role": "user", "content": "Well?"}, {"role": "assistant", "content": ["yes", "no"][number % 2]},
            {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": f"{number}", "weight": 0},
        ]  # fmt: skip
        survey.add(formats.read({"messages": messages}, "openai-chat", b"", 0))
    found = survey.conventions("openai-chat", words, {})
    assert found.task == "classification"
    assert found.labels == {"no": 30, "yes": 30}
    assert found.separators == ()  # a conversation needs none
    assert found.stop is None


@pytest.mark.parametrize("ending", ["Done.", "TASK COMPLETE", "Any time!"])
def test_what_conversations_end_in_is_no_label(ending: str) -> None:
    """Of several trained turns, the last is a habit of speech; and so is what follows a call."""
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    survey = Survey()
    for number in range(80):
        first: dict[str, Any] = {"role": "assistant", "content": f"Hm, {number}"}
        if number % 2:
            first = {"role": "assistant", "tool_calls": [call], "weight": 0}
        messages = [{"role": "user", "content": f"{number}?"}, first, {"role": "assistant", "content": ending}]
        survey.add(formats.read({"messages": messages}, "openai-chat", b"", 0))
    found = survey.conventions("openai-chat", words, {})
    assert (found.task, found.labels, found.answers) == ("generation", {}, frozenset())


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("yes", True), ("A", True), ("0", True), ("寿司", True), ("a b c d e f g h i j", True),
        ("", False), ("a\nb", False), (LONG, False), ("{}", False), ('["a"]', False), ('"quoted"', False),
        ("{not json", True), ("null", True),
    ],
)  # fmt: skip
def test_is_label(text: str, is_one: bool) -> None:
    assert is_label(text, words) == is_one


# --- pins ---------------------------------------------------------------------------------------------------------

MIXED = [
    (item + [" ->", "\n###\n", ""][n % 3], [" yes", " no", f" {n} END"][n % 3]) for n, item in enumerate(items(90))
]


def test_pins_are_the_last_word() -> None:
    free = learned(MIXED)
    assert free.task == "generation"
    assert free.pinned == frozenset()

    pinned = learned(MIXED, {"task": "classification", "separator": "\n###\n", "stop": " END"})
    assert pinned.task == "classification"
    assert pinned.pinned == {"task", "separators", "stop"}
    assert [ending.text for ending in pinned.separators] == ["\n###\n"]
    assert pinned.stop is not None
    assert pinned.stop.text == " END"
    assert pinned.labels["yes"] == 30
    assert pinned.labels["2"] == 1  # without the stop sequence that the settings name

    several = learned(MIXED, {"separator": (" ->", "\n###\n")})
    assert texts(several) == [" ->", "\n###\n"]
    assert several.pinned == {"separators"}
    assert several.task == free.task


def test_nothing_can_be_pinned_too() -> None:
    rows = [(f"{item} ->", [" yes END", " no END"][n % 2]) for n, item in enumerate(items(60))]
    assert texts(learned(rows)) == [" ->"]
    found = learned(rows, {"separator": "", "stop": "", "task": "generation"})
    assert found.separators == ()
    assert found.stop is None
    assert found.task == "generation"
    assert found.labels == {}
    assert found.pinned == {"task", "separators", "stop"}


# --- laws -----------------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(seeds)
def test_order_and_neighbours_do_not_matter(seed: int) -> None:
    """Ties are broken by what is written: the same records in any order have the same conventions."""
    random = Random(seed)
    ends = random.sample([" ->", "\n###\n", "\nLabel:", ":", "", "?", " a:", " b:", "\n"], 3)
    stops = random.sample(["", " END", "\n", ".", "###"], 2)
    rows = [
        (f"{random.choice(ITEMS)}{random.choice(ends)}", random.choice([" a", " b", " Abc"]) + random.choice(stops))
        for _ in range(random.randint(0, 60))
    ]
    found = learned(rows)
    again = learned(random.sample(rows, len(rows)))
    assert again == found
    assert list(again.labels) == list(found.labels)
    assert learned(rows * 3).separators == found.separators if len(rows) >= 5 else found.separators == ()
    assert all(0 < ending.share <= 1 for ending in found.separators)
    for ending in found.separators:
        assert ending.share == pytest.approx(
            sum(p.endswith(ending.text) for p, _ in rows if p) / sum(bool(p) for p, _ in rows)
        )


@settings(max_examples=150)
@given(st.lists(st.tuples(st.text("ab \n.:#>-é?", max_size=6), st.text("ab \n.:#E", max_size=5)), max_size=20))
def test_any_text_has_conventions(rows: list[tuple[str, str]]) -> None:
    found = learned(rows * 3)
    for ending in found.separators:
        assert ending.text.strip(" \t")
        assert ending.share >= 0.1
    if found.stop is not None:
        assert found.stop.share >= 0.8
        assert found.stop.text.strip(" \t")
    json.dumps([found.task, dict(found.labels), [ending.text for ending in found.separators]])


def test_the_functions_of_counts_alone() -> None:
    assert separators(Counter()) == ()
    assert stop_sequence(Counter()) is None
    assert separators(Counter({"a ->": 7}))[0].text == " ->"


@pytest.mark.parametrize(
    ("prompts", "answers"),
    [
        (["यह अच्छा है।"] * 7 + ["क्या यह अच्छा है?"], ["सकारात्मक"] * 4 + ["नकारात्मक"] * 3 + ["तटस्थ"]),
        (["یہ اچھا ہے۔"] * 7 + ["کیا یہ اچھا ہے؟"], ["ہاں، یہ اچھا ہے۔"] * 7 + ["کیا؟"]),
        (["这个很好。"] * 7 + ["这个好吗？"], ["很好。"] * 7 + ["好吗？"]),
        (["Show it."] * 8, ["<b>{w}</b>"] * 7 + ["{w}"]),
        (["Show it."] * 8, ["Nice {w} 😀"] * 7 + ["Nice {w}"]),
        (["Show it."] * 8, ["Buy {w} #ad"] * 7 + ["Buy {w}"]),
        (["thing -> edible:"] * 7 + ["thing -> handheld:"], [" yes"] * 8),
        (["Is it edible? ->"] * 7 + ["Is it round? ->"], [" yes"] * 8),
    ],
)
def test_natural_endings_accuse_nobody(prompts: list[str], answers: list[str]) -> None:
    """What seven of eight texts end with is no convention where the eighth is as healthy."""
    rows = [
        (f"{n} {p}", f"{n} {a.replace('{w}', word)}")
        for n, word in enumerate(["soup", "bread", "tea", "rice", "cake", "nuts", "milk", "corn", "figs", "ham"])
        for p, a in zip(prompts, answers, strict=True)
    ]
    found = learned(rows)
    for ending in found.separators:
        assert all(prompt.endswith(ending.text) for prompt, _ in rows)
    assert found.stop is None
