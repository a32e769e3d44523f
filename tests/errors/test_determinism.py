"""Profile, serial and seed fix everything: on both engines, on any thread, stepping or running."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.chip import isa
from scamp_sim.chip.program import Program
from scamp_sim.compiler import assemble
from tests.engine.programs import random_program, random_state
from tests.errors.helpers import assert_same, registers

SHAPE = (64, 64)

EVERYTHING = (
    "scamp5:stuck_cells=30,pix_shot=2,pix_reset=1,pix_read=0.7,comparator_spread=1,digital_end_noise=0.5,"
    "bit_retention=0.0001,bit_lifetime=0.001,analog_drift=-2000,analog_drift_spread=500"
)
"""All knobs on, and decay so fast that a short program feels it."""

SOURCE = """\
input image -> PIX;
kernel look { get_image(A); movx(B, A, east); sub(C, A, B); }
kernel mark { where(C); MOV(R5, FLAG); all(); NOT(R6, R5); DNEWS0(R7, R6); }
program {
    scamp5_in(E, 40);
    look(); mark();
    scamp5_shift(R7, 2, 1);
    output early = C;
    scamp5_in(F, -30);
    look(); mark();
    output bits = R7;
    output late = C;
    mark();
}
"""

IMAGE = (np.add.outer(np.arange(64) * 3, np.arange(64) * 5) % 256).astype(np.uint8)


def whole(m: Machine, program: Program, **more: Any) -> dict[str, np.ndarray]:
    """Everything that a run leaves, its outputs and all registers."""
    run = m.run(program, inputs={"image": IMAGE} if program.inputs else None)
    return {**{f"output {n}": v for n, v in run.outputs.items()}, **registers(m)}


def make(chip: int = 7, seed: int = 3, engine: str = "fast", errors: str = EVERYTHING) -> Machine:
    return Machine(SHAPE, errors, chip=chip, seed=seed, engine=engine)


@pytest.fixture(scope="module")
def program() -> Program:
    return assemble(SOURCE)


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_the_same_chip_and_seed_give_the_same_planes(program: Program, engine: str) -> None:
    assert_same(whole(make(engine=engine), program), whole(make(engine=engine), program))


def test_both_engines_give_the_same_measurement(program: Program) -> None:
    fast, reference = whole(make(), program), whole(make(engine="reference"), program)
    for name, plane in reference.items():
        np.testing.assert_allclose(
            fast[name].astype(float), plane.astype(float), atol=0 if plane.dtype == bool else 1e-3, rtol=0, err_msg=name
        )


def test_another_chip_or_seed_is_another_measurement(program: Program) -> None:
    first = whole(make(), program)
    for other in (make(chip=8), make(seed=4)):
        found = whole(other, program)
        for name in ("output early", "output bits", "A", "R7"):
            assert (found[name] != first[name]).any(), name


def test_the_pattern_of_a_chip_does_not_depend_on_the_seed(program: Program) -> None:
    quiet = ("write_noise", "load_spread", "load_spread_relative", "adc_noise", "readout_common")
    errors = f"scamp5:{','.join(f'{knob}=0' for knob in quiet)},analog_drift_spread=3000"
    assert_same(*(whole(make(seed=seed, errors=errors), program) for seed in (1, 2)))


def test_threads_do_not_matter(program: Program) -> None:
    def work(chip: int) -> dict[str, np.ndarray]:
        return whole(make(chip=chip), program)

    alone = [work(chip) for chip in (1, 2, 1, 3)]
    with ThreadPoolExecutor(4) as pool:
        for a, b in zip(alone, pool.map(work, (1, 2, 1, 3)), strict=True):
            assert_same(a, b)
    assert_same(alone[0], alone[2])


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_reseed_begins_anew(program: Program, engine: str) -> None:
    m = make(seed=5, engine=engine)
    blank = registers(m)
    whole(m, program)
    for register in (*isa.ANALOG, *isa.DIGITAL):
        m.write(register, blank[register])
    m.reseed(3)
    assert m.seed == 3
    assert_same(whole(m, program), {**whole(make(engine=engine), program)})


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_stepping_is_running(program: Program, engine: str) -> None:
    ran, stepped = make(engine=engine), make(engine=engine)
    for _ in range(2):  # the second time from what the first has left
        expected = whole(ran, program)
        stepped.load(program, {"image": IMAGE})
        while stepped.step(5) is not None:
            pass
        assert stepped.finished is not None
        found = {f"output {n}": v for n, v in stepped.finished.outputs.items()}
        assert_same({**found, **registers(stepped)}, expected)


@pytest.mark.parametrize("seed", range(12))
def test_stepping_is_running_for_random_programs(seed: int) -> None:
    program = random_program(seed, SHAPE, 1 + 3 * seed, 6)
    ran, stepped = (make(chip=seed, seed=seed, errors=EVERYTHING) for _ in range(2))
    for m in (ran, stepped):
        for register, plane in random_state(seed, SHAPE).items():
            if register not in ("PIX", "FLAG"):
                m.write(register, plane)
    run = ran.run(program)
    stepped.load(program)
    while stepped.step() is not None:
        pass
    assert stepped.finished is not None
    for name, value in run.outputs.items():
        np.testing.assert_array_equal(stepped.finished.outputs[name], value, err_msg=name)
    assert_same(registers(stepped), registers(ran))


def test_a_run_in_two_programs_is_the_same_as_in_one() -> None:
    one, two = make(), make()
    first, second = "mov(A, B); add(C, A, B);", "divq(D, C); where(D); MOV(R5, FLAG); all();"
    errors = "digital_end_noise=0"
    one, two = (make(errors=f"scamp5:analog_drift=0,analog_drift_spread=0,{errors}") for _ in range(2))
    one.run(assemble(first + second))
    two.run(assemble(first))
    two.run(assemble(second))
    assert_same(registers(one), registers(two))


def test_a_bound_model_serves_one_machine_after_another(program: Program) -> None:
    model = make().errors
    m = Machine(SHAPE, model, seed=3)
    assert (m.chip, m.seed) == (7, 3)
    assert_same(whole(m, program), whole(make(), program))
    other = Machine(SHAPE, model, seed=9)
    assert_same(whole(other, program), whole(make(seed=9), program))
