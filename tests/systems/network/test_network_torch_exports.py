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


class Scored(nn.Module):
    """Bits of a convolution, then what a script does with them in `forward`."""

    def __init__(self, tail: Any, features: int, outputs: int = 10) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, padding=2)
        self.dense, self.tail = nn.Linear(features, outputs), tail
        with torch.no_grad():
            self.conv.weight.copy_(torch.where(self.conv.weight >= 0, 0.3, -0.3))

    def forward(self, x: Any) -> Any:
        return self.tail(self, torch.where(self.conv(x) >= 0, 1.0, -1.0))


def _ternary(channels: int, size: int, **more: Any) -> Any:
    made = nn.Conv2d(1, channels, size, **more)
    with torch.no_grad():
        made.weight.copy_(torch.round(made.weight / made.weight.abs().max()) * 0.2)
    return made


def _norm(channels: int) -> Any:
    norm: Any = nn.BatchNorm2d(channels, affine=False)
    norm.running_mean.copy_(torch.linspace(-2, 2, channels) + 0.017)
    return norm


POOL = nn.functional.max_pool2d
ENDS: dict[str, Any] = {
    "view": lambda: Scored(lambda m, x: m.dense(POOL(x, 8).view(x.size(0), -1)), 8 * 16),
    "mean of maps": lambda: Scored(lambda m, x: m.dense(x.mean((2, 3))), 8),
    "sum of maps": lambda: Scored(lambda m, x: m.dense(x.sum((2, 3))), 8),
    "average pool": lambda: nn.Sequential(
        _ternary(8, 3, padding=1), _norm(8), Signs(True), nn.AvgPool2d(8), nn.Flatten(), nn.Linear(128, 4)
    ),
    "no affine, maximum in front": lambda: nn.Sequential(
        _ternary(8, 7, padding=3), nn.MaxPool2d(4), _norm(8), Signs(True), nn.Flatten(), nn.Linear(512, 4)
    ),
    "border of dark pixels": lambda: nn.Sequential(
        nn.ConstantPad2d(1, -1.0), _ternary(4, 3, stride=2), _norm(4), Signs(True), nn.Flatten(), nn.Linear(1024, 2)
    ),
    "convolution as the last layer": lambda: nn.Sequential(
        _ternary(8, 3), _norm(8), Signs(True), nn.MaxPool2d(2), nn.Conv2d(8, 10, 15), nn.Flatten()
    ),
    "no dense layer": lambda: nn.Sequential(_ternary(16, 1), _norm(16), Signs(True)),
}


@pytest.mark.parametrize("exporter", ["torchscript", "dynamo"])
@pytest.mark.parametrize("end", ENDS)
def test_networks_as_scripts_write_them(end: str, exporter: str, tmp_path: Path) -> None:
    """Scores and bits are those of torch, whatever stands behind the bits, by either exporter."""
    if exporter == "dynamo":
        pytest.importorskip("onnxscript")
    torch.manual_seed(5)
    net = ENDS[end]().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        more: dict[str, Any] = {"dynamo": True, "external_data": False} if exporter == "dynamo" else {"dynamo": False}
        torch.onnx.export(net, (torch.zeros(1, 1, 32, 32),), str(tmp_path / "net.onnx"), **more)
    pictures = np.random.default_rng(1).random((4, 32, 32)) < 0.4
    with torch.no_grad():
        wanted = net(torch.from_numpy(np.where(pictures, np.float32(1), np.float32(-1)))[:, None]).numpy()
    found = network.forward(network.read(tmp_path / "net.onnx"), pictures)
    if found.scores is None:
        np.testing.assert_array_equal(found.output, wanted > 0)
    else:
        np.testing.assert_allclose(found.scores, wanted, atol=1e-4 * float(np.abs(wanted).max()))


def test_one_score_decides_between_two_classes(tmp_path: Path) -> None:
    """By its sign, as the sigmoid behind it does at a half: golden, in a study, and in training."""
    from scamp_sim.systems.network.accuracy import decide
    from scamp_sim.systems.network.data import Labelled, fits
    from scamp_sim.systems.network.system import SYSTEM
    from scamp_sim.systems.network.train.loop import Settings, finetune

    torch.manual_seed(5)
    net = Scored(lambda m, x: torch.sigmoid(m.dense(POOL(x, 4).flatten(1))), 8 * 64, 1).eval()
    pictures = np.random.default_rng(1).random((40, 32, 32)) < np.linspace(0.1, 0.9, 40)[:, None, None]
    values = torch.from_numpy(np.where(pictures, np.float32(1), np.float32(-1)))[:, None]
    with torch.no_grad():
        net.dense.bias.sub_(torch.logit(net(values)).median() + 1e-3)
        wanted = net(values).numpy()[:, 0] > 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (torch.zeros(1, 1, 32, 32),), str(tmp_path / "net.onnx"), dynamo=False)
    read = network.read(tmp_path / "net.onnx")
    assert "Sigmoid dropped, it changes no decision" in read.notes[-1]
    classes = network.forward(read, pictures).classes
    np.testing.assert_array_equal(classes, wanted)
    assert 0 < classes.sum() < 40
    decoder = SYSTEM.decoder(read)
    assert decoder is not None
    assert decoder.classes == ("0", "1")
    data = Labelled(pictures, np.asarray(pictures.mean(axis=(1, 2)) > 0.5, np.int64), ("few", "many"), "dots")
    fits(data, read)
    assert [row.agree for row in decide(read, data)] == [40, 40]
    tuned, history = finetune(read, data, {}, Settings(epochs=8, batch=8, rate=1e-2))
    assert history[-1].right > history[0].right
    right = np.mean(network.forward(tuned, pictures).classes == data.labels)
    assert right > max(0.8, np.mean(classes == data.labels))
