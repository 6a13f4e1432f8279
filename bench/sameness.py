"""Whether a record's result is the same whatever is done beside it, and whether its values stand in the input.

    python bench/sameness.py FILE

The records of FILE go through `gleanery.run` whole, in batches of 1, 7 and 64, shuffled, and on 2 threads; every line
must be the same byte for byte (ids aside). Every span of every result must lie in its input, and every value that
says `exact` must be what is printed there. A `normalised` text must be made of the letters and digits printed there, in
their order; of a page range, whose second number is completed from the first, each number must end as one is printed.
"""

from __future__ import annotations

import argparse
import random
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from gleanery.running import run
from gleanery.staging import specialist_for
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
    agent = specialist_for(task, TODAY)
    for size in (1, 7, 64):
        batches = (records[at : at + size] for at in range(0, len(records), size))
        _compare(f"batches of {size}", (result for batch in batches for result in agent(batch)), truth)
    shuffled = random.Random(1).sample(records, len(records))
    _compare("shuffled", run(task, shuffled, date=TODAY), truth)
    _compare("shuffled, 2 threads", run(task, shuffled, date=TODAY, threads=2), truth)
    spans = sum(_grounded(result) for result in results)
    print(f"{spans:,} values have their span in the source, and their text is made of what is printed there")


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
        value, printed = _value(result.output, path), result.input[span.start : span.end]
        if span.match == "exact":
            assert value == printed, (path, result.input)
        elif isinstance(value, str):
            assert _made_of(value, printed) or (path == "page" and _completed(value, printed)), (path, value, printed)
        count += 1
    for field in result.output:
        assert field in result.spans or f"{field}.0" in {".".join(path.split(".")[:2]) for path in result.spans}, field
    return count


def _made_of(value: str, printed: str) -> bool:
    """Whether the letters and digits of `value` stand in `printed` in the same order."""
    rest = iter(_plain(printed))
    return all(character in rest for character in _plain(value))


def _completed(pages: str, printed: str) -> bool:
    """Whether each number of `pages` ends as one of the printed numbers does, in the same order."""
    numbers, shown = re.findall(r"\d+", pages), re.findall(r"\d+", printed)
    return len(numbers) == len(shown) and all(one.endswith(two) for one, two in zip(numbers, shown, strict=True))


def _plain(text: str) -> list[str]:
    return [character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum()]


def _value(output: Any, path: str) -> Any:
    for part in path.split("."):
        output = output[int(part)] if part.isdigit() else output[part]
    return output


if __name__ == "__main__":
    main()
