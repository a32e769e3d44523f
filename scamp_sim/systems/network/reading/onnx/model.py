"""An ONNX file as nodes and arrays. Nothing is executed, and nothing beside the file is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.installation import install_hint
from scamp_sim.reading import DAMAGE, read_bytes, reason
from scamp_sim.text import short

OPSETS = (7, 28)
"""Versions of the operators that are read; 17 to 20 are what exporters write."""

PLAIN = ("", "ai.onnx")
QONNX = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
"""Domains of quantised weights and activations."""

QUANTISED = ("BipolarQuant", "Quant", "IntQuant", "MultiThreshold")

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    name: for messages, such as "Conv node '/0/Conv'".
    given: attributes, tensors as arrays.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    given: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Model:
    """A graph of one input and one output.

    shape: of the input, None where it is left open.
    """

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    input: str
    shape: tuple[int | None, ...]
    output: str
    opset: int
    source: str


def load(path: Path, limit: int) -> Model:
    """The model in a file. Raises ProgramError."""
    return parse(read_bytes(path, "network", ProgramError, limit), path.name)


def parse(data: bytes, where: str) -> Model:
    """The model in bytes.

    where: what it came from, for messages.

    Raises ProgramError.
    """
    try:
        import onnx
    except ImportError:
        raise ProgramError(f"network {where}: reading ONNX needs the package onnx: {install_hint('onnx')}") from None
    from google.protobuf.message import Error as WireError

    try:
        proto = onnx.ModelProto.FromString(data)
    except (WireError, *DAMAGE) as e:
        raise ProgramError(
            f"network {where}: not an ONNX model that can be read: {reason(e)}; export it again"
        ) from None
    if not proto.graph.node:
        raise ProgramError(f"network {where}: not an ONNX model, or one without operations; export it again")
    _refuse_beside(proto, where)
    opset = _opset(proto, where)
    try:
        onnx.checker.check_model(proto)
    except Exception as e:  # its own ValidationError, and what its C++ raises on damaged graphs
        raise ProgramError(f"network {where}: not a valid ONNX model: {reason(e)}; export it again") from None
    return _model(proto, opset, where)


def _tensors(graph: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every tensor of a graph and of the graphs inside it, with where it is."""
    for tensor in graph.initializer:
        yield f"initializer '{short(tensor.name, 60)}'", tensor
    for tensor in graph.sparse_initializer:
        yield f"sparse initializer '{short(tensor.values.name, 60)}'", tensor.values
    for number, node in enumerate(graph.node):
        for attribute in node.attribute:
            yield from ((_named(node, number), tensor) for tensor in (attribute.t, *attribute.tensors))
            if depth < 8:
                for inner in (attribute.g, *attribute.graphs):
                    yield from _tensors(inner, depth + 1)


def _refuse_beside(proto: Any, where: str) -> None:
    for name, tensor in _tensors(proto.graph):
        if tensor.data_location == 1 or len(tensor.external_data):
            beside = {entry.key: entry.value for entry in tensor.external_data}.get("location", "")
            raise ProgramError(
                f"network {where}: {name}: weights in a file beside it ({short(beside, 60) or 'no name'}) are not "
                "read; export it as one file (torch: external_data=False), or make it one: "
                "onnx.save(onnx.load(path), path)"
            )
    if proto.graph.sparse_initializer:
        raise ProgramError(f"network {where}: sparse weights are not read; save them as plain tensors")


def _opset(proto: Any, where: str) -> int:
    found = 0
    for entry in proto.opset_import:
        if entry.domain in PLAIN:
            found = max(found, entry.version)
    for number, node in enumerate(proto.graph.node):
        if node.domain in PLAIN or (node.domain in QONNX and node.op_type in QUANTISED):
            continue
        raise ProgramError(
            f"network {where}: {_named(node, number)} is of the domain '{short(node.domain, 60)}'; only operations of "
            f"ONNX itself are read, and {', '.join(QUANTISED)} of QONNX. Export the network without it"
        )
    if proto.functions:
        name = short(proto.functions[0].name, 60)
        raise ProgramError(f"network {where}: function '{name}' of its own; inline it (onnx.inliner) or export again")
    low, high = OPSETS
    if not low <= found <= high:
        raise ProgramError(f"network {where}: opset {found}: expected {low} to {high}; export it with opset_version=17")
    return found


def _model(proto: Any, opset: int, where: str) -> Model:
    from onnx import numpy_helper

    graph = proto.graph

    def array(name: str, tensor: Any) -> Array:
        try:
            found = np.asarray(numpy_helper.to_array(tensor))
        except DAMAGE as e:
            raise ProgramError(f"network {where}: {name}: cannot be read: {reason(e)}; export it again") from None
        if found.dtype.kind == "V" or found.dtype.name in ("bfloat16", "float16"):
            found = found.astype(np.float32)
        if found.dtype.kind not in "biufOSU":
            raise ProgramError(f"network {where}: {name}: numbers of type {found.dtype} are not read; export float32")
        return found

    constants = {tensor.name: array(f"initializer '{tensor.name}'", tensor) for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    for what, values in (("input", inputs), ("output", graph.output)):
        if len(values) != 1:
            names = short(", ".join(value.name for value in values) or "none", 120)
            raise ProgramError(f"network {where}: {len(values)} {what}s ({names}); expected one: cut the others off")
    nodes = []
    for number, node in enumerate(graph.node):
        name = _named(node, number)
        given: dict[str, Any] = {}
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                raise ProgramError(f"network {where}: {name}: branches and loops have no place on the array")
            given[attribute.name] = _attribute(attribute, lambda tensor, name=name: array(name, tensor))
        nodes.append(Node(f"{where}: {name}", node.op_type, tuple(node.input), tuple(node.output), given))
    kind = inputs[0].type
    if not kind.HasField("tensor_type"):
        raise ProgramError(f"network {where}: its input is not a tensor; expected pictures (batch, 1, rows, columns)")
    dims = kind.tensor_type.shape.dim
    shape = tuple(dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None for dim in dims)
    return Model(tuple(nodes), constants, inputs[0].name, shape, graph.output[0].name, opset, where)


def _attribute(attribute: Any, array: Any) -> Any:
    match attribute.type:
        case 1 | 2:
            return attribute.f if attribute.type == 1 else attribute.i
        case 3:
            return attribute.s.decode("utf-8", "replace")
        case 4:
            return array(attribute.t)
        case 6:
            return list(attribute.floats)
        case 7:
            return list(attribute.ints)
        case 8:
            return [text.decode("utf-8", "replace") for text in attribute.strings]
    return None


def _named(node: Any, number: int) -> str:
    return (
        f"{short(node.op_type, 40)} node '{short(node.name, 60)}'"
        if node.name
        else (f"{short(node.op_type, 40)} node {number}")
    )


__all__ = ["OPSETS", "QUANTISED", "Model", "Node", "load", "parse"]
