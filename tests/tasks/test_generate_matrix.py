"""What a generating task writes: every cell once, always the same, and none like another."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import UsageError
from gleanery.jobs.job import Job
from gleanery.queue import Queue
from gleanery.tasks.declarations import Task, load_task
from gleanery.tasks.matrix import NOTHING, Matrix, cell_of, check_source, matrix_of
from gleanery.tasks.records import Record

MODELS = ("ollama/a", "ollama/b")


def records(queue: Queue, job: Job) -> Iterator[Record]:
    after = 0
    while page := queue.ledger.records(job.number, after=after):
        yield from page
        after = page[-1].position


@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True),
    st.integers(1, 3),
    st.integers(0, 130),
)
def test_every_record_is_written_in_every_cell(
    prompts: int, models: int, seeds: list[int], samples: int, count: int
) -> None:
    matrix = Matrix(tuple("abc"[:prompts]), tuple("xyz"[:models]), tuple(seeds), samples)
    source = [Record(f"r-{n}", n, f"text {n}", {"topic": n}) for n in range(1, count + 1)]
    made = list(matrix.records(source))
    assert made == list(matrix.records(iter(source)))
    assert [record.position for record in made] == list(range(1, len(made) + 1))
    assert len(made) == count * len(matrix) == len({record.id for record in made})
    if len(matrix) == 1:
        assert made == source
        return
    of = {(record.text, cell_of(record)) for record in made}
    assert len(of) == len(made) and all(cell for _, cell in of)
    assert Matrix.from_json(orjson.loads(orjson.dumps(matrix.as_json())), matrix.models) == matrix


def test_prompts_alone_are_records_of_their_own() -> None:
    made = list(Matrix((" Tea.\n", "Milk."), MODELS, (7, 8), 2).records([NOTHING]))
    assert [record.id for record in made] == [f"g-{n}" for n in range(1, 17)]
    assert made[0] == Record("g-1", 1, "Tea.", {"prompt": 1, "model": "ollama/a", "seed": 7, "sample": 1})
    assert [record.carried["model"] for record in made] == ["ollama/a"] * 8 + ["ollama/b"] * 8
    assert made[-1].text == "Milk." and made[-1].carried["sample"] == 2


def test_samples_of_a_seed_have_seeds_of_their_own_that_never_change() -> None:
    made = list(Matrix(("Tea.",), ("m",), (1, 2), 3).records([NOTHING]))
    seeds = [record.carried["seed"] for record in made]
    assert len(set(seeds)) == 6 and seeds[0] == 1 and seeds[3] == 2
    assert seeds[1:3] == [2072824959, 836407117]
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_one_cell_alone_still_says_what_it_is() -> None:
    [record] = Matrix(("Tea.",), ("m",), (1,), 1).records([NOTHING])
    assert cell_of(record) == (1, "m", 1, 1)


@pytest.mark.parametrize("column", ["prompt", "model", "seed", "sample"])
def test_a_column_of_the_source_is_not_written_over(column: str) -> None:
    with pytest.raises(UsageError, match=f"has a column `{column}`"):
        list(Matrix(("a", "b"), ("m",), (1,), 1).records([Record("r-1", 1, "x", {column: "theirs"})]))


def test_what_only_looks_like_a_cell_is_none() -> None:
    carried = {"prompt": "1", "model": "m", "seed": "1", "sample": "1"}
    assert cell_of(Record("r-1", 1, "x", carried)) is None
    assert cell_of(Record("r-1", 1, "x", {"prompt": True, "model": "m", "seed": 1, "sample": 1})) is None


@pytest.fixture
def haiku() -> Task:
    return load_task("haiku")


def but(task: Task, **changes: object) -> Task:
    assert task.generation is not None
    return replace(task, generation=replace(task.generation, **changes))


def test_seeds_and_samples_without_a_temperature_are_refused(haiku: Task) -> None:
    cold = but(haiku, temperature=None, samples=2)
    with pytest.raises(UsageError, match="temperature 0 every sample of a prompt is the same"):
        matrix_of(cold, MODELS, seed=None, temperature=0.0)
    assert matrix_of(cold, MODELS, seed=None, temperature=0.3) is not None
    assert matrix_of(but(cold, samples=1), MODELS, seed=9, temperature=0.0) == Matrix(
        haiku.generation.prompts,
        MODELS,
        (9,),
        1,  # type: ignore[union-attr]
    )
    assert matrix_of(load_task("bibliography"), MODELS, seed=1, temperature=0.0) is None


def test_a_source_is_asked_for_where_it_is_used_and_nowhere_else(haiku: Task) -> None:
    check_source(haiku, False)
    check_source(load_task("summarize"), True)
    with pytest.raises(UsageError, match="gleanery generate haiku"):
        check_source(haiku, True)
    with pytest.raises(UsageError, match=r"its prompt says `\{\{ source \}\}`"):
        check_source(load_task("summarize"), False)
    with pytest.raises(UsageError, match="kind `extract`"):
        check_source(load_task("bibliography"), False)


def test_a_job_of_the_queue_holds_the_matrix_and_does_not_grow_when_done_again(haiku: Task, tmp_path: Path) -> None:
    task = replace(but(haiku, seeds=(1, 2)), models=MODELS)
    with Queue(tmp_path / "home") as queue:
        job = queue.submit(task, None)
        assert job.counts.total == 2 * 6 * 2 and job.models == MODELS
        assert job.manifest.options["temperature"] == 0.9
        stored = list(records(queue, job))
        assert stored == list(Matrix(task.generation.prompts, MODELS, (1, 2), 1).records([NOTHING]))  # type: ignore[union-attr]
        assert queue.again(job, model="ollama/c").counts.total == job.counts.total
        summary = replace(but(load_task("summarize"), seeds=(1, 2), temperature=0.5), models=MODELS)
        job = queue.submit(summary, ["one", "two"])
        assert [record.id for record in records(queue, job)][:4] == ["r-1.1", "r-1.2", "r-2.1", "r-2.2"]
        with pytest.raises(UsageError, match="wants a source"):
            queue.submit(summary, None)
        plain = queue.submit(replace(load_task("summarize"), models=MODELS[:1]), ["one", "two"])
        assert [(record.id, dict(record.carried)) for record in records(queue, plain)] == [("r-1", {}), ("r-2", {})]
