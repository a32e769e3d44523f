"""Weighted pixels as PyTorch layers: the forward pass is the NumPy model, bit for bit; gradients come from the curve.

Importing this module imports torch.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.curve import PolynomialPixel, pixel_of
from scamp_sim.systems.pixels.windows import CDS, check_integer, window_sums

STEEPNESS = 4.0
"""Of tanh(4 w), whose slope stands for that of sign(w): in two phases a sum jumps by 2 g(light) where w crosses 0, and
without it no sign would ever be learned through g."""


class _Sign(torch.autograd.Function):
    """sign(w), 0 at 0; backward that of tanh(steepness w)."""

    @staticmethod
    def forward(ctx: Any, w: torch.Tensor, steepness: float) -> torch.Tensor:
        ctx.save_for_backward(w)
        ctx.steepness = steepness
        return torch.sign(w)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        (w,) = ctx.saved_tensors
        return grad * ctx.steepness / torch.cosh(ctx.steepness * w) ** 2, None


class _Stated(torch.autograd.Function):
    """The value of the second argument with the gradient of the first."""

    @staticmethod
    def forward(ctx: Any, soft: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        return grad, None


def stated(soft: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """`value`, with the gradient of `soft`."""
    return cast(torch.Tensor, _Stated.apply(soft, value))


def polynomial(coefficients: tuple[float, ...], d: torch.Tensor) -> torch.Tensor:
    """Horner's rule in the order of the NumPy model."""
    total = torch.full_like(d, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * d + c
    return total


class PixelConv2d(nn.Module):
    """Sums of weighted pixels, float64.

    in_channels, out_channels, kernel_size, stride: as of a convolution without padding; stride None is the kernel size.
    pixel: "curve", "ideal" or a `PolynomialPixel`.
    cds: "two-phase" or "signed".
    surrogate: steepness of the slope that stands for sign(w) in two phases, 0 for none.
    noise: sd added to every sum in training, in the unit of the sums, a number or one a channel. weight: (O, C, k, k),
        drawn N(0, 0.8) for the curve.

    Input (N, C, H, W) light in 0..1. Raises ScampError.
    """

    noise: torch.Tensor
    noise_generator: torch.Generator | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 5,
        stride: int | None = None,
        *,
        pixel: str | PolynomialPixel = "curve",
        cds: str = "two-phase",
        surrogate: float = STEEPNESS,
        noise: float | torch.Tensor = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        found = pixel_of(pixel)
        if not isinstance(found, PolynomialPixel):
            raise ScampError("training takes pixels given by coefficients: 'curve', 'ideal' or a PolynomialPixel")
        if cds not in CDS:
            raise ScampError(f"unknown CDS mode {cds!r:.40}: expected 'two-phase' or 'signed'")
        for name, value in (("in_channels", in_channels), ("out_channels", out_channels), ("kernel_size", kernel_size)):
            check_integer(name, value, 1, 4096)
        self.pixel, self.cds, self.surrogate = found, cds, float(surrogate)
        self.stride = check_integer("stride", kernel_size if stride is None else stride, 1, 1 << 16)
        # The released curve adds much that does not depend on the width; the authors start from N(0, 0.8).
        spread = 0.8 if found.offset != (0.0,) else (in_channels * kernel_size**2) ** -0.5
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.weight = nn.Parameter(spread * torch.randn(shape, generator=generator, dtype=torch.float64))
        self.register_buffer("noise", torch.as_tensor(noise, dtype=torch.float64))
        self.noise_generator = None

    def sums(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(up, down, soft): the NumPy model's sums, and their difference as torch computes it, for gradients."""
        x = x.double()
        with torch.no_grad():
            if not bool(torch.all((x >= 0) & (x <= 1))):
                raise ScampError("light outside of 0..1: scale the pictures first")
            w = self.weight.detach().cpu().numpy()
            up, down = window_sums(x.detach().cpu().numpy(), w, self.stride, self.pixel, self.cds)
        d = x - self.pixel.centre
        soft = F.conv2d(polynomial(self.pixel.gain, d), self.weight, stride=self.stride)
        if self.pixel.offset != (0.0,):
            g = polynomial(self.pixel.offset, d)
            tags = torch.ones_like(self.weight) if self.cds == "signed" else self._tags()
            soft = soft + F.conv2d(g, tags, stride=self.stride)
        return torch.from_numpy(up).to(x.device), torch.from_numpy(down).to(x.device), soft

    def _tags(self) -> torch.Tensor:
        if not self.surrogate:
            return torch.sign(self.weight.detach())
        return cast(torch.Tensor, _Sign.apply(self.weight, self.surrogate))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """up - down, (N, O, h, w) float64."""
        up, down, soft = self.sums(x)
        return self.noisy(stated(soft, up - down))

    def noisy(self, z: torch.Tensor) -> torch.Tensor:
        """With the noise of training."""
        if not self.training or not bool(torch.any(self.noise > 0)):
            return z
        sd = self.noise.reshape(1, -1, 1, 1) if self.noise.ndim else self.noise
        return z + sd * torch.randn(z.shape, generator=self.noise_generator, dtype=z.dtype).to(z.device)

    def extra_repr(self) -> str:
        o, c, k, _ = self.weight.shape
        return f"{c}, {o}, kernel_size={k}, stride={self.stride}, pixel={self.pixel.name}, cds={self.cds}"


class Tail(nn.Module):
    """The small network behind the sensor: two 3x3 convolutions of 32 and 64 channels, and a linear layer.

    channels: maps of the sensor.
    classes: outputs.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.body = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(32, 64, 3, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(256, classes),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes)."""
        return cast(torch.Tensor, self.body(maps.float()))


def distillation(
    scores: torch.Tensor, labels: torch.Tensor, teacher: torch.Tensor, tau: float = 2.0, share: float = 0.5
) -> torch.Tensor:
    """(1 - share) CE + share tau^2 KL(softmax(teacher / tau), softmax(scores / tau)), mean over the batch.

    The paper names distillation and gives no loss; this is the usual one. Raises ScampError.
    """
    if not (tau > 0 and 0 <= share <= 1):
        raise ScampError(f"expected tau above 0 and a share in 0..1, got {tau} and {share}")
    plain = F.cross_entropy(scores, labels)
    if share == 0:
        return plain
    soft = F.kl_div(
        F.log_softmax(scores / tau, dim=1), F.log_softmax(teacher / tau, dim=1), reduction="batchmean", log_target=True
    )
    return (1 - share) * plain + share * tau**2 * soft


def numpy_of(tensor: torch.Tensor) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A tensor as float64."""
    return np.asarray(tensor.detach().cpu().double().numpy())
