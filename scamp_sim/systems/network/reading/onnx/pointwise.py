"""Operations on one value at a time that are no sum and no product with a constant: functions with few values.

A sign has two or three values, a rounding a few; whatever a graph computes of them, one value at a time, has as many.
So `1 - |sign(x)|`, the quantisation of a bit, or a Where on what equals 0 are computed on the values between the cuts,
and are functions with cuts again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scamp_sim.systems.network.reading.onnx.constants import KINDS
from scamp_sim.systems.network.reading.onnx.data import Data, Levels, Result, merged, stepped
from scamp_sim.systems.network.reading.onnx.model import Node
from scamp_sim.systems.network.reading.steps import Array, Clip, Cut, Stairs, refuse

Values = Sequence[Any]

FURTHEST = 64
"""Roundings without limits in front are followed to this many steps from 0."""

MOST_STEPS = 256

ROUNDINGS: dict[str, Callable[[Array], Array]] = {"Round": np.rint, "Floor": np.floor, "Ceil": np.ceil}


def stepwise(value: Any) -> bool:
    """Whether a value depends on the picture as a function with cuts."""
    return isinstance(value, Data) and value.levels() is not None


def pointwise(node: Node, function: Callable[..., Any], *values: Any) -> Data:
    """A function of one value at a time, of data with cuts of one result, and of constants.

    Raises ProgramError.
    """
    data = [value for value in values if isinstance(value, Data)]
    found = [part for part in (each.levels() for each in data) if part is not None]
    together = merged(found) if len(found) == len(data) else None
    if together is None or any(each.order != data[0].order for each in data):
        refuse(
            node.name,
            f"{node.op} of two maps has no place on the array; the network must be one chain without branches",
        )
    base, cuts, rows = together
    constants = [None if isinstance(value, Data) else data[0].constant(value, node) for value in values]
    results: list[Any] = []
    for row in rows:
        left = iter(row)
        inputs = [next(left) if constant is None else constant for constant in constants]
        with np.errstate(all="ignore"):
            results.append(_computed(function, inputs))
        if np.any(np.isnan(results[-1])):
            refuse(node.name, f"{node.op} of a value that it has no result for; export the model again")
    for end, beside in ((0, 1), (-1, -2)):  # what lies beyond the roundings that are followed
        if any(np.any(np.isinf(value)) for value in rows[end]) and np.any(
            np.isfinite(results[end]) & (results[end] != results[beside])
        ):
            refuse(
                node.name,
                f"takes a rounding of values without limits to more than {FURTHEST}; clip it in front of that, or "
                "train with fewer bits",
            )
    boolean = all(result.dtype == np.bool_ for result in results)
    levels = Levels(base, cuts, tuple(result.astype(np.float64) for result in results))
    return Data.of(stepped(levels, node, boolean), data[0].order)


def _computed(function: Callable[..., Any], inputs: Sequence[Any]) -> Any:
    """A function of values; where it jumps at one of them, as float32 has them, which graphs compute with."""
    exact = np.asarray(function(*inputs))
    rounded = np.asarray(function(*(np.asarray(value, np.float32).astype(np.float64) for value in inputs)))
    if exact.dtype == np.bool_:
        return rounded
    return np.where(np.isclose(exact, rounded, rtol=1e-5, atol=1e-6), exact, rounded)


def _one(function: Callable[[Any], Any]) -> Callable[[Node, Values], Data]:
    def compute(node: Node, values: Values) -> Data:
        if not stepwise(values[0]):
            refuse(node.name, f"{node.op} of sums has no place on the array; sign, ReLU, threshold have")
        return pointwise(node, function, values[0])

    return compute


def _two(function: Callable[[Any, Any], Any]) -> Callable[[Node, Values], Data]:
    def compute(node: Node, values: Values) -> Data:
        if len(values) != 2 or not all(stepwise(value) for value in values if isinstance(value, Data)):
            refuse(
                node.name,
                f"{node.op} has no place on the array; the network must be one chain without branches",
            )
        return pointwise(node, function, *values)

    return compute


def _extreme(node: Node, values: Values) -> Data:
    """Max and Min: a limit where one of two is a constant."""
    function = np.maximum if node.op == "Max" else np.minimum
    if len(values) == 2 and sum(isinstance(value, Data) for value in values) == 1:
        data, limit = values if isinstance(values[0], Data) else values[::-1]
        if data.levels() is None and np.size(limit) == 1:
            at = float(np.asarray(limit).reshape(-1)[0])
            low, high = (at, np.inf) if node.op == "Max" else (-np.inf, at)
            before = data.single(node)
            return Data.of(Result((*before.steps, Clip(node.name, low, high)), before.shape), data.order)
    return _two(function)(node, values)


# --- roundings --------------------------------------------------------------------------------------------------


def _behind(data: Data, node: Node, stairs: Stairs) -> Data:
    if data.levels() is not None:
        return pointwise(node, stairs.at, data)
    before = data.single(node)
    return Data.of(Result((*before.steps, stairs), before.shape, before=before), data.order)


def _stairs(node: Node, how: str, first: int, last: int, scale: float = 1.0, beyond: bool = False) -> Stairs:
    """`how` of value / scale, limited to first..last; beyond: infinite outside of these."""
    cuts = []
    for n in range(first + 1, last + 1):
        level = {"Round": n - 0.5, "Floor": n, "Ceil": n - 1}[how]
        # Halves go to the even number.
        strict = how == "Ceil" or (how == "Round" and n % 2 == 1)
        cuts.append(Cut(np.asarray(level * scale, np.float64), strict))
    values = [np.asarray(float(n)) for n in range(first, last + 1)]
    if beyond:
        values[0], values[-1] = np.asarray(-np.inf), np.asarray(np.inf)
    return Stairs(node.name, tuple(cuts), tuple(values))


def _round(node: Node, values: Values) -> Data:
    data, how = values[0], node.op
    if data.levels() is not None:
        return pointwise(node, ROUNDINGS[how], data)
    before = data.single(node)
    low, high = _limits(before)
    ends = [float(ROUNDINGS[how](np.asarray(end))) for end in (low, high)]
    if not all(abs(end) <= FURTHEST for end in ends):
        return _behind(data, node, _stairs(node, how, -FURTHEST, FURTHEST, beyond=True))
    return _behind(data, node, _stairs(node, how, int(ends[0]), int(ends[1])))


def _limits(result: Any) -> tuple[float, float]:
    """The limits of values behind a clip, and scales and shifts behind that."""
    steps = list(result.steps)
    scale, shift = np.ones(()), np.zeros(())
    while steps and hasattr(steps[-1], "scale"):
        step = steps.pop()
        scale, shift = scale * step.scale, scale * step.shift + shift
    if not steps or not isinstance(steps[-1], Clip):
        return -np.inf, np.inf
    with np.errstate(invalid="ignore"):
        ends = np.stack(np.broadcast_arrays(steps[-1].low * scale + shift, steps[-1].high * scale + shift))
    return float(ends.min()), float(ends.max())


def _number(node: Node, value: Any, what: str, default: float | None = None) -> float:
    if value is None and default is not None:
        return default
    array = np.asarray(0 if value is None or isinstance(value, Data) else value)
    if value is None or isinstance(value, Data) or not array.size or np.any(array != array.reshape(-1)[0]):
        refuse(node.name, f"{what} of activations: expected one number for all of them")
    return float(array.reshape(-1)[0])


def _scale(node: Node, values: Values) -> float:
    scale = _number(node, values[1] if len(values) > 1 else None, "a scale")
    if not (np.isfinite(scale) and scale > 0):
        refuse(node.name, f"a scale of {scale:g}; expected a number above 0")
    return scale


def _quantise(node: Node, values: Values) -> Data:
    """QuantizeLinear: to whole numbers, within the limits of their type."""
    zero = values[2] if len(values) > 2 else None
    kind = KINDS.get(node.given.get("output_dtype") or 2) if zero is None else np.asarray(zero).dtype.type
    limits = np.iinfo(kind) if kind is not None and np.dtype(kind).kind in "iu" else None
    if limits is None or limits.max - limits.min >= MOST_STEPS:
        refuse(node.name, "activations of more than 8 bits; expected int8, uint8 or fewer")
    offset = int(_number(node, zero, "a zero point", 0.0))
    stairs = _stairs(node, "Round", limits.min - offset, limits.max - offset, _scale(node, values))
    stairs = Stairs(stairs.node, stairs.cuts, tuple(value + offset for value in stairs.values))
    return _behind(values[0], node, stairs)


def _dequantise(node: Node, values: Values) -> Data:
    data = values[0]
    if not isinstance(data, Data):
        refuse(node.name, "a scale that depends on the picture has no place on the array")
    offset = _number(node, values[2] if len(values) > 2 else None, "a zero point", 0.0)
    scale = np.asarray(_scale(node, values))
    return data.scaled(scale, -offset * scale)


def _quant(node: Node, values: Values) -> Data:
    """Quant of QONNX: rounded in units of a scale, within the limits of so many bits, and back."""
    if len(values) < 4 or not isinstance(values[0], Data):
        refuse(node.name, "expected an input, a scale, a zero point and a number of bits")
    scale, offset = _scale(node, values), _number(node, values[2], "a zero point", 0.0)
    bits = _number(node, values[3], "a number of bits")
    how = {"ROUND": "Round", "FLOOR": "Floor", "CEIL": "Ceil"}.get(str(node.given.get("rounding_mode", "ROUND")))
    if how is None or not 1 <= bits <= 8 or bits != int(bits) or offset != int(offset):
        refuse(node.name, "expected 1 to 8 bits, a whole zero point, and rounding ROUND, FLOOR or CEIL")
    signed, narrow = bool(node.given.get("signed", 1)), bool(node.given.get("narrow", 0))
    low, high = (-(2 ** (int(bits) - 1)), 2 ** (int(bits) - 1) - 1) if signed else (0, 2 ** int(bits) - 1)
    if narrow:
        low, high = (low + 1, high) if signed else (low, high - 1)
    if low >= high:
        refuse(node.name, f"{bits:g} bits that hold one value alone; expected two or more")
    stairs = _stairs(node, how, low - int(offset), high - int(offset), scale)
    return _behind(values[0], node, stairs).scaled(np.asarray(scale), np.zeros(()))


def _thresholds(node: Node, values: Values) -> Data:
    """MultiThreshold of FINN: how many thresholds a value reaches, times a scale, plus a bias."""
    data = values[0]
    array = np.asarray([] if len(values) < 2 or isinstance(values[1], Data) else values[1], np.float64)
    if not isinstance(data, Data) or array.ndim != 2 or not array.size or len(array) not in (1, data.first.shape[0]):
        refuse(node.name, "expected thresholds (channels, levels)")
    if np.any(np.diff(array, axis=1) < 0) or not np.all(np.isfinite(array)):
        refuse(node.name, "thresholds that do not rise from level to level; sort them")
    cuts = tuple(Cut(column[0] if len(column) == 1 else column, False) for column in array.T)
    scale, bias = float(node.given.get("out_scale", 1.0)), float(node.given.get("out_bias", 0.0))
    steps = tuple(np.asarray(n * scale + bias) for n in range(len(cuts) + 1))
    return _behind(data, node, Stairs(node.name, cuts, steps))


POINTWISE: dict[str, Callable[[Node, Values], Any]] = {
    "Abs": _one(np.abs),
    "Not": _one(lambda x: x == 0),
    "Equal": _two(lambda a, b: a == b),
    "And": _two(lambda a, b: (a != 0) & (b != 0)),
    "Or": _two(lambda a, b: (a != 0) | (b != 0)),
    "Xor": _two(lambda a, b: (a != 0) ^ (b != 0)),
    "Max": _extreme,
    "Min": _extreme,
    "Round": _round,
    "Floor": _round,
    "Ceil": _round,
    "QuantizeLinear": _quantise,
    "DequantizeLinear": _dequantise,
    "Quant": _quant,
    "IntQuant": _quant,
    "MultiThreshold": _thresholds,
}
"""Operation on the picture -> what takes it."""


__all__ = ["POINTWISE", "pointwise", "stepwise"]
