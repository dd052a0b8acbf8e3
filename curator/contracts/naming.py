"""Names for texts of the data that are inert wherever they are shown.

Data Docs put values into HTML as they are, and read `$` as a template's; what could act is spelled as an escape.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from functools import lru_cache

from curator.masking import Masker

NAME_CHARS = 60
"""Code points of a text that its name keeps."""
NONE = "(none)"
"""The name of an empty text."""

_SEEN = 400  # code points in which secrets are looked for: no more than the first of them are shown
_CACHED = 4_096  # names of the same few labels and roles are asked for with each record

_UNSAFE = re.compile(r"[^\w \-.,:;/+#@%()\[\]=!?|~^*…→⟨⟩]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}  # as people write them
_ESCAPE = re.compile(r"\\[nrt]|\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U(000[0-9a-f]{5}|0010[0-9a-f]{4})")
_LONG = {escape: text for text, escape in _SHORT.items()}


def name(text: str) -> str:
    """A name of the text: other texts, other names; nothing in it acts in HTML, in a template or on a terminal.

    Of a text of more than 60 code points its beginning and a digest of the whole; so, too, of one that holds a secret
    or somebody's address, which is not shown: a contract is kept beside the code, and its pages are passed on.
    """
    if not text:
        return NONE
    if text == NONE:
        return f"\\x28{text[1:]}"
    beginning = _masked(text[:_SEEN])
    short = _UNSAFE.sub(_escaped, beginning[:NAME_CHARS])
    if len(text) <= NAME_CHARS and beginning == text:
        return short
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{short}…{digest}"


@lru_cache(_CACHED)
def _masked(text: str) -> str:
    return Masker(Counter())(text)


def is_inert(text: str) -> bool:
    """Whether nothing in the text acts, as in a name."""
    return not _UNSAFE.search(_ESCAPE.sub("", text))


def plain(name: str) -> str:
    """The text that a name stands for, as far as the name tells."""
    return _ESCAPE.sub(lambda match: _LONG.get(match[0]) or chr(int(next(filter(None, match.groups())), 16)), name)


def _escaped(match: re.Match[str]) -> str:
    if match[0] in _SHORT:
        return _SHORT[match[0]]
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
