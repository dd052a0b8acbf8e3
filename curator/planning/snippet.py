"""Python that calls the tuned model exactly as the data has trained it. Data stands in it as literals only."""

from __future__ import annotations

import json
import pprint
from collections.abc import Mapping
from typing import Any

from curator.conventions import Conventions
from curator.findings import clip
from curator.masking import holds_secret
from curator.planning.advice import Label
from curator.planning.inference import Endings
from curator.planning.measuring import Measures

_SYSTEM_CHARS = 4_000  # a longer system prompt is to be copied from the data
_WIDTH = 100
_SHOWN = 80  # code points of what prompts begin with
_PASSED = ("temperature", "max_tokens", "stop", "logprobs", "top_logprobs", "logit_bias")
_CLIENT = "client = OpenAI()  # for a server of your own: base_url and api_key"


def snippet(
    endpoint: str,
    model: str | None,
    ends: Endings,
    conventions: Conventions,
    labels: tuple[Label, ...],
    measures: Measures,
    parameters: Mapping[str, Any],
) -> str:
    """The code: a function that takes the text of a request and gives the answer."""
    name = f"ft:{model}:…" if model else "…"
    lines = ["from openai import OpenAI", "", f"MODEL = {name!r}  # put the name here that the finished job gives"]
    passed = {key: parameters[key] for key in _PASSED if parameters.get(key) is not None}
    if bias := passed.pop("logit_bias", None):
        lines += _bias(bias, labels)
    if endpoint == "completions":
        return "\n".join([*lines, *_completion(ends, conventions, passed, biased=bool(bias))]) + "\n"
    return "\n".join([*lines, *_chat(conventions, measures, passed, biased=bool(bias))]) + "\n"


def _bias(bias: Mapping[str, int], labels: tuple[Label, ...]) -> list[str]:
    names = {str(label.tokens[0]): label.written for label in labels}
    return ["LABELS = {", *[f"    {key!r}: {value},  # {_comment(names[key])}" for key, value in bias.items()], "}"]


def _completion(ends: Endings, conventions: Conventions, passed: Mapping[str, Any], *, biased: bool) -> list[str]:
    lines, prompt = [], "''"
    if not conventions.open_ended:
        prompt = "text + SEPARATOR" if ends.separators else "text"
    if ends.separators:
        others = ", ".join(repr(habit.text) for habit in ends.separators[1:])
        lines.append(f"SEPARATOR = {ends.separator!r}" + (f"  # of the other tasks: {others}" if others else ""))
    call = ["    response = client.completions.create(", "        model=MODEL,", f"        prompt={prompt},"]
    end = ["    )", "    return response.choices[0].text.strip()"]
    head = [*_begins(ends), "def answer(text: str) -> str:"]
    return [*lines, _CLIENT, "", "", *head, *call, *_arguments(passed, biased), *end]


def _begins(ends: Endings) -> list[str]:
    """A note where the prompts of the data have an instruction, or the like, in front."""
    if not ends.beginning:
        return []
    return [f"# Give the text as the data has it: most prompts begin with {clip(ends.beginning, _SHOWN)!r}"]


def _chat(conventions: Conventions, measures: Measures, passed: Mapping[str, Any], *, biased: bool) -> list[str]:
    lines, messages, tools = [], '{"role": "user", "content": text}', []
    system = conventions.systems[0] if conventions.systems else None
    if system is not None and system.text:
        lines += _system(system.text, others=conventions.system_prompts > 1)
        messages = f'{{"role": "system", "content": SYSTEM}}, {messages}'
    if measures.with_tools:
        lines += _tools(measures)
        tools = ["        tools=TOOLS,"]
    call = [
        "    response = client.chat.completions.create(",
        "        model=MODEL,",
        f"        messages=[{messages}],",
        *tools,
        *_arguments(passed, biased),
        "    )",
    ]
    if measures.calls:
        head, end = "def answer(text: str):", "    return response.choices[0].message  # its content, or its tool_calls"
    else:
        head, end = "def answer(text: str) -> str:", '    return (response.choices[0].message.content or "").strip()'
    return [*lines, _CLIENT, "", "", head, *call, end]


def _system(text: str, *, others: bool) -> list[str]:
    note = "  # the most frequent of several in the data" if others else ""
    if len(text) > _SYSTEM_CHARS:
        return [f"SYSTEM = '…'  # the system prompt of the data: copy all {len(text):,} characters of it"]
    if holds_secret(text):
        return ["SYSTEM = '…'  # the system prompt of the data holds what looks like a secret: not shown here"]
    return [f"SYSTEM = {text!r}{note}"]


def _tools(measures: Measures) -> list[str]:
    if measures.tools is not None and holds_secret(measures.tools):
        return ["TOOLS = [...]  # the functions that the data declares hold what looks like a secret: not shown here"]
    if measures.tools is None:
        return ["TOOLS = [...]  # the functions that the data declares: they are many, or vary, and are not shown here"]
    shown = pprint.pformat(json.loads(measures.tools), width=_WIDTH, sort_dicts=False)
    return [f"TOOLS = {shown}"]


def _arguments(passed: Mapping[str, Any], biased: bool) -> list[str]:
    lines = [f"        {name}={value!r}," for name, value in passed.items()]
    return [*lines, "        logit_bias=LABELS,"] if biased else lines


def _comment(text: str) -> str:
    """The text for the end of a comment: nothing of it can end the line."""
    return repr(text)
