"""Which tools there are: the library's, those of installed packages, those registered since, and a project's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType

from gleanery.errors import UsageError
from gleanery.tasks.modules import load_module
from gleanery.tools import tool as room
from gleanery.tools.tool import Tool, tool_of

GROUP = "gleanery.tools"
"""The group of entry points in which other packages name a module with tools, or one tool."""
_LIBRARY = ("identifiers", "references", "duplicates", "journals", "files", "crossref", "web", "documents.search")


def find_tools(project: Path | None = None) -> Mapping[str, Tool]:
    """The tools there are, by name. Those of a project are in its tools.py and tools/*.py: this runs them.

    UsageError where two tools have one name, or a package's cannot be loaded; DeclarationError where a project's are
    wrong.
    """
    found: dict[str, tuple[Tool, str]] = {}
    for tool, origin in _all(project):
        there, first = found.setdefault(tool.name, (tool, origin))
        if not _same(there, tool):
            raise UsageError(f"Tool `{tool.name}` is in {first} and in {origin}. Give one of them another name.")
    return {name: tool for name, (tool, _) in found.items()}


def _same(one: Tool, other: Tool) -> bool:
    """Whether two tools are one: a project's file may also have been imported by a script beside it."""
    return one is other or _file(one) == _file(other) != ""


def _file(tool: Tool) -> str:
    code = getattr(tool.function, "__code__", None)
    return str(Path(code.co_filename).resolve()) if code else ""


def library_tools() -> Mapping[str, Tool]:
    """The tools that come with Gleanery."""
    modules = (import_module(f"gleanery.tools.{name}") for name in _LIBRARY)
    return MappingProxyType({tool.name: tool for module in modules for tool in _tools_in(module)})


def _all(project: Path | None) -> Iterator[tuple[Tool, str]]:
    """Every tool with where it comes from, in words."""
    for tool in library_tools().values():
        yield tool, "Gleanery"
    for tool, package in _packaged():
        yield tool, package
    for tool in list(room._tools.values()):
        yield tool, f"the module {tool.function.__module__}"
    if project is not None:
        for file in project_files(project):
            for tool in _tools_in(load_module(file)):
                yield tool, str(file)


def project_files(project: Path) -> list[Path]:
    """The files in which a project's own tools are; runs none of them."""
    files = [project / "tools.py", *sorted((project / "tools").glob("*.py"))]
    return [file for file in files if file.is_file()]


@cache
def _packaged() -> tuple[tuple[Tool, str], ...]:
    return tuple((tool, _origin(point)) for point in entry_points(group=GROUP) for tool in _loaded(point))


def _loaded(point: EntryPoint) -> list[Tool]:
    try:
        found = point.load()
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise UsageError(f"The tools of {_origin(point)} cannot be loaded: {why}. Repair or uninstall it.") from error
    tool = tool_of(found)
    return [tool] if tool else _tools_in(found)


def _origin(point: EntryPoint) -> str:
    package = f"package {point.dist.name}" if point.dist else "an installed package"
    return f"{package} ({point.value})"


def _tools_in(module: object) -> list[Tool]:
    tools = (tool_of(value) for value in list(vars(module).values()))
    return list(dict.fromkeys(tool for tool in tools if tool))
