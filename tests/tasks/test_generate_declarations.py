"""Declarations of tasks that generate, and of guards: what they say, and how they are wrong."""

from pathlib import Path

import pytest

from gleanery.errors import DeclarationError
from gleanery.jobs.bundle import bundle_of, unpack
from gleanery.tasks.checks import Checks, FunctionCheck, LengthCheck, PatternCheck
from gleanery.tasks.declarations import load_task
from gleanery.tasks.guards import FunctionGuard, ModelGuard, RuleGuard
from gleanery.tasks.records import Record
from gleanery.tasks.schemas import InvalidOutputError, load_schema

GOOD = """\
name: notes
summary: Write notes.
kind: generate
output: text
prompt: Write a note on {{ source }}.
"""
CHECKS = """\
def short(output):
    return None if len(output) < 20 else "It is too long."


def about(output, columns):
    return None if columns["topic"] in output and columns["source"] else "It must name the topic."


def broken(output):
    raise KeyError("oops")


def odd(output):
    return 5


def many(a, b, c):
    return None
"""


def write(folder: Path, more: str = "", text: str = GOOD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.yaml").write_text(text + more)
    (folder / "checks.py").write_text(CHECKS)
    return folder


def test_the_smallest_one_has_defaults(tmp_path: Path) -> None:
    task = load_task(write(tmp_path / "notes"))
    assert task.generation is not None and task.free_text and task.grounding == "none"
    said = task.generation
    assert (said.prompts, task.prompt) == (("Write a note on {{ source }}.",), "Write a note on {{ source }}.")
    assert (said.seeds, said.samples, said.temperature, said.checks, said.duplicates) == (None, 1, None, (), None)
    schema = load_schema(task)
    assert schema.validate("a text") == "a text"
    with pytest.raises(InvalidOutputError):
        schema.validate({"text": "a"})


def test_text_is_a_field_in_other_kinds(tmp_path: Path) -> None:
    task = load_task(write(tmp_path / "notes", text=GOOD.replace("generate", "extract")))
    assert not task.free_text and load_schema(task).json_schema["properties"].keys() == {"text"}


def test_all_that_can_be_declared(tmp_path: Path) -> None:
    more = """\
seeds: 3
samples: 4
temperature: 0.7
checks:
  - length: {min_words: 2, max_characters: 90, field: title}
  - pattern: '^[A-Z]'
  - pattern: {matches: '[.]$', field: body}
  - checks.py:short
  - duplicates: 0.8
guard:
  input:
    - forbid: '(?i)secret'
      longest: 1000
    - {model: 'ollama/llama-guard3:1b', style: llama-guard}
  output: checks.py:short
"""
    task = load_task(write(tmp_path / "notes", more))
    said, guards = task.generation, task.guards
    assert said is not None and guards is not None
    assert (said.seeds, said.samples, said.temperature, said.duplicates) == ((1, 2, 3), 4, 0.7, 0.8)
    assert said.checks == (
        LengthCheck(min_words=2, max_characters=90, field="title"),
        PatternCheck("^[A-Z]"),
        PatternCheck("[.]$", "body"),
        FunctionCheck(tmp_path / "notes" / "checks.py", "short"),
    )
    assert guards.input == (RuleGuard("(?i)secret", None, 1000), ModelGuard("ollama/llama-guard3:1b", "llama-guard"))
    assert guards.output == (FunctionGuard(tmp_path / "notes" / "checks.py", "short"),)


@pytest.mark.parametrize(
    ("more", "key", "says"),
    [
        ("prompts: [a]\n", "prompts", "one of the two"),
        ("seeds: [1, 1]\n", "seeds", "twice"),
        ("seeds: 0\n", "seeds", "1 or more"),
        ("seeds: [a]\n", "seeds", "whole number"),
        ("seeds: 1.5\n", "seeds", "whole number"),
        ("seeds: 1000001\n", "seeds", "too many"),
        ("samples: 0\n", "samples", "1 or more"),
        ("samples: -1\n", "samples", "1 or more"),
        ("temperature: 11\n", "temperature", "between 0 and 10"),
        ("checks: []\n", "checks", "must not be empty"),
        ("checks: [shorter]\n", "checks", "checks.py:fits"),
        ("checks: [check.py:short]\n", "checks", "Did you mean `checks.py`?"),
        ("checks:\n  - lenght: {max_words: 1}\n", "checks.lenght", "Did you mean `length`?"),
        ("checks:\n  - length: {}\n", "checks.length", "needs a bound"),
        ("checks:\n  - length: {max_words: few}\n", "checks.length.max_words", "whole number"),
        ("checks:\n  - length: 5\n", "checks.length", "keys and values"),
        ("checks:\n  - pattern: '['\n", "checks.pattern", "regular expression"),
        ("checks:\n  - pattern: {field: a}\n", "checks.pattern.matches", "is missing"),
        ("checks:\n  - duplicates: 1.5\n", "checks.duplicates", "at most 1"),
        ("guard: {}\n", "guard", "needs an `input` or an `output`"),
        ("guard: strict\n", "guard", "keys and values"),
        ("guard: {inputs: a}\n", "guard.inputs", "Did you mean `input`?"),
        ("guard:\n  input: {}\n", "guard.input", "must have `forbid`"),
        ("guard:\n  input: {style: llama-guard}\n", "guard.input", "must have `forbid`"),
        ("guard:\n  input: {model: llama-guard3, style: llama-guard}\n", "guard.input.model", "provider/name"),
        ("guard:\n  input: {model: ollama/x}\n", "guard.input.style", "is missing"),
        ("guard:\n  input: {model: ollama/x, style: lama-guard}\n", "guard.input.style", "Did you mean `llama-guard`?"),
        ("guard:\n  input: {model: ollama/x, style: minicheck}\n", "guard.input.style", "for `output`"),
        ("guard:\n  output: {model: ollama/x, style: minicheck, policy: p}\n", "guard.output.policy", "no policy"),
        (
            "guard:\n  input: {model: ollama/x, style: llama-guard, longest: 5}\n",
            "guard.input.longest",
            "another guard",
        ),
        ("guard:\n  input: guards.py:f\n", "guard.input", "there is no file"),
    ],
)
def test_wrong_ones_say_where_and_what_to_do(tmp_path: Path, more: str, key: str, says: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        load_task(write(tmp_path / "notes", more))
    assert caught.value.key == key and says in str(caught.value)
    assert caught.value.line is None or caught.value.line >= 5


def test_a_prompt_is_needed_and_each_is_looked_at(tmp_path: Path) -> None:
    bare = GOOD.replace("prompt: Write a note on {{ source }}.\n", "")
    with pytest.raises(DeclarationError, match="needs a `prompt`"):
        load_task(write(tmp_path / "notes", text=bare))
    with pytest.raises(DeclarationError, match="no placeholder"):
        load_task(write(tmp_path / "notes", "prompts: ['fine', '{{ a | b }}']\n", text=bare))


@pytest.mark.parametrize(
    "key", ["samples: 2", "seeds: 2", "prompts: [a]", "temperature: 1", "checks: [checks.py:short]"]
)
def test_keys_of_generating_tasks_are_no_others(tmp_path: Path, key: str) -> None:
    text = "name: notes\nsummary: N.\nkind: extract\noutput: a\n"
    with pytest.raises(DeclarationError, match="for tasks of kind `generate`, and this one is `extract`"):
        load_task(write(tmp_path / "notes", key + "\n", text))


def test_functions_travel_with_the_job_and_count_for_the_digest(tmp_path: Path) -> None:
    folder = write(tmp_path / "notes", "checks: [checks.py:short]\nguard: {output: guards.py:calm}\n")
    (folder / "guards.py").write_text("def calm(text):\n    return None\n")
    task = load_task(folder)
    bundle = bundle_of(task)
    assert sorted(bundle) == [f"tasks/notes/{name}" for name in ("checks.py", "guards.py", "task.yaml")]
    there = unpack(bundle, "notes", tmp_path / "elsewhere")
    assert there.digest == task.digest and there.generation is not None
    assert Checks(there.generation.checks).issues("x" * 30, Record("g-1", 1, ""))
    (folder / "guards.py").write_text("def calm(text):\n    return 'no'\n")
    assert load_task(folder).digest != task.digest


def test_a_function_outside_the_folder_cannot_travel(tmp_path: Path) -> None:
    folder = write(tmp_path / "notes", "checks: [../other.py:f]\n")
    (tmp_path / "other.py").write_text("def f(output): ...\n")
    with pytest.raises(DeclarationError, match="outside the task's folder"):
        bundle_of(load_task(folder))


def test_checks_judge_texts_fields_and_columns(tmp_path: Path) -> None:
    file = write(tmp_path) / "checks.py"
    record = Record("g-1", 1, "src", {"topic": "tea"})

    def said(check: LengthCheck | PatternCheck | FunctionCheck, output: object) -> list[str]:
        return [issue.message for issue in Checks([check]).issues(output, record)]

    assert said(LengthCheck(min_words=2), "one") == ["The text has 1 words, and must have 2 at least. Make it longer."]
    assert said(LengthCheck(max_characters=3, field="a"), {"a": "abcd"})[0].startswith("The text has 4 characters")
    assert said(LengthCheck(max_words=3), {"a": ["one", "two"], "b": {"c": "three"}}) == []
    assert said(PatternCheck("^A"), "Bee") and not said(PatternCheck("^A"), "Ant")
    assert said(FunctionCheck(file, "short"), "x" * 30) == ["It is too long."]
    assert said(FunctionCheck(file, "about"), "tea") == [] and said(FunctionCheck(file, "about"), "x")
    assert said(FunctionCheck(file, "broken"), "x")[0].startswith("`broken` could not judge it: KeyError: 'oops'")
    assert "returned 5" in said(FunctionCheck(file, "odd"), "x")[0]
    with pytest.raises(DeclarationError, match="Did you mean `short`"):
        Checks([FunctionCheck(file, "shor")])
    with pytest.raises(DeclarationError, match="must take the value"):
        Checks([FunctionCheck(file, "many")])
