"""`python -m gleanery.models.references.training DATA`: train, calibrate and write the specialist's weights.

Deterministic for a seed, on one machine. With the defaults it takes one to two hours on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from gleanery.models.references.calibration import Calibration
from gleanery.models.references.features import WIDTH
from gleanery.models.references.labeller import WEIGHTS
from gleanery.models.references.training import calibrate, corpus, samples
from gleanery.models.references.training.export import export
from gleanery.models.references.training.network import Network
from gleanery.models.references.training.train import shuffler, train
from gleanery.models.references.viterbi import dump_transitions

FAMILIES = ("anystyle", "grobid", "linkedbooks")
FINISH = samples.Mixture(0.25, 0.15, (("linkedbooks", 0.35), ("grobid", 0.33), ("anystyle", 0.32)))
"""The mixture of the last stretch of the final network's training: more real references, at a lower rate."""
FINISH_RATE = 4e-4


def main() -> None:
    """Parse the command line and do it all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with train.jsonl, dev.jsonl, meta/, lists/ and csl/")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights go (default: into the package)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chunks", type=int, default=720, help="training samples, in chunks of 2,048 (default: 720)")
    parser.add_argument("--finish-chunks", type=int, default=200, help="the same for its last stretch (default: 200)")
    parser.add_argument("--left-out-chunks", type=int, default=90, help="the same for each calibration network")
    parser.add_argument(
        "--threads", type=int, default=1, help="threads of PyTorch; samples have a process of their own"
    )
    parser.add_argument("--work", type=Path, default=None, help="keep networks here, and take those that are there")
    options = parser.parse_args()
    networks = {
        family: _network(options, family, options.left_out_chunks if family else options.chunks)
        for family in (None, *FAMILIES)
    }
    options.out.mkdir(parents=True, exist_ok=True)
    final = networks[None]
    export(final, options.out / "references.onnx")
    (options.out / "transitions.json").write_text(dump_transitions(final.transitions.tolist()), encoding="utf-8")
    (options.out / "calibration.json").write_text(_calibration(options.data, networks).dump() + "\n", encoding="utf-8")
    _say(f"Written to {options.out}.")


def _network(options: argparse.Namespace, left_out: str | None, chunks: int) -> Network:
    """The network trained without a family; taken from the work folder where it is already there."""
    kept = options.work / f"{left_out or 'final'}.pt" if options.work else None
    network = Network().eval()
    if kept and kept.exists():
        network.load_state_dict(torch.load(kept))
        return network
    _say(f"Training {f'without {left_out}' if left_out else 'the network'}: {chunks * samples.CHUNK:,} samples")
    stream = samples.stream(options.data, options.seed, chunks, leave_out=left_out)
    network = _train(options, stream, chunks)
    if left_out is None:
        network = finish(options, network)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), kept)
    return network


def finish(options: argparse.Namespace, network: Network) -> Network:
    """The network after the last stretch of its training."""
    stream = samples.stream(options.data, options.seed + 1, options.finish_chunks, mixture=FINISH)
    return _train(options, stream, options.finish_chunks, rate=FINISH_RATE, start=network)


def _train(
    options: argparse.Namespace,
    stream: Iterator[list[tuple[samples.Array, samples.Array]]],
    chunks: int,
    *,
    rate: float = 2e-3,
    start: Network | None = None,
) -> Network:
    return train(
        samples.batches(stream, shuffler(options.seed)),
        total=chunks * samples.CHUNK,
        seed=options.seed,
        rate=rate,
        threads=options.threads,
        say=_say,
        start=start,
    )


def _calibration(data: Path, networks: dict[str | None, Network]) -> Calibration:
    held_out = list(corpus.read(data / "dev.jsonl"))
    observations = calibrate.Observations.none()
    for left_out, network in networks.items():
        references = [r for r in held_out if left_out in (None, r.source.split("-")[0])]
        transitions = network.transitions.tolist()
        weight = 1.0 if left_out is None else 0.5
        calibrate.observe(observations, references, _probabilities(network), transitions, weight=weight)
    return calibrate.fit(observations)


def _probabilities(network: Network) -> Callable[[list[int]], npt.NDArray[np.float32]]:
    @torch.no_grad()
    def probabilities(rows: list[int]) -> npt.NDArray[np.float32]:
        scores: torch.Tensor = network(torch.tensor(rows).view(1, -1, WIDTH))[0]
        return scores.softmax(-1).numpy()

    return probabilities


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
