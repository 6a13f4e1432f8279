"""Settings: files, a profile, the environment and the command line, the later over the earlier; mistakes told."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import SettingsError
from gleanery.models.endpoint import Endpoint, GgufOptions
from gleanery.settings import Settings, load_settings
from gleanery.settings.environment import ollama_url
from gleanery.settings.files import read_file
from gleanery.settings.keys import ENDPOINT, FILE, GGUF, MCP, TOOLS, TOP, Key, json_schema
from gleanery.settings.lines import lines_of
from gleanery.settings.loading import default_of
from gleanery.tools.options import McpServer, ToolOptions

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"


class Desk:
    """A user's folder of settings, a project, and an environment of their own."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.project.mkdir()
        self.user = folder / "config" / "gleanery" / "gleanery.toml"
        self.user.parent.mkdir(parents=True)
        self.environ = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}

    def write(self, text: str, *, user: bool = False, name: str = "gleanery.toml") -> Path:
        file = self.user if user else self.project / name
        file.write_text(text, encoding="utf-8")
        return file

    def load(self, environ: Mapping[str, str] | None = None, **options: object) -> Settings:
        return load_settings(project=self.project, environ={**self.environ, **(environ or {})}, **options)  # type: ignore[arg-type]

    def error(self, environ: Mapping[str, str] | None = None, **options: object) -> str:
        with pytest.raises(SettingsError) as caught:
            self.load(environ, **options)
        return str(caught.value).removeprefix(f"{self.project}/").replace(str(self.user), "USER")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_without_any_file_the_defaults_hold(desk: Desk) -> None:
    settings = desk.load()
    assert (settings.default_model, settings.retries, settings.temperature, settings.thinking) == (None, 1, 0.0, False)
    assert (settings.endpoints, settings.files, settings.gguf) == ({}, (), GgufOptions())
    assert {value.origin for value in settings.values.values()} == {"default"}


def test_every_layer_lies_over_the_one_before(desk: Desk) -> None:
    desk.write("retries = 0\nseed = 1\ntop_k = 1\ntop_p = 0.1\nprofile = 'p'\n[profiles.p]\nmin_p = 0.1\n", user=True)
    desk.write("seed = 2\ntop_k = 2\ntop_p = 0.2\n[profiles.p]\nmin_p = 0.2\ntop_k = 3\ntop_p = 0.3\n")
    settings = desk.load({"GLEANERY_TOP_P": "0.4", "GLEANERY_SHOTS": "4"}, overrides={"shots": 5, "seed": None})
    assert (settings.retries, settings.seed, settings.min_p, settings.top_k) == (0, 2, 0.2, 3)
    assert (settings.top_p, settings.shots) == (0.4, 5)
    origins = {key: settings.values[key].origin for key in ("seed", "top_k", "top_p", "shots", "wire")}
    assert origins["seed"].endswith("project/gleanery.toml:1") and origins["top_k"].endswith("project/gleanery.toml:6")
    assert (origins["top_p"], origins["shots"], origins["wire"]) == ("GLEANERY_TOP_P", "command line", "default")
    assert settings.files == (desk.user, desk.project / "gleanery.toml")


@pytest.mark.parametrize(
    ("environ", "profile", "retries"), [({}, None, 0), ({"GLEANERY_PROFILE": "b"}, None, 1), ({}, "b", 1)]
)
def test_who_says_the_profile(desk: Desk, environ: dict[str, str], profile: str | None, retries: int) -> None:
    desk.write("profile = 'a'\n[profiles.a]\nretries = 0\n[profiles.b]\nretries = 1\n")
    assert desk.load(environ, profile=profile).retries == retries


def test_a_profile_can_change_endpoints_and_gguf(desk: Desk) -> None:
    desk.write(
        "[endpoints.lab]\nkind = 'openai'\nurl = 'http://lab/v1'\n[gguf]\nslots = 2\n"
        "[profiles.p.endpoints.lab]\nin_flight = 3\n[profiles.p.gguf]\nthreads = 5\n"
    )
    settings = desk.load(profile="p")
    assert settings.endpoints["lab"] == Endpoint("lab", "openai", "http://lab/v1", in_flight=3)
    assert settings.gguf == GgufOptions(slots=2, threads=5)


def test_an_unknown_profile_is_told_with_the_nearest(desk: Desk) -> None:
    desk.write("profile = 'fats'\n[profiles.fast]\nretries = 0\n")
    assert desk.error() == "gleanery.toml:1: `profile`: there is no profile `fats`. Did you mean `fast`?"
    assert desk.error({"GLEANERY_PROFILE": "zzz"}) == "GLEANERY_PROFILE: there is no profile `zzz`. There are `fast`."


def test_settings_in_pyproject(desk: Desk) -> None:
    file = desk.write("[project]\nname = 'x'\n\n[tool.gleanery]\nretries = 2\nsed = 1\n", name="pyproject.toml")
    assert desk.error() == "pyproject.toml:6: `sed`: there is no such key. Did you mean `seed`?"
    file.write_text(file.read_text().replace("sed", "seed"))
    assert (desk.load().retries, desk.load().files) == (2, (file,))
    desk.write("retries = 0\n")
    assert desk.load().retries == 0, "gleanery.toml stands before pyproject.toml"


@pytest.mark.parametrize("text", ["[project]\nname = 'gleanery'\n", "this is no TOML, and nothing of ours\n"])
def test_a_pyproject_of_somebody_else_is_let_be(desk: Desk, text: str) -> None:
    desk.write(text, name="pyproject.toml")
    assert desk.load().files == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("retris = 1", "1: `retris`: there is no such key. Did you mean `retries`?"),
        ("xyz = 1", "1: `xyz`: there is no such key. The keys are default_model, profile, home, wire,"),
        ("\nretries = 3", "2: `retries`: must be a whole number from 0 to 2, and is the number 3."),
        ("retries = true", "1: `retries`: must be a whole number from 0 to 2, and is `true`."),
        ("retries = 1.0", "1: `retries`: must be a whole number from 0 to 2, and is the number 1.0."),
        ("retries = '1'", "1: `retries`: must be a whole number from 0 to 2, and is the text `1`."),
        ("wire = 'ful'", "1: `wire`: must be `full`, `failures` or `off`, and is the text `ful`. Did you mean `full`?"),
        ("temperature = nan", "1: `temperature`: must be `auto` or a number from 0 to 2, and is the number nan."),
        ("top_p = 0", "1: `top_p`: must be `auto` or a number above 0, at most 1, and is the number 0."),
        (
            "thinking = 'onn'",
            "1: `thinking`: must be `off`, `on`, `auto` or a whole number, 1 or more",
        ),
        ("default_model = 'qwen3'", "1: `default_model`: `qwen3` is no model. Write provider/name: ollama/qwen3:4b"),
        ("gguf = 4", "1: `gguf`: must be a table, and is the number 4. Write [gguf]."),
        ("endpoints = []", "1: `endpoints`: must be a table, and is a list. Write [endpoints.NAME]."),
        ("wire = {a = 1}", "1: `wire`: must be `full`, `failures` or `off`, and is a table."),
        ("wire = 2020-01-01", "1: `wire`: must be `full`, `failures` or `off`, and is a date or a time."),
        ("[endpoints]\nurl = 'http://x'", "2: `endpoints.url`: stands in [endpoints] itself. Give the table a name:"),
        ("[endpoints.lab]", "1: `endpoints.lab`: is empty: it needs `kind` and `url`."),
        ("[endpoints.lab]\nkind = 'openai'", "2: `endpoints.lab.url`: is missing: add it."),
        ("[endpoints.'a b']\nkind = 'openai'", "1: `endpoints.a b`: a name is of letters, digits,"),
        ("[gguf]\nslots = 2\ncontex = 1", "3: `gguf.contex`: there is no such key. Did you mean `context`?"),
        ("[profiles.p]\n\nseed = -1", "3: `profiles.p.seed`: must be `auto` or a whole number, 0 or more, and is"),
        ("[profiles.p]\nprofile = 'q'", "2: `profiles.p.profile`: a profile cannot put another in force."),
        ("wire = ollama/x", '1: is not TOML: Invalid value. Put text in quotes: key = "value".'),
        ("seed = 1\n\nseed = 2", "3: is not TOML: Cannot overwrite a value."),
        ("seed = 1\ntext = '''\nabc", "3: is not TOML: "),
    ],
)
def test_a_mistake_names_file_line_key_and_remedy(desk: Desk, text: str, said: str) -> None:
    desk.write(text)
    assert desk.error().startswith(f"gleanery.toml:{said}")


def test_a_literal_key_is_refused_and_repeated_nowhere(desk: Desk) -> None:
    for line in ("api_key = 'sk-123'", "api_key_env = 'sk-123'", "url = 'ftp://me:sk-123@lab'"):
        desk.write(f"[endpoints.lab]\n{line}\n")
        said = desk.error()
        assert said.startswith("gleanery.toml:2: `endpoints.lab.") and "sk-123" not in said


def test_a_key_comes_from_the_environment_and_is_not_shown(desk: Desk) -> None:
    desk.write("[endpoints.lab]\nkind='openai'\nurl='https://me:pw@lab/v1/'\napi_key_env='LAB_KEY'\n")
    settings = desk.load({"LAB_KEY": "sk-123"})
    assert settings.endpoints["lab"] == Endpoint("lab", "openai", "https://me:pw@lab/v1", api_key="sk-123")
    assert settings.values["endpoints.lab.url"].value == "https://lab/v1"
    assert "sk-123" not in repr(settings)
    assert desk.load().endpoints["lab"].api_key is None


def test_a_project_cannot_send_the_users_key_elsewhere(desk: Desk) -> None:
    desk.write("[endpoints.lab]\nkind='openai'\nurl='https://lab/v1'\napi_key_env='LAB_KEY'\n", user=True)
    desk.write("[endpoints.lab]\nin_flight = 2\n")
    assert desk.load({"LAB_KEY": "sk-123"}).endpoints["lab"].api_key == "sk-123"
    desk.write("[endpoints.lab]\nurl = 'https://elsewhere/v1'\n")
    assert desk.load({"LAB_KEY": "sk-123"}).endpoints["lab"] == Endpoint("lab", "openai", "https://elsewhere/v1")


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("GLEANERY_RETRIES", "many", "GLEANERY_RETRIES: must be a whole number from 0 to 2, and is the text `many`."),
        ("GLEANERY_RETRYS", "1", "GLEANERY_RETRYS: there is no such setting. Did you mean `GLEANERY_RETRIES`?"),
        ("GLEANERY_GGUF_SLOTS", "0", "GLEANERY_GGUF_SLOTS: must be a whole number, 1 or more, and is the number 0."),
        ("OLLAMA_HOST", "ftp://x", "OLLAMA_HOST: is no address of a server: write it like 127.0.0.1:11434."),
        ("OLLAMA_HOST", "host:port", "OLLAMA_HOST: is no address of a server: write it like 127.0.0.1:11434."),
    ],
)
def test_a_wrong_variable(desk: Desk, variable: str, text: str, said: str) -> None:
    assert desk.error({variable: text}) == said


def test_variables(desk: Desk) -> None:
    told = {"GLEANERY_THINKING": "512", "GLEANERY_SEED": "auto", "GLEANERY_GGUF_THREADS": "2", "GLEANERY_WIRE": ""}
    settings = desk.load({**told, "GLEANERY_HOME": "/somewhere"})
    assert (settings.thinking, settings.seed, settings.gguf.threads, settings.wire) == (512, None, 2, Settings().wire)


def test_wrong_on_the_command_line(desk: Desk) -> None:
    said = "command line: `gguf.slots`: must be a whole number, 1 or more, and is the text `x`."
    assert desk.error(overrides={"gguf.slots": "x"}) == said
    assert desk.load(overrides={"thinking": "on", "gguf.slots": "3"}).gguf.slots == 3


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("example.org", "http://example.org:11434"),
        ("example.org:1234", "http://example.org:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:1234", "http://[::1]:1234"),
        ("::1", "http://[::1]:11434"),
        ("http://example.org", "http://example.org"),
        ("https://example.org/ollama/", "https://example.org/ollama"),
        ("http://me:pw@example.org:1/", "http://me:pw@example.org:1"),
    ],
)
def test_ollama_host(desk: Desk, text: str, url: str) -> None:
    assert ollama_url(text) == url
    assert desk.load({"OLLAMA_HOST": f' "{text}" '}).endpoints == {"ollama": Endpoint("ollama", "ollama", url)}


def test_a_declared_ollama_stands_before_ollama_host(desk: Desk) -> None:
    desk.write("[endpoints.ollama]\nkind = 'ollama'\nurl = 'http://lab:1'\n")
    assert desk.load({"OLLAMA_HOST": "elsewhere"}).endpoints["ollama"].url == "http://lab:1"


def test_folders(desk: Desk, tmp_path: Path) -> None:
    assert desk.load().cache_dir == tmp_path / ".cache" / "gleanery"
    assert desk.load({"XDG_CACHE_HOME": "/big"}).cache_dir == Path("/big/gleanery")
    assert desk.load({"XDG_CACHE_HOME": "not/absolute"}).cache_dir == tmp_path / ".cache" / "gleanery"


def test_files_that_cannot_be_read(desk: Desk) -> None:
    (desk.project / "gleanery.toml").mkdir()
    assert desk.error() == "gleanery.toml: cannot be read: Is a directory."
    (desk.project / "gleanery.toml").rmdir()
    (desk.project / "gleanery.toml").write_bytes(b"seed = 1\n# M\xfcller\n")
    assert desk.error() == "gleanery.toml:2: is not UTF-8: save the file as UTF-8."
    (desk.project / "gleanery.toml").write_bytes(b"\xef\xbb\xbfseed = 1\r\nretries = 9\r\n")
    assert desk.error().startswith("gleanery.toml:2: `retries`")
    desk.write("seed = " + "[" * 5000)
    assert desk.error().startswith("gleanery.toml")


def test_all_mistakes_of_a_file_are_found(desk: Desk) -> None:
    file = read_file(desk.write("a = 1\nwire = 2\nseed = 3\n[gguf]\nslots = 'x'\n"))
    assert file is not None
    assert [found.line for _, found in file.check() if isinstance(found, SettingsError)] == [1, 2, 5]


TRICKY = '''# wire = "in a comment"
text = """
seed = 1
[gguf]
"""
list = [ # [endpoints.lab]
  "a", "]", 'b"', # retries = 2
  { wire = 1 },
]
"quoted.key" = 1
a.b . c = 1
inline = { x = 1, y = { z = 2 } }

  [ table . "with space" ]   # comment = 1
one = 1
[[many]]
two = 2
[[many]]
two = 2
[last]
three = """\\
   four = 1"""
five = \'\'\'
six = 1\'\'\'
seven = 7'''


def test_lines_of_keys_are_the_parsers_own() -> None:
    assert lines_of(TRICKY) == {
        ("text",): 2,
        ("list",): 6,
        ("quoted.key",): 10,
        ("a",): 11,
        ("a", "b"): 11,
        ("a", "b", "c"): 11,
        ("inline",): 12,
        ("inline", "x"): 12,
        ("inline", "y"): 12,
        ("inline", "y", "z"): 12,
        ("table",): 14,
        ("table", "with space"): 14,
        ("table", "with space", "one"): 15,
        ("many",): 16,
        ("many", "two"): 17,
        ("last",): 20,
        ("last", "three"): 21,
        ("last", "five"): 23,
        ("last", "seven"): 25,
    }


@given(st.lists(st.sampled_from(["# x", "", 'M = """\nk1 = 1\n[t]\n"""', "L = [\n 1, # k\n 2]", "N = 1"]), max_size=12))
def test_lines_of_any_mixture(blocks: list[str]) -> None:
    text, expected, line = "", {}, 1
    for number, block in enumerate(blocks):
        block = re.sub("^[MLN](?= )", f"key{number}", block)
        if block.startswith("key"):
            expected[f"key{number}",] = line
        text, line = text + block + "\n", line + block.count("\n") + 1
    assert lines_of(text) == expected


def test_what_tools_may_do(desk: Desk) -> None:
    desk.write(
        '[tools]\nhosts = ["api.crossref.org"]\nworkspace = "/work"\nembedder = "ollama/embeddinggemma"\n'
        '[tools.permissions]\ncrossref_lookup = "ask"\nhttp_get = "deny"\n'
    )
    settings = desk.load({"GLEANERY_TOOLS_DOCUMENTS": "/papers"})
    tools = settings.tools
    assert (tools.hosts, tools.workspace, tools.documents) == (("api.crossref.org",), Path("/work"), Path("/papers"))
    assert tools.permissions == {"crossref_lookup": "ask", "http_get": "deny"}
    value, origin = settings.values["tools.permissions.http_get"]
    assert value == "deny" and origin.endswith("gleanery.toml:7")
    assert settings.values["tools.crossref"].origin == "default"
    assert desk.load({"GLEANERY_TOOLS_HOSTS": "a.org, b.org"}).tools.hosts == ("a.org", "b.org")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tools]\nhosts = 'a.org'", "must be a list of host names"),
        ("[tools]\nhosts = ['http://a.org']", "must be a list of host names"),
        ("[tools.permissions]\nhttp_get = 'yes'", "must be `allow`, `ask` or `deny`"),
        ("[tools.permissions]\n'http-get' = 'ask'", "a name is of letters, digits and `_`"),
        ("[tools]\npermissions = 'ask'", "must be a table"),
    ],
)
def test_what_tools_may_not_do(desk: Desk, text: str, said: str) -> None:
    desk.write(text)
    assert said in desk.error()


def test_the_ledger_stands_where_the_environment_says(desk: Desk, tmp_path: Path) -> None:
    assert desk.load().home == tmp_path / ".local" / "share" / "gleanery"
    assert desk.load({"XDG_DATA_HOME": "/big"}).home == Path("/big/gleanery")
    assert desk.load({"XDG_DATA_HOME": "/big", "GLEANERY_HOME": "/jobs"}).home == Path("/jobs")
    assert desk.load({"GLEANERY_HOME": "/jobs"}).values["home"] == ("/jobs", "GLEANERY_HOME")
    assert desk.load({"HOME": "/me", "GLEANERY_HOME": "~/jobs"}).home == Path.home() / "jobs"
    with pytest.raises(SettingsError, match="absolute path"):
        desk.load({"GLEANERY_HOME": "jobs"})


SHELF = '[tools.mcp.shelf]\ncommand = ["python", "server.py"]\n'


def test_mcp_servers(desk: Desk) -> None:
    file = desk.write(SHELF + '[tools.mcp.my-lab]\ncommand = ["lab"]\npermission = "deny"\n')
    settings = desk.load()
    servers = settings.tools.mcp
    assert servers["shelf"] == McpServer(("python", "server.py"), "ask", file)
    assert servers["shelf"].folder == desk.project
    assert (servers["my-lab"].command, servers["my-lab"].permission) == (("lab",), "deny")
    value, origin = settings.values["tools.mcp.shelf.command"]
    assert value == ["python", "server.py"] and origin.endswith("gleanery.toml:2")


def test_what_a_user_allows_a_server_no_project_gets_for_a_command_of_its_own(desk: Desk) -> None:
    allowed = 'permission = "allow"\n[tools.permissions]\nshelf_where = "allow"\nshelves = "allow"\n'
    desk.write(SHELF + allowed, user=True)
    assert desk.load().tools.mcp["shelf"].permission == "allow"
    desk.write('[tools.mcp.shelf]\npermission = "deny"\n')
    assert desk.load().tools.permissions == {"shelf_where": "allow", "shelves": "allow"}
    for command in (SHELF, '[tools.mcp.shelf]\ncommand = ["mine"]\n'):  # the same words mean another file here
        desk.write(command)
        tools = desk.load().tools
        assert tools.mcp["shelf"].permission == "ask"
        assert tools.mcp["shelf"].folder == desk.project
        assert tools.permissions == {"shelves": "allow"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[tools.mcp.shelf]\npermission = "ask"\n', "`tools.mcp.shelf.command`: is missing"),
        ("[tools.mcp.shelf]\n", "it needs `command`"),
        ("[tools.mcp.shelf]\ncommand = []\n", "must be a list of texts"),
        ('[tools.mcp.shelf]\ncommand = "python server.py"\n', "must be a list of texts"),
        ('[tools.mcp.my_shelf]\ncommand = ["x"]\n', "letters, digits and `-`"),
        ('[tools.mcp]\ncommand = ["x"]\n', "Give the table a name: [tools.mcp.NAME]"),
        ("[tools.mcp]\nshelf = 1\n", "Write [tools.mcp.shelf]"),
    ],
)
def test_wrong_mcp_servers(desk: Desk, text: str, said: str) -> None:
    desk.write(text)
    assert said in desk.error()


def test_keys_are_what_the_program_takes() -> None:
    assert set(MCP.parts) == {field.name for field in fields(McpServer)} - {"file"}
    assert set(TOP) < {field.name for field in fields(Settings)}
    assert set(GGUF.parts) == {field.name for field in fields(GgufOptions)}
    assert set(ENDPOINT.parts) == {field.name for field in fields(Endpoint)} - {"name", "api_key"} | {"api_key_env"}
    assert set(TOOLS.parts) == {field.name for field in fields(ToolOptions)}
    assert set(FILE.parts) == {*TOP, "endpoints", "gguf", "tools", "profiles"}


def test_defaults_are_values_that_a_file_may_hold(desk: Desk) -> None:
    shown = {key: value.value for key, value in desk.load().values.items() if value.value is not None}
    top = {key: value for key, value in shown.items() if "." not in key}
    desk.write("\n".join(f"{key} = {json.dumps(value)}" for key, value in top.items()))
    again = desk.load()
    same = set(TOP) - {"home"}  # whose default is the environment's
    assert {key: getattr(again, key) for key in same} == {key: getattr(Settings(), key) for key in same}
    jsonschema.validate(top, json_schema())


@pytest.mark.parametrize(
    ("table", "valid"),
    [
        ({"retries": 2, "thinking": 100, "endpoints": {"lab": {"kind": "openai", "url": "http://x/v1"}}}, True),
        ({"profiles": {"p": {"thinking": "on", "gguf": {"slots": 2}}}}, True),
        ({"retries": 3}, False),
        ({"thinking": "x"}, False),
        ({"profiles": {"p": {"profile": "q"}}}, False),
        ({"endpoints": {"lab": {"api_key": "x"}}}, False),
        ({"endpoints": {"a b": {"kind": "openai"}}}, False),
        ({"top_p": 0}, False),
    ],
)
def test_the_json_schema_says_the_same(desk: Desk, table: dict[str, object], valid: bool) -> None:
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(table) == valid
    desk.write(_toml(table))
    try:
        desk.load()
    except SettingsError:
        assert not valid
    else:
        assert valid


def _toml(table: object) -> str:
    if isinstance(table, dict):
        return "\n".join(f"{json.dumps(key)} = {_inline(value)}" for key, value in table.items())
    return _inline(table)


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(below)}" for key, below in value.items()) + "}"
    return json.dumps(value)


def test_the_environment_of_this_process_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in [name for name in os.environ if name.startswith("GLEANERY_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("GLEANERY_RETRIES", "2")
    monkeypatch.chdir(tmp_path)
    assert load_settings().retries == 2


def test_the_page_has_every_key_with_its_default() -> None:
    page = PAGE.read_text(encoding="utf-8")
    tools = {name: key for name, key in TOOLS.parts.items() if isinstance(key, Key)}
    for keys, made in (
        (TOP, Settings), (ENDPOINT.parts, Endpoint), (GGUF.parts, GgufOptions), (tools, ToolOptions),
        (MCP.parts, McpServer),
    ):  # fmt: skip
        for name, key in keys.items():
            given = default_of(made, name)
            default = key.kind.written(given) if given is not None or made not in (ToolOptions, McpServer) else None
            shown = (
                "required"
                if name in (*ENDPOINT.required, *MCP.required)
                else ""
                if default is None
                else f"`{_inline(default)}`"
            )
            row = f"| `{name}` | {key.text} | {key.kind.said} | {shown} |"
            assert row in page, f"docs/settings.md lacks: {row}"
