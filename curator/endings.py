"""The common endings of texts: what separates a prompt from its answer, and what stops an answer.

By the definitions of seed 002 ("Separator sequences"), grown with the care that docs/decisions/0006 explains.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-"))

SETTLED = 0.8
"""From this share of the records on a habit is a convention, and each deviation a finding."""
_EACH_OF_SEVERAL = 0.1
"""One of several separators has more than this share (two tasks in one set are a legitimate design)."""
WINDOW = 256  # code points at the end of a text in which an ending is looked for
FEWEST = 5
"""Ours: fewer texts have no habit."""
_LOOK_BACK = 500  # code points in which a look-alike of an ending is looked for
_LONGER = 0.9  # ours: an ending that could be the separator grows only where nine tenths of its texts go on alike
_INTO_A_WORD = 0.98
"""Ours: and into one more word only where that word never varies, nor lacks. `edible:` and `handheld:` share `:`."""
_ASCII_ENDS = frozenset(".!?\"'`)]}")
_SENTENCE_STOPS = frozenset(".!?")
_COLONS = frozenset("：﹕︰")
"""Punctuation that other scripts end a prompt with, as ours does with `:`."""
FENCE = "```"
_END_WORDS = "end|stop|done|fin|finish|finished|over|eos|eot|eof"
_FULL_STOP = re.compile(rf"\s+(?:{_END_WORDS.upper()})[.!]\Z")
_LAST_FENCE = re.compile(rf"\n+{FENCE}\n?\Z")
_LAST_LINE = re.compile(rf"\s*#{{2,}}\s*[^\W_][\w ]*|\s*\n\s*(?:#\s+)?(?:{_END_WORDS})", re.IGNORECASE)
"""A word that no text ends with by itself: behind a run of `#`, or one for an end on a line of its own."""
_CLOSING_TAG = re.compile(r"</(\w[\w:.-]{0,40})>")
_CLOSING_TAGS = re.compile(rf"(?:>\s*)?(?:{_CLOSING_TAG.pattern}\s*)*")
_OWN = 0.05
"""Ours: what more of the answers open themselves, or consist of, is their own and stops nothing."""


@dataclass(frozen=True, slots=True)
class Habit:
    """A text that many texts have in common (an ending, a beginning, the whole), with their share."""

    text: str
    share: float


def separators(prompts: Counter[str]) -> tuple[Habit, ...]:
    """The endings that tell where a prompt stops, by the ends of prompts and how often each occurs.

    One that at least 80 % share, and those that more than a tenth have instead; empty where prompts end
    as sentences do.
    """
    total = prompts.total()
    if total < FEWEST:
        return ()
    single = _cut_back(_grow(prompts, total))
    found = {single: ending_of(single, prompts, total)} if single else {}
    runs: Counter[str] = Counter()
    for text, count in prompts.items():
        if not (single and text.endswith(single)):
            runs[_cut_back(_run(text))] += count
    for run, count in runs.items():
        # A piece or a look-alike of the one that most prompts have is no second design, but a slip.
        if run and count > _EACH_OF_SEVERAL * total and not (single and _alike(run, single)):
            group = Counter({text: n for text, n in prompts.items() if text.endswith(run)})
            text = _cut_back(_grow(group, group.total())) or run
            found[text] = ending_of(text, prompts, total)
    return tuple(sorted(found.values(), key=lambda ending: (-ending.share, ending.text.encode("utf-8", "replace"))))


def stop_sequence(completions: Counter[str], closed: Mapping[str, int] | None = None) -> Habit | None:
    """The ending that completions share, when it is none of the labels' own.

    " positive" and " negative" end alike without a stop sequence; " END" and "###" are one. A text of
    small letters alone is taken for a label's word, and what is left before it must not be empty.
    `closed` counts the completions that open what they end with, as `opened_at_end` has it.
    """
    total = completions.total()
    if total < FEWEST:
        return None
    own = {name for name, count in (closed or {}).items() if count > _OWN * total}
    text = _grow(completions, total)
    # Both end as sentences and quotations do, and would be cut back to nothing.
    by_itself = _FULL_STOP.search(text) or _LAST_FENCE.search(text)
    text = by_itself[0] if by_itself else _cut_back(text)
    while text:
        followers = {whole: n for whole, n in completions.items() if whole.endswith(text)}
        bare = sum(n for whole, n in followers.items() if not whole[: -len(text)].strip())
        if bare <= _OWN * sum(followers.values()) and _is_stop(text, own):
            return ending_of(text, completions, total)
        shorter = _cut_back(text.lstrip(_leading_symbols(text)))
        text = shorter if len(shorter) < len(text) else ""
    return None


def opened_at_end(text: str) -> str:
    """The name of the tag that a text opens and closes at its end, "```" for a code fence, "" for neither."""
    end = text[-WINDOW:].rstrip().removesuffix("</s>").rstrip()
    if end.endswith(FENCE):
        return FENCE if text.count(FENCE) > 1 else ""
    tags = _CLOSING_TAG.findall(end) if end.endswith(">") else []
    if not tags or not end.endswith(f"</{tags[-1]}>"):
        return ""
    return tags[-1] if re.search(rf"<{re.escape(tags[-1])}[\s>]", text) else ""


def _is_stop(text: str, own: set[str]) -> bool:
    """Whether an ending can be meant as a stop sequence: no word, hashtag, emoji or closing tag of the text."""
    core = text.strip().strip(".!?…\"'#@")
    if not core:  # symbols or line breaks alone
        return "\n" in text or bool(text.strip(" \t.!?…\"'"))
    if core == FENCE:
        return FENCE not in own
    if all(_in_word(c) or c == " " or unicodedata.category(c) in ("So", "Sk") for c in core):
        return core.isupper() or _LAST_LINE.fullmatch(text.rstrip()) is not None
    if _CLOSING_TAGS.fullmatch(core):
        return core[0] == "<" and own.isdisjoint(set(_CLOSING_TAG.findall(core)) - {"s"})
    return True


def _grow(texts: Counter[str], total: int) -> str:
    """The longest ending that at least 80 % share, one code point at a time from the right."""
    # What all have in common need not be counted sign by sign.
    ending, holders, group = _common_end(texts), total, texts
    separator, separated = "", 0  # what it was when it last could be the separator, and how many end so
    while len(ending) < WINDOW:
        size = len(ending) + 1
        counts: Counter[str] = Counter()
        for text, count in group.items():
            if len(text) >= size:
                counts[text[-size]] += count
        if not counts:
            break
        character = min(counts, key=lambda c: (-counts[c], c))
        needed = SETTLED * total
        if core := _cut_back(ending):  # a separator by now: what makes it longer must be no accident of the texts
            if core != separator:
                separator, separated = core, holders
            if character != ending[0] or _in_word(character) or character.isspace():  # `###` is one sign: `##` a slip
                needed = max(needed, _LONGER * holders)
            if _in_word(character) and not _in_word(ending[0]):
                needed = max(needed, _INTO_A_WORD * separated)
        if counts[character] < needed:
            break
        ending, holders = character + ending, counts[character]
        group = Counter({text: n for text, n in group.items() if text.endswith(ending)})
    return ending


def _common_end(texts: Counter[str]) -> str:
    """What all of them end with, up to the window."""
    turned = [text[: -WINDOW - 1 : -1] for text in texts]
    first, last = min(turned), max(turned)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))][::-1]


def _in_word(character: str) -> bool:
    """Whether a character belongs to a word: letters, digits, and the vowel signs of many scripts."""
    return character.isalnum() or unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"


def _ends_sentence(character: str) -> bool:
    """Whether a character ends a sentence, a quotation or a bracket, in any script."""
    if character.isascii():
        return character in _ASCII_ENDS
    return unicodedata.category(character) in ("Po", "Pe", "Pf") and character not in _COLONS


def _cut_back(ending: str) -> str:
    """From the first run of non-alphanumerics on, without what ends a sentence; "" where nothing is left."""
    if ending and (ending[-1] in _SENTENCE_STOPS or (not ending[-1].isascii() and _ends_sentence(ending[-1]))):
        return ""
    start = 0
    while start < len(ending) and _in_word(ending[start]):
        start += 1
    stop = start
    while stop < len(ending) and (ending[stop].isspace() or _ends_sentence(ending[stop])):
        stop += 1
    while stop > start and ending[stop - 1].isspace():
        stop -= 1  # the white space behind a sentence's end may belong to the separator
    ending = ending[stop:]
    return ending if ending.strip(" \t") else ""


def _run(text: str) -> str:
    """The run of non-alphanumerics at the end."""
    start = len(text)
    while start and not _in_word(text[start - 1]):
        start -= 1
    return text[start:]


def _alike(text: str, other: str) -> bool:
    """Whether one of two endings contains the other, by their looks: without case, space and kinds of dash."""
    first, second = plain(text), plain(other)
    return first in second or second in first


def plain(text: str) -> str:
    """A text as it looks at a glance: without case and space, every dash a hyphen."""
    return "".join(text.split()).translate(_DASHES).casefold()


def look_alike(text: str, ending: str) -> int | None:
    """Where the text's own version of an ending (other case, spaces, dashes, a sign too many) begins; None without."""
    wanted = plain(ending)
    if not wanted:
        return None
    size, start = 0, len(text)
    while start and size < len(wanted) and len(text) - start < _LOOK_BACK:
        start -= 1
        size += len(plain(text[start]))
    if plain(text[start:]) != wanted:
        return None
    while start and text[start - 1] == text[start]:  # a sign too many
        start -= 1
    while start and ending[0].isspace() and text[start - 1].isspace():
        start -= 1
    return start


def _leading_symbols(text: str) -> str:
    end = 0
    while end < len(text) and not _in_word(text[end]) and not (end and text[end] == "<"):
        end += 1
    return text[:end] or " "


def ending_of(text: str, texts: Counter[str], total: int) -> Habit:
    """The ending with the share of the texts that have it."""
    return Habit(text, sum(count for whole, count in texts.items() if whole.endswith(text)) / (total or 1))
