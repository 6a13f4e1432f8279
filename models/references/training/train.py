"""Trains the network: AdamW, one cosine, bfloat16 where it pays, an average of the weights at the end."""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gleanery.models.references.training.network import Network, loss

Array = npt.NDArray[np.int32]


class Average:
    """The exponential moving average of a network's weights (Polyak averaging), updated every few steps."""

    def __init__(self, network: Network, decay: float) -> None:
        self.network, self.decay = copy.deepcopy(network).eval(), decay

    @torch.no_grad()
    def update(self, network: Network) -> None:
        """Take in the network's present weights."""
        for mean, now in zip(self.network.parameters(), network.parameters(), strict=True):
            mean.lerp_(now, 1 - self.decay)


def train(
    batches: Iterator[tuple[Array, Array]],
    *,
    total: int,
    seed: int,
    rate: float = 2e-3,
    threads: int = 1,
    say: Callable[[str], None],
    start: Network | None = None,
) -> Network:
    """Train on `batches`, expected to hold about `total` samples, and give the averaged network.

    `start` is the network to go on from (it is left as it is); without one a new network is made.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    network = (copy.deepcopy(start) if start else Network()).train()
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01, fused=True, betas=(0.9, 0.99))
    average = Average(network, 0.99)
    seen, step, losses, began = 0, 0, 0.0, time.monotonic()
    for rows, labels in batches:
        progress = min(1.0, seen / total)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 300) * max(0.01, 0.5 * (1 + math.cos(math.pi * progress)))
        with torch.autocast("cpu", torch.bfloat16):
            scores = network(torch.from_numpy(rows).long())
        cost = loss(scores.float(), torch.from_numpy(labels).long(), network.transitions)
        optimizer.zero_grad()
        cost.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        seen, step, losses = seen + len(rows), step + 1, losses + cost.item()
        if step % 10 == 0:
            average.update(network)
        if step % 200 == 0:
            speed = seen / (time.monotonic() - began)
            left = (total - seen) / speed / 60
            say(f"{seen:>9,} of {total:,} samples  loss {losses / 200:.4f}  {speed:.0f}/s  left {left:.0f} min")
            losses = 0.0
    return average.network


def shuffler(seed: int) -> random.Random:
    """The order of batches under a seed."""
    return random.Random(f"{seed}/batches")
