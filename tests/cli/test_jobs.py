"""`gleanery jobs`: the queue as a table, as wide as the terminal, and as JSON."""

import json
import time
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from ledgers.filled_ledger import CHAT, LOST, SPECIALIST, FilledLedger, fill, manifest
from rich.cells import cell_len
from terminal import on_terminal, plain

from gleanery.cli.job_table import WATCHED, plain_rows, terminal_lines
from gleanery.cli.job_words import duration, rate
from gleanery.cli.jobs import jobs
from gleanery.jobs.job import Counts, Job, Pace, State

NOW = 1795248010.0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLEANERY_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def filled(home: Path) -> Path:
    fill(home)
    return home


def listed(*arguments: str) -> Result:
    return CliRunner().invoke(jobs, arguments)


def ids(result: Result) -> list[str]:
    return [line.split()[0] for line in result.stdout.splitlines()[1:]]


def job(
    id: str,
    state: State,
    counts: Counts,
    pace: Pace | None = None,
    *,
    reason: str | None = None,
    age: float = 100.0,
    after: tuple[str, ...] = (),
    **changes: object,
) -> Job:
    return Job(
        number=1, id=id, state=state, reason=reason, manifest=manifest(**changes), bundle="", priority=0, place=1.0,
        loaded=state != "loading", read_from="", counts=counts, pace=pace or Pace(), pins={}, submitted=NOW - age,
        started=None, ended=None, after=after,
    )  # fmt: skip


FAST = Pace(NOW - 3, 812.4, 64)
CALLS = Pace(NOW - 3, 2.4, 16, 210.0, 12.5, 4200)
JOBS = [
    job("j-rnn001", "running", Counts(40000, 14400, 25000, 600), FAST, source="all/references.txt", age=3700),
    job("j-cha701", "running", Counts(90, 55, 30, 4, 1), CALLS, source="old.csv", models=(SPECIALIST, CHAT)),
    job("j-next01", "queued", Counts(60, 60), source="more.txt"),
    job("j-wa1t01", "waiting", Counts(20, 20), source="last.txt", after=("j-next01",)),
    job("j-g0ne01", "waiting", Counts(30, 27, 3), reason=LOST, source="letters.txt", models=(CHAT,)),
    job("j-bad001", "done", Counts(40, 0, 31, 4, 5), source="文献目録.txt"),
]


def drawn(width: int, *arguments: object) -> list[str]:
    return [line.plain for line in terminal_lines(JOBS, NOW, width, *arguments)]  # type: ignore[arg-type]


def test_at_80_columns() -> None:
    assert "\n".join(drawn(80)) == dedent("""\
        id        source          state       %           done  review  failed  left
        j-rnn001  references.txt  running   64%  25,600/40,000     600          18 s
        j-cha701  old.csv         running   38%          35/90       4       1  23 s
        j-next01  more.txt        queued     0%           0/60
        j-wa1t01  last.txt        waiting    0%           0/20
                  after j-next01
        j-g0ne01  letters.txt     waiting   10%           3/30
                  http://127.0.0.1:11434 (ollama) does not answer. Start it with: ollama
                  serve. Tried again every 60 s.
        j-bad001  文献目録.txt    done     100%          40/40       4       5""")


def test_at_120_columns() -> None:
    assert "\n".join(drawn(120)) == dedent("""\
        id        task          source          state    progress     %           done  review  failed   rate  left
        j-rnn001  bibliography  references.txt  running  ━━━━━━━━   64%  25,600/40,000     600          812/s  18 s
        j-cha701  bibliography  old.csv         running  ━━━━━━━━   38%          35/90       4       1  2.4/s  23 s
        j-next01  bibliography  more.txt        queued   ━━━━━━━━    0%           0/60
        j-wa1t01  bibliography  last.txt        waiting  ━━━━━━━━    0%           0/20
                  after j-next01
        j-g0ne01  bibliography  letters.txt     waiting  ╸━━━━━━━   10%           3/30
                  http://127.0.0.1:11434 (ollama) does not answer. Start it with: ollama serve. Tried again every 60 s.
        j-bad001  bibliography  文献目録.txt    done     ━━━━━━━━  100%          40/40       4       5""")


def test_watched_at_80_columns() -> None:
    assert "\n".join(drawn(80, WATCHED)) == dedent("""\
        id        source    state    progress     %           done  review  failed  left
        j-rnn001  referen…  running  ━━━━━━━━   64%  25,600/40,000     600          18 s
        j-cha701  old.csv   running  ━━━━━━━━   38%          35/90       4       1  23 s
        j-next01  more.txt  queued   ━━━━━━━━    0%           0/60
        j-wa1t01  last.txt  waiting  ━━━━━━━━    0%           0/20
                  after j-next01
        j-g0ne01  letters…  waiting  ╸━━━━━━━   10%           3/30
                  http://127.0.0.1:11434 (ollama) does not answer. Start it with: ollama
                  serve. Tried again every 60 s.
        j-bad001  文献目…   done     ━━━━━━━━  100%          40/40       4       5""")


@pytest.mark.parametrize("width", range(40, 240, 7))
@pytest.mark.parametrize("columns", [(), (WATCHED,)], ids=["listed", "watched"])
def test_no_line_is_longer_than_the_terminal_where_it_can_be_helped(width: int, columns: tuple[object, ...]) -> None:
    assert max(map(cell_len, drawn(width, *columns))) <= max(width, 60)


def test_columns_that_say_nothing_are_left_out() -> None:
    (heading, *_) = [line.plain for line in terminal_lines(JOBS[2:3], NOW, 200)]
    assert not {"rate", "left", "review", "failed", "ok"} & set(heading.split())


def test_where_there_is_no_terminal_nothing_is_cut() -> None:
    columns, rows, _ = plain_rows(JOBS, NOW)
    assert columns[-1] == "reason"
    assert [row[-1] for row in rows] == ["", "", "", "after j-next01", LOST, ""]
    assert rows[1][columns.index("models")] == f"{SPECIALIST} → {CHAT}"
    assert rows[0][columns.index("left")] == "18 s"


def test_what_a_terminal_would_obey_is_left_out() -> None:
    wicked = job("j-bad001", "failed", Counts(1, 1), source="\x1b[2Jx.txt", reason="\x1b]0;title\x07no")
    shown = "".join(line.plain for line in terminal_lines([wicked], NOW, 120)) + "".join(
        plain_rows([wicked], NOW)[1][0]
    )
    assert "\x1b" not in shown
    assert "\x07" not in shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (-3, "0 s"), (95, "95 s"), (150, "2 min"), (7199, "120 min"), (7200, "2 h"), (864000, "10 d")],
)
def test_durations(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(None, ""), (0.0, "0/s"), (0.05, "3/min"), (2.44, "2.4/s"), (12.4, "12/s"), (4012.3, "4,012/s")],
)
def test_rates(number: float | None, said: str) -> None:
    assert rate(number) == said


def test_no_jobs(home: Path) -> None:
    result = listed()
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No jobs yet: gleanery submit bibliography refs.txt\n"


def test_what_runs_comes_first_in_its_order_then_what_has_ended(filled: Path) -> None:
    result = listed()
    assert result.exit_code == 0
    assert ids(result) == [
        "j-rnn001", "j-cha701", "j-next01", "j-wa1t01", "j-g0ne01", "j-st0re1", "j-pa5e01",
        "j-cance1", "j-fa1e01", "j-bad001", "j-d0ne01",
    ]  # fmt: skip
    assert "\x1b" not in result.stdout
    assert result.stderr == "No worker runs, so nothing goes on: gleanery worker start\n"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--state", "paused", "--state", "failed"), ["j-pa5e01", "j-fa1e01"]),
        (("--limit", "2"), ["j-rnn001", "j-cha701"]),
        (("--task", "bibliography", "--state", "queued"), ["j-next01"]),
    ],
    ids=" ".join,
)
def test_filters(filled: Path, arguments: tuple[str, ...], wanted: list[str]) -> None:
    assert ids(listed(*arguments)) == wanted


def test_no_such_jobs(filled: Path) -> None:
    result = listed("--task", "nonsense")
    assert (result.stdout, result.stderr) == ("", "No such jobs: gleanery jobs --all\n")


def test_what_ended_before_yesterday_is_old(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FilledLedger(home) as ledger:
        ledger.add("done", total=1, ok=1, id="j-d0ne01")
        ledger.add("queued", id="j-next01")
    later = time.time() + 90_000
    monkeypatch.setattr(time, "time", lambda: later)
    result = listed()
    assert ids(result) == ["j-next01"]
    assert "1 job that ended before: gleanery jobs --all" in result.stderr
    assert ids(listed("--all")) == ["j-next01", "j-d0ne01"]
    assert ids(listed("--state", "done")) == ["j-d0ne01"]


def test_json_lines(filled: Path) -> None:
    result = listed("--json")
    found = {one["id"]: one for one in map(json.loads, result.stdout.splitlines())}
    assert result.stderr == ""
    assert len(found) == 11
    chat = found["j-cha701"]
    assert chat["models"] == [SPECIALIST, CHAT]
    assert [chat[name] for name in ("state", "total", "todo", "done", "ok", "review", "failed")] == [
        "running", 90, 55, 35, 30, 4, 1,
    ]  # fmt: skip
    assert (chat["ttft_ms"], chat["tpot_ms"], chat["source"]) == (210.0, 12.5, "old-catalogue.csv")
    assert found["j-g0ne01"]["reason"] == LOST
    assert found["j-wa1t01"]["after"] == ["j-next01"]
    assert found["j-d0ne01"]["ended"].endswith("+00:00")


def test_on_a_terminal(filled: Path) -> None:
    code, sent = on_terminal("jobs", columns=100)
    assert code == 0
    lines = plain(sent).splitlines()
    assert lines[0].split()[:2] == ["id", "task"]
    assert max(map(cell_len, lines)) <= 100
    assert "\x1b[" in sent
    assert any("ollama serve" in line for line in lines)
    code, sent = on_terminal("jobs", columns=100, variables={"NO_COLOR": "1"})
    assert "\x1b[3" not in sent


def test_ids_are_completed_with_what_they_are(filled: Path) -> None:
    from gleanery.cli.control import resume

    complete = ShellComplete(resume, {}, "resume", "_X")
    found = {item.value: item.help for item in complete.get_completions([], "j-")}
    assert found["j-pa5e01"] == "paused: bibliography notes.txt"
    assert "j-d0ne01" not in found, "there is nothing to resume"
    assert "j-pa5e01" not in {item.value for item in complete.get_completions(["j-pa5e01"], "j-")}
    assert [item.value for item in complete.get_completions([], "j-pa")] == ["j-pa5e01"]


def test_completing_where_there_is_no_ledger_is_quiet(home: Path) -> None:
    from gleanery.cli.watch import watch

    assert ShellComplete(watch, {}, "watch", "_X").get_completions([], "j-") == []
    assert not (home / "ledger.db").exists()


def test_a_job_that_was_asked_for_something_says_so() -> None:
    asked = replace(JOBS[0], pending=("pause",))
    assert "running, pause asked" in terminal_lines([asked], NOW, 120)[1].plain
