"""A process that performs records for the one that started it, and ends with it.

    python -m gleanery.jobs.executors.host FD       (started by `gleanery.jobs.executors.process`, by nobody else)

FD is the number of its socket. Orders come in over that and are obeyed one after another; the next one lies ready
meanwhile. See `messages`.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import traceback
from queue import SimpleQueue
from time import perf_counter
from typing import BinaryIO

from gleanery.agents.host.framing import pack, receive
from gleanery.errors import GleaneryError, ModelError
from gleanery.jobs.executors.executor import Opened, ShardError, opened_by
from gleanery.jobs.executors.messages import Close, Greet, Open, Order, Perform, Performed
from gleanery.jobs.executors.performing import outcomes_of
from gleanery.jobs.work import Opener, Performer, Work

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Obey until the socket is closed on the other side."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who says what becomes of us
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold people's texts
    connection = socket.socket(fileno=int(sys.argv[1]))
    stream = connection.makefile("rb")
    greeting = receive(stream)
    assert isinstance(greeting, Greet)
    _die_with(greeting.parent)
    sys.path[:] = greeting.path
    host = Host(pickle.loads(greeting.opener))
    orders: SimpleQueue[Order] = SimpleQueue()
    threading.Thread(target=_listen, args=(stream, orders), daemon=True).start()
    connection.sendall(pack(None))
    with asyncio.Runner() as runner:
        while True:
            connection.sendall(pack(runner.run(host.obey(orders.get()))))


class Host:
    """Whoever obeys: has the performers of the open works, by their jobs."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._performers: dict[str, Performer] = {}

    async def obey(self, order: Order) -> object:
        """The answer to an order. What is wrong with a work or a shard is an answer too."""
        try:
            match order:
                case Open(work):
                    return await self._open(work)
                case Perform(job, records):
                    began = perf_counter()
                    outcomes = await outcomes_of(self._performers[job], records)
                    return Performed(outcomes, perf_counter() - began)
                case Close(job):
                    await self._performers.pop(job).aclose()
            return None
        except (GleaneryError, ShardError) as error:
            return error

    async def _open(self, work: Work) -> Opened:
        try:
            performer = self._performers[work.job] = await self._opener(work)
            gc.freeze()  # what was loaded stays: it need not be looked through over and over
            return opened_by(performer)
        except GleaneryError:
            raise
        except Exception as error:
            raise ModelError(
                f"The models of {work.job} cannot be opened: {type(error).__name__}: {error}. This is a bug in "
                "Gleanery; please report it with this line."
            ) from error


def _listen(stream: BinaryIO, orders: SimpleQueue[Order]) -> None:
    """Read orders until the parent has gone; whatever is being done then is done for nobody."""
    try:
        while True:
            orders.put(receive(stream))
    except (EOFError, OSError):
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _die_with(parent: int) -> None:
    """Be killed when the parent ends, even if nothing can run here by then; elsewhere than on Linux the socket's end
    must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before that
            os._exit(0)


if __name__ == "__main__":
    main()
