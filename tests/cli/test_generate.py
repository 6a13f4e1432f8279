"""`gleanery generate`: what a server is asked for each cell, what is written, and what is marked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers.ollama_server import Behaviour, FakeModel, OllamaServer

from gleanery import run as run_task
from gleanery.cli.generate import generate
from gleanery.cli.main import main
from gleanery.errors import GleaneryError, UsageError

TASK = """\
name: notes
summary: Write notes.
kind: generate
output: text
models: [ollama/a, ollama/b]
temperature: 0.8
seeds: [1, 2]
prompts:
  - Write a note on tea.
  - Write a note on milk.
checks:
  - checks.py:no_sugar
"""
CHECKS = """\
def no_sugar(output):
    return "Leave the sugar out." if "sugar" in output else None
"""
GUARDED = """\
name: replies
summary: Reply to letters.
kind: generate
output: text
models: [ollama/a]
prompt: "Reply to this: {{ source }}"
guard:
  input: {model: 'ollama/llama-guard3:1b', style: llama-guard}
  output: {model: 'ollama/bespoke-minicheck', style: minicheck}
"""
Ran = tuple[int, list[dict[str, Any]], str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("OLLAMA_HOST", "GLEANERY_DEFAULT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("GLEANERY_HOME", str(tmp_path / "home"))
    for name, text in (("notes", TASK), ("replies", GUARDED)):
        (tmp_path / "tasks" / name).mkdir(parents=True)
        (tmp_path / "tasks" / name / "task.yaml").write_text(text)
    (tmp_path / "tasks" / "notes" / "checks.py").write_text(CHECKS)
    return tmp_path


@pytest.fixture
def write(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs `generate`, and gives the exit code, the results and what was said on standard error."""

    def write(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as exit_:
            generate([*arguments, "-o", "out.jsonl"], standalone_mode=False)
        lines = (folder / "out.jsonl").read_text().splitlines()
        return int(exit_.value.code or 0), [json.loads(line) for line in lines], capsys.readouterr().err

    return write


def serve(answer: Callable[[dict[str, Any]], Any], *models: str) -> OllamaServer:
    """An Ollama with these models."""
    return OllamaServer(answer, [FakeModel(name) for name in models or ("a", "b")])


def settings(folder: Path, server: OllamaServer) -> None:
    (folder / "gleanery.toml").write_text(f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\nin_flight = 1\n')


def seeded(body: dict[str, Any]) -> Any:
    """A model whose answer depends on all that it is asked; probes are answered as a good model would."""
    text = body["messages"][-1]["content"]
    if "Write a note" not in text and "Leave the sugar" not in text:
        return Behaviour()
    return f"{text.split()[-1]} by {body['model']} {body['options']['seed']}"


def asked(server: OllamaServer, text: str = "Write a note") -> list[dict[str, Any]]:
    return [chat for chat in server.chats if text in chat["messages"][-1]["content"]]


def test_each_prompt_is_written_by_each_model_with_each_seed(folder: Path, write: Callable[..., Ran]) -> None:
    with serve(seeded) as server:
        settings(folder, server)
        code, results, said = write("notes")
        requests = asked(server)
    assert code == 0, said
    assert [(result["id"], result["model"], result["output"]) for result in results] == [
        (f"g-{number}", f"ollama/{model}", f"{what}. by {model} {seed}")
        for number, (model, what, seed) in enumerate(
            ((model, what, seed) for model in "ab" for what in ("tea", "milk") for seed in (1, 2)), 1
        )
    ]
    assert results[5]["carried"] == {"prompt": 1, "model": "ollama/b", "seed": 2, "sample": 1}
    assert results[5]["input"] == "Write a note on tea." and results[5]["status"] == "ok"
    sent = {(body["model"], body["messages"][-1]["content"], body["options"]["seed"]) for body in requests}
    assert len(sent) == len(requests) == 8
    assert {body["options"]["temperature"] for body in requests} == {0.8}
    assert all("format" not in body for body in requests)
    assert "with ollama/a and ollama/b" in said


def test_the_same_again_is_asked_and_written_the_same(folder: Path, write: Callable[..., Ran]) -> None:
    with serve(seeded) as server:
        settings(folder, server)
        first = write("notes", "-n", "2", "--models", "ollama/b", "--seeds", "5,9")
        before = asked(server)
        second = write("notes", "-n", "2", "--models", "ollama/b", "--seeds", "5,9")
        after = asked(server)[len(before) :]
    assert first[1] == second[1] and before == after
    assert len(first[1]) == 2 * 2 * 2 and {body["model"] for body in before} == {"b"}
    assert [result["carried"]["sample"] for result in first[1]] == [1, 2] * 4
    assert len({body["options"]["seed"] for body in before}) == 4


def test_a_failed_check_is_told_to_the_model_and_wants_review(folder: Path, write: Callable[..., Ran]) -> None:
    with serve(lambda body: "tea with sugar" if "temperature" in body["options"] else Behaviour()) as server:
        settings(folder, server)
        code, results, _ = write("notes", "--models", "ollama/a", "--seeds", "1")
        told = asked(server, "Leave the sugar out.")
    assert (code, [result["status"] for result in results]) == (0, ["review", "review"])
    assert results[0]["issues"] == [{"code": "check-failed", "path": None, "message": "Leave the sugar out."}]
    assert len(told) == 2 and told[0]["options"]["seed"] == 1


def test_near_duplicates_are_marked_in_the_order_of_the_records(folder: Path, write: Callable[..., Ran]) -> None:
    with serve(lambda body: "Tea is what I drink.") as server:
        settings(folder, server)
        _, results, said = write("notes", "--models", "ollama/a", "--duplicates", "0.9")
    assert [result["status"] for result in results] == ["ok", "review", "review", "review"]
    assert {issue["message"] for result in results for issue in result["issues"]} == {
        "A near-duplicate of g-1 (likeness 1.00)."
    }
    assert "near-duplicate 3" in said


def test_the_built_in_haiku_is_validated_json_with_its_syllables(folder: Path, write: Callable[..., Ran]) -> None:
    lines = ["Small blue gopher digs", "tunnels between waiting tasks", "one word through the dark"]
    with serve(lambda body: json.dumps({"lines": lines}) if "format" in body else Behaviour()) as server:
        settings(folder, server)
        code, results, _ = write("haiku", "--models", "ollama/a,ollama/b", "-n", "1", "--seeds", "3", "--full")
        sent = asked(server, "Write one haiku")
    assert code == 0 and len(results) == 12 == len(sent)
    assert results[0]["output"] == {"lines": lines, "syllables": [5, 7, 5]}
    assert results[0]["timing"]["total_ms"] > 0 and results[0]["carried"]["model"] == results[0]["model"]
    assert [result["status"] for result in results] == ["ok"] + ["review"] * 11  # each says the same as the first
    assert sent[0]["format"]["properties"].keys() == {"lines"} and sent[0]["options"]["temperature"] == 0.9


def test_a_source_is_written_about_record_by_record(folder: Path, write: Callable[..., Ran]) -> None:
    (folder / "in.csv").write_text('text,labels\nWhere is it?,"question, praise"\n')
    answer = json.dumps({"reason": "It asks.", "label": "question"})
    with serve(lambda body: answer if "format" in body else Behaviour()) as server:
        settings(folder, server)
        code, (result,), _ = write("classify", "in.csv", "--models", "ollama/a", "--field", "text")
    assert (code, result["id"], result["output"]["label"]) == (0, "r-1", "question")
    assert result["carried"] == {"labels": "question, praise"}


def test_a_table_has_a_column_for_each_part_of_the_cell(folder: Path) -> None:
    with serve(seeded) as server, pytest.raises(SystemExit):
        settings(folder, server)
        generate(["notes", "-o", "out.csv", "-q", "--models", "ollama/a"], standalone_mode=False)
    header, row, *_ = (folder / "out.csv").read_text().splitlines()
    assert {"prompt", "seed", "sample", "model", "answer"} <= set(header.split(","))
    assert "tea. by a 1" in row


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("bibliography",), "does not generate"),
        (("notes", "refs.txt"), "a source would change nothing"),
        (("summarize",), "wants a source"),
        (("notes", "--seeds", "1,two"), "`two` is no seed"),
        (("notes", "--models", " , "), "--models is empty"),
        (("replies", "refs.txt", "-n", "2"), "temperature 0"),
    ],
)
def test_what_cannot_be_meant_is_said(folder: Path, arguments: tuple[str, ...], says: str) -> None:
    (folder / "refs.txt").write_text("x\n")
    with pytest.raises(UsageError, match=says):
        generate([*arguments, "--dry-run"], standalone_mode=False)
    with pytest.raises(UsageError, match=says):
        generate([*arguments, "-q"], standalone_mode=False)
    assert not list((folder / "home").glob("runs/*"))


def test_a_dry_run_says_how_many(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate(["notes", "-n", "5", "--dry-run"], standalone_mode=False)
    said = capsys.readouterr().out
    assert "on 40 records of its prompts with ollama/a and ollama/b" in said


def test_a_model_that_is_not_there_is_said_before_anything_is_written(folder: Path) -> None:
    with serve(seeded, "a") as server, pytest.raises(GleaneryError, match=r"`(ollama/)?b`"):
        settings(folder, server)
        generate(["notes", "-o", "out.jsonl", "-q"], standalone_mode=False)
    assert not (folder / "out.jsonl").exists()


def guard_answers(body: dict[str, Any]) -> Any:
    said = body["messages"][-1]["content"]
    if body["model"].startswith("llama-guard"):
        return "unsafe\nS9" if "bomb" in said else "safe"
    if body["model"].startswith("bespoke"):
        return {"rain": "Yes", "snow": "No"}.get(said.split()[-1].strip("."), "I think so")
    return f"It is {said.split()[-1]}." if "Reply to this" in said else Behaviour()


def test_guards_stand_before_and_after_the_model(folder: Path) -> None:
    """Through `gleanery run` and `gleanery.run` alike."""
    texts = ["about rain", "about snow", "about fog", "about a bomb"]
    (folder / "letters.txt").write_text("".join(text + "\n" for text in texts))
    models = ("a", "llama-guard3:1b", "bespoke-minicheck")
    with serve(guard_answers, *models) as server:
        settings(folder, server)
        with pytest.raises(SystemExit) as exit_:
            main(["run", "replies", "letters.txt", "-o", "out.jsonl", "-q"])
        chats = server.chats
        direct = [result.as_json() for result in run_task("replies", texts)]
    results = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert exit_.value.code == 4
    assert [result["status"] for result in results] == ["ok", "review", "review", "failed"]
    assert [result["issues"][0]["message"] for result in results[1:]] == [
        "The output guard refused it: `ollama/bespoke-minicheck`: the source does not support 'It is snow.'.",
        "The output guard came to no verdict: `ollama/bespoke-minicheck`: its verdict cannot be read: 'I think so'.",
        "The input guard refused it: `ollama/llama-guard3:1b`: the input is unsafe: S9 (indiscriminate weapons).",
    ]
    assert "No model was shown it" in results[3]["error"]
    assert direct == results
    by_model = {name: [c["messages"][-1]["content"] for c in chats if c["model"] == name] for name in models}
    assert [text for text in by_model["llama-guard3:1b"] if "about" in text] == texts
    assert not any("bomb" in text for text in by_model["a"])
    claims = [text for text in by_model["bespoke-minicheck"] if "Document" in text]
    assert sorted(claims) == sorted(f"Document: about {x}\nClaim: It is {x}." for x in ("rain", "snow", "fog"))
    assert {c["options"]["temperature"] for c in chats if "Document" in c["messages"][-1]["content"]} == {0}


def test_a_guarded_task_of_the_specialist_is_guarded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = folder / "tasks" / "refs"
    task.mkdir()
    (task / "schema.py").write_text("from gleanery.tasks.references.reference import Reference as Reference\n")
    (task / "task.yaml").write_text(
        "name: refs\nsummary: Refs.\nkind: extract\noutput: schema:Reference\nmodels: [embedded/references]\n"
        "guard: {input: {forbid: Verso}}\n"
    )
    (folder / "refs.txt").write_text("Smith, J. (1999). Title of a book. London: Verso.\nDarwin, C. (1859). Origin.\n")
    with pytest.raises(SystemExit):
        main(["run", "refs", "refs.txt", "-o", "out.jsonl", "-q"])
    first, second = (json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines())
    assert (first["status"], first["model"], second["status"] != "failed") == ("failed", "embedded/references", True)
    assert "'Verso', which matches the forbidden" in first["error"]
    assert [result.status for result in run_task("refs", folder / "refs.txt")] == [first["status"], second["status"]]


def test_what_was_interrupted_goes_on_with_its_duplicates_marked(folder: Path) -> None:
    from gleanery.private import begin
    from gleanery.settings import load_settings
    from gleanery.submitting import origin_of, records_of, store
    from gleanery.tasks.declarations import load_task

    with serve(lambda body: "Tea is what I drink.") as server:
        settings(folder, server)
        kept = {"output": "out.jsonl", "format_name": None, "full": False, "as_json": False, "fail_on": "failed"}
        origin = origin_of(None, "auto", None, None)
        run = begin(load_task("notes"), origin, load_settings(), options={**kept, "duplicates": 0.9})
        store(run.ledger, run.job, records_of(origin), lambda job, count: None)
        run.close()
        with pytest.raises(SystemExit) as exit_:
            main(["run", "--resume", run.home.name, "-q"])
    results = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert exit_.value.code == 0 and [result["status"] for result in results] == ["ok"] + ["review"] * 7
