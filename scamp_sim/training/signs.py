"""Signs with a gradient, for networks whose values are bits in the sensor.

A sign is +1 above 0 and -1 at 0 and below, as everywhere in this project; `torch.sign` has a 0, which no bit holds.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scamp_sim.chip import isa
from scamp_sim.exceptions import OptionError

SURROGATES = ("tanh", "straight-through")
"""Gradients of a sign: the slope of tanh (equation 6 of PixelRNN, CVPR 2024), or of the straight line within +-1."""

SLOPE = 2.0
"""m of equation 6, in the authors' public model."""


class _Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float, straight: bool) -> Tensor:
        ctx.save_for_backward(x)
        ctx.slope, ctx.straight = slope, straight
        return torch.where(x > 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        m = ctx.slope
        if ctx.straight:
            return gradients[0] * (m * (x.abs() * m <= 1)), None, None
        return gradients[0] * (m * (1 - torch.tanh(m * x) ** 2)), None, None


def sign(x: Tensor, surrogate: str = "tanh", slope: float = SLOPE) -> Tensor:
    """+1 where x > 0, else -1; any shape, float32.

    Its gradient is that of tanh(slope x), equation 6: slope (1 - tanh^2(slope x)); with "straight-through" that of
    slope x cut off at +-1: slope where |slope x| <= 1, else 0. Raises ProgramError for another surrogate.
    """
    check_surrogate(surrogate)
    result: Tensor = _Sign.apply(x, slope, surrogate == "straight-through")
    return result


def check_surrogate(name: str) -> None:
    """Raises ProgramError unless there is a gradient of that name."""
    if name not in SURROGATES:
        raise OptionError(
            f"unknown surrogate gradient '{name}'{isa.did_you_mean(name, SURROGATES)}; there are "
            + ", ".join(SURROGATES)
        )


__all__ = ["SLOPE", "SURROGATES", "check_surrogate", "sign"]
