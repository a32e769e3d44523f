"""Both engines against the third interpreter, on random kernels of native words."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim import ArrayOptions, ErrorModel
from scamp_sim.chip import isa
from scamp_sim.chip.program import Word, straight_line
from scamp_sim.engine import make_engine
from tests.engine.programs import random_program, random_state
from tests.engine.twin import Tie, Twin, settled

SHAPE = (64, 64)
PER_BLOCK = 100


def words_of(seed: int, chunks: int) -> tuple[Word, ...]:
    """The words of a random kernel whose effect the facts settle; halves of a pair stay together."""
    program = random_program(seed, SHAPE, chunks, 0)
    return tuple(w for w in program.kernels["k0"].words if settled(w))


def check(seed: int) -> bool:
    """Compare all registers after one kernel; False if a comparison was too near to call."""
    words = words_of(seed, 1 + seed % 40)
    if not words:
        return True
    state = random_state(seed, SHAPE)
    twin = Twin(SHAPE, state)
    try:
        for word in words:
            twin.word(word)
    except Tie:
        return False
    engine = make_engine("fast" if seed % 4 else "reference", SHAPE, ErrorModel(), ArrayOptions())
    for register, plane in state.items():
        engine.write(register, plane)
    engine.run(straight_line("random", words))
    for name, bits in twin.bits.items():
        assert np.array_equal(engine.read(name), bits), (seed, name)
    for name, plane in twin.analog.items():
        np.testing.assert_allclose(engine.read(name), plane, rtol=1e-5, atol=1e-3, err_msg=f"{seed} {name}")
    return True


@pytest.mark.parametrize("block", range(3))
def test_engines_agree_with_the_twin(block: int) -> None:
    called = [check(seed) for seed in range(PER_BLOCK * block, PER_BLOCK * (block + 1))]
    assert np.mean(called) > 0.9


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(100))
def test_engines_agree_with_the_twin_on_ten_thousand_programs(block: int) -> None:
    called = [check(seed) for seed in range(1000 + PER_BLOCK * block, 1000 + PER_BLOCK * (block + 1))]
    assert np.mean(called) > 0.9


def test_the_twin_knows_every_word() -> None:
    """A word that the table gains must be added here too, or the comparison would pass it over."""
    seen = {w.op for seed in range(400) for w in words_of(seed, 40)}
    known = {n.name if hasattr(n, "name") else str(n) for n in isa.NATIVE}
    assert known - seen <= {"bus3", "sq"}


def test_a_wrong_twin_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison can fail: with east and west exchanged it does."""
    monkeypatch.setattr("tests.engine.twin.STEPS", {"N": (-1, 0), "E": (0, -1), "S": (1, 0), "W": (0, 1)})
    with pytest.raises(AssertionError):
        all(check(seed) for seed in range(20))
