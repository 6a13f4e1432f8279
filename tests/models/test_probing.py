"""Models that can do this and not that are found out by what they answer, on a clock that does not wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace

import pytest
from servers.simulated_time import simulate

from gleanery.errors import EndpointError, ModelError, ReplyError, UnsupportedError
from gleanery.models.chat import Capabilities, Finish, Request, SchemaSupport, ToolCall
from gleanery.models.guard import SMALLEST, ContextGuard
from gleanery.models.probing import LOADING_SECONDS, SECONDS, as_served, probe
from gleanery.models.provider import Ending, ModelFacts, Piece
from gleanery.models.wire import _call

PROSE = "The sea is wide and blue today."


@dataclass
class Model:
    """A model that can do what its fields say. `thinks`: never, always in a field of its own or in the text, or only
    where it is "asked"; it then breaks a schema if `breaks`. `seconds` an answer takes, `load` the first one more."""

    schema: SchemaSupport = "enforced"
    grammar: str = "kept"
    calls: bool | str = True
    thinks: str | None = None
    breaks: bool = False
    pieces: int = 5
    finish: Finish = "stop"
    seconds: float = 0.1
    load: float = 0.0
    loaded: int | None = None
    model: str = "ollama/fake"
    asked: list[Request] = field(default_factory=list)
    purposes: set[str] = field(default_factory=set)

    async def facts(self) -> ModelFacts:
        return ModelFacts(None, None)

    async def loaded_window(self) -> int | None:
        return self.loaded

    async def count(self, request: Request) -> int | None:
        return None

    async def alive(self) -> bool:
        return True

    async def aclose(self) -> None: ...

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        self.asked.append(request)
        self.purposes.add(_call.get().purpose)
        await asyncio.sleep(self.seconds + (self.load if len(self.asked) == 1 else 0))
        thinks = self.thinks is not None and (request.thinking is not False or self.thinks.startswith("always"))
        if self.thinks == "asked":
            thinks = request.thinking is True
        if thinks and self.thinks == "always in the text":
            yield Piece("<think>Hm.</think>\n")
        elif thinks:
            yield Piece(thinking="Hm, the sea.")
        calls = self._calls(request)
        text = "" if calls else self._text(request, thinks)
        size = -(-len(text) // self.pieces)
        for at in range(0, len(text), max(1, size)):
            yield Piece(text[at : at + size])
        yield Piece(tool_calls=calls, ending=Ending(self.finish))

    def _calls(self, request: Request) -> tuple[ToolCall, ...]:
        if request.tools and self.calls == "refused":
            raise UnsupportedError("no tools")
        if request.tools and self.calls == "broken":
            raise ReplyError("no sense")
        return (ToolCall("1", request.tools[0].name, '{"colour": "blue"}'),) if request.tools and self.calls else ()

    def _text(self, request: Request, thinks: bool) -> str:
        if request.schema is not None:
            if self.schema == "refused":
                raise UnsupportedError("no schema")
            (word,) = request.schema["properties"]["colour"]["enum"]
            assert word not in request.messages[0].content
            if self.schema == "enforced" and not (thinks and self.breaks):
                return json.dumps({"colour": word})
        if request.grammar is not None:
            if self.grammar == "refused":
                raise UnsupportedError("no grammar")
            if self.grammar == "kept":
                return request.grammar.split('"')[1]
        return PROSE


def found(model: Model, facts: ModelFacts | None = None) -> tuple[Capabilities, float]:
    """What is found out about the model, and the seconds that takes."""
    results: list[tuple[Capabilities, float]] = []

    async def main(clock: Callable[[], float]) -> None:
        results.append((await probe(model, facts or await model.facts()), clock()))

    simulate(main)
    return results[0]


def test_a_model_that_can_do_everything() -> None:
    model = Model()
    can, _ = found(model)
    assert can == Capabilities(tools=True, schema="enforced", grammar=True, thinking=False, streaming=True)
    assert model.purposes == {"probe"}
    assert all(request.sampling.temperature == 0 and (request.max_tokens or 999) <= 512 for request in model.asked)


@pytest.mark.parametrize("schema", ["enforced", "accepted", "refused"])
def test_schema(schema: SchemaSupport) -> None:
    assert found(Model(schema=schema))[0].schema == schema


@pytest.mark.parametrize(("grammar", "kept"), [("kept", True), ("ignored", False), ("refused", False)])
@pytest.mark.parametrize("stated", [True, False])
def test_a_grammar_is_believed_when_it_is_kept(grammar: str, kept: bool, stated: bool) -> None:
    facts = ModelFacts(None, None, known=Capabilities(grammar=stated))
    assert found(Model(grammar=grammar), facts)[0].grammar is kept


@pytest.mark.parametrize(("calls", "tools"), [(True, True), (False, None), ("refused", False), ("broken", None)])
def test_tools(calls: bool | str, tools: bool | None) -> None:
    assert found(Model(calls=calls))[0].tools is tools


@pytest.mark.parametrize("thinks", ["let", "always", "always in the text"])
@pytest.mark.parametrize("breaks", [True, False])
def test_thinking(thinks: str, breaks: bool) -> None:
    model = Model(thinks=thinks, breaks=breaks)
    can, _ = found(model)
    assert min(request.max_tokens or 0 for request in model.asked[1:]) > 500, "room for thinking"
    assert can.thinking is True
    assert can.thinking_breaks_schema is breaks
    assert can.schema == ("accepted" if breaks and thinks != "let" else "enforced")


def test_thinking_that_nobody_saw_is_not_sure_of_a_cut_answer() -> None:
    """A model whose template opens the tag thinks as if it answered."""
    assert found(Model(finish="length"))[0].thinking is None
    assert found(Model(thinks="asked"))[0].thinking is False


@pytest.mark.parametrize(("pieces", "streaming"), [(1, False), (2, True)])
def test_streaming(pieces: int, streaming: bool) -> None:
    assert found(Model(pieces=pieces))[0].streaming is streaming


def test_what_the_server_says_is_believed_and_not_asked() -> None:
    known = Capabilities(False, "accepted", False, True, True, False, 7, 100)
    model = Model()
    can, _ = found(model, ModelFacts("d", 4096, known=known))
    assert can == replace(known, grammar=True, window=4096)
    assert len(model.asked) == 2, "whether it answers at all, and whether it keeps a grammar"


def test_it_takes_a_minute_at_most_once_it_is_loaded() -> None:
    can, seconds = found(Model(seconds=50.0, load=200.0))
    assert seconds == pytest.approx(250 + SECONDS)
    assert can == Capabilities(schema="enforced", thinking=False, streaming=True)
    can, seconds = found(Model(load=1e6), ModelFacts(None, 2048, known=Capabilities(grammar=True)))
    assert seconds <= LOADING_SECONDS + SECONDS
    assert can == Capabilities(schema="enforced", grammar=True, tools=True, window=2048)
    can, seconds = found(Model(seconds=1e6), ModelFacts(None, None, known=Capabilities(grammar=True)))
    assert can == Capabilities(grammar=True)


def test_one_that_cannot_be_talked_to_says_why() -> None:
    class Gone(Model):
        async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
            raise EndpointError("no server")
            yield Piece()

    with pytest.raises(EndpointError, match="no server"):
        found(Gone())


def test_one_that_goes_away_leaves_it_open() -> None:
    class Leaving(Model):
        async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
            if self.asked:
                raise ModelError("gone")
            async for piece in super().stream(request):
                yield piece

    assert found(Leaving(thinks="let"))[0] == Capabilities(thinking=True, streaming=True)


def test_asking_does_not_make_ollama_load_the_model_again() -> None:
    facts = ModelFacts(None, 40_960, chooses_window=True)
    for loaded, context in [(None, SMALLEST), (8192, 8192), (2048, SMALLEST), (131_072, 40_960)]:
        model = Model(loaded=loaded)
        found(model, facts)
        assert {request.context for request in model.asked} == {context}
    first = asyncio.run(ContextGuard(Model()).fit(Request.ask("A short prompt."), facts))
    assert first.context == SMALLEST
    model = Model()
    found(model, replace(facts, chooses_window=False))
    assert {request.context for request in model.asked} == {None}


def test_a_server_started_otherwise_is_believed() -> None:
    kept = Capabilities(tools=True, schema="enforced", slots=4, window=4096)
    facts = ModelFacts("d", 8192, known=Capabilities(slots=16))
    assert as_served(kept, facts) == replace(kept, slots=16, window=8192)
