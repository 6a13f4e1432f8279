"""Asking something of jobs, one after another, and saying what came of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.job_argument import named_jobs
from gleanery.cli.job_words import records
from gleanery.errors import GleaneryError, UsageError

if TYPE_CHECKING:
    from gleanery.jobs.job import Job, State, Verb
    from gleanery.queue import Queue


class Asking:
    """Answers go to standard output, what to do next to standard error. What cannot be done is said too, the
    others are asked all the same, and the exit code tells at the end."""

    def __init__(self, as_json: bool) -> None:
        from gleanery.queue import Queue

        self.queue: Queue = Queue()
        self._as_json = as_json
        self._error: GleaneryError | None = None
        self._done = 0

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.queue.close()
        if error is None and self._error is not None:
            sys.exit(self._error.exit_code)

    def chosen(self, ids: Collection[str], states: Collection[State] | None) -> list[Job]:
        """The jobs of those ids, or all in those states."""
        if bool(ids) == (states is not None):
            raise UsageError("Say which jobs: their ids, as `gleanery jobs` lists them, or --all.")
        if states is None:
            return named_jobs(self.queue, ids)
        found = self.queue.jobs(states)
        if not found:
            click.echo("There are no such jobs: gleanery jobs", err=True)
        return found

    def ask(self, job: Job, verb: Verb, *, then: str = "", **arguments: Any) -> None:
        """Ask for something."""
        self._say(job.id, verb, then, lambda: (job.id, self.queue.ask(job.id, verb, **arguments)))

    def again(self, job: Job, model: str) -> None:
        """Make a new job of an old one."""

        def make() -> tuple[str, str]:
            new = self.queue.again(job, model=model)
            return new.id, f"Made {new.id}: the {records(new.counts.total)} of {job.id} with {model}."

        self._say(job.id, "retry", f"The results of {job.id} stay beside its own. Next: gleanery watch", make)

    def load(self, job: Job) -> None:
        """Store the rest of a job's records."""
        from gleanery.cli.loading import with_loading

        def resume_loading() -> tuple[str, str]:
            loaded = with_loading(lambda progress: self.queue.resume_loading(job, progress))
            return loaded.id, f"Stored all {records(loaded.counts.total)} of {job.id}; it is {loaded.state}."

        self._say(job.id, "resume", f"Next: gleanery watch {job.id}", resume_loading)

    def take_back(self, job: Job, file: str) -> None:
        """Keep what became of a job's requests elsewhere."""
        from gleanery.batching import take_back

        def take() -> tuple[str, str]:
            with Path(file).open("rb") as stream:
                back = take_back(self.queue.ledger, job, stream, name=file)
            return job.id, f"Took {back.taken:,} results for {job.id} from {file}; {records(back.left)} left to do."

        then = f"Next: gleanery export {job.id}; to have a model asked about what is left: gleanery resume {job.id}"
        self._say(job.id, "resume", then, take)

    def start_worker(self, no_start: bool) -> None:
        """See to it that a worker runs, where something was asked that wants one."""
        if not self._done:
            return
        if no_start:
            if self.queue.worker() is None:
                click.echo("No worker runs, and none was started: gleanery worker start", err=True)
            return
        holder, started = self.queue.start_worker()
        if started:
            click.echo(f"Started a worker (process {holder.pid}).", err=True)

    def _say(self, id: str, verb: Verb, then: str, act: Callable[[], tuple[str, str]]) -> None:
        """Do it, and say what came of it: the job and a sentence."""
        try:
            job, answer = act()
        except GleaneryError as error:
            self._error = error
            if self._as_json:
                _print({"job": id, "verb": verb, "done": False, "answer": str(error)})
            click.echo(f"Error: {error}", err=True)
            return
        self._done += 1
        if self._as_json:
            _print({"job": job, "verb": verb, "done": True, "answer": answer})
            return
        click.echo(answer)
        if then:
            click.echo(then, err=True)


def _print(value: object) -> None:
    from gleanery.tasks.exports.jsonl import json_bytes

    click.echo(json_bytes(value))
