"""Broken JSON mended, where there is one way to read it.

Two readings have to agree. `_Reader` here goes token by token: it may change quotes, commas, closing brackets
and the spelling of true, false and null, and nothing else, so that every text, number and key of the
result stands in the original. Python knows literals much like JSON's, the library json_repair guesses freely.
A mend is offered only where one of these arrives at the same value. Nothing is added to a text that is cut
off: nobody knows its end.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any, NamedTuple

from curator.locate import depth
from curator.parsing import MAX_DEPTH, parse

MAX_CHARS = 262_144
"""Ours: longer texts are not mended, because the library reads about a million characters a second."""
_MOST = 200  # ours: more changes are put as one, from the first to the last

_TOKEN = re.compile(
    r'(?P<space>[ \t\r\n]++)|(?P<mark>[{}\[\],:])|(?P<double>"(?:[^"\\]|\\.)*+")|(?P<single>\'(?:[^\'\\]|\\.)*+\')'
    r"|(?P<curly>“[^“”\"\\]*+”)|(?P<number>-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?(?![\w.+-]))"
    r"|(?P<word>[^\W\d]\w*+)|(?P<bom>\ufeff++)",
    re.DOTALL | re.ASCII,
)
_LITERALS = {"true": "true", "false": "false", "null": "null", "True": "true", "False": "false", "None": "null"}
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_CLOSERS = {"{": "}", "[": "]"}
_STRINGS = ("double", "single", "curly")
_INSIDE = re.compile(r"\\x([0-9a-fA-F]{2})|(\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt])|(\\')|(\\)|([\x00-\x1f])|(\")", re.DOTALL)


class Change(NamedTuple):
    """Code points `start` to `end` of the text give way to `text`."""

    start: int
    end: int
    text: str


class Mend(NamedTuple):
    """The changes that make JSON of a text, in order, and what they do in a few words."""

    changes: tuple[Change, ...]
    title: str


def mend(text: str, *, may_lack: int) -> Mend | None:
    """What makes JSON of a text that is none; None where it is JSON, or where its meaning is not certain.

    Up to `may_lack` closing brackets may be missing at the end, where nothing else is wrong: after a value that
    shows its own end (a text, an object, an array).
    """
    if len(text) > MAX_CHARS or text.count("[") + text.count("{") > MAX_DEPTH < depth(text.encode("utf-8", "replace")):
        return None
    reader = _Reader(text, may_lack)
    if not reader.read() or not reader.changes:
        return None
    changes = _joined(text, sorted(reader.changes))
    mended = parse(_applied(text, changes).encode("utf-8", "replace"))
    if mended.fault is not None or mended.quirks or not _others_agree(text, mended.value):
        return None
    titles = list(dict.fromkeys(reader.titles))
    return Mend(changes, titles[0] if len(titles) == 1 else "write it as JSON")


def _others_agree(text: str, value: Any) -> bool:
    """Whether Python or the library reads the same value, order of the keys included."""
    wanted = json.dumps(value)
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes that Python does not know
            tree = ast.parse(_ESCAPE.sub(_unescaped_slash, text.strip().removesuffix(",")), mode="eval")
            if json.dumps(ast.literal_eval(_Words().visit(tree))) == wanted:
                return True
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        pass
    from json_repair import repair_json  # only once something is broken

    try:
        return _trimmed(repair_json(text, return_objects=True, skip_json_loads=True)) == _trimmed(value)
    except Exception:  # whatever trips the library: it does not agree
        return False


def _unescaped_slash(match: re.Match[str]) -> str:
    r"""A slash for `\/`, an escape that Python lacks; other escapes as they are."""
    return "/" if match[0] == "\\/" else match[0]


class _Words(ast.NodeTransformer):
    """Lets Python read what JSON and JavaScript have as words: true, false, null, and keys without quotes."""

    def visit_Name(self, node: ast.Name) -> ast.Constant:
        return ast.Constant(_WORDS.get(node.id, node.id))


def _trimmed(value: Any) -> str:
    """The value as JSON, its texts without white space at their ends, which the library leaves out behind a line."""
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(key)}:{_trimmed(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_trimmed, value))}]"
    return json.dumps(value.rstrip() if isinstance(value, str) else value)


class _Token(NamedTuple):
    kind: str
    start: int
    end: int


class _Reader:
    """Goes through a text as a strict parser would, and notes what would have to change."""

    def __init__(self, text: str, may_lack: int) -> None:
        self.text = text
        self.may_lack = may_lack
        self.changes: list[Change] = []
        self.titles: list[str] = []
        self._open: list[str] = []

    def read(self) -> bool:
        """Whether the text can be read with the changes noted."""
        tokens = self._tokens()
        if not tokens:
            return False
        wanted, previous = "value", tokens[0]
        for index, token in enumerate(tokens):
            following = tokens[index + 1] if index + 1 < len(tokens) else None
            step = self._step(wanted, token, previous, following)
            if step is None:
                return False
            wanted, previous = step, token
        return wanted == "end" or (wanted == "more" and self._close(previous))

    def _tokens(self) -> list[_Token]:
        """The tokens but for white space; [] where something is none."""
        found: list[_Token] = []
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                return []
            position = match.end()
            if match.lastgroup == "bom":
                self._note(match.start(), match.end(), "", "remove the byte order mark")
            elif match.lastgroup != "space":
                kind = match[0] if match.lastgroup == "mark" else str(match.lastgroup)
                found.append(_Token(kind, match.start(), match.end()))
        return found

    def _step(self, wanted: str, token: _Token, previous: _Token, following: _Token | None) -> str | None:
        """What is wanted after the token; None where it cannot stand there.

        Wanted is a `value`, a `key`, a colon `:`, `more` (a comma or a closing bracket), or the `end`; `first` and
        `next` stand for a key or value that may be absent, at the start of a container and after a comma.
        """
        if wanted == "end":
            return self._drop_comma(token, "end") if token.kind == "," and following is None else None
        if wanted == ":":
            return "value" if token.kind == ":" else None
        if wanted in ("first", "next", "more") and self._open and token.kind == _CLOSERS[self._open[-1]]:
            if wanted == "next":
                self._drop_comma(previous, "")
            self._open.pop()
            return self._after()
        if wanted == "more":
            if token.kind == ",":
                return "next"
            if not self._lacks_comma(token, previous, following):
                return None
            self._note(previous.end, previous.end, ",", "add the missing comma")
        if self._open and self._open[-1] == "{" and wanted != "value":
            return ":" if self._key(token) else None
        return self._value(token)

    def _value(self, token: _Token) -> str | None:
        if token.kind in _CLOSERS:
            self._open.append(token.kind)
            return "first"
        if token.kind == "word":
            written = self.text[token.start : token.end]
            if written not in _LITERALS:
                return None
            if _LITERALS[written] != written:
                self._note(token.start, token.end, _LITERALS[written], "write true, false and null")
        elif token.kind != "number" and not self._string(token):
            return None
        return self._after()

    def _key(self, token: _Token) -> bool:
        if token.kind == "word" and self.text[token.start : token.end] not in _LITERALS:
            self._note(token.start, token.start, '"', "put the keys in quotes")
            self._note(token.end, token.end, '"', "put the keys in quotes")
            return True
        return self._string(token)

    def _string(self, token: _Token) -> bool:
        """Whether the token is a text that JSON can hold unchanged, with its quotes and escapes put right."""
        if token.kind not in _STRINGS:
            return False
        if token.kind != "double":
            self._note(token.start, token.start + 1, '"', "use double quotes")
            self._note(token.end - 1, token.end, '"', "use double quotes")
        for match in _INSIDE.finditer(self.text, token.start + 1, token.end - 1):
            code, escape, quote, _, control, _ = match.groups()
            if escape == "\\/" and token.kind == "single":  # Python keeps the backslash, JavaScript does not
                return False
            if escape:
                continue
            if code or control:
                written = json.dumps(control)[1:-1] if control else f"\\u00{code}"
                self._note(*match.span(), written, "escape the control character" if control else "mend the escape")
            elif quote:
                self._note(*match.span(), "'", "mend the escape" if token.kind == "double" else "use double quotes")
            elif match[0] == '"':
                self._note(*match.span(), '\\"', "use double quotes")
            else:
                return False
        return True

    def _lacks_comma(self, token: _Token, previous: _Token, following: _Token | None) -> bool:
        """Whether two values of one container can only have lost the comma between them."""
        if previous.end == token.start and previous.kind in _STRINGS:
            return False  # two quotes that touch are one, doubled, in some dialects
        if self._open[-1] == "{":
            return following is not None and following.kind == ":"
        return previous.kind in ("}", "]") and token.kind in _CLOSERS

    def _drop_comma(self, comma: _Token, wanted: str) -> str:
        self._note(comma.start, comma.end, "", "remove the comma")
        return wanted

    def _after(self) -> str:
        return "more" if self._open else "end"

    def _close(self, last: _Token) -> bool:
        """Whether nothing lacks but closing brackets, after a value that shows its own end."""
        if len(self._open) > self.may_lack or self.changes or last.kind not in ("double", "}", "]"):
            return False
        closers = "".join(_CLOSERS[mark] for mark in reversed(self._open))
        self._note(last.end, len(self.text), closers, f"close it with {closers!r}")
        return True

    def _note(self, start: int, end: int, text: str, title: str) -> None:
        self.changes.append(Change(start, end, text))
        self.titles.append(title)


def _joined(text: str, changes: list[Change]) -> tuple[Change, ...]:
    """The changes with those that touch put as one, and all of them as one where there are very many."""
    found: list[Change] = []
    everything = len(changes) > _MOST
    for change in changes:
        if found and (everything or change.start <= found[-1].end):
            last = found.pop()
            found.append(Change(last.start, change.end, last.text + text[last.end : change.start] + change.text))
        else:
            found.append(change)
    return tuple(found)


def _applied(text: str, changes: tuple[Change, ...]) -> str:
    parts: list[str] = []
    done = 0
    for start, end, new in changes:
        parts += (text[done:start], new)
        done = end
    return "".join((*parts, text[done:]))
