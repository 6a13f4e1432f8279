"""The limiter against servers simulated on a clock that does not wait."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from servers.simulated_time import simulate

from gleanery.models.limiter import MOST, START, Limiter


@dataclass
class Server:
    """Works on `slots` requests at once, queues others; refuses beyond `most`. `batched`: it does everything at once,
    and each the slower the more there are. A request is up to `way` seconds on its way to it."""

    slots: int
    most: int | None = None
    seconds: float = 1.0
    way: float = 0.02
    spread: float = 0.0
    batched: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    in_flight: int = 0
    refused: int = 0
    done: int = 0
    tokens: int = 0

    def __post_init__(self) -> None:
        self.free = asyncio.Semaphore(self.slots)

    async def answer(self) -> int | None:
        """The tokens of a reply; None: overloaded."""
        await asyncio.sleep(self.chance.uniform(0, self.way))
        if self.most is not None and self.in_flight >= self.most:
            self.refused += 1
            return None
        self.in_flight += 1
        try:
            tokens = max(1, round(100 * (1 + self.spread * self.chance.uniform(-1, 1))))
            if self.batched:
                await asyncio.sleep(self.seconds * tokens / 100 * (1 + self.in_flight / self.slots))
            else:
                async with self.free:
                    await asyncio.sleep(self.seconds * tokens / 100)
        finally:
            self.in_flight -= 1
        self.done += 1
        self.tokens += tokens
        return tokens


@asynccontextmanager
async def driven(limiter: Limiter, server: Server, clients: int = 300, counts: bool = True) -> AsyncIterator[None]:
    """Many clients, each asking again as soon as it is answered."""
    time = asyncio.get_running_loop().time

    async def client() -> None:
        while True:
            await limiter.enter()
            began, tokens, overloaded = time(), None, False
            try:
                tokens = await server.answer()
                overloaded = tokens is None
            finally:
                limiter.leave(
                    seconds=None if tokens is None else time() - began,
                    tokens=tokens if tokens and counts else 0,
                    overloaded=overloaded,
                )
            if overloaded:
                await asyncio.sleep(server.chance.uniform(0, 0.5))

    tasks = [asyncio.create_task(client()) for _ in range(clients)]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (limiter.in_flight, limiter.waiting) == (0, 0)


@pytest.mark.parametrize("spread", [0.0, 0.5])
@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("slots", [1, 2, 3, 4, 6, 8, 13, 17, 48])
def test_finds_how_many_a_server_works_on(slots: int, counts: bool, spread: float) -> None:
    async def main(clock: Callable[[], float]) -> None:
        limiter = Limiter(clock=clock)
        server = Server(slots, spread=spread)
        limits = []
        async with driven(limiter, server, counts=counts):
            await asyncio.sleep(75)
            server.tokens = 0
            for _ in range(100):
                await asyncio.sleep(3)
                limits.append(limiter.limit)
        assert server.tokens >= 0.95 * 300 * slots * 100
        middle = sorted(limits)[50]
        assert slots <= middle <= 3.4 * slots

    simulate(main)


def test_a_slow_server_is_not_flooded_before_its_slots_are_known() -> None:
    async def main(clock: Callable[[], float]) -> None:
        limiter, server = Limiter(clock=clock), Server(1, seconds=30.0)
        async with driven(limiter, server):
            for _ in range(400):
                await asyncio.sleep(30)
                assert server.in_flight <= START
        assert server.done >= 395

    simulate(main)


@pytest.mark.parametrize("slots", [1, 2, 4, 8, 32])
def test_slots_that_the_server_tells_are_kept_busy(slots: int) -> None:
    async def main(clock: Callable[[], float]) -> None:
        limiter, server = Limiter(clock=clock), Server(slots, spread=0.5, way=0.1)
        limiter.told(slots)
        assert slots < limiter.limit <= max(slots + 1, 1.25 * slots)
        async with driven(limiter, server):
            await asyncio.sleep(100)
        assert server.tokens >= 0.98 * 100 * slots * 100
        assert limiter.limit == slots + max(1, slots // 4)

    simulate(main)


def test_a_batching_server_gets_more_as_long_as_that_brings_more() -> None:
    async def main(clock: Callable[[], float]) -> None:
        limiter, server = Limiter(clock=clock), Server(32, batched=True)
        async with driven(limiter, server):
            await asyncio.sleep(300)
            server.tokens = 0
            await asyncio.sleep(300)
            assert server.tokens >= 0.8 * 300 * 32 * 100  # of what it could do with infinitely many
            assert limiter.limit <= 160

    simulate(main)


def test_work_that_only_becomes_slower_is_taken_back() -> None:
    async def main(clock: Callable[[], float]) -> None:
        limiter, server = Limiter(clock=clock), Server(64, seconds=0.1)
        async with driven(limiter, server):
            await asyncio.sleep(30)
            assert limiter.limit >= 64
            for _ in range(60):  # somebody else took most of it
                await server.free.acquire()
            await asyncio.sleep(600)
            assert limiter.limit <= 16

    simulate(main)


@pytest.mark.parametrize("told", [None, 200])
@pytest.mark.parametrize("most", [1, 3, 6, 20])
def test_overload_brings_it_down_to_what_the_server_takes(most: int, told: int | None) -> None:
    async def main(clock: Callable[[], float]) -> None:
        limiter, server = Limiter(clock=clock), Server(most, most=most, seconds=0.5)
        limiter.told(told)
        async with driven(limiter, server, clients=100):
            await asyncio.sleep(60)
            server.done = server.refused = 0
            await asyncio.sleep(600)
        assert server.done >= 0.85 * 2 * most * 600
        assert server.refused <= 0.1 * server.done

    simulate(main)


def test_one_storm_of_refusals_halves_it_once() -> None:
    now = 0.0
    limiter = Limiter(clock=lambda: now)
    limiter.told(80)
    for _ in range(50):
        limiter.leave(overloaded=True)
    assert limiter.limit == 50
    now = 2.0
    limiter.leave(overloaded=True)
    assert limiter.limit == 25
    limiter.told(80)  # said again, by another model at the same server
    assert limiter.limit == 25
    for now in (4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0):  # noqa: B007
        limiter.leave(overloaded=True)
    assert limiter.limit == 1


def test_never_beyond_its_bounds() -> None:
    limiter = Limiter()
    limiter.told(100_000)
    assert limiter.limit == MOST
    assert Limiter().limit == START


def test_a_fixed_limit_stays() -> None:
    async def main() -> None:
        limiter = Limiter(3)
        limiter.told(50)
        waits = [await limiter.enter() for _ in range(3)]
        assert waits == [0.0, 0.0, 0.0]
        fourth = asyncio.create_task(limiter.enter())
        await asyncio.sleep(0.02)
        assert (limiter.limit, limiter.in_flight, limiter.waiting) == (3, 3, 1)
        limiter.leave(overloaded=True)
        assert await fourth >= 0.015
        for _ in range(100):
            limiter.leave(seconds=1.0, tokens=10, overloaded=True)
            await limiter.enter()
        assert (limiter.limit, limiter.in_flight, limiter.waiting) == (3, 3, 0)

    asyncio.run(main())


def test_a_place_given_to_one_that_is_cancelled_is_passed_on() -> None:
    async def main() -> None:
        limiter = Limiter(1)
        await limiter.enter()
        first, second = (asyncio.create_task(limiter.enter()) for _ in range(2))
        await asyncio.sleep(0)
        limiter.leave()
        first.cancel()
        async with asyncio.timeout(1):
            await second
        assert first.cancelled()
        assert (limiter.in_flight, limiter.waiting) == (1, 0)

    asyncio.run(main())


def test_too_little_to_do_says_nothing_about_the_server() -> None:
    async def main(clock: Callable[[], float]) -> None:
        limiter, server = Limiter(clock=clock), Server(64)
        async with driven(limiter, server, clients=2):
            await asyncio.sleep(100)
            assert limiter.limit == START

    simulate(main)


class Places(RuleBasedStateMachine):
    """Entering, leaving, cancelling and overload in any order, also before the loop ran."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = 0.0
        self.limiter = Limiter(clock=lambda: self.now)
        self.line: list[asyncio.Task[float]] = []
        self.inside: list[asyncio.Task[float]] = []

    def settle(self) -> None:
        async def turns() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())
        entered = [task for task in self.line if task.done() and not task.cancelled()]
        waiting = [task for task in self.line if not task.done()]
        assert self.line == [task for task in self.line if task.cancelled() or task in entered + waiting]
        uncancelled = [task for task in self.line if not task.cancelled()]
        assert uncancelled == entered + waiting, "who came first is served first"
        self.inside += entered
        self.line = waiting

    @rule(many=st.integers(1, 6))
    def enter(self, many: int) -> None:
        self.line += [self.loop.create_task(self.limiter.enter()) for _ in range(many)]

    @precondition(lambda self: self.inside)
    @rule(overloaded=st.booleans(), seconds=st.none() | st.floats(0, 10), later=st.floats(0, 3), which=st.randoms())
    def leave(self, overloaded: bool, seconds: float | None, later: float, which: random.Random) -> None:
        self.now += later
        self.inside.pop(which.randrange(len(self.inside)))
        self.limiter.leave(seconds=seconds, tokens=5, overloaded=overloaded)

    @precondition(lambda self: self.line)
    @rule(which=st.randoms())
    def cancel(self, which: random.Random) -> None:
        which.choice(self.line).cancel()

    @rule(slots=st.none() | st.integers(1, 8))
    def told(self, slots: int | None) -> None:
        self.limiter.told(slots)

    @rule()
    def run(self) -> None:
        self.settle()
        assert self.limiter.in_flight == len(self.inside)
        assert self.limiter.waiting == len(self.line)
        assert not self.line or self.limiter.in_flight >= self.limiter.limit, "a place is free, and somebody waits"

    @invariant()
    def in_bounds(self) -> None:
        assert 1 <= self.limiter.limit <= MOST
        assert self.limiter.in_flight >= 0

    def teardown(self) -> None:
        for task in self.line:
            task.cancel()
        self.run()
        for _ in self.inside:
            self.limiter.leave()
        assert (self.limiter.in_flight, self.limiter.waiting) == (0, 0)
        self.loop.close()


TestPlaces = Places.TestCase
TestPlaces.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)


def test_a_place_costs_microseconds() -> None:
    async def main() -> None:
        limiter = Limiter()
        began = perf_counter()
        for _ in range(10_000):
            await limiter.enter()
            limiter.leave(seconds=1.0, tokens=10)
        assert (perf_counter() - began) / 10_000 < 50e-6

    asyncio.run(main())
