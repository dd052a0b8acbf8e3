"""Each card's examples are its tests; and a card that is wrong says so when it is loaded."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from pathlib import Path

import pytest

from curator import engine
from curator.catalogue import CardExample, Catalogue, Rule, load, preset_codes
from curator.data import folder, rules_root
from curator.errors import CardError
from curator.examples import base_records, check_example, run, verify
from curator.inputs import Dataset
from curator.model import Finding
from curator.settings import Settings

RULES = load().rules
EXAMPLES = [
    pytest.param(rule, example, id=f"{code}-{number}-{example.kind}")
    for code, rule in RULES.items()
    for number, example in enumerate(rule.card.examples, 1)
]
BASES = sorted(file.name.removesuffix(".jsonl") for file in folder("bases").iterdir())
SIZES = {"DAT002", "LAB004"}  # twenty records are few, and the bases are meant to be short


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_example(rule: Rule, example: CardExample) -> None:
    assert list(check_example(rule, example)) == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_card_has_bad_and_good_examples(rule: Rule) -> None:
    kinds = [example.kind for example in rule.card.examples]
    assert kinds.count("bad") >= 1
    assert kinds.count("good") >= 2


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("target", ["auto", "generic"])
def test_a_base_is_clean(base: str, target: str, tmp_path: Path) -> None:
    assert [finding for finding in findings(base_records(base), tmp_path, target) if finding.code not in SIZES] == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_placeholder_is_provided(rule: Rule) -> None:
    """By the values of the findings in the card's bad examples; those of its variants, too."""
    found = [f for example in rule.card.examples if example.kind == "bad" for f in run(rule, example).findings]
    provided = {key for finding in found if finding.code == rule.code for key in finding.values}
    for message in (rule.card.message, *(variant.message for variant in rule.card.variants.values())):
        wanted = {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}
        assert wanted <= provided, message


def test_codes_names_and_aliases_are_unique() -> None:
    names = [name for rule in RULES.values() for name in (rule.code, rule.name, *rule.card.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_file_is_named_after_the_card(rule: Rule) -> None:
    assert Path(rule.path).name == f"{rule.code}-{rule.name}.toml"


GOOD_CARD = """
code = "ABC001"
name = "a-rule"
check = "separators.inconsistent"
severity = "error"
message = "no"
why = "Because."
sources = ["ours"]

[params]
settled = 0.8
"""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("why =", "wy ="), "unknown key 'wy'; did you mean 'why'?"),
        (
            ('check = "separators.inconsistent"', 'check = "separators.inconsistnt"'),
            "no check 'separators.inconsistnt'",
        ),
        (
            ('check = "separators.inconsistent"', 'check = "separator.inconsistent"'),
            "no check 'separator.inconsistent'",
        ),
        (('check = "separators.inconsistent"', 'check = "separators._lacks"'), "no check 'separators._lacks'"),
        (("settled = 0.8", 'settled = "most"'), "parameter 'settled'"),
        (("settled = 0.8", "setled = 0.8"), "no parameter 'setled'; did you mean 'settled'?"),
        (("settled = 0.8", ""), "[params] lacks 'settled'"),
        (('severity = "error"', 'severity = "fatal"'), "fatal"),
        (('message = "no"', "message = 1"), "a text"),
        (('code = "ABC001"', 'code = "abc1"'), "three capitals and three digits"),
        (('code = "ABC001"', 'code = "SEP002"'), "'SEP002' is already taken by"),
        (('name = "a-rule"', 'name = "inconsistent-separator"'), "'inconsistent-separator' is already taken by"),
        (('why = "Because."', ""), "why"),
        (("[params]", "[params"), "line"),
        (("[params]", '[[examples]]\nkind = "ugly"\n[params]'), "ugly"),
    ],
)
def test_a_wrong_card_is_named_with_the_reason(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    path = tmp_path / "own" / "ABC001-a-rule.toml"
    path.parent.mkdir()
    assert change[0] in GOOD_CARD
    path.write_text(GOOD_CARD.replace(*change))
    with pytest.raises(CardError, match=re.escape(reason)) as raised:
        load((str(tmp_path),))
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("table", ['[[examples]]\nkind = "good"\nrecord = []', '[variants.other]\nmesage = "yes"'])
def test_an_unknown_key_inside_a_table_is_named(tmp_path: Path, table: str) -> None:
    (tmp_path / "ABC001-a-rule.toml").write_text(f"{GOOD_CARD}\n{table}")
    with pytest.raises(CardError, match=r"unknown key '(record|mesage)'"):
        load((str(tmp_path),))


CLEAN = '{"prompt": "Capital of Peru\\n\\n###\\n\\n", "completion": " Lima. END"}'
LACKS = '{"prompt": "Capital of Peru", "completion": " Lima. END"}'


@pytest.mark.parametrize(
    ("example", "complaint"),
    [
        (f"kind = 'bad'\nrecords = ['{LACKS}']\nat = ['1:/prompt']", "does not show it (`fixed`)"),
        (f"kind = 'bad'\nrecords = ['{LACKS}']\nat = ['1:/prompt']\nfixed = ['{CLEAN}']", ""),
        (f"kind = 'bad'\nrecords = ['{LACKS}']\nat = ['1:/prompt']\nfixed = ['{LACKS}']", "the fix gives"),
        (f"kind = 'bad'\nrecords = ['{LACKS}']\nat = ['2:/prompt']", "fires at ['1:/prompt'], not at ['2:/prompt']"),
        (f"kind = 'bad'\nrecords = ['{CLEAN}']\nat = ['1:/prompt']", "fires at no place"),
        (f"kind = 'bad'\nrecords = ['{LACKS}']", "says nowhere"),
        (f"kind = 'good'\nrecords = ['{CLEAN}']", ""),
        (f"kind = 'good'\nrecords = ['{LACKS}']", "ABC001 fires at 1:/prompt: no"),
        (f"kind = 'good'\nrecords = ['{LACKS}']", "SEP002 fires at 1:/prompt"),
        (f"kind = 'good'\nrecords = ['{CLEAN}', '']", "FIL004 fires at 2:"),
        (f"kind = 'missed'\nrecords = ['{CLEAN}']\nat = ['1:/prompt']", ""),
        (f"kind = 'missed'\nrecords = ['{LACKS}']\nat = ['1:/prompt']", "make it bad"),
        (f"kind = 'overflagged'\nrecords = ['{LACKS}']", ""),
        (f"kind = 'overflagged'\nrecords = ['{CLEAN}']", "make it good"),
        ("kind = 'good'\nbytes = '='", "no base64"),
        ("kind = 'good'\nrecords = []\nsettings = { presett = 'x' }", "unknown key 'presett'; did you mean 'preset'?"),
    ],
)
def test_verify_says_what_is_wrong_with_a_users_card(tmp_path: Path, example: str, complaint: str) -> None:
    card = GOOD_CARD.replace('message = "no"', 'message = "no"\nfix = "unsafe"\nformats = ["completion"]')
    (tmp_path / "ABC001-a-rule.toml").write_text(f"{card}\n[[examples]]\nbase = 'completion-60'\n{example}\n")
    settings = Settings(rule_dirs=(str(tmp_path),))
    complaints = verify(load(settings.rule_dirs).rules["ABC001"], settings)
    if complaint:
        assert any(complaint in found for found in complaints)
        assert all("ABC001-a-rule.toml: example 1" in found for found in complaints)
    else:
        assert complaints == []


def test_verify_names_an_unknown_base(tmp_path: Path) -> None:
    (tmp_path / "ABC001-a-rule.toml").write_text(f"{GOOD_CARD}\n[[examples]]\nkind = 'good'\nbase = 'none'\n")
    settings = Settings(rule_dirs=(str(tmp_path),))
    assert "no base 'none'" in verify(load(settings.rule_dirs).rules["ABC001"], settings)[0]


def findings(data: bytes, folder: Path, target: str) -> list[Finding]:
    """All findings in a file of these bytes."""
    path = folder / "data.jsonl"
    path.write_bytes(data)
    report = engine.check([Dataset("data", {"train": (str(path),)}, Settings(target=target))])
    assert report.failures == []
    return list(report.findings)


def test_the_preset_names_its_rules_and_the_users_own_come_on_top(tmp_path: Path) -> None:
    """Frozen at 1.0: until then, every stable rule is in it."""
    names = set(preset_codes("recommended-1"))
    assert names == {code for code, rule in RULES.items() if rule.card.status != "preview"}
    card = (rules_root() / "json" / "JSN002-not-an-object.toml").read_text(encoding="utf-8")
    for old, new in (("JSN002", "HSE001"), ("not-an-object", "house-object")):
        card = card.replace(f'"{old}"', f'"{new}"')
    (tmp_path / "HSE001.toml").write_text(card, encoding="utf-8")
    own = load((str(tmp_path),))
    assert {rule.code for rule in own.select("recommended-1", None, (), ())} == names | {"HSE001"}
    later = Catalogue({code: replace(rule, own=False) for code, rule in own.rules.items()})
    assert {rule.code for rule in later.select("recommended-1", None, (), ())} == names
