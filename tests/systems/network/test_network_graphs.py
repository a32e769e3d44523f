"""Random graphs of what can stand between two layers: the integers compute what ONNX's own reference does, or the graph
is refused in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.exceptions import ProgramError
from scamp_sim.systems import network

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from tests.systems.network.onnx_nets import Graph  # noqa: E402

ALONE = ("Sign", "Round", "Floor", "Ceil", "Abs", "Relu", "Neg", "HardSigmoid")
WITH_A_NUMBER = ("Add", "Mul", "Max", "Min", "Greater", "Less", "Equal")
WITH_A_MAP = ("Add", "Sub", "Mul", "Where")
OTHERS = ("Clip", "Where", "Cast", "Quantise", "Pool", "LeakyRelu", "From")
STARTS = ("Sign", "Where", "Greater", "Quantise", "Clip", "")


class Drawn(Graph):
    """A graph under construction, of float32, that draws."""

    def __init__(self, seed: int) -> None:
        super().__init__(("n", 1, 10, 10))
        self.g = np.random.default_rng(seed)
        self.seen: list[str] = []

    def constant(self, value: Any, kind: Any = np.float32) -> str:
        """See `Graph`."""
        name = f"c{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def number(self) -> str:
        """Often one where something changes: a half or a whole."""
        return self.constant(round(float(self.g.normal()) * 2) / 2 + float(self.g.choice([0, 0.123])))

    def operation(self, kind: str) -> None:
        """One more operation of a kind."""
        x, g = self.last, self.g
        match kind:
            case "Clip":
                low = float(g.normal())
                self.add("Clip", self.constant(low), self.constant(low + 1 + abs(float(g.normal()))))
            case "Where":
                self.add(str(g.choice(["Greater", "LessOrEqual"])), self.number())
                self.add("Where", self.last, self.number(), self.number(), first=False)
            case "Cast":
                self.add("Cast", to=int(g.choice([TensorProto.INT32, TensorProto.BOOL])))
                self.add("Cast", to=TensorProto.FLOAT)
            case "Quantise":
                scale, zero = self.constant(0.5 + g.random()), self.constant(g.integers(-3, 4), np.int8)
                self.add("QuantizeLinear", scale, zero)
                self.add("DequantizeLinear", scale, zero)
            case "Pool":
                self.add("MaxPool", kernel_shape=[2, 2], strides=[1, 1])
                self.seen = []
            case "LeakyRelu":
                self.add("LeakyRelu", alpha=0.1)
            case "From":
                self.add("Sub", self.number(), x, first=False)
            case _:
                self.add(kind, *([self.number()] if kind in WITH_A_NUMBER else []))
                if kind in ("Greater", "Less", "Equal"):
                    self.add("Cast", to=TensorProto.FLOAT)

    def combined(self, kind: str) -> None:
        """The map with one that was there before."""
        other = str(self.g.choice(self.seen))
        if kind == "Where":
            value = self.last
            self.add("Greater", other, self.number(), first=False)
            self.add("Where", self.last, value, self.number(), first=False)
        else:
            self.add(kind, other)


def drawn(seed: int) -> Drawn:
    graph = Drawn(seed)
    g, channels, padding = graph.g, int(graph.g.integers(1, 4)), int(graph.g.integers(0, 2))
    bias = [g.normal(size=channels)] if g.random() < 0.5 else []
    kernel = g.choice([-1.0, 1], (channels, 1, 3, 3)) * g.choice([1, 0.25, 0.37])
    graph.add("Conv", kernel, *bias, pads=[padding] * 4)
    if g.random() < 0.4:
        graph.add("Mul", g.normal(size=(channels, 1, 1)))
        graph.add("Add", g.normal(size=(channels, 1, 1)))
    start = str(g.choice(STARTS))
    if start:
        graph.operation(start)
    for _ in range(int(g.integers(1, 5))):
        graph.seen.append(graph.last)
        if g.random() < 0.2 and len(graph.seen) > 1:
            graph.combined(str(g.choice(WITH_A_MAP)))
        else:
            graph.operation(str(g.choice([*ALONE, *WITH_A_NUMBER, *OTHERS])))
    if g.random() < 0.5:
        graph.add("Conv", g.choice([-1.0, 1], (2, channels, 2, 2)), g.normal(size=2), pads=[int(g.integers(2))] * 4)
        graph.add("GreaterOrEqual", 0.0)
        graph.add("Cast", to=TensorProto.FLOAT)
        channels = 2
    graph.add("GlobalAveragePool")
    graph.add("Flatten")
    graph.add("Gemm", g.normal(size=(3, channels)), g.normal(size=3), transB=1)
    return graph


def _check(seed: int, path: Path) -> bool:
    """Whether it is read; what it gives is compared."""
    model = drawn(seed).model(21)
    onnx.save(model, str(path))
    try:
        net = network.read(path)
    except ProgramError:
        return False
    pictures = np.random.default_rng(seed).random((8, 10, 10)) < 0.4
    values = np.where(pictures, np.float32(1), np.float32(-1))[:, None]
    evaluator: Any = ReferenceEvaluator(model)
    wanted = evaluator.run(None, {"picture": values})[0]
    found = network.forward(net, pictures).output
    np.testing.assert_allclose(found, wanted, atol=1e-3, err_msg=f"seed {seed}")
    return True


def test_graphs_compute_what_the_reference_does(tmp_path: Path) -> None:
    assert sum(_check(seed, tmp_path / "net.onnx") for seed in range(60)) >= 12


@pytest.mark.nightly
def test_many_graphs_compute_what_the_reference_does(tmp_path: Path) -> None:
    assert sum(_check(seed, tmp_path / "net.onnx") for seed in range(1000, 6000)) >= 1000
