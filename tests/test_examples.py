"""Every script in examples/ runs, and says what it promises."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.ollama_server import Behaviour, FakeModel, OllamaServer

EXAMPLES = Path(__file__).parent.parent / "examples"
MODELS = ("ollama/one", "ollama/two", "ollama/three")


RECONCILED = {
    "type": "book",
    "title": "The Structure of Scientific Revolutions",
    "author": [{"family": "Kuhn", "given": "T. S."}],
    "issued": {"date-parts": [[1962]]},
    "decision": "confirmed",
    "why": "Its last digit is wrong.",
}


def answer(body: dict[str, Any]) -> Behaviour:
    """What a good model says to the examples."""
    said = json.dumps(body)
    if "Write one haiku" in said:
        lines = ["An old silent pond", "A frog jumps into the pond", "Splash! Silence again"]
        return Behaviour(json.dumps({"lines": lines}))
    if body.get("tools"):
        return Behaviour("The record is confirmed: the ISBN is printed so.")
    if "An agent with tools" in said:
        return Behaviour(json.dumps(RECONCILED))
    if "amphora" in said:
        return Behaviour('{"term": "amphora", "meaning": "a jar"}')
    return Behaviour('{"term": "krater", "meaning": "a bowl"}') if "krater" in said else Behaviour()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OllamaServer]:
    with OllamaServer(answer, [FakeModel(name.partition("/")[2]) for name in MODELS]) as server:
        yield server


def example(name: str, *arguments: object, folder: Path, server: str = "", **variables: str) -> str:
    """What an example prints, run as a newcomer does; without a server there is none."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GLEANERY_", "OLLAMA_"))}
    home = {"GLEANERY_HOME": str(folder / "home"), "XDG_CONFIG_HOME": str(folder / "config")}
    env = {**kept, **home, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONWARNINGS": "error", **variables}
    if server:
        env["OLLAMA_HOST"] = server
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, arguments)],
        cwd=folder, env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_annotated_bibliography(tmp_path: Path) -> None:
    said = example("annotated_bibliography.py", EXAMPLES / "references.txt", folder=tmp_path)
    assert "@book{darwin1859on," in said and "@article{watson1953molecular," in said
    entries = dict(block.split("\n", 1) for block in said.strip().split("\n\n"))
    references = (EXAMPLES / "references.txt").read_text(encoding="utf-8").splitlines()
    assert list(entries) == [f"% {reference}" for reference in references]
    kuhn = next(entry for reference, entry in entries.items() if "Kuhn" in reference)
    assert kuhn.startswith("% NOTE: ") and "ISBN" in kuhn.partition("\n")[0]
    assert entries["% References (continued)"].endswith("% No entry.")
    again = example("annotated_bibliography.py", EXAMPLES / "references.txt", folder=tmp_path)
    assert again == said


def test_annotated_bibliography_with_an_agent(tmp_path: Path, server: OllamaServer) -> None:
    references = (EXAMPLES / "references.txt").read_text(encoding="utf-8").splitlines()
    source = tmp_path / "three.txt"
    source.write_text("".join(f"{line}\n" for line in references if "Darwin" in line or "Kuhn" in line))
    said = example("annotated_bibliography.py", source, MODELS[0], folder=tmp_path, server=server.url)
    darwin, kuhn = said.strip().split("\n\n")
    assert "@book{darwin1859on," in darwin and "NOTE" not in darwin
    assert "% NOTE: confirmed: Its last digit is wrong." in kuhn and "@book{kuhn1962structure," in kuhn
    asked = [chat for chat in server.chats if chat.get("tools")]
    assert asked and "isbn-check-digit" in json.dumps(asked[0]["messages"])


def test_custom_schema(tmp_path: Path, server: OllamaServer) -> None:
    said = example("custom_schema.py", folder=tmp_path, server=server.url, GLEANERY_DEFAULT_MODEL=MODELS[0])
    assert said == "amphora: a jar\nkrater: a bowl\n"
    code = (EXAMPLES / "custom_schema.py").read_text().rpartition('"""\n')[2] + (
        EXAMPLES / "custom_schema.yaml"
    ).read_text()
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 10


def test_custom_tool(tmp_path: Path) -> None:
    said = example("custom_tool.py", folder=tmp_path).splitlines()
    assert said[0] == "1948" and said[1].startswith("Error: ")


def test_haiku_side_by_side(tmp_path: Path, server: OllamaServer) -> None:
    said = example("haiku_side_by_side.py", *MODELS, folder=tmp_path, server=server.url)
    head, _, rest = said.partition("\n")
    assert head.split() == list(MODELS)
    assert rest.count("Write one haiku") == 6 and rest.count("An old silent pond (5)") == 18
    assert {chat["model"] for chat in server.chats} == {"one", "two", "three"}


def test_every_example_has_a_test() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    assert [file.name for file in EXAMPLES.glob("*.py") if f'example("{file.name}"' not in tested] == []
