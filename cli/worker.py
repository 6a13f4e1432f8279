"""`gleanery worker`: the process that works on the queue, in the foreground or the background."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.printing import print_json
from gleanery.errors import UsageError

if TYPE_CHECKING:
    from gleanery.jobs.executors.executor import Executor
    from gleanery.jobs.worker import Worker

_GRACE = 30.0
_MORE_THAN_GRACE = 15.0

_HOW: list[Callable[[Any], Any]] = [
    click.option("--grace", type=click.FloatRange(0), default=_GRACE, show_default=True,
                 help="Seconds that what is in flight has to end, when told to stop."),
    click.option("--processes", type=click.IntRange(1), help="Processes of the specialist.  [default: one for each "
                 "core]"),
    click.option("--dask", metavar="ADDRESS", help="Spread the work over the Dask cluster at tls://host:8786, or over "
                 "local:N processes."),
    click.option("--tls-ca", type=click.Path(exists=True, dir_okay=False), help="The certificate of the cluster's CA."),
    click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False), help="Our certificate."),
    click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="The key of our certificate."),
    click.option("--insecure", is_flag=True, help="Allow a plain tcp:// address beyond this machine: whoever reaches "
                 "that port can run code there."),
]  # fmt: skip


def _how(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_HOW):
        command = option(command)
    return command


@click.group()
def worker() -> None:
    """Run the process that works on the queue; `gleanery submit` starts it by itself.

    There is one for each ledger. It ends when it is told to; jobs go on where they were when there is one again.

    \b
    gleanery worker status             is it there, and what is it doing?
    gleanery worker run                in the foreground, with a line for each decision
    gleanery worker run --dask tls://head:8786 --tls-ca ca.pem --tls-cert me.pem --tls-key me.key
    """


@worker.command()
@_how
@click.option("--until-idle", is_flag=True, help="End when there is nothing left to do.")
@click.option("-q", "--quiet", is_flag=True, help="No log.")
def run(grace: float, until_idle: bool, quiet: bool, **how: Any) -> None:
    """Work on the queue in the foreground, with a line for each decision on standard error.

    SIGTERM or Ctrl-C: admit nothing more, let what is in flight end, commit, exit 0. Ctrl-C twice: at once; what is
    committed stays.
    """
    from gleanery.jobs.lock import WorkerLock
    from gleanery.jobs.worker import Worker
    from gleanery.settings import load_settings

    home = load_settings().home
    make = executor_maker(**how, log=home / "dask.log")
    with WorkerLock(home):
        going = Worker(home, make, log=_silent if quiet else _log, grace=grace, until_idle=until_idle)
        asyncio.run(_work(going))


@worker.command()
@_how
def start(grace: float, **how: Any) -> None:
    """Start the worker in the background, if none runs. It writes to worker.log beside the ledger."""
    from gleanery.background import start_worker
    from gleanery.settings import load_settings

    executor_maker(**how)  # says what is wrong with the options here, and not in the log
    home = load_settings().home
    holder, started = start_worker(home, _arguments(grace, how))
    if started:
        click.echo(f"Started the worker (process {holder.pid}). It writes to {home / 'worker.log'}.")
    else:
        click.echo(f"A worker runs already (process {holder.pid}).")


@worker.command()
@click.option("--wait", type=click.FloatRange(0), default=_GRACE + _MORE_THAN_GRACE, show_default=True,
              help="Seconds to wait for its end.")  # fmt: skip
def stop(wait: float) -> None:
    """Tell the worker to stop, and wait until what is in flight is committed."""
    from gleanery.background import stop_worker
    from gleanery.settings import load_settings

    holder = stop_worker(load_settings().home, wait)
    click.echo(f"Stopped the worker (process {holder.pid})." if holder else "No worker runs.")


@worker.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Say whether a worker runs, and what it is doing. Exit code 1 where none runs."""
    from gleanery.background import status_of
    from gleanery.settings import load_settings

    said = status_of(load_settings().home)
    if as_json:
        print_json(said)
    elif said["running"]:
        click.echo(_in_words(said))
    else:
        click.echo("No worker runs. `gleanery worker start` starts one.")
    sys.exit(0 if said["running"] else 1)


def executor_maker(
    processes: int | None = None,
    dask: str | None = None,
    tls_ca: str | None = None,
    tls_cert: str | None = None,
    tls_key: str | None = None,
    insecure: bool = False,
    log: Path | None = None,
) -> Callable[[], Executor]:
    """What makes the executor that the options ask for; `log` is where an engine's own log goes.

    UsageError where the options do not go together.
    """
    from gleanery.performing import open_in_worker

    if dask is None:
        if tls_ca or tls_cert or tls_key or insecure:
            raise UsageError("--tls-ca, --tls-cert, --tls-key and --insecure are for a cluster: give --dask ADDRESS.")
        from gleanery.jobs.executors.local import LocalExecutor

        return lambda: LocalExecutor(open_in_worker, processes=processes)
    if processes is not None:
        raise UsageError(
            "--processes is for this machine alone; with --dask, the cluster has its workers. Take it out."
        )
    return _dask_maker(dask, tls_ca, tls_cert, tls_key, insecure, log)


async def _work(going: Worker) -> None:
    """Work until it is done, or told to stop; told twice by Ctrl-C, at once."""
    loop = asyncio.get_running_loop()
    working = asyncio.current_task()
    told = 0

    def stop(signal_number: int) -> None:
        nonlocal told
        told += signal_number == signal.SIGINT
        if told > 1 and working is not None:
            working.cancel()
        going.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        await going.run()
    except asyncio.CancelledError:
        if told < 2:
            raise


def _dask_maker(
    address: str, ca: str | None, cert: str | None, key: str | None, insecure: bool, log: Path | None
) -> Callable[[], Executor]:
    """The maker of an executor on Dask. UsageError where the address is none, or a certificate is missing."""
    from gleanery.jobs.executors.dask import DaskExecutor
    from gleanery.jobs.executors.dask_address import Tls
    from gleanery.performing import open_in_worker

    given = [ca, cert, key]
    if any(given) and not all(given):
        raise UsageError("--tls-ca, --tls-cert and --tls-key belong together: give all three.")
    tls = Tls(*(Path(file).absolute() for file in given if file)) if all(given) else None
    make = partial(DaskExecutor, address, open_in_worker, tls=tls, insecure=insecure, log=log)
    make()  # says what is wrong with the address now
    return make


def _arguments(grace: float, how: dict[str, Any]) -> list[str]:
    """The options as a command line says them."""
    arguments = ["--grace", str(grace)]
    for name, value in how.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            arguments.append(option)
        elif value not in (None, False):
            arguments += [option, str(Path(value).absolute()) if name.startswith("tls_") else str(value)]
    return arguments


def _log(line: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", file=sys.stderr, flush=True)


def _silent(line: str) -> None:
    pass


def _in_words(said: dict[str, Any]) -> str:
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(said["began"]))
    jobs = said.get("jobs") or []
    words = [f"The worker runs (process {said['pid']}, since {since})"]
    words.append(f"on {', '.join(map(str, jobs))}" if jobs else "and has nothing to do")
    if jobs and said.get("rate") is not None:
        words.append(f"at {said['rate']:,.1f} records a second, {said.get('in_flight', 0)} in flight")
    return f"{', '.join(words)}."
