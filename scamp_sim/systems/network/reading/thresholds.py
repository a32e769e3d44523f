"""From "the value is at least that" back to "the integer sum is at least T": through batch norms, clips and pools.

Behind a convolution stands a chain of monotone operations, one channel apart from the other, and at its end a
comparison. `back` walks it from its end to the sums: each operation turns the condition into one on what came before
it. A pool meets the condition in the direction that it has there: the maximum is at least L where any value is (OR), it
is at most L where every value is (AND). So batch norm with a negative gamma needs no rule of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from scamp_sim.systems.network.reading.steps import Affine, Array, Clip, Leaky, Rising, refuse

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pooled:
    """A maximum over windows, and its number among the pools of this chain."""

    number: int


Operation: TypeAlias = "Affine | Clip | Leaky | Rising | Pooled"


@dataclass(eq=False)
class Condition:
    """For each channel: value >= level (above) or value <= level, > and < where strict; or known: +1 always, -1
    never."""

    above: Bools
    level: Array
    strict: Bools
    known: npt.NDArray[np.int8]
    every: dict[int, Bools] = field(default_factory=dict)

    @classmethod
    def of(cls, compare: str, level: Array, channels: int) -> Condition:
        """The condition at the end of a chain; compare is one of >=, >, <=, <."""
        return cls(
            np.full(channels, compare[0] == ">"),
            np.broadcast_to(np.asarray(level, np.float64), (channels,)).copy(),
            np.full(channels, len(compare) == 1),
            np.zeros(channels, np.int8),
        )

    def settle(self, where: Bools, holds: Bools) -> None:
        """Where the outcome no longer depends on the value."""
        where = where & (self.known == 0)
        self.known[where] = np.where(holds, 1, -1)[where]

    def holds(self, value: Array) -> Bools:
        """Whether values of the channels meet it."""
        more = np.where(self.strict, value > self.level, value >= self.level)
        less = np.where(self.strict, value < self.level, value <= self.level)
        return np.asarray(np.where(self.above, more, less))


def back(condition: Condition, chain: Sequence[Operation]) -> Condition:
    """The condition on the value in front of a chain of operations."""
    for operation in reversed(chain):
        match operation:
            case Affine():
                scale = np.broadcast_to(operation.scale, condition.level.shape)
                shift = np.broadcast_to(operation.shift, condition.level.shape)
                condition.settle(scale == 0, condition.holds(shift))
                safe = np.where(scale == 0, 1.0, scale)
                with np.errstate(over="ignore"):
                    condition.level = (condition.level - shift) / safe
                condition.above = np.where(safe < 0, ~condition.above, condition.above)
                beyond = np.isinf(condition.level)  # a scale so small that no value reaches the level, or all do
                condition.settle(beyond, (condition.level < 0) == condition.above)
                condition.level = np.where(beyond, 0.0, condition.level)
            case Clip():
                _clip(condition, operation.low, operation.high)
            case Leaky():
                level = condition.level
                condition.level = np.where(level < 0, level / operation.slope, level)
            case Rising():
                above, level = condition.above, condition.level
                condition.settle(level <= operation.low, above)
                condition.settle(level >= operation.high, ~above)
                inside = (level > operation.low) & (level < operation.high)
                safe = np.where(inside, level, (max(operation.low, -1.0) + min(operation.high, 1.0)) / 2)
                condition.level = np.where(inside, operation.inverse(safe), 0.0)
            case Pooled():
                condition.every[operation.number] = ~condition.above & (condition.known == 0)
    return condition


def none_waits(chain: Sequence[Operation]) -> None:
    """Raise ProgramError where a function waits for a threshold that does not come."""
    for operation in chain:
        if isinstance(operation, Rising):
            refuse(operation.node, f"{operation.what} has no place on the array; sign, ReLU, threshold have")


def _clip(condition: Condition, low: float, high: float) -> None:
    """A clipped value meets a condition always, never, or where the value itself does."""
    level, shape = condition.level, condition.level.shape
    lowest, highest = condition.holds(np.full(shape, low)), condition.holds(np.full(shape, high))
    # Both ends meet it: so does all between them. Neither does: nothing between them. Else the level lies inside.
    condition.settle(lowest & highest, np.ones(shape, np.bool_))
    condition.settle(~lowest & ~highest, np.zeros(shape, np.bool_))
    condition.level = level


__all__ = ["Condition", "Operation", "Pooled", "back", "none_waits"]
