"""Agents as declared on disk: where they are found, and what is said of a wrong one."""

from pathlib import Path

import pytest

from gleanery.agents.declarations import DEFAULT_STEPS, LIBRARY, agent_of, find_agents, load_agent
from gleanery.choosing import wanted_models
from gleanery.errors import DeclarationError, UsageError
from gleanery.tasks.declarations import load_task

GOOD = """\
name: cataloguer
role: Cataloguer
goal: >
  Check with your tools
  whatever can be checked.
backstory: You know every shelf.
tools: [check_identifier]
steps: 3
"""
MODELS = "[ollama/qwen3:4b, default]"
TASK = 'name: shelves\nsummary: List the shelf marks.\nkind: agent\nagent: {}\noutput: "marks [str]"\n'


def declare(folder: Path, text: str = GOOD, name: str = "cataloguer") -> Path:
    file = folder / "agents" / f"{name}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_a_declaration_is_read(tmp_path: Path) -> None:
    file = declare(tmp_path)
    agent = load_agent("cataloguer", project=tmp_path)
    assert (agent.name, agent.role, agent.steps, agent.file) == ("cataloguer", "Cataloguer", 3, file)
    assert agent.goal == "Check with your tools whatever can be checked."
    assert [tool.name for tool in agent.tools] == ["check_identifier"]


def test_tools_and_steps_may_be_left_out(tmp_path: Path) -> None:
    declare(tmp_path, "".join(GOOD.splitlines(keepends=True)[:-2]))
    agent = load_agent("cataloguer", project=tmp_path)
    assert (agent.tools, agent.steps) == ((), DEFAULT_STEPS)


@pytest.mark.parametrize("file", sorted(LIBRARY.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_library_is_sound(file: Path, tmp_path: Path) -> None:
    agent = load_agent(file.stem, project=tmp_path)
    assert agent.file == file
    assert [tool.name for tool in agent.tools] == list(agent.permissions)


def test_limits_models_and_required_tools(tmp_path: Path) -> None:
    declare(tmp_path)
    agent = load_agent("cataloguer", project=tmp_path)
    assert (agent.models, agent.required_tools, agent.at_limit) == ((), (), "answer")
    assert (agent.seconds, agent.tokens, agent.tool_calls) == (None, None, None)
    limits = "limits: {steps: 4, seconds: 1.5, tokens: 9000, tool_calls: 6}\nat_limit: fail\n"
    declare(tmp_path, GOOD.replace("steps: 3\n", limits) + f"models: {MODELS}\nrequired_tools: [check_identifier]\n")
    agent = load_agent("cataloguer", project=tmp_path)
    assert (agent.steps, agent.seconds, agent.tokens, agent.tool_calls) == (4, 1.5, 9000, 6)
    assert (agent.at_limit, agent.required_tools) == ("fail", ("check_identifier",))
    assert agent.models == ("ollama/qwen3:4b", "default")


def test_the_models_are_the_agents_else_the_tasks(tmp_path: Path) -> None:
    declare(tmp_path)
    folder = tmp_path / "tasks" / "shelves"
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(TASK.format("cataloguer") + "models: [openai/one]\n")
    task = load_task(folder)
    assert wanted_models(task, None) == ("openai/one",)
    declare(tmp_path, GOOD + f"models: {MODELS}\n")
    assert wanted_models(task, None) == ("ollama/qwen3:4b", "default")
    assert wanted_models(task, "openai/two") == ("openai/two",)
    assert wanted_models(load_task("bibliography"), None) == load_task("bibliography").models


def test_all_agents_are_found_and_wrong_ones_are_errors(tmp_path: Path) -> None:
    declare(tmp_path)
    declare(tmp_path, GOOD, "wrong")
    found = find_agents(tmp_path)
    errors = [agent for agent in found if isinstance(agent, DeclarationError)]
    assert ["wrong.yaml" in str(error) for error in errors] == [True]
    names = [agent.name for agent in found if not isinstance(agent, DeclarationError)]
    assert names == sorted(["cataloguer", *(file.stem for file in LIBRARY.glob("*.yaml"))])


def test_the_current_folder_is_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = declare(tmp_path, GOOD.replace("cataloguer", "bibliographer"), "bibliographer")
    assert load_agent("bibliographer").file != file
    monkeypatch.chdir(tmp_path)
    assert load_agent("bibliographer").file == file


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "says"),
    [
        ("tools: [check_identifier]", "tools: [check_identifer]", 7, "tools", "Did you mean `check_identifier`?"),
        ("tools: [check_identifier]", "tools: check_identifier", 7, "tools", "must be a list"),
        ("tools: [check_identifier]", "tool: [check_identifier]", 7, "tool", "Did you mean `tools`?"),
        ("steps: 3", "steps: 0", 8, "steps", "from 1 to 100"),
        ("steps: 3", "steps: 2.5", 8, "steps", "whole number"),
        ("steps: 3", "steps: many", 8, "steps", "must be a number"),
        ("steps: 3", "limits: {steps: 0}", 8, "limits.steps", "from 1 to 100"),
        ("steps: 3", "limits: {step: 1}", 8, "limits.step", "Did you mean `steps`?"),
        ("steps: 3", "steps: 3\nlimits: {steps: 3}", 8, "steps", "stands in `limits` too"),
        ("steps: 3", "limits: {seconds: 0}", 8, "limits.seconds", "more than 0"),
        ("steps: 3", "limits: {tokens: 1.5}", 8, "limits.tokens", "whole number"),
        ("steps: 3", "limits: {tool_calls: 0}", 8, "limits.tool_calls", "1 or more"),
        ("steps: 3", "limits: 3", 8, "limits", "must hold keys and values"),
        ("steps: 3", "at_limit: stop", 8, "at_limit", "one of answer, fail"),
        ("steps: 3", "models: [qwen3]", 8, "models", "`qwen3` is no model"),
        ("steps: 3", "required_tools: [check_identifer]", 8, "required_tools", "Did you mean `check_identifier`?"),
        (
            "tools: [check_identifier]",
            "tools: [{check_identifier: deny}]\nrequired_tools: [check_identifier]",
            8,
            "required_tools",
            "its `tools` deny it",
        ),
        ("role: Cataloguer\n", "", None, "role", "is missing"),
        ("role: Cataloguer", "role: ''", 2, "role", "empty"),
        ("name: cataloguer", "name: librarian", 1, "name", "its file is cataloguer.yaml"),
        ("role: Cataloguer", "role: A: B", 2, None, "Put the value in quotes"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, old: str, new: str, line: int | None, key: str | None, says: str
) -> None:
    assert old in GOOD
    file = declare(tmp_path, GOOD.replace(old, new))
    with pytest.raises(DeclarationError) as raised:
        load_agent("cataloguer", project=tmp_path)
    assert (raised.value.file, raised.value.line, raised.value.key) == (file, line, key)
    assert says in str(raised.value)
    assert str(raised.value).startswith(f"{file}:{line}: " if line else f"{file}: ")


def test_an_agent_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    declare(tmp_path)
    with pytest.raises(UsageError, match=r"no agent `cataloger`\. Did you mean `cataloguer`\? .* bibliographer, cata"):
        load_agent("cataloger", project=tmp_path)


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "/etc/passwd"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    declare(tmp_path)
    (tmp_path / "secret.yaml").write_text(GOOD)
    with pytest.raises(UsageError, match="There is no agent"):
        load_agent(name, project=tmp_path)


def test_the_agent_is_looked_for_where_the_task_is(tmp_path: Path) -> None:
    file = declare(tmp_path)
    folder = tmp_path / "tasks" / "shelves"
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(TASK.format("cataloguer"))
    assert agent_of(load_task(folder)).file == file
    (folder / "task.yaml").write_text(TASK.format("bibliographer"))
    assert agent_of(load_task(folder)).file == LIBRARY / "bibliographer.yaml"
