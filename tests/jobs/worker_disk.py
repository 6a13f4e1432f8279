"""A worker whose disk becomes full: python worker_disk.py ledger|wire FOLDER. To be run where file systems can be
mounted; mounts a small one for the ledger, or for the wire record only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from real_worker import Bench, TitleServer, sentence

COUNT = 300
CANNOT = 77


def main(what: str, folder: Path) -> None:
    """Fill the disk while the worker works, see what it and others say, make room, and see it through."""
    home = folder / "home"
    disk = home if what == "ledger" else home / "wire"
    disk.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]).returncode:
        sys.exit(CANNOT)
    with TitleServer(seconds=0.03) as server:
        bench = Bench(folder, server)
        with bench.queue() as queue:
            job = bench.submit(queue, COUNT)
        with bench.worker() as worker, bench.queue() as queue:
            worker.until(lambda: len(server.asked) > 60)
            with full(disk):
                before = queue.job(job.id).counts.done
                assert worker.ended() == 1, worker.said
                assert "full" in sentence(worker.said) and str(disk) in sentence(worker.said)
                doors(bench, job.id, ledger=what == "ledger")
        kept = bench.kept(job)
        assert len(kept) >= before > 0
        bench.work_off()
        lines = bench.exported(job)
        assert [line["id"] for line in lines] == [f"r-{n}" for n in range(1, COUNT + 1)]
        assert all(line["status"] == "ok" for line in lines)
        assert not kept & server.asked_again()
        assert bench.command("ledger", "check").returncode == 0


def doors(bench: Bench, job: str, *, ledger: bool) -> None:
    """What can be read is read, what would have to be written is told; a worker that ends at once did not start."""
    ran = bench.command("jobs")
    assert ran.returncode == 0 or "full" in sentence(ran.stderr), ran
    ran = bench.command("export", job, "-o", bench.folder / "part.jsonl")
    assert ran.returncode == 0 or "full" in sentence(ran.stderr), ran
    if ledger:
        for call in (["submit", "bibliography", "gleanery.toml", "--no-start"], ["move", job, "--first"]):
            ran = bench.command(*call)
            assert ran.returncode == 1 and "full" in sentence(ran.stderr), ran
        ran = bench.command("worker", "start")
        assert ran.returncode == 1 and "did not start" in ran.stderr, ran


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """No byte is free on it meanwhile."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        for size in (65536, 1):
            try:
                while stream.write(bytes(size)):
                    pass
            except OSError:
                continue
    try:
        yield
    finally:
        ballast.unlink()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
