"""Dense layers: integers a class where there are, a threshold of scores where bits follow."""

from __future__ import annotations

import numpy as np

from scamp_sim.systems.network.params import Dense
from scamp_sim.systems.network.reading.integers import at_least, multiples
from scamp_sim.systems.network.reading.steps import Array, Flatten, FullyConnected, Sign, refuse


def dense(
    step: FullyConnected,
    name: str,
    shape: tuple[int, int, int],
    flat: Flatten | None,
    scale: Array,
    shift: Array,
) -> tuple[Dense, list[str]]:
    """The layer, and notes.

    shape: of the map before it.
    flat: how that was flattened.
    scale, shift: the layer sees scale x (stored values) + shift, each () or one a channel or feature.

    Raises ProgramError.
    """
    node, weights = step.node, step.weights
    features = shape[0] * shape[1] * shape[2]
    if weights.shape[1] != features:
        refuse(
            node,
            f"{weights.shape[1]} weights a class for {features} values ({'x'.join(map(str, shape))}); the input or a "
            "layer before has another size than in training",
        )
    if not np.all(np.isfinite(weights)):
        refuse(node, "a weight is not a finite number; train it again", int(np.argwhere(~np.isfinite(weights))[0][0]))
    if flat is not None and flat.channels_last:
        channels, rows, columns = shape
        weights = weights.reshape(-1, rows, columns, channels).transpose(0, 3, 1, 2).reshape(len(weights), -1)
    scale, shift = (
        part if part.ndim == 0 or len(part) == features else part.repeat(features // len(part))
        for part in (scale, shift)
    )
    bias = (np.zeros(len(weights)) if step.bias is None else step.bias) + (weights * shift).sum(axis=1)
    weights = weights * scale
    integers, scales = np.zeros(weights.shape, np.int8), np.ones(len(weights))
    for k, row in enumerate(weights):
        found = multiples(row)
        if found.integers is None:
            note = f"{name} ({node}): weights of class {k} are not small multiples of one scale: the controller's layer"
            return Dense(name, weights, np.ones(len(weights)), bias, "none", node), [note]
        integers[k], scales[k] = found.integers, found.scale or 1.0
    return Dense(name, integers, scales, bias, "none", node), []


def signed(layer: Dense, sign: Sign, zero: int | None, behind_bits: bool) -> Dense:
    """The layer with a sign of its scores.

    zero: what Sign(0) is to be, if that was said.
    behind_bits: whether its sums are of +-1.

    Raises ProgramError where Sign would give 0.
    """
    if layer.activation != "none":
        refuse(sign.node, "two activations behind one dense layer; keep one")
    compare = sign.compare
    if compare == "sign":
        compare = ">" if zero == -1 else ">="
    turn = -1.0 if compare[0] == "<" else 1.0
    scale, bias = layer.scale * turn, (layer.bias - sign.level) * turn
    if not layer.integer:
        return Dense(layer.name, layer.weights, scale, bias, "sign", layer.node)
    for k in np.flatnonzero(scale):
        # +1 where side x sum >= least: half a step below it no score is 0, so that no rounding decides.
        side = np.sign(scale[k])
        least, tie, _ = at_least(float(-bias[k] / abs(scale[k])), len(compare) == 1)
        if sign.compare == "sign" and zero is None and tie:
            parity = int(np.abs(layer.weights[k].astype(int)).sum()) % 2
            if not behind_bits or least % 2 == parity:
                refuse(sign.node, "Sign gives 0 where the score is 0; say zero=+1 or zero=-1 (--zero)", int(k))
        scale[k], bias[k] = side, 0.5 - least
    return Dense(layer.name, layer.weights, scale, bias, "sign", layer.node)


__all__ = ["dense", "signed"]
