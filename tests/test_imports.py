"""The house holds: who may import what, and what importing costs."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"crewai", "instructor", "numpy", "onnxruntime", "openai", "pydantic", "rich", "textual", "yaml"}
HELP = "from gleanery.cli.main import main\nmain(['--help'])"


def python(code: str) -> str:
    """What Python prints when it runs the code in a process of its own."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout


def loaded(code: str) -> set[str]:
    """The top-level packages that the code loads."""
    atexit = "import atexit, sys\natexit.register(lambda: print('LOADED', *sys.modules))\n"
    return {name.split(".")[0] for name in python(atexit + code).rpartition("LOADED")[2].split()}


@pytest.mark.parametrize(
    "code",
    [
        *(f"import gleanery.{room}" for room in ("agents", "cli", "jobs", "models", "tasks", "tools", "tui")),
        HELP,
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str) -> None:
    packages = loaded(code)
    assert "gleanery" in packages
    assert not packages & HEAVY


def test_importing_gleanery_loads_hardly_anything() -> None:
    assert not loaded("import gleanery") & {*HEAVY, "asyncio", "click", "jsonschema", "orjson"}


def test_no_room_imports_what_it_may_not() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([lint, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 broken" in checked.stdout


def test_the_contracts_see_into_the_rooms() -> None:
    """The rooms are symlinks: a linter that does not follow them would find nothing wrong, ever."""
    graph = python(
        "import grimp\n"
        "graph = grimp.build_graph('gleanery', include_external_packages=True, cache_dir=None)\n"
        "print('onnxruntime' in graph.find_modules_directly_imported_by('gleanery.models.references.labeller'))"
    )
    assert graph.strip() == "True"


def test_help_is_fast() -> None:
    """At most 150 ms more than Python itself; the best of five, so that a busy machine does not fail it."""
    assert best(HELP) - best("pass") < 0.15


def best(code: str) -> float:
    """Seconds that Python takes for the code, the best of five."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        python(code)
        times.append(time.perf_counter() - began)
    return min(times)
