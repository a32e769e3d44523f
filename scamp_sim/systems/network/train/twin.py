"""The trainable twin: a network of integers as a PyTorch module whose forward pass is the golden model, bit for bit.

Weights are latent numbers whose signs (or roundings) are the integers, thresholds latent numbers that are rounded, and
gradients go straight through both. A threshold's gradient is that of a straight line as wide as the sums typically
reach. Maxima stand before the threshold, where they give the same bits and one gradient a window.

Importing this module imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scamp_sim.systems.network.noise import StageNoise
from scamp_sim.systems.network.params import Conv, Counts, Dense, Layer, Network, Pool
from scamp_sim.training.signs import sign

SUM_NOISE = 26 / 4096
"""sd of a binary dense layer's sum that is read as one sample a class on a chip, as a share of its features: 13 matches
of 4,096, of which the converter's rounding is 4.9."""

LATENT = 0.3
"""Size of a latent weight of +-1 at the start; +-1 is as far as they go."""

NUMBERS = 1 << 22
"""Normal numbers in a bank at first."""


class _Straight(torch.autograd.Function):
    """f(x) forward, the gradient of x backward."""

    @staticmethod
    def forward(ctx: Any, latent: Tensor, value: Tensor) -> Tensor:
        return value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0], None


class Integers(nn.Module):
    """Integer weights with latent ones behind them.

    top: the largest |weight|; 1 with zeros is ternary, 1 without is binary.
    """

    moves: Tensor

    def __init__(self, weights: np.ndarray[Any, Any], constant: np.ndarray[Any, Any] | None = None) -> None:
        super().__init__()
        whole = torch.from_numpy(weights.astype(np.float32))
        shape = (-1, *[1] * (whole.ndim - 1))
        fixed = torch.zeros(len(whole), dtype=torch.bool)
        if constant is not None:
            fixed = torch.from_numpy(constant != 0)
        self.register_buffer("moves", (~fixed).float().reshape(shape))
        free = whole[~fixed]
        self.top = max(int(free.abs().max()) if free.numel() else 1, 1)
        self.binary = self.top == 1 and not bool((free == 0).any())
        self.latent = nn.Parameter(whole * LATENT if self.binary else whole / self.top)

    def forward(self) -> Tensor:
        latent = self.latent
        whole = torch.where(latent >= 0, 1.0, -1.0) if self.binary else torch.round(latent * self.top)
        result: Tensor = _Straight.apply(latent * (1 if self.binary else self.top), whole * self.moves)
        return result

    @torch.no_grad()
    def clamp(self) -> None:
        """Keep latent weights within +-1, so that they can turn."""
        self.latent.clamp_(-1, 1)

    def integers(self) -> np.ndarray[Any, Any]:
        """int8."""
        with torch.no_grad():
            return np.asarray(self.forward().numpy().round(), np.int8)


class Bank(nn.Module):
    """Normal numbers, drawn once and shown in windows that begin by chance: to draw them anew for every picture would
    take longer than everything else. Its state is that of the generator before the draw, not the numbers, so that
    checkpoints stay small; `redraw` after loading a state."""

    before: Tensor
    size: Tensor

    def __init__(self, generator: torch.Generator, count: int = NUMBERS) -> None:
        super().__init__()
        self.generator = generator
        self.register_buffer("before", generator.get_state())
        self.register_buffer("size", torch.tensor(count))
        self._fill(count)

    def _fill(self, count: int) -> None:
        self.before.copy_(self.generator.get_state())
        self.size.fill_(count)
        self.numbers = torch.randn(count, generator=self.generator)

    def redraw(self) -> None:
        """The numbers that belong to the state, without a change of the generator."""
        source = torch.Generator()
        source.set_state(self.before)
        self.numbers = torch.randn(int(self.size), generator=source)

    def draw(self, shape: torch.Size) -> Tensor:
        """Normal numbers of a shape."""
        count = math.prod(shape)
        if 2 * count > len(self.numbers):
            self._fill(2 * count)
        first = int(torch.randint(0, len(self.numbers) - count + 1, (1,), generator=self.generator))
        return self.numbers[first : first + count].reshape(shape)


class TwinConv(nn.Module):
    """Sums of a convolution above the middle of their thresholds: positive where the bit is +1."""

    weights: Integers
    fixed: Tensor
    given: Tensor

    def __init__(self, layer: Conv) -> None:
        super().__init__()
        self.layer = layer
        self.weights = Integers(layer.weights, layer.constant)
        taps = float(np.median(layer.taps[layer.constant == 0])) if np.any(layer.constant == 0) else 1.0
        self.width = max(math.sqrt(taps), 1.0)
        # In units of what sums typically reach, so that one rate of learning suits all layers.
        self.level = nn.Parameter(torch.from_numpy(layer.threshold.astype(np.float32)) / self.width)
        self.register_buffer("fixed", torch.from_numpy(layer.constant != 0))
        self.register_buffer("given", torch.from_numpy(layer.threshold.astype(np.float32)))

    def threshold(self) -> Tensor:
        """(out,) whole numbers of taps."""
        taps = self.level * self.width
        whole: Tensor = _Straight.apply(taps, torch.where(self.fixed, self.given, torch.round(taps)))
        return whole

    def forward(self, x: Tensor, noise: StageNoise | None, strength: Tensor, bank: Bank | None) -> Tensor:
        layer = self.layer
        top, left, bottom, right = layer.padding
        if any(layer.padding):
            x = F.pad(x, (left, right, top, bottom), value=float(layer.pad_value))
        weights = self.weights()
        sums = F.conv2d(x, weights, stride=layer.stride, groups=layer.channels if layer.depthwise else 1)
        level = 0.5 - self.threshold()
        if noise is None or bank is None:
            return sums + level[:, None, None]
        total = weights.sum(dim=(1, 2, 3))
        sd = torch.sqrt(noise.floor**2 + (noise.slope * (total - noise.centre)) ** 2)
        moves = strength[:, None] * self.weights.moves.reshape(1, -1)
        # One number a channel and picture each, so that maps are walked over but twice.
        level = level + moves * (noise.shift + noise.tilt * total)
        return torch.addcmul(sums + level[:, :, None, None], (moves * sd)[:, :, None, None], bank.draw(sums.shape))

    def penalty(self, limit: float) -> Tensor:
        """How far thresholds are beyond +-limit, squared."""
        beyond = torch.relu((self.level * self.width).abs() - limit)
        return torch.where(self.fixed, 0.0, beyond**2).mean()

    def made(self) -> Conv:
        """The layer of integers."""
        with torch.no_grad():
            threshold = np.asarray(self.threshold().numpy().round(), np.int32)
        return replace(self.layer, weights=self.weights.integers(), threshold=threshold)


class TwinDense(nn.Module):
    """Sums, scales and biases of a dense layer, with its activation."""

    scale: Tensor

    def __init__(self, layer: Dense) -> None:
        super().__init__()
        self.layer = layer
        self.weights = Integers(layer.weights) if layer.integer else None
        self.real = None if layer.integer else nn.Parameter(torch.from_numpy(np.array(layer.weights)))
        self.gain = nn.Parameter(torch.zeros(layer.classes, dtype=torch.float64))
        self.register_buffer("scale", torch.from_numpy(np.array(layer.scale)))
        self.bias = nn.Parameter(torch.from_numpy(np.array(layer.bias)))

    def forward(self, x: Tensor, strength: Tensor | None, bank: Bank | None) -> Tensor:
        if self.weights is not None and x.dtype == torch.float32:
            sums = F.linear(x, self.weights()).double()  # whole numbers below 2^24: exact
            if strength is not None and bank is not None and self.weights.binary:
                sums = sums + SUM_NOISE * self.layer.features * strength[:, None] * bank.draw(sums.shape)
        else:
            assert self.weights is not None or self.real is not None
            weights = self.weights().double() if self.weights is not None else self.real
            assert weights is not None
            sums = F.linear(x.double(), weights)
        scores = sums * self.scaled() + self.bias
        if self.layer.activation == "relu":
            return torch.relu(scores)
        if self.layer.activation == "sign":
            # At 0 it is +1; `sign` has -1 there.
            slope = 1 / max(float(scores.detach().abs().mean()), 1e-6)
            bits: Tensor = -sign(-scores, "straight-through", slope)
            return bits.float()
        return scores

    def scaled(self) -> Tensor:
        """(classes,) the scale of the sums, whose sign stays."""
        gain: Tensor = self.scale * torch.exp(self.gain)
        return gain

    def made(self) -> Dense:
        """The layer of integers, or of floats as before."""
        with torch.no_grad():
            scale, bias = self.scaled().numpy().copy(), self.bias.numpy().copy()
            weights: Any = self.weights.integers() if self.weights is not None else None
            if weights is None:
                assert self.real is not None
                weights = self.real.numpy().copy()
        return replace(self.layer, weights=weights, scale=scale, bias=bias)


class Twin(nn.Module):
    """A network of integers that can be trained. `Twin(net).network()` is the same network again."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.net = net
        self.parts = nn.ModuleList(
            TwinConv(layer)
            if isinstance(layer, Conv)
            else TwinDense(layer)
            if isinstance(layer, Dense)
            else nn.Identity()
            for layer in net.layers
        )

    def forward(
        self,
        bits: Tensor,
        noise: Mapping[str, StageNoise] | None = None,
        strength: Tensor | None = None,
        bank: Bank | None = None,
        keep: dict[str, Tensor] | None = None,
    ) -> Tensor:
        """Scores (n, classes) float64, or the last layer's values.

        bits: (n, rows, columns) bool, as `Input.bits` gives them.
        noise: of each convolution, by its name; none without.
        strength: (n,) how much of it a picture gets.
        bank: what the noise is taken from.
        keep: takes the bits and sums of each layer by the golden model's names, without noise of their own.
        """
        x = torch.where(bits, 1.0, -1.0)[:, None]
        strength = torch.ones(len(bits)) if strength is None else strength
        if noise and bank is None:
            bank = Bank(torch.default_generator)
        above: Tensor | None = None  # sums above their threshold, not yet bits
        width = 1.0
        for layer, part in zip(self.net.layers, self.parts, strict=True):
            if isinstance(layer, Pool) and above is not None:
                above = _pooled(layer, above)
                _keep(keep, f"{layer.name}.bits", above > 0)
                continue
            if above is not None:
                x, above = sign(above, "straight-through", 1 / width), None
            if isinstance(part, TwinConv):
                above = part(x, (noise or {}).get(layer.name), strength, bank)
                width = part.width
                _keep(keep, f"{layer.name}.bits", above > 0)
            elif isinstance(layer, Pool):
                x = _pooled(layer, x)
                _keep(keep, f"{layer.name}.bits", x > 0)
            elif isinstance(layer, Counts):
                x = torch.round(F.avg_pool2d((x + 1) / 2, layer.size, layer.stride) * layer.size**2).detach() + (
                    _soft_counts(x, layer)
                )
                _keep(keep, f"{layer.name}.counts", x)
            elif isinstance(part, TwinDense):
                x = part(x.flatten(1), strength if noise else None, bank)
                _keep(keep, f"{layer.name}.scores", x)
        return x if above is None else sign(above, "straight-through", 1 / width)

    def penalty(self, limit: float) -> Tensor:
        """How far thresholds are beyond +-limit, squared; beyond twice that behind the first layer, whose sums reach
        further."""
        found = torch.zeros(())
        for number, part in enumerate(p for p in self.parts if isinstance(p, TwinConv)):
            found = found + part.penalty(limit * (1 if number == 0 else 2))
        return found

    def clamp(self) -> None:
        """Keep latent weights where they can turn; after every step."""
        for part in self.modules():
            if isinstance(part, Integers):
                part.clamp()

    def network(self) -> Network:
        """The network of integers as it stands."""
        layers: list[Layer] = []
        for layer, part in zip(self.net.layers, self.parts, strict=True):
            layers.append(part.made() if isinstance(part, (TwinConv, TwinDense)) else layer)
        return replace(self.net, layers=tuple(layers))


def _soft_counts(x: Tensor, layer: Counts) -> Tensor:
    """0, with the gradient of the counts."""
    soft = F.avg_pool2d((x + 1) / 2, layer.size, layer.stride) * layer.size**2
    return soft - soft.detach()


def _pooled(layer: Pool, x: Tensor) -> Tensor:
    """The largest of each window, or the smallest where `every` says so."""
    largest: Tensor = F.max_pool2d(x, layer.size, layer.stride)
    if layer.every is None or not layer.every.any():
        return largest
    smallest: Tensor = -F.max_pool2d(-x, layer.size, layer.stride)
    every = torch.from_numpy(np.array(layer.every))[:, None, None]
    return torch.where(every, smallest, largest)


def _keep(keep: dict[str, Tensor] | None, name: str, value: Tensor) -> None:
    if keep is not None:
        keep[name] = value.detach()


__all__ = ["Bank", "Integers", "Twin", "TwinConv", "TwinDense"]
