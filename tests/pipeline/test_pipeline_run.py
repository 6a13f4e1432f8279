"""Pipelines over real ledgers, workers and servers: record by record, each step kept, nothing done twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pipelines import good, models, project, source
from servers.ollama_server import Behaviour

from gleanery.errors import GleaneryError, UsageError
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.pipeline.pipeline import Pipeline
from gleanery.tasks.records import Record, Result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project(tmp_path))
    return tmp_path


def results(pipeline: Pipeline, *arguments: Any, **options: Any) -> list[Result]:
    with closing(pipeline.run(*arguments, **options)) as run:
        return list(run)


def test_the_output_of_a_step_is_there_for_the_next(folder: Path) -> None:
    with models(folder) as (_, server, settings):
        done = results(Pipeline(["title", "note"]), source(folder, 3), settings=settings)
    assert [(r.id, r.status, r.input) for r in done] == [(f"r-{n}", "ok", f"Book {n}.") for n in (1, 2, 3)]
    assert [r.output for r in done] == [{"note": f"note of Book {n}."} for n in (1, 2, 3)]
    assert [r.carried for r in done] == [{"title": {"title": f"BOOK {n}"}} for n in (1, 2, 3)]
    prompts = [json.dumps(chat["messages"]) for chat in server.chats if "STEP note" in json.dumps(chat)]
    assert len(prompts) == 3 and "BOOK 1" in prompts[0]


@pytest.mark.parametrize("second", ["note", "check"], ids=["another model", "the same model"])
def test_a_record_goes_on_while_others_are_still_at_the_step_before(folder: Path, second: str) -> None:
    """The last record's first step never ends: the others come through all the same."""

    def answer(step: str, text: str) -> Any:
        return Behaviour("{", ending="stall") if (step, text) == ("title", "Book 9.") else good(step, text)

    with (
        models(folder, answer) as (model, _, settings),
        closing(Pipeline(["title", second]).run(source(folder, 9), settings=settings)) as run,
    ):
        assert [next(run).id for _ in range(8)] == [f"r-{n}" for n in range(1, 9)]
        assert Counter(step for step, _ in model.asked) == {"title": 9, second: 8}


def test_what_is_filtered_out_keeps_its_last_result(folder: Path) -> None:
    steps = [
        "title",
        {"filter": 'output.title in ["BOOK 1", "BOOK 3"]'},
        {"filter": "id != 'r-3'", "drop": True},
        "note",
    ]
    with models(folder) as (model, _, settings):
        done = results(Pipeline(steps), source(folder, 4), settings=settings)
    assert [(r.id, sorted(r.output), r.carried.get("left_at")) for r in done] == [
        ("r-1", ["note"], None), ("r-2", ["title"], "filter-2"), ("r-4", ["title"], "filter-2"),
    ]  # fmt: skip
    assert ("note", "Book 3.") not in model.asked


def test_parts_go_on_alone_and_come_together(folder: Path) -> None:
    steps = ["people", {"split": "output.people"}, "one", {"join": "list", "name": "notes", "of": "output.note"}]
    with models(folder) as (_, _, settings):
        done = results(Pipeline(steps), source(folder, 2), settings=settings)
        parts = results(Pipeline(steps[:3]), source(folder, 2), settings=settings)
    assert [(r.id, r.input, r.carried["notes"]) for r in done] == [
        (f"r-{n}", f"Book {n}.", [f"one of Book {n} Ada", f"one of Book {n} Bo"]) for n in (1, 2)
    ]
    assert done[0].output == {"people": ["Book 1 Ada", "Book 1 Bo"]}
    assert [(r.id, r.input) for r in parts[:2]] == [("r-1.1", "Book 1 Ada"), ("r-1.2", "Book 1 Bo")]


def test_what_failed_goes_no_further(folder: Path) -> None:
    def answer(step: str, text: str) -> Any:
        return Behaviour("no JSON") if (step, text) == ("one", "Book 1 Bo") else good(step, text)

    steps = ["people", {"split": "output.people"}, "one", {"join": "text", "of": "output.note"}, "note"]
    tasks = folder / "tasks" / "note" / "task.yaml"
    tasks.write_text(tasks.read_text().replace("{{ title }}", "{{ join-4 }}"))
    with models(folder, answer) as (_, _, settings):
        done = results(Pipeline(steps), source(folder, 1), settings=settings)
    assert [(r.id, r.status, r.carried["join-4"]) for r in done] == [("r-1", "review", "one of Book 1 Ada")]
    assert [(i.code, i.path) for i in done[0].issues] == [("part-not-ok", "join-4")]


def test_tools_are_called_once_for_the_same(folder: Path) -> None:
    (folder / "tools.py").write_text(
        "from gleanery.tools.tool import tool\n\n\n@tool\ndef shout(text: str) -> dict[str, str]:\n"
        '    """Say it louder."""\n    with open("calls.txt", "a") as log:\n        log.write(text + "\\n")\n'
        '    if "2" in text:\n        raise ValueError("no twos")\n    return {"loud": text + "!"}\n'
    )
    steps = ["title", {"tool": "shout", "arguments": {"text": "output.title"}}, "note"]
    with models(folder) as (_, _, settings):
        done = results(Pipeline(steps), source(folder, 2), settings=settings)
    assert [r.carried["shout"] for r in done] == [{"loud": "BOOK 1!"}, None]
    assert [(r.status, [i.code for i in r.issues]) for r in done] == [("ok", []), ("review", ["tool-failed"])]
    assert sorted((folder / "calls.txt").read_text().split("\n")) == ["", "BOOK 1", "BOOK 2"]


def test_a_second_run_asks_only_what_is_new(folder: Path) -> None:
    with models(folder) as (model, _, settings):
        pipeline = Pipeline(["title", "note"], name="two")
        first = results(pipeline, source(folder, 3), settings=settings)
        assert len(model.asked) == 6
        assert results(pipeline, source(folder, 4), settings=settings)[:3] == first
        assert len(model.asked) == 8
        three = Pipeline(["title", "note", {"task": "check", "input": "output.note"}], name="two")
        assert results(three, source(folder, 4), settings=settings)[0].output == {"note": "check of note of Book 1."}
        assert Counter(step for step, _ in model.asked) == {"title": 4, "note": 4, "check": 4}
        results(pipeline, source(folder, 1), settings=settings, anew=True)
        assert len(model.asked) == 14
        with Ledger.open(pipeline.home(settings)) as ledger:
            assert len(ledger.jobs()) == 2  # the runs before are not kept
        assert pipeline.forget(settings) and not pipeline.home(settings).exists() and not pipeline.forget(settings)


def test_columns_come_through_and_are_not_overwritten(folder: Path) -> None:
    records = [Record("mine", 1, "Book 1.", {"shelf": "A"})]
    with models(folder) as (_, _, settings):
        (done,) = results(Pipeline(["title", "note"]), records, settings=settings)
        assert (done.id, done.carried) == ("mine", {"shelf": "A", "title": {"title": "BOOK 1"}})
        with pytest.raises(UsageError, match="has a column `title`"):
            results(Pipeline(["title", "note"]), [Record("r", 1, "Book 1.", {"title": "x"})], settings=settings)


def test_a_model_that_is_not_there_is_said_at_once(folder: Path) -> None:
    with models(folder) as (_, _, settings):
        missing = Pipeline(["title", {"task": "note", "model": "ollama/absent"}])
        with pytest.raises(GleaneryError, match="absent"):
            results(missing, source(folder, 2), settings=settings)


def test_a_source_that_breaks_gives_what_came_before(folder: Path) -> None:
    def torn() -> Any:
        yield "Book 1."
        raise UsageError("the tape is torn")

    with models(folder) as (_, _, settings), closing(Pipeline(["title"]).run(torn(), settings=settings)) as run:
        assert next(run).id == "r-1"
        with pytest.raises(UsageError, match="tape is torn"):
            next(run)


def test_only_one_runs_it_at_a_time(folder: Path) -> None:
    with models(folder) as (_, _, settings):
        pipeline = Pipeline(["title"])
        with closing(pipeline.run(source(folder, 1), settings=settings)):
            code = f"from pathlib import Path; running.forget(Path({str(pipeline.home(settings))!r}))"
            code = f"from gleanery.pipeline import running; {code}"
            other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert f"is being run, in process {os.getpid()}" in other.stderr


def until(condition: Any) -> None:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def test_killed_and_started_again_nothing_is_done_twice(folder: Path) -> None:
    """kill -9 while both steps are at work, and the tool too; the same command goes on."""
    (folder / "two.yaml").write_text(
        "name: two\nsteps:\n  - title\n  - tool: shout\n    arguments: {text: output.title}\n  - note\n"
    )
    (folder / "tools.py").write_text(
        "from gleanery.tools.tool import tool\n\n\n@tool\ndef shout(text: str) -> str:\n"
        '    """Say it louder."""\n    with open("calls.txt", "a") as log:\n        log.write(text + "\\n")\n'
        '    return text + "!"\n'
    )
    hung = {"title": {"Book 7.", "Book 8."}, "note": {"Book 5."}}

    def answer(step: str, text: str) -> Any:
        return Behaviour("{", ending="stall") if text in hung.get(step, ()) else good(step, text)

    file = source(folder, 8)
    code = (
        "from gleanery.pipeline.pipeline import Pipeline\n"
        "for result in Pipeline.load('two.yaml').run('source.txt'): print(result.id, flush=True)\n"
    )
    with models(folder, answer) as (model, _, settings):
        variables = {**os.environ, "GLEANERY_HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "cache"),
                     "XDG_CONFIG_HOME": str(folder / "c")}  # fmt: skip
        process = subprocess.Popen([sys.executable, "-c", code], cwd=folder, env=variables, stdout=subprocess.PIPE)
        assert process.stdout is not None
        try:
            until(lambda: len(model.asked) == 8 + 6)
            assert [process.stdout.readline() for _ in range(4)] == [f"r-{n}\n".encode() for n in range(1, 5)]
            with Ledger.open(Pipeline.load("two.yaml").home(settings), create=False) as ledger:
                until(lambda: [job.counts.done for job in ledger.jobs()] == [6, 5])
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
        asked = list(model.asked)
        hung.clear()
        with closing(Pipeline.load("two.yaml").run(file, settings=settings)) as run:
            assert run.resumed
            done = list(run)
        again = model.asked[len(asked) :]
    assert [(r.id, r.status, r.carried["shout"]) for r in done] == [(f"r-{n}", "ok", f"BOOK {n}!") for n in range(1, 9)]
    assert Counter(again) == {(step, f"Book {n}."): 1 for step, n in (
        ("title", 7), ("title", 8), ("note", 5), ("note", 7), ("note", 8))}  # fmt: skip
    assert Counter((folder / "calls.txt").read_text().split()) == {"BOOK": 8, **{str(n): 1 for n in range(1, 9)}}


def test_some_pass_a_step_by(folder: Path) -> None:
    steps = ["title", {"task": "note", "when": "id != 'r-2'"}, {"tool": "check_identifier", "when": "id == 'r-2'",
             "arguments": {"scheme": "'ISSN'", "value": "'0028-0836'"}}, "check"]  # fmt: skip
    with models(folder) as (model, _, settings):
        done = results(Pipeline(steps), source(folder, 3), settings=settings)
    assert [r.output["note"] for r in done] == [f"check of Book {n}." for n in (1, 2, 3)]
    assert ["note" in r.carried for r in done] == [True, False, True]
    assert [bool(r.carried["check_identifier"]) for r in done] == [False, True, False]
    assert ("note", "Book 2.") not in model.asked


def test_a_prompt_may_say_what_came_before(folder: Path) -> None:
    """`{{ output }}` and `{{ issues }}` are the Result of the step before, and no columns of the output."""
    task = folder / "tasks" / "note" / "task.yaml"
    task.write_text(task.read_text().replace("{{ title }}", "{{ output }} {{ issues }} {{ status }}"))
    records = [Record("mine", 1, "Book 1.", {"status": "lent"})]
    with models(folder) as (_, server, settings):
        (done,) = results(Pipeline(["title", "note"]), records, settings=settings)
        said = json.dumps([chat["messages"] for chat in server.chats if "STEP note" in json.dumps(chat)])
    assert json.loads(said)[0][1]["content"].startswith('STEP note {"title":"BOOK 1"} [] ok')
    assert done.carried == {"status": "lent", "title": {"title": "BOOK 1"}}


def test_what_is_written_goes_on(folder: Path) -> None:
    """A generating task as the first step, and one behind it that writes several for each record."""
    (folder / "tasks" / "write").mkdir()
    (folder / "tasks" / "write" / "task.yaml").write_text(
        "name: write\nsummary: Write.\nkind: generate\noutput: 'note: a note'\nmodels: [ollama/tiny]\nseeds: [1, 2]\n"
        "temperature: 0.8\nprompts:\n  - STEP write a\n  - STEP write b\n"
    )
    with models(folder) as (_, _, settings):
        done = results(Pipeline(["write", {"task": "one", "input": "output.note"}]), None, settings=settings)
    assert [r.id for r in done] == ["g-1", "g-2", "g-3", "g-4"]
    assert [r.output["note"] for r in done] == [f"one of {r.carried['write']['note']}" for r in done]
    assert [r.carried["prompt"] for r in done] == [1, 1, 2, 2]


def test_ctrl_c_ends_at_once_and_the_same_command_goes_on(folder: Path) -> None:
    (folder / "two.yaml").write_text("name: two\nsteps:\n  - title\n  - note\n")
    source(folder, 3)
    hung = {"Book 3."}

    def answer(step: str, text: str) -> Any:
        return Behaviour("{", ending="stall") if text in hung and step == "note" else good(step, text)

    code = "from gleanery.cli.pipeline import pipeline; pipeline()"
    call = [sys.executable, "-c", code, "run", "two.yaml", "source.txt", "-o", "out.jsonl"]
    with models(folder, answer) as (model, server, settings):
        variables = {**os.environ, "GLEANERY_HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "cache")}
        process = subprocess.Popen(call, cwd=folder, env=variables, stderr=subprocess.PIPE)
        assert process.stderr is not None
        try:
            until(lambda: len(model.asked) == 6)
            with Ledger.open(Pipeline.load("two.yaml").home(settings), create=False) as ledger:
                until(lambda: [job.counts.done for job in ledger.jobs()] == [3, 2])
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            assert process.wait(10) == 130
            assert time.monotonic() - began < 6
            said = process.stderr.read().decode()
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
        assert "The same command goes on" in said and "Traceback" not in said
        until(lambda: server.aborted and not server.connections)
        assert not (folder / "out.jsonl").exists()
        hung.clear()
        again = subprocess.run(call, cwd=folder, env=variables, capture_output=True, text=True, timeout=60)
        assert again.returncode == 0 and "Goes on where it was interrupted." in again.stderr
    assert Counter(model.asked)["note", "Book 3."] == 2 and len(model.asked) == 7
    assert len((folder / "out.jsonl").read_text().splitlines()) == 3
