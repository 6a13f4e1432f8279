"""Kill -9 at random moments: nothing is lost, doubled, changed or stuck. The long form is `make chaos`."""

from pathlib import Path

import pytest
from chaos import Run
from chaos_performer import CHAT, EMBEDDED

pytestmark = pytest.mark.timeout(300)  # a dozen interpreters start, which takes its time on a busy machine


@pytest.mark.parametrize(("seed", "model"), [(1, CHAT), (2, EMBEDDED), (3, CHAT)])
def test_a_killed_worker_loses_nothing(tmp_path: Path, seed: int, model: str) -> None:
    run = Run(tmp_path, seed, records=300, model=model, kills=2)
    run.perform()
    assert run.killed


def test_killed_dask_workers_lose_nothing(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    run = Run(tmp_path, seed=4, records=200, model=CHAT, kills=1, dask=True)
    run.perform()
    assert run.killed
