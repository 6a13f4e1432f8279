"""OpenAI's batch files, which `vllm run-batch` and batch services read and write: a request a line, a reply a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

import orjson

from gleanery.errors import ReplyError, UsageError
from gleanery.models.chat import Reply, Request, Timing
from gleanery.models.openai.dialects import Dialect
from gleanery.models.openai.failures import Place, Refusal, ServerSaidError
from gleanery.models.openai.replies import Answer
from gleanery.models.openai.requests import body_of
from gleanery.models.thinking import ThinkingFilter, whole

PATH = "/v1/chat/completions"
_SAID = 500  # characters of a server's own words in a message


def batch_request(id: str, request: Request, name: str, dialect: Dialect) -> dict[str, Any]:
    """The line that puts a request to the model `name`, as a JSON object."""
    body = body_of(request.but(stream=False), name, dialect)
    return {"custom_id": id, "method": "POST", "url": PATH, "body": body}


class BatchReplies:
    """The replies of the model `model` in a results file, found by the ids of their requests.

    `stream` can be read from any place. Of several lines for an id the last counts; lines that are no JSON, such as the
    torn one that a killed run leaves, are `torn`. UsageError where no line is a reply.
    """

    def __init__(self, stream: BinaryIO, model: str, name: str = "the file") -> None:
        self._stream, self._model = stream, model
        self._places: dict[str, int] = {}
        self._asked: set[str] = set()
        self.torn = 0
        place = 0
        for line in stream:
            self._index(line, place)
            place += len(line)
        if not self._places:
            raise UsageError(
                f"{name} holds no replies of a batch. Give its results file: lines with `custom_id` and `response`."
            )

    def _index(self, line: bytes, place: int) -> None:
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            self.torn += bool(line.strip())
            return
        if (
            isinstance(entry, dict)
            and isinstance(entry.get("custom_id"), str)
            and not {"response", "error"}.isdisjoint(entry)
        ):
            self._places[entry["custom_id"]] = place

    @property
    def unasked(self) -> int:
        """How many ids of the file nobody has asked for."""
        return len(self._places.keys() - self._asked)

    def __contains__(self, id: str) -> bool:
        return id in self._places

    def reply(self, id: str) -> Reply:
        """The reply to the request of that id; ReplyError, which says why, where there is none."""
        self._asked.add(id)
        if id not in self._places:
            raise ReplyError(
                f"The batch has no answer to {id}: it was stopped before its end, or made of other records. "
                "Complete the batch, or run the record with `gleanery run`."
            )
        self._stream.seek(self._places[id])
        entry = orjson.loads(self._stream.readline())
        response = entry.get("response") if isinstance(entry.get("response"), dict) else {}
        status, body = response.get("status_code", 200), response.get("body")
        if entry.get("error") or status != 200:
            raise self._refused(id, status, entry.get("error") or body)
        return self._read(id, body)

    def _read(self, id: str, body: Any) -> Reply:
        answer = Answer(Place("the batch", self._model))
        try:
            piece = answer.take(orjson.dumps(body))
            ending = answer.end(whole=True).ending
        except ServerSaidError:
            raise self._refused(id, 200, body) from None
        assert ending is not None, "the last piece has the ending"
        text, thinking = _divided(piece.text, piece.thinking) if piece else ("", "")
        if not text and ending.finish == "stop":
            raise ReplyError(f"`{self._model}` answered {id} with nothing at all.")
        return Reply(text, ending.finish, self._model, Timing(0.0), ending.usage, thinking)

    def _refused(self, id: str, status: object, said: object) -> ReplyError:
        words = _words(said)
        code = f" ({status})" if status != 200 else ""
        return ReplyError(f"The batch has an error{code} in place of an answer to {id}{f': {words}' if words else '.'}")


def _words(said: object) -> str:
    """The server's own words in an error of whatever shape."""
    if not isinstance(said, str | Mapping):
        return ""
    text = said if isinstance(said, str) else orjson.dumps(said).decode()
    return " ".join(Refusal.read(0, text).message.split())[:_SAID]


def _divided(text: str, thinking: str) -> tuple[str, str]:
    """The answer and the thinking, of which some may stand in the text."""
    split = ThinkingFilter()
    parts = split.feed(text), split.end()
    return whole(parts[0][0] + parts[1][0], thinking + parts[0][1] + parts[1][1])
