"""Every output format from one report, held to golden files (UPDATE_GOLDEN=1 writes them anew)."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

import curator
from curator.api import check
from curator.catalogue import load
from curator.cli.main import main
from curator.model import Severity, Suppression
from curator.report import Failure, Report
from curator.reporters import FORMATS, PLAIN, Style, reporter
from curator.reporters.markdown import LIMIT
from curator.reporters.sarif import uri
from curator.spool import Findings

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.schema.json").read_text(encoding="utf-8"))
RULES = ("DAT001", "DUP001", "FIL001", "FIL004", "JSN001", "LAB007", "SCH001", "SCH003", "SCH004", "SEP002")
"""Of the golden files: new rules do not change them."""
CHAT = '{"messages": [{"role": "user", "content": "Say %d"}, {"role": "assistant", "content": "It is %d."}]}\n'


def written(report: Report, name: str, style: Style = PLAIN) -> str:
    stream = io.StringIO()
    reporter(name)(report, stream, style)
    return stream.getvalue()


def chats(count: int) -> str:
    return "".join(CHAT % (n, n) for n in range(count))


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A classification set with one finding of most kinds: with and without line, related place, fix, excerpt."""
    monkeypatch.chdir(tmp_path)
    rows = [f'{{"prompt": "Item {n} ->", "completion": " {("good", "bad")[n % 2]}"}}' for n in range(60)]
    rows[10] = '{"prompt": "Item 10 –>", "completion": " good"}'
    rows[20] = '{"prompt": "Item 4 ->", "completion": " bad"}'
    rows[31] = rows[33]
    rows += ["", '{"prompt": "x ->", "completion": " bad", "a": 1', '{"prompt": 5, "completion": " bad"}']
    (tmp_path / "train.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    role = '{"messages": [{"role": "%s", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}\n'
    roles = role % "bot" + role % "\u202e\\u001b[31m\\ud83d\\ude00"
    (tmp_path / "few.jsonl").write_bytes(roles.encode() + b'{"messages": "caf\xe9"}\n')
    (tmp_path / "clean.jsonl").write_text(chats(12))
    paths = ["train.jsonl", "few.jsonl", "clean.jsonl", "gone.jsonl"]
    return check(paths, isolated=True, token_stats=True, select=RULES)


@pytest.mark.parametrize("name", FORMATS)
def test_golden(report: Report, name: str) -> None:
    path = GOLDEN / f"{name}.txt"
    # What the cards say of a rule would make this a golden file of the cards.
    words = r'"(fullDescription|help)":\{(?:"\w+":"(?:[^"\\]|\\.)*",?)+\}'
    text = re.sub(words, r'"\1":…', written(report, name))
    text = re.sub(r'(?<="group":")(\w+):\w+', r"\1:…", text)
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


# --- the same place in all of them ---------------------------------------------------------------

PLACES: dict[str, Callable[[str], tuple[Any, ...]]] = {}


def seen_by(*names: str) -> Callable[[Callable[[str], tuple[Any, ...]]], Callable[[str], tuple[Any, ...]]]:
    def register(function: Callable[[str], tuple[Any, ...]]) -> Callable[[str], tuple[Any, ...]]:
        PLACES.update(dict.fromkeys(names, function))
        return function

    return register


@seen_by("concise", "full", "grouped", "junit", "markdown")
def in_text(text: str) -> tuple[Any, ...]:
    found = re.search(r"(?m)^.*?(t\.jsonl):(\d+):(\d+): (?!$)", text)
    assert found
    return found[1], int(found[2]), int(found[3])


@seen_by("json", "json-lines")
def in_json(text: str) -> tuple[Any, ...]:
    (line,) = (line for line in text.splitlines() if '"code":' in line and '"record":' in line)
    finding = json.loads(line.strip().rstrip(",").removesuffix("]"))
    return finding["path"], finding["line"], finding["column"], finding["end_column"]


@seen_by("github")
def in_github(text: str) -> tuple[Any, ...]:
    found = re.match(r"::error file=([^,]+),line=(\d+),col=(\d+),endColumn=(\d+),title=", text)
    assert found
    return found[1], *map(int, found.groups()[1:])


@seen_by("gitlab")
def in_gitlab(text: str) -> tuple[Any, ...]:
    (issue,) = json.loads(text)
    return issue["location"]["path"], issue["location"]["lines"]["begin"]


@seen_by("sarif")
def in_sarif(text: str) -> tuple[Any, ...]:
    (result,) = json.loads(text)["runs"][0]["results"]
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    region = physical["region"]
    return physical["artifactLocation"]["uri"], region["startLine"], region["startColumn"], region["endColumn"]


WIDE = '{"messages": [{"content": "\U0001f600é日", "role": "bot"}, {"role": "assistant", "content": "x"}]}\n'


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("data", "rule", "place"),
    [
        ("5\n" + chats(12), "JSN002", ("t.jsonl", 1, 1, 2)),
        # Code points, not bytes and not UTF-16: the emoji, the é and the 日 are one column each.
        (chats(12) + WIDE, "SCH004", ("t.jsonl", 13, WIDE.index('"bot"') + 1, WIDE.index('"bot"') + 6)),
    ],
)
def test_every_format_points_at_the_same_place(
    name: str, data: str, rule: str, place: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.jsonl").write_text(data, encoding="utf-8")
    seen = PLACES[name](written(check("t.jsonl", isolated=True, select=rule), name))
    assert seen == place[: len(seen)]


# --- hostile data ------------------------------------------------------------------------------------

EVIL = (
    "evil\n::error::x", "evil]]>x", "evil<script>alert(1)", "evil|a|b", "evil``x```", "evil\x1b[2J\x9b31m",
    "evil\u202ex", "evil ![i](h://e/p.png)[l](h://e)", "evil @octocat #1 h://e.x www.e.x", "evil\r\n##[error]x",
    "evil%0A::stop-commands::x", "evil&amp;\"'{0}", "\ud83dvil evil", "evil\x00\ufffe\uffff", "evil " + "`" * 40,
)  # fmt: skip
SECRET = "sk-live-4eC39HqLyjWDarjtT1zdp7dc"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Files with hostile names, in which every role and one key is hostile, and a secret stands in each text."""
    folder = tmp_path_factory.mktemp("hostile")
    text = f"{'quiet words ' * 10}{SECRET}{' more words' * 10}"
    rows = chats(12)
    for evil in EVIL:
        turns = [{"role": evil, "content": text}, {"role": "assistant", "content": text}]
        rows += json.dumps({"messages": turns, evil: text}) + "\n"
    rows += json.dumps({"k" * 1_000_000: 1, "messages": text}) + "\n"
    rows += '{"messages": [{"role": "%s", "content": "%s"}]}\n' % ("r" * 1_000_000, "x" * 1_000_000)  # noqa: UP031
    names = [
        "::error::evil.jsonl",
        "evil\nx::error::x.jsonl",
        "evil]]><script>@octocat|`a`[l](h).jsonl",
        "evil\x1b[2J\u202e.jsonl",
    ]
    for name in names:
        (folder / name).write_text(rows, encoding="utf-8")
    raw = os.fsencode(folder) + b"/evil\xff\xed\xa0\xbd.jsonl"
    with open(raw, "w", encoding="utf-8") as file:
        file.write(rows)
    paths = [os.fspath(folder / name) for name in names] + [os.fsdecode(raw), "evil\n::error::gone"]
    found = check(paths, isolated=True)
    found.failures.append(Failure("evil\n::error", 3, "", "evil\n::error::]]>`x`<script>\x1b[2J\udcff"))
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_data_acts_nowhere_and_secrets_stay(hostile: Report, name: str) -> None:
    text = written(hostile, name)
    text.encode("utf-8")
    assert all(line.isprintable() for line in text.split("\n")), "nothing that a terminal acts on"
    assert "evil" in text
    assert SECRET[:12] not in text, "further than 20 characters from any span"
    if "json" not in name:  # pointers and edits are for programs, and whole
        assert max(map(len, text.split("\n"))) < 3_000 or name == "sarif"
        assert "k" * 300 not in text


def test_hostile_data_stays_data_in_xml(hostile: Report) -> None:
    root = ET.fromstring(written(hostile, "junit"))
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "system-out",
    }  # fmt: skip
    assert len(root) == 6, "five files, and what could not be done"


def test_hostile_data_stays_data_in_markdown(hostile: Report) -> None:
    text = written(hostile, "markdown")
    outside = re.sub(r"(?ms)^(`{3,})text\n.*?\n\1$", "", text)
    outside = re.sub(r"`[^`\n]*`", "", outside)
    assert "evil" not in outside
    assert not set(outside) & set("@[]#\\") - {"#"}
    assert outside.count("#") == 2, "the title's"
    assert re.findall(r"<[^>]*>", outside) == ["<details>", "<summary>", "</summary>", "</details>"]
    for table in re.findall(r"(?m)(?:^\|.*\n)+", text):
        assert len({row.count("|") for row in table.splitlines()}) == 1


def test_hostile_data_is_no_workflow_command(hostile: Report) -> None:
    text = written(hostile, "github")
    for line in text.splitlines():
        if line.startswith("::"):
            found = re.fullmatch(r"::(error|warning|notice) (file=[^,:]*,)?(\w+=[^,:]*,)*title=[^,:]*::.*", line)
            assert found, line
        else:
            assert not line.lstrip().startswith("::")
            assert "##[" not in line


def test_hostile_data_stays_data_in_sarif(hostile: Report) -> None:
    log = json.loads(written(hostile, "sarif"))
    jsonschema.validate(log, SCHEMA)
    for result in log["runs"][0]["results"]:
        where = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"file:///[A-Za-z0-9/._~%-]+", where)
        links = re.findall(r"(?<!\\)\[.*?\]\(.*?\)", result["message"]["text"])
        assert all(re.fullmatch(r"\[see .*\]\(1\)", link) for link in links)


# --- each format ---------------------------------------------------------------------------------------


def test_quiet_leaves_the_summary_out(report: Report) -> None:
    assert len(written(report, "concise", Style(quiet=True)).splitlines()) == len(report.findings)


def test_wide_characters_are_marked_as_wide_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    row = '{"messages": [{"role": "user", "content": "東京"}, {"role": "assistant", "content": "x"}], "鍵": 1}\n'
    Path("t.jsonl").write_text(chats(12) + row, encoding="utf-8")
    lines = written(check("t.jsonl", isolated=True, select="SCH003"), "full").splitlines()
    assert lines[1].endswith('"鍵": 1}')
    assert lines[2].endswith("^^^^"), "two quotes, and a character that takes two columns"


def test_json_lines_says_what_each_line_is(report: Report) -> None:
    lines = [json.loads(line) for line in written(report, "json-lines").splitlines()]
    document = json.loads(written(report, "json"))
    kinds = [line.pop("type") for line in lines]
    for kind, key in (
        ("input", "inputs"),
        ("finding", "findings"),
        ("not_checked", "not_checked"),
        ("error", "errors"),
    ):
        assert [line for line, name in zip(lines, kinds, strict=True) if name == kind] == document[key]
    assert kinds[-1] == "summary"
    assert lines[-1] == {"version": 1, "tool": document["tool"], **document["summary"]}


def test_github_annotates_each_rule_once_the_worst_first(report: Report) -> None:
    text = written(report, "github")
    annotations = [line for line in text.splitlines() if line.startswith("::")]
    levels = [line[2:].split(" ")[0] for line in annotations]
    assert levels == sorted(levels), "errors before warnings"
    titles = [re.search(r"title=([A-Z]{3}\d{3}) ", line) for line in annotations]
    assert sorted(found[1] for found in titles if found) == sorted(report.findings.by_code)
    assert "::error file=gone.jsonl,title=curator%3A not everything could be checked::" in text
    assert "98%25 of the prompts" in text
    (twice,) = (line for line in annotations if "SCH004" in line)
    assert "%0Aand 1 more: curator check --select SCH004 lists them" in twice
    (whole,) = (line for line in annotations if "DAT001" in line)
    assert "line=" not in whole
    assert text.splitlines()[-1].startswith("Found ")


def test_github_shows_info_as_a_notice(report: Report) -> None:
    mild = Findings()
    mild.add([replace(finding, severity=Severity.INFO) for finding in report.findings])
    text = written(Report(report.inputs, mild, [], []), "github")
    assert text.count("::notice ") == len(mild.by_code)


def fingerprints(paths: str | list[str]) -> dict[str, list[str]]:
    """By format, in order; and each is there but once."""
    report = check(paths, isolated=True)
    gitlab = [issue["fingerprint"] for issue in json.loads(written(report, "gitlab"))]
    results = json.loads(written(report, "sarif"))["runs"][0]["results"]
    sarif = [result["partialFingerprints"]["curatorFinding/v1"] for result in results]
    assert len(set(gitlab)) == len(gitlab)
    assert sarif == gitlab
    return {"gitlab": gitlab, "sarif": sarif}


def test_fingerprints_are_unique_and_stay_when_lines_are_inserted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = '{"messages": [{"role": "bot", "content": "a"}, {"role": "bot", "content": ""}], "x": 1, "y": 2}\n'
    path = Path("t.jsonl")
    path.write_text(chats(12) + bad + "{\n{\n" + bad + bad)
    Path("u.jsonl").write_text(chats(12) + bad)
    before = fingerprints("t.jsonl")["gitlab"]
    assert len(before) > 12
    assert before == fingerprints("t.jsonl")["gitlab"]
    path.write_text("\n" + CHAT % (99, 99) + path.read_text())
    after = fingerprints("t.jsonl")["gitlab"]
    assert set(before) < set(after), "one more, of the blank line"
    assert set(after) < set(fingerprints(["t.jsonl", "u.jsonl"])["gitlab"])


def test_gitlab_has_what_the_merge_request_needs(report: Report) -> None:
    issues = json.loads(written(report, "gitlab"))
    assert len(issues) == len(report.findings)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1


def test_sarif_keeps_to_its_schema_and_says_what_it_knows(report: Report) -> None:
    text = written(report, "sarif")
    log = json.loads(text)
    jsonschema.validate(log, SCHEMA)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(report.findings.by_code)
    assert all(rule["help"]["markdown"].startswith(f"# {rule['id']} ") for rule in rules)
    assert run["columnKind"] == "unicodeCodePoints"
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    levels = [note["level"] for note in invocation["toolExecutionNotifications"]]
    assert levels == ["error", *["note"] * len(report.not_checked)]
    assert [item["location"]["uri"] for item in run["artifacts"]] == ["train.jsonl", "few.jsonl", "clean.jsonl"]
    results = {result["ruleId"]: result for result in run["results"]}
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])

    def region(code: str) -> Any:
        return results[code]["locations"][0]["physicalLocation"].get("region")

    assert region("DAT001") is None, "the whole dataset"
    assert region("FIL001") == {"startLine": 3}, "columns of a line that does not decode are bytes"
    assert region("SEP002") == {"startLine": 11, "startColumn": 20, "endColumn": 23}
    (related,) = results["DUP001"]["relatedLocations"]
    assert related["physicalLocation"]["region"] == {"startLine": 32}
    assert results["DUP001"]["message"]["text"].endswith("[see line 32](1)")


def test_sarif_tells_a_fix_where_columns_can_tell_it(report: Report) -> None:
    results = json.loads(written(report, "sarif"))["runs"][0]["results"]
    lines = Path("train.jsonl").read_text(encoding="utf-8").split("\n")
    fixes = {result["ruleId"]: result["fixes"][0] for result in results if "fixes" in result}
    assert set(fixes) == {"SCH004", "SEP002"}, "to drop a line is no replacement of a finding's columns"
    (change,) = fixes["SEP002"]["artifactChanges"]
    (edit,) = change["replacements"]
    region = edit["deletedRegion"]
    line = lines[region["startLine"] - 1]
    mended = line[: region["startColumn"] - 1] + edit["insertedContent"]["text"] + line[region["endColumn"] - 1 :]
    assert mended == '{"prompt": "Item 10 ->", "completion": " good"}'


def test_sarif_names_a_rule_whose_card_is_not_at_hand(report: Report) -> None:
    own = Findings()
    own.add([replace(finding, code="ACM001") for finding in report.findings])
    run = json.loads(written(Report([], own, [Failure("", 0, "ACM001", "x")], []), "sarif"))["runs"][0]
    assert run["tool"]["driver"]["rules"] == [{"id": "ACM001"}]
    notice = run["invocations"][0]["toolExecutionNotifications"][0]
    assert notice["associatedRule"] == {"id": "ACM001", "index": 0}
    card = load().rules["SEP002"]
    run = json.loads(written(Report([], own, [], []), "sarif", Style(rules={"ACM001": card})))["runs"][0]
    assert run["tool"]["driver"]["rules"][0]["name"] == card.name


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/a b.jsonl", "data/a%20b.jsonl"),
        ("./data/../a.jsonl", "a.jsonl"),
        ("50%#?.jsonl", "50%25%23%3F.jsonl"),
        ("a:b.jsonl", "a%3Ab.jsonl"),
        ("日.jsonl", "%E6%97%A5.jsonl"),
        ("\udcff.jsonl", "%FF.jsonl"),
        ("\ud83d.jsonl", "%ED%A0%BD.jsonl"),
        ("<stdin>", "%3Cstdin%3E"),
        ("/data/a.jsonl", "file:///data/a.jsonl"),
    ],
)
def test_sarif_writes_paths_as_references(path: str, expected: str) -> None:
    assert uri(path) == expected


@pytest.mark.parametrize(("severity", "red"), [("error", True), ("warning", False), ("info", False)])
def test_junit_is_red_exactly_where_the_exit_code_is_1(
    severity: str, red: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.jsonl").write_text(chats(12) + "{\n" * 30)
    Path("clean.jsonl").write_text(chats(12))
    report = check(["t.jsonl", "clean.jsonl"], isolated=True, select="JSN001", severity={"JSN001": severity})
    assert report.exit_code() == red
    root = ET.fromstring(written(report, "junit"))
    assert bool(root.findall(".//failure")) == red
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root] == [
        ("t.jsonl", "1", str(int(red))), ("clean.jsonl", "1", "0"),
    ]  # fmt: skip
    listing = (root.find(".//failure" if red else ".//system-out")).text or ""
    assert listing.splitlines()[0].startswith("t.jsonl:13:")
    assert "and 10 more: --select JSN001 --output-format concise" in listing


def test_junit_shows_what_could_not_be_done(report: Report) -> None:
    root = ET.fromstring(written(report, "junit"))
    assert [error.get("message") for error in root.findall(".//error")] == ["gone.jsonl: no such file"]


def test_markdown_stays_short_whatever_there_is(report: Report) -> None:
    (first, *_) = report.findings
    many = Findings()
    for number in range(300):
        path = f"{'日' * 200}{number}.jsonl"
        code = f"ACM{number:03}"
        many.add(
            [replace(first, code=code, name="n" * 200, path=path, message="日" * 500, line=n) for n in range(1, 5)]
        )
    inputs = [replace(report.inputs[0], path=f"{'日' * 200}{number}.jsonl") for number in range(300)]
    failures = [Failure("", 0, "", "日" * 1000)] * 100
    text = written(Report(inputs, many, failures, report.not_checked * 10), "markdown")
    assert 30_000 < len(text.encode()) < LIMIT < 65_536
    for what in ("more rules are hidden", "more files are hidden", "and 90 more", "more rules have no samples here"):
        assert what in text
    assert text.endswith("</details>\n")


@pytest.mark.parametrize("name", FORMATS)
def test_suppressed_findings_are_marked_or_left_out(report: Report, name: str) -> None:
    count = len(report.findings)
    report.accept(Suppression("known\x1b[2J", "ann", "2025-01-02T03:04:05Z"))
    text = written(report, name)
    if name in ("json", "json-lines"):
        findings = [json.loads(line.strip(" ,]")) for line in text.splitlines() if '"record":' in line]
        assert [f["suppressed"]["who"] for f in findings] == ["ann"] * count
    elif name == "sarif":
        jsonschema.validate(json.loads(text), SCHEMA)
        run = json.loads(text)["runs"][0]
        expected = [{"kind": "external", "status": "accepted", "justification": "known\\x1b[2J"}]
        assert [result["suppressions"] for result in run["results"]] == [expected] * count
        assert {result["ruleId"] for result in run["results"]} == {
            rule["id"] for rule in run["tool"]["driver"]["rules"]
        }
    else:
        assert "SEP002" not in text
        assert f"{count} suppressed" in text or name in ("gitlab", "junit")
    if name == "junit":
        assert not ET.fromstring(text).findall(".//failure")


# --- --max-findings and --statistics ---------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_what_max_findings_hides_is_said_and_counted(report: Report, name: str) -> None:
    text = written(report, name, Style(max_findings=2))
    count = len(report.findings)
    if name in ("concise", "full"):
        assert f"and {count - 2} more, which a higher --max-findings shows" in text
    elif name == "json":
        document = json.loads(text)
        assert (len(document["findings"]), document["summary"]["hidden"]) == (2, count - 2)
        assert sum(document["summary"]["by_code"].values()) == count
    elif name == "json-lines":
        lines = [json.loads(line) for line in text.splitlines()]
        assert sum(line["type"] == "finding" for line in lines) == 2
        assert lines[-1]["hidden"] == count - 2
    elif name == "sarif":
        run = json.loads(text)["runs"][0]
        jsonschema.validate(json.loads(text), SCHEMA)
        assert len(run["results"]) == 2
        assert (
            f"{count - 2} more findings" in run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]
        )
    elif name == "github":
        assert len(re.findall(r"(?m)^::\w+ .*title=[A-Z]{3}\d", text)) == 2
        assert "no annotation, because of --max-findings: " in text
    elif name == "grouped":
        assert len(re.findall(r"(?m)^  \S+\.jsonl", text)) == 2
        assert "  1 more: --select SEP002 --output-format concise" in text
    elif name == "markdown":
        assert text.count("```text") == 3, "failures, what was not checked, two samples of one rule"
        assert "more rules have no samples here, because of --max-findings" in text
    elif name == "gitlab":
        assert len(json.loads(text)) == 2  # the command says it on standard error
    else:
        assert len(ET.fromstring(text).findall(".//failure")) == 7, "a cut must turn no test green"
    if name in ("concise", "full", "grouped", "github"):
        assert "Found 8 errors, 2 warnings." in text


def test_the_command_says_what_gitlab_cannot(report: Report, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "few.jsonl", "--isolated", "--output-format", "gitlab", "--max-findings", "1"]) == 1
    output = capfd.readouterr()
    assert len(json.loads(output.out)) == 1
    assert "more findings are left out; a higher --max-findings shows them" in output.err


def statistics(capfd: pytest.CaptureFixture[str], *flags: str) -> str:
    main(["check", "train.jsonl", "few.jsonl", "--isolated", "--select", ",".join(RULES), "--statistics", *flags])
    return capfd.readouterr().out


def test_statistics_count_each_rule(report: Report, capfd: pytest.CaptureFixture[str]) -> None:
    lines = statistics(capfd).splitlines()
    assert lines[0] == "2  SCH004  [*]  unknown-role"
    assert "1  SEP002  [*]  inconsistent-separator" in lines
    assert lines[-1].startswith("Found 8 errors")
    assert statistics(capfd, "--output-format", "full").splitlines() == lines
    assert len(statistics(capfd, "--quiet").splitlines()) == len(report.findings.by_code)


def test_statistics_as_json(report: Report, capfd: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(statistics(capfd, "--output-format", "json"))
    assert rows[0] == {"code": "SCH004", "name": "unknown-role", "severity": "error", "count": 2, "fixable": 1}
    assert {row["code"]: row["count"] for row in rows} == dict(report.findings.by_code)


def test_statistics_in_another_format_are_a_usage_error(report: Report, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "train.jsonl", "--statistics", "--output-format", "sarif"]) == 2
    assert capfd.readouterr().err == "error: --statistics are text or json, not sarif\n"


# --- the contract of `json` --------------------------------------------------------------------------------

TEXT = {"type": "string"}
OPTIONAL = {"type": ["string", "null"]}
COUNT = {"type": "integer", "minimum": 0}


def exactly(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def test_the_json_keeps_its_contract(report: Report) -> None:
    """The shape that DESIGN.md promises, key for key."""
    span = {"type": ["array", "null"], "items": COUNT}
    place = exactly(path=TEXT, line={"type": "integer"}, pointer=TEXT)
    tokens = {"anyOf": [{"type": "null"}, exactly(total=COUNT, max=COUNT, p50=COUNT, p95=COUNT)]}
    conventions = exactly(
        task=OPTIONAL, separators={"items": TEXT}, stop=OPTIONAL, labels={"type": "object"},
        shares=exactly(separators={"items": {"type": "number"}}, stop={"type": ["number", "null"]}),
        sampled=COUNT, pinned={"items": TEXT},
    )  # fmt: skip
    fix = {"anyOf": [{"type": "null"}, exactly(
        title=TEXT, safety={"enum": ["safe", "unsafe", "suggestion"]}, edits={"items": {"required": ["op"]}},
    )]}  # fmt: skip
    suppressed = {"anyOf": [{"type": "null"}, exactly(reason=TEXT, who=TEXT, when=TEXT)]}
    finding = exactly(
        code=TEXT, name=TEXT, severity={"enum": ["error", "warning", "info"]}, message=TEXT, values={"type": "object"},
        path=TEXT, line={"type": ["integer", "null"]}, column=COUNT, end_column=COUNT, pointer=TEXT,
        at={"enum": ["value", "key", "line"]}, span=span, inner=OPTIONAL, record=OPTIONAL, group=OPTIONAL,
        split=OPTIONAL, related={"items": place}, fix=fix, suppressed=suppressed, url=TEXT,
    )  # fmt: skip
    whole = exactly(
        version={"const": 1}, tool=exactly(name={"const": "curator"}, version={"const": curator.__version__}),
        inputs={"items": exactly(
            path=TEXT, dataset=TEXT, split=TEXT, format=OPTIONAL, target=TEXT, model=OPTIONAL, bytes=COUNT,
            records=COUNT, unreadable=COUNT, conventions=conventions, tokens=tokens,
        )},
        summary=exactly(
            error=COUNT, warning=COUNT, info=COUNT, suppressed=COUNT, fixable=COUNT, hidden=COUNT,
            by_code={"additionalProperties": COUNT},
        ),
        findings={"items": finding},
        not_checked={"items": exactly(what=TEXT, why=TEXT)},
        errors={"items": exactly(message=TEXT, path=OPTIONAL, line={"type": ["integer", "null"]}, code=OPTIONAL)},
    )  # fmt: skip
    document = json.loads(written(report, "json"))
    jsonschema.validate(document, whole)
    assert sum(document["summary"]["by_code"].values()) == len(document["findings"]) == len(report.findings)


# --- docs/outputs.md -----------------------------------------------------------------------------------------

PAGE = (Path(__file__).parent.parent / "docs" / "outputs.md").read_text(encoding="utf-8")
SAMPLES = re.findall(r"```console\n\$ curator (check .*)\n((?:(?!```).*\n)*)```", PAGE)


def test_the_page_shows_every_format() -> None:
    assert re.findall(r"(?m)^\| `([a-z-]+)` \|", PAGE) == re.findall(r"(?m)^## ([a-z-]+)$", PAGE)
    assert sorted(re.findall(r"(?m)^## ([a-z-]+)$", PAGE)) == sorted(FORMATS)
    assert {name for command, _ in SAMPLES for name in re.findall(r"--output-format (\S+)", command)} == set(FORMATS)


@pytest.mark.parametrize(("command", "sample"), SAMPLES)
def test_the_page_shows_real_output(
    command: str, sample: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent / "sample_data")
    main(command.split())
    pattern = ".*?".join(map(re.escape, sample.split("…")))
    assert re.fullmatch(pattern, capfd.readouterr().out, re.DOTALL)
