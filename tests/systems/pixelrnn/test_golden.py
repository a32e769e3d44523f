"""The golden model against loops that spell out the equations, one number at a time; what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scamp_sim.exceptions import PlaneError, ProgramError, ScampWarning
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.encoder import Encoder
from scamp_sim.systems.pixelrnn.params import Weights


def bits(seed: int, *shape: int, share: float = 0.5) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < share


def blobs(seed: int) -> np.ndarray:
    """Bits in patches: convolutions of white noise are almost never small, those of patches are."""
    g = np.random.default_rng(seed)
    return np.kron(g.random((16, 8, 8)) < 0.5, np.ones((8, 8), bool)) ^ (g.random((16, 64, 64)) < 0.05)


def correlation(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """corr(z, K)[r, c] = sum of K[i, j] * pad(z)[r + i - 2, c + j - 2], as it stands."""
    rows, columns = plane.shape
    out = np.zeros((rows, columns), int)
    for r in range(rows):
        for c in range(columns):
            for i in range(5):
                for j in range(5):
                    y, x = r + i - 2, c + j - 2
                    if 0 <= y < rows and 0 <= x < columns:
                        out[r, c] += int(kernel[i, j]) * (1 if plane[y, x] else -1)
    return out


def naive(x: np.ndarray, weights: Weights) -> dict[str, Any]:
    """The equations with one index at a time; convolutions by whole planes, which the test above takes apart."""

    def corr(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        padded = np.pad(np.where(plane, 1, -1), 2)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5))
        return np.asarray(np.einsum("rcij,ij->rc", windows, kernel.astype(int)))

    h = np.ones((64, 64), bool)
    out: dict[str, Any] = {"b": [], "f": [], "h": [], "o": []}
    for t in range(16):
        plane = x[t]
        for number in range(weights.layers):
            kernels, theta = weights.layer(number)
            after = np.zeros((64, 64), bool)
            for k in range(16):
                conv = corr(plane, kernels[k])
                for m in range(16):
                    for n in range(16):
                        largest = max(0, conv[4 * m : 4 * m + 4, 4 * n : 4 * n + 4].max())
                        after[16 * (k % 4) + m, 16 * (k // 4) + n] = largest > theta
            plane = after
        f = corr(plane, weights.w_f) + corr(h, weights.u_f) > weights.theta_r
        o = corr(plane, weights.w_o) + corr(h, weights.u_o)
        h = np.where(f, h, ~h)
        for name, value in (("b", plane), ("f", f), ("h", h), ("o", o)):
            out[name].append(value)
    return {name: np.stack(planes) for name, planes in out.items()}


# --- stages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 5), (8, 12), (1, 1), (3, 9)])
def test_convolution_is_the_double_sum(shape: tuple[int, int]) -> None:
    kernels = Weights.random(1).cnn
    plane = bits(2, *shape)
    got = golden.convolve(plane, kernels)
    assert got.shape == (16, *shape)
    assert got.dtype == np.int8
    for k in (0, 7, 15):
        np.testing.assert_array_equal(got[k], correlation(plane, kernels[k]))
        np.testing.assert_array_equal(golden.convolve(plane, kernels[k]), got[k])


def test_convolution_reaches_its_limits() -> None:
    assert golden.convolve(np.ones((9, 9), bool), np.ones((5, 5), int)).max() == 25
    assert golden.convolve(np.zeros((9, 9), bool), np.ones((5, 5), int)).min() == -25


def test_convolution_of_many_planes_at_once() -> None:
    planes, kernels = bits(3, 2, 3, 8, 8), Weights.random(4).cnn
    got = golden.convolve(planes, kernels)
    assert got.shape == (2, 3, 16, 8, 8)
    np.testing.assert_array_equal(got[1, 2], golden.convolve(planes[1, 2], kernels))


def test_xnor_count_is_the_same_sum() -> None:
    """In the interior a sum of 25 products is 2 N - 25, N the number of taps that agree with the picture."""
    plane, kernel = bits(5, 20, 20), Weights.random(6).w_f
    got = golden.convolve(plane, kernel)
    for r, c in ((2, 2), (9, 13), (17, 17)):
        agree = (plane[r - 2 : r + 3, c - 2 : c + 3] == (kernel > 0)).sum()
        assert got[r, c] == 2 * agree - 25


def test_pooling_then_threshold_is_threshold_then_or() -> None:
    conv = np.random.default_rng(7).integers(-25, 26, (16, 64, 64)).astype(np.int8)
    for theta in (0.0, 0.5, 0.998, 3.5):
        late = golden.threshold(golden.pool(conv), theta + 1e-9)
        early = (conv > theta).reshape(16, 16, 4, 16, 4).any((2, 4))
        np.testing.assert_array_equal(late, early)
    assert golden.pool(-np.ones((4, 4))).item() == 0


@pytest.mark.parametrize(
    ("theta", "value", "up", "down"),
    [
        (0.99765, 1, True, False),  # the learned threshold: ten LSB on the chip, where one unit is not above it
        (0.99765, 0, False, False),
        (0.99765, 2, True, True),
        (1.0, 1, False, False),  # equality gives -1 in the paper
        (1.02, 1, False, False),
        (0.1405, 0, False, False),
        (0.1405, 1, True, True),
        (-0.001, 0, True, False),  # trained without noise: the sign of (sum + 0.001)
        (0.5, 0, False, False),
        (0.5, 1, True, True),
    ],
)
def test_ties(theta: float, value: int, up: bool, down: bool) -> None:
    values = np.array([value], np.int8)
    assert golden.threshold(values, theta, "up")[0] == up
    assert golden.threshold(values, theta, "down")[0] == down


def test_tiles() -> None:
    """Map k at tile row k mod 4, tile column k div 4."""
    maps = np.arange(16)[:, None, None] * np.ones((16, 16, 16), int)
    plane = golden.tile(maps)
    assert plane.shape == (64, 64)
    for k in range(16):
        assert (plane[16 * (k % 4) : 16 * (k % 4) + 16, 16 * (k // 4) : 16 * (k // 4) + 16] == k).all()
    many = np.random.default_rng(0).integers(0, 99, (2, 3, 16, 5, 7))
    assert golden.tile(many).shape == (2, 3, 20, 28)
    np.testing.assert_array_equal(golden.untile(golden.tile(many)), many)


def test_gate_sums_are_even() -> None:
    """As many taps of x as of h lie inside the picture; so a threshold close to one is never met."""
    w = Weights.random(8)
    planes = golden.gates(bits(1, 64, 64), bits(2, 64, 64), w)
    assert planes.shape == (4, 64, 64)
    for i, (which, kernel) in enumerate(((1, w.w_f), (2, w.u_f), (1, w.w_o), (2, w.u_o))):
        np.testing.assert_array_equal(planes[i], golden.convolve(bits(which, 64, 64), kernel))
    f, o = golden.sums(planes)
    np.testing.assert_array_equal(f, planes[0] + planes[1])
    np.testing.assert_array_equal(o, planes[2] + planes[3])
    assert (golden.sums(planes) % 2 == 0).all()


def test_update_is_the_product_of_signs() -> None:
    h, f = np.array([True, True, False, False]), np.array([True, False, True, False])
    np.testing.assert_array_equal(golden.update(h, f), [True, False, False, True])


def test_binarise() -> None:
    grey = np.array([0, 115, 116, 117, 255], np.uint8)
    assert golden.binarise(grey).tolist() == [False, False, False, True, True]
    assert golden.binarise(grey, 114.5).tolist() == [False, True, True, True, True]
    assert golden.binarise(np.array([True, False])).tolist() == [True, False]


# --- the whole --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("seed", [0, 1])
def test_against_the_equations(layers: int, seed: int) -> None:
    weights = Weights.random(seed, layers=layers, theta1=2.5)
    x = blobs(seed)
    got = golden.encode(x, weights, stages=True)
    want = naive(x, weights)
    assert 0.02 < got.b.mean() < 0.98, "both values shall occur"
    np.testing.assert_array_equal(got.x, x)
    for name in ("b", "f", "h"):
        np.testing.assert_array_equal(getattr(got, name), want[name], err_msg=name)
    np.testing.assert_array_equal(got.o, want["o"][-1])
    assert got.o.dtype == np.float32
    assert got.stages is not None
    np.testing.assert_array_equal(got.stages.sums[:, 1], want["o"])
    assert len(got.stages.layers) == layers


def test_stages_fit_together() -> None:
    weights = Weights.random(4, theta1=2.5)
    got = golden.encode(blobs(4), weights, stages=True)
    stages = got.stages
    assert stages is not None
    assert (stages.conv.shape, stages.pooled.shape) == ((16, 16, 64, 64), (16, 16, 16, 16))
    assert (stages.gates.shape, stages.sums.shape) == ((16, 4, 64, 64), (16, 2, 64, 64))
    np.testing.assert_array_equal(stages.conv, golden.convolve(got.x, weights.cnn))
    np.testing.assert_array_equal(stages.pooled, golden.pool(stages.conv))
    np.testing.assert_array_equal(got.b, golden.tile(golden.threshold(stages.pooled, 2.5)))
    before = np.concatenate([np.ones((1, 64, 64), bool), got.h[:-1]])
    np.testing.assert_array_equal(stages.gates, golden.gates(got.b, before, weights))
    np.testing.assert_array_equal(stages.sums, golden.sums(stages.gates))
    np.testing.assert_array_equal(got.f, golden.threshold(stages.sums[:, 0], weights.theta_r))
    np.testing.assert_array_equal(got.h, golden.update(before, got.f))
    lean = golden.encode(blobs(4), weights)
    assert lean.stages is None
    np.testing.assert_array_equal(lean.o, got.o)
    np.testing.assert_array_equal(lean.h, got.h)


def test_grey_and_bits_are_the_same_clip() -> None:
    weights, x = Weights.random(1), blobs(1)
    grey = np.where(x, 200, 40).astype(np.uint8)
    np.testing.assert_array_equal(golden.encode(grey, weights).o, golden.encode(x, weights).o)
    np.testing.assert_array_equal(golden.encode(grey, weights, level=30).x, True)


def test_ties_change_only_where_a_sum_meets_the_level() -> None:
    weights, x = Weights.random(2, theta1=0.998), blobs(2)
    up, down = (golden.encode(x, weights, ties=t, stages=True) for t in ("up", "down"))
    assert up.stages is not None
    ones = golden.tile(up.stages.pooled) == 1
    assert ones.any()
    np.testing.assert_array_equal(up.b != down.b, ones)


def test_noise_is_a_function_of_the_seed() -> None:
    weights, x = Weights.random(3, theta1=2.5), blobs(3)
    first, again, other = (golden.encode(x, weights, noise=golden.TRAINING_NOISE, seed=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(first.o, again.o)
    assert not np.array_equal(first.o, other.o)
    with_stages = golden.encode(x, weights, noise=golden.TRAINING_NOISE, seed=5, stages=True)
    np.testing.assert_array_equal(first.o, with_stages.o)
    silent = golden.encode(x, weights, noise=(0, 0, 0))
    np.testing.assert_array_equal(silent.o, golden.encode(x, weights).o)


def test_noise_has_the_spread_that_was_asked_for() -> None:
    weights, x = Weights.random(3, theta1=2.5), blobs(3)
    got = golden.encode(x, weights, noise=(0, 0.5, 2.0), stages=True)
    assert got.stages is not None
    errors = got.stages.sums - golden.sums(got.stages.gates)
    assert errors[:, 0].std() == pytest.approx(0.5, rel=0.02)
    assert errors[:, 1].std() == pytest.approx(2.0, rel=0.02)
    np.testing.assert_array_equal(got.b, golden.encode(x, weights).b)
    assert np.corrcoef(errors[3, 0].ravel(), errors[4, 0].ravel())[0, 1] == pytest.approx(0, abs=0.1)


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (np.zeros((15, 64, 64), np.uint8), r"the clip has 15 frames; .*datasets.resample"),
        (np.zeros((17, 64, 64), bool), "the clip has 17 frames"),
        (np.zeros((16, 256, 256), np.uint8), r"the frames are 256x256; the network sees 64x64. datasets.resample"),
        (np.zeros((64, 64), np.uint8), r"shape \(16, 64, 64\), got \(64, 64\)"),
        (np.zeros((16, 64, 64)), "type float64; give grey as uint8"),
        (np.zeros((16, 64, 64), int), "type int64; give grey as uint8"),
    ],
)
def test_clips_that_are_refused(clip: np.ndarray, message: str) -> None:
    with pytest.raises(PlaneError, match=message):
        golden.encode(clip, Weights.random(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ties": "even"}, "ties must be .*, got 'even'"),
        ({"noise": (1, 2)}, "three standard deviations"),
        ({"noise": (1, 2, -3)}, "three standard deviations"),
        ({"noise": 0.6}, "three standard deviations"),
        ({"seed": -1}, "seed must be .*, got -1"),
        ({"seed": 1.5}, "seed must be .*, got 1.5"),
        ({"level": float("nan")}, "level must be .*, got nan"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        golden.encode(np.zeros((16, 64, 64), bool), Weights.random(0), **options)


def test_binarise_refuses_floats() -> None:
    with pytest.raises(PlaneError, match="type float64"):
        golden.binarise(np.zeros(3))


def test_bits_that_are_given_as_grey() -> None:
    """uint8 of 0 and 1 is dark grey, and most likely meant to be bits."""
    bits = np.random.default_rng(2).random((16, 64, 64)) < 0.5
    with pytest.warns(ScampWarning, match=r"holds only 0 and 1.*as bool"):
        assert not golden.binarise(bits.astype(np.uint8)).any()
    with pytest.warns(ScampWarning, match="holds only 0 and 1"):
        Encoder(Weights.random(1), front_end=True).run(bits.astype(np.uint8).repeat(4, 1).repeat(4, 2))
    # none of these: bits, black, grey, a level that tells 0 and 1 apart
    golden.binarise(bits)
    golden.binarise(np.zeros((16, 64, 64), np.uint8))
    golden.binarise(2 * bits.astype(np.uint8))
    assert (golden.binarise(bits.astype(np.uint8), 0) == bits).all()
