"""Training and evaluation: incremental from 8 bits down, hard before noisy (Sec. 3.4, 5.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.leca import baselines, golden, inputs
from scamp_sim.systems.leca.circuit import Noise
from scamp_sim.systems.leca.data import Pictures
from scamp_sim.systems.leca.train.modules import ArrayErrors, Decoder, Encoder, Mode, Network
from scamp_sim.training import checkpoints
from scamp_sim.training.rates import check_rate

START_BITS = 8
"""Bits of the first part of a training; few bits start from it (Sec. 5.2)."""
KERNEL_RATE, INTEGER_RATE = 4.0, 60.0
"""Rates of float kernels, and of circuit weights, whose unit is an integer, over that of the decoder."""


@dataclass(frozen=True)
class Settings:
    """How to train. start_epochs: at 8 bits. epochs: at the bits of the encoder. batch, rate: of Adam. seed: of the
    order of pictures, and of noise. agree: train towards the backbone's own answers on raw pictures, without labels.
    Raises ScampError."""

    start_epochs: int = 12
    epochs: int = 12
    batch: int = 50
    rate: float = 2e-3
    seed: int = 0
    agree: bool = False

    def __post_init__(self) -> None:
        for name, low in (("start_epochs", 0), ("epochs", 0), ("batch", 1), ("seed", 0)):
            inputs.integer(name, getattr(self, name), low)
        inputs.positive("rate", self.rate)
        check_rate(self.rate)


@dataclass(frozen=True)
class Epoch:
    """One pass over the pictures. bits: of the codes. loss: mean. limit: clamp limit at its end."""

    mode: str
    bits: float
    loss: float
    limit: float


def mosaics(pictures: Pictures, side: int) -> Tensor:
    """What the sensor sees: (n, 2H, 2W) of colour pictures, the pictures themselves where kernels are for grey ones.

    Raises:
        ScampError: grey pictures for kernels of 4x4, or colour ones for 2x2.
    """
    images = pictures.images
    if side == 4 and images.ndim == 4:
        sites = np.stack([golden.mosaic(image) for image in images])
    elif side == 2 and images.ndim == 3:
        sites = images
    else:
        form = "colour pictures (n, H, W, 3)" if side == 4 else "grey pictures (n, H, W)"
        raise ScampError(f"pictures: kernels of {side}x{side} take {form}, got shape {images.shape}")
    return torch.as_tensor(sites, dtype=torch.float32)


def raw(pictures: Pictures) -> Tensor:
    """Pictures as the backbone takes them, (n, colours, H, W)."""
    images = pictures.images
    stacked = images.transpose(0, 3, 1, 2) if images.ndim == 4 else images[:, None]
    return torch.as_tensor(np.ascontiguousarray(stacked), dtype=torch.float32)


def train(
    net: Network,
    pictures: Pictures,
    settings: Settings | None = None,
    *,
    told: Callable[[Epoch], None] | None = None,
    checkpoint: str | Path | None = None,
) -> list[Epoch]:
    """Train encoder, limit and decoder of a network; the backbone stays as it is.

    Few bits start from a part at 8 bits, unless `settings.start_epochs` is 0 or the limit is trained already.

    Args:
        net: is changed.
        pictures: to train on.
        settings: how.
        told: is called after each epoch.
        checkpoint: file that keeps every epoch; a training that finds it goes on from there, and ends as one that was
            never interrupted.

    Returns:
        The epochs.

    Raises:
        ScampError: pictures of the wrong kind, a checkpoint of another training.
    """
    s = settings or Settings()
    wanted = net.encoder.bits
    plan = [START_BITS if wanted < START_BITS else wanted] * s.start_epochs + [wanted] * s.epochs
    generator = torch.Generator().manual_seed(s.seed)
    seen, labels = mosaics(pictures, net.encoder.side), torch.as_tensor(pictures.labels)
    answers = scores_of(net.backbone, raw(pictures)) if s.agree else None
    optimiser = _optimiser(net, s)
    stamp = _stamp(net, pictures, s) if checkpoint is not None else {}
    done: list[Epoch] = []
    if checkpoint is not None:
        done = [Epoch(**epoch) for epoch in checkpoints.resume(checkpoint, stamp, net, optimiser, generator)]
    for number, bits in enumerate(plan):
        if number < len(done):
            continue
        order = torch.randperm(len(seen), generator=generator)
        net.encoder.generator.manual_seed(1_000 * s.seed + number)
        _set_bits(net.encoder, bits)
        falling = 0.5 * (1 + float(np.cos(np.pi * number / len(plan))))
        for group in optimiser.param_groups:
            group["lr"] = group["base"] * max(falling, 0.05)
        net.train()
        total = 0.0
        for start in range(0, len(order), s.batch):
            chosen = order[start : start + s.batch]
            scores = net(seen[chosen])
            if answers is None:
                loss = cross_entropy(scores, labels[chosen])
            else:
                loss = kl_div(
                    log_softmax(scores, 1), log_softmax(answers[chosen], 1), log_target=True, reduction="batchmean"
                )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            net.encoder.clip_()
            total += float(loss.detach()) * len(chosen)
        epoch = Epoch(net.encoder.mode, bits, total / len(order), float(net.encoder.limit.detach()))
        done.append(epoch)
        if checkpoint is not None:
            checkpoints.keep(checkpoint, stamp, net, optimiser, generator, [vars(e) for e in done])
        if told is not None:
            told(epoch)
    _set_bits(net.encoder, wanted)
    return done


def _optimiser(net: Network, s: Settings) -> torch.optim.Optimizer:
    encoder = net.encoder
    circuit = encoder.kernel if encoder.mode == "soft" else encoder.weight
    rate = s.rate * (KERNEL_RATE if encoder.mode == "soft" else INTEGER_RATE)
    groups: list[dict[str, Any]] = [
        {"params": list(net.decoder.parameters()), "lr": s.rate, "base": s.rate},
        {"params": [circuit], "lr": rate, "base": rate},
        {"params": [encoder.limit], "lr": 5 * s.rate, "base": 5 * s.rate},
    ]
    return torch.optim.Adam(groups)


def _stamp(net: Network, pictures: Pictures, s: Settings) -> dict[str, Any]:
    """What a checkpoint must agree with."""
    encoder = net.encoder
    return {
        **checkpoints.about(net, False),
        **checkpoints.seen((pictures.images, pictures.labels), None),
        **{name: getattr(s, name) for name in ("start_epochs", "epochs", "batch", "rate", "seed", "agree")},
        **{name: getattr(encoder, name) for name in ("channels", "mode", "side", "multiplier", "kind")},
        "bits": encoder.bits,
        "noise": repr(encoder.noise),
    }


def _set_bits(encoder: Encoder, bits: float) -> None:
    encoder.bits = bits


@torch.no_grad()
def scores_of(net: nn.Module, inputs_: Tensor, batch: int = 200) -> Tensor:
    """Scores of a network in its evaluation mode."""
    net.eval()
    return torch.cat([net(inputs_[n : n + batch]) for n in range(0, len(inputs_), batch)])


def accuracy(
    net: Network, pictures: Pictures, mode: Mode | None = None, noise: Noise | ArrayErrors | None = None
) -> float:
    """Share of pictures whose class is right, in the network's mode or another one."""
    encoder = net.encoder
    kept = encoder.mode, encoder.noise
    if mode is not None:
        encoder.mode = mode
    if noise is not None:
        encoder.noise = noise
    try:
        scores = scores_of(net, mosaics(pictures, encoder.side))
    finally:
        encoder.mode, encoder.noise = kept
    return share_right(scores, pictures)


def share_right(scores: Tensor, pictures: Pictures) -> float:
    """Share of pictures whose largest score is that of their class."""
    return float((scores.argmax(1) == torch.as_tensor(pictures.labels)).double().mean())


def baseline_accuracy(backbone: nn.Module, pictures: Pictures, method: str, setting: Any) -> float:
    """The frozen classifier on pictures as LR ("lr", bits), SD ("sd", cell) or nothing ("raw") leave them."""
    images = pictures.images if pictures.images.ndim == 4 else pictures.images[..., None]
    if method == "lr":
        images = baselines.low_resolution(images, setting)
    elif method == "sd":
        images = np.stack([baselines.subsample(image, setting) for image in images])
    left = Pictures(images, pictures.labels, pictures.classes, pictures.source)
    return share_right(scores_of(backbone, raw(left)), pictures)


def agreement(net: Network, pictures: Pictures) -> float:
    """Share of pictures on which the network answers as the backbone does on the raw picture; not an accuracy."""
    answers = scores_of(net.backbone, raw(pictures)).argmax(1)
    return float((scores_of(net, mosaics(pictures, net.encoder.side)).argmax(1) == answers).double().mean())


def make_network(
    backbone: nn.Module,
    channels: int,
    bits: float,
    mode: Mode = "soft",
    *,
    colours: int = 3,
    seed: int = 0,
    layers: int = 3,
    filters: int = 16,
    **encoder: Any,
) -> Network:
    """A network with a decoder of this size, which has DnCNN's connection past its layers, and fresh weights."""
    torch.manual_seed(seed)
    decoder = Decoder(channels, colours=colours, layers=layers, filters=filters, residual=True)
    return Network(Encoder(channels, bits, mode, seed=seed, **encoder), decoder, backbone)


@torch.no_grad()
def begin(net: Network, pictures: Pictures) -> None:
    """Start a training from the data: the clamp limit at 2 standard deviations of the encoder's output, the transposed
    convolution at the least squares of the pictures, the layers behind it at nothing. From random weights a frozen
    classifier gives gradients that lead nowhere."""
    seen, wanted = mosaics(pictures.part(0, 500), net.encoder.side), raw(pictures.part(0, 500))
    encoder, bits = net.encoder, net.encoder.bits
    if encoder.mode == "hard" and encoder.multiplier == "linear":
        encoder.even_(seen)
    sums = encoder.sums(seen)
    encoder.limit.fill_(max(2 * float(sums.std()), 1e-4))
    encoder.limit_known = True
    encoder.bits = max(bits, START_BITS)
    encoder.eval()
    values = encoder(seen).permute(0, 2, 3, 1).flatten(0, 2).double()
    encoder.bits = bits
    n, colours, rows, columns = wanted.shape
    cells = wanted.view(n, colours, rows // 2, 2, columns // 2, 2).permute(0, 2, 4, 1, 3, 5)
    target = cells.reshape(-1, 4 * colours).double()
    ridge = 1e-3 * float(values.square().mean()) * len(values) / values.shape[1]
    gram = values.T @ values + ridge * torch.eye(values.shape[1], dtype=torch.float64)
    solved = torch.linalg.solve(gram, values.T @ target)
    net.decoder.spread.weight.copy_(solved.view(-1, colours, 2, 2))
    if net.decoder.residual:
        last = net.decoder.last.weight
        last.mul_(0.1 / max(float(last.norm()), 1e-9))


def small_backbone(colours: int, classes: int, filters: int = 16, seed: int = 0) -> nn.Sequential:
    """A small convolutional classifier of pictures, untrained."""
    torch.manual_seed(seed)
    parts: list[nn.Module] = []
    width = colours
    for n, out in enumerate((filters, 2 * filters, 2 * filters, 2 * filters)):
        parts += [nn.Conv2d(width, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
        parts += [nn.MaxPool2d(2)] if n < 3 else []
        width = out
    return nn.Sequential(*parts, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def train_backbone(pictures: Pictures, *, epochs: int = 5, seed: int = 0, batch: int = 64) -> nn.Sequential:
    """A small classifier, trained on raw pictures, to be frozen."""
    seen, labels = raw(pictures), torch.as_tensor(pictures.labels)
    net = small_backbone(seen.shape[1], len(pictures.classes), seed=seed)
    optimiser = torch.optim.Adam(net.parameters(), 2e-3)
    steps = epochs * -(-len(seen) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        net.train()
        order = torch.randperm(len(seen), generator=generator)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            loss = cross_entropy(net(seen[chosen]), labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()
