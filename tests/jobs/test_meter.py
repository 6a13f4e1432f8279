"""How a job goes: rates of late, medians, the slowest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_executor import some_records

from gleanery.jobs.job import Pace
from gleanery.jobs.meter import Meter
from gleanery.jobs.outcome import Outcome


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def outcome(position: int, seconds: float = 1.0, ttft: float = 10.0) -> Outcome:
    return Outcome(position, "ok", b"{}", b"{}", (), seconds, ttft, 2.0, 7)


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    clock = Clock()
    meter = Meter(Pace(), clock=clock)
    assert meter.rate is None
    for n in range(1, 101):
        clock.now += 0.5
        meter.done(some_records(5, n), [outcome(n + k) for k in range(5)])
    assert meter.rate == pytest.approx(10, rel=0.1)
    clock.now += 9
    assert meter.rate == pytest.approx(1, rel=0.6)
    clock.now += 5
    assert meter.rate is None


def test_a_fast_job_is_counted_as_exactly() -> None:
    clock = Clock()
    meter = Meter(Pace(), clock=clock)
    for _ in range(10_000):
        clock.now += 0.001
        meter.took_over(3)
    assert meter.rate == pytest.approx(3000, rel=0.02)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=40))
def test_the_five_slowest_are_kept(seconds: list[float]) -> None:
    meter = Meter(Pace())
    for n, took in enumerate(seconds, 1):
        meter.done(some_records(1, n), [outcome(n, took)])
    slowest = [took for _, took in meter.pace(0).slowest]
    assert sorted(slowest, reverse=True) == sorted(seconds, reverse=True)[:5]


def test_it_goes_on_from_the_pace_before() -> None:
    meter = Meter(Pace(tokens=100, slowest=(("r-9", 50.0),), ttft_ms=3.0))
    assert meter.pace(2).ttft_ms == 3.0
    meter.done(some_records(1), [outcome(1, 60.0)])
    pace = meter.pace(2)
    assert (pace.tokens, pace.ttft_ms, pace.tpot_ms, pace.in_flight) == (107, 10.0, 2.0, 2)
    assert set(pace.slowest) == {("r-9", 50.0), ("r-1", 60.0)}
    assert (meter.at_rest().rate, meter.at_rest().in_flight, meter.at_rest().tokens) == (None, 0, 107)
