"""The connection to a Dask scheduler: made, checked, asked, watched, lost."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gleanery.errors import UsageError
from gleanery.jobs.executors import dask_tasks
from gleanery.jobs.executors.dask_address import Tls
from gleanery.jobs.executors.executor import EngineLost

PATIENCE = 10.0
"""Seconds in which a scheduler, and the first worker, must answer."""

REFRESH = 1.0
"""Seconds between two looks at which workers there are."""

SILENCE = 30.0
"""Seconds after which a scheduler that does not answer is lost."""

PING = 2.0
"""Seconds in which a worker that lives says so."""

INSTALL = 'Install the same there as here, with the same Python: pip install "gleanery[dask]=={gleanery}".'


class Connection:
    """A client of a scheduler. `cores` are the shards that each worker performs at once, by its address; `silent` are
    workers that did not answer when they should have; `lost` says why the scheduler is lost, None: it is not."""

    def __init__(self, client: Any, where: str) -> None:
        self.client, self._where = client, where
        self.cores: Mapping[str, int] = {}
        self.silent: set[str] = set()
        self.lost: str | None = None
        self._watching: asyncio.Task[None] | None = None

    @classmethod
    async def make(cls, address: str, security: Any, where: str, log: Path | None) -> Connection:
        """Connect, and see that the same is installed everywhere; EngineLost where nobody answers."""
        import distributed

        quiet(log)
        make: Any = distributed.Client
        client = make(
            address, asynchronous=True, security=security, timeout=PATIENCE, set_as_default=False, name="gleanery"
        )
        try:
            async with asyncio.timeout(2 * PATIENCE):
                await client
        except Exception as error:
            await _close(client)
            raise EngineLost(
                f"No Dask scheduler answers at {where} ({_said(error)}). Start it (`dask scheduler`), or see that the "
                "address, the port and the TLS files are the scheduler's own."
            ) from error
        made = cls(client, where)
        try:
            await made._check_scheduler()
            await made.refresh()
            check_workers(await made.ask(dask_tasks.versions_here, timeout=PATIENCE))
        except BaseException:
            await _close(client)
            raise
        made._watching = asyncio.create_task(made._watch())
        return made

    async def aclose(self) -> None:
        """Leave the scheduler."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await _close(self.client)

    def lose(self, why: str) -> EngineLost:
        """The error that says that the scheduler is lost, now and from now on."""
        self.lost = self.lost or why
        return EngineLost(
            f"The Dask scheduler at {self._where} is lost: {self.lost}. Nothing that was committed is; what was in "
            "flight is performed again once it is back."
        )

    async def refresh(self) -> None:
        """Look which workers there are."""
        try:
            async with asyncio.timeout(SILENCE):
                self.cores = await self.client.scheduler.ncores()
        except Exception as error:  # closed, reset, silent: whatever it was, nothing can be sent there any more
            raise self.lose(_said(error)) from error
        self.silent &= self.cores.keys()

    async def some_worker(self) -> None:
        """Wait for the first worker; EngineLost where none comes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not self.cores:
                    await asyncio.sleep(0.1)
                    await self.refresh()
                return
        raise EngineLost(
            f"The Dask scheduler at {self._where} has no workers. Start some: `dask worker ADDRESS --nthreads 2`, with "
            "the TLS files where it has some."
        )

    async def ask(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        workers: Collection[str] | None = None,
        timeout: float = PING,
    ) -> dict[str, Any]:
        """What a function of dask_tasks returns on each worker; the workers that fail or keep silent are left out."""
        asked = self.cores.keys() if workers is None else workers

        async def one(worker: str) -> tuple[str, Any]:
            try:
                async with asyncio.timeout(timeout):
                    said = await self.client.run(function, *arguments, workers=[worker], on_error="return")
                return worker, said.get(worker, _NOTHING)
            except TimeoutError:
                self.silent.add(worker)
            except Exception as error:
                _log.warning("%s did not answer: %s", worker, _said(error))
            return worker, _NOTHING

        said = await asyncio.gather(*(one(worker) for worker in asked))
        return {worker: answer for worker, answer in said if answer is not _NOTHING}

    async def holding(self, workers: Collection[str]) -> dict[str, list[str]]:
        """The keys that the scheduler has given to each of some workers, begun there or not."""
        try:
            async with asyncio.timeout(SILENCE):
                held: dict[str, list[str]] = await self.client.processing(list(workers))
                return held
        except Exception as error:
            raise self.lose(_said(error)) from error

    def submit(self, function: Callable[..., Any], *arguments: Any, key: str) -> Any:
        """The future of a task, performed where somebody answers."""
        heard = [worker for worker in self.cores if worker not in self.silent] if self.silent else []
        try:
            return self.client.submit(
                function,
                *arguments,
                key=key,
                workers=heard or None,
                allow_other_workers=bool(heard),
                retries=0,
                pure=False,
            )
        except Exception as error:  # a client that is closed
            raise self.lose(_said(error)) from error

    async def forget(self, futures: Collection[Any]) -> None:
        """Have the scheduler forget some tasks. One that runs is not stopped by that."""
        with suppress(Exception):
            async with asyncio.timeout(PING):
                await self.client.cancel(list(futures), force=True)

    async def works_on(self, key: str, longest: float) -> bool:
        """Whether the worker that has the task answers, and did not begin it longer ago than that. A task that waits
        for a worker waits."""
        holders = [worker for worker, keys in (await self.holding(self.cores.keys())).items() if key in keys]
        answers = await self.ask(dask_tasks.begun_here, [key], workers=holders)
        return all(worker in answers and answers[worker].get(key, 0.0) < longest for worker in holders)

    async def _check_scheduler(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                there = await self.client.run_on_scheduler(dask_tasks.versions_here)
        except (OSError, TimeoutError) as error:
            raise self.lose(_said(error)) from error
        except Exception as error:
            there = error
        _check_versions(f"the Dask scheduler at {self._where}", there)

    async def _watch(self) -> None:
        with suppress(EngineLost):
            while True:
                await asyncio.sleep(REFRESH)
                await self.refresh()
                if self.silent:
                    self.silent -= (await self.ask(dask_tasks.begun_here, (), workers=set(self.silent))).keys()


_NOTHING = object()
_log = logging.getLogger("distributed.gleanery")


def security_of(tls: Tls) -> Any:
    """What Dask makes of the TLS files."""
    import distributed

    files = {"tls_ca_file": tls.ca, "tls_client_cert": tls.cert, "tls_client_key": tls.key}
    security: Any = distributed.Security
    return security(require_encryption=True, **{name: str(path) for name, path in files.items()})


def quiet(log: Path | None) -> None:
    """Have Dask write its log to a file, or nowhere: never to the terminal, which is ours."""
    import dask
    import distributed

    handler: logging.Handler = logging.FileHandler(log, delay=True) if log else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    for name in ("distributed", "distributed.client", "distributed.gc", "bokeh", "tornado", "tornado.application"):
        logger = logging.getLogger(name)
        for old in logger.handlers[:]:
            logger.removeHandler(old)
            old.close()
        logger.addHandler(handler)
        logger.propagate = False
    # Shards are as large as they are, and versions are compared by us.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"})
    warnings.filterwarnings("ignore", category=distributed.versions.VersionMismatchWarning)


def check_workers(versions: Mapping[str, Any]) -> None:
    """UsageError where a worker, by its address, has other versions than we have."""
    for worker, there in versions.items():
        _check_versions(f"the Dask worker {worker}", there)


def _check_versions(who: str, there: Any) -> None:
    here = dask_tasks.versions_here()
    if isinstance(there, Exception):  # the function was not found: it does nothing that could fail
        raise UsageError(
            f"Gleanery is not installed where {who} runs, or one of another time ({_said(there)}). "
            f"{INSTALL.format_map(here)}"
        )
    for name, version in here.items():
        if there.get(name) != version:
            raise UsageError(
                f"{who[0].upper()}{who[1:]} has {name} {there.get(name)}, and here it is {version}: "
                f"results would depend on who made them. {INSTALL.format_map(here)}"
            )


def _said(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


async def _close(client: Any) -> None:
    with suppress(Exception):
        async with asyncio.timeout(PING):
            await client.close()
