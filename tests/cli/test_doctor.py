"""`gleanery doctor`: what can be used, and for each trouble what to do about it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from servers.http_server import HttpServer, Response
from servers.ollama_server import Behaviour, FakeModel, OllamaServer
from servers.openai_server import OpenAIServer
from terminal import on_terminal

from gleanery.cli.doctor import doctor
from gleanery.errors import ModelError, SettingsError


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder and a user without settings, and nothing at Ollama's usual place."""
    for variable in ("GLEANERY_PROFILE", "GLEANERY_DEFAULT_MODEL", "OLLAMA_HOST"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Ollama's usual place, where nobody listens."""
    with HttpServer(lambda _: Response(500)) as server:
        server.stop_listening()
        monkeypatch.setattr("gleanery.models.doctoring.OLLAMA", server.url)
        yield server.url


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaServer]:
    with OllamaServer(models=["qwen3:4b", FakeModel("tiny", window=2048, capabilities=["completion"])]) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


def declare(name: str, kind: str, url: str, more: str = "") -> None:
    with Path("gleanery.toml").open("a", encoding="utf-8") as file:
        file.write(f"[endpoints.{name}]\nkind = '{kind}'\nurl = '{url}'\n{more}\n")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(doctor, arguments)


def told(*arguments: str, code: int = 0) -> dict[str, object]:
    """What `doctor --json` tells."""
    result = call("--json", *arguments)
    assert result.exit_code == code, (result.output, result.exception)
    told: dict[str, object] = json.loads(result.stdout)
    assert told["usable"] == (code == 0)
    return told


def row(result: Result, first: str) -> list[str]:
    return next(line.split() for line in result.stdout.splitlines() if line.split()[:1] == [first])


def test_with_nothing_at_all_it_says_how_to_start(nowhere: str) -> None:
    result = call()
    assert result.exit_code == 0, "references are parsed without any server"
    assert row(result, "ollama")[:4] == ["ollama", nowhere, "not", "usable"]
    assert row(result, "embedded/references")[1:4] == ["reads", "a", "reference,"]
    assert f"Advice: There is no server at {nowhere}" in result.stdout and "`ollama serve`" in result.stdout


def test_servers_and_their_models(ollama: OllamaServer) -> None:
    with OpenAIServer("vllm", models=("Qwen/Qwen3-4B",)) as vllm:
        declare("lab", "openai", f"{vllm.url}/v1")
        result = call()
    assert result.exit_code == 0
    assert row(result, "lab")[:3] == ["lab", f"{vllm.url}/v1", "vllm"]
    assert row(result, "lab")[-1] == "1" and float(row(result, "lab")[-2]) >= 0
    assert row(result, "ollama")[1:4] == [ollama.url, "ollama", "0.32.5"]
    assert row(result, "ollama/qwen3:4b")[1:] == ["2.5", "GB", "32768", "yes", "?", "no", "?", "no"]
    assert row(result, "ollama/tiny:latest")[1:] == ["2.5", "GB", "2048", "no", "?", "no", "?", "no"]
    assert row(result, "openai/Qwen/Qwen3-4B@lab")[1:] == ["4096", "?", "?", "?", "?", "yes"]
    assert 'default_model = "openai/Qwen/Qwen3-4B@lab"' in result.stdout
    assert not ollama.chats and not vllm.chats, "no model is loaded that nobody named"


def test_a_llama_server_tells_its_slots() -> None:
    with OpenAIServer("llama-server", window=8192) as server:
        declare("local", "openai", f"{server.url}/v1")
        assert row(call(), "openai/tiny@local")[1:] == ["8192", "?", "?", "?", "2", "yes"]


def test_ollama_without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with OllamaServer(models=()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        assert "Advice: Ollama has no model yet. Get one: `gleanery models pull" in call().stdout


def test_declared_servers_that_cannot_be_used(ollama: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer() as gone:
        declare("gone", "openai", f"{gone.url}/v1")
    with OpenAIServer(key="sk-123") as locked, HttpServer(lambda _: Response(404, b"not here")) as other:
        monkeypatch.delenv("LAB_KEY", raising=False)
        declare("locked", "openai", f"{locked.url}/v1", "api_key_env = 'LAB_KEY'")
        declare("elsewhere", "openai", other.url)
        advice = " ".join(told()["advice"])  # type: ignore[arg-type]
    assert f"There is no server at {gone.url}/v1" in advice and "`vllm serve NAME`" in advice
    assert f"{locked.url}/v1 refuses `locked` (401" in advice
    assert "The endpoint `locked` takes its key from LAB_KEY, which is not set." in advice
    assert "it usually ends in /v1" in advice


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gleanery.models.doctoring.SECONDS", 0.2)
    with HttpServer(lambda _: Response(delay=20)) as server:
        declare("slow", "ollama", server.url)
        assert "did not answer within" in " ".join(told()["advice"])  # type: ignore[arg-type]


def test_the_usual_place_is_not_contacted_where_there_are_endpoints(nowhere: str, ollama: OllamaServer) -> None:
    result = call()
    assert ollama.requests and nowhere not in result.output


def test_the_default_model_is_asked(ollama: OllamaServer) -> None:
    Path("gleanery.toml").write_text("default_model = 'ollama/qwen3:4b'\ncontext = 65536\n")
    result = call()
    assert result.exit_code == 0, (result.output, result.exception)
    assert "Asking ollama/qwen3:4b" in result.stderr
    assert row(result, "ollama/qwen3:4b")[4:6] == ["yes", "enforced"]
    assert row(result, "ollama/tiny:latest")[4:6] == ["no", "?"]
    assert "`context` is 65536, and the window of `ollama/qwen3:4b` has 32768. Lower it." in result.stdout
    assert ollama.chats and {chat["model"] for chat in ollama.chats} == {"qwen3:4b"}


def test_a_named_model_with_a_small_window_and_without_tools(ollama: OllamaServer) -> None:
    advice = " ".join(told("tiny:latest")["advice"])  # type: ignore[arg-type]
    assert "The window of `ollama/tiny:latest` is only 2048 tokens" in advice
    assert "`ollama/tiny:latest` calls no tools, which agents need. Take a model that can." in advice


def test_a_vllm_without_tools_is_told_its_flags() -> None:
    with OpenAIServer("vllm", tools=False, window=2048) as server:
        declare("lab", "openai", f"{server.url}/v1")
        advice = " ".join(told("openai/tiny@lab")["advice"])  # type: ignore[arg-type]
    assert "--enable-auto-tool-choice" in advice and "--max-model-len" in advice


@pytest.mark.parametrize("schema", ["ignored", "refused"])
def test_a_server_that_keeps_no_schema(schema: str) -> None:
    with OpenAIServer(schema=schema) as server:  # type: ignore[arg-type]
        declare("lab", "openai", f"{server.url}/v1")
        found = told("openai/tiny@lab")
    assert "answers are" in " ".join(found["advice"])  # type: ignore[arg-type]


def test_thinking_that_breaks_the_schema() -> None:
    def answer(body: dict[str, Any]) -> Behaviour:
        return Behaviour("Green.", thinking=["Well."]) if body.get("think") and body.get("format") else Behaviour()

    with OllamaServer(answer, [FakeModel("qwen3:4b", capabilities=["completion", "tools", "thinking"])]) as server:
        declare("ollama", "ollama", server.url)
        assert told()["advice"] == []
        declare("x", "openai", "http://127.0.0.1:9/v1", "[profiles.deep]\nthinking = 'on'")
        Path("gleanery.toml").write_text("profile = 'deep'\n" + Path("gleanery.toml").read_text())
        assert "forgets the schema of its answer when it thinks" in " ".join(told()["advice"])  # type: ignore[arg-type]


def test_the_only_model_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with OllamaServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        found = told()
    assert (found["default_model"], found["advice"]) == ("ollama/qwen3:4b", [])


@pytest.mark.parametrize("model", ["ollama/missing:1b", "missing:1b"])
def test_a_named_model_that_is_not_there(ollama: OllamaServer, model: str) -> None:
    result = call(model)
    assert result.exit_code == 3
    assert "Trouble: Ollama does not have `ollama/missing:1b" in result.stdout
    assert "gleanery models pull" in result.stdout


def test_a_default_model_whose_server_is_not_there(ollama: OllamaServer) -> None:
    ollama.stop_listening()
    Path("gleanery.toml").write_text("default_model = 'ollama/qwen3:4b'\n")
    found = told(code=3)
    assert "ollama serve" in " ".join(found["troubles"])  # type: ignore[arg-type]


def test_a_default_model_in_a_file_that_is_not_there() -> None:
    Path("gleanery.toml").write_text("default_model = 'gguf/none.gguf'\n")
    assert "there is no file none.gguf" in " ".join(told(code=3)["troubles"])  # type: ignore[arg-type]


def test_no_default_model(ollama: OllamaServer) -> None:
    assert isinstance(call("default").exception, ModelError)


def test_the_specialist_alone_is_enough() -> None:
    Path("gleanery.toml").write_text("default_model = 'embedded/references'\n")
    assert told("embedded/references")["troubles"] == []


def test_a_specialist_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ModelError("The embedded specialist cannot be loaded.")

    monkeypatch.setattr("gleanery.models.references.labeller.Labeller.__init__", broken)
    assert told(code=3)["troubles"] == ["The embedded specialist cannot be loaded."]


def test_wrong_settings() -> None:
    Path("gleanery.toml").write_text("a = 1\n")
    assert isinstance(call().exception, SettingsError)


def test_on_a_terminal(ollama: OllamaServer, project: Path) -> None:
    code, shown = on_terminal("doctor", columns=120, variables={"OLLAMA_HOST": ollama.url})
    assert code == 0 and "ollama/qwen3:4b" in shown and "Advice:" in shown
