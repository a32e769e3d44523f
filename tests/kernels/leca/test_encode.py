"""LeCA's encoder on the array: words, codes, what fits, and what a chip's errors leave of the sums. Bars L12-L14."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine
from scamp_sim.costs.timing import load_timing, profile
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels import leca
from scamp_sim.kernels.leca.mapping import LARGEST_WEIGHT, MOST_CHANNELS, level_of, sums_of

Array = npt.NDArray[Any]

SHAPE = (256, 256)


def drawn(seed: int, channels: int = 4, side: int = 4) -> Array:
    return np.random.default_rng(seed).integers(-LARGEST_WEIGHT, LARGEST_WEIGHT + 1, (channels, side, side))


@cache
def photograph() -> Array:
    """A colour photograph as a 256x256 mosaic RGGB of grey 0..255."""
    cbook = pytest.importorskip("matplotlib.cbook")
    from PIL import Image

    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as picture:
        rgb = np.asarray(picture.convert("RGB").resize((128, 128), Image.Resampling.BOX))
    sites = np.repeat(np.repeat(rgb[..., 1], 2, axis=0), 2, axis=1)
    sites[0::2, 0::2], sites[1::2, 1::2] = rgb[..., 0], rgb[..., 2]
    return sites.astype(np.int64)


def noise_picture(seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, SHAPE)


def sums(image: Array, weights: Array, form: leca.Form) -> Array:
    """Sums in LSB, tap by tap: (channels, rows, columns)."""
    x = image * 127 / 255
    side = form.side
    total = np.zeros((len(weights), SHAPE[0] // side, SHAPE[1] // side))
    for i in range(side):
        for j in range(side):
            total += weights[:, i, j, None, None] * x[i::side, j::side]
    scaled: Array = total / 2**form.scale
    return scaled


def wanted(y: Array, form: leca.Form) -> Array:
    """Codes by thresholds: mid-rise, the tie to the lower code; ternary beyond half the limit."""
    if form.bits == 1.5:
        ternary: Array = (y > form.limit / 2).astype(int) - (y < -form.limit / 2).astype(int)
        return ternary
    count = 2 ** int(form.bits)
    thresholds = [(n - count // 2) * form.limit / (count // 2) for n in range(1, count)]
    return cast("Array", sum((y > t).astype(int) for t in thresholds) - count // 2)


def encoded(image: Array, weights: Array, form: leca.Form, machine: Machine | None = None) -> Array:
    m = machine or Machine()
    m.run(leca.program(weights, form, setup=True, frame=False), registers=False)
    m.expose(image)
    outputs = m.run(leca.program(weights, form)).outputs
    return leca.codes_of([outputs[f"codes{n}"] for n in range(form.planes)], form)


def differing(image: Array, weights: Array, form: leca.Form) -> tuple[int, int]:
    """(codes that differ with the sum off every threshold, ties)."""
    y = sums(image, weights, form)
    got, ours = encoded(image, weights, form), wanted(y, form)
    step = form.limit / (1 if form.bits == 1.5 else 2 ** (int(form.bits) - 1))
    off = y / step - (0.5 if form.bits == 1.5 else 0)
    tie = np.abs(off - np.rint(off)) < 1e-4
    return int(((got != ours) & ~tie).sum()), int(((got != ours) & tie).sum())


@pytest.mark.parametrize("seed", range(20))
def test_l13_words_and_l12_codes_of_20_draws(seed: int) -> None:
    """4 channels x 4 bits: at most 380 words (bar 450) and exact codes, on each of 20 draws."""
    weights = drawn(seed)
    form = leca.Form(4, bits=4, level=level_of(2 * sums(noise_picture(), weights, leca.Form(4)).std())[0])
    cost = profile(leca.program(weights, form), load_timing("scamp5d"), SHAPE)
    assert cost.words <= 380
    assert cost.words == 296
    assert cost.readout_bytes == 8192
    image = photograph() if seed % 2 else noise_picture(seed)
    wrong, ties = differing(image, weights, form)
    assert wrong == 0
    assert ties <= 8


def test_photograph_and_random_picture_with_both_ends_of_the_code() -> None:
    weights = drawn(3)
    weights -= np.rint(weights.mean(axis=(1, 2), keepdims=True)).astype(int)
    weights = weights.clip(-15, 15)
    for image in (photograph(), noise_picture(5)):
        y = sums(image, weights, leca.Form(4))
        level, lifts = level_of(1.5 * y.std())
        form = leca.Form(4, level=level, lifts=lifts)
        assert differing(image, weights, form)[0] == 0
        assert np.unique(wanted(y, form)).tolist() == list(range(-8, 8))


@pytest.mark.parametrize(
    ("channels", "side", "bits", "scale", "words", "planes"),
    [
        (4, 4, 3, 7, 286, 1),
        (4, 4, 2, 6, 276, 1),
        (4, 4, 1.5, 6, 273, 1),
        (3, 4, 4, 8, 239, 1),
        (8, 4, 2, 7, 545, 1),
        (8, 4, 3, 7, 576, 2),
        (12, 4, 1.5, 8, 816, 2),
        (4, 2, 1.5, 5, 152, 2),
        (4, 2, 4, 6, 202, 4),
        (3, 2, 3, 5, 162, 4),
        (8, 2, 2, 6, 308, 4),
    ],
)
def test_combinations_that_fit(channels: int, side: int, bits: float, scale: int, words: int, planes: int) -> None:
    form = leca.Form(channels, side, bits, scale, level=30)
    weights = drawn(channels, channels, side)
    cost = profile(leca.program(weights, form), load_timing("scamp5d"), SHAPE)
    assert (cost.words, form.planes, cost.readout_bytes) == (words, planes, 8192 * planes)
    assert cost.stored_words <= 1024
    assert differing(noise_picture(2), weights, form)[0] == 0


def test_every_combination_that_is_offered_assembles() -> None:
    for (side, wires), most in MOST_CHANNELS.items():
        form = leca.Form(most, side, wires, leca.finest_scale(drawn(0, most, side), side))
        assert leca.program(drawn(0, most, side), form).readouts
        with pytest.raises(ProgramError, match=r"up to 1[26] channels of 1\.5 or 2 bits, or 8 of 3 or 4"):
            leca.Form(most + 1, side, wires)


def test_set_up_keeps_from_frame_to_frame() -> None:
    weights, form, m = drawn(1), leca.Form(4), Machine()
    first = encoded(noise_picture(1), weights, form, m)
    m.expose(noise_picture(2))
    second = leca.codes_of([m.run(leca.program(weights, form)).outputs["codes0"]], form)
    np.testing.assert_array_equal(second, encoded(noise_picture(2), weights, form))
    m.expose(noise_picture(1))
    third = leca.codes_of([m.run(leca.program(weights, form)).outputs["codes0"]], form)
    np.testing.assert_array_equal(third, first)


def test_a_frame_makes_no_host_call_and_bits_lie_where_the_form_says() -> None:
    form = leca.Form(4)
    program = leca.program(drawn(0), form)
    assert profile(program, load_timing("scamp5d"), SHAPE).time_breakdown["host calls"] == 0
    assert [form.place(2, b) for b in range(4)] == [(0, 2, b) for b in range(4)]
    assert leca.Form(8, bits=2).place(5, 1) == (0, 1, 3)
    assert leca.Form(8, bits=3).place(5, 1) == (1, 1, 1)
    assert leca.Form(4, 2, 4, 6).place(3, 3) == (3, 1, 1)


def test_both_engines_agree() -> None:
    weights, form = drawn(4), leca.Form(4, bits=3)
    image = noise_picture(3)
    slow = encoded(image, weights, form, Machine(engine="reference"))
    fast = encoded(image, weights, form)
    assert (slow != fast).sum() <= 2


def fitted(got: Array, y: Array) -> tuple[float, float, float]:
    """gain, offset, rms of what is left."""
    a = np.stack([y.ravel(), np.ones(y.size)], axis=1)
    (gain, offset), *_ = np.linalg.lstsq(a, got.ravel(), rcond=None)
    return gain, offset, float((got.ravel() - a @ [gain, offset]).std())


def on_chip(serial: int, weights: Array, form: leca.Form) -> tuple[Array, Array]:
    """Sums of the photograph in the register, and then through the converter."""
    m = Machine(errors="scamp5", chip=serial, seed=serial)
    m.run(leca.program(weights, form, setup=True, frame=False), registers=False)
    m.expose(photograph())
    m.run(leca.program(weights, form, group=0), registers=False)
    register = sums_of(m.read(form.register), form, 0)[..., 0]
    return register, sums_of(m.call("scamp5_output_image", form.register).astype(float) - 128, form, 0)[..., 0]


@pytest.mark.parametrize("serial", [1, 2, 3])
def test_l14_residual_of_the_sums_on_a_chip(serial: int) -> None:
    """At most 1.5 LSB in the register before any readout, at most 4 through the converter; gain and offset fitted."""
    weights, form = drawn(serial), leca.Form(4)
    y = sums(photograph(), weights, form)
    register, converted = on_chip(serial, weights, form)
    for n in range(4):
        gain, offset, left = fitted(register[n], y[n])
        assert left <= 1.5
        assert 0.6 < gain < 1.2
        assert abs(offset) <= 3  # -75 without care, -7 with a constant added before the sums
        assert fitted(converted[n], y[n])[2] <= 4


def test_l14_codes_from_the_sums_of_a_chip() -> None:
    """Ranges of 2.5 standard deviations: 2-bit codes within one step in 99 %, 3-bit codes equal in 85 % where the sums
    spread over 10 LSB and more."""
    weights, form = drawn(0), leca.Form(4, scale=8)
    y = sums(photograph(), weights, form)
    register, _ = on_chip(1, weights, form)
    for n in range(4):
        gain, offset, _ = fitted(register[n], y[n])
        centre, limit = y[n].mean(), 2.5 * y[n].std()
        back = (register[n] - offset) / gain
        for bits, within, share in ((2, 1, 0.99), (3, 0, 0.85)):
            other = leca.Form(4, bits=bits, scale=8)
            scaled = [(v - centre) / limit * other.limit for v in (back, y[n])]
            away = np.abs(wanted(scaled[0], other) - wanted(scaled[1], other))
            if bits == 2 or y[n].std() >= 10:
                assert (away <= within).mean() >= share, (n, bits, y[n].std())


def test_codes_of_a_chip_err_by_neighbours() -> None:
    """What noise does between the columns of a block: a Gray code takes one code for the next, not for any other."""
    weights = drawn(0)
    y = sums(photograph(), weights, leca.Form(4, scale=6))
    level, lifts = level_of(2 * y.std())
    form = leca.Form(4, scale=6, level=level, lifts=lifts)
    codes = encoded(photograph(), weights, form, Machine(errors="scamp5", chip=1, seed=1))
    for n in range(4):
        clipped = y[n].clip(-form.limit, form.limit)
        assert np.corrcoef(codes[n].ravel(), clipped.ravel())[0, 1] > 0.9


def test_the_finest_scale_holds_the_largest_sum() -> None:
    assert leca.finest_scale(np.full((1, 4, 4), 15), 4) == 8
    assert leca.finest_scale(np.full((1, 4, 4), 4), 4) == 6
    assert leca.finest_scale(np.array([[[7] * 4, [-7] * 4, [7] * 4, [-7] * 4]]), 4) == 6
    assert leca.finest_scale(np.full((1, 2, 2), 15), 2) == 6


@pytest.mark.parametrize(
    ("limit", "level"), [(10, (20, 2)), (60, (120, 2)), (100, (100, 1)), (254, (127, 0)), (0.6, (1, 2))]
)
def test_level_of_a_limit(limit: float, level: tuple[int, int]) -> None:
    assert level_of(limit) == level


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: leca.program(np.full((4, 4, 4), 16), leca.Form(4)), r"-15\.\.15"),
        (lambda: leca.program(np.zeros((4, 4, 4)), leca.Form(4)), "integers"),
        (lambda: leca.program(drawn(0, 3), leca.Form(4)), r"shape \(4, 4, 4\)"),
        (lambda: leca.Form(4, bits=5), "1.5, 2, 3 or 4 bits"),
        (lambda: leca.Form(4, side=3), "4x4 or 2x2"),
        (lambda: leca.Form(4, scale=9), "scale"),
        (lambda: leca.Form(4, level=0), "level"),
        (lambda: level_of(0.1), "change the scale"),
        (lambda: level_of(400), "change the scale"),
        (lambda: leca.codes_of([], leca.Form(4)), "1 bit planes, got 0"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ProgramError, match=says):
        call()
