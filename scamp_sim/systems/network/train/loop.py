"""Fine-tuning a network of integers under the noise of a chip, and re-fitting its last layer to a chip's own bits.

Importing this module imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scamp_sim.checks import integer
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.network.data import Labelled
from scamp_sim.systems.network.noise import StageNoise
from scamp_sim.systems.network.params import Dense, Network
from scamp_sim.systems.network.store import net_digest
from scamp_sim.systems.network.train.twin import NUMBERS, Bank, Twin
from scamp_sim.training import checkpoints
from scamp_sim.training.rates import check_rate
from scamp_sim.training.threads import threads

MOST_STRENGTH, MOST = 100.0, 1e6
"""Of the strength of noise, beyond which nothing is left of a picture, and of other settings."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    epochs, batch, rate: of Adam, with a cosine decay over all steps.
    strength: the noise of a picture is this times the measured one at most; drawn for each picture, from none up, so
        that the network does not come to live on noise.
    limit: thresholds beyond +-limit taps are pulled back, since they decide the amplitude of a tap; twice that behind
        the first layer.
    pull: weight of that.
    shift: pictures are moved by up to so many pixels.
    seed: of everything drawn.

    Raises ProgramError.
    """

    epochs: int = 20
    batch: int = 64
    rate: float = 2e-3
    strength: float = 1.2
    limit: float = 6.0
    pull: float = 0.02
    shift: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (("epochs", 0, 10_000), ("batch", 2, 65_536), ("shift", 0, 64), ("seed", 0, None)):
            integer(name, getattr(self, name), low, high)
        for name, most in (("rate", MOST), ("strength", MOST_STRENGTH), ("limit", MOST), ("pull", MOST)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise ProgramError(f"{name}: expected a number in 0..{most:g}, got {value!r:.40}")
        check_rate(self.rate)


@dataclass(frozen=True)
class Epoch:
    """One epoch: mean loss, and the share of training pictures decided right under noise."""

    loss: float
    right: float


def finetune(
    net: Network,
    data: Labelled,
    noise: Mapping[str, StageNoise],
    settings: Settings | None = None,
    told: Callable[[int, Epoch], None] | None = None,
    *,
    checkpoint: str | Path | None = None,
) -> tuple[Network, list[Epoch]]:
    """The network after training with noise, and its epochs.

    noise: of each convolution, as `noise.measure` gives it.
    told: called after every epoch, for those of the checkpoint too.
    checkpoint: a file that is written after every epoch; if it is there, training goes on from it, and ends with the
        same network to the last bit.

    Raises ProgramError for pictures without labels, networks without scores, and a checkpoint of another network, other
    settings, noise or pictures.
    """
    settings = settings or Settings()
    if data.labels is None:
        raise ProgramError(f"data {data.source}: pictures without labels; training needs them")
    if not isinstance(net.layers[-1], Dense):
        raise ProgramError("this network ends in bits or counts; training needs a dense layer at its end")
    torch.manual_seed(settings.seed)
    generator = torch.Generator().manual_seed(settings.seed)
    bits = torch.from_numpy(net.input.bits(data.pictures))
    labels = torch.from_numpy(np.asarray(data.labels))
    twin, bank = Twin(net), Bank(generator, NUMBERS)
    soft = _softness(twin, bits[:256])
    optimiser = torch.optim.Adam(_groups(twin, settings.rate))
    steps = settings.epochs * -(-len(bits) // settings.batch)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1))
    state, history = nn.ModuleDict({"twin": twin, "bank": bank}), list[Epoch]()
    if checkpoint is not None:
        stamp = _stamp(net, data, noise, settings, state)
        history = [Epoch(**e) for e in checkpoints.resume(checkpoint, stamp, state, optimiser, generator)]
        bank.redraw()
        # The rate itself came back with the optimiser.
        decay.last_epoch = len(history) * -(-len(bits) // settings.batch)
    if told is not None:
        for number, epoch in enumerate(history):
            told(number, epoch)
    with threads(1):
        for number in range(len(history), settings.epochs):
            losses, right = 0.0, 0
            for at in torch.randperm(len(bits), generator=generator).split(settings.batch):
                shown = _moved(bits[at], settings.shift, generator)
                strength = settings.strength * torch.rand(len(at), generator=generator)
                scores = _two(twin(shown, noise, strength, bank))
                loss = F.cross_entropy(scores / soft, labels[at]) + settings.pull * twin.penalty(settings.limit)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                decay.step()
                twin.clamp()
                losses += float(loss.detach()) * len(at)
                if not math.isfinite(losses):
                    raise ProgramError(f"epoch {number + 1}: the loss is not finite; take a smaller rate")
                right += int((scores.argmax(1) == labels[at]).sum())
            history.append(Epoch(losses / len(bits), right / len(bits)))
            if checkpoint is not None:
                checkpoints.keep(checkpoint, stamp, state, optimiser, generator, map(asdict, history))
            if told is not None:
                told(number, history[-1])
    tuned = twin.network()
    note = f"fine-tuned for {settings.epochs} epochs on {data.source} under noise of its stages"
    return replace(tuned, notes=(*net.notes, note)), history


def refit(
    net: Network,
    values: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    *,
    steps: int = 400,
    rate: float = 0.02,
    decay: float = 1e-3,
) -> Network:
    """The network with its last layer fitted anew, in floating point, to what came before it on a chip.

    values: (n, features) of the layer before: bits as +-1, counts or scores.
    labels: (n,).

    Raises ProgramError for values of another size.
    """
    last = net.layers[-1]
    if not isinstance(last, Dense) or values.shape != (len(labels), last.features):
        raise ProgramError(f"expected values of shape (n, features) for the last dense layer, got {values.shape}")
    x = torch.from_numpy(np.asarray(values, np.float64))
    centre, spread = x.mean(0), x.std(0).clamp_min(1e-3)
    scaled = ((x - centre) / spread).float()
    y = torch.from_numpy(np.asarray(labels))
    weights = torch.zeros(last.classes, last.features, requires_grad=True)
    bias = torch.zeros(last.classes, requires_grad=True)
    optimiser = torch.optim.Adam([weights, bias], rate / np.sqrt(last.features))
    with threads(1):
        for _ in range(steps):
            loss = F.cross_entropy(_two(F.linear(scaled, weights, bias)), y) + decay * weights.square().sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    with torch.no_grad():
        real = weights.double() / spread
        shift = bias.double() - (real * centre).sum(1)
    made = replace(last, weights=real.numpy(), scale=np.ones(last.classes), bias=shift.numpy())
    note = f"{last.name}: fitted to {len(labels)} pictures of a chip, in floating point"
    return replace(net, layers=(*net.layers[:-1], made), notes=(*net.notes, note))


def _stamp(
    net: Network, data: Labelled, noise: Mapping[str, StageNoise], settings: Settings, state: nn.Module
) -> dict[str, Any]:
    """What a checkpoint must agree with."""
    assert data.labels is not None
    return {
        **vars(settings),
        **checkpoints.about(state, False),
        **checkpoints.seen((data.pictures, data.labels), None),
        "integers": net_digest(net),
        "noise": {name: stage.as_dict() for name, stage in noise.items()},
    }


def _groups(twin: Twin, rate: float) -> list[dict[str, Any]]:
    """Thresholds learn faster than weights: the latter only need to change sides."""
    levels = [p for name, p in twin.named_parameters() if name.endswith(".level")]
    rest = [p for name, p in twin.named_parameters() if not name.endswith(".level")]
    return [{"params": rest, "lr": rate}, {"params": levels, "lr": 5 * rate}]


def _two(scores: Tensor) -> Tensor:
    """A single score is that of class 1 beside a class 0 of 0, so that its sign decides."""
    return torch.cat([torch.zeros_like(scores), scores], 1) if scores.shape[1] == 1 else scores


def _softness(twin: Twin, bits: Tensor) -> float:
    """What scores are divided by in the loss: decisions do not depend on it, gradients do."""
    with torch.no_grad():
        return max(float(twin(bits).std()) / 3, 1e-9)


def _moved(bits: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Pictures moved by chance, dark where nothing was."""
    if not most:
        return bits
    n, rows, columns = bits.shape
    padded = F.pad(bits, (most, most, most, most))
    down, right = (torch.randint(0, 2 * most + 1, (n,), generator=generator) for _ in range(2))
    at_row = (down[:, None] + torch.arange(rows))[:, :, None]
    at_column = (right[:, None] + torch.arange(columns))[:, None, :]
    moved: Tensor = padded[torch.arange(n)[:, None, None], at_row, at_column]
    return moved


__all__ = ["Epoch", "Settings", "finetune", "refit"]
