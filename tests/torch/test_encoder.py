"""The module against the golden model, bit for bit, and what errors do to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scamp_sim.exceptions import PlaneError, ProgramError  # noqa: E402
from scamp_sim.systems.pixelrnn import golden  # noqa: E402
from scamp_sim.systems.pixelrnn.params import Weights  # noqa: E402
from scamp_sim.systems.pixelrnn.train.loop import Clips  # noqa: E402
from scamp_sim.systems.pixelrnn.train.module import PixelRNN, bits  # noqa: E402
from scamp_sim.systems.pixelrnn.train.noise import Stage, StageErrors  # noqa: E402


def check(net: PixelRNN, weights: Weights, clips: np.ndarray) -> None:
    """b, f, h and o equal the golden model's, and the decoder says the same."""
    net.eval()
    with torch.no_grad():
        found, scores = net.encode(bits(clips)), net(bits(clips))
    for n, clip in enumerate(clips):
        model = golden.encode(clip, weights)
        for stage in ("b", "f", "h"):
            np.testing.assert_array_equal(getattr(found, stage)[n].numpy() > 0, getattr(model, stage))
        np.testing.assert_array_equal(found.o[n].numpy(), model.o)
        assert weights.decoder is not None
        np.testing.assert_allclose(scores[n].numpy(), weights.decoder.scores(model.o), atol=1e-4)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("theta1", "theta_r"), [(0.5, 0.5), (0.998, 0.994), (3.0, -0.001), (-0.5, 2.0)])
def test_forward_is_the_golden_model(drawn: Clips, layers: int, theta1: float, theta_r: float) -> None:
    weights = Weights.random(7, layers=layers, theta1=theta1, theta_r=theta_r, classes=9)
    weights = replace(
        weights, theta1=tuple(np.array([theta1] * layers, np.float32)), theta_r=float(np.float32(theta_r))
    )
    check(PixelRNN.from_weights(weights), weights, drawn[0][:3])


@pytest.mark.parametrize("layers", [1, 2])
def test_weights_go_out_and_come_in(tmp_path: Path, drawn: Clips, layers: int) -> None:
    net = PixelRNN(9, layers, seed=3)
    net.to_weights().save(tmp_path / "w.npz")
    weights = Weights.load(tmp_path / "w.npz")
    check(net, weights, drawn[0][:2])
    check(PixelRNN.from_weights(weights), weights, drawn[0][:2])
    assert weights.parameters == (501 if layers == 1 else 902)


def test_compiled_thresholds_give_the_same_bits_without_errors(drawn: Clips) -> None:
    weights = Weights.random(9, theta1=0.998, theta_r=0.994)
    net = PixelRNN.from_weights(weights, noise=StageErrors(compiled=True)).eval()
    x = bits(drawn[0][:2])
    with torch.no_grad():
        a, b = net.encode(x), net.encode(x, torch.Generator())
    assert all(torch.equal(getattr(a, s), getattr(b, s)) for s in "bfho")


def test_every_learned_number_gets_a_gradient(drawn: Clips) -> None:
    net = PixelRNN(9, 2, noise=StageErrors.authors(), seed=1)
    scores = net(bits(drawn[0][:4]), torch.Generator().manual_seed(1))
    torch.nn.functional.cross_entropy(scores, torch.arange(4)).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        # batch norm takes the size of its input away, and with it the gradient of a factor before it
        assert name == "decoder.sign" or parameter.grad.abs().sum() > 0, name


def test_noise_has_the_spread_that_it_was_given(drawn: Clips) -> None:
    x = bits(drawn[0][:4])
    weights = Weights.random(2)
    with torch.no_grad():
        exact = PixelRNN.from_weights(weights).encode(x).o
        noisy = PixelRNN.from_weights(weights, noise=StageErrors(output=Stage(temporal=1.5, offset=3.0)))
        rest = noisy.encode(x, torch.Generator().manual_seed(1)).o - exact
    assert abs(rest.std().item() - 1.5) < 0.05
    assert abs(rest.mean().item() - 3.0) < 0.1


def test_a_fixed_pattern_stays_over_the_frames_of_a_clip_and_differs_between_clips() -> None:
    clip = np.zeros((2, 16, 64, 64), bool)
    errors = StageErrors(cnn=Stage(fixed=1.0))
    net = PixelRNN.from_weights(Weights.random(2), noise=errors)
    with torch.no_grad():
        b = net.encode(bits(clip), torch.Generator().manual_seed(1)).b
    assert torch.equal(b, b[:, :1].expand_as(b))
    assert not torch.equal(b[0], b[1])


def test_saturation_cuts_sums_off(drawn: Clips) -> None:
    net = PixelRNN.from_weights(Weights.random(2), noise=StageErrors(output=Stage(limit=4.0)))
    with torch.no_grad():
        o = net.encode(bits(drawn[0][:1]), torch.Generator()).o
    assert o.abs().max() == 4


@pytest.mark.parametrize(("pooling", "side"), [(2, 32), (3, 21), (16, 4), (64, 1)])
def test_pooled_frames_give_small_outputs(drawn: Clips, pooling: int, side: int) -> None:
    net = PixelRNN(9, pooling=pooling).eval()
    stored = net.store(drawn[0][:2])
    assert stored.shape == (2, 16, side, side)
    assert net.encode(net.present(stored)).o.shape == (2, side, side)
    assert net(net.present(stored)).shape == (2, 9)


def test_wrong_requests_are_told() -> None:
    with pytest.raises(ProgramError, match="layers must be 1 or 2, got 3"):
        PixelRNN(9, 3)
    with pytest.raises(ProgramError, match="pooling must be a window of 1x1 to 64x64, got 0"):
        PixelRNN(9, pooling=0)
    with pytest.raises(PlaneError, match=r"got \(16, 64, 64\)"):
        bits(np.zeros((16, 64, 64), bool))
    with pytest.raises(PlaneError, match="of type float64"):
        bits(np.zeros((1, 16, 64, 64)))
    with pytest.raises(PlaneError, match=r"must have shape \(n, 16, 64, 64\)"):
        PixelRNN(9).encode(torch.ones(1, 16, 32, 32))
