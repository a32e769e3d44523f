"""What is written about the chip, held against `scamp5`: section and source beside each fact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.compiler import assemble
from scamp_sim.silicon import KNOBS, ChipProfile, load_profile
from scamp_sim.silicon.chip import compressed
from tests.errors.helpers import READ_A, SHAPE, bus, machine, program

RANDOM = {k.name: 0.0 for k in KNOBS.values() if "rms" in k.unit}


def scamp5(**knobs: float) -> ChipProfile:
    """A chip without what is random."""
    return load_profile("scamp5").drawn(0).changed(**RANDOM, **knobs)


def run(errors: ChipProfile | str, source: str, result: str, **planes: float) -> np.ndarray:
    m = Machine(SHAPE, errors) if isinstance(errors, ChipProfile) else machine(errors)
    for register, value in planes.items():
        m.write(register, value)
    m.run(assemble(source), registers=False)
    return m.read(result).astype(np.float64)


def test_halving_with_diva_cancels_the_mismatch_and_divq_does_not() -> None:
    """D KAPI, KIM note 4; M KUR: divq is rated as imprecise, diva as accurate."""
    mismatch = 0.04
    accurate = run(f"split_mismatch={mismatch}", "diva(A, B, C);", "A", A=100) - 50
    quick = run(f"split_mismatch={mismatch}", "divq(B, A);", "B", A=100) - 50
    assert quick.std() == pytest.approx(50 * mismatch, rel=0.04)
    assert np.abs(accurate).max() <= 50 * (mismatch * 4.5) ** 2  # of second order
    assert accurate.std() < quick.std() / 10


def test_a_single_bus_keeps_the_transfer_offset_and_a_macro_does_not() -> None:
    """D KIM: delta of about 20 with each transfer."""
    profile = scamp5()
    offset = profile["transfer_offset"] + profile["register_offset"]
    assert 15 < offset < 25
    np.testing.assert_allclose(run(profile, "bus(B, A);", "B", A=0), offset, atol=0.01)
    left = abs(profile["register_offset"]) + profile["gain_loss"] * 25 + 0.01
    for macro in ("mov(B, A);", "neg(B, A);", "add(B, A, C);", "sub(B, A, C);", "res(B);"):
        assert np.abs(run(profile, macro, "B", A=0, C=0)).max() < 2 * left, macro


def test_150_is_more_than_the_readout_shows_and_less_than_a_register_holds() -> None:
    """D 5C-DOC: two values of about 75 and 80 add up to more than 127, and halving recovers them."""
    errors = scamp5(gain_loss=0, register_offset=0, readout_offset=0, readout_smear=0, split_loss=0, split_offset=0)
    m = Machine(SHAPE, errors)
    m.write("B", 75)
    m.write("C", 75)
    m.run(assemble("add(A, B, C);"), registers=False)
    np.testing.assert_array_equal(m.run(READ_A).outputs["a"], 127)
    m.run(assemble("diva(A, D, E);"), registers=False)
    np.testing.assert_allclose(m.read("A"), 75, atol=1)
    np.testing.assert_allclose(m.run(READ_A).outputs["a"], 75, atol=1)


def test_compression_begins_at_the_linear_range_and_ends_at_saturation() -> None:
    """R: linear to 150, smooth towards 200."""
    values = np.arange(-400, 401, dtype=np.float32)
    bent = compressed(values, np.float32(150), np.float32(100))
    inside = np.abs(values) <= 150
    np.testing.assert_array_equal(bent[inside], values[inside])
    np.testing.assert_allclose(bent[np.abs(values) >= 250], 200 * np.sign(values[np.abs(values) >= 250]))
    np.testing.assert_allclose(bent, -bent[::-1])
    slopes = np.diff(bent)
    assert slopes.min() >= 0
    assert slopes.max() <= 1 + 1e-5
    assert np.abs(np.diff(slopes)).max() < 0.011, "no kink"
    assert compressed(np.array([200], np.float32), np.float32(150), np.float32(100))[0] == pytest.approx(187.5)


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_registers_saturate_and_never_wrap(engine: str) -> None:
    """M KUR: adding 64 three times and taking it off three times is lossy."""
    m = machine("linear_range=150,saturation=200", engine=engine, shape=(64, 64))
    m.write("B", 64)
    m.run(assemble("add(A, A, B); add(A, A, B); add(A, A, B); add(A, A, B); add(A, A, B);"), registers=False)
    assert (np.abs(m.read("A")) <= 200).all()
    assert (m.read("A") > 150).all()
    m.run(assemble("sub(A, A, B); sub(A, A, B); sub(A, A, B); sub(A, A, B); sub(A, A, B);"), registers=False)
    assert (m.read("A") < -50).all()
    m.write("C", 2000)
    m.run(program(bus("A", "C")), registers=False)
    np.testing.assert_allclose(m.read("A"), -200)


def test_an_image_is_what_was_seen() -> None:
    """The half-range image is 0..127 (D KIM); a few LSB of it are errors."""
    m = Machine(SHAPE, "scamp5", chip=3, seed=4)
    ramp = np.tile(np.linspace(0, 255, SHAPE[1]), (SHAPE[0], 1)).astype(np.uint8)
    m.expose(ramp)
    m.run(assemble("get_image(A);"), registers=False)
    error = m.read("A") - ramp * np.float32(127 / 255)
    assert abs(error.mean()) < 8
    assert error.std() < 4
    assert error.std() > 0.1


def test_readouts_of_the_typical_chip_are_whole_numbers_in_range() -> None:
    m = Machine(SHAPE, "scamp5", chip=3, seed=4)
    m.write("A", np.tile(np.linspace(-160, 160, SHAPE[1], dtype=np.float32), (SHAPE[0], 1)))
    seen = m.run(READ_A).outputs["a"]
    np.testing.assert_array_equal(seen, np.rint(seen))
    assert (seen.min(), seen.max()) == (-128, 127)


@pytest.mark.parametrize(
    "words", [[bus("XN", "A B D")], [bus("E", "A B D")], [bus("XN XE", "A B")], [bus("E F", "A B D")]]
)
def test_a_gain_is_of_the_sum_that_arrives(words: list[Any]) -> None:
    """However large: what is cut off, at 8192 LSB in `ideal`, is what a register then holds."""
    planes = []
    for engine in ("reference", "fast"):
        m = machine("gain_loss=0.5", engine=engine, shape=(64, 64))
        for register, value in (("A", 8000), ("B", 7000), ("D", 500)):
            m.write(register, value)
        m.run(program(*words))
        planes.append([m.read(r)[30:34, 30:34] for r in ("E", "F", "NEWS")])
    one, other = planes
    np.testing.assert_array_equal(one, other)
    assert any(np.abs(p).max() > 3000 for p in planes[0])
