"""What passes between this process and an agent host, over a socket that only the two of them have.

A host is greeted, says that it is ready, and is then given records. Whatever an agent wants of the world (its model,
its tools) the host asks for, and this process does it: so limits, permissions and the wire record hold for agents too.
What becomes of a record is all that a host says by itself. Records and calls go by numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from gleanery.agents.assignment import Assignment, Findings
from gleanery.models.chat import Reply, Request


@dataclass(frozen=True, slots=True)
class Greet:
    """To a host, first. `parent` is the process whose end is the host's; `memory`: bytes of data that it may have."""

    parent: int
    memory: int | None


@dataclass(frozen=True, slots=True)
class Ready:
    """From a host, first: it can work, or `problem` says why not."""

    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """To a host: work on a record. It ends with Done."""

    record: int
    assignment: Assignment


@dataclass(frozen=True, slots=True)
class Cancel:
    """To a host: nobody waits for that record any more. It ends with Done all the same."""

    record: int


@dataclass(frozen=True, slots=True)
class Ask:
    """From a host: put this to the record's model. Answered by Answer with a Reply."""

    record: int
    call: int
    request: Request


@dataclass(frozen=True, slots=True)
class CallTool:
    """From a host: call this tool of the record, with `arguments` as the model wrote them. Answered with a text."""

    record: int
    call: int
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """To a host: what came of a call; None where there is no reply, for a reason that is not the host's business."""

    call: int
    content: Reply | str | None


@dataclass(frozen=True, slots=True)
class Done:
    """From a host: what came of a record."""

    record: int
    findings: Findings


FromHost = Ready | Ask | CallTool | Done
