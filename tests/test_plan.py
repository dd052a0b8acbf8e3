"""`curator plan`: the figures, the parameters that follow from the data, the code it shows, and bad input."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

import curator
from curator import formats, prices, targets
from curator.checks.labels import Labels
from curator.cli.main import main
from curator.conventions import Conventions
from curator.endings import Habit
from curator.model import Place
from curator.planning import defaults, inference, measuring
from curator.planning import json as json_form
from curator.planning import markdown as markdown_form
from curator.planning import text as text_form
from curator.planning.advice import Label, Plans, TrainingPlan
from curator.planning.measuring import Measures
from curator.planning.snippet import snippet
from curator.planning.wording import verdict
from curator.tokens import Tokenizer, _encoding

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_data"
GOLDEN = Path(__file__).parent / "golden"
FORMS = {"txt": text_form, "md": markdown_form, "json": json_form}


def chat(answer: str, number: int = 0) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": f"Item {number}?"}, {"role": "assistant", "content": answer}],
    }


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def planned(path: Path, **options: Any) -> TrainingPlan:
    (plan,) = curator.plan_training(path, isolated=True, **options).plans
    return plan


def values(plan: TrainingPlan, section: str) -> dict[str, Any]:
    return {item.name: item.value for item in plan.sections.get(section, ())}


def shown(plans: Plans, form: str) -> str:
    stream = io.StringIO()
    FORMS[form].write(plans, stream)
    return stream.getvalue()


# --- the figures -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("examples", "epochs"),
    [(1, 25), (4, 25), (5, 20), (33, 3), (34, 3), (8333, 3), (8334, 2), (12_501, 1), (25_001, 1), (10**6, 1)],
)
def test_epochs_by_the_cookbooks_estimate(examples: int, epochs: int) -> None:
    assert defaults.epochs(examples) == epochs


@pytest.mark.parametrize(
    ("examples", "size"), [(1, 1), (443, 1), (750, 2), (1_000, 2), (50_000, 100), (128_000, 256), (10**6, 256)]
)
def test_batch_size_is_a_fifth_of_a_percent(examples: int, size: int) -> None:
    assert defaults.batch_size(examples) == size


def test_the_models_of_seed_002_have_its_defaults(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [{"prompt": f"{n} ->", "completion": " it is so END"} for n in range(60)])
    training = values(planned(path, model="davinci"), "training")
    assert training == {"n_epochs": 4, "batch_size": 1, "learning_rate_multiplier": None, "prompt_loss_weight": 0.1}


def test_every_price_names_a_model_of_its_target_and_where_it_stands() -> None:
    for (target, model), found in prices._prices().items():
        listed = targets.targets()[target].model(model)
        assert listed is not None
        assert listed.name == model
        assert found.source
        assert re.fullmatch(r"20\d\d(-\d\d){0,2}", found.as_of)
        assert (found.usd_per_million_tokens is None) != (found.usd_per_hour is None)


def test_cost_is_price_times_tokens_times_epochs(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [chat(f"It is number {n}.", n) for n in range(40)])
    plan = planned(path, model="gpt-4o")
    cost, tokens = values(plan, "cost"), plan.splits[0].tokens
    assert tokens is not None
    assert cost["training_tokens"] == tokens * 3
    assert cost["usd_per_million_tokens"] == 25
    assert cost["cost_usd"] == pytest.approx(25 * tokens * 3 / 1e6, abs=1e-4)
    price = plan.advice("cost", "usd_per_million_tokens")
    assert price is not None
    assert "2025-11" in price.source
    assert "2026-09-30 no longer lists it" in price.why


def test_where_no_price_is_known_none_is_made_up(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [chat("Yes.", n) for n in range(40)])
    for options in ({"target": "azure"}, {"model": "gpt-4-0613"}, {"target": "together", "model": "gpt-4o"}):
        cost = values(planned(path, **options), "cost")
        assert cost["training_tokens"] > 0
        assert (cost["usd_per_million_tokens"], cost["cost_usd"]) == (None, None)
    own = values(planned(path, target="azure", price=10.0), "cost")
    assert own["cost_usd"] == round(own["training_tokens"] * 10 / 1e6, 4)


def test_without_a_tokenizer_nothing_is_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [chat(("Yes", "No")[n % 2], n) for n in range(40)])
    plan = planned(path, model="no-such-model")
    assert values(plan, "cost") == {"tokens_per_epoch": None}
    calls = values(plan, "inference")
    assert (calls["max_tokens"], calls["logit_bias"], calls["temperature"]) == (None, None, 0)
    assert [label.name for label in plan.labels] == ["No", "Yes"]
    assert any("no tokenizer of no-such-model" in text for text in plan.unsaid)
    assert "max_tokens" not in plan.snippet
    assert "logit_bias" not in plan.snippet


def test_what_is_cut_off_is_not_billed(tmp_path: Path) -> None:
    rows = [chat("word " * (5_000 if n == 3 else 5), n) for n in range(20)]
    plan = planned(written(tmp_path / "a.jsonl", rows), model="gpt-3.5-turbo-0613")
    split = plan.splits[0]
    assert split.too_long == 1
    assert split.longest is not None
    assert split.tokens is not None
    assert split.billed == split.tokens - split.longest + 4096
    assert values(plan, "cost")["tokens_per_epoch"] == split.billed


@pytest.mark.parametrize(
    ("count", "words"),
    [(3, "too few"), (20, "little effect"), (70, "where an effect begins"), (150, "beyond the 50 to 100")],
)
def test_whether_there_is_enough(tmp_path: Path, count: int, words: str) -> None:
    plan = planned(written(tmp_path / "a.jsonl", [chat(f"It is {n} {n}.", n) for n in range(count)]))
    advice = plan.advice("data", "examples")
    assert advice is not None
    assert advice.value == count
    assert words in advice.why
    assert advice.source


def test_validation_is_noted_and_not_trained_on() -> None:
    (plan,) = curator.plan_training(SAMPLES / "intents.train.jsonl", config=str(SAMPLES / "curator.toml")).plans
    alone = plan.splits[0]
    paths = [SAMPLES / "intents.train.jsonl", SAMPLES / "intents.valid.jsonl"]
    (plan,) = curator.plan_training(paths, config=str(SAMPLES / "curator.toml")).plans
    assert [(split.name, split.records) for split in plan.splits] == [("train", 443), ("validation", 106)]
    assert values(plan, "cost")["tokens_per_epoch"] == alone.billed
    assert values(plan, "data")["validation"] == 106


# --- parameters that follow from the data ------------------------------------------------------

NAMES = st.lists(
    st.one_of(
        st.sampled_from(["yes", "no", "edible", "inedible", "billing", "1", "2", "in", "in stock", "quite poisonous"]),
        st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=12).map(str.strip).filter(bool),
    ),
    min_size=1,
    max_size=8,
    unique=True,
)
STOPS = st.sampled_from(["", " END", "###", "\n", "ing", "."])
KINDS = st.sampled_from(["openai-completion", "openai-chat"])


def measured(names: list[str], space: str, stop: str, kind: str, encoding: str) -> tuple[Conventions, Measures]:
    """Ten examples of each label, and the conventions of such a set."""
    stop = stop if kind == "openai-completion" else ""
    conventions = Conventions(
        kind,
        "classification",
        stop=Habit(stop, 1.0) if stop else None,
        labels=dict.fromkeys(names, 10),
        leading=Habit(space, 1.0) if space else None,
        sampled=10 * len(names),
    )
    measures = Measures(Labels(conventions), Tokenizer(encoding))
    for number, name in enumerate(names * 10):
        answer = f"{space}{name}{stop}"
        record = {"prompt": "x ->", "completion": answer} if kind == "openai-completion" else chat(answer)
        measures.add(formats.read(record, kind, b"", 0), Place(number))
    return conventions, measures


@given(NAMES, st.sampled_from(["", " "]), STOPS, KINDS, st.sampled_from(["cl100k_base", "o200k_base", "r50k_base"]))
def test_parameters_can_write_every_label_and_nothing_else(
    names: list[str], space: str, stop: str, kind: str, encoding: str
) -> None:
    conventions, measures = measured(names, space, stop, kind, encoding)
    stop = inference.endings(conventions).stop
    labels = measuring.labels(measures, stop)
    endpoint = "completions" if kind == "openai-completion" else "chat.completions"
    found = {item.name: item.value for item in inference.parameters(endpoint, conventions, labels, measures)}
    known = _encoding(encoding)
    for label in labels:
        ids = known.encode_ordinary(label.written + stop)
        room = known.decode_bytes(ids[: found["max_tokens"]])
        wanted = label.written if found["max_tokens"] == 1 else label.written + stop
        assert room.startswith(plain(wanted))
    if found["logit_bias"] is not None:
        assert found["max_tokens"] == 1
        pieces = [known.decode([int(number)]) for number in found["logit_bias"]]
        assert sorted(pieces) == sorted(label.written for label in labels)
    if way := found.get("first_token"):
        by_piece = {known.decode([int(number)]) for number in way["logit_bias"]}
        assert by_piece == set(way["labels"])
        for label in labels:
            first = known.decode(known.encode_ordinary(label.written + stop)[:1])
            assert way["labels"][first] == label.name


def plain(text: str) -> bytes:
    """The bytes of a text as the tokenizer has them: half a surrogate pair is a replacement character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def test_labels_of_one_token_are_biased_by_their_ids(tmp_path: Path) -> None:
    rows = [{"prompt": f"thing {n} ->", "completion": (" yes", " no")[n % 2]} for n in range(60)]
    calls = values(planned(written(tmp_path / "a.jsonl", rows), model="babbage-002"), "inference")
    assert calls["max_tokens"] == 1
    assert {tiktoken_text("cl100k_base", number) for number in calls["logit_bias"]} == {" yes", " no"}
    assert set(calls["logit_bias"].values()) == {100}
    assert (calls["temperature"], calls["logprobs"], calls["separator"]) == (0, 5, " ->")


def tiktoken_text(encoding: str, number: str) -> str:
    known: tiktoken.Encoding = _encoding(encoding)
    return known.decode([int(number)])


def test_longer_labels_get_room_a_stop_and_the_way_by_their_first_token(tmp_path: Path) -> None:
    words = (" edible END", " inedible END")
    rows = [{"prompt": f"thing {n} ->", "completion": words[n % 2]} for n in range(60)]
    calls = values(planned(written(tmp_path / "a.jsonl", rows), model="babbage-002"), "inference")
    assert calls["stop"] == [" END"]
    assert calls["max_tokens"] == 4  # " in" "ed" "ible" " END"
    assert calls["logit_bias"] is None
    assert calls["first_token"]["labels"] == {" edible": "edible", " in": "inedible"}  # as seed 002 has it


def test_labels_that_begin_alike_get_no_bias(tmp_path: Path) -> None:
    rows = [{"prompt": f"thing {n} ->", "completion": f" label{n % 3}"} for n in range(60)]
    plan = planned(written(tmp_path / "a.jsonl", rows), model="babbage-002")
    bias = plan.advice("inference", "logit_bias")
    assert bias is not None
    assert bias.value is None
    assert "begin with the same token" in bias.why
    assert plan.advice("inference", "first_token") is None


def test_thousands_of_labels_get_no_bias_but_room_for_the_longest(tmp_path: Path) -> None:
    rows = [{"prompt": f"thing {n} ->", "completion": f" kind{n % 1200:04}x END"} for n in range(12_000)]
    plan = planned(written(tmp_path / "a.jsonl", rows), model="babbage-002")
    calls = values(plan, "inference")
    assert len(plan.labels) == 1200
    assert calls["logit_bias"] is None
    assert calls["max_tokens"] == max(len(label.tokens) for label in plan.labels)
    assert any("1,200 labels" in text for text in plan.unsaid)
    text = shown(Plans((plan,)), "txt")
    assert "1,188 more" in text
    assert len(text) < 10_000


def test_what_may_be_labels_is_not_taken_for_free_text_in_silence(tmp_path: Path) -> None:
    for name, row in (
        ("a", lambda n, text: {"prompt": f"thing {n} ->", "completion": f" {text} END"}),
        ("b", lambda n, text: chat(text, n)),
    ):
        path = written(tmp_path / f"{name}.jsonl", [row(n, f"kind{n % 1200:04}x") for n in range(3000)])
        plan = planned(path, model="davinci-002" if name == "a" else "gpt-4o")
        assert plan.task == "generation"
        assert any("1,200 different short ones" in text and "curator.toml" in text for text in plan.unsaid)
        dataset, names = f'[datasets.x]\ntrain = "{name}.jsonl"\n', [f"kind{n:04}x" for n in range(1200)]
        for setting, count, words in (
            ('task = "classification"', 0, "whether the answers of 3,000 records are labels"),
            (f"labels = {names}", 1200, "of 1,200 labels no logit_bias"),
        ):
            (tmp_path / "curator.toml").write_text(f"{dataset}{setting}\n")
            (plan,) = curator.plan_training(path, config=str(tmp_path / "curator.toml")).plans
            assert len(plan.labels) == count
            bias = plan.advice("inference", "logit_bias")
            assert bias is not None
            assert ("no answer occurs 5 times" in bias.why) == (not count)
            (said,) = (text for text in plan.unsaid if "target" not in text)
            assert words in said
    for answers in (["It is so.", *map(str, range(59))], [f"It is {n // 2} and {'so ' * 20}on." for n in range(60)]):
        plan = planned(written(tmp_path / "c.jsonl", [chat(text, n) for n, text in enumerate(answers)]))
        assert not any("different short ones" in text for text in plan.unsaid)


def test_numbers_on_a_scale_are_not_labels(tmp_path: Path) -> None:
    rows = [{"prompt": f"thing {n} ->", "completion": f" {n % 30} END"} for n in range(600)]
    plan = planned(written(tmp_path / "a.jsonl", rows), model="babbage-002")
    calls = values(plan, "inference")
    assert plan.labels == ()
    assert (calls["temperature"], calls["logit_bias"], calls["stop"]) == (0, None, [" END"])
    assert calls["max_tokens"] == 3


def test_answers_that_are_no_labels_are_counted(tmp_path: Path) -> None:
    answers = [*(" yes", " no") * 30, "yes", " perhaps"]
    rows = [{"prompt": f"thing {n} ->", "completion": answer} for n, answer in enumerate(answers)]
    plan = planned(written(tmp_path / "a.jsonl", rows))
    assert [(label.written, label.count) for label in plan.labels] == [(" no", 30), (" yes", 30)]
    assert any("the answers of 2 records are labels" in text for text in plan.unsaid)


def test_declared_labels_count_although_none_was_seen(tmp_path: Path) -> None:
    rows = [{"prompt": f"thing {n} ->", "completion": (" yes", " no")[n % 2]} for n in range(60)]
    written(tmp_path / "a.jsonl", rows)
    settings = '[datasets.a]\ntrain = "a.jsonl"\nlabels = ["yes", "no", "maybe"]\n'
    (tmp_path / "curator.toml").write_text(settings)
    (plan,) = curator.plan_training(tmp_path / "a.jsonl", config=str(tmp_path / "curator.toml")).plans
    assert [(label.written, label.count) for label in plan.labels] == [(" no", 30), (" yes", 30), (" maybe", 0)]
    calls = values(plan, "inference")
    assert {tiktoken_text("cl100k_base", number) for number in calls["logit_bias"]} == {" yes", " no", " maybe"}


def test_the_longest_answer_is_the_room_of_free_text(tmp_path: Path) -> None:
    answers = [f"Well, {'very ' * (n % 17)}good, {n}." for n in range(60)]
    plan = planned(written(tmp_path / "a.jsonl", [chat(a, n) for n, a in enumerate(answers)]), model="gpt-4o")
    longest = max(map(Tokenizer("o200k_base").count, answers))
    assert values(plan, "inference")["max_tokens"] == longest + 1  # what ends the message is a token, too
    assert values(plan, "inference")["temperature"] is None
    rows = [{"prompt": f"{n}?", "completion": answer} for n, answer in enumerate(answers)]
    calls = values(planned(written(tmp_path / "b.jsonl", rows), target="openai", model="davinci-002"), "inference")
    assert calls["max_tokens"] == max(map(Tokenizer("cl100k_base").count, answers))  # stopped by its last character


def test_labels_of_several_tokens_get_room_for_the_end_of_the_message(tmp_path: Path) -> None:
    words = ("not quite edible", "edible")
    plan = planned(written(tmp_path / "a.jsonl", [chat(words[n % 2], n) for n in range(60)]), model="gpt-4o")
    assert values(plan, "inference")["max_tokens"] == Tokenizer("o200k_base").count(words[0]) + 1
    plan = planned(written(tmp_path / "a.jsonl", [chat(("yes", "no")[n % 2], n) for n in range(60)]), model="gpt-4o")
    assert values(plan, "inference")["max_tokens"] == 1  # as seed 002 has it: the label is there


# --- the code ----------------------------------------------------------------------------------


class Client:
    """Stands for the OpenAI client: keeps what it was called with."""

    calls: list[tuple[str, dict[str, Any]]]

    def __init__(self) -> None:
        type(self).calls = []
        self.completions = SimpleNamespace(create=lambda **given: self._answer("completions", given))
        self.chat = SimpleNamespace(
            completions=SimpleNamespace(create=lambda **given: self._answer("chat.completions", given))
        )

    def _answer(self, endpoint: str, given: dict[str, Any]) -> Any:
        type(self).calls.append((endpoint, given))
        message = SimpleNamespace(content=" said ", tool_calls=None)
        return SimpleNamespace(choices=[SimpleNamespace(text=" said ", message=message)])


@pytest.fixture(scope="module")
def openai() -> Iterator[None]:
    known = sys.modules.get("openai")
    module = ModuleType("openai")
    module.OpenAI = Client  # type: ignore[attr-defined]
    sys.modules["openai"] = module
    yield
    del sys.modules["openai"]
    if known is not None:
        sys.modules["openai"] = known


def called(code: str, text: str) -> tuple[str, dict[str, Any]]:
    """Run the code with a text; the one call that it makes comes back."""
    space: dict[str, Any] = {}
    exec(compile(ast.parse(code), "<snippet>", "exec"), space)
    answer = space["answer"](text)
    assert getattr(answer, "content", answer) in ("said", " said ")
    (call,) = Client.calls
    return call


def test_the_code_calls_as_the_data_was_trained(openai: None, tmp_path: Path) -> None:
    (plan,) = curator.plan_training(SAMPLES / "intents.train.jsonl").plans
    endpoint, given = called(plan.snippet, "Where is my parcel?")
    assert endpoint == plan.endpoint == "completions"
    assert given["prompt"] == "Where is my parcel?\n\n###\n\n"
    wanted = values(plan, "inference")
    passed = {name: given[name] for name in ("max_tokens", "temperature", "logprobs", "logit_bias")}
    assert passed == {name: wanted[name] for name in passed}
    assert "stop" not in given

    endpoint, given = called(planned(SAMPLES / "support_chat.jsonl").snippet, "Hi")
    first = json.loads((SAMPLES / "support_chat.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert endpoint == "chat.completions"
    assert given["messages"] == [first["messages"][0], {"role": "user", "content": "Hi"}]

    _, given = called(planned(SAMPLES / "tools.jsonl").snippet, "Hi")
    first = json.loads((SAMPLES / "tools.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert given["tools"] == first["tools"]
    assert "max_tokens" not in given  # what the API writes around calls is not known


HOSTILE = st.one_of(
    st.text(min_size=1, max_size=30),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=8),
    st.sampled_from(["'''", '"""', "\\", "\r\n", "# x\nraise SystemExit", "'); raise SystemExit  #", "{text}", "\x00"]),
)


@given(HOSTILE, HOSTILE, HOSTILE, st.lists(HOSTILE, min_size=1, max_size=4, unique=True))
def test_no_data_breaks_out_of_the_code(openai: None, separator: str, stop: str, system: str, names: list[str]) -> None:
    """Hostile texts stay literals: the code compiles, runs, and passes them on as they are."""
    labels = tuple(Label(name, name, 5, (number,), name, True) for number, name in enumerate(names))
    bias = {str(number): 100 for number in range(len(names))}
    given_ = {"stop": [stop], "logit_bias": bias, "max_tokens": 1, "separator": separator}
    ends = inference.Endings((Habit(separator, 0.6), Habit(stop, 0.4)), stop, system)
    completion = Conventions("openai-completion", "classification")
    measures = Measures(Labels(completion), None)
    _, given = called(snippet("completions", names[0], ends, completion, labels, measures, given_), "x")
    assert given["prompt"] == f"x{separator}"
    assert (given["stop"], given["logit_bias"]) == ([stop], bias)
    conversation = Conventions("openai-chat", "classification", systems=(Habit(system, 1.0),), system_prompts=1)
    code = snippet("chat.completions", None, inference.Endings(), conversation, labels, measures, given_)
    _, given = called(code, "x")
    assert given["messages"][0] == {"role": "system", "content": system}


# --- not clean, bad input, other formats -------------------------------------------------------


def test_data_that_is_not_clean_is_planned_for_all_the_same() -> None:
    path = SAMPLES / "support_chat_flawed.jsonl"
    plan = planned(path)
    counts = curator.check(path, isolated=True).findings.by_severity
    assert not plan.clean
    assert (plan.errors, plan.warnings) == (counts[curator.Severity.ERROR], counts[curator.Severity.WARNING])
    assert shlex.split(plan.command) == ["curator", "check", str(path), "--isolated"]
    text = shown(Plans((plan,)), "txt")
    assert text.index("Not clean: ") < text.index("Is there enough?")
    assert plan.snippet


def test_nothing_to_train_on(tmp_path: Path) -> None:
    for content in (b"", b"\n\n", b'{"a"\n{b}\n', b"\xfa\xfb"):
        (tmp_path / "a.jsonl").write_bytes(content)
        plans = curator.plan_training(tmp_path / "a.jsonl", isolated=True)
        assert values(plans.plans[0], "data") == {"examples": 0}
        assert set(plans.plans[0].sections) == {"data"}
        assert [failure.path for failure in plans.failures] == [str(tmp_path / "a.jsonl")]
        assert "no record that can be read" in plans.failures[0].message
        for form in FORMS:
            assert "Traceback" not in shown(plans, form)


def test_one_record(tmp_path: Path) -> None:
    plan = planned(written(tmp_path / "a.jsonl", [chat("Yes")]), model="gpt-4o")
    assert values(plan, "training")["n_epochs"] == 25
    assert values(plan, "inference")["max_tokens"] == 2  # and the end of the message


def test_prompts_without_a_separator_are_said_to_have_none(openai: None, tmp_path: Path) -> None:
    words = ["sun", "moon", "cat", "dog", "tree"]
    rows = [
        {"prompt": f"{words[n % 5]} {n}{'?!.,'[n % 4]}", "completion": f" It is {n * 'so '}good."} for n in range(40)
    ]
    plan = planned(written(tmp_path / "a.jsonl", rows))
    separator = plan.advice("inference", "separator")
    assert separator is not None
    assert separator.value is None
    assert "no common way" in separator.why
    assert called(plan.snippet, "x")[1]["prompt"] == "x"


def test_preferences_have_calls_but_no_known_price(openai: None, tmp_path: Path) -> None:
    row = {
        "input": {"messages": [{"role": "user", "content": "Hi?"}]},
        "preferred_output": [{"role": "assistant", "content": "Hello there"}],
        "non_preferred_output": [{"role": "assistant", "content": "Go " * 40}],
    }
    plan = planned(written(tmp_path / "a.jsonl", [row] * 20))
    assert values(plan, "cost")["cost_usd"] is None
    assert values(plan, "inference")["max_tokens"] == 3  # of the preferred one, and the end of the message
    assert called(plan.snippet, "Hi?")[0] == "chat.completions"


def test_prompts_for_reinforcement_get_no_epochs_and_no_call(tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": f"Is {n} prime?"}], "answer": "no"} for n in range(20)]
    plan = planned(written(tmp_path / "a.jsonl", rows))
    assert values(plan, "training") == {"hyperparameters": None}
    assert values(plan, "cost")["usd_per_hour"] == 100
    assert "cost_usd" not in values(plan, "cost")
    assert "inference" not in plan.sections
    assert plan.snippet == ""


@pytest.mark.parametrize(
    "row",
    [
        {"text": "a"},
        {"odd": 1},
        {"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": "b"}]},
        {"instruction": "Do", "input": "", "output": "Done"},
        {"prompt": "a", "chosen": "b", "rejected": "c"},
        {"conversations": [{"from": "human", "value": "a"}], "chosen": {"from": "gpt", "value": "b"},
         "rejected": {"from": "gpt", "value": "c"}},
    ],
)  # fmt: skip
def test_formats_that_do_not_show_the_call_get_none(tmp_path: Path, row: dict[str, Any]) -> None:
    plan = planned(written(tmp_path / "a.jsonl", [row] * 12), model="gpt-4o")
    assert plan.snippet == ""
    assert "inference" not in plan.sections
    assert plan.unsaid
    tokens = plan.advice("cost", "tokens_per_epoch")
    if tokens is not None and tokens.value is None:
        assert f"records of the format {plan.format} are not read" in tokens.why
    elif tokens is not None:
        assert "what the trainer's template adds is not counted" in tokens.why


def test_data_that_no_rule_has_looked_into_are_not_called_clean(tmp_path: Path) -> None:
    plan = planned(written(tmp_path / "a.jsonl", [{"text": f"Line {n}"} for n in range(60)]))
    assert verdict(plan) == "No errors and no warnings; what is inside the records was not checked."
    plan = planned(written(tmp_path / "a.jsonl", [{"text": "Line"}] * 60))
    assert verdict(plan) == "No errors, but 59 warnings to look at; what is inside the records was not checked:"
    plan = planned(written(tmp_path / "a.jsonl", [chat(f"It is {n}.", n) for n in range(120)]))
    assert verdict(plan) == "Clean: no errors and no warnings."


def test_a_model_that_takes_no_such_records_is_not_called(tmp_path: Path) -> None:
    rows = {"chat": [chat(f"It is {n}.", n) for n in range(20)],
            "completion": [{"prompt": f"{n} ->", "completion": f" It is {n}. END"} for n in range(20)]}  # fmt: skip
    for kind, model, words in (("chat", "davinci-002", "a completion model"), ("completion", "gpt-4o", "a chat model")):
        plan = planned(written(tmp_path / "a.jsonl", rows[kind]), model=model)
        assert plan.snippet == ""
        assert any(words in text for text in plan.unsaid)


def test_code_shows_no_secret(tmp_path: Path) -> None:
    """A plan is written into logs; the address of a help desk is what a prompt is made of."""
    key = "sk-proj-a1B2c3D4a1B2c3D4a1B2c3D4"
    function = {"name": "send", "description": f"with {key}", "parameters": {"type": "object", "properties": {}}}
    for system, shown in ((f"Use {key}.", "'…'"), ("Name help@example.org.", "'Name help@example.org.'")):
        row = chat("Yes", 1) | {"tools": [{"type": "function", "function": function}]}
        row["messages"].insert(0, {"role": "system", "content": system})
        code = planned(written(tmp_path / "a.jsonl", [row] * 20)).snippet
        assert f"\nSYSTEM = {shown}" in code
        assert "\nTOOLS = [...]" in code
        assert key not in code


# --- the forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_golden(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plans of the sample data in full (UPDATE_GOLDEN=1 writes them anew)."""
    monkeypatch.chdir(SAMPLES)
    plans = curator.plan_training(["intents.train.jsonl", "intents.valid.jsonl", "support_chat.jsonl"])
    found = shown(plans, form).replace(f'"version":"{curator.__version__}"', '"version":"VERSION"')
    golden = GOLDEN / f"plan.{form}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_the_json_holds_the_whole_plan() -> None:
    (plan,) = curator.plan_training(SAMPLES / "intents.train.jsonl").plans
    document = json.loads(shown(Plans((plan,)), "json"))
    assert document["version"] == 1
    (found,) = document["plans"]
    assert found["inference"]["logit_bias"]["value"] == values(plan, "inference")["logit_bias"]
    assert found["inference"]["logit_bias"]["source"]
    assert found["snippet"] == plan.snippet
    assert [label["label"] for label in found["labels"]] == [label.name for label in plan.labels]
    history = found["history"]["metrics"]
    assert "--compute_classification_metrics --classification_n_classes 4" in history["value"]
    assert history["why"].startswith("HISTORY, do not run")


def test_two_classes_had_a_positive_one(tmp_path: Path) -> None:
    rows = [{"prompt": f"thing {n} ->", "completion": " yes" if n % 3 else " no"} for n in range(60)]
    metrics = values(planned(written(tmp_path / "a.jsonl", rows)), "history")["metrics"]
    assert shlex.split(metrics)[-3:] == ["2", "--classification_positive_class", " no"]
    assert "history" not in planned(written(tmp_path / "b.jsonl", [chat("Yes", n) for n in range(40)])).sections


@given(st.lists(HOSTILE.filter(lambda text: "\n" not in text), min_size=2, max_size=3, unique=True))
def test_every_form_takes_hostile_labels(tmp_path: Path, names: list[str]) -> None:
    rows = [{"prompt": f"{n} <b>|`x`", "completion": names[n % len(names)]} for n in range(40)]
    plans = curator.plan_training(written(tmp_path / "<i>`.jsonl", rows), isolated=True)
    for form in FORMS:
        text = shown(plans, form)
        assert all(line.isprintable() for line in text.splitlines())
        text.encode()
    page = re.sub(r"^(`{3,}).*?^\1$", "", shown(plans, "md"), flags=re.DOTALL | re.MULTILINE)
    assert "<" not in re.sub(r"`[^`\n]*`", "", page).replace("\\<", "")
    json.loads(shown(plans, "json"))


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["plan", *arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "a.jsonl", [chat(f"It is {n}.", n) for n in range(60)])
    code, out, _ = run("a.jsonl", "--isolated", "--model", "gpt-4o", capsys=capsys)
    assert code == 0
    assert "for openai, gpt-4o-2024-08-06\n" in out
    (tmp_path / "own.toml").write_text("")
    _, out, _ = run("a.jsonl", "--config", "own.toml", "--target", "azure", "--format", "json", capsys=capsys)
    command = json.loads(out)["plans"][0]["findings"]["command"]
    assert command == "curator check a.jsonl --target azure --config own.toml"
    written(tmp_path / "-b.jsonl", [chat("Yes", 1)])
    _, out, _ = run("--isolated", "--", "-b.jsonl", capsys=capsys)
    assert "\n  curator check ./-b.jsonl --isolated\n" in out, "a name that looks like a flag"
    assert run("a.jsonl", "--isolated", "-o", "plan.md", capsys=capsys)[:2] == (0, "")
    assert (tmp_path / "plan.md").read_text(encoding="utf-8").startswith("## Training plan: `a.jsonl`")
    assert run("a.jsonl", "--isolated", "-o", "plan.json", capsys=capsys)[0] == 0
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["version"] == 1
    code, out, _ = run("a.jsonl", "--isolated", "--price", "10", "--format", "json", capsys=capsys)
    assert json.loads(out)["plans"][0]["cost"]["usd_per_million_tokens"]["value"] == 10


def test_standard_input_is_checked_by_the_name_that_the_command_takes(tmp_path: Path) -> None:
    rows = "".join(json.dumps(chat("Yes", n)) + "\n" for n in range(3))
    command = [sys.executable, "-m", "curator.cli.main", "plan", "-", "--isolated", "-q"]
    done = subprocess.run(command, input=rows, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "\n  curator check - --isolated\n" in done.stdout


def test_a_validation_split_of_the_settings_is_none_to_be_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES)
    (plan,) = curator.plan_training("intents.train.jsonl").plans
    found = plan.advice("data", "validation")
    assert found is not None
    assert found.value is None
    assert "was not given here" in found.why
    assert "curator split" not in shown(Plans((plan,)), "txt")
    (plan,) = curator.plan_training("intents.valid.jsonl").plans
    assert "nothing to train on: what was given is held out" in shown(Plans((plan,)), "txt")


def test_what_the_command_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "holds no data files" in run(capsys=capsys)[2]
    written(tmp_path / "a.jsonl", [chat("Yes")])
    before = (tmp_path / "a.jsonl").read_bytes()
    for arguments, words in (
        (("gone.jsonl",), "gone.jsonl"),
        (("a.jsonl", "--target", "opnai"), "unknown target"),
        (("a.jsonl", "--model", " "), "the model has no name"),
        (("a.jsonl", "--isolated", "--config", "x.toml"), "contradict each other"),
        (("a.jsonl", "-o", "a.jsonl"), "is a file that is read"),
        (("a.jsonl", "--price", "-1"), "--price"),
        (("a.jsonl", "--price", "nan"), "--price"),
        (("a.jsonl", "--price", "inf"), "--price"),
        (("a.jsonl", "--price", "1e308"), "0 to 1,000,000"),
    ):
        code, _, err = run(*arguments, capsys=capsys)
        assert code == 2
        assert words in err
    assert (tmp_path / "a.jsonl").read_bytes() == before
    (tmp_path / "empty.jsonl").write_bytes(b"{broken\n")
    code, out, err = run("a.jsonl", "empty.jsonl", "--isolated", capsys=capsys)
    assert code == 2
    assert "error: empty.jsonl: holds no record that can be read" in err
    assert "a.jsonl: openai-chat" in out
    (tmp_path / "none.jsonl").write_bytes(b"")
    (tmp_path / "x.toml").write_text('[datasets.x]\ntrain = "none.jsonl"\nvalidation = "a.jsonl"\n')
    code, _, err = run("--config", "x.toml", capsys=capsys)
    assert code == 2  # what is held out trains nothing
    assert "error: none.jsonl: holds no record that can be read" in err
    code, out, err = run("gone.jsonl", "a.jsonl", "--isolated", "--format", "json", capsys=capsys)
    assert code == 2
    document: Mapping[str, Any] = json.loads(out)
    assert len(document["plans"]) == len(document["errors"]) == 1


def test_the_page_shows_real_output() -> None:
    page = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n\$ (curator plan[^\n]*)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert blocks
    for line, wanted in blocks:
        done = subprocess.run(
            [sys.executable, "-m", "curator.cli.main", *shlex.split(line.partition("#")[0])[1:]],
            cwd=SAMPLES, capture_output=True, text=True, check=True,
        )  # fmt: skip
        for part in wanted.split("…\n"):
            assert part in done.stdout, f"docs/plan.md shows what `{line}` does not say"
