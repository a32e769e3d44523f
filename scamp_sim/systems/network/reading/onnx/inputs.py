"""What operations take: their inputs and attributes, checked, and the data with one more step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from scamp_sim.systems.network.params import Padding
from scamp_sim.systems.network.reading.onnx.data import CHANNELS_FIRST, Data, Result
from scamp_sim.systems.network.reading.onnx.model import Node
from scamp_sim.systems.network.reading.steps import Array, Sign, Stairs, Step, refuse
from scamp_sim.text import short

Values = Sequence[Any]

MOST_SIDE = 4096
"""Rows or columns of a window, a stride, a dilation."""


def first(node: Node, values: Values) -> Data:
    if not values or not isinstance(values[0], Data):
        refuse(node.name, f"{node.op} of a constant with the picture in place of weights has no place on the array")
    return values[0]


def weights_of(node: Node, values: Values, index: int, dims: int) -> Array:
    """A constant input as float64."""
    value = values[index] if len(values) > index else None
    if value is None or isinstance(value, Data):
        refuse(node.name, "weights that depend on the picture have no place on the array")
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or array.ndim != dims:
        refuse(node.name, f"weights of {array.dtype} {array.shape}; expected numbers in {dims} dimensions")
    return array.astype(np.float64)


def extended(data: Data, node: Node, step: Step, shape: tuple[int, ...] | None = None, boolean: bool = False) -> Data:
    """One more step behind the one result that the data are."""
    before = data.single(node)
    behind = before if isinstance(step, (Sign, Stairs)) else None
    found = Result((*before.steps, step), shape or before.shape, boolean, before=behind)
    return Data.of(found, data.order if len(found.shape) == len(before.shape) else None)


def map_of(node: Node, data: Data) -> tuple[int, ...]:
    """(channels, rows, columns) of a map with channels first. Raises ProgramError."""
    if len(data.order) != 3:
        refuse(node.name, f"{node.op} of {len(data.order) + 1} dimensions; expected (batch, channels, rows, columns)")
    if data.order != CHANNELS_FIRST:
        refuse(node.name, f"{node.op} of a map with channels last; put a Transpose in front of it")
    return data.first.shape


def ints(node: Node, name: str, default: Sequence[int]) -> list[int]:
    found = node.given.get(name)
    return list(default) if not found else [int(n) for n in found]


def two(node: Node, name: str) -> tuple[int, int]:
    """An attribute of rows and columns, 1 each by default. Raises ProgramError."""
    found = ints(node, name, (1, 1))
    if len(found) != 2 or not all(1 <= n <= MOST_SIDE for n in found):
        refuse(node.name, f"{name} {short(str(found), 60)}: expected two numbers in 1..{MOST_SIDE}")
    return found[0], found[1]


def pads_of(node: Node, kernel: tuple[int, int], stride: tuple[int, int], size: tuple[int, int]) -> Padding:
    auto = node.given.get("auto_pad", "NOTSET")
    if auto == "NOTSET":
        pads = ints(node, "pads", (0, 0, 0, 0))
        if len(pads) != 4 or min(pads) < 0:
            refuse(node.name, f"pads {pads}: expected four numbers of at least 0")
        return cast(Padding, tuple(pads))
    if auto == "VALID":
        return 0, 0, 0, 0
    more = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride, strict=True)]
    small, large = [n // 2 for n in more], [n - n // 2 for n in more]
    begin, end = (small, large) if auto == "SAME_UPPER" else (large, small)
    return begin[0], begin[1], end[0], end[1]


__all__ = ["Values", "extended", "first", "ints", "map_of", "pads_of", "two", "weights_of"]
