"""Offsets that are taken away by words without a source."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.compiler.filters import compile_filter
from scamp_sim.compiler.filters.kernel import from_rows
from scamp_sim.compiler.filters.search.constants import levelled
from scamp_sim.compiler.filters.search.first import first_program
from scamp_sim.compiler.filters.words import FilterWord, Steps, execute


@pytest.mark.parametrize("halving", [True, False])
def test_taps_stay_and_offsets_go(halving: bool) -> None:
    rng = random.Random(f"constants {halving}")
    levelled_ones = 0
    for _ in range(40):
        goals = []
        for _ in range(rng.randint(1, 2)):
            rows = [[Fraction(rng.randint(-4, 4), 4 if halving else 1) for _ in range(3)] for _ in range(2)]
            goals.append(from_rows(rows))
        if not all(goals):
            continue
        steps = first_program(goals, "single" if halving else "none", False)
        assert steps is not None
        before = [execute(steps.words)[0][o] for o in steps.outputs]
        for made in levelled(steps, halving, len(steps) + 3):
            after = [execute(made.words)[0][o] for o in made.outputs]
            assert [v.taps for v in after] == [v.taps for v in before] == goals
            assert all(v.o == 0 for v in after)
            assert len(steps) <= len(made) <= len(steps) + 3
            levelled_ones += any(v.o for v in before)
    assert levelled_ones > 20


def test_a_negative_takes_one_constant() -> None:
    negated = Steps((FilterWord((1,), -1, (0,)),), (1,))
    assert not list(levelled(negated, True, 1))
    first = next(levelled(negated, True, 2))
    assert first.words == (FilterWord((2,), -1, ()), FilterWord((1,), -1, (0, 2)))


def test_a_chip_gives_no_offset() -> None:
    """The constant is the offset itself, whatever it is on a chip."""
    got = compile_filter([[1, 8, 1], [8, 7, 8], [7, 2, 1]], scale=8, seconds=1, library=False)
    assert "    bus(C);\n" in got.text
    plane = np.random.default_rng(3).uniform(-4, 4, (64, 64)).astype(np.float32)
    for chip in (0, 5):
        ideal, real = Machine((64, 64)), Machine((64, 64), errors="scamp5:transfer_offset=25", chip=chip)
        for machine in (ideal, real):
            machine.run(got.program, inputs={"image": plane})
        (register,) = got.outputs.values()
        off = (real.read(register) - ideal.read(register))[8:-8, 8:-8]
        assert abs(float(off.mean()) - got.noise["mean"]) < 2
