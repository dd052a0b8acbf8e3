"""`curator contract`: what is learned of good data holds for more of the same, and each change of it is noticed."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from curator.cli.main import group
from curator.contracts import learning
from curator.contracts.chance import distance_by_chance, share_by_chance
from curator.contracts.inert import inert
from curator.contracts.naming import NAME_CHARS, is_inert, name, plain
from curator.errors import InputError, UsageError
from curator.masking import spans

pytestmark = pytest.mark.xdist_group("contract")  # Great Expectations takes seconds to import: once is enough

Record = dict[str, Any]
HOTELS = ("book_room", "cancel_room")


def chat(number: int, rng: random.Random) -> Record:
    words = " ".join(rng.choices(["breakfast", "room", "late", "key", "floor", "bill", "view"], k=rng.randint(8, 20)))
    call = {"id": f"c{number}", "type": "function"}
    call["function"] = {"name": rng.choice(HOTELS), "arguments": json.dumps({"guest": number})}
    parameters = {"type": "object", "properties": {"guest": {"type": "integer"}}, "required": ["guest"]}
    return {
        "messages": [
            {"role": "system", "content": "You run the desk of a hotel."},
            {"role": "user", "content": f"{number}: {words}?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": "done"},
            {"role": "assistant", "content": f"Done for guest {number}: {words}."},
        ],
        "tools": [
            {"type": "function", "function": {"name": name, "description": name, "parameters": parameters}}
            for name in HOTELS
        ],
    }


def labelled(number: int, rng: random.Random) -> Record:
    words = " ".join(rng.choices(["my", "card", "was", "lost", "again", "in", "town", "why"], k=rng.randint(6, 15)))
    label = rng.choices(["card", "loan", "other"], [5, 3, 2])[0]
    return {"prompt": f"{number} {words}\n\n###\n\n", "completion": f" {label} END"}


def chats(count: int, seed: int = 0) -> list[Record]:
    rng = random.Random(seed)
    return [chat(number + 10_000 * seed, rng) for number in range(count)]


def labels(count: int, seed: int = 0) -> list[Record]:
    rng = random.Random(seed)
    return [labelled(number + 10_000 * seed, rng) for number in range(count)]


def written(path: Path, records: list[Record]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, ["contract", *map(str, arguments)], prog_name="curator", standalone_mode=False)


def code(result: Result) -> int:
    """The exit code of a check that came to its end."""
    if result.exception is not None:
        raise result.exception
    return int(result.return_value)


def outcome(data: Path, contract: Path, *flags: str) -> dict[str, Any]:
    """The JSON of a check."""
    result = run("check", data, "--contract", contract, "--isolated", "-q", "--output-format", "json", *flags)
    code(result)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def broken(found: dict[str, Any]) -> dict[str, list[int]]:
    """The features whose expectations are broken, each with the lines that are named."""
    failed = [item for item in found["expectations"] if item["success"] is False and item["severity"] != "info"]
    return {item["feature"]: [record["line"] for record in item["records"]] for item in failed}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The contract of a good dataset of each kind, learned once."""
    folder = tmp_path_factory.mktemp("good")

    def contract(kind: str) -> Path:
        path = folder / f"{kind}.json"
        if not path.exists():
            data = written(folder / f"{kind}.jsonl", {"chat": chats, "label": labels}[kind](200))
            code_or_none = run("learn", data, "-o", path, "--isolated", "-q")
            assert code_or_none.exception is None, code_or_none.exception
        return path

    return contract


# --- what is learned, and what is noticed ------------------------------------------------------


@pytest.mark.parametrize("kind", ["chat", "label"])
def test_more_of_the_same_keeps_the_contract(good: Callable[[str], Path], kind: str, tmp_path: Path) -> None:
    for seed, count in ((1, 400), (2, 60), (3, 25)):
        data = written(tmp_path / "more.jsonl", {"chat": chats, "label": labels}[kind](count, seed))
        found = outcome(data, good(kind))
        assert broken(found) == {}
        assert found["summary"]["undecided"] == 0
        assert found["summary"]["expectations"] == len(json.loads(good(kind).read_text())["suite"]["expectations"])


@pytest.mark.parametrize("stem", ["support_chat", "tools", "intents.train"])
def test_the_sample_data_keep_their_own_contract(stem: str, tmp_path: Path) -> None:
    data = Path(__file__).parent.parent / "sample_data" / f"{stem}.jsonl"
    assert run("learn", data, "-o", tmp_path / "c.json", "--isolated", "-q").exception is None
    assert broken(outcome(data, tmp_path / "c.json")) == {}


def every(change: Callable[[Record], object], step: int = 4) -> Callable[[list[Record]], None]:
    """A change of each fourth record, or of another share."""

    def apply(records: list[Record]) -> None:
        for record in records[::step]:
            change(record)

    return apply


def _long(record: Record) -> None:
    record["messages"][-1]["content"] *= 20


def _other_function(record: Record) -> None:
    record["tools"].append(json.loads(json.dumps(record["tools"][0]).replace("book_room", "drop_tables")))
    record["messages"][2]["tool_calls"][0]["function"]["name"] = "drop_tables"


CHANGES = {
    "long answers": ("chat", every(_long), {"answer_chars", "tokens"}),
    "no system prompt": ("chat", every(lambda r: r["messages"].pop(0)), {"has_system", "roles", "habit_system"}),
    "another system prompt": (
        "chat",
        every(lambda r: r["messages"][0].update(content="You sell cars."), 1),
        {"habit_system"},
    ),
    "more turns": ("chat", every(lambda r: r["messages"].extend(r["messages"][1:] * 2)), {"turns"}),
    "a new function": ("chat", every(_other_function), {"new_functions", "new_declared"}),
    "a new role": ("chat", every(lambda r: r["messages"][1].update(role="guest")), {"roles", "new_errors"}),
    "a new label": ("label", every(lambda r: r.update(completion=" fraud END"), 20), {"label"}),
    "other shares of labels": ("label", every(lambda r: r.update(completion=" other END"), 2), {"label"}),
    "no stop sequence": (
        "label",
        every(lambda r: r.update(completion=r["completion"].removesuffix(" END"))),
        {"ends_with_stop"},
    ),
    "another separator": (
        "label",
        every(lambda r: r.update(prompt=r["prompt"].replace("###", "@@@")), 1),
        {"ends_with_separator", "habit_separator"},
    ),
    "copies": ("label", lambda records: records.extend(records[:80]), {"copy", "new_warnings"}),
    "another task": (
        "label",
        every(lambda r: r.update(completion=" " + r["prompt"][:30][::-1] + " END"), 1),
        {"label", "answer_chars"},
    ),
    "one answer to everything": (
        "chat",
        every(lambda r: r["messages"][-1].update(content="Done for you: breakfast room late key floor bill."), 2),
        {"answer"},
    ),
    "extra keys": ("label", every(lambda r: r.update(source="mail"), 1), {"habit_keys"}),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_breaks_what_speaks_of_it(good: Callable[[str], Path], change: str, tmp_path: Path) -> None:
    kind, apply, features = CHANGES[change]
    records = {"chat": chats, "label": labels}[kind](200, seed=5)
    apply(records)
    assert features <= broken(outcome(written(tmp_path / "new.jsonl", records), good(kind))).keys()


def test_records_that_break_it_are_named_by_file_and_line(good: Callable[[str], Path], tmp_path: Path) -> None:
    first, second = labels(60, 6), labels(60, 7)
    for record in (first[3], second[41], second[58]):
        record["completion"] = " fraud END"
    paths = [written(tmp_path / "a.jsonl", first), written(tmp_path / "b.jsonl", second)]
    text = run("check", *paths, "--contract", good("label"), "--isolated", "--show", "2").stdout
    assert "    3 of 120 records (2.5%) differ\n" in text
    assert f"{paths[0]}:4  fraud\n" in text
    assert f"{paths[1]}:42  fraud\n" in text
    assert f"{paths[1]}:59" not in text
    assert "and 1 more, which a higher --show lists" in text


def test_what_is_checked_is_what_the_good_data_were_checked_for(tmp_path: Path) -> None:
    """Mistral takes ids of calls of nine letters and digits alone, OpenAI any."""
    records = chats(100)

    def named(pattern: str) -> list[Record]:
        for number, record in enumerate(records):
            _, _, call, result, _ = record["messages"]
            call["tool_calls"][0]["id"] = result["tool_call_id"] = pattern.format(number)
        return records

    contract = tmp_path / "contract.json"
    good = written(tmp_path / "good.jsonl", named("c{:08}"))
    assert run("learn", good, "-o", contract, "--target", "mistral", "-q").exception is None
    data = written(tmp_path / "new.jsonl", named("call-{}"))
    assert "new_errors" not in broken(outcome(data, contract, "--target", "openai"))
    (tmp_path / "curator.toml").write_text('target = "openai"\n')
    result = run("check", data, "--contract", contract, "-q", "--output-format", "json")
    assert "new_errors" in broken(json.loads(result.stdout)), "the contract goes before the settings of new data"
    silent = edited(contract, tmp_path / "silent.json", lambda data: data["measured_by"].pop("target"))
    assert "new_errors" not in broken(outcome(data, silent)), "an older contract names none"


def test_names_that_are_mostly_seen_once_are_not_all_there_are(tmp_path: Path) -> None:
    """Half of a set with functions for everything does not call what the other half calls; another set is noticed."""

    def named(count: int, kinds: int, seed: int) -> list[Record]:
        found = json.dumps(chats(count, seed)).split("book_room")
        rng = random.Random(seed)
        return list(json.loads("".join(f"{part}do_{rng.randrange(kinds)}" for part in found[:-1]) + found[-1]))

    good = written(tmp_path / "good.jsonl", named(150, 600, 1))
    others = json.loads(json.dumps(chats(60, 3)).replace("_room", "_table"))
    for data, expected in ((named(150, 600, 2), set()), (others, {"new_functions", "new_declared"})):
        assert run("learn", good, "-o", tmp_path / "c.json", "--isolated", "-q", "--force").exception is None
        found = broken(outcome(written(tmp_path / "new.jsonl", data), tmp_path / "c.json"))
        assert found.keys() & {"new_functions", "new_declared"} == expected
    assert "Many stand in one record only" in (tmp_path / "c.json").read_text()


def test_records_with_the_same_answer_are_named(good: Callable[[str], Path], tmp_path: Path) -> None:
    records = chats(60, 6)
    for number in range(3, 60, 2):
        records[number]["messages"][-1]["content"] = "Done for you: breakfast room late key floor bill."
    data = written(tmp_path / "new.jsonl", records)
    result = run("check", data, "--contract", good("chat"), "--isolated", "--show", "2", "--docs", tmp_path / "site")
    assert code(result) == 1
    assert "No answer is that of more than 5.5% of the records\n" in result.stdout
    assert "    found: 29 of 60 records (48.3%) have the same; among so many " in result.stdout
    assert f"      {data}:4\n      {data}:6\n      and 27 more" in result.stdout


def test_the_findings_of_a_document_belong_to_its_records(tmp_path: Path) -> None:
    """A finding names the line that it is on, which in a document is not the one that its record begins on."""
    records = chats(30, 3)
    (data := tmp_path / "good.json").write_text(json.dumps(records, indent=1))
    assert run("learn", data, "-o", tmp_path / "c.json", "--isolated", "-q").exception is None
    records[7]["messages"][1]["role"] = "guest"
    data.write_text(json.dumps(records, indent=1))
    found = outcome(data, tmp_path / "c.json")
    line = [number for number, text in enumerate(data.read_text().splitlines(), 1) if text == " {"][7]
    assert broken(found)["new_errors"] == broken(found)["roles"] == [line]
    assert run("learn", data, "-o", tmp_path / "d.json", "--isolated", "-q").exception is None
    assert json.loads((tmp_path / "d.json").read_text())["measured_by"]["rules"] == ["SCH004"]
    assert broken(outcome(data, tmp_path / "d.json")) == {}


def test_records_on_one_line_are_told_apart_by_their_columns(good: Callable[[str], Path], tmp_path: Path) -> None:
    records = labels(60, 6)
    records[3]["completion"] = records[41]["completion"] = " fraud END"
    text = json.dumps(records)
    (data := tmp_path / "new.json").write_text(text)
    columns = [text.index(json.dumps(records[number])) + 1 for number in (3, 41)]
    shown = run("check", data, "--contract", good("label"), "--isolated", "--docs", tmp_path / "site").stdout
    for column in columns:
        assert f"      {data}:1:{column}  fraud\n" in shown
    (found,) = [
        item for item in outcome(data, good("label"))["expectations"] if item["feature"] == "label" and item["count"]
    ]
    assert [(record["line"], record["column"]) for record in found["records"]] == [(1, column) for column in columns]
    assert f"1:{columns[0]}, 1:{columns[1]}" in (tmp_path / "site" / "index.html").read_text()
    lines = [json.dumps(record) for record in labels(60, 6)]
    (data := tmp_path / "new.jsonl").write_text("\n".join([*lines, lines[0] + " " + json.dumps(records[3])]) + "\n")
    shown = run("check", data, "--contract", good("label"), "--isolated").stdout
    assert f"      {data}:61:{len(lines[0]) + 2}  fraud\n" in shown


def test_sentences_count_one_in_the_singular(tmp_path: Path) -> None:
    records = chats(30, 4)
    for record in records:
        record["tools"] = record["tools"][:1]
        record["messages"][2]["tool_calls"][0]["function"]["name"] = HOTELS[0]
    result = run("learn", written(tmp_path / "a.jsonl", records), "-o", tmp_path / "c.json", "--isolated")
    assert result.exception is None
    text = result.stderr + (tmp_path / "c.json").read_text()
    assert "A record has 1 call of a function " in text
    assert "A record has 1 declared function " in text
    assert "The good data call 1 function;" in text
    assert not re.search(r"\b1 (calls|functions|labels|records|tokens|turns)\b", text)


def test_learning_says_what_is_wrong_with_the_data(tmp_path: Path) -> None:
    records = labels(30, 4)
    data = written(tmp_path / "a.jsonl", records)
    assert "the contract lets as much pass" not in run("learn", data, "-o", tmp_path / "c.json", "--isolated").stderr
    every(lambda record: record.update(prompt=""))(records)
    result = run("learn", written(data, records), "-o", tmp_path / "c.json", "--isolated", "--force")
    assert re.search(
        "    curator check finds [^\n]*MSG007[^\n]* in these data, and the contract lets as much pass\n", result.stderr
    )


def test_broken_lines_are_named_and_break_nothing_else(good: Callable[[str], Path], tmp_path: Path) -> None:
    data = written(tmp_path / "new.jsonl", labels(100, 8))
    lines = data.read_text().splitlines()
    lines[10] = lines[10][:20]
    lines[20] = "[1, 2]"
    lines[30] = ""
    data.write_text("\n".join(lines) + "\n")
    found = broken(outcome(data, good("label")))
    assert found["readable"] == [11, 21]
    assert found.keys() <= {"readable", "new_errors", "new_warnings"}


# --- the file ----------------------------------------------------------------------------------


def test_a_contract_holds_no_text_of_a_record_and_explains_itself(good: Callable[[str], Path]) -> None:
    text = good("chat").read_text()
    assert "breakfast" not in text
    data = json.loads(text)
    assert data["learned_from"]["records"] == 200
    assert data["measured_by"]["called"] == sorted(HOTELS)
    for item in data["suite"]["expectations"]:
        assert item["description"]
        assert item["meta"]["notes"]["content"][0].endswith(".")
    types = {item["type"] for item in data["suite"]["expectations"]}
    assert {"expect_quantiles_to_stay", "expect_habit_to_stay", "expect_column_values_to_be_between"} <= types


def test_learning_twice_is_the_same_and_writes_over_nothing(good: Callable[[str], Path], tmp_path: Path) -> None:
    data = good("label").with_name("label.jsonl")
    result = run("learn", data, "--isolated", "-q")
    assert result.exception is None
    day = re.compile('"when": "[-0-9]{10}"')  # it may be midnight meanwhile
    assert day.sub("", result.stdout) == day.sub("", good("label").read_text()) != result.stdout
    with pytest.raises(UsageError, match=r"label\.json"):
        code(run("learn", data, "-o", good("label"), "--isolated"))


def edited(contract: Path, path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    data = json.loads(contract.read_text())
    change(data)
    path.write_text(json.dumps(data))
    return path


def test_an_edited_contract_is_followed(good: Callable[[str], Path], tmp_path: Path) -> None:
    def tighter(data: dict[str, Any]) -> None:
        data["suite"]["expectations"] = [
            {
                "type": "expect_column_max_to_be_between",
                "kwargs": {"column": "tokens", "max_value": 3},
                "severity": "info",
            }
        ]

    path = edited(good("label"), tmp_path / "c.json", tighter)
    data = written(tmp_path / "new.jsonl", labels(30, 9))
    found = outcome(data, path)
    (item,) = found["expectations"]
    assert (item["success"], item["severity"]) == (False, "info")
    for level, expected in (("warning", 0), ("info", 1), ("never", 0)):
        assert code(run("check", data, "--contract", path, "--isolated", "--fail-on", level)) == expected


def first(data: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = data["suite"]["expectations"][0]
    return item


def typed(data: dict[str, Any], type_: str) -> dict[str, Any]:
    """The arguments of the first expectation of this type."""
    kwargs: dict[str, Any] = next(item for item in data["suite"]["expectations"] if item["type"] == type_)["kwargs"]
    return kwargs


SPOILED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another version": (lambda d: d.update(contract=2), "another version of curator .contract 2"),
    "other features": (lambda d: d.update(features=None), "another version of curator .features None"),
    "no suite": (lambda d: d.pop("suite"), "no contract of curator"),
    "nothing expected": (lambda d: d["suite"].update(expectations=[]), "there are no expectations"),
    "nothing learned": (lambda d: d.pop("learned_from"), "learned_from is missing"),
    "a part is missing": (lambda d: d["measured_by"].pop("stop"), "measured_by: .*stop"),
    "a part too many": (lambda d: d["measured_by"].update(stopp=""), "measured_by: unknown key 'stopp'; did you mean"),
    "a part of another type": (lambda d: d["learned_from"].update(records="many"), "learned_from: records"),
    "an unknown expectation": (lambda d: first(d).update(type="expect_magic"), "expectation 1: 'expect_magic' is no "),
    "a pattern": (lambda d: first(d).update(type="expect_column_values_to_match_regex"), "is no type that a contract"),
    "a type that is no text": (lambda d: first(d).update(type=["x"]), "expectation 1: .* is no type that a contract"),
    "beyond any float": (
        lambda d: d["suite"]["expectations"].append(
            {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "tokens", "max_value": 10**400}}
        ),
        "does not fit: int too large",
    ),
    "shares without words": (
        lambda d: d["suite"]["expectations"].append(
            {"type": "expect_label_shares_to_stay", "kwargs": {"column": "label", "shares": {"a": "x"}}}
        ),
        "expect_label_shares_to_stay. does not fit",
    ),
    "an unknown feature": (lambda d: first(d)["kwargs"].update(column="messages"), "'messages' is no feature"),
    "a query": (lambda d: first(d)["kwargs"].update(row_condition="@f()"), "'row_condition' is no argument"),
    "fewer records than none": (lambda d: d["learned_from"].update(records=-5), "records: -5 is less than 1"),
    "fewer lines than none": (lambda d: d["learned_from"].update(unreadable=-1), "unreadable: -1 is less than 0"),
    "figures with a hole": (
        lambda d: d["learned_from"]["figures"]["tokens"].pop("p95"),
        "figures: 'tokens' has no p95",
    ),
    "the same twice": (
        lambda d: d["suite"]["expectations"].append(first(d)),
        "is the same as expectation 1: take one of them out",
    ),
    "a share of nothing": (
        lambda d: typed(d, "expect_label_shares_to_stay").update(records=0),
        "does not fit: .*records",
    ),
    "a share below none": (
        lambda d: typed(d, "expect_label_shares_to_stay")["shares"].update(card=-1),
        "does not fit: .*a share is none of 0 to 1",
    ),
    "a distance beyond all": (
        lambda d: typed(d, "expect_label_shares_to_stay").update(distance=2),
        "does not fit: .*distance",
    ),
    "quantiles without ranges": (
        lambda d: typed(d, "expect_quantiles_to_stay").update(ranges=[[1, 2]]),
        "does not fit: .*each quantile is 0 to 1, and has one range",
    ),
    "quantiles beyond all": (
        lambda d: typed(d, "expect_quantiles_to_stay").update(quantiles=[0.1, 0.2, 0.3, 0.4, 5]),
        "does not fit: .*each quantile is 0 to 1, and has one range",
    ),
    "a severity": (lambda d: first(d).update(severity="fatal"), "the severity 'fatal' is none"),
    "live HTML": (lambda d: first(d).update(description="<img src=x onerror=alert(1)>"), "expectation 1: .* escapes"),
    "a live value": (lambda d: first(d)["kwargs"].update(value_set=["<b>"]), "expectation 1: .* escapes"),
    "a parameter": (lambda d: first(d)["kwargs"].update(mostly={"$PARAMETER": "x"}), "expectation 1: .* escapes"),
    "a text for a number": (lambda d: first(d)["kwargs"].update(mostly="most"), "expectation 1 .* does not fit"),
    "an argument too many": (lambda d: first(d)["kwargs"].update(quantiles=[1]), "expectation 1 .* does not fit"),
    "another format": (lambda d: d["learned_from"].update(format="sharegpt"), "the contract is for sharegpt"),
    "another target": (lambda d: d["measured_by"].update(target="mistrul"), "unknown target 'mistrul'; there are"),
    "another tokenizer": (lambda d: d["measured_by"].update(encoding="wordpiece"), "no tokenizer 'wordpiece'"),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_contract_is_refused_in_a_line(good: Callable[[str], Path], how: str, tmp_path: Path) -> None:
    change, message = SPOILED[how]
    path = edited(good("label"), tmp_path / "spoiled.json", change)
    data = written(tmp_path / "new.jsonl", labels(30, 9))
    result = run("check", data, "--contract", path, "--isolated")
    assert isinstance(result.exception, UsageError)
    assert re.search(message, str(result.exception))
    assert "\n" not in str(result.exception)
    assert "spoiled.json" in str(result.exception) or "new.jsonl" in str(result.exception)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"contract"', "null", '{"contract": NaN, "suite": 1}', "[" * 100_000, "\xff\x00"]
)
def test_what_is_no_contract_is_refused_in_a_line(text: str, tmp_path: Path) -> None:
    (path := tmp_path / "c.json").write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=r"c\.json: is no contract"):
        code(run("check", tmp_path / "new.jsonl", "--contract", path))


def test_an_expectation_that_raises_is_undecided_and_the_rest_is_decided(
    good: Callable[[str], Path], tmp_path: Path
) -> None:
    wrong = {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "identity", "max_value": 3}}
    path = edited(good("label"), tmp_path / "c.json", lambda d: d["suite"]["expectations"].append(wrong))
    data = written(tmp_path / "new.jsonl", labels(60, 9))
    result = run("check", data, "--contract", path, "--isolated", "--docs", tmp_path / "site")
    assert code(result) == 2
    assert "What could not be decided" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "(expect_column_mean_to_be_between) could not be decided" in result.stderr
    assert "The contract is undecided" in result.stdout
    assert "The contract is kept" not in result.stdout
    found = outcome(data, path)
    assert found["summary"]["undecided"] == 1
    assert found["summary"]["kept"] == found["summary"]["expectations"] - 1
    assert found["errors"]


# --- bad data ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds 0 records"),
        ("\n\n", "holds 0 records"),
        ('{"prompt": "a", "completion": "b"}\n', "holds 1 record that"),
        ("{broken\n" * 30, "holds 0 records"),
        ('{"a": 1}\n' * 30, "is in no format"),
        ('{"text": "a"}\n' * 30, "is in no format"),
        (
            '{"prompt": "a", "completion": "b"}\n' * 20 + '{"text": "a"}\n' * 6,
            "6 records of 26 are not in the format openai-completion; a contract is learned",
        ),
    ],
)
def test_nothing_is_learned_of_too_little(text: str, message: str, tmp_path: Path) -> None:
    (data := tmp_path / "bad.jsonl").write_text(text)
    result = run("learn", data, "-o", tmp_path / "c.json", "--isolated")
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert not (tmp_path / "c.json").exists()


def test_no_records_are_no_kept_contract(good: Callable[[str], Path], tmp_path: Path) -> None:
    for text, message in (("", "holds no record"), ("{broken\n" * 3, "against, in 3 lines")):
        (data := tmp_path / "bad.jsonl").write_text(text)
        with pytest.raises(InputError, match=message):
            code(run("check", data, "--contract", good("label"), "--isolated"))
    with pytest.raises(InputError, match="no such file"):
        code(run("check", tmp_path / "none.jsonl", "--contract", good("label"), "--isolated"))
    with pytest.raises(UsageError, match="the format openai-chat; the contract is for openai-completion"):
        code(run("check", written(data, chats(30)), "--contract", good("label"), "--isolated"))


def test_one_record_is_judged(good: Callable[[str], Path], tmp_path: Path) -> None:
    data = written(tmp_path / "one.jsonl", labels(1, 9))
    found = outcome(data, good("label"))
    assert broken(found).keys() <= {"habit_findings"}  # which says that nothing can be trained on so little
    assert found["input"]["records"] == 1
    assert found["summary"]["undecided"] == 0


def test_labels_in_the_thousands(tmp_path: Path) -> None:
    count = learning._LABELS + 200
    records = [{"prompt": f"{n}?\n\n###\n\n", "completion": f" tag{n % count} END"} for n in range(2 * count)]
    data = written(tmp_path / "many.jsonl", records)
    (config := tmp_path / "curator.toml").write_text('[datasets.many]\ntrain = "many.jsonl"\ntask = "classification"\n')
    assert run("learn", data, "-o", tmp_path / "c.json", "--config", config, "-q").exception is None
    assert (tmp_path / "c.json").stat().st_size < 200_000
    assert broken(outcome(data, tmp_path / "c.json")) == {}
    for record in records[::7]:
        record["completion"] = " nonsense END"
    assert "label" in broken(outcome(written(data, records), tmp_path / "c.json"))


# --- known traps of Great Expectations ---------------------------------------------------------


def test_a_fresh_process_loads_every_expectation_and_nothing_is_said_or_sent(
    good: Callable[[str], Path], tmp_path: Path
) -> None:
    """Custom expectations vanish where their classes were not imported; the library logs, draws bars, may call home."""
    program = (
        "import logging, socket, sys; logging.basicConfig(level=logging.INFO)\n"
        "def refuse(*_): raise SystemExit('a connection was tried')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from curator.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    records = labels(100, 9)
    every(lambda record: record.update(completion=" fraud END"))(records)
    data = written(tmp_path / "new.jsonl", records)
    arguments = ["contract", "check", data, "--contract", good("label"), "--isolated", "-q", "--output-format", "json"]
    environment = {name: value for name, value in os.environ.items() if name != "GX_ANALYTICS_ENABLED"}
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments), "--docs", str(tmp_path / "docs")],
        cwd=tmp_path, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 1
    found = json.loads(done.stdout)
    expected = [item["type"] for item in json.loads(good("label").read_text())["suite"]["expectations"]]
    assert [item["type"] for item in found["expectations"]] == expected
    assert {"expect_label_shares_to_stay", "expect_habit_to_stay", "expect_quantiles_to_stay"} <= set(expected)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "new.jsonl"]
    assert sorted(path.name for path in (tmp_path / "docs").iterdir()) == ["contract.html", "index.html"]


def test_a_column_without_values_keeps_nothing(good: Callable[[str], Path], tmp_path: Path) -> None:
    """Great Expectations passes over nulls, so that a column of nothing else would be in any set."""
    records = [{"prompt": f"{n} ?\n\n###\n\n", "completion": ""} for n in range(40)]
    found = broken(outcome(written(tmp_path / "new.jsonl", records), good("label")))
    assert "label" in found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the library as it is imported
def test_an_expectation_that_the_library_loses_is_no_pass(
    good: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import great_expectations as gx

    kept = gx.ExpectationSuite.add_expectation
    monkeypatch.setattr(
        gx.ExpectationSuite,
        "add_expectation",
        lambda suite, item: None if "label" in getattr(item, "column", "") else kept(suite, item),
    )
    with pytest.raises(UsageError, match="lost an expectation"):
        code(run("check", written(tmp_path / "new.jsonl", labels(30)), "--contract", good("label"), "--isolated"))


def test_without_the_library_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for arguments in (["learn", "a.jsonl"], ["check", "a.jsonl", "--contract", "c.json"]):
        with pytest.raises(UsageError, match=r"pip install 'finetune-curator\[contract\]'"):
            code(run(*arguments))


def test_pages_say_how_severe_it_is_and_of_how_many_records(good: Callable[[str], Path], tmp_path: Path) -> None:
    records = labels(40, 4)
    records[5]["completion"] = " fraud END"
    data = written(tmp_path / "new.jsonl", records)
    data.write_text(data.read_text() + "{broken\n")
    run("check", data, "--contract", good("label"), "--isolated", "-q", "--docs", tmp_path / "site")
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "<h3>error: Label</h3>" in page
    assert "<h3>Tokens of the whole record</h3>" in page
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))
    assert "1 unexpected value found. 2.5% of 40 total rows." in text

    def notes(contract: dict[str, Any]) -> None:
        contract["suite"]["expectations"] = [
            {
                "type": "expect_column_max_to_be_between",
                "kwargs": {"column": "tokens", "max_value": 3},
                "severity": "info",
            }
        ]

    path = edited(good("label"), tmp_path / "c.json", notes)
    more = [written(tmp_path / f"more-{number}.jsonl", labels(1, number)) for number in range(9)]
    run("check", data, *more, "--contract", path, "--isolated", "-q", "--docs", tmp_path / "site")
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "more-6.jsonl and 2 more against its contract</h1>" in page
    assert '<p class="verdict good">The contract is kept, with notes' in page
    assert "<h3>info: Tokens of the whole record</h3>" in page


def test_pages_take_the_place_of_nothing_else(good: Callable[[str], Path], tmp_path: Path) -> None:
    data = written(tmp_path / "new.jsonl", labels(30))
    (docs := tmp_path / "site").mkdir()
    arguments = ["check", data, "--contract", good("label"), "--isolated", "-q", "--docs", docs]
    for _ in range(2):  # our own pages are replaced
        assert code(run(*arguments)) == 0
    (docs / "index.html").write_text("<p>mine</p>")
    with pytest.raises(UsageError, match=r"index\.html: is there already"):
        code(run(*arguments))
    assert (docs / "index.html").read_text() == "<p>mine</p>"


# --- names, HTML and chance --------------------------------------------------------------------

_TEXTS = st.text(st.characters(codec=None), max_size=80) | st.sampled_from(
    ["(none)", "", "<b>", "$x", "a'\"&", "\\x3c", "a\nb", "a\\nb"]
)


@given(_TEXTS, _TEXTS)
def test_names_are_inert_and_tell_texts_apart(one: str, other: str) -> None:
    assert is_inert(name(one))
    assert not set("<>&\"'$`{}\n\x00\u202e\ud800") & set(name(one))
    assert (name(one) == name(other)) == (one == other)
    if one and len(one) <= NAME_CHARS and not spans(one):
        assert plain(name(one)) == one


def test_a_separator_is_named_as_people_write_it() -> None:
    assert name("\n\n###\t\r\n") == r"\n\n###\t\r\n"


def test_names_tell_no_secret() -> None:
    key, mail = "sk-abcdefghijklmnop1234567890", "jane.doe@example.org"
    texts = [f"Log in with {key}.", f"Log in with {key[:-1]}.", mail, f"x{mail}", f"{'word ' * 10}{key}", key * 30]
    names = [name(text) for text in texts]
    assert len({*names}) == len(texts)
    assert re.fullmatch(r"Log in with ⟨secret⟩\.…[0-9a-f]{8}", names[0])
    assert not re.search("sk-a|jane|example", " ".join(names))
    assert all(map(is_inert, names))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, attributes))


@given(
    st.lists(
        st.sampled_from(
            ["<script>", "</script>", "<img src=x onerror=a()>", "<p class='a' onclick=b()>", "</p>", "<table><tr><td>",
             "<!--", "-->", "<a href='http://x'>", "<style>", "</style>", "text", "&lt;script&gt;", "<svg/onload=c()>",
             '<p id="a b" class="x&quot;y">', "<![CDATA[", "<", ">", "<p/>", "</", "<i", "<iframe srcdoc='<p>'>"]
        ),
        max_size=8,
    ).map("".join)
)  # fmt: skip
def test_what_is_left_of_html_cannot_act(source: str) -> None:
    parser = _Tags()
    parser.feed(inert(source))
    parser.close()
    assert {tag for tag, _ in parser.seen} <= {"p", "table", "tr", "td", "i"}
    assert {key for _, attributes in parser.seen for key, _ in attributes} <= {"class", "id"}


def test_html_keeps_its_text_and_its_tables() -> None:
    source = '<div style="x"><table class="a b"><tr><td>1 &lt; 2</td><script>no</script></table><a href="x">y</a></div>'
    assert inert(source) == '<div><table class="a b"><tr><td>1 &lt; 2</td></tr></table>y</div>'


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.9, 0.1], [0.25] * 4, [0.6, *[0.04] * 10], [0.02] * 50])
@pytest.mark.parametrize(("records", "learned"), [(30, 100), (100, 400), (1000, 1000), (5000, 200)])
def test_samples_of_one_population_rarely_lie_further_apart_than_chance(
    shares: list[float], records: int, learned: int
) -> None:
    draw = np.random.default_rng(1).multinomial
    before, after = draw(learned, shares, 2000) / learned, draw(records, shares, 2000) / records
    apart = np.abs(before - after).sum(axis=1) / 2
    both = (before * learned + after * records) / (learned + records)
    allowed = np.array([distance_by_chance(row, records, learned) for row in both])
    assert np.mean(apart > np.maximum(learning._DISTANCE, allowed)) < 0.01
    assert np.mean(apart > allowed / 2) > 0.05  # and it is no more than it must be: half as much would not do
    single = np.abs(before[:, 0] - after[:, 0])
    allowed = np.array([share_by_chance(share, records, learned) for share in both[:, 0]])
    assert np.mean(single > np.maximum(learning._SLACK, allowed)) < 0.01
