"""Whether memory stays flat: a million references through the command, its memory sampled all the while.

python bench/memory.py [--source FILE] [--count 1000000]
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson
from speed import made_up


def main() -> None:
    """Run the command on many lines, and print its memory at each tenth of the way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, help="a text file whose lines are repeated; each gets its own number")
    parser.add_argument("--count", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = (options.source or made_up(Path(folder) / "made-up.txt", 20_000)).read_bytes().splitlines()
        source, output = Path(folder) / "many.txt", Path(folder) / "many.jsonl"
        with source.open("wb") as many:
            for number, text in enumerate(itertools.islice(itertools.cycle(lines), options.count), 1):
                many.write(b"[%d] %s\n" % (number, text))
        began = time.monotonic()
        command = [sys.executable, "-m", "gleanery", "run", "bibliography", str(source), "-o", str(output), "-q"]
        process = subprocess.Popen(command)
        samples: list[int] = []
        while process.poll() is None:
            samples.append(_resident(process.pid))
            time.sleep(0.5)
        assert process.returncode == 0
        _check_order(output, options.count)
        seconds = time.monotonic() - began
    tenths = [f"{samples[len(samples) * tenth // 10] / 1024:.0f}" for tenth in range(1, 10)]
    print(f"{options.count:,} results in order, in {seconds:,.0f} s with the checks")
    print(f"resident memory at each tenth: {', '.join(tenths)} MB; the most was {max(samples) / 1024:.0f} MB")


def _resident(pid: int) -> int:
    """Resident memory of a process in KiB, 0 once it has gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def _check_order(output: Path, count: int) -> None:
    with output.open("rb") as lines:
        for number, text in enumerate(lines, 1):
            result = orjson.loads(text)
            assert result["id"] == f"r-{number}" and result["input"].startswith(f"[{number}] "), number
    assert number == count


if __name__ == "__main__":
    main()
