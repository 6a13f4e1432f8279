"""A task as an OpenAI batch: what is written is what would be sent, and what is read back is what a run would give."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers.openai_server import Flavour, OpenAIServer, Turn

from gleanery.batching import write_job
from gleanery.cli.main import main
from gleanery.jobs.lock import WorkerLock
from gleanery.queue import Queue

TASK = """\
name: works
summary: Title and year.
kind: extract
output: "title: of the work, year int: when it came out"
grounding: require
models: [default]
prompt: |
  Read the reference below.
  {{ source }}
"""
GOOD = '{"title": "Title of a book", "year": 1999}'
INVENTED = '{"title": "Another book", "year": 1999}'
REFERENCES = [f"Smith, J. (1999). Title of a book. {n}. «é»\n" for n in range(1, 9)]
THOUGHT = "<think>Hm.</think>" + GOOD
SAID = [GOOD, INVENTED, "no JSON", GOOD, '{"title": "Title of a book"}', GOOD, THOUGHT, "{"]
CUT = {5}

Gleanery = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("OLLAMA_HOST", "GLEANERY_DEFAULT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    (tmp_path / "tasks" / "works").mkdir(parents=True)
    (tmp_path / "tasks" / "works" / "task.yaml").write_text(TASK)
    (tmp_path / "refs.txt").write_text("".join(REFERENCES))
    return tmp_path


@pytest.fixture
def gleanery(folder: Path, capsys: pytest.CaptureFixture[str]) -> Gleanery:
    """Runs a command: its exit code, standard output and standard error."""

    def gleanery(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return gleanery


class Answering(OpenAIServer):
    """Says of each record what SAID has for it, in whatever order they come."""

    def _chat(self, request: Any) -> Any:
        asked = request.json()["messages"][-1]["content"]
        if "Title of a book. " in asked:
            number = int(asked.partition("Title of a book. ")[2].partition(".")[0])
            self.script.append(Turn(SAID[number - 1], finish="length" if number in CUT else None))
        return super()._chat(request)


@pytest.fixture(params=["vllm", "openai", "llama-server"])
def server(request: pytest.FixtureRequest, folder: Path) -> Iterator[OpenAIServer]:
    flavour: Flavour = request.param
    with Answering(flavour, window=100_000) as server:
        settings = f'retries = 0\n[endpoints.lab]\nkind = "openai"\nurl = "{server.url}/v1"\nin_flight = 1\n'
        (folder / "gleanery.toml").write_text(settings)
        yield server


def post(server: OpenAIServer, requests: Path, results: Path) -> None:
    """Run a batch as a batch service does."""
    lines = []
    with httpx.Client(trust_env=False) as client:
        for line in map(json.loads, requests.read_text().splitlines()):
            assert (line["method"], line["url"]) == ("POST", "/v1/chat/completions")
            response = client.post(f"{server.url}{line['url']}", json=line["body"])
            answer = {"status_code": response.status_code, "request_id": "b-1", "body": response.json()}
            lines.append({"id": "batch-1", "custom_id": line["custom_id"], "response": answer, "error": None})
    results.write_text("".join(json.dumps(line) + "\n" for line in reversed(lines)))


def test_what_comes_back_is_what_a_run_gives(folder: Path, gleanery: Gleanery, server: OpenAIServer) -> None:
    model = ("--model", "openai/tiny@lab")
    wrote = gleanery("batch", "write", "works", "refs.txt", "-o", "q.jsonl", *model, "--server", server.flavour)
    assert wrote[0] == 0, wrote
    assert not server.requests, "nothing is asked of a server"
    post(server, folder / "q.jsonl", folder / "a.jsonl")
    posted = list(server.chats)
    server.requests.clear()

    ran = gleanery("run", "works", "refs.txt", "-o", "run.jsonl", *model)
    read = gleanery("batch", "read", "works", "refs.txt", "a.jsonl", "-o", "batch.jsonl", *model)
    assert (folder / "batch.jsonl").read_bytes() == (folder / "run.jsonl").read_bytes()
    assert ran[0] == read[0] == 4

    of_records = [body for body in server.chats if "Title of a book. " in body["messages"][-1]["content"]]
    assert sorted(map(_sent, of_records)) == sorted(map(_sent, posted)), "the very bodies that a run sends"
    statuses = [json.loads(line)["status"] for line in (folder / "batch.jsonl").read_text().splitlines()]
    assert statuses == ["ok", "review", "failed", "ok", "failed", "ok", "ok", "failed"]


def _sent(body: dict[str, Any]) -> str:
    """A body without how its reply is to come: a run may have it streamed."""
    return json.dumps({k: v for k, v in body.items() if k not in ("stream", "stream_options")}, sort_keys=True)


def test_a_stored_job_has_the_same_requests(folder: Path, gleanery: Gleanery) -> None:
    gleanery("batch", "write", "works", "refs.txt", "-o", "q.jsonl", "--model", "openai/tiny@http://127.0.0.1:9/v1")
    with Queue(folder / "home") as queue:
        job = queue.submit("works", "refs.txt", model="openai/tiny@http://127.0.0.1:9/v1")
        (folder / "refs.txt").unlink()
        (folder / "tasks" / "works" / "task.yaml").unlink()
        stream = io.BytesIO()
        assert write_job(queue.ledger, job, stream).requests == len(REFERENCES)
    assert stream.getvalue() == (folder / "q.jsonl").read_bytes()


def test_a_job_goes_elsewhere_and_comes_back(
    folder: Path, gleanery: Gleanery, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLEANERY_HOME", str(folder / "home"))
    model, flavour = ("--model", "openai/tiny@lab"), ("--server", server.flavour)
    id = gleanery("submit", "works", "refs.txt", "--no-start", "-q", *model)[1].strip()
    assert gleanery("export", id, "--openai-batch", "-o", "q.jsonl", *flavour)[0] == 0
    post(server, folder / "q.jsonl", folder / "all.jsonl")
    lines = (folder / "all.jsonl").read_text().splitlines(keepends=True)

    (folder / "half.jsonl").write_text("".join(lines[:3]))
    half = gleanery("resume", id, "--openai-batch", "half.jsonl")
    assert half[0] == 0 and "Took 3 results" in half[1] and "5 records left to do" in half[1], half
    gleanery("export", id, "--openai-batch", "-o", "rest.jsonl", *flavour)
    assert len((folder / "rest.jsonl").read_text().splitlines()) == 5

    whole = gleanery("resume", id, "--openai-batch", "all.jsonl")
    assert "Took 5 results" in whole[1], whole
    with Queue(folder / "home") as queue:
        job = queue.job(id)
        assert (job.state, job.counts.todo, job.counts.done) == ("done", 0, 8)
    gleanery("export", id, "-o", "job.jsonl")
    gleanery("run", "works", "refs.txt", "-o", "run.jsonl", *model)
    assert (folder / "job.jsonl").read_bytes() == (folder / "run.jsonl").read_bytes()


def test_a_job_is_not_given_results_past_its_worker(
    folder: Path, gleanery: Gleanery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLEANERY_HOME", str(folder / "home"))
    id = gleanery("submit", "works", "refs.txt", "--no-start", "-q", "--model", "openai/tiny@http://127.0.0.1:9/v1")[1]
    (folder / "a.jsonl").write_text(json.dumps(entry("r-1")))
    with WorkerLock(folder / "home"):
        code, _, said = gleanery("resume", id.strip(), "--openai-batch", "a.jsonl")
    assert code == 1 and "gleanery worker stop" in said
    with Queue(folder / "home") as queue:
        assert queue.job(id.strip()).counts.done == 0


def entry(id: str, text: str = GOOD, finish: str = "stop") -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    body = {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}
    return {"custom_id": id, "response": {"status_code": 200, "body": body}, "error": None}


def refused(id: str, status: int, response_body: Any, error: Any) -> dict[str, Any]:
    return {"custom_id": id, "response": {"status_code": status, "body": response_body}, "error": error}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"custom_id": "r-9", "response": null, "error": "x"}', "has no answer to r-1"),
        (json.dumps(refused("r-1", 400, None, {"error": {"message": "The prompt is too long."}})), "(400)"),
        (json.dumps(refused("r-1", 400, None, {"error": {"message": "too long."}})), ": too long."),
        (json.dumps({"custom_id": "r-1", "response": None, "error": {"code": "x", "message": "expired"}}), "expired"),
        (json.dumps(refused("r-1", 500, {"error": {"message": "boiler burst"}}, None)), "(500) in place"),
        (json.dumps(refused("r-1", 200, {"error": {"message": "boiler burst"}}, None)), "boiler burst"),
        (json.dumps(refused("r-1", 200, {"choices": 5}, None)), "no reply"),
        (json.dumps(refused("r-1", 200, None, None)), "no reply"),
        (json.dumps(entry("r-1", "")), "nothing at all"),
        (json.dumps(entry("r-1", '{"title": "Ti', "length")), "cut off"),
        (json.dumps(entry("r-1", GOOD, "content_filter")), "content filter"),
        (json.dumps(entry("r-1", "[1]")), "no answer fits the schema"),
    ],
)
def test_what_is_no_answer_fails_with_a_sentence(folder: Path, gleanery: Gleanery, line: str, said: str) -> None:
    (folder / "a.jsonl").write_text(line + "\n")
    code, out, err = gleanery("batch", "read", "works", "refs.txt", "a.jsonl", "--limit", "1", "--model", "openai/tiny")
    result = json.loads(out)
    assert (code, result["status"], result["output"]) == (4, "failed", None), err
    assert said in result["error"]
    assert "bug" not in result["error"]


def test_what_is_not_of_these_records_is_said(folder: Path, gleanery: Gleanery) -> None:
    lines = [json.dumps(entry(id)) for id in ("r-1", "r-2", "x-1", "x-2")]
    (folder / "a.jsonl").write_text("\n".join([*lines, '{"custom_id": "r-3", "respo']))
    code, out, err = gleanery("batch", "read", "works", "refs.txt", "a.jsonl", "--limit", "2", "--model", "openai/tiny")
    assert (code, len(out.splitlines())) == (0, 2)
    assert "2 replies in a.jsonl are of no record" in err
    assert "1 lines of a.jsonl are no JSON" in err


def test_of_several_replies_the_last_counts(folder: Path, gleanery: Gleanery) -> None:
    lines = [refused("r-1", 500, None, "busy"), entry("r-1")]
    (folder / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, out, _ = gleanery("batch", "read", "works", "refs.txt", "a.jsonl", "--limit", "1", "--model", "openai/tiny")
    assert (code, json.loads(out)["status"]) == (0, "ok")


def test_a_column_that_is_missing_fails_when_it_is_read(folder: Path, gleanery: Gleanery) -> None:
    task = folder / "tasks" / "works" / "task.yaml"
    task.write_text(TASK.replace("{{ source }}", "{{ source }} {{ place }}"))
    rows = [{"text": "Title of a book. 1999", "place": "Rome"}, {"text": "Title of a book. 1999"}]
    (folder / "refs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = ("--field", "text", "--model", "openai/tiny")
    code, _, err = gleanery("batch", "write", "works", "refs.jsonl", "-o", "q.jsonl", *model)
    assert code == 0 and "1 requests" in err and "without 1 that lack" in err
    [request] = map(json.loads, (folder / "q.jsonl").read_text().splitlines())
    assert "Rome" in request["body"]["messages"][-1]["content"]
    assert request["body"]["stream"] is False
    (folder / "a.jsonl").write_text(json.dumps(entry(request["custom_id"])) + "\n")
    code, out, _ = gleanery("batch", "read", "works", "refs.jsonl", "a.jsonl", *model)
    results = [json.loads(line) for line in out.splitlines()]
    assert [result["status"] for result in results] == ["ok", "failed"]
    assert "no column `place`" in results[1]["error"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("works", "refs.txt"), "--model openai/NAME"),
        (("works", "refs.txt", "--model", "ollama/qwen3:4b"), "--model openai/NAME"),
        (("identifiers", "refs.txt", "--model", "openai/tiny"), "kind `agent`"),
    ],
)
def test_what_no_batch_can_do_is_refused(
    folder: Path, gleanery: Gleanery, arguments: tuple[str, ...], said: str
) -> None:
    code, _, err = gleanery("batch", "write", *arguments, "-o", "q.jsonl")
    assert code == 2 and said in err
    assert not (folder / "q.jsonl").exists()


@pytest.mark.parametrize(
    "text", ["", "\n", "no JSON\n", '{"custom_id": "r-1", "method": "POST", "body": {}}\n', "[]\n"]
)
def test_a_file_without_replies_is_refused(folder: Path, gleanery: Gleanery, text: str) -> None:
    (folder / "a.jsonl").write_text(text)
    code, _, err = gleanery("batch", "read", "works", "refs.txt", "a.jsonl", "--model", "openai/tiny", "-o", "x.jsonl")
    assert code == 2 and "a.jsonl holds no replies" in err
    assert not (folder / "x.jsonl").exists()
