"""The panels: what an edit makes of a record's bytes, one decision about a cluster, one fix for many records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from waiting import PATIENCE, until

from curator.errors import UsageError
from curator.review import bulk_panel, comparing
from curator.review.bulk import Task
from curator.review.checking import Checking
from curator.review.decisions import editing
from curator.review.decisions.deciding import shown
from curator.review.decisions.store import Store
from curator.review.many import Done
from curator.review.opened import Opened
from curator.review.rendering.viewing import View
from curator.review.serving import ReviewOptions
from curator.review.states import Filter
from curator.review.workspace import Workspace

TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
    "additionalProperties": False}}}]  # fmt: skip
Start = Callable[..., Workspace]


def chat(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns], **more}


def call(arguments: str) -> bytes:
    record = chat(("user", "Rain\r\nin Par\u00eds?"), tools=TOOLS)
    function = {"name": "weather", "arguments": arguments}
    record["messages"].append(
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]}
    )
    return json.dumps(record).encode()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Opens the review of a.jsonl with these lines for a reviewer, or for another one of the same check."""
    begun: list[Checking] = []
    stores: list[Store] = []

    def begin(*lines: bytes, reviewer: str = "ann", **options: Any) -> Workspace:
        if lines:
            (tmp_path / "a.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
            begun.append(Checking(ReviewOptions((str(tmp_path / "a.jsonl"),), jobs=1, **options)))
        until(lambda: begun[-1].is_done)
        assert not begun[-1].error
        found = Workspace(begun[-1], reviewer)
        stores.append(found.store)
        found.sync()
        return found

    yield begin
    for store in stores:
        store.close()
    for checking in begun:
        checking.close()


def opened(workspace: Workspace, row_id: int = 1) -> Opened:
    row = workspace.index.row(row_id)
    assert row is not None
    return workspace.open(row)


def the_call(record: Opened) -> Any:
    assert record.example is not None
    return record.example.turns[-1].calls[0]


# --- edits of fields ---------------------------------------------------------------------------


BROKEN = call('{"city": "Par\\u00eds"')


def test_a_field_gives_back_what_it_shows_unchanged(start: Start) -> None:
    record = opened(start(BROKEN))
    assert record.example is not None
    (user, assistant) = editing.fields(record.example, View())
    (text,) = user.texts
    assert text.text == "Rain\r\nin Par\u00eds?"
    assert editing.with_text(BROKEN, BROKEN, text, shown(text.text)) == BROKEN
    changed = editing.with_text(BROKEN, BROKEN, text, "Rain\nin Rome?")
    assert changed == BROKEN.replace(b"Par\\u00eds?", b"Rome?", 1)
    # What is typed back as it was gets its old spelling back.
    assert editing.with_text(BROKEN, changed, text, shown(text.text)) == BROKEN
    (one,) = assistant.calls
    assert editing.with_arguments(BROKEN, BROKEN, one, '{"city": "Par\\u00eds"') == BROKEN


def test_laid_out_arguments_change_only_the_values_that_differ(start: Start) -> None:
    raw = call('{"city":"Par\\u00eds",   "n": 1.0, "k": [1,2]}')
    record = opened(start(raw))
    one = the_call(record)
    text = editing.laid_out(editing.written_arguments(raw, one))
    assert editing.with_arguments(raw, raw, one, text, is_laid_out=True) == raw
    new = editing.with_arguments(raw, raw, one, text.replace("2", "3"), is_laid_out=True)
    assert new == raw.replace(b"[1,2]", b"[1,3]")


def test_arguments_that_are_a_value_stay_one(start: Start) -> None:
    raw = call("X").replace(b'"X"', b'{"city":  1}')
    one = the_call(opened(start(raw)))
    assert editing.with_arguments(raw, raw, one, '{"city": 2}') == raw.replace(b"  1", b"  2")
    with pytest.raises(UsageError, match="must be JSON"):
        editing.with_arguments(raw, raw, one, '{"city": ')


def test_weights_come_and_go_without_disturbing_the_rest(start: Start) -> None:
    record = opened(start(BROKEN))
    assert record.example is not None
    turn = record.example.turns[1]
    with_one = editing.with_weight(BROKEN, turn, 0)
    assert json.loads(with_one)["messages"][1]["weight"] == 0
    assert editing.with_weight(with_one, turn, None) == BROKEN


@pytest.mark.parametrize("text", ["half \ud83d", "NUL \0", "lone \r return"])
def test_escapes_hold_what_no_field_can_show(text: str) -> None:
    raw = json.dumps(chat(("user", text), ("assistant", "b"))).encode()
    pointer = "/messages/0/content"
    spelled = editing.escaped(raw, pointer)
    assert editing.with_escaped(raw, pointer, spelled) == raw
    assert editing.with_escaped(raw, pointer, f"{spelled}!") == raw.replace(spelled.encode(), spelled.encode() + b"!")
    with pytest.raises(UsageError, match="not how JSON spells"):
        editing.with_escaped(raw, pointer, "\\x")


def test_what_stands_around_a_completion_is_kept(start: Start) -> None:
    lines = [b'{"prompt": "%d?\\n\\n###\\n\\n", "completion": " yes END"}' % n for n in range(30)]
    workspace = start(*lines, b'{"prompt": "x?\\n\\n###\\n\\n", "completion": " yes END"}', lines[0])
    record = opened(workspace, workspace.index.page(Filter(), 0, 1)[0].id)
    assert record.example is not None
    view = View.of(record.plan.conventions)
    prompt, completion = (one.texts[0] for one in editing.fields(record.example, view))
    assert prompt.after == "\n\n###\n\n"
    assert (completion.before, completion.text, completion.after) == (" ", "yes", " END")
    new = editing.with_text(record.now, record.now, completion, "no")
    assert new == record.now.replace(b"yes", b"no")


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        (b"A b c", b"a b C", b"A b C"),
        (b"a b c", b"a b C", b"a b C"),
        (b"A b c", b"a b c", b"A b c"),
        (b"a X c", b"a Y c", None),
        (b"a b Xc", b"a b Yc", None),
    ],
)
def test_two_people_keep_both_changes_unless_they_meet(mine: bytes, theirs: bytes, both: bytes | None) -> None:
    assert editing.merged(b"a b c", mine, theirs) == both
    assert editing.merged(b"a b c", theirs, mine) == both


# --- clusters ----------------------------------------------------------------------------------

COPY = json.dumps(chat(("user", "Open?"), ("assistant", "Yes, until six."))).encode()


def test_of_copies_one_stays_and_the_cluster_is_done(start: Start) -> None:
    ann = start(COPY, COPY, COPY)
    (group,) = ann.index.groups(Filter())
    rows = ann.index.members(group)
    done = ann.many.keep_one(group, rows[1])
    assert (done.decided, done.conflicts) == (3 if ann.open(rows[1]).open else 2, 0)
    assert [row.status for row in ann.index.members(group)][0::2] == ["removed", "removed"]
    assert ann.index.row(rows[1].id).status != "removed"  # type: ignore[union-attr]
    # Another choice brings the removed one back.
    ann.many.keep_one(group, rows[0])
    assert [row.status == "removed" for row in ann.index.members(group)] == [False, True, True]
    ann.undo()
    ann.undo()
    assert {row.status for row in ann.index.members(group)} == {"open"}


def test_what_somebody_else_decided_meanwhile_holds(start: Start) -> None:
    ann = start(COPY, COPY, COPY)
    bob = start(reviewer="bob")
    (group,) = ann.index.groups(Filter())
    rows, before = ann.index.members(group), ann.store.last_id
    bob.discuss(bob.open(rows[2]), "which one?")
    done = ann.many.keep_one(group, rows[0], upto=before)
    assert done.conflicts == 1
    assert ann.open(rows[2]).state.status == "discuss"


def test_members_are_compared_by_what_the_rule_speaks_of(start: Start) -> None:
    others = [json.dumps(chat(("user", f"Question {n}?"), ("assistant", f"Answer {n}."))).encode() for n in range(30)]
    ann = start(COPY, COPY.replace(b"six", b"ten"), *others, select=("DUP003",))
    (group,) = ann.index.groups(Filter())
    assert group.code == "DUP003"
    one, other = (comparing.member(ann.open(row), group.code) for row in ann.index.members(group))
    assert (one.text, other.text, one.around) == ("Yes, until six.", "Yes, until ten.", "Open?")
    html = comparing.member_html(other, one, 2)
    assert "1 place differs" in html


def test_members_of_a_format_without_rules_are_shown_as_well(start: Start) -> None:
    pair = {"prompt": "Open?", "chosen": "Yes, until six.", "rejected": "No idea."}
    ann = start(*[json.dumps(pair).encode()] * 2, select=("DUP001",))
    (group,) = ann.index.groups(Filter())
    one, _ = (comparing.member(ann.open(row), group.code) for row in ann.index.members(group))
    assert all(text in one.text for text in pair.values())
    assert ann.words(one.row) == "Open?"


# --- many records ------------------------------------------------------------------------------


def test_a_bulk_fix_says_before_and_after_what_it_does(start: Start) -> None:
    lines = [call(f'{{"city": "{n}"') for n in range(25)]
    ann = start(*lines, select=("FUN001",))
    shown_now = Filter(statuses=("open",))
    changes = ann.many.previewed(shown_now, "FUN001")
    assert len(changes) == 10
    assert changes[-1].opened.row.line > 20  # from all over
    expected = ann.many.would_accept(shown_now, "FUN001")
    assert (expected.decided, expected.passed_over) == (25, 0)
    assert ann.index.count(shown_now) == 25  # nothing is decided yet
    told: list[int] = []
    done = ann.many.accept_all(shown_now, "FUN001", told.append)
    assert (done.decided, told[-1], ann.precision("FUN001")) == (25, 25, (25, 0))
    ann.undo()
    assert ann.index.count(shown_now) == 25


def test_a_bulk_fix_lints_each_record_as_a_single_one_would_be(start: Start) -> None:
    """It takes the check's word for what is found in a record; that is what linting it again would say."""
    ann = start(BROKEN, COPY, COPY, call('{"town": "x"}'))
    for row in ann.index.page(Filter(), 0, 10):
        assert {(f.code, f.pointer) for f in ann.many._as_found(row).open} == {
            (f.code, f.pointer) for f in ann.open(row).open
        }


def test_a_bulk_fix_can_be_stopped_and_what_is_decided_stays(start: Start) -> None:
    ann = start(*(call(f'{{"city": "{n}"') for n in range(8)), select=("FUN001",))
    done = ann.many.accept_all(Filter(), "FUN001", lambda number: number < 3)
    assert (done.decided, done.is_whole) == (3, False)
    assert bulk_panel.words(done) == "Stopped: 3 fixed"


def test_a_task_tells_its_error_and_its_outcome() -> None:
    def fails(progress: Callable[[int], object]) -> Done:
        raise UsageError("the disk is full")

    task = Task(1, fails)
    assert task.wait(60)
    assert (task.outcome, task.error) == (None, "the disk is full")
    task = Task(2, lambda progress: Done(2, 1, {"It would do harm.": 2}))
    assert task.wait(60)
    assert task.outcome is not None
    assert bulk_panel.words(task.outcome) == "Done: 2 fixed, 2 passed over, 1 conflict"


# --- the editor --------------------------------------------------------------------------------


def script(workspace, row_id):  # type: ignore[no-untyped-def]  # its source alone is run
    from curator.review import edit_panel

    record = workspace.open(workspace.index.row(row_id))
    edit_panel.show(workspace, record, save=lambda now: workspace.edit(record, now), close=lambda: None)


def editor(workspace: Workspace, row_id: int = 1) -> AppTest:
    return AppTest.from_function(script, args=(workspace, row_id), default_timeout=PATIENCE).run()


def test_the_editor_tells_the_outputs_of_a_pair_apart(start: Start) -> None:
    pair = {
        "input": {"messages": [{"role": "user", "content": "?"}]},
        "preferred_output": [{"role": "asistant", "content": "the long way"}],
        "non_preferred_output": [{"role": "assistant", "content": "the short way"}],
    }
    app = editor(start(json.dumps(pair).encode(), select=("SCH004",)))
    shown = [str(element.proto.body) for element in app.get("html")]
    (preferred,) = (n for n, html in enumerate(shown) if "+ preferred" in html)
    (rejected,) = (n for n, html in enumerate(shown) if "\u2212 rejected" in html)
    assert preferred < rejected


def test_the_editor_saves_what_was_typed_and_nothing_else(start: Start) -> None:
    ann = start(BROKEN)
    app = editor(ann)
    assert not app.exception
    arguments = next(area for area in app.text_area if area.label == "Arguments")
    assert arguments.value == '{"city": "Par\\u00eds"'
    assert any("<b>city</b>" in str(element.proto.body) for element in app.get("html"))  # what is declared
    app.button("edit-save").click().run()
    assert ann.store.last_id == 0  # nothing is changed
    arguments.set_value('{"city": "Par\\u00eds"}').run()
    assert not app.exception
    app.button("edit-save").click().run()
    assert not app.exception
    record = opened(ann)
    assert record.now == BROKEN.replace(b'eds\\"', b'eds\\"}')
    assert record.state.status == "fixed"


def test_what_is_typed_outlives_the_editor_until_it_is_discarded(start: Start) -> None:
    ann = start(BROKEN)
    app = editor(ann)
    next(area for area in app.text_area if area.label != "Arguments").set_value("Sun?").run()
    app.button("edit-cancel").click().run()
    app.button("edit-later").click().run()
    assert next(area for area in app.text_area if area.label != "Arguments").value == "Sun?"
    app.button("edit-cancel").click().run()
    app.button("edit-discard").click().run()
    assert next(area for area in app.text_area if area.label != "Arguments").value == "Rain\nin Par\u00eds?"
    assert ann.store.last_id == 0


def test_a_format_without_rules_has_fields_or_else_its_raw_line(start: Start) -> None:
    pair = json.dumps({"conversations": [{"from": "human", "value": "Rain?"}], **{
        name: {"from": "gpt", "value": f"{name}."} for name in ("chosen", "rejected")}}).encode()  # fmt: skip
    ann = start(pair, pair)
    row = ann.index.page(Filter(), 0, 1)[0].id
    assert opened(ann, row).plan.conventions.format == "trl-preference"
    app = editor(ann, row)
    assert [area.value for area in app.text_area] == ["Rain?", "chosen.", "rejected."]
    app.text_area[2].set_value("Sun.").run()
    app.button("edit-save").click().run()
    assert not app.exception
    assert opened(ann, row).now == pair.replace(b"rejected.", b"Sun.")
    odd = json.dumps({name: [{"role": "user", "content": [{"type": "text", "value": "Rain?"}]}]
                      for name in ("chosen_messages", "rejected_messages")}).encode()  # fmt: skip
    ann = start(odd, odd)
    app = editor(ann, ann.index.page(Filter(), 0, 1)[0].id)
    assert [area.label for area in app.text_area] == ["Raw line"]


def test_harm_is_confirmed_first(start: Start) -> None:
    ann = start(COPY, COPY)
    app = editor(ann, ann.index.page(Filter(), 0, 1)[0].id)
    app.text_area[1].set_value("").run()
    app.button("edit-save").click().run()
    assert ann.store.last_id == 0
    app.checkbox[0].check().run()
    app.button("edit-save").click().run()
    assert not app.exception
    assert ann.store.last_id == 1


def test_a_broken_record_begins_from_its_repair(start: Start) -> None:
    ann = start(COPY[:-1], COPY)
    app = editor(ann)
    assert [area.label for area in app.text_area] == ["Raw line"]
    app.button("edit-mend").click().run()
    app.button("edit-save").click().run()
    assert not app.exception
    assert opened(ann).now == COPY


def test_two_edits_of_one_record_meet(start: Start) -> None:
    ann = start(BROKEN)
    bob = start(reviewer="bob")
    app = editor(ann)
    next(area for area in app.text_area if area.label != "Arguments").set_value("Sun?").run()
    record = opened(bob)
    bob.accept(record, record.fixable)
    ann.sync()
    app.run()
    assert app.button("edit-save").disabled
    app.button("edit-both").click().run()
    app.button("edit-save").click().run()
    assert not app.exception
    now = json.loads(opened(ann).now)["messages"]
    assert now[0]["content"] == "Sun?"
    assert now[1]["tool_calls"][0]["function"]["arguments"].endswith("}")
