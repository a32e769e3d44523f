"""Networks from arrays and a small description, which every framework can give.

description = {
    "input": {"size": [64, 64], "values": [-1, 1], "above": 126, "place": {"scale": 2, "pad": 4}},
    "layers": [
        {"op": "conv", "weights": "w1", "padding": 2},
        {"op": "norm", "gamma": "g", "beta": "b", "mean": "m", "variance": "v", "eps": 1e-5},
        {"op": "sign"},
        {"op": "max", "size": 4},
        {"op": "flatten"},
        {"op": "dense", "weights": "w2", "bias": "b2"},
    ],
}

A value that is a text names an array. In a file .npz the description is JSON in a text array of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import array_of, finite, integer
from scamp_sim.chip.isa import did_you_mean
from scamp_sim.exceptions import ProgramError
from scamp_sim.reading import parse_json
from scamp_sim.systems.network.params import Network, Padding
from scamp_sim.systems.network.reading.fold import fold
from scamp_sim.systems.network.reading.steps import (
    Affine,
    Array,
    AveragePool,
    Clip,
    Convolve,
    Cut,
    Flatten,
    FullyConnected,
    Leaky,
    MaxPool,
    Reading,
    Sign,
    Stairs,
    Step,
)
from scamp_sim.text import short

DESCRIPTION = "description"
LAYOUTS = ("channels-first", "channels-last")
COMPARES = (">=", ">", "<=", "<", "sign")


def read_arrays(arrays: Mapping[str, Any], reading: Reading, source: str = "arrays") -> Network:
    """The network of arrays by name, one of which, "description", is a mapping or JSON. Raises ProgramError."""
    found = dict(arrays)
    description = _description(found.pop(DESCRIPTION, None), source)
    _known(description, ("input", "layers", "classes", "layout"), source)
    shown = description.get("input", {})
    if not isinstance(shown, Mapping):
        raise ProgramError(f"{source}: input: expected an object with size, got {shown!r:.60}")
    _known(shown, ("size", "values", "grey", "above", "place"), f"{source}: input")
    layout = description.get("layout", LAYOUTS[0])
    if layout not in LAYOUTS:
        raise ProgramError(f"{source}: layout: expected {' or '.join(LAYOUTS)}, got {layout!r:.60}")
    layers = description.get("layers")
    if not isinstance(layers, (list, tuple)) or not layers:
        raise ProgramError(f"{source}: layers: expected a list of objects with op, got {layers!r:.60}")
    steps = [_Layer.of(n, layer, found, layout == LAYOUTS[1], source).step() for n, layer in enumerate(layers)]
    size = reading.size or _size(shown.get("size"), source)
    said = replace(
        reading,
        values=reading.values or _pair(shown, "values", source),
        grey=reading.grey or _pair(shown, "grey", source),
        above=shown.get("above") if reading.above is None else reading.above,
        place=reading.place or shown.get("place"),
    )
    if said.place is not None and not isinstance(said.place, Mapping):
        raise ProgramError(f"{source}: place: expected an object with scale, shrink or pad, got {said.place!r:.60}")
    classes = description.get("classes", ())
    if not isinstance(classes, (list, tuple)) or not all(isinstance(name, str) for name in classes):
        raise ProgramError(f"{source}: classes: expected a list of names, got {classes!r:.60}")
    first = next((step for step in steps if isinstance(step, Convolve)), None)
    channels = first.weights.shape[1] if first is not None and first.groups == 1 else 1
    return fold(steps, size, said, channels=channels, classes=classes, source=source)


def _description(value: Any, source: str) -> dict[str, Any]:
    if value is None:
        raise ProgramError(
            f"{source}: no description of the layers; add an array 'description', or give a file (--describe), with "
            'JSON such as {"input": {"size": [64, 64]}, "layers": [{"op": "conv", "weights": "w1", "padding": 2}, '
            '{"op": "sign"}]}'
        )
    if isinstance(value, np.ndarray):
        value = value.item() if value.ndim == 0 else value.tolist()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        value = parse_json(value, f"{source}: description", ProgramError)
    if not isinstance(value, Mapping):
        raise ProgramError(f"{source}: description: expected an object with input and layers, got {value!r:.60}")
    return dict(value)


def _known(found: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in found:
        if key not in keys:
            raise ProgramError(
                f"{where}: unknown key '{short(str(key), 60)}'{did_you_mean(str(key), keys)}; "
                f"expected {', '.join(keys) or 'none'}"
            )


def _size(value: Any, source: str) -> tuple[int, int]:
    if value is None:
        raise ProgramError(
            f'{source}: the size of the input is not said; give "input": {{"size": [64, 64]}} (size, --size)'
        )
    return _twice(value, f"{source}: input size", 1, 4096)


def _pair(found: Mapping[str, Any], key: str, source: str) -> tuple[float, float] | None:
    value = found.get(key)
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ProgramError(f"{source}: input {key}: expected two numbers, got {value!r:.60}")
    return finite(f"{source}: input {key}", value[0]), finite(f"{source}: input {key}", value[1])


def _twice(value: Any, what: str, low: int, high: int) -> tuple[int, int]:
    """One number for rows and columns, or one each."""
    both = list(value) if isinstance(value, (list, tuple)) else [value, value]
    if len(both) != 2:
        raise ProgramError(f"{what}: expected one number or two, got {value!r:.60}")
    return integer(what, both[0], low, high), integer(what, both[1], low, high)


@dataclass(frozen=True)
class _Layer:
    """One object of the list."""

    node: str
    op: str
    given: Mapping[str, Any]
    arrays: Mapping[str, Any]
    last: bool

    @classmethod
    def of(cls, number: int, layer: Any, arrays: Mapping[str, Any], last: bool, source: str) -> _Layer:
        where = f"{source}: layer {number}"
        if not isinstance(layer, Mapping) or "op" not in layer:
            raise ProgramError(f"{where}: expected an object with op, one of {', '.join(_OPS)}; got {layer!r:.60}")
        op = str(layer["op"])
        if op not in _OPS:
            raise ProgramError(
                f"{where}: '{short(op, 40)}' has no place on the array{did_you_mean(op, tuple(_OPS))}; expected one of "
                + ", ".join(_OPS)
            )
        keys, _ = _OPS[op]
        _known(layer, ("op", *keys), f"{where} ({op})")
        return cls(f"{where} ({op})", op, layer, arrays, last)

    def step(self) -> Step:
        return _OPS[self.op][1](self)

    def array(self, key: str, dims: tuple[int, ...], default: Any = None) -> Array:
        """An array, a list or a number, or what an array of that name holds."""
        value = self.given.get(key, default)
        what = f"{self.node}: {key}"
        if value is None:
            raise ProgramError(f"{what} is missing; name an array, or give numbers")
        if isinstance(value, str):
            if value not in self.arrays:
                raise ProgramError(
                    f"{what}: there is no array '{short(value, 60)}'{did_you_mean(value, tuple(self.arrays))}; "
                    f"there are {short(', '.join(self.arrays) or 'none', 200)}"
                )
            value = self.arrays[value]
        if hasattr(value, "detach"):  # a tensor of a state_dict
            value = value.detach().cpu()
        array = array_of(value, what, ProgramError)
        if array.dtype.kind not in "iuf":
            raise ProgramError(f"{what}: expected numbers, got {array.dtype}")
        if array.ndim not in dims:
            shapes = " or ".join(map(str, dims))
            raise ProgramError(f"{what}: expected {shapes} dimensions, got shape {array.shape}")
        if not np.all(np.isfinite(array)):
            where = np.argwhere(~np.isfinite(array))[0]
            raise ProgramError(f"{what}: {array[tuple(where)]} at {where.tolist()}; expected finite numbers")
        return array.astype(np.float64)

    def optional(self, key: str, dims: tuple[int, ...]) -> Array | None:
        return None if self.given.get(key) is None else self.array(key, dims)

    def twice(self, key: str, default: Any, low: int = 1, high: int = 4096) -> tuple[int, int]:
        return _twice(self.given.get(key, default), f"{self.node}: {key}", low, high)

    def number(self, key: str, default: float) -> float:
        return finite(f"{self.node}: {key}", self.given.get(key, default))

    def padding(self, kernel: tuple[int, int], stride: tuple[int, int]) -> Padding:
        value = self.given.get("padding", 0)
        if value == "valid":
            return 0, 0, 0, 0
        if value == "same":
            if stride != (1, 1):
                raise ProgramError(
                    f"{self.node}: padding 'same' with stride {stride[0]} depends on the size; give numbers"
                )
            more = [size - 1 for size in kernel]
            return more[0] // 2, more[1] // 2, more[0] - more[0] // 2, more[1] - more[1] // 2
        sides = list(value) if isinstance(value, (list, tuple)) else [value] * 4
        if len(sides) != 4:
            raise ProgramError(
                f"{self.node}: padding: expected one number, or top, left, bottom and right, got {value!r:.60}"
            )
        top, left, bottom, right = (integer(f"{self.node}: padding", side, 0, 1024) for side in sides)
        return top, left, bottom, right


def _conv(layer: _Layer) -> Step:
    weights = layer.array("weights", (4,))
    if layer.last:
        weights = weights.transpose(3, 2, 0, 1)
    stride, dilation = layer.twice("stride", 1), layer.twice("dilation", 1)
    groups = integer(f"{layer.node}: groups", layer.given.get("groups", 1), 1)
    if layer.last and groups > 1 and weights.shape[:2] == (1, groups):
        weights = weights.transpose(1, 0, 2, 3)  # depthwise kernels of Keras are (rows, columns, channels, 1)
    kernel = weights.shape[2], weights.shape[3]
    bias = _row(layer.optional("bias", (1,)), len(weights), layer.node)
    padding = layer.padding(kernel, stride)
    return Convolve(layer.node, weights, bias, stride, padding, layer.number("pad_value", 0), groups, dilation)


def _row(bias: npt.NDArray[np.float64] | None, count: int, node: str) -> Array | None:
    if bias is not None and len(bias) != count:
        raise ProgramError(f"{node}: bias: {len(bias)} values for {count} channels")
    return bias


def _norm(layer: _Layer) -> Step:
    variance, eps = layer.array("variance", (0, 1), 1.0), layer.number("eps", 1e-5)
    if np.any(variance + eps <= 0):
        raise ProgramError(f"{layer.node}: variance + eps must be above 0")
    gamma, beta = layer.array("gamma", (0, 1), 1.0), layer.array("beta", (0, 1), 0.0)
    mean = layer.array("mean", (0, 1), 0.0)
    widths = {len(part) for part in (gamma, beta, mean, variance) if part.ndim}
    if len(widths) > 1:
        raise ProgramError(f"{layer.node}: gamma, beta, mean and variance have {sorted(widths)} values; give one each")
    scale = gamma / np.sqrt(variance + eps)
    return Affine(layer.node, scale, beta - mean * scale)


def _sign(layer: _Layer) -> Step:
    compare = layer.given.get("compare", ">=")
    if compare not in COMPARES:
        raise ProgramError(f"{layer.node}: compare: expected one of {' '.join(COMPARES)}, got {compare!r:.40}")
    values = _pair(layer.given, "values", layer.node) or (-1.0, 1.0)
    level = layer.array("at", (0, 1), 0.0)
    if compare == "sign" and np.any(level):
        raise ProgramError(f"{layer.node}: compare 'sign' is at 0; expected >= or > for other levels")
    return Sign(layer.node, compare, level, *values)


def _levels(layer: _Layer) -> Step:
    at, compare = layer.array("at", (1, 2)), layer.given.get("compare", ">=")
    if compare not in (">=", ">"):
        raise ProgramError(f"{layer.node}: compare: expected >= or >, got {compare!r:.40}")
    if not at.size or np.any(np.diff(at, axis=-1) < 0):
        raise ProgramError(f"{layer.node}: at: expected levels that rise, got {short(str(at.tolist()), 60)}")
    count = at.shape[-1]
    values = np.arange(count + 1.0) if layer.given.get("values") is None else layer.array("values", (1,))
    if len(values) != count + 1:
        raise ProgramError(f"{layer.node}: values: expected {count + 1}, one more than levels, got {len(values)}")
    cuts = tuple(Cut(level, compare == ">") for level in at.T)
    return Stairs(layer.node, cuts, tuple(np.asarray(value) for value in values))


def _pool(kind: type[MaxPool] | type[AveragePool]) -> Callable[[_Layer], Step]:
    def make(layer: _Layer) -> Step:
        if layer.given.get("size") is None:
            return kind(layer.node, None)
        size = layer.twice("size", None)
        return kind(layer.node, size, layer.twice("stride", list(size)))

    return make


def _dense(layer: _Layer) -> Step:
    weights = layer.array("weights", (2,))
    weights = weights.T if layer.last else weights
    return FullyConnected(layer.node, weights, _row(layer.optional("bias", (1,)), len(weights), layer.node))


_OPS: dict[str, tuple[tuple[str, ...], Callable[[_Layer], Step]]] = {
    "conv": (("weights", "bias", "stride", "padding", "pad_value", "groups", "dilation"), _conv),
    "norm": (("gamma", "beta", "mean", "variance", "eps"), _norm),
    "affine": (
        ("scale", "shift"),
        lambda a: Affine(a.node, a.array("scale", (0, 1), 1.0), a.array("shift", (0, 1), 0.0)),
    ),
    "sign": (("compare", "at", "values"), _sign),
    "levels": (("at", "values", "compare"), _levels),
    "relu": ((), lambda a: Clip(a.node, 0.0, np.inf)),
    "clip": (("low", "high"), lambda a: Clip(a.node, a.number("low", -1), a.number("high", 1))),
    "leaky": (("slope",), lambda a: Leaky(a.node, a.array("slope", (0, 1), 0.01))),
    "max": (("size", "stride"), _pool(MaxPool)),
    "mean": (("size", "stride"), _pool(AveragePool)),
    "flatten": ((), lambda a: Flatten(a.node, a.last)),
    "dense": (("weights", "bias"), _dense),
}
"""Operation -> its keys, and what makes a step of it."""


__all__ = ["DESCRIPTION", "read_arrays"]
