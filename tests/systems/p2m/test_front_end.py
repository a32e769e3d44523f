"""The P2M layer against plain loops: sums, converter, counter, geometry, batch norm. Bars 2 to 5 of P2M."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim.exceptions import PlaneError, ScampError
from scamp_sim.systems import p2m
from scamp_sim.systems.p2m.adc import authors_quantise, conversion_cycles
from scamp_sim.systems.p2m.circuit import Variation, sense, width_sets, width_warnings
from scamp_sim.systems.p2m.fusion import full_scale_of, fuse, naive_fusion_error
from scamp_sim.systems.pixels import BatchNorm, Sums, out_size, window_sums


def plain_curve(w: float, light: float) -> float:
    d = light - 0.5
    return 0.1694 + 0.25498 * d - 0.17645 * d**2 - 0.09217 * d**3 + w * (0.422378 + 0.072789 * d - 0.043589 * d**2)


def plain_sums(image: npt.NDArray[Any], weights: Any, stride: int, f: Callable[[Any, Any], Any], mode: str) -> Any:
    out, channels, k, _ = weights.shape
    rows, columns = (image.shape[0] - k) // stride + 1, (image.shape[1] - k) // stride + 1
    up, down = np.zeros((out, rows, columns)), np.zeros((out, rows, columns))
    for o, u, v, c, i, j in np.ndindex(out, rows, columns, channels, k, k):
        w, x = weights[o, c, i, j], image[stride * u + i, stride * v + j, c]
        if mode == "signed" or w > 0:
            up[o, u, v] += f(w, x)
        elif w < 0:
            down[o, u, v] += f(-w, x)
    return up, down


@pytest.mark.parametrize("mode", ["two-phase", "signed"])
@pytest.mark.parametrize(("name", "f"), [("curve", plain_curve), ("ideal", lambda w, x: w * x)])
@pytest.mark.parametrize(("k", "stride"), [(5, 5), (3, 2), (2, 1), (1, 3)])
def test_bar_2_sums_equal_a_plain_loop(mode: str, name: str, f: Any, k: int, stride: int) -> None:
    rng = np.random.default_rng(k * 10 + stride)
    image, weights = rng.random((11, 13, 3)), rng.normal(0, 0.8, (4, 3, k, k))
    weights[0, 0, 0, 0] = 0.0
    got = p2m.front_end(image, weights, stride=stride, pixel=name, cds=mode, full_scale=100.0)
    up, down = plain_sums(image, weights, stride, f, mode)
    np.testing.assert_allclose(got.up, up, atol=1e-12)
    np.testing.assert_allclose(got.down, down, atol=1e-12)


def test_bar_2_ideal_pixel_is_a_convolution_in_both_modes() -> None:
    from scipy.signal import correlate

    rng = np.random.default_rng(3)
    image, weights = rng.random((40, 30, 3)), rng.normal(0, 0.8, (8, 3, 5, 5))
    for mode in ("two-phase", "signed"):
        got = p2m.front_end(image, weights, stride=5, pixel="ideal", cds=mode, full_scale=50.0)
        for o in range(8):
            z = correlate(image, weights[o].transpose(1, 2, 0), mode="valid")[::5, ::5, 0]
            np.testing.assert_allclose(got.up[o] - got.down[o], z, atol=1e-5)


def test_bar_2_modes_agree_for_positive_weights_only() -> None:
    rng = np.random.default_rng(4)
    image, weights = rng.random((20, 20, 3)), rng.normal(0, 0.8, (2, 3, 5, 5))
    z = {}
    for label, w in (("positive", np.abs(weights)), ("mixed", weights)):
        for mode in ("two-phase", "signed"):
            got = p2m.front_end(image, w, stride=5, cds=mode, full_scale=50.0)
            z[label, mode] = got.up - got.down
    np.testing.assert_allclose(z["positive", "two-phase"], z["positive", "signed"], atol=1e-12)
    assert np.min(np.abs(z["mixed", "two-phase"] - z["mixed", "signed"])) > 0.1


def test_any_function_may_be_the_pixel() -> None:
    rng = np.random.default_rng(5)
    image, weights = rng.random((9, 9, 1)), rng.normal(0, 1, (2, 1, 3, 3))

    def f(w: Any, x: Any) -> Any:
        return np.sqrt(w * x)

    got = p2m.front_end(image, weights, stride=3, pixel=f, full_scale=10.0)
    up, down = plain_sums(image, weights, 3, lambda w, x: math.sqrt(w * x), "two-phase")
    np.testing.assert_allclose(got.up, up, atol=1e-12)
    np.testing.assert_allclose(got.down, down, atol=1e-12)


ROUND: dict[str, Callable[[float], int]] = {"ceil": math.ceil, "floor": math.floor, "round": round}


@pytest.mark.parametrize("rounding", ["ceil", "floor", "round"])
@pytest.mark.parametrize("bits", [1, 4, 8, 12])
def test_bar_3_codes_equal_a_plain_counter(rounding: str, bits: int) -> None:
    rng = np.random.default_rng(bits)
    image, weights = rng.random((12, 12, 3)), rng.normal(0, 0.8, (5, 3, 4, 4))
    full_scale = rng.uniform(5, 40, 5)
    preset = rng.integers(-9, 9, 5)
    got = p2m.front_end(image, weights, stride=4, bits=bits, full_scale=full_scale, preset=preset, rounding=rounding)
    top = 2**bits - 1
    for o, u, v in np.ndindex(got.up.shape):
        codes = [min(top, max(0, ROUND[rounding](s[o, u, v] / (full_scale[o] / 2**bits)))) for s in (got.up, got.down)]
        count = preset[o] + codes[0] - codes[1]
        assert got.count[o, u, v] == count
        assert got.y[o, u, v] == min(top, max(0, count))
    assert np.issubdtype(got.count.dtype, np.integer)


def test_multiples_of_the_step() -> None:
    # Dyadic values, so that every quotient is exact: k steps take the code k with each rounding.
    image = np.arange(64).reshape(8, 8, 1) / 64
    for rounding in ("ceil", "floor", "round"):
        got = p2m.front_end(
            image, np.ones((1, 1, 1, 1)), stride=1, pixel="ideal", bits=6, full_scale=1.0, rounding=rounding
        )
        np.testing.assert_array_equal(got.y[0], np.arange(64).reshape(8, 8))


@pytest.mark.parametrize(("rounding", "limit"), [("ceil", 1.0), ("floor", 1.0), ("round", 1.0 + 1e-12)])
def test_bar_3_difference_is_within_one_count(rounding: str, limit: Any) -> None:
    from scamp_sim.systems.p2m.golden import convert

    rng = np.random.default_rng(6)
    full, bits = 37.0, 8
    lsb = full / 2**bits
    up, down = rng.uniform(0, full - lsb, (2, 1, 1, 100_000))
    count = convert(Sums(up, down), bits=bits, full_scale=full, rounding=rounding).count
    worst = np.abs(count - (up - down) / lsb).max()
    assert 0.9 < worst < limit
    shifted = convert(Sums(up, down), bits=bits, full_scale=full, rounding=rounding, preset=round(5.3 / lsb))
    np.testing.assert_array_equal(shifted.count - count, round(5.3 / lsb))
    assert shifted.y.min() >= 0
    assert shifted.y.max() <= 255


def test_bar_3_a_conversion_takes_256_cycles() -> None:
    assert conversion_cycles(8) == 256
    assert conversion_cycles(8) / 2e9 == pytest.approx(128e-9)


def test_signed_mode_counts_below_zero_before_the_shift() -> None:
    image = np.full((1, 1, 1), 0.5)
    got = p2m.front_end(
        image, np.full((1, 1, 1, 1), -1.0), stride=1, pixel="ideal", cds="signed", bits=4, full_scale=1.0, preset=10
    )
    assert (got.count.item(), got.y.item()) == (2, 2)
    assert got.down.item() == 0


def norms(rng: np.random.Generator, channels: int) -> BatchNorm:
    return BatchNorm.of(
        channels,
        rng.normal(0, 1, channels),
        rng.normal(0, 1, channels),
        rng.normal(0, 1, channels),
        rng.uniform(0.2, 4, channels),
    )


@pytest.mark.parametrize("pixel", ["ideal", "curve"])
@pytest.mark.parametrize("way", ["ramp", "widths", "digital"])
def test_bar_4_fusion(pixel: str, way: str) -> None:
    rng = np.random.default_rng(7)
    worst = 0.0
    for _ in range(250):  # of 4 channels each: 1,000 batch norms, gamma of either sign
        image, weights, norm = rng.random((10, 10, 3)), rng.normal(0, 0.8, (4, 3, 5, 5)), norms(rng, 4)
        light = np.moveaxis(image, -1, 0)
        theta = weights * norm.scale[:, None, None, None] if way == "widths" else weights
        fused = fuse(weights, norm, way, sums=window_sums(light, theta, 5, pixel))
        got = p2m.front_end(
            image, fused.weights, stride=5, pixel=pixel, full_scale=fused.full_scale, preset=fused.preset
        )
        up, down = window_sums(light, weights, 5, pixel)
        exact = np.clip(norm(up - down) / fused.unit[:, None, None], 0, 255)
        worst = max(worst, np.abs(got.y - exact).max())
    if way == "widths" and pixel == "curve":
        assert worst > 20
    else:
        assert 1.2 < worst < 1.5


def test_gamma_0_gives_the_preset() -> None:
    rng = np.random.default_rng(8)
    image, weights = rng.random((5, 5, 1)), rng.normal(0, 1, (2, 1, 5, 5))
    norm = BatchNorm.of(2, [0.0, 1.0], [0.7, 0.0])
    sums = window_sums(np.moveaxis(image, -1, 0), weights, 5, "curve")
    for way in ("ramp", "widths", "digital"):
        fused = fuse(weights, norm, way, sums=sums)
        got = p2m.front_end(image, fused.weights, stride=5, full_scale=fused.full_scale, preset=fused.preset)
        assert got.count[0, 0, 0] == fused.preset[0] == round(0.7 / fused.unit[0])


def test_naive_fusion_error_is_the_part_that_does_not_grow_with_width() -> None:
    from scamp_sim.systems.pixels import RELEASED

    rng = np.random.default_rng(9)
    light, weights = rng.random((1, 8, 8)), rng.normal(0, 0.8, (3, 1, 4, 4))
    norm = BatchNorm.of(3, [0.25, 2.0, 4.0], var=1.0, eps=0)
    got = naive_fusion_error(light, weights, norm, stride=4, pixel="curve")
    g = RELEASED.g(light)
    for o, u, v in np.ndindex(got.shape):
        window = g[0, 4 * u : 4 * u + 4, 4 * v : 4 * v + 4]
        expected = (norm.scale[o] - 1) * np.sum(np.sign(weights[o, 0]) * window)
        assert got[o, u, v] == pytest.approx(expected, abs=1e-12)


def test_naive_fusion_error_has_the_size_that_was_measured() -> None:
    # 75 taps, widths N(0, 0.8), light uniform; light varied for fixed weights: 2.50, 0.83, 0.42, 0.63 of the sd of A z.
    rng = np.random.default_rng(10)
    ratios = {}
    for a in (0.25, 0.5, 2.0, 4.0):
        light, weights = rng.random((60, 3, 5, 5)), rng.normal(0, 0.8, (60, 3, 5, 5))
        norm = BatchNorm.of(60, a, eps=0)
        up, down = window_sums(light, weights, 5, "curve")
        error = naive_fusion_error(light, weights, norm, stride=5, pixel="curve")
        ratios[a] = np.median(error.std(0) / (a * (up - down)).std(0))
    for a, published in ((0.25, 2.50), (0.5, 0.83), (2.0, 0.42), (4.0, 0.63)):
        assert ratios[a] == pytest.approx(published, rel=0.08)


def test_bar_5_geometry() -> None:
    assert [out_size(i, 5, 5) for i in (560, 225, 115)] == [112, 45, 23]
    assert out_size(560, 3, 2) == 279
    assert out_size(560, 3, 2, padding=1) == 280
    assert width_sets(5, 2) == 9
    assert width_sets(5, 5) == 1


def test_full_scale_leaves_the_largest_sum_its_code() -> None:
    rng = np.random.default_rng(11)
    image, weights = rng.random((20, 20, 1)), rng.normal(0, 1, (3, 1, 4, 4))
    sums = window_sums(np.moveaxis(image, -1, 0), weights, 4, "curve")
    got = p2m.front_end(image, weights, stride=4, full_scale=full_scale_of(sums, 8))
    assert max(got.up.max(), got.down.max()) / (full_scale_of(sums, 8) / 256) == pytest.approx(255)


def test_authors_quantiser() -> None:
    np.testing.assert_allclose(authors_quantise([-1.0, 0.3, 0.5, 2.0], 1), [-0.0, 0, 0, 2.0])
    np.testing.assert_allclose(authors_quantise([-1.0, 0.3, 2.0], 2), [-4 / 3, 0.0, 2.0])
    np.testing.assert_array_equal(authors_quantise(np.zeros(3), 8), np.zeros(3))
    t = np.random.default_rng(12).normal(size=1000)
    assert len(np.unique(authors_quantise(t, 4))) <= 2 * 15 + 1
    assert np.abs(authors_quantise(t, 8) - t).max() <= np.abs(t).max() / 510 + 1e-12


def test_variation_is_off_by_default_and_fixed_by_the_chip() -> None:
    rng = np.random.default_rng(13)
    image, weights = rng.random((20, 20, 1)), rng.normal(0, 1, (3, 1, 4, 4))
    plain = p2m.front_end(image, weights, stride=4, full_scale=30.0)
    np.testing.assert_array_equal(sense(image, weights, stride=4, full_scale=30.0).y, plain.y)
    for name, size in (("width_spread", 0.05), ("comparator_offset", 0.4), ("ramp_gain", 0.02)):
        varied = {
            (chip, m): sense(
                image, weights, stride=4, full_scale=30.0, variation=Variation(**{name: size}), chip=chip, measurement=m
            ).count
            for chip in (1, 2)
            for m in (0, 1)
        }
        np.testing.assert_array_equal(varied[1, 0], varied[1, 1])
        assert np.any(varied[1, 0] != varied[2, 0]), name
        assert np.abs(varied[1, 0] - plain.count).max() < 12
    noisy = [
        sense(image, weights, stride=4, full_scale=30.0, variation=Variation(read_noise=0.1), measurement=m).up
        for m in range(200)
    ]
    expected = 0.1 * np.sqrt(np.sum(weights > 0, axis=(1, 2, 3)))
    np.testing.assert_allclose(np.std(noisy, axis=0).mean(axis=(1, 2)), expected, rtol=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": np.zeros((8, 8, 1), np.uint8)}, "divide 8-bit pictures by 255"),
        ({"image": np.full((8, 8, 1), 1.5)}, "light of 1.5"),
        ({"image": np.full((8, 8, 1), np.nan)}, "light of nan"),
        ({"image": np.zeros((8, 8, 3))}, "3 colour channel"),
        ({"image": np.zeros((3, 8, 1))}, "4x4 kernel does not fit"),
        ({"weights": np.zeros((1, 1, 4, 3))}, "expected weights of shape"),
        ({"weights": np.full((1, 1, 4, 4), np.inf)}, r"weight \[0\]\[0\]\[0\]\[0\] is inf"),
        ({"stride": 0}, "stride must be an integer in 1"),
        ({"stride": 1.5}, "stride must be an integer"),
        ({"pixel": "cubic"}, "unknown pixel 'cubic'"),
        ({"cds": "three"}, "unknown CDS mode 'three'"),
        ({"bits": 0}, "bits must be an integer in 1..32"),
        ({"rounding": "up"}, "unknown rounding 'up'"),
        ({"full_scale": 0.0}, "expected full_scale above 0"),
        ({"full_scale": [1.0, 2.0]}, "'full_scale' as a number or 1 of them"),
        ({"preset": 0.5}, "preset in whole counts"),
        ({"pixel": lambda w, x: w * x * np.nan}, "not finite"),
        ({"pixel": lambda w, x: math.sqrt(w * x)}, "wrap it in numpy.vectorize"),
        ({"pixel": lambda w: w}, "the pixel function failed"),
    ],
)
def test_bad_input_is_refused(change: Any, message: str) -> None:
    given = {"image": np.zeros((8, 8, 1)), "weights": np.ones((1, 1, 4, 4)), "stride": 4, "full_scale": 1.0, **change}
    with pytest.raises(ScampError, match=message) as error:
        p2m.front_end(given.pop("image"), given.pop("weights"), **given)
    if "light" in message or "colour" in message:
        assert isinstance(error.value, PlaneError)


def test_widths_beyond_the_fit_and_odd_curves_are_mentioned() -> None:
    assert width_warnings(np.full((1, 1, 2, 2), 2.9), "curve") == []
    assert "3.5" in width_warnings(np.full((1, 1, 2, 2), -3.5), "curve")[0]
    assert "falls with light" in width_warnings(np.ones((1, 1, 2, 2)), lambda w, x: w - x)[0]
