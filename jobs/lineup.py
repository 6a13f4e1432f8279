"""Which jobs run now, and what keeps the others: nothing but rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gleanery.errors import UsageError
from gleanery.jobs.job import Job, State
from gleanery.models.endpoint import Endpoint, endpoint_of, parse_address


def lineup(jobs: Sequence[Job], drained: Collection[str] = ()) -> list[Job]:
    """Of jobs that could run, given in their order, those that do.

    Jobs of the same models run one after another, but for the steps of a pipeline, which feed each other. Beside a job
    of higher priority, none runs that shares a server with it, until that one is `drained` (ids): all its records are
    sent.
    """
    taken: list[tuple[Job, frozenset[str]]] = []
    for job in jobs:
        servers = servers_of(job)
        if not any(_keeps(other, theirs, job, servers, drained) for other, theirs in taken):
            taken.append((job, servers))
    return [job for job, _ in taken]


def _keeps(
    first: Job, its_servers: frozenset[str], second: Job, servers: frozenset[str], drained: Collection[str]
) -> bool:
    """Whether a job that runs keeps a later one from running."""
    if first.models == second.models and not _is_one_pipeline(first, second):
        return True
    return first.priority > second.priority and first.id not in drained and not its_servers.isdisjoint(servers)


def _is_one_pipeline(first: Job, second: Job) -> bool:
    return first.manifest.pipeline is not None and first.manifest.pipeline == second.manifest.pipeline


def servers_of(job: Job) -> frozenset[str]:
    """What the models of a job run on: servers by their URL, this machine's cores, a GGUF file's own process."""
    endpoints = {
        name: Endpoint(name, "ollama" if values.get("kind") == "ollama" else "openai", str(values.get("url", "")))
        for name, values in job.manifest.endpoints.items()
    }
    return frozenset(_server_of(address, endpoints) for address in job.models)


def _server_of(address: str, endpoints: Mapping[str, Endpoint]) -> str:
    try:
        parsed = parse_address(address)
        if parsed.provider in ("embedded", "gguf"):
            return "embedded" if parsed.provider == "embedded" else address
        return endpoint_of(parsed, endpoints).url.rstrip("/")
    except UsageError:
        return address  # what is wrong with it is said when it is opened


def why_it_waits(job: Job, states: Mapping[str, State | None]) -> str | None:
    """What a job that comes after others waits for; None: all of them are done. `states` are theirs, None: deleted."""
    unmet = sorted(id for id in job.after if states.get(id) != "done")
    if not unmet:
        return None
    words = {"failed": "failed", "cancelled": "was cancelled", None: "is not there any more"}
    lost = [f"{id} {words[state]}" for id in unmet if (state := states.get(id)) in words]
    return f"Waits for {', '.join(unmet)}." + (
        f" But {', '.join(lost)}. To go on all the same: gleanery resume {job.id}" if lost else ""
    )
