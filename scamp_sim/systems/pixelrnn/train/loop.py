"""Training: a loop whose every number is fixed by a seed, with checkpoints from which it resumes exactly.

trained = train(clips, labels, Settings(noise=StageErrors.authors()), test=(clips, labels), checkpoint="run.pt")
trained.net.to_weights().save("weights.npz")
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scamp_sim.checks import integer
from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.silicon.setup import HIGHEST_SERIAL
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.train.module import PixelRNN, Readout
from scamp_sim.systems.pixelrnn.train.noise import StageErrors
from scamp_sim.training import checkpoints
from scamp_sim.training import labels as label
from scamp_sim.training.rates import check_rate
from scamp_sim.training.signs import SLOPE, check_surrogate
from scamp_sim.training.threads import threads

Clips = tuple[npt.NDArray[Any], npt.NDArray[np.integer[Any]]]
"""Clips (n, 16, 64, 64), uint8 or bool, and their labels (n,)."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    epochs: passes over the clips.
    batch: clips of a step.
    rate, decoder_rate: of Adam for the encoder and for the decoder, falling to 0 along a cosine.
    norm: at which the gradient of the encoder is cut off; the chain of signs through 16 frames makes it large now and
        then.
    seed: of first weights, order of clips, errors.
    threads: of PyTorch; another number may round sums otherwise, so it belongs to the result.
    noise, layers, surrogate, slope, activation_slope: of the network, see `PixelRNN`.

    Raises ProgramError.
    """

    epochs: int = 20
    batch: int = 16
    rate: float = 0.01
    decoder_rate: float = 0.001
    norm: float = 1.0
    seed: int = 0
    threads: int = 2
    noise: StageErrors = field(default_factory=StageErrors.none)
    layers: int = 1
    surrogate: str = "tanh"
    slope: float = SLOPE
    activation_slope: float = 0.5

    def __post_init__(self) -> None:
        for name, low in (("epochs", 1), ("batch", 2), ("threads", 1), ("layers", 1)):
            integer(name, getattr(self, name), low)
        integer("seed", self.seed, 0, HIGHEST_SERIAL)
        if self.layers > 2:
            raise ProgramError(f"layers must be 1 or 2, got {self.layers}")
        for name in ("rate", "decoder_rate", "norm", "slope", "activation_slope"):
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and math.isfinite(value) and value > 0):
                raise ProgramError(f"{name} must be a number above 0, got {value!r}")
        check_rate(self.rate)
        check_rate(self.decoder_rate, "decoder_rate")
        check_surrogate(self.surrogate)

    def network(self, classes: int) -> PixelRNN:
        """The network before training."""
        return PixelRNN(
            classes,
            self.layers,
            surrogate=self.surrogate,
            slope=self.slope,
            activation_slope=self.activation_slope,
            noise=self.noise,
            seed=self.seed,
        )


@dataclass(frozen=True)
class Epoch:
    """What an epoch gave: mean loss and share of right answers in training, and on the test clips (None: no test)."""

    number: int
    loss: float
    right: float
    test: float | None = None


@dataclass(frozen=True, eq=False)
class Trained:
    """A network after training, in evaluation mode, and what each epoch gave."""

    net: Any
    history: tuple[Epoch, ...]


def train(
    clips: npt.ArrayLike,
    labels: npt.ArrayLike,
    settings: Settings | None = None,
    *,
    net: nn.Module | None = None,
    test: Clips | None = None,
    checkpoint: str | Path | None = None,
    begun: Callable[[], None] = lambda: None,
    advance: Callable[[], None] = lambda: None,
    log: Callable[[Epoch], None] = lambda epoch: None,
) -> Trained:
    """Train on clips (n, 16, 64, 64), uint8 or bool, with labels (n,) 0, 1, .. without gaps.

    net: another network than `settings` would make, such as one of `baselines`, with a `Readout` as its `decoder`; it
        is changed, and labels need only be below its classes.
    test: clips on which the network is tried, without errors, after every epoch.
    checkpoint: a file that is written after each epoch; if it is there, training resumes from it, and the end is the
        same to the last bit.
    begun: called when all is checked, before the first epoch.
    advance: called after each step.
    log: called after each epoch, those of the checkpoint too.

    Raises ProgramError and PlaneError, also for a checkpoint of another network, other settings, clips or test clips.
    """
    settings = settings or Settings()
    frames = _checked(clips, "train")
    known = torch.from_numpy(label.whole(labels, len(frames)))
    given = net is not None
    with threads(settings.threads):
        net = settings.network(label.count(known.numpy())) if net is None else net
        classes = net.decoder.linear.out_features  # type: ignore[union-attr]
        label.within(known.numpy(), classes)  # type: ignore[arg-type]
        stored = net.store(frames)  # type: ignore[operator]
        trial = None
        if test is not None:
            tried = _checked(test[0], "test")
            wanted = label.whole(test[1], len(tried), "the labels of the test")
            label.within(wanted, classes, "the labels of the test")  # type: ignore[arg-type]
            trial = net.store(tried), wanted  # type: ignore[operator]
        encoder = [p for name, p in net.named_parameters() if not name.startswith("decoder.")]
        groups = [{"params": encoder, "lr": settings.rate}] if encoder else []
        groups.append({"params": list(net.decoder.parameters()), "lr": settings.decoder_rate})  # type: ignore[union-attr]
        optimiser = torch.optim.Adam(groups)
        rates = [float(group["lr"]) for group in groups]  # type: ignore[arg-type]
        generator = torch.Generator().manual_seed(settings.seed)
        history: list[Epoch] = []
        if checkpoint is not None:
            stamp = _stamp(settings, net, given, (frames, known.numpy()), test)
            history = [Epoch(**e) for e in checkpoints.resume(checkpoint, stamp, net, optimiser, generator)]
        begun()
        steps = math.ceil(len(known) / settings.batch)
        for epoch in history:
            log(epoch)
        for number in range(len(history), settings.epochs):
            net.train()
            order = torch.randperm(len(known), generator=generator)
            loss_sum, right = 0.0, 0
            for step, chosen in enumerate(order.split(settings.batch)):
                passed = (number * steps + step) / (settings.epochs * steps)
                for group, rate in zip(optimiser.param_groups, rates, strict=True):
                    group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * passed))
                scores = net(net.present(stored[chosen]), generator)  # type: ignore[operator]
                loss = F.cross_entropy(scores, known[chosen])
                optimiser.zero_grad()
                loss.backward()
                if encoder:
                    nn.utils.clip_grad_norm_(encoder, settings.norm)
                optimiser.step()
                loss_sum += loss.item() * len(chosen)
                right += int((scores.argmax(1) == known[chosen]).sum())
                advance()
            share = None if trial is None else accuracy(net, *trial)
            history.append(Epoch(number + 1, loss_sum / len(known), right / len(known), share))
            if checkpoint is not None:
                checkpoints.keep(checkpoint, stamp, net, optimiser, generator, [asdict(e) for e in history])
            log(history[-1])
        net.eval()
    return Trained(net, tuple(history))


def classify(net: nn.Module, stored: Tensor, generator: torch.Generator | None = None, batch: int = 32) -> Any:
    """The class of each stored clip, (n,) int64, free of errors unless there is a generator."""
    was = net.training
    net.eval()
    with torch.no_grad():
        found = [net(net.present(part), generator).argmax(1) for part in stored.split(batch)]  # type: ignore[operator]
    net.train(was)
    return torch.cat(found).numpy()


def accuracy(net: nn.Module, stored: Tensor, labels: npt.ArrayLike, generator: torch.Generator | None = None) -> float:
    """Share of stored clips (`net.store`) that the network is right about; with a generator, under its errors."""
    return float((classify(net, stored, generator) == np.asarray(labels)).mean())


def refit(
    weights: Weights,
    planes: npt.ArrayLike,
    labels: Sequence[int],
    *,
    epochs: int = 40,
    seed: int = 0,
    threads: int = 2,
) -> Weights:
    """The same encoder with a decoder trained on what it gave: planes o (n, 64, 64), tap products, as an emulated chip
    puts them out. The authors did that for their chip.

    threads: of PyTorch.

    Raises PlaneError, ProgramError.
    """
    array = np.asarray(planes, np.float32)
    if array.ndim != 3 or array.shape[1:] != (64, 64) or len(array) != len(labels):
        raise PlaneError(f"the planes have shape {array.shape} for {len(labels)} labels; they are (n, 64, 64)")
    classes = weights.decoder.classes if weights.decoder else label.count(label.whole(labels, len(labels)))
    net = _OnlyReadout(classes, torch.Generator().manual_seed(seed))
    if weights.decoder:
        net.decoder.set_decoder(weights.decoder)
    settings = Settings(epochs=epochs, seed=seed, threads=threads)
    train(array, labels, settings, net=net)
    return replace(weights, decoder=net.decoder.to_decoder())


class _OnlyReadout(nn.Module):
    """A decoder alone: a network whose clips are outputs."""

    def __init__(self, classes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.decoder = Readout(classes, generator=generator)

    def store(self, planes: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(planes)

    def present(self, stored: Tensor) -> Tensor:
        return stored

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        scores: Tensor = self.decoder(x)
        return scores


def _checked(clips: npt.ArrayLike, what: str) -> npt.NDArray[Any]:
    frames = np.asarray(clips)
    if not frames.ndim or not len(frames):
        raise PlaneError(f"there is no clip to {what} on")
    return frames


def _stamp(settings: Settings, net: nn.Module, given: bool, clips: Clips, test: Clips | None) -> dict[str, Any]:
    """What a checkpoint must agree with. given: the network is the caller's, so that the settings do not tell it."""
    chosen = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
    return {
        **chosen,
        "noise": settings.noise.as_dict(),
        **checkpoints.about(net, given),
        **checkpoints.seen(clips, test),
    }


__all__ = ["Clips", "Epoch", "Settings", "Trained", "accuracy", "classify", "refit", "threads", "train"]
