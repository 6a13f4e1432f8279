"""The examples in deploy/ name only what there is, and are what their own programs take."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from gleanery.cli.main import gleanery
from gleanery.jobs.worker import GRACE
from gleanery.settings.environment import _KEYS

DEPLOY = Path(__file__).parent.parent / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*/*.service"))
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
SETTINGS = {"GLEANERY_HOME", *(f"GLEANERY_{key}" for key in _KEYS)}
ANSWERS_FIRST = 10.0
"""Seconds that a stop has beyond the grace time: to commit, and to end the worker's own processes."""

Section = dict[str, list[str]]


def unit_of(path: Path) -> dict[str, Section]:
    """A unit's sections; a key may stand in one several times."""
    sections: dict[str, Section] = {}
    section: Section = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        else:
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return sections


def is_command(words: list[str]) -> bool:
    """Whether that is a command of Gleanery's, with options that it has."""
    command: click.Command | None = gleanery
    context = click.Context(gleanery)
    for at, word in enumerate(words):
        assert command is not None
        if isinstance(command, click.Group):
            command = command.get_command(context, word)
            if command is None:
                return False
        elif word.startswith("-"):
            options = {name for option in command.params for name in option.opts}
            return all(w.partition("=")[0] in options for w in words[at:] if w.startswith("-"))
    return True


def compose() -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return value


def seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)s?", text)
    assert found, text
    return float(found[1])


def test_there_is_something_to_test() -> None:
    assert [unit.parent.name for unit in UNITS] == ["system", "user"]
    assert len(COMPOSE) == 2


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.parent.name)
def test_a_unit_runs_a_command_that_there_is(unit: Path) -> None:
    [command] = unit_of(unit)["Service"]["ExecStart"]
    program, *words = shlex.split(command)
    assert program.endswith("/bin/gleanery")
    assert is_command(words), words
    assert words[:2] == ["worker", "run"], "the foreground: systemd is what keeps it"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.parent.name)
def test_a_unit_lets_the_worker_end_its_work(unit: Path) -> None:
    service = unit_of(unit)["Service"]
    assert service["KillSignal"] == ["SIGTERM"]
    assert service["KillMode"] == ["mixed"], "the worker's own processes are its to end"
    assert seconds(service["TimeoutStopSec"][0]) >= GRACE + ANSWERS_FIRST
    assert service["Restart"] == ["on-failure"]
    assert service["UMask"] == ["0077"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.parent.name)
def test_a_unit_sets_what_there_is_to_be_set(unit: Path) -> None:
    lines = unit_of(unit)["Service"]["Environment"]
    names = {word.partition("=")[0] for line in lines for word in shlex.split(line)}
    ours = {name for name in names if name.startswith("GLEANERY_")}
    assert ours and ours <= SETTINGS
    assert set(re.findall(r"GLEANERY_\w+", unit.read_text())) <= SETTINGS, "comments too"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.parent.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    copy = tmp_path / unit.name
    # It checks that the program is there; ours is wherever it was installed to.
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE))
    manager = ["--user"] if unit.parent.name == "user" else []
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    ran = subprocess.run(
        [analyze, *manager, "verify", str(copy)], capture_output=True, text=True, env=environ, cwd=tmp_path, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr


def test_the_worker_comes_after_the_model() -> None:
    services = compose()["services"]
    assert services["model"]["depends_on"] == {"ollama": {"condition": "service_healthy"}}
    assert services["worker"]["depends_on"]["model"] == {"condition": "service_completed_successfully"}
    assert services["model"]["command"][0] == "pull"
    assert services["model"]["restart"].startswith("on-failure"), "one that ends well is not started again"
    assert services["ollama"]["healthcheck"]["test"] == ["CMD", "ollama", "list"]


def test_the_model_is_named_in_the_environment_or_compose_says_so() -> None:
    services = compose()["services"]
    assert services["model"]["command"][1].startswith("${GLEANERY_MODEL:?")
    assert services["worker"]["environment"]["GLEANERY_DEFAULT_MODEL"].startswith("ollama/${GLEANERY_MODEL:?")


def test_what_must_last_is_in_volumes() -> None:
    parsed = compose()
    services, volumes = parsed["services"], set(parsed["volumes"])
    mounts = {place: volume for volume, place in map(_mount, _volumes(services))}
    assert mounts["/root/.ollama"] in volumes
    assert mounts[services["worker"]["environment"]["GLEANERY_HOME"]] in volumes


def _volumes(services: dict[str, Any]) -> Iterator[str]:
    for service in services.values():
        yield from service.get("volumes", ())


def _mount(text: str) -> tuple[str, str]:
    """What is mounted, and where."""
    found = re.fullmatch(r"(\$\{.*\}|[^:]+):([^:]+)(?::ro)?", text)
    assert found, text
    return found[1], found[2]


def test_nothing_is_published_and_the_worker_has_no_way_out() -> None:
    parsed = compose()
    assert not [name for name, service in parsed["services"].items() if "ports" in service]
    assert parsed["networks"]["inside"] == {"internal": True}
    assert parsed["services"]["worker"]["networks"] == ["inside"]


def test_the_container_of_the_worker_has_what_it_runs() -> None:
    worker = compose()["services"]["worker"]
    test = worker["healthcheck"]["test"]
    assert test[:2] == ["CMD", "gleanery"] and is_command(test[2:])
    ours = {name for name in worker["environment"] if name.startswith("GLEANERY_")}
    assert ours <= SETTINGS
    assert seconds(worker["stop_grace_period"]) >= GRACE + ANSWERS_FIRST
    assert (DEPLOY / worker["build"]["context"] / worker["build"]["dockerfile"]).is_file()


def test_the_image_is_made_of_what_there_is() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    [command] = [line.removeprefix("CMD ") for line in lines if line.startswith("CMD ")]
    assert is_command(yaml.safe_load(command))
    assert 'ENTRYPOINT ["gleanery"]' in lines
    root = DEPLOY.parent
    kept = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [name for name in kept if not (root / name).exists()] == []
    rooms = {link.name for link in (root / "gleanery").iterdir() if link.is_symlink()}
    assert rooms <= set(kept), "a room that is left out is missed only when the image runs"


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_compose_takes_the_file(file: Path) -> None:
    """Compose's own schema, which a checker of such files brings with it."""
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed: it has Compose's own schema")
    ran = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
