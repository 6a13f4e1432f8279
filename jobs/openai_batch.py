"""A task's records as an OpenAI batch, to be run by `vllm run-batch` or a batch service, and its results as Results."""

from __future__ import annotations

from asyncio import Runner
from collections.abc import AsyncGenerator, Generator, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from gleanery.errors import UsageError
from gleanery.models.chat import Capabilities, Chunk, Reply, Request
from gleanery.models.openai.batch import BatchReplies, batch_request
from gleanery.models.openai.dialects import Dialect
from gleanery.tasks.exports.jsonl import json_bytes
from gleanery.tasks.records import Record, Result

if TYPE_CHECKING:
    from gleanery.agents.extractor import Extractor

CAPABILITIES = Capabilities(schema="accepted")
"""Of whoever runs the batch: it takes a JSON Schema, and nobody knows how well it keeps to it."""


@dataclass(frozen=True, slots=True)
class Written:
    """How many requests were written, and how many records were left out for want of a column that the prompt names."""

    requests: int
    left_out: int


class BatchChat:
    """The replies of a batch as a Chat. It is asked about one record after another; `record` is the id of that one.

    `replies` None: the batch is still to be written.
    """

    def __init__(self, model: str, replies: BatchReplies | None) -> None:
        self.model = model
        self.record = ""
        self._replies = replies

    async def capabilities(self) -> Capabilities:
        """What was taken for granted when the requests were written."""
        return CAPABILITIES

    async def send(self, request: Request) -> Reply:
        """The reply in the batch; ReplyError where it has none."""
        assert self._replies is not None
        return self._replies.reply(self.record)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The reply in the batch, in one piece."""
        yield Chunk(reply=await self.send(request))


def write_batch(
    records: Iterable[Record], extractor: Extractor, name: str, dialect: Dialect, stream: BinaryIO
) -> Written:
    """Write the request that asks the model `name` about each record; `custom_id` is the record's id."""
    requests = left_out = 0
    for record in records:
        try:
            request = extractor.first_request(record, CAPABILITIES)
        except UsageError:  # reading the batch says so, as a run does
            left_out += 1
            continue
        stream.write(json_bytes(batch_request(record.id, request, name, dialect)) + b"\n")
        requests += 1
    return Written(requests, left_out)


def read_batch(records: Iterable[Record], extractor: Extractor, chat: BatchChat) -> Generator[Result, None, None]:
    """The Result of each record, in order, of the reply that the batch has for it.

    `extractor` asks `chat`, and asks once: who ran the batch is not there to be told what is wrong.
    """
    with Runner() as runner:
        for record in records:
            chat.record = record.id
            yield replace(runner.run(extractor(record)), milliseconds=None, timing=None)
