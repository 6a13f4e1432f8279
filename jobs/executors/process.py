"""A process of ours that performs records: started, asked, watched, buried."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from subprocess import DEVNULL, Popen
from tempfile import TemporaryFile
from typing import Any

from gleanery.agents.host.framing import pack, unpack
from gleanery.jobs.executors.executor import Opened
from gleanery.jobs.executors.messages import Close, Greet, Open, Order, Perform, Performed
from gleanery.jobs.work import Shard, Work

_HOST = ("-P", "-m", "gleanery.jobs.executors.host")
"""-P: modules are not taken from the current folder."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""There is a process for every core."""

_HURRY = 1.0
"""Seconds that a shard may go on which nobody waits for any more."""

_TOLD_BYTES = 500


class HostLost(Exception):  # noqa: N818 - what happened, as ShardError's kinds
    """The process ended, or was ended, before it had answered. `begun`: this was what it had in hand."""

    def __init__(self, message: str, *, begun: bool) -> None:
        self.begun = begun
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class _Asked:
    order: Order
    answer: asyncio.Future[Any]


class HostProcess(asyncio.Protocol):
    """The process. `deadline` is in seconds for each answer: it is killed after that, as one that hangs or was frozen.

    `changed` is called whenever it has answered. Its output goes to a file without a name, so that it cannot write to
    the terminal, and is told when it dies. OSError where the system starts no process.
    """

    def __init__(self, deadline: float, changed: Callable[[], None]) -> None:
        self._deadline, self._changed = deadline, changed
        self._asked: deque[_Asked] = deque()
        self._opened: dict[str, asyncio.Future[Opened]] = {}
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._late = False
        self._transport: asyncio.Transport | None = None
        self._burial: asyncio.Task[int] | None = None
        self._gone = asyncio.Event()
        with ExitStack() as made:
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
                    env={**os.environ, **_ONE_THREAD},
                    start_new_session=True,
                )
            made.pop_all()  # closed when it is buried

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked, as far as is known."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def load(self) -> int:
        """How many orders it has not answered yet; the first of them is in hand."""
        return len(self._asked)

    async def start(self, opener: bytes) -> None:
        """Make it ready. HostLost where it does not get so far."""
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=self._socket)
        except BaseException:
            self.connection_lost(None)
            raise
        await self._ask(Greet(os.getpid(), tuple(sys.path), opener))

    async def open(self, work: Work) -> Opened:
        """Have a work opened, once."""
        if work.job not in self._opened:
            self._opened[work.job] = self._ask(Open(work))
        try:
            return await asyncio.shield(self._opened[work.job])
        except Exception:
            self._opened.pop(work.job, None)
            raise

    async def perform(self, shard: Shard) -> Performed:
        """Have a shard of an open work performed. Whoever no longer waits for it cancels this."""
        answer: asyncio.Future[Performed] = self._ask(Perform(shard.work.job, shard.records))
        try:
            return await answer
        except asyncio.CancelledError:
            if self._asked and self._asked[0].answer is answer:
                self._watch()
            raise

    def close(self, job: str) -> None:
        """Have a work closed, if it was opened."""
        if self._opened.pop(job, None) is not None:
            self._ask(Close(job))

    def kill(self) -> None:
        """End it, now."""
        self._process.kill()
        if self._transport is not None:
            self._transport.abort()

    async def ended(self) -> None:
        """Wait for its end, after which nothing of it is left."""
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It can be asked."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Give the answers to whoever asked."""
        self._received += data
        for answer in unpack(self._received):
            asked = self._asked.popleft()
            self._watch()
            if asked.answer.done():
                continue
            if isinstance(answer, BaseException):
                asked.answer.set_exception(answer)
            else:
                asked.answer.set_result(answer)
        self._changed()

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended, or is made to."""
        if self._timer is not None:
            self._timer.cancel()
        self._process.kill()
        if self._burial is None:
            # The rest is no coroutine: a loop that ends cancels those before their first step.
            self._burial = asyncio.get_running_loop().create_task(asyncio.to_thread(self._process.wait))
            self._burial.add_done_callback(self._bury)

    def _ask(self, order: Order) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody has to ask for it
        if not self.alive:
            answer.set_exception(HostLost("Its process has ended.", begun=False))
            return answer
        assert self._transport is not None
        self._asked.append(_Asked(order, answer))
        self._transport.write(pack(order))
        if len(self._asked) == 1:
            self._watch()
        return answer

    def _watch(self) -> None:
        """Wait for the answer to what it has in hand now, but not for ever."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._asked:
            seconds = _HURRY if self._asked[0].answer.cancelled() else self._deadline
            self._timer = asyncio.get_running_loop().call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        self._late = True
        self.kill()

    def _bury(self, waiting: asyncio.Task[int]) -> None:
        """Tell whoever waits for it, and leave nothing behind."""
        self._process.wait()  # for nothing, unless the loop is ending, and cancels everything
        fate = self._fate()
        self._log.close()
        self._socket.close()
        asked, self._asked = self._asked, deque()
        for place, order in enumerate(asked):
            if not order.answer.done():
                order.answer.set_exception(HostLost(fate, begun=place == 0))
        self._gone.set()

    def _fate(self) -> str:
        """How it ended, and what it said last."""
        code = self._process.returncode
        if self._late:
            return f"Its process gave no answer for {self._deadline:g} seconds, and was ended."
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        if code == -signal.SIGKILL:
            how += ", as systems do that run out of memory"
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _TOLD_BYTES))
        said = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return f"Its process {how}.{f' It last said: {said[-1]}' if said else ''}"
