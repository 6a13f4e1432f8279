"""A process in which CrewAI works on records, for the one that started it, and ends with it.

    python -m gleanery.agents.host.main FD       (started by `gleanery.agents.host.process`, by nobody else)

FD is the number of its socket, its only way out. Each record is worked on by a thread. See `protocol`.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from gleanery.agents.assignment import Assignment, Findings, GaveUpError, NoReplyError
from gleanery.agents.host.framing import pack, receive
from gleanery.agents.host.protocol import Answer, Ask, Begin, CallTool, Cancel, Done, Greet, Ready
from gleanery.agents.quiet import import_crewai
from gleanery.errors import GleaneryError
from gleanery.models.chat import Reply, Request

ROOM = 32
"""Records that a host works on at once."""

_PR_SET_PDEATHSIG = 1
_OUTWARD = frozenset(
    ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname")
)
"""What only a socket that leads out is used for. One of this machine's own kind is not: event loops wake by one."""


def main() -> None:
    """Work until the socket is closed on the other side."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who says what becomes of us
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold people's texts
    connection = socket.socket(fileno=int(sys.argv[1]))
    stream = connection.makefile("rb")
    greeting = receive(stream)
    assert isinstance(greeting, Greet)
    _die_with(greeting.parent)
    if greeting.memory is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (greeting.memory, greeting.memory))
    sys.addaudithook(_stay_inside)
    host = Host(connection)
    try:
        _prepare()
    except GleaneryError as error:
        host.send(Ready(str(error)))
        return
    host.send(Ready())
    try:
        while True:
            host.obey(receive(stream))
    except (EOFError, OSError):
        os._exit(0)  # what is being done is done for nobody
    except BaseException:
        _die()


class Host:
    """Whoever works. `obey` belongs to one thread; each record has another."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._workers = ThreadPoolExecutor(ROOM, "gleanery-agent")
        self._numbers = itertools.count()
        self._sending = threading.Lock()
        self._state = threading.Lock()
        self._going: dict[int, bool] = {}
        self._waiting: dict[int, tuple[int, SimpleQueue[Reply | str | None]]] = {}

    def send(self, message: object) -> None:
        """Tell the parent."""
        packed = pack(message)
        with self._sending:
            self._connection.sendall(packed)

    def obey(self, order: Begin | Cancel | Answer) -> None:
        """Do, or have done, what the parent wants."""
        match order:
            case Begin(record, assignment):
                self._going[record] = True
                self._workers.submit(self._work, record, assignment)
            case Answer(call, content):
                with self._state:
                    _, answer = self._waiting.pop(call, (None, None))
                if answer is not None:
                    answer.put(content)
            case Cancel(record):
                self._cancel(record)

    def ask(self, record: int, request: Request) -> Reply:
        """The reply of the record's model; NoReplyError where there is none."""
        reply = self._call(record, lambda call: Ask(record, call, request))
        assert isinstance(reply, Reply)
        return reply

    def call_tool(self, record: int, name: str, arguments: str) -> str:
        """What the agent is told of a call of a tool."""
        said = self._call(record, lambda call: CallTool(record, call, name, arguments))
        assert isinstance(said, str)
        return said

    def _call(self, record: int, question: Any) -> Reply | str:
        call, answer = next(self._numbers), SimpleQueue[Reply | str | None]()
        with self._state:
            if not self._going.get(record):
                raise NoReplyError
            self._waiting[call] = (record, answer)
        self.send(question(call))
        content = answer.get()
        if content is None:
            raise NoReplyError
        return content

    def _cancel(self, record: int) -> None:
        with self._state:
            if record in self._going:
                self._going[record] = False
            ended = [call for call, (of, _) in self._waiting.items() if of == record]
            answers = [self._waiting.pop(call)[1] for call in ended]
        for answer in answers:
            answer.put(None)

    def _work(self, record: int, assignment: Assignment) -> None:
        """Work on a record. Where even saying what came of it fails, the process does."""
        from gleanery.agents.crew_work import work

        try:
            findings = work(
                assignment,
                lambda request: self.ask(record, request),
                lambda name, arguments: self.call_tool(record, name, arguments),
            )
            with self._state:
                self._going.pop(record)
            self.send(Done(record, _crossing(findings)))
        except BaseException:
            _die()


def _prepare() -> None:
    """Import CrewAI, and work once for nobody: the first time takes half a second."""
    import_crewai()
    from gleanery.agents.crew_work import work

    def nobody(_: Request) -> Reply:
        raise NoReplyError

    work(Assignment("a", "b", "c", (), 1, "d", "e", "nobody", Request(()), native=True), nobody, lambda *_: "")
    gc.collect()
    gc.freeze()  # what was loaded stays: it need not be looked through over and over
    gc.set_threshold(20_000, 20, 50)


def _crossing(findings: Findings) -> Findings:
    """The findings, with a failure that can be said elsewhere."""
    try:
        pickle.loads(pickle.dumps(findings.failure))
    except Exception:
        error = findings.failure
        return Findings(findings.text, GaveUpError(f"{type(error).__name__}: {error}"), findings.asked)
    return findings


def _die() -> None:
    """End this process, saying why: the parent reads that."""
    traceback.print_exc()
    sys.stderr.flush()
    os._exit(1)


def _stay_inside(event: str, arguments: tuple[object, ...]) -> None:
    """Nothing leaves this process but over its own socket: no library in it reaches a network."""
    if event in _OUTWARD or (event == "socket.__new__" and arguments[1] != socket.AF_UNIX):
        raise PermissionError(f"An agent host reaches nothing by itself ({event}).")


def _die_with(parent: int) -> None:
    """Be killed when the parent ends, even if nothing can run here by then; elsewhere than on Linux the socket's end
    must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before that
            os._exit(0)


if __name__ == "__main__":
    main()
