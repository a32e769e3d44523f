"""Building blocks of PixelRNN: 5x5 correlations of single planes, pooled, with a gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scamp_sim.systems.pixelrnn.golden import FRAMES, REACH, WINDOW
from scamp_sim.training.signs import SLOPE, check_surrogate, sign


class _Correlate(torch.autograd.Function):
    # PyTorch's own gradient to a single input plane takes ten times as long as the same sum as a forward convolution.
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernels: Tensor) -> Tensor:
        ctx.save_for_backward(x, kernels)
        return F.conv2d(x, kernels, padding=REACH)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        x, kernels = ctx.saved_tensors
        (g,) = gradients
        to_x = to_kernels = None
        if ctx.needs_input_grad[0]:
            to_x = F.conv2d(g, kernels.flip(2, 3).transpose(0, 1), padding=REACH)
        if ctx.needs_input_grad[1]:
            two = [REACH, REACH]
            to_kernels = torch.ops.aten.convolution_backward(
                g, x, kernels, None, [1, 1], two, [1, 1], False, [0, 0], 1, [False, True, False]
            )[1]
        return to_x, to_kernels


def correlate(x: Tensor, kernels: Tensor) -> Tensor:
    """(n, 1, rows, columns) and (k, 1, 5, 5) -> (n, k, rows, columns): 5x5 correlations, zeros beyond the edge."""
    result: Tensor = _Correlate.apply(x, kernels)
    return result


class _PooledCorrelate(torch.autograd.Function):
    # Sixteen maps of all frames are the bulk of the work and, kept for the gradient, of the memory. Clip by clip they
    # stay in the cache, and only the place of each maximum is kept.
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, kernels: Tensor, disturb: Callable[[Tensor], Tensor] | None, gain: float, limit: float
    ) -> Tensor:
        pooled, places = [], []
        for part in x.split(FRAMES):
            sums = F.conv2d(part, kernels, padding=REACH)
            if disturb is not None:
                sums = disturb(sums)
            largest, place = F.max_pool2d(sums, WINDOW, ceil_mode=True, return_indices=True)
            pooled.append(largest)
            places.append(place.to(torch.int32))
        out = torch.cat(pooled)
        ctx.save_for_backward(x, kernels, torch.cat(places), out)
        ctx.gain, ctx.limit = gain, limit
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        x, kernels, places, out = ctx.saved_tensors
        g = gradients[0] * ctx.gain
        if ctx.limit != float("inf"):
            g = g * (out.abs() < ctx.limit)
        flipped = kernels.flip(2, 3).transpose(0, 1)
        to_x = []
        to_kernels = torch.zeros_like(kernels)
        two = [REACH, REACH]
        shape = (-1, kernels.shape[0], *x.shape[2:])
        for part, place, change in zip(x.split(FRAMES), places.split(FRAMES), g.split(FRAMES), strict=True):
            # windows do not overlap, so each maximum has its gradient to itself
            at = torch.zeros(len(part), kernels.shape[0], x.shape[2] * x.shape[3], dtype=g.dtype)
            at = at.scatter_(2, place.flatten(2).long(), change.flatten(2)).reshape(shape)
            if ctx.needs_input_grad[0]:
                to_x.append(F.conv2d(at, flipped, padding=REACH))
            if ctx.needs_input_grad[1]:
                to_kernels += torch.ops.aten.convolution_backward(
                    at, part, kernels, None, [1, 1], two, [1, 1], False, [0, 0], 1, [False, True, False]
                )[1]
        return torch.cat(to_x) if to_x else None, to_kernels, None, None, None


def pooled_correlate(
    x: Tensor,
    kernels: Tensor,
    disturb: Callable[[Tensor], Tensor] | None = None,
    gain: float = 1.0,
    limit: float = float("inf"),
) -> Tensor:
    """The largest sum of each 4x4 window, or 0: (n, 1, r, c) and (k, 1, 5, 5) -> (n, k, r / 4, c / 4), rounded up.

    The same as `pool(correlate(x, kernels))`.

    disturb: what is done to the sums of each 16 frames, a clip, before pooling; its gradient is taken to be `gain`, and
        0 where a sum has reached `limit`.
    """
    result: Tensor = _PooledCorrelate.apply(x, kernels, disturb, gain, limit)
    return result.clamp_min(0)


class Kernels(nn.Module):
    """`count` kernels of 5x5, binary or float.

    The latent weights, (count, 1, 5, 5) float32, are what an optimiser changes; binary kernels are their signs.
    """

    def __init__(
        self,
        count: int,
        *,
        binary: bool = True,
        surrogate: str = "tanh",
        slope: float = SLOPE,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_surrogate(surrogate)
        self.binary, self.surrogate, self.slope = binary, surrogate, slope
        # Latents start where the slope of tanh is not yet flat; floats as PyTorch starts convolutions (1 / sqrt(25)).
        width = 0.5 if binary else 0.2
        self.weight = nn.Parameter((2 * torch.rand(count, 1, 5, 5, generator=generator) - 1) * width)

    def taps(self) -> Tensor:
        """What the correlation takes, (count, 1, 5, 5): +1 and -1 if binary."""
        return sign(self.weight, self.surrogate, self.slope) if self.binary else self.weight

    def forward(self, x: Tensor) -> Tensor:
        return correlate(x, self.taps())


def pool(conv: Tensor) -> Tensor:
    """The largest of each 4x4 window, at least 0: (n, k, r, c) -> (n, k, r / 4, c / 4), rounded up."""
    return F.max_pool2d(conv, WINDOW, ceil_mode=True).clamp_min(0)


def tile(maps: Tensor) -> Tensor:
    """Sixteen maps as one plane, map k at tile row k mod 4, tile column k div 4: (n, 16, r, c) -> (n, 1, 4 r, 4 c)."""
    n, _, rows, columns = maps.shape
    grid = maps.reshape(n, 4, 4, rows, columns)  # tile column, tile row, row, column
    return grid.permute(0, 2, 3, 1, 4).reshape(n, 1, 4 * rows, 4 * columns)


__all__ = ["Kernels", "correlate", "pool", "pooled_correlate", "tile"]
