"""Exact token counts without a network: tiktoken over vocabularies that ship with the package.

A count is never an estimate passed off as one: a model without a known tokenizer has none, and what
needs one is reported as not checked. Where only a limit matters, `bound` decides without a tokenizer.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from curator.errors import CuratorError
from curator.model import Example, Turn

if TYPE_CHECKING:
    import tiktoken

ENCODINGS = ("o200k_base", "cl100k_base", "p50k_base", "r50k_base")

# Chat overhead: OpenAI cookbook, "How to count tokens with tiktoken" (commit c81359c), for
# gpt-3.5-turbo-0125, gpt-4-0314/-0613, gpt-4o and gpt-4o-mini.
_PER_MESSAGE = 3
_PER_NAME = 1
_REPLY = 3
# Tool declarations: same notebook, "num_tokens_for_tools". The families differ in func_init only.
_TOOL_INIT = {"o200k_base": 7}
_TOOL_INIT_OLD = 10
_PROPERTIES_INIT, _PER_PROPERTY, _ENUM_INIT, _PER_ENUM, _TOOLS_END = 3, 3, -3, 3, 12

# tiktoken panics, past any except clause, at about a million spaces in a row. A longer run than this is
# counted in pieces, which can count a token more for each cut: the one inexact case.
_SPACE_RUN = 100_000
_LONG_TEXT = 50_000  # code points from which a count is remembered: several rules ask for the same
_LONG_SPACE = re.compile(rf"\s{{{_SPACE_RUN}}}")


class Tokenizer:
    """Counts the tokens of one encoding; loads its vocabulary (0.1 to 0.3 s) at the first use."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ENCODINGS:
            raise CuratorError(f"no tokenizer {encoding!r} is bundled; there are {', '.join(ENCODINGS)}")
        self.encoding = encoding

    def __reduce__(self) -> tuple[Any, ...]:
        return (Tokenizer, (self.encoding,))

    def count(self, text: str) -> int:
        """Tokens of `text`; text that spells a special token counts as ordinary text."""
        return len(self.ids(text)) if len(text) < _LONG_TEXT else _long_count(self, text)

    def ids(self, text: str) -> list[int]:
        """The token ids of `text`."""
        encoding = _encoding(self.encoding)
        if len(text) < _SPACE_RUN or not _LONG_SPACE.search(text):
            return encoding.encode_ordinary(text)
        pieces, done = [], 0
        for run in _LONG_SPACE.finditer(text):
            pieces += [text[done : run.start()], run.group()]
            done = run.end()
        pieces.append(text[done:])
        return [token for piece in pieces for token in encoding.encode_ordinary(piece)]

    def spell(self, text: str) -> list[str]:
        """The pieces that the tokens of `text` stand for."""
        encoding = _encoding(self.encoding)
        return [encoding.decode_single_token_bytes(t).decode("utf-8", "replace") for t in self.ids(text)]

    def turn(self, turn: Any) -> int:
        """Tokens of one chat message with its overhead: role, name, content and calls."""
        message = turn.message
        total = _PER_MESSAGE + self.count(turn.role) + self.count(turn.text)
        if "name" in message and isinstance(message["name"], str):
            total += _PER_NAME + self.count(message["name"])
        for call in turn.calls:
            total += self.count(call.name)
            if isinstance(call.arguments, str):
                total += self.count(call.arguments)
        return total

    def example(self, example: Example) -> int:
        """Tokens of the whole example: for chat by the published formula, else those of its texts."""
        return self.whole(example, self.turns(example))

    def turns(self, example: Example) -> list[int]:
        """Tokens of each turn."""
        size = self.turn if example.kind != "completion" else self._text
        return [size(turn) for turn in example.turns]

    def whole(self, example: Example, turns: Sequence[int]) -> int:
        """Tokens of an example whose turns have so many."""
        if example.kind == "completion":
            return sum(turns)
        return sum(turns) + _REPLY + (self.tools(example) if example.tools else 0)

    def _text(self, turn: Turn) -> int:
        return self.count(turn.text)

    def tools(self, example: Example) -> int:
        """Tokens that declared functions cost; nested parameters count by their outermost level."""
        total = _TOOLS_END
        for tool in example.tools:
            total += _TOOL_INIT.get(self.encoding, _TOOL_INIT_OLD)
            total += self.count(f"{tool.name}:{tool.description.removesuffix('.')}")
            parameters = tool.parameters if isinstance(tool.parameters, dict) else {}
            properties = parameters.get("properties")
            if isinstance(properties, dict) and properties:
                total += _PROPERTIES_INIT
                for name, schema in properties.items():
                    total += _PER_PROPERTY + self._property(name, schema if isinstance(schema, dict) else {})
        return total

    def _property(self, name: str, schema: dict[str, Any]) -> int:
        total = 0
        if isinstance(schema.get("enum"), list):
            total += _ENUM_INIT
            total += sum(_PER_ENUM + self.count(str(item)) for item in schema["enum"])
        description = str(schema.get("description", "")).removesuffix(".")
        return total + self.count(f"{name}:{schema.get('type', '')}:{description}")


def bound(example: Example) -> int:
    """A number of tokens that the example cannot exceed: no token is shorter than a byte.

    The line's bytes stand for all its text (an escape is never shorter than what it spells), the
    overhead of messages and tools is added.
    """
    overhead = _REPLY + (_PER_MESSAGE + _PER_NAME) * len(example.turns)
    if example.tools:
        overhead += _TOOLS_END + 10 * example.raw_size // 8  # a declared property takes 8 bytes or more
    return example.raw_size + overhead


def bundled(encoding: str | None) -> Tokenizer | None:
    """The tokenizer of that name; None where there is none."""
    return _tokenizer(encoding) if encoding in ENCODINGS else None


@cache
def _tokenizer(encoding: str) -> Tokenizer:
    return Tokenizer(encoding)


@cache
def _encoding(name: str) -> tiktoken.Encoding:
    import tiktoken
    import tiktoken_ext.openai_public as definitions

    def vocabulary(url: str, expected_hash: str | None = None) -> dict[bytes, int]:
        data = (files("curator") / "vocab" / url.rsplit("/", 1)[1]).read_bytes()
        if expected_hash and hashlib.sha256(data).hexdigest() != expected_hash:
            raise CuratorError(f"the bundled vocabulary {name} is damaged; install the package again")
        return {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, data.splitlines()) if token}

    # The definitions stay tiktoken's own; only the loader, which would download, is exchanged.
    loader = definitions.load_tiktoken_bpe
    definitions.load_tiktoken_bpe = vocabulary
    try:
        return tiktoken.Encoding(**getattr(definitions, name)())
    finally:
        definitions.load_tiktoken_bpe = loader


@lru_cache(maxsize=4)
def _long_count(tokenizer: Tokenizer, text: str) -> int:
    return len(tokenizer.ids(text))
