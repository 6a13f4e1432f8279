"""No prompt is cut unseen, and no server is accused that cut none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import ContextWindowError, EndpointError, ReplyError, StalledError
from gleanery.models.chat import Capabilities, Message, Request, Tool, ToolCall, Usage, system, user
from gleanery.models.guard import ANSWER, SMALLEST, ContextGuard
from gleanery.models.provider import Ending, ModelFacts, Piece
from gleanery.models.tokens import at_least, at_most
from gleanery.models.wire import _call

Cutting = Literal["half", "fill", "drop", "middle", "refuse"]
Tokenizer = Callable[[str], list[str]]

TOKENIZERS: dict[str, Tokenizer] = {
    "bytes": lambda text: [chr(byte) for byte in text.encode("utf-8", "surrogatepass")],
    "words": lambda text: re.findall(r"\s*\S+|\s+$", text),
    "words and marks": lambda text: re.findall(r"\s*\w+|\s*[^\w\s]+|\s+$", text),
    "quarters": lambda text: re.findall(r"\s{0,4}\S{1,4}|\s+$", text),
}


@dataclass
class Server:
    """A server with one model: `window` is the model's, `loads` what it is loaded with whatever is asked for.

    `cutting` says what becomes of a prompt that is too long, `caches` that what it worked out before is not counted,
    `tells` that it says its window, `counts` that its tokenizer can be asked.
    """

    window: int | None = 32768
    loads: int | None = None
    cutting: Cutting = "half"
    caches: bool = False
    tells: bool = True
    counts: bool = False
    chooses: bool = True
    usage: bool = True
    silent: float = 0.0
    tokenizer: Tokenizer = TOKENIZERS["words and marks"]
    model: str = "ollama/fake"
    server: str = "ollama 1"
    loaded: int | None = None
    seen: list[list[str]] = field(default_factory=list)
    sent: list[tuple[str, Request]] = field(default_factory=list)
    asked_window: int = 0

    async def facts(self) -> ModelFacts:
        window = self.window if self.tells else None
        return ModelFacts(None, window, self.chooses, Capabilities(), self.server)

    async def loaded_window(self) -> int | None:
        self.asked_window += 1
        return self.loaded if self.tells else None

    async def count(self, request: Request) -> int | None:
        return len(self.tokens(request.messages)) if self.counts else None

    async def alive(self) -> bool:
        return True

    async def aclose(self) -> None: ...

    def tokens(self, messages: tuple[Message, ...]) -> list[str]:
        return [token for m in messages for token in ("<", m.role, ">", *self.tokenizer(m.content), "</>")]

    def read(self, messages: tuple[Message, ...], room: int) -> list[str]:
        """What the model gets to read."""
        tokens = self.tokens(messages)
        if self.cutting == "drop":
            while len(tokens) > room and (old := [m for m in messages[:-1] if m.role != "system"]):
                messages = tuple(m for m in messages if m is not old[0])
                tokens = self.tokens(messages)
        if len(tokens) <= room:
            return tokens
        if self.cutting == "refuse":
            raise ContextWindowError("too long", tokens=len(tokens), window=room)
        keep = room // 2 - 2 if self.cutting == "half" else room - 4
        return tokens[:4] + (tokens[4 : keep + 4] if self.cutting == "middle" else tokens[-keep:])

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        self.sent.append((_call.get().purpose, request))
        await asyncio.sleep(self.silent)
        self.loaded = self.loads or (request.context if self.chooses else None) or self.window or 4096
        tokens = self.read(request.messages, self.loaded)
        known = 0
        if self.caches:
            known = max((_shared(tokens, earlier) for earlier in self.seen), default=0)
            self.seen.append(tokens)
        usage = Usage(len(tokens) - min(known, len(tokens) - 1), 5) if self.usage else None
        yield Piece("an answer", ending=Ending("stop", usage))


def _shared(one: list[str], other: list[str]) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


async def ask(guard: ContextGuard, server: Server, request: Request) -> Request:
    """Fit, send and check, as the door does; the request as it was sent."""
    facts = await server.facts()
    request = await guard.fit(request, facts)
    ending = None
    async for piece in server.stream(request):
        ending = piece.ending
    assert ending is not None
    await guard.check(request, ending, facts)
    return request


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


def words(number: int) -> str:
    return " ".join(f"word{i % 97}" for i in range(number))


# How many tokens a prompt has.

TEXT = st.text(max_size=50).map(lambda text: 20 * text) | st.text("ab \n\t.,;-é漢ﷺ🙂\xa0", max_size=200)
MESSAGES = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant", "tool"]), TEXT), min_size=1)


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
@given(messages=MESSAGES)
def test_the_bounds_hold(tokenizer: Tokenizer, messages: list[Message]) -> None:
    server = Server(tokenizer=tokenizer)
    request = Request(tuple(messages))
    real = len(server.tokens(request.messages))
    assert at_least(request) <= real <= at_most(request)


def test_what_the_model_thought_may_be_left_out() -> None:
    messages = (user("a question"), Message("assistant", "<think>" + words(500)), Message("tool", "and a result"))
    assert at_least(Request(messages)) == 5


def test_tools_and_calls_count() -> None:
    plain = Request.ask("x")
    called = Message("assistant", "", (ToolCall("call-1", "find", '{"q": "é\\ud800"}'),))
    answered = Message("tool", "found", tool_call_id="call-1", name="find")
    assert at_most(plain.but(messages=(user("x"), called, answered))) > at_most(plain) + 40
    tool = Tool("find", "Find ït \ud800.", {"type": "object", "properties": {"q": {"type": "string"}}})
    assert at_most(plain.but(tools=(tool,))) > at_most(plain) + 500
    assert at_most(plain.but(tools=(tool, tool))) > at_most(plain.but(tools=(tool,))) + 100


# Before.


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=8))
def test_the_context_holds_the_prompt_and_never_shrinks(sizes: list[int]) -> None:
    async def main() -> None:
        server = Server(window=65_536)
        guard, facts, before = ContextGuard(server), await server.facts(), 0
        contexts = set()
        for size in sizes:
            fitted = await guard.fit(Request.ask("x" * size, max_tokens=1000), facts)
            assert fitted.context is not None
            assert min(65_536, at_most(fitted) + 1000) <= fitted.context <= 65_536
            assert fitted.context >= max(before, SMALLEST)
            before = fitted.context
            contexts.add(fitted.context)
        assert contexts <= {4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152, 65536}

    run(main())


def test_a_short_window_is_used_whole() -> None:
    async def main() -> None:
        server = Server(window=2048)
        fitted = await ContextGuard(server).fit(Request.ask("hello"), await server.facts())
        assert fitted.context == 2048

    run(main())


def test_where_the_server_has_its_window_nothing_is_changed() -> None:
    async def main() -> None:
        server = Server(chooses=False)
        request = Request.ask(words(100), context=77)
        assert await ContextGuard(server).fit(request, await server.facts()) is request

    run(main())


def test_a_prompt_that_cannot_fit_is_not_sent() -> None:
    async def main() -> None:
        server = Server(window=4096)
        with pytest.raises(
            ContextWindowError, match=r"has at least 5000 tokens.*may have 2048.*window of 4096"
        ) as caught:
            await ContextGuard(server).fit(Request.ask(words(5000)), await server.facts())
        assert (caught.value.tokens, caught.value.window) == (5000, 4096)
        assert "Shorten the input, or use a model with a larger window." in str(caught.value)

    run(main())


def test_the_servers_own_count_decides() -> None:
    async def main() -> None:
        server = Server(window=4096, counts=True, chooses=False, server="vllm 0.20")
        facts, guard = await server.facts(), ContextGuard(server)
        assert await guard.fit(Request.ask(words(1900)), facts)
        tight = Request.ask(words(3000), max_tokens=1093)
        with pytest.raises(ContextWindowError, match=r"has 3004 tokens.*lower `max_tokens`.*--max-model-len"):
            await guard.fit(tight, facts)
        await ask(guard, server, tight.but(max_tokens=1092))
        assert len(server.sent) == 1, "what was counted exactly needs no verification"

    run(main())


def test_a_server_that_is_gone_is_found_out_by_sending() -> None:
    class Gone(Server):
        async def count(self, request: Request) -> int | None:
            raise EndpointError("gone")

    async def main() -> None:
        server = Gone(window=4096)
        assert (await ContextGuard(server).fit(Request.ask(words(1500)), await server.facts())).context == 4096

    run(main())


@pytest.mark.parametrize(
    ("server", "context", "advice"),
    [
        (Server(), 4096, r"or raise `context` \(now 4096\)"),
        (Server(window=4096), 8192, "or use a model with a larger window"),
        (Server(window=4096, chooses=False, server="llama-server b6000"), None, "larger `-c`"),
        (Server(window=4096, chooses=False, model="gguf/x.gguf"), None, r"`context` of \[gguf\] in gleanery.toml"),
        (Server(window=4096, chooses=False, server=""), None, "start its server with a larger window"),
    ],
)
def test_says_how_to_get_a_larger_window(server: Server, context: int | None, advice: str) -> None:
    async def main() -> None:
        with pytest.raises(ContextWindowError, match=advice):
            await ContextGuard(server).fit(Request.ask(words(5000), context=context), await server.facts())

    run(main())


def test_a_context_of_ones_own_is_kept() -> None:
    async def main() -> None:
        server = Server()
        fitted = await ContextGuard(server).fit(Request.ask("hello", context=3000), await server.facts())
        assert fitted.context == 3000

    run(main())


# After.


def test_what_fits_is_sent_once() -> None:
    async def main() -> None:
        server = Server()
        guard = ContextGuard(server)
        for size in (10, 500, 100):
            await ask(guard, server, Request.ask(words(size)))
        assert len(server.sent) == 3
        assert server.asked_window == len({request.context for _, request in server.sent})
        assert not guard.unverified

    run(main())


CONVERSATION = (system(words(50)), user(words(900)), Message("assistant", words(300)), user(words(900)))
ALONE = (user(words(1500) + "," * 2000),)


@pytest.mark.parametrize("messages", [ALONE, CONVERSATION, CONVERSATION[1:]], ids=["alone", "system", "turns"])
@pytest.mark.parametrize("cutting", ["half", "fill", "drop", "middle"])
def test_a_cut_prompt_is_found_out(cutting: Cutting, messages: tuple[Message, ...]) -> None:
    """The window is asked for and not given, whether or not the server tells."""

    async def main() -> None:
        for tells in (True, False):
            server = Server(loads=1200, cutting=cutting, tells=tells)
            with pytest.raises(ContextWindowError, match="was cut"):
                await ask(ContextGuard(server), server, Request(messages))

    run(main())


@pytest.mark.parametrize("cutting", ["half", "middle"])
def test_a_cut_shows_where_words_do_not(cutting: Cutting) -> None:
    """Chinese has no spaces to count words by."""

    async def main() -> None:
        server = Server(window=4096, cutting=cutting, tokenizer=list)
        with pytest.raises(ContextWindowError, match="was cut"):
            await ask(ContextGuard(server), server, Request.ask("漢" * 5000))
        purposes = [purpose for purpose, _ in server.sent]
        assert purposes == (["models", "count"] if cutting == "half" else ["models"])

    run(main())


def test_nobody_is_accused_of_what_fits_after_all() -> None:
    async def main() -> None:
        server = Server(window=4096, tokenizer=TOKENIZERS["words"])
        guard = ContextGuard(server)
        for size in (1800, 1700, 1800):  # too many bytes, few enough tokens
            await ask(guard, server, Request.ask(words(size)))
        assert [purpose for purpose, _ in server.sent].count("count") == 1
        (_, verification) = server.sent[1]
        assert verification.max_tokens == 1
        assert verification.context == 4096
        await ask(guard, server, Request.ask(words(1900)))
        assert [purpose for purpose, _ in server.sent].count("count") == 2, "a longer one is looked at again"

    run(main())


@given(st.lists(st.tuples(st.integers(1, 1500), st.booleans()), min_size=1, max_size=6), st.booleans(), st.booleans())
def test_a_server_that_counts_only_what_is_new_is_not_accused(
    asks: list[tuple[int, bool]], tells: bool, long_system: bool
) -> None:
    async def main() -> None:
        server = Server(caches=True, tells=tells, tokenizer=TOKENIZERS["words"])
        guard = ContextGuard(server)
        for size, same in asks:
            head = (system(words(300)),) if long_system else ()
            turns = (*head, user(("" if same else f"{size} ") + words(size)))
            await ask(guard, server, Request(turns))
            await ask(guard, server, Request((*turns, Message("assistant", "so"), user("and?"))))

    run(main())


def test_many_at_once_are_verified_by_one() -> None:
    async def main() -> None:
        server = Server(window=4096, tokenizer=TOKENIZERS["words"], silent=0.01)
        guard = ContextGuard(server)
        await asyncio.gather(*(ask(guard, server, Request.ask(words(1800))) for _ in range(20)))
        assert len(server.sent) == 21
        assert server.asked_window == 1

    run(main())


def test_a_server_that_refuses_does_not_cut() -> None:
    async def main() -> None:
        server = Server(window=4096, cutting="refuse", tokenizer=TOKENIZERS["words"])
        await ask(ContextGuard(server), server, Request.ask(words(4050), max_tokens=1))
        assert len(server.sent) == 2  # the verification was refused for its length

    run(main())


def test_the_servers_own_word_is_taken() -> None:
    async def main() -> None:
        server = Server()
        guard, facts = ContextGuard(server), await server.facts()
        request = await guard.fit(Request.ask("hello"), facts)
        with pytest.raises(ContextWindowError, match="its server says so"):
            await guard.check(request, Ending("stop", Usage(3, 1), cut=True), facts)
        with pytest.raises(ContextWindowError, match="fills the whole window"):
            await guard.check(request, Ending("stop", Usage(4095, 1)), facts)

    run(main())


def test_fewer_tokens_than_words_twice_is_cut() -> None:
    class Odd(Server):
        async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
            yield Piece(ending=Ending("stop", Usage(300, 1)))

    async def main() -> None:
        server = Odd(loaded=8192)
        guard, facts = ContextGuard(server), await server.facts()
        request = await guard.fit(Request.ask(words(600)), facts)
        with pytest.raises(ContextWindowError, match="at least 600 tokens; its server counts 300; the window has 8192"):
            await guard.check(request, Ending("stop", Usage(500, 1)), facts)

    run(main())


def test_what_is_loaded_anew_meanwhile_proves_nothing() -> None:
    async def main() -> None:
        server = Server(tokenizer=TOKENIZERS["words"])
        guard, facts = ContextGuard(server), await server.facts()
        request = await guard.fit(Request.ask(words(1500)), facts)
        server.loaded = 1024  # by somebody else, after our reply
        await guard.check(request, Ending("stop", Usage(1505, 1)), facts)
        await ask(guard, server, request)
        assert server.asked_window == 2

    run(main())


def test_without_counts_nothing_can_be_said() -> None:
    async def main() -> None:
        server = Server(window=4096, usage=False)
        guard = ContextGuard(server)
        await ask(guard, server, Request.ask("short"))
        assert not guard.unverified, "it fits, whatever it counts"
        await ask(guard, server, Request.ask(words(1800)))
        assert guard.unverified
        facts = await server.facts()
        guard = ContextGuard(server)
        await guard.check(Request.ask(words(1800), context=4096), Ending("stop", Usage(0, 0)), facts)
        assert guard.unverified, "0 is no count"

        small = Server(loads=1024, usage=False)
        with pytest.raises(ContextWindowError, match="at least 1800 tokens"):
            await ask(ContextGuard(small), small, Request.ask(words(1800)))

    run(main())


def test_a_verification_that_does_not_end_is_stalled() -> None:
    async def main() -> None:
        server = Server(window=4096, tokenizer=TOKENIZERS["words"])
        guard, facts = ContextGuard(server), await server.facts()
        request = await guard.fit(Request.ask(words(1800), timeout=0.02), facts)
        server.silent, server.loaded = 5.0, 4096
        with pytest.raises(StalledError, match=r"within 0\.02 seconds"):
            await guard.check(request, Ending("stop", Usage(1803, 1)), facts)

    run(main())


def test_a_verification_without_an_answer_says_nothing() -> None:
    class Empty(Server):
        async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
            raise ReplyError("none")
            yield Piece()

    async def main() -> None:
        server = Empty(window=4096, loaded=4096)
        guard, facts = ContextGuard(server), await server.facts()
        await guard.check(Request.ask(words(1800), context=4096), Ending("stop", Usage(1803, 1)), facts)
        assert guard.unverified

    run(main())


def test_the_usual_case_costs_microseconds() -> None:
    async def main() -> None:
        server = Server()
        guard, facts = ContextGuard(server), await server.facts()
        request = await ask(guard, server, Request((system(words(300)), user(words(100)))))
        ending = Ending("stop", Usage(410, 20))
        fastest = 1.0
        for _ in range(200):
            began = perf_counter()
            await guard.fit(request.but(context=None), facts)
            await guard.check(request, ending, facts)
            fastest = min(fastest, perf_counter() - began)
        assert fastest < 200e-6

    run(main())


def test_an_answer_of_unknown_length_takes_half_of_a_small_window() -> None:
    async def main() -> None:
        server = Server(window=2000, chooses=False, counts=True)
        guard, facts = ContextGuard(server), await server.facts()
        assert ANSWER > 1000
        assert await guard.fit(Request.ask(words(990)), facts)
        with pytest.raises(ContextWindowError, match="may have 1000"):
            await guard.fit(Request.ask(words(1000)), facts)

    run(main())
