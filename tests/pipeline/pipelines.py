"""Pipelines for tests: tasks of a project, and a model that answers what a test says."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers.ollama_server import Behaviour, FakeModel, OllamaServer

from gleanery.settings import Settings, load_settings

TASK = """\
name: {name}
summary: A step.
kind: extract
grounding: none
models: [ollama/{model}]
output: "{output}"
prompt: |
  STEP {name} {columns}
  {{{{ source }}}}
"""
TASKS = {
    "title": ("title: the title", "tiny", ""),
    "people": ("people [str]: who they are", "tiny", ""),
    "note": ("note: a note", "other", "{{ title }}"),
    "check": ("note: what was checked", "tiny", "{{ title }}"),
    "one": ("note: of one person", "other", ""),
}


def project(folder: Path) -> Path:
    """A project with the tasks."""
    for name, (output, model, columns) in TASKS.items():
        file = folder / "tasks" / name / "task.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(TASK.format(name=name, output=output, model=model, columns=columns))
    return folder


def source(folder: Path, count: int) -> Path:
    """A file of records."""
    file = folder / "source.txt"
    file.write_text("".join(f"Book {n}.\n" for n in range(1, count + 1)))
    return file


class Model:
    """What the server's models say: `answer(step, text)`, and what they were asked."""

    def __init__(self, answer: Callable[[str, str], Any]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answer = answer

    def __call__(self, body: dict[str, Any]) -> Behaviour:
        said = "\n".join(str(message["content"]) for message in body["messages"])
        if "STEP " not in said:
            return Behaviour()
        step = said[said.index("STEP ") + 5 :].split()[0]
        text = str(body["messages"][1]["content"]).split("\n")[-1]
        self.asked.append((step, text))
        answer = self._answer(step, text)
        return answer if isinstance(answer, Behaviour) else Behaviour(json.dumps(answer))


def good(step: str, text: str) -> Any:
    """What a good model says."""
    match step:
        case "title":
            return {"title": text.rstrip(".").upper()}
        case "people":
            return {"people": [f"{text[:-1]} {who}" for who in ("Ada", "Bo")]}
    return {"note": f"{step} of {text}"}


@contextmanager
def models(folder: Path, answer: Callable[[str, str], Any] = good) -> Iterator[tuple[Model, OllamaServer, Settings]]:
    """Two models on a server, and the settings that name it."""
    model = Model(answer)
    with OllamaServer(model, [FakeModel("tiny"), FakeModel("other")]) as server:
        (folder / "gleanery.toml").write_text(f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n')
        environ = {"GLEANERY_HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "cache")}
        yield model, server, load_settings(project=folder, environ={**environ, "XDG_CONFIG_HOME": str(folder / "c")})
