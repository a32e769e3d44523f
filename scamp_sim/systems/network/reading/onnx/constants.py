"""What does not depend on the picture, computed with NumPy: exporters leave quantised weights as such subgraphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from scamp_sim.reading import DAMAGE, reason
from scamp_sim.systems.network.reading.onnx.model import Array, Node
from scamp_sim.systems.network.reading.steps import refuse

MOST = 1 << 24
"""Values of one result."""

KINDS = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    4: np.uint16,
    5: np.int16,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
    12: np.uint32,
    13: np.uint64,
}
"""Numbers of ONNX's types."""


def parameter(node: Node, values: Sequence[Array | None], index: int, name: str, default: Any = None) -> Any:
    """What older opsets give as an attribute, and newer ones as an input."""
    if len(values) > index and values[index] is not None:
        return values[index]
    return node.given.get(name, default)


def evaluate(node: Node, values: Sequence[Array | None]) -> Array:
    """The result of a node whose inputs are all constants. Raises ProgramError."""
    compute = _OPS.get(node.op)
    if compute is None:
        refuse(
            node.name,
            f"constants made by {node.op} are not computed here; export with constant folding, or simplify the model",
        )
    try:
        with np.errstate(all="ignore"):
            shapes = [value.shape for value in values if value is not None]
            if node.op in _ELEMENTWISE and np.prod(np.broadcast_shapes(*shapes), dtype=np.float64) > MOST:
                raise ValueError(f"more than {MOST:,} values")
            result = np.asarray(compute(node, values))
    except DAMAGE as e:
        refuse(node.name, f"cannot be computed: {reason(e)}; export the model again")
    if result.size > MOST:
        refuse(node.name, f"{result.size:,} values of one constant; at most {MOST:,} are computed")
    return result


def _first(values: Sequence[Array | None], count: int = 1) -> Any:
    found = values[:count]
    if len(found) < count or any(value is None for value in found):
        raise ValueError(f"expected {count} inputs")
    return found[0] if count == 1 else found


def _unary(f: Callable[[Array], Any]) -> Callable[[Node, Sequence[Array | None]], Any]:
    return lambda node, values: f(_first(values))


def _binary(f: Callable[[Array, Array], Any]) -> Callable[[Node, Sequence[Array | None]], Any]:
    def both(node: Node, values: Sequence[Array | None]) -> Any:
        a, b = _first(values, 2)
        return f(a, b)

    return both


def _many(f: Callable[[Any, Any], Any]) -> Callable[[Node, Sequence[Array | None]], Any]:
    return lambda node, values: reduce(f, _first(values, len(values)) if len(values) > 1 else [_first(values)])


def _divide(a: Array, b: Array) -> Array:
    if a.dtype.kind in "iu":
        return np.asarray(np.trunc(a / b), a.dtype)
    return np.asarray(a / b)


def _clip(node: Node, values: Sequence[Array | None]) -> Any:
    low = parameter(node, values, 1, "min", -np.inf)
    high = parameter(node, values, 2, "max", np.inf)
    return np.minimum(np.maximum(_first(values), low), high)


def _reshape(node: Node, values: Sequence[Array | None]) -> Any:
    x, shape = _first(values, 2)
    zero = node.given.get("allowzero", 0)
    return x.reshape([x.shape[i] if n == 0 and not zero else int(n) for i, n in enumerate(shape.reshape(-1))])


def _axes(node: Node, values: Sequence[Array | None]) -> tuple[int, ...] | None:
    axes = parameter(node, values, 1, "axes")
    return None if axes is None else tuple(int(a) for a in np.asarray(axes).reshape(-1))


def _reduce(f: Any) -> Callable[[Node, Sequence[Array | None]], Any]:
    return lambda node, values: f(
        _first(values), axis=_axes(node, values), keepdims=bool(node.given.get("keepdims", 1))
    )


def _constant(node: Node, values: Sequence[Array | None]) -> Any:
    for key in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if node.given.get(key) is not None:
            kind = {"value": None, "value_float": np.float32, "value_floats": np.float32}.get(key, np.int64)
            return np.asarray(node.given[key], kind)
    raise ValueError("its value is not a number")


def _filled(node: Node, values: Sequence[Array | None]) -> Any:
    shape = [int(n) for n in _first(values).reshape(-1)]
    if np.prod(shape, dtype=np.float64) > MOST or min(shape, default=0) < 0:
        raise ValueError(f"a shape of more than {MOST:,} values")
    value = np.asarray(node.given.get("value", np.zeros(1, np.float32)))
    return np.full(shape, value.reshape(-1)[0], value.dtype)


def _expand(node: Node, values: Sequence[Array | None]) -> Any:
    x, shape = _first(values, 2)
    target = np.broadcast_shapes(x.shape, tuple(int(n) for n in shape.reshape(-1)))
    if np.prod(target, dtype=np.float64) > MOST:
        raise ValueError(f"a shape of more than {MOST:,} values")
    return np.broadcast_to(x, target)


def _cast(node: Node, values: Sequence[Array | None]) -> Any:
    kind = KINDS.get(node.given.get("to", 0))
    if kind is None:
        raise ValueError(f"type {node.given.get('to')} is not known")
    return _first(values).astype(kind)


def _slice(node: Node, values: Sequence[Array | None]) -> Any:
    x = _first(values)
    starts = np.asarray(parameter(node, values, 1, "starts")).reshape(-1)
    ends = np.asarray(parameter(node, values, 2, "ends")).reshape(-1)
    axes = np.asarray(parameter(node, values, 3, "axes", np.arange(len(starts)))).reshape(-1)
    steps = np.asarray(values[4]).reshape(-1) if len(values) > 4 and values[4] is not None else np.ones(len(starts))
    cut = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step == 0:
            raise ValueError("a step of 0")
        # Backwards an end in front of the first value is none at all; -1 would be the last value.
        first = step < 0 and int(end) < -x.shape[int(axis)]
        cut[int(axis)] = slice(int(start), None if first else int(end), int(step))
    return x[tuple(cut)]


def _gather(node: Node, values: Sequence[Array | None]) -> Any:
    x, index = _first(values, 2)
    if float(index.size) * x.size > MOST:
        raise ValueError(f"more than {MOST:,} values")
    return np.take(x, index, axis=node.given.get("axis", 0))


def _along(node: Node, x: Array, part: Array) -> Array:
    """One value for all, or one a channel along the axis that the node names: in the shape that makes it so."""
    if part.size == 1:
        return part.reshape(())
    axis = int(node.given.get("axis", 1))
    if part.ndim != 1 or not -x.ndim <= axis < x.ndim or x.shape[axis] != part.size:
        raise ValueError(f"{part.size} scales of {'x'.join(map(str, x.shape))} values; expected one, or one a channel")
    shape = [1] * x.ndim
    shape[axis] = part.size
    return part.reshape(shape)


def _quantise(node: Node, values: Sequence[Array | None]) -> Any:
    x, scale = _first(values, 2)
    zero = values[2] if len(values) > 2 and values[2] is not None else np.zeros((), np.uint8)
    kind = np.iinfo(zero.dtype)
    whole = np.rint(x / _along(node, x, scale)) + _along(node, x, zero)
    return np.clip(whole, kind.min, kind.max).astype(zero.dtype)


def _dequantise(node: Node, values: Sequence[Array | None]) -> Any:
    x, scale = _first(values, 2)
    zero = values[2] if len(values) > 2 and values[2] is not None else np.zeros((), np.int64)
    return (x.astype(np.float64) - _along(node, x, zero)) * _along(node, x, scale).astype(np.float64)


def _bipolar(node: Node, values: Sequence[Array | None]) -> Any:
    x, scale = _first(values, 2)
    return np.where(x >= 0, 1.0, -1.0) * scale


def _quant(node: Node, values: Sequence[Array | None]) -> Any:
    """QONNX: round(x / scale + zero point), clipped to the range of so many bits, and back."""
    x, scale, zero, bits = _first(values, 4)
    width, signed = float(bits.reshape(-1)[0]), bool(node.given.get("signed", 1))
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)
    if node.given.get("narrow", 0):
        low, high = (low + 1, high) if signed else (low, high - 1)
    if node.given.get("rounding_mode", "ROUND") != "ROUND":
        raise ValueError(f"rounding {node.given['rounding_mode']} is not known; ROUND is")
    whole = np.clip(np.rint(x.astype(np.float64) / scale + zero), low, high)
    return (whole - zero) * scale


_ELEMENTWISE: dict[str, Callable[[Node, Sequence[Array | None]], Any]] = {
    "Add": _binary(lambda a, b: a + b),
    "Sub": _binary(lambda a, b: a - b),
    "Mul": _binary(lambda a, b: a * b),
    "Div": _binary(_divide),
    "Pow": _binary(lambda a, b: a**b),
    "Max": _many(np.maximum),
    "Min": _many(np.minimum),
    "Sum": _many(np.add),
    "Greater": _binary(lambda a, b: a > b),
    "GreaterOrEqual": _binary(lambda a, b: a >= b),
    "Less": _binary(lambda a, b: a < b),
    "LessOrEqual": _binary(lambda a, b: a <= b),
    "Equal": _binary(lambda a, b: a == b),
    "And": _binary(np.logical_and),
    "Or": _binary(np.logical_or),
    "Where": lambda node, values: np.where(*_first(values, 3)),
    "Clip": _clip,
    "BipolarQuant": _bipolar,
    "Quant": _quant,
    "IntQuant": _quant,
}

_OPS: dict[str, Callable[[Node, Sequence[Array | None]], Any]] = _ELEMENTWISE | {
    "Constant": _constant,
    "QuantizeLinear": _quantise,
    "DequantizeLinear": _dequantise,
    "ConstantOfShape": _filled,
    "Expand": _expand,
    "Identity": _unary(lambda x: x),
    "Cast": _cast,
    "Sign": _unary(np.sign),
    "Neg": _unary(np.negative),
    "Abs": _unary(np.abs),
    "Not": _unary(np.logical_not),
    "Round": _unary(np.rint),
    "Floor": _unary(np.floor),
    "Ceil": _unary(np.ceil),
    "Sqrt": _unary(np.sqrt),
    "Reciprocal": _unary(lambda x: 1 / x),
    "Exp": _unary(np.exp),
    "Tanh": _unary(np.tanh),
    "Relu": _unary(lambda x: np.maximum(x, 0)),
    "Reshape": _reshape,
    "Transpose": lambda node, values: np.transpose(_first(values), node.given.get("perm")),
    "Flatten": lambda node, values: _first(values).reshape(
        int(np.prod(_first(values).shape[: node.given.get("axis", 1)])), -1
    ),
    "Squeeze": lambda node, values: np.squeeze(_first(values), _axes(node, values)),
    "Unsqueeze": lambda node, values: np.expand_dims(_first(values), _axes(node, values) or ()),
    "Shape": lambda node, values: np.asarray(
        _first(values).shape[node.given.get("start", 0) : node.given.get("end")], np.int64
    ),
    "Gather": _gather,
    "Concat": lambda node, values: (
        np.concatenate(_first(values, len(values)), axis=node.given["axis"]) if len(values) > 1 else _first(values)
    ),
    "Slice": _slice,
    "ReduceMean": _reduce(np.mean),
    "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
}
"""Operation -> what computes it."""


__all__ = ["evaluate", "parameter"]
