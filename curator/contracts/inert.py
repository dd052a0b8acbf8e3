"""HTML of others, cut down to what cannot act: no script, no request, no handler, whatever came in."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

_TAGS = frozenset({
    "div", "span", "p", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "b", "i", "br", "ul", "ol", "li",
    "table", "thead", "tbody", "tr", "th", "td", "small", "code", "pre",
})  # fmt: skip
_EMPTY = frozenset({"br"})
_DROPPED = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title"})
"""Of these nothing stays; of any other tag that is not known, what is in it does."""
_ATTRIBUTES = frozenset({"class", "id", "colspan", "rowspan"})
_WORD = re.compile(r"[\w -]*")


class _Cut(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._open: list[str] = []
        self._dropped: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._dropped.append(tag)
        elif tag in _TAGS and not self._dropped:
            kept = [
                (key, value or "") for key, value in attributes if key in _ATTRIBUTES and _WORD.fullmatch(value or "")
            ]
            self.pieces.append(f"<{tag}{''.join(map(_attribute, kept))}>")
            if tag not in _EMPTY:
                self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropped:
            if tag == self._dropped[-1]:
                self._dropped.pop()
        elif tag in self._open:
            while (inner := self._open.pop()) != tag:
                self.pieces.append(f"</{inner}>")
            self.pieces.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.pieces.append(html.escape(data))

    def whole(self) -> str:
        return "".join([*self.pieces, *(f"</{tag}>" for tag in reversed(self._open))])


def _attribute(pair: tuple[str, str]) -> str:
    return f' {pair[0]}="{html.escape(pair[1])}"'


def inert(source: str) -> str:
    """The HTML with text, tables, lists and classes, and nothing else; every element is closed."""
    parser = _Cut()
    parser.feed(source)
    parser.close()
    return parser.whole()
