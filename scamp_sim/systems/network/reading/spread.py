"""Activations of a few values as several bits: weights for every bit of a value, and what the bits are worth.

A value that rises in n steps is the sum of n bits, each of which is +1 where the value is past one more step. A layer
behind it is the same layer over n times as many channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from scamp_sim.systems.network.reading.steps import Array, Convolve, Flatten, FullyConnected, refuse


def for_bits(step: Convolve, channels: int, bits: int) -> Convolve:
    """A convolution over values as one over their bits, whose channels stand one behind the other.

    channels: of bits; a convolution with weights for another number is left as it is.
    """
    weights = step.weights
    if bits == 1 or weights.shape[1] * step.groups != channels // bits:
        return step
    if step.groups == 1:
        return replace(step, weights=weights.repeat(bits, axis=1))
    per_group = weights.shape[1] * bits
    full = np.zeros((len(weights), channels, *weights.shape[2:]))
    for k, kernel in enumerate(weights):
        first = k * step.groups // len(weights) * per_group
        full[k, first : first + per_group] = kernel.repeat(bits, axis=0)
    return replace(step, weights=full, groups=1)


def dense_for_bits(
    step: FullyConnected, shape: tuple[int, int, int], flat: Flatten | None, bits: int
) -> FullyConnected:
    """A dense layer over values as one over their bits, flattened with channels first.

    shape: of the map of bits.

    Raises ProgramError where the sizes differ.
    """
    channels, (rows, columns), weights = shape[0] // bits, shape[1:], step.weights
    values = channels * rows * columns
    if weights.shape[1] != values:
        refuse(
            step.node,
            f"{weights.shape[1]} weights a class for {values} values; the input or a layer before has another size "
            "than in training",
        )
    if flat is not None and flat.channels_last:
        weights = weights.reshape(-1, rows, columns, channels).transpose(0, 3, 1, 2)
    weights = weights.reshape(-1, channels, rows * columns).repeat(bits, axis=1)
    return replace(step, weights=weights.reshape(len(weights), -1))


def revalued(
    node: str, scale: Array, shift: Array, width: int, bits: int, function: Callable[[Array], Array]
) -> tuple[Array, Array]:
    """Scale and shift of the bits of a function of their value.

    scale, shift: what a bit is worth, scale x (+-1) + shift, each () or one a channel.
    width: channels of bits.

    Raises ProgramError where a channel has one value left.
    """
    each, middle = (np.broadcast_to(part, width).reshape(-1, bits) for part in (scale, shift))
    value = (middle - each).sum(axis=1)
    values = [function(value)]
    for one in each.T:
        value = value + 2 * one
        values.append(function(value))
    steps = np.diff(values, axis=0).T
    constant = np.all(steps == 0, axis=1)
    if np.any(constant):
        refuse(node, "gives one value for all values of a bit; drop it", int(np.argmax(constant)))
    half, first = steps.reshape(-1) / 2, (np.asarray(values[0], np.float64) / bits).repeat(bits)
    found = half, half + first
    if all(np.all(part == part[0]) for part in found):
        return np.asarray(found[0][0]), np.asarray(found[1][0])
    return found


__all__ = ["dense_for_bits", "for_bits", "revalued"]
