"""The trainable twin is the golden model bit for bit, and training with noise changes what it must."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.cli.main import main
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems import network
from scamp_sim.systems.network.data import Labelled
from scamp_sim.systems.network.noise import StageNoise
from scamp_sim.systems.network.params import Conv, Dense, Input, Network, Pool
from tests.systems.network.floats import draw

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from scamp_sim.systems.network.train import loop  # noqa: E402
from scamp_sim.systems.network.train.loop import Settings, finetune, refit  # noqa: E402
from scamp_sim.systems.network.train.twin import Bank, Twin  # noqa: E402


@pytest.mark.parametrize("seed", range(40))
def test_the_twin_is_the_golden_model(seed: int) -> None:
    """Every stage equal, scores too where weights are integers, and the same network back again."""
    layers, arrays, values, size = draw(seed)
    net = network.read({**arrays, "description": {"input": {"size": size, "values": values}, "layers": layers}})
    pictures = np.random.default_rng(seed).integers(0, 2, (4, size, size)).astype(bool)
    golden = network.forward(net, pictures, keep="all")
    twin, kept = Twin(net), dict[str, Any]()
    with torch.no_grad():
        scores = twin(torch.from_numpy(pictures), keep=kept).numpy()
    assert kept.keys() <= golden.stages.keys()
    for name, value in kept.items():
        if not name.endswith("scores"):
            np.testing.assert_array_equal(value.numpy(), golden.stages[name], name)
    if all(layer.integer for layer in net.denses):
        np.testing.assert_array_equal(scores, golden.output)
    else:
        np.testing.assert_allclose(scores, golden.output, rtol=1e-12)
    for one, other in zip(net.layers, twin.network().layers, strict=True):
        for name, value in vars(one).items():
            np.testing.assert_array_equal(value, getattr(other, name), name)


def corners() -> tuple[Network, Labelled]:
    """Four classes, a bright square in one of the corners, and a network of random weights."""
    g = np.random.default_rng(0)
    pictures = np.zeros((256, 16, 16), np.uint8)
    labels = g.integers(0, 4, 256)
    for picture, label in zip(pictures, labels, strict=True):
        row, column = 8 * (label // 2) + g.integers(0, 3), 8 * (label % 2) + g.integers(0, 3)
        picture[row : row + 5, column : column + 5] = 255
    conv = Conv("conv1", g.choice([-1, 1], (4, 1, 3, 3)), g.integers(5, 9, 4), padding=(1, 1, 1, 1))
    dense = Dense("dense1", g.choice([-1, 1], (4, 64)).astype(np.int8), np.full(4, 0.1), np.zeros(4))
    net = Network(Input(16, 16), (conv, Pool("pool1", 4, 4), dense))
    return net, Labelled(pictures, labels.astype(np.int64), tuple("abcd"), "corners")


NOISE = {"conv1": StageNoise("conv1", 0.6, 0.1, -1.0, np.full(4, 0.6))}


def test_training_learns_and_keeps_the_kind_of_weights() -> None:
    net, data = corners()
    before = float(np.mean(network.forward(net, data.pictures).classes == data.labels))
    tuned, history = finetune(net, data, NOISE, Settings(epochs=12, batch=16, rate=1e-2))
    after = float(np.mean(network.forward(tuned, data.pictures).classes == data.labels))
    assert before < 0.6
    assert after > 0.9
    assert history[-1].loss < history[0].loss
    conv, dense = tuned.layers[0], tuned.layers[2]
    assert isinstance(conv, Conv)
    assert isinstance(dense, Dense)
    assert set(np.unique(conv.weights)) == {-1, 1}
    assert dense.binary
    assert int(np.abs(conv.threshold).max()) <= 8
    assert "fine-tuned for 12 epochs on corners" in tuned.notes[-1]
    again, _ = finetune(net, data, NOISE, Settings(epochs=12, batch=16, rate=1e-2))
    np.testing.assert_array_equal(
        network.forward(again, data.pictures).output, network.forward(tuned, data.pictures).output
    )


@pytest.mark.parametrize("stopped", [1, 3])
def test_a_training_goes_on_from_its_checkpoint(stopped: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with the bytes of one that was left alone: network, epochs, and the checkpoint itself. The bank is
    smaller than the noise of 40 pictures, so that what the interrupted process drew anew counts too."""
    monkeypatch.setattr(loop, "NUMBERS", 50_000)
    net, data = corners()
    data = data.some(slice(96))
    settings = Settings(epochs=4, batch=40, rate=1e-2)
    files = [tmp_path / name for name in ("alone.pt", "stopped.pt")]
    alone, epochs = finetune(net, data, NOISE, settings, checkpoint=files[0])

    def interrupt(number: int, _: Any) -> None:
        if number + 1 == stopped:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finetune(net, data, NOISE, settings, interrupt, checkpoint=files[1])
    heard: list[int] = []
    resumed, again = finetune(net, data, NOISE, settings, lambda number, _: heard.append(number), checkpoint=files[1])
    assert heard == [0, 1, 2, 3]
    assert again == epochs
    assert files[0].read_bytes() == files[1].read_bytes()
    for name, net_ in (("alone.npz", alone), ("stopped.npz", resumed)):
        net_.save(tmp_path / name)
    assert (tmp_path / "alone.npz").read_bytes() == (tmp_path / "stopped.npz").read_bytes()
    without, _ = finetune(net, data, NOISE, settings)
    for one, other in zip(without.layers, alone.layers, strict=True):
        for name, value in vars(one).items():
            np.testing.assert_array_equal(value, getattr(other, name), name)
    for change in ({"strength": 0.5}, {"epochs": 5}, {"seed": 1}):
        with pytest.raises(ProgramError, match=rf"checkpoint .*stopped.pt: made with {next(iter(change))}"):
            finetune(net, data, NOISE, replace(settings, **change), checkpoint=files[1])
    with pytest.raises(ProgramError, match="made with other noise"):
        finetune(net, data, {"conv1": replace(NOISE["conv1"], floor=0.7)}, settings, checkpoint=files[1])
    with pytest.raises(ProgramError, match="made with other clips"):
        finetune(net, data.some(slice(80)), NOISE, settings, checkpoint=files[1])


def test_noise_is_drawn_for_each_picture_by_its_strength() -> None:
    net, data = corners()
    twin = Twin(net)
    bits = torch.from_numpy(net.input.bits(data.pictures[:8]))
    strength = torch.tensor([0.0, 50.0] * 4)
    kept = dict[str, Any]()
    with torch.no_grad():
        twin(bits, NOISE, strength, Bank(torch.Generator().manual_seed(1)), kept)
    golden = network.forward(net, data.pictures[:8], keep=["conv1.bits"]).stages["conv1.bits"]
    wrong = (kept["conv1.bits"].numpy() != golden).mean(axis=(1, 2, 3))
    assert np.all(wrong[::2] == 0)
    assert np.all(wrong[1::2] > 0.2)


def test_constant_channels_stay() -> None:
    net, data = corners()
    conv = net.layers[0]
    assert isinstance(conv, Conv)
    weights, threshold = conv.weights.copy(), conv.threshold.copy()
    weights[1], threshold[1] = 0, 1
    fixed = replace(net, layers=(replace(conv, weights=weights, threshold=threshold), *net.layers[1:]))
    tuned, _ = finetune(fixed, data, NOISE, Settings(epochs=1))
    assert tuned.convs[0].constant.tolist() == [0, -1, 0, 0]


def test_the_last_layer_can_be_fitted_anew() -> None:
    net, data = corners()
    found = network.forward(net, data.pictures, keep=["pool1.bits"]).stages["pool1.bits"]
    values = np.where(found, 1.0, -1.0).reshape(len(data), -1)
    assert data.labels is not None
    fitted = refit(net, values, data.labels)
    right = float(np.mean(network.forward(fitted, data.pictures).classes == data.labels))
    assert right > 0.9
    with pytest.raises(ProgramError, match="expected values of shape"):
        refit(net, values[:, :3], data.labels)


def test_what_training_refuses() -> None:
    net, data = corners()
    with pytest.raises(ProgramError, match="pictures without labels"):
        finetune(net, replace(data, labels=None), NOISE)
    with pytest.raises(ProgramError, match="ends in bits or counts"):
        finetune(replace(net, layers=net.layers[:1]), data, NOISE)
    endless = replace(net.denses[0], scale=np.full(4, np.inf))
    with pytest.raises(ProgramError, match="epoch 1: the loss is not finite; take a smaller rate"):
        finetune(replace(net, layers=(*net.layers[:2], endless)), data, NOISE)
    for wrong in ({"epochs": -1}, {"rate": float("nan")}, {"strength": -1}, {"strength": 1e3}, {"batch": 1}):
        with pytest.raises(ProgramError, match=next(iter(wrong))):
            Settings(**wrong)  # type: ignore[arg-type]


class Binary(nn.Conv2d):
    """As training scripts write it."""

    def forward(self, x: Any) -> Any:
        return torch.nn.functional.conv2d(x, torch.where(self.weight >= 0, 1.0, -1.0), padding=self.padding)


class Bits(nn.Module):
    """+1 and -1."""

    def forward(self, x: Any) -> Any:
        return torch.where(x >= 0, 1.0, -1.0)


def test_modules_in_memory() -> None:
    """A module is read in evaluation mode, and left as it was; a state_dict is arrays."""
    pytest.importorskip("onnx")
    torch.manual_seed(0)
    module = torch.nn.Sequential(Binary(1, 4, 3, padding=1, bias=False), torch.nn.BatchNorm2d(4), Bits())
    module(torch.sign(torch.randn(8, 1, 12, 12)))
    net = network.read(module, size=(12, 12))
    assert module.training
    pictures = np.random.default_rng(0).integers(0, 2, (4, 12, 12)).astype(bool)
    module.eval()
    with torch.no_grad():
        exact = module(torch.from_numpy(np.where(pictures, np.float32(1), np.float32(-1)))[:, None])
    np.testing.assert_array_equal(network.forward(net, pictures).output, exact.numpy() > 0)
    state = {name: value for name, value in module.state_dict(keep_vars=True).items() if value.ndim}
    kernel = torch.sign(state["0.weight"])
    norm = {"gamma": "1.weight", "beta": "1.bias", "mean": "1.running_mean", "variance": "1.running_var"}
    layers = [{"op": "conv", "weights": "kernel", "padding": 1}, {"op": "norm", **norm}, {"op": "sign"}]
    again = network.read({**state, "kernel": kernel, "description": {"input": {"size": 12}, "layers": layers}})
    np.testing.assert_array_equal(again.convs[0].threshold, net.convs[0].threshold)
    with pytest.raises(ProgramError, match="give size="):
        network.read(module)
    with pytest.raises(ProgramError, match="cannot export it"):
        network.read(torch.nn.Linear(3, 3), size=(12, 12))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Noise is measured on other chips than those compared on; so is what the last layer is fitted to."""
    net, data = corners()
    files = [str(tmp_path / name) for name in ("net.npz", "data.npz", "out.npz")]
    net.save(files[0])
    np.savez(files[1], x=data.pictures[:100], y=data.labels[:100])  # type: ignore[index]
    line = ["network", "finetune", files[0], "--data", files[1], "--chips", "1", "--measure", "7", "--pictures", "10"]
    assert main([*line, "--epochs", "2", "--batch", "16", "--out", files[2], "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["where"] for row in found["after"]] == ["golden", "ideal array", "chip 1"]
    assert found["measured_on"] == [7]
    assert 0.05 <= found["noise"][0]["floor"] < 3
    assert len(found["epochs"]) == 2
    assert network.read(files[2]).notes[-1].startswith("fine-tuned for 2 epochs on data.npz")
    assert main([*line, "--refit"]) == 0
    said = capsys.readouterr().out
    assert "right, of so many pictures: 10" in said
    assert "chip 1" in said
    for code, more, message in (
        (2, ["--measure", "1"], "chips 1: noise is measured on them"),
        (2, ["--measure", "x"], "--measure x"),
        (2, ["--share", "2"], "--share: expected a finite number above 0 and below 1"),
        (2, ["--epochs", "-1"], "--epochs: expected an integer in 0..10000"),
        (1, ["--out", files[0]], "has read that file"),
        (2, ["--out", "net.txt"], "networks are saved as .npz, not as 'net.txt'"),
        (2, ["--out", files[2], "--checkpoint", files[2]], "are both to go to"),
        (2, ["--refit", "--checkpoint", "c.pt"], "has no epochs that a checkpoint could keep"),
        (2, ["--strength", "1e300"], "--strength: expected a finite number of at least 0 and of at most 100"),
    ):
        assert main([*line, *more]) == code
        assert message in capsys.readouterr().err


def test_the_example_of_training(tmp_path: Path) -> None:
    for name in ("onnx", "sklearn"):
        pytest.importorskip(name)
    script = Path(__file__).parents[3] / "examples" / "training" / "network.py"
    done = subprocess.run(
        [sys.executable, str(script), "1"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "conv1   16 of 5x5, pad 2  16x64x64  +-1" in done.stdout
    assert "chip 1" in done.stdout
