"""Sees that no prompt is cut: fits it into the model's window before it is sent, and looks afterwards whether it was.

Servers cut silently: Ollama then keeps half of its window, and answers 200. Their own count of the prompt is the only
trace, and it may be low for another reason: a part of the prompt that they had worked out before.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from gleanery.errors import ContextWindowError, EndpointError, ModelError, ReplyError, StalledError
from gleanery.models.chat import Request, Usage
from gleanery.models.provider import Ending, ModelFacts, Provider
from gleanery.models.tokens import WORDS, at_least, at_most, lengthened
from gleanery.models.wire import Call, acting_for

ANSWER = 2048
"""Tokens kept free for an answer that nobody bounded; at most half of the window."""

SMALLEST = 4096
"""Tokens of the smallest window that is asked for: what Ollama loads by default."""

UNTOLD = 2048
"""Tokens that fit where nothing is known of the window: the smallest that servers have."""

GROWTH = WORDS // 4
"""A prompt that was made longer by `WORDS` words has more tokens than before by at least this, unless it was cut."""


class ContextGuard:
    """The guard of one model. `unverified`: of some prompt nobody could tell whether it was cut."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._largest = 0
        self._loaded: dict[int | None, int | None] = {}
        self._sound: dict[int | None, int] = {}
        self._asking = asyncio.Lock()
        self.unverified = False

    async def fit(self, request: Request, facts: ModelFacts) -> Request:
        """The request with the context it needs; ContextWindowError where prompt and answer do not fit.

        They fit where the most tokens that the prompt can have do, or the server's own count. Where neither tells, the
        request goes out with the whole window, and is looked at afterwards.
        """
        window = _smaller(facts.window, request.context) if facts.chooses_window else facts.window
        most = at_most(request)
        needed = most + _reserved(request, window)
        exact = None
        if window is not None and needed > window:
            exact = await self._count(request)
            self._refuse_too_long(request, facts, exact, window)
        if facts.chooses_window and request.context is None:
            self._largest = max(self._largest, _step(needed))
            request = request.but(context=_smaller(self._largest, facts.window))
        if exact is not None:
            self._note_sound(_context_of(request, facts), most)
        return request

    async def check(self, request: Request, ending: Ending, facts: ModelFacts) -> None:
        """Look whether the prompt of this reply was cut: ContextWindowError where it was.

        A prompt that may be too long for the window, or has fewer tokens than words, is sent once more, to be counted
        anew; those up to its length are then taken to be sound.
        """
        context = _context_of(request, facts)
        loaded = self._loaded[context] if context in self._loaded else await self._load(context)
        counted = _count_of(ending.usage)
        if loaded is not None and counted is not None and counted > loaded:  # somebody had it loaded anew meanwhile
            self._loaded.pop(context, None)
            loaded = None
        window = _smaller(loaded, _smaller(context, facts.window))
        if ending.cut:
            raise self._cut(facts, "its server says so", counted, window)
        if counted is None:
            if window is None or at_most(request) > window:
                self.unverified = True
            if loaded is not None and at_least(request) > loaded:
                raise self._cut(facts, f"it has at least {at_least(request)} tokens", None, window)
            return
        if window is not None and counted >= window - 1:
            raise self._cut(facts, "it fills the whole window", counted, window)
        most = at_most(request)
        if most <= self._sound.get(context, 0):
            return
        if counted < at_least(request) or most > (window or UNTOLD):
            async with self._asking:
                if most > self._sound.get(context, 0):
                    await self._verify(request, facts, counted, window)
                    self._note_sound(context, most)

    def _note_sound(self, context: int | None, most: int) -> None:
        self._sound[context] = max(most, self._sound.get(context, 0))

    async def _count(self, request: Request) -> int | None:
        try:
            return await self._provider.count(request)
        except EndpointError:  # whoever sends the request waits for the server
            return None

    def _refuse_too_long(self, request: Request, facts: ModelFacts, exact: int | None, window: int) -> None:
        """Raise if the prompt is longer than the window, as far as the server, or else its words, can tell."""
        tokens = at_least(request) if exact is None else exact
        reserved = _reserved(request, window)
        if tokens + reserved <= window:
            return
        number = f"at least {tokens}" if exact is None else f"{tokens}"
        lower = "" if request.max_tokens is None else "lower `max_tokens`, "
        raise ContextWindowError(
            f"The prompt for `{self._provider.model}` has {number} tokens, and its answer may have {reserved}: more "
            f"than the window of {window}. Shorten the input, {lower}{self._larger(facts, request.context)}.",
            tokens=tokens,
            window=window,
        )

    async def _load(self, context: int | None) -> int | None:
        """The window that the model was loaded with for this context; it is asked for once."""
        async with self._asking:
            if context not in self._loaded:
                try:
                    self._loaded[context] = await self._provider.loaded_window()
                except ModelError:
                    return None
            return self._loaded[context]

    async def _verify(self, request: Request, facts: ModelFacts, counted: int, window: int | None) -> None:
        """Raise if the prompt was cut, as its count tells when it is sent once more: longer, and so that nothing of it
        has been worked out before."""
        try:
            again = _count_of(await self._usage_of(lengthened(request)))
        except ContextWindowError:  # a server that refuses what is too long does not cut
            return
        except ReplyError:
            again = None
        least = at_least(request)
        if again is None:
            self.unverified = True
        elif counted < least and again < least:
            raise self._cut(facts, f"it has at least {least} tokens", again, window)
        elif abs(again - counted) < GROWTH:
            raise self._cut(facts, f"made longer by {WORDS} words, it has no more tokens", again, window)

    async def _usage_of(self, request: Request) -> Usage | None:
        try:
            with acting_for(Call(self._provider.model, "count")):
                async with asyncio.timeout(request.timeout), aclosing(self._provider.stream(request)) as pieces:
                    async for piece in pieces:
                        if piece.ending is not None:
                            return piece.ending.usage
        except TimeoutError:
            raise StalledError(
                f"`{self._provider.model}` did not count a long prompt again within {request.timeout} seconds, so "
                "nobody knows whether it read all of it. Raise `timeout` for its endpoint, or shorten the input."
            ) from None
        return None

    def _cut(self, facts: ModelFacts, why: str, counted: int | None, window: int | None) -> ContextWindowError:
        read = "" if counted is None else f"; its server counts {counted}"
        of = "" if window is None else f"; the window has {window}"
        return ContextWindowError(
            f"The prompt was cut: `{self._provider.model}` did not read all of it ({why}{read}{of}). Shorten the "
            f"input, {self._larger(facts, None)}.",
            tokens=counted,
            window=window,
        )

    def _larger(self, facts: ModelFacts, context: int | None) -> str:
        """How to get a larger window."""
        if self._provider.model.startswith("gguf/"):
            return "raise `context` of [gguf] in gleanery.toml, or use a model with a larger window"
        if facts.chooses_window and context is not None and (facts.window is None or context < facts.window):
            return f"or raise `context` (now {context})"
        if facts.server.startswith("vllm"):
            return "start vLLM with a larger `--max-model-len`, or use a model with a larger window"
        if facts.server.startswith("llama"):
            return "start llama-server with a larger `-c` (its slots share it), or use a model with a larger window"
        if facts.chooses_window:
            return "or use a model with a larger window"
        return "start its server with a larger window, or use a model that has one"


def _context_of(request: Request, facts: ModelFacts) -> int | None:
    """The context that the model is loaded with for this request; None where the request has no say in it."""
    return request.context if facts.chooses_window else None


def _reserved(request: Request, window: int | None) -> int:
    """Tokens kept free for the answer."""
    if request.max_tokens is not None:
        return request.max_tokens
    return ANSWER if window is None else min(ANSWER, window // 2)


def _step(tokens: int) -> int:
    """The window for so many tokens. Ollama loads the model anew for each other one, so there are few: 4096, 6144,
    8192, 12288, 16384 and so on."""
    step = SMALLEST
    while step < tokens:
        step = step * 3 // 2 if step & (step - 1) == 0 else step * 4 // 3
    return step


def _smaller(one: int | None, other: int | None) -> int | None:
    """The smaller of two numbers, where they are known."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _count_of(usage: Usage | None) -> int | None:
    """The prompt's tokens as the server counted them; None where it did not, or says 0 as some do instead."""
    if usage is None or usage.prompt <= 0:
        return None
    cached = usage.cached or 0
    return usage.prompt if cached <= usage.prompt else usage.prompt + cached
