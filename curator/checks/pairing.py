"""Calls and their results: does each call have an id of its own, and each result its call?"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import islice

from curator.calls import ABSENT, few, value_at
from curator.checks.keys import meant_in_message
from curator.model import RESULT_ROLES, Example, Problem, ToolCall, Turn
from curator.targets import Target


@few
def bad_id(example: Example, *, target: Target) -> Iterator[Problem]:
    """Ids of calls that are missing, used twice, or not in the target's form; one problem a call.

    Some chat templates do without ids: where a record has none at all, only a target that wants calls in the
    form of OpenAI's API misses them.
    """
    turns = [turn for turn in example.turns if any(map(_wants_id, turn.calls))]
    if not turns:
        return
    expected = (
        target.arguments == "string"
        or any(call.id for turn in turns for call in turn.calls)
        or any(map(_answers, example.turns))
    )
    earlier: set[str] = set()
    for turn in turns:
        here: set[str] = set()
        for call in filter(_wants_id, turn.calls):
            variant = _fault(call.id, here, earlier, target.call_id_pattern)
            if call.id:
                here.add(call.id)
                where = f"{call.pointer}/id"
            else:
                id_ = value_at(example.value, call.pointer).get("id", ABSENT)
                if not expected or id_ not in (ABSENT, None, ""):  # the schema of the format reports another type
                    continue
                where = call.pointer if id_ is ABSENT else f"{call.pointer}/id"
            if variant:
                yield Problem(
                    where,
                    values={
                        "id": call.id or "",
                        "function": call.name,
                        "target": target.name,
                        "pattern": target.call_id_pattern,
                    },
                    variant=None if variant == "missing" else variant,
                )
        earlier |= here


@few
def without_call(example: Example) -> Iterator[Problem]:
    """Results of a call that no earlier turn makes, or that has its result; silent where a call cannot be read."""
    for block in _blocks(example):
        if not block.orphans and not block.repeated:
            continue
        if any(map(_has_unread_calls, example.turns)):
            return
        made = {call.id for turn in example.turns for call in turn.calls}
        waiting = [call.id for call in block.open.values() if call.id]
        hint = f"; the call before it has the id {waiting[0]!r}" if len(waiting) == 1 else ""
        for result in block.orphans:
            wanted = _answers(result)
            if wanted:
                values = {"id": wanted, "hint": ", it comes later" if wanted in made else hint}
                yield Problem(f"{result.pointer}/tool_call_id", values=values)
            else:
                variant = "function" if "role" in result.message else "turn"
                yield Problem(result.pointer, values={"function": _name(result)}, variant=variant)
        for result in block.repeated:
            values = {"id": _answers(result), "hint": hint}
            yield Problem(f"{result.pointer}/tool_call_id", values=values, variant="again")


@few
def unanswered(example: Example) -> Iterator[Problem]:
    """Calls that get no result before the user or the assistant goes on; the record may end with a call."""
    blocks = list(_blocks(example))
    misplaced = {_answers(result) for block in blocks for result in block.orphans}
    for block in blocks:
        if not block.next_role:
            continue
        # A result with a wrong id, or in the wrong place, is the answer to one of them, and is reported itself.
        for call in islice(block.open.values(), len(block.orphans) + len(block.repeated), None):
            if call.id and call.id in misplaced:
                continue
            where, inner = (call.pointer, None) if call.inside is None or call.broken else call.place("")
            yield Problem(where, inner=inner, values={"function": call.name, "next": block.next_role})


class _Block:
    """A turn with calls (none for what stands before the first), and the results that follow it."""

    def __init__(self, calls: Sequence[ToolCall] = (), role: str = "") -> None:
        self.role = role
        self.open = dict(enumerate(calls))
        """Calls without a result."""
        self.orphans: list[Turn] = []
        """Results without a call."""
        self.repeated: list[Turn] = []
        """Results of calls that have theirs."""
        self.next_role = ""
        """Who goes on after the results; "" where the record ends."""
        self._ids: defaultdict[str, deque[int]] = defaultdict(deque)
        for index, call in self.open.items():
            self._ids[call.id or ""].append(index)
        self._order = deque(self.open)
        self._in_text = any(call.inside is not None for call in calls)

    def answer(self, result: Turn, waiting: Counter[str]) -> None:
        """Take the call that a result answers out of those that are open.

        `waiting` holds the ids of all calls so far, each with how many results it may still have.
        """
        wanted = _answers(result)
        if self.role == "user" and "role" not in result.message:  # an assistant may write calls into its text
            self.orphans.append(result)
        elif self._in_text:
            self.open.clear()  # no ids there: one text answers all calls of a turn
        elif wanted in waiting:
            while self._close(self._ids[wanted]):  # an id that two calls share is another fault
                pass
            waiting[wanted] -= 1
            if waiting[wanted] < 0:
                self.repeated.append(result)
        else:
            found = self._close(self._ids[""] if wanted else self._order)
            if not found and "role" in result.message and (wanted or result.role == "function"):
                self.orphans.append(result)

    def _close(self, indexes: deque[int]) -> bool:
        while indexes:
            if self.open.pop(indexes.popleft(), None) is not None:
                return True
        return False


def _blocks(example: Example) -> Iterator[_Block]:
    if not any(turn.calls or turn.role in RESULT_ROLES for turn in example.turns):
        return
    waiting: Counter[str] = Counter()
    block = _Block()
    for turn in example.turns:
        if turn.role in RESULT_ROLES:
            block.answer(turn, waiting)
        elif turn.role in ("user", "assistant"):
            block.next_role = turn.role
            yield block
            block = _Block(turn.calls, turn.role)
            waiting.update(call.id for call in turn.calls if call.id)
        elif turn.role not in ("system", "developer"):
            block.open.clear()  # under a role of its own template, perhaps a result
    yield block


def _has_unread_calls(turn: Turn) -> bool:
    """Whether a message has calls that are malformed, or stand under a misspelled key."""
    listed = turn.message.get("tool_calls") or []
    if not isinstance(listed, list) or any(
        not isinstance(call, dict) or not isinstance(call.get("function"), dict) for call in listed
    ):
        return True
    return turn.role == "assistant" and "tool_calls" in meant_in_message(turn.message)


def _fault(id_: str | None, here: set[str], earlier: set[str], pattern: str) -> str:
    if not id_:
        return "missing"
    if id_ in here:
        return "repeated"
    if pattern and not re.fullmatch(pattern, id_):
        return "form"
    return "reused" if id_ in earlier else ""


def _wants_id(call: ToolCall) -> bool:
    """Whether it stands in `tool_calls`, not in the older `function_call` or in a text."""
    return call.inside is None and call.pointer != call.function_pointer


def _answers(turn: Turn) -> str:
    """The id of the call that a result names; "" for none."""
    wanted = turn.message.get("tool_call_id") if turn.role in RESULT_ROLES else None
    return wanted if isinstance(wanted, str) else ""


def _name(turn: Turn) -> str:
    name = turn.message.get("name")
    return name if isinstance(name, str) else ""
