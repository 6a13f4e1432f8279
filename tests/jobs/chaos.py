"""One chaos run: a job whose processes are killed at random moments, and what must hold nevertheless.

Everything is done by real processes (`chaos_process`) on a real ledger, and killed with SIGKILL. A seed says when; the
same seed kills at the same moments, as far as the machine's load lets it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from chaos_cluster import Cluster
from chaos_performer import CHAT, EMBEDDED, write_expected, write_source

from gleanery.errors import GleaneryError
from gleanery.jobs.job import Counts, Job
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.wire import read_group, wire_file

HERE = Path(__file__).parent
STUCK = 120.0
"""Seconds after which a process that should have ended is stuck."""
GONE = 10.0
"""Seconds in which the children of a killed process must be gone."""
STARTING = 0.6
"""Seconds in which a process is about to start."""
POLL = 0.01
MARK = "GLEANERY_CHAOS_RUN"


class Trouble(AssertionError):  # noqa: N818 - what chaos is about
    """Something that must never happen, happened."""


@dataclass
class Run:
    """A run in the empty folder `folder`. `kills` of the worker; what submits and exports is killed besides.

    `dask`: its work is spread over two Dask workers; they and their scheduler are killed as well as our worker.
    """

    folder: Path
    seed: int
    records: int = 2000
    model: str | None = None
    kills: int | None = None
    dask: bool = False
    killed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._home = self.folder / "home"
        self._source, self._expected = self.folder / "source.txt", self.folder / "expected.jsonl"
        self.model = self.model or self._chance.choice((CHAT, EMBEDDED))
        self.kills = self._chance.randint(1, 5) if self.kills is None else self.kills
        self._mark = f"{os.getpid()}-{self.folder}"

    def perform(self) -> None:
        """Do it all; Trouble where something is not as it must be."""
        began = time.monotonic()
        assert self.model is not None
        write_source(self._source, self.records)
        write_expected(self._source, self._expected, self.model)
        try:
            self._submit()
            self._work()
            self._check()
        finally:
            self._end_all()
            self.seconds = time.monotonic() - began

    # The three acts

    def _submit(self) -> None:
        assert self.model is not None
        words = ("submit", str(self._source), self.model)
        for _ in range(self._chance.randint(0, 2) if self.kills else 0):
            with self._started(*words) as process:
                if self._come_to(process, "submit", self._chance.uniform(-0.2, 1.0), self._loaded):
                    self._kill(process, "submit", self._loaded)
        self._finish(*words)
        job = self._job()
        _hold(job.loaded and job.counts == Counts(self.records, self.records), f"submitted: {job.state} {job.counts}")

    def _work(self) -> None:
        if not self.dask:
            self._work_through()
            return
        with Cluster(self.folder, self._environ("cluster")) as cluster:
            self._work_through(cluster)

    def _work_through(self, cluster: Cluster | None = None) -> None:
        """Have the job done, killing at so many moments."""
        words = ("work",) if cluster is None else ("work", cluster.address)
        victims = ("worker",) if cluster is None else ("worker", *cluster.victims)
        moments = sorted(self._chance.uniform(-0.2, 0.95) for _ in range(self.kills or 0))
        while moments and self._done() < 1:
            with self._started(*words) as process:
                self._maybe_export()
                while moments and self._come_to(process, "the worker", moments.pop(0), self._done):
                    victim = self._chance.choice(victims)
                    if victim == "worker":
                        self._kill(process, victim, self._done)
                        break
                    assert cluster is not None
                    cluster.kill(victim)
                    self.killed.append(f"{victim} at {self._done():.2f}")
                else:
                    _hold(_ended(process, "the worker") == 0, f"the worker: {self._said()}")
            self._no_children("the worker")
        self._finish(*words)
        self._no_children("the worker")

    def _check(self) -> None:
        job = self._job()
        counts = job.counts
        _hold(job.state == "done", f"{job.id} is {job.state}: {job.reason}")
        _hold(counts.total == counts.done == self.records and counts.todo == 0, f"lost or doubled: {counts}")
        out = self.folder / "out.jsonl"
        self._finish("export", job.id, str(out), codes=(0, 4))
        _same(out, self._expected)
        self._finish("check")
        with Ledger.open(self._home, create=False) as ledger:
            _check_exchanges(ledger, job)

    # Killing

    def _come_to(
        self, process: subprocess.Popen[bytes], name: str, moment: float, progress: Callable[[], float]
    ) -> bool:
        """Wait until `progress` has come to that moment (0 to 1), and a little longer; below 0, for a moment of its
        start. False where the process ended before that."""
        began = time.monotonic()
        if moment < 0:
            time.sleep(self._chance.uniform(0.0, STARTING))
        while process.poll() is None and progress() < moment:
            _hold(time.monotonic() - began < STUCK, f"{name} stuck at {progress():.2f}, before {moment:.2f}")
            time.sleep(POLL)
        time.sleep(self._chance.uniform(0.0, 0.03))
        code = process.poll()
        _hold(code in (None, 0), f"{name} ended with {code}: {self._said()}")
        return code is None

    def _kill(self, process: subprocess.Popen[bytes], name: str, progress: Callable[[], float]) -> None:
        self.killed.append(
            f"{name} at {progress():.2f}"
        )  # not after it: nobody is to mend the ledger but who comes next
        process.send_signal(signal.SIGKILL)
        process.wait()

    def _maybe_export(self) -> None:
        """Sometimes, while the worker works: an export, killed or not, which may leave nothing that is not whole."""
        if self._chance.random() > 0.3:
            return
        out = self.folder / "part.jsonl"
        with self._started("export", self._job().id, str(out)) as process:
            if self._chance.random() < 0.5:
                time.sleep(self._chance.uniform(0.0, 0.8))
                process.kill()
                self.killed.append("export")
            code = _ended(process, "export")
        _hold(code in (0, 4, -signal.SIGKILL), f"export ended with {code}: {self._said()}")
        if out.exists():
            _part_of(out, self._expected)
            out.unlink()

    # Looking

    def _job(self) -> Job:
        with Ledger.open(self._home, create=False) as ledger:
            [job] = ledger.jobs()
            return job

    def _loaded(self) -> float:
        return self._share(lambda counts: counts.total)

    def _done(self) -> float:
        return self._share(lambda counts: counts.done)

    def _share(self, count: Callable[[Counts], int]) -> float:
        try:
            return count(self._job().counts) / self.records
        except (GleaneryError, ValueError):  # it is not there yet, or has no job yet
            return 0.0

    # Processes

    @contextmanager
    def _started(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(HERE / "chaos_process.py"), *words],
                env=self._environ(self._mark),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    def _environ(self, mark: str) -> dict[str, str]:
        path = os.pathsep.join((str(HERE), str(HERE.parents[1])))
        return {**os.environ, "GLEANERY_HOME": str(self._home), MARK: mark, "PYTHONPATH": path}

    def _finish(self, *words: str, codes: Sequence[int] = (0,)) -> None:
        """Have it done to its end."""
        with self._started(*words) as process:
            code = _ended(process, words[0])
        _hold(code in codes, f"{words[0]} ended with {code}: {self._said()}")

    def _said(self) -> str:
        return (self.folder / "log.txt").read_text(errors="replace")[-2000:]

    def _no_children(self, whose: str) -> None:
        end = time.monotonic() + GONE
        while left := list(self._alive()):
            _hold(time.monotonic() < end, f"children of {whose} live on: {left}")
            time.sleep(0.05)

    def _alive(self) -> Iterator[psutil.Process]:
        """The processes of this run, told by a mark in their environment, which children inherit."""
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    yield process
            except psutil.Error:
                continue

    def _end_all(self) -> None:
        for process in self._alive():
            process.kill()


def _ended(process: subprocess.Popen[bytes], name: str) -> int:
    try:
        return process.wait(STUCK)
    except subprocess.TimeoutExpired:
        raise Trouble(f"{name} is stuck") from None


def _hold(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Trouble(otherwise)


def _same(out: Path, expected: Path) -> None:
    wrote, should = out.read_bytes().splitlines(), expected.read_bytes().splitlines()
    if wrote != should:
        lost, added = len(set(should) - set(wrote)), len(set(wrote) - set(should))
        raise Trouble(f"the export differs: {len(wrote)} lines for {len(should)}, {lost} missing, {added} others")


def _part_of(out: Path, expected: Path) -> None:
    """A whole export of what was committed then: lines that must be, each once, in their order, and none cut."""
    content, lines = out.read_bytes(), iter(expected.read_bytes().splitlines())
    _hold(content == b"" or content.endswith(b"\n"), "an export was cut")
    _hold(all(line in lines for line in content.splitlines()), "an export of a part has other lines, or another order")


def _check_exchanges(ledger: Ledger, job: Job) -> None:
    """Each result's place in the wire file is that of the record's own exchanges."""
    path, after = wire_file(ledger.home, job.id), 0
    while page := ledger.kept(job.number, after=after):
        after = page[-1].record.position
        for kept in page[::7]:
            _hold(kept.exchanges is not None, f"{kept.record.id} lost its exchanges")
            assert kept.exchanges is not None
            record, exchanges = read_group(path, kept.exchanges)
            _hold(record == kept.record.id, f"the exchanges of {kept.record.id} are those of {record}")
            _hold([said["record"] for said in exchanges] == [record] * len(exchanges), f"exchanges of {record}")
