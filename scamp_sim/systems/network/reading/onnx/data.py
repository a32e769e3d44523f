"""Values that depend on the picture, while a graph is walked: sums of scaled results of steps.

A result is a chain of steps and nothing else. What a node sees is a sum of such results, each times a scale, plus a
shift: so that x + (sign(x) - x), which straight-through gradients leave in a graph, is sign(x). A step can take only
one result; more of them are a skip connection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scamp_sim.systems.network.params import Padding
from scamp_sim.systems.network.reading.onnx.model import Node
from scamp_sim.systems.network.reading.steps import Affine, Array, Step, refuse

CHANNELS_FIRST, CHANNELS_LAST = (0, 1, 2), (1, 2, 0)


@dataclass(frozen=True, eq=False)
class Result:
    """What a chain of steps gives.

    shape: (channels, rows, columns), or (values,) once flattened.
    boolean: whether it is the outcome of a comparison, 0 or 1.
    pad: zeros or other values that a Pad node put around it, for the convolution that follows.
    """

    steps: tuple[Step, ...]
    shape: tuple[int, ...]
    boolean: bool = False
    pad: Padding | None = None
    pad_value: float = 0.0


@dataclass(frozen=True, eq=False)
class Data:
    """The sum of scale x result, plus shift; scales and shift are () or one a channel.

    order: which axis of (channels, rows, columns) each axis behind the batch is; (0,) once flattened.
    """

    terms: tuple[tuple[Result, Array], ...]
    shift: Array
    order: tuple[int, ...]

    @classmethod
    def of(cls, result: Result, order: tuple[int, ...] | None = None) -> Data:
        """A result as it is."""
        return cls(((result, np.ones(())),), np.zeros(()), order or tuple(range(len(result.shape))))

    @property
    def first(self) -> Result:
        """The first of its results; all have one shape."""
        return self.terms[0][0]

    @property
    def shape(self) -> tuple[int, ...]:
        """As the graph sees it, without the batch."""
        return tuple(self.first.shape[axis] for axis in self.order)

    @property
    def boolean(self) -> bool:
        """Whether it is the outcome of a comparison."""
        return all(result.boolean for result, _ in self.terms)

    def scaled(self, scale: Array, shift: Array) -> Data:
        """scale x this + shift."""
        terms = tuple((result, factor * scale) for result, factor in self.terms)
        return replace(self, terms=terms, shift=self.shift * scale + shift)

    def plus(self, other: Data, node: Node) -> Data:
        """The sum of two."""
        if self.order != other.order or self.shape != other.shape:
            refuse(node.name, "adds two maps of different shapes; skip connections have no place on the array")
        terms: list[tuple[Result, Array]] = list(self.terms)
        for result, scale in other.terms:
            same = [n for n, (mine, _) in enumerate(terms) if mine is result]
            if same:
                terms[same[0]] = result, terms[same[0]][1] + scale
            else:
                terms.append((result, scale))
        kept = tuple((result, scale) for result, scale in terms if np.any(scale))
        if not kept:
            refuse(node.name, "takes a map from itself, which leaves no picture")
        return replace(self, terms=kept, shift=self.shift + other.shift)

    def single(self, node: Node) -> Result:
        """The one result that it is, with the scale and the shift as a step of its own. Raises ProgramError."""
        if len(self.terms) != 1:
            refuse(
                node.name,
                f"takes the sum of {len(self.terms)} maps; skip connections have no place on the array, so make it one "
                "chain",
            )
        result, scale = self.terms[0]
        if result.pad is not None and node.op != "Conv":
            refuse(node.name, "behind a Pad; padding has a place in front of a convolution only")
        if np.all(scale == 1) and not np.any(self.shift):
            return result
        if result.pad is not None:
            refuse(node.name, "scales a padded map; put the Pad behind it")
        step = Affine(node.name, scale, self.shift)
        return replace(result, steps=(*result.steps, step), boolean=False)

    def constant(self, value: Any, node: Node) -> Array:
        """A constant as () or one a channel, float64. Raises ProgramError for one that differs from site to site."""
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            refuse(node.name, f"a constant of type {array.dtype}; expected numbers")
        array = array.astype(np.float64)
        if array.size and np.all(array == array.flat[0]):
            return np.asarray(array.flat[0])
        rank = len(self.order) + 1
        if array.ndim > rank:
            refuse(node.name, f"a constant of {array.ndim} dimensions for a map of {rank}")
        array = array.reshape((1,) * (rank - array.ndim) + array.shape)
        channel = 1 + self.order.index(0)
        others = tuple(axis for axis in range(rank) if axis != channel)
        if not array.size or np.any(array.min(axis=others) != array.max(axis=others)):
            refuse(node.name, "a constant that differs from site to site; expected one number, or one a channel")
        found = np.moveaxis(array, channel, 0).reshape(array.shape[channel], -1)[:, 0]
        if len(found) != self.first.shape[0]:
            refuse(node.name, f"{len(found)} constants for {self.first.shape[0]} channels")
        return found


__all__ = ["CHANNELS_FIRST", "CHANNELS_LAST", "Data", "Result"]
