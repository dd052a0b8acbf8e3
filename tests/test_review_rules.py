"""The rules page: it lists, tries and saves; what users' cards say stays text."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from waiting import PATIENCE, until

from curator import catalogue, pages, settings
from curator.review import start_page
from curator.review.rules import rule_card

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.filterwarnings("default")  # Streamlit's own


def script(path: str, found: dict[str, int], code: str, asked: dict[str, tuple[str, ...]]) -> None:
    from types import SimpleNamespace
    from typing import Any, cast

    import streamlit as st

    from curator import catalogue, settings
    from curator.errors import UsageError
    from curator.review import rules_page
    from curator.review.rules import tuning
    from curator.review.serving import ReviewOptions

    class Workspace:
        options = ReviewOptions(paths=(path,), **asked)
        checking = SimpleNamespace(number=7)

        def files(self) -> Any:
            return [SimpleNamespace(path=path, real_path=path, is_copy=False)]

        def rules(self) -> Any:
            try:
                own = tuning.settings_at(tuning.governing([path], None)[0])
            except UsageError:  # the page is to say so
                own = settings.Settings()
            return catalogue.load(own.rule_dirs).rules

        def counts(self) -> Any:
            return found

    st.session_state.setdefault("rules.code", code)
    rules_page.show(cast(Any, Workspace()))


def page(
    folder: Path, code: str = "LAB004", sample: str = "intents.train.jsonl", asked: Any = None, **found: int
) -> AppTest:
    path = shutil.copy(ROOT / "sample_data" / sample, folder / sample)
    given = {"path": str(path), "found": found, "code": code, "asked": asked or {}}
    at = AppTest.from_function(script, default_timeout=PATIENCE, kwargs=given).run()
    assert not at.exception
    return at


def words(at: AppTest) -> str:
    return "\n".join(str(item.proto.body) for item in at.get("html"))


def button(at: AppTest, key: str) -> Any:
    return at.button(key=f"rules.{key}")


def test_all_rules_are_listed_those_with_findings_first(tmp_path: Path) -> None:
    at = page(tmp_path, LAB005=3, SEP002=7)
    table = at.dataframe[0].value
    assert len(table) == len(catalogue.load().rules)
    assert list(table["code"][:2]) == ["SEP002", "LAB005"]
    assert list(table["findings"][:3]) == [7, 3, 0]
    assert "too-few-per-label" in words(at)


def test_search_and_filters(tmp_path: Path) -> None:
    at = page(tmp_path, LAB005=3)
    at.text_input(key="rules.search").set_value("label rare").run()
    assert "No rule is like that" in at.info[0].value
    at.text_input(key="rules.search").set_value("TOO few LABEL").run()
    assert list(at.dataframe[0].value["code"]) == ["LAB004"]
    at.text_input(key="rules.search").set_value("").run()
    at.selectbox(key="rules.family").select("tokens").run()
    assert set(at.dataframe[0].value["family"]) == {"tokens"}
    at.selectbox(key="rules.family").select("All categories").run()
    at.segmented_control(key="rules.shown").set_value("With findings").run()
    assert list(at.dataframe[0].value["code"]) == ["LAB005"]


def test_the_rule_of_the_address_is_open_and_stands_first(tmp_path: Path) -> None:
    at = page(tmp_path, LAB005=3)
    for asked, code in (("TOK004", "TOK004"), ("few-examples", "DAT002")):
        at.query_params["rule"] = asked
        at.run()
        assert list(at.dataframe[0].value["code"][:2]) == [code, "LAB005"]
        assert code in words(at)
        assert at.session_state["rules.code"] == code
    at.query_params["rule"] = "NOPE1"
    at.run()
    assert at.code[0].value.startswith("unknown rule 'NOPE1'")
    assert at.session_state["rules.code"] == "DAT002"


def test_a_changed_rule_runs_again_and_is_saved(tmp_path: Path) -> None:
    at = page(tmp_path, code="DAT002", DAT002=0)
    assert button(at, "save").disabled
    at.number_input(key="rules.DAT002.param.enough").set_value(100_000).run()
    assert "1 rule changed, not saved" in words(at)
    assert at.dataframe[0].value.set_index("code")["state"]["DAT002"] == "on ✎"
    button(at, "DAT002.run").click().run()
    until(lambda: "→" in words(at.run()))
    assert "Findings: 0 → <strong>1</strong>" in words(at)
    assert at.dataframe[0].value.set_index("code")["tried"]["DAT002"] == 1
    button(at, "save").click().run()
    assert "+enough = 100000" in next(code.value for code in at.code if code.language == "diff")
    assert not (tmp_path / "curator.toml").exists()
    button(at, "write").click().run()
    assert not at.exception
    assert settings.load(str(tmp_path / "curator.toml")).params == {"few-examples": {"enough": 100_000}}
    assert "No unsaved changes" in words(at)
    assert at.number_input(key="rules.DAT002.param.enough").value == 100_000
    assert "by the settings from before" in words(at)
    button(at, "again").click().run()
    assert at.session_state[start_page.AGAIN] == 7  # the check that is to be made again


def test_what_the_command_line_left_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text('ignore = ["TOK001"]\n')
    at = page(tmp_path, asked={"select": ("LAB", "TOK"), "ignore": ("LAB004",)})
    rows = at.dataframe[0].value.set_index("code")
    assert [rows["state"][code] for code in ("LAB004", "SEP002", "TOK001", "LAB005")] == ["left out"] * 2 + [
        "off",
        "on",
    ]
    assert rows["findings"].isna()["LAB004"]
    assert rows["findings"]["LAB005"] == 0
    assert "not run (left out by --ignore)" in words(at)
    at.toggle(key="rules.LAB004.on").set_value(False).run()
    assert at.dataframe[0].value.set_index("code")["state"]["LAB004"] == "off ✎"


def test_settings_are_read_again_only_where_they_changed(tmp_path: Path) -> None:
    at = page(tmp_path)
    read = at.session_state["rules.read"][str(tmp_path / "curator.toml")]
    at.run()
    assert at.session_state["rules.read"][str(tmp_path / "curator.toml")] is read
    (tmp_path / "curator.toml").write_text('ignore = ["LAB004"]\n')
    at.run()
    assert at.dataframe[0].value.set_index("code")["state"]["LAB004"] == "off"


def test_a_file_that_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    at = page(tmp_path)
    at.toggle(key="rules.LAB004.on").set_value(False).run()
    button(at, "save").click().run()
    (tmp_path / "curator.toml").write_text("# mine\n")
    button(at, "write").click().run()
    assert "It was not written" in at.error[0].value
    assert "changed meanwhile" in at.code[0].value
    assert (tmp_path / "curator.toml").read_text() == "# mine\n"
    assert "1 rule changed, not saved" in words(at)


def test_a_rule_is_switched_off_and_the_change_discarded(tmp_path: Path) -> None:
    at = page(tmp_path, LAB004=1)
    at.toggle(key="rules.LAB004.on").set_value(False).run()
    at.segmented_control(key="rules.LAB004.severity").set_value("error").run()
    row = at.dataframe[0].value.set_index("code").loc["LAB004"]
    assert (row["state"], row["severity"]) == ("off ✎", "error")
    button(at, "LAB004.undo").click().run()
    assert "No unsaved changes" in words(at)
    assert at.toggle(key="rules.LAB004.on").value is True


def test_changes_of_several_rules_wait_for_each_other(tmp_path: Path) -> None:
    at = page(tmp_path)
    at.number_input(key="rules.LAB004.param.enough").set_value(7).run()
    at.text_input(key="rules.search").set_value("TOK001").run()
    at.toggle(key="rules.TOK001.param.but_cut").set_value(True).run()
    assert "2 rules changed, not saved" in words(at)
    at.text_input(key="rules.search").set_value("LAB004").run()
    assert at.number_input(key="rules.LAB004.param.enough").value == 7
    button(at, "discard").click().run()
    assert at.number_input(key="rules.LAB004.param.enough").value == 100


def test_broken_settings_are_said_not_raised(tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text("nonsense = 1\n")
    at = page(tmp_path)
    assert "cannot be read" in at.error[0].value
    assert "unknown setting 'nonsense'" in at.code[0].value


def test_what_cannot_run_is_one_line(tmp_path: Path) -> None:
    at = page(tmp_path, code="FUN008", sample="tools.jsonl")
    at.text_input(key="rules.FUN008.param.pattern").set_value("(").run()
    button(at, "FUN008.run").click().run()
    until(lambda: at.run().error)
    assert "came to nothing" in at.error[0].value
    assert "\n" not in at.code[0].value


def test_a_users_card_stays_text(tmp_path: Path) -> None:
    (tmp_path / "curator.toml").write_text('rule-dirs = ["cards"]\n')
    (tmp_path / "cards" / "<b>x").mkdir(parents=True)
    bad = "![x](https://example.org/x.png) <script>alert(1)</script> $x$"
    (tmp_path / "cards" / "<b>x" / "one.toml").write_text(
        f'code = "AAA001"\nname = "<i>mine</i>"\ncheck = "lines.blank"\nseverity = "info"\n'
        f'message = "{bad}"\nwhy = "{bad}"\nsources = ["{bad}"]\n'
    )
    at = page(tmp_path, code="AAA001")
    assert "&lt;script&gt;" in words(at)
    assert "<script>" not in words(at)
    assert "<i>" not in words(at)
    assert not any("example.org" in item.value for item in at.markdown)


def test_every_card_has_its_sections() -> None:
    for rule in catalogue.load().rules.values():
        found = rule_card.sections(pages.page(rule))
        assert {"Why", "Fix", "Sources"} <= set(found)
        assert rule_card.is_ours(rule)


@pytest.mark.parametrize(
    ("given", "default", "value"),
    [("[1, 2]", [1], [1, 2]), ("[1", [1], "[1"), ('"a"', None, "a"), (2.0, 1.0, 2.0), ("x", "y", "x")],
)
def test_what_a_field_holds(given: Any, default: Any, value: Any) -> None:
    assert rule_card.value(given, default) == value
