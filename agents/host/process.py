"""An agent host as its parent has it: started, given records, answered, watched, buried."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from itertools import count
from subprocess import DEVNULL, Popen
from tempfile import TemporaryDirectory, TemporaryFile
from time import monotonic
from typing import Any, Protocol

from gleanery.agents.assignment import Assignment, Findings, NoReplyError
from gleanery.agents.host.framing import pack, unpack
from gleanery.agents.host.protocol import Answer, Ask, Begin, CallTool, Cancel, Done, FromHost, Greet, Ready
from gleanery.agents.line import on_a_thread
from gleanery.errors import WorkerError
from gleanery.models.chat import Reply, Request

_HOST = ("-P", "-m", "gleanery.agents.host.main")
"""-P: modules are not taken from the current folder."""

_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What a host has of this process's environment: nothing that may be a secret."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

_START = 120.0
"""Seconds in which a host must be ready: it imports CrewAI."""

_TOLD_BYTES = 500


class HostLost(Exception):  # noqa: N818 - what happened
    """The process ended, or was ended, before it was done with a record."""


class Services(Protocol):
    """What a record's agent gets from this process."""

    async def ask(self, request: Request) -> Reply:
        """The reply of its model."""

    def call(self, name: str, arguments: str) -> str:
        """What it is told of a call of a tool; called on threads, several at once. Never raises."""


@dataclass(slots=True, eq=False)
class _Held:
    """A record in the host. `since` is when the host was given something to do for it that it has not done yet, None
    where this process is at work for it."""

    services: Services
    context: Context
    done: asyncio.Future[Findings]
    since: float
    calls: set[asyncio.Task[None]] = field(default_factory=set)
    failure: Exception | None = None


class HostProcess(asyncio.Protocol):
    """The process. It may take `deadline` seconds over what it does by itself for a record, and is killed after that,
    as one that hangs or was frozen; `memory` is the bytes of data that it may have (None: no limit).

    `changed` is called whenever there may be room in it. Its output goes to a file without a name, so that it cannot
    write to the terminal, and is told when it dies. HOME and its temporary files are in a folder that goes with it.
    OSError where the system starts no process.
    """

    def __init__(self, deadline: float, memory: int | None, changed: Callable[[], None]) -> None:
        self._deadline, self._memory, self._changed = deadline, memory, changed
        self._held: dict[int, _Held] = {}
        self._numbers = count()
        self._received = bytearray()
        self._late = False
        self._ready: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._burial: asyncio.Task[int] | None = None
        self._gone = asyncio.Event()
        with ExitStack() as made:
            self._folder = made.enter_context(TemporaryDirectory(prefix="gleanery-host-", ignore_cleanup_errors=True))
            self._socket, theirs = socket.socketpair()
            made.enter_context(self._socket)
            self._log = made.enter_context(TemporaryFile())
            with theirs:
                # Started by the event loop's thread: Linux tells a child that its parent died when that thread ends.
                self._process = Popen(
                    [sys.executable, *_HOST, str(theirs.fileno())],
                    stdin=DEVNULL,
                    stdout=self._log,
                    stderr=self._log,
                    pass_fds=[theirs.fileno()],
                    cwd=self._folder,
                    env=_environment(self._folder),
                    start_new_session=True,
                )
            self._belongings = made.pop_all()  # closed when it is buried

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be given something, as far as is known."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def load(self) -> int:
        """How many records are in it."""
        return len(self._held)

    @property
    def busy(self) -> int:
        """On how many of them it is at work itself, instead of waiting for us."""
        return sum(not held.calls for held in self._held.values())

    async def start(self) -> None:
        """Make it ready. HostLost where it does not get so far, WorkerError where CrewAI cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            await loop.create_unix_connection(lambda: self, sock=self._socket)
        except BaseException:
            self.connection_lost(None)
            raise
        self._write(Greet(os.getpid(), self._memory))
        self._timer = loop.call_later(_START, self._give_up)
        problem = await self._ready
        self._timer.cancel()
        if problem is not None:
            raise WorkerError(problem)

    async def perform(self, assignment: Assignment, services: Services) -> Findings:
        """Have a record worked on. Whoever no longer waits for it cancels this: its requests are then aborted.

        HostLost where the host ends before it is done.
        """
        if not self.alive:
            raise HostLost("Its process has ended.")
        number, loop = next(self._numbers), asyncio.get_running_loop()
        held = self._held[number] = _Held(services, copy_context(), loop.create_future(), monotonic())
        self._write(Begin(number, assignment))
        if self._timer is None or self._timer.cancelled():
            self._watch()
        try:
            findings = await held.done
        finally:
            if number in self._held and self.alive:  # it is told, and stays in the host until that is done with it
                self._write(Cancel(number))
            calls = list(held.calls)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        if isinstance(findings.failure, NoReplyError):
            return Findings(findings.text, held.failure or findings.failure, findings.asked)
        return findings

    def kill(self) -> None:
        """End it, now."""
        self._process.kill()
        if self._transport is not None:
            self._transport.abort()

    async def ended(self) -> None:
        """Wait for its end, after which nothing of it is left."""
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It can be given something."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Do what it asks for."""
        self._received += data
        for message in unpack(self._received):
            self._obey(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended, or is made to."""
        if self._timer is not None:
            self._timer.cancel()
        self._process.kill()
        if self._burial is None:
            self._burial = asyncio.get_running_loop().create_task(asyncio.to_thread(self._process.wait))
            self._burial.add_done_callback(self._bury)

    def _obey(self, message: FromHost) -> None:
        match message:
            case Ready(problem):
                if not self._ready.done():
                    self._ready.set_result(problem)
            case Ask(record, call, request):
                self._serve(record, call, lambda services: services.ask(request))
            case CallTool(record, call, name, arguments):
                self._serve(record, call, lambda services: on_a_thread(lambda: services.call(name, arguments)))
            case Done(record, findings):
                held = self._held.pop(record)
                if not held.done.done():
                    held.done.set_result(findings)
                self._changed()

    def _serve(self, record: int, call: int, service: Callable[[Services], Coroutine[Any, Any, Reply | str]]) -> None:
        """Begin what a record's agent asks for, on behalf of whoever waits for that record."""
        held = self._held[record]
        if held.done.done():  # nobody does any more; the host is told so
            return
        answering = self._answer(held, call, service(held.services))
        task = asyncio.get_running_loop().create_task(answering, context=held.context)
        held.calls.add(task)
        task.add_done_callback(lambda task: self._served(held, task))

    async def _answer(self, held: _Held, call: int, service: Coroutine[Any, Any, Reply | str]) -> None:
        content: Reply | str | None = None
        try:
            content = await service
        except Exception as error:
            held.failure = error
        if self.alive:
            self._write(Answer(call, content))

    def _served(self, held: _Held, task: asyncio.Task[None]) -> None:
        held.calls.discard(task)
        held.since = monotonic()

    def _write(self, message: object) -> None:
        assert self._transport is not None
        self._transport.write(pack(message))

    def _watch(self) -> None:
        """Look, as long as there are records in it, whether one is left lying."""
        if any(not held.calls and monotonic() - held.since > self._deadline for held in self._held.values()):
            self._give_up()
        elif self._held:
            self._timer = asyncio.get_running_loop().call_later(self._deadline / 4, self._watch)
        else:
            self._timer = None

    def _give_up(self) -> None:
        self._late = True
        self.kill()

    def _bury(self, waiting: asyncio.Task[int]) -> None:
        """Tell whoever waits for it, and leave nothing behind."""
        self._process.wait()  # for nothing, unless the loop is ending, and cancels everything
        fate = self._fate()
        self._belongings.close()
        lost, self._held = self._held, {}
        for held in lost.values():
            if not held.done.done():
                held.done.set_exception(HostLost(fate))
        if not self._ready.done():
            self._ready.set_exception(HostLost(fate))
        self._gone.set()

    def _fate(self) -> str:
        """How it ended, and what it said last."""
        code = self._process.returncode
        if self._late:
            return f"Its process did not stir for {self._deadline:g} seconds, and was ended."
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        if code == -signal.SIGKILL:
            how += ", as systems do that run out of memory"
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _TOLD_BYTES))
        said = self._log.read().decode("utf-8", "replace").strip().splitlines()
        last = "".join(filter(str.isprintable, said[-1])) if said else ""  # it may end up on somebody's terminal
        return f"Its process {how}.{f' It last said: {last}' if last else ''}"


def _environment(folder: str) -> dict[str, str]:
    """What a host's libraries see: a home of its own, and this process's modules."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    if sys.dont_write_bytecode:
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**kept, **_ONE_THREAD, "PYTHONPATH": path, "HOME": folder, "TMPDIR": folder}
