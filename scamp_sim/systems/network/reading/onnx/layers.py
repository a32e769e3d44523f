"""Operations of ONNX that are steps: convolutions, activations, pools, dense layers, changes of shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from scamp_sim.systems.network.params import Padding
from scamp_sim.systems.network.reading.onnx.constants import parameter
from scamp_sim.systems.network.reading.onnx.data import CHANNELS_FIRST, CHANNELS_LAST, Data, Result
from scamp_sim.systems.network.reading.onnx.model import Node
from scamp_sim.systems.network.reading.steps import (
    Array,
    AveragePool,
    Clip,
    Compare,
    Convolve,
    Flatten,
    FullyConnected,
    Last,
    Leaky,
    MaxPool,
    Sign,
    Step,
    refusal,
    refuse,
)
from scamp_sim.text import short

Values = Sequence[Any]

MOST_SIDE = 4096
"""Rows or columns of a window, a stride, a dilation."""

MIRROR: dict[str, Compare] = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}


# --- helpers ----------------------------------------------------------------------------------------------------


def _first(node: Node, values: Values) -> Data:
    if not values or not isinstance(values[0], Data):
        refuse(node.name, f"{node.op} of a constant with the picture in place of weights has no place on the array")
    return values[0]


def _weights(node: Node, values: Values, index: int, dims: int) -> Array:
    """A constant input as float64."""
    value = values[index] if len(values) > index else None
    if value is None or isinstance(value, Data):
        refuse(node.name, "weights that depend on the picture have no place on the array")
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or array.ndim != dims:
        refuse(node.name, f"weights of {array.dtype} {array.shape}; expected numbers in {dims} dimensions")
    return array.astype(np.float64)


def _extended(data: Data, node: Node, step: Step, shape: tuple[int, ...] | None = None, boolean: bool = False) -> Data:
    """One more step behind the one result that the data are."""
    before = data.single(node)
    found = Result((*before.steps, step), shape or before.shape, boolean)
    return Data.of(found, data.order if len(found.shape) == len(data.order) else None)


def _map(node: Node, data: Data) -> tuple[int, ...]:
    """(channels, rows, columns) of a map with channels first. Raises ProgramError."""
    if len(data.order) != 3:
        refuse(node.name, f"{node.op} of {len(data.order) + 1} dimensions; expected (batch, channels, rows, columns)")
    if data.order != CHANNELS_FIRST:
        refuse(node.name, f"{node.op} of a map with channels last; put a Transpose in front of it")
    return data.first.shape


def _ints(node: Node, name: str, default: Sequence[int]) -> list[int]:
    found = node.given.get(name)
    return list(default) if not found else [int(n) for n in found]


def _two(node: Node, name: str) -> tuple[int, int]:
    """An attribute of rows and columns, 1 each by default. Raises ProgramError."""
    found = _ints(node, name, (1, 1))
    if len(found) != 2 or not all(1 <= n <= MOST_SIDE for n in found):
        refuse(node.name, f"{name} {short(str(found), 60)}: expected two numbers in 1..{MOST_SIDE}")
    return found[0], found[1]


# --- convolutions and dense layers ------------------------------------------------------------------------------


def _conv(node: Node, values: Values) -> Data:
    data = _first(node, values)
    _, rows, columns = _map(node, data)
    weights = _weights(node, values, 1, 4)
    bias = _weights(node, values, 2, 1) if len(values) > 2 and values[2] is not None else None
    if bias is not None and len(bias) != len(weights):
        refuse(node.name, f"{len(bias)} biases for {len(weights)} channels")
    stride, dilation = _two(node, "strides"), _two(node, "dilations")
    kernel = weights.shape[2], weights.shape[3]
    own = _padding(node, kernel, stride, (rows, columns))
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


def _padding(node: Node, kernel: tuple[int, int], stride: tuple[int, int], size: tuple[int, int]) -> Padding:
    auto = node.given.get("auto_pad", "NOTSET")
    if auto == "NOTSET":
        pads = _ints(node, "pads", (0, 0, 0, 0))
        if len(pads) != 4 or min(pads) < 0:
            refuse(node.name, f"pads {pads}: expected four numbers of at least 0")
        return cast(Padding, tuple(pads))
    if auto == "VALID":
        return 0, 0, 0, 0
    more = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride, strict=True)]
    small, large = [n // 2 for n in more], [n - n // 2 for n in more]
    begin, end = (small, large) if auto == "SAME_UPPER" else (large, small)
    return begin[0], begin[1], end[0], end[1]


def _pad(node: Node, values: Values) -> Data:
    data = _first(node, values)
    if node.given.get("mode", "constant") != "constant":
        refuse(
            node.name,
            f"Pad by {node.given['mode']} has no place on the array; pad with a constant in training",
        )
    pads = np.asarray(parameter(node, values, 1, "pads")).reshape(-1)
    value = np.asarray(parameter(node, values, 2, "value", 0.0)).reshape(-1)
    rank = len(data.order) + 1
    if len(values) > 3 and values[3] is not None:
        refuse(node.name, "Pad of chosen axes: expected pads of all of them")
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
    data = _flat(node, _first(node, values))
    if node.given.get("transA", 0):
        refuse(node.name, "transA: expected one row a picture")
    weights = _weights(node, values, 1, 2) * float(node.given.get("alpha", 1.0))
    weights = weights if node.given.get("transB", 0) else weights.T
    found = _extended(data, node, FullyConnected(node.name, weights), (len(weights),))
    if len(values) > 2 and values[2] is not None:
        bias = found.constant(values[2], node) * float(node.given.get("beta", 1.0))
        return found.scaled(np.ones(()), bias)
    return found


def _matmul(node: Node, values: Values) -> Data:
    data = _flat(node, _first(node, values))
    weights = _weights(node, values, 1, 2).T
    return _extended(data, node, FullyConnected(node.name, weights), (len(weights),))


def _flat(node: Node, data: Data) -> Data:
    if len(data.order) != 1:
        refuse(node.name, f"{node.op} over a map of {len(data.order) + 1} dimensions; flatten it first")
    return data


# --- activations ------------------------------------------------------------------------------------------------


def _norm(node: Node, values: Values) -> Data:
    data = _first(node, values)
    if node.given.get("training_mode", 0):
        refuse(node.name, "batch norm in training mode; export the network in evaluation mode, model.eval()")
    if len(data.order) == 3:
        _map(node, data)
    gamma, beta, mean, variance = (_weights(node, values, n, 1) for n in range(1, 5))
    width = data.first.shape[0]
    if {len(part) for part in (gamma, beta, mean, variance)} != {width}:
        refuse(node.name, f"expected {width} values each of scale, bias, mean and variance")
    deviation = np.sqrt(variance + float(node.given.get("epsilon", 1e-5)))
    if not np.all(deviation > 0):
        refuse(node.name, "a variance that is not above 0", int(np.argmin(deviation > 0)))
    scale = gamma / deviation
    return data.scaled(scale, beta - mean * scale)


def _sign(node: Node, values: Values) -> Data:
    return _extended(_first(node, values), node, Sign(node.name, "sign", np.zeros(())))


def _bipolar(node: Node, values: Values) -> Data:
    data = _first(node, values)
    if len(values) < 2 or isinstance(values[1], Data):
        refuse(node.name, "a scale that depends on the picture has no place on the array")
    scale = data.constant(values[1], node)
    found = _extended(data, node, Sign(node.name, ">=", np.zeros(())))
    return found.scaled(scale, np.zeros(()))


def _compare(compare: Compare) -> Callable[[Node, Values], Data]:
    def make(node: Node, values: Values) -> Data:
        a, b = values[:2]
        if isinstance(a, Data) and isinstance(b, Data):
            refuse(node.name, "compares two maps; expected a map and a number, or one number a channel")
        data, other = (a, b) if isinstance(a, Data) else (b, a)
        towards = compare if isinstance(a, Data) else MIRROR[compare]
        step = Sign(node.name, towards, data.constant(other, node), 0.0, 1.0)
        return _extended(data, node, step, boolean=True)

    return make


def _relu(node: Node, values: Values) -> Data:
    return _extended(_first(node, values), node, Clip(node.name, 0.0, np.inf))


def _clip(node: Node, values: Values) -> Data:
    low, high = (
        np.asarray(parameter(node, values, n, name, default)).reshape(-1)
        for n, name, default in ((1, "min", -np.inf), (2, "max", np.inf))
    )
    if len(low) != 1 or len(high) != 1:
        refuse(node.name, "limits of Clip: expected one number each")
    return _extended(_first(node, values), node, Clip(node.name, float(low[0]), float(high[0])))


def _hard_sigmoid(node: Node, values: Values) -> Data:
    scale, shift = float(node.given.get("alpha", 0.2)), float(node.given.get("beta", 0.5))
    data = _first(node, values).scaled(np.asarray(scale), np.asarray(shift))
    return _extended(data, node, Clip(node.name, 0.0, 1.0))


def _leaky(node: Node, values: Values) -> Data:
    data = _first(node, values)
    slope = values[1] if node.op == "PRelu" and len(values) > 1 else node.given.get("alpha", 0.01)
    if isinstance(slope, Data):
        refuse(node.name, "a slope that depends on the picture has no place on the array")
    return _extended(data, node, Leaky(node.name, data.constant(slope, node)))


def _last(node: Node, values: Values) -> Data:
    data = _first(node, values)
    return _extended(data, node, Last(node.name, node.op))


# --- pools and shapes -------------------------------------------------------------------------------------------


def _pool(kind: type[MaxPool] | type[AveragePool]) -> Callable[[Node, Values], Data]:
    def make(node: Node, values: Values) -> Data:
        data = _first(node, values)
        channels, rows, columns = _map(node, data)
        size, stride = _two(node, "kernel_shape"), _two(node, "strides")
        if any(_padding(node, size, stride, (rows, columns))):
            refuse(node.name, "a padded pool has no place on the array; leave the padding out")
        if any(n != 1 for n in _ints(node, "dilations", (1, 1))):
            refuse(node.name, "a dilated pool has no place on the array")
        left = [(n - k) % s for n, k, s in zip((rows, columns), size, stride, strict=True)]
        if node.given.get("ceil_mode", 0) and any(left):
            refuse(node.name, "ceil_mode: windows that stand out over the edge have no place; expected ceil_mode=0")
        shape = (channels, (rows - size[0]) // stride[0] + 1, (columns - size[1]) // stride[1] + 1)
        return _extended(data, node, kind(node.name, size, stride), shape)

    return make


def _whole(kind: type[MaxPool] | type[AveragePool]) -> Callable[[Node, Values], Data]:
    def make(node: Node, values: Values) -> Data:
        data = _first(node, values)
        channels, rows, columns = _map(node, data)
        keep = True
        if node.op.startswith("Reduce"):
            axes = parameter(node, values, 1, "axes")
            found = sorted(int(a) % 4 for a in np.asarray([] if axes is None else axes).reshape(-1))
            if found != [2, 3]:
                refuse(node.name, f"{node.op} over axes {found or 'all'}: expected rows and columns, 2 and 3")
            keep = bool(node.given.get("keepdims", 1))
        pooled = _extended(data, node, kind(node.name, None), (channels, 1, 1))
        if node.op == "ReduceSum":
            pooled = pooled.scaled(np.asarray(float(rows * columns)), np.zeros(()))
        return pooled if keep else _flattened(node, pooled)

    return make


def _flattened(node: Node, data: Data) -> Data:
    if len(data.order) == 1:
        return data
    shape, order = data.first.shape, data.order
    size = int(np.prod(shape))
    # Axes of one value may stand anywhere.
    seen = [axis for axis in order if shape[axis] > 1]
    last = seen == [axis for axis in CHANNELS_LAST if shape[axis] > 1]
    if not last and seen != sorted(seen):
        refuse(node.name, "flattens a map with rows and columns exchanged")
    return _extended(data, node, Flatten(node.name, last and seen != sorted(seen)), (size,))


def _flatten(node: Node, values: Values) -> Data:
    data = _first(node, values)
    if int(node.given.get("axis", 1)) not in (1, -len(data.order)):
        refuse(node.name, "Flatten: expected axis 1, one row a picture")
    return _flattened(node, data)


def _reshape(node: Node, values: Values) -> Data:
    data = _first(node, values)
    if len(values) < 2 or isinstance(values[1], Data) or values[1] is None:
        refuse(node.name, "a shape that depends on the picture; export with fixed shapes")
    wanted = [int(n) for n in np.asarray(values[1]).reshape(-1)]
    before = (1, *data.shape)
    wanted = [before[n] if size == 0 and n < len(before) else size for n, size in enumerate(wanted)]
    size = int(np.prod(data.shape))
    if len(wanted) == 2 and (wanted[1] == size or (wanted[1] == -1 and wanted[0] == 1)):
        return _flattened(node, data)
    if len(wanted) == 4 and len(data.order) == 3 and wanted.count(-1) <= 1:
        rest = wanted[1:]
        if -1 in rest:
            known = int(np.prod([n for n in rest if n != -1]))
            rest = [size // max(known, 1) if n == -1 else n for n in rest]
        shape = data.first.shape
        seen = [axis for axis in data.order if shape[axis] > 1]
        for order in (CHANNELS_FIRST, CHANNELS_LAST):
            if [shape[a] for a in order] == rest and [a for a in order if shape[a] > 1] == seen:
                return replace(data, order=order)
    raise refusal(node.name, f"Reshape to {wanted}: expected one row a picture, or the same map")


def _transpose(node: Node, values: Values) -> Data:
    data = _first(node, values)
    perm = _ints(node, "perm", range(len(data.order), -1, -1))
    if sorted(perm) != list(range(len(data.order) + 1)) or perm[0] != 0:
        refuse(node.name, f"Transpose {perm}: expected the batch to stay in front")
    return replace(data, order=tuple(data.order[axis - 1] for axis in perm[1:]))


def _squeeze(node: Node, values: Values) -> Data:
    data = _first(node, values)
    if len(data.order) == 3 and data.first.shape[1:] == (1, 1):
        axes = parameter(node, values, 1, "axes")
        there = sorted(int(a) % 4 for a in np.asarray([2, 3] if axes is None else axes).reshape(-1))
        if there == sorted(n + 1 for n, axis in enumerate(data.order) if axis):
            return _flattened(node, data)
    raise refusal(node.name, f"Squeeze of  {'x'.join(map(str, data.shape))}: expected rows and columns of one value")


LAYERS: dict[str, Callable[[Node, Values], Any]] = {
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
    "Softmax": _last,
    "LogSoftmax": _last,
    "ArgMax": _last,
    "Sigmoid": _last,
    "MaxPool": _pool(MaxPool),
    "AveragePool": _pool(AveragePool),
    "GlobalMaxPool": _whole(MaxPool),
    "GlobalAveragePool": _whole(AveragePool),
    "ReduceMean": _whole(AveragePool),
    "ReduceSum": _whole(AveragePool),
    "ReduceMax": _whole(MaxPool),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
}
"""Operation -> what makes a step of it."""


__all__ = ["LAYERS", "Values"]
