"""Changing rules: what changes mean, how they are saved, and a rule that runs again alone."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st
from waiting import until

from curator import api, catalogue, settings
from curator.errors import CardError, UsageError
from curator.review.pace import Pace
from curator.review.rules import settings_file, trying
from curator.review.rules.settings_file import preview, save, write
from curator.review.rules.trying import Failed, Job, Outcome, Trial, try_rule
from curator.review.rules.tuning import Change, current, governing, meant
from curator.settings import Settings

ROOT = Path(__file__).parent.parent
RULES = catalogue.load()
SAMPLE = str(ROOT / "sample_data" / "tools.jsonl")


# --- what changes mean ----------------------------------------------------------------------------


def test_a_rule_is_switched_off_and_on_again() -> None:
    off = meant(Settings(), [Change("SEP002", False)], RULES)
    assert off.ignore == ("SEP002",)
    assert not current(off, "SEP002", RULES).enabled
    assert meant(off, [Change("SEP002", True)], RULES) == Settings()


def test_a_rule_that_a_group_switches_off_is_switched_on_alone() -> None:
    own = Settings(ignore=("SEP",))
    on = meant(own, [Change("SEP002", True)], RULES)
    of_group = {code for code in RULES.rules if code.startswith("SEP")}
    assert set(on.ignore) == of_group - {"SEP002"}
    assert current(on, "SEP002", RULES).enabled


def test_a_rule_outside_the_selection_is_added_to_it() -> None:
    on = meant(Settings(select=("LAB",)), [Change("SEP002", True)], RULES)
    assert on.extend_select == ("SEP002",)
    assert meant(on, [Change("SEP002", False)], RULES) == Settings(select=("LAB",))


def test_a_severity_goes_before_that_of_a_group_wherever_the_group_stands() -> None:
    own = Settings(severity={"SEP002": "info", "SEP": "error"})
    made = meant(own, [Change("SEP002", True, severity="warning")], RULES)
    assert list(made.severity.items()) == [("SEP", "error"), ("SEP002", "warning")]


def test_parameters_are_changed_where_the_settings_have_them() -> None:
    own = Settings(params={"LAB003": {"max_ratio": 20.0}})
    made = meant(own, [Change("LAB003", True, {"max_ratio": 5.0, "enough": 50})], RULES)
    assert made.params == {"LAB003": {"max_ratio": 5.0, "enough": 50}}
    assert meant(made, [Change("LAB003", True)], RULES).params == {}


@pytest.mark.parametrize(
    ("change", "failure", "says"),
    [
        (Change("LAB003", True, {"max_ratio": "ten"}), CardError, r"parameter 'max_ratio': Expected float, got str"),
        (Change("LAB003", True, {"ratio": 1.0}), UsageError, r"no parameter 'ratio'; did you mean 'max_ratio'\?"),
        (Change("LAB003", True, severity="fatal"), UsageError, "'fatal' is not 'error', 'warning' or 'info'"),
    ],
)
def test_what_does_not_fit_is_refused_in_the_words_of_the_settings(
    change: Change, failure: type[Exception], says: str, tmp_path: Path
) -> None:
    with pytest.raises(failure, match=says):
        save([change], tmp_path / "curator.toml")
    assert not (tmp_path / "curator.toml").exists()


def test_the_last_rule_cannot_be_switched_off() -> None:
    with pytest.raises(UsageError, match="no rules are selected"):
        meant(Settings(select=("SEP002",)), [Change("SEP002", False)], RULES)


def test_which_files_govern(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "curator.toml").write_text("")
    paths = [str(tmp_path / "a" / "x.jsonl"), str(tmp_path / "a" / "y.jsonl"), str(tmp_path / "b.jsonl")]
    assert governing(paths, None) == (tmp_path / "a" / "curator.toml", tmp_path / "curator.toml")
    assert governing(paths, str(tmp_path / "z.toml")) == (tmp_path / "z.toml",)


# --- saving ---------------------------------------------------------------------------------------

FULL = """\
# Head of the file.

target = "openai"  # whose rules
#ignore = []

# Datasets: files that belong together.
[datasets.intents]
train = "train.jsonl"  # the train split

[params."label-imbalance"]
max_ratio = 20.0  # agreed in May
"""


def saved(text: str, *changes: Change, folder: Path, name: str = "curator.toml") -> str:
    path = folder / name
    path.write_bytes(text.encode())
    save(changes, path)
    return path.read_bytes().decode()


def test_new_settings_stand_where_a_person_would_put_them(tmp_path: Path) -> None:
    changes = [Change("SEP002", False), Change("SEP003", True, {"max_share": 0.2}, "error")]
    assert saved(FULL, *changes, folder=tmp_path) == FULL.replace(
        "#ignore = []\n", '#ignore = []\nignore = ["SEP002"]\n'
    ) + ('\n[severity]\nSEP003 = "error"\n\n[params.separator-inside-prompt]\nmax_share = 0.2\n')


def test_what_is_there_is_changed_in_place(tmp_path: Path) -> None:
    changed = saved(FULL, Change("LAB003", True, {"max_ratio": 5.0}), folder=tmp_path)
    assert changed == FULL.replace("20.0", "5.0")


def test_what_is_at_its_default_again_goes(tmp_path: Path) -> None:
    changed = saved(FULL, Change("LAB003", True), folder=tmp_path)
    assert changed == FULL.partition("\n[params")[0]
    moved = '[params.LAB003]\nenough = 3\n\n# Datasets\n[datasets.x]\ntrain = "a"\n'
    assert saved(moved, Change("LAB003", True), folder=tmp_path) == '# Datasets\n[datasets.x]\ntrain = "a"\n'


def test_a_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "curator.toml"
    made = save([Change("SEP002", False)], path)
    assert path.read_text() == 'ignore = ["SEP002"]\n'
    assert made == settings.load(str(path))


def test_pyproject_keeps_what_is_not_ours(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n\n[tool.curator]\ntarget = "openai"\n\n# about ruff\n[tool.ruff]\nline-length = 3\n'
    changes = [Change("SEP002", False), Change("LAB003", True, {"enough": 7})]
    changed = saved(text, *changes, folder=tmp_path, name="pyproject.toml")
    assert changed == text.replace('"openai"\n', '"openai"\nignore = ["SEP002"]\n') + (
        "\n[tool.curator.params.label-imbalance]\nenough = 7\n"
    )


def test_line_endings_of_windows_stay(tmp_path: Path) -> None:
    text = FULL.replace("\n", "\r\n")
    changed = saved(text, Change("SEP002", False), Change("TOK001", True, {"limit": 5}), folder=tmp_path)
    assert changed.count("\n") == changed.count("\r\n") == FULL.count("\n") + 4
    assert "[params.too-many-tokens]" in changed


def test_what_is_inherited_is_written_down_with_the_change(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('ignore = ["STP"]\n[params.LAB003]\nenough = 7\n')
    changes = [Change("SEP002", False), Change("TOK001", True, {"limit": 5})]
    saved('extends = "base.toml"\n', *changes, folder=tmp_path)
    found = settings.load(str(tmp_path / "curator.toml"))
    assert found.ignore == ("STP", "SEP002")
    assert found.params == {"LAB003": {"enough": 7}, "too-many-tokens": {"limit": 5}}


@pytest.mark.parametrize(
    "text",
    [
        'severity = {SEP = "info"}\nparams.LAB003.enough = 3\n',
        'ignore = [\n  "STP",  # not ours\n]\n[severity]\n# none yet\n',
        'params = { LAB003 = { enough = 3 } }\nexclude = ["[x]"]\n',
        '[params.LAB003]\nenough = 3\n[datasets.x]\ntrain = "a"\n[params.TOK001]\nlimit = 9\n',
        'exclude = ["""\n[x]\n#ignore = 1\n"""]\n',
    ],
)
def test_every_way_to_write_it_can_be_changed(text: str, tmp_path: Path) -> None:
    path = tmp_path / "curator.toml"
    path.write_text(text)
    before = settings.load(str(path))
    changes = [Change("SEP002", False, severity="error"), Change("LAB003", True, {"enough": 4}, "info")]
    assert save(changes, path) == meant(before, changes, RULES) == settings.read(path.read_text(), path)
    for comment in ("# not ours", "# none yet"):
        assert (comment in text) == (comment in path.read_text())


def test_nothing_is_written_over_what_someone_else_wrote(tmp_path: Path) -> None:
    path = tmp_path / "curator.toml"
    path.write_text(FULL)
    edit = preview([Change("SEP002", False)], path)
    assert '+ignore = ["SEP002"]' in edit.diff
    path.write_text(FULL + "# mine\n")
    with pytest.raises(UsageError, match="changed meanwhile"):
        write(edit)
    assert path.read_text() == FULL + "# mine\n"


def test_a_read_only_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "curator.toml"
    path.write_text(FULL)
    path.chmod(0o444)
    with pytest.raises(UsageError, match="read-only"):
        save([Change("SEP002", False)], path)


def test_an_edit_that_says_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: Any) -> str:
        return 'ignore = ["STP"]\n'

    monkeypatch.setattr(settings_file, "_edited", lost)
    with pytest.raises(UsageError, match="edit it by hand"):
        save([Change("SEP002", False)], tmp_path / "curator.toml")
    assert not (tmp_path / "curator.toml").exists()


CODES = ("SEP002", "SEP003", "LAB003", "TOK001", "STP003")
NUMBERS: dict[str, st.SearchStrategy[Any]] = {
    "SEP002": st.fixed_dictionaries({}, optional={"settled": st.floats(0, 1)}),
    "SEP003": st.fixed_dictionaries({}, optional={"max_share": st.floats(0, 1)}),
    "LAB003": st.fixed_dictionaries({}, optional={"max_ratio": st.floats(1, 1e9), "enough": st.integers(0, 10**6)}),
    "TOK001": st.fixed_dictionaries({}, optional={"but_cut": st.booleans(), "limit": st.integers(0, 10**6)}),
    "STP003": st.just({}),
}
levels = st.sampled_from(["error", "warning", "info"])
change = st.sampled_from(CODES).flatmap(
    lambda code: st.builds(Change, st.just(code), st.booleans(), NUMBERS[code], st.none() | levels)
)
pieces = st.tuples(
    st.sampled_from(["", "# head\n\n", '# head\n# of it\ntarget = "azure"  # why\n', "\n\n"]),
    st.sampled_from(["", 'ignore = ["SEP", "LAB002"]\n', 'ignore = [ # these\n  "STP003", # bad\n  "TOK",\n]\n']),
    st.sampled_from(["", 'extend-select = ["DAT001"]\n', "#extend-select = []\n"]),
    st.sampled_from(["", 'severity = { SEP002 = "info", SEP = "error" }\n', 'severity.LAB = "info" # ok\n']),
    st.sampled_from(["", '[params.LAB003] # t\nenough = 3 # r\n\n[params."too-many-tokens"]\nlimit = 0x10\n']),
    st.sampled_from(["", '\n# data\n[datasets.x]\ntrain = ["a", # a\n "ü\\u2028"]\n']),
    st.sampled_from(["", "# the end", '[per-file-ignores]\n"*.x" = ["SEP"]\n']),
)


@given(pieces, st.lists(change, min_size=1, max_size=4, unique_by=lambda one: one.code), st.booleans())
def test_saved_settings_say_what_was_meant_and_nothing_else(
    tmp_path: Path, parts: tuple[str, ...], changes: list[Change], windows: bool
) -> None:
    text = "".join(parts)
    path = tmp_path / "curator.toml"
    path.write_bytes((text.replace("\n", "\r\n") if windows else text).encode())
    before = settings.read(text, path)
    found = save(changes, path)
    after = path.read_bytes().decode()
    assert found == meant(before, changes, RULES) == settings.read(after, path)
    assert [current(found, one.code, RULES) for one in changes] == changes
    kept = {"target", "datasets", "per-file-ignores"}
    assert {k: v for k, v in tomli.loads(after).items() if k in kept} == {
        k: v for k, v in tomli.loads(text).items() if k in kept
    }
    for comment in ("# head", "# why", "# data", "# a\n", "# the end"):
        assert (comment.strip() in text) == (comment.strip() in after)
    save(changes, path)
    assert path.read_bytes().decode() == after


# --- one rule, run again --------------------------------------------------------------------------


def job(path: str = SAMPLE, change: Change = Change("FUN001", True), **more: Any) -> Job:  # noqa: B008
    return Job(change, str(governing([path], None)[0]), (path,), **more)


def test_a_rule_alone_finds_what_it_finds_among_all() -> None:
    findings = [finding.code for finding in api.check(SAMPLE).findings]
    for code in set(findings):
        assert trying.run(job(change=Change(code, True))).count == findings.count(code)


def test_a_changed_parameter_changes_the_count(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [
        {"messages": [{"role": "user", "content": str(n)}, {"role": "assistant", "content": "y"}]} for n in range(20)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "curator.toml").write_text('ignore = ["DAT002"]\n')
    found = {enough: try_rule(job(str(path), Change("DAT002", False, {"enough": enough}))) for enough in (5, 50)}
    counts = {enough: outcome.count for enough, outcome in found.items() if isinstance(outcome, Outcome)}
    assert counts == {5: 0, 50: 1}
    elsewhere = replace(job(str(path), Change("DAT002", True, {"enough": 5})), where=str(tmp_path / "other.toml"))
    assert trying.run(elsewhere).count == 1


def test_what_fails_is_one_line(tmp_path: Path) -> None:
    failed = try_rule(job(change=Change("LAB003", True, {"max_ratio": "ten"})))
    assert isinstance(failed, Failed)
    assert "parameter 'max_ratio': Expected float, got str" in failed.why
    raised = try_rule(job(change=Change("FUN008", True, {"pattern": "("})))
    assert isinstance(raised, Failed)
    assert "\n" not in raised.why


def test_what_the_rule_cannot_look_at_is_said() -> None:
    outcome = trying.run(job(change=Change("TOK001", True), target="generic"))
    assert outcome.count == 0
    assert "no default model" in outcome.notes[0]


def test_standard_input_is_read_from_its_copy() -> None:
    change = Change("FUN001", True)
    again = Job(change, str(governing(["-"], None)[0]), ("-",), standins={"-": SAMPLE})
    assert trying.run(again).count == trying.run(job(change=change)).count


def ends(trial: Trial) -> Outcome | Failed:
    until(lambda: not isinstance(trial.poll(), Pace))
    state = trial.poll()
    assert not isinstance(state, Pace)
    return state


def test_a_run_is_ended_when_it_is_stopped_late_or_forgotten(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.jsonl")  # nobody writes into it: no run is through before it is ended
    endless = job(str(tmp_path / "never.jsonl"))
    stopped, late, forgotten = Trial(endless), Trial(endless, timeout=0.0), Trial(endless)
    stopped.cancel()
    assert ends(stopped) == Failed("stopped")
    late_state = ends(late)
    assert isinstance(late_state, Failed)
    assert "not finished after 0 seconds" in late_state.why
    number = forgotten._process.pid
    del forgotten
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_progress_tells_the_time_left() -> None:
    assert Pace(25, 100, 10.0).left == 30.0
    assert Pace(1, 100, 10.0).left is None
    assert Pace(0, 0, 1.0).share == 0.0
