"""ONNX models for tests, written with onnx.helper: what exporters leave of networks, without an exporter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]


class Graph:
    """A chain under construction: `add` puts one more node behind the last, constants by value."""

    def __init__(self, shape: Sequence[int | str] = (1, 1, 8, 8)) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self.inputs = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, list(shape))]
        self.last = "picture"

    def constant(self, value: Any, kind: Any = np.float64) -> str:
        """An initializer."""
        name = f"c{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, op: str, *values: Any, first: bool = True, domain: str = "", **given: Any) -> str:
        """A node of the last result and further inputs, names or constants; its result becomes the last one.

        first: whether the last result is its first input.
        """
        names = [v if isinstance(v, str) else self.constant(v) for v in values]
        result = f"r{len(self.nodes)}"
        inputs = [self.last, *names] if first else names
        self.nodes.append(helper.make_node(op, inputs, [result], name=f"n{len(self.nodes)}", domain=domain, **given))
        self.last = result
        return result

    def model(self, opset: int = 17, domains: Sequence[str] = ()) -> Any:
        """The model whose output is the last result."""
        output = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, ["batch"])
        graph = helper.make_graph(self.nodes, "net", self.inputs, [output], self.tensors)
        imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)

    def save(self, path: Path, opset: int = 17, domains: Sequence[str] = ()) -> Path:
        """The model in a file."""
        onnx.save(self.model(opset, domains), str(path))
        return path


def of_chain(layers: Sequence[Mapping[str, Any]], arrays: Mapping[str, Any], size: int, seed: int) -> Graph:
    """A chain of `floats.draw` as ONNX, each operation in one of the ways in which exporters write it."""
    g = np.random.default_rng(seed)
    graph = Graph(("batch", 1, size, size))

    def get(layer: Mapping[str, Any], key: str, default: Any = 0.0) -> Array:
        value = layer.get(key, default)
        return np.asarray(arrays[value] if isinstance(value, str) else value, np.float64)

    def wide(array: Array) -> Array:
        return array[:, None, None] if array.ndim else array

    for layer in layers:
        match layer["op"]:
            case "conv":
                p, step, value = layer.get("padding", 0), layer.get("stride", 1), layer.get("pad_value", 0.0)
                weights = arrays[layer["weights"]]
                if p and value != 0:
                    graph.add("Pad", graph.constant([0, 0, p, p, 0, 0, p, p], np.int64), value)
                    p = 0
                more = [arrays[layer["bias"]]] if "bias" in layer else []
                kernel = _subgraph(graph, weights) if g.random() < 0.5 else weights
                graph.add("Conv", kernel, *more, pads=[p] * 4, strides=[step, step], group=layer.get("groups", 1))
            case "norm":
                parts = [
                    get(layer, key, float(key in ("gamma", "variance")))
                    for key in ("gamma", "beta", "mean", "variance")
                ]
                width = max(part.size for part in parts)
                gamma, beta, mean, variance = (np.broadcast_to(part, width) for part in parts)
                if g.random() < 0.5:
                    graph.add("BatchNormalization", gamma, beta, mean, variance, epsilon=1e-5)
                else:
                    graph.add("Sub", wide(mean))
                    graph.add("Mul", wide(gamma / np.sqrt(variance + 1e-5))[None])
                    graph.add("Add", wide(beta))
            case "affine":
                graph.add("Mul", get(layer, "scale", 1.0))
                graph.add("Add", graph.constant(get(layer, "shift")), first=True)
            case "relu":
                graph.add("Relu")
            case "clip":
                graph.add("Clip", layer["low"], layer["high"])
            case "leaky":
                graph.add("LeakyRelu", alpha=layer["slope"])
            case "sign":
                _sign(graph, layer, get(layer, "at"), g)
            case "levels":
                _levels(graph, layer, g)
            case "max" | "mean" as kind:
                n = layer["size"]
                step = layer.get("stride", n)
                graph.add("MaxPool" if kind == "max" else "AveragePool", kernel_shape=[n, n], strides=[step, step])
            case "flatten":
                if g.random() < 0.5:
                    graph.add("Flatten")
                else:
                    graph.add("Reshape", graph.constant([0, -1] if g.random() < 0.5 else [1, -1], np.int64))
            case "dense":
                weights, bias = arrays[layer["weights"]], get(layer, "bias")
                if g.random() < 0.5:
                    graph.add("Gemm", weights, np.broadcast_to(bias, len(weights)), transB=1)
                else:
                    graph.add("MatMul", weights.T)
                    graph.add("Add", bias)
    return graph


def _subgraph(graph: Graph, weights: Array) -> str:
    """Weights as a subgraph of constants: the sign of latent weights, times what they are."""
    chain = graph.last
    graph.add("GreaterOrEqual", graph.constant(weights), graph.constant(0.0), first=False)
    graph.add("Where", graph.last, graph.constant(1.0), graph.constant(-1.0), first=False)
    name = graph.add("Mul", graph.last, graph.constant(np.abs(weights)), first=False)
    graph.last = chain
    return name


def _sign(graph: Graph, layer: Mapping[str, Any], at: Array, g: np.random.Generator) -> None:
    low, high = layer.get("values", (-1.0, 1.0))
    op = {">=": "GreaterOrEqual", ">": "Greater", "<=": "LessOrEqual", "<": "Less", "sign": "Sign"}[layer["compare"]]
    before = graph.last
    if op == "Sign":
        graph.add("Sign")
        return
    graph.add(op, at)
    if (low, high) == (0, 1) and g.random() < 0.5:
        graph.add("Cast", to=TensorProto.DOUBLE)
        return
    graph.add("Where", graph.last, graph.constant(float(high)), graph.constant(float(low)), first=False)
    if g.random() < 0.5:
        # What a straight-through gradient leaves: clipped + (sign - clipped).
        sign = graph.last
        clipped = graph.add("Clip", before, graph.constant(-1.0), graph.constant(1.0), first=False)
        away = graph.add("Sub", sign, clipped, first=False)
        graph.add("Add", clipped, away, first=False)


def _levels(graph: Graph, layer: Mapping[str, Any], g: np.random.Generator) -> None:
    """A few values, as a sum of comparisons of the same map, or as thresholds of FINN."""
    at, worth = np.atleast_1d(np.asarray(layer["at"], np.float64)), np.asarray(layer["values"], np.float64)
    if len(worth) == 2 or g.random() < 0.5:
        graph.add(
            "MultiThreshold",
            at if at.ndim == 2 else at[None],
            domain="qonnx.custom_op.general",
            out_scale=float(worth[1] - worth[0]),
            out_bias=float(worth[0]),
        )
        return
    before, total = graph.last, graph.constant(worth[0])
    for n, step in enumerate(np.diff(worth)):
        shifted = graph.add("Sub", before, graph.constant(at[:, n, None, None] if at.ndim == 2 else at[n]), first=False)
        graph.add("GreaterOrEqual", shifted, graph.constant(0.0), first=False)
        part = graph.add("Where", graph.last, graph.constant(step), graph.constant(0.0), first=False)
        total = graph.add("Add", total, part, first=False)
