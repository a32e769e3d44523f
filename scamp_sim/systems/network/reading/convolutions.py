"""A convolution from its floating-point weights to integers, and, once its threshold is known, to a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scamp_sim.systems.network.params import BITS, Conv
from scamp_sim.systems.network.reading.integers import WITHIN, at_least, multiples, parities
from scamp_sim.systems.network.reading.steps import Affine, Array, Convolve, MaxPool, Sign, refuse
from scamp_sim.systems.network.reading.thresholds import Bools, Condition, Operation, back

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


def opened(step: Convolve, before: Shape, scale: Array, shift: Array, assumed: bool = False) -> tuple[Open, Shape]:
    """The convolution with integer weights, and the shape of its map.

    scale, shift: what bits are worth: scale x (+-1) + shift, each () or one a channel.
    assumed: they follow from values of pixels that nobody stated.

    Raises ProgramError.
    """
    node = step.node
    out, _, rows, columns = step.weights.shape
    depthwise = _fits(step, before[0])
    d, m = float(scale.flat[0]), float(shift.flat[0])
    if np.any(scale != d) or np.any(shift != m):
        refuse(
            node,
            "its input channels have different values of their bits (a batch norm behind the sign); put the batch norm "
            "in front of the sign",
        )
    outside = (step.pad_value - m) / d if any(step.padding) else 0.0
    pad_value = round(outside)
    if abs(outside - pad_value) > WITHIN or abs(pad_value) > 1:
        refuse(
            node,
            f"padding with {step.pad_value:g}, but its input is {m - d:g} or {m + d:g}; pad with one of them, or with "
            f"their middle {m:g}"
            + (
                "; if dark and bright pixels were not -1 and 1 in training, say so (values, such as --values=0,1)"
                if assumed
                else ""
            ),
        )
    top, left, bottom, right = step.padding
    if max(top, bottom) >= rows or max(left, right) >= columns:
        refuse(node, f"padding {step.padding} as large as the kernel: some windows see nothing; pad less")
    height = (before[1] + top + bottom - rows) // step.stride[0] + 1
    width = (before[2] + left + right - columns) // step.stride[0] + 1
    if min(height, width) < 1:
        refuse(node, f"kernel {rows}x{columns} is larger than the {before[1]}x{before[2]} map that it sees")
    integers, scales = _integers(node, step.weights)
    bias = np.zeros(out) if step.bias is None else step.bias
    total = step.weights.reshape(out, -1).sum(axis=1)
    chain: list[Operation] = [Affine(node, d * scales, m * total + bias)]
    return Open(step, integers, pad_value, depthwise, chain, before), (out, height, width)


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


def closed(open_: Open, sign: Sign, zero: int | None, name: str) -> tuple[Conv, list[Bools], list[str]]:
    """The layer, whether each of its pools is an AND (channels,), and notes.

    zero: what Sign(0) is to be, if that was said.

    Raises ProgramError where Sign would give 0.
    """
    conv, channels = open_.step, len(open_.integers)
    compare = sign.compare
    if compare == "sign":
        compare = ">" if zero == -1 else ">="
    found = back(Condition.of(compare, sign.level, channels), open_.chain)
    weights, threshold = open_.integers.copy(), np.zeros(channels, np.int32)
    turned = ~found.above & (found.known == 0)
    never: list[str] = []
    ties: list[str] = []
    for k in np.flatnonzero(found.known == 0):
        side = -1 if turned[k] else 1
        weights[k] *= side
        level, strict = side * float(found.level[k]), bool(found.strict[k])
        taps = int(np.abs(weights[k].astype(int)).sum())
        least, tie, rounded = at_least(min(max(level, -taps - 2.0), taps + 2.0), strict)
        at = least - int(strict)
        reached = tie and abs(at) <= taps and at % 2 in parities(weights[k], conv.padding, open_.pad_value)
        if sign.compare == "sign" and zero is None and reached:
            refuse(
                sign.node,
                f"Sign gives 0 where the sum is exactly {side * at} taps, and a bit holds no 0; say what it is to "
                "be, +1 or -1 (zero, --zero), or train with another sign",
                int(k),
            )
        if rounded and reached:
            ties.append(str(k))
        threshold[k] = least
        if least > taps or least <= -taps:
            found.known[k] = -1 if least > taps else 1
            never.append(f"channel {k} with threshold {level:.4g} of {taps} taps")
    constant = np.flatnonzero(found.known)
    for k in constant:
        weights[k], threshold[k], turned[k] = 0, 0 if found.known[k] > 0 else 1, False
    where = f"{name} ({conv.node})"
    notes = []
    if never:
        notes.append(f"{where}: thresholds that no sum crosses: {some(never)}")
    if len(constant):
        values = [f"channel {k} is {'+1' if found.known[k] > 0 else '-1'}" for k in constant]
        notes.append(f"{where}: constant, so their kernels are removed: {some(values)}")
    if ties:
        notes.append(f"{where}: thresholds within 1e-9 of a sum, rounded to it: channels {some(ties)}")
    if turned.any():
        notes.append(
            f"{where}: kernels turned, since their scale is negative: channels "
            + some([str(k) for k in np.flatnonzero(turned)])
        )
    every = [found.every[n] & (found.known == 0) for n in range(len(open_.pools))]
    made = Conv(
        name, weights, threshold, conv.stride[0], conv.padding, open_.pad_value, open_.depthwise, turned, conv.node
    )
    return made, every, notes


def some(items: Sequence[str]) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return ", ".join(items[:NAMED]) + more


__all__ = ["STRIDES", "Open", "Shape", "closed", "opened", "some"]
