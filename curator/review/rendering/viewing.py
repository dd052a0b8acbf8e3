"""How a person wants to see a record, and what is known of its dataset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from curator.conventions import Conventions
from curator.review.rendering.escaping import LIMIT, Mark

_SPECIAL = re.compile(
    r"<\|[^|<>\s]{1,60}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>"
)
_MOST = 500  # special tokens of one text that are shown


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of texts, and how."""

    visible: bool = False
    """White space, joiners and special tokens are in sight, too."""
    limit: int | None = LIMIT
    """Code points of a text from which its middle is left out; None: never."""
    separators: tuple[str, ...] = ()
    """What prompts end with in this dataset."""
    stop: str = ""
    """What completions end with in this dataset."""
    reserved: tuple[str, ...] = ()
    """Texts that the target's models read as control tokens."""

    @classmethod
    def of(
        cls, found: Conventions, reserved: tuple[str, ...] = (), *, visible: bool = False, limit: int | None = LIMIT
    ) -> View:
        """The view of a dataset with these conventions."""
        separators = tuple(habit.text for habit in found.separators)
        return cls(visible, limit, separators, found.stop.text if found.stop else "", reserved)

    def tokens(self, text: str) -> Iterator[Mark]:
        """The special tokens in a text, where they are wanted."""
        if self.visible:
            for match in islice(_SPECIAL.finditer(text), _MOST):
                yield Mark(match.start(), match.end(), "token")
            for token in self.reserved:
                if not _SPECIAL.fullmatch(token):
                    for match in islice(re.finditer(re.escape(token), text), _MOST):
                        yield Mark(match.start(), match.end(), "token")

    def ending(self, text: str, of_prompt: bool) -> tuple[list[Mark], str]:
        """The mark of a text's separator or stop sequence, and which one is missing ("" for none)."""
        known = self.separators if of_prompt else ((self.stop,) if self.stop else ())
        found = max((ending for ending in known if ending and text.endswith(ending)), key=len, default="")
        if not found:
            return [], known[0] if known else ""
        kind = "separator" if of_prompt else "stop"
        return [Mark(len(text) - len(found), len(text), kind, kind)], ""


PLAIN = View()
"""Nothing is known of the dataset, and nothing special is wanted."""
