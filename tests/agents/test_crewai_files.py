"""CrewAI's own agents.yaml and tasks.yaml: what is read, what is filled in, and what is said of what is not done."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from gleanery.agents.crew import CrewAgent, reading
from gleanery.agents.declarations import DEFAULT_STEPS, agent_of, find_agent, find_agents, load_agent
from gleanery.agents.extractor import Extractor
from gleanery.agents.host.pool import Pool
from gleanery.agents.toolboxes import toolboxes
from gleanery.errors import DeclarationError, UsageError
from gleanery.jobs.bundle import bundle_of, unpack
from gleanery.models.chat import Capabilities, Request
from gleanery.models.scripted import ScriptedModel
from gleanery.tasks.conversation import whole_prompt
from gleanery.tasks.declarations import Task, find_tasks, load_task
from gleanery.tasks.records import Record, Result
from gleanery.tasks.schemas import load_schema

AGENTS = """\
researcher:
  role: >
    {topic} Archivist
  goal: >
    Find what matters in {topic}
  backstory: >
    You've read everything
    about {topic}, {"braces"} too.
  llm: ollama/qwen3:4b
  tools: [check_identifier, {list_files: ask}]
  max_iter: 4
  max_execution_time: 90
  verbose: true
  allow_delegation: false
  memory: true

night_writer:
  role: Writer
  goal: Write.
  backstory: You write at night.
  llm:
"""
TASKS = """\
dig_task:
  description: >
    Look into {topic} as it stands in {year}.
  expected_output: >
    Three points about {topic}
  agent: researcher
  async_execution: true
  output_file: report.md

write_task:
  description: Write it up.
  expected_output: A page of prose
  agent: night_writer
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder, text in (("agents", AGENTS), ("tasks", TASKS)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.yaml").write_text(text)
    return tmp_path


def record(text: str = "peat", **columns: str) -> Record:
    return Record("r-1", 1, text, columns)


def dig(project: Path) -> Task:
    return load_task("dig_task", project=project)


def test_agents_are_read(project: Path) -> None:
    agent = load_agent("researcher", project=project)
    assert (agent.name, agent.steps, agent.seconds, agent.models) == ("researcher", 4, 90.0, ("ollama/qwen3:4b",))
    assert [tool.name for tool in agent.tools] == ["check_identifier", "list_files"]
    assert agent.permissions == {"check_identifier": None, "list_files": "ask"}
    assert agent.ignored == ("verbose", "allow_delegation", "memory")
    assert agent.file == project / "agents" / "agents.yaml"
    other = load_agent("night_writer", project=project)
    assert (other.role, other.tools, other.steps, other.models) == ("Writer", (), DEFAULT_STEPS, ())


def test_tasks_are_read(project: Path) -> None:
    task = dig(project)
    assert (task.kind, task.agent, task.output, task.grounding) == ("agent", "researcher", "text", "none")
    assert task.free_text and load_schema(task).validate("Prose.") == "Prose."
    assert task.summary == "Look into {topic} as it stands in {year}."
    assert agent_of(task).name == "researcher"


@pytest.mark.parametrize("columns", [{"year": "1900"}, {"year": "1900", "topic": "peat"}])
def test_columns_fill_the_places_and_the_text_the_one_without(project: Path, columns: dict[str, str]) -> None:
    task, given = dig(project), record("peat" if "topic" not in columns else "whatever", **columns)
    assert whole_prompt(task, given) == (
        "Look into peat as it stands in 1900.\n\nThe answer shall be: Three points about peat"
    )
    agent = agent_of(task).at(task, given)
    assert (agent.role, agent.goal) == ("peat Archivist", "Find what matters in peat")
    assert agent.backstory == 'You\'ve read everything about peat, {"braces"} too.'


def test_what_is_filled_in_is_not_looked_into_again(project: Path) -> None:
    assert "{year} {{ year }}" in whole_prompt(dig(project), record("{year} {{ year }}", year="1900"))


def test_two_places_without_a_column_are_an_error(project: Path) -> None:
    task = dig(project)
    with pytest.raises(UsageError, match="there is no column `topic`"):
        whole_prompt(task, record())
    with pytest.raises(UsageError, match="there is no column `topic`"):  # though the agent itself has one place only
        agent_of(task).at(task, record())


def test_a_task_without_places_is_given_the_text_after_its_description(project: Path) -> None:
    task = load_task("write_task", project=project)
    assert whole_prompt(task, record()) == "Write it up.\n\npeat\n\nThe answer shall be: A page of prose"
    agent = agent_of(task)
    assert agent.at(task, record()) == agent
    about = load_agent("researcher", project=project)  # whose own places are filled all the same
    assert about.at(task, record()).role == "peat Archivist"


def test_they_are_listed_and_looked_for_like_others(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [agent.name for agent in find_agents(project) if not isinstance(agent, DeclarationError)]
    assert {"researcher", "night_writer", "librarian"} <= set(names) and names == sorted(names)
    tasks = [task.name for task in find_tasks(project) if not isinstance(task, DeclarationError)]
    assert tasks[-2:] == ["dig_task", "write_task"]
    with pytest.raises(UsageError, match="Did you mean `dig_task`"):
        load_task("dig_tusk", project=project)
    monkeypatch.chdir(project)
    assert load_task("dig_task").digest == dig(project).digest


def test_a_file_of_its_own_goes_before(project: Path) -> None:
    own = project / "agents" / "researcher.yaml"
    own.write_text("name: researcher\nrole: R\ngoal: G\nbackstory: B\n")
    assert find_agent("researcher", project=project).file == own


def test_the_digest_is_that_of_the_task_alone(project: Path) -> None:
    before, file = dig(project).digest, project / "tasks" / "tasks.yaml"
    file.write_text(TASKS.replace("A page", "Two pages"))
    assert dig(project).digest == before
    file.write_text(TASKS.replace("Three", "Four"))
    assert dig(project).digest != before


def test_a_job_takes_both_files_along(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    task = dig(project)
    bundle = bundle_of(task)
    assert set(bundle) == {"tasks/tasks.yaml", "agents/agents.yaml"}
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    there = unpack(bundle, task.name, elsewhere)
    assert there.digest == task.digest
    assert agent_of(there).file == elsewhere / "agents" / "agents.yaml"


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "says"),
    [
        ("allow_delegation: false", "allow_delegation: true", 14, "researcher.allow_delegation", "works alone"),
        ("memory: true", "mcps: [x]", 15, "researcher.mcps", "tools of MCP servers"),
        ("memory: true", "rolle: x", 15, "researcher.rolle", "Did you mean `role`?"),
        ("llm: ollama/qwen3:4b", "llm: my_llm", 9, "researcher.llm", "`my_llm` is no model"),
        ("max_iter: 4", "max_iter: 0", 11, "researcher.max_iter", "from 1 to 100"),
        ("  role: Writer\n", "", None, "night_writer.role", "is missing"),
        ("{topic}, ", "{{ topik }}, ", 6, "researcher.backstory", "write {topik}"),
        ("night_writer:", "night writer:", 17, "night writer", "is no name"),
        ("night_writer:\n  role: Writer", "night_writer: x\nother:\n  role: Writer", 17, "night_writer", "keys and"),
    ],
)
def test_wrong_agents_are_said_with_their_place(
    project: Path, old: str, new: str, line: int | None, key: str, says: str
) -> None:
    assert AGENTS.count(old) == 1
    file = project / "agents" / "agents.yaml"
    file.write_text(AGENTS.replace(old, new))
    [error] = [agent for agent in find_agents(project) if isinstance(agent, DeclarationError)]
    assert (error.file, error.line, error.key) == (file, line, key)
    assert says in str(error)


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        ("async_execution: true", "context: [write_task]", "dig_task.context", "a pipeline chains them"),
        ("async_execution: true", "output_json: Report", "dig_task.output_json", "a task.yaml of its own"),
        ("async_execution: true", "human_input: yes", "dig_task.human_input", "nobody is there to ask"),
        ("  agent: night_writer\n", "", "write_task.agent", "is missing"),
        ("Write it up.", "Write {{ it }} up.", "write_task.description", "write {it}"),
    ],
)
def test_wrong_tasks_are_said_with_their_place(project: Path, old: str, new: str, key: str, says: str) -> None:
    assert TASKS.count(old) == 1
    file = project / "tasks" / "tasks.yaml"
    file.write_text(TASKS.replace(old, new))
    [error] = [task for task in find_tasks(project) if isinstance(task, DeclarationError)]
    assert (error.file, error.key) == (file, key)
    assert says in str(error)
    with pytest.raises(DeclarationError):
        load_task(key.partition(".")[0], project=project)


def test_a_file_that_is_no_yaml_is_one_error(project: Path) -> None:
    for folder in ("agents", "tasks"):
        (project / folder / f"{folder}.yaml").write_text("a: b: c\n")
    assert [type(each) for each in find_agents(project)].count(DeclarationError) == 1
    assert [type(each) for each in find_tasks(project)].count(DeclarationError) == 1
    with pytest.raises(DeclarationError):
        load_agent("librarian", project=project)


@pytest.mark.xdist_group("crewai")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_answer_is_what_the_agent_says(project: Path) -> None:
    task = load_task("dig_task", project=project)
    schema, agent = load_schema(task), agent_of(task)
    model = ScriptedModel(["1. Peat burns.\n"], capabilities=Capabilities(tools=True, schema="enforced"))

    async def perform() -> Result:
        hosts = Pool(1)
        try:
            reader = Extractor(reading(task), schema, model, today=date(2026, 11, 20))
            crew = CrewAgent(task, schema, agent, model, reader, Request(()), hosts, toolboxes(agent))
            return await crew(record(year="1900"))
        finally:
            await hosts.aclose()

    result = asyncio.run(perform())
    assert (result.output, result.error, result.carried) == ("1. Peat burns.", None, {"year": "1900"})
    assert [issue.code for issue in result.issues] == ["tool-not-called"]
    [asked] = model.requests
    assert asked.messages[0].content.startswith("You are peat Archivist. ")
    assert "Look into peat as it stands in 1900." in asked.messages[1].content
    assert "a few plain sentences" not in asked.messages[1].content
