"""Near copies: the measure, and that MinHash and the filters find what comparing each with each finds."""

from __future__ import annotations

import random
import sys
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator import formats
from curator.curation import sketches
from curator.curation.nearness import Groups, asked, beginnings, jaccard, shingles, text_of
from curator.curation.sketches import Apart, Sketches
from curator.errors import UsageError


def example(record: dict[str, object]) -> formats.Example:
    return formats.read(record, formats.detect(record), b"", 0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set()),
        (" \n ", set()),
        ("one", {"one"}),
        ("one  two\nthree", {"one two three"}),
        ("a b c d e", {"a b c d e"}),
        ("a b c d e f", {"a b c d e", "b c d e f"}),
        ("日本語の文です", {"日 本 語 の 文", "本 語 の 文 で", "語 の 文 で す"}),
        ("ab 日本 cd", {"ab 日 本 cd"}),
    ],
)
def test_shingles_are_runs_of_five_words(text: str, found: set[str]) -> None:
    assert shingles(text) == found


def test_a_shared_beginning_does_not_count() -> None:
    shared = ("say what it is about: now ", "say what ")
    assert shingles("say what it is about: now one two", shared) == {"one two"}
    assert shingles("say what else", shared) == {"else"}
    assert shingles("say what ", shared) == {"say what"}, "a text of nothing else is compared whole"


def test_beginnings_are_those_of_many() -> None:
    tasks = ["Is the following review positive? ", "Name the city that is meant here: "]
    texts = [f"{tasks[n % 2]}{random.Random(n).random()}" for n in range(60)]
    assert beginnings(texts) == tuple(sorted(tasks, key=len, reverse=True))
    assert beginnings(texts[:18]) == (), "fewer than ten of each"
    assert beginnings([f"{n} words that differ from the first on" for n in range(100, 200)]) == ()
    random.Random(1).shuffle(texts)
    assert beginnings(texts) == tuple(sorted(tasks, key=len, reverse=True))


def test_the_text_has_no_system_prompt_but_calls_and_both_outputs() -> None:
    call = {"id": "x", "type": "function", "function": {"name": "look", "arguments": '{"At": 1}'}}
    messages = [
        {"role": "system", "content": "Be KIND."},
        {"role": "user", "content": "WHO?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    assert text_of(example({"messages": messages})) == 'who?\n\nlook {"at": 1}'
    assert asked(example({"messages": messages})) == "who?"
    pair = {
        "input": {"messages": messages[:2]},
        "preferred_output": [{"role": "assistant", "content": "Me"}],
        "non_preferred_output": [{"role": "assistant", "content": "You"}],
    }
    assert text_of(example(pair)) == "who?\nme\nyou"
    assert text_of(example({"b": ["X", {"c": 1}], "a": "Y", "id": 7})) == "y\nx\n1"
    assert text_of(example({"text": "Z", "source": "web"})) == "z"


def test_images_and_what_is_graded_by_tell_texts_apart() -> None:
    def shown(url: str) -> str:
        image = {"type": "image_url", "image_url": {"url": url}}
        content = [{"type": "text", "text": "What is it?"}, image]
        turns = [{"role": "user", "content": content}, {"role": "assistant", "content": "A dog."}]
        return text_of(example({"messages": turns}))

    assert shown("a.png") == shown("a.png") != shown("b.png")
    asking = {"messages": [{"role": "user", "content": "Add them."}]}
    graded = [formats.read({**asking, "id": n, "answer": n}, "openai-reinforcement", b"", 0) for n in range(2)]
    assert [text_of(one) for one in graded] == ["add them.\n0", "add them.\n1"]


_WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=14).map(" ".join)


def clusters(pairs: list[tuple[int, int]], count: int) -> set[frozenset[int]]:
    groups = Groups(count)
    for pair in pairs:
        groups.unite(*pair)
    return {frozenset(n for n in range(count) if groups.find(n) == root) for root in range(count)} - {frozenset()}


def near(texts: list[str], threshold: float) -> set[frozenset[int]]:
    """The clusters, by comparing each with each."""
    sets = [shingles(text) for text in texts]
    numbers = range(len(texts))
    return clusters([p for p in combinations(numbers, 2) if jaccard(sets[p[0]], sets[p[1]]) >= threshold], len(texts))


def found(texts: list[str], threshold: float) -> set[frozenset[int]]:
    groups, made = Groups(len(texts)), Sketches(threshold)
    for number, text in enumerate(texts):
        made.add(number, shingles(text))
    pairs = []
    for pair in made.pairs(lambda number: shingles(texts[number]), groups.find):
        groups.unite(*pair)
        pairs.append(pair)
    assert len(pairs) == len(texts) - len(clusters(pairs, len(texts))), "no pair is measured that is connected already"
    return clusters(pairs, len(texts))


@given(st.lists(_WORDS, max_size=12), st.sampled_from([0.5, 0.65, 0.8, 0.9, 1.0]))
def test_clusters_are_those_of_comparing_each_with_each(texts: list[str], threshold: float) -> None:
    assert found(texts, threshold) == near(texts, threshold)


def variants(seed: int, count: int, changed: int) -> list[str]:
    """Texts of one template; the more words are changed the less they are alike."""
    source = random.Random(seed)
    base = [f"w{n}" for n in range(80)]
    texts = []
    for _ in range(count):
        words = list(base)
        for place in source.sample(range(80), source.randint(1, changed)):
            words[place] = f"x{source.random()}"
        texts.append(" ".join(words))
    return texts


@pytest.mark.parametrize("changed", [2, 4, 8, 20])
def test_large_buckets_are_searched_by_what_is_rare(changed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_FEW", 20), ("_PATIENCE", 0), ("_HELD", 2000)):  # any bucket is a large one then
        monkeypatch.setattr(sketches, name, value)
    texts = variants(changed, 250, changed)
    assert found(texts, 0.8) == near(texts, 0.8)


@given(st.lists(_WORDS.filter(bool), max_size=12, unique=True), st.sampled_from([0.5, 0.8, 0.9]))
def test_what_is_kept_apart_is_apart(texts: list[str], threshold: float) -> None:
    sets = [shingles(text) for text in texts]
    apart = Apart(threshold, sets.__getitem__, range(len(texts)))
    kept: list[int] = []
    for number in range(len(texts)):
        other, index = apart.take(number)
        likest = max((jaccard(sets[number], sets[mine]) for mine in kept), default=0.0)
        if other == number:
            assert likest < threshold
            kept.append(number)
        else:
            assert other in kept
            assert index == likest == jaccard(sets[number], sets[other])


def test_sketches_of_two_workers_are_those_of_one() -> None:
    texts = variants(3, 40, 6)
    whole, parts = Sketches(), [Sketches(), Sketches()]
    for number, text in enumerate(texts):
        whole.add(number, shingles(text))
        parts[number % 2].add(number, shingles(text))
    parts[0].merge(parts[1])
    results = []
    for made in (whole, parts[0]):
        groups = Groups(len(texts))
        for pair in made.pairs(lambda number: shingles(texts[number]), groups.find):
            groups.unite(*pair)
        results.append([groups.find(number) for number in range(len(texts))])
    assert results[0] == results[1]


@pytest.mark.parametrize("threshold", [0.0, 0.49, 1.01, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(UsageError, match=r"from 0\.5 to 1"):
        Sketches(threshold)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rensa", None)
    with pytest.raises(UsageError, match=r"pip install 'finetune-curator\[dedupe\]'"):
        Sketches()
