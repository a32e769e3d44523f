"""The golden model, stage by stage, against the planes that the authors' own simulation dumped; 45 gesture clips.

Their simulation has its training noise on. So every stage is fed what they fed it, and is compared before its noise, or
held against what the noise explains.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.params import Weights

Planes = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def planes(measured_data: Path) -> Planes:
    """The dumped planes; bit planes as bool."""
    with np.load(measured_data / "pixelrnn_gestures_45.npz") as archive:
        found = {key: archive[key] for key in archive.files if key != "chip_output"}
    packed = ("binarised", "pooled_sign", "hidden", "forget")
    return found | {key: np.unpackbits(found[key], axis=-1).astype(bool) for key in packed}


@pytest.fixture(scope="module")
def weights(measured_data: Path) -> Weights:
    return Weights.load(measured_data / "pixelrnn_weights.npz")


def code(values: np.ndarray) -> np.ndarray:
    """How the dumps hold numbers: 127 + 10 a unit, in 0 .. 255."""
    return np.asarray(np.clip(127 + 10 * values.astype(int), 0, 255))


def off(dumped: np.ndarray, values: np.ndarray) -> set[int]:
    return set(np.unique(dumped.astype(int) - code(values)).tolist())


def normal_share(distance: float) -> float:
    """How often noise of the trained spread exceeds this distance, in one direction."""
    return 0.5 * math.erfc(distance / 0.6 / math.sqrt(2))


def at_stages(planes: Planes, key: str) -> np.ndarray:
    """(45, 4, ...) of a key with all 16 frames: those frames for which the other planes are there."""
    return planes[key][:, planes["stage_frames"]]


def test_one_level_binarises_all_frames(planes: Planes) -> None:
    """Grey 116 is the only one that occurs on both sides; 0.24 % of all bits."""
    got, want = golden.binarise(planes["input"]), planes["binarised"]
    assert set(np.unique(planes["input"][got != want]).tolist()) == {116}
    assert (got == want).mean() == pytest.approx(0.99765, abs=1e-5)
    share = want[planes["input"] == 116].mean()
    assert share == pytest.approx(0.42, abs=0.01)
    assert (golden.binarise(planes["input"], 115) == want).mean() < (got == want).mean()


def test_convolutions(planes: Planes, weights: Weights) -> None:
    """Never more than one code off, and then below: the dump cut fractions off."""
    for clip, x in enumerate(at_stages(planes, "binarised")):
        assert off(planes["conv"][clip], golden.tile(golden.convolve(x, weights.cnn))) <= {-1, 0}


def test_pooling(planes: Planes, weights: Weights) -> None:
    """Exact from the dumped convolutions, where 127 is zero; within the same one code from the input on."""
    dumped = golden.untile(planes["conv"])
    pooled = np.maximum(golden.pool(dumped), 127)
    np.testing.assert_array_equal(golden.tile(pooled), planes["pooled"])
    for clip, x in enumerate(at_stages(planes, "binarised")):
        maps = golden.pool(golden.convolve(x, weights.cnn))
        assert off(planes["pooled"][clip], golden.tile(maps)) <= {-1, 0}


def test_threshold_and_tiles_but_for_noise(planes: Planes, weights: Weights) -> None:
    """Bits differ as often as noise of the trained spread turns them, for each pooled value on its own."""
    pooled = golden.tile(
        np.stack([golden.pool(golden.convolve(x, weights.cnn)) for x in at_stages(planes, "binarised")])
    )
    want = at_stages(planes, "pooled_sign")
    got = golden.threshold(pooled, weights.theta1[0])
    wrong = got != want
    assert wrong.mean() == pytest.approx(0.064, abs=0.001)
    for value in range(4):
        here = pooled == value
        expected = normal_share(abs(value - weights.theta1[0]))
        tolerance = 5 * math.sqrt(expected / here.sum()) + 1e-4
        assert wrong[here].mean() == pytest.approx(expected, abs=tolerance), value
    assert not wrong[pooled >= 5].any()


def test_gate_convolutions(planes: Planes, weights: Weights) -> None:
    b, h = at_stages(planes, "pooled_sign"), at_stages(planes, "hidden")
    four = golden.gates(b, h, weights)
    grid = np.block([[four[:, :, 0], four[:, :, 1]], [four[:, :, 2], four[:, :, 3]]])
    assert off(planes["gates"], grid) <= {-1, 0}


def test_gate_but_for_noise(planes: Planes, weights: Weights) -> None:
    """The sum is even and the threshold is close to one: noise has to bridge a whole unit."""
    b, h = at_stages(planes, "pooled_sign"), at_stages(planes, "hidden")
    total = golden.sums(golden.gates(b, h, weights))[:, :, 0]
    want = at_stages(planes, "forget")
    wrong = golden.threshold(total, weights.theta_r) != want
    assert wrong.mean() == pytest.approx(0.0082, abs=0.0003)
    for value in (0, 2):
        here = total == value
        assert wrong[here].mean() == pytest.approx(normal_share(abs(value - weights.theta_r)), abs=0.005)
    assert not wrong[np.abs(total) >= 6].any()


def test_output_but_for_noise(planes: Planes, weights: Weights) -> None:
    b, h = at_stages(planes, "pooled_sign"), at_stages(planes, "hidden")
    o = golden.sums(golden.gates(b, h, weights))[:, :, 1]
    inside = np.abs(o) <= 9  # the rest was clipped
    residual = (planes["ft_ot"][:, :, 64:].astype(float) - 127)[inside] / 10 - o[inside]
    assert residual.std() == pytest.approx(1.0, abs=0.01)
    assert residual.mean() == pytest.approx(-0.05, abs=0.02)  # fractions of a code cut off: half a code


def test_state_is_carried_over_exactly(planes: Planes) -> None:
    assert planes["hidden"][:, 0].all()
    after = golden.update(planes["hidden"], planes["forget"])
    np.testing.assert_array_equal(after[:, :-1], planes["hidden"][:, 1:])
    # The upper half of this key is the state after the frame, in black and white; so also that after the last one.
    np.testing.assert_array_equal(planes["ft_ot"][:, :, :64], 255 * at_stages({**planes, "after": after}, "after"))


def test_accuracy_without_noise(planes: Planes, weights: Weights) -> None:
    """32 of 45 with the paper's rule for ties, 36 of 45 with the released program's; from the grey frames 32 and 33."""
    decoder = weights.decoder
    assert decoder is not None
    assert (weights.parameters, decoder.classes) == (501, 9)
    for key, ties, right in (
        ("binarised", "up", 32),
        ("binarised", "down", 36),
        ("input", "up", 32),
        ("input", "down", 33),
    ):
        o = np.stack([golden.encode(clip, weights, ties=ties).o for clip in planes[key]])
        assert (decoder.classify(o) == planes["label"]).sum() == right, (key, ties)


def test_accuracy_with_the_noise_of_training(planes: Planes, weights: Weights) -> None:
    """71 to 84 % over five seeds for an independent model; here 32 to 36 of 45."""
    decoder = weights.decoder
    assert decoder is not None
    for seed in range(2):
        o = np.stack(
            [
                golden.encode(clip, weights, noise=golden.TRAINING_NOISE, seed=100 * seed + i).o
                for i, clip in enumerate(planes["binarised"])
            ]
        )
        assert 31 <= (decoder.classify(o) == planes["label"]).sum() <= 39
