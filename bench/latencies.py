"""How soon the worker obeys: pause, resume, cancel, of a real worker process on a local server.

    python bench/latencies.py [--trials 20] [--in-flight 16]

The server takes 0.3 s for an answer, and notes when each request comes and when a connection is closed. Pause: seconds
from asking until the last request came; resume: until the next one; cancel: until the last connection was closed, with
answers of 20 s. For the specialist, the times are those of the last result, and of the next.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "jobs")]

from latency_trials import SpecialistTrials, Trials  # noqa: E402
from real_worker import Bench, TitleServer  # noqa: E402


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--in-flight", type=int, default=16)
    options = parser.parse_args()
    print(f"seconds: median, worst of {options.trials}")
    for models in (("one",), ("one", "two")):
        with tempfile.TemporaryDirectory() as folder, TitleServer() as server:
            bench = Bench(Path(folder), server, in_flight=options.in_flight)
            with Trials(bench, models, records=options.trials * 1000) as trials:
                _report(f"{len(models)} chat job{'s' * (len(models) > 1)}", options.trials, trials.pause, trials.resume)
                if len(models) == 1:
                    _report("1 chat job", options.trials, trials.cancel)
    with tempfile.TemporaryDirectory() as folder, SpecialistTrials(Bench(Path(folder)), 150_000) as specialist:
        _report("specialist", options.trials, specialist.pause, specialist.resume)
        _report("specialist", options.trials, specialist.cancel, specialist.resume)


def _report(name: str, trials: int, *measures: Callable[[], float]) -> None:
    taken: list[Sequence[float]] = [[measure() for measure in measures] for _ in range(trials)]
    for measure, seconds in zip(measures, zip(*taken, strict=True), strict=True):
        print(f"{name:12} {measure.__name__:8} {median(seconds):.3f} {max(seconds):.3f}", flush=True)


if __name__ == "__main__":
    main()
