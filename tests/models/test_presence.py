"""One asks for all whether a lost server is back, on a clock that does not wait."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.simulated_time import simulate

from gleanery.errors import EndpointError
from gleanery.models.presence import FIRST, LONGEST, Presence, delays


class Server:
    """Is back after some seconds; remembers when it was asked."""

    def __init__(self, clock: Callable[[], float], back: float) -> None:
        self.clock, self.back = clock, back
        self.asked: list[float] = []

    async def alive(self) -> bool:
        self.asked.append(self.clock())
        return self.clock() >= self.back


def test_all_are_told_when_it_is_back() -> None:
    async def main(clock: Callable[[], float]) -> None:
        server = Server(clock, 60.0)
        presence = Presence(server.alive, 300.0, chance=random.Random(1))
        assert not presence.lost
        waiting = [asyncio.create_task(presence.wait()) for _ in range(50)]
        await asyncio.sleep(30)
        assert presence.lost
        waiting += [asyncio.create_task(presence.wait()) for _ in range(50)]
        assert await asyncio.gather(*waiting) == [True] * 100
        assert not presence.lost
        assert 60 <= clock() <= 60 + LONGEST
        gaps = [b - a for a, b in itertools.pairwise([0.0, *server.asked])]
        assert FIRST / 2 <= gaps[0] <= FIRST
        assert max(gaps) <= LONGEST
        assert len(gaps) <= 14, "asked ever more seldom"

    simulate(main)


def test_all_are_told_when_patience_is_over() -> None:
    async def main(clock: Callable[[], float]) -> None:
        server = Server(clock, 1000.0)
        presence = Presence(server.alive, 20.0)
        first = asyncio.create_task(presence.wait())
        await asyncio.sleep(15)
        assert not await presence.wait(), "patience is counted from the loss"
        assert not await first
        assert clock() == pytest.approx(20.0)
        assert server.asked[-1] == pytest.approx(20.0), "it is asked at the last moment"
        assert presence.lost

    simulate(main)


def test_a_later_loss_starts_anew() -> None:
    async def main(clock: Callable[[], float]) -> None:
        server = Server(clock, 10.0)
        presence = Presence(server.alive, 100.0)
        assert await presence.wait()
        server.back, lost_at = 500.0, clock()
        assert not await presence.wait()
        assert clock() == pytest.approx(lost_at + 100)
        server.back, lost_at = 0.0, clock()
        assert await presence.wait()
        assert clock() - lost_at <= FIRST

    simulate(main)


def test_once_patience_is_over_who_comes_does_not_wait_again() -> None:
    async def main(clock: Callable[[], float]) -> None:
        server = Server(clock, 1000.0)
        presence = Presence(server.alive, 20.0)
        assert not await presence.wait()
        for tries in range(1, 4):
            asked = len(server.asked)
            assert await asyncio.gather(*[presence.wait() for _ in range(10)]) == [False] * 10
            assert (clock(), len(server.asked) - asked) == (pytest.approx(20.0), 1), tries
        presence.answered()
        assert not presence.lost
        assert not await presence.wait()
        assert clock() == pytest.approx(40.0), "it answered somebody: there is patience anew"
        server.back = 0.0
        assert await presence.wait()
        server.back = 1000.0
        assert not await presence.wait()
        assert clock() == pytest.approx(60.0), "so there is when it answered the question"

    simulate(main)


def test_one_that_does_not_answer_or_raises_is_not_there() -> None:
    async def hangs() -> bool:
        await asyncio.sleep(1e6)
        return True

    async def raises() -> bool:
        raise EndpointError("gone")

    async def main(clock: Callable[[], float]) -> None:
        for alive in (hangs, raises):
            assert not await Presence(alive, 60.0).wait()

    simulate(main)


def test_a_fault_of_ours_is_not_hidden() -> None:
    async def broken() -> bool:
        raise ZeroDivisionError

    async def main(clock: Callable[[], float]) -> None:
        presence = Presence(broken, 60.0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await presence.wait()

    simulate(main)


def test_without_patience_nobody_waits() -> None:
    async def main(clock: Callable[[], float]) -> None:
        assert not await Presence(Server(clock, 0.0).alive, 0.0).wait()
        assert clock() == 0.0

    simulate(main)


def test_who_gives_up_does_not_take_the_others_along() -> None:
    async def main(clock: Callable[[], float]) -> None:
        server = Server(clock, 30.0)
        presence = Presence(server.alive, 100.0)
        first, second = (asyncio.create_task(presence.wait()) for _ in range(2))
        await asyncio.sleep(5)
        first.cancel()
        assert await second

    simulate(main)


def test_when_all_have_given_up_nobody_asks() -> None:
    async def main(clock: Callable[[], float]) -> None:
        server = Server(clock, 30.0)
        presence = Presence(server.alive, 100.0)
        waiting = [asyncio.create_task(presence.wait()) for _ in range(3)]
        await asyncio.sleep(5)
        for task in waiting:
            task.cancel()
        later = asyncio.create_task(presence.wait())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        later.cancel()
        await asyncio.gather(*waiting, later, return_exceptions=True)
        asked = len(server.asked)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await asyncio.sleep(20)
        assert len(server.asked) == asked
        assert await presence.wait()

    simulate(main)


def test_who_comes_as_the_last_gives_up_still_waits() -> None:
    async def main(clock: Callable[[], float]) -> None:
        presence = Presence(Server(clock, 30.0).alive, 100.0)
        first = asyncio.create_task(presence.wait())
        await asyncio.sleep(5)
        first.cancel()
        assert await asyncio.create_task(presence.wait())

    simulate(main)


def test_who_finds_it_gone_again_at_once_waits_anew() -> None:
    async def main(clock: Callable[[], float]) -> None:
        server = Server(clock, 10.0)
        presence = Presence(server.alive, 100.0)

        async def twice() -> float:
            assert await presence.wait()
            server.back = 50.0
            assert await presence.wait()
            return clock()

        assert min(await asyncio.gather(twice(), twice())) >= 50

    simulate(main)


@given(st.none() | st.floats(0, 100), st.integers(0, 2**32))
def test_delays_grow_and_honour_what_the_server_asked_for(after: float | None, seed: int) -> None:
    drawn = list(itertools.islice(delays(after, random.Random(seed)), 12))
    for tries, delay in enumerate(drawn):
        assert (after or 0.0) <= delay <= (after or 0.0) + min(LONGEST, 2 * FIRST * 2**tries)
    assert drawn == list(itertools.islice(delays(after, random.Random(seed)), 12))


def test_delays_differ() -> None:
    later = [next(itertools.islice(delays(None), 6, None)) for _ in range(100)]
    assert len(set(later)) == 100
    assert max(later) > 7 > min(later)
