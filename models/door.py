"""The door to a chat model: makes a Chat of a provider.

What a provider does once, the door does well: it waits for a free place, fits the prompt into the window, watches the
clock, tries again where that helps, tells thinking from answer, and sees that nothing was cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from time import perf_counter
from typing import TypeVar

from gleanery.errors import (
    EndpointError,
    ModelError,
    OverloadedError,
    ReplyError,
    StalledError,
)
from gleanery.models.chat import Capabilities, Chunk, Finish, Reply, Request, Timing, ToolCall
from gleanery.models.guard import ContextGuard
from gleanery.models.limiter import Limiter
from gleanery.models.pace import Pace
from gleanery.models.presence import Presence
from gleanery.models.probing import as_served, probe
from gleanery.models.profiles import ProfileCache
from gleanery.models.provider import Ending, ModelFacts, Piece, Provider
from gleanery.models.thinking import ThinkingFilter, whole
from gleanery.models.trouble import Trouble
from gleanery.models.wire import Call, Exchange, last_exchange, on_behalf_of

STREAMED_UP_TO = 32
"""With more requests in flight than this, replies come in one piece unless they are asked for otherwise: reading every
token's chunk would keep this process busier than the models."""


_T = TypeVar("_T")


class Door:
    """One model at one server, as a Chat.

    `limiter` and `presence` are the endpoint's, shared by the doors to its models; `timeout`, `stall` and `patience`
    are seconds (see `Endpoint`); `profiles` keeps what was found out about models.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        limiter: Limiter,
        presence: Presence,
        profiles: ProfileCache,
        timeout: float = 600.0,
        stall: float = 120.0,
        patience: float = 300.0,
    ) -> None:
        self._provider = provider
        self._limiter, self._presence, self._profiles = limiter, presence, profiles
        self._timeout, self._stall, self._patience = timeout, stall, patience
        self._guard, self._pace = ContextGuard(provider), Pace()
        self._asking = asyncio.Lock()
        self._facts: ModelFacts | None = None
        self._capabilities: Capabilities | None = None
        self._closed = False

    @property
    def model(self) -> str:
        """The model's address."""
        return self._provider.model

    @property
    def limit(self) -> int:
        """How many requests its server gets at once, now."""
        return self._limiter.limit

    async def facts(self) -> ModelFacts:
        """What the server says of the model, asked once."""
        if self._facts is None:
            async with self._asking:
                if self._facts is None:
                    self._facts = await self._patiently(self._provider.facts)
                    self._limiter.told(self._facts.known.slots)
        return self._facts

    async def capabilities(self) -> Capabilities:
        """What the model can do: remembered for its digest, else found out by asking it."""
        facts = await self.facts()
        if self._capabilities is None:
            async with self._asking:
                if self._capabilities is None:
                    self._capabilities = await self._known_or_probed(facts)
        return self._capabilities

    async def send(self, request: Request) -> Reply:
        """The whole reply."""
        reply: Reply | None = None
        async with aclosing(self._chunks(request, again=True)) as chunks:
            async for chunk in chunks:
                reply = chunk.reply
        assert reply is not None
        return reply

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The reply piece by piece. What breaks after the first piece is not tried again: it has been seen."""
        if request.stream is None:
            request = request.but(stream=True)
        async with aclosing(self._chunks(request, again=False)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _prepared(self, request: Request) -> Request:
        """The request with its context and its limits of time."""
        request = request.but(
            timeout=self._timeout if request.timeout is None else request.timeout,
            stall=self._stall if request.stall is None else request.stall,
        )
        return await self._guard.fit(request, await self.facts())

    def _streamed(self, request: Request) -> Request:
        """The request as it is sent now: in pieces or in one."""
        assert request.stall is not None
        if request.thinking is not None and not isinstance(request.thinking, bool):
            return request.but(stream=True)  # a budget is kept by counting what streams by
        if request.stream is not None:
            return request
        return request.but(stream=self._limiter.limit <= STREAMED_UP_TO and not self._pace.quick(request.stall))

    async def aclose(self) -> None:
        """Close the provider's connections. What is in flight fails."""
        self._closed = True
        await self._provider.aclose()

    async def _known_or_probed(self, facts: ModelFacts) -> Capabilities:
        known = self._profiles.get(self.model, facts.digest, facts.server)
        if known is None:
            known = await self._patiently(lambda: probe(self._provider, facts))
            self._profiles.put(self.model, facts.digest, facts.server, known)
        known = as_served(known, facts)
        self._limiter.told(known.slots)
        return known

    async def _patiently(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """What is asked of a server, as soon as it takes it: one that loads its model refuses everything."""
        trouble = Trouble(self._presence, self._patience)
        while True:
            try:
                return await ask()
            except OverloadedError as error:
                await trouble.wait_out(error)

    async def _chunks(self, request: Request, *, again: bool) -> AsyncGenerator[Chunk, None]:
        """The chunks of the attempt that succeeds; with `again`, those of failed ones came before them."""
        request = await self._prepared(request)
        trouble = Trouble(self._presence, self._patience)
        queued, thoughts = 0.0, list[str]()
        while True:
            queued += await self._limiter.enter()
            if self._closed:
                self._limiter.leave()
                raise EndpointError(f"`{self.model}` was closed before it was asked.")
            sent = self._streamed(request)  # only now: while it stood in line, others have shown how long replies take
            attempt = _Attempt(self._provider, sent, trouble.attempts, queued, thoughts, self._watched(sent))
            failure: ModelError
            try:
                async with aclosing(attempt.chunks()) as chunks:
                    async for chunk in chunks:
                        if chunk.reply is not None:
                            self._presence.answered()
                            self._pace.saw(chunk.reply.timing.total)
                            await self._sound(attempt, sent)
                        yield chunk
                return
            except _TooMuchThinkingError as error:
                attempt.note(error)
                request, thoughts = request.but(thinking=False), attempt.thoughts
                trouble.attempts += 1
                continue
            except ModelError as error:
                attempt.note(error)
                if not isinstance(error, EndpointError) or (attempt.seen and not again) or self._closed:
                    raise
                failure = error
            finally:
                self._limiter.leave(
                    seconds=attempt.seconds, tokens=attempt.tokens, overloaded=trouble.is_overload(attempt.failure)
                )
            await trouble.wait_out(failure)

    def _watched(self, request: Request) -> bool:
        """Whether silence tells of a stall: a slow reply in one piece is silent too."""
        return request.stream is not False or (request.stall is not None and self._pace.quick(request.stall))

    async def _sound(self, attempt: _Attempt, request: Request) -> None:
        """Raise where the reply is none, or answers a prompt that was cut."""
        assert attempt.ending is not None
        await self._guard.check(request, attempt.ending, await self.facts())
        if not (attempt.text or attempt.tool_calls) and attempt.ending.finish == "stop":
            thought = " It thought, and then said nothing: ask with thinking off." if attempt.thinking else ""
            raise ReplyError(f"`{self.model}` answered nothing at all.{thought}")


class _TooMuchThinkingError(Exception):
    """The budget of thinking is spent; the request is sent again with thinking off."""


class _Attempt:
    """One request on its way, and what has come of it."""

    def __init__(
        self,
        provider: Provider,
        request: Request,
        number: int,
        queued: float,
        thoughts: Sequence[str],
        watched: bool,
    ) -> None:
        self._watched = watched
        self._provider, self._request, self._number, self._queued = provider, request, number, queued
        self._texts: list[str] = []
        self.thoughts = list(thoughts)
        self._exchange: Exchange | None = None
        self.tool_calls: tuple[ToolCall, ...] = ()
        self.ending: Ending | None = None
        self.seen = False
        self.failure: BaseException | None = None
        self.seconds: float | None = None

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._texts)

    @property
    def thinking(self) -> str:
        """The thinking so far."""
        return "".join(self.thoughts)

    @property
    def tokens(self) -> int:
        """Tokens that the server made, where it told."""
        return self.ending.usage.completion if self.ending and self.ending.usage else 0

    def note(self, error: BaseException) -> None:
        """Keep why it failed, in the wire record too."""
        self.failure = error
        exchange = self._exchange or last_exchange()
        if exchange is not None:
            exchange.error = str(error)

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """The reply's chunks; the last one has it whole."""
        on_behalf_of(Call(self._provider.model, "chat", self._number))
        began = perf_counter()
        first: float | None = None
        split = ThinkingFilter()
        async with aclosing(self._provider.stream(self._request)) as pieces:
            while self.ending is None:
                piece = await self._next(pieces, began)
                if self._exchange is None:  # the next piece may be asked for from elsewhere
                    self._exchange = last_exchange()
                if first is None and (piece.text or piece.thinking or piece.tool_calls):
                    first = perf_counter() - began
                self.tool_calls += piece.tool_calls
                text, thought = split.feed(piece.text) if piece.text else ("", "")
                if piece.ending is not None:
                    self.ending = piece.ending
                    rest = split.end()
                    text, thought = text + rest[0], thought + rest[1]
                if text or thought or piece.thinking:
                    yield self._kept(text, piece.thinking + thought)
        self.seconds = perf_counter() - began
        yield Chunk(reply=self._reply(self.ending, first, self.seconds))

    async def _next(self, pieces: AsyncGenerator[Piece, None], began: float) -> Piece:
        """The next piece, in time."""
        timeout, stall = self._request.timeout, self._request.stall
        assert timeout is not None and stall is not None
        left = timeout - (perf_counter() - began)
        watched = self._watched and stall < left
        try:
            async with asyncio.timeout(stall if watched else left):
                return await anext(pieces)
        except TimeoutError:
            raise self._stalled(stall if watched else None) from None
        except StopAsyncIteration:
            raise EndpointError(f"The connection to `{self._provider.model}` broke before its answer ended.") from None

    def _stalled(self, stall: float | None) -> StalledError:
        if stall is None:
            return StalledError(
                f"`{self._provider.model}` took more than {self._request.timeout:g} seconds. Raise `timeout` for its "
                "endpoint, or lower `max_tokens`."
            )
        return StalledError(
            f"`{self._provider.model}` sent nothing for {stall:g} seconds. Raise `stall` for its endpoint if it is "
            "only slow (a large model takes long to load); else restart its server."
        )

    def _kept(self, text: str, thinking: str) -> Chunk:
        self.seen = True
        if text:
            self._texts.append(text)
        if thinking:
            budget = self._request.thinking
            if budget is not None and not isinstance(budget, bool) and len(self.thoughts) >= budget:
                raise _TooMuchThinkingError(f"It thought more than {budget} tokens: asked again with thinking off.")
            self.thoughts.append(thinking)
        return Chunk(text, thinking)

    def _reply(self, ending: Ending, first: float | None, total: float) -> Reply:
        text, thinking = whole(self.text, self.thinking)
        finish: Finish = "tool_calls" if self.tool_calls and ending.finish == "stop" else ending.finish
        timing = Timing(total, self._queued, ending.load, *self._pace(ending, first, total))
        reply = Reply(text, finish, self._provider.model, timing, ending.usage, thinking, self.tool_calls, self._number)
        if self._exchange is not None:
            self._exchange.error = None  # whatever came of the connection after the answer
            self._exchange.usage = ending.usage.as_json() if ending.usage else None
            self._exchange.timing = timing.as_json()
        return reply

    def _pace(self, ending: Ending, first: float | None, total: float) -> tuple[float | None, float | None]:
        """Seconds to the first token and for each after it: seen here when streamed, else as the server tells."""
        if not self._request.stream:
            return ending.first_token, ending.per_token
        if first is None:
            return ending.first_token, ending.per_token
        made = self.tokens
        return first, ending.per_token if ending.per_token is not None or made < 2 else (total - first) / (made - 1)
