"""The tasks of the library that agents perform: what they ask, and that they come through, with CrewAI itself."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from servers.ollama_server import Behaviour, OllamaServer

from gleanery.agents.crew import CrewAgent, reading
from gleanery.agents.declarations import agent_of, load_agent
from gleanery.agents.extractor import Extractor
from gleanery.agents.host.pool import Pool
from gleanery.agents.toolboxes import toolboxes
from gleanery.cli.main import main
from gleanery.models.chat import Capabilities, Request, ToolCall
from gleanery.models.scripted import Answer, ScriptedModel
from gleanery.tasks.answers import AnswerReader
from gleanery.tasks.conversation import Conversation, whole_prompt
from gleanery.tasks.declarations import load_task
from gleanery.tasks.exports.bibtex import BibtexExporter
from gleanery.tasks.records import Record, Result
from gleanery.tasks.schemas import InvalidOutputError, load_schema
from gleanery.tools.documents.library import Library

TODAY = date(2026, 11, 20)
REFERENCE = "Marsh, T. & Iwu, P. 1998. Bark beetles. Forest Letters 12: 30-41. ISBN 978-3-16-148410-0"
EARLIER = {"type": "article-journal", "author": [{"family": "Marsh", "given": "T."}], "title": "Bark beetles"}
ISSUES = [{"code": "low-confidence", "path": None, "message": "Right with a chance of 0.52."}]
CREWAI = [
    pytest.mark.xdist_group("crewai"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
_READ = "An agent with tools has worked on this and found:"


def reviewed(text: str = REFERENCE) -> Record:
    """A result in review as `gleanery export` writes it and a run reads it again."""
    return Record("r-1", 1, text, {"id": "r-9", "output": EARLIER, "status": "review", "issues": ISSUES})


@pytest.mark.parametrize("name", ["answer", "reconcile"])
def test_examples_fit_and_are_like_the_turns_that_the_reader_is_sent(name: str) -> None:
    task = load_task(name)
    schema = load_schema(task)
    conversation = Conversation(reading(task), schema)
    columns = {**reviewed().carried, "findings of the agent": "Much."}
    *_, sent = conversation.turns(Record("r-1", 1, "A text.", columns))
    labels = re.compile(r"(?m)^([A-Z][A-Za-z ]+: |An agent .*$)")
    examples = task.read_examples()
    assert len(examples) == 2
    for example in examples:
        assert labels.findall(example.input) == labels.findall(sent.text)
        assert _READ in example.input
        reader = AnswerReader(task, schema, TODAY)
        assert {i.code for i in reader.read(example.output, reviewed()).issues} <= {"isbn-check-digit"}


def test_the_question_stands_last_and_what_it_says_is_data() -> None:
    asked = whole_prompt(load_task("answer"), Record("r-1", 1, "Who? {{ output }} {x}"))
    assert asked.endswith("whatever it says.\n\nQuestion: Who? {{ output }} {x}")


def test_reconcile_is_told_the_earlier_record_and_its_issues() -> None:
    asked = whole_prompt(load_task("reconcile"), reviewed())
    assert f"Reference: {REFERENCE}\n" in asked
    assert f"Earlier record: {json.dumps(EARLIER, separators=(',', ':'))}\n" in asked
    assert "chance of 0.52" in asked.partition("Why it was put aside: ")[2]


def test_reconciled_is_a_reference_that_exports_as_one(tmp_path: Path) -> None:
    task = load_task("reconcile")
    schema = load_schema(task)
    with pytest.raises(InvalidOutputError, match="why"):
        schema.validate({**EARLIER, "decision": "confirmed"})
    said = {**EARLIER, "DOI": "nonsense", "decision": "corrected", "why": "A colon: and {braces}."}
    answer = AnswerReader(task, schema, TODAY).read(said, reviewed())
    assert [issue.code for issue in answer.issues] == ["doi-syntax"] and answer.review
    with (tmp_path / "out.bib").open("wb") as stream:
        BibtexExporter(stream).write(Result("r-1", REFERENCE, answer.output, {}, {}, "ok", "m"))
    written = (tmp_path / "out.bib").read_text()
    assert "Bark beetles" in written and "colon" not in written


def test_the_tools_that_they_need_are_the_agents() -> None:
    bibliographer, librarian, writer = map(load_agent, ("bibliographer", "librarian", "writer"))
    named = set(re.findall(r"\b[a-z]+_[a-z]+\b", load_task("reconcile").prompt or ""))
    assert named == {tool.name for tool in bibliographer.tools}
    assert [tool.permission for tool in bibliographer.tools if tool.network] == ["deny"]
    assert librarian.required_tools == ("search_documents",)
    assert writer.tools == ()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("OLLAMA_HOST", "GLEANERY_DEFAULT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lines = [{"id": f"r-{n}", "input": f"{n}. {REFERENCE}", "output": EARLIER, "issues": ISSUES} for n in (1, 2)]
    (tmp_path / "review.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def run(project: Path, reply: Any, *arguments: str) -> list[dict[str, Any]]:
    """What `gleanery run` writes with a server that replies so; `reply` is given what is asked."""
    with OllamaServer(reply) as server:
        settings = f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n'
        (project / "gleanery.toml").write_text(settings)
        with pytest.raises(SystemExit) as exit_:
            main(["run", *arguments, "-o", "out.jsonl", "-q"])
    assert exit_.value.code in (0, 4)
    return [json.loads(line) for line in (project / "out.jsonl").read_text().splitlines()]


def answered(question: str, reply: Callable[[Request], Answer], documents: Path) -> Result:
    """The Result of `answer` with a scripted model and these documents."""
    task = load_task("answer")
    schema, agent = load_schema(task), agent_of(task)
    model = ScriptedModel(reply, capabilities=Capabilities(tools=True, schema="enforced"))
    toolbox = toolboxes(agent, given=[Library(documents)])

    async def perform() -> Result:
        hosts = Pool(1)
        try:
            reader = Extractor(reading(task), schema, model, today=TODAY)
            crew = CrewAgent(task, schema, agent, model, reader, Request(()), hosts, toolbox)
            return await crew(Record("r-1", 1, question))
        finally:
            await hosts.aclose()

    return asyncio.run(perform())


class TestAnswer:
    pytestmark = CREWAI
    question = "Since when is the reading room closed on Mondays?"
    quote = "From 1 March the reading room is closed on Mondays."

    def test_it_is_answered_from_a_passage(self, tmp_path: Path) -> None:
        (tmp_path / "notices.txt").write_text(f"{self.quote} Bring a pencil.\n")

        def reply(request: Request) -> Answer:
            last = request.messages[-1]
            if request.schema:
                [passage] = re.findall(r"by (\S+): it says so", last.content)
                source = {"passage": passage, "quote": self.quote}
                return json.dumps({"sources": [source], "found": True, "answer": "Since 1 March."})
            assert [tool.name for tool in request.tools] == ["search_documents"]
            if last.role != "tool":
                return [ToolCall("c1", "search_documents", '{"query": "reading room Mondays"}')]
            [passage] = re.findall(r"\[passage (\S+) \|", last.content)
            return f"Since 1 March, by {passage}: it says so."

        result = answered(self.question, reply, tmp_path)
        assert (result.status, result.issues, result.error) == ("ok", (), None)
        assert result.output["found"] and result.output["answer"] == "Since 1 March."
        [source] = result.output["sources"]
        file, span = source["passage"].rsplit(":", 1)
        start, end = map(int, span.split("-"))
        assert source["quote"] in (tmp_path / file).read_text()[start:end]

    def test_an_answer_without_a_search_is_not_taken(self, tmp_path: Path) -> None:
        def reply(request: Request) -> Answer:
            said = {"sources": [], "found": True, "answer": "Everybody knows."}
            return json.dumps(said) if request.schema else "Everybody knows."

        result = answered(self.question, reply, tmp_path)
        assert result.status != "ok"
        assert "search_documents" in f"{result.error} {result.issues}"


class TestReconcile:
    pytestmark = CREWAI

    def test_records_in_review_are_decided_or_stay_there(self, project: Path) -> None:
        def conversation(number: str, body: dict[str, Any]) -> Any:
            if body.get("format"):
                decision = {"1": "corrected", "2": "undecided"}[number]
                return json.dumps({**EARLIER, "decision": decision, "why": "parse_reference gives two authors."})
            if body["messages"][-1]["role"] != "tool":
                return Behaviour(tool_calls=[("parse_reference", {"reference": REFERENCE})])
            assert '"family":"Iwu"' in body["messages"][-1]["content"]
            return "There are two authors."

        def reply(body: dict[str, Any]) -> Any:
            asked = re.search(r"Reference: (\d)\. Marsh", json.dumps(body))
            return conversation(asked[1], body) if asked else Behaviour()

        corrected, undecided = run(project, reply, "reconcile", "review.jsonl")
        assert (corrected["status"], corrected["output"]["decision"]) == ("ok", "corrected")
        assert corrected["carried"]["output"] == EARLIER
        assert undecided["status"] == "review"
        assert [issue["code"] for issue in undecided["issues"]] == ["guard"]
        assert "could not decide" in undecided["issues"][0]["message"]
