"""`gleanery config`: what is in force and where it is from, and mistakes, all of them."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from gleanery.cli.config import config
from gleanery.errors import SettingsError, UsageError


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without settings, and a user without any."""
    for variable in ("GLEANERY_PROFILE", "GLEANERY_DEFAULT_MODEL", "OLLAMA_HOST"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "gleanery.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def shown(*arguments: str) -> dict[str, list[str]]:
    """The cells of the table that `config show` prints, by key."""
    result = CliRunner().invoke(config, ["show", *arguments])
    assert result.exit_code == 0, result.output
    return {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}


def test_show_tells_values_and_where_they_are_from(monkeypatch: pytest.MonkeyPatch) -> None:
    write("\nretries = 2\n[profiles.p]\nseed = 7\n")
    monkeypatch.setenv("GLEANERY_WIRE", "off")
    rows = shown()
    assert rows["retries"] == ["2", "gleanery.toml:2"]
    assert rows["wire"] == ["off", "GLEANERY_WIRE"]
    assert rows["seed"] == ["auto", "default"]
    assert "default_model" not in rows
    assert shown("--profile", "p")["seed"] == ["7", "gleanery.toml:4"]
    assert shown("--profile", "p")["profile"] == ["p", "command", "line"]


def test_show_as_json_keeps_types() -> None:
    write("temperature = 0.5\nthinking = true\n".replace("true", "100"))
    result = json.loads(CliRunner().invoke(config, ["show", "--json"]).stdout)
    assert result["temperature"] == {"value": 0.5, "origin": "gleanery.toml:1"}
    assert result["thinking"] == {"value": 100, "origin": "gleanery.toml:2"}
    assert result["gguf.slots"] == {"value": 4, "origin": "default"}


def test_show_keeps_secrets_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_KEY", "sk-123")
    monkeypatch.setenv("OLLAMA_HOST", "http://me:pass-1@there:1")
    write(
        "default_model = 'openai/x@http://me:pass-2@lab/v1'\n"
        "[endpoints.lab]\nkind='openai'\nurl='http://me:pass-3@lab/v1'\napi_key_env='LAB_KEY'\n"
    )
    for arguments in (["show"], ["show", "--json"]):
        output = CliRunner().invoke(config, arguments).output
        assert "http://lab/v1" in output and "http://there:1" in output and "LAB_KEY" in output
        assert "sk-123" not in output and "pass-" not in output and "me:" not in output


def test_show_with_a_mistake_says_it() -> None:
    write("retires = 1\n")
    result = CliRunner().invoke(config, ["show"])
    assert isinstance(result.exception, SettingsError)
    assert "gleanery.toml:1: `retires`: there is no such key. Did you mean `retries`?" in str(result.exception)


def test_validate_finds_every_mistake() -> None:
    write("retries = 9\nwire = 'on'\nseed = 1\n", "other.toml")
    result = CliRunner().invoke(config, ["validate", "other.toml"])
    assert result.exit_code == 2 and result.stdout == ""
    assert [line.split(":")[1:3] for line in result.stderr.splitlines()] == [
        [" other.toml", "1"],
        [" other.toml", "2"],
    ]
    listed = json.loads(CliRunner().invoke(config, ["validate", "other.toml", "--json"]).stdout)
    assert [(error["line"], error["key"]) for error in listed] == [(1, "retries"), (2, "wire")]


def test_validate_what_is_in_force() -> None:
    assert CliRunner().invoke(config, ["validate"]).stdout == "The settings: nothing is wrong.\n"
    write("profile = 'none'\n")
    result = CliRunner().invoke(config, ["validate"])
    assert result.exit_code == 2 and "there is no profile `none`" in result.stderr
    write("[endpoints.lab]\nkind = 'openai'\n")
    assert "`endpoints.lab.url`: is missing" in CliRunner().invoke(config, ["validate"]).stderr
    assert CliRunner().invoke(config, ["validate", "gleanery.toml"]).exit_code == 0, "another file may give the rest"


def test_validate_a_file_that_is_not_toml_or_not_there() -> None:
    write("a = \n", "broken.toml")
    result = CliRunner().invoke(config, ["validate", "broken.toml"])
    assert (result.exit_code, result.stderr.startswith("Error: broken.toml:1: is not TOML")) == (2, True)
    for name in ("none.toml", "pyproject.toml"):
        assert isinstance(CliRunner().invoke(config, ["validate", name]).exception, UsageError)


def test_schema_is_a_json_schema_that_takes_the_settings() -> None:
    schema = json.loads(CliRunner().invoke(config, ["schema"]).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    assert checker.is_valid({"default_model": "ollama/qwen3:4b", "gguf": {"threads": "auto"}})
    assert not checker.is_valid({"defaultmodel": "ollama/qwen3:4b"})


def test_path(project: Path) -> None:
    write("", "gleanery.toml")
    result = CliRunner().invoke(config, ["path"])
    assert result.stdout.splitlines() == [
        f"user     {project}/config/gleanery/gleanery.toml  (not there)",
        f"project  {project}/gleanery.toml",
    ]
    told = json.loads(CliRunner().invoke(config, ["path", "--json"]).stdout)
    assert [told["user"]["exists"], told["project"]["exists"]] == [False, True]


def test_config_opens_no_socket_and_loads_nothing_heavy(project: Path) -> None:
    write("[endpoints.lab]\nkind = 'openai'\nurl = 'http://127.0.0.1:9/v1'\n")
    code = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('a socket was opened')\n"
        "socket.socket.__init__ = refuse\n"
        "from click.testing import CliRunner\n"
        "from gleanery.cli.config import config\n"
        "for command in (['show'], ['validate'], ['schema'], ['path']):\n"
        "    result = CliRunner().invoke(config, command)\n"
        "    assert result.exit_code == 0, (command, result.output, result.exception)\n"
        "print(sorted({'httpx', 'openai', 'ollama', 'pydantic', 'yaml', 'rich'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=project, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
