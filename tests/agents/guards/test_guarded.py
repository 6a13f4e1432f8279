"""Records under guard: what is refused is not asked, what cannot be judged is not passed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gleanery.agents.guards.functions import FunctionGuard
from gleanery.agents.guards.guard import PASSED, Guard, Matter, Verdict
from gleanery.agents.guards.guarded import Guarded, guarded
from gleanery.agents.guards.models import ModelGuard
from gleanery.agents.guards.rules import RuleGuard
from gleanery.agents.guards.styles import style_of
from gleanery.errors import DeclarationError, EndpointError, StalledError
from gleanery.models.scripted import Answer, ScriptedModel
from gleanery.tasks import guards as declared
from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import Issue, Record, Result

RECORD = Record("r-1", 1, "Where is the key?", {"topic": "doors"})


class Agent:
    """Answers always the same, and remembers what it was asked."""

    def __init__(self, output: object = "Under the mat.", status: str = "ok") -> None:
        self.asked: list[Record] = []
        self._output, self._status = output, status

    async def __call__(self, record: Record) -> Result:
        self.asked.append(record)
        return Result(record.id, record.text, self._output, {}, {}, self._status, "m/1", carried=record.carried)  # type: ignore[arg-type]


class Says:
    """A guard with one verdict."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.seen: list[Matter] = []

    async def __call__(self, matter: Matter) -> Verdict:
        self.seen.append(matter)
        return self.verdict


def perform(
    agent: Agent, input: Sequence[Guard] = (), output: Sequence[Guard] = (), columns: Sequence[str] = ()
) -> Result:
    return asyncio.run(Guarded(agent, "m/1", input, output, columns)(RECORD))


def judge(guard: Guard, text: str, answer: str | None = None) -> Verdict:
    return asyncio.run(guard(Matter(text, answer, {"source": text, "topic": "doors"})))


REFUSED, UNREADABLE = Verdict("refused", "it is about keys"), Verdict("unreadable", "it said maybe")


def test_what_passes_is_as_it_was() -> None:
    agent = Agent()
    result = perform(agent, [Says(PASSED)], [Says(PASSED)])
    assert result == asyncio.run(Agent()(RECORD)) and agent.asked == [RECORD]


def test_an_input_that_is_refused_is_shown_to_no_model() -> None:
    agent, never = Agent(), Says(PASSED)
    result = perform(agent, [Says(REFUSED)], [never])
    assert agent.asked == [] and never.seen == []
    assert (result.status, result.output, result.model, result.attempts) == ("failed", None, "m/1", 0)
    assert result.error == (
        "The input guard refused it: it is about keys. No model was shown it. Change the text, or the task's `guard`."
    )
    assert result.issues == (Issue("guard", None, "The input guard refused it: it is about keys."),)
    assert result.carried == RECORD.carried


def test_an_answer_that_is_refused_wants_review() -> None:
    judge = Says(REFUSED)
    result = perform(Agent({"a": "Under", "b": ["the mat"], "n": 5}), output=[judge])
    assert (result.status, result.error) == ("review", None) and result.output["b"] == ["the mat"]
    assert result.issues == (Issue("guard", None, "The output guard refused it: it is about keys."),)
    assert judge.seen[0].text == "Under\nthe mat" and judge.seen[0].source == RECORD.text


@pytest.mark.parametrize("side", ["input", "output"])
def test_a_verdict_that_cannot_be_read_wants_review(side: str) -> None:
    result = perform(Agent(), **{side: [Says(UNREADABLE)]})  # type: ignore[arg-type]
    assert result.status == "review" and result.output == "Under the mat."
    assert result.issues[0].message == f"The {side} guard came to no verdict: it said maybe."


def test_of_several_guards_the_first_refusal_counts() -> None:
    last = Says(REFUSED)
    result = perform(Agent(), [Says(UNREADABLE), Says(REFUSED), last])
    assert result.status == "failed" and last.seen == []
    assert perform(Agent(), output=[Says(UNREADABLE), Says(PASSED)]).status == "review"


def test_a_failed_answer_stays_failed_and_is_not_judged() -> None:
    judge = Says(REFUSED)
    result = perform(Agent(None, "failed"), [Says(UNREADABLE)], [judge])
    assert (result.status, judge.seen, len(result.issues)) == ("failed", [], 1)


def test_columns_that_a_model_is_shown_are_judged_too() -> None:
    judge = Says(PASSED)
    perform(Agent(), [judge], columns=["topic", "none"])
    assert judge.seen[0].text == "Where is the key?\ndoors"


@pytest.mark.parametrize(
    ("rule", "text", "decision", "reason"),
    [
        (declared.RuleGuard(forbid="(?i)KEY"), "the Key", "refused", "it has 'Key', which matches the forbidden"),
        (declared.RuleGuard(forbid="key"), "the door", "passed", ""),
        (declared.RuleGuard(require=r"\d"), "no number", "refused", "it lacks what must match pattern"),
        (declared.RuleGuard(require=r"\d"), "5", "passed", ""),
        (declared.RuleGuard(longest=3), "four", "refused", "it has 4 characters, and 3 are allowed"),
        (declared.RuleGuard(longest=4), "four", "passed", ""),
    ],
)
def test_rules(rule: declared.RuleGuard, text: str, decision: str, reason: str) -> None:
    verdict = judge(RuleGuard(rule), text)
    assert verdict.decision == decision and reason in verdict.reason
    assert judge(RuleGuard(rule), "something else", answer=text) == verdict


def test_functions(tmp_path: Path) -> None:
    file = tmp_path / "guards.py"
    file.write_text(
        "def calm(text):\n    return 'It shouts.' if text.isupper() else None\n\n\n"
        "def on_topic(text, columns):\n    return None if columns['topic'] in text else 'It strays.'\n\n\n"
        "def broken(text):\n    return text['key']\n"
    )
    calm = FunctionGuard(declared.FunctionGuard(file, "calm"))
    assert judge(calm, "hello") == PASSED and judge(calm, "HELLO") == Verdict("refused", "It shouts")
    on_topic = FunctionGuard(declared.FunctionGuard(file, "on_topic"))
    assert judge(on_topic, "x", "about doors") == PASSED and judge(on_topic, "doors", "x").decision == "refused"
    broken = judge(FunctionGuard(declared.FunctionGuard(file, "broken")), "x")
    assert broken.decision == "refused" and "could not judge it: TypeError" in broken.reason
    with pytest.raises(DeclarationError, match=r"no function `clam`\. Did you mean `calm`"):
        FunctionGuard(declared.FunctionGuard(file, "clam"))


def model_guard(style: declared.Style, *replies: Answer) -> tuple[ModelGuard, ScriptedModel]:
    model = ScriptedModel(replies, model="ollama/guard")
    return ModelGuard(model, style_of(declared.ModelGuard("ollama/guard", style))), model


def test_a_model_that_gives_no_reply_comes_to_no_verdict_and_one_that_is_gone_is_no_fault() -> None:
    guard, _ = model_guard("llama-guard", StalledError("Nothing came."))
    verdict = judge(guard, "x")
    assert verdict.decision == "unreadable" and "Nothing came." in verdict.reason
    guard, _ = model_guard("llama-guard", EndpointError("Gone."))
    with pytest.raises(EndpointError):
        judge(guard, "x")


def test_each_sentence_is_a_claim_and_all_are_told() -> None:
    guard, model = model_guard("minicheck", "No", "Yes", "perhaps", "No", "No", "No")
    verdict = judge(guard, "The key is under the mat.", "One. Two. Three. Four. Five. Six.")
    assert len(model.requests) == 6
    assert verdict.decision == "refused" and "does not support 'One.'" in verdict.reason
    assert verdict.reason.endswith("and 1 more")
    guard, _ = model_guard("minicheck", "Yes", "perhaps")
    assert judge(guard, "x", "One. Two.").decision == "unreadable"
    guard, model = model_guard("minicheck")
    assert judge(guard, "x", " ... ") == PASSED and model.requests == []


def test_the_guards_exchanges_are_the_records(tmp_path: Path) -> None:
    first, _ = model_guard("llama-guard", "safe")
    last, _ = model_guard("granite-guardian", "No")
    result = perform(Agent(), [first], [last])
    assert result.status == "ok" and len(result.exchanges) == 2
    refusing, _ = model_guard("llama-guard", "unsafe\nS9")
    result = perform(Agent(), [refusing])
    assert len(result.exchanges) == 1 and "S9 (indiscriminate weapons)" in str(result.error)


def test_a_task_without_guards_is_left_alone(tmp_path: Path) -> None:
    agent = Agent()

    async def opens(address: str) -> ScriptedModel:
        return ScriptedModel(["safe"], model=address)

    task = load_task("summarize")
    assert asyncio.run(guarded(task, agent, "m/1", opens)) is agent
    guards = declared.Guards((declared.ModelGuard("ollama/g", "llama-guard"), declared.RuleGuard(longest=5)))
    performs = asyncio.run(guarded(replace(load_task("classify"), guards=guards), agent, "m/1", opens))
    assert isinstance(performs, Guarded) and performs.columns == ("labels",)
    assert asyncio.run(performs(RECORD)).status == "failed" and agent.asked == []
