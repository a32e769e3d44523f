# ruff: noqa: E402
"""The spiking front end in PyTorch: spikes, gradients, distillation, the command. Bar 10 of the SNN."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scamp_sim.cli.main import main
from scamp_sim.exceptions import ScampError
from scamp_sim.systems import snn
from scamp_sim.systems.pixels.data.datasets import load
from scamp_sim.systems.pixels.params import load_layer
from scamp_sim.systems.pixels.train.fit import Settings, fit, seeded
from scamp_sim.systems.snn.golden import hoyer_loss
from scamp_sim.systems.snn.train import HoyerSpike, Network, PixelConv2d, distillation, network_of, params_of


def test_bar_10_spikes_equal_the_numpy_model() -> None:
    rng = np.random.default_rng(0)
    for n in range(30):
        x = rng.normal(rng.normal(), 1, (4, 3, 5, 6))
        layer = HoyerSpike(3)
        with torch.no_grad():
            layer.v_th.fill_(rng.normal(1, 0.5))
        v_th = abs(float(layer.v_th.detach()))
        got = layer(torch.from_numpy(x)).detach().numpy()
        for o in range(3):
            spikes, extremum = snn.hoyer(x[:, o] / v_th)
            np.testing.assert_array_equal(got[:, o], spikes)
            assert float(layer.running[o]) == pytest.approx(0.1 * extremum, rel=1e-15)
        assert float(layer.loss.detach()) == pytest.approx(hoyer_loss(x, v_th)), n
        layer.eval()
        np.testing.assert_array_equal(
            layer(torch.from_numpy(x)).detach().numpy(), x / v_th >= layer.running.numpy()[:, None, None]
        )


WIDE, NARROW = [0, 0.5, 0.5, 0.5, 0.5, 0], [0, 0.5, 0.5, 0.5, 0, 0]


@pytest.mark.parametrize(("window", "expected"), [("wide", WIDE), ("narrow", NARROW)])
def test_bar_10_slope_of_a_spike(window: str, expected: Any) -> None:
    x = torch.tensor([-0.5, 0.2, 0.4, 0.8, 1.5, 2.5]).reshape(1, 1, 1, 6).double().requires_grad_()
    HoyerSpike(1, window=window)(x).sum().backward()
    assert x.grad.flatten().tolist() == expected


def test_a_fixed_threshold() -> None:
    layer = HoyerSpike(1, mode="fixed", scale=0.5)
    x = torch.tensor([0.4, 0.5, 0.6]).reshape(1, 1, 1, 3).double()
    assert layer(x).flatten().tolist() == [0, 1, 1]
    assert layer.eval()(x).flatten().tolist() == [0, 1, 1]
    with pytest.raises(ScampError, match="unknown Hoyer mode"):
        HoyerSpike(1, mode="median")


def test_distillation_is_the_formula() -> None:
    scores, teacher = torch.tensor([[1.0, 2.0, 0.0]]), torch.tensor([[0.0, 1.0, 3.0]])
    labels = torch.tensor([1])
    tau, share = 2.0, 0.3

    def softmax(v: list[float]) -> np.ndarray:
        e = np.exp(np.array(v))
        return np.asarray(e / e.sum())

    p, q = softmax([0.0, 0.5, 1.5]), softmax([0.5, 1.0, 0.0])
    entropy = -np.log(softmax([1.0, 2.0, 0.0])[1])
    expected = (1 - share) * entropy + share * tau**2 * np.sum(p * np.log(p / q))
    assert float(distillation(scores, labels, teacher, tau, share)) == pytest.approx(expected, rel=1e-5)
    assert float(distillation(scores, labels, teacher, tau, 0.0)) == pytest.approx(entropy, rel=1e-6)
    with pytest.raises(ScampError, match=r"share in 0\.\.1"):
        distillation(scores, labels, teacher, tau, 1.5)


def test_parameters_survive_the_module() -> None:
    params = load_layer("default:4")
    assert params_of(network_of(params, 10)).digest == params.digest


def test_spikes_learn_digits() -> None:
    pytest.importorskip("sklearn")
    train, test = load("digits", 40, 700).split(200)
    seeded(0)
    net = Network(PixelConv2d(1, 8, 5, pixel="ideal"), 10, HoyerSpike(8, "fixed", 0.5))
    assert fit(net, train, test, Settings(epochs=4))[-1].accuracy >= 0.7


@pytest.mark.nightly
def test_bar_10_spikes_stay_near_the_relu() -> None:
    """Mean of three seeds on the drawn silhouettes, fixed threshold 0.5 without Hoyer extremum, as in the trial."""
    from scamp_sim.systems.p2m.train import Network as Plain
    from scamp_sim.systems.p2m.train import P2MConv2d

    train, test = load("shapes", 40, 5333).split(1333)
    relu, spikes = [], []
    for seed in range(3):
        seeded(seed)
        net = Plain(P2MConv2d(1, 8, 5, pixel="ideal"), 10)
        relu.append(fit(net, train, test, Settings(epochs=15, seed=seed))[-1].accuracy)
        seeded(seed)
        spiking = Network(PixelConv2d(1, 8, 5, pixel="ideal"), 10, HoyerSpike(8, "fixed", 0.5))
        spikes.append(fit(spiking, train, test, Settings(epochs=15, seed=seed))[-1].accuracy)
    assert np.mean(spikes) >= 0.84
    assert np.mean(relu) - np.mean(spikes) <= 0.05


def test_command_with_teacher_and_student(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    teacher, out = tmp_path / "teacher.pt", tmp_path / "w.npz"
    small = ["--count", "80", "--size", "20", "--kernel", "4", "--epochs", "1", "--format", "json"]
    assert main(["system", "train", "snn", "--channels", "16", "--keep", str(teacher), *small]) == 0
    first = json.loads(capsys.readouterr().out)
    assert len(first["firing_rates"]) == 16
    student = ["system", "train", "snn", "--channels", "2", "--teacher", str(teacher), "--out", str(out), *small]
    assert main(student) == 0
    assert json.loads(capsys.readouterr().out)["teacher"] == str(teacher)
    assert (
        main(["system", "run", "snn", "--weights", str(out), "--on", "scamp5:weight_bits=3", "--format", "json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["codes"]["shape"] == [2, 64, 64]
    assert main([*student[:-4], "--teacher", str(out), *small]) == 1
    assert "holds more than tensors" in capsys.readouterr().err
