"""What a chip with errors puts into tables that all chips share: planes, kept nowhere else, and numbers."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.compiler import assemble
from scamp_sim.engine import lower_noisy
from scamp_sim.engine.fast import FastEngine
from scamp_sim.engine.reference import ReferenceEngine
from scamp_sim.silicon import load_errors
from scamp_sim.silicon.chip import ChipErrors

SHAPE = (64, 64)


def chip(serial: int, profile: str = "scamp5") -> ChipErrors:
    errors = load_errors(profile, SHAPE, chip=serial, seed=1)
    assert isinstance(errors, ChipErrors)
    return errors


TEXT = """
kernel first { add(B, A, E); where(B); divq(C, A); all(); bus({B, D}, C, PIX); bus({A, C, F}, D); movx(E, A, north); }
kernel second { sub(F, A, B); WHERE(R5); mov(A, F); all(); add(C, B, F); MOV(R6, R5); }
program {
    scamp5_in(E, 30);
    first();
    second();
}
"""


def edged(tmp_path: Path) -> str:
    """A profile of everything that tables depend on."""
    knobs = {"stuck_cells": 40, "pix_read": 0.4, "digital_end_noise": 0.3, "split_offset": 1, "load_spread": 0}
    path = tmp_path / "edged.json"
    path.write_text(json.dumps({"name": "edged", "base": "scamp5", "knobs": knobs}), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("own", [False, True])
def test_chips_share_tables_and_nothing_of_each_other(tmp_path: Path, own: bool) -> None:
    program = assemble(TEXT)
    profiles = ("scamp5", edged(tmp_path)) if own else ("scamp5",)
    light = np.random.default_rng(1).integers(-40, 40, (2, *SHAPE)).astype(np.float32)
    for profile in profiles:
        for serial in range(3):
            engines = [make(SHAPE, chip(serial, profile), ArrayOptions()) for make in (FastEngine, ReferenceEngine)]
            for engine in engines:
                engine.write("A", light[0])
                engine.write("PIX", light[1])
                engine.run(program)
            for register in (*"ABCDEF", "NEWS", "R5", "R6", "R7"):
                fast, slow = (engine.read(register) for engine in engines)
                assert np.array_equal(fast, slow), (profile, serial, register)


def test_a_chip_lowers_nothing_that_another_has_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    program = assemble(TEXT)
    machines = [Machine(SHAPE, "scamp5", chip=serial) for serial in range(2)]
    machines[0].run(program)
    monkeypatch.setattr(lower_noisy, "segments", None)
    machines[1].run(program)


def test_programs_that_ask_for_more_planes_find_the_old_ones() -> None:
    engine, fresh = (FastEngine(SHAPE, chip(3), ArrayOptions()) for _ in range(2))
    programs = [assemble(t) for t in ("add(B, A, C);", "mov(D, B);", "div(E, F, D);", "movx(A, E, north);")]
    fresh.run(programs[3])  # other planes first
    fresh.restart(chip(3))
    for e in (engine, fresh):
        for register in "ABCDEF":
            e.write(register, np.full(SHAPE, 20, np.float32))
        for program in programs:
            e.run(program)
    for register in "ABCDEF":
        assert np.array_equal(engine.read(register), fresh.read(register))


def test_planes_that_the_engine_has_are_kept_nowhere_else() -> None:
    errors = chip(3)
    engine = FastEngine(SHAPE, errors, ArrayOptions())
    engine.run(assemble("add(B, A, C);"))
    assert {name for name, _ in errors.fixed._planes} <= {"drift plane", "retention"}


@pytest.mark.parametrize("errors", ["ideal", "scamp5"])
def test_a_machine_is_freed_as_soon_as_nobody_holds_it(errors: str) -> None:
    """A chip's planes take megabytes: they do not wait for the collector of cycles."""
    machine = Machine(SHAPE, errors)
    machine.run(assemble(TEXT))
    machine.reseed(1)
    machine.write("A", 1)
    left = weakref.ref(machine), weakref.ref(machine._engine)
    gc.disable()
    try:
        del machine
        assert [which() for which in left] == [None, None]
    finally:
        gc.enable()
