"""Whatever is done to jobs, in whatever order: counters say what rows say, and rows what a simple model says."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from ledger_parts import BUNDLE, counted, manifest, obeyed, outcome, records

from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter
from gleanery.tasks.records import Status

STATUSES: tuple[Status, ...] = ("ok", "review", "failed")
POSITIONS = st.lists(st.integers(1, 12), max_size=6)


class Ledgers(RuleBasedStateMachine):
    """A ledger beside a dictionary: of each job by its id, of each record by its position, the status or None."""

    jobs: Bundle[str] = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger.open(Path(self.folder.name))
        self.ledger.database.connection.execute("PRAGMA synchronous = OFF")  # nobody pulls the plug here
        self.model: dict[str, dict[int, Status | None]] = {}

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    @rule(target=jobs, count=st.integers(0, 8))
    def submit(self, count: int) -> str:
        job = self.ledger.submit(manifest(), BUNDLE)
        self.ledger.load(job.number, records(count), "x")
        self.model[job.id] = dict.fromkeys(range(1, count + 1))
        return job.id

    @rule(job=jobs, count=st.integers(1, 4))
    def load(self, job: str, count: int) -> None:
        found = self.ledger.job(job)
        if not found.loaded and found.state != "cancelled":
            first = len(self.model[job]) + 1
            self.ledger.load(found.number, records(count, first), "x")
            self.model[job] |= dict.fromkeys(range(first, first + count))

    @rule(job=jobs)
    def finish_loading(self, job: str) -> None:
        self.ledger.finish_loading(self.ledger.job(job).number)

    @rule(job=jobs, positions=POSITIONS, status=st.sampled_from(STATUSES), cached=st.booleans())
    def commit(self, job: str, positions: list[int], status: Status, cached: bool) -> None:
        number = self.ledger.job(job).number
        deliveries = [Delivery(number, outcome(position, status), cached=cached) for position in positions]
        kept = LedgerWriter(self.ledger).commit(deliveries)
        todo = {n for n in positions if n in self.model[job] and self.model[job][n] is None}
        self.model[job] |= dict.fromkeys(todo, status)
        assert kept == len(todo)

    @rule(job=jobs, statuses=st.sets(st.sampled_from(STATUSES)))
    def retry(self, job: str, statuses: set[Status]) -> None:
        count = LedgerWriter(self.ledger).retry(self.ledger.job(job).number, sorted(statuses))
        again = [n for n, status in self.model[job].items() if status in statuses]
        self.model[job] |= dict.fromkeys(again)
        assert count == len(again)

    @rule(job=jobs, positions=POSITIONS)
    def retry_some(self, job: str, positions: list[int]) -> None:
        there = [n for n in positions if n in self.model[job]]
        obeyed(self.ledger, job, "retry", ids=[f"r-{n}" for n in there] or ["r-0"])
        self.model[job] |= dict.fromkeys(there)

    @rule(job=jobs, verb=st.sampled_from(["pause", "resume", "cancel"]))
    def command(self, job: str, verb: str) -> None:
        obeyed(self.ledger, job, verb)  # type: ignore[arg-type]

    @rule(job=consumes(jobs))
    def delete(self, job: str) -> None:
        assert obeyed(self.ledger, job, "delete") == (f"Deleted {job}.", False)
        del self.model[job]

    @invariant()
    def counters_are_what_rows_say(self) -> None:
        found = {job.id: job for job in self.ledger.jobs()}
        assert set(found) == set(self.model)
        for id, job in found.items():
            model = self.model[id]
            assert job.counts == counted(self.ledger, job.number)
            assert [record.position for record in self.ledger.todo(job.number)] == [
                n for n in model if model[n] is None
            ]
            kept = [(kept.record.position, kept.status) for kept in self.ledger.kept(job.number)]
            assert kept == [(n, status) for n, status in model.items() if status is not None]


TestLedgers = Ledgers.TestCase
TestLedgers.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
