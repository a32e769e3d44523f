"""A network of integers in a file: .npz with its arrays and a text of JSON, nothing pickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import finite, integer, path_of
from scamp_sim.exceptions import OptionError, ProgramError, ScampError
from scamp_sim.files import check_file, write_arrays
from scamp_sim.reading import OTHER_FORM, parse_json, reason
from scamp_sim.study.results_store import digest
from scamp_sim.systems.network.params import BITS, Conv, Counts, Dense, Input, Layer, Network, Pool
from scamp_sim.text import short

KEY = "network"
"""The array that holds the text."""

VERSION = 1

KINDS: dict[str, tuple[type, tuple[str, ...], tuple[str, ...]]] = {
    "conv": (
        Conv,
        ("name", "stride", "padding", "pad_value", "depthwise", "node"),
        ("weights", "threshold", "flipped"),
    ),
    "pool": (Pool, ("name", "size", "stride", "node"), ("every",)),
    "counts": (Counts, ("name", "size", "stride", "node"), ()),
    "dense": (Dense, ("name", "activation", "node"), ("weights", "scale", "bias")),
}
"""Kind of layer -> its class, its fields in the text, its arrays."""


def net_digest(net: Network) -> str:
    """Of everything that changes what a network gives."""
    parts: list[Any] = [np.array(repr(net.input))]
    for layer in net.layers:
        for name, value in sorted(vars(layer).items()):
            parts.append(np.array(name))
            parts.append(value if isinstance(value, np.ndarray) else np.array(repr(value)))
    return digest(parts)


def check_target(path: str | Path) -> Path:
    """The path, if a network can be saved there; for before a long computation. Raises ScampError."""
    target = path_of(path, "network")
    if target.suffix != ".npz":
        raise OptionError(f"networks are saved as .npz, not as '{short(target.name, 200)}'; name it so")
    return check_file(target, "network")


def save(net: Network, path: str | Path) -> None:
    """Write a network as .npz, which `read` takes. Raises ProgramError if that is not possible."""
    try:
        target = check_target(path)
    except ProgramError:
        raise
    except ScampError as e:
        raise ProgramError(str(e)) from None
    arrays: dict[str, npt.NDArray[Any]] = {}
    layers = []
    for layer in net.layers:
        kind = type(layer).__name__.lower()
        _, fields, parts = KINDS[kind]
        layers.append({"kind": kind, **{name: getattr(layer, name) for name in fields}})
        for part in parts:
            value = getattr(layer, part)
            if value is not None:
                arrays[f"{layer.name}.{part}"] = value
    document = {
        "version": VERSION,
        "input": vars(net.input),
        "layers": layers,
        "classes": net.classes,
        "notes": net.notes,
        "source": net.source,
    }
    arrays[KEY] = np.array(json.dumps(document))
    try:
        write_arrays(target, arrays, "network")
    except ScampError as e:
        raise ProgramError(str(e)) from None


def restore(arrays: Mapping[str, npt.NDArray[Any]], where: str) -> Network:
    """The network that `save` wrote. Raises ProgramError for anything else, such as weights out of range."""
    text = arrays[KEY]
    if text.dtype.kind != "U" or text.ndim:
        raise ProgramError(f"{where}: '{KEY}' is {text.dtype} {text.shape}; expected the text that saving wrote")
    document = parse_json(str(text), where, ProgramError)
    try:
        if document["version"] != VERSION:
            raise ProgramError(f"{where}: written by another version ({document['version']}); save it again")
        shown = Input(**{**document["input"], "pad": tuple(document["input"]["pad"])})
        shown = Input(**{**vars(shown), "values": tuple(finite("values", v) for v in shown.values)})
        layers = tuple(_layer(entry, arrays) for entry in document["layers"])
        net = Network(shown, layers, tuple(document["classes"]), tuple(document["notes"]), str(document["source"]))
        check(net)
    except ScampError as e:
        raise ProgramError(f"{where}: {short(str(e), 400)}") from None
    except OTHER_FORM as e:
        raise ProgramError(
            f"{where}: not a network as it was saved ({type(e).__name__}: {reason(e)}); save it again"
        ) from None
    return net


def _layer(entry: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Layer:
    kind, fields, parts = KINDS[entry["kind"]]
    given: dict[str, Any] = {name: entry[name] for name in fields}
    if "padding" in given:
        given["padding"] = tuple(given["padding"])
    for part in parts:
        array = arrays.get(f"{entry['name']}.{part}")
        if array is None and part != "every":
            raise ProgramError(f"{entry['name']}: the array of its {part} is missing")
        if array is not None and array.dtype.kind not in "biuf":
            raise ProgramError(f"{entry['name']}: {part} is {array.dtype}; expected numbers")
        if array is not None and array.dtype.kind in "iu" and np.any(np.abs(array.astype(np.int64)) > 2**30):
            raise ProgramError(f"{entry['name']}: {part} beyond what a layer holds")
        given[part] = array
    made: Layer = kind(**given)
    return made


def check(net: Network) -> None:
    """Raise ProgramError if a network that was put together by hand cannot run."""
    i = net.input
    for name, low, high in (
        ("rows", 1, 4096),
        ("columns", 1, 4096),
        ("above", 0, 254),
        ("shrink", 1, 64),
        ("scale", 1, 64),
    ):
        integer(f"input: {name}", getattr(i, name), low, high)
    for side in i.pad:
        integer("input: pad", side, 0, 1024)
    if len(i.pad) != 4:
        raise ProgramError(f"input: pad: expected four numbers, got {i.pad!r:.60}")
    if not net.layers or not isinstance(net.layers[0], Conv):
        raise ProgramError("layers: expected at least one, and a convolution first")
    names = [layer.name for layer in net.layers]
    if len(set(names)) != len(names):
        raise ProgramError(f"layers: a name is given twice in {', '.join(map(str, names))}")
    before: tuple[int, int, int] = (1, i.rows, i.columns)
    kind = "bits"
    for layer in net.layers:
        kind = _check_layer(layer, before, kind)
        before = layer.shape(before)
        if min(before) < 1:
            raise ProgramError(f"{layer.name}: leaves {before[1]}x{before[2]} values; the map before it is too small")


def _check_layer(layer: Layer, before: tuple[int, int, int], kind: str) -> str:
    """What the layer gives: "bits", "counts" or "scores"."""

    def expect(holds: bool, what: str) -> None:
        if not holds:
            raise ProgramError(f"{layer.name}: expected {what}")

    match layer:
        case Conv():
            k = layer.kernel
            expect(kind == "bits", "bits before a convolution")
            expect(layer.weights.ndim == 4 and layer.weights.shape[2] == layer.weights.shape[3], "square kernels")
            expect(layer.inputs == before[0], f"kernels for {before[0]} channels, got {layer.inputs}")
            expect(not layer.depthwise or layer.weights.shape[1] == 1, "depthwise kernels of one channel")
            expect(layer.stride in (1, 2, 4), f"a stride of 1, 2 or 4, got {layer.stride}")
            expect(layer.pad_value in (-1, 0, 1), f"a pad value of -1, 0 or 1, got {layer.pad_value}")
            pad = layer.padding
            whole = len(pad) == 4 and all(type(side) is int and 0 <= side < k for side in pad)
            expect(whole, f"padding of four numbers below {k}, got {pad}")
            bound = 2 ** (BITS - 1)
            expect(bool(np.all(np.abs(layer.weights.astype(int)) <= bound)), f"weights of at most {BITS} bits")
            for part in (layer.threshold, layer.flipped):
                expect(part is not None and part.shape == (layer.channels,), "one threshold a channel")
            return "bits"
        case Pool() | Counts():
            integer(f"{layer.name}: size", layer.size, 1, min(before[1:]))
            integer(f"{layer.name}: stride", layer.stride, 1, 4096)
            expect(kind == "bits", "bits before a pool")
            if isinstance(layer, Counts):
                return "counts"
            expect(layer.every is None or layer.every.shape == (before[0],), "one `every` a channel")
            return "bits"
        case Dense():
            expect(layer.weights.ndim == 2, "weights of (classes, features)")
            expect(layer.features == before[0] * before[1] * before[2], f"{before} values, got {layer.features}")
            expect(layer.scale.shape == layer.bias.shape == (layer.classes,), "one scale and bias a class")
            finite_parts = all(np.all(np.isfinite(part)) for part in (layer.weights, layer.scale, layer.bias))
            expect(bool(finite_parts), "finite weights, scales and biases")
            expect(layer.activation in ("none", "relu", "sign"), f"a known activation, got {layer.activation!r:.40}")
            return "bits" if layer.activation == "sign" else "scores"


__all__ = ["KEY", "check", "check_target", "restore", "save"]
