"""Whether a record's result is the same whatever is done beside it, and whether its values stand in the input.

    python bench/sameness.py FILE

The records of FILE go through `gleanery.run` whole, in batches of 1, 7 and 64, shuffled, and on 2 threads; every line
must be the same byte for byte (ids aside). Every span of every result must lie in its input, and every value that
says `exact` must be what is printed there.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from gleanery.agents.specialist import Specialist
from gleanery.running import agent_for, run
from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import Result
from gleanery.tasks.sources import read_source

TODAY = date(2026, 1, 1)


def main() -> None:
    """Check all, and say what was checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    records = list(read_source(parser.parse_args().source))
    task = load_task("bibliography")
    results = list(run(task, records, date=TODAY))
    truth = {result.id: line(result) for result in results}
    print(f"{len(records):,} records")
    agent = agent_for(task, None, TODAY)
    assert isinstance(agent, Specialist)
    for size in (1, 7, 64):
        batches = (records[at : at + size] for at in range(0, len(records), size))
        _compare(f"batches of {size}", (result for batch in batches for result in agent(batch)), truth)
    shuffled = random.Random(1).sample(records, len(records))
    _compare("shuffled", run(task, shuffled, date=TODAY), truth)
    _compare("shuffled, 2 threads", run(task, shuffled, date=TODAY, threads=2), truth)
    spans = sum(_grounded(result) for result in results)
    print(f"{spans:,} values have their span in the source, and every `exact` one is what is printed there")


def line(result: Result) -> bytes:
    """The result's line without its id."""
    return orjson.dumps(result.as_json() | {"id": ""})


def _compare(how: str, results: Iterable[Result], truth: dict[str, bytes]) -> None:
    count = 0
    for result in results:
        assert line(result) == truth[result.id], f"{how}: {result.input!r}"
        count += 1
    assert count == len(truth)
    print(f"{how:22s} the same bytes for each of {count:,} records")


def _grounded(result: Result) -> int:
    count = 0
    for path, span in result.spans.items():
        if span.start is None or span.end is None:
            assert span.match == "inferred" and path in ("type", "language"), (path, result.input)
            continue
        assert 0 <= span.start < span.end <= len(result.input), (path, result.input)
        if span.match == "exact":
            assert _value(result.output, path) == result.input[span.start : span.end], (path, result.input)
        count += 1
    for field in result.output:
        assert field in result.spans or f"{field}.0" in {".".join(path.split(".")[:2]) for path in result.spans}, field
    return count


def _value(output: Any, path: str) -> Any:
    for part in path.split("."):
        output = output[int(part)] if part.isdigit() else output[part]
    return output


if __name__ == "__main__":
    main()
