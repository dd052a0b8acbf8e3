"""Text from the data where Streamlit reads Markdown: labels of buttons and options."""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")
_LIGATURE = re.compile("(?<=-)(?=[->])|(?<=<)(?=[-=])|(?<=>)(?==)|(?<=:)(?=streamlit:)")
"""Within what Streamlit makes an arrow, a dash or its logo of, escaped or not."""
_JOINER = "\u2060"
_SPACE = "\u00a0"


def plain(text: str, size: int = 60) -> str:
    """No more than `size` code points of the text, in one line, as Markdown that shows them as they are."""
    shown = _LIGATURE.sub(_JOINER, visible(text, size))
    return _SPECIAL.sub(r"\\\1", shown).replace(" ", _SPACE)


def visible(text: str, size: int = 60) -> str:
    """No more than `size` code points of the text, in one line, with what no font shows spelled out."""
    cut = text if len(text) <= size else f"{text[:size]}…"
    return "".join(map(_visible, cut))


def _visible(character: str) -> str:
    if character in "\t\n\r ":
        return " "
    return f"<{ord(character):04X}>" if unicodedata.category(character)[0] == "C" else character
