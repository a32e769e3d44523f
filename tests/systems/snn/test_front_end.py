"""The spiking front end against plain loops: Hoyer spikes, comparator, membrane. Bars 1 to 5 and 9 of the SNN."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim.exceptions import ScampError
from scamp_sim.systems import p2m, snn
from scamp_sim.systems.pixels import BatchNorm
from scamp_sim.systems.snn.circuit import Variation, comparator, compare, ktc_noise, pooled, sense
from scamp_sim.systems.snn.golden import hoyer_extrema, hoyer_loss, running_extremum


def test_bar_1_hoyer_example() -> None:
    x = np.array([-0.5, 0.2, 0.4, 0.8, 1.5])
    fired, extremum = snn.hoyer(x)
    assert extremum == pytest.approx(0.766667, abs=1e-6)
    assert fired.tolist() == [False, False, False, True, True]
    assert hoyer_loss(x) == pytest.approx(3.130435, abs=1e-6)


def test_bar_1_extremum_lies_between_the_mean_and_1() -> None:
    rng = np.random.default_rng(0)
    for _ in range(1000):
        x = rng.normal(rng.normal(), rng.uniform(0.01, 3), rng.integers(1, 50))
        _, e = snn.hoyer(x)
        assert np.clip(x, 0, 1).mean() - 1e-12 <= e <= 1
    x = rng.normal(size=(4, 1, 3, 3))
    np.testing.assert_array_equal(hoyer_extrema(x, "cw"), hoyer_extrema(x, "sum"))
    assert hoyer_extrema(x, "fixed").tolist() == [1.0]


def test_an_empty_channel_has_the_extremum_1() -> None:
    fired, extremum = snn.hoyer([-1.0, -2.0])
    assert extremum == 1.0
    assert not fired.any()
    assert running_extremum(np.zeros(1), np.ones(1)).tolist() == pytest.approx([0.1])


def test_bar_2_fused_comparator_equals_norm_then_threshold() -> None:
    rng = np.random.default_rng(1)
    for n in range(1000):
        gamma = 0.0 if n % 10 == 0 else rng.normal()
        norm = BatchNorm.of(1, gamma, rng.normal(), rng.normal(), rng.uniform(0.01, 3))
        v_th, extremum = rng.normal(1, 0.3), rng.random()
        z = rng.normal(0, 3, (1, 1, 10_000))
        distance = norm(z) / abs(v_th) - extremum
        clear = np.abs(distance) > 1e-12 * max(1, 1 / abs(gamma) if gamma else 1)
        got = comparator(norm, v_th, extremum)(z)
        assert not np.any((got != (distance >= 0)) & clear)


def test_bar_3_front_end_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(2)
    image, weights = rng.random((9, 11, 3)), rng.normal(0, 1, (4, 3, 3, 3))
    gamma, beta, mean = rng.normal(size=(3, 4))
    var, v_th, extremum = rng.uniform(0.5, 2, 4), -0.7, rng.random(4)
    for pixel in ("ideal", "curve"):
        got = snn.front_end(
            image,
            weights,
            stride=2,
            gamma=gamma,
            beta=beta,
            mean=mean,
            var=var,
            v_th=v_th,
            extremum=extremum,
            pixel=pixel,
        )
        assert got.dtype == bool
        assert got.shape == (4, 4, 5)
        for o, u, v in np.ndindex(got.shape):
            z = 0.0
            for c, i, j in np.ndindex(3, 3, 3):
                w, x = float(weights[o, c, i, j]), float(image[2 * u + i, 2 * v + j, c])
                f = abs(w) * x if pixel == "ideal" else float(p2m.curve(abs(w), x))
                z += math.copysign(f, w)
            n = gamma[o] * (z - mean[o]) / math.sqrt(var[o] + 1e-5) + beta[o]
            assert got[o, u, v] == (n / 0.7 >= extremum[o])
        circuit = sense(
            image,
            weights,
            stride=2,
            norm=BatchNorm.of(4, gamma, beta, mean, var),
            v_th=v_th,
            extremum=extremum,
            pixel=pixel,
        )
        np.testing.assert_array_equal(circuit, got)


def plain_lif(inputs: npt.NDArray[Any], leak: float, threshold: float, reset: str) -> Any:
    spikes = np.zeros(inputs.shape, bool)
    for at in np.ndindex(inputs.shape[1:]):
        u = 0.0
        for t in range(len(inputs)):
            u = leak * u + inputs[(t, *at)]
            if u >= threshold:
                spikes[(t, *at)] = True
                u = {"subtract": u - threshold, "zero": 0.0, "none": u}[reset]
    return spikes


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_bar_4_lif_equals_a_plain_loop(reset: str) -> None:
    x = np.random.default_rng(3).normal(0.3, 0.5, (6, 3, 4, 5))
    for leak in (0.0, 0.5, 0.9, 1.0):
        np.testing.assert_array_equal(snn.lif(x, leak=leak, threshold=0.8, reset=reset), plain_lif(x, leak, 0.8, reset))


def test_bar_4_one_step_knows_no_leak_and_no_reset() -> None:
    x = np.random.default_rng(4).normal(size=(1, 100))
    expected = x >= 0.3
    for leak in (0.1, 1.0):
        for reset in ("subtract", "zero", "none"):
            np.testing.assert_array_equal(snn.lif(x, leak=leak, threshold=0.3, reset=reset), expected)


def test_bar_4_without_leak_and_reset_two_steps_double_the_input() -> None:
    x = np.random.default_rng(5).normal(size=100)
    got = snn.lif(np.stack([x, x]), leak=1.0, threshold=0.7, reset="none")
    np.testing.assert_array_equal(got[1], 2 * x >= 0.7)


def test_bar_5_pooling_commutes_with_the_threshold() -> None:
    rng = np.random.default_rng(6)
    z = rng.normal(size=(8, 10, 12))
    norm = BatchNorm.of(8, [1, -1, 0.5, -0.2, 0, 3, -3, 1], rng.normal(size=8))
    fused = comparator(norm, 1.0, 0.4)
    highest = z.reshape(8, 5, 2, 6, 2).max(axis=(2, 4))
    np.testing.assert_array_equal(pooled(fused(z), norm), fused(highest))


@pytest.mark.parametrize(("ratio", "share"), [(0.1, 0.0317), (0.5, 0.1476), (1.0, 0.25)])
def test_bar_9_offsets_flip_arctan_of_the_ratio(ratio: float, share: float) -> None:
    # Gaussian sums, threshold 0, an offset of its own for each output.
    rng = np.random.default_rng(7)
    z = rng.normal(0, 2.0, (1, 400, 1000))
    fused = comparator(BatchNorm.of(1), 1.0, 0.0)
    got = compare(z, fused, Variation(cds_noise=2.0 * ratio), 0, 1)
    assert np.mean(got != fused(z)) == pytest.approx(math.atan(ratio) / math.pi, abs=0.005)
    assert math.atan(ratio) / math.pi == pytest.approx(share, abs=1e-4)


def test_bar_9_flips_grow_with_the_offset() -> None:
    rng = np.random.default_rng(8)
    z = rng.normal(0, 1.0, (8, 60, 60))
    fused = comparator(BatchNorm.of(8), 1.0, 0.0)
    flips = [
        np.mean(compare(z, fused, Variation(comparator_offset=s), 3, 0) != fused(z)) for s in (0, 0.1, 0.2, 0.4, 0.8)
    ]
    assert flips[0] == 0
    assert np.all(np.diff(flips) > 0)


def test_thermal_noise_of_the_cds() -> None:
    assert ktc_noise(100e-15) == pytest.approx(0.29e-3, rel=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": np.nan}, "'gamma' of channel 0 is nan"),
        ({"var": -1.0}, "'var' of channel 0 is -1"),
        ({"v_th": 0.0}, "v_th is 0"),
        ({"extremum": [0.1, 0.2]}, "'extremum' as a number or 1 of them"),
        ({"pixel": "measured"}, "unknown pixel 'measured'"),
    ],
)
def test_bad_input_is_refused(change: Any, message: str) -> None:
    given = {"stride": 4, "gamma": 1.0, "beta": 0.0, "mean": 0.0, "var": 1.0, **change}
    with pytest.raises(ScampError, match=message):
        snn.front_end(np.zeros((8, 8, 1)), np.ones((1, 1, 4, 4)), **given)


def test_bad_membranes_are_refused() -> None:
    with pytest.raises(ScampError, match="unknown reset 'soft'"):
        snn.lif(np.zeros((2, 2)), leak=1, threshold=1, reset="soft")
    with pytest.raises(ScampError, match="expected leak as a finite number, got nan"):
        snn.lif(np.zeros((2, 2)), leak=np.nan, threshold=1, reset="none")
    with pytest.raises(ScampError, match="finite inputs"):
        snn.lif(np.full((2, 2), np.inf), leak=1, threshold=1, reset="none")
    with pytest.raises(ScampError, match="not finite"):
        snn.hoyer([np.nan])
