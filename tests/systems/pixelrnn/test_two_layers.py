"""The encoder with two layers of kernels on the array, against the golden model: bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scamp_sim.chip.isa import STORE_WORDS
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.pixelrnn import layout
from scamp_sim.kernels.pixelrnn.macropixel import MacropixelMapping
from scamp_sim.kernels.pixelrnn.options import MacropixelOptions
from scamp_sim.kernels.pixelrnn.two_layers import TwoLayerMapping
from scamp_sim.systems.pixelrnn import encoder, golden
from scamp_sim.systems.pixelrnn.data import gestures
from scamp_sim.systems.pixelrnn.encoder import Encoded, Encoder
from scamp_sim.systems.pixelrnn.params import Weights

MOST_WORDS, MOST_US = 1_620, 390
"""A frame takes at most so much, whatever the weights are."""


def encode(clip: np.ndarray, weights: Weights, front_end: bool = False) -> Encoded:
    mapping = TwoLayerMapping if weights.layers == 2 else MacropixelMapping
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "make_mapping", lambda w, name, level, options: mapping(w, level, **options))
        return Encoder(weights, front_end=front_end).run(clip)


def same(array: Encoded, model: golden.Result) -> None:
    for name in ("x", "b", "f", "h", "o"):
        a, g = getattr(array, name), getattr(model, name)
        assert np.array_equal(a, g), f"{name} differs in {np.sum(a != g)} places"


@pytest.mark.parametrize(("seed", "theta1"), [(0, (0.5, 0.5)), (1, (2.5, 6.5)), (2, (8.5, 0.99765)), (3, (-0.5, 3.5))])
def test_array_equals_golden_model(seed: int, theta1: tuple[float, float]) -> None:
    weights = replace(Weights.random(seed, layers=2), theta1=theta1)
    assert weights.parameters == 902
    clip, _ = gestures.clip(seed, seed=seed)
    result = encode(clip, weights)
    same(result, golden.encode(clip, weights))
    cost = result.frame_profile
    assert cost.words <= MOST_WORDS
    assert cost.time_us <= MOST_US
    assert result.profile.readout_ratio == 256


def test_noise_of_bits() -> None:
    """Busy up to the edges of the blocks, in both layers."""
    weights = Weights.random(5, layers=2, theta1=8.5)
    clip = np.random.default_rng(5).random((16, 64, 64)) < 0.5
    result = golden.encode(clip, weights)
    assert 0.1 < result.b.mean() < 0.9
    same(encode(clip, weights), result)


@pytest.mark.parametrize("layers", [1, 2])
def test_front_end_gives_the_same(layers: int) -> None:
    """A picture four times as large is the same picture once the array has scaled it down."""
    weights = Weights.random(6, layers=layers, theta1=2.5)
    clip, _ = gestures.clip(2, seed=6)
    result = encode(clip, weights, front_end=True)
    same(result, golden.encode(clip, weights))
    without = encode(clip, weights).frame_profile
    assert 540 < result.frame_profile.words - without.words < 560


@pytest.mark.parametrize("front_end", [False, True])
def test_a_frame_fits_the_kernel_store(front_end: bool) -> None:
    mapping = TwoLayerMapping(Weights.random(1, layers=2), MacropixelOptions(front_end=front_end))
    programs = mapping.programs()
    kernels = {(name, k.words): k for p in programs for name, k in p.kernels.items()}
    static = sum(len(k.words) for k in kernels.values() if k.storage == "static")
    assert static <= STORE_WORDS
    assert sum(len(k.words) for k in kernels.values()) > STORE_WORDS


def test_steps_name_the_layers() -> None:
    titles = [s.title for s in TwoLayerMapping(Weights.random(1, layers=2)).steps(1)]
    assert titles.count("layer 1: CNN, 25 taps") == titles.count("layer 2: CNN, 25 taps") == 1
    assert titles.index("run together, copy") < titles.index("layer 2: masks")
    shown = [s.title for s in TwoLayerMapping(Weights.random(1, layers=2), MacropixelOptions(front_end=True)).steps(1)]
    assert shown[0] == "front end"
    assert "capture, binarise" not in shown


def test_the_programs_say_what_they_keep() -> None:
    """h is in F from frame to frame: what lies between the layers must not name it."""
    between = TwoLayerMapping(Weights.random(1, layers=2)).between
    assert "F" not in between.written
    assert "F" not in layout.front_end(57).written


def test_thresholds_have_the_limits_of_one_layer() -> None:
    """Said when the mapping is made, not when the first frame is."""
    with pytest.raises(ProgramError, match=r"theta_r is 25; .* from -25 to below 25"):
        TwoLayerMapping(replace(Weights.random(1, layers=2), theta_r=25))


def test_one_layer_is_refused() -> None:
    with pytest.raises(ProgramError, match="takes two layers"):
        TwoLayerMapping(Weights.random(1))
