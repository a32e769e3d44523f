"""The released pixel curve, tables and general pixels."""

import numpy as np
import pytest

from scamp_sim.exceptions import ScampError
from scamp_sim.systems import p2m
from scamp_sim.systems.pixels import IDEAL, RELEASED, TablePixel
from scamp_sim.systems.pixels.curve import PolynomialPixel, not_monotonic, pixel_of, slopes_of

# Released polynomial, evaluated apart from this project (six decimals): rows are widths, columns light.
WIDTHS, LIGHTS = (0, 0.5, 1, 3, -1), (0, 0.25, 0.5, 0.75, 1)
VALUES = [
    [0.009319, 0.096067, 0.169400, 0.220677, 0.241256],
    [0.196862, 0.296795, 0.380589, 0.439602, 0.465194],
    [0.384405, 0.497523, 0.591778, 0.658528, 0.689131],
    [1.134578, 1.300436, 1.436534, 1.534230, 1.584882],
    [-0.365767, -0.305389, -0.252978, -0.217174, -0.206619],
]


def test_p2m_bar_1_curve_values() -> None:
    f = p2m.curve(np.array(WIDTHS)[:, None], np.array(LIGHTS))
    assert f.dtype == np.float64
    np.testing.assert_allclose(f, VALUES, atol=1e-6)


def test_p2m_bar_1_slopes() -> None:
    by_width, _ = RELEASED.slopes(0.0, np.array([0, 0.5, 1]))
    np.testing.assert_allclose(by_width, [0.375086, 0.422378, 0.447875], atol=1e-6)


def test_p2m_bar_1_interaction_is_a_five_hundredth_of_the_variance() -> None:
    f = p2m.curve(np.linspace(0, 1, 101)[:, None], np.linspace(0, 1, 1001))
    rows, columns = f.mean(1, keepdims=True), f.mean(0, keepdims=True)
    share = np.mean((f - rows - columns + f.mean()) ** 2) / f.var()
    assert share == pytest.approx(0.0018, abs=2e-4)


def test_curve_grows_over_the_widths_that_transistors_have() -> None:
    assert not_monotonic(RELEASED, 3.0) is None
    # d f / d light at light 1 is 0.0094 + 0.0292 w: it changes sign at w = -0.322.
    _, by_light = RELEASED.slopes(np.array([-0.321, -0.323]), 1.0)
    assert by_light[0] > 0 > by_light[1]


def test_a_table_of_the_curve_gives_the_curve_between_its_points() -> None:
    w, light = np.linspace(0, 3, 7), np.linspace(0, 1, 401)
    table = TablePixel(w, light, RELEASED(w[:, None], light))
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0, 3, 1000), rng.random(1000)
    np.testing.assert_allclose(table(a, b), RELEASED(a, b), atol=2e-6)
    with pytest.raises(ScampError, match=r"width 3\.5 is outside"):
        table(3.5, 0.5)


def test_table_refuses_other_forms() -> None:
    with pytest.raises(ScampError, match=r"expected values of shape \(2, 3\)"):
        TablePixel(np.arange(2.0), np.arange(3.0), np.zeros((3, 2)))
    with pytest.raises(ScampError, match="increasing"):
        TablePixel(np.array([1.0, 0.0]), np.arange(3.0), np.zeros((2, 3)))
    with pytest.raises(ScampError, match="not finite"):
        TablePixel(np.arange(2.0), np.arange(2.0), np.full((2, 2), np.nan))


def test_slopes_of_any_pixel() -> None:
    rng = np.random.default_rng(1)
    w, light = rng.uniform(0, 3, 50), rng.random(50)
    exact = RELEASED.slopes(w, light)
    numeric = slopes_of(lambda a, b: RELEASED(a, b), w, light)
    np.testing.assert_allclose(numeric[0], exact[0], rtol=1e-5)
    np.testing.assert_allclose(numeric[1], exact[1], atol=1e-6)


def test_pixels_by_name() -> None:
    assert pixel_of("ideal") is IDEAL
    assert IDEAL(2.0, 0.25) == 0.5
    with pytest.raises(ScampError, match="expected 'ideal', 'curve' or a function"):
        pixel_of("cubic")
    with pytest.raises(ScampError, match="finite"):
        PolynomialPixel((np.nan,), (1.0,))
    assert "falls with light" in str(not_monotonic(lambda w, x: -w * x, 1.0))
