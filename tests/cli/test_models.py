"""`gleanery models`: the models of Ollama, of OpenAI-compatible servers, and in files."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from servers.http_server import HttpRequest, Response, Wait
from servers.ollama_server import FakeModel, OllamaServer
from servers.openai_server import OpenAIServer
from servers.tiny_gguf import write_tiny_gguf
from terminal import COMMAND, environment, on_terminal

from gleanery.cli.models import models
from gleanery.errors import EndpointError, ModelNotFoundError, UnsupportedError, UsageError


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder and a user without settings."""
    for variable in ("GLEANERY_PROFILE", "GLEANERY_DEFAULT_MODEL", "OLLAMA_HOST"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaServer]:
    with OllamaServer(models=["qwen3:4b", FakeModel("tiny", window=2048, size=500_000_000)]) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


@pytest.fixture
def vllm(project: Path) -> Iterator[OpenAIServer]:
    with OpenAIServer("vllm", models=("Qwen/Qwen3-4B",)) as server:
        declare("lab", "openai", f"{server.url}/v1")
        yield server


def declare(name: str, kind: str, url: str) -> None:
    with Path("gleanery.toml").open("a", encoding="utf-8") as file:
        file.write(f"[endpoints.{name}]\nkind = '{kind}'\nurl = '{url}'\n")


def call(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(models, arguments, input=stdin)


def good(*arguments: str, stdin: str | None = None) -> Result:
    result = call(*arguments, stdin=stdin)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def paths(server: OllamaServer) -> list[str]:
    return [f"{request.method} {request.path}" for request in server.requests]


@pytest.mark.parametrize("arguments", [(), ("list",)])
def test_list(ollama: OllamaServer, arguments: tuple[str, ...]) -> None:
    lines = good(*arguments).stdout.splitlines()
    assert lines[0].split() == ["model", "size", "parameters", "quantization", "window", "modified"]
    assert lines[1].split() == ["ollama/qwen3:4b", "2.5", "GB", "4.0B", "Q4_K_M", "2026-01-02"]
    assert lines[2].split()[:3] == ["ollama/tiny:latest", "500", "MB"]


def test_list_every_endpoint_as_json(ollama: OllamaServer, vllm: OpenAIServer) -> None:
    declare("big", "ollama", ollama.url)
    listed = json.loads(good("--json").stdout)
    assert [row["model"] for row in listed] == [
        "openai/Qwen/Qwen3-4B@lab",
        "ollama/qwen3:4b@big",
        "ollama/tiny:latest@big",
        "ollama/qwen3:4b",
        "ollama/tiny:latest",
    ]
    assert (listed[0]["window"], listed[1]["size"], listed[1]["endpoint"]) == (4096, 2_497_293_931, "big")
    assert [row["endpoint"] for row in json.loads(good("list", "--endpoint", "lab", "--json").stdout)] == ["lab"]


def test_list_tells_of_a_server_that_is_not_there_and_lists_the_others(ollama: OllamaServer) -> None:
    with OpenAIServer() as gone:
        declare("gone", "openai", f"{gone.url}/v1")
    result = good()
    assert "ollama/qwen3:4b" in result.stdout and "There is no server at http://127.0.0.1:" in result.stderr


def test_list_without_a_server_says_how_to_start_one(ollama: OllamaServer) -> None:
    ollama.stop_listening()
    error = call().exception
    assert isinstance(error, EndpointError) and error.exit_code == 3
    assert ollama.url in str(error) and "Start it with `ollama serve`" in str(error)


def test_list_of_two_servers_that_are_not_there(ollama: OllamaServer) -> None:
    declare("other", "ollama", f"http://127.0.0.1:{ollama.port}")
    ollama.stop_listening()
    for verb in ("list", "ps"):
        error = call(verb).exception
        assert isinstance(error, EndpointError) and str(error).count("There is no server") == 2


def test_list_without_models_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with OllamaServer(models=()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        assert "gleanery models pull" in good().stderr
        assert json.loads(good("--json").stdout) == []


@pytest.mark.parametrize("model", ["qwen3:4b", "ollama/qwen3:4b"])
def test_show_from_ollama(ollama: OllamaServer, model: str) -> None:
    lines = good("show", model).stdout.splitlines()
    assert lines[0].split() == ["model", "ollama/qwen3:4b"]
    assert any(line.split() == ["window", "32768"] for line in lines)
    assert any(line.split() == ["capabilities", "completion,", "tools"] for line in lines)
    assert json.loads(good("show", model, "--json").stdout)["license"] == "Apache License 2.0"


def test_show_from_vllm(vllm: OpenAIServer) -> None:
    for arguments in (["openai/Qwen/Qwen3-4B"], ["openai/Qwen/Qwen3-4B@lab"], ["Qwen/Qwen3-4B", "--endpoint", "lab"]):
        assert json.loads(good("show", *arguments, "--json").stdout) == {
            "model": "openai/Qwen/Qwen3-4B@lab",
            "endpoint": "lab",
            "name": "Qwen/Qwen3-4B",
            "window": 4096,
            "owner": "vllm",
            "aliases": [],
        }
    error = call("show", "openai/other@lab").exception
    assert isinstance(error, ModelNotFoundError) and "It has `Qwen/Qwen3-4B`" in str(error)


def test_show_of_a_gguf_file(project: Path) -> None:
    write_tiny_gguf(project / "tiny.gguf", context=1024)
    shown = json.loads(good("show", f"gguf/{project}/tiny.gguf", "--json").stdout)
    assert (shown["window"], shown["architecture"], shown["quantization"]) == (1024, "llama", "Q8_0")
    assert shown["size"] == (project / "tiny.gguf").stat().st_size
    assert "window        1024" in good("show", "gguf/tiny.gguf").stdout


def test_pull_says_how_far_it_is_in_lines(ollama: OllamaServer) -> None:
    result = good("pull", "gemma3:4b")
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "pulling manifest",
        *(f"pulling aaaa {percent}% of 1 kB" for percent in (25, 50, 75, 100)),
        "verifying sha256 digest",
        "success",
        "ollama/gemma3:4b is there.",
    ]
    assert "gemma3:4b" in ollama.models


def test_pull_as_json_lines(ollama: OllamaServer) -> None:
    result = good("pull", "gemma3:4b", "--json")
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert reports[1] == {"status": "pulling aaaa", "completed": 250, "total": 1000}
    assert reports[-1]["status"] == "success" and result.stderr == ""


def test_pull_of_what_the_library_does_not_have(ollama: OllamaServer) -> None:
    assert isinstance(call("pull", "nowhere").exception, ModelNotFoundError)


class Endless(OllamaServer):
    """It never comes to the end of a pull."""

    def handle(self, request: HttpRequest) -> Response:
        if request.path != "/api/pull":
            return super().handle(request)
        report = json.dumps({"status": "pulling aaaa", "total": 10**9, "completed": 10**8}).encode() + b"\n"
        return Response(parts=[report, Wait(30)])


def test_an_interrupted_pull_says_that_it_goes_on(project: Path) -> None:
    with Endless() as server:
        variables = environment(OLLAMA_HOST=server.url)
        pulling = subprocess.Popen(
            [*COMMAND, "models", "pull", "qwen3:4b"], stderr=subprocess.PIPE, cwd=project, env=variables, text=True
        )
        assert pulling.stderr is not None
        assert pulling.stderr.readline() == "pulling aaaa 10% of 1.0 GB\n"
        pulling.send_signal(signal.SIGINT)
        _, said = pulling.communicate(timeout=20)
        assert (pulling.returncode, said.strip()) == (
            130,
            "Interrupted. `gleanery models pull qwen3:4b` goes on from where it was.",
        )
        until = time.monotonic() + 5
        while not server.aborted and time.monotonic() < until:
            time.sleep(0.01)
        assert server.aborted, "the server is left at once"


def test_ps_and_unload(ollama: OllamaServer) -> None:
    assert (good("ps").stdout, good("ps").stderr) == ("", "No model is loaded.\n")
    ollama.loaded["qwen3:4b"] = 8192
    assert good("ps").stdout.splitlines()[1].split() == [
        *("ollama/qwen3:4b", "2.5", "GB", "0%", "8192", "2026-01-02T03:04:05")
    ]
    assert json.loads(good("ps", "--json").stdout)[0]["context_length"] == 8192
    assert good("unload", "qwen3:4b").stderr == "ollama/qwen3:4b: unloaded.\n"
    assert ollama.loaded == {}


def test_create(ollama: OllamaServer) -> None:
    Path("Modelfile").write_text("FROM qwen3:4b\nPARAMETER num_ctx 8192\n")
    assert good("create", "wide").stderr.splitlines()[-1] == "ollama/wide is there."
    body = next(request.json() for request in ollama.requests if request.path == "/api/create")
    assert (body["model"], body["from"], body["parameters"]) == ("wide", "qwen3:4b", {"num_ctx": 8192})
    assert isinstance(call("create", "wide", "-f", "none").exception, UsageError)


def test_copy(ollama: OllamaServer) -> None:
    assert json.loads(good("copy", "qwen3:4b", "ollama/mine", "--json").stdout) == {"copied": "ollama/mine"}
    assert "mine:latest" in ollama.models


def test_rm_asks(ollama: OllamaServer) -> None:
    result = call("rm", "tiny", stdin="n\n")
    assert result.exit_code == 1 and "Delete ollama/tiny? [y/N]" in result.stderr
    assert "tiny:latest" in ollama.models
    good("rm", "tiny", stdin="y\n")
    assert "tiny:latest" not in ollama.models
    good("rm", "qwen3:4b", "--yes")
    assert ollama.models == {}


def test_rm_where_nobody_can_answer(ollama: OllamaServer) -> None:
    error = call("rm", "tiny", stdin="").exception
    assert isinstance(error, UsageError) and "--yes" in str(error)
    assert "DELETE /api/delete" not in paths(ollama)


@pytest.mark.parametrize("arguments", [("pull", "x"), ("rm", "x", "--yes"), ("unload", "x"), ("copy", "x", "y")])
def test_what_an_openai_server_cannot_do(vllm: OpenAIServer, arguments: tuple[str, ...]) -> None:
    error = call(*arguments, "--endpoint", "lab").exception
    assert isinstance(error, UnsupportedError)
    assert "The endpoint `lab` speaks OpenAI's API, which cannot" in str(error)
    assert vllm.requests == []
    assert isinstance(call(*arguments).exception, UnsupportedError), "the only endpoint is meant"


def test_what_a_file_cannot_do() -> None:
    assert isinstance(call("pull", "gguf/x.gguf").exception, UnsupportedError)
    assert isinstance(call("show", "embedded/references").exception, UnsupportedError)


def test_ps_where_there_is_no_ollama(vllm: OpenAIServer) -> None:
    assert isinstance(call("ps").exception, UnsupportedError)


def test_a_wrong_endpoint(vllm: OpenAIServer) -> None:
    error = call("list", "--endpoint", "lob").exception
    assert isinstance(error, UsageError) and "There is no endpoint `lob`. Did you mean `lab`?" in str(error)
    assert isinstance(call("show", "ollama/x@lob").exception, UsageError)


def test_bench(ollama: OllamaServer) -> None:
    result = good("bench", "ollama/qwen3:4b", "--requests", "4", "--at-once", "2", "--tokens", "16")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["median", "least", "most"]
    assert [line[:2] for line in lines[1:]] == [
        ["first", "token"],
        ["each", "token"],
        ["whole", "answer"],
        ["tokens/s", "of"],
    ]
    assert all(float(line[-2].replace(",", "")) <= float(line[-1].replace(",", "")) for line in lines[1:])
    assert "4 requests, 2 at once" in result.stderr
    assert len(ollama.chats) == 5 and {chat["options"]["num_predict"] for chat in ollama.chats} == {16}
    assert len({chat["messages"][-1]["content"][:8] for chat in ollama.chats}) == 5, "no prompt begins like another"


@pytest.mark.parametrize("arguments", [("qwen3:4b",), ("qwen3:4b", "--endpoint", "ollama")])
def test_bench_of_a_bare_name(ollama: OllamaServer, arguments: tuple[str, ...]) -> None:
    assert json.loads(good("bench", *arguments, "--requests", "1", "--json").stdout)["requests"] == 1


def test_bench_as_json(ollama: OllamaServer) -> None:
    measured = json.loads(good("bench", "ollama/qwen3:4b", "--requests", "2", "--json").stdout)
    assert (measured["requests"], measured["at_once"], len(measured["replies"])) == (2, 1, 2)
    assert set(measured["first_token_ms"]) == {"median", "least", "most"}
    assert measured["tokens"] == sum(reply["usage"]["completion"] for reply in measured["replies"])


def test_text_of_a_server_cannot_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    with OllamaServer(models=["evil\x1b[2Jname"]) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        assert "\x1b" not in good("list").stdout


def test_models_imports_nothing_heavy() -> None:
    heavy = {"httpx", "ollama", "openai", "pydantic", "rich"}
    code = f"import sys, gleanery.cli.models, gleanery.cli.doctor; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([COMMAND[0], "-c", code], capture_output=True, text=True, timeout=60).stdout == "[]\n"


def test_a_bar_on_a_terminal(ollama: OllamaServer) -> None:
    code, shown = on_terminal("models", "pull", "gemma3:4b", variables={"OLLAMA_HOST": ollama.url})
    assert code == 0 and "pulling aaaa" in shown and "1.0/1.0 kB" in shown
