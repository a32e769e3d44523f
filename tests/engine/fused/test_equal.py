"""Fused code against the walk: every plane equal, bit for bit, on random programs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from scamp_sim.chip import isa
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import Program
from scamp_sim.compiler import assemble
from scamp_sim.engine.fast import FastEngine
from scamp_sim.engine.fused import build, runner, store
from scamp_sim.silicon import load_errors
from scamp_sim.silicon.model import ErrorModel
from tests.engine.programs import random_program, random_state
from tests.engine.test_agreement import CHIPS, ERRORS, OPTIONS, SHAPES


def engines(shape: tuple[int, int], errors: ErrorModel, seed: int) -> list[FastEngine]:
    """Two machines in the same state."""
    pair = [FastEngine(shape, errors, OPTIONS[seed // 4 % len(OPTIONS)]) for _ in range(2)]
    for engine in pair:
        for register, plane in random_state(seed, shape).items():
            engine.write(register, plane)
    return pair


def check(program: Program, pair: list[FastEngine]) -> int:
    """Carry out a program twice, walked and fused; how many rows were fused. The second run starts from the FLAG that
    the first one left."""
    before = os.environ.get("SCAMP_SIM_FUSE")
    try:
        for _ in range(2):
            given = []
            for engine, mode in zip(pair, ("0", "now"), strict=True):
                os.environ["SCAMP_SIM_FUSE"] = mode
                given.append(engine.run(program))
            assert not runner.trouble
            for a, b in zip(*given, strict=True):
                assert np.array_equal(a, b)
            for register in isa.PLANES:
                a, b = (engine.read(register) for engine in pair)
                assert np.array_equal(a, b), f"{register} differs in {np.sum(a != b)} PEs"
    finally:
        os.environ.pop("SCAMP_SIM_FUSE")
        if before is not None:
            os.environ["SCAMP_SIM_FUSE"] = before
    walked = pair[0].rows(program)
    return walked[0] - pair[1].rows(program)[0]


def check_seed(seed: int) -> int:
    shape = SHAPES[seed % len(SHAPES)]
    program = random_program(seed, shape, 1 + seed % 40, 1 + seed % 6)
    return check(program, engines(shape, ERRORS[seed // 12 % len(ERRORS)], seed))


@pytest.mark.parametrize("block", range(4))
def test_random_programs(block: int) -> None:
    fused = sum(check_seed(seed) for seed in range(30 * block, 30 * block + 30))
    assert fused > 300  # rows: the comparison is of something


def check_chip(seed: int) -> int:
    """The same with errors, on one of several chips."""
    shape = SHAPES[seed % len(SHAPES)]
    errors = load_errors(CHIPS[seed // 12 % len(CHIPS)], shape, chip=seed % 5, seed=seed)
    program = random_program(seed, shape, 1 + seed % 40, 1 + seed % 6)
    return check(program, engines(shape, errors, seed))


@pytest.mark.parametrize("kind", range(len(CHIPS)))
def test_random_programs_on_chips_with_errors(kind: int) -> None:
    assert sum(check_chip(seed) for seed in range(12 * kind + 3, 12 * kind + 7)) > 30


@pytest.mark.parametrize("word", ["DNEWS0", "DNEWS1"])
@pytest.mark.parametrize("way", ["R2", "R4"])
@pytest.mark.parametrize("columns", [64, 192])
def test_bits_move_along_a_row_further_than_a_word(word: str, way: str, columns: int) -> None:
    gates = "".join(f"{'SET' if gate == way else 'CLR'}({gate});" for gate in ("R1", "R2", "R3", "R4"))
    program = assemble(gates + f"{word}(R6, R5); OR(R8, R6, R5);" + f"{word}(R7, R6); {word}(R6, R7);" * 35)
    assert check(program, engines((64, columns), load_errors("ideal", (64, columns)), 0)) > 60


def test_processors_without_avx_512_dq(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The largest magnitude is found without its instruction."""
    monkeypatch.setattr(build, "has", lambda feature: False)
    monkeypatch.setattr(build, "folder", lambda: tmp_path)
    monkeypatch.setattr(build, "_loaded", {})
    monkeypatch.setattr(store, "_made", {})
    assert sum(check_chip(seed) for seed in (3, 27, 29)) > 20
    assert len(list(tmp_path.glob("*.o"))) >= 3


def test_the_text_is_the_same_for_all_chips_of_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAMP_SIM_FUSE", "now")
    program = assemble("movx(B, A, east); sub(C, A, B); divq(D, C); where(D); add(A, D, B); all();")
    digests = set()
    for chip in range(3):
        engine = FastEngine((64, 64), load_errors("scamp5", (64, 64), chip=chip, seed=chip), ArrayOptions())
        engine.run(program)
        (segment,) = engine.lowered(program)
        digests.add(store.key(segment, engine.params, (64, 64)))
    assert len(digests) == 1


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(100))
def test_many_random_programs(block: int) -> None:
    for seed in range(1000 + 60 * block, 1060 + 60 * block):
        check_seed(seed)
    for seed in range(1000 + 40 * block, 1040 + 40 * block):
        check_chip(seed)
