"""What is masked in what is shown of the data, and what is not."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.masking import Masker, Part, spans

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
MASKED = [
    ("mail bob.o-neil@example.co.uk now", "mail ⟨e-mail⟩ now"),
    ("the label 'bob@example.org'", "the label '⟨e-mail⟩'"),
    ("data/bob@example.org.jsonl", "data/⟨e-mail⟩.jsonl"),
    ("in raw JSON: alice\\u0040example.com", "in raw JSON: ⟨e-mail⟩"),
    ("call +49 (0)30 1234567, please", "call ⟨phone⟩, please"),
    ("or 555-123-4567", "or ⟨phone⟩"),
    ("or (030) 12345678", "or ⟨phone⟩"),
    ("card 4111 1111 1111 1111.", "card ⟨card⟩."),
    ("to DE89 3704 0044 0532 0130 00", "to ⟨IBAN⟩"),
    ("from 192.168.0.12 and 2001:db8::8a2e:370:7334", "from ⟨IP address⟩ and ⟨IP address⟩"),
    ("key sk-proj-abcdefghijklmnop12345", "key ⟨secret⟩"),
    ("cut sk-abcdefghijkl…mnopqrstuvwxyz", "cut ⟨secret⟩"),
    ("AKIAIOSFODNN7EXAMPLE", "⟨secret⟩"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "⟨secret⟩"),
    (f"token {JWT}", "token ⟨secret⟩"),
    ("Authorization: Bearer abcdefghijklmnop.qrst", "Authorization: Bearer ⟨secret⟩"),
    ("postgres://user:hunter2@host/db", "postgres://user:⟨secret⟩@host/db"),
    ('{\\"password\\": \\"hunter22\\"}', '{\\"password\\": \\"⟨secret⟩\\"}'),
    ("api_key = 'abc123def'", "api_key = '⟨secret⟩'"),
    ("-----BEGIN RSA PRIVATE KEY-----\\nMIIE…-----END RSA PRIVATE KEY----- x", "⟨secret⟩ x"),
    ("-----BEGIN PRIVATE KEY-----\\nMIIEvQ", "⟨secret⟩"),
]
LEFT = [
    "the order 1234567890123456 is no card",
    "on 2024-01-15 at 10:30:45, 1,234,567.89 in all, 3.14159265358979",
    "version 1.2.3 and v1.2.3.4.5, std::vector and a::b, 127.0.0.1",
    "password: required; the secret: whether it rains",
    "ISBN 978-3-16-148410-0, DE00 3704",
    "toolllama@d3dab478.json, fold@2b114f5f.jsonl.gz",
    "a@b, @team, C-0322, B-2103, order 10-2345-678",
    "\\n\\n###\\n\\n",
]


@pytest.mark.parametrize(("text", "shown"), MASKED)
def test_masked(text: str, shown: str) -> None:
    assert Masker(Counter())(text) == shown


@pytest.mark.parametrize("text", LEFT)
def test_left_alone(text: str) -> None:
    assert Masker(Counter())(text) == text


def test_what_crosses_a_border_is_named_once() -> None:
    mask = Masker(Counter())
    assert mask.pieces("ab bob@x.org cd", (0, 5), (5, 8), (8, 15)) == ["ab ⟨e-mail⟩", "", " cd"]
    assert mask.counts == {"e-mail": 1}


def test_what_is_left_of_a_known_secret_is_masked_too() -> None:
    mask = Masker(Counter())
    text = f"the key is {JWT}."
    mask.learn(text, "it ends with 'the key is '")
    assert not mask.known, "nothing of the key is in that"
    assert mask(f"ends with {JWT[-12:]!r}") == f"ends with {JWT[-12:]!r}"
    mask.learn(text, f"{JWT[-12:]}.")
    assert mask(f"ends with '{JWT[-12:]}.', begins with {JWT[:9]!r}") == "ends with '⟨secret⟩.', begins with '⟨secret⟩'"
    assert mask(f"{JWT[:5]} and {JWT[-5:]}") == f"{JWT[:5]} and {JWT[-5:]}", "too short to tell"


def test_a_secret_that_is_quoted_whole_teaches_nothing() -> None:
    mask = Masker(Counter())
    mask.learn('{"answer": "bob@example.com"}', "the answer 'bob@example.com' stands alone")
    assert mask("see 'google.com'") == "see 'google.com'"


@given(st.sampled_from(("hunter22", JWT)), st.integers(0, 90), st.integers(6, 90))
def test_what_a_quote_holds_of_a_beginning_or_an_end_is_masked(secret: str, start: int, size: int) -> None:
    text = f"Their password: {secret} -> and so on"
    first = text.index(secret)
    part = text[start : start + size]
    low, high = max(start, first), min(start + len(part), first + len(secret))
    mask = Masker(Counter())
    mask.learn(text, part)
    if high - low >= 3 and len(part) >= 6 and (low == first or high == first + len(secret)):
        assert mask(part) == f"{text[start:low]}⟨secret⟩{text[high : start + len(part)]}"


@given(st.text(alphabet="ab1@.-+: /sk_", max_size=60))
def test_spans_are_in_order_and_apart(text: str) -> None:
    found = spans(text)
    for first, second in pairwise(found):
        assert first.end <= second.start
    assert all(0 <= span.start < span.end <= len(text) for span in found)


@pytest.mark.parametrize(
    "text", ["1" * 50_000, "a@" * 25_000, "-----BEGIN " * 5_000, "1 " * 25_000, ":" * 50_000, "a." * 25_000]
)
def test_long_texts_take_no_time(text: str) -> None:
    spans(text)  # a quadratic expression would take minutes
    spans(text, {text[:6]: Part(text, 0, "secret"), text[-6:]: Part(text, len(text) - 6, "secret")})
