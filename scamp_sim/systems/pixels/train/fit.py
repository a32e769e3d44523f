"""Training of a sensor layer with a small network behind it: settings, loop, checkpoints, accuracy.

Importing this module imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from scamp_sim.exceptions import ScampError
from scamp_sim.study.results_store import stamped
from scamp_sim.systems.pixels.data.datasets import Pictures, load
from scamp_sim.systems.pixels.train.layers import PixelConv2d
from scamp_sim.training import checkpoints
from scamp_sim.training.rates import check_rate


@dataclass(frozen=True)
class Settings:
    """How to train.

    epochs, batch, rate: of Adam, with a cosine decay over all steps.
    seed: of everything drawn.

    Raises ScampError.
    """

    epochs: int = 15
    batch: int = 64
    rate: float = 3e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2 or not self.rate > 0 or self.seed < 0:
            raise ScampError(
                f"expected at least 1 epoch, a batch of at least 2, a rate above 0 and a seed of at least 0, got {self}"
            )
        check_rate(self.rate)


@dataclass(frozen=True)
class Epoch:
    """One epoch: mean loss of training, and accuracy on the test pictures in 0..1."""

    loss: float
    accuracy: float


Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(scores, labels, light) -> the loss of a batch."""


def cross_entropy(scores: torch.Tensor, labels: torch.Tensor, light: torch.Tensor) -> torch.Tensor:
    """The plain loss."""
    return F.cross_entropy(scores, labels)


def seeded(seed: int) -> None:
    """First weights come from torch's generator, which this fixes."""
    torch.manual_seed(seed)


Batch = tuple[torch.Tensor, torch.Tensor]


def batches(data: Pictures, batch: int, generator: torch.Generator | None) -> Iterator[Batch]:
    """(light, labels) in a drawn order, or as they stand. A last batch of one picture is left out in training."""
    count = len(data.labels)
    order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
    for part in order.split(batch):
        if generator is not None and len(part) < 2:
            continue
        at = part.numpy()
        yield torch.from_numpy(data.light[at]), torch.from_numpy(data.labels[at])


def accuracy(net: Callable[[torch.Tensor], torch.Tensor], data: Pictures, batch: int = 256) -> float:
    """Share of pictures whose largest score is the label's."""
    right = 0
    with torch.no_grad():
        for light, labels in batches(data, batch, None):
            right += int((net(light).argmax(1) == labels).sum())
    return right / len(data.labels)


def fit(
    net: nn.Module,
    train: Pictures,
    test: Pictures,
    settings: Settings,
    *,
    loss: Loss = cross_entropy,
    checkpoint: str | Path | None = None,
    told: Callable[[int, Epoch], None] | None = None,
    note: str = "",
) -> list[Epoch]:
    """Train in place, and return the epochs.

    net: light -> scores.
    loss: of a batch.
    checkpoint: a file that is written after every epoch and resumed from if it is there.
    told: called after every epoch.
    note: what else the checkpoint belongs to.

    Raises ScampError.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=settings.rate)
    steps = max(1, settings.epochs * -(-len(train.labels) // settings.batch))
    history: list[Epoch] = []
    stamp: dict[str, Any] = {}
    if checkpoint is not None:
        data = stamped([train.light, train.labels, test.light, test.labels])
        stamp = {"settings": asdict(settings), "data": data, "about": note, **checkpoints.about(net, False)}
        done = checkpoints.resume(checkpoint, stamp, net, optimiser, generator)
        history = [Epoch(float(e["loss"]), float(e["accuracy"])) for e in done]
    step = len(history) * -(-len(train.labels) // settings.batch)
    for module in net.modules():
        if isinstance(module, PixelConv2d):
            module.noise_generator = torch.Generator().manual_seed(settings.seed + 1 + len(history))
    for number in range(len(history), settings.epochs):
        net.train()
        total = count = 0.0
        for light, labels in batches(train, settings.batch, generator):
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            optimiser.zero_grad()
            value = loss(net(light), labels, light)
            value.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total, count, step = total + float(value.detach()) * len(labels), count + len(labels), step + 1
        net.eval()
        history.append(Epoch(total / count, accuracy(net, test)))
        if checkpoint is not None:
            checkpoints.keep(checkpoint, stamp, net, optimiser, generator, [asdict(e) for e in history])
        if told is not None:
            told(number, history[-1])
    net.eval()
    return history


def few_losses(net: nn.Module, steps: int, seed: int) -> list[float]:
    """Losses of a few steps on one batch of drawn shapes."""
    data = load("shapes", 24, 48, seed)
    light, labels = torch.from_numpy(data.light), torch.from_numpy(data.labels)
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    found = []
    net.train()
    for _ in range(steps):
        optimiser.zero_grad()
        loss = F.cross_entropy(net(light), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        found.append(float(loss.detach()))
    return found
