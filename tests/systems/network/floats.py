"""Networks in floating point: chains of the description's operations, drawn at random, and what they compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Chain = Sequence[Mapping[str, Any]]


def evaluate(layers: Chain, arrays: Mapping[str, Any], x: Floats) -> Floats:
    """What a chain gives for (n, 1, rows, columns), in float64; a plain statement of each operation."""
    for layer in layers:
        x = _one(layer, arrays, x)
    return x


def _one(layer: Mapping[str, Any], arrays: Mapping[str, Any], x: Floats) -> Floats:
    def get(key: str, default: float = 0.0) -> Any:
        value = layer.get(key, default)
        value = arrays[value] if isinstance(value, str) else value
        array = np.asarray(value, np.float64)
        return array[:, None, None] if array.ndim == 1 and x.ndim == 4 else array

    match layer["op"]:
        case "conv":
            return _conv(layer, arrays, x)
        case "norm":
            return np.asarray(
                (x - get("mean")) / np.sqrt(get("variance", 1.0) + 1e-5) * get("gamma", 1.0) + get("beta")
            )
        case "affine":
            return np.asarray(x * get("scale", 1.0) + get("shift"))
        case "relu":
            return np.maximum(x, 0)
        case "clip":
            return np.clip(x, layer["low"], layer["high"])
        case "leaky":
            return np.where(x < 0, x * layer["slope"], x)
        case "sign":
            low, high = layer.get("values", (-1.0, 1.0))
            compare, at = layer.get("compare", ">="), get("at")
            if compare == "sign":
                return np.sign(x)
            holds = {">=": x >= at, ">": x > at, "<=": x <= at, "<": x < at}[compare]
            return np.where(holds, high, low)
        case "levels":
            at, values = np.atleast_1d(np.asarray(layer["at"], np.float64)), np.asarray(layer["values"], np.float64)
            wide = at.T[:, None, :, None, None] if at.ndim == 2 else at[:, None, None, None, None]
            return np.asarray(values[(x >= wide).sum(axis=0)])
        case "max" | "mean" as kind:
            n = layer.get("size", x.shape[-1])
            step = layer.get("stride", n)
            windows = np.lib.stride_tricks.sliding_window_view(x, (n, n), axis=(2, 3))[:, :, ::step, ::step]
            return np.asarray(windows.max(axis=(4, 5)) if kind == "max" else windows.mean(axis=(4, 5)))
        case "flatten":
            return x.reshape(len(x), -1)
        case "dense":
            return np.asarray(x @ np.asarray(arrays[layer["weights"]], np.float64).T + get("bias"))
    raise AssertionError(layer)


def _conv(layer: Mapping[str, Any], arrays: Mapping[str, Any], x: Floats) -> Floats:
    weights = np.asarray(arrays[layer["weights"]], np.float64)
    p, step = layer.get("padding", 0), layer.get("stride", 1)
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=layer.get("pad_value", 0.0))
    windows = np.lib.stride_tricks.sliding_window_view(x, weights.shape[2:], axis=(2, 3))[:, :, ::step, ::step]
    if layer.get("groups", 1) > 1:
        sums = np.einsum("nihwrc,irc->nihw", windows, weights[:, 0])
    else:
        sums = np.einsum("nihwrc,oirc->nohw", windows, weights)
    bias = arrays[layer["bias"]] if "bias" in layer else np.zeros(len(weights))
    return np.asarray(sums + bias[:, None, None])


def draw(seed: int, levels: bool = False) -> tuple[list[dict[str, Any]], dict[str, Any], tuple[float, float], int]:
    """A chain by chance: (layers, arrays, values of dark and bright, rows and columns).

    levels: whether some of its activations have up to four values in place of two.
    """
    g = np.random.default_rng(seed)
    size = int(g.integers(12, 20))
    values = ((-1.0, 1.0), (0.0, 1.0), (1.0, -1.0))[int(g.integers(3))]
    arrays: dict[str, Any] = {}
    layers: list[dict[str, Any]] = []

    def named(array: Any) -> str:
        name = f"a{len(arrays)}"
        arrays[name] = array
        return name

    def norm(channels: int, spread: float) -> dict[str, Any]:
        gamma = g.normal(size=channels)
        gamma[g.integers(channels)] = 0
        return {
            "op": "norm",
            "gamma": named(gamma),
            "beta": named(g.normal(size=channels)),
            "mean": named(g.normal(size=channels) * spread),
            "variance": named(g.uniform(0.5, 2, channels) * spread**2),
        }

    channels, rows = 1, size
    level = values
    for _ in range(int(g.integers(1, 3))):
        depthwise = channels > 1 and g.random() < 0.3
        out = channels if depthwise else int(g.integers(2, 5))
        kernel, step = int(g.choice([1, 2, 3])), int(g.choice([1, 1, 2]))
        padding = int(g.integers(0, kernel))
        integers = g.integers(-3, 4, (out, 1 if depthwise else channels, kernel, kernel))
        scale = g.uniform(0.01, 3, (out, 1, 1, 1))
        layer = {"op": "conv", "weights": named(integers * scale), "stride": step, "padding": padding}
        layer |= {"groups": channels} if depthwise else {}
        layer |= {"pad_value": float(g.choice([*level, sum(level) / 2]))}
        layer |= {"bias": named(g.normal(size=out))} if g.random() < 0.5 else {}
        layers.append(layer)
        rows, channels = (rows + 2 * padding - kernel) // step + 1, out
        if g.random() < 0.3:
            layers.append({"op": "leaky", "slope": 0.1})
        layers.append(norm(channels, 2.0))
        if rows >= 4 and g.random() < 0.3:
            layers.append({"op": "max", "size": 2})
            rows //= 2
        if g.random() < 0.5:
            layers.append({"op": "relu"} if g.random() < 0.5 else {"op": "clip", "low": -1, "high": 1})
            layers.append({"op": "affine", "scale": float(g.choice([-1.5, 2])), "shift": float(g.normal())})
        compare = str(g.choice([">=", ">", "<=", "<"]))
        level = ((-1.0, 1.0), (0.0, 1.0), (1.0, 0.0))[int(g.integers(3))]
        if levels and g.random() < 0.7:
            many = int(g.integers(1, 4))
            at = np.sort(g.normal(size=(channels, many) if g.random() < 0.3 else many) * 2, axis=-1)
            worth = (np.arange(many + 1) - g.choice([0, many / 2])) * g.choice([0.5, -1, 1 / 3])
            layers.append({"op": "levels", "at": at.tolist(), "values": worth.tolist()})
            level = float(worth[0]), float(worth[-1])
        else:
            layers.append({"op": "sign", "compare": compare, "values": list(level), "at": float(g.normal())})
        if rows >= 4 and g.random() < 0.5:
            layers.append({"op": "max", "size": 2, "stride": int(g.choice([1, 2]))})
            rows = (rows - 2) // layers[-1]["stride"] + 1
    if rows >= 2 and g.random() < 0.3:
        layers.append({"op": "mean", "size": 2, "stride": 1})
        rows -= 1
    if g.random() < 0.3 and layers[-1]["op"] != "mean":
        layers.append(norm(channels, 1.0) | {"gamma": named(g.uniform(0.5, 2, channels))})
    layers.append({"op": "flatten"})
    weights = g.integers(-1, 2, (3, channels * rows * rows)) * 0.02
    layers.append({"op": "dense", "weights": named(weights), "bias": named(g.normal(size=3))})
    if g.random() < 0.3:
        layers.append({"op": "relu"})
        layers.append({"op": "dense", "weights": named(g.normal(size=(4, 3)))})
    return layers, arrays, values, size
