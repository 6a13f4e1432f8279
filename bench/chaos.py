"""Kills workers at random moments, and looks whether anything is lost, doubled, changed or stuck.

    python bench/chaos.py [--runs 200] [--dask 30] [--records 2000] [-j 2] [--seed N]

Each run submits a job to a ledger of its own, kills its worker with SIGKILL 1 to 5 times (now and then also whoever is
submitting or exporting), starts it again until the job is done, and holds the export against that of an undisturbed
run, byte for byte. In the runs of --dask, its work is spread over two Dask workers; these, their scheduler or our
worker are killed. A seed repeats a run: --runs 1 --dask 0 --seed N.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "jobs"))
from chaos import Run
from chaos_performer import CHAT, EMBEDDED


def main() -> None:
    """Run, and say how it went; exit code 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--dask", type=int, default=30, help="runs with two Dask workers, besides")
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("-j", "--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--seed", type=int, help="of the first run; those after it count on")
    options = parser.parse_args()
    first = random.SystemRandom().randrange(10**9) if options.seed is None else options.seed
    folder = Path(tempfile.mkdtemp(prefix="gleanery-chaos-"))
    print(f"{options.runs} runs and {options.dask} on Dask, {options.records} records, seeds from {first}, in {folder}")
    _undisturbed(folder / "undisturbed", first, options.records)
    runs = [Run(folder / str(seed), seed, options.records) for seed in range(first, first + options.runs)]
    runs += [
        Run(folder / f"dask-{seed}", seed, options.records, dask=True) for seed in range(first, first + options.dask)
    ]
    wrong = _performed(runs, options.jobs)
    if wrong:
        print(f"{wrong} of {len(runs)} runs went wrong; their folders are kept in {folder}.")
        sys.exit(1)
    shutil.rmtree(folder)
    print(f"All {len(runs)} exports are byte-identical to that of an undisturbed run: 0 lost, 0 doubled, 0 stuck.")


def _undisturbed(folder: Path, seed: int, records: int) -> None:
    for model in (CHAT, EMBEDDED):
        run = Run(folder / model.partition("/")[0], seed, records, model=model, kills=0)
        run.folder.mkdir(parents=True)
        run.perform()
        print(f"undisturbed, {model}: {run.seconds:.1f} s", flush=True)


def _performed(runs: list[Run], at_once: int) -> int:
    """Perform the runs; how many went wrong."""
    began, wrong, kills = time.monotonic(), 0, 0
    for number, (run, trouble) in enumerate(_ending(runs, at_once), 1):
        kills += len(run.killed)
        if trouble is not None:
            wrong += 1
            print(
                f"seed {run.seed}{' with Dask' * run.dask} ({run.model}, killed: {'; '.join(run.killed)}): {trouble}",
                flush=True,
            )
        else:
            shutil.rmtree(run.folder)
        if number % 10 == 0 or number == len(runs):
            minutes = (time.monotonic() - began) / 60
            print(f"{number} runs, {kills} processes killed, {wrong} wrong, {minutes:.1f} min", flush=True)
    return wrong


def _ending(runs: list[Run], at_once: int) -> Iterator[tuple[Run, Exception | None]]:
    def perform(run: Run) -> Exception | None:
        run.folder.mkdir()
        try:
            run.perform()
        except Exception as error:
            return error
        return None

    with ThreadPoolExecutor(at_once) as pool:
        going = {pool.submit(perform, run): run for run in runs}
        for future in as_completed(going):
            yield going[future], future.result()


if __name__ == "__main__":
    main()
