"""A Dask scheduler and its workers on this machine, for nobody but us: `local:N`.

They are children of a process of its own, which ends when its input does: when whoever started it ended, however that
came. The ways between them are protected by certificates that are made for the occasion and never stored, because every
user of a machine reaches its loopback ports.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gleanery.jobs.executors.executor import EngineLost

THREADS = 2
"""Shards at once in each process: one begins while another has its last records in flight."""

WORKER_TTL = "60s"
"""A worker that was silent for so long is started anew."""

STARTING = 120.0
"""Seconds that the processes have to start. It takes two on an idle machine."""

CLOSING = 5.0


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """The running scheduler: its address, the certificates in PEM, and the process that holds it all."""

    address: str
    security: dict[str, str]
    process: Process

    @classmethod
    async def start(cls, processes: int, log: Path | None) -> LocalCluster:
        """Start them; EngineLost where that does not work."""
        with open(log or os.devnull, "ab") as errors:  # noqa: PTH123
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "gleanery.jobs.executors.dask_cluster", str(processes)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors if log else DEVNULL,
                limit=1 << 20,
                start_new_session=True,  # Ctrl-C is for us, who then let it end what it has in hand
            )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(STARTING):
                told = json.loads(await process.stdout.readline())
        except BaseException as error:
            await _end(process)
            if isinstance(error, TimeoutError | ValueError):
                raise EngineLost(
                    f"The processes of `local:{processes}` did not start within {STARTING:.0f} s. Is the machine very "
                    "busy, or out of memory? Try fewer of them."
                ) from error
            raise
        return cls(told["address"], told["security"], process)

    def client_security(self) -> Any:
        """With what a client gets in."""
        import distributed

        security: Any = distributed.Security
        return security(require_encryption=True, **self.security)

    async def aclose(self) -> None:
        """End them all."""
        await _end(self.process)


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(CLOSING):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    with suppress(ConnectionError):
        await process.stdin.wait_closed()


async def _serve(processes: int) -> None:
    import dask
    import distributed

    dask.config.set(
        {
            "distributed.scheduler.worker-ttl": WORKER_TTL,
            "distributed.scheduler.allowed-failures": 3,
            "distributed.worker.profile.enabled": False,
        }
    )
    dasks: Any = distributed
    security = dasks.Security.temporary()
    common = {"host": "127.0.0.1", "security": security, "protocol": "tls://", "dashboard": False}
    async with AsyncExitStack() as started:
        scratch = started.enter_context(TemporaryDirectory(prefix="gleanery-dask-"))
        scheduler = await started.enter_async_context(dasks.Scheduler(**common, port=0))
        # Nannies, which start a worker anew that died. Dask's own LocalCluster gives such a worker up after a while.
        settings = {**common, "nthreads": THREADS, "memory_limit": 0, "local_directory": scratch}
        nannies = [dasks.Nanny(scheduler.address, **settings) for _ in range(processes)]
        await asyncio.gather(*(started.enter_async_context(nanny) for nanny in nannies))
        names = ("tls_ca_file", "tls_client_cert", "tls_client_key")
        told = {"address": scheduler.address, "security": {name: getattr(security, name) for name in names}}
        print(json.dumps(told), flush=True)
        await asyncio.to_thread(sys.stdin.buffer.read)
        for nanny in nannies:  # whoever waits for our end has ended their work, or does not want it
            if (pid := nanny.pid) is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(0)


def main() -> None:
    """Serve until standard input ends."""
    asyncio.run(_serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
