"""A convolution from its floating-point weights to integers, which then waits for its threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.network.params import BITS
from scamp_sim.systems.network.reading.integers import WITHIN, multiples
from scamp_sim.systems.network.reading.steps import Affine, Array, AveragePool, Convolve, MaxPool, Step, refuse
from scamp_sim.systems.network.reading.thresholds import Operation

STRIDES = (1, 2, 4)
NAMED = 4
"""Channels that a note lists."""

Shape = tuple[int, int, int]


@dataclass(eq=False)
class Open:
    """A convolution that waits for its threshold.

    chain: what happens to its integer sums until then; the first operation makes floating-point sums of them.
    before: shape of the map that it sees.
    """

    step: Convolve
    integers: npt.NDArray[np.int8]
    pad_value: int
    depthwise: bool
    chain: list[Operation]
    before: Shape
    pools: list[MaxPool] = field(default_factory=list)


def opened(
    step: Convolve, before: Shape, scale: Array, shift: Array, assumed: bool = False, bits: int = 1
) -> tuple[Open, Shape]:
    """The convolution with integer weights, and the shape of its map.

    scale, shift: what bits are worth: scale x (+-1) + shift, each () or one a channel.
    assumed: they follow from values of pixels that nobody stated.
    bits: channels of bits that make one of values, one behind the other.

    Raises ProgramError.
    """
    node = step.node
    out, _, rows, columns = step.weights.shape
    depthwise = _fits(step, before[0])
    pad_value = _outside(step, scale, shift, assumed, bits)
    top, left, bottom, right = step.padding
    if max(top, bottom) >= rows or max(left, right) >= columns:
        refuse(node, f"padding {step.padding} as large as the kernel: some windows see nothing; pad less")
    height = (before[1] + top + bottom - rows) // step.stride[0] + 1
    width = (before[2] + left + right - columns) // step.stride[0] + 1
    if min(height, width) < 1:
        refuse(node, f"kernel {rows}x{columns} is larger than the {before[1]}x{before[2]} map that it sees")
    along = np.s_[:, None, None, None] if depthwise else np.s_[None, :, None, None]
    weights, one = step.weights, float(scale.flat[0])
    if np.any(scale != one):
        weights, one = weights * scale[along], 1.0
    try:
        integers, scales = _integers(node, weights)
    except ProgramError:
        if weights is step.weights:
            raise
        refuse(
            node,
            "its input channels have different values of their bits (a batch norm behind the sign); put the batch norm "
            "in front of the sign",
        )
    bias = np.zeros(out) if step.bias is None else step.bias
    shifted = step.weights * (shift if shift.ndim == 0 else shift[along])
    chain: list[Operation] = [Affine(node, one * scales, shifted.reshape(out, -1).sum(axis=1) + bias)]
    return Open(step, integers, pad_value, depthwise, chain, before), (out, height, width)


def _outside(step: Convolve, scale: Array, shift: Array, assumed: bool, bits: int) -> int:
    """What lies outside the map, as a bit: -1, 0 or +1. Raises ProgramError."""
    if not any(step.padding):
        return 0
    channels = max(scale.size, shift.size, bits)
    half, middle = (np.broadcast_to(part, channels).reshape(-1, bits).sum(axis=1) for part in (scale, shift))
    away = step.pad_value - middle
    varies = np.abs(half) > WITHIN * np.abs(scale).max()
    pad_value = round(float(away[varies][0] / half[varies][0])) if varies.any() else 0
    # A value that falls again has no half of its own, and what lies outside is its lowest and highest value.
    if np.any(np.abs(away - pad_value * half) > WITHIN * np.abs(scale).max()) or abs(pad_value) > 1:
        if np.any(half != half[0]) or np.any(middle != middle[0]) or not varies.all():
            refuse(
                step.node,
                "its input channels have different values of their bits (a batch norm behind the sign), so its padding "
                "is none of them; put the batch norm in front of the sign",
            )
        d, m = float(half[0]), float(middle[0])
        refuse(
            step.node,
            f"padding with {step.pad_value:g}, but its input is {m - d:g} or {m + d:g}; pad with one of them, or with "
            f"their middle {m:g}"
            + (
                "; if dark and bright pixels were not -1 and 1 in training, say so (values, such as --values=0,1)"
                if assumed
                else ""
            ),
        )
    return pad_value


def _fits(step: Convolve, channels: int) -> bool:
    """Whether it is depthwise. Raises ProgramError for what the array has no masks or no place for."""
    node = step.node
    out, per_group, rows, columns = step.weights.shape
    if rows != columns:
        refuse(node, f"kernel {rows}x{columns}: expected as many rows as columns; fill it with zeros")
    if step.dilation != (1, 1):
        refuse(node, f"dilation {step.dilation[0]}x{step.dilation[1]}: expected 1; fill a larger kernel with zeros")
    if step.stride[0] != step.stride[1] or step.stride[0] not in STRIDES:
        shown = step.stride[0] if step.stride[0] == step.stride[1] else "x".join(map(str, step.stride))
        refuse(node, f"stride {shown}: masks have periods of powers of two; expected 1, 2 or 4")
    depthwise = step.groups == channels == out and per_group == 1 and channels > 1
    if step.groups != 1 and not depthwise:
        refuse(node, f"{step.groups} groups of {channels} channels: expected 1 group, or one a channel (depthwise)")
    if not depthwise and per_group != channels:
        refuse(node, f"kernels for {per_group} input channels, but {channels} come; the weights belong elsewhere")
    return depthwise


def _integers(node: str, weights: Array) -> tuple[npt.NDArray[np.int8], Array]:
    """Integer weights, and the scale of each channel."""
    integers, scales = np.zeros(weights.shape, np.int8), np.zeros(len(weights))
    if not np.all(np.isfinite(weights)):
        refuse(node, "a weight is not a finite number; train it again", int(np.argwhere(~np.isfinite(weights))[0][0]))
    for k, kernel in enumerate(weights):
        found = multiples(kernel)
        if found.integers is None:
            why = f"are not small multiples of one scale (worst {found.worst:.2g})"
            if found.worst <= WITHIN:
                why = f"are multiples of one scale, but of more than {BITS} bits"
            refuse(node, f"weights {why}: quantise them in training, to +-1, to -1..1 or to at most {BITS} bits", k)
        integers[k], scales[k] = found.integers, found.scale
    return integers, scales


def means_first(steps: Sequence[Step]) -> list[Step]:
    """The steps with means of whole maps in front of 1x1 convolutions of bits: the mean of such a convolution is that
    convolution of the means, which are counts, and it is a dense layer there."""
    found = list(steps)
    for n in range(1, len(found)):
        before, step = found[n - 1], found[n]
        if (
            isinstance(before, Convolve)
            and isinstance(step, AveragePool)
            and step.size is None
            and before.weights.shape[2:] == (1, 1)
            and (before.stride, before.groups) == ((1, 1), 1)
            and not any(before.padding)
            and any(isinstance(one, Convolve) for one in found[: n - 1])
        ):
            found[n - 1], found[n] = step, before
    return found


def covers(open_: Open) -> bool:
    """Whether a convolution covers its whole map, with nothing but scales and shifts behind it."""
    conv = open_.step
    plain = not open_.pools and all(isinstance(operation, Affine) for operation in open_.chain)
    return plain and open_.before[1:] == conv.weights.shape[2:] and not any(conv.padding) and not open_.depthwise


def some(items: Sequence[str]) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return ", ".join(items[:NAMED]) + more


__all__ = ["STRIDES", "Open", "Shape", "covers", "means_first", "opened", "some"]
