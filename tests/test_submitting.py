"""Records are stored in chunks, whole or not at all; what was interrupted goes on where it was."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import SourceError, UsageError
from gleanery.jobs.job import Job
from gleanery.queue import Queue
from gleanery.submitting import CHUNK, chunks
from gleanery.tasks.records import Record


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue(tmp_path / "home") as queue:
        yield queue


def lines(tmp_path: Path, count: int) -> Path:
    file = tmp_path / "refs.txt"
    file.write_text("".join(f"Smith, J. (1999). Title {n}.\n" for n in range(1, count + 1)))
    return file


def texts(queue: Queue, job: Job) -> list[str]:
    found: list[str] = []
    after = 0
    while page := queue.ledger.records(job.number, after=after):
        found += [record.text for record in page]
        after = page[-1].position
    return found


class Interrupted(BaseException):
    """Somebody pressed Ctrl-C, or the machine died."""


def stop_at(count: int):
    def progress(job: Job, stored: int) -> None:
        if stored >= count:
            raise Interrupted

    return progress


@given(st.integers(0, 300), st.integers(1, 64))
def test_chunks_hold_every_record_once_and_begin_small(count: int, size: int) -> None:
    cut = list(chunks((Record(f"r-{n}", n, "x") for n in range(1, count + 1)), size))
    assert [record.position for chunk in cut for record in chunk] == list(range(1, count + 1))
    assert all(1 <= len(chunk) <= size for chunk in cut) and (not cut or len(cut[0]) == 1)


def test_chunks_are_cut_where_they_are_heavy() -> None:
    cut = list(chunks((Record(f"r-{n}", n, "x" * 3_000_000) for n in range(1, 10)), 100))
    assert max(map(len, cut)) == 2 and sum(map(len, cut)) == 9


def test_what_reading_raises_comes_after_the_records_before_it() -> None:
    def source() -> Iterator[Record]:
        yield Record("r-1", 1, "x")
        yield Record("r-2", 2, "x")
        raise SourceError("torn")

    seen: list[int] = []
    with pytest.raises(SourceError):
        for chunk in chunks(source(), 10):
            seen += [record.position for record in chunk]
    assert seen == [1, 2]


def test_a_job_has_its_records_and_its_manifest(queue: Queue, tmp_path: Path) -> None:
    source = lines(tmp_path, 2 * CHUNK)
    told: list[int] = []
    tell = lambda _, count: told.append(count)  # noqa: E731
    job = queue.submit("bibliography", source, date=date(2020, 2, 1), limit=CHUNK + 7, progress=tell)
    assert (job.state, job.loaded, job.counts.total, job.counts.todo) == ("queued", True, CHUNK + 7, CHUNK + 7)
    assert told == sorted(told) and told[-1] == CHUNK + 7
    assert texts(queue, job) == source.read_text().splitlines()[: CHUNK + 7]
    assert (job.manifest.date, job.manifest.origin.path) == ("2020-02-01", str(source))
    assert job.models == ("embedded/references",)


def test_the_source_is_not_needed_any_more(queue: Queue, tmp_path: Path) -> None:
    source = lines(tmp_path, 3)
    job = queue.submit("bibliography", source)
    source.unlink()
    assert len(texts(queue, job)) == 3


def test_strings_and_records_of_a_script(queue: Queue) -> None:
    job = queue.submit("bibliography", ["one", Record("mine", 7, "two", {"shelf": "A"})])
    records = queue.ledger.records(job.number)
    assert [(r.id, r.position, r.text) for r in records] == [("r-1", 1, "one"), ("mine", 2, "two")]
    assert dict(records[1].carried) == {"shelf": "A"}
    with pytest.raises(UsageError, match="Item 1 of the source is of type int"):
        queue.submit("bibliography", [1])  # type: ignore[list-item]


@pytest.mark.parametrize("at", [1, 3, 1000, 2047])
def test_an_interrupted_loading_goes_on(queue: Queue, tmp_path: Path, at: int) -> None:
    source = lines(tmp_path, CHUNK + 100)
    with pytest.raises(Interrupted):
        queue.submit("bibliography", source, progress=stop_at(at))
    (job,) = queue.jobs()
    assert job.state == "loading" and at <= job.counts.total < CHUNK + 100
    job = queue.resume_loading(job)
    assert (job.state, job.counts.total) == ("queued", CHUNK + 100)
    assert texts(queue, job) == source.read_text().splitlines()


@pytest.mark.parametrize("change", ["first", "shorter"])
def test_a_source_that_changed_meanwhile_is_refused(queue: Queue, tmp_path: Path, change: str) -> None:
    source = lines(tmp_path, 100)
    with pytest.raises(Interrupted):
        queue.submit("bibliography", source, progress=stop_at(30))
    kept = source.read_text().splitlines(keepends=True)
    source.write_text("".join(kept[:5] if change == "shorter" else ["other\n", *kept[1:]]))
    (job,) = queue.jobs()
    with pytest.raises(UsageError, match=f"has changed since {job.id} began"):
        queue.resume_loading(job)
    assert queue.job(job.id).state == "loading"


def test_what_came_from_a_script_cannot_be_read_again(queue: Queue) -> None:
    with pytest.raises(Interrupted):
        queue.submit("bibliography", ["a", "b"], progress=stop_at(1))
    (job,) = queue.jobs()
    with pytest.raises(UsageError, match="came from a script"):
        queue.resume_loading(job)


def test_again_with_another_model(queue: Queue, tmp_path: Path) -> None:
    old = queue.submit("bibliography", lines(tmp_path, 50), priority=3)
    new = queue.again(old, model="ollama/qwen3:4b")
    assert new.id != old.id and new.models == ("ollama/qwen3:4b",) and new.manifest.again_of == old.id
    assert texts(queue, new) == texts(queue, old)
    assert (new.state, new.priority, new.bundle) == ("queued", 3, old.bundle)
    with pytest.raises(UsageError, match="password"):
        queue.again(old, model="openai/x@http://me:pw@host/v1")


def test_a_job_waits_for_another(queue: Queue, tmp_path: Path) -> None:
    first = queue.submit("bibliography", lines(tmp_path, 1))
    second = queue.submit("bibliography", ["x"], after=[first.id[2:]])
    assert (second.state, second.after) == ("waiting", (first.id,))
    with pytest.raises(UsageError, match="no job `j-nothere`"):
        queue.submit("bibliography", ["x"], after=["j-nothere"])
    assert len(queue.jobs()) == 2


def test_a_source_that_is_not_there_leaves_no_job(queue: Queue, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        queue.submit("bibliography", tmp_path / "nothing.txt")
    assert queue.jobs() == []
