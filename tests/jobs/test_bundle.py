"""A task's files go with a job: what is unpacked elsewhere is the same task, whatever became of the folder."""

from pathlib import Path

import pytest

from gleanery.agents.declarations import agent_of
from gleanery.errors import DeclarationError
from gleanery.jobs.bundle import bundle_of, digest_of, unpack
from gleanery.tasks.declarations import find_tasks, load_task
from gleanery.tasks.schemas import load_schema

TASK = """\
name: works
summary: Titles.
kind: extract
output: schema:Work
examples: {examples}
prompt: Read {{{{ source }}}}
"""
SCHEMA = "from pydantic import BaseModel\n\n\nclass Work(BaseModel):\n    title: str\n"
EXAMPLE = '{"input": "A book.", "output": {"title": "A book"}}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "tasks" / "works"
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(TASK.format(examples="shown/examples.jsonl"))
    (folder / "schema.py").write_text(SCHEMA)
    (folder / "shown").mkdir()
    (folder / "shown" / "examples.jsonl").write_text(EXAMPLE)
    (folder / "notes.txt").write_text("not the job's business")
    return folder


def test_what_is_unpacked_is_the_same_task(folder: Path, tmp_path: Path) -> None:
    task = load_task(folder)
    bundle = bundle_of(task)
    assert sorted(bundle) == [f"tasks/works/{name}" for name in ("schema.py", "shown/examples.jsonl", "task.yaml")]
    (folder / "task.yaml").unlink()
    there = unpack(bundle, "works", tmp_path / "elsewhere")
    assert there.digest == task.digest
    assert load_schema(there).json_schema["properties"].keys() == {"title"}
    assert there.read_examples()[0].input == "A book."


def test_a_declaration_of_another_name_is_found_again(folder: Path, tmp_path: Path) -> None:
    (folder / "task.yaml").rename(folder / "mine.yaml")
    task = load_task(folder / "mine.yaml")
    assert unpack(bundle_of(task), "works", tmp_path / "elsewhere").digest == task.digest


def test_the_agent_goes_with_its_task(tmp_path: Path) -> None:
    tasks = [task for task in find_tasks(tmp_path) if not isinstance(task, DeclarationError)]
    task = next(task for task in tasks if task.kind == "agent")
    bundle = bundle_of(task)
    assert f"agents/{task.agent}.yaml" in bundle
    assert unpack(bundle, task.name, tmp_path).agent == task.agent


def test_the_tools_of_a_project_go_with_the_agent_that_has_them(folder: Path, tmp_path: Path) -> None:
    project = folder.parents[1]
    (project / "agents").mkdir()
    agent = "name: reader\nrole: R\ngoal: G\nbackstory: B\ntools: [{}]\n"
    tool = "from gleanery.tools.tool import tool\n\n\n@tool\ndef {}() -> str:\n    'Say it.'\n    return 'x'\n"
    (folder / "task.yaml").write_text("name: works\nsummary: T.\nkind: agent\nagent: reader\noutput: title\n")
    (project / "tools.py").write_text(tool.format("one_of_ours"))
    (project / "tools").mkdir()
    (project / "tools" / "more.py").write_text(tool.format("another_of_ours"))
    (project / "agents" / "reader.yaml").write_text(agent.format("check_identifier"))
    assert not any("tools" in path for path in bundle_of(load_task(folder)))
    (project / "agents" / "reader.yaml").write_text(agent.format("check_identifier, another_of_ours"))
    bundle = bundle_of(load_task(folder))
    assert {"tools.py", "tools/more.py"} < set(bundle)
    there = agent_of(unpack(bundle, "works", tmp_path / "elsewhere"))
    assert [tool.name for tool in there.tools] == ["check_identifier", "another_of_ours"]


def test_every_built_in_task_can_travel(tmp_path: Path) -> None:
    for task in find_tasks(tmp_path):
        assert not isinstance(task, DeclarationError)
        assert unpack(bundle_of(task), task.name, tmp_path / task.name).digest == task.digest


def test_files_outside_the_folder_are_refused(folder: Path) -> None:
    (folder.parent / "examples.jsonl").write_text(EXAMPLE)
    (folder / "task.yaml").write_text(TASK.format(examples="../examples.jsonl"))
    with pytest.raises(DeclarationError, match="lies outside the task's folder"):
        bundle_of(load_task(folder))


def test_the_digest_is_of_paths_and_contents() -> None:
    digests = {digest_of(bundle) for bundle in ({"a": b"bc"}, {"ab": b"c"}, {"a": b"b", "c": b""}, {"a": b"bd"})}
    assert len(digests) == 4
    assert digest_of({"a": b"1", "b": b"2"}) == digest_of({"b": b"2", "a": b"1"})
