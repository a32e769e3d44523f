"""What every reader makes of its source: a chain of steps on floating-point values, not yet folded.

A reader knows a file format, `fold` knows networks; this is all that they share. Arrays are float64, channels first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.network.params import Padding

Array = npt.NDArray[np.float64]

Compare = Literal[">=", ">", "<=", "<", "sign"]


@dataclass(frozen=True, eq=False)
class Convolve:
    """weights (out, in per group, kh, kw), bias (out,) or None; `pad_value` is what lies outside."""

    node: str
    weights: Array
    bias: Array | None = None
    stride: tuple[int, int] = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    pad_value: float = 0.0
    groups: int = 1
    dilation: tuple[int, int] = (1, 1)


@dataclass(frozen=True, eq=False)
class Affine:
    """scale x value + shift, each () or one a channel: batch norm, and products and sums with constants."""

    node: str
    scale: Array
    shift: Array


@dataclass(frozen=True, eq=False)
class Clip:
    """Limits; -inf and inf for none. ReLU is 0..inf, HardTanh -1..1."""

    node: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Leaky:
    """slope x value where the value is negative; slope () or one a channel, above 0."""

    node: str
    slope: Array


@dataclass(frozen=True, eq=False)
class Rising:
    """A function that rises everywhere, between two limits that it does not reach, such as tanh. Only a threshold can
    take what it gives, as one of what it takes.

    what: its name. inverse: what a value between the limits comes from.
    """

    node: str
    what: str
    low: float
    high: float
    inverse: Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Sign:
    """`high` where value `compare` level, else `low`; "sign" gives 0 at the level itself, which is 0."""

    node: str
    compare: Compare
    level: Array
    low: float = -1.0
    high: float = 1.0


@dataclass(frozen=True)
class Cut:
    """A place where values change: past it are those of at least `level`, or those above it where strict."""

    level: Array
    strict: bool

    def past(self, value: Array) -> npt.NDArray[np.bool_]:
        """Whether values lie past it."""
        return np.asarray(value > self.level if self.strict else value >= self.level)


@dataclass(frozen=True, eq=False)
class Stairs:
    """A function of the value alone that changes at cuts: activations of a few bits, and what graphs compute of signs.

    cuts: in rising order; levels () or one a channel.
    values: one more, each () or one a channel: below the first cut, between the first and the second, and so on. The
        first and the last may be infinite: what a rounding without limits gives far out.
    """

    node: str
    cuts: tuple[Cut, ...]
    values: tuple[Array, ...]

    def at(self, value: Array) -> Array:
        """What it makes of values, () or one a channel."""
        found = np.broadcast_arrays(value, self.values[0])[1].astype(np.float64)
        for cut, beyond in zip(self.cuts, self.values[1:], strict=True):
            found = np.where(cut.past(value), beyond, found)
        return found


def stairs_of(sign: Sign) -> Stairs:
    """A sign as stairs: one step, or two, between which it is 0."""
    low, high = np.asarray(sign.low), np.asarray(sign.high)
    if sign.compare == "sign":
        zero = np.zeros(())
        return Stairs(sign.node, (Cut(zero, False), Cut(zero, True)), (-np.ones(()), zero, np.ones(())))
    rising = sign.compare[0] == ">"
    strict = (len(sign.compare) == 1) == rising
    return Stairs(sign.node, (Cut(sign.level, strict),), (low, high) if rising else (high, low))


@dataclass(frozen=True, eq=False)
class MaxPool:
    """The largest of each window; size None for the whole map."""

    node: str
    size: tuple[int, int] | None
    stride: tuple[int, int] = (1, 1)


@dataclass(frozen=True, eq=False)
class AveragePool:
    """The mean of each window; size None for the whole map."""

    node: str
    size: tuple[int, int] | None
    stride: tuple[int, int] = (1, 1)


@dataclass(frozen=True, eq=False)
class Flatten:
    """All values in a row: as (channel, row, column), or as (row, column, channel) with channels last."""

    node: str
    channels_last: bool = False


@dataclass(frozen=True, eq=False)
class FullyConnected:
    """weights (out, features), bias (out,) or None."""

    node: str
    weights: Array
    bias: Array | None = None


@dataclass(frozen=True, eq=False)
class Last:
    """What changes no decision, and may stand at the end only: softmax, argmax."""

    node: str
    what: str


Activation: TypeAlias = "Clip | Leaky | Rising | Sign | Stairs"
Step: TypeAlias = "Convolve | Affine | Activation | MaxPool | AveragePool | Flatten | FullyConnected | Last"


@dataclass(frozen=True)
class Reading:
    """What a reader is told beside the source; None leaves it to the source, or to the default.

    zero: +1 or -1, what Sign(0) is to be.
    values: what a dark and a bright pixel are to the network (default -1 and +1).
    grey: what the levels 0 and 255 are to a network that thresholds its input itself (0 and 1).
    above: a pixel is bright above this grey level of 0..255 (default 126).
    place: how pictures get to the size of the input, such as {"scale": 2, "pad": 4}.
    size: rows and columns of the input, where the source leaves them open.
    """

    zero: int | None = None
    values: tuple[float, float] | None = None
    grey: tuple[float, float] | None = None
    above: int | None = None
    place: Mapping[str, Any] | None = None
    size: tuple[int, int] | None = None


def refusal(node: str, why: str, channel: int | None = None) -> ProgramError:
    """The error with the node, the channel if one is at fault, the reason and the remedy."""
    where = node if channel is None else f"{node}, channel {channel}"
    return ProgramError(f"{where}: {why}")


def refuse(node: str, why: str, channel: int | None = None) -> NoReturn:
    """Raise that error."""
    raise refusal(node, why, channel)


__all__ = [
    "Affine",
    "Array",
    "AveragePool",
    "Clip",
    "Compare",
    "Convolve",
    "Cut",
    "Flatten",
    "FullyConnected",
    "Last",
    "Leaky",
    "MaxPool",
    "Reading",
    "Rising",
    "Sign",
    "Stairs",
    "Step",
    "refusal",
    "refuse",
    "stairs_of",
]
