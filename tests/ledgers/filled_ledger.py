"""Ledgers to test doors with: real ones, filled as doors and the worker fill them, with jobs in every state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from gleanery.jobs.bundle import bundle_of
from gleanery.jobs.job import Job, Pace, State
from gleanery.jobs.ledger.ledger import Kept, Ledger
from gleanery.jobs.ledger.wire import WireWriter, wire_file
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.jobs.outcome import Outcome, outcome_of
from gleanery.models.wire import Exchange
from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import INFERRED, Issue, Record, Result, Span, Status

SPECIALIST = "embedded/references"
CHAT = "ollama/qwen3:4b"
DIGESTS = {SPECIALIST: "5e" * 32, CHAT: "359d7dd4bcda" + "0" * 52}
LOST = "http://127.0.0.1:11434 (ollama) does not answer. Start it with: ollama serve. Tried again every 60 s."
CONTEXT = "The prompt has 9120 tokens, and the window of qwen3:4b holds 8192."
TORN = "The model's answer is no JSON: Expecting value: line 1 column 1 (char 0)."


def manifest(models: Sequence[str] = (SPECIALIST,), source: str = "references.txt", **changes: Any) -> Manifest:
    """What a job of the task `bibliography` is."""
    made = Manifest(
        task="bibliography",
        kind="extract",
        task_digest="7a" * 32,
        schema_digest="c0" * 32,
        prompt_digest="91" * 32 if CHAT in models else None,
        models=tuple(models),
        options={"accept": 0.9, "temperature": 0.0, "seed": 0, "max_tokens": 1024},
        endpoints={"ollama": {"kind": "ollama", "url": "http://127.0.0.1:11434"}} if CHAT in models else {},
        gguf={},
        folder="/home/ada/bibliography",
        date="2026-11-21",
        version="0.1.0",
        origin=Origin(source, f"/home/ada/bibliography/{source}"),
    )
    return replace(made, **changes)


def records(count: int, first: int = 1) -> list[Record]:
    """So many references."""
    return [
        Record(f"r-{n}", n, f"Roe, J. ({1900 + n % 100}). Book {n}. London: Verso.")
        for n in range(first, first + count)
    ]


def result(record: Record, status: Status, model: str = SPECIALIST) -> Result:
    """What became of such a reference; two reasons for which it may fail."""
    if status == "failed":
        reason = CONTEXT.replace("9120", str(9000 + record.position)) if record.position % 3 else TORN
        return Result(
            record.id, record.text, None, {}, {}, "failed", model, error=reason, attempts=3, milliseconds=900.0
        )
    title, year = f"Book {record.position}", str(1900 + record.position % 100)
    output = {
        "type": "book",
        "title": title,
        "author": [{"family": "Roe", "given": "J."}],
        "issued": {"date-parts": [[int(year)]]},
        "publisher": "Verso",
    }
    spans = {"type": INFERRED, "author.0.family": Span(0, 3, "exact"), "author.0.given": Span(5, 7, "exact")}
    for path, value in (("issued", year), ("title", title), ("publisher", "Verso")):
        start = record.text.index(value)
        spans[path] = Span(start, start + len(value), "normalised" if path == "issued" else "exact")
    unsure = (Issue("low-confidence", None, "The record's confidence is 0.71, below 0.9."),)
    chat = model == CHAT
    return Result(
        record.id,
        record.text,
        output,
        spans,
        {"record": 0.97 if status == "ok" else 0.71},
        status,
        model,
        issues=() if status == "ok" else unsure,
        milliseconds=1800.0 + record.position if chat else 1.5,
        usage={"prompt": 900, "completion": 120} if chat else None,
        timing={"first_token_ms": 210.0, "per_token_ms": 12.5} if chat else None,
        exchanges=(_exchange(record),) if chat else (),
    )


def _exchange(record: Record) -> Exchange:
    return Exchange(
        model=CHAT,
        purpose="chat",
        attempt=1,
        method="POST",
        url="http://127.0.0.1:11434/api/chat",
        headers={"content-type": "application/json"},
        request=f'{{"messages":[{{"role":"user","content":"{record.text}"}}]}}',
        began="2026-11-21T09:00:00.000Z",
        status=200,
        reply_headers={"content-type": "application/x-ndjson"},
        reply=f'{{"message":{{"content":"Book {record.position}"}}}}',
        first=0.21,
        seconds=1.8,
        usage={"prompt": 900, "completion": 120},
    )


class FilledLedger:
    """A ledger in `home`, written as the worker writes; close it, or use it in a `with`, before its folder goes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ledger = Ledger.open(home)
        self.writer = LedgerWriter(self.ledger)

    def __enter__(self) -> FilledLedger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def add(
        self,
        state: State = "queued",
        reason: str | None = None,
        *,
        total: int = 10,
        ok: int = 0,
        review: int = 0,
        failed: int = 0,
        id: str | None = None,
        priority: int = 0,
        after: Sequence[str] = (),
        pace: Pace | None = None,
        **changes: Any,
    ) -> Job:
        """A job in that state, `total` records stored, so many of them done: failed ones first, then those in review,
        then ok ones. `changes` are arguments of `manifest`."""
        described = manifest(**changes)
        job = self.ledger.submit(described, bundle_of(load_task("bibliography")), priority=priority, after=after, id=id)
        stored = records(total)
        self.ledger.load(job.number, stored, sha256("".join(record.text for record in stored).encode()).hexdigest())
        if state == "loading":
            return self.ledger.job(job.id)
        self.ledger.finish_loading(job.number)
        done = ok + review + failed
        if done or state in ("running", "done"):
            self.writer.set_state(job.number, "running")
            self.writer.pin(job.number, {model: DIGESTS.get(model) for model in described.models})
        statuses: list[Status] = [*["failed"] * failed, *["review"] * review, *["ok"] * ok]  # type: ignore[list-item]
        self.deliver(job, statuses, pace=pace)
        if self.ledger.job(job.id).state != state:
            self.writer.set_state(job.number, state, reason)
        return self.ledger.job(job.id)

    def deliver(self, job: Job, statuses: Sequence[Status], *, pace: Pace | None = None) -> Job:
        """Commit what became of the job's next records, one status each, with the exchanges of chat models."""
        todo = self.ledger.todo(job.number, limit=len(statuses)) if statuses else []
        model = job.models[-1]
        outcomes = [
            outcome_of(record, result(record, status, model)) for record, status in zip(todo, statuses, strict=True)
        ]
        places = self._exchanged(job, todo, outcomes)
        deliveries = [
            Delivery(job.number, outcome, exchanges=place) for outcome, place in zip(outcomes, places, strict=True)
        ]
        self.writer.commit(deliveries, {job.number: pace} if pace else None)
        return self.ledger.job(job.id)

    def kept(self, job: Job) -> list[Kept]:
        """What is committed of a job."""
        return self.ledger.kept(job.number)

    def _exchanged(self, job: Job, todo: Sequence[Record], outcomes: Sequence[Outcome]) -> Sequence[int | None]:
        if CHAT not in job.models or not outcomes:
            return [None] * len(outcomes)
        path = wire_file(self.home, job.id)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        wire = WireWriter(path)
        try:
            return wire.append([(record.id, outcome.exchanges) for record, outcome in zip(todo, outcomes, strict=True)])
        finally:
            wire.close()


def fill(home: Path) -> None:
    """A ledger with a job in every state, by these ids: j-rnn001, j-cha701, j-next01 (queued), j-wa1t01 (for j-next01),
    j-g0ne01 (waiting for its endpoint), j-st0re1 (loading), j-pa5e01, j-d0ne01, j-bad001 (done, some failed), j-fa1e01,
    j-cance1."""
    with FilledLedger(home) as filled:
        filled.add("done", total=120, ok=113, review=7, id="j-d0ne01", source="thesis.txt")
        filled.add(
            "done", total=40, ok=31, review=4, failed=5, id="j-bad001", models=(CHAT,), source="conference.jsonl"
        )
        specialist = Pace(at=1795248000.0, rate=812.4, in_flight=64, slowest=(("r-17", 0.031), ("r-3", 0.02)))
        filled.add(
            "running", total=400, ok=250, review=6, id="j-rnn001", source="dissertation/references.txt", pace=specialist
        )
        calls = Pace(1795248000.0, 2.4, 16, 210.0, 12.5, 4200, (("r-35", 1.835), ("r-34", 1.834)))
        filled.add(
            "running",
            total=90,
            ok=30,
            review=4,
            failed=1,
            id="j-cha701",
            models=(SPECIALIST, CHAT),
            source="old-catalogue.csv",
            pace=calls,
        )
        filled.add("queued", total=60, id="j-next01", source="more.txt", priority=0)
        filled.add("waiting", total=20, id="j-wa1t01", source="last.txt", after=("j-next01",))
        filled.add("waiting", LOST, total=30, ok=3, id="j-g0ne01", models=(CHAT,), source="letters.txt")
        filled.add("loading", total=25, id="j-st0re1", source="million.txt")
        filled.add("paused", total=50, ok=20, id="j-pa5e01", source="notes.txt")
        filled.add(
            "failed", "ollama/qwen3:4b is not there: ollama pull qwen3:4b", total=10, id="j-fa1e01", models=(CHAT,)
        )
        filled.add("cancelled", total=80, ok=12, review=1, id="j-cance1", source="wrong.txt")
