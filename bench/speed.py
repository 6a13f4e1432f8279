"""How fast the main job is: references a second on one core, the share of each stage, and the start.

    python bench/speed.py [--source FILE] [--count 5000]

Without --source the references are made up by the training's generator from nothing but its own word lists, so that
the figures can be had anywhere; a file of real references gives the figures of the README.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

TODAY = date(2026, 1, 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, help="a text file with one reference a line")
    parser.add_argument("--count", type=int, default=5000)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        source = options.source or made_up(Path(folder) / "references.txt", options.count)
        lines = source.read_bytes().count(b"\n")
        print(f"{lines:,} references of {source.name}, one core")
        _end_to_end(source, Path(folder), lines)
        _stages(source, lines)
    _start(source if options.source else None)


def made_up(path: Path, count: int) -> Path:
    """Write `count` references that the training's generator makes up, one a line."""
    from gleanery.models.references.training.synthesis.templates import Pools, render

    pools, rng = Pools(), random.Random(0)
    texts = ("".join(text for _, text in render(pools, rng)) for _ in range(count))
    path.write_text("".join(" ".join(text.split()) + "\n" for text in texts), encoding="utf-8")
    return path


def _end_to_end(source: Path, folder: Path, lines: int) -> None:
    """The path of the command, file in and whole file out, from the first result on: the start has its own figures."""
    from gleanery.running import run
    from gleanery.tasks.exports.formats import FORMATS
    from gleanery.tasks.exports.whole import whole_file

    rates = []
    for _ in range(5):
        results = run("bibliography", source, date=TODAY)
        with whole_file(folder / "out.jsonl") as stream:
            exporter = FORMATS["jsonl"].open(stream, [])
            exporter.write(next(results))
            began = time.perf_counter()
            for result in results:
                exporter.write(result)
            exporter.close()
            rates.append((lines - 1) / (time.perf_counter() - began))
    print(f"end to end            {max(rates):8,.0f} a second   (runs: {', '.join(f'{rate:,.0f}' for rate in rates)})")


def _stages(source: Path, lines: int) -> None:
    """Each stage alone over all records, after the others' outputs were prepared."""
    from gleanery.agents.specialist import Specialist
    from gleanery.jobs.local import SLICE, slices
    from gleanery.models.references.labeller import Labeller
    from gleanery.tasks.exports.jsonl import JsonlExporter
    from gleanery.tasks.references.assemble import assemble
    from gleanery.tasks.sources import read_source

    labeller = Labeller()
    features = labeller._features
    records = list(read_source(source))
    rows = [features(record.text)[1] for record in records]
    parts = list(slices(records, SLICE))
    labellings = [labelling for part in parts for labelling in labeller.label([record.text for record in part])]
    specialist = Specialist(labeller, 0.9, TODAY)
    results = [result for part in parts for result in specialist(part)]

    def write() -> Iterable[Any]:
        with Path(os.devnull).open("wb") as sink:
            exporter = JsonlExporter(sink)
            return [exporter.write(result) for result in results]

    stages: dict[str, float] = {
        "read": _seconds(lambda: read_source(source)),
        "tokens and features": _seconds(lambda: (features(record.text) for record in records)),
        "network": _seconds(lambda: (labeller.probabilities(row) for row in rows if row)),
        "labels (all of the above but read)": _seconds(
            lambda: (labeller.label([record.text for record in part]) for part in parts)
        ),
        "normalise, check, ground": _seconds(
            lambda: (
                assemble(record.text, labelling.spans, today=TODAY)
                for record, labelling in zip(records, labellings, strict=True)
            )
        ),
        "record to result (all but read and write)": _seconds(lambda: map(specialist, parts)),
        "write": _seconds(write),
    }
    whole = stages["read"] + stages["record to result (all but read and write)"] + stages["write"]
    for name, seconds in stages.items():
        print(f"  {name:42s} {1e6 * seconds / lines:7.0f} µs a reference  {100 * seconds / whole:5.1f} %")


def _seconds(work: Callable[[], Iterable[Any]]) -> float:
    best = float("inf")
    for _ in range(2):
        began = time.perf_counter()
        for _ in work():
            pass
        best = min(best, time.perf_counter() - began)
    return best


def _start(source: Path | None) -> None:
    python, gleanery = [sys.executable, "-c", "pass"], [sys.executable, "-m", "gleanery"]
    bare = _process(python)
    given = [str(source)] if source else ["-"]
    helped = _process([*gleanery, "--help"]) - bare
    first = _process([*gleanery, "run", "-q", "bibliography", "--limit", "1", *given])
    print(f"gleanery --help       {1000 * helped:8,.0f} ms over bare python ({1000 * bare:.0f} ms)")
    print(f"first record of run   {1000 * first:8,.0f} ms")


def _process(command: list[str]) -> float:
    def once() -> Iterator[float]:
        for _ in range(7):
            began = time.perf_counter()
            subprocess.run(command, input=b"Warm, A. (1999). Up.\n", stdout=subprocess.DEVNULL, check=True)
            yield time.perf_counter() - began

    return min(once())


if __name__ == "__main__":
    main()
