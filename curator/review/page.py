"""One page: run a check, show what it found.

The check runs in a process of its own, because a pool inside Streamlit would start the page again in
every worker. Nothing from the data reaches Markdown or HTML unescaped.
"""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from curator import catalogue, pages, targets

_PAGE = 50
_WORST_FIRST = ["error", "warning", "info"]


def show(arguments: list[str]) -> None:
    """Draw the page for the data files named on the command line, or for an uploaded one."""
    st.set_page_config("curator", layout="wide")
    st.header("curator: what is wrong, where and why")
    target = st.sidebar.selectbox("Target", targets.names(), help="Whose rules hold.")
    model = st.sidebar.text_input("Model", help="Its limits and tokenizer; empty: the target's default.")
    paths = arguments or _uploaded()
    if not paths:
        st.info("Drop a JSON Lines file above, or start with: streamlit run app.py -- train.jsonl")
        return
    with st.spinner("Checking …"):
        report = run(tuple(paths), tuple(map(_stamp, paths)), target, model.strip())
    if "problem" in report:
        st.error("The check could not be run.")
        st.code(report["problem"], language=None)
        return
    _summary(report)
    _findings([finding for finding in report["findings"] if not finding["suppressed"]])


@st.cache_data(show_spinner=False, max_entries=4)
def run(paths: tuple[str, ...], stamps: tuple[float, ...], target: str, model: str) -> dict[str, Any]:
    """The JSON report on the files; {"problem": text} where there is none.

    `stamps` are the files' modification times: a file that changed is checked again.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "report.json"
        command = [sys.executable, "-m", "curator.cli.main", "check", *paths, "--target", target, "--exit-zero"]
        command += ["--output-format", "json", "--output-file", str(output), "--no-progress"]
        done = subprocess.run([*command, *(["--model", model] if model else [])], capture_output=True, check=False)
        if not output.exists():
            return {"problem": done.stderr.decode("utf-8", "replace") or f"exit code {done.returncode}"}
        found: dict[str, Any] = json.loads(output.read_bytes())
        return found


def _stamp(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _uploaded() -> list[str]:
    upload = st.file_uploader("A dataset in JSON Lines", type=["jsonl", "ndjson", "json", "gz", "zst"])
    if upload is None:
        return []
    folder = Path(st.session_state.setdefault("folder", tempfile.mkdtemp(prefix="curator-upload-")))
    path = folder / Path(upload.name).name
    path.write_bytes(upload.getvalue())
    return [str(path)]


def _summary(report: dict[str, Any]) -> None:
    summary = report["summary"]
    columns = st.columns(4)
    columns[0].metric("Records", f"{sum(item['records'] for item in report['inputs']):,}")
    for column, level in zip(columns[1:], ("error", "warning", "info"), strict=True):
        column.metric(level.capitalize(), f"{summary[level]:,}")
    for item in report["inputs"]:
        st.text(
            f"{item['path']}: {item['records']:,} records, {item['unreadable']:,} unreadable, "
            f"{item['format'] or 'no known format'}, for {item['target']} {item['model'] or ''}"
        )
    for error in report["errors"]:
        st.error("Not everything could be checked:")
        st.code(error["message"], language=None)
    with st.expander("Not checked"):
        for note in report["not_checked"]:
            st.text(f"{note['what']}: {note['why']}")


def _findings(findings: list[dict[str, Any]]) -> None:
    if not findings:
        st.success("Nothing was found.")
        return
    table = pd.DataFrame(
        {
            "severity": pd.Categorical([finding["severity"] for finding in findings], _WORST_FIRST, ordered=True),
            "code": [finding["code"] for finding in findings],
            "line": pd.array([finding["line"] for finding in findings], dtype="Int64"),
            "message": [finding["message"] for finding in findings],
            "file": [Path(finding["path"]).name for finding in findings],
        }
    ).sort_values("severity", kind="stable")
    counts = table["code"].value_counts()
    chosen = st.multiselect("Rules", list(counts.index), format_func=lambda code: f"{code} ({counts[code]:,})")
    shown = table[table["code"].isin(chosen)] if chosen else table
    last = max(1, -(-len(shown) // _PAGE))
    number = st.number_input(f"Page of {last:,}", 1, last) if last > 1 else 1
    part = shown.iloc[(number - 1) * _PAGE : number * _PAGE]
    wide = {"message": st.column_config.TextColumn(width="large")}
    event = st.dataframe(part, hide_index=True, on_select="rerun", selection_mode="single-row", column_config=wide)
    rows = event["selection"]["rows"]
    if rows:
        _details(findings[int(part.index[rows[0]])])


def _details(finding: dict[str, Any]) -> None:
    st.subheader(f"{finding['code']} {finding['name']}")
    st.html(f'<div style="white-space:pre-wrap;overflow-wrap:anywhere">{html.escape(finding["message"])}</div>')
    rule = catalogue.load().rules.get(finding["code"])
    if rule is not None:  # the card is ours, not the data's
        with st.expander("Why, and what to do", expanded=True):
            st.markdown(pages.page(rule))
