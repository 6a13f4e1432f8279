"""`gleanery agents`, and `gleanery show` of an agent: what they may do, without running anything of a project."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gleanery.agents.declarations import LIBRARY
from gleanery.cli.agents import agents
from gleanery.cli.tasks import show
from gleanery.errors import UsageError

AGENT = """\
name: cataloguer
role: Cataloguer
goal: List the shelf marks.
backstory: You know every shelf.
tools: [check_identifier, {write_file: allow}, shelf_mark, {lock_up: ask}]
required_tools: [shelf_mark]
models: [ollama/qwen3:4b]
limits: {steps: 3, seconds: 90, tokens: 12000}
at_limit: fail
"""
CREW = "scout:\n  role: Scout of {land}\n  goal: Look.\n  backstory: You look.\n  verbose: true\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "cataloguer.yaml").write_text(AGENT)
    (tmp_path / "agents" / "agents.yaml").write_text(CREW)
    (tmp_path / "tools.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    return tmp_path


def said(*arguments: str) -> str:
    result = CliRunner().invoke(show, arguments)
    assert result.exception is None
    return result.stdout


def listed() -> dict[str, dict[str, object]]:
    return {agent["name"]: agent for agent in json.loads(CliRunner().invoke(agents, ["--json"]).stdout)}


def declare_task(project: Path, name: str) -> None:
    (project / "tasks" / name).mkdir(parents=True)
    text = f"name: {name}\nsummary: A task.\nkind: extract\noutput: title\n"
    (project / "tasks" / name / "task.yaml").write_text(text)


def test_agents_are_listed_with_what_their_tools_may_do(project: Path) -> None:
    result = CliRunner().invoke(agents)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert list(lines) == ["name", *sorted(["cataloguer", "scout", *(file.stem for file in LIBRARY.glob("*.yaml"))])]
    assert "check_identifier, write_file, shelf_mark, lock_up (ask)" in lines["cataloguer"]
    assert lines["cataloguer"].endswith("agents/cataloguer.yaml")
    assert "crossref_lookup (deny)" in lines["bibliographer"] and lines["bibliographer"].endswith("built-in")
    assert not (project / "ran").exists()


def test_as_json_and_by_the_settings(project: Path) -> None:
    assert listed()["cataloguer"] == {
        "name": "cataloguer",
        "role": "Cataloguer",
        "tools": {"check_identifier": "allow", "write_file": "allow", "shelf_mark": None, "lock_up": "ask"},
        "where": "agents/cataloguer.yaml",
    }
    (project / "gleanery.toml").write_text(
        '[tools.permissions]\nwrite_file = "deny"\nshelf_mark = "ask"\nlock_up = "allow"\ncrossref_lookup = "allow"\n'
    )
    tools = {"check_identifier": "allow", "write_file": "deny", "shelf_mark": "ask", "lock_up": "allow"}
    assert listed()["cataloguer"]["tools"] == tools
    assert listed()["bibliographer"]["tools"]["crossref_lookup"] == "allow"  # type: ignore[index]


def test_tools_of_mcp_servers_are_shown_with_what_the_settings_say_and_none_is_started(project: Path) -> None:
    file = project / "agents" / "cataloguer.yaml"
    file.write_text(AGENT.replace("shelf_mark, {", "{shelf_mark: allow}, {"))
    (project / "gleanery.toml").write_text('[tools.mcp.shelf]\ncommand = ["touch", "ran"]\n')
    assert listed()["cataloguer"]["tools"]["shelf_mark"] == "ask"  # type: ignore[index]
    assert not (project / "ran").exists()


def test_wrong_ones_are_told_and_the_others_listed(project: Path) -> None:
    (project / "agents" / "broken.yaml").write_text("name: broken\nrle: x\n")
    result = CliRunner().invoke(agents)
    assert result.exit_code == 0
    assert "broken.yaml:2: `rle`: there is no such key. Did you mean `role`?" in result.stderr
    assert "cataloguer" in result.stdout


def test_show_an_agent(project: Path) -> None:
    shown = said("cataloguer")
    lines = shown.splitlines()
    assert lines[0] == "cataloguer: Cataloguer"
    assert "limits     steps 3, seconds 90, tokens 12000" in lines and "at limit   the record fails" in lines
    assert "models     ollama/qwen3:4b" in lines and "must call  shelf_mark" in lines
    rows = {line.split()[0]: line.split()[1:] for line in lines[lines.index("Tools") :] if line}
    assert rows["check_identifier"][:4] == ["allow", "Check", "whether", "an"]
    assert rows["shelf_mark"] == ["its", "own"] and rows["lock_up"] == ["ask"]
    assert not (project / "ran").exists()
    assert "ignored    verbose" in said("scout").splitlines()
    assert "it must answer with what it has" in said("librarian")


def test_show_as_json(project: Path) -> None:
    shown = json.loads(said("cataloguer", "--json"))
    assert shown["limits"] == {"steps": 3, "seconds": 90.0, "tokens": 12000, "tool_calls": None}
    assert [tool["permission"] for tool in shown["tools"]] == ["allow", "allow", None, "ask"]
    assert (shown["at_limit"], shown["required_tools"]) == ("fail", ["shelf_mark"])


def test_a_task_of_the_same_name_wins_and_says_so(project: Path) -> None:
    declare_task(project, "cataloguer")
    result = CliRunner().invoke(show, ["cataloguer"])
    assert result.stdout.startswith("cataloguer: A task.")
    assert "There is an agent `cataloguer` too: gleanery show agent:cataloguer" in result.stderr
    assert said("agent:cataloguer").startswith("cataloguer: Cataloguer")


def test_what_is_neither_a_task_nor_an_agent(project: Path) -> None:
    for name, says in (("catalogue", "Did you mean the agent `cataloguer`?"), ("agent:scot", "Did you mean `scout`?")):
        result = CliRunner().invoke(show, [name])
        assert isinstance(result.exception, UsageError)
        assert says in str(result.exception)


def test_show_a_task_names_its_agent() -> None:
    assert "agent      librarian" in said("answer").splitlines()
    assert json.loads(said("answer", "--json"))["agent"] == "librarian"


def test_completion(project: Path) -> None:
    declare_task(project, "cataloguer")

    def completed(incomplete: str) -> list[str]:
        context = click.Context(show)
        [parameter] = [each for each in show.params if each.name == "what"]
        return [item.value for item in parameter.shell_complete(context, incomplete)]

    assert completed("cat") == ["cataloguer"]
    assert completed("agent:cat") == ["agent:cataloguer"]
    assert completed("sc") == ["scout"] and completed("bib") == ["bibliography", "bibliographer"]
    (project / "agents" / "agents.yaml").write_text("a: b: c\n")
    assert completed("bib") == ["bibliography"]


def test_importing_the_command_imports_nothing_heavy() -> None:
    code = "import sys, gleanery.cli.agents; print(sorted({'pydantic', 'yaml', 'orjson', 'rich'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"
