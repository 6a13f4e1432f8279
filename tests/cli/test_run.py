"""`gleanery run`: to files, pipes and terminals, whole or not at all."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from terminal import COMMAND, command, environment

from gleanery.cli.main import main

BOOK = "Smith, J. (1999). Title of a book. London: Verso."
ARTICLE = "Garcia, M., & Brown, T. (2015). A study of memory in mice. Journal of Neuroscience, 35(4), 123-145."
LINES = f"{BOOK}\n{ARTICLE}\n\n"
STARTS = {".jsonl": "{", ".json": "[", ".bib": "@", ".ris": "TY  - ", ".csv": "id,", ".tsv": "id\t"}


class Call:
    """Runs `gleanery run` in this process, which costs less than a process of its own."""

    def __init__(self, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        self._captured = capsysbinary

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(["run", *map(str, arguments)])
        assert isinstance(exit_.value.code, int)
        output, errors = self._captured.readouterr()
        return exit_.value.code, output.decode(), errors.decode()


@pytest.fixture
def call(capsysbinary: pytest.CaptureFixture[bytes]) -> Call:
    return Call(capsysbinary)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with references."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "refs.txt").write_text(LINES, encoding="utf-8")
    return tmp_path


def parsed(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def names() -> list[str]:
    """What stands in the folder."""
    return sorted(path.name for path in Path().iterdir())


# Where results go


def test_in_a_pipe_output_is_json_lines_and_nothing_else(folder: Path) -> None:
    done = command("run", "bibliography", "refs.txt", folder=folder)
    assert done.returncode == 0
    results = parsed(done.stdout.decode())
    assert [result["id"] for result in results] == ["r-1", "r-2", "r-3"]
    assert [result["input"] for result in results] == [BOOK, ARTICLE, ""]
    assert done.stderr.startswith(b"3 records in ")
    assert b"\x1b" not in done.stdout + done.stderr


def test_standard_input(folder: Path) -> None:
    done = command("run", "bibliography", "-", "-q", folder=folder, stdin=LINES.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == command("run", "bibliography", "refs.txt", folder=folder).stdout


@pytest.mark.parametrize("closed", ["refs.txt -o out.bib <&-", "- <&-", "refs.txt >&-", "refs.txt 2>&-"])
def test_streams_that_are_closed_do_no_harm(closed: str, folder: Path) -> None:
    line = f"{COMMAND[0]} -m gleanery run bibliography {closed}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, cwd=folder, env=environment(), timeout=60)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("extension", STARTS)
def test_each_format(extension: str, folder: Path, call: Call) -> None:
    code, output, errors = call("bibliography", "refs.txt", "-o", f"out{extension}")
    assert (code, output) == (0, "")
    assert f"Written to out{extension}" in errors
    assert Path(f"out{extension}").read_text(encoding="utf-8").startswith(STARTS[extension])
    assert names() == [f"out{extension}", "refs.txt"]


def test_a_format_for_the_pipe(folder: Path, call: Call) -> None:
    assert call("bibliography", "refs.txt", "--format", "ris")[1].startswith("TY  - ")


def test_what_a_format_cannot_say_is_counted(folder: Path, call: Call) -> None:
    Path("empty.txt").write_text(f"{BOOK}\n\n\n")
    assert (
        "Written to out.bib, without 2 that the format cannot say."
        in call("bibliography", "empty.txt", "-o", "out.bib")[2]
    )


def test_an_empty_file(folder: Path, call: Call) -> None:
    Path("refs.txt").write_text("")
    code, output, errors = call("bibliography", "refs.txt")
    assert (code, output) == (0, "")
    assert errors.startswith("0 records in ")


def test_json_is_the_summary_where_results_go_to_a_file(folder: Path, call: Call) -> None:
    code, output, errors = call("bibliography", "refs.txt", "--json", "-o", "out.jsonl")
    (summary,) = parsed(output)
    assert (code, errors) == (0, "")
    assert (summary["records"], summary["output"]) == (3, "out.jsonl")


@pytest.mark.parametrize("where", [[], ["-o", "-"]])
def test_json_leaves_the_lines_alone_in_a_pipe(where: list[str], folder: Path, call: Call) -> None:
    code, output, errors = call("bibliography", "refs.txt", "--json", *where)
    assert code == 0
    assert [line["id"] for line in parsed(output)] == ["r-1", "r-2", "r-3"]
    assert errors.startswith("3 records in ")
    assert "Written to" not in errors


def test_full(folder: Path, call: Call) -> None:
    line = parsed(call("bibliography", "refs.txt", "--full", "--limit", "1")[1])[0]
    assert (line["attempts"], line["cached"]) == (1, False)
    assert line["timing"]["total_ms"] > 0
    code, _, errors = call("bibliography", "refs.txt", "--full", "-o", "out.bib")
    assert code == 2
    assert "--full is a form of JSONL, and out.bib is bibtex" in errors


# What is read


def test_csv_and_what_it_carries(folder: Path, call: Call) -> None:
    Path("old.csv").write_text(f'key,citation,year\nk1,"{BOOK}",1999\nk2,"{ARTICLE}",2015\n', encoding="utf-8")
    results = parsed(call("bibliography", "old.csv", "--field", "citation")[1])
    assert [result["input"] for result in results] == [BOOK, ARTICLE]
    assert [result["carried"] for result in results] == [{"key": "k1", "year": "1999"}, {"key": "k2", "year": "2015"}]
    assert call("bibliography", "old.csv", "--field", "citation", "-o", "new.csv")[0] == 0
    rows = list(csv.DictReader(io.StringIO(Path("new.csv").read_text(encoding="utf-8-sig"))))
    assert [row["key"] for row in rows] == ["k1", "k2"]


def test_json_lines(folder: Path, call: Call) -> None:
    Path("old.jsonl").write_text(json.dumps({"raw": BOOK, "n": 1}) + "\n{bad\n", encoding="utf-8")
    first, second = parsed(call("bibliography", "old.jsonl")[1])
    assert (first["input"], first["carried"]) == (BOOK, {"n": 1})
    assert (second["input"], second["status"]) == ("{bad", "review")
    assert "bad-json" in {issue["code"] for issue in second["issues"]}


def test_blocks(folder: Path, call: Call) -> None:
    Path("refs.txt").write_text("Smith, J. (1999).\nTitle of a book.\n\n\nLondon\n", encoding="utf-8")
    results = parsed(call("bibliography", "refs.txt", "--blocks")[1])
    assert [result["input"] for result in results] == ["Smith, J. (1999). Title of a book.", "London"]


def test_limit(folder: Path, call: Call) -> None:
    _, output, errors = call("bibliography", "refs.txt", "--limit", "2")
    assert len(parsed(output)) == 2
    assert errors.startswith("2 records in ")


def test_processes_change_nothing(folder: Path, call: Call) -> None:
    Path("refs.txt").write_text(LINES * 40, encoding="utf-8")
    assert call("bibliography", "refs.txt", "--processes", 3)[1] == call("bibliography", "refs.txt")[1]


# What makes a record good


def test_date_and_accept_decide_what_is_in_review(folder: Path, call: Call) -> None:
    Path("refs.txt").write_text(BOOK.replace("1999", "2031") + "\n", encoding="utf-8")

    def issues(*options: str) -> list[str]:
        (result,) = parsed(call("bibliography", "refs.txt", *options)[1])
        return [issue["code"] for issue in result["issues"]]

    assert issues("--date", "2024-06-01", "--accept", "0") == ["year-in-future"]
    assert issues("--date", "2031-06-01", "--accept", "0") == []
    assert issues("--date", "2031-06-01", "--accept", "1") == ["low-confidence"]


def test_exit_code_4_is_for_review_only_where_asked(folder: Path, call: Call) -> None:
    assert call("bibliography", "refs.txt", "-q", "--fail-on", "review", "--accept", "1")[0] == 4
    assert call("bibliography", "refs.txt", "-q", "--accept", "1")[0] == 0


def test_exit_code_4_where_a_record_failed(folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from gleanery.agents import specialist

    def broken(*_: object, **__: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(specialist, "assemble", broken)
    code, output, errors = call("bibliography", "refs.txt")
    assert code == 4
    assert [line["status"] for line in parsed(output)] == ["failed"] * 3
    assert "  failed  3" in errors


# What cannot be done


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["bibliografy", "refs.txt"], 2, "bibliography"),
        (["bibliography", "ref.txt"], 2, "refs.txt"),
        (["bibliography", "."], 2, "folder"),
        (["bibliography", "refs.txt", "-o", "out.bibb"], 2, ".bib"),
        (["bibliography", "refs.txt", "-o", "out"], 2, "no extension"),
        (["bibliography", "refs.txt", "--format", "bibtx"], 2, "bibtex"),
        (["bibliography", "refs.txt", "--field", "x"], 2, "--field"),
        (["bibliography", "refs.txt", "--model", "olama/qwen3:4b"], 2, "Write provider/name"),
        (["bibliography", "refs.txt", "--model", "openai/m@lab"], 2, "[endpoints.NAME]"),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_what_cannot_be_done_is_said_before_anything_is_written(
    arguments: list[str], code: int, said: str, dry: list[str], folder: Path, call: Call
) -> None:
    found, output, errors = call(*arguments, *dry)
    assert (found, output) == (code, "")
    assert said in errors
    assert "Traceback" not in errors
    assert names() == ["refs.txt"]


def test_a_place_that_is_not_there(folder: Path, call: Call) -> None:
    code, output, errors = call("bibliography", "refs.txt", "-o", "no/out.bib")
    assert (code, output) == (1, "")
    assert "mkdir -p" in errors


def test_a_source_that_turns_out_wrong_leaves_the_old_output(folder: Path, call: Call) -> None:
    Path("out.jsonl").write_text("old")
    Path("refs.csv").write_text("a,b\n1,2\n")
    assert call("bibliography", "refs.csv", "-o", "out.jsonl")[0] == 2
    assert Path("out.jsonl").read_text() == "old"
    assert not list(folder.glob(".gleanery*"))


@pytest.mark.parametrize(
    ("limit", "count"), [([], "3 records"), (["--limit", "2"], "2 records"), (["--limit", "1"], "1 record")]
)
def test_a_dry_run_writes_nothing(limit: list[str], count: str, folder: Path, call: Call) -> None:
    code, output, errors = call("bibliography", "refs.txt", "-o", "out.bib", "--dry-run", *limit)
    assert (code, errors) == (0, "")
    assert output == (
        f"Would run `bibliography` on {count} of refs.txt with embedded/references, and write bibtex to out.bib.\n"
    )
    assert names() == ["refs.txt"]


def test_a_dry_run_reads_no_pipe(folder: Path, call: Call) -> None:
    assert "an unknown number of records of -" in call("bibliography", "-", "--dry-run")[1]


# Ends that come early


def interrupted(*arguments: str, folder: Path, ready: str) -> tuple[int, str, str]:
    """Send SIGINT when a file named like `ready` is there and records were taken; exit code, output, errors."""
    process = subprocess.Popen(
        [*COMMAND, "run", "bibliography", "-", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=environment(),
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(LINES.encode() * 300)
    process.stdin.flush()
    end = time.monotonic() + 30
    while not any(path.stat().st_size for path in folder.glob(ready)) and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    return process.returncode, output.decode(), errors.decode()


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("old", [None, "old"])
def test_ctrl_c_leaves_the_old_file_and_no_other(processes: str, old: str | None, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    if old:
        out.write_text(old)
    code, output, errors = interrupted("-o", "out.jsonl", "--processes", processes, folder=tmp_path, ready=".gleanery*")
    assert (code, output) == (130, "")
    assert re.search(
        r"^Interrupted after \d+ records?\. out\.jsonl (is as it was|was not written)", errors, re.MULTILINE
    )
    assert ("as it was before" in errors) == bool(old)
    again = "The same command starts again" if "after 0 records" in errors else "Go on with: gleanery run --resume j-"
    assert again in errors
    assert "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == (["out.jsonl"] if old else [])
    assert not old or out.read_text() == old


def test_ctrl_c_in_a_pipe(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "run", "bibliography", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdin and process.stdout
    process.stdin.write(LINES.encode() * 20)
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"What was written holds only these." in errors
    assert b"Traceback" not in errors


@pytest.mark.parametrize("options", [[], ["--processes", "2"], ["--format", "bibtex"]])
def test_head_closes_the_pipe(options: list[str], folder: Path) -> None:
    (folder / "refs.txt").write_text(LINES * 100, encoding="utf-8")
    line = f"{COMMAND[0]} -m gleanery run bibliography refs.txt {' '.join(options)} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, cwd=folder, env=environment(), timeout=60)
    assert done.stderr == b""
    assert done.returncode == 141
    assert done.stdout.count(b"\n") == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_stays_flat() -> None:
    process = subprocess.Popen(
        [*COMMAND, "run", "bibliography", "-", "-q"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    assert process.stdin
    with process.stdin as pipe:
        for number in range(200_000):
            pipe.write(b"Name%d, A. %d.\n" % (number, number))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) < 300e6
