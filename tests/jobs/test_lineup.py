"""Which jobs run: rules that hold for every queue."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scripted_executor import manifest

from gleanery.jobs.job import Counts, Job, Pace, State
from gleanery.jobs.lineup import lineup, servers_of, why_it_waits

ONE, TWO = "ollama/one", "openai/two@http://lab:8000/v1"
MODELS = [(ONE,), ("ollama/three",), (TWO,), ("embedded/references",), ("embedded/references", TWO), ("gguf/a.gguf",)]


def a_job(number: int, models: tuple[str, ...] = (ONE,), priority: int = 0, after: tuple[str, ...] = ()) -> Job:
    return Job(
        number, f"j-{number}", "queued", None, manifest(models=models), "", priority, float(number), True, "",
        Counts(1, 1), Pace(), {}, 0.0, None, None, after,
    )  # fmt: skip


def queues() -> st.SearchStrategy[list[Job]]:
    specs = st.lists(st.tuples(st.sampled_from(MODELS), st.integers(0, 2)), max_size=8)
    return specs.map(
        lambda given: [
            a_job(n, models, priority)
            for n, (models, priority) in enumerate(sorted(given, key=lambda entry: -entry[1]), 1)
        ]
    )


@given(queues(), st.sets(st.sampled_from([f"j-{n}" for n in range(1, 9)])))
def test_the_rules_hold_and_nothing_runs_less_than_it_could(jobs: list[Job], drained: set[str]) -> None:
    line = lineup(jobs, drained)
    assert line == [job for job in jobs if job in line]
    assert not jobs or line[0] is jobs[0]
    for job in jobs:
        before = [other for other in line if other.number < job.number]
        same = [other for other in before if other.models == job.models]
        keep = [
            other
            for other in before
            if other.priority > job.priority and other.id not in drained and servers_of(other) & servers_of(job)
        ]
        assert (job in line) == (not same and not keep)


def test_servers_are_told_apart_by_their_url() -> None:
    assert servers_of(a_job(1, (TWO, "openai/other@http://lab:8000/v1/"))) == {"http://lab:8000/v1"}
    assert servers_of(a_job(1, (ONE, "embedded/references", "gguf/a.gguf"))) == {
        "http://127.0.0.1:11434",
        "embedded",
        "gguf/a.gguf",
    }
    assert servers_of(a_job(1, ("nonsense",))) == {"nonsense"}
    named = manifest(models=("ollama/one@lab",), endpoints={"lab": {"kind": "ollama", "url": "http://lab:1"}})
    job = a_job(1)
    assert servers_of(Job(**{**{name: getattr(job, name) for name in Job.__slots__}, "manifest": named})) == {
        "http://lab:1"
    }


def test_a_job_of_lower_priority_at_the_same_server_waits_until_the_other_is_drained() -> None:
    high, low = a_job(1, (ONE,), 1), a_job(2, ("ollama/three",))
    assert lineup([high, low]) == [high]
    assert lineup([high, low], {"j-1"}) == [high, low]
    equal = a_job(3, ("ollama/three",), 1)
    assert lineup([high, equal]) == [high, equal]


def test_what_a_job_waits_for_is_said() -> None:
    job = a_job(3, after=("j-2", "j-1"))
    states: dict[str, State | None] = {"j-1": "running", "j-2": "queued"}
    assert why_it_waits(job, states) == "Waits for j-1, j-2."
    assert why_it_waits(job, {"j-1": "done", "j-2": "done"}) is None
    for state, words in (("failed", "j-2 failed"), ("cancelled", "j-2 was cancelled"), (None, "is not there any more")):
        said = why_it_waits(job, {"j-1": "done", "j-2": state}) or ""
        assert said.startswith("Waits for j-2. But j-2 ")
        assert words in said
        assert said.endswith("gleanery resume j-3")
