"""A task's files as they are now: what a job is run with, however the folder changes later, here and elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

from gleanery.errors import DeclarationError
from gleanery.tasks.declarations import Task, load_task

_DECLARATION = "task.yaml"


def bundle_of(task: Task, servers: Collection[str] = ()) -> dict[str, bytes]:
    """The declaration, its schema, examples, functions and agent with its own tools, by their paths in a project.

    Its agent may name tools of MCP `servers`. DeclarationError where one of the files lies outside the task's folder.
    """
    folder = PurePosixPath("tasks", task.name)
    declaration = PurePosixPath("tasks", task.file.name) if task.crewai else folder / _DECLARATION
    bundle = {str(declaration): task.file.read_bytes()}
    for file in (task.schema_file, task.examples, *task.functions):
        if file is not None:
            bundle[str(folder / _within(task, file))] = file.read_bytes()
    if task.agent is not None:
        from gleanery.agents.declarations import agent_of, tool_files

        agent = agent_of(task, servers=servers)
        bundle[str(PurePosixPath("agents", agent.file.name))] = agent.file.read_bytes()
        bundle |= {path: file.read_bytes() for path, file in tool_files(agent).items()}
    return bundle


def digest_of(bundle: Mapping[str, bytes]) -> str:
    """The SHA-256 (hex) of the files and their paths."""
    digest = hashlib.sha256()
    for path, content in sorted(bundle.items()):
        for part in (path.encode(), content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def unpack(bundle: Mapping[str, bytes], task: str, folder: Path) -> Task:
    """Write the files below `folder`, and load the task of that name from there."""
    for path, content in bundle.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    file = folder / "tasks" / task / _DECLARATION
    return load_task(file) if file.is_file() else load_task(task, project=folder)  # of CrewAI's tasks.yaml


def _within(task: Task, file: Path) -> PurePosixPath:
    """The file's path in the task's folder."""
    try:
        path = PurePosixPath(file.relative_to(task.folder).as_posix())
    except ValueError:
        path = PurePosixPath("..")
    if ".." in path.parts:
        raise DeclarationError(
            f"{file} lies outside the task's folder, so that a job could not be run elsewhere. Put it beside "
            f"{task.file.name}.",
            file=task.file,
        )
    return path
