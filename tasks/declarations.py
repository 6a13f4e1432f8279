"""Tasks as they are declared on disk, and where they are found.

Reading a declaration runs none of its Python: its schema is only looked at when somebody asks for it
(`gleanery.tasks.schemas`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from gleanery.errors import DeclarationError, UsageError
from gleanery.tasks.entries import Entries, read_entries
from gleanery.tasks.examples import Example, parse_examples
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
_KEYS = (*_REQUIRED, "agent", "grounding", "models", "accept", "prompt", "examples")
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
    `accept` is the record confidence, 0 to 1, from which a model's answer is taken. `digest` is the SHA-256 (hex) of
    the declaration's, schema's and examples' bytes: another digest is another task.
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
    path = Path(name_or_path)
    file = path / FILE if path.is_dir() else path
    if file.is_file():
        return _read(file.absolute())
    if isinstance(name_or_path, Path) or "/" in text or path.suffix:
        missing = f"{path} has no {FILE}" if path.is_dir() else f"There is no file {path}"
        raise UsageError(f"{missing}. A task is a name, a folder with a {FILE}, or a YAML file.")
    near = did_you_mean(text, _folders(project))
    raise UsageError(f"There is no task `{text}`.{near} `gleanery tasks` lists them.")


def find_tasks(project: Path | None = None) -> list[Task | DeclarationError]:
    """Every task of the project (default: the current folder) and the library, by name; a wrong one as its error.

    A project's task stands before a built-in one of the same name.
    """
    found: list[Task | DeclarationError] = []
    for _, folder in sorted(_folders(project).items()):
        try:
            found.append(_named(folder))
        except DeclarationError as error:
            found.append(error)
    return found


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
    schema = _check_output(entries, folder, output)
    examples = folder / entries.text("examples") if "examples" in entries else None
    return Task(
        name=_name(entries),
        summary=" ".join(entries.text("summary").split()),
        kind=kind,
        output=output,
        agent=_agent(entries, kind),
        grounding=cast(Grounding, grounding),
        models=_models(entries),
        accept=_accept(entries),
        prompt=_prompt(entries) if "prompt" in entries else None,
        examples=examples,
        folder=folder,
        file=file,
        digest=_digest(source, schema, _check_examples(entries, examples)),
    )


def _name(entries: Entries) -> str:
    name = entries.text("name")
    if not NAME.fullmatch(name):
        raise entries.error("name", f"`{name}` must be lower-case letters, digits and `-`, and start with a letter.")
    return name


def _models(entries: Entries) -> tuple[str, ...]:
    models = entries.texts("models") if "models" in entries else ("default",)
    for model in models:
        provider, slash, name = model.partition("/")
        if model != "default" and not (provider and slash and name):
            near = did_you_mean(model, ["default"])
            message = f"`{model}` is no model: write `default` or provider/name, like `ollama/qwen3:4b`.{near}"
            raise entries.error("models", message)
    return models


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
    prompt = entries.text("prompt")
    for braces in _BRACES.finditer(prompt):
        if not PLACEHOLDER.fullmatch(braces[0]):
            down = entries.lines_down("prompt", prompt.count("\n", 0, braces.start()))
            message = f"`{braces[0]}` is no placeholder: write `{{{{ source }}}}` or `{{{{ column }}}}`."
            raise entries.error("prompt", message, down=down)
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
