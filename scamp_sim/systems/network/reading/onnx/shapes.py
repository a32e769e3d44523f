"""Operations of ONNX that pool, or that change the shape alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from scamp_sim.systems.network.reading.onnx.constants import parameter
from scamp_sim.systems.network.reading.onnx.data import CHANNELS_FIRST, CHANNELS_LAST, SITES, Data
from scamp_sim.systems.network.reading.onnx.inputs import (
    Values,
    extended,
    first,
    ints,
    map_of,
    pads_of,
    two,
)
from scamp_sim.systems.network.reading.onnx.model import Node
from scamp_sim.systems.network.reading.steps import AveragePool, Flatten, MaxPool, refusal, refuse


def _pool(kind: type[MaxPool] | type[AveragePool]) -> Callable[[Node, Values], Data]:
    def make(node: Node, values: Values) -> Data:
        data = first(node, values)
        channels, rows, columns = map_of(node, data)
        size, stride = two(node, "kernel_shape"), two(node, "strides")
        if any(pads_of(node, size, stride, (rows, columns))):
            refuse(node.name, "a padded pool has no place on the array; leave the padding out")
        if any(n != 1 for n in ints(node, "dilations", (1, 1))):
            refuse(node.name, "a dilated pool has no place on the array")
        left = [(n - k) % s for n, k, s in zip((rows, columns), size, stride, strict=True)]
        if node.given.get("ceil_mode", 0) and any(left):
            refuse(node.name, "ceil_mode: windows that stand out over the edge have no place; expected ceil_mode=0")
        shape = (channels, (rows - size[0]) // stride[0] + 1, (columns - size[1]) // stride[1] + 1)
        return extended(data, node, kind(node.name, size, stride), shape)

    return make


def _whole(kind: type[MaxPool] | type[AveragePool]) -> Callable[[Node, Values], Data]:
    def make(node: Node, values: Values) -> Data:
        data = first(node, values)
        keep = True
        if node.op.startswith("Reduce"):
            axes, rank = parameter(node, values, 1, "axes"), len(data.order) + 1
            found = sorted(int(a) % rank for a in np.asarray([] if axes is None else axes).reshape(-1))
            sites = [n + 1 for n, axis in enumerate(data.order) if axis]
            if found != sites or not sites:
                shown = " and ".join(map(str, sites or (2, 3)))
                refuse(node.name, f"{node.op} over axes {found or 'all'}: expected rows and columns, {shown}")
            keep = bool(node.given.get("keepdims", 1))
        else:
            map_of(node, data)
        sites_of = data.first.shape[1:]
        pooled = extended(data, node, kind(node.name, None), (data.first.shape[0], *[1] * len(sites_of)))
        if node.op == "ReduceSum":
            pooled = pooled.scaled(np.asarray(float(np.prod(sites_of))), np.zeros(()))
        return pooled if keep else _flattened(node, pooled)

    return make


def _flattened(node: Node, data: Data) -> Data:
    if len(data.order) == 1:
        return data
    shape, order = data.first.shape, data.order
    if SITES in order:
        order = CHANNELS_FIRST if order[0] == 0 else CHANNELS_LAST
    size = int(np.prod(shape))
    # Axes of one value may stand anywhere.
    seen = [axis for axis in order if shape[axis] > 1]
    last = seen == [axis for axis in CHANNELS_LAST if shape[axis] > 1]
    if not last and seen != sorted(seen):
        refuse(node.name, "flattens a map with rows and columns exchanged")
    return extended(data, node, Flatten(node.name, last and seen != sorted(seen)), (size,))


def _flatten(node: Node, values: Values) -> Data:
    data = first(node, values)
    if int(node.given.get("axis", 1)) not in (1, -len(data.order)):
        refuse(node.name, "Flatten: expected axis 1, one row a picture")
    return _flattened(node, data)


def _reshape(node: Node, values: Values) -> Data:
    data = first(node, values)
    if len(values) < 2 or isinstance(values[1], Data) or values[1] is None:
        refuse(node.name, "a shape that depends on the picture; export with fixed shapes")
    wanted = [int(n) for n in np.asarray(values[1]).reshape(-1)]
    before = (1, *data.shape)
    wanted = [before[n] if size == 0 and n < len(before) else size for n, size in enumerate(wanted)]
    size = int(np.prod(data.shape))
    if len(wanted) == 2 and (wanted[1] == size or (wanted[1] == -1 and wanted[0] == 1)):
        return _flattened(node, data)
    if len(wanted) == 3 and len(data.order) == 3:
        shape = data.first.shape
        for order, rest in ((CHANNELS_FIRST, [shape[0], -1]), (CHANNELS_LAST, [-1, shape[0]])):
            sites = [shape[1] * shape[2] if n == -1 else n for n in rest]
            if data.order == order and wanted[1:] in (rest, sites, [-1 if n == shape[0] else n for n in sites]):
                return replace(data, order=(0, SITES) if order == CHANNELS_FIRST else (SITES, 0))
    if len(wanted) == 4 and len(data.order) == 3 and wanted.count(-1) <= 1:
        rest = wanted[1:]
        if -1 in rest:
            known = int(np.prod([n for n in rest if n != -1]))
            rest = [size // max(known, 1) if n == -1 else n for n in rest]
        shape = data.first.shape
        seen = [axis for axis in data.order if shape[axis] > 1]
        for order in (CHANNELS_FIRST, CHANNELS_LAST):
            if [shape[a] for a in order] == rest and [a for a in order if shape[a] > 1] == seen:
                return replace(data, order=order)
    raise refusal(node.name, f"Reshape to {wanted}: expected one row a picture, or the same map")


def _transpose(node: Node, values: Values) -> Data:
    data = first(node, values)
    perm = ints(node, "perm", range(len(data.order), -1, -1))
    if sorted(perm) != list(range(len(data.order) + 1)) or perm[0] != 0:
        refuse(node.name, f"Transpose {perm}: expected the batch to stay in front")
    return replace(data, order=tuple(data.order[axis - 1] for axis in perm[1:]))


def _squeeze(node: Node, values: Values) -> Data:
    data = first(node, values)
    if len(data.order) == 3 and data.first.shape[1:] == (1, 1):
        axes = parameter(node, values, 1, "axes")
        there = sorted(int(a) % 4 for a in np.asarray([2, 3] if axes is None else axes).reshape(-1))
        if there == sorted(n + 1 for n, axis in enumerate(data.order) if axis):
            return _flattened(node, data)
    raise refusal(node.name, f"Squeeze of  {'x'.join(map(str, data.shape))}: expected rows and columns of one value")


SHAPES: dict[str, Callable[[Node, Values], Any]] = {
    "MaxPool": _pool(MaxPool),
    "AveragePool": _pool(AveragePool),
    "GlobalMaxPool": _whole(MaxPool),
    "GlobalAveragePool": _whole(AveragePool),
    "ReduceMean": _whole(AveragePool),
    "ReduceSum": _whole(AveragePool),
    "ReduceMax": _whole(MaxPool),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
}
"""Operation on the picture -> what makes a step of it, or another order of axes."""


__all__ = ["SHAPES"]
