"""Tasks as they are declared on disk, and where they are found.

Reading a declaration runs none of its Python: its schema is only looked at when somebody asks for it
(`gleanery.tasks.schemas`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast, get_args

from gleanery.errors import DeclarationError, UsageError
from gleanery.tasks.entries import Entries, read_entries
from gleanery.tasks.examples import Example, parse_examples
from gleanery.tasks.generation import KEYS as GENERATION
from gleanery.tasks.generation import Generation, read_generation, refuse_generation
from gleanery.tasks.guards import Guards, read_guards
from gleanery.tasks.nearest import did_you_mean
from gleanery.tasks.one_line import parse_one_line

Kind = Literal["extract", "generate", "agent"]
Grounding = Literal["none", "warn", "require"]

NAME = re.compile(r"[a-z][a-z0-9-]*")
PLACEHOLDER = re.compile(r"\{\{\s*([^\W\d][\w-]*(?: [\w-]+)*)\s*\}\}")
"""A place in a prompt for `source` or a carried column; group 1 is the name. The value goes in verbatim."""

LIBRARY = Path(__file__).parent / "library"
FILE = "task.yaml"
_REQUIRED = ("name", "summary", "kind", "output")
_KEYS = (*_REQUIRED, "agent", "grounding", "models", "accept", "prompt", "examples", "guard", *GENERATION)
FREE_TEXT = "text"
"""The output of a task whose answer is a text of any form."""
FREE: tuple[Kind, ...] = ("generate", "agent")
"""The kinds of task that may answer with such a text: what is extracted has fields."""
_LATER = dict.fromkeys(
    ("agents", "documents", "steps", "tools"),
    "is no key of a task: tools and steps belong to its `agent`, in agents/NAME.yaml. Take it out.",
)
_CLASS = re.compile(r"schema:([^\W\d]\w*)")
_BRACES = re.compile(r"\{\{.*?(?:\}\}|$)|\{%.*?%\}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Task:
    """What goes in, what must come out and how to check it, as declared in `file`.

    Its paths are absolute, so that a worker elsewhere finds them. `agent` names who performs a task of kind `agent`.
    `accept` is the record confidence, 0 to 1, from which a model's answer is taken. `generation` is what a task of kind
    `generate` writes; its first prompt is also `prompt`. `digest` is the SHA-256 (hex) of the declaration's, schema's,
    examples' and functions' bytes: another digest is another task. `crewai`: it stands in a tasks.yaml in CrewAI's form
    (`gleanery.tasks.crew_files`), whose folder is then its own.
    """

    name: str
    summary: str
    kind: Kind
    output: str
    agent: str | None
    grounding: Grounding
    models: tuple[str, ...]
    accept: float
    prompt: str | None
    examples: Path | None
    folder: Path
    file: Path
    digest: str
    generation: Generation | None = None
    guards: Guards | None = None
    crewai: bool = False

    @property
    def free_text(self) -> bool:
        """Whether an answer is a text of any form."""
        return self.kind in FREE and self.output == FREE_TEXT

    @property
    def functions(self) -> tuple[Path, ...]:
        """The Python files beside the task that its checks and guards are in."""
        said = (self.generation, self.guards)
        return tuple(dict.fromkeys(file for part in said if part for file in part.files))

    @property
    def output_class(self) -> str | None:
        """The Pydantic class that `schema:Class` names, or None."""
        match = _CLASS.fullmatch(self.output)
        return match and match[1]

    @property
    def schema_file(self) -> Path | None:
        """The file that holds the schema, or None where `output` is the one-line form."""
        return _schema_file(self.folder, self.output)

    def read_examples(self) -> tuple[Example, ...]:
        """The examples, in the order of their file; none where the task has no such file."""
        return parse_examples(self.examples, _bytes(self.examples)) if self.examples else ()


def load_task(name_or_path: str | Path, *, project: Path | None = None) -> Task:
    """The task of that name, or that a folder or a YAML file declares.

    A name is looked for in `project`/tasks (default: the current folder), then in the built-in library. UsageError
    where there is no such task, DeclarationError where its declaration is wrong.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, str) and NAME.fullmatch(text):
        for folder in _shelves(project):
            if (folder / text / FILE).is_file():
                return _named(folder / text)
    if isinstance(name_or_path, str) and (task := _crew_task(text, project)):
        return task
    path = Path(name_or_path)
    file = path / FILE if path.is_dir() else path
    if file.is_file():
        return _read(file.absolute())
    if isinstance(name_or_path, Path) or "/" in text or path.suffix:
        missing = f"{path} has no {FILE}" if path.is_dir() else f"There is no file {path}"
        raise UsageError(f"{missing}. A task is a name, a folder with a {FILE}, or a YAML file.")
    near = did_you_mean(text, task_names(project))
    raise UsageError(f"There is no task `{text}`.{near} `gleanery tasks` lists them.")


def find_tasks(project: Path | None = None) -> list[Task | DeclarationError]:
    """Every task of the project (default: the current folder) and the library, by name, then those in CrewAI's form; a
    wrong one as its error.

    A project's task stands before a built-in one of the same name, and one with a folder of its own before one in
    CrewAI's form.
    """
    from gleanery.tasks.crew_files import crew_tasks

    found: list[Task | DeclarationError] = []
    folders = _folders(project)
    for _, folder in sorted(folders.items()):
        try:
            found.append(_named(folder))
        except DeclarationError as error:
            found.append(error)
    crew = crew_tasks(_shelves(project)[0])
    found += [task for task in crew if isinstance(task, DeclarationError) or task.name not in folders]
    return found


def task_names(project: Path | None = None) -> list[str]:
    """The names of all tasks that can be read."""
    from gleanery.tasks.crew_files import crew_tasks

    crew = (task.name for task in crew_tasks(_shelves(project)[0]) if not isinstance(task, DeclarationError))
    return sorted({*_folders(project), *crew})


def _crew_task(name: str, project: Path | None) -> Task | None:
    from gleanery.tasks.crew_files import crew_task

    return crew_task(_shelves(project)[0], name)


def _shelves(project: Path | None) -> tuple[Path, Path]:
    return (project or Path()).absolute() / "tasks", LIBRARY


def _folders(project: Path | None) -> dict[str, Path]:
    """The folder of each task, by its name; those that come first in the search win."""
    return {file.parent.name: file.parent for shelf in reversed(_shelves(project)) for file in shelf.glob(f"*/{FILE}")}


def _named(folder: Path) -> Task:
    """The task in a folder of a library: found by the folder's name, so it must bear it."""
    task = _read(folder / FILE)
    if task.name != folder.name:
        message = f"is `{task.name}`, but its folder is `{folder.name}`. Give both the same name."
        raise DeclarationError(message, file=task.file, key="name")
    return task


def _read(file: Path) -> Task:
    source = _bytes(file)
    entries = read_entries(file, source)
    entries.only(_KEYS, required=_REQUIRED, later=_LATER)
    folder = file.parent
    kind = cast(Kind, entries.choice("kind", get_args(Kind)))
    grounding = "require" if kind == "extract" else "none"
    if "grounding" in entries:
        grounding = entries.choice("grounding", get_args(Grounding))
    output = entries.text("output").strip()
    schema = b"" if kind in FREE and output == FREE_TEXT else _check_output(entries, folder, output)
    examples = folder / entries.text("examples") if "examples" in entries else None
    generation = _generation(entries, kind, folder)
    task = Task(
        name=_name(entries),
        summary=" ".join(entries.text("summary").split()),
        kind=kind,
        output=output,
        agent=_agent(entries, kind),
        grounding=cast(Grounding, grounding),
        models=read_models(entries) if "models" in entries else ("default",),
        accept=_accept(entries),
        prompt=generation.prompts[0] if generation else _prompt(entries) if "prompt" in entries else None,
        examples=examples,
        folder=folder,
        file=file,
        digest="",
        generation=generation,
        guards=read_guards(entries, folder) if "guard" in entries else None,
    )
    functions = [_bytes(file) for file in task.functions]
    return replace(task, digest=_digest(source, schema, _check_examples(entries, examples), *functions))


def _generation(entries: Entries, kind: Kind, folder: Path) -> Generation | None:
    if kind != "generate":
        refuse_generation(entries, kind)
        return None
    return read_generation(entries, folder, lambda key, prompt: _checked_prompt(entries, key, prompt))


def _name(entries: Entries) -> str:
    name = entries.text("name")
    if not NAME.fullmatch(name):
        raise entries.error("name", f"`{name}` must be lower-case letters, digits and `-`, and start with a letter.")
    return name


def read_models(entries: Entries) -> tuple[str, ...]:
    """The addresses of models at the key `models`."""
    return tuple(checked_model(entries, "models", model) for model in entries.texts("models"))


def checked_model(entries: Entries, key: str, model: str) -> str:
    """The address of a model that stands at `key`."""
    provider, slash, name = model.partition("/")
    if model != "default" and not (provider and slash and name):
        near = did_you_mean(model, ["default"])
        message = f"`{model}` is no model: write `default` or provider/name, like `ollama/qwen3:4b`.{near}"
        raise entries.error(key, message)
    return model


def _agent(entries: Entries, kind: Kind) -> str | None:
    if kind != "agent":
        if "agent" in entries:
            raise entries.error("agent", f"is for tasks of kind `agent`, and this one is `{kind}`. Take it out.")
        return None
    if "agent" not in entries:
        raise entries.error("kind", "`agent` needs an `agent`: name one, like `agent: bibliographer`.")
    return entries.text("agent").strip()


def _accept(entries: Entries) -> float:
    accept = entries.number("accept") if "accept" in entries else 0.9
    if not 0 <= accept <= 1:
        raise entries.error("accept", f"must lie between 0 and 1, and is {accept:g}.")
    return accept


def _prompt(entries: Entries) -> str:
    return _checked_prompt(entries, "prompt", entries.text("prompt"))


def _checked_prompt(entries: Entries, key: str, prompt: str) -> str:
    for braces in _BRACES.finditer(prompt):
        if not PLACEHOLDER.fullmatch(braces[0]):
            down = entries.lines_down(key, prompt.count("\n", 0, braces.start()))
            message = f"`{braces[0]}` is no placeholder: write `{{{{ source }}}}` or `{{{{ column }}}}`."
            raise entries.error(key, message, down=down)
    return prompt


def _schema_file(folder: Path, output: str) -> Path | None:
    if _CLASS.fullmatch(output):
        return folder / "schema.py"
    return folder / output if output.endswith(".json") else None


def _check_output(entries: Entries, folder: Path, output: str) -> bytes:
    """The bytes of the schema's file; a one-line schema is checked here, and has none."""
    file = _schema_file(folder, output)
    if file:
        return _beside(entries, "output", file)
    try:
        parse_one_line(output)
    except UsageError as error:
        raise entries.error("output", str(error)) from None
    return b""


def _check_examples(entries: Entries, file: Path | None) -> bytes:
    if file is None:
        return b""
    source = _beside(entries, "examples", file)
    parse_examples(file, source)
    return source


def _beside(entries: Entries, key: str, file: Path) -> bytes:
    if file.is_file():
        return _bytes(file)
    near = did_you_mean(file.name, _names(file.parent))
    raise entries.error(key, f"there is no file {file}.{near}")


def _names(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.iterdir()) if folder.is_dir() else iter(())


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DeclarationError(f"cannot be read: {error.strerror}.", file=file) from None


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
