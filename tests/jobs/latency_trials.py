"""How soon a worker obeys: seconds from asking until the last request came to the server, or the last result."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from types import TracebackType

from real_worker import Bench, WorkerProcess

from gleanery.jobs.job import Job
from gleanery.queue import Queue

SECONDS = 0.3
"""What an answer takes."""
QUIET = 1.0
"""Seconds after which nothing more is to be expected that was begun before."""


class Trials(AbstractContextManager["Trials"]):
    """A worker with jobs in flight. `models`: one job for each, side by side; of the first one it is asked."""

    def __init__(self, bench: Bench, models: tuple[str, ...] = ("one",), records: int = 5000) -> None:
        assert bench.server is not None
        self.bench, self.server, self.models = bench, bench.server, models
        self._records = records
        self._cancelled: set[str] = set()

    def __enter__(self) -> Trials:
        self.server.seconds = SECONDS
        self.queue: Queue = self.bench.queue()
        self._holding = self.bench.worker()
        self.worker: WorkerProcess = self._holding.__enter__()
        self._jobs = [self._submitted(model) for model in self.models]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holding.__exit__(kind, error, trace)
        self.queue.close()

    def pause(self) -> float:
        """Seconds from asking that the first job be paused until its last request came; others go on."""
        self._goes()
        model, job = self.models[0], self._jobs[0]
        began = time.monotonic()
        self.queue.ask(job.id, "pause")
        time.sleep(QUIET)
        last = max(asked.at for asked in self.server.asked if asked.model == model)
        self.worker.until(lambda: self.queue.job(job.id).counts.done == len(self.server.texts(model)))
        assert self.queue.job(job.id).state == "paused"
        for other in self.models[1:]:
            assert max(asked.at for asked in self.server.asked if asked.model == other) > began + QUIET / 2
        return max(0.0, last - began)

    def resume(self) -> float:
        """Seconds from asking that it go on until its next request came. Nothing is asked twice."""
        model, job = self.models[0], self._jobs[0]
        count, began = len(self.server.texts(model)), time.monotonic()
        self.queue.ask(job.id, "resume")
        self.worker.until(lambda: len(self.server.texts(model)) > count)
        first = [asked.at for asked in self.server.asked if asked.model == model][count] - began
        self._goes()
        assert self.server.asked_again() == self._cancelled
        return first

    def cancel(self) -> float:
        """Seconds from asking that it be cancelled until its last connection was closed; the job goes on afterwards."""
        assert self.models[1:] == (), "the others' connections would be counted"
        job = self._jobs[0]
        self._goes()
        self.server.seconds = 20.0
        self.worker.until(lambda: self.server.busy == self.bench.in_flight and self._all_slow())
        in_flight = self.server.texts()[-self.bench.in_flight :]
        aborted, count, began = len(self.server.aborted), len(self.server.asked), time.monotonic()
        self.queue.ask(job.id, "cancel")
        self.worker.until(lambda: self.server.busy == 0)
        took = time.monotonic() - began
        time.sleep(0.3)
        assert len(self.server.aborted) - aborted == self.bench.in_flight
        assert len(self.server.asked) == count
        assert self.queue.job(job.id).state == "cancelled"
        self.server.seconds = SECONDS
        self.queue.ask(job.id, "resume")
        self.worker.until(lambda: set(in_flight) <= self.server.asked_again())
        self._cancelled.update(in_flight)
        assert self.server.asked_again() == self._cancelled
        return took

    def _submitted(self, model: str) -> Job:
        return self.bench.submit(self.queue, self._records, f"ollama/{model}", name=model, cache=False)

    def _goes(self) -> None:
        """Wait until it goes as it does for long."""
        counts = [len(self.server.texts(model)) for model in self.models]
        more = self.bench.in_flight + 4
        self.worker.until(
            lambda: all(
                len(self.server.texts(model)) >= count + more for model, count in zip(self.models, counts, strict=True)
            )
        )

    def _all_slow(self) -> bool:
        """Whether nothing comes any more, since all that are in flight are slow now."""
        return time.monotonic() - self.server.asked[-1].at > 2 * SECONDS


class SpecialistTrials(AbstractContextManager["SpecialistTrials"]):
    """A worker with a job of the specialist, of which each result's time tells when it was worked on."""

    def __init__(self, bench: Bench, records: int = 12_000) -> None:
        self.bench, self._records = bench, records

    def __enter__(self) -> SpecialistTrials:
        self.queue: Queue = self.bench.queue()
        self._holding = self.bench.worker()
        self.worker: WorkerProcess = self._holding.__enter__()
        texts = [f"Smith, J. ({1900 + n % 100}). Title {n} of a book. London: Verso." for n in range(self._records)]
        self.job = self.bench.submit(self.queue, texts, "embedded/references", cache=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holding.__exit__(kind, error, trace)
        self.queue.close()

    def pause(self) -> float:
        """Seconds from asking that it be paused until its last result was kept."""
        return self._ended("pause", "paused")

    def cancel(self) -> float:
        """The same for its end at once."""
        return self._ended("cancel", "cancelled")

    def resume(self) -> float:
        """Seconds from asking that it go on until the next result was kept."""
        count, began = self._done(), time.monotonic()
        self.queue.ask(self.job.id, "resume")
        self.worker.until(lambda: self._done() > count)
        return time.monotonic() - began

    def _ended(self, verb: str, state: str) -> float:
        count = self._done()
        self.worker.until(lambda: self._done() > count + 200)
        began = time.time()
        self.queue.ask(self.job.id, verb)  # type: ignore[arg-type]
        time.sleep(QUIET)
        job = self.queue.job(self.job.id)
        assert job.state == state and job.counts.todo > 0, job
        last = self.queue.ledger.database.value("SELECT max(at) FROM results WHERE job = ?", (job.number,))
        count = self._done()
        time.sleep(QUIET / 2)
        assert self._done() == count
        return max(0.0, float(last) - began)

    def _done(self) -> int:
        return self.queue.job(self.job.id).counts.done
