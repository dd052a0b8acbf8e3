"""The least that exact token totals cost: read, parse, one schema decision, tokenise; nothing else.

Each process takes a range of bytes, parses with orjson, asks jsonschema-rs once a record and counts the
tokens of every text with tiktoken. It finds nothing and reports nothing: no linter that gives exact
totals with these libraries can be faster.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from multiprocessing import get_context
from typing import Any

import orjson

SCHEMA = "openai-chat"


def work(task: tuple[str, int, int]) -> Counter[str]:
    """The totals of the lines that begin in a range of bytes."""
    import jsonschema_rs

    from curator.checks.schema import schema
    from curator.tokens import _encoding

    path, start, end = task
    encoding, validator = _encoding("o200k_base"), jsonschema_rs.validator_for(schema(SCHEMA))
    totals: Counter[str] = Counter()
    roles: Counter[str] = Counter()
    with open(path, "rb", buffering=1 << 20) as file:
        if start:
            file.seek(start - 1)
            file.readline()
        position = file.tell()
        while position < end and (line := file.readline()):
            position += len(line)
            record: dict[str, Any] = orjson.loads(line)
            totals["records"] += 1
            totals["invalid"] += not validator.is_valid(record)
            for message in record["messages"]:
                roles[message["role"]] += 1
                totals["tokens"] += sum(len(encoding.encode_ordinary(text)) for text in texts(message))
    totals["messages"] = roles.total()
    totals["role_tokens"] = sum(len(encoding.encode_ordinary(role)) * n for role, n in roles.items())
    return totals


def texts(message: dict[str, Any]) -> list[str]:
    """The texts of one message: its content, and the names and arguments of its calls."""
    content = message.get("content")
    if isinstance(content, str) and "tool_calls" not in message:
        return [content]
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    called = [text for function in functions for text in (function["name"], function["arguments"])]
    return [*([content] if isinstance(content, str) else ()), *called]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="chat records, one a line")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    arguments = parser.parse_args()
    size, jobs = os.path.getsize(arguments.file), arguments.jobs
    ranges = [(arguments.file, size * n // jobs, size * (n + 1) // jobs) for n in range(jobs)]
    totals: Counter[str] = Counter()
    with get_context("spawn").Pool(jobs) as pool:
        for part in pool.imap_unordered(work, ranges):
            totals.update(part)
    print(json.dumps(totals))


if __name__ == "__main__":
    main()
