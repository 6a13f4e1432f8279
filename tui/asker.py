"""Asks the worker for things, away from the screen: an answer may take seconds. Knows no Textual."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from gleanery.errors import GleaneryError
from gleanery.jobs.job import Verb
from gleanery.queue import Queue


class Asker:
    """Asks one thing after another in the queue of `home`, and tells `answer` or `refuse` the sentence that came back.

    Its threads hold up no exit: what was asked stands in the ledger, and is done without them.
    """

    def __init__(self, home: Path, answer: Callable[[str], object], refuse: Callable[[str], object]) -> None:
        self._home, self._answer, self._refuse = home, answer, refuse
        self._one_at_a_time = Lock()

    def ask(self, job: str, verb: Verb, **arguments: Any) -> None:
        """Ask something of a job."""
        self._begin(lambda queue: queue.ask(job, verb, **arguments))

    def start_worker(self) -> None:
        """Start the worker, where none runs."""
        self._begin(_started)

    def _begin(self, do: Callable[[Queue], str]) -> None:
        Thread(target=self._do, args=(do,), name="gleanery-ask", daemon=True).start()

    def _do(self, do: Callable[[Queue], str]) -> None:
        try:
            with self._one_at_a_time, Queue(self._home) as queue:
                sentence = do(queue)
        except GleaneryError as error:
            self._refuse(str(error))
        else:
            self._answer(sentence)


def _started(queue: Queue) -> str:
    holder, now = queue.start_worker()
    return f"Worker {holder.pid} {'started' if now else 'runs already'}."
