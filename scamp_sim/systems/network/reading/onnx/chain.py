"""A graph as a chain of steps: constants are computed, everything else is a step or is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.reading import DAMAGE, reason
from scamp_sim.systems.network.params import Network
from scamp_sim.systems.network.reading.fold import fold
from scamp_sim.systems.network.reading.onnx.constants import KINDS, MOST, evaluate
from scamp_sim.systems.network.reading.onnx.data import CHANNELS_FIRST, CHANNELS_LAST, Data, Result
from scamp_sim.systems.network.reading.onnx.layers import LAYERS, Values
from scamp_sim.systems.network.reading.onnx.model import Array, Model, Node, load
from scamp_sim.systems.network.reading.onnx.pointwise import pointwise, stepwise
from scamp_sim.systems.network.reading.steps import Reading, refusal, refuse

HAVE = "sign, ReLU, threshold have"
MOST_VALUES = 4 * MOST
"""Values of all constants that are computed."""

MERGING = ("Concat", "Split", "Slice", "Gather")
QUANTISING = ("DynamicQuantizeLinear", "Trunc")


def read_onnx(path: Path, limit: int, reading: Reading) -> Network:
    """The network in an ONNX file of at most `limit` bytes. Raises ProgramError."""
    return network_of(load(path, limit), reading)


def network_of(model: Model, reading: Reading) -> Network:
    """The network that a model is. Raises ProgramError."""
    start = _start(model, reading)
    rows, columns = start.first.shape[1:]
    data = _walk(model, start)
    last = Node(f"{model.source}: output '{model.output}'", "output", (), (), {})
    steps = data.single(last).steps
    return fold(steps, (rows, columns), reading, channels=start.first.shape[0], source=model.source)


def _start(model: Model, reading: Reading) -> Data:
    """The input as the graph sees it."""
    shape, where = model.shape, f"{model.source}: input '{model.input}'"
    dims = list(shape[1:])
    if len(shape) != 4:
        raise ProgramError(
            f"{where} has {len(shape)} dimensions; expected pictures (batch, 1, rows, columns): put a Reshape into the "
            "network's caller"
        )
    last = dims[2] in (1, 3) and dims[0] not in (1, 3)
    channels, rows, columns = (dims[2], dims[0], dims[1]) if last else dims
    if reading.size is not None:
        for said, found, what in zip(reading.size, (rows, columns), ("rows", "columns"), strict=True):
            if found is not None and found != said:
                raise ProgramError(f"{where} has {found} {what}, size says {said}; leave size out")
        rows, columns = reading.size
    if rows is None or columns is None:
        raise ProgramError(
            f"{where} has rows and columns that the file leaves open; export it with fixed ones, or say them "
            "(size, --size)"
        )
    if max(rows, columns) > 4096:
        raise ProgramError(f"{where} has {rows}x{columns} pixels; at most 4096x4096 are read")
    return Data.of(Result((), (channels or 1, rows, columns)), CHANNELS_LAST if last else CHANNELS_FIRST)


def _walk(model: Model, start: Data) -> Data:
    values: dict[str, Array | Data] = {**model.constants, model.input: start}
    computed = 0
    for node in model.nodes:
        inputs: list[Any] = []
        for name in node.inputs:
            if name and name not in values:
                refuse(node.name, f"its input '{name[:60]}' comes from nowhere; the nodes are out of order")
            inputs.append(values[name] if name else None)
        found: Array | Data
        if any(isinstance(value, Data) for value in inputs):
            found = _step(node, inputs)
        else:
            found = evaluate(node, inputs)
            computed += found.size
            if computed > MOST_VALUES:
                refuse(node.name, f"more than {MOST_VALUES:,} values of constants; fold them when exporting")
        if node.outputs:
            values[node.outputs[0]] = found
    result = values.get(model.output)
    if not isinstance(result, Data):
        raise ProgramError(f"{model.source}: the output '{model.output[:60]}' does not depend on the picture")
    return result


def _step(node: Node, values: Values) -> Array | Data:
    if node.op in _OPS:
        try:
            found: Array | Data = _OPS[node.op](node, values)
        except DAMAGE as e:  # inputs and attributes that the checker of ONNX lets pass
            if isinstance(e, ScampError):
                raise
            refuse(node.name, f"cannot be read: {reason(e)}; export the model again")
        return found
    if node.op in MERGING:
        refuse(node.name, f"{node.op} has no place on the array; the network must be one chain without branches")
    if node.op in QUANTISING:
        refuse(
            node.name,
            f"{node.op} of activations has no place on the array, where a layer gives one bit; put a sign in its "
            "place, and quantise weights alone",
        )
    raise refusal(node.name, f"{node.op} has no place on the array; {HAVE}")


# --- arithmetic -------------------------------------------------------------------------------------------------


def _data(node: Node, value: Any) -> Data:
    if not isinstance(value, Data):
        refuse(node.name, f"{node.op} of a constant by the picture has no place on the array")
    return value


def _add(sign: int) -> Callable[[Node, Values], Data]:
    def add(node: Node, values: Values) -> Data:
        a, b = values[:2]
        one = np.ones(())
        if isinstance(a, Data) and isinstance(b, Data):
            return a.plus(b.scaled(one * sign, np.zeros(())), node)
        if isinstance(a, Data):
            return a.scaled(one, sign * a.constant(b, node))
        b = _data(node, b)
        return b.scaled(one * sign, b.constant(a, node))

    return add


def _sum(node: Node, values: Values) -> Any:
    total = values[0]
    for value in values[1:]:
        total = _add(1)(node, [total, value]) if isinstance(total, Data) or isinstance(value, Data) else total + value
    return total


def _multiply(node: Node, values: Values) -> Data:
    a, b = values[:2]
    if isinstance(a, Data) and isinstance(b, Data):
        if stepwise(a) and stepwise(b):
            return pointwise(node, np.multiply, a, b)
        refuse(node.name, "a product of two maps has no place on the array")
    a, b = (a, b) if isinstance(a, Data) else (b, a)
    return a.scaled(a.constant(b, node), np.zeros(()))


def _divide(node: Node, values: Values) -> Data:
    a = _data(node, values[0])
    if isinstance(values[1], Data):
        refuse(node.name, "a quotient of two maps has no place on the array")
    by = a.constant(values[1], node)
    if np.any(by == 0):
        refuse(node.name, "divides by 0")
    return a.scaled(1 / by, np.zeros(()))


def _negate(node: Node, values: Values) -> Data:
    return _data(node, values[0]).scaled(-np.ones(()), np.zeros(()))


def _where(node: Node, values: Values) -> Data:
    condition, one, zero = values[:3]
    constants = not isinstance(one, Data) and not isinstance(zero, Data)
    if not (constants and isinstance(condition, Data) and condition.boolean) and all(
        stepwise(value) for value in values[:3] if isinstance(value, Data)
    ):
        return pointwise(node, lambda c, a, b: np.where(c != 0, a, b), condition, one, zero)
    if not isinstance(condition, Data) or isinstance(one, Data) or isinstance(zero, Data) or not condition.boolean:
        refuse(node.name, "Where chooses between maps; expected two numbers behind a comparison, such as +1 and -1")
    high, low = condition.constant(one, node), condition.constant(zero, node)
    return condition.scaled(high - low, low)


def _cast(node: Node, values: Values) -> Data:
    data = _data(node, values[0])
    kind = KINDS.get(node.given.get("to", 0))
    if kind in (np.float32, np.float16, np.float64) or data.boolean:
        return data
    if data.levels() is None or kind is None:
        refuse(node.name, "rounds or compares by a change of type; write the comparison out")
    if kind is np.bool_:
        return pointwise(node, lambda x: x != 0, data)
    limits = np.iinfo(kind)
    return pointwise(node, lambda x: np.where((x > limits.min - 1) & (x < limits.max + 1), np.trunc(x), np.nan), data)


def _same(node: Node, values: Values) -> Any:
    return values[0]


def _shape(node: Node, values: Values) -> Array:
    data = _data(node, values[0])
    return np.asarray((1, *data.shape)[node.given.get("start", 0) : node.given.get("end")], np.int64)


_OPS: dict[str, Callable[[Node, Sequence[Any]], Any]] = LAYERS | {
    "Add": _add(1),
    "Sub": _add(-1),
    "Sum": _sum,
    "Mul": _multiply,
    "Div": _divide,
    "Neg": _negate,
    "Where": _where,
    "Cast": _cast,
    "Identity": _same,
    "Dropout": _same,
    "Shape": _shape,
}
"""Operation on the picture -> what takes it."""


__all__ = ["network_of", "read_onnx"]
