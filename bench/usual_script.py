"""What people run today: one process, json.loads, the usual format checks, tiktoken on every text.

The checks and the token formula are those of OpenAI's notebook on chat data preparation, written anew:
it reads the whole file, counts each kind of format error, counts tokens and warns at the end.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from typing import Any

from curator.tokens import _encoding  # the bundled vocabulary: nothing is downloaded

ROLES = {"system", "user", "assistant", "tool", "function"}
KEYS = {"role", "content", "name", "function_call", "weight", "tool_calls", "tool_call_id"}
LIMIT = 65_536


def format_errors(dataset: list[Any]) -> Counter[str]:
    """How often each format error occurs."""
    errors: Counter[str] = Counter()
    for example in dataset:
        if not isinstance(example, dict):
            errors["not an object"] += 1
            continue
        messages = example.get("messages")
        if not messages or not isinstance(messages, list):
            errors["no messages list"] += 1
            continue
        for message in messages:
            if "role" not in message or "content" not in message:
                errors["message lacks a key"] += 1
            if any(key not in KEYS for key in message):
                errors["unrecognised key in a message"] += 1
            if message.get("role") not in ROLES:
                errors["unrecognised role"] += 1
            content = message.get("content")
            if (not content and not message.get("tool_calls")) or not isinstance(content, str | None):
                errors["content is missing or no text"] += 1
        if not any(message.get("role") == "assistant" for message in messages):
            errors["no assistant message"] += 1
    return errors


def tokens(messages: list[dict[str, Any]], encoding: Any) -> int:
    """Tokens of one conversation: those of every text, 3 a message, 1 a name, 3 for the reply."""
    total = 3
    for message in messages:
        total += 3
        for key, value in message.items():
            if isinstance(value, str):
                total += len(encoding.encode(value, disallowed_special=()))
            if key == "name":
                total += 1
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="chat records, one a line")
    path = parser.parse_args().file
    with open(path, encoding="utf-8") as lines:
        dataset = [json.loads(line) for line in lines]
    print("examples:", len(dataset))
    for error, count in format_errors(dataset).items():
        print(f"{error}: {count}")
    encoding = _encoding("o200k_base")
    readable = [example["messages"] for example in dataset if isinstance(example, dict) and example.get("messages")]
    lengths = [tokens(messages, encoding) for messages in readable]
    no_system = sum(all(message.get("role") != "system" for message in messages) for messages in readable)
    no_user = sum(all(message.get("role") != "user" for message in messages) for messages in readable)
    print("examples without a system message:", no_system)
    print("examples without a user message:", no_user)
    print("tokens:", sum(lengths), "longest:", max(lengths, default=0))
    print(f"examples over {LIMIT} tokens:", sum(length > LIMIT for length in lengths))


if __name__ == "__main__":
    main()
