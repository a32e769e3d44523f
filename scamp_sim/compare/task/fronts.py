"""Rows that learn, as modules from frames to codes: the systems' own trainable layers, in float32 and all at once.

Forward passes are those of the systems' models up to rounding (`tests/torch/test_compare_fronts.py` compares codes):
where a system repeats its NumPy model to the bit, tap after tap, sums here are convolutions, which take a tenth of the
time. Importing this module imports torch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from scamp_sim.compare.circuit import LECA, SNN_CHANNELS
from scamp_sim.compare.task.data import Bytes
from scamp_sim.compare.task.settings import CLIP
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.leca.inputs import FULL, TAPS
from scamp_sim.systems.leca.train.modules import Encoder
from scamp_sim.systems.pixelrnn.train.module import PixelRNN
from scamp_sim.systems.pixels.train.layers import PixelConv2d, stated
from scamp_sim.systems.snn.train import HoyerSpike

P2M_PITCH, SNN_PITCH = 10, 8
"""Photosites along a side of a window."""
P2M_CHANNELS, P2M_TOP = 8, 255


class Front(nn.Module):
    """Light 0..1 in windows (n, T, windows, photosites of one), as `windows` gives them, to values of codes (n, maps,
    rows, columns).

    rates: of Adam, parameter -> rate over that of the head.
    """

    norm: float | None = None
    """Largest norm of the encoder's gradient."""

    def rates(self) -> dict[str, float]:
        """Rate of each parameter over that of the head, where it is not 1."""
        return {}

    def epoch(self, number: int, of: int) -> None:
        """Called before each epoch."""

    def after_step(self) -> None:
        """Called after each step."""

    def extra_loss(self) -> Tensor | float:
        """Added to the loss of a batch."""
        return 0.0


PITCH = {**dict.fromkeys(LECA, 4), "p2m": P2M_PITCH, "snn": SNN_PITCH}
"""Row -> photosites along a side of its windows, which do not overlap."""


def windows(frames: npt.NDArray[Any], pitch: int) -> npt.NDArray[Any]:
    """Frames (n, T, rows, columns) as (n, T, windows, pitch^2), windows and photosites of each in raster order; what is
    left over at the bottom and right is in no window."""
    n, t, rows, columns = frames.shape
    r, c = rows // pitch, columns // pitch
    cut = frames[:, :, : r * pitch, : c * pitch].reshape(n, t, r, pitch, c, pitch)
    return np.ascontiguousarray(cut.transpose(0, 1, 2, 4, 3, 5).reshape(n, t, r * c, pitch * pitch))


def maps_of(sums: Tensor) -> Tensor:
    """(n, T, windows, channels) -> (n T, channels, rows, columns)."""
    n, t, count, channels = sums.shape
    side = math.isqrt(count)
    return sums.reshape(n * t, side, side, channels).permute(0, 3, 1, 2)


def joined(maps: Tensor, n: int) -> Tensor:
    """(n T, C, h, w) -> (n, T C, h, w)."""
    return maps.reshape(n, -1, *maps.shape[2:])


# --- LeCA -------------------------------------------------------------------------------------------------------


class FastEncoder(Encoder):
    """LeCA's encoder with Eq. 3 as one product: without noise the accumulator is linear in the pixels, with what later
    inputs of the same sign leave of each."""

    def effective(self) -> Tensor:
        """Weights (N, 16) that sums have, negative as charge inverts."""
        w = self.integers()
        positive = w >= 0
        m = w.abs()
        a = m / (FULL * self.ratio + m)
        kept_up = torch.ones(self.channels, dtype=w.dtype)
        kept_down = torch.ones(self.channels, dtype=w.dtype)
        found: list[Tensor] = [w] * TAPS
        for k in reversed(range(TAPS)):
            up = positive[:, k]
            found[k] = a[:, k] * torch.where(up, -kept_up, kept_down)
            kept_up = torch.where(up, kept_up * (1 - a[:, k]), kept_up)
            kept_down = torch.where(up, kept_down, kept_down * (1 - a[:, k]))
        return torch.stack(found, dim=1)

    def taps(self, mosaic: Tensor) -> Tensor:
        """Windows (frames, windows, 16) as (frames, rows, columns, 16)."""
        side = math.isqrt(mosaic.shape[1])
        return mosaic.reshape(len(mosaic), side, side, TAPS)

    def _charge(self, x: Tensor, w: Tensor, chip: Any) -> Tensor:
        if chip is not None:
            return super()._charge(x, w, chip)
        return x @ self.effective().T


class Leca(Front):
    """Blocks of 4x4 photosites; half of the epochs at 8 bits, as its trainer does."""

    norm = 1.0

    def __init__(self, channels: int, bits: int, seed: int) -> None:
        super().__init__()
        self.bits = bits
        self.encoder = FastEncoder(channels, bits, "hard", seed=seed)
        self.encoder.tied = False  # a grey scene has no two greens
        self.encoder.kernel.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Values of the codes."""
        maps: Tensor = self.encoder(x.flatten(0, 1))
        return joined(maps, len(x))

    def rates(self) -> dict[str, float]:
        """Circuit weights have integers as their unit."""
        return {"encoder.weight": 40.0, "encoder.limit": 1.0}

    def epoch(self, number: int, of: int) -> None:
        """8 bits first."""
        bits = 8 if 2 * number < of else self.bits
        if self.encoder.bits != bits:
            self.encoder.bits = bits

    def after_step(self) -> None:
        """Weights within their range."""
        self.encoder.clip_()


# --- weighted pixels ----------------------------------------------------------------------------------------------


class FastPixels(PixelConv2d):
    """Sums of weighted pixels in float32, as products of windows. Light must be 0..1, which is not looked at."""

    @property
    def kernel(self) -> int:
        """Photosites along a side of a window."""
        return int(self.weight.shape[-1])

    def differences(self, x: Tensor) -> Tensor:
        """up - down of windows, (n T, channels, rows, columns)."""
        d = x - self.pixel.centre
        found = in_place(self.pixel.gain, d) @ self.weight.float().flatten(1).T
        found = found + in_place(self.pixel.offset, d) @ self._tags().float().flatten(1).T
        found = maps_of(found)
        if self.training and bool(torch.any(self.noise > 0)):
            found = found + self.noise.float() * torch.randn(
                found.shape, generator=self.noise_generator, dtype=found.dtype
            )
        return found


@torch.no_grad()
def in_place(coefficients: tuple[float, ...], d: Tensor) -> Tensor:
    """`polynomial`, in the same order and in one tensor: light takes no gradient."""
    total = torch.full_like(d, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total.mul_(d).add_(c)
    return total


class P2M(Front):
    """Windows of 10x10 photosites, batch norm, ReLU, 8 bits up to the largest output of training."""

    full_scale: Tensor

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.sensor = FastPixels(1, P2M_CHANNELS, P2M_PITCH, generator=generator)
        self.batch_norm = nn.BatchNorm2d(P2M_CHANNELS)
        self.register_buffer("full_scale", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """Batch-norm outputs behind the counter."""
        return joined(self.coded(self.sensor.differences(x)), len(x))

    def coded(self, sums: Tensor) -> Tensor:
        """The same of sums (n T, channels, rows, columns)."""
        maps = torch.relu(self.batch_norm(sums))
        if self.training:
            self.full_scale = torch.maximum(0.99 * self.full_scale, maps.detach().max())
        lsb = self.full_scale / P2M_TOP
        bounded = torch.minimum(maps, self.full_scale)
        return stated(bounded, torch.round(bounded.detach() / lsb) * lsb)


class Snn(Front):
    """Windows of 8x8 photosites, batch norm, Hoyer spikes."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.sensor = FastPixels(1, SNN_CHANNELS, SNN_PITCH, generator=generator)
        self.batch_norm = nn.BatchNorm2d(SNN_CHANNELS)
        self.spike = HoyerSpike(SNN_CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        """Spikes."""
        return joined(self.coded(self.sensor.differences(x)), len(x))

    def coded(self, sums: Tensor) -> Tensor:
        """The same of sums (n T, channels, rows, columns)."""
        spikes: Tensor = self.spike(self.batch_norm(sums))
        return spikes

    def extra_loss(self) -> Tensor:
        """The regulariser, as the group's code weighs it."""
        return 1e-8 * self.spike.loss


# --- PixelRNN -----------------------------------------------------------------------------------------------------


class Recurrent(Front):
    """Bits (n, 16, 64, 64), +1 and -1, to the output of the last frame; its 16 tiles of 16x16 as maps."""

    norm = 1.0

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.network = PixelRNN(seed=seed)
        for parameter in self.network.decoder.parameters():
            parameter.requires_grad_(False)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The values that are read."""
        return tiles(self.network.encode(x, generator).o)

    def rates(self) -> dict[str, float]:
        """As its trainer has it, over the 3e-3 of heads."""
        return {name: 0.01 / 3e-3 for name, _ in self.named_parameters()}


def bits(frames: Bytes) -> Bytes:
    """What PixelRNN's front end makes of frames: (n, 16, 64, 64) as 0 and 1; a still picture is shown 16 times."""
    from scamp_sim.systems.pixelrnn.encoder import scaled_bits
    from scamp_sim.systems.pixelrnn.golden import INPUT_LEVEL

    found = np.stack([scaled_bits(clip, INPUT_LEVEL) for clip in frames]).astype(np.uint8)
    return np.repeat(found, CLIP, axis=1) if found.shape[1] == 1 else found


def signs(bits: Tensor) -> Tensor:
    """Bits as +1 and -1."""
    return bits.float().mul_(2).sub_(1)


def tiles(o: Tensor) -> Tensor:
    """(n, 64, 64) -> (n, 16, 16, 16): the maps that the output consists of."""
    return o.reshape(-1, 4, 16, 4, 16).permute(0, 1, 3, 2, 4).reshape(-1, 16, 16, 16)


def front(row: str, seed: int) -> Front:
    """The module of a row before training. Raises ProgramError for rows that do not learn."""
    if row in LECA:
        return Leca(*LECA[row], seed)
    made: dict[str, type[P2M] | type[Snn] | type[Recurrent]] = {"p2m": P2M, "snn": Snn, "pixelrnn": Recurrent}
    if row not in made:
        raise ProgramError(f"row {row} does not learn")
    return made[row](seed)
