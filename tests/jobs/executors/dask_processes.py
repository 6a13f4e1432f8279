"""A Dask scheduler and workers as people start them by hand, for tests: real processes, over TLS where wanted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dask_performers import opener

from gleanery.jobs.executors.dask import DEADLINE, DaskExecutor
from gleanery.jobs.executors.dask_address import Tls
from gleanery.jobs.work import Work

HERE = Path(__file__).parent
PATIENCE = 60.0


def certificates(folder: Path) -> Tls:
    """An authority and a certificate, made as docs/dask.md says."""
    commands = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=gleanery-ca "
        "-keyout ca-key.pem -out ca.pem",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=gleanery -keyout key.pem -out request.pem",
        "x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 365 -out cert.pem",
    )
    for command in commands:
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return Tls(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")


@dataclass
class Cluster:
    """A scheduler and workers without nannies, of two shards at once each."""

    folder: Path
    tls: Tls | None = None
    port: int = 0
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{'tls' if self.tls else 'tcp'}://127.0.0.1:{self.port}"

    def start(self, workers: int) -> None:
        """Have the scheduler and so many workers running, whatever became of those before."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            self.scheduler = self._run("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")
            self._await("Scheduler at:", "scheduler")
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < workers:
            self.add_worker()

    def add_worker(self, before: str = "") -> subprocess.Popen[bytes]:
        """One worker more, which runs some Python first."""
        name = f"worker-{time.monotonic_ns()}"
        process = self._run(
            "worker", self.address, "--nthreads", "2", "--no-nanny", "--no-dashboard", before=before, log=name
        )
        self._await("Registered to:", name)
        self.workers.append(process)
        return process

    def stop(self) -> None:
        """End them all."""
        for process in (*self.workers, *([self.scheduler] if self.scheduler else ())):
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def _run(self, kind: str, *arguments: str, before: str = "", log: str = "") -> subprocess.Popen[bytes]:
        tls = (
            ("--tls-ca-file", str(self.tls.ca), "--tls-cert", str(self.tls.cert), "--tls-key", str(self.tls.key))
            if self.tls
            else ()
        )
        code = f"{before}\nfrom distributed.cli.dask_{kind} import main\nmain()"
        with (self.folder / f"{log or kind}.log").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-c", code, *arguments, *tls],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(HERE), "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"},
            )

    def _await(self, line: str, log: str) -> None:
        file, end = self.folder / f"{log}.log", time.monotonic() + PATIENCE
        while line not in file.read_text():
            assert time.monotonic() < end, file.read_text()
            time.sleep(0.05)


@asynccontextmanager
async def started(cluster: Cluster | None, *works: Work, deadline: float = DEADLINE) -> AsyncIterator[DaskExecutor]:
    """An executor on the cluster (None: on two processes of its own), these works opened."""
    address, tls = (cluster.address, cluster.tls) if cluster else ("local:2", None)
    executor = DaskExecutor(address, opener, tls=tls, deadline=deadline)
    await executor.start()
    try:
        for one in works:
            await executor.open(one)
        yield executor
    finally:
        await executor.aclose()


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
