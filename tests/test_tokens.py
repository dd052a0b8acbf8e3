"""Counts are exact, come without a network, and `bound` never lets a record through that is too long."""

import hashlib
import json
import pickle
import socket
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_parsing import seeds

from curator import formats, tokens
from curator.errors import CuratorError
from curator.model import Example
from curator.tokens import ENCODINGS, Tokenizer, bound, bundled

SHA256 = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "p50k_base": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
}

# OpenAI cookbook, "How to count tokens with tiktoken", sections 6 and 7: texts and totals, which its
# authors compared with what the API charged.
JARGON = [
    ("system", None, "You are a helpful, pattern-following assistant that translates corporate jargon into "
     "plain English."),
    ("system", "example_user", "New synergies will help drive top-line growth."),
    ("system", "example_assistant", "Things working well together will increase revenue."),
    (
        "system", "example_user",
        "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
    ),
    ("system", "example_assistant", "Let's talk later when we're less busy about how to do better."),
    ("user", None, "This late pivot means we don't have time to boil the ocean for the client deliverable."),
]  # fmt: skip
WEATHER = {
    "messages": [
        {"role": "system", "content": "You are a helpful assistant that can answer to questions about the weather."},
        {"role": "user", "content": "What's the weather like in San Francisco?"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_current_weather",
                "description": "Get the current weather in a given location",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                        "unit": {
                            "type": "string",
                            "description": "The unit of temperature to return",
                            "enum": ["celsius", "fahrenheit"],
                        },
                    },
                    "required": ["location"],
                },
            },
        }
    ],
}


def example_of(record: dict[str, Any], raw: bytes | None = None) -> Example:
    raw = orjson.dumps(record) if raw is None else raw
    return formats.read(record, formats.detect(record), b"", len(raw))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


# --- the published totals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "total"), [("cl100k_base", 129), ("o200k_base", 124)])
def test_the_published_total_of_a_conversation(encoding: str, total: int) -> None:
    messages = [{"role": r, "content": c} | ({"name": n} if n else {}) for r, n, c in JARGON]
    assert Tokenizer(encoding).example(example_of({"messages": messages})) == total


@pytest.mark.parametrize(("encoding", "total"), [("cl100k_base", 105), ("o200k_base", 101)])
def test_the_published_total_with_tools(encoding: str, total: int) -> None:
    assert Tokenizer(encoding).example(example_of(WEATHER)) == total


@pytest.mark.parametrize(
    ("text", "counts"),
    # From the same notebook, section 4 ("Comparing encodings").
    [
        ("antidisestablishmentarianism", {"r50k_base": 5, "p50k_base": 5, "cl100k_base": 6, "o200k_base": 6}),
        ("2 + 2 = 4", {"r50k_base": 5, "p50k_base": 5, "cl100k_base": 7, "o200k_base": 7}),
        ("お誕生日おめでとう", {"r50k_base": 14, "p50k_base": 14, "cl100k_base": 9, "o200k_base": 8}),
        # Seed 002: " edible" is 1 token and " inedible" 3, at the models of its time
        (" edible", {"r50k_base": 1, "p50k_base": 1}),
        (" inedible", {"r50k_base": 3, "p50k_base": 3}),
        ("", {"r50k_base": 0, "p50k_base": 0, "cl100k_base": 0, "o200k_base": 0}),
    ],
)
def test_published_counts(text: str, counts: dict[str, int]) -> None:
    assert {encoding: Tokenizer(encoding).count(text) for encoding in counts} == counts


def test_numbers_below_500_are_single_tokens() -> None:
    """Seed 002, "How to pick labels"."""
    assert {Tokenizer("r50k_base").count(str(number)) for number in range(500)} == {1}


def test_a_prompt_and_its_completion_are_their_texts() -> None:
    example = example_of({"prompt": "burger ->", "completion": " edible"})
    counter = Tokenizer("cl100k_base")
    assert counter.example(example) == counter.count("burger ->") + counter.count(" edible")


# --- the vocabularies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_vocabulary_is_the_published_one(encoding: str) -> None:
    data = (files("curator") / "vocab" / f"{encoding}.tiktoken").read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256[encoding]
    assert set(ENCODINGS) == set(SHA256)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_vocabulary_loads_without_a_network_and_a_cache(
    encoding: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    tokens._encoding.cache_clear()
    assert Tokenizer(encoding).count("hello world") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_vocabulary_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "vocab").mkdir()
    data = (files("curator") / "vocab" / "r50k_base.tiktoken").read_bytes()
    (tmp_path / "vocab" / "r50k_base.tiktoken").write_bytes(data[:-10])
    monkeypatch.setattr(tokens, "files", lambda _: tmp_path)
    tokens._encoding.cache_clear()
    with pytest.raises(CuratorError, match="damaged"):
        Tokenizer("r50k_base").count("x")


def test_there_is_none_where_none_is_known() -> None:
    assert bundled(None) is None
    assert bundled("o300k_base") is None
    with pytest.raises(CuratorError, match="no tokenizer 'o300k_base'"):
        Tokenizer("o300k_base")
    counter = bundled("o200k_base")
    assert counter is not None
    assert pickle.loads(pickle.dumps(counter)).count("hello world") == 2


# --- any text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "text",
    [" " * 1_000_000, "x" + " " * 1_000_000 + "y", "\n" * 1_000_000, "a" * 1_000_000, "ab" * 500_000, "." * 1_000_000],
    ids=["spaces", "spaces inside", "lines", "word", "long word", "dots"],
)
def test_a_megabyte_of_one_kind_is_counted(encoding: str, text: str) -> None:
    """tiktoken panics, past any except clause, at a million spaces; and once was quadratic in a word."""
    assert len(text) // 200 < Tokenizer(encoding).count(text) <= len(text)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_long_run_of_spaces_is_counted_exactly_up_to_its_cuts(encoding: str) -> None:
    counter = Tokenizer(encoding)
    text = "a" + " " * 99_990 + "b"
    exact = counter.count(text)
    assert abs(counter.count("a" + " " * 100_010 + "b") - exact) <= 25


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", ["<|endoftext|>", "<|im_start|>user", "a<|fim_prefix|>b", "<|endofprompt|>"])
def test_text_that_spells_a_special_token_is_ordinary_text(encoding: str, text: str) -> None:
    counter = Tokenizer(encoding)
    assert counter.count(text) > 1
    assert "".join(counter.spell(text)) == text


any_text = st.one_of(
    st.text(max_size=20),
    st.text("ab \n\t.é寿😀<|>0", max_size=30),
    st.sampled_from(
        [
            "<|endoftext|>",
            " " * 300,
            "naïve café",
            "👩‍👩‍👧‍👦",
            "e\u0301",
            "\ufffd",
            "\x00\x1f",
            "https://example.org/?a=b",
        ]
    ),
)


@settings(max_examples=200)
@given(any_text, st.sampled_from(ENCODINGS))
def test_pieces_join_to_the_text(text: str, encoding: str) -> None:
    """A token may hold a part of a character: then its piece shows a replacement character."""
    counter = Tokenizer(encoding)
    pieces = counter.spell(text)
    assert len(pieces) == counter.count(text) == len(counter.ids(text))
    assert counter.count(text) <= len(text.encode())
    if "\ufffd" not in "".join(pieces):
        assert "".join(pieces) == text
    else:
        assert not text.isascii()
        assert [c for c in "".join(pieces) if c != "\ufffd"] == [
            c for c in text if c in "".join(pieces).replace("\ufffd", "")
        ]


# --- the bound ----------------------------------------------------------------------------------------------------

ODD = [
    "",
    " ",
    "a",
    "user",
    "assistant",
    "\x00",
    "\x7f\x80",
    "寿司",
    "😀👩‍👩‍👧",
    "\ue000\U0010ffff",
    "<|endoftext|>",
    "   \n",
    "1e15",
    "é",
]


def a_schema(random: Random, depth: int = 2) -> Any:
    """What may stand where a parameter is declared: mostly a schema, but any JSON."""
    how = random.randrange(8)
    if how == 0 or not depth:
        return random.choice([None, 1, True, "x", [], {}, 1e15, -1.5e-7])
    found: dict[str, Any] = {}
    if random.randrange(2):
        found["type"] = random.choice(["string", ["string", "null"], 1, None, {"a": "\x00"}])
    if random.randrange(2):
        found["description"] = random.choice([*ODD, "x.", ["a", None], {"é": "\u200b"}])
    if random.randrange(2):
        found["enum"] = [
            random.choice([*ODD, 1, 9e15, 1e300, None, True, {}, [[]], 2**70, {"\x07": "\xad"}])
            for _ in range(random.randrange(6))
        ]
    if random.randrange(3) == 0:
        found["properties"] = {random.choice(ODD): a_schema(random, depth - 1) for _ in range(random.randrange(3))}
    return found


def a_record(random: Random) -> dict[str, Any]:
    """A conversation of any messages, with calls, names, parts and tools; or a prompt and a completion."""

    def text() -> str:
        return "".join(random.choices(ODD, k=random.randrange(4)))

    def arguments() -> Any:
        return random.choice([text(), json.dumps({"a": text()}), {"a": text()}, None, 1])

    if random.randrange(5) == 0:
        return {"prompt": text(), "completion": text()}
    messages = []
    for _ in range(random.randrange(5)):
        message: dict[str, Any] = {}
        if random.randrange(5):
            message["role"] = random.choice([*ODD, None])
        if random.randrange(4):
            parts = [
                {"type": "text", "text": text()},
                {"type": "image_url", "image_url": {"url": "x"}},
                {"text": ""},
                1,
            ]
            message["content"] = random.choice([text(), text(), None, random.choices(parts, k=random.randrange(4))])
        if random.randrange(3) == 0:
            message["name"] = random.choice([*ODD, 1])
        if random.randrange(3) == 0:
            call = {"function": {"name": random.choice(ODD), "arguments": arguments()}}
            message["tool_calls"] = [call for _ in range(random.randrange(3))]
        if random.randrange(6) == 0:
            message["function_call"] = {"name": text(), "arguments": arguments()}
        messages.append(message)
    record: dict[str, Any] = {"messages": messages}
    for key in ("tools", "functions"):
        if random.randrange(2):
            declared = [
                {
                    "name": random.choice([text(), 1]),
                    "description": random.choice([text(), None]),
                    "parameters": random.choice(
                        [
                            a_schema(random),
                            {
                                "properties": {
                                    name: a_schema(random) for name in random.sample(ODD, random.randrange(6))
                                }
                            },
                        ]
                    ),
                }
                for _ in range(random.randrange(4))
            ]
            declared = [dict(random.sample(list(d.items()), random.randrange(4))) for d in declared]
            record[key] = [{"function": d} for d in declared] if key == "tools" else declared
    return record


@settings(max_examples=600)
@given(seeds, st.sampled_from(ENCODINGS))
def test_no_example_has_more_tokens_than_its_bound(seed: int, encoding: str) -> None:
    random = Random(seed)
    record = a_record(random)
    short = json.dumps(record, ensure_ascii=False, separators=(",", ":")).replace("e+", "e").encode()
    escaped = json.dumps(record).encode()
    assert json.loads(short) == record
    counter = Tokenizer(encoding)
    for raw in (short, escaped):
        example = example_of(record, raw)
        assert bound(example) >= counter.example(example)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "properties",
    [
        {"a": {"enum": [1] * 500}},  # two bytes each, four tokens
        {"a": {"enum": [9e15, 1e15] * 200}},
        {"a": {"enum": ["\U0010ffff", "\ue000"] * 200}},
        {chr(0x4E00 + n): 1 for n in range(500)},
        {chr(0x10000 + n): {} for n in range(500)},
        {str(n): None for n in range(500)},
    ],
)
def test_what_costs_more_tokens_than_bytes_is_in_the_bound(encoding: str, properties: dict[str, Any]) -> None:
    record = {"messages": [], "functions": [{"parameters": {"properties": properties}}]}
    raw = json.dumps(record, ensure_ascii=False, separators=(",", ":")).replace("e+", "e").encode()
    example = example_of(record, raw)
    counted = Tokenizer(encoding).example(example)
    assert counted <= bound(example)


def test_an_enum_of_digits_needs_more_than_its_bytes() -> None:
    """Otherwise the test above would prove nothing."""
    record = {"messages": [], "functions": [{"parameters": {"properties": {"a": {"enum": [1] * 500}}}}]}
    example = example_of(record)
    assert Tokenizer("o200k_base").example(example) > example.raw_size


def test_the_bound_is_close_where_it_matters() -> None:
    """It spares the tokenizer only if it is not far above the bytes."""
    record = {"messages": [{"role": "user", "content": "x" * 1000}, {"role": "assistant", "content": "y" * 1000}]}
    example = example_of(record)
    assert bound(example) < 1.2 * example.raw_size


def test_the_full_stop_of_a_description_costs_nothing() -> None:
    """As in the notebook: one "." at the end is cut off, of the function's and of a parameter's description."""
    counter = Tokenizer("o200k_base")

    def total(stop: str) -> int:
        properties = {"a": {"type": "string", "description": f"A city{stop}"}}
        function = {"name": "f", "description": f"Finds it{stop}", "parameters": {"properties": properties}}
        return counter.example(example_of({"messages": [], "functions": [function]}))

    assert total(".") == total("")
    assert total(" !") == total("") + 2
