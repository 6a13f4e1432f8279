"""Settings files: found, read, and every key checked against what it must be."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gleanery.errors import SettingsError
from gleanery.settings.keys import FILE, Key, Named, Table, Tables
from gleanery.settings.kinds import described
from gleanery.settings.lines import lines_of
from gleanery.settings.values import Given, Layer, Where
from gleanery.tasks.nearest import did_you_mean

NAME = "gleanery.toml"
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class SettingsFile:
    """A settings file. `within` is the table that holds the settings: ("tool", "gleanery") in pyproject.toml."""

    path: Path
    text: str
    table: Mapping[str, Any]
    within: Where = ()

    def layer(self) -> Layer:
        """What it gives; the first SettingsError where something in it is wrong."""
        given: dict[Where, Given] = {}
        for way, found in self.check():
            if isinstance(found, SettingsError):
                raise found
            given[way] = found
        return given

    def check(self) -> Iterator[tuple[Where, Given | SettingsError]]:
        """Every key with what it gives, or with what is wrong."""
        yield from self._table(FILE, self.table, ())

    def names(self, section: str) -> tuple[str, ...]:
        """The names of the tables in a section: of the profiles, for one."""
        return tuple(self.table.get(section, ()))

    def line(self, way: Where) -> int | None:
        """The line in which a key stands."""
        return self._lines.get((*self.within, *way))

    def error(self, way: Where, message: str) -> SettingsError:
        """An error about a key, to be raised."""
        return SettingsError(message, file=self.path, line=self.line(way), key=".".join(way))

    @cached_property
    def _lines(self) -> dict[Where, int]:
        return lines_of(self.text)

    def _table(
        self, table: Table, values: Mapping[str, Any], above: Where
    ) -> Iterator[tuple[Where, Given | SettingsError]]:
        for name, value in values.items():
            way = (*above, name)
            part = table.parts.get(name)
            if part is None:
                yield way, self.error(way, _unknown(name, table))
            elif isinstance(part, Key):
                yield way, self._given(part, value, way)
            elif not isinstance(value, Mapping):
                more = ".NAME" if isinstance(part, Tables) else ""
                message = f"must be a table, and is {described(value)}. Write [{'.'.join(way)}{more}]."
                yield way, self.error(way, message)
            elif isinstance(part, Tables):
                yield from self._tables(part, value, way)
            elif isinstance(part, Named):
                yield from self._named(part, value, way)
            else:
                yield from self._table(part, value, way)

    def _named(
        self, named: Named, values: Mapping[str, Any], above: Where
    ) -> Iterator[tuple[Where, Given | SettingsError]]:
        for name, value in values.items():
            way = (*above, name)
            if re.fullmatch(named.name, name):
                yield way, self._given(named.each, value, way)
            else:
                yield way, self.error(way, "a name is of letters, digits and `_`, and begins with no digit.")

    def _tables(
        self, tables: Tables, values: Mapping[str, Any], above: Where
    ) -> Iterator[tuple[Where, Given | SettingsError]]:
        for name, value in values.items():
            way = (*above, name)
            if not re.fullmatch(tables.name, name):
                yield way, self.error(way, f"a name is of {tables.said}.")
            elif not isinstance(value, Mapping):
                message = f"must be a table, and is {described(value)}. Write [{'.'.join(way)}]."
                if name in tables.each.parts:
                    message = f"stands in [{'.'.join(above)}] itself. Give the table a name: [{'.'.join(above)}.NAME]."
                yield way, self.error(way, message)
            elif tables.each.required and not value:
                keys = " and ".join(f"`{key}`" for key in tables.each.required)
                yield way, self.error(way, f"is empty: it needs {keys}.")
            else:
                yield from self._table(tables.each, value, way)

    def _given(self, key: Key, value: object, way: Where) -> Given | SettingsError:
        try:
            return Given(key.kind.read(value), self.path, self.line(way), ".".join(way))
        except ValueError as error:
            return self.error(way, str(error))


def find_files(folder: Path, environ: Mapping[str, str]) -> list[Path]:
    """The settings files that are looked for: the user's, and the project's in `folder`, there or not."""
    project = folder / NAME
    pyproject = folder / "pyproject.toml"
    if not project.exists() and _read(pyproject, ("tool", "gleanery")) is not None:
        project = pyproject
    return [config_folder(environ) / NAME, project]


def read_file(path: Path) -> SettingsFile | None:
    """The settings file; None where there is none. SettingsError where it cannot be read or is not TOML."""
    return _read(path, ("tool", "gleanery") if path.name == "pyproject.toml" else ())


def config_folder(environ: Mapping[str, str]) -> Path:
    """The folder of the user's settings."""
    return _base(environ, "XDG_CONFIG_HOME", ".config")


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The folder of what can be found out again."""
    return _base(environ, "XDG_CACHE_HOME", ".cache")


def data_folder(environ: Mapping[str, str]) -> Path:
    """The folder of what cannot be found out again: jobs and their results."""
    return _base(environ, "XDG_DATA_HOME", ".local/share")


def _base(environ: Mapping[str, str], variable: str, default: str) -> Path:
    """A folder by the XDG Base Directory Specification, which has relative paths passed over."""
    said = Path(environ.get(variable, ""))
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    return (said if said.is_absolute() else home / default) / "gleanery"


def _read(path: Path, within: Where) -> SettingsFile | None:
    try:
        source = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}.", file=path) from None
    if within and within[-1].encode() not in source:
        return None  # a project of somebody who has no settings for us: whether it is right is not for us to say
    text = _decoded(source, path)
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(error, text, path) from None
    except RecursionError:
        raise SettingsError("is nested too deeply.", file=path) from None
    for name in within:
        table = table.get(name) if isinstance(table, Mapping) else None
    return SettingsFile(path, text, table, within) if isinstance(table, Mapping) else None


def _decoded(source: bytes, path: Path) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise SettingsError("is not UTF-8: save the file as UTF-8.", file=path, line=line) from None


def _syntax_error(error: tomllib.TOMLDecodeError, text: str, path: Path) -> SettingsError:
    place = _PLACE.search(str(error))
    line = int(place[1]) if place and place[1] else len(text.rstrip().split("\n"))
    problem = _PLACE.sub("", str(error))
    hint = ' Put text in quotes: key = "value".' if problem == "Invalid value" else ""
    return SettingsError(f"is not TOML: {problem}.{hint}", file=path, line=line)


def _unknown(name: str, table: Table) -> str:
    if name in table.refused:
        return table.refused[name]
    near = did_you_mean(name, table.parts) or f" The keys are {', '.join(table.parts)}."
    return f"there is no such key.{near}"
