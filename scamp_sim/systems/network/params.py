"""The integer network: what a trained network is once its scales, biases and batch norms are thresholds.

Everything between two layers is a bit, +1 or -1, whatever the training framework called it: networks whose bits were
0 and 1 are brought to this form when they are read (`Conv.pad_value`). A layer is one of `Conv`, `Pool`, `Counts` and
`Dense`, in the order in which they run. Golden model, training twin and planner know nothing else of a network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError, ProgramError

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]

Padding = tuple[int, int, int, int]
"""Top, left, bottom, right; the order of ONNX."""

BITS = 7
"""Largest width of a weight: -64..63."""


@dataclass(frozen=True)
class Input:
    """What the network is shown, and how a picture becomes that.

    rows, columns: of the network's input, one bit a pixel: +1 bright, -1 dark.
    above: a pixel is bright where its grey level of 0..255 is above this.
    shrink: a picture's n x n means come first; 1 for none.
    scale: each pixel is then repeated n times in both directions; 1 for none.
    pad: dark pixels added around it.
    values: what dark and bright were in the framework; for `print`, the thresholds are of +-1 already.
    """

    rows: int
    columns: int
    above: int = 126
    shrink: int = 1
    scale: int = 1
    pad: Padding = (0, 0, 0, 0)
    values: tuple[float, float] = (-1.0, 1.0)

    @property
    def placed(self) -> bool:
        """Whether pictures of another size than the input are taken."""
        return self.shrink != 1 or self.scale != 1 or any(self.pad)

    @property
    def picture(self) -> tuple[float, float]:
        """Rows and columns of the pictures that are placed; whole numbers in an input that was checked."""
        top, left, bottom, right = self.pad
        factor = self.shrink / self.scale
        return (self.rows - top - bottom) * factor, (self.columns - left - right) * factor

    def bits(self, pictures: npt.ArrayLike) -> Bits:
        """Pictures as the network is shown them, bool (n, rows, columns), True is +1.

        pictures: (n, height, width) or one (height, width): grey levels 0..255, or bool. Those of the input's own size
        are taken as they are, others are placed.

        Raises PlaneError for pictures that do not fit.
        """
        array = np.asarray(pictures)
        array = array[None] if array.ndim == 2 else array
        if array.ndim != 3 or array.dtype.kind not in "buif":
            raise PlaneError(
                f"pictures: expected grey levels or bools of shape (n, height, width), got {array.dtype} {array.shape}"
            )
        if array.shape[1:] == (self.rows, self.columns):
            return self._bright(array)
        if not self.placed or array.shape[1:] != self.picture:
            takes = f"{self.rows}x{self.columns}"
            if self.placed:
                takes = "{:g}x{:g}".format(*self.picture) + f", or {takes} that are placed already"
            raise PlaneError(
                f"pictures of {array.shape[1]}x{array.shape[2]} do not fit the network's input: expected {takes}; "
                "say how they are placed: scale, shrink and pad (--place on the command line)"
            )
        n, height, width = array.shape
        if self.shrink > 1:
            k = self.shrink
            array = array.reshape(n, height // k, k, width // k, k).mean(axis=(2, 4), dtype=np.float64)
            bright = array > (0.5 if np.asarray(pictures).dtype == bool else self.above)
        else:
            bright = self._bright(array)
        bright = bright.repeat(self.scale, axis=1).repeat(self.scale, axis=2)
        top, left, bottom, right = self.pad
        return np.pad(bright, ((0, 0), (top, bottom), (left, right)))

    def _bright(self, array: npt.NDArray[Any]) -> Bits:
        return array if array.dtype == bool else np.asarray(array > self.above)


@dataclass(frozen=True, eq=False)
class Conv:
    """A convolution (a correlation, as in every framework) with a threshold a channel: bit = S >= threshold.

    S: the sum of weight x value over the window, an integer, in taps; values are +1 and -1, those outside are
    `pad_value`.

    name: such as "conv1"; node: what the file calls it.
    weights: (out, in, k, k) int8, row 0 on top; (out, 1, k, k) if depthwise. A channel that is constant has only zeros.
    threshold: (out,) int32, in taps. Of a constant channel 0 (always +1) or 1 (always -1).
    stride: 1, 2 or 4. padding: top, left, bottom, right.
    pad_value: 0, -1 (bits of 0 and 1 padded with 0) or +1. With -1 an array may as well sum values of 0 and 1 with
        nothing outside: S01 = (S + sum of weights) / 2 and T01 = (threshold + sum of weights) / 2.
    depthwise: whether channel k sees channel k alone.
    flipped: (out,) bool, kernels whose sign was turned because gamma is negative; the integers are the turned ones.
    """

    name: str
    weights: npt.NDArray[Any]
    threshold: npt.NDArray[Any]
    stride: int = 1
    padding: Padding = (0, 0, 0, 0)
    pad_value: int = 0
    depthwise: bool = False
    flipped: Bits | None = None
    node: str = ""

    def __post_init__(self) -> None:
        _freeze(self, "weights", np.int8)
        _freeze(self, "threshold", np.int32)
        if self.flipped is None:
            object.__setattr__(self, "flipped", np.zeros(len(self.weights), np.bool_))
        _freeze(self, "flipped", np.bool_)

    @property
    def channels(self) -> int:
        """Output channels."""
        return len(self.weights)

    @property
    def inputs(self) -> int:
        """Input channels."""
        return self.channels if self.depthwise else int(self.weights.shape[1])

    @property
    def kernel(self) -> int:
        """Rows of a kernel; it has as many columns."""
        return int(self.weights.shape[2])

    @property
    def taps(self) -> Int32:
        """(out,): the largest |S|, the sum of |weight|."""
        return np.asarray(np.abs(self.weights.astype(np.int32)).sum(axis=(1, 2, 3)), np.int32)

    @property
    def total(self) -> Int32:
        """(out,): S on a bright background, the sum of the weights; -total is S on a dark one."""
        return np.asarray(self.weights.sum(axis=(1, 2, 3)), np.int32)

    @property
    def constant(self) -> Int8:
        """(out,): +1 or -1 for channels that are always that, 0 for the others."""
        never = self.threshold > self.taps
        always = self.threshold <= -self.taps
        return np.where(always, 1, np.where(never, -1, 0)).astype(np.int8)

    @property
    def levels(self) -> tuple[int, ...]:
        """The different thresholds of channels that are not constant, ascending."""
        return tuple(int(t) for t in np.unique(self.threshold[self.constant == 0]))

    def shape(self, before: tuple[int, int, int]) -> tuple[int, int, int]:
        """(channels, rows, columns) that it makes of (channels, rows, columns)."""
        top, left, bottom, right = self.padding
        _, rows, columns = before
        return (
            self.channels,
            (rows + top + bottom - self.kernel) // self.stride + 1,
            (columns + left + right - self.kernel) // self.stride + 1,
        )


@dataclass(frozen=True, eq=False)
class Pool:
    """Bits of size x size windows as one bit: the OR of them (maximum), or the AND where the kernel was flipped behind
    a maximum over its sums.

    every: (channels,) bool, True for AND; None for OR everywhere.
    """

    name: str
    size: int
    stride: int
    every: Bits | None = None
    node: str = ""

    def __post_init__(self) -> None:
        if self.every is not None:
            _freeze(self, "every", np.bool_)

    def shape(self, before: tuple[int, int, int]) -> tuple[int, int, int]:
        """(channels, rows, columns) that it makes of (channels, rows, columns)."""
        channels, rows, columns = before
        return channels, (rows - self.size) // self.stride + 1, (columns - self.size) // self.stride + 1


@dataclass(frozen=True, eq=False)
class Counts:
    """How many bits of each size x size window are +1; windows may overlap. Integers leave, so only `Dense` follows.

    An average pool over +-1 of n sites is (2 count - n) / n; the layer behind it has taken that in.
    """

    name: str
    size: int
    stride: int
    node: str = ""

    def shape(self, before: tuple[int, int, int]) -> tuple[int, int, int]:
        """(channels, rows, columns) that it makes of (channels, rows, columns)."""
        channels, rows, columns = before
        return channels, (rows - self.size) // self.stride + 1, (columns - self.size) // self.stride + 1


Activation = Literal["none", "relu", "sign"]


@dataclass(frozen=True, eq=False)
class Dense:
    """score = scale x sum + bias, where sum = sum of weight x value over all values of what comes before.

    Values are +1 and -1 behind bits, counts behind `Counts`, and scores behind another `Dense`.

    weights: (out, features): int8 if they are small multiples of one scale a row (+-1: the array can hold them, and
        matches = (sum + features) / 2), float64 otherwise (the controller's business). Features lie as in
        (channel, row, column), the last one fastest.
    scale, bias: (out,) float64, on the controller.
    activation: "none" for the last layer; "relu" or "sign" (score >= 0 is +1, else -1) for one that another follows.
    """

    name: str
    weights: npt.NDArray[Any]
    scale: Float64
    bias: Float64
    activation: Activation = "none"
    node: str = ""

    def __post_init__(self) -> None:
        _freeze(self, "weights", np.int8 if self.weights.dtype.kind in "iub" else np.float64)
        _freeze(self, "scale", np.float64)
        _freeze(self, "bias", np.float64)

    @property
    def decides(self) -> int:
        """Classes that its scores tell apart: one score tells two."""
        return max(self.classes, 2)

    @property
    def classes(self) -> int:
        """Values that it gives."""
        return len(self.weights)

    @property
    def features(self) -> int:
        """Values that it takes."""
        return int(self.weights.shape[1])

    @property
    def integer(self) -> bool:
        """Whether the weights are integers, so that its sums are."""
        return bool(self.weights.dtype == np.int8)

    @property
    def binary(self) -> bool:
        """Whether every weight is +1 or -1."""
        return self.integer and bool(np.all(np.abs(self.weights) == 1))

    def shape(self, before: tuple[int, int, int]) -> tuple[int, int, int]:
        """(classes, 1, 1)."""
        return self.classes, 1, 1


Layer: TypeAlias = "Conv | Pool | Counts | Dense"


@dataclass(frozen=True, eq=False)
class Network:
    """A network of integers.

    input: what it is shown.
    layers: in order; at least one, the first a Conv.
    classes: names of the classes, or ().
    notes: what reading it folded, dropped or decided, a line each.
    source: where it came from.
    """

    input: Input
    layers: tuple[Layer, ...]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    source: str = ""

    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """(channels, rows, columns) of the input and behind each layer: one more than there are layers."""
        found = [(1, self.input.rows, self.input.columns)]
        for layer in self.layers:
            found.append(layer.shape(found[-1]))
        return tuple(found)

    def __str__(self) -> str:
        from scamp_sim.systems.network.show import text

        return text(self)

    def save(self, path: str | Path) -> None:
        """Write it as .npz, which `network.read` takes. Raises ProgramError."""
        from scamp_sim.systems.network.store import save

        save(self, path)

    def warnings(self) -> tuple[str, ...]:
        """Why it gives the same whatever it is shown; none for a network that looks at its pictures."""
        found = [
            f"{conv.name}: no sum crosses a threshold, so that each of its {conv.channels} maps is +1 or -1 everywhere "
            "and the picture is lost here: look at thresholds, batch norms and the values of the input's bits"
            for conv in self.convs
            if np.all(conv.constant)
        ]
        found += [
            f"{dense.name}: all its outputs have the same weights, so that what it is shown decides nothing"
            for dense in self.denses
            if dense.classes > 1 and np.all(dense.weights * dense.scale[:, None] == dense.weights[0] * dense.scale[0])
        ]
        return tuple(found)

    def layer(self, name: str) -> Layer:
        """The layer of that name. Raises ProgramError."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ProgramError(f"no layer '{name}': expected one of {', '.join(layer.name for layer in self.layers)}")

    @property
    def convs(self) -> tuple[Conv, ...]:
        """Its convolutions, in order."""
        return tuple(layer for layer in self.layers if isinstance(layer, Conv))

    @property
    def denses(self) -> tuple[Dense, ...]:
        """Its dense layers, in order."""
        return tuple(layer for layer in self.layers if isinstance(layer, Dense))


def _freeze(layer: object, name: str, kind: Any) -> None:
    """A copy of an array that cannot be written to, of its proper type."""
    array = np.array(getattr(layer, name), dtype=kind)
    array.setflags(write=False)
    object.__setattr__(layer, name, array)


__all__ = ["BITS", "Activation", "Conv", "Counts", "Dense", "Input", "Layer", "Network", "Padding", "Pool"]
