"""Convolutions on macropixels: masks, exactness, words. The word bars of P2M and of the spiking front end."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine
from scamp_sim.compiler import assemble
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels import p2m, snn
from scamp_sim.kernels.macropixels import Layout, Mapping, largest_exponent, most_channels
from scamp_sim.kernels.macropixels.covers import cover, order
from scamp_sim.kernels.macropixels.program import random_weights

DIGIT = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)


def sums_by_hand(weights: npt.NDArray[Any], bits: int, exponent: int, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What a plain loop gives, in LSB."""
    k = weights.shape[1]
    x = 254 * picture.astype(np.float64) / 255 - 127
    out = np.zeros((len(weights), 256 // k, 256 // k))
    for o, i, j in np.ndindex(weights.shape):
        out[o] += weights[o, i, j] * x[i::k, j::k]
    in_lsb: npt.NDArray[Any] = out * 2**exponent / (k * k * 2 ** (bits - 1))
    return in_lsb


def test_covers_hold_their_target_and_nothing_else() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        target = int(rng.integers(0, 1 << 16))
        free = int(rng.integers(0, 1 << 16)) & ~target
        union = 0
        for r in cover(target, free, 4):
            union |= r.taps(4)
        assert union & target == target
        assert union & ~(target | free) == 0
        assert len(cover(target, free, 4)) <= 4


def test_orders_write_the_plane_that_was_asked_for() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        plane = tuple(int(v) for v in rng.integers(-1, 2, 16))
        plan = order(plane, 4)
        got = [plan.base] * 16
        for value, masks in plan.steps:
            for r in masks:
                got = [value if r.taps(4) >> n & 1 else v for n, v in enumerate(got)]
        assert tuple(got) == plane


CASES = [
    (4, 8, 1, 0, False),
    (4, 16, 1, 1, True),
    (4, 16, 3, 0, True),
    (4, 8, 3, 2, False),
    (4, 8, 5, 3, True),
    (4, 3, 7, 0, True),
    (2, 4, 1, 1, True),
    (2, 3, 3, 0, False),
    (8, 5, 1, 0, True),
    (8, 2, 3, 5, False),
]


@pytest.mark.parametrize("case", CASES)
def test_p2m_bar_12_sums_are_exact(case: tuple[int, int, int, int, bool]) -> None:
    k, channels, bits, exponent, cure = case
    weights = random_weights(channels, k, bits, seed=k + bits)
    mapping = Mapping(weights, bits, exponent, cure)
    run = Machine().run(assemble(mapping.text("sums", readout="    output d = D;\n")), inputs={"picture": DIGIT})
    expected = sums_by_hand(weights, bits, exponent, DIGIT)
    np.testing.assert_allclose(mapping.sums(DIGIT / 255), expected, atol=1e-9)
    assert np.abs(mapping.layout.gather(run.outputs["d"]) - expected).max() < 1e-3
    assert run.profile.words == mapping.words()


@pytest.mark.parametrize("cure", [True, False])
def test_cure_takes_the_offset_of_a_transfer_back(cure: bool) -> None:
    weights = random_weights(8, 4, 3, seed=5)
    mapping = Mapping(weights, 3, 1, cure)
    m = Machine(errors="ideal:transfer_offset=20")
    run = m.run(assemble(mapping.text("sums", readout="    output d = D;\n")), inputs={"picture": DIGIT})
    got: npt.NDArray[Any] = mapping.layout.gather(run.outputs["d"])
    off = got - mapping.sums(DIGIT / 255)
    if cure:
        assert np.abs(off).max() < 1.1  # the readout rounds to whole LSB and ends at -128 and 127
    else:
        assert np.median(np.abs(off)) > 20


def words_of(channels: int, bits: int, sets: int, cure: bool = False, store: str = "D") -> list[int]:
    return [Mapping(random_weights(channels, 4, bits, s), bits, 0, cure).words(store) for s in range(sets)]


# channels, magnitude bits, bar on the mean over 100 sets
WORDS = [(8, 1, 267), (16, 1, 496), (8, 3, 523), (16, 3, 1031)]


@pytest.mark.parametrize(("channels", "bits", "bar"), WORDS)
def test_words_of_a_frame(channels: int, bits: int, bar: int) -> None:
    words = words_of(channels, bits, 10)
    assert np.mean(words) <= bar
    assert max(words) <= 1.08 * bar


@pytest.mark.nightly
@pytest.mark.parametrize(("channels", "bits", "bar"), WORDS)
def test_words_of_a_frame_over_100_sets(channels: int, bits: int, bar: int) -> None:
    words = words_of(channels, bits, 100)
    assert np.mean(words) <= bar
    assert max(words) <= 1.08 * bar


def test_words_with_cure_spikes_and_membrane() -> None:
    assert max(words_of(8, 1, 10, cure=True)) <= 295
    for channels, bar in ((8, 270), (16, 499)):
        words = [3 + w for w in words_of(channels, 1, 10)]
        assert np.mean(words) <= bar
        assert max(words) <= 1.08 * bar
        frame = snn.frame(Mapping(random_weights(channels, 4, 1, 0), 1, 0, False))
        m = Machine()
        m.run(snn.thresholds(Mapping(random_weights(channels, 4, 1, 0), 1, 0, False), [0] * channels))
        run = m.run(frame, inputs={"picture": DIGIT})
        assert run.profile.words == words[0]
        assert run.profile.readout_bytes == 8192
    step = snn.lif_step(Mapping(random_weights(16, 4, 1, 0), 1, 0, False), leak=0.5, reset="subtract")
    assert sum(len(k.words) for k in step.kernels.values()) + 16 <= 533


@pytest.mark.parametrize(("k", "channels", "bits"), [(4, 8, 1), (4, 16, 3), (4, 6, 1), (2, 3, 2), (8, 5, 1)])
def test_relu_with_shift_and_samples(k: int, channels: int, bits: int) -> None:
    mapping = Mapping(random_weights(channels, k, bits, seed=3), bits)
    shifts = [int(v) for v in np.random.default_rng(4).integers(-20, 20, channels)]
    m = Machine()
    m.run(p2m.shifts(mapping, shifts))
    run = m.run(p2m.frame(mapping), inputs={"picture": DIGIT})
    samples = [run.outputs[f"maps{n}"] for n in range(len(mapping.layout.readouts()))]
    got = mapping.layout.from_samples(samples).astype(int) - 128
    expected = np.maximum(0, mapping.sums(DIGIT / 255) + np.array(shifts)[:, None, None])
    exact: npt.NDArray[Any] = mapping.layout.gather(m.read("D"))
    np.testing.assert_allclose(exact, expected, atol=1e-3)
    assert np.abs(got - np.clip(expected, 0, 127)).max() < 0.5 + 1e-3
    assert run.profile.readout_bytes == channels * (256 // k) ** 2


@pytest.mark.parametrize(("channels", "bits"), [(8, 1), (16, 1), (8, 3), (16, 3)])
def test_snn_bar_11_spikes(channels: int, bits: int) -> None:
    mapping = Mapping(random_weights(channels, 4, bits, seed=6), bits)
    levels = [int(v) for v in np.random.default_rng(7).integers(-10, 10, channels)]
    m = Machine()
    m.run(snn.thresholds(mapping, levels))
    run = m.run(snn.frame(mapping), inputs={"picture": DIGIT})
    above = mapping.sums(DIGIT / 255) - np.array(levels)[:, None, None]
    clear = np.abs(above) > 1e-3  # ties apart
    wrong = (mapping.layout.gather(run.outputs["spikes"]) != (above > 0)) & clear
    assert not wrong.any()
    assert np.mean(clear) > 0.999


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@pytest.mark.parametrize("leak", [1.0, 0.5, 0.25])
def test_snn_bar_11_membrane(leak: float, reset: str) -> None:
    mapping = Mapping(random_weights(16, 4, 1, seed=8), 1, cure=reset != "none")
    levels = np.arange(3, 19)
    rng = np.random.default_rng(9)
    m = Machine()
    m.run(snn.thresholds(mapping, levels.tolist(), membrane=True))
    step = snn.lif_step(mapping, leak=leak, reset=reset)
    u = np.zeros((16, 64, 64))
    for _ in range(8):
        picture = rng.integers(0, 256, (256, 256)).astype(np.uint8)
        run = m.run(step, inputs={"picture": picture})
        u = leak * u + mapping.sums(picture / 255)
        above = u - levels[:, None, None]
        fired = mapping.layout.gather(run.outputs["spikes"])
        assert not ((fired != (above > 0)) & (np.abs(above) > 1e-3)).any()
        u = np.where(fired, {"subtract": above, "zero": 0 * u, "none": u}[reset], u)
        membrane: npt.NDArray[Any] = mapping.layout.gather(m.read("D"))
        np.testing.assert_allclose(membrane, u, atol=1e-3)


def test_exponent_is_the_largest_by_which_no_result_passes_256() -> None:
    ones = np.ones((1, 4, 4), int)
    assert Mapping(ones).g == 1
    assert Mapping(ones).bound() == 254
    few = np.zeros((1, 4, 4), int)
    few[0, 0, 0] = 1
    assert Mapping(few).g == largest_exponent(4) == 3
    assert most_channels(2) == 4


@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_the_range_analysis_proves_the_bound(exponent: int) -> None:
    from scamp_sim.ranges import analyse

    # Every tap counts fully in one channel, so that the bound of the weights is the one that any analysis must find.
    mapping = Mapping(np.where(np.indices((2, 4, 4)).sum(0) % 2, 1, -1), 1, exponent)
    found: dict[str, Any] = {r.name: r.run for r in analyse(p2m.frame(mapping, activation=False)).registers}
    assert max(map(abs, found["D"])) == pytest.approx(mapping.bound()) == 127 * 2**exponent
    assert max(map(abs, found["A"])) == 127


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mapping(np.zeros((1, 5, 5), int)), "kernel = stride = 2, 4 or 8"),
        (
            lambda: Mapping(np.zeros((17, 4, 4), int)),
            r"17 channels do not fit 4x4 macropixels, which have room for 1\.\.16",
        ),
        (lambda: Mapping(np.zeros((5, 2, 2), int)), r"room for 1\.\.4"),
        (lambda: Mapping(np.full((1, 4, 4), 2)), r"weight \[0\]\[0\]\[0\] is 2"),
        (lambda: Mapping(np.full((1, 4, 4), 0.5)), "whole weights"),
        (lambda: Mapping(np.zeros((1, 3, 4, 4), int)), "no colour filter"),
        (lambda: Mapping(np.zeros((1, 4, 4), int), 8), "1..7 magnitude bits"),
        (lambda: Mapping(np.zeros((1, 4, 4), int), 1, 4), r"range exponent of 0\.\.3"),
        (lambda: snn.thresholds(Mapping(np.zeros((1, 4, 4), int)), [200]), "outside of the converter"),
        (lambda: snn.lif_step(Mapping(np.zeros((1, 4, 4), int)), leak=0.9, reset="none"), "a leak of 0.9"),
        (lambda: Layout(4, 0), "0 channels"),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        make()
