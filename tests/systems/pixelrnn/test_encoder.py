"""The encoder on the array under the macropixel mapping, against the golden model: bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program, Word
from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.kernels.pixelrnn.macropixel import MacropixelMapping, cut, halves, pix_level
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data import gestures
from scamp_sim.systems.pixelrnn.encoder import Encoder
from scamp_sim.systems.pixelrnn.params import Weights

MOST_WORDS = 1000
"""A frame takes at most so many words, whatever the weights are."""


def same(array: object, model: object, clip: int | str = "") -> None:
    for name in ("x", "b", "f", "h", "o"):
        a, g = getattr(array, name), getattr(model, name)
        assert np.array_equal(a, g), f"{name} of clip {clip} differs in {np.sum(a != g)} places"


@pytest.mark.parametrize("seed", range(4))
def test_array_equals_golden_model(seed: int) -> None:
    weights = Weights.random(seed)
    clip, _ = gestures.clip(seed, seed=seed)
    encoder = Encoder(weights)
    result = encoder.run(clip)
    same(result, golden.encode(clip, weights))
    assert result.frame_profile.words <= MOST_WORDS
    same(encoder.run(clip), golden.encode(clip, weights))  # a second clip starts afresh


def test_noise_of_bits() -> None:
    """Clips that are binary already, and busy up to the edges, where the padding shows."""
    seed = 7
    weights = Weights.random(seed)
    clip = np.random.default_rng(seed).random((16, 64, 64)) < 0.5
    same(Encoder(weights).run(clip), golden.encode(clip, weights))


def test_reference_engine_agrees() -> None:
    weights = Weights.random(3)
    clip, _ = gestures.clip(5, seed=1)
    same(Encoder(weights, engine="reference").run(clip), golden.encode(clip, weights))


@pytest.mark.parametrize(
    ("theta1", "theta_r"),
    [(0.0, 0.5), (0.99765, 0.99412), (3.5, -2.5), (-4.2, 7.0), (24.5, 24.0), (25.5, 0.5), (1.0, 2.0)],
)
def test_thresholds(theta1: float, theta_r: float) -> None:
    from dataclasses import replace

    weights = replace(Weights.random(2), theta1=theta1, theta_r=theta_r)  # type: ignore[arg-type]
    clip, _ = gestures.clip(1, seed=2)
    same(Encoder(weights).run(clip), golden.encode(clip, weights))


def test_what_a_frame_costs() -> None:
    encoder = Encoder(Weights.random(1))
    result = encoder.run(gestures.clip(0)[0])
    frame = result.frame_profile
    assert frame.words <= MOST_WORDS
    assert frame.stored_words <= 1024
    assert frame.time_us <= 300
    assert frame.readout_bytes == 0
    assert result.profile.runs == 16
    assert result.profile.readout_bytes == 4096  # one byte for each of 64x64 values, once
    assert result.profile.readout_ratio == 256
    assert result.profile.words == pytest.approx(16 * frame.words, rel=0.02)
    steps = encoder.mapping.steps(1)
    assert sum(s.program.words for s in steps) == frame.words


def test_every_grey_counts_as_the_model_says() -> None:
    """The threshold lies between two greys, whatever PIX makes of them."""
    exact = []
    for level in range(255):
        try:
            threshold = pix_level(level)
        except ProgramError:
            continue
        exact.append(level)
        assert np.array_equal(
            np.arange(256, dtype=np.float32) * np.float32(127 / 255) > threshold, np.arange(256) > level
        )
    assert golden.INPUT_LEVEL in exact
    assert 120 <= len(exact) <= 135
    with pytest.raises(ProgramError, match="cannot tell grey 117 from grey 118; take 116 or 118"):
        Encoder(Weights.random(1), level=117).run(np.zeros((16, 64, 64), bool))


def test_levels_between_lattice_points() -> None:
    for theta, spacing in ((0.998, 1), (0.994, 2), (1.0, 1), (-0.3, 1), (-3.0, 2)):
        level = halves(theta, spacing) / 2
        for value in range(-10 * spacing, 10 * spacing, spacing):
            assert (value > level) == (value > theta), (theta, value)


def test_a_program_is_cut_at_its_launches() -> None:
    kernels = {n: Kernel(n, (Word("nop"),)) for n in "ab"}
    call = HostCall("scamp5_load_in", (3,))
    whole = Program("p", kernels, (call, Launch("a"), Launch("a"), call, Launch("b"), Output("o", "A"), call))
    first, second = cut(whole, {"a": "one", "b": "two"})
    assert (first.title, second.title) == ("one", "two")
    assert first.program.steps == (call, Launch("a"), Launch("a"))
    assert second.program.steps == (call, Launch("b"), Output("o", "A"), call)


def test_bad_input() -> None:
    with pytest.raises(ProgramError, match="unknown mapping 'block'; did you mean 'blocks'"):
        Encoder(Weights.random(1), mapping="block")
    with pytest.raises(PlaneError):
        Encoder(Weights.random(1)).run(np.zeros((15, 64, 64), np.uint8))
    from dataclasses import replace

    with pytest.raises(ProgramError, match="theta_r is 30"):
        Encoder(replace(Weights.random(1), theta_r=30))
    two = Weights.random(1, layers=2)
    with pytest.raises(ProgramError, match="one layer"):
        MacropixelMapping(two)


def test_full_frames_are_scaled_on_the_array() -> None:
    weights = Weights.random(5)
    clip, _ = gestures.clip(2, seed=3, size=256)
    result = Encoder(weights, front_end=True).run(clip)
    same(result, golden.encode(result.x, weights))
    scaled = clip.reshape(16, 64, 4, 64, 4).mean((2, 4))
    assert np.mean(result.x != (scaled > golden.INPUT_LEVEL)) < 0.01  # but for greys that the level lies between
    assert result.frame_profile.words > Encoder(weights).frame_profile.words + 500
    with pytest.raises(PlaneError, match="the frames are 256x256"):
        Encoder(weights).run(clip)


def test_two_layers() -> None:
    weights = Weights.random(4, layers=2)
    assert weights.parameters == 902
    clip, _ = gestures.clip(3, seed=4)
    same(Encoder(weights).run(clip), golden.encode(clip, weights))


def test_reference_clips(measured_data: Path) -> None:
    """All 45 clips of the authors with their weights: every bit of every frame."""
    weights = Weights.load(measured_data / "pixelrnn_weights.npz")
    clips = np.load(measured_data / "pixelrnn_gestures_45.npz")["input"]
    encoder = Encoder(weights)
    for number, clip in enumerate(clips):
        same(encoder.run(clip), golden.encode(clip, weights), number)
