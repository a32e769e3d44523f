"""Operations of ONNX that are steps: convolutions, activations, dense layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np

from scamp_sim.systems.network.params import Padding
from scamp_sim.systems.network.reading.onnx.constants import parameter
from scamp_sim.systems.network.reading.onnx.data import CHANNELS_FIRST, SITES, Data, Result
from scamp_sim.systems.network.reading.onnx.inputs import Values, extended, first, map_of, pads_of, two, weights_of
from scamp_sim.systems.network.reading.onnx.model import Node
from scamp_sim.systems.network.reading.onnx.pointwise import POINTWISE, pointwise, stepwise
from scamp_sim.systems.network.reading.onnx.shapes import SHAPES
from scamp_sim.systems.network.reading.steps import (
    Array,
    Clip,
    Compare,
    Convolve,
    FullyConnected,
    Last,
    Leaky,
    Rising,
    Sign,
    refuse,
)

COMPARES = {">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less}
MIRROR: dict[str, Compare] = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}


# --- convolutions and dense layers ------------------------------------------------------------------------------


def _conv(node: Node, values: Values) -> Data:
    data = first(node, values)
    _, rows, columns = map_of(node, data)
    weights = weights_of(node, values, 1, 4)
    bias = weights_of(node, values, 2, 1) if len(values) > 2 and values[2] is not None else None
    if bias is not None and len(bias) != len(weights):
        refuse(node.name, f"{len(bias)} biases for {len(weights)} channels")
    stride, dilation = two(node, "strides"), two(node, "dilations")
    kernel = weights.shape[2], weights.shape[3]
    own = pads_of(node, kernel, stride, (rows, columns))
    before = data.single(node)
    padding, value = own, 0.0
    if before.pad is not None:
        if any(own) and before.pad_value != 0:
            refuse(node.name, f"pads with 0 around a Pad of {before.pad_value:g}; leave one of them out")
        padding = cast(Padding, tuple(a + b for a, b in zip(own, before.pad, strict=True)))
        value = before.pad_value
    step = Convolve(node.name, weights, bias, stride, padding, value, int(node.given.get("group", 1)), dilation)
    size = []
    for n, at, k in ((rows, 0, kernel[0]), (columns, 1, kernel[1])):
        span = (k - 1) * dilation[at] + 1
        size.append((n + padding[at] + padding[at + 2] - span) // stride[at] + 1)
    shape = (len(weights), max(size[0], 0), max(size[1], 0))
    return Data.of(Result((*before.steps, step), shape))


def _pad(node: Node, values: Values) -> Data:
    data = first(node, values)
    if node.given.get("mode", "constant") != "constant":
        refuse(
            node.name,
            f"Pad by {node.given['mode']} has no place on the array; pad with a constant in training",
        )
    pads = np.asarray(parameter(node, values, 1, "pads")).reshape(-1)
    value = np.asarray(parameter(node, values, 2, "value", 0.0)).reshape(-1)
    rank = len(data.order) + 1
    if len(values) > 3 and values[3] is not None:
        axes = [int(axis) % rank for axis in np.asarray(values[3]).reshape(-1)]
        every = np.zeros(2 * rank, np.int64)
        if len(pads) != 2 * len(axes) or len(set(axes)) != len(axes):
            refuse(node.name, f"Pad: {len(pads)} pads for {len(axes)} axes")
        every[axes], every[[rank + axis for axis in axes]] = pads[: len(axes)], pads[len(axes) :]
        pads = every
    if len(data.order) != 3 or len(pads) != 2 * rank or len(value) != 1 or pads.min() < 0:
        refuse(node.name, "Pad: expected a border around the rows and columns of a map")
    before, after = pads[1:rank], pads[rank + 1 :]
    sides = {axis: (int(before[n]), int(after[n])) for n, axis in enumerate(data.order)}
    if pads[0] or pads[rank] or any(sides[0]):
        refuse(node.name, "Pad adds channels or pictures; expected a border around rows and columns")
    if not any(pads):
        return data
    result = data.single(node)
    padding = (sides[1][0], sides[2][0], sides[1][1], sides[2][1])
    if data.order != CHANNELS_FIRST:
        refuse(node.name, "Pad of a map with channels last; put the Transpose in front of it")
    return Data.of(replace(result, pad=padding, pad_value=float(value[0])))


def _gemm(node: Node, values: Values) -> Data:
    data = _flat(node, first(node, values))
    if node.given.get("transA", 0):
        refuse(node.name, "transA: expected one row a picture")
    weights = weights_of(node, values, 1, 2) * float(node.given.get("alpha", 1.0))
    weights = weights if node.given.get("transB", 0) else weights.T
    found = extended(data, node, FullyConnected(node.name, weights), (len(weights),))
    if len(values) > 2 and values[2] is not None:
        bias = found.constant(values[2], node) * float(node.given.get("beta", 1.0))
        return found.scaled(np.ones(()), bias)
    return found


def _matmul(node: Node, values: Values) -> Data:
    data = _flat(node, first(node, values))
    weights = weights_of(node, values, 1, 2).T
    return extended(data, node, FullyConnected(node.name, weights), (len(weights),))


def _flat(node: Node, data: Data) -> Data:
    if len(data.order) != 1:
        refuse(node.name, f"{node.op} over a map of {len(data.order) + 1} dimensions; flatten it first")
    return data


# --- activations ------------------------------------------------------------------------------------------------


def _norm(node: Node, values: Values) -> Data:
    data = first(node, values)
    if node.given.get("training_mode", 0):
        refuse(node.name, "batch norm in training mode; export the network in evaluation mode, model.eval()")
    if len(data.order) == 3 or data.order[0] == SITES:
        map_of(node, data)
    gamma, beta, mean, variance = (weights_of(node, values, n, 1) for n in range(1, 5))
    width = data.first.shape[0]
    if {len(part) for part in (gamma, beta, mean, variance)} != {width}:
        refuse(node.name, f"expected {width} values each of scale, bias, mean and variance")
    deviation = np.sqrt(variance + float(node.given.get("epsilon", 1e-5)))
    if not np.all(deviation > 0):
        refuse(node.name, "a variance that is not above 0", int(np.argmin(deviation > 0)))
    scale = gamma / deviation
    return data.scaled(scale, beta - mean * scale)


def _sign(node: Node, values: Values) -> Data:
    data = first(node, values)
    if data.levels() is not None:
        return pointwise(node, np.sign, data)
    return extended(data, node, Sign(node.name, "sign", np.zeros(())))


def _bipolar(node: Node, values: Values) -> Data:
    data = first(node, values)
    if len(values) < 2 or isinstance(values[1], Data):
        refuse(node.name, "a scale that depends on the picture has no place on the array")
    scale = data.constant(values[1], node)
    if data.levels() is not None:
        return pointwise(node, lambda x: np.where(x >= 0, scale, -scale), data)
    found = extended(data, node, Sign(node.name, ">=", np.zeros(())))
    return found.scaled(scale, np.zeros(()))


def _compare(compare: Compare) -> Callable[[Node, Values], Data]:
    def make(node: Node, values: Values) -> Data:
        a, b = values[:2]
        if stepwise(a) and stepwise(b):
            return pointwise(node, COMPARES[compare], a, b)
        if isinstance(a, Data) and isinstance(b, Data):
            refuse(node.name, "compares two maps; expected a map and a number, or one number a channel")
        data, other = (a, b) if isinstance(a, Data) else (b, a)
        towards = compare if isinstance(a, Data) else MIRROR[compare]
        step = Sign(node.name, towards, data.constant(other, node), 0.0, 1.0)
        return extended(data, node, step, boolean=True)

    return make


def _relu(node: Node, values: Values) -> Data:
    if stepwise(values[0]):
        return pointwise(node, lambda x: np.maximum(x, 0), values[0])
    return extended(first(node, values), node, Clip(node.name, 0.0, np.inf))


def _clip(node: Node, values: Values) -> Data:
    low, high = (
        np.asarray(parameter(node, values, n, name, default)).reshape(-1)
        for n, name, default in ((1, "min", -np.inf), (2, "max", np.inf))
    )
    if len(low) != 1 or len(high) != 1:
        refuse(node.name, "limits of Clip: expected one number each")
    if stepwise(values[0]):
        return pointwise(node, lambda x: np.clip(x, float(low[0]), float(high[0])), values[0])
    return extended(first(node, values), node, Clip(node.name, float(low[0]), float(high[0])))


def _hard_sigmoid(node: Node, values: Values) -> Data:
    scale, shift = float(node.given.get("alpha", 0.2)), float(node.given.get("beta", 0.5))
    data = first(node, values).scaled(np.asarray(scale), np.asarray(shift))
    return extended(data, node, Clip(node.name, 0.0, 1.0))


def _leaky(node: Node, values: Values) -> Data:
    data = first(node, values)
    slope = values[1] if node.op == "PRelu" and len(values) > 1 else node.given.get("alpha", 0.01)
    if isinstance(slope, Data):
        refuse(node.name, "a slope that depends on the picture has no place on the array")
    return extended(data, node, Leaky(node.name, data.constant(slope, node)))


def _rising(low: float, high: float, inverse: Callable[[Array], Array]) -> Callable[[Node, Values], Data]:
    return lambda node, values: extended(first(node, values), node, Rising(node.name, node.op, low, high, inverse))


def _elu(node: Node, values: Values) -> Data:
    alpha = float(node.given.get("alpha", 1.0))
    if not alpha > 0:
        refuse(node.name, "an alpha of 0 or below; expected an Elu that rises")

    def inverse(y: Array) -> Array:
        return np.where(y < 0, np.log1p(np.minimum(y, 0) / alpha), y)

    return extended(first(node, values), node, Rising(node.name, node.op, -alpha, np.inf, inverse))


def _last(node: Node, values: Values) -> Data:
    data = first(node, values)
    if node.op != "Sigmoid":
        default = 0 if node.op == "ArgMax" else 1
        axis = int(node.given.get("axis", default))
        if (axis + 1 if axis < 0 else axis - 1) and data.first.shape[0] != 1:
            refuse(node.name, f"{node.op} over axis {axis}: expected 1, the scores of a picture")
    return extended(data, node, Last(node.name, node.op))


LAYERS: dict[str, Callable[[Node, Values], Any]] = (
    POINTWISE
    | SHAPES
    | {
        "Conv": _conv,
        "Pad": _pad,
        "Gemm": _gemm,
        "MatMul": _matmul,
        "BatchNormalization": _norm,
        "Sign": _sign,
        "BipolarQuant": _bipolar,
        "GreaterOrEqual": _compare(">="),
        "Greater": _compare(">"),
        "LessOrEqual": _compare("<="),
        "Less": _compare("<"),
        "Relu": _relu,
        "Clip": _clip,
        "HardSigmoid": _hard_sigmoid,
        "LeakyRelu": _leaky,
        "PRelu": _leaky,
        "Tanh": _rising(-1, 1, np.arctanh),
        "Softsign": _rising(-1, 1, lambda y: y / (1 - np.abs(y))),
        "Softplus": _rising(0, np.inf, lambda y: np.log(np.expm1(y))),
        "Elu": _elu,
        "Softmax": _last,
        "LogSoftmax": _last,
        "ArgMax": _last,
        "Sigmoid": _last,
    }
)
"""Operation -> what makes a step of it."""


__all__ = ["LAYERS", "Values"]
