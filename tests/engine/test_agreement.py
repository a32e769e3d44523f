"""The fast engine against the reference on random programs: no plane differs in any PE, digital or analog."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scamp_sim import ArrayOptions, ErrorModel
from scamp_sim.chip import isa
from scamp_sim.chip.program import Program
from scamp_sim.engine import make_engine
from scamp_sim.silicon import load_errors
from tests.engine.programs import random_program, random_state

SHAPES = ((64, 64), (64, 128), (128, 64), (64, 192))
OPTIONS = (
    ArrayOptions(),
    ArrayOptions(prop_reach=3),
    ArrayOptions(prop_reach=None, port_mix="sum", flag_gates_rpix=True),
)


class WordByWord(ErrorModel):
    """Ideal values, but the fast engine must not join words: how models with errors are lowered."""

    exact = False


ERRORS = (ErrorModel(), ErrorModel(limit=200.0), WordByWord(limit=300.0))


CHIPS = (
    "scamp5",
    "scamp5:stuck_cells=40,pix_read=0.8,comparator_spread=1",
    "ideal:write_noise=3,linear_range=60,saturation=90,digital_end_noise=0.5",
    "imperial:stuck_cells=20",
    "ideal:split_loss=0.04,split_offset=1.7,write_noise=0.3",
    "ideal:split_mismatch=0.1,gain_spread=0.05,load_spread=3,stuck_cells=900,digital_end_noise=2",
)
"""Profiles whose errors both engines must draw alike; decay is no business of theirs."""


def check(program: Program, seed: int, errors: ErrorModel | None = None) -> float:
    """Run a program twice on both engines; the greatest difference of analog values, in LSB."""
    shape = SHAPES[seed % len(SHAPES)]
    options, errors = OPTIONS[seed // 4 % len(OPTIONS)], errors or ERRORS[seed // 12 % len(ERRORS)]
    engines = [make_engine(name, shape, errors, options) for name in ("reference", "fast")]
    for engine in engines:
        for register, plane in random_state(seed, shape).items():
            engine.write(register, plane)
    most = 0.0
    for _ in range(2):  # the second run starts from the FLAG and the plane order that the first one left
        expected, got = (engine.run(program) for engine in engines)
        for a, b in zip(expected, got, strict=True):
            assert not isinstance(a, str)
            assert not isinstance(b, str)
            most = max(most, near(a.astype(float), b.astype(float), "what was read out"))
        for register in isa.PLANES:
            a, b = (engine.read(register) for engine in engines)
            assert a.dtype == b.dtype
            if a.dtype == bool:
                assert np.array_equal(a, b), f"{register} differs in {np.sum(a != b)} PEs"
            else:
                most = max(most, near(a, b, register))
    return most


def near(a: np.ndarray, b: np.ndarray, what: str) -> float:
    """The greatest difference of two planes, which is 0: both engines add and round in one order."""
    assert a.shape == b.shape, what
    most = float(np.abs(a - b).max(initial=0.0))
    assert most == 0, f"{what} differs by {most}"
    return most


@given(seed=st.integers(0, 2**32 - 1), chunks=st.integers(1, 40), steps=st.integers(1, 6))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_fast_engine_agrees_with_reference(seed: int, chunks: int, steps: int) -> None:
    check(random_program(seed, SHAPES[seed % len(SHAPES)], chunks, steps), seed)


def check_chip(seed: int, chunks: int, steps: int) -> float:
    shape = SHAPES[seed % len(SHAPES)]
    errors = load_errors(CHIPS[seed // 12 % len(CHIPS)], shape, chip=seed % 5, seed=seed)
    return check(random_program(seed, shape, chunks, steps), seed, errors)


@given(seed=st.integers(0, 2**32 - 1), chunks=st.integers(1, 40), steps=st.integers(1, 6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_fast_engine_agrees_with_reference_on_chips_with_errors(seed: int, chunks: int, steps: int) -> None:
    check_chip(seed, chunks, steps)


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(40))
def test_fast_engine_agrees_with_reference_on_many_chips_with_errors(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        check_chip(seed, 1 + seed % 40, 1 + seed % 6)


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(100))
def test_fast_engine_agrees_with_reference_on_many(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        check(random_program(seed, SHAPES[seed % len(SHAPES)], 1 + seed % 40, 1 + seed % 6), seed)
