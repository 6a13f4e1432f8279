"""`gleanery run` on chat models: answers, mishaps, and the wire record of them, against scripted servers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.http_server import Response
from servers.ollama_server import Behaviour, FakeModel, OllamaServer, busy
from servers.openai_server import OpenAIServer

from gleanery.cli.main import main

BOOK = "Smith, J. (1999). Title of a book. London: Verso."
TASK = """\
name: works
summary: Title and year.
kind: extract
output: "title: of the work, year int: when it came out"
grounding: require
models: [default]
prompt: |
  Read the reference below and return its title and year.

  {{ source }}
"""
GOOD = '{"title": "Title of a book", "year": 1999}'
INVENTED = '{"title": "Another book", "year": 1999}'

Ran = tuple[int, list[dict[str, Any]], str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a task, and an environment that says nothing of models."""
    monkeypatch.chdir(tmp_path)
    for name in ("OLLAMA_HOST", "GLEANERY_DEFAULT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "tasks" / "works").mkdir(parents=True)
    (tmp_path / "tasks" / "works" / "task.yaml").write_text(TASK)
    (tmp_path / "refs.txt").write_text(BOOK + "\n")
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs the task, and gives the exit code, the results and what was said on standard error."""

    def run(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as exit_:
            main(["run", "works", "refs.txt", "-o", "out.jsonl", *arguments])
        output = folder / "out.jsonl"
        results = [json.loads(line) for line in output.read_text().splitlines()] if output.exists() else []
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, results, capsys.readouterr().err

    return run


def settings(folder: Path, server: OllamaServer, **options: object) -> None:
    """A gleanery.toml with the server as its endpoint."""
    lines = ["[endpoints.ollama]", 'kind = "ollama"', f'url = "{server.url}"']
    lines += [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    (folder / "gleanery.toml").write_text("\n".join(lines))


def wire(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out.wire.jsonl").read_text().splitlines()]


def script(*answers: Any) -> Callable[[dict[str, Any]], Any]:
    """The answers, one after another, to what is asked for the task; probes are answered as a good model would."""
    left: Iterator[Any] = iter(answers)

    def answer(body: dict[str, Any]) -> Any:
        return next(left) if "Read the reference below" in json.dumps(body) else Behaviour()

    return answer


def test_an_answer_is_checked_and_has_its_spans(folder: Path, run: Callable[..., Ran]) -> None:
    with OllamaServer(script(GOOD)) as server:
        settings(folder, server)
        code, (result,), said = run()
    assert code == 0, said
    assert result["status"] == "ok"
    assert result["output"] == {"title": "Title of a book", "year": 1999}
    assert result["model"] == "ollama/qwen3:4b"
    assert BOOK[result["spans"]["title"]["start"] : result["spans"]["title"]["end"]] == "Title of a book"
    assert result["confidence"] == {}


def test_the_wire_record_is_what_the_server_received(folder: Path, run: Callable[..., Ran]) -> None:
    (folder / "refs.txt").write_text("".join(f"Smith, J. (1999). Title of a book. {n}.\n" for n in range(5)))
    with OllamaServer(script(INVENTED, *[GOOD] * 5)) as server:
        settings(folder, server)
        code, results, said = run()
        received = sorted((request.method, request.path, request.body.decode()) for request in server.requests)
    assert (code, len(results)) == (0, 5), said
    kept = [exchange["request"] for exchange in wire(folder)]
    sent = sorted((r["method"], r["url"].removeprefix(server.url), r["body"]) for r in kept)
    # Choosing the model and looking what is there are before the run; everything else is recorded.
    assert [request for request in received if request[0] != "GET"] == [r for r in sent if r[0] != "GET"]
    told = [e for e in wire(folder) if e["purpose"] == "chat" and "Another book" in e["request"]["body"]]
    assert len(told) == 1
    assert {exchange["record"] for exchange in wire(folder)} >= {None, "r-1", "r-2", "r-3", "r-4", "r-5"}


@pytest.mark.parametrize(("keep", "records"), [("failures", {None, "r-1"}), ("off", set())])
def test_what_is_kept(folder: Path, run: Callable[..., Ran], keep: str, records: set[str | None]) -> None:
    (folder / "refs.txt").write_text(f"{BOOK}\n{BOOK} 2nd\n")

    def answer(body: dict[str, Any]) -> Any:
        asked = json.dumps(body)
        return (GOOD if "2nd" in asked else INVENTED) if "Read the reference" in asked else Behaviour()

    with OllamaServer(answer) as server:
        settings(folder, server)
        run("--wire", keep)
    path = folder / "out.wire.jsonl"
    assert ({line["record"] for line in wire(folder)} if path.exists() else set()) == records


def test_what_is_invented_goes_to_review(folder: Path, run: Callable[..., Ran]) -> None:
    with OllamaServer(script(INVENTED, INVENTED)) as server:
        settings(folder, server)
        code, (result,), said = run("--full")
    assert (code, result["status"], result["attempts"]) == (0, "review", 2), said
    assert [issue["code"] for issue in result["issues"]] == ["ungrounded"]
    assert result["usage"]["prompt"] > 0


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([Behaviour(GOOD, ending="stall")], "sent nothing for"),
        ([Behaviour(GOOD, ending="torn")], "is torn"),
        ([Behaviour("")], "answered nothing"),
        ([Behaviour(GOOD, done_reason="length")], "max_tokens"),
        ([Behaviour(GOOD, ending="abort")] * 3, "3 times"),
        (["no JSON", "none either"], "schema"),
        ([Response.json({"error": "an odd thing happened"}, 400)], "odd thing"),
    ],
)
def test_mishaps_fail_their_record_and_are_recorded(
    folder: Path, run: Callable[..., Ran], answers: list[Any], error: str
) -> None:
    (folder / "refs.txt").write_text(f"{BOOK}\n{BOOK} 2nd\n")
    left = iter(answers)

    def answer(body: dict[str, Any]) -> Any:
        asked = json.dumps(body)
        return (GOOD if "2nd" in asked else next(left)) if "Read the reference" in asked else Behaviour()

    with OllamaServer(answer) as server:
        settings(folder, server, stall=0.3)
        code, (failed, good), said = run()
    assert (code, failed["status"], good["status"]) == (4, "failed", "ok"), said
    assert error in failed["error"]
    chats = [exchange for exchange in wire(folder) if (exchange["record"], exchange["purpose"]) == ("r-1", "chat")]
    assert len(chats) == len(answers)
    assert all(exchange["request"]["body"] for exchange in chats)


def test_a_storm_of_429_passes(folder: Path, run: Callable[..., Ran]) -> None:
    (folder / "refs.txt").write_text(f"{BOOK}\n" * 8)
    with OllamaServer(script(*[busy(429)] * 12, *[GOOD] * 8)) as server:
        settings(folder, server)
        code, results, said = run()
    assert (code, [result["status"] for result in results]) == (0, ["ok"] * 8), said
    chats = [exchange for exchange in wire(folder) if exchange["record"] and exchange["purpose"] == "chat"]
    statuses = [exchange["reply"]["status"] for exchange in chats]
    assert sorted(statuses) == [200] * 8 + [429] * 12


def test_a_prompt_that_is_cut_is_an_error(folder: Path, run: Callable[..., Ran]) -> None:
    (folder / "refs.txt").write_text("word " * 6000 + "\n")
    with OllamaServer(script(*[GOOD] * 3), cuts=True, largest_context=4096) as server:
        settings(folder, server)
        code, (result,), said = run()
    assert (code, result["status"]) == (4, "failed"), said
    assert "4096" in result["error"].replace(",", "")


def test_a_prompt_that_cannot_fit_is_not_sent(folder: Path, run: Callable[..., Ran]) -> None:
    (folder / "refs.txt").write_text("word " * 6000 + "\n")
    with OllamaServer(script(), models=[FakeModel("small", window=2048)]) as server:
        settings(folder, server)
        code, (result,), said = run()
    assert (code, result["status"]) == (4, "failed"), said
    assert "2048" in result["error"].replace(",", "")


def test_a_server_that_goes_away_ends_the_run_and_keeps_what_is_done(folder: Path, run: Callable[..., Ran]) -> None:
    (folder / "refs.txt").write_text(f"{BOOK}\n{BOOK} 2nd\n")

    def answer(body: dict[str, Any]) -> Any:
        asked = json.dumps(body)
        if "2nd" in asked:
            return Behaviour(GOOD, ending="abort")
        return GOOD if "Read the reference" in asked else Behaviour()

    with OllamaServer(answer) as server:
        settings(folder, server, patience=0.4, in_flight=1)
        handle = server.handle

        def dying(request: Any) -> Any:
            if b"2nd" in request.body:
                server._loop.create_task(server._close(False))  # nobody listens from now on
            return handle(request)

        server.handle = dying  # type: ignore[method-assign]
        code, results, said = run()
    assert (code, [result["id"] for result in results]) == (3, ["r-1"]), said
    assert "stopped after 1 record" in said


def test_no_server_says_how_to_start_it(folder: Path, run: Callable[..., Ran]) -> None:
    with OllamaServer() as server:
        settings(folder, server)
        server.stop_listening()
        code, results, said = run()
        assert (code, results) == (3, [])
        assert "ollama serve" in said
        code, results, said = run("--model", "ollama/qwen3:4b")
    assert (code, results) == (3, [])
    assert "ollama serve" in said


def test_a_model_that_is_not_there_says_how_to_get_it(folder: Path, run: Callable[..., Ran]) -> None:
    with OllamaServer() as server:
        settings(folder, server)
        code, _, said = run("--model", "ollama/granite4:3b")
    assert code == 3
    assert "pull" in said
    assert "granite4:3b" in said


def test_several_models_and_no_default(folder: Path, run: Callable[..., Ran]) -> None:
    with OllamaServer(models=["a", "b"]) as server:
        settings(folder, server)
        code, _, said = run()
    assert code == 3
    assert "default_model" in said


@pytest.mark.parametrize("right", [True, False])
def test_secrets_stay_secret(
    folder: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, right: bool
) -> None:
    key = "sk-lab-0123456789abcdef"
    monkeypatch.setenv("LAB_KEY", key if right else f"{key}-old")
    with OpenAIServer("vllm", models=["m"], key=key) as server:
        url = server.url.replace("http://", "http://ada:hunter2@")
        (folder / "gleanery.toml").write_text(
            'default_model = "openai/m@lab"\n[endpoints.lab]\nkind = "openai"\n'
            f'url = "{url}/v1"\napi_key_env = "LAB_KEY"\n'
        )
        code, _, said = run("--full")
    kept = "".join(path.read_text() for path in folder.rglob("*.jsonl")) + said
    assert ("Read the reference below" in kept) == right
    assert code in ((0, 4) if right else (3,)), said
    assert key not in kept
    assert "hunter2" not in kept


def test_the_cascade_asks_a_chat_model_where_the_specialist_is_unsure(folder: Path, capsys: Any) -> None:
    reference = "Smith, J. (1999). Title of a book. London: Verso."
    doubtful = "Proceedings. Smith Title 12 London Verso 99, see also Brown."
    (folder / "refs.txt").write_text(f"{reference}\n{doubtful}\n")
    answer = json.dumps({"type": "book", "author": [{"family": "Smith"}], "title": "Title"})
    with OllamaServer(lambda _: answer) as server:
        settings(folder, server)
        with pytest.raises(SystemExit) as exit_:
            main(["run", "bibliography", "refs.txt", "-o", "out.jsonl"])
        asked = [chat for chat in server.chats if "Proceedings. Smith" in json.dumps(chat)]
    first, second = (json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines())
    assert exit_.value.code == 0
    assert (first["model"], first["status"]) == ("embedded/references", "ok")
    assert asked
    assert "changes" in second
    assert second["model"] == "ollama/qwen3:4b"
