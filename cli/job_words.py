"""How commands say things of jobs: times, counts, and the job as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gleanery.watching import rate_of, seconds_left

if TYPE_CHECKING:
    from gleanery.jobs.job import Counts, Event, Job

STATE_COLOURS: Mapping[str, str] = {
    "loading": "cyan",
    "queued": "default",
    "waiting": "yellow",
    "running": "blue",
    "paused": "yellow",
    "done": "green",
    "failed": "red",
    "cancelled": "bright_black",
}
"""What rich calls the colours of states."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float | None) -> str:
    """A time in whole units, of which there are two at least: "95 s", "12 min", "30 h"; empty where it is not known."""
    if seconds is None:
        return ""
    for size, unit in _UNITS:
        if seconds >= 2 * size or size == 1:
            return f"{max(0.0, seconds) / size:.0f} {unit}"
    raise AssertionError  # pragma: no cover - the last unit takes everything


def rate(a_second: float | None) -> str:
    """Records a second, or a minute where they are few; empty where it is not known."""
    if a_second is None:
        return ""
    if a_second and a_second < 1:
        return f"{60 * a_second:.2g}/min"
    return f"{a_second:,.0f}/s" if a_second >= 10 else f"{a_second:.2g}/s"


def records(count: int) -> str:
    """So many records."""
    return f"{count:,} record{'' if count == 1 else 's'}"


def counted(counts: Counts) -> str:
    """What became of the records that are done."""
    words = ((counts.ok, "ok"), (counts.review, "in review"), (counts.failed, "failed"))
    return ", ".join(f"{count:,} {word}" for count, word in words if count) or "nothing done"


def latencies(job: Job) -> str:
    """Medians of the time to the first token, and of the time per further token; empty where no model tells them."""
    pace = job.pace
    ttft = f"TTFT {pace.ttft_ms:,.0f} ms" if pace.ttft_ms is not None else ""
    tpot = f"TPOT {pace.tpot_ms:,.1f} ms" if pace.tpot_ms is not None else ""
    return ", ".join(filter(None, (ttft, tpot)))


def share(job: Job) -> float:
    """How much of a job is done, 0 to 1; while it is loading, nobody knows how much that will have been."""
    return job.counts.done / job.counts.total if job.counts.total else 0.0


def when(seconds: float | None) -> str | None:
    """A moment as ISO 8601 in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def state_of(job: Job) -> str:
    """Its state, and what it was asked to do and has not done yet."""
    return f"{job.state}, {job.pending[-1]} asked" if job.pending else job.state


def reason_of(job: Job) -> str:
    """Why it is in its state, as far as that wants saying."""
    if job.reason or job.state != "waiting" or not job.after:
        return job.reason or ""
    return f"after {', '.join(job.after)}"


def job_json(job: Job, now: float) -> dict[str, Any]:
    """A job as `--json` prints it."""
    counts = job.counts
    left = seconds_left(job, now)
    return {
        "id": job.id,
        "state": job.state,
        "reason": job.reason,
        "pending": list(job.pending),
        "task": job.manifest.task,
        "source": job.manifest.origin.name,
        "models": list(job.models),
        "priority": job.priority,
        "after": list(job.after),
        "loaded": job.loaded,
        "total": counts.total,
        "todo": counts.todo,
        "done": counts.done,
        "ok": counts.ok,
        "review": counts.review,
        "failed": counts.failed,
        "cached": counts.cached,
        "in_flight": job.pace.in_flight if job.state == "running" else 0,
        "rate": rate_of(job, now),
        "seconds_left": None if left is None else round(left, 1),
        "ttft_ms": job.pace.ttft_ms,
        "tpot_ms": job.pace.tpot_ms,
        "tokens": job.pace.tokens,
        "submitted": when(job.submitted),
        "started": when(job.started),
        "ended": when(job.ended),
    }


def event_json(event: Event) -> dict[str, Any]:
    """An event as `--json` prints it."""
    return {"number": event.number, "at": when(event.at), "job": event.job, "kind": event.kind, "text": event.text}
