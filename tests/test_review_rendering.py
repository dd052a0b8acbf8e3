"""Records as HTML: nothing acts, hides or gets lost, every finding has its place, and every text its contrast."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator import api, formats, parsing
from curator.model import Example, Finding, Severity
from curator.review.comparing import Member, member_html
from curator.review.decisions.deciding import accept
from curator.review.rendering import style
from curator.review.rendering.differing import diff_html, line_pieces, pieces
from curator.review.rendering.escaping import LIMIT, Mark, escape, marked
from curator.review.rendering.finding import findings_html, tokens_html
from curator.review.rendering.layout import layout
from curator.review.rendering.raw import raw_html
from curator.review.rendering.record import Part, record_html
from curator.review.rendering.viewing import View
from curator.review.states import Key, Row

SAMPLES = Path(__file__).parent.parent / "sample_data"
TAGS = {"div", "span", "b", "mark", "ins", "del", "details", "summary"}
EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)></style><style>*{display:none}</style></div></mark>"
    "![p](http://evil.example/p.png) <!-- c --> \"q\" 'a' &amp; &#60; \u202eoverride\u202c zero\u200bwidth"
    " \x00\x07\x1b[2J \r\n\ttab \ufeff \xa0 <|im_end|> \u2028 \U000e0041"
)


class Page(HTMLParser):
    """Reads HTML back: its tags and attributes, and the text that stands for the data."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.labels: list[str] = []
        self.shown = ""
        self._open: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert not self._open, "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        known = dict(attrs)
        assert known.keys() <= {"class", "title", "style", "open"}
        assert re.fullmatch(r"(cu[a-z-]*)?( cu-[a-z-]+)*", known.get("class") or "")
        assert re.fullmatch(r"(width:\d{1,3}%)?", known.get("style") or "")
        kind = (known.get("class") or "").partition(" ")[0]
        self._open.append((tag, kind))
        if kind == "cu-chip" and "cu-label" not in (outer for _, outer in self._open):
            match = re.match(r"U\+([0-9A-F]+)(?:.* × (\d+))?", known["title"] or "")
            assert match is not None
            self.text += chr(int(match[1], 16)) * int(match[2] or 1)
        if kind == "cu-label":
            self.labels.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        kinds = {kind for _, kind in self._open}
        self.shown += data
        if kinds.isdisjoint({"cu-chip", "cu-label", "cu-sign", "cu-cut"}):
            self.text += data
        elif "cu-label" in kinds:
            self.labels[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("no comment")

    handle_decl = handle_pi = unknown_decl = handle_comment


def example(record: dict[str, Any], name: str = "") -> tuple[Example, bytes]:
    raw = json.dumps(record).encode()
    parsed = parsing.parse(raw)
    return formats.read(parsed.value, name or formats.detect(parsed.value), parsed.canonical, len(raw)), raw


def finding(pointer: str = "", **more: Any) -> Finding:
    blank = Finding(
        "TST001", "test", Severity.ERROR, "a message", "x.jsonl", None, 1, 1, 1, pointer, "value", None, None, None, {},
        None, (), None, None,
    )  # fmt: skip
    return replace(blank, **more)


def html_of(parts: list[Part]) -> str:
    return "".join(part.html for part in parts)


texts = st.text(
    st.one_of(
        st.characters(), st.sampled_from("<>&\"'/! \t\n\r\x00\u202e\u200b\ufeff\xa0\u2028\U000e0041"),
        st.integers(0xD800, 0xDFFF).map(chr),
    ),
    max_size=60,
) | st.sampled_from([EVIL, "</style>", "<!--", "&lt;", "&#x3c;script>", "\x00" * 40])  # fmt: skip
kinds = st.sampled_from(["error", "warning", "info", "added", "removed", "separator", "stop", "space", "token", "key"])
marks = st.lists(st.builds(Mark, st.integers(0, 70), st.integers(0, 90), kinds, texts, texts), max_size=6)


@settings(max_examples=60)
@given(texts, marks, st.booleans())
def test_the_text_can_be_read_back(text: str, found: list[Mark], visible: bool) -> None:
    assert Page(escape(text, visible=visible)).text == text
    page = Page(marked(text, found, visible=visible, limit=None))
    assert page.text == text
    assert len(page.labels) <= sum(bool(mark.label) for mark in found)
    assert not re.search("[\ud800-\udfff\x00-\x08\u202a-\u202e\u2066-\u2069\u200b]", page.shown)


@settings(max_examples=60)
@given(texts, texts, st.lists(texts, min_size=1, max_size=4))
def test_hostile_text_stays_text_wherever_it_stands(one: str, two: str, several: list[str]) -> None:
    call = {"id": one, "type": "function", "function": {"name": two, "arguments": json.dumps({one: two})}}
    tool = {"name": two, "description": one, "parameters": {"type": "object", "properties": {one: {"enum": [two]}}}}
    image = {"type": "image_url", "image_url": {"url": one}}
    record = {
        "messages": [
            {"role": "system", "content": one * 9},
            {"role": two, "content": [{"type": "text", "text": one}, image, {"type": two}, one], "name": one, two: one},
            one,
            {"role": "assistant", "content": None, "tool_calls": [call], "weight": one, "refusal": two * 20},
        ],
        "tools": [{"type": "function", "function": tool}],
        f"x{one}": {two: several},
    }
    shown, raw = example(record)
    found = [finding(message=one, name=two), finding("/messages/1/role", message=two), finding(f"/x{one}", at="key")]
    for visible in (False, True):
        Page(html_of(record_html(shown, raw, found, view=View(visible, reserved=("<|im_end|>",)))))
    Page(raw_html(raw, found))
    Page(diff_html(pieces(one, two)))
    Page(member_html(member(1, one, two), member(0, two, one), 2))


@settings(max_examples=60)
@given(texts, texts)
def test_a_diff_holds_both_texts(old: str, new: str) -> None:
    parts = pieces(old, new)
    assert "".join(text for how, text in parts if how != "added").split() == old.split()
    assert "".join(text for how, text in parts if how != "removed") == new or old.split() != new.split()
    page = Page(diff_html(parts))
    assert "−" in page.shown or not any(how == "removed" for how, _ in parts)


@settings(max_examples=60)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8))  # fmt: skip # noqa: E501
def test_laid_out_json_is_the_same_json(value: Any) -> None:
    text = json.dumps(value)
    assert json.dumps(json.loads(layout(text))) == text


def test_laid_out_json_keeps_what_a_parser_would_lose() -> None:
    assert layout('{"a":1.50,"a":1E5}') == '{"a": 1.50, "a": 1E5}'
    assert layout('{"a":"\\u00e9\\ud800\\n"}') == '{"a": "é\\ud800\\n"}'
    assert layout("[" * 600 + "]" * 600).replace("\n", "").replace(" ", "") == "[" * 600 + "]" * 600


def test_invisible_characters_show() -> None:
    assert Page(escape("a\u202eb\x00\x00c\ud800")).shown == "aRLObNUL×2cU+D800"
    assert "NBSP" not in escape("a\xa0b")
    assert Page(escape("a\xa0b\tc\nd", visible=True)).shown == "aNBSPb⇥\tc↵\nd"
    assert escape("👩\u200d💻") == "👩\u200d💻"


def test_overlapping_marks_keep_their_labels_in_place() -> None:
    html = marked("abcdef", [Mark(1, 4, "error", "E"), Mark(2, 6, "info", "I"), Mark(6, 6, "warning", "W")])
    assert re.sub(r'<(/?)(\w+)(?: class="([^"]*)")?>', r"<\1\3>", html) == (
        "a<cu-mark cu-error><cu-label cu-error>E</>b</><cu-mark cu-error cu-info><cu-label cu-info>I</>cd</>"
        "<cu-mark cu-info>ef</><cu-mark cu-warning><cu-label cu-warning>W</></>"
    )


def test_a_long_text_keeps_its_ends_and_its_marks() -> None:
    text = "a" * 500_000 + "needle" + "b" * 500_000
    page = Page(marked(text, [Mark(500_000, 500_006, "error", "E")]))
    assert "needle" in page.text
    assert page.text.startswith("aaa")
    assert page.text.endswith("bbb")
    assert len(page.text) < LIMIT
    left_out = [int(number.replace(",", "")) for number in re.findall(r"… ([\d,]+) more characters …", page.shown)]
    assert len(left_out) == 2
    assert sum(left_out) + len(page.text) == len(text)
    assert len(Page(marked(text, limit=None)).text) == 125_000  # more in one word would halt the browser
    assert Page(marked(text[:200_000], limit=None)).text == text[:200_000]


RECORD = {
    "messages": [
        {"role": "sytem", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Look at this."}, {"type": "image_url", "image_url": {"url": "http://evil.example/p.png"}}]},  # noqa: E501
        {"role": "assistant", "content": None, "weight": 2, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "get", "arguments": '{"town":"Paris","n":1}'}},
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "21 C"},
    ],
    "tools": [{"type": "function", "function": {"name": "get", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}, "n": {"type": "integer", "enum": [1, 2]}},
        "required": ["city"]}}}],
    "user_id": 7,
}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "kind", "text"),
    [
        ({"pointer": "/messages/0/role"}, "turn", None),
        ({"pointer": "/messages/0/content", "span": (3, 8)}, "turn", "brief"),
        ({"pointer": "/messages/1/content/0/text", "span": (0, 4)}, "turn", "Look"),
        ({"pointer": "/messages/1/content/1"}, "turn", None),
        ({"pointer": "/messages/2/weight"}, "turn", "2"),
        ({"pointer": "/messages/2/weight", "at": "key"}, "turn", "weight"),
        ({"pointer": "/messages/2/tool_calls/0/function/name", "span": (0, 3)}, "turn", "get"),
        ({"pointer": "/messages/2/tool_calls/0/function/arguments", "inner": "/town"}, "turn", '"Paris"'),
        ({"pointer": "/messages/2/tool_calls/0/function/arguments", "inner": "/town", "span": (1, 3)}, "turn", "ar"),
        ({"pointer": "/messages/2/tool_calls/0/function/arguments", "span": (7, 9)}, "turn", ":\""),
        ({"pointer": "/messages/2/tool_calls/0/id"}, "turn", None),
        ({"pointer": "/messages/3"}, "turn", None),
        ({"pointer": "/tools/0/function/parameters/required/0"}, "tools", '"city"'),
        ({"pointer": "/user_id"}, "fields", None),
        ({"pointer": "/user_id", "at": "key"}, "fields", "user_id"),
    ],
)  # fmt: skip
def test_a_finding_is_shown_at_its_place(found: dict[str, Any], kind: str, text: str | None) -> None:
    shown, raw = example(RECORD)
    parts = record_html(shown, raw, [finding(**found)])
    assert "about the whole record" not in parts[0].html
    places = [part for part in parts[1:] if "TST001" in Page(part.html).labels]
    assert [part.kind for part in places] == [kind]
    assert found["pointer"].startswith(places[0].pointer)
    pattern = r'<mark class="cu-mark cu-error[^>]*>(?:<span[^>]*>[^<]*</span>)(.*?)</mark>'
    marked_texts = re.findall(pattern, places[0].html)
    assert [Page(item).text for item in marked_texts] == ([] if text is None else [text])


def test_what_has_no_place_is_said_above() -> None:
    shown, raw = example(RECORD)
    parts = record_html(shown, raw, [finding(), finding("/gone")])
    assert "about the whole record" in parts[0].html
    assert "TST001" not in html_of(parts[1:])


def test_of_very_many_turns_those_with_findings_are_shown() -> None:
    talk = [{"role": ("user", "assistant")[n % 2], "content": f"turn {n}."} for n in range(2_000)]
    shown, raw = example({"messages": [*talk, "no message"]})
    parts = record_html(shown, raw, [finding("/messages/1500/content")])
    texts = [turn.text for part in parts for turn in part.turns]
    assert len(texts) <= 400
    assert texts[:2] == ["turn 0.", "turn 1."]
    assert texts[-4:] == ["turn 1499.", "turn 1500.", "turn 1501.", "turn 1999."]
    assert "1,103 turns left out" in html_of(parts)
    assert "497 turns left out" in html_of(parts)
    assert [part.pointer for part in parts if part.kind == "odd" and part.pointer] == ["/messages/2000"]
    assert "whole record" not in html_of(parts)


def test_where_everything_is_found_the_first_turns_are_shown() -> None:
    talk = [{"role": ("user", "assistant")[n % 2], "content": ""} for n in range(2_000)]
    shown, raw = example({"messages": talk})
    parts = record_html(shown, raw, [finding(f"/messages/{n}/content") for n in range(2_000)])
    pointers = [turn.pointer for part in parts for turn in part.turns]
    assert pointers == [*(f"/messages/{n}" for n in range(399)), "/messages/1999"]


def test_a_call_stands_beside_its_declaration() -> None:
    shown, raw = example(RECORD)
    text = Page(html_of(record_html(shown, raw, []))).shown
    assert "✕city missing string · required" in text
    assert "✓n  integer · 1 | 2" in text
    assert "?town not declared" in text
    assert "http://evil.example/p.png" in text


def test_a_text_that_holds_the_calls_is_laid_out() -> None:
    call = json.dumps({"name": "get", "arguments": {"city": "Oslo"}})
    record = {"conversations": [{"from": "human", "value": "?"}, {"from": "function_call", "value": call}]}
    record["tools"] = json.dumps([RECORD["tools"][0]["function"]])  # type: ignore[index]
    shown, raw = example(record)
    found = finding("/conversations/1/value", inner="/arguments/city")
    html = html_of(record_html(shown, raw, [found])[1:])
    assert re.search(r"TST001</span>(<[^>]*>)*&quot;Oslo&quot;", html)
    assert "✕city TST001" in Page(html).shown
    assert "✓city" in Page(html_of(record_html(shown, raw, [])[1:])).shown


def test_separator_and_stop_sequence_are_seen_and_missed() -> None:
    view = View(separators=("\n\n###\n\n",), stop=" END")
    shown, raw = example({"prompt": "Is it?\n\n###\n\n", "completion": " yes END"})
    page = Page(html_of(record_html(shown, raw, [], view=view)))
    assert page.labels == ["separator", "stop"]
    shown, raw = example({"prompt": "Is it?", "completion": " yes"})
    page = Page(html_of(record_html(shown, raw, [], view=view)))
    assert page.labels == ["no separator", "no stop sequence"]
    assert r'"\n\n###\n\n"' in page.text


@pytest.mark.parametrize(
    "record",
    [
        {"input": {"messages": [{"role": "user", "content": "?"}]},
         "preferred_output": [{"role": "assistant", "content": "the long way"}],
         "non_preferred_output": [{"role": "assistant", "content": "the short way"}]},
        {"prompt": "?", "chosen": "the long way", "rejected": "the short way"},
        {"prompt": [{"role": "user", "content": "?"}], "chosen": [{"role": "assistant", "content": "the long way"}],
         "rejected": [{"role": "assistant", "content": "the short way"}]},
        {"conversations": [{"from": "human", "value": "?"}], "chosen": {"from": "gpt", "value": "the long way"},
         "rejected": {"from": "gpt", "value": "the short way"}},
    ],
)  # fmt: skip
def test_a_preference_is_shown_side_by_side(record: dict[str, Any]) -> None:
    shown, raw = example(record)
    parts = record_html(shown, raw, [])
    assert [part.kind for part in parts] == ["turn", "pair"]
    assert [turn.text for turn in parts[1].turns] == ["the long way", "the short way"]
    assert Page(parts[1].html).labels == ["+ preferred", "\u2212 rejected"]
    assert re.findall(r"<(?:ins|del)[^>]*>([^<]*)</", parts[1].html) == ["long ", "short "]


def test_tokens_are_held_against_the_limit() -> None:
    shown, raw = example(RECORD)
    text = Page(html_of(record_html(shown, raw, [], tokens=[10, 10, 10, 1], limit=25))).shown
    assert "over the limit by 5" in text
    assert "beyond the limit" in text
    assert "75 of 100 tokens" in tokens_html(75, 100)
    assert "5 too many" in tokens_html(105, 100)


def test_a_line_that_does_not_parse_is_shown_with_its_fault() -> None:
    raw = b'{"a": "\xff<b>"'
    parts = record_html(None, raw, [finding(at="line", span=(7, 8))])
    assert [part.kind for part in parts] == ["findings", "raw"]
    assert re.search(r"TST001</span>ÿ</mark>&lt;b&gt;", parts[1].html)
    assert "not JSON" in raw_html(b'{"a" 1}')


def test_raw_bytes_are_marked_by_their_characters() -> None:
    shown, raw = example({"messages": [{"role": "user", "content": "é\n<i>x"}]})
    raw = json.dumps(shown.value, ensure_ascii=False).encode()
    html = raw_html(raw, [finding("/messages/0/content", span=(2, 5))])
    assert re.search(r"TST001</span>&lt;i&gt;</mark>x", html)
    assert Page(raw_html(raw)).text == raw.decode()


def test_alike_findings_are_counted() -> None:
    page = Page(findings_html([finding("/a"), finding("/b"), finding("/c", severity=Severity.INFO)]))
    assert page.labels == ["TST001", "TST001"]
    assert "× 2" in page.shown


def member(number: int, text: str, around: str) -> Member:
    row = Row(number, 0, Key("a", "b"), 1, 1, 0, 1, "train", "error", ("LAB007",), 1, 0, None, None, "open")
    return Member(row, f"a.jsonl:{number}", text, around, None)


def test_members_say_what_differs_from_the_first() -> None:
    first = member(0, "a b c", "As if")

    def shown(text: str, around: str = "As if") -> str:
        return Page(member_html(member(1, text, around), first, 2)).shown

    assert "the first" in Page(member_html(first, first, 1)).shown
    assert "the same as the first" in shown("a b c")
    assert "1 place differs, 1 word of the first not here" in shown("a x c")
    assert "cu-space" in member_html(member(1, "a b  c", ""), first, 2)
    assert "the same as the first · its input differs" in shown("a b c", "as if")
    assert '<ins class="cu-mark cu-added">as </ins>' in member_html(member(1, "a b c", "as if"), first, 2)
    assert "of the first not here · its input differs" in shown("a x c", "as if")


def test_white_space_shows_where_it_is_what_changed() -> None:
    assert "cu-space" in diff_html(pieces("yes", " yes"))
    assert "↵" in Page(diff_html([("removed", "END"), ("added", "END\n")])).shown


@pytest.mark.parametrize("content", ["x" * 1_000_000, "<" * 1_000_000, "\u202e" * 1_000_000, "a b " * 250_000, "\x00\x07" * 500_000])  # fmt: skip # noqa: E501
def test_a_megabyte_is_shown_at_once(content: str) -> None:
    record = {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": "no"}], "x": content}
    shown, raw = example(record)
    found = [finding("/messages/0/content", span=(500_000, 500_001)), finding("/x", span=(1, 2))]
    started = time.process_time()
    html = html_of(record_html(shown, raw, found)) + raw_html(raw, found)
    # 0.07 s for 2 MB, 0.5 s for the 12 MB of escapes that a million control characters are in JSON.
    assert time.process_time() - started < 5
    assert len(html) < 5_000_000
    Page(html)


def test_hostile_shapes_are_shown_at_once() -> None:
    deep: Any = []
    for _ in range(400):
        deep = [deep, "x"]
    same = "a b " * 500
    for record in (
        {"messages": [{"role": "user", "content": "x"}] * 20_000},
        {"messages": [*range(20_000), {"role": "user", "content": "x"}]},
        {"messages": [{"role": "user", "content": "x"}], "deep": deep, "wide": dict.fromkeys(map(str, range(20_000)))},
        {"preferred_output": [{"role": "assistant", "content": same}],
         "non_preferred_output": [{"role": "assistant", "content": same.replace("a", "b a")}]},
    ):  # fmt: skip
        shown, raw = example(record)
        started = time.process_time()
        html = html_of(record_html(shown, raw, []))
        assert time.process_time() - started < 5
        Page(html)


@pytest.mark.parametrize("name", ["tools.jsonl", "support_chat_flawed.jsonl", "intents.train.jsonl"])
def test_every_finding_of_the_samples_is_shown(name: str) -> None:
    lines = (SAMPLES / name).read_bytes().split(b"\n")
    by_line: dict[int, list[Finding]] = {}
    for found in api.check(SAMPLES / name, isolated=True).findings:
        by_line.setdefault(found.line or 0, []).append(found)
    by_line.pop(0, None)
    assert by_line
    for number, found in by_line.items():
        raw = lines[number - 1]
        parsed = parsing.parse(raw)
        shown = example(parsed.value)[0] if isinstance(parsed.value, dict) else None
        parts = record_html(shown, raw, found)
        Page(html_of(parts))
        below = html_of(parts[1:])
        for item in found:
            placed = f">{item.code}</span>" in below
            said = item.pointer in ("", "/messages") and re.search("whole record|raw line", parts[0].html)
            assert placed or said or shown is None, (name, number, item.code, item.pointer)


def luminance(color: str) -> float:
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def pairs() -> Iterator[tuple[str, str]]:
    """Every colour of a text with every background that it may stand on."""
    grounds = [name for name in style.PALETTE if name.endswith("soft")]
    for ground in ("page", *grounds):
        yield "text", ground
        yield "quiet", ground
    for name in ("error", "warning", "info", "added", "removed", "token"):
        yield from product([name], ["page", "soft", f"{name}-soft"])
    yield from product(["info"], grounds)  # keys of JSON, in any mark


@pytest.mark.parametrize(("text", "ground"), list(pairs()))
def test_contrast_is_enough_in_light_and_dark(text: str, ground: str) -> None:
    for theme in (0, 1):
        behind = style.PAGE[theme] if ground == "page" else style.PALETTE[ground][theme]
        lights = sorted((luminance(style.PALETTE[text][theme]), luminance(behind)))
        assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5, (text, ground, theme)


def test_the_style_sheet_names_every_class() -> None:
    shown, raw = example(RECORD)
    html = html_of(record_html(shown, raw, [finding("/messages/0/content", span=(0, 1))], tokens=[1] * 4, limit=2))
    unstyled = {"cu-given", "cu-body", "cu-role-system", "cu-role-other"}
    for classes in re.findall(r'class="([^"]+)"', html):
        for name in classes.split():
            assert f".{name}" in style.STYLE or name in unstyled, name


def test_no_rule_of_the_style_sheet_takes_away_what_another_gives() -> None:
    """The same selector and property twice: the first had no effect."""
    given = [
        (selector.strip(), line.partition(":")[0].strip())
        for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", style.STYLE)
        for selector in selectors.split(",")
        for line in body.split(";")
        if line.strip()
    ]
    assert [pair for pair, count in Counter(given).items() if count > 1] == []


def test_a_change_of_a_long_line_is_shown_where_it_is(tmp_path: Path) -> None:
    line = b"".join(b'{"prompt": "%d", "text": "%s"}' % (n, b"caf\xc3\xa9 " * 500) for n in range(150))
    (tmp_path / "a.jsonl").write_bytes(line)
    accepted = accept(line, list(api.check(tmp_path / "a.jsonl", isolated=True, select=["FIL006"]).findings))
    found = line_pieces(line, accepted.raw, accepted.splices)
    assert [text for how, text in found if how != "same"] == ["\n"] * 149
    assert "".join(text for how, text in found if how != "added").encode() == line
    assert "49 more changes" in Page(diff_html(found)).shown


def test_a_change_whose_splices_nobody_knows_begins_and_ends_with_whole_characters() -> None:
    for old, new in (
        ("a caf\u00e9", "a caf\u00e8"),
        ("x \u00e9", "x \u0129"),
        ("", "\u00e9"),
        ("\u00e9", ""),
        ("same", "same"),
    ):
        found = line_pieces(old.encode(), new.encode())
        assert "".join(text for how, text in found if how != "added") == old
        assert "".join(text for how, text in found if how != "removed") == new
