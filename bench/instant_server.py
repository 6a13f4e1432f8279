"""An OpenAI-compatible server that answers with the same words, at once or some seconds after each request, for
measuring what a client costs.

python bench/instant_server.py TEXT [SECONDS]      prints its port, serves until its standard input is closed
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

MODEL = "instant"


class Instant(asyncio.Protocol):
    """A keep-alive connection: reads requests by their length, answers each with one write."""

    answers: dict[str, bytes]
    seconds: float = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing read."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._read = transport, bytearray()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._read[:end])
            length = next((int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0)
            if len(self._read) < end + 4 + length:
                return
            body = bytes(self._read[end + 4 : end + 4 + length])
            del self._read[: end + 4 + length]
            answer = self._answer(head, body)
            if self.seconds and b"/chat/completions" in head:
                asyncio.get_running_loop().call_later(self.seconds, self._transport.write, answer)
            else:
                self._transport.write(answer)

    def _answer(self, head: bytes, body: bytes) -> bytes:
        path = head.split(b" ", 2)[1]
        if path.endswith(b"/models"):
            return self.answers["models"]
        if not path.endswith(b"/chat/completions"):
            return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
        return self.answers["stream" if b'"stream":true' in body.replace(b" ", b"") else "whole"]


def _http(body: bytes, kind: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (kind.encode(), len(body), body)


def _json(value: Any) -> bytes:
    return _http(json.dumps(value).encode(), "application/json")


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"id": "c", "object": "chat.completion", "created": 0, "model": MODEL, "choices": choices, "usage": USAGE}


def _stream(text: str) -> bytes:
    """One event a word, like a model's tokens."""
    words = text.split(" ")
    pieces = [word if at == len(words) - 1 else word + " " for at, word in enumerate(words)]
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": piece}, None) for piece in pieces] + [({}, "stop")]
    events = [{"choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas]
    events.append({"choices": [], "usage": USAGE})
    common = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": MODEL}
    lines = [f"data: {json.dumps(common | event)}\n\n" for event in events]
    return _http("".join([*lines, "data: [DONE]\n\n"]).encode(), "text/event-stream")


USAGE = {"prompt_tokens": 2000, "completion_tokens": 20, "total_tokens": 2020}


async def serve(text: str, seconds: float = 0.0) -> None:
    """Serve until standard input ends."""
    models = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "bench"}]}
    Instant.seconds = seconds
    Instant.answers = {"models": _json(models), "whole": _json(_completion(text)), "stream": _stream(text)}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Instant, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], *map(float, sys.argv[2:])))
