"""Planes of a chip's errors: moved to the engine, and kept nowhere else."""

from __future__ import annotations

import numpy as np

from scamp_sim.chip.options import ArrayOptions
from scamp_sim.compiler import assemble
from scamp_sim.engine import ops
from scamp_sim.engine.fast import FastEngine
from scamp_sim.silicon import load_errors
from scamp_sim.silicon.chip import ChipErrors

SHAPE = (64, 64)


def test_programs_that_ask_for_more_planes_find_the_old_ones() -> None:
    """The engine has room for some; when that is used up, all planes move."""
    errors = load_errors("scamp5", SHAPE, chip=3, seed=1)
    assert isinstance(errors, ChipErrors)
    engine, fresh = (FastEngine(SHAPE, errors, ArrayOptions()) for _ in range(2))
    programs = [assemble(t) for t in ("add(B, A, C);", "mov(D, B);", "div(E, F, D);", "movx(A, E, north);")]
    engine.analog = engine.analog[: ops.ANALOG_PLANES * engine.stride + engine._lead + engine.stride]
    for e in (engine, fresh):
        e.write("A", np.full(SHAPE, 20, np.float32))
        for program in programs:
            e.run(program)
    for register in "ABCDEF":
        assert np.array_equal(engine.read(register), fresh.read(register))


def test_planes_that_the_engine_has_are_kept_nowhere_else() -> None:
    errors = load_errors("scamp5", SHAPE, chip=3, seed=1)
    assert isinstance(errors, ChipErrors)
    engine = FastEngine(SHAPE, errors, ArrayOptions())
    engine.run(assemble("add(B, A, C);"))
    assert engine.noisy is not None
    assert not sum(plane.size for plane in engine.noisy.planes.planes)
    assert {name for name, _ in errors.fixed._planes} <= {"drift plane", "retention"}
