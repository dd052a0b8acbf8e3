"""`curator convert`: real files of every kind in, whole files out, every record accounted for."""

from __future__ import annotations

import datetime
import errno
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.cli.main import main
from curator.conversion import kinds, run
from curator.conversion.output import Output
from curator.errors import UsageError
from curator.opening import Spools
from curator.writing import temporary_for

CHAT = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def convert(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command; what comes back is the exit code, the records that were written, and what was said."""

    def run(*arguments: str, out: str = "out.jsonl") -> tuple[int, list[Any], str]:
        given = list(arguments)
        code = main(["convert", given[0], out, *given[1:]])
        said = capsys.readouterr()
        assert said.out == ""
        assert not [name for name in os.listdir() if name.endswith("tmp")]
        return code, records(out) if code == 0 else [], said.err

    return run


def records(path: str) -> list[Any]:
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def dialogs(made: list[Any]) -> list[list[str]]:
    """The texts of each record's messages."""
    return [[message["content"] for message in record["messages"]] for record in made]


def write(path: str, text: str, encoding: str = "utf-8") -> None:
    Path(path).write_bytes(text.encode(encoding))


def sheet(path: str, **sheets: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)


# --- CSV and TSV -------------------------------------------------------------------------------


def test_a_table_is_mapped_by_its_names_and_says_so(convert: Any) -> None:
    write("faq.csv", "Question,Answer\nHow?,So.\n")
    code, made, said = convert("faq.csv")
    assert (code, dialogs(made)) == (0, [["How?", "So."]])
    assert "faq.csv: prompt <- Question, completion <- Answer   (change it with --map prompt=COLUMN" in said
    assert said.endswith("faq.csv: 1 row in; out.jsonl: 1 out as openai-chat, 0 rejected\n")


def test_windows_1252_with_semicolons_quotes_and_line_breaks(convert: Any) -> None:
    write("faq.csv", 'Frage;Antwort\r\n"Was kostet\r\n""es""?";"10 € – für\nalle"\r\nWo?;\r\n', "cp1252")
    code, _, said = convert("faq.csv", "--map", "prompt=Frage,completion=Antwort")
    assert code == 1
    assert "is not UTF-8: read as Windows-1252" in said
    assert "the cells are separated by ';'" in said
    assert "faq.csv:5: the completion is empty (column 'Antwort')" in said  # the line, though a row before spans three
    code, made, _ = convert("faq.csv", "--map", "prompt=Frage,completion=Antwort", "--skip")
    assert (code, dialogs(made)) == (0, [['Was kostet\r\n"es"?', "10 € – für\nalle"]])
    assert records("out.rejected.jsonl") == [{"Frage": "Wo?", "Antwort": None}]


def test_text_stays_as_it_stands_in_the_cell(convert: Any) -> None:
    write("labels.csv", "text,label\n NA ,1\nnull,1.0\n1e5,007\n-,TRUE\n2026-03-05,NaN\n")
    code, made, _ = convert("labels.csv")
    assert code == 0
    assert dialogs(made) == [[" NA ", "1"], ["null", "1.0"], ["1e5", "007"], ["-", "TRUE"], ["2026-03-05", "NaN"]]


def test_ragged_rows_are_named_and_nothing_shifts(convert: Any) -> None:
    write("faq.csv", 'question,answer\n1,a\n2\n3,"x,y",z\n4,b,\n\n,\n5,e,f,g,h\n6,d\n')
    code, _, said = convert("faq.csv")
    assert code == 1
    assert "faq.csv:3: the row has 1 cell, the header 2" in said
    assert "faq.csv:4: the row has 3 cells, the header 2" in said
    assert "faq.csv:8: the row has 5 cells, the header 2" in said
    assert "error: nothing is written: 3 of 6 rows cannot be carried over" in said
    assert not os.path.exists("out.jsonl")
    code, made, said = convert("faq.csv", "--skip")
    assert (code, dialogs(made)) == (0, [["1", "a"], ["4", "b"], ["6", "d"]])
    assert "faq.csv: 2 blank rows passed over" in said
    assert "faq.csv: 6 rows in; out.jsonl: 3 out as openai-chat, 3 rejected; they are in out.rejected.jsonl" in said
    assert records("out.rejected.jsonl") == [
        {"question": "2"},
        {"question": "3", "answer": "x,y", "column 3": "z"},
        {"question": "5", "answer": "e", "column 3": "f", "column 4": "g", "column 5": "h"},
    ]


@pytest.mark.parametrize(
    ("name", "text", "arguments", "complaint"),
    [
        ("a.csv", "answer,question,answer\nx,y,z\n", [], "a.csv: two columns are called 'answer' (1 and 3)"),
        ("a.csv", 'question,answer\na,b\nc,"d\ne,f\n', [], "a.csv:3: a quote that opens in this row is never closed"),
        ("a.csv", 'question,answer\na,b\nc,"d" e\n', [], "a.csv:3: a cell goes on behind the quote that closes it"),
        ("a.tsv", 'question\tanswer\na\t"b\nc"\nd\t"e" f\n', [], "a.tsv:4: a cell goes on behind the quote"),
        ("a.csv", "question,answer\n", [], "a.csv: holds no rows"),
        ("a.csv", "", [], "a.csv: is empty"),
        ("a.csv", " \n\n", [], "a.csv: is empty"),
        ("a.csv", "sep=;\n;\n", [], "a.csv: holds no row with anything in it"),
        ("a.csv", 'sep=;\nquestion;answer\nc;"d\n', [], "a.csv:3: a quote that opens in this row is never closed"),
        ("a.csv", "a,b\nc,d\n", [], "--map prompt=COLUMN,completion=COLUMN does (columns, by the first row: 'a', 'b')"),
        ("a.csv", "a,b\nc,d\n", ["--map", "prompt=q"], "there is no column 'q' (columns: 'a', 'b')"),
        ("a.csv", "question,b\nc,d\n", ["--map", "prompt=quesion"], "did you mean 'question'?"),
        ("a.csv", "a,b\nc,d\n", ["--map", "promt=a"], "there is no field 'promt'; did you mean 'prompt'?"),
        ("a.csv", "a,b\nc,d\n", ["--map", "prompt=a,prompt=b"], "'prompt' is mapped twice"),
        ("a.csv", "a,b\nc,d\n", ["--map", "a"], "'a' is not FIELD=COLUMN"),
        ("a.csv", "a,b\nc,d\n", ["--encoding", "klingon"], "unknown encoding 'klingon'"),
        ("a.csv", "a,b\nü,d\n", ["--encoding", "ascii"], "a.csv: does not decode as ascii (byte 4)"),
        ("a.csv", "a,b\nc,d\n", ["--delimiter", "::"], "'::' is not one ASCII character"),
        ("a.csv", "a\u00a7b\nc\u00a7d\n", ["--delimiter", "\u00a7"], "is not one ASCII character that can part cells"),
        ("a.csv", "a,b\nc,d\n", ["--delimiter", "\\n"], r"'\n' is not one ASCII character that can part cells"),
        ("a.csv", "a,b\nc,d\n", ["--sheet", "x"], "--sheet goes with xlsx files; a.csv is read as csv"),
        (
            "a.dat",
            "a,b\nc,d\n",
            [],
            "a.dat: its name does not say what it is: --from json|csv|tsv|xlsx|parquet|txt does",
        ),
        ("a.xls", "x", [], "is an old Excel workbook, which is not read: save it as .xlsx"),
        ("a.xlsx", "x", [], "a.xlsx: cannot be read as an Excel workbook"),
        ("a.parquet", "x", [], "a.parquet: cannot be read as Parquet"),
        ("a.jsonl", "question,answer\nx,y\n", [], "a.jsonl: holds no JSON; --from says what it is"),
        ("a.jsonl", "\n", [], "a.jsonl: is empty"),
        ("a.jsonl", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", [], "is a Git LFS pointer"),
        ("a.jsonl", '{"q": 1, "\\u001b[2J": 2}\n', [], r"(columns: 'q', '\x1b[2J')"),
        ("a.jsonl", '{"chosen_messages": []}\n', [], "llamafactory-v1 is a format that cannot be converted"),
        ("a.json", '{"n": 1, "data": [{"q": "a"}]}', [], "is one object, whose 'data' holds a list of records"),
        ("a.json", '[{"n": 1, "data": [{}]}, {}]', [], "the names do not say which column is what"),
        ("a.txt", " \n", [], "a.txt: is empty"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(
    convert: Any, name: str, text: str, arguments: list[str], complaint: str
) -> None:
    write(name, text)
    code, _, said = convert(name, *arguments)
    assert code == 2
    assert complaint in said.splitlines()[-1]
    assert not os.path.exists("out.jsonl")


def test_quotes_between_tabs_are_text_where_each_line_is_a_row_then(convert: Any) -> None:
    note = "a.tsv: quotes are read as part of the texts"
    write("a.tsv", 'question\tanswer\n"Go" he said\tx\n\n"open\ty\nfine\t"z"\n')
    code, made, said = convert("a.tsv")
    assert (code, dialogs(made)) == (0, [['"Go" he said', "x"], ['"open', "y"], ["fine", '"z"']])
    assert note in said
    write("a.tsv", 'question\tanswer\n"open\tx\nover"\ty\n')
    assert dialogs(convert("a.tsv", "--force")[1]) == [['"open', "x"], ['over"', "y"]]
    write("a.tsv", 'question\tanswer\n"two\nlines"\t"a ""b"""\n"plain"\ty"\n')
    _, made, said = convert("a.tsv", "--force")
    assert dialogs(made) == [["two\nlines", 'a "b"'], ["plain", 'y"']]
    assert note not in said


@pytest.mark.parametrize(
    ("name", "first", "delimiter"),
    [
        ("a.csv", "sep=;\r\n", ";"),
        ("a.csv", "\ufeffsep=,\n", ","),
        ("a.csv", '"SEP=|"\n', "|"),
        ("a.csv", "sep=^\n", "^"),
        ("a.tsv", "sep=;\n", ";"),
        ("a.tsv", "sep=\t\n", "\t"),
    ],
)
def test_the_first_line_that_names_the_delimiter_for_excel_is_no_header(
    convert: Any, name: str, first: str, delimiter: str
) -> None:
    write(name, first + 'question;answer\na;"b ""c"""\n;\nd;e;f\n'.replace(";", delimiter))
    code, made, said = convert(name, "--skip")
    assert (code, dialogs(made)) == (0, [["a", 'b "c"']])
    assert f"{name}:5: the row has 3 cells, the header 2" in said
    assert ("as its first line says" in said) == (delimiter not in (",", "\t"))


def test_a_delimiter_that_is_given_overrules_the_first_line(convert: Any) -> None:
    write("a.csv", "sep=;\nquestion|answer\na;b|c\n")
    assert dialogs(convert("a.csv", "--delimiter", "|")[1]) == [["a;b", "c"]]
    write("a.csv", "sep=;x,question\na,b\n")
    assert dialogs(convert("a.csv", "--force", "--map", "prompt=question,completion=sep=;x")[1]) == [["b", "a"]]


def test_bytes_that_no_usual_encoding_has_are_named(convert: Any) -> None:
    Path("a.csv").write_bytes(b"question,answer\nx,\x81\n")
    assert "is neither UTF-8 nor Windows-1252; --encoding NAME says what it is (byte 18)" in convert("a.csv")[2]
    assert convert("a.csv", "--encoding", "latin-1")[0] == 0


def test_a_broken_byte_does_not_turn_a_file_into_windows_1252(convert: Any) -> None:
    Path("a.csv").write_bytes("question,answer\nä,ö\nü,".encode() + b"\xe4\n")
    assert "is UTF-8 with a broken byte in it: mend it, or give --encoding cp1252 (byte 25)" in convert("a.csv")[2]
    write("b.csv", "\ufeffquestion,answer\nä,ö\n")
    assert dialogs(convert("b.csv", "--encoding", "utf8")[1]) == [["ä", "ö"]]


def test_utf_16_tabs_and_packed_tables(convert: Any) -> None:
    write("a.csv", "question\tanswer\nä\tö\n", "utf-16")
    assert dialogs(convert("a.csv")[1]) == [["ä", "ö"]]
    write("b.tsv", '\ufeffquestion\tanswer\n"a;b"\tc,d\n')
    assert dialogs(convert("b.tsv", "--force")[1]) == [["a;b", "c,d"]]
    Path("c.csv.gz").write_bytes(gzip.compress(b"question,answer\nx,y\n"))
    assert dialogs(convert("c.csv.gz", "--force")[1]) == [["x", "y"]]
    Path("d.jsonl.zst").write_bytes(zstandard.compress(CHAT.encode()))
    assert dialogs(convert("d.jsonl.zst", "--force")[1]) == [["Hi", "Hello"]]


def test_columns_of_a_format_and_a_map_that_says_some(convert: Any) -> None:
    write("a.csv", "instruction,input,output\nTranslate,Haus,house\nSay hi,,hi\n")
    assert dialogs(convert("a.csv")[1]) == [["Translate\nHaus", "house"], ["Say hi", "hi"]]
    write("b.csv", '"Question, short",Reply,System Prompt\na,b,S\nc,d,\n')
    code, made, said = convert("b.csv", "--force", "--map", "prompt=Question, short")
    assert (code, dialogs(made)) == (0, [["S", "a", "b"], ["c", "d"]])
    assert "prompt <- Question, short, completion <- Reply, system <- System Prompt" in said
    write("c.csv", 'id,messages\n1,"[{""role"": ""user"", ""content"": ""x""}]"\n2,[broken\n')
    code, made, said = convert("c.csv", "--force", "--skip", "--keep-extra")
    assert made == [{"messages": [{"role": "user", "content": "x"}], "id": "1"}]
    assert "c.csv:3: column 'messages': no valid JSON" in said


def test_a_large_csv_is_read_in_bounded_memory_and_time(convert: Any) -> None:
    row = f'"{"How do I reset it? " * 20}\nPlease.",{"Hold the button. " * 20}\n'
    with open("big.csv", "w", encoding="utf-8") as file:
        file.write("question,answer\n")
        for _ in range(16_000):  # 11 MB; docs/convert.md says what 100 MB take
            file.write(row)
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    code, made, _ = convert("big.csv", "--to", "openai-completion")
    assert (code, len(made)) == (0, 16_000)
    assert time.process_time() - begun < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KB; the records read back among them


def made(question: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def rewritten(path: str, part: str, changes: dict[bytes, bytes]) -> None:
    """Change the bytes of one part of a workbook."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    for before, after in changes.items():
        parts[part] = parts.get(part, b"").replace(before, after)
    with zipfile.ZipFile(path, "w") as new:
        for name, data in parts.items():
            new.writestr(name, data)


# --- Excel and Parquet -------------------------------------------------------------------------


def test_a_workbook_as_a_person_sees_it(convert: Any) -> None:
    day, moment = datetime.datetime(2026, 3, 5), datetime.datetime(2026, 3, 5, 4, 5)
    rows = [
        [],
        ["Question", "Label", "When"],
        ["a", 1, day],
        ["b", True, moment],
        ["NA", "007", None],
        [],
        ["c", 0.5, 3],
    ]
    sheet("a.xlsx", Data=rows, Empty=[])
    code, made, said = convert("a.xlsx", "--to", "openai-completion", "--keep-extra")
    assert code == 0
    assert made == [
        {"prompt": "a", "completion": "1", "When": "2026-03-05"},
        {"prompt": "b", "completion": "TRUE", "When": "2026-03-05 04:05:00"},
        {"prompt": "NA", "completion": "007"},
        {"prompt": "c", "completion": "0.5", "When": 3},
    ]
    assert "a.xlsx: 1 blank row passed over" in said


def test_cells_without_a_value_are_named_with_row_and_column(convert: Any) -> None:
    rows = [["question", "answer"], ["a", "b"], ["c", "=1+1"], ["d", "#N/A"], ["e", "#REF!"], ["f", "x"], ["g", None]]
    sheet("a.xlsx", One=rows)
    book = openpyxl.load_workbook("a.xlsx")
    book["One"].merge_cells("B6:B7")
    book["One"].merge_cells("A8:B20")
    book.save("a.xlsx")
    code, _, said = convert("a.xlsx")
    assert code == 1
    assert "a.xlsx:3: column 'answer': the formula was never calculated: open the workbook in Excel" in said
    assert "a.xlsx:4: column 'answer': the cell shows the error '#N/A'" in said
    assert "a.xlsx:5: column 'answer': the cell shows the error '#REF!'" in said
    assert "a.xlsx:7: column 'answer': the cell is part of the merged area B6:B7" in said
    assert convert("a.xlsx", "--skip")[1] == records("out.jsonl")
    assert dialogs(records("out.jsonl")) == [["a", "b"], ["f", "x"]]
    aside = [{"question": "c", "answer": "=1+1"}, {"question": "d", "answer": "#N/A"}]
    assert records("out.rejected.jsonl")[:2] == aside


def test_the_value_of_a_formula_is_taken_even_where_it_is_empty(convert: Any) -> None:
    sheet("a.xlsx", One=[["question", "answer", "note"], ["a", "=1", '=""']])
    rewritten("a.xlsx", "xl/worksheets/sheet1.xml", {
        b"<f>1</f><v />": b"<f>1</f><v>1</v>", b"<f>1</f><v/>": b"<f>1</f><v>1</v>",
        b'<c r="C2"><f>""</f><v />': b'<c r="C2" t="str"><f>""</f><v></v>',
        b'<c r="C2"><f>""</f><v/>': b'<c r="C2" t="str"><f>""</f><v></v>',
    })  # fmt: skip
    assert convert("a.xlsx", "--keep-extra")[:2] == (0, [{"messages": made("a", "1")}])


def test_display_formats_are_told_once_and_numbers_keep_their_digits(convert: Any) -> None:
    book = openpyxl.Workbook()
    book.active.append(["question", "answer", "rate", "code", "big", "price"])
    for number in (1, 2):
        book.active.append([f"q{number}", "x", 0.25, 7, 1.2345e19, 0.5])
        for column, form in (("C", "0.0%"), ("D", "00000"), ("F", '#,##0.00" 00%"')):
            book.active[f"{column}{number + 1}"].number_format = form
    book.active["C3"].number_format = "0%"
    book.save("a.xlsx")
    code, _, said = convert("a.xlsx", "--keep-extra", "--to", "openai-completion")
    assert code == 0
    assert said.count("the cells of 'rate' are displayed as '0.0%' or '0%'") == 1
    assert said.count("the cells of 'code' are displayed as '00000'") == 1
    assert said.count("are displayed as") == 2
    assert b'"rate": 0.25, "code": 7, "big": 1.2345e+19, "price": 0.5' in Path("out.jsonl").read_bytes()


@pytest.mark.parametrize("shared", [False, True])
def test_escapes_in_a_workbook_are_characters(convert: Any, shared: bool) -> None:
    sheet("a.xlsx", One=[["question", "answer"], ["AAA", "BBB"]])
    texts = {b"AAA": b"one_x000D_&#10;two _x0041__xD83D__xDE00_", b"BBB": b"_x005F_x0041_ and _x12_"}
    page = "xl/worksheets/sheet1.xml"
    if shared:
        cells = {
            b't="inlineStr"><is><t>%b</t></is>' % name: b't="s"><v>%d</v>' % number for number, name in enumerate(texts)
        }
        rewritten("a.xlsx", page, cells)
        main_names = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        items = b"".join(b"<si><t>%b</t></si>" % text for text in texts.values())
        rewritten("a.xlsx", "xl/sharedStrings.xml", {b"": b'<sst xmlns="%b">%b</sst>' % (main_names, items)})
        kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        entry = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%b"/></Types>' % kind
        rewritten("a.xlsx", "[Content_Types].xml", {b"</Types>": entry})
    else:
        rewritten("a.xlsx", page, texts)
    assert dialogs(convert("a.xlsx")[1]) == [["one\r\ntwo A\U0001f600", "_x0041_ and _x12_"]]


def test_several_sheets_are_named(convert: Any) -> None:
    rows = [["question", "answer"], ["a", "b"], ["c", None]]
    sheet("a.xlsx", Jan=rows[:2], Feb=rows, Empty=[])
    code, _, said = convert("a.xlsx")
    assert (code, said) == (2, "error: a.xlsx: several sheets hold data ('Jan', 'Feb'): --sheet NAME says which one\n")
    assert "there is no sheet 'Mar'; there are 'Jan', 'Feb', 'Empty'" in convert("a.xlsx", "--sheet", "Mar")[2]
    assert "the sheet 'Empty' is empty" in convert("a.xlsx", "--sheet", "Empty")[2]
    assert "a.xlsx:3: the completion is empty (column 'answer')" in convert("a.xlsx", "--sheet", "Feb")[2]
    assert dialogs(convert("a.xlsx", "--sheet", "Jan")[1]) == [["a", "b"]]


def test_parquet_with_nested_columns_loses_its_padding(convert: Any) -> None:
    def tool(name: str, **properties: Any) -> dict[str, Any]:
        parameters = {"type": "object", "properties": properties}
        return {"type": "function", "function": {"name": name, "parameters": parameters}}

    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"n": 1.10}'}}
    messages = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "done", "tool_call_id": "c1"},
        {"role": "assistant", "content": "It is done."},
    ]
    tools = [tool("f", n={"type": "number"}), tool("g", place={"type": "string"}), tool("h")]
    rows = [{"messages": messages, "tools": tools}, {"messages": messages[:1] + messages[3:], "tools": None}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), "a.parquet")
    code, made, said = convert("a.parquet")
    assert (code, made) == (0, [rows[0], {"messages": rows[1]["messages"]}])
    assert "a.parquet: the nulls of a columnar writer are left out of 2 rows" in said


def test_parquet_numbers_dates_and_bytes(convert: Any) -> None:
    table = {
        "text": ["a", "b", "c"],
        "label": pyarrow.array([1.0, None, 2.5]),
        "big": pyarrow.array([2**60 + 1, None, 3]),
        "image": [b"\xff", None, None],
    }
    pyarrow.parquet.write_table(pyarrow.table(table), "a.parquet")
    code, _, said = convert("a.parquet", "--drop-extra")
    assert code == 1
    assert "a.parquet:2: the completion is empty (column 'label')" in said
    code, made, _ = convert("a.parquet", "--skip", "--drop-extra")
    assert dialogs(made) == [["a", "1"], ["c", "2.5"]]
    assert records("out.rejected.jsonl") == [{"text": "b", "label": None, "big": None, "image": None}]
    code, made, said = convert("a.parquet", "--force", "--skip", "--keep-extra")
    assert "a.parquet:1: column 'image': bytes have no place in JSON" in said
    assert made == [{"messages": made[0]["messages"], "big": 3}]
    assert records("out.rejected.jsonl")[0] == {"text": "a", "label": 1, "big": 2**60 + 1, "image": "/w=="}


def test_parquet_nan_is_named_and_narrow_floats_stay_short(convert: Any) -> None:
    narrow = pyarrow.array([0.1, 3.4028234663852886e38, 16777216.0], pyarrow.float32())
    table = {
        "prompt": ["a", "b", "c"],
        "completion": pyarrow.array([0.1, 2.5, float("nan")]),
        "narrow": narrow,
        "nested": pyarrow.array([[{"x": 0.1}], [], None], pyarrow.list_(pyarrow.struct([("x", pyarrow.float32())]))),
    }
    pyarrow.parquet.write_table(pyarrow.table(table), "a.parquet")
    code, _, said = convert("a.parquet", "--drop-extra")
    assert (code, "a.parquet:3: column 'completion': nan is no number of JSON" in said) == (1, True), said
    code, found, _ = convert("a.parquet", "--skip", "--keep-extra", "--to", "openai-completion")
    assert (found[0]["narrow"], found[0]["nested"]) == (0.1, [{"x": 0.1}])
    text = Path("out.jsonl").read_text()
    assert '"narrow": 0.1,' in text
    assert '"narrow": 3.4028235e+38' in text
    assert records("out.rejected.jsonl") == [{"prompt": "c", "completion": "nan", "narrow": 16777216, "nested": None}]


def test_a_missing_library_is_named_with_the_extra(tmp_path: Path) -> None:
    write("a.csv", "question,answer\nx,y\n")
    write("a.jsonl", '{"prompt": "x", "completion": "y"}\n')
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['pandas', 'openpyxl', 'pyarrow'])); "
        "from curator.cli.main import main; sys.exit(main(['convert', sys.argv[1], 'out.jsonl']))"
    )
    for name, code in (("a.csv", 2), ("a.xlsx", 2), ("a.parquet", 2), ("a.jsonl", 0)):
        Path(name).touch()
        done = subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert code == 0 or "pip install 'finetune-curator[convert]'" in done.stderr


# --- JSON and text -----------------------------------------------------------------------------


def test_a_text_file_by_lines_and_by_paragraphs(convert: Any) -> None:
    write("a.txt", "one\r\n two \n\n\nthree\nfür", "cp1252")
    _, made, said = convert("a.txt")
    assert made == [{"text": "one"}, {"text": " two "}, {"text": "three"}, {"text": "für"}]
    assert "read as Windows-1252" in said
    assert "a.txt: 2 blank lines passed over" in said
    made = convert("a.txt", "--force", "--paragraphs", "--to", "openai-completion", "--stop", " END")[1]
    assert made == [{"prompt": "", "completion": "one\n two  END"}, {"prompt": "", "completion": "three\nfür END"}]


def test_elements_that_share_a_line_are_named_by_their_columns(convert: Any) -> None:
    write("a.json", '[{"prompt": "ä", "completion": "b"}, {"prompt": 1, "completion": "b"}, 7]')
    said = convert("a.json")[2]
    assert "a.json:1:38: 'prompt' is no text\n" in said
    assert "a.json:1:72: no JSON object\n" in said


def test_records_of_no_format_are_mapped_like_columns(convert: Any) -> None:
    write("a.json", '[{"question": "a", "answer": 1.0, "id": 7},\n {"question": "b",\n  "answer": ""}]')
    code, _, said = convert("a.json")
    assert code == 1
    assert "prompt <- question, completion <- answer" in said
    assert "a.json:2:2: the completion is empty (column 'answer')" in said
    code, made, _ = convert("a.json", "--skip", "--drop-extra")
    assert dialogs(made) == [["a", "1.0"]]
    assert Path("out.rejected.jsonl").read_text() == '{"question": "b","answer": ""}\n'
    write(
        "d.jsonl",
        '{"instruction": "a", "context": "b", "response": "c"}\n{"instruction": "d", "context": "", "response": "e"}\n',
    )
    assert dialogs(convert("d.jsonl", "--force")[1]) == [["a\nb", "c"], ["d", "e"]]
    write("b.jsonl", '{"text": "fine", "label": 1}\n')
    assert dialogs(convert("b.jsonl", "--force")[1]) == [["fine", "1"]]
    write("c.jsonl", '{"text": "fine", "category": "web"}\n')
    assert convert("c.jsonl", "--force", "--drop-extra")[1] == [{"prompt": "", "completion": "fine"}]


def test_numbers_and_keys_come_through_as_they_are_spelled(convert: Any) -> None:
    arguments = '{"z": 18446744073709551617, "a": 1.10, "e": 1E400, "n": -0.0}'
    schema = '{"type": "object", "properties": {"z": {"maximum": 100000000000000000000.50}, "a": {}}}'
    call = f'{{"type": "function", "id": "x", "function": {{"name": "f", "arguments": {arguments}}}}}'
    line = (
        f'{{"tools": [{{"type": "function", "function": {{"name": "f", "parameters": {schema}}}}}], "messages": '
        f'[{{"role": "user", "content": "caf\\u00e9"}}, {{"role": "assistant", "tool_calls": [{call}]}}]}}\n'
    )
    write("a.jsonl", line)
    assert convert("a.jsonl", "--arguments", "object")[0] == 0
    made = Path("out.jsonl").read_text(encoding="utf-8")
    assert arguments in made
    assert schema in made
    assert "café" in made
    assert convert("a.jsonl", "--force")[0] == 0
    assert json.dumps(arguments)[1:-1] in Path("out.jsonl").read_text(encoding="utf-8")


def test_the_usual_target_of_each_format(convert: Any) -> None:
    output = [{"role": "assistant", "content": "a"}]
    asked = [{"role": "user", "content": "q"}]
    for record, key in (
        ({"prompt": "q", "completion": "a"}, "messages"),
        ({"instruction": "q", "output": "a"}, "messages"),
        ({"conversations": [{"from": "human", "value": "q"}]}, "messages"),
        ({"messages": asked, "functions": [{"name": "f"}]}, "tools"),
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, "preferred_output"),
        ({"input": {"messages": asked}, "preferred_output": output, "non_preferred_output": output}, "chosen"),
        ({"text": "a"}, "completion"),
    ):
        write("a.jsonl", json.dumps(record))
        assert key in convert("a.jsonl", "--force")[1][0]


# --- prompt and completion ---------------------------------------------------------------------


def completions(separator: str, stop: str, count: int = 30) -> str:
    words = ["one", "two", "three", "four", "five", "six", "seven"]
    rows = [
        {"prompt": f"{words[n % 7]} {n}{separator}", "completion": f" {words[n % 5]} {words[n % 7]}{stop}"}
        for n in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_what_the_records_show_is_taken_off_and_said(convert: Any) -> None:
    write("a.jsonl", completions("\n\n###\n\n", " END"))
    _, made, said = convert("a.jsonl", "--system", "Be brief.")
    assert dialogs(made)[3] == ["Be brief.", "four 3", "four four"]
    assert (
        "a.jsonl: 100% of the prompts end with '\\n\\n###\\n\\n', which is taken off (--separator '' keeps it)" in said
    )
    assert "a.jsonl: 100% of the completions end with ' END', which is taken off (--stop '' keeps it)" in said
    assert "a.jsonl: 100% of the completions begin with ' ', which is taken off (--start '' keeps it)" in said
    framed = ["--separator", "\\n\\n###\\n\\n", "--start", " ", "--stop", " END", "--system", "Be brief."]
    os.rename("out.jsonl", "chat.jsonl")
    assert convert("chat.jsonl", "--to", "openai-completion", *framed)[0] == 0
    assert records("out.jsonl") == records("a.jsonl")
    _, made, said = convert("a.jsonl", "--force", "--separator", "", "--start", "", "--stop", "")
    assert dialogs(made)[3] == ["four 3\n\n###\n\n", " four four END"]


def test_a_table_in_prompt_and_completion_has_habits_too(convert: Any) -> None:
    rows = [json.loads(line) for line in completions(" ->", "###").splitlines()]
    sheet("a.xlsx", One=[["prompt", "completion"], *([row["prompt"], row["completion"]] for row in rows)])
    _, made, said = convert("a.xlsx")
    assert dialogs(made)[3] == ["four 3", "four four"]
    assert "100% of the prompts end with ' ->', which is taken off" in said


def test_endings_with_words_are_named_and_kept(convert: Any) -> None:
    write("a.jsonl", completions(" Yes or No?\n", " USD"))
    _, made, said = convert("a.jsonl")
    assert dialogs(made)[3] == ["four 3 Yes or No?\n", "four four USD"]
    assert "which may belong to the text and is kept (--separator takes it off)" in said
    assert "which may belong to the text and is kept (--stop takes it off)" in said


def test_the_settings_word_on_a_dataset_holds(convert: Any) -> None:
    write("a.jsonl", completions("\nColour:", " END"))
    write("curator.toml", '[datasets.colours]\ntrain = "a.jsonl"\nseparator = "\\nColour:"\n')
    assert dialogs(convert("a.jsonl")[1])[3] == ["four 3", "four four"]


def test_towards_completions_nothing_is_added_unasked(convert: Any) -> None:
    write("a.jsonl", CHAT)
    _, made, said = convert("a.jsonl", "--to", "openai-completion")
    assert made == [{"prompt": "Hi", "completion": "Hello"}]
    assert "nothing is put around the texts (--separator" in said


# --- extra keys, refusals, accounting ----------------------------------------------------------


def test_keys_without_a_place_are_asked_about(convert: Any) -> None:
    lines = [
        {"prompt": "a", "completion": "b", "id": 1},
        {"prompt": "c", "completion": "d", "id": 2, "\x1b[2Jx": None, "src": "w"},
    ]
    write("a.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    code, _, said = convert("a.jsonl")
    assert code == 1
    assert said.endswith(
        "error: nothing is written: openai-chat has no place for 'id' in 2, 'src' in 1 of 2 records: "
        "--drop-extra leaves them out, --keep-extra keeps them\n"
    )
    assert all(record.keys() == {"messages"} for record in convert("a.jsonl", "--drop-extra")[1])
    kept = convert("a.jsonl", "--force", "--keep-extra")[1]
    assert [{key: record[key] for key in record if key != "messages"} for record in kept] == [
        {"id": 1},
        {"id": 2, "src": "w"},
    ]
    write("b.jsonl", CHAT[:-1] + ', "prompt": "a"}\n')
    said = convert("b.jsonl", "--force", "--keep-extra", "--to", "openai-completion")[2]
    assert "b.jsonl:1: the key 'prompt' would stand there twice" in said


@pytest.mark.parametrize(
    ("more", "target", "complaint"),
    [
        (
            '"label": 1',
            "trl-prompt-completion",
            "it would be no trl-prompt-completion: a verdict on an answer ('label')",
        ),
        ('"history": [["a", "b"]]', "alpaca", "the key 'history' cannot be kept: it has a meaning in alpaca"),
        ('"functions": []', "openai-chat", "the key 'functions' cannot be kept: it has a meaning in openai-chat"),
        ('"label": 1, "id": 7', "openai-chat", ""),
    ],
)
def test_a_kept_key_does_not_change_what_the_record_says(convert: Any, more: str, target: str, complaint: str) -> None:
    write("a.jsonl", f'{{"prompt": "Hi", "completion": "Ho", {more}}}\n')
    code, _, said = convert("a.jsonl", "--to", target, "--keep-extra")
    assert (complaint in said, code) == (True, 1 if complaint else 0), said


def test_refusals_are_grouped_and_nothing_is_written(convert: Any) -> None:
    two = json.loads(CHAT)
    two["messages"] *= 2
    write("a.jsonl", "\n".join([CHAT, *[json.dumps(two)] * 5, '{"messages": 1}', "{", "\n"]))
    write("out.jsonl", "mine\n")
    code, _, said = convert("a.jsonl", "--to", "openai-completion", "--force")
    assert code == 1
    assert said.splitlines()[1:] == [
        *(f"a.jsonl:{number}: several turns cannot become prompt and completion" for number in (2, 3, 4)),
        "  and 2 more like this",
        "a.jsonl:7: 'messages' is no list of messages",
        "a.jsonl:8: no valid JSON: Expecting property name enclosed in double quotes at character 2",
        "error: nothing is written: 7 of 8 records cannot be carried over; --skip converts the others and puts these "
        "into out.rejected.jsonl",
    ]
    assert Path("out.jsonl").read_text() == "mine\n"


LINES = st.sampled_from([
    CHAT.encode(), b'{"prompt": "a", "completion": "b"}', b'{"prompt" : "\\u00e9", "completion" : 1}', b"{", b"[1]",
    b"", b"\xff", b'{"a": 1, "a": 2}', b'{"messages": [NaN]}', b'{"messages": []} {}', b"  ",
])  # fmt: skip


@settings(max_examples=40)
@given(st.lists(LINES, max_size=12), st.sampled_from(["openai-chat", "openai-completion", "alpaca"]))
def test_in_is_out_and_rejected_which_are_untouched(tmp_path: Path, lines: list[bytes], target: str) -> None:
    path, out, rejected = tmp_path / "in.jsonl", tmp_path / "out.jsonl", tmp_path / "out.rejected.jsonl"
    path.write_bytes(b"\n".join([CHAT.encode(), *lines]) + b"\n")
    assert main(["convert", str(path), str(out), "--skip", "--force", "-q", "--to", target]) == 0
    aside = rejected.read_bytes().splitlines() if rejected.exists() else []
    given = [line for line in [CHAT.encode(), *lines] if line.strip()]
    assert len(given) == len(out.read_bytes().splitlines()) + len(aside)
    left = iter(given)
    assert all(line in left for line in aside)  # as they were, in their order


def test_nothing_rejected_leaves_no_old_rejects_behind(convert: Any) -> None:
    write("a.jsonl", CHAT)
    write("out.rejected.jsonl", "old\n")
    assert "out.rejected.jsonl: is there already" in convert("a.jsonl", "--skip")[2]
    assert convert("a.jsonl", "--skip", "--force")[0] == 0
    assert not os.path.exists("out.rejected.jsonl")
    write("out.rejected.jsonl", "old\n")
    said = convert("a.jsonl", "--skip", "--force")[2]
    assert "a.jsonl: nothing was rejected: out.rejected.jsonl of an earlier run is removed" in said
    write("b.jsonl", '{"prompt": 1, "completion": 2}\n')
    code, _, said = convert("b.jsonl", "--skip", "--force")
    assert (code, said.splitlines()[-1]) == (1, "error: nothing is written: no record can be carried over")
    assert Path("out.jsonl").read_text() == CHAT + "\n"


# --- files -------------------------------------------------------------------------------------


def test_files_that_would_be_lost_are_not_written(convert: Any) -> None:
    write("a.jsonl", CHAT)
    os.link("a.jsonl", "twin.jsonl")
    os.symlink("gone.jsonl", "link.jsonl")
    os.mkdir("folder.jsonl")
    write("kept.jsonl", "old\n")
    os.chmod("kept.jsonl", 0o444)
    os.rename("a.jsonl", "x.rejected.jsonl")
    for out, arguments, complaint in (
        ("twin.jsonl", ["--force"], "is the file that is read"),
        ("./x.rejected.jsonl", ["--force"], "is the file that is read"),
        ("x.jsonl", ["--skip", "--force"], "x.rejected.jsonl: is the file that is read"),
        ("link.jsonl", ["--force"], "is a symbolic link"),
        ("folder.jsonl", ["--force"], "is there, and is no file"),
        ("no/x.jsonl", [], "there is no folder 'no'"),
        ("x.csv", [], "JSON Lines are written, not .csv: call it x.jsonl"),
        ("x.jsonl.gz", [], "JSON Lines are written, not .gz: call it x.jsonl\n"),
        ("kept.jsonl", ["--force"], "kept.jsonl: is read-only"),
        ("-", ["--skip"], "standard output has no place beside it"),
    ):
        code, _, said = convert("x.rejected.jsonl", *arguments, out=out)
        assert (code, complaint in said) == (2, True), said
    assert Path("x.rejected.jsonl").read_text() == CHAT
    assert convert("nowhere.jsonl")[0] == convert(".")[0] == 2


def test_from_and_to_the_standard_streams() -> None:
    def piped(given: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "curator.cli.main", "convert", "-", "-", *arguments]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=False)

    done = piped('{"instruction": "ü", "output": "b"}\n')
    assert json.loads(done.stdout)["messages"][0]["content"] == "ü"
    assert done.stderr == "<stdin>: 1 record in; standard output: 1 out as openai-chat, 0 rejected\n"
    done = piped("question,answer\nx,y\nz,\n", "--from", "csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert "to a file, --skip converts the others" in done.stderr
    assert "-.rejected" not in done.stderr
    assert piped("", "--from", "xlsx").returncode == 2


def test_old_rejects_stay_until_the_output_is_there(convert: Any) -> None:
    write("a.jsonl", CHAT)
    write("out.rejected.jsonl", "old\n")
    os.mkdir("full")
    with Spools() as spools, Output("full") as out, Output("out.rejected.jsonl") as rejected:
        origin = kinds.opened("a.jsonl", spools)
        with pytest.raises(UsageError):
            run.convert(origin, out, rejected, run.Request(skip=True))
    assert Path("out.rejected.jsonl").read_text() == "old\n"


def test_a_full_disk_leaves_neither_records_nor_rejects(convert: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        (out,) = Path().glob(".out.jsonl*")
        if os.path.samestat(os.fstat(handle), out.stat()):
            raise OSError(errno.ENOSPC, "No space left on device")

    write("a.jsonl", '{"prompt": "a", "completion": "b"}\n{"prompt": 1}\n')
    monkeypatch.setattr(os, "fsync", full)
    code, _, said = convert("a.jsonl", "--skip")
    assert (code, said) == (2, "error: out.jsonl: not written: the disk is full\n")
    assert os.listdir() == ["a.jsonl"]


def test_what_a_killed_run_left_is_swept(convert: Any) -> None:
    write("a.jsonl", CHAT)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write(temporary_for("out.jsonl").replace(f".{os.getpid()}-", f".{ended.pid}-"), "half")
    assert convert("a.jsonl")[0] == 0
    assert sorted(os.listdir()) == ["a.jsonl", "out.jsonl"]


@pytest.mark.parametrize(
    "text",
    [
        '[{"prompt": "a", "completion": "b"}]{"prompt": "c", "completion": "d"}',
        '[{"prompt": "a", "completion": "]"}] x',
    ],
)
def test_an_array_with_something_behind_it_is_refused(convert: Any, text: str) -> None:
    write("a.json", text)
    code, _, said = convert("a.json")
    assert (code, "a.json:1: something follows the array" in said) == (2, True), said


def test_a_table_that_is_called_like_a_text_is_told(convert: Any) -> None:
    sheet("a.xlsx", One=[["question", "answer"], ["a", "b"]])
    os.rename("a.xlsx", "a.csv")
    assert "a.csv: is no csv but looks like xlsx: --from xlsx reads it" in convert("a.csv")[2]
    assert dialogs(convert("a.csv", "--from", "xlsx")[1]) == [["a", "b"]]


def test_mode_and_umask_hold(convert: Any) -> None:
    write("a.jsonl", CHAT)
    assert convert("a.jsonl")[0] == 0
    assert os.stat("out.jsonl").st_mode & 0o777 == os.stat("a.jsonl").st_mode & 0o777
    os.chmod("out.jsonl", 0o640)
    assert convert("a.jsonl", "--force")[0] == 0
    assert os.stat("out.jsonl").st_mode & 0o777 == 0o640


@pytest.mark.parametrize("old", ["mine\n", None])
def test_a_full_disk_leaves_the_old_file_alone(old: str | None) -> None:
    write("a.jsonl", (CHAT + "\n") * 2000)
    if old:
        write("out.jsonl", old)
    command = [sys.executable, "-m", "curator.cli.main", "convert", "a.jsonl", "out.jsonl", "--force"]

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # halves of bytecode would break later imports
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: out.jsonl: not {'changed' if old else 'written'}: ")
    assert not old or Path("out.jsonl").read_text() == old
    assert sorted(os.listdir()) == ["a.jsonl", *(["out.jsonl"] if old else [])]


@pytest.mark.parametrize("wait", [0.15, 0.3, 0.5, 0.7, 0.9])
def test_a_kill_leaves_the_old_file_or_the_new_one(wait: float) -> None:
    count = 30_000
    write("a.jsonl", (CHAT + "\n") * count)
    write("out.jsonl", "mine\n")
    command = [sys.executable, "-m", "curator.cli.main", "convert", "a.jsonl", "out.jsonl", "--force", "--to", "alpaca"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        process.wait(wait)
    except subprocess.TimeoutExpired:
        process.kill()
    process.wait()
    left = Path("out.jsonl").read_text()
    assert left == "mine\n" or (left.count("\n") == count and left.endswith("}\n"))


def test_records_need_no_library_of_tables(tmp_path: Path) -> None:
    write("a.jsonl", CHAT)
    program = (
        "import sys; from curator.cli.main import main; code = main(['convert', 'a.jsonl', 'out.jsonl']); "
        "sys.exit(code or bool({'pandas', 'numpy', 'openpyxl', 'pyarrow'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_many_reasons_are_cut_to_the_most_frequent(convert: Any) -> None:
    turn = json.loads(CHAT)["messages"]
    lines = [{"messages": turn * n + [turn[0], {**turn[1], "name": "x"}]} for n in range(30)]
    write("a.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    said = convert("a.jsonl", "--to", "alpaca")[2].splitlines()
    assert len(said) == 12
    assert said[-2] == "  and 20 more for other reasons"


def test_deep_values_come_through(convert: Any) -> None:
    deep = "[" * 480 + "1.0" + "]" * 480
    call = f'{{"id": "a", "type": "function", "function": {{"name": "f", "arguments": {{"deep": {deep}}}}}}}'
    write(
        "a.jsonl",
        f'{{"messages": [{{"role": "user", "content": "x"}}, {{"role": "assistant", "tool_calls": [{call}]}}]}}',
    )
    assert convert("a.jsonl", "--arguments", "object")[0] == 0
    assert deep in Path("out.jsonl").read_text()


def test_what_is_shown_of_hostile_names_is_short_and_visible(convert: Any) -> None:
    record = {"messages": [{"role": "user", "content": "x", "\x1b]0;" + "k" * 5000: 1}]}
    write("a.jsonl", json.dumps(record))
    said = convert("a.jsonl", "--to", "openai-completion")[2]
    assert "\x1b" not in said
    assert len(said) < 600


def test_a_rejected_row_keeps_its_empty_cells(convert: Any) -> None:
    write("a.csv", "question,answer,note\na,,\nb,B,\nc\n")
    code, made, _ = convert("a.csv", "--skip")
    assert code == 0
    assert dialogs(made) == [["b", "B"]]
    assert records("out.rejected.jsonl") == [{"question": "a", "answer": None, "note": None}, {"question": "c"}]
    os.rename("out.rejected.jsonl", "again.jsonl")
    assert convert("again.jsonl", "--force")[2].splitlines()[1:] == [
        "again.jsonl:1: the completion is empty (column 'answer')",
        "again.jsonl:2: the completion is empty (column 'answer')",
        "error: nothing is written: no record can be carried over",
    ]


def framed(prompt: str, completion: str) -> str:
    return json.dumps({"prompt": prompt, "completion": completion})


def test_what_only_looks_like_an_ending_is_left_on_and_named(convert: Any) -> None:
    lines = [framed(f"Question {'abcdefgh'[n % 8]}{n}\n\n###\n\n", f" {'xyz'[n % 3]} END") for n in range(60)]
    lines[3] = framed("Look-alike\n\n##\n\n", " x END")
    lines[7] = framed("Doubled\n\n###\n\n\n\n###\n\n", " y END")
    lines[9] = framed("None at all", " z")
    lines[11] = framed("C#\n\n###\n\n", " x end")
    write("my file.jsonl", "\n".join(lines))
    _, made, said = convert("my file.jsonl")
    texts = dialogs(made)
    assert [texts[n][0] for n in (3, 7, 9, 11)] == ["Look-alike\n\n##\n\n", "Doubled\n\n###\n\n", "None at all", "C#"]
    mend = "`curator check 'my file.jsonl' --select %s --fix --unsafe-fixes` mends"
    assert (
        "note: 2 prompts still end with something like the separator, which might be the text's own "
        f"(my file.jsonl:4, my file.jsonl:8); {mend % 'SEP002'} them: convert again then\n"
    ) in said
    assert (
        "note: 1 completion still ends with something like the stop sequence, which might be the text's own "
        f"(my file.jsonl:12); {mend % 'STP002'} it: convert again then\n"
    ) in said
    assert main(["check", "my file.jsonl", "--select", "SEP002,STP002", "--fix", "--unsafe-fixes", "-q"]) == 0
    _, made, said = convert("my file.jsonl", "--force")
    assert dialogs(made)[3] == ["Look-alike", "x"]
    assert "something like" not in said
    assert "something like" not in convert("my file.jsonl", "--force", "--separator", "", "--stop", "")[2]


def test_texts_are_whole_on_their_way_back(convert: Any) -> None:
    lines = [json.dumps({"text": f" {'abcdefgh'[n % 8]}{n} END"}) for n in range(60)]
    write("a.jsonl", "\n".join(lines))
    convert("a.jsonl")
    write("b.jsonl", Path("out.jsonl").read_text())
    assert convert("b.jsonl", "--force", "--to", "text")[1] == list(map(json.loads, lines))
    assert convert("b.jsonl", "--force", "--to", "text", "--stop", " END")[1][0] == {"text": " a0"}


def test_many_that_look_alike_are_counted(convert: Any) -> None:
    lines = [
        framed(f"Question {'abcdefgh'[n % 8]}{n}\n\n{'##' if n % 10 == 0 else '###'}\n\n", f" {n}") for n in range(60)
    ]
    write("a.jsonl", "\n".join(lines))
    said = convert("a.jsonl")[2]
    assert "note: 6 prompts still end with something like the separator" in said
    assert "(a.jsonl:1, a.jsonl:11, a.jsonl:21 and 3 more); `curator check a.jsonl" in said
    Path("a.jsonl.gz").write_bytes(gzip.compress(Path("a.jsonl").read_bytes()))
    said = convert("a.jsonl.gz", "--force")[2]
    assert "a.jsonl.gz:21 and 3 more)\n" in said, "a compressed file is not mended"


def test_the_formats_of_a_mixture_are_counted(convert: Any) -> None:
    alpaca = '{"instruction": "a", "input": "", "output": "b"}'
    write("a.jsonl", "\n".join([CHAT, alpaca, alpaca]))
    assert "note: a.jsonl: the records are in several formats: 2 alpaca, 1 openai-chat\n" in convert("a.jsonl")[2]
    write("b.jsonl", f"\n{alpaca}\n\n")
    assert "b.jsonl: 2 blank lines passed over\n" in convert("b.jsonl", "--force")[2]
    assert "several formats" not in convert("b.jsonl", "--force")[2]
