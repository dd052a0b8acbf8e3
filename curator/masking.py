"""Secrets and personal data in what is shown of the data: found by their form, and named in their place.

What is shown is for other eyes than the data is. Better one harmless number too many than one key too few; but a
form alone is not enough where a checksum can tell (cards, IBANs, addresses of machines).
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

# Messages quote texts with "…" in their middle: a key that was cut is still one.
_KEY = r"[A-Za-z0-9_\-…]"
_CUT = "…"
_SECRETS = (
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    rf"\bsk-{_KEY}{{16,}}",  # OpenAI, Anthropic and others
    rf"\b(?:gh[pousr]|hf|npm|dop_v1|shpat|whsec|glpat|figd)[_-]{_KEY}{{16,}}",
    rf"\bgithub_pat_{_KEY}{{16,}}",
    rf"\b[rs]k_(?:live|test)_{_KEY}{{10,}}",  # Stripe
    rf"\bxox[a-z]-{_KEY}{{8,}}",  # Slack
    r"hooks\.slack\.com/services/[\w/…]+",
    r"\b(?:AKIA|ASIA)[0-9A-Z…]{12,16}(?![0-9A-Za-z])",  # AWS
    rf"\bAIza{_KEY}{{20,}}|\bya29\.{_KEY}{{16,}}|\bGOCSPX-{_KEY}{{16,}}",  # Google
    rf"\bSG\.{_KEY}{{16,}}\.{_KEY}{{16,}}",  # SendGrid
    rf"\bpypi-{_KEY}{{20,}}",
    r"\b\d{8,10}:AA[\w-]{30,}",  # Telegram
    r"\beyJ[\w-]{8,}\.[\w…-]{4,}(?:\.[\w…-]*)?",  # JSON web tokens
)
_SECRET = re.compile("|".join(_SECRETS), re.DOTALL)
_BEARER = re.compile(r"(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=…-]{16,})")
_LOGIN = re.compile(r"://[^\s/:@\"'\\]{1,100}:([^\s/@\"'\\]{1,200})@")
_ASSIGNED = re.compile(
    r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|token|api[ _-]?key|access[ _-]?key|private[ _-]?key|credential)s?"
    r"""(?:\\?["'`])?\s*(?:[:=]|\bis\b)\s*(?:\\?["'`])?([^\s"'`\\,;{}\[\]<>()]{6,200})"""
)
_QUOTE = 6  # code points in a row that tell a quote from chance
_LEAST = 3  # of them, so many of a secret: fewer do not give it away
_AT = r"(?:@|\\u0040|%40)"
_FILES = r"(?:jsonl?|csv|tsv|txt|gz|zst|parquet|xlsx?|html?)"  # `data@2b114f5f.json` is a file
_NAME = r"[A-Za-z0-9._%+-][A-Za-z0-9._%+'-]{0,63}"  # a quote before it is not of it
_MAIL = re.compile(rf"{_NAME}{_AT}(?:[\w-]{{1,63}}\.){{1,8}}(?!{_FILES}\b)[^\W\d_]{{2,24}}\b")
_CARD = re.compile(r"(?<![\w.,-])[2-6]\d{3}(?:[ -]?\d){8,15}(?![\w-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_V4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)")
_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_PHONE = re.compile(
    r"(?<![\w+.])(?:\+|00)[1-9](?:[ .()/-]{0,2}\d){6,14}(?![\w-])"  # with the country's code
    r"|(?<![\w.-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"  # as in North America
    r"|(?<![\w.,-])\(?0\d{2,4}\)?[ /-]\d{3,4}[ -]?\d{3,5}(?![\w-])"  # with an area code
)


class Span(NamedTuple):
    """A range of a text, in code points, that is not shown."""

    start: int
    end: int
    kind: str


class Part(NamedTuple):
    """Where a quote stands in what holds a secret."""

    secret: str
    at: int
    """Code points from the secret's beginning to the quote's; less than 0 for a quote that begins before it."""
    kind: str


def spans(text: str, known: Mapping[str, Part] = MappingProxyType({})) -> list[Span]:
    """What of a text is a secret or somebody's own, in order, none in another; in linear time.

    `known` are quotes by which the beginnings and ends of secrets are told: what is left of these is one, too.
    """
    found = sorted([*_found(text), *_left(text, known)], key=lambda span: (span.start, -span.end))
    kept: list[Span] = []
    for span in found:
        if kept and span.start < kept[-1].end:
            last = kept[-1]
            kept[-1] = Span(last.start, max(last.end, span.end), last.kind)
        else:
            kept.append(span)
    return kept


def holds_secret(text: str) -> bool:
    """Whether a text holds a key, a password or the like: what nobody should see, whoever sees somebody's address."""
    return any(span.kind == "secret" for span in spans(text))


def _found(text: str) -> Iterator[Span]:
    for match in _SECRET.finditer(text):
        yield Span(*match.span(), "secret")
    for pattern in (_BEARER, _LOGIN, _ASSIGNED):
        for match in pattern.finditer(text):
            if pattern is not _ASSIGNED or _is_secret(match[1]):
                yield Span(*match.span(1), "secret")
    for kind, pattern, proves in _PERSONAL:
        for match in pattern.finditer(text):
            if proves(match[0]):
                yield Span(*match.span(), kind)


def _left(text: str, known: Mapping[str, Part]) -> Iterator[Span]:
    """What a text holds of secrets that are told by a quote, as far as it goes on as they do."""
    start = done = 0
    while known and start <= len(text) - _QUOTE:
        if (part := known.get(text[start : start + _QUOTE])) is not None:
            first, last = max(0, part.at), min(len(part.secret), part.at + _QUOTE)
            low, high = start + first - part.at, start + last - part.at
            while first and low >= max(1, done) and text[low - 1] == part.secret[first - 1]:
                first, low = first - 1, low - 1
            while last < len(part.secret) and text[high : high + 1] == part.secret[last]:
                last, high = last + 1, high + 1
            yield Span(low, high, part.kind)
            start, done = max(start, high - _QUOTE), high
        start += 1


def _quotes(text: str, span: Span) -> Iterator[tuple[str, Part]]:
    """What tells the beginning and the end of a secret: six code points, at least three of them its own."""
    for start in (*range(span.start - _LEAST, span.start + 1), *range(span.end - _QUOTE, span.end - _LEAST + 1)):
        if 0 <= start <= len(text) - _QUOTE:
            yield text[start : start + _QUOTE], Part(text[span.start : span.end], start - span.start, span.kind)


def _is_secret(value: str) -> bool:
    """Whether what follows "password:" is one rather than a word of the sentence."""
    return bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value)) or bool(re.search(r"[!#$%^&*+=~@]", value))


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [d * 2 - 9 * (d > 4) for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _mod97(text: str) -> bool:
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # `a::b` may be a name in a program; loopback and 0.0.0.0 are nobody's.
    own = address.version == 4 or text.count(":") > 3 or bool(re.search(r"\d", text) and len(text) > 6)
    return own and not (address.is_loopback or address.is_unspecified)


def _any(text: str) -> bool:
    return True


_PERSONAL: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("e-mail", _MAIL, _any),
    ("card", _CARD, _luhn),
    ("IBAN", _IBAN, _mod97),
    ("IP address", _V4, _is_address),
    ("IP address", _V6, _is_address),
    ("phone", _PHONE, _any),
)


def sign(kind: str) -> str:
    """What stands in the place of something masked."""
    return f"⟨{kind}⟩"


@dataclass(slots=True)
class Masker:
    """Masks texts, and counts what it masked, by kind."""

    counts: Counter[str]
    known: dict[str, Part] = field(default_factory=dict)
    """What tells secrets that were found in one text and are quoted in part in another."""

    def learn(self, text: str, part: str) -> None:
        """Take in the secrets of a text that begin or end in a part of it: that is masked from now on."""
        alone = spans(part)
        for span in spans(text):
            quotes = dict(_quotes(text, span))
            if any(quote in part for quote in quotes) and spans(part, quotes) != alone:
                self.known |= quotes

    def __call__(self, text: str) -> str:
        """The text with a sign in place of whatever is a secret or somebody's own."""
        return "".join(self.pieces(text, (0, len(text))))

    def pieces(self, text: str, *ranges: tuple[int, int]) -> list[str]:
        """Ranges of the text, masked; what crosses from one into the next is named once, where it begins."""
        known = spans(text, self.known)
        first, last = (ranges[0][0], ranges[-1][1]) if ranges else (0, 0)
        self.counts.update(span.kind for span in known if span.start < last and span.end > first)
        found = []
        for number, (start, end) in enumerate(ranges):
            parts, done = [], start
            for span in known:
                if span.end <= start or span.start >= end:
                    continue
                parts.append(text[done : max(span.start, start)])
                if span.start >= start or number == 0:
                    parts.append(sign(span.kind))
                done = min(span.end, end)
            found.append("".join([*parts, text[done:end]]))
        return found
