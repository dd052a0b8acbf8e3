"""The conversation: is there something to train on, and is it whole?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curator.calls import value_at
from curator.checks.keys import meant_in_message
from curator.conventions import SYSTEM_ROLES, Conventions
from curator.edits import Fix, Remove
from curator.model import Example, Problem, Turn
from curator.targets import Target

_OTHER_ROLES = frozenset({"system", "developer", "user", "tool", "function"})
KNOWN_ROLES = _OTHER_ROLES | {"assistant"}
_BLANK = re.compile(r"[\s\u200b-\u200d\u2060\ufeff]*")
"""White space, and what has no width and no meaning alone."""
_ANSWER_INSTEAD = ("tool_calls", "function_call", "refusal")


def conversation(example: Example) -> tuple[Turn, ...]:
    """The turns of the conversation: all of them, but for the two outputs of a preference record."""
    if example.kind != "preference":
        return example.turns
    return tuple(turn for turn in example.turns if turn.pointer.startswith("/input/"))


def no_assistant(example: Example) -> Iterator[Problem]:
    """Messages, but none of the assistant's: nothing to train on."""
    for turn in example.turns:  # an unknown role may stand for the assistant's; its own rule says so
        if turn.role not in _OTHER_ROLES:
            return
    if (where := _list_of(example.turns)) and _all_were_read(example, where):
        roles = ", ".join(dict.fromkeys(turn.role for turn in example.turns))
        yield Problem(where, values={"roles": roles})


def no_user(example: Example) -> Iterator[Problem]:
    """Answers, but no user's message that they could answer."""
    turns = conversation(example)
    roles = {turn.role for turn in turns}
    # Without an assistant's message there is nothing to train, which is said; an unknown role may be the user's.
    if "user" in roles or not roles <= KNOWN_ROLES or all(turn.role != "assistant" for turn in example.turns):
        return
    if (where := _list_of(turns)) and _all_were_read(example, where):
        yield Problem(where, values={"roles": ", ".join(dict.fromkeys(turn.role for turn in turns))})


def repeated_role(example: Example, *, target: Target) -> Iterator[Problem]:
    """Several turns of the user, or of the assistant, with nothing but system messages between them.

    Speakers of different names do not repeat each other, unless the target wants user and assistant to
    alternate. One problem for each run of turns, at the second of them.
    """
    run: list[Turn] = []
    for turn in conversation(example):
        if turn.role in SYSTEM_ROLES:
            continue
        if run and _repeats(turn, run[-1], target):
            run.append(turn)
            continue
        yield from _repeated(run, target)
        run = [turn]
    yield from _repeated(run, target)


def empty_prompt(example: Example, *, conventions: Conventions) -> Iterator[Problem]:
    """A message of the user or the system (or a prompt) that says nothing, where others say something."""
    if conventions.open_ended:
        return
    for turn in conversation(example):
        if turn.role != "user" and turn.role not in SYSTEM_ROLES:
            continue
        is_separator = example.kind == "completion" and _is_separator(turn.text, conventions)
        if is_separator or _says_nothing(turn):
            what = f"{turn.role} message" if example.kind != "completion" else "prompt"
            in_parts = turn.message and isinstance(turn.content, list)
            yield Problem(
                f"{turn.pointer}/content" if in_parts else turn.text_pointer,
                values={"what": what},
                variant="separator" if is_separator else "space" if turn.text else None,
            )


def tail_after_assistant(example: Example) -> Iterator[Problem]:
    """Messages after the assistant's last one, which train nothing."""
    last = max((i for i, turn in enumerate(example.turns) if turn.role == "assistant"), default=None)
    if last is None or last == len(example.turns) - 1:
        return
    tail = example.turns[last + 1 :]
    if any(turn.role not in _OTHER_ROLES for turn in tail):  # an answer under another name, perhaps
        return
    yield Problem(
        tail[-1].pointer,
        values={"role": tail[-1].role, "count": len(tail)},
        fix=Fix("drop the tail", tuple(Remove(turn.pointer) for turn in reversed(tail))),
    )


def empty_content(example: Example, *, conventions: Conventions) -> Iterator[Problem]:
    """An answer of nothing but white space, with no call or refusal in its place."""
    for turn in example.turns:
        if turn.role != "assistant" or turn.content is None or _answers_otherwise(turn):
            continue
        empty_parts = isinstance(turn.content, list) and all(_is_text(part) for part in turn.content)
        if (isinstance(turn.content, str) or empty_parts) and is_blank(conventions.answer(turn.text)):
            where = turn.text_pointer if isinstance(turn.content, str) else f"{turn.pointer}/content"
            yield Problem(where, variant=None if not turn.text else "space" if is_blank(turn.text) else "stop")


def missing_content(example: Example) -> Iterator[Problem]:
    """An answer whose content is null or absent, with no call or refusal in its place."""
    for turn in example.turns:
        if turn.role == "assistant" and turn.content is None and not _answers_otherwise(turn):
            if "from" in turn.message or not meant_in_message(turn.message).isdisjoint(("content", *_ANSWER_INSTEAD)):
                continue  # the schema of that format says so; or it is there, under a misspelled key
            present = turn.text_pointer != turn.pointer or not turn.message
            yield Problem(turn.text_pointer, values={"what": "null" if present else "missing"})


def is_blank(text: str) -> bool:
    """Whether a text is empty to the eye: white space, and characters without width."""
    return _BLANK.fullmatch(text) is not None


def _is_separator(text: str, conventions: Conventions) -> bool:
    """Whether a prompt is its separator and nothing else, where others say something before it."""
    bare = text.strip()
    usual = conventions.beginning.text.strip() if conventions.beginning else ""
    return bool(bare) and bare != usual and any(bare == ending.text.strip() for ending in conventions.separators)


def _all_were_read(example: Example, where: str) -> bool:
    """Whether each item of the list at `where` is a message; the schema says so of others, which may be the missing."""
    listed = value_at(example.value, where)
    return isinstance(listed, list) and all(isinstance(item, dict) for item in listed)


def _answers_otherwise(turn: Turn) -> bool:
    return any(turn.message.get(key) for key in _ANSWER_INSTEAD)


def _is_text(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _list_of(turns: tuple[Turn, ...]) -> str:
    """The pointer of the list that holds the turns; "" where they are members of the record itself."""
    return turns[-1].pointer.rpartition("/")[0] if turns else ""


def _repeats(turn: Turn, before: Turn, target: Target) -> bool:
    if turn.role != before.role or turn.role not in ("user", "assistant"):
        return False
    if target.alternation:
        return True
    if before.calls and not target.refuses_repeat_after_call:
        return False  # a call without its result, which has a rule of its own
    if turn.role == "user" and _is_picture(turn) != _is_picture(before):
        return False  # a picture beside the question about it, as in OpenAI's own sample
    return bool(turn.message.get("name") == before.message.get("name"))


def _repeated(run: list[Turn], target: Target) -> Iterator[Problem]:
    if len(run) < 2:
        return
    after_call = run[0].role == "assistant" and any(turn.calls for turn in run[:-1])
    if target.alternation:
        variant: str | None = "alternation"
    elif after_call and target.refuses_repeat_after_call:
        variant = "call"
    else:
        variant = "user" if run[0].role == "user" else None
    yield Problem(
        run[1].pointer,
        values={"role": run[0].role, "count": len(run), "target": target.name},
        variant=variant,
        fix=Fix("put the result of the call between them" if after_call else "merge them into one message"),
    )


def _is_picture(turn: Turn) -> bool:
    """Whether a message holds parts, and no text among them."""
    return isinstance(turn.content, list) and bool(turn.content) and is_blank(turn.text)


def _says_nothing(turn: Turn) -> bool:
    if isinstance(turn.content, list):
        return all(_is_text(part) for part in turn.content) and is_blank(turn.text)
    if turn.content is None:  # of the other roles the schema says so
        return turn.role == "developer"
    return isinstance(turn.content, str) and is_blank(turn.text)
