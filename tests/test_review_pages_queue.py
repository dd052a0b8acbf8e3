"""The Review page without a browser: what each decision leads to, what is said, and what stays on screen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from waiting import PATIENCE, until

from curator.review import attention, cluster_panel, screen
from curator.review.checking import Checking
from curator.review.rendering.plain import plain, visible
from curator.review.serving import ReviewOptions
from curator.review.states import Filter, Status
from curator.review.workspace import Workspace

UNKNOWN, EFFECTLESS, WEIGHT = "SCH003", "MSG011", "MSG010"
"""An error and a warning with safe fixes, an error without one."""
RULES = (UNKNOWN, EFFECTLESS, WEIGHT, "JSN", "LAB")
Open = Callable[..., "Page"]


def chat(number: int, user: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    asked = {"role": "user", "content": f"Is shop {number} open?", **(user or {})}
    return {"messages": [asked, {"role": "assistant", "content": "Yes."}], **more}


def script(workspace):  # type: ignore[no-untyped-def]  # its source alone is run
    from curator.review import queue_page

    workspace.sync()
    queue_page.show(workspace)


class Page:
    """The page of one reviewer."""

    def __init__(self, workspace: Workspace, **params: str) -> None:
        self.workspace = workspace
        self.app = AppTest.from_function(script, args=(workspace,), default_timeout=PATIENCE)
        for name, value in params.items():
            self.app.query_params[name] = value
        self.run()

    def run(self) -> Page:
        self.app.run()
        assert not self.app.exception
        return self

    def press(self, name: str) -> Page:
        self.app.button(key=name).click()
        return self.run()

    def answer(self, words: str) -> Page:
        """Type a reason or a note, and Enter."""
        self.app.text_input(key=f"decision-reason-{self.screen.asked}").set_value(words)
        submit = next(button for button in self.app.button if "FormSubmitter" in (button.key or ""))
        submit.click()
        return self.run()

    def can(self, name: str) -> bool:
        return not self.app.button(key=name).disabled

    @property
    def screen(self) -> screen.Screen:
        found: screen.Screen = self.app.session_state["queue-screen"]
        return found

    @property
    def html(self) -> str:
        return "\n".join(str(element.proto.body) for element in self.app.get("html"))

    @property
    def line(self) -> int:
        row = self.workspace.index.row(int(self.app.query_params["record"][0]))
        assert row is not None
        return row.line

    @property
    def rows(self) -> list[str]:
        return [one.label for one in self.app.button if (one.key or "").startswith("queue-go")]

    def status(self, line: int) -> Status:
        return next(row.status for row in self.workspace.index.page(Filter(), 0, 99) if row.line == line)


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Open]:
    """Writes records into a file, checks it, and opens the page; without records, for another reviewer."""
    checks: list[Checking] = []
    spaces: list[Workspace] = []

    def begin(
        *records: object, reviewer: str = "ann", raw: bytes = b"", select: tuple[str, ...] = RULES, **params: str
    ) -> Page:
        if records or raw:
            data = raw or "".join(f"{json.dumps(record)}\n" for record in records).encode()
            (tmp_path / "a.jsonl").write_bytes(data)
            options = ReviewOptions(
                (str(tmp_path / "a.jsonl"),),
                target="openai",
                select=select,
                jobs=1,
            )
            checks.append(Checking(options))
            until(lambda: checks[-1].is_done)
            assert not checks[-1].error
        spaces.append(Workspace(checks[-1], reviewer))
        return Page(spaces[-1], **params)

    yield begin
    for space in spaces:
        space.store.close()
    for check in checks:
        check.close()


FLAGGED = [chat(1, rating=1), chat(2, {"weight": 1}), chat(3, rating=3)]
"""Lines 1 and 3 have an error, line 2 a warning."""


def test_the_worst_record_comes_first_with_its_fix_as_a_change(review: Open) -> None:
    page = review(*FLAGGED)
    assert page.line == 1
    assert "<b>1</b> of 3" in page.html
    assert "Proposed fix" in page.html
    assert "cu-removed" in page.html
    assert [row.split("\u00a0")[2] for row in page.rows][:1]
    assert page.can("decide-accept")
    assert not page.can("decide-undo")


def test_a_range_of_turns_and_how_far_they_are_counted(review: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    long = chat(4, rating=1)
    long["messages"] = long["messages"] * 3
    page = review(*FLAGGED, long, turns="3-9")
    assert "<b>1</b> of 1" in page.html
    assert page.line == 4
    assert "Filter · 1" in [block.proto.popover.label for block in page.app.get("popover")]
    assert "Counting" not in page.html
    monkeypatch.setattr(page.workspace.index, "counted", lambda: 0.419)
    monkeypatch.setattr(page.workspace.checking, "is_done", False)
    assert "Counting tokens and turns: 41 %" in page.run().html
    page.app.query_params.clear()
    page.app.query_params["status"] = "all"  # with no parameter, the page would recall its last view
    assert "Counting" not in page.run().html
    page.app.query_params["sort"] = "tokens"
    assert "Counting tokens and turns: 41 %" in page.run().html
    monkeypatch.setattr(page.workspace.checking, "is_done", True)
    assert "Only 41 % of the data is counted" in page.run().html


def test_after_a_decision_the_next_record_is_there(review: Open) -> None:
    page = review(*FLAGGED)
    page.press("decide-accept")
    assert (page.line, page.status(1)) == (3, "fixed")
    assert "Accepted: line 1 · SCH003" in page.html
    assert "<b>1</b> of 2" in page.html
    page.press("decide-remove")
    assert (page.line, page.status(3)) == (2, "removed")
    page.press("decide-keep").answer("has to be so")
    assert page.status(2) == "kept"
    assert "All 3 records are decided." in page.html
    page.press("queue-all")
    assert len(page.rows) == 3


def test_undo_and_redo_say_what_and_go_there(review: Open) -> None:
    page = review(*FLAGGED)
    page.press("decide-accept")
    page.press("decide-undo")
    assert (page.line, page.status(1)) == (1, "open")
    assert "Taken back: accepted · SCH003 · line 1" in page.html
    assert not page.can("decide-undo")
    page.press("decide-redo")
    assert page.status(1) == "fixed"
    assert "Done again: accepted" in page.html
    assert "stay as they are" not in page.html
    page.workspace.checking.written = page.workspace.store.last_id  # as Write does
    page.press("decide-undo")
    assert "line 1 · the files that are written stay as they are" in page.html


def test_next_and_previous_end_at_the_ends(review: Open) -> None:
    page = review(*FLAGGED)
    page.press("record-next")
    page.press("record-next")
    assert page.line == 2
    page.press("record-next")
    assert page.line == 2
    assert "This is the last record" in page.html
    page.press("record-back")
    assert page.line == 3


def test_a_record_that_is_still_open_stays(review: Open) -> None:
    both = chat(1, {"weight": 1}, rating=1)
    page = review(both, chat(2, rating=2), *map(chat, range(3, 9)))
    assert f"Accept only {UNKNOWN}" in [button.label for button in page.app.button]
    page.press("record-one-0")
    assert (page.line, page.status(1)) == (1, "open")
    assert "1 finding left" in page.html
    assert EFFECTLESS in page.rows[-1]
    assert UNKNOWN not in page.rows[-1]
    page.press("decide-accept")
    assert page.status(1) == "fixed"
    page.press("decide-undo").press("decide-undo")
    page.press("decide-accept")  # all safe fixes at once
    assert page.status(1) == "fixed"


def test_to_keep_asks_for_a_reason_and_offers_the_last(review: Open) -> None:
    page = review(*FLAGGED)
    page.press("decide-keep").answer("  ")
    assert page.status(1) == "open"
    assert "say why" in page.html
    page.answer("so in *production* ![x](http://e.org/x.png)")
    assert page.status(1) == "kept"
    kept = page.workspace.history(page.workspace.index.page(Filter(), 0, 9)[0].key)[0].state.kept
    assert [item.reason for item in kept] == ["so in *production* ![x](http://e.org/x.png)"]
    page.press("decide-keep")
    assert "![" not in page.app.button(key="decision-as-0").label.replace("\\!\\[", "")
    page.press("decision-as-0")
    assert page.status(3) == "kept"


def test_a_note_is_kept_with_the_decision(review: Open) -> None:
    page = review(*FLAGGED)
    page.press("decide-discuss").answer("ask <Ben>")
    assert page.status(1) == "discuss"
    page.press("decide-remove-note").answer("nonsense")
    assert page.status(3) == "removed"
    notes = [one.state.note for one in page.workspace.store.currents()]
    assert notes == ["ask <Ben>", "nonsense"]
    seen = Page(page.workspace, status="discuss")
    assert "to be discussed: ask &lt;Ben&gt;" in seen.html


def test_what_another_has_decided_is_never_overwritten_silently(review: Open) -> None:
    ann = review(*FLAGGED)
    ben = review(reviewer="ben")
    ben.press("decide-remove-note").answer("is spam")
    ann.press("decide-accept")
    assert ann.status(1) == "removed"
    assert "<b>ben</b> has decided on this record" in ann.html
    assert "is spam" in ann.html
    assert "Yours (<b>accepted</b>) is not saved" in ann.html.replace("\n", " ")
    assert "What you would have made of it" in ann.html
    assert ann.line == 1
    ann.press("decide-accept")  # now she has seen it
    assert ann.status(1) == "fixed"
    assert ben.run().status(1) == "fixed"


def test_a_row_shows_the_first_words(review: Open) -> None:
    page = review(*FLAGGED)
    assert ["shop\u00a01\u00a0open" in row for row in page.rows] == [True, False, False]


# --- clusters ----------------------------------------------------------------------------------

TWINS = [chat(number // 2) for number in range(8)]
"""Four pairs of copies."""


def test_clusters_one_after_the_other(review: Open) -> None:
    page = review(*TWINS, select=("DUP001",), clusters="")
    groups = page.workspace.index.groups(Filter())

    def shown() -> int:
        return [group.id for group in groups].index(str(page.app.query_params["clusters"]))

    assert len(groups) > 2
    assert f"<b>1</b> of {len(groups)}" in page.html
    page.press("record-next").press("record-next")
    assert shown() == 2
    page.press("record-back")
    assert shown() == 1
    page.press("cluster-one-0")
    assert shown() == 2  # the next one is there at once
    page.press("decide-undo")
    assert shown() == 1
    for _ in groups:
        page.press("record-next")
    assert "This is the last cluster of the view." in page.html
    other = Page(page.workspace, clusters="gone")
    assert "The cluster that the address names is not here." in other.html
    assert f"<b>1</b> of {len(groups)}" in other.html  # not that there is none


def test_a_decision_about_many_members_is_watched(review: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_panel, "_MANY", 1)
    monkeypatch.setattr(cluster_panel, "_AT_ONCE", 60)
    page = review(*TWINS, select=("DUP001",), clusters="")
    page.press("cluster-one-0")
    assert "stays, the others go" in page.html
    assert page.workspace.index.counts_by("status", Filter())["removed"] == 1


def test_a_decision_of_another_shows_in_the_list(review: Open) -> None:
    ann = review(*FLAGGED)
    review(reviewer="ben").press("decide-remove")
    ann.run()
    assert ann.line == 1
    assert len(ann.rows) == 2
    assert "ben, " in ann.html
    assert "not among these 2" in ann.html


def test_the_view_survives_a_reload(review: Open) -> None:
    page = review(*FLAGGED)
    page.press("record-next")
    again = Page(page.workspace, record=page.app.query_params["record"][0])
    assert again.line == page.line == 3
    narrow = Page(page.workspace, rule=EFFECTLESS)
    assert narrow.line == 2
    assert len(narrow.rows) == 1


def test_filters_and_the_way_out_of_an_empty_view(review: Open) -> None:
    page = review(*FLAGGED)
    page.app.text_input(key="queue-text").set_value("SHOP 2")
    assert page.run().line == 2
    page.app.text_input(key="queue-text").set_value("nowhere")
    assert "No flagged record matches this filter." in page.run().html
    assert not page.rows
    page.press("queue-all")
    assert len(page.rows) == 3
    assert "text" not in page.app.query_params


def test_harm_is_asked_about(review: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = review(*FLAGGED)
    monkeypatch.setattr(Workspace, "harm", lambda *_: ["It would be <empty>."])
    page.press("decide-accept")
    assert page.status(1) == "open"
    assert "It would be &lt;empty&gt;." in page.html
    page.press("decision-leave")
    assert "would be" not in page.html
    page.press("decide-accept").press("decision-anyway")
    assert page.status(1) == "fixed"


def test_a_file_that_changed_on_disk(review: Open, tmp_path: Path) -> None:
    page = review(*FLAGGED)
    data = (tmp_path / "a.jsonl").read_bytes()
    (tmp_path / "a.jsonl").write_bytes(data.replace(b'"rating": 1', b'"rating": 9'))
    page.run()
    assert "This record cannot be shown." in page.html
    assert not page.can("decide-accept")
    page.press("record-next")
    assert page.line == 3
    page.press("decide-accept")
    assert page.status(3) == "fixed"


def test_after_another_check_the_queue_begins_anew(review: Open) -> None:
    page = review(*FLAGGED)
    page.press("record-next").press("record-next").press("decide-discuss")
    assert (page.line, page.screen.asking) == (2, "discuss")
    again = review(*FLAGGED)
    page.app.args = (again.workspace,)  # as when the tab goes on with what is checked again
    page.run()
    assert (page.line, page.screen.asking) == (1, "")


def test_nothing_is_flagged(review: Open) -> None:
    page = review(chat(1))
    assert "Nothing is flagged" in page.html
    assert "looked at 1 record." in page.html
    assert "a.jsonl" in page.html


def mixed(*records: object) -> bytes:
    """Lines of which only the first ends with CR LF, which is a finding of the file."""
    return b"".join(json.dumps(one).encode() + (b"\n" if n else b"\r\n") for n, one in enumerate(records))


def test_findings_of_the_whole_data_and_the_command_that_fixes_them(review: Open) -> None:
    page = review(raw=mixed(*FLAGGED), select=("FIL009", UNKNOWN))
    assert "FIL009" not in page.html
    page.press("general")
    assert "curator check --fix --select FIL009 " in page.html
    assert not page.can("decide-accept")
    page.press("general-back")
    assert "Proposed fix" in page.html


def test_a_rule_that_speaks_of_the_whole_data_leads_to_what_it_says(review: Open) -> None:
    page = review(raw=mixed(*FLAGGED), select=("FIL009", UNKNOWN), rule="FIL009")
    assert "about the data as a whole" in page.html
    assert "curator check --fix --select FIL009 " in page.html
    page.press("queue-all")
    assert len(page.rows) == 2


def test_of_several_records_on_a_line_the_column_is_told(review: Open) -> None:
    page = review(raw=json.dumps(FLAGGED).encode(), select=(UNKNOWN,))
    assert "line 1, column 2<" in page.html
    page.press("record-next")
    assert f"line 1, column {2 + len(json.dumps(FLAGGED[:2])):,}<" in page.html


def test_where_no_record_is_flagged_the_whole_data_may_be(review: Open) -> None:
    page = review(raw=mixed(chat(1), chat(2)), select=("FIL009",))
    assert "No record is flagged" in page.html
    assert "curator check --fix --select FIL009 " in page.html


def test_hostile_text_is_no_label_and_no_html(review: Open) -> None:
    evil = '<img src=x onerror="alert(1)"> ![p](http://e.org/p.png) \ud800 \x00 \u202e'
    page = review(chat(1, rating=evil), {"messages": [{"role": evil, "content": evil, "weight": evil}], evil: evil})
    for _ in page.rows:
        assert "<img" not in page.html
        labels = [button.label for button in page.app.button]
        assert not any(re.search(r"(?<!\\)(<img|\]\()", label) for label in labels)
        page.html.encode()
        page.press("record-next")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "a\u00a0b"),
        ("*a*", "\\*a\\*"),
        ("a->b :streamlit:", "a\\-\u2060\\>b\u00a0\\:\u2060streamlit\\:"),
        ("![x](y)", "\\!\\[x\\]\\(y\\)"),
        ("\ud800\x00\n", "\\<D800\\>\\<0000\\>\u00a0"),
    ],
)
def test_plain_text_in_labels(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_long_names_are_cut() -> None:
    assert visible("x" * 99, 10) == "x" * 10 + "…"


def test_names_in_the_address_are_understood_and_what_is_nothing_is_said(review: Open) -> None:
    page = review(*FLAGGED, rule="unknown-key")
    assert page.app.query_params["rule"] == "SCH003"
    assert len(page.rows) == 2
    assert "address" not in page.html
    name = page.workspace.files()[0].path.rpartition("/")[2]
    again = Page(page.workspace, file=name)
    assert (again.app.query_params["file"], len(again.rows)) == ("0", 3)
    lost = Page(page.workspace, file="<b>other.jsonl", sort="age")
    assert "passed over: <b>file=&lt;b&gt;other.jsonl, sort=age</b>" in lost.html
    assert lost.rows == again.rows


def test_the_browser_is_given_nothing_of_the_data(review: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[str, ...]] = []
    monkeypatch.setattr(attention, "pay", lambda *what, **more: given.append((*what, str(more))))
    review(*FLAGGED).press("decide-keep")
    assert all("shop" not in text for what in given for text in what)
    assert [what[2] for what in given] == ["", ".st-key-decision-reason-1 input"]
