"""PyTorch's own exporter: batch norm folded into the convolution, and binarised weights left as constants."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.systems import network

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from torch import nn  # noqa: E402


class Signs(nn.Module):
    """+1 and -1, as `torch.sign`, or with the straight-through gradient that training scripts write."""

    def __init__(self, through: bool) -> None:
        super().__init__()
        self.through = through

    def forward(self, x: Any) -> Any:
        if not self.through:
            return torch.sign(x)
        soft = nn.functional.hardtanh(x)
        return soft + (torch.where(x >= 0, 1.0, -1.0) - soft).detach()


class Binary(nn.Module):
    """A convolution whose latent weights are binarised in `forward`."""

    def __init__(self, weights: Any) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, x: Any) -> Any:
        return nn.functional.conv2d(x, torch.where(self.weights >= 0, 1.0, -1.0), padding=2)


def networks() -> tuple[Any, Any]:
    """One network twice: plain layers that the exporter folds, and one that it leaves as a subgraph of constants. One
    gamma is negative, one is 0; no sum is near a threshold."""
    g = torch.Generator().manual_seed(1)
    latent = torch.randn(16, 1, 5, 5, generator=g)
    norm: Any = nn.BatchNorm2d(16)
    with torch.no_grad():
        norm.weight.copy_(torch.rand(16, generator=g) + 0.5)
        norm.weight[3], norm.weight[4] = -0.7, 0.0
        norm.running_var.copy_(torch.rand(16, generator=g) * 9 + 1)
        norm.running_mean.copy_(torch.randint(-6, 7, (16,), generator=g) + 0.3)
        norm.bias[4] = -0.2
    dense = nn.Linear(4096, 10)
    with torch.no_grad():
        dense.weight.copy_(torch.where(dense.weight >= 0, 0.02, -0.02))
    plain = nn.Conv2d(1, 16, 5, padding=2, bias=False)
    with torch.no_grad():
        plain.weight.copy_(torch.where(latent >= 0, 1.0, -1.0))
    tail = [nn.MaxPool2d(4), nn.Flatten(), dense]
    folded = nn.Sequential(plain, norm, Signs(False), *tail)
    subgraph = nn.Sequential(Binary(latent), norm, Signs(True), *tail)
    return folded.eval(), subgraph.eval()


def export(net: Any, path: Path) -> list[str]:
    """Export, and the operations that are in the file."""
    import onnx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter that is to be replaced
        torch.onnx.export(
            net,
            (torch.zeros(1, 1, 64, 64),),
            str(path),
            dynamo=False,
            input_names=["picture"],
            dynamic_axes={"picture": {0: "batch"}},
            opset_version=17,
        )
    return [node.op_type for node in onnx.load(str(path)).graph.node]


def test_both_exports_are_the_same_integers_and_torch_agrees(tmp_path: Path) -> None:
    """Bar 1: the same integers, and 0 wrong of 2,048,000 pooled bits in 500 pictures."""
    folded, subgraph = networks()
    assert export(folded, tmp_path / "folded.onnx") == ["Conv", "Sign", "MaxPool", "Flatten", "Gemm"]
    assert {"GreaterOrEqual", "Where", "BatchNormalization"} <= set(export(subgraph, tmp_path / "subgraph.onnx"))
    a, b = network.read(tmp_path / "folded.onnx"), network.read(tmp_path / "subgraph.onnx")
    conv = a.convs[0]
    np.testing.assert_array_equal(conv.weights, b.convs[0].weights)
    np.testing.assert_array_equal(conv.threshold, b.convs[0].threshold)
    np.testing.assert_array_equal(a.denses[0].weights, b.denses[0].weights)
    assert conv.constant.tolist() == [0] * 4 + [-1] + [0] * 11
    assert b.convs[0].flipped is not None
    assert b.convs[0].flipped.tolist() == [k == 3 for k in range(16)]
    g = np.random.default_rng(0)
    # Blobs rather than noise, so that sums reach far.
    pictures = g.integers(0, 2, (500, 16, 16)).repeat(4, axis=1).repeat(4, axis=2).astype(bool)
    pictures ^= g.random((500, 64, 64)) < 0.1
    wrong, furthest = 0, 0.0
    for first in range(0, 500, 50):
        some = pictures[first : first + 50]
        ran = network.forward(a, some, keep=["pool1.bits"])
        with torch.no_grad():
            x = torch.from_numpy(np.where(some, np.float32(1), np.float32(-1)))[:, None]
            bits = folded[:4](x)
            scores = folded[4:](bits)
        wrong += int(np.sum((bits.numpy() > 0) != ran.stages["pool1.bits"]))
        assert ran.scores is not None
        furthest = max(furthest, float(np.abs(scores.numpy() - ran.scores).max()))
    assert wrong == 0
    assert furthest < 5e-5
