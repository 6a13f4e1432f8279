"""Where tools are found: in the library, in installed packages, in scripts and in projects."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from gleanery.agents.declarations import find_agent, load_agent
from gleanery.errors import DeclarationError, UsageError
from gleanery.tools import finding
from gleanery.tools import tool as room
from gleanery.tools.finding import find_tools, library_tools
from gleanery.tools.tool import PRIVATE, tool, tool_of

ROOT = Path(__file__).parents[2]
OWN = dedent('''
    from __future__ import annotations

    from pathlib import Path

    from gleanery.tools.tool import tool

    Path(__file__).with_suffix(".ran").touch()

    @tool(permission="ask", seconds=5, most=100)
    def shelf_of(mark: str, floor: int = 0) -> str:
        """Say on which shelf a mark stands."""
        return f"{floor}: {mark}"
''')
AGENT = """\
name: cataloguer
role: Cataloguer
goal: Know the shelves.
backstory: You know every shelf.
tools: [check_identifier, {shelf_of: allow}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an agent and a tool of its own."""
    (tmp_path / "tools.py").write_text(OWN)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "cataloguer.yaml").write_text(AGENT)
    return tmp_path


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """What is registered or found meanwhile is forgotten."""
    before = dict(room._tools)
    yield
    room._tools.clear()
    room._tools.update(before)
    finding._packaged.cache_clear()
    for name in [name for name in sys.modules if name.startswith(PRIVATE)]:
        del sys.modules[name]


def test_the_library_is_whole() -> None:
    expected = "parse_reference check_identifier find_duplicates abbreviate_journal expand_journal to_bibtex"
    expected += " read_file list_files write_file crossref_lookup http_get"
    assert set(expected.split()) <= set(library_tools())
    for found in library_tools().values():
        assert 60 < len(found.description) < 600, found.name
        assert found.description.endswith(".")
        assert found.schema["additionalProperties"] is False


def test_a_project_has_tools_of_its_own(project: Path) -> None:
    assert "shelf_of" not in find_tools()
    found = find_tools(project)["shelf_of"]
    assert found.call({"mark": "Ab 3"}) == "0: Ab 3"
    assert (found.permission, found.seconds, found.most) == ("ask", 5, 100)
    assert find_tools(project)["shelf_of"] is found
    assert "shelf_of" not in find_tools()
    assert not list(project.rglob("__pycache__"))


def test_a_folder_of_tools_is_read_too(project: Path) -> None:
    (project / "tools").mkdir()
    (project / "tools" / "more.py").write_text(OWN.replace("shelf_of", "floor_of"))
    assert {"shelf_of", "floor_of"} <= set(find_tools(project))


def test_two_projects_may_have_tools_of_one_name(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "tools.py").write_text(OWN.replace('f"{floor}: {mark}"', '"elsewhere"'))
    assert find_tools(other)["shelf_of"].call({"mark": "A"}) == "elsewhere"
    assert find_tools(project)["shelf_of"].call({"mark": "A"}) == "0: A"


def test_a_changed_file_gives_another_tool(project: Path) -> None:
    assert find_tools(project)["shelf_of"].call({"mark": "A"}) == "0: A"
    (project / "tools.py").write_text(OWN.replace('f"{floor}: {mark}"', '"changed"'))
    assert find_tools(project)["shelf_of"].call({"mark": "A"}) == "changed"


def test_an_agent_has_the_tools_of_its_project(project: Path) -> None:
    agent = load_agent("cataloguer", project=project)
    assert [found.name for found in agent.tools] == ["check_identifier", "shelf_of"]
    assert agent.permissions == {"check_identifier": None, "shelf_of": "allow"}


def test_who_is_only_shown_runs_nothing(project: Path) -> None:
    agent = find_agent("cataloguer", project=project)
    assert (agent.tools, list(agent.permissions)) == ((), ["check_identifier", "shelf_of"])
    assert not (project / "tools.ran").exists()
    (project / "agents" / "cataloguer.yaml").write_text(AGENT.replace(", {shelf_of: allow}", ""))
    load_agent("cataloguer", project=project)
    assert not (project / "tools.ran").exists()


@pytest.mark.parametrize(
    ("tools", "says"),
    [
        ("[{shelf_of: alow}]", "`shelf_of` must be one of allow, ask, deny, and is `alow`. Did you mean `allow`?"),
        ("[{a: allow, b: ask}]", "must have one name in each pair of braces, like `{one: allow}`"),
        ("[shelf_of, shelf_of]", "names `shelf_of` twice"),
        ("[shelf_off]", "there is no tool `shelf_off`. Did you mean `shelf_of`?"),
        ("[]", "must be a list"),
        ("{shelf_of: ask}", "must be a list"),
        ("[{shelf_of: 3}]", "must be a text"),
    ],
)
def test_wrong_permissions_are_said_with_their_place(project: Path, tools: str, says: str) -> None:
    file = project / "agents" / "cataloguer.yaml"
    file.write_text(AGENT.replace("[check_identifier, {shelf_of: allow}]", tools))
    with pytest.raises(DeclarationError) as raised:
        load_agent("cataloguer", project=project)
    assert says in str(raised.value)
    assert str(raised.value).startswith(f"{file}:5: `tools`: ")


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ("import nothing_of_that_name", 1, "No module named 'nothing_of_that_name'"),
        ("x = 1\nraise SystemExit(0)", 2, "cannot be loaded: SystemExit"),
        ("def f(:", 1, "cannot be loaded: SyntaxError"),
        (OWN.replace('"""Say on which shelf a mark stands."""', ""), 10, "Tool `shelf_of` has no docstring"),
    ],
)
def test_a_file_of_tools_that_is_wrong_says_where(project: Path, source: str, line: int, says: str) -> None:
    (project / "tools.py").write_text(source)
    with pytest.raises(DeclarationError) as raised:
        find_tools(project)
    assert says in str(raised.value)
    assert (raised.value.file, raised.value.line) == (project / "tools.py", line)


def test_a_name_is_given_once(project: Path) -> None:
    (project / "tools.py").write_text(OWN.replace("shelf_of", "check_identifier"))
    with pytest.raises(UsageError, match=r"`check_identifier` is in Gleanery and in .*tools.py. Give one"):
        find_tools(project)


def test_a_script_registers_tools_and_may_import_those_of_its_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @tool
    def of_a_script(word: str) -> str:
        """Say it."""
        return word

    assert find_tools()["of_a_script"] is tool_of(of_a_script)
    script = f"import sys; sys.path.insert(0, {str(project)!r}); import tools\nfrom pathlib import Path\n"
    script += "from gleanery.tools.finding import find_tools\n"
    script += f"print(find_tools(Path({str(project)!r}))['shelf_of'] is tools.shelf_of.__tool__)"
    done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr


def install(folder: Path, points: str) -> None:
    """A package that is installed in a folder, as pip would leave it."""
    (folder / "shelves.py").write_text(OWN)
    about = folder / "shelves-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shelves\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[gleanery.tools]\n{points}\n")


@pytest.mark.parametrize("point", ["shelves = shelves", "one = shelves:shelf_of"])
def test_installed_packages_bring_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    install(tmp_path, point)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shelves", raising=False)
    finding._packaged.cache_clear()
    assert not (tmp_path / "shelves.ran").exists()
    assert find_tools()["shelf_of"].call({"mark": "A", "floor": 2}) == "2: A"
    assert (tmp_path / "shelves.ran").exists()
    sys.modules.pop("shelves")


def test_a_package_that_is_broken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "shelves = shelves:nothing")
    monkeypatch.syspath_prepend(tmp_path)
    finding._packaged.cache_clear()
    with pytest.raises(UsageError, match=r"The tools of package shelves \(shelves:nothing\) cannot be loaded"):
        find_tools()
    sys.modules.pop("shelves", None)


def test_the_page_tells_of_every_tool() -> None:
    page = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)` \|.*\| (\w+) \| (\d+) \|$", page, re.MULTILINE))
    assert told == {(found.name, found.permission, f"{found.seconds:g}") for found in library_tools().values()}


def test_the_example_is_that_of_the_page_and_runs() -> None:
    example = ROOT / "examples" / "custom_tool.py"
    [shown] = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "tools.md").read_text(), re.MULTILINE | re.DOTALL)
    assert shown.partition("@tool")[2].strip() in example.read_text()
    done = subprocess.run([sys.executable, example], capture_output=True, text=True, timeout=60)
    assert done.stdout == "1948\nError: roman_year failed. KeyError: '1'\n", done.stderr


def test_finding_tools_loads_nothing_heavy() -> None:
    script = "import sys; from gleanery.tools.finding import find_tools; find_tools(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"crewai", "httpx", "instructor", "numpy", "onnxruntime", "openai", "rapidfuzz", "rich", "textual", "yaml"}
    assert not heavy & set(loaded)
