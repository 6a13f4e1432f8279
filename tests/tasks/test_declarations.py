from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import DeclarationError, UsageError
from gleanery.tasks import declarations
from gleanery.tasks.declarations import NAME, PLACEHOLDER, Task, find_tasks, load_task

GOOD = """\
name: invoices
summary: Read invoices.
kind: extract
output: title, year int
"""


def write(folder: Path, text: str, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.yaml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return folder


def test_smallest_declaration_has_defaults(tmp_path: Path) -> None:
    task = load_task(write(tmp_path / "x", GOOD))
    assert (task.name, task.kind, task.grounding, task.models) == ("invoices", "extract", "require", ("default",))
    assert (task.accept, task.prompt, task.examples, task.schema_file) == (0.9, None, None, None)
    assert task.read_examples() == ()
    assert task.folder == tmp_path / "x"
    assert load_task(str(tmp_path / "x" / "task.yaml")) == task


def test_built_in_bibliography() -> None:
    task = load_task("bibliography")
    assert task.models == ("embedded/references", "default")
    assert (task.grounding, task.accept, task.output_class) == ("require", 0.75, "Reference")
    assert task.prompt and [match[1] for match in PLACEHOLDER.finditer(task.prompt)] == ["source"]
    assert len(task.read_examples()) == 8


def test_every_name_of_the_bibliography_examples_is_printed_in_their_input() -> None:
    for example in load_task("bibliography").read_examples():
        for person in [*example.output.get("author", []), *example.output.get("editor", [])]:
            assert all(part in example.input for part in person.values())
        for key in ("title", "container-title", "publisher", "volume", "DOI", "note"):
            assert example.output.get(key, "") in example.input


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        (GOOD + "promt: hello\n", 5, "promt", "Did you mean `prompt`?"),
        (GOOD + "zzz: hello\n", 5, "zzz", "The keys are name, summary"),
        (GOOD + "tools: [search]\n", 5, "tools", "belong to its `agent`"),
        (GOOD.replace("kind: extract\n", ""), None, "kind", "is missing"),
        (GOOD.replace("extract", "extrakt"), 3, "kind", "Did you mean `extract`?"),
        (GOOD + "grounding: requires\n", 5, "grounding", "Did you mean `require`?"),
        (GOOD + "accept: 1.5\n", 5, "accept", "between 0 and 1"),
        (GOOD + "accept: .nan\n", 5, "accept", "must be a number"),
        (GOOD + "accept: high\n", 5, "accept", "must be a number, like 0.9, and is text: `high`"),
        (GOOD + "models: default\n", 5, "models", "must be a list"),
        (GOOD + "models: []\n", 5, "models", "must be a list"),
        (GOOD + "models: [qwen3]\n", 5, "models", "provider/name"),
        (GOOD + "models: [defualt]\n", 5, "models", "Did you mean `default`?"),
        (GOOD.replace("Read invoices.", "no"), 2, "summary", "true or false: `no`. Put it in quotes."),
        (GOOD.replace("Read invoices.", ""), 2, "summary", "must be a text, and is empty."),
        (GOOD.replace("Read invoices.", "[a]"), 2, "summary", "is a list"),
        (GOOD.replace("invoices\n", "My Task\n"), 1, "name", "lower-case"),
        (GOOD + "name: again\n", 5, "name", "first in line 1"),
        (GOOD + "prompt: |\n  one\n  two {{ source | upper }}\n", 7, "prompt", "`{{ source | upper }}`"),
        (GOOD + "prompt: |\n  {% if x %}\n", 6, "prompt", "`{% if x %}`"),
        (GOOD + "prompt: never closed {{ source\n", 5, "prompt", "no placeholder"),
        (GOOD + "examples: none.jsonl\n", 5, "examples", "there is no file"),
        (GOOD.replace("year int", "year nit"), 4, "output", "Did you mean `int`?"),
        (GOOD.replace("title, year int", "schema:Thing"), 4, "output", "schema.py"),
        (GOOD.replace("title, year int", "schema.json"), 4, "output", "schema.json"),
        (GOOD.replace("title, year int", "title: the title"), 4, None, "Put the value in quotes"),
        (GOOD + "\taccept: 1\n", 5, None, "a tab stands"),
        (GOOD + "accept: [1\n", 6, None, "not YAML"),
        ("- a list\n", 1, None, "keys and values"),
        ("", 1, None, "keys and values"),
        ("? [a, b]\n: c\n", 1, None, "plain word"),
        ("name: a\n---\nname: b\n", 2, None, "not YAML"),
        ("name: \x00\n", None, None, "not YAML"),
    ],
)
def test_wrong_declarations_say_file_line_key_and_what_to_do(
    tmp_path: Path, text: str, line: int | None, key: str | None, says: str
) -> None:
    folder = write(tmp_path / "x", text)
    with pytest.raises(DeclarationError) as caught:
        load_task(folder)
    assert (caught.value.file, caught.value.line, caught.value.key) == (folder / "task.yaml", line, key)
    assert says in str(caught.value)


def test_invalid_utf8_says_its_line(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_bytes(GOOD.encode() + b"prompt: \xff\n")
    with pytest.raises(DeclarationError, match=r"task\.yaml:5: is not UTF-8"):
        load_task(tmp_path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "must be an object"),
        ('{"input": "a", "ouput": {}}', "Did you mean `output`?"),
        ('{"input": "a"}', "`output`: is missing"),
        ('{"input": 5, "output": {}}', "`input`: must be a text"),
    ],
)
def test_wrong_examples_say_their_file_and_line(tmp_path: Path, line: str, says: str) -> None:
    good = '{"input": "a", "output": {}}\n\n'
    folder = write(tmp_path / "x", GOOD + "examples: ex.jsonl\n", ex_jsonl=good + line + "\n")
    with pytest.raises(DeclarationError) as caught:
        load_task(folder)
    assert (caught.value.file, caught.value.line) == (folder / "ex.jsonl", 3)
    assert says in str(caught.value)


def test_near_file_name_is_proposed(tmp_path: Path) -> None:
    folder = write(tmp_path / "x", GOOD + "examples: example.jsonl\n", examples_jsonl="")
    with pytest.raises(DeclarationError, match=r"Did you mean `examples\.jsonl`"):
        load_task(folder)


def test_digest_covers_declaration_schema_and_examples(tmp_path: Path) -> None:
    text = GOOD.replace("title, year int", "schema:Thing") + "examples: ex.jsonl\n"
    line = '{"input": "a", "output": {}}\n'
    folder = write(tmp_path / "x", text, schema_py="", ex_jsonl=line)
    digests = {load_task(folder).digest}
    for change in ({"schema_py": "# other"}, {"ex_jsonl": line * 2}):
        digests.add(load_task(write(folder, text, **change)).digest)
    digests.add(load_task(write(folder, text + "# a comment\n")).digest)
    assert len(digests) == 4
    moved = shutil.copytree(folder, tmp_path / "y")
    assert load_task(moved).digest in digests


def test_loading_and_listing_run_no_python(tmp_path: Path) -> None:
    text = GOOD.replace("title, year int", "schema:Thing")
    write(tmp_path / "tasks" / "invoices", text, schema_py="raise SystemExit('ran')")
    assert load_task("invoices", project=tmp_path).output_class == "Thing"
    found = [task.name for task in find_tasks(tmp_path) if isinstance(task, Task)]
    assert found == sorted(found) and {"bibliography", "identifiers", "invoices"} <= set(found)
    assert not list(tmp_path.rglob("__pycache__"))


def test_unknown_task_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_task("bibliografy", project=tmp_path)
    expected = "There is no task `bibliografy`. Did you mean `bibliography`? `gleanery tasks` lists them."
    assert str(caught.value) == expected


def test_missing_paths(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no task\.yaml"):
        load_task(tmp_path)
    with pytest.raises(UsageError, match="There is no file"):
        load_task(f"{tmp_path}/none.yaml")


def test_folder_in_the_current_one_needs_no_slash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "x", GOOD)
    monkeypatch.chdir(tmp_path)
    assert load_task("x").name == "invoices"


def test_project_shadows_library_and_broken_ones_are_listed_as_errors(tmp_path: Path) -> None:
    write(tmp_path / "tasks" / "bibliography", GOOD.replace("invoices", "bibliography", 1))
    write(tmp_path / "tasks" / "broken", GOOD + "x: y\n")
    write(tmp_path / "tasks" / "other", GOOD)
    assert load_task("bibliography", project=tmp_path).summary == "Read invoices."
    of_project = [found for found in find_tasks(tmp_path) if str(found.file).startswith(str(tmp_path))]
    mine, broken, other = of_project
    assert isinstance(mine, Task) and [found.file for found in find_tasks(tmp_path)].count(mine.file) == 1
    assert isinstance(broken, DeclarationError) and isinstance(other, DeclarationError)
    assert "but its folder is `other`" in str(other)


def test_placeholders_may_be_any_column_and_json_braces_are_text(tmp_path: Path) -> None:
    prompt = 'prompt: |\n  {{ Publication Year }} {{année}} {"a": {"b": 1}}\n'
    task = load_task(write(tmp_path, GOOD + prompt))
    assert task.prompt and [match[1] for match in PLACEHOLDER.finditer(task.prompt)] == ["Publication Year", "année"]


@given(st.text(max_size=12))
def test_names_are_plain_ascii_words(name: str) -> None:
    plain = name[:1] in set("abcdefghijklmnopqrstuvwxyz") and set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert bool(NAME.fullmatch(name)) == bool(plain and name)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_task_or_a_declaration_error(source: bytes) -> None:
    file = Path("task.yaml")
    with pytest.raises(DeclarationError):
        declarations.read_entries(file, source).only(("x",), required=("name",), later={})


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "tasks" / "invoices", GOOD)
    monkeypatch.chdir(tmp_path)
    for task in (load_task("invoices"), load_task("tasks/invoices"), load_task("invoices", project=Path())):
        assert task.file == tmp_path / "tasks" / "invoices" / "task.yaml"
