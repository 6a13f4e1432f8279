"""Tasks in the form of CrewAI's own tasks.yaml: several in one file, by their names, each with its agent's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gleanery.errors import DeclarationError
from gleanery.tasks.declarations import FREE_TEXT, PLACEHOLDER, Task
from gleanery.tasks.entries import Entries, read_entries

FILE = "tasks.yaml"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""What the names of agents and tasks look like in CrewAI's files: they are those of Python methods there."""
_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_\-]*)\}")
_REQUIRED = ("description", "expected_output", "agent")
_SUMMARY = 80
_IGNORED = ("name", "async_execution", "output_file", "create_directory", "callback", "callbacks")
_REFUSED = {
    "context": "each task stands alone here, and a pipeline chains them",
    "tools": "tools belong to the agent, in agents.yaml",
    "output_json": "a task with a schema is a task.yaml of its own",
    "output_pydantic": "a task with a schema is a task.yaml of its own",
    "response_model": "a task with a schema is a task.yaml of its own",
    "guardrail": "a task with guards is a task.yaml of its own",
    "guardrails": "a task with guards is a task.yaml of its own",
    "guardrail_max_retries": "a task with guards is a task.yaml of its own",
    "human_input": "nobody is there to ask: what wants a look is in review",
    "markdown": "say in `expected_output` what it shall look like",
    **dict.fromkeys(
        ("allow_crewai_trigger_context", "config", "converter_cls", "input_files", "security_config"),
        "Gleanery has nothing of the kind",
    ),
}


def crew_task(shelf: Path, name: str) -> Task | None:
    """The task of that name in the shelf's tasks.yaml, if it is there; DeclarationError where that is wrong."""
    entries = _entries(shelf)
    return _read(entries, name, shelf / FILE) if entries is not None and name in entries else None


def crew_tasks(shelf: Path) -> Iterator[Task | DeclarationError]:
    """All tasks of the shelf's tasks.yaml; a wrong one as its error."""
    try:
        entries = _entries(shelf)
    except DeclarationError as error:
        yield error
        return
    if entries is None:
        return
    for name in entries.keys:
        try:
            yield _read(entries, name, shelf / FILE)
        except DeclarationError as error:
            yield error


def template(entries: Entries, key: str) -> str:
    """The text at `key`, with CrewAI's `{column}` as `{{ column }}`; other braces stand for themselves."""
    text = entries.text(key).strip()
    made = _VARIABLE.sub(r"{{ \1 }}", text)
    for found in PLACEHOLDER.finditer(made):
        if f"{{{found[1]}}}" not in text:
            message = f"`{found[0]}` would be a place for a column here, and is none in CrewAI: write {{{found[1]}}}."
            raise entries.error(key, message)
    return made


def check_keys(
    entries: Entries,
    known: Iterable[str],
    *,
    required: Iterable[str],
    ignored: Iterable[str],
    refused: Mapping[str, str],
) -> tuple[str, ...]:
    """The keys that say nothing here; DeclarationError for one that Gleanery does not do, or that does not exist.

    A key that is false, empty or null asks for nothing, so it may stand.
    """
    known, ignored = tuple(known), tuple(ignored)
    entries.only((*known, *ignored, *refused), required=required, later={})
    for key, why in refused.items():
        if key in entries and not entries.says_nothing(key):
            raise entries.error(key, f"is a key of CrewAI that is not supported: {why}. Take it out.")
    return tuple(key for key in entries.keys if key not in known)


def _entries(shelf: Path) -> Entries | None:
    file = shelf / FILE
    return read_entries(file, file.read_bytes()) if file.is_file() else None


def _read(entries: Entries, name: str, file: Path) -> Task:
    if not NAME.fullmatch(name):
        raise entries.error(name, "is no name: a task's has letters, digits, `_` and `-`, and starts with a letter.")
    said = entries.below(name)
    check_keys(said, _REQUIRED, required=_REQUIRED, ignored=_IGNORED, refused=_REFUSED)
    description, expected = template(said, "description"), template(said, "expected_output")
    agent = said.text("agent").strip()
    return Task(
        name=name,
        summary=_shortened(" ".join(said.text("description").split())),
        kind="agent",
        output=FREE_TEXT,
        agent=agent,
        grounding="none",
        models=("default",),
        accept=0.9,
        prompt=f"{_with_source(description, expected)}\n\nThe answer shall be: {expected}",
        examples=None,
        folder=file.parent,
        file=file,
        digest=hashlib.sha256("\0".join((name, description, expected, agent)).encode()).hexdigest(),
        crewai=True,
    )


def _with_source(description: str, expected: str) -> str:
    """The description, with the record's text after it where neither text has a place for anything."""
    placed = PLACEHOLDER.search(description) or PLACEHOLDER.search(expected)
    return description if placed else f"{description}\n\n{{{{ source }}}}"


def _shortened(text: str) -> str:
    return text if len(text) <= _SUMMARY else f"{text[: _SUMMARY - 1].rstrip()}…"
