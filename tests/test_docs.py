"""The documentation tells the truth: commands are as they say, examples run, links lead somewhere."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from servers.ollama_server import Behaviour, OllamaServer

from gleanery import run
from gleanery.background import stop_worker
from gleanery.cli.main import COMMANDS, gleanery

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "models" / "references" / "MODEL_CARD.md"])
README = ROOT / "README.md"
BLOCK = re.compile(
    r"(?:^<!-- file: (?P<file>\S+) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
CALLED = re.compile(r"(?:^(?:\$ )?|\| )gleanery (?P<arguments>[^|>#\n]*)", re.MULTILINE)
ISSUE = re.compile(r'Issue\(\s*"([a-z0-9-]+)"')


def read(page):
    return page.read_text(encoding="utf-8")


def blocks(page, kind):
    """The blocks of one kind of a page, but for those that stand for a file."""
    return [block["text"] for block in BLOCK.finditer(read(page)) if block["kind"] == kind and not block["file"]]


def name(page):
    return str(page.relative_to(ROOT))


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the files that the README shows, and the example under the name that recipes use."""
    for block in BLOCK.finditer(read(README)):
        if block["file"]:
            file = tmp_path / block["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block["text"], encoding="utf-8")
    shutil.copy(ROOT / "examples" / "references.txt", tmp_path)
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "ledger"
    monkeypatch.setenv("GLEANERY_HOME", str(home))
    yield tmp_path
    stop_worker(home, 30.0)


def answer(body):
    """What a good model says to the texts of the README, and small values that fit to anything else."""
    asked = body["messages"][-1]["content"]
    if "amphora" in asked:
        return '{"term": "amphora", "meaning": "a jar with two handles and a narrow neck"}'
    return '{"term": "krater", "meaning": "a wide bowl"}' if "krater" in asked else Behaviour()


@pytest.fixture
def ollama(tmp_path, monkeypatch):
    """An Ollama with the model of the README, and no settings but those of the desk."""
    monkeypatch.delenv("GLEANERY_DEFAULT_MODEL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with OllamaServer(answer) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


def test_the_commands_page_is_what_the_commands_say():
    # In a process of its own: click remembers a command's help options from whoever called it first.
    check = [sys.executable, str(ROOT / "docs" / "commands.py"), "--check"]
    assert subprocess.run(check, capture_output=True, text=True).returncode == 0, "run `make docs`"


@pytest.mark.parametrize(
    ("page", "code"),
    [
        pytest.param(page, code, id=f"{page.name}-{number}")
        for page in (README, ROOT / "docs" / "models.md", ROOT / "docs" / "python.md")
        for number, code in enumerate(blocks(page, "python"), 1)
    ],
)
def test_python_runs(page, code, desk, ollama):
    exec(compile(code, name(page), "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize(
    "script", [pytest.param(text, id=str(number)) for number, text in enumerate(blocks(README, "sh"), 1)]
)
def test_recipes_run(script, desk, ollama):
    if not shutil.which("jq"):
        script = "".join(line for line in script.splitlines(keepends=True) if not line.startswith("jq "))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    for written in re.findall(r"(?:-o|>) (\S+)", script):
        assert (desk / written).stat().st_size


@pytest.mark.parametrize(
    ("page", "arguments"),
    [
        pytest.param(page, call["arguments"], id=f"{page.name}: {call['arguments'].strip()}")
        for page in PAGES
        for kind in ("sh", "console")
        for text in blocks(page, kind)
        for call in CALLED.finditer(text)
    ],
)
def test_shown_commands_can_be_typed(page, arguments, desk):
    for file in ("before.json", "gold.jsonl"):
        (desk / file).touch()
    command, *rest = shlex.split(arguments)
    assert command in COMMANDS
    parent = click.Context(gleanery, info_name="gleanery")
    gleanery.get_command(parent, command).make_context(command, rest, parent=parent)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for link in LINK.findall(CODE.sub("", read(page))):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{name(page)}: {link}"


def anchors(page):
    """What GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub(lambda code: code[0].strip("`"), read(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_issue_code_is_explained():
    rooms = ("agents", "jobs", "models", "tasks")
    sources = [file.read_text(encoding="utf-8") for room in rooms for file in (ROOT / room).rglob("*.py")]
    codes = {code for source in sources for code in ISSUE.findall(source)}
    assert {"low-confidence", "isbn-check-digit", "bad-csv"} <= codes
    page = read(ROOT / "docs" / "results.md")
    assert {code for code in codes if f"`{code}`" not in page} == set()
    assert set(re.findall(r"^\| `(\w+-[a-z0-9-]+)` \|", page, re.MULTILINE)) <= codes


def test_the_example_shows_both_sides():
    """The demo is to show a record that is sure and the reasons of those that are not."""
    results = list(run("bibliography", ROOT / "examples" / "references.txt", model="embedded/references"))
    codes = {issue.code for result in results for issue in result.issues}
    assert {"ok", "review"} == {result.status for result in results}
    assert {"isbn-check-digit", "pages-reversed"} <= codes
