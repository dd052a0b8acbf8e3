"""Whole stories of a review: keys, a killed server, a closed tab, two reviewers, a new version, hostile data, bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import Server, Tab
from playwright.sync_api import Dialog, Locator, expect

from curator.findings import record_hash
from curator.review.decisions.store import Store
from curator.review.states import Decision

SAMPLE = Path(__file__).parent.parent.parent / "sample_data"
LINES = [6, 13, 18, 22, 27, 31, 35, 39, 43, 47, 50, 53]
"""The flagged records of tools.jsonl; FUN001 has a fix for 13 and 18."""
DEFAULT = "a default says it: jkxz"
"""A reason, whose letters are keys elsewhere."""
Serve = Callable[..., Server]
Visit = Callable[..., Tab]


# --- what is on the page, and what is on the disk ----------------------------------------------


def ready(tab: Tab, line: int = 0) -> None:
    """The check is done, and the queue takes keys; at this record, if one is named."""
    expect(button(tab, "Remove")).to_be_visible()
    tab.settle()
    if line:
        at(tab, line)


def button(tab: Tab, name: str) -> Locator:
    """The button, whatever its key."""
    return tab.page.get_by_role("button", name=re.compile(rf"^{name}\b(?! with| only)"))


def at(tab: Tab, line: int) -> None:
    """This record is on screen."""
    expect(tab.page.locator(".cu-where")).to_contain_text(re.compile(rf"(line |:){line}\b"))


def counted(tab: Tab, **counts: int) -> None:
    """So many records have each status, as the page says."""
    for status, count in counts.items():
        expect(tab.page.get_by_text(f"{status.capitalize()} {count}", exact=True).first).to_be_visible()


def told(tab: Tab, words: str) -> None:
    """What the last key did, as the page says."""
    expect(tab.page.get_by_role("status")).to_contain_text(words)


def log(folder: Path) -> list[Decision]:
    """All that was ever decided, by whomever."""
    with Store(folder, "test") as store:
        return store.since(0)


def lines_of(data: Path) -> dict[str, int]:
    """The line of each record by its hash."""
    return {record_hash(line): number for number, line in enumerate(data.read_bytes().splitlines(), 1)}


# --- one reviewer ------------------------------------------------------------------------------


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    return Path(shutil.copy(SAMPLE / "tools.jsonl", tmp_path / "tools.jsonl"))


def answer(tab: Tab, key: str, words: str) -> None:
    """Press the key that asks for a reason or a note, and answer."""
    tab.press(key)
    expect(tab.page.locator("input:focus")).to_be_visible()
    tab.page.keyboard.type(words)
    tab.press("Enter")


class Work:
    """What a reviewer has done in tools.jsonl, as it ought to be."""

    def __init__(self, tab: Tab, data: Path) -> None:
        self.tab, self.data = tab, data
        self.lines = lines_of(data)
        self.status = dict.fromkeys(LINES, "open")
        self.here = LINES[0]
        self.rows = 0

    def decide(self, act: Callable[[], object], action: str, status: str, note: str = "") -> None:
        """A key that decides on the record on screen; the next open one follows."""
        line = self.here
        self.status[line] = status
        act()
        self.check(action, line, note)
        left = [other for other in LINES if self.status[other] == "open"]
        self.go(min((other for other in left if other > line), default=left[-1]))

    def turn(self, key: str, action: str, line: int, status: str) -> None:
        """A key that takes back, or does again; its record comes on screen."""
        self.status[line] = status
        self.tab.press(key)
        self.check(action, line)
        self.go(line)

    def check(self, action: str, line: int, note: str | None = None) -> None:
        """There is one more row, about this record, and the page counts as it should."""
        found = list(self.status.values())
        counted(self.tab, **{status: found.count(status) for status in ("open", "fixed", "kept", "removed", "discuss")})
        self.rows += 1
        rows = log(self.data.parent)
        assert len(rows) == self.rows
        last = rows[-1]
        assert (last.action, self.lines[last.key.record], last.reviewer) == (action, line, "Ada")
        assert last.state.status == self.status[line]
        if note is not None:
            assert "".join([last.state.note, *(kept.reason for kept in last.state.kept)]) == note

    def move(self, key: str, line: int) -> None:
        self.tab.press(key)
        self.go(line)
        assert len(log(self.data.parent)) == self.rows

    def go(self, line: int) -> None:
        self.here = line
        at(self.tab, line)


def test_ten_records_are_reviewed_with_keys_alone(serve: Serve, visit: Visit, tools: Path) -> None:
    tab = visit(serve(tools, "--reviewer", "Ada"), "?sort=place")
    ready(tab, LINES[0])
    work = Work(tab, tools)
    work.decide(lambda: tab.press("x"), "remove", "removed")  # 6
    work.decide(lambda: tab.press("a"), "accept", "fixed")  # 13
    work.decide(lambda: tab.press("a"), "accept", "fixed")  # 18
    work.decide(lambda: answer(tab, "q", DEFAULT), "keep", "kept", DEFAULT)  # 22
    work.decide(lambda: answer(tab, "n", "ask the team"), "discuss", "discuss", "ask the team")  # 27
    work.move("j", 35)
    work.decide(lambda: tab.press("q", "Alt+1"), "keep", "kept", DEFAULT)  # 35
    work.decide(lambda: answer(tab, "Shift+X", "a bad call"), "remove", "removed", "a bad call")  # 39
    work.decide(lambda: tab.press("x"), "remove", "removed")  # 43
    work.move("k", 31)
    work.decide(lambda: answer(tab, "q", "as asked"), "keep", "kept", "as asked")  # 31
    work.turn("z", "undo", 31, "open")
    work.turn("z", "undo", 43, "open")
    work.turn("Shift+Z", "redo", 43, "removed")
    work.turn("Shift+Z", "redo", 31, "kept")
    work.move("j", 47)
    work.decide(lambda: answer(tab, "n", ""), "discuss", "discuss")  # 47
    counted(tab, open=2)


def test_a_killed_server_and_a_closed_tab_lose_nothing(serve: Serve, visit: Visit, tools: Path) -> None:
    server = serve(tools, "--reviewer", "Ada")
    tab = visit(server, "?sort=place")
    ready(tab, 6)
    tab.press("x", "a")
    at(tab, 18)
    server.end(signal.SIGKILL)
    server = serve(tools, "--reviewer", "Ada", port=server.port)
    expect(tab.page.get_by_role("status")).not_to_contain_text("Accepted")  # the page finds the new server by itself
    ready(tab, 18)
    assert all(fault.startswith("console: ") for fault in tab.faults)  # it could not be reached for a while
    tab.faults.clear()
    counted(tab, open=10, fixed=1, removed=1)
    tab.press("z")
    told(tab, "Taken back: accepted")
    at(tab, 13)
    tab.press("Shift+Z", "j", "x")
    at(tab, 22)

    # In the middle of an edit the tab is closed.
    tab.press("e")
    tab.page.get_by_label("Arguments").first.fill("{")
    tab.page.keyboard.press("Tab")
    tab.page.close()
    tab = visit(server, "?sort=place")
    ready(tab, 22)
    counted(tab, open=9, fixed=1, removed=2)
    # A key of which nobody sees what it does, and the server is killed meanwhile.
    tab.page.keyboard.press("x")
    server.end(signal.SIGKILL)
    tab.page.close()
    tab.faults.clear()
    tab = visit(serve(tools, "--reviewer", "Ada"), "?sort=place")
    actions = [decision.action for decision in log(tools.parent)]
    assert actions[:5] == ["remove", "accept", "undo", "redo", "remove"]
    assert actions[5:] in ([], ["remove"])
    gone = len(actions) - 5
    ready(tab, 27 if gone else 22)
    counted(tab, open=9 - gone, fixed=1, removed=2 + gone)
    for line in [22, 18][1 - gone :]:
        tab.press("z")
        at(tab, line)
    counted(tab, open=10, fixed=1, removed=1)


# --- two reviewers -----------------------------------------------------------------------------


@pytest.mark.parametrize("servers", [1, 2])
def test_two_reviewers_see_each_other_and_overwrite_nothing(
    serve: Serve, visit: Visit, tools: Path, servers: int
) -> None:
    first = serve(tools, "--reviewer", "Ada")
    second = serve(tools) if servers == 2 else first
    ada, bob = visit(first, "?sort=place"), visit(second, "?sort=place&reviewer=Bob")
    for tab, name in ((ada, "Ada"), (bob, "Bob")):
        ready(tab, 6)
        expect(tab.page.locator(".cu-bar")).to_contain_text(name)
    # Each sees what the other does, and does nothing for it.
    ada.press("x")
    counted(bob, open=11, removed=1)
    at(bob, 6)
    expect(bob.page.locator(".cu-where")).to_contain_text("Ada")
    bob.press("j")
    at(bob, 13)
    bob.press("x")
    counted(ada, open=10, removed=2)
    assert [decision.reviewer for decision in log(tools.parent)] == ["Ada", "Bob"]
    # Both at the same record: Bob is still writing when Ada decides.
    ada.press("j")
    at(bob, 18)
    at(ada, 18)
    bob.press("q")
    ada.press("a")
    answer_on(bob, "as asked")
    told(bob, "somebody else was faster")
    at(bob, 18)
    expect(bob.page.locator(".cu-note.cu-warning")).to_contain_text(re.compile("Ada has decided .* accepted"))
    assert [decision.action for decision in log(tools.parent)] == ["remove", "remove", "accept"]
    counted(bob, open=9, fixed=1, kept=0)
    # Knowing that, he puts his in its place; she sees it, and cannot take it back.
    bob.press("x")
    counted(ada, open=9, fixed=0, removed=3)
    ada.press("z")
    told(ada, "Bob has decided on that record since")
    last = log(tools.parent)[-1]
    assert (last.reviewer, last.action) == ("Bob", "remove")


def answer_on(tab: Tab, words: str) -> None:
    """Answer what is asked already."""
    expect(tab.page.locator("input:focus")).to_be_visible()
    tab.page.keyboard.type(words)
    tab.press("Enter")


# --- a new version -----------------------------------------------------------------------------


def chat(number: int, **more: object) -> dict[str, object]:
    asked = f"Is order number-{number} on its way?"
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": "Yes."}], **more}


def rated(number: int, rating: int = 1) -> dict[str, object]:
    """A record with one fault, which has a fix."""
    return chat(number, rating=rating)


def write(data: Path, *records: dict[str, object]) -> None:
    """These records, behind some without a fault; at once, as editors do."""
    faultless = [chat(number) for number in range(100, 140)]
    new = data.with_suffix(".new")
    new.write_text("".join(f"{json.dumps(record)}\n" for record in (*faultless, *records)))
    new.replace(data)


def walked(tab: Tab, count: int) -> Iterator[tuple[int, str]]:
    """The number in each record's text, and its status, from the one on screen on."""
    for place in range(count):
        if place:
            tab.press("j")
        expect(tab.page.locator(".st-key-record-head .cu-place")).to_contain_text(f"{place + 1} of {count}")
        number = re.search(r"number-(\d+)", tab.page.locator(".cu-record").inner_text())
        status = re.search(r"\b(fixed|kept|removed|discuss)", tab.page.locator(".cu-where").inner_text())
        assert number
        yield int(number[1]), status[1] if status else "open"


def test_decisions_stay_with_their_records_in_a_new_version(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    data = tmp_path / "chat.jsonl"
    write(data, *(rated(number) for number in range(6)))
    tab = visit(serve(data, "--select", "SCH003"), "?sort=place&status=all")
    ready(tab, 41)
    tab.press("x")
    tab.press("a")
    answer(tab, "q", "wanted")
    answer(tab, "n", "why?")
    tab.press("x")
    counted(tab, fixed=1, kept=1, discuss=1, removed=2)
    moved = [rated(5), rated(4), rated(3, 2), rated(1), rated(0), rated(6)]  # 3 is changed, 2 removed, 6 new
    write(data, *moved)
    tab.press("k")
    expect(tab.page.get_by_text("has changed since the check").first).to_be_visible()
    with tab.rerun():
        tab.page.get_by_role("button", name="Check again", exact=True).click()
    ready(tab)
    tab.page.goto(f"{tab.url}/?sort=place&status=all")
    ready(tab, 41)
    expected = [(5, "open"), (4, "removed"), (3, "open"), (1, "fixed"), (0, "removed"), (6, "open")]
    assert list(walked(tab, 6)) == expected
    # What is not there any more comes back with its decision.
    write(data, rated(2), *moved)
    tab.press("k")
    with tab.rerun():
        tab.page.get_by_role("button", name="Check again", exact=True).click()
    ready(tab)
    tab.page.goto(f"{tab.url}/?sort=place&status=all")
    ready(tab, 41)
    assert list(walked(tab, 7)) == [(2, "kept"), *expected]


# --- from the record to the bytes --------------------------------------------------------------


def replaced(data: Path, *changes: tuple[int, bytes, bytes]) -> bytes:
    """The file with one place changed in each of these lines."""
    lines = data.read_bytes().splitlines(keepends=True)
    for line, old, new in changes:
        assert lines[line - 1].count(old) == 1
        lines[line - 1] = lines[line - 1].replace(old, new)
    return b"".join(lines)


def test_an_edited_call_and_a_rule_fixed_everywhere_are_all_that_is_written(
    serve: Serve, visit: Visit, tools: Path
) -> None:
    intents = Path(shutil.copy(SAMPLE / "intents.train.jsonl", tools.with_name("intents.jsonl")))
    before = {tools: tools.read_bytes(), intents: intents.read_bytes()}
    server = serve(tools, intents, "--reviewer", "Ada")
    tab = visit(server, "?rule=FUN003&sort=place")
    ready(tab, 22)
    tab.press("e")
    arguments = tab.page.get_by_label("Arguments")
    expect(arguments).to_have_value('{"query": "front wheel", "category": "wheels"}')
    for typed, said in (('"3"', "'limit' is a text, not an integer"), ("3", "as declared")):
        with tab.rerun():
            arguments.fill(f'{{"query": "front wheel", "category": "wheels", "limit": {typed}}}')
            tab.page.keyboard.press("Tab")
        expect(tab.page.locator(".cu-quiet").filter(has_text=said).last).to_be_visible()
    with tab.rerun():
        button(tab, "Save").click()
    at(tab, 27)
    assert [(row.action, row.codes) for row in log(tools.parent)] == [("edit", ("FUN003",))]

    tab = visit(server, "?rule=LAB005&sort=place")
    ready(tab, 205)
    with tab.rerun():
        button(tab, "All with LAB005").click()
    with tab.rerun():
        button(tab, "Apply to 3 records").click()
    expect(tab.page.get_by_text("Done: 3 fixed").first).to_be_visible()
    with tab.rerun():
        tab.page.get_by_role("link", name="Write", exact=True).click()
    with tab.rerun():
        button(tab, "Write").click()
    expect(tab.page.get_by_text("The new check:")).to_be_visible()
    assert before == {path: path.read_bytes() for path in before}
    labels = ((205, b" Shipping", b" shipping"), (262, b"returns.", b"returns"), (308, b"acount", b"account"))
    assert intents.with_name("intents.reviewed.jsonl").read_bytes() == replaced(intents, *labels)
    limit = (22, rb"\"wheels\"}", rb"\"wheels\", \"limit\": 3}")
    assert tools.with_name("tools.reviewed.jsonl").read_bytes() == replaced(tools, limit)
    assert not list(tools.parent.glob("*removed*"))


# --- data that attacks the page ----------------------------------------------------------------

ATTACKS = {
    "markup": "<script>document.title='hit'</script><img src=x onerror=\"document.title='hit';alert(1)\">"
    "</style><style>*{display:none!important}</style></div></textarea><base href=http://evil.example/>"
    "<iframe srcdoc='<script>parent.document.title=1</script>'></iframe><svg onload=alert(1)>{{7*7}}",
    "markdown": "![x](http://evil.example/a.png) [y](javascript:alert(1)) :red[z] :material/bug: $\\frac{1}{2}$ `b`",
    "unseen": "\u202egnp.exe\u2066 \u200f\u061c\ufeff\u200b \ud800 half, \udfff\ud800 wrong way round"
    + "".join(map(chr, range(32))) + "\x7f\x9b\u2028\u2029 \x1b[2J",
    "deep": "[" * 3000,
}  # fmt: skip
"""Each goes wherever a record has a text."""
HUGE = {"word": "W" * 1_000_000, "words": "many words " * 90_000, "marks": "<b>\u202e\x00" * 200_000}
NAMES = ("<img src=x onerror=alert(1)>![a](http:evil.example).jsonl", "<b>\u202e\x1b[2J\n`:red[b]`.jsonl")
SLOW = 10.0
"""Seconds: on a quiet machine a page that hangs takes 25 and more. How fast it is, bench/review.py measures."""
REVIEWER = "</style><b>Ada`:red[x]` ![y](http://evil.example/r.png)"


def attacked(text: str) -> list[dict[str, object]]:
    """Records with a text as a key, a role, a name, an argument, a declaration, and what they say."""
    call = {"id": text, "type": "function", "function": {"name": text, "arguments": json.dumps({text: text})}}
    half = {**call, "function": {"name": "look", "arguments": f'{{"{text[:50]}'}}
    declared = {"name": "look", "description": text, "parameters": {"type": "object", "properties": {text: {}}}}
    asked, tools = {"role": "user", "content": text}, [{"type": "function", "function": declared}]
    named = {"role": text[:200], "content": text, "name": text}
    return [
        {"messages": [asked, named, {"role": "assistant", "content": text}], text[:200]: text},
        {"messages": [asked, {"role": "assistant", "tool_calls": [call, half]}], "tools": tools},
    ]


def labelled(text: str) -> Iterator[dict[str, object]]:
    """Records with a text as a label, its variant, a contradiction and a copy."""
    for number in (0, 0, 1, 2):
        yield {"prompt": f"{text} {number}\n\n###\n\n", "completion": f" {text}"}
    for number, label in enumerate((text.upper(), "plain"), 2):
        yield {"prompt": f"{text} {number}\n\n###\n\n", "completion": f" {label}"}


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with files that attack whoever shows them."""
    folder = tmp_path / "data"
    folder.mkdir()
    chats = [chat(number) for number in range(30)]
    chats += [record for text in ATTACKS.values() for record in attacked(text)]
    chats += [record for text in HUGE.values() for record in attacked(text)[:1]]
    labels = [record for text in ("plain", *ATTACKS.values()) for record in labelled(text)]
    for name, records in zip(NAMES, (chats, labels), strict=True):
        (folder / name).write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="ascii")
    broken = b'{"messages": [<script>alert(1)</script>\n\xff\xfe"<img src=x onerror=alert(1)>\n{"\\ud800": \x00}\n'
    (folder / os.fsdecode(b"<a>\xff.jsonl")).write_bytes(broken)
    return folder


class Guarded:
    """A tab that hostile data is shown in."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.dialogs: list[str] = []
        tab.page.on("dialog", self._dialog)

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def unharmed(self) -> None:
        """Nothing has run, nothing was asked of elsewhere, nothing of ours is hidden, and no element broke."""
        page = self.tab.page
        assert not self.dialogs
        assert not self.tab.faults
        assert not self.tab.errors()
        expect(page).to_have_title("curator")
        expect(page.get_by_role("link", name="Write", exact=True)).to_be_visible()
        live = "[src*=evil], [href^='http://evil'], [href^=javascript], base, iframe, [onerror], [onload]"
        assert not page.locator(live).count()


def test_hostile_data_is_shown_and_does_nothing(serve: Serve, visit: Visit, hostile: Path) -> None:
    tab = visit(serve(hostile, "--reviewer", REVIEWER), "?sort=place&status=all")
    guarded, page = Guarded(tab), tab.page
    ready(tab)
    with tab.rerun():
        page.get_by_text("Raw line", exact=True).click()
    place = page.locator(".st-key-record-head .cu-place")
    count = int(place.inner_text().split(" of ")[1])
    assert count >= 20
    for number in range(2, count + 1):
        is_slow = timed(tab, "j") >= too_long()
        expect(place).to_have_text(f"{number} of {count}")
        guarded.unharmed()
        if is_slow:  # for its own sake, or because others keep the machine busy?
            assert any(timed(tab, "k", "j") < too_long() for _ in range(3)), number
        if number % 3 == 0:
            tab.press("e")
            expect(button(tab, "Save")).to_be_visible()
            guarded.unharmed()
            tab.press("Escape", "Escape")
    assert page.locator(".cu-cut").count()  # the last ones are the huge ones
    for key in ("l", "k", "k"):  # long texts whole, as far as may be
        tab.press(key)
        guarded.unharmed()


def too_long() -> float:
    """Seconds that no next record may take, as busy as the machine is by now."""
    return SLOW * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def timed(tab: Tab, *keys: str) -> float:
    """Seconds until the last of these keys has its record on screen."""
    tab.press(*keys[:-1])
    began = time.monotonic()
    tab.press(keys[-1])
    return time.monotonic() - began


def test_hostile_data_can_be_decided_on_every_page(serve: Serve, visit: Visit, hostile: Path) -> None:
    """With hostile reasons, searches and decisions of a hostile reviewer, up to the bytes."""
    tab = visit(serve(hostile, "--reviewer", REVIEWER), "?sort=place")
    guarded, page = Guarded(tab), tab.page
    ready(tab)
    for name in ("markup", "markdown"):
        answer(tab, "q", ATTACKS[name])
        answer(tab, "n", ATTACKS[name])
        guarded.unharmed()
    tab.press("q")  # the reasons are offered again
    guarded.unharmed()
    tab.press("Alt+1", "x")
    for _ in range(2):
        while not button(tab, "Accept").is_enabled():
            tab.press("j")
        tab.press("a")
        if button(tab, "Change it anyway").count():
            tab.press("y")
        guarded.unharmed()
    while not button(tab, "All with").count():
        tab.press("j")
    with tab.rerun():
        button(tab, "All with").first.click()
    guarded.unharmed()
    with tab.rerun():
        button(tab, "Cancel").click()
    with tab.rerun():
        button(tab, "Filter").click()
    guarded.unharmed()
    tab.press("Escape")
    with tab.rerun():
        page.get_by_role("radio", name="Clusters").click()
    clusters = page.locator(".st-key-queue-rows button").filter(has_text="×")
    assert clusters.count() >= 3
    for number in range(clusters.count()):
        with tab.rerun():
            clusters.nth(number).click()
        guarded.unharmed()
    with tab.rerun():
        button(tab, "Keep only this").first.click()
    with tab.rerun():
        page.get_by_label("Search").fill(ATTACKS["markup"])
        page.keyboard.press("Enter")
    guarded.unharmed()
    for name in ("Overview", "Rules", "Write"):
        with tab.rerun():
            page.get_by_role("link", name=name, exact=True).click()
        expect(page).to_have_url(re.compile(name.lower()))
        guarded.unharmed()
    with tab.rerun():
        button(tab, "Write").click()
    expect(page.get_by_text("The new check:")).to_be_visible()
    guarded.unharmed()
