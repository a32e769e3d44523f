"""Values that depend on the picture, while a graph is walked: sums of scaled results of steps.

A result is a chain of steps and nothing else. What a node sees is a sum of such results, each times a scale, plus a
shift: so that x + (sign(x) - x), which straight-through gradients leave in a graph, is sign(x). A step can take only
one result, or several that are functions of one sign or rounding (`stairs`); more of them are a skip connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cmp_to_key
from typing import Any, NamedTuple, cast

import numpy as np

from scamp_sim.systems.network.params import Padding
from scamp_sim.systems.network.reading.onnx.model import Node
from scamp_sim.systems.network.reading.steps import Affine, Array, Cut, Sign, Stairs, Step, refuse, stairs_of

CHANNELS_FIRST, CHANNELS_LAST = (0, 1, 2), (1, 2, 0)
SITES = 3
"""In an order: rows and columns as one axis."""


@dataclass(frozen=True, eq=False)
class Result:
    """What a chain of steps gives.

    shape: (channels, rows, columns), or (values,) once flattened.
    boolean: whether it is the outcome of a comparison, 0 or 1.
    pad: zeros or other values that a Pad node put around it, for the convolution that follows.
    before: what a sign or stairs, its last step, are a function of.
    scaled: what an Affine, its last step, scales: (result, scale, shift).
    """

    steps: tuple[Step, ...]
    shape: tuple[int, ...]
    boolean: bool = False
    pad: Padding | None = None
    pad_value: float = 0.0
    before: Result | None = None
    scaled: tuple[Result, Array, Array] | None = None


class Levels(NamedTuple):
    """A function with cuts of one result: `values` below the first cut, between the first and the second, and so on."""

    base: Result
    cuts: tuple[Cut, ...]
    values: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class Data:
    """The sum of scale x result, plus shift; scales and shift are () or one a channel.

    order: which axis of (channels, rows, columns) each axis behind the batch is, `SITES` for rows and columns as one;
        (0,) once flattened.
    """

    terms: tuple[tuple[Result, Array], ...]
    shift: Array
    order: tuple[int, ...]
    found: dict[str, Any] = field(init=False, repr=False, default_factory=dict)

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
        sizes = self.first.shape
        return tuple(sizes[1] * sizes[2] if axis == SITES else sizes[axis] for axis in self.order)

    @property
    def boolean(self) -> bool:
        """Whether it is the outcome of a comparison, 0 or 1."""
        (result, scale), *more = self.terms
        return result.boolean and not more and bool(np.all(scale == 1)) and not np.any(self.shift)

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
        """The one result that it is, with the scale and the shift as a step of its own; each time the same one.

        Raises ProgramError.
        """
        if "single" not in self.found:
            self.found["single"] = self._single(node)
        result = cast("Result", self.found["single"])
        if result.pad is not None and node.op != "Conv":
            refuse(node.name, "behind a Pad; padding has a place in front of a convolution only")
        return result

    def _single(self, node: Node) -> Result:
        levels = self.levels() if len(self.terms) > 1 else None
        if levels is not None:
            return stepped(levels, node)
        if len(self.terms) != 1:
            refuse(
                node.name,
                f"takes the sum of {len(self.terms)} maps; skip connections have no place on the array, so make it one "
                "chain",
            )
        result, scale = self.terms[0]
        if np.all(scale == 1) and not np.any(self.shift):
            return result
        if result.pad is not None:
            refuse(node.name, "scales a padded map; put the Pad behind it")
        step = Affine(node.name, scale, self.shift)
        scaled = result, scale, self.shift
        return replace(result, steps=(*result.steps, step), boolean=False, before=None, scaled=scaled)

    def levels(self) -> Levels | None:
        """What it is as a function with cuts of one result, if it is one."""
        if "levels" not in self.found:
            self.found["levels"] = self._levels()
        return cast("Levels | None", self.found["levels"])

    def _levels(self) -> Levels | None:
        parts = [_levels(result) for result, _ in self.terms]
        if any(part is None for part in parts):
            return None
        found = merged([part for part in parts if part is not None])
        if found is None:
            return None
        base, cuts, every = found
        scales = [scale for _, scale in self.terms]
        values = [sum((s * v for s, v in zip(scales, row, strict=True)), self.shift) for row in every]
        return Levels(base, cuts, tuple(np.asarray(value) for value in values))

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


def stepped(levels: Levels, node: Node, boolean: bool = False) -> Result:
    """The result that a function with cuts is."""
    step = Stairs(node.name, levels.cuts, levels.values)
    return Result((*levels.base.steps, step), levels.base.shape, boolean, before=levels.base)


def _levels(result: Result) -> Levels | None:
    last = result.steps[-1] if result.steps else None
    if result.before is None or result.pad is not None or not isinstance(last, (Sign, Stairs)):
        return None
    stairs = stairs_of(last) if isinstance(last, Sign) else last
    return Levels(result.before, stairs.cuts, stairs.values)


def merged(parts: Sequence[Levels]) -> tuple[Result, tuple[Cut, ...], list[list[Array]]] | None:
    """Functions with cuts of one result, over the cuts of all of them: for each piece between cuts, their values.

    None if they are functions of different results, or of one result with signs that differ from channel to channel.
    """
    base = parts[0].base
    if any(part.base is not base for part in parts):
        found = _beside(parts) or [_rooted(part) for part in parts]
        base = found[0].base
        if any(part.base is not base for part in found):
            return None
        parts = found
    if len(parts) == 1:
        (part,) = parts
        return base, part.cuts, [[value] for value in part.values]
    every: list[Cut] = []
    for part in parts:
        for cut in part.cuts:
            if not any(_same(cut, other) for other in every):
                every.append(cut)
    if any(_order(a, b) is None for n, a in enumerate(every) for b in every[:n]):
        return None

    def order(a: Cut, b: Cut) -> int:
        return _order(a, b) or 0

    ordered = sorted(every, key=cmp_to_key(order))
    rows = [[part.values[0] for part in parts]]
    for cut in ordered:
        passed = [sum(_order(own, cut) != 1 for own in part.cuts) for part in parts]
        rows.append([part.values[n] for part, n in zip(parts, passed, strict=True)])
    return base, tuple(ordered), rows


def _same(a: Cut, b: Cut) -> bool:
    return _order(a, b) == 0


def _order(a: Cut, b: Cut) -> int | None:
    """-1 if a lies below b, or with it in some channels; 1 if above; 0 if they are the same; None if that differs."""
    if a.level.ndim == b.level.ndim == 0:
        one, other = (float(a.level), a.strict), (float(b.level), b.strict)
        return (one > other) - (one < other)
    first, second = np.broadcast_arrays(a.level, b.level)
    below = (first < second) | ((first == second) & (a.strict < b.strict))
    above = (first > second) | ((first == second) & (a.strict > b.strict))
    if not np.any(below | above):
        return 0
    return -1 if not np.any(above) else 1 if not np.any(below) else None


def _beside(parts: Sequence[Levels]) -> list[Levels] | None:
    """As functions of the first one's base, where the bases differ by what was added: x + 1 >= 0 is x - 1 >= -2."""
    bases = [part.base.scaled for part in parts]
    first = bases[0]
    if first is None:
        return None
    found = []
    for part, one in zip(parts, bases, strict=True):
        if one is None or one[0] is not first[0] or np.any(one[1] != first[1]):
            return None
        cuts = tuple(Cut(cut.level - one[2] + first[2], cut.strict) for cut in part.cuts)
        found.append(Levels(parts[0].base, cuts, part.values))
    return found


def _rooted(part: Levels) -> Levels:
    """As a function of what its base scales: x + 1 >= 0 is x >= -1."""
    while part.base.scaled is not None:
        base, scale, shift = part.base.scaled
        if not (np.all(scale > 0) or np.all(scale < 0)):
            break
        cuts = [Cut((cut.level - shift) / scale, cut.strict) for cut in part.cuts]
        values = part.values
        if np.all(scale < 0):  # what is at least a level turns into what is at most the other one
            cuts, values = [Cut(cut.level, not cut.strict) for cut in cuts[::-1]], values[::-1]
        part = Levels(base, tuple(cuts), values)
    return part


__all__ = ["CHANNELS_FIRST", "CHANNELS_LAST", "SITES", "Data", "Levels", "Result", "merged", "stepped"]
