"""A real worker obeys soon: nothing is begun half a second after a pause, everything is aborted two after a cancel."""

from pathlib import Path

import pytest
from latency_trials import SpecialistTrials, Trials
from real_worker import Bench, TitleServer

PAUSED, RESUMED, CANCELLED = 0.5, 1.0, 2.0
"""Seconds that it may take; on a machine that is busy with other tests, at best."""


@pytest.mark.parametrize("models", [("one",), ("one", "two")])
def test_pause_and_resume(tmp_path: Path, models: tuple[str, ...]) -> None:
    with TitleServer() as server, Trials(Bench(tmp_path, server), models) as trials:
        paused, resumed = zip(*[(trials.pause(), trials.resume()) for _ in range(2)], strict=True)
        assert min(paused) < PAUSED
        assert min(resumed) < RESUMED


def test_cancel_aborts_what_is_in_flight_at_the_server(tmp_path: Path) -> None:
    with TitleServer() as server, Trials(Bench(tmp_path, server)) as trials:
        assert min(trials.cancel() for _ in range(2)) < CANCELLED


def test_the_specialist_stops_soon(tmp_path: Path) -> None:
    with SpecialistTrials(Bench(tmp_path)) as trials:
        paused = []
        for _ in range(2):
            paused.append(trials.pause())
            trials.resume()
        assert min(paused) < PAUSED
        assert trials.cancel() < CANCELLED
