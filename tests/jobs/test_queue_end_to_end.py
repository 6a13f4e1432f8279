"""What the queue promises, with a real worker process and a server that notes what it is asked."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_worker import Bench, TitleServer, WorkerProcess, titles

from gleanery.jobs.job import Job, State
from gleanery.queue import Queue


@pytest.fixture
def server() -> Iterator[TitleServer]:
    with TitleServer(seconds=0.05) as server:
        yield server


@pytest.fixture
def bench(tmp_path: Path, server: TitleServer) -> Bench:
    return Bench(tmp_path, server, in_flight=8)


@pytest.fixture
def queue(bench: Bench) -> Iterator[Queue]:
    with bench.queue() as queue:
        yield queue


def comes_to(worker: WorkerProcess, queue: Queue, state: State, *jobs: Job) -> None:
    worker.until(lambda: all(queue.job(job.id).state == state for job in jobs))


def names(server: TitleServer) -> str:
    """Of which job each request was, by the name in its records."""
    return "".join(text.split()[1] for text in server.texts())


def test_the_higher_priority_goes_first_and_others_go_on_where_they_were(
    bench: Bench, queue: Queue, server: TitleServer
) -> None:
    first = bench.submit(queue, 150, name="A")
    with bench.worker() as worker:
        worker.until(lambda: len(server.asked) > 20)
        last = bench.submit(queue, 20, name="C")
        urgent = bench.submit(queue, 20, name="B", priority=5)
        comes_to(worker, queue, "done", first, last, urgent)
    order = names(server)
    began = order.index("B")
    assert began < 120 and set(order[began : began + 20]) == {"B"}
    assert set(order[:began] + order[began + 20 : -20]) == {"A"}
    assert order[-20:] == "C" * 20
    assert not server.asked_again()


def test_two_models_run_at_once_and_share_their_server(bench: Bench, queue: Queue, server: TitleServer) -> None:
    jobs = [bench.submit(queue, 150, f"ollama/{model}", name=model) for model in ("one", "two")]
    with bench.worker() as worker:
        worker.until(lambda: len(server.asked) >= 200)
        comes_to(worker, queue, "done", *jobs)
    asked = [asked.model for asked in server.asked]
    both = min(asked.index("one"), asked.index("two")), max(asked.index("one"), asked.index("two"))
    shared = Counter(asked[both[1] : both[1] + 150])
    assert abs(shared["one"] - shared["two"]) <= 30, shared
    assert server.most <= bench.in_flight


def test_a_job_comes_after_another(bench: Bench, queue: Queue, server: TitleServer) -> None:
    first = bench.submit(queue, 60, name="A")
    second = bench.submit(queue, 10, "ollama/two", name="B", after=[first.id])
    third = bench.submit(queue, 10, "ollama/two", name="C", after=[second.id])
    with bench.worker() as worker:
        comes_to(worker, queue, "running", first)
        waiting = queue.job(second.id)
        assert waiting.state == "waiting" and first.id in (waiting.reason or "")
        comes_to(worker, queue, "done", first, second, third)
        assert names(server) == "A" * 60 + "B" * 10 + "C" * 10
        lost = bench.submit(queue, 500, name="D")
        never = bench.submit(queue, 10, "ollama/two", name="E", after=[lost.id])
        queue.ask(lost.id, "cancel")
        worker.until(lambda: "was cancelled" in (queue.job(never.id).reason or ""))
        assert f"gleanery resume {never.id}" in (queue.job(never.id).reason or "")
        queue.ask(never.id, "resume")
        comes_to(worker, queue, "done", never)


def test_what_failed_is_done_again_and_the_rest_with_another_model_beside_it(
    bench: Bench, queue: Queue, server: TitleServer
) -> None:
    server.refuses = set(titles(20)[4:6])
    job = bench.submit(queue, 20)
    with bench.worker() as worker:
        comes_to(worker, queue, "done", job)
        assert (queue.job(job.id).counts.ok, queue.job(job.id).counts.failed) == (18, 2)
        refused, server.refuses, count = server.refuses, set(), len(server.asked)
        assert "2 records" in queue.ask(job.id, "retry")
        worker.until(lambda: queue.job(job.id).counts.ok == 20)
        comes_to(worker, queue, "done", job)
        assert set(server.texts()[count:]) == refused and len(server.asked) == count + 2
        assert len(queue.ledger.superseded(job.number, 5)) == 1
        beside = queue.again(queue.job(job.id), model="ollama/two")
        comes_to(worker, queue, "done", beside)
        assert len(server.texts("two")) == 20
    assert [line["model"] for line in bench.exported(job)] == ["ollama/one"] * 20
    assert [line["model"] for line in bench.exported(beside)] == ["ollama/two"] * 20


def test_what_was_done_before_is_taken_over_and_marked(bench: Bench, queue: Queue, server: TitleServer) -> None:
    server.refuses = set(titles(10)[:1])
    job = bench.submit(queue, 10)
    asked: list[int] = []
    with bench.worker() as worker:
        comes_to(worker, queue, "done", job)
        server.refuses = set()
        for options in ({}, {"cache": False}, {"sample": 1}, {"sample": 1}, {"model": "ollama/two"}):
            before = len(server.asked)
            job = bench.submit(queue, 12, **options)
            comes_to(worker, queue, "done", job)
            asked.append(len(server.asked) - before)
            assert queue.job(job.id).counts.cached == 12 - asked[-1]
    # What is new and what had failed; all; all, as another sample; nothing; all, as another model.
    assert asked == [3, 12, 12, 0, 12]
    again = bench.submit(queue, 12)
    bench.work_off()
    out = bench.folder / "full.jsonl"
    assert bench.command("export", again.id, "-o", out, "--full").returncode == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["cached"] for line in lines] == [True] * 12
    assert [line["output"]["title"] for line in lines] == titles(12)


def test_a_lost_server_is_waited_for(bench: Bench, queue: Queue, server: TitleServer) -> None:
    job = bench.submit(queue, 100)
    with bench.worker() as worker:
        worker.until(lambda: len(server.asked) > 30)
        server.stop_listening()
        comes_to(worker, queue, "waiting", job)
        assert server.url in (queue.job(job.id).reason or "") and queue.job(job.id).counts.failed == 0
        kept = bench.kept(job)
        server.listen_again()
        comes_to(worker, queue, "done", job)
    assert queue.job(job.id).counts.ok == 100
    assert not kept & server.asked_again()
