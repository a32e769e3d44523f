"""The integer forward pass: every stage of a network, exactly, in NumPy.

Stages are named after their layer: "conv1.sums" (integers, in taps), "conv1.bits", "pool1.bits", "counts1.counts",
"dense1.sums" (sum of weight x value) and "dense1.scores". What the last readout of an array rounds is an option,
`Converter`; without it nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.options import ArrayOptions
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.network.params import Bits, Conv, Counts, Dense, Float64, Int32, Network, Pool

BATCH = 64
"""Pictures at a time; nothing but memory depends on it."""


@dataclass(frozen=True)
class Converter:
    """How an array reads the sums of a binary dense layer: +-amplitude in the PEs of a class, a sample a part of them.

    amplitude: LSB of a match.
    parts: samples a class: 1 (`global_sum_16`) or 4 (`global_sum_64`, whose samples hold the features of every other
        row and column).
    """

    amplitude: float = 120.0
    parts: int = 1

    def read(self, values: Int32, weights: npt.NDArray[np.int8], shape: tuple[int, int, int]) -> Int32:
        """What the samples of each class add up to beyond their middle, int32 (n, classes).

        values: (n, features), +1 or -1, as (channel, row, column) of `shape`.
        weights: (classes, features).
        """
        options = ArrayOptions()
        grid = np.indices(shape).reshape(3, -1)
        step = 1 if self.parts == 1 else 2
        part = (grid[1] % step) * step + grid[2] % step
        total = np.zeros((len(values), len(weights)), np.int32)
        n, floor, span = (
            (4, options.sum16_floor, options.sum16_span)
            if self.parts == 1
            else (8, options.sum64_floor, options.sum64_span)
        )
        middle = round((floor + span * -options.areg_min / (options.areg_max - options.areg_min)) / n**2)
        for p in range(self.parts):
            here = np.flatnonzero(part == p)
            means = self.amplitude * dense_sums(values[:, here], weights[:, here]) / len(here)
            level = (means - options.areg_min) / (options.areg_max - options.areg_min)
            sample = np.clip(np.rint((floor + span * level) / n**2), 0, 255)
            total += (sample - middle).astype(np.int32)
        return total


@dataclass(frozen=True, eq=False)
class Forward:
    """What a network makes of pictures.

    scores: (n, classes) float64, or None where the network ends in bits or counts.
    stages: by name, those that were asked for.
    output: of the last layer, (n, channels, rows, columns) or (n, classes).
    """

    scores: Float64 | None
    output: npt.NDArray[Any]
    stages: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    @property
    def classes(self) -> npt.NDArray[np.int64]:
        """(n,): what `decided` makes of the scores. Raises ProgramError without scores."""
        if self.scores is None:
            raise ProgramError("this network ends in bits or counts, not in scores; give it a dense layer for classes")
        return decided(self.scores)


def decided(scores: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The class (n,) of scores (n, scores): that of the largest, the first of equals. A single score decides between
    two classes: 1 where it is above 0, as a sigmoid above a half does."""
    found = scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(axis=1)
    return np.asarray(found, np.int64)


def stage_names(net: Network) -> tuple[str, ...]:
    """The names of all stages, in order."""
    found: list[str] = []
    for layer in net.layers:
        match layer:
            case Conv():
                found += [f"{layer.name}.sums", f"{layer.name}.bits"]
            case Pool():
                found += [f"{layer.name}.bits"]
            case Counts():
                found += [f"{layer.name}.counts"]
            case Dense():
                found += [f"{layer.name}.sums", f"{layer.name}.scores"]
    return tuple(found)


def forward(
    net: Network, pictures: npt.ArrayLike, *, keep: Iterable[str] = (), converter: Converter | None = None
) -> Forward:
    """Run a network.

    pictures: (n, height, width) or one (height, width), grey levels 0..255 or bool; placed as `Input` says.
    keep: names of stages wanted, as `stage_names` gives them; "all" for every one.
    converter: how an array rounds the sums of a binary dense layer behind bits; None for not at all.

    Raises PlaneError for pictures that do not fit, ProgramError for unknown stages.
    """
    known = stage_names(net)
    wanted = set(known) if keep == "all" else set(keep)
    if wanted - set(known):
        raise ProgramError(f"unknown stage '{min(wanted - set(known))}'; expected some of {', '.join(known)}")
    bits = net.input.bits(pictures)
    runs = [_batch(net, bits[first : first + BATCH], wanted, converter) for first in range(0, len(bits), BATCH)]
    if not runs:
        raise ProgramError("no pictures: expected at least one")
    stages = {name: np.concatenate([run[1][name] for run in runs]) for name in known if name in wanted}
    output = np.concatenate([run[0] for run in runs])
    return Forward(output if isinstance(net.layers[-1], Dense) else None, output, stages)


def _batch(
    net: Network, bits: Bits, wanted: set[str], converter: Converter | None
) -> tuple[npt.NDArray[Any], dict[str, npt.NDArray[Any]]]:
    value: npt.NDArray[Any] = bits[:, None]
    stages: dict[str, npt.NDArray[Any]] = {}

    def kept(name: str, array: npt.NDArray[Any]) -> None:
        if name in wanted:
            stages[name] = array

    sums: npt.NDArray[Any]
    shapes = net.shapes()
    for layer, before in zip(net.layers, shapes, strict=False):
        match layer:
            case Conv():
                sums = conv_sums(layer, value)
                value = sums >= layer.threshold[:, None, None]
                kept(f"{layer.name}.sums", sums)
                kept(f"{layer.name}.bits", value)
            case Pool():
                value = pool_bits(layer, value)
                kept(f"{layer.name}.bits", value)
            case Counts():
                value = window_counts(layer, value)
                kept(f"{layer.name}.counts", value)
            case Dense():
                flat = value.reshape(len(value), -1)
                bits_in = flat.dtype == bool
                if bits_in:
                    flat = np.where(flat, 1, -1).astype(np.int32)
                if bits_in and converter is not None and layer.binary:
                    code = layer.features / (converter.amplitude * converter.parts)
                    sums = converter.read(flat, layer.weights, before) * code
                else:
                    sums = dense_sums(flat, layer.weights)
                scores = sums * layer.scale + layer.bias
                kept(f"{layer.name}.sums", sums)
                kept(f"{layer.name}.scores", scores)
                value = scores
                if layer.activation == "relu":
                    value = np.maximum(scores, 0)
                elif layer.activation == "sign":
                    value = scores >= 0
    return value, stages


def conv_sums(layer: Conv, bits: Bits) -> Int32:
    """The sums of a convolution, int32 (n, out, rows, columns), in taps.

    bits: (n, in, rows, columns).
    """
    top, left, bottom, right = layer.padding
    values = np.where(bits, np.float32(1), np.float32(-1))
    values = np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=np.float32(layer.pad_value))
    _, rows, columns = layer.shape((layer.inputs, bits.shape[2], bits.shape[3]))
    step, n = layer.stride, len(bits)
    weights = layer.weights.astype(np.float32)
    # Sums of at most 2^24 taps are exact in float32, in any order.
    total = np.zeros((n, layer.channels, rows * columns), np.float32)
    for row in range(layer.kernel):
        for column in range(layer.kernel):
            seen = values[:, :, row : row + step * rows : step, column : column + step * columns : step]
            seen = seen[:, :, :rows, :columns].reshape(n, values.shape[1], -1)
            tap = weights[:, :, row, column]
            total += tap[None] * seen if layer.depthwise else np.matmul(tap, seen)
    return total.astype(np.int32).reshape(n, layer.channels, rows, columns)


def pool_bits(layer: Pool, bits: Bits) -> Bits:
    """OR, or AND where `every` says so, of windows: bool (n, channels, rows, columns)."""
    windows = _windows(bits, layer.size, layer.stride)
    found = windows.any(axis=(-2, -1))
    if layer.every is not None and layer.every.any():
        found = np.where(layer.every[:, None, None], windows.all(axis=(-2, -1)), found)
    return np.asarray(found)


def window_counts(layer: Counts, bits: Bits) -> Int32:
    """How many bits of each window are set, int32 (n, channels, rows, columns)."""
    return np.asarray(_windows(bits, layer.size, layer.stride).sum(axis=(-2, -1), dtype=np.int32))


def dense_sums(values: npt.NDArray[Any], weights: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sums (n, out) of weight x value: int32 where both are integers, else float64.

    values: (n, features).
    weights: (out, features).
    """
    # Exact in float64, and much faster than integers.
    sums = values.astype(np.float64) @ weights.astype(np.float64).T
    whole = values.dtype.kind in "iu" and weights.dtype.kind in "iu"
    return np.rint(sums).astype(np.int32) if whole else sums


def _windows(bits: Bits, size: int, stride: int) -> npt.NDArray[Any]:
    windows = np.lib.stride_tricks.sliding_window_view(bits, (size, size), axis=(2, 3))
    return np.asarray(windows[:, :, ::stride, ::stride])


__all__ = [
    "Converter",
    "Forward",
    "conv_sums",
    "decided",
    "dense_sums",
    "forward",
    "pool_bits",
    "stage_names",
    "window_counts",
]
