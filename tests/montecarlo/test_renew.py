"""A machine that is renewed is a new one, bit for bit, whatever ran before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, ProgramError
from scamp_sim.chip import isa
from scamp_sim.compiler import assemble
from scamp_sim.silicon.setup import load_errors

SHAPE = (64, 64)
EVERYTHING = "scamp5:digital_end_noise=2,stuck_cells=40,bit_retention=0.00002,analog_drift_spread=9000"
DIRTY = assemble("""
kernel k { bus(A, PIX); bus(B, A); bus(NEWS, A); where(A); MOV(R5, FLAG); bus(C, B); REFRESH_R(R5); NOT(R6, SELECT); }
program { scamp5_load_in(127); scamp5_select_pattern(1, 2, 3, 4); k(); }
""")
LOOK = assemble("""
kernel first { bus(A, PIX, IN); MOV(R8, SELECT); MOV(R9, RECT); MOV(R10, FLAG); }
kernel second { all(); bus(B, IN, NEWS, D); where(A); bus(C, A); all(); bus(D, C, PIX); }
program { first(); second(); output a = A; output b = B; output c = C; output d = D; output r5 = R5;
output r8 = R8; output r9 = R9; output r10 = R10; }
""")


def spoilt(machine: Machine) -> Machine:
    """A machine on which everything that can be other is other than on a new one."""
    rng = np.random.default_rng(1)
    machine.expose(rng.integers(0, 256, SHAPE))
    for register in isa.ANALOG:
        machine.write(register, rng.normal(0, 40, SHAPE))
    for register in (*isa.DIGITAL, "FLAG"):
        machine.write(register, rng.random(SHAPE) < 0.5)
    machine.run(DIRTY)
    machine.call("draw_begin", "R3")
    machine.wait(1e-5)
    machine.load(LOOK)
    machine.step(1)
    return machine


def state(machine: Machine) -> dict[str, Any]:
    latch = {isa.LATCH: machine._engine.read(isa.LATCH)}  # no user can look at it
    return {r: machine.read(r) for r in (*isa.ANALOG, "PIX", "IN", *isa.DIGITAL_SOURCES)} | latch


def same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize("errors", ["ideal", "scamp5", EVERYTHING])
def test_a_renewed_machine_is_a_new_one(errors: str, engine: str) -> None:
    image = np.tile(np.arange(0, 256, 4), (64, 1))
    old = spoilt(Machine(SHAPE, errors, engine=engine, chip=3, seed=1))
    spoilt_state = state(old)
    old.renew(5)
    new = Machine(SHAPE, errors, engine=engine, chip=3, seed=5)
    assert same(state(old), state(new))
    assert all(
        not np.array_equal(spoilt_state[r], state(new)[r])
        for r in ("PIX", "IN", "FLAG", "SELECT", "R6", "A", isa.LATCH)
    )
    for seen in (None, image):  # with the reset level on PIX, then with a picture
        runs = []
        for machine in (old, new):
            if seen is not None:
                machine.expose(seen)
            runs.append(machine.run(LOOK).outputs)
        assert same(*runs)
        assert same(state(old), state(new))
    assert (old.seed, old.chip, old.finished, old.spent.runs) == (5, 3, None, new.spent.runs)
    assert old.spent.time_us == new.spent.time_us
    with pytest.raises(ProgramError, match="no program is loaded"):
        old.step()


def test_the_comparison_tells_seeds_and_chips_apart() -> None:
    runs = [Machine(SHAPE, "scamp5", chip=c, seed=s).run(LOOK).outputs for c, s in ((3, 5), (3, 6), (4, 5))]
    assert not same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


def test_a_chip_stays_what_it_is() -> None:
    """Its patterns are not redrawn."""
    errors = load_errors("scamp5", SHAPE, 3)
    machine = Machine(SHAPE, errors)
    machine.renew(4)
    assert machine.errors.fixed is errors.fixed  # type: ignore[attr-defined]
    with pytest.raises(ProgramError, match=r"seed must be an integer .*got -1"):
        machine.renew(-1)
