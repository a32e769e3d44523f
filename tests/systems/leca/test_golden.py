"""The equations of LeCA against plain restatements of them. Bars L1-L5 and L10."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim.exceptions import ScampError
from scamp_sim.systems import leca
from scamp_sim.systems.leca import golden, mapping

RNG = np.random.default_rng


def naive_scm(v: npt.NDArray[Any], m: npt.NDArray[Any], sign: Any, r: Any = 1.0) -> Any:
    """Eq. 3 in deviations, cycle by cycle."""
    up = un = 0.0
    for x, k, s in zip(v, m, sign, strict=True):
        a = k / (15 * r + k)
        if s > 0:
            up = (1 - a) * up - a * x
        else:
            un = (1 - a) * un - a * x
    return up - un


@pytest.mark.parametrize(
    ("channels", "bits", "ratio"),
    [
        (8, 3, 4),
        (4, 4, 6),
        (4, 3, 8),
        (3, 8, 4),
        (4, 6, 4),
        (6, 4, 4),
        (12, 2, 4),
        (16, 1.5, 4),
        (2, 8, 6),
        (8, 2, 6),
        (2, 6, 8),
        (3, 4, 8),
        (6, 2, 8),
        (8, 1.5, 8),
        (1, 8, 12),
        (2, 4, 12),
        (4, 2, 12),
    ],
)
def test_l1_compression_ratios_of_equation_1(channels: int, bits: float, ratio: int) -> None:
    assert leca.compression_ratio(channels, bits) == ratio


def test_l2_mosaic_with_flattened_kernels_is_the_rgb_convolution() -> None:
    rng = RNG(1)
    rgb, w = rng.random((12, 20, 3)), rng.normal(size=(5, 2, 2, 3))
    seen = golden.convolve(leca.mosaic(rgb), leca.flatten(w))
    wanted = leca.convolve_rgb(rgb, w)
    assert seen.shape == (6, 10, 5)
    np.testing.assert_allclose(seen, wanted, rtol=1e-10, atol=1e-12)


def test_mosaic_is_rggb_and_flatten_agrees() -> None:
    sites = leca.mosaic(np.array([[[1.0, 2.0, 3.0]]]))
    assert sites.tolist() == [[1, 2], [2, 3]]
    w = np.zeros((1, 2, 2, 3))
    w[0, 1, 0] = (4, 6, 8)
    assert leca.flatten(w)[0].tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [4, 3, 0, 0], [3, 8, 0, 0]]


def test_l3_volts_are_deviations_are_effective_weights() -> None:
    rng = RNG(2)
    for _ in range(50):
        m, s = rng.integers(0, 16, 16), rng.choice([-1, 1], 16)
        v, r, common = rng.normal(size=16), rng.uniform(0.3, 4), rng.uniform(0.2, 1.0)
        wanted = naive_scm(v, m, s, r)
        assert leca.scm(v, m, s, r) == pytest.approx(wanted, abs=1e-9)
        assert -(leca.effective_weights(m, s, r) @ v) == pytest.approx(wanted, abs=1e-9)
        volts = leca.scm_volts(v + common, m, s, v_cm=common, c_sample=100, c_out=100 * r)
        assert volts == pytest.approx(wanted, abs=1e-9)


def test_l3_full_weights_forget_by_halves() -> None:
    e = leca.effective_weights([15] * 16, [1] * 16)
    np.testing.assert_allclose(e, [0.5 ** (16 - k) for k in range(16)], rtol=1e-12)
    assert e[0] == pytest.approx(1.5e-5, rel=0.02)
    assert e[-1] == 0.5


@pytest.mark.parametrize(("ratio", "share"), [(1, 0.0016), (2, 0.0288), (4, 0.15), (10, 0.46)])
def test_how_much_the_first_of_16_weights_of_8_counts(ratio: int, share: float) -> None:
    e = leca.effective_weights([8] * 16, [1] * 16, ratio)
    assert e[0] / e[-1] == pytest.approx(share, rel=0.03)


def test_a_weight_of_zero_leaves_the_buffer_alone_and_signs_have_buffers_of_their_own() -> None:
    m, s = [15] + [0] * 14 + [15], [1] + [1] * 14 + [-1]
    assert leca.effective_weights(m, s).tolist() == [0.5] + [0] * 14 + [-0.5]


def test_encode_is_scm_on_every_block() -> None:
    rng = RNG(3)
    sites = rng.random((8, 12))
    m, s = rng.integers(0, 16, (3, 4, 4)), rng.choice([-1, 1], (3, 4, 4))
    y = leca.encode(sites, m, s)
    assert y.shape == (2, 3, 3)
    for i in range(2):
        for j in range(3):
            block = sites[4 * i : 4 * i + 4, 4 * j : 4 * j + 4].ravel()
            for n in range(3):
                assert y[i, j, n] == pytest.approx(naive_scm(block, m[n].ravel(), s[n].ravel()), abs=1e-12)


@pytest.mark.parametrize(
    ("bits", "kind", "codes"),
    [
        (1.5, "midtread", [-1, 0, 1]),
        (2, "midtread", [-1, 0, 1]),
        (3, "midtread", list(range(-3, 4))),
        (4, "midtread", list(range(-7, 8))),
        (8, "midtread", list(range(-127, 128))),
        (1.5, "midrise", [-1, 0, 1]),
        (2, "midrise", [-2, -1, 0, 1]),
        (3, "midrise", list(range(-4, 4))),
        (4, "midrise", list(range(-8, 8))),
        (8, "midrise", list(range(-128, 128))),
    ],
)
def test_l5_code_sets(bits: float, kind: str, codes: Any) -> None:
    y = np.linspace(-3, 3, 20001)
    assert np.unique(leca.quantise(y, bits, 1.7, kind)).tolist() == codes


def test_midtread_takes_the_nearest_level_ties_to_even() -> None:
    assert leca.quantise([0.5, 1.5, 2.5, -0.5, -1.5, 6.9, 9], 4, 7).tolist() == [0, 2, 2, 0, -2, 7, 7]


def test_midrise_gives_the_tie_to_the_lower_code() -> None:
    y = np.array([-0.0, 0.0, 1e-9, 1.0, 1.0000001, -1.0, 7.5, 8.0, 99, -99])
    assert leca.quantise(y, 4, 8, "midrise").tolist() == [-1, -1, 0, 0, 1, -2, 7, 7, 7, -8]


def test_values_of_codes_lie_in_their_intervals() -> None:
    y = RNG(4).uniform(-1, 1, 1000)
    for kind, step in (("midtread", 1 / 7), ("midrise", 1 / 8)):
        back = leca.dequantise(leca.quantise(y, 4, 1.0, kind), 4, 1.0, kind)
        assert np.abs(back - y).max() <= step / 2 + 1e-12


def test_a_limit_for_each_channel() -> None:
    y = np.full((2, 2, 2), 1.0)
    assert leca.quantise(y, 4, [1.0, 7.0])[0, 0].tolist() == [7, 1]


def test_l10_naive_mapping_loses_half_the_kernel_and_the_inverse_a_tenth() -> None:
    """naive: m = round(15 |W| / max |W|); error = min over g of |g eff - W| / |W|; 200 normal kernels of 16 taps."""
    rng = RNG(0)
    naive, ordered = [], []
    for _ in range(200):
        w = rng.normal(size=16)
        naive.append(mapping.relative_error(leca.effective_weights(*mapping.naive(w)), w))
        m, s, gain = leca.inverse(w)
        effective = leca.effective_weights(m, s)
        ordered.append(mapping.relative_error(effective, w))
        assert np.linalg.norm(effective / gain - w) <= 1.05 * ordered[-1] * np.linalg.norm(w)
    assert np.median(naive) > 0.5
    assert np.median(ordered) < 0.15


def test_inverse_of_effective_weights_finds_them_again() -> None:
    rng = RNG(5)
    m, s = rng.integers(0, 8, 16), rng.choice([-1, 1], 16)
    e = leca.effective_weights(m, s)
    back, sign, gain = leca.inverse(e.reshape(4, 4))
    assert back.shape == sign.shape == (4, 4)
    assert mapping.relative_error(leca.effective_weights(back, sign), e) < 0.06
    assert gain == pytest.approx(1, rel=0.5)


def test_inverse_of_nothing() -> None:
    m, s, gain = leca.inverse(np.zeros(16))
    assert (m == 0).all()
    assert (s == 1).all()
    assert gain == 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: leca.encode(np.zeros((6, 8)), np.zeros((1, 16)), np.ones((1, 16))), "multiples of 4"),
        (lambda: leca.scm(np.zeros(16), [16] + [0] * 15, [1] * 16), r"0\.\.15"),
        (lambda: leca.scm(np.zeros(16), [1.5] + [0] * 15, [1] * 16), "integers"),
        (lambda: leca.scm(np.zeros(16), [1] * 16, [0] * 16), r"\+1 or -1"),
        (lambda: leca.scm(np.zeros(15), [1] * 16, [1] * 16), "16 taps"),
        (lambda: leca.scm(np.zeros(16), [1] * 16, [1] * 16, 0), "above 0"),
        (lambda: leca.flatten(np.ones((1, 2, 2, 3), int)), "odd green"),
        (lambda: leca.flatten(np.ones((2, 2, 3))), r"\(N, 2, 2, 3\)"),
        (lambda: leca.quantise(0.0, 4, 0), "above 0"),
        (lambda: leca.quantise(0.0, 4, float("nan")), "finite"),
        (lambda: leca.quantise(0.0, 4, float("inf")), "finite"),
        (lambda: leca.quantise(float("nan"), 4, 1), "finite"),
        (lambda: leca.quantise(0.0, 9, 1), r"2\.\.8"),
        (lambda: leca.quantise(0.0, 2.5, 1), r"2\.\.8"),
        (lambda: leca.quantise(0.0, 1, 1), r"2\.\.8"),
        (lambda: leca.quantise(0.0, 4, 1, "round"), "midtread, midrise"),
        (lambda: leca.inverse(np.full(16, np.nan)), "finite"),
        (lambda: leca.compression_ratio(0, 4), "at least 1"),
        (lambda: leca.mosaic(np.zeros((4, 4))), r"\(H, W, 3\)"),
    ],
)
def test_bad_input_is_named(call: Any, says: str) -> None:
    with pytest.raises(ScampError, match=says):
        call()
