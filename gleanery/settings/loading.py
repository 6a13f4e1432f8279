"""The settings in force: files, a profile, the environment and the command line, the later over the earlier."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from gleanery.errors import SettingsError
from gleanery.models.endpoint import Endpoint, GgufOptions
from gleanery.settings.environment import environment_layer, ollama_layer, overrides_layer
from gleanery.settings.files import SettingsFile, cache_folder, data_folder, find_files, read_file
from gleanery.settings.keys import ENDPOINT, GGUF, MCP, TOOLS, TOP, Key, Table
from gleanery.settings.values import Given, Layer, Value, Where
from gleanery.tasks.nearest import did_you_mean
from gleanery.tools.options import McpServer, ToolOptions


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds where a task and the call say nothing else. See docs/settings.md for each.

    None is the word `auto` of the file, `thinking` is as in a Request. `endpoints` are by name; `files` those that were
    read. `values` has every setting by its key ("endpoints.lab.url") as a file would say it, with its origin.
    """

    default_model: str | None = None
    profile: str | None = None
    wire: Literal["full", "failures", "off"] = "full"
    retries: int = 1
    shots: int | None = None
    max_tokens: int | None = None
    temperature: float | None = 0.0
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None
    thinking: bool | int | None = False
    grammar: Literal["auto", "off"] = "auto"
    context: int | None = None
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    gguf: GgufOptions = field(default_factory=GgufOptions)
    home: Path = field(default_factory=lambda: data_folder(os.environ))
    tools: ToolOptions = field(default_factory=ToolOptions)
    cache_dir: Path = field(default_factory=lambda: cache_folder(os.environ))
    files: tuple[Path, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict, repr=False)


def load_settings(
    *,
    project: Path | None = None,
    profile: str | None = None,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings for work in the folder `project` (the current one).

    `profile` and `overrides` (values by key; None counts for nothing) are the command line's. SettingsError, with the
    file, line and key, where anything is wrong, used or not.
    """
    paths = find_files(project or Path.cwd(), environ)
    files = [file for path in paths if (file := read_file(path)) is not None]
    below = [file.layer() for file in files]
    above = [environment_layer(environ), overrides_layer({**(overrides or {}), "profile": profile})]
    named = merged([*below, *above]).get(("profile",))
    given = merged([*below, *_profile(named, files, below), *above])
    if not any(way[:2] == ("endpoints", "ollama") for way in given):
        given = {**given, **ollama_layer(environ)}
    names = list(dict.fromkeys(way[1] for way in given if way[0] == "endpoints"))
    servers = list(dict.fromkeys(way[2] for way in given if way[:2] == ("tools", "mcp")))
    home = given[("home",)].value if ("home",) in given else data_folder(environ)
    return Settings(
        **{**{name: given[name,].value for name in TOP if (name,) in given}, "home": home},
        endpoints={name: _endpoint(name, given, environ) for name in names},
        gguf=GgufOptions(**_of(("gguf",), given)),
        tools=ToolOptions(
            **_of(("tools",), given),
            permissions=_of(("tools", "permissions"), given),
            mcp={name: _mcp_server(name, given) for name in servers},
        ),
        cache_dir=cache_folder(environ),
        files=tuple(file.path for file in files),
        values={**dict(_values(given, names)), **_home(given, home)},
    )


def merged(layers: Iterable[Layer]) -> dict[Where, Given]:
    """The layers as one, the later over the earlier.

    An endpoint that gets another `url` loses its key: one server's is not to be sent to another because a project's
    file took over the name. So does an MCP server that gets another `command` lose its permissions.
    """
    result: dict[Where, Given] = {}
    for layer in layers:
        for way, given in layer.items():
            if way[0] == "endpoints" and way[2] == "url" and way in result and result[way].value != given.value:
                result.pop((*way[:2], "api_key_env"), None)
            if way[:2] == ("tools", "mcp") and way[3] == "command" and _is_another(given, result.get(way)):
                result.pop((*way[:3], "permission"), None)
                for name in [key[2] for key in result if key[:2] == ("tools", "permissions")]:
                    if name.startswith(f"{way[2]}_"):
                        result.pop(("tools", "permissions", name))
        result.update(layer)
    return result


def _is_another(command: Given, before: Given | None) -> bool:
    """Whether a command is another than before, or the same words in another folder."""
    return before is not None and (command.value, command.file) != (before.value, before.file)


def _profile(named: Given | None, files: Iterable[SettingsFile], layers: Iterable[Layer]) -> Iterator[Layer]:
    """What the profile in force gives, from each file; SettingsError where no file has it."""
    if named is None:
        return
    known = [name for file in files for name in file.names("profiles")]
    if named.value not in known:
        near = did_you_mean(named.value, known) or _there_are(known)
        raise named.error(f"there is no profile `{named.value}`.{near}")
    start = ("profiles", named.value)
    for layer in layers:
        yield {way[2:]: given for way, given in layer.items() if way[:2] == start}


def _there_are(profiles: list[str]) -> str:
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(profiles))
    return f" There are {names}." if names else " Declare it in gleanery.toml: [profiles.NAME]."


def _endpoint(name: str, given: Mapping[Where, Given], environ: Mapping[str, str]) -> Endpoint:
    start = ("endpoints", name)
    options = _complete(start, ENDPOINT, given)
    variable = options.pop("api_key_env", None)
    return Endpoint(name, **options, api_key=environ.get(variable) or None if variable else None)


def _mcp_server(name: str, given: Mapping[Where, Given]) -> McpServer:
    start = ("tools", "mcp", name)
    file = given[*start, "command"].file if (*start, "command") in given else None
    return McpServer(**_complete(start, MCP, given), file=file if isinstance(file, Path) else None)


def _complete(start: Where, table: Table, given: Mapping[Where, Given]) -> dict[str, Any]:
    """What is given of a table; SettingsError where it lacks what it requires."""
    options = _of(start, given)
    for key in table.required:
        if key not in options:
            first = next(there for way, there in given.items() if way[: len(start)] == start)
            raise SettingsError("is missing: add it.", file=first.file, line=first.line, key=".".join((*start, key)))
    return options


def _of(start: Where, given: Mapping[Where, Given]) -> dict[str, Any]:
    """What is given of one table."""
    return {way[-1]: there.value for way, there in given.items() if way[:-1] == start}


def _values(given: Mapping[Where, Given], endpoints: Iterable[str]) -> Iterator[tuple[str, Value]]:
    """Every setting with its origin, those that nobody gave among them."""
    defaults: list[tuple[Where, Mapping[str, Any], type]] = [
        ((), TOP, Settings),
        (("gguf",), GGUF.parts, GgufOptions),
        (("tools",), {name: key for name, key in TOOLS.parts.items() if isinstance(key, Key)}, ToolOptions),
    ]
    defaults += [(("endpoints", name), ENDPOINT.parts, Endpoint) for name in endpoints]
    for start, keys, made in defaults:
        for name, key in keys.items():
            way = (*start, name)
            there = given.get(way)
            value, origin = (there.value, there.origin) if there else (default_of(made, name), "default")
            yield ".".join(way), Value(key.kind.written(value), origin)
    for way, there in given.items():
        if way[:2] in (("tools", "permissions"), ("tools", "mcp")):
            value = list(there.value) if isinstance(there.value, tuple) else there.value
            yield ".".join(way), Value(value, there.origin)


def _home(given: Mapping[Where, Given], home: Path) -> dict[str, Value]:
    """The folder of the ledger, which has no default that a file could hold: it depends on who asks."""
    return {} if ("home",) in given else {"home": Value(str(home), "default")}


def default_of(made: type, name: str) -> Any:
    """The default of a dataclass's field; None where it has none."""
    default = next((known.default for known in fields(made) if known.name == name), None)
    return None if default is MISSING else default
