"""A queue as its users have it: `gleanery worker run` in a process of its own, on a server that notes what arrives.

with TitleServer(seconds=0.3) as server:
    bench = Bench(tmp_path, server, in_flight=16)
    with bench.queue() as queue, bench.worker() as worker:
        job = bench.submit(queue, 100)
        worker.until(lambda: server.asked)
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from servers.ollama_server import Behaviour, OllamaServer

from gleanery.jobs.job import Job
from gleanery.queue import Queue
from gleanery.settings import Settings, load_settings
from gleanery.tasks.declarations import load_task

COMMAND = [sys.executable, "-m", "gleanery"]
TASK = """\
name: titles
summary: Titles.
kind: extract
output: "title: of the work"
prompt: "Read: {{ source }}"
"""
_SUBJECT = re.compile(r"Book (\w+) of (\d+)")
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2
_UNSET = ("OLLAMA_HOST", "GLEANERY_DEFAULT_MODEL", "GLEANERY_PROFILE", "NO_COLOR", "FORCE_COLOR", "PYTHONWARNINGS")


class Asked(NamedTuple):
    """A request about a record: when it came (monotonic), which model it was for, and the record's text."""

    at: float
    model: str
    text: str


class TitleServer(OllamaServer):
    """An Ollama that finds the title of each record after `seconds`; `refuses` are texts that it finds none in.

    `asked` are the requests about records, in the order of their coming, and `most` how many were in work at once; what
    else clients ask is answered at once.
    """

    def __init__(self, seconds: float = 0.0, models: Sequence[str] = ("one", "two")) -> None:
        super().__init__(self._title, models)
        self.seconds = seconds
        self.asked: list[Asked] = []
        self.refuses: set[str] = set()
        self.most = 0

    def texts(self, model: str | None = None) -> list[str]:
        """What was asked about, in order."""
        return [asked.text for asked in self.asked if model in (None, asked.model)]

    def asked_again(self) -> set[str]:
        """What was asked about more than once."""
        return {text for text, times in Counter(self.texts()).items() if times > 1}

    def _title(self, body: Mapping[str, Any]) -> Behaviour:
        said = body["messages"][-1]["content"]
        found = _SUBJECT.search(said)
        if found is None:
            return Behaviour()
        text = found.group()
        self.asked.append(Asked(time.monotonic(), body["model"], text))
        self.most = max(self.most, self.busy)
        if text in self.refuses:
            return Behaviour("{", done_reason="length", load=self.seconds)
        return Behaviour(json.dumps({"title": text}), load=self.seconds)


def titles(count: int, name: str = "A") -> list[str]:
    """So many titles."""
    return [f"Book {name} of {number}" for number in range(1, count + 1)]


def texts(count: int, name: str = "A") -> list[str]:
    """So many records, each about another book."""
    return [f"{title}. London." for title in titles(count, name)]


class WorkerProcess:
    """`gleanery worker run` in the foreground; what it says on standard error is kept."""

    def __init__(
        self, bench: Bench, *arguments: str, environ: Mapping[str, str] | None = None, obedient: bool = False
    ) -> None:
        self._log = bench.folder / f"worker-{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "worker", "run", *arguments],
                env={**bench.environ, **(environ or {})},
                cwd=bench.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_obey_modes if obedient else None,
            )

    @property
    def said(self) -> str:
        """All that it wrote."""
        return self._log.read_text(errors="replace")

    def until(self, true: Callable[[], object], seconds: float = 20.0) -> None:
        """Wait until something holds while it works."""
        by = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.said}"
            assert time.monotonic() < by, f"it never came true: {self.said}"
            time.sleep(0.005)

    def ended(self, seconds: float = 20.0) -> int:
        """Wait for its end: its exit code."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.process.kill()
        self.process.wait()


@dataclass
class Bench:
    """A project in `folder` with a task, a ledger in `folder`/home, and a server where its models are."""

    folder: Path
    server: TitleServer | None = None
    in_flight: int = 16
    home: Path | None = None

    def __post_init__(self) -> None:
        self.home = self.home or self.folder / "home"
        (self.folder / "titles").mkdir(exist_ok=True)
        (self.folder / "titles" / "task.yaml").write_text(TASK)
        lines = []
        if self.server is not None:
            lines = [
                "[endpoints.ollama]", 'kind = "ollama"', f'url = "{self.server.url}"',
                f"in_flight = {self.in_flight}", "patience = 0.5",
            ]  # fmt: skip
        (self.folder / "gleanery.toml").write_text("\n".join(lines))

    @property
    def environ(self) -> dict[str, str]:
        """What its commands have as their environment."""
        kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
        of_ours = {name: str(self.folder / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
        return {**kept, **of_ours, "GLEANERY_HOME": str(self.home), "PYTHONUTF8": "1"}

    @property
    def settings(self) -> Settings:
        """The settings that jobs are submitted with."""
        return load_settings(project=self.folder, environ=self.environ)

    def queue(self) -> Queue:
        """The queue, to be closed."""
        return Queue(self.home, settings=self.settings)

    def submit(
        self, queue: Queue, records: int | Sequence[str], model: str = "ollama/one", name: str = "A", **options: Any
    ) -> Job:
        """A job; options are those of `Queue.submit`."""
        task = "bibliography" if model.startswith("embedded/") else load_task(self.folder / "titles")
        source = texts(records, name) if isinstance(records, int) else records
        return queue.submit(task, source, model=model, **options)

    @contextmanager
    def worker(
        self, *arguments: str, environ: Mapping[str, str] | None = None, obedient: bool = False
    ) -> Iterator[WorkerProcess]:
        """A worker that is there meanwhile."""
        worker = WorkerProcess(self, *arguments, environ=environ, obedient=obedient)
        try:
            yield worker
        finally:
            worker.kill()

    def command(self, *arguments: object, obedient: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `gleanery` to its end; `obedient`: also root may do only what the modes of files allow."""
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            env=self.environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=_obey_modes if obedient else None,
        )

    def kept(self, job: Job) -> set[str]:
        """The titles that are committed."""
        with self.queue() as queue:
            return {result.output["title"] for result in queue.results(job) if result.output}

    def work_off(self) -> None:
        """Have a worker do all that there is."""
        done = self.command("worker", "run", "--until-idle")
        assert done.returncode == 0, done.stderr

    def exported(self, job: Job) -> list[dict[str, Any]]:
        """What `gleanery export` writes."""
        out = self.folder / f"{job.id}.jsonl"
        done = self.command("export", job.id, "-o", out)
        assert done.returncode in (0, 4), done.stderr
        return [json.loads(line) for line in out.read_text().splitlines()]


def sentence(said: str) -> str:
    """The one error that a command told, in words; a traceback is none."""
    *_, last = said.strip().splitlines()
    assert last.startswith("Error: ") and "Traceback" not in said, said
    return last


def _obey_modes() -> None:
    """Give up what root may do with files beyond their modes; what is executed next does not have it."""
    if os.geteuid() == 0:
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
