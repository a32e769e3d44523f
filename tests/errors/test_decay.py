"""What time does to registers: analog drift, lost bits, and what makes them young again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, ProgramError
from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program
from scamp_sim.silicon import load_errors
from scamp_sim.silicon.chip import ChipErrors
from scamp_sim.silicon.decay import STRETCH_US, stretches
from tests.errors.helpers import FOUR_SIGMA, SHAPE, assert_moments, bus, correlation, machine, program, word

ENGINES = pytest.mark.parametrize("engine", ["fast", "reference"])


@ENGINES
def test_drift_is_a_rate(engine: str) -> None:
    m = machine("analog_drift=-75", engine=engine)
    m.write("A", 50)
    m.wait(0.4)
    np.testing.assert_allclose(m.read("A"), 20, atol=1e-3)
    m.wait(0.4)
    np.testing.assert_allclose(m.read("A"), -10, atol=1e-3)
    assert not m.read("PIX").std()
    assert m.read("PIX")[0, 0] == -127


def test_drift_of_cells_is_a_pattern_for_each_register() -> None:
    m = machine("analog_drift_spread=50")
    m.wait(0.1)
    a, b = m.read("A"), m.read("B")
    assert_moments(a, 0, 5)
    assert_moments(m.read("NEWS"), 0, 5)
    assert abs(correlation(a, b)) < FOUR_SIGMA
    m.wait(0.1)
    np.testing.assert_allclose(m.read("A"), 2 * a, atol=1e-3)


def test_what_drifts_saturates() -> None:
    m = machine("analog_drift=-75,linear_range=150,saturation=200")
    m.wait(60)
    np.testing.assert_allclose(m.read("A"), -200)


def test_bits_are_kept_for_a_while_and_then_lost_one_by_one() -> None:
    m = machine("bit_retention=1.5,bit_lifetime=10")
    m.write("R5", 1)
    m.wait(1.4)
    assert m.read("R5").all()
    for _ in range(3):  # in parts as at once
        m.wait(2)
    for register, value in (("R5", 1), ("R6", 0)):
        flipped = (m.read(register) != value).mean()
        expected = 1 - np.exp(-(7.4 - 1.5) / 10)
        assert abs(flipped - expected) < 4 * np.sqrt(expected * (1 - expected) / (SHAPE[0] * SHAPE[1])), register
    assert abs(correlation(m.read("R5"), m.read("R6"))) < FOUR_SIGMA
    once = machine("bit_retention=1.5,bit_lifetime=10")
    once.write("R5", 1)
    once.wait(7.4)
    np.testing.assert_array_equal(once.read("R5"), m.read("R5"))


REFRESH = program(word("REFRESH_R", src="R5"), word("REFRESH_L", "R5"))


@ENGINES
def test_refreshed_and_rewritten_bits_are_young(engine: str) -> None:
    m = machine("bit_retention=1.5,bit_lifetime=0.1", engine=engine, shape=(64, 64))
    for r in ("R5", "R6", "R7", "R8"):
        m.write(r, 1)
    for _ in range(4):
        m.wait(1.4)
        m.run(REFRESH)
        m.run(program(word("SET", "R6")))
        m.write("R7", 1)
    assert m.read("R5").all()
    assert m.read("R6").all()
    assert m.read("R7").all()
    assert not m.read("R8").any()


def test_what_is_lost_stays_lost_after_a_refresh() -> None:
    m = machine("bit_retention=1,bit_lifetime=1")
    m.write("R5", 1)
    m.wait(2)
    lost = m.read("R5")
    assert 0.3 < lost.mean() < 0.45
    m.run(REFRESH)
    m.wait(0.9)
    np.testing.assert_array_equal(m.read("R5"), lost)
    m.wait(9)
    np.testing.assert_array_equal(m.read("R5") != lost, m.read("R5") == ~lost)
    assert (m.read("R5") != lost).mean() > 0.99


def test_host_functions_take_time_and_make_bits_young_too() -> None:
    m = machine("bit_retention=1.5,bit_lifetime=0.1")
    m.wait(1.4)
    m.kernel_refresh_dreg()
    m.wait(1.4)
    assert not any(m.read(f"R{i}").any() for i in range(13))


def test_a_readout_takes_so_long_that_values_drift() -> None:
    m = machine("analog_drift=-75")
    m.write("A", 50)
    run = m.run(Program("two", {}, (Output("first", "A"), Output("second", "A"))))
    us = run.profile.time_us / 2
    np.testing.assert_allclose(run.outputs["first"], 50, atol=1e-3)
    np.testing.assert_allclose(run.outputs["second"], 50 - 75e-6 * us, atol=1e-3)
    np.testing.assert_allclose(m.read("A"), 50 - 150e-6 * us, atol=1e-3)


def test_a_long_program_is_settled_in_between() -> None:
    kernel = {"k": Kernel("k", (bus("NEWS", "A"), bus("B", "NEWS"))), "idle": Kernel("idle", (word("nop"),) * 500)}
    steps = (*(Launch("idle"),) * 200, Launch("k"))
    p = Program("long", kernel, steps)
    m = machine("analog_drift=-1000")
    m.write("A", 50)
    us = m.run(p, registers=False).profile.time_us
    assert us > 5000
    np.testing.assert_allclose(m.read("A"), 50 - 1e-3 * us, atol=1e-3)
    assert abs(m.read("B")[0, 0] - m.read("A")[0, 0]) < STRETCH_US * 1e-3


def test_stretches_are_the_program_in_order() -> None:
    kernels = {"k": Kernel("k", (bus("B", "A"),)), "none": Kernel("none", ())}
    steps = (Launch("k"), Launch("none"), Output("a", "A"), Launch("k"), HostCall("scamp5_in", ("E", 3, "NEWS")))
    p = Program("p", kernels, steps)
    cut = list(stretches(p, [400.0 if isinstance(step, Launch) else 5000.0 for step in steps]))
    assert tuple(s for c in cut for s in c.program.steps) == steps
    assert [len(c.program.steps) for c in cut] == [2, 1, 1, 1]
    assert sum(c.duration for c in cut) == pytest.approx(11200e-6)
    assert cut[0].written == {"B": pytest.approx(400e-6)}
    assert set(cut[3].written) >= {"E", "NEWS"}


def test_reseeding_makes_everything_young() -> None:
    m = machine("bit_retention=1.5,bit_lifetime=0.1")
    m.wait(1.4)
    m.reseed(1)
    m.wait(1.4)
    assert not m.read("R5").any()


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "1", None, True])
def test_waiting_takes_seconds(seconds: object) -> None:
    with pytest.raises(ProgramError, match="wait: "):
        machine("analog_drift=-75").wait(seconds)  # type: ignore[arg-type]


def test_waiting_does_nothing_to_a_machine_that_forgets_nothing() -> None:
    m = Machine(SHAPE)
    m.write("A", 50)
    m.wait(1e6)
    assert (m.read("A") == 50).all()


def test_retention_follows_the_stated_law() -> None:
    errors = load_errors("ideal:bit_retention=1.5,bit_lifetime=20", SHAPE)
    assert isinstance(errors, ChipErrors)
    life = errors.fixed.retention("R5") - 1.5
    assert life.min() >= 0
    assert life.mean() == pytest.approx(20, rel=0.04)
    assert life.std() == pytest.approx(20, rel=0.05)


@ENGINES
def test_what_flag_masks_grows_old(engine: str) -> None:
    m = machine("analog_drift=-75", engine=engine, shape=(64, 64))
    half = np.zeros((64, 64), bool)
    half[:, :32] = True
    m.write("A", 100)
    masked = Program("masked", {"k": Kernel("k", (bus("NEWS", "B"), bus("A", "NEWS")))}, (Launch("k"),))
    for _ in range(10):
        m.write("FLAG", half)
        m.write("B", 100)
        m.run(masked)
        m.wait(0.01)
    a = m.read("A")
    np.testing.assert_allclose(a[:, :32], 100 - 0.75, atol=0.01)
    np.testing.assert_allclose(a[:, 32:], 100 - 7.5, atol=0.01)
    m.run(program(word("all"), bus("NEWS", "B"), bus("A", "NEWS")))
    assert np.ptp(m.read("A")) < 0.01


@ENGINES
def test_r12_is_young_where_r0_lets_it_be_written(engine: str) -> None:
    m = machine("bit_retention=0.2,bit_lifetime=0.01", engine=engine, shape=(64, 64))
    half = np.zeros((64, 64), bool)
    half[:, :32] = True
    m.write("R12", 1)
    for _ in range(10):
        m.write("R0", half)
        m.run(program(word("SET", "R12")))
        m.wait(0.1)
    np.testing.assert_array_equal(m.read("R12"), half)


def test_a_mask_counts_from_where_to_all() -> None:
    words = (bus("A", "B"), word("where", src="B"), bus("C", "B"), word("all"), bus("D", "B"))
    p = Program("p", {"k": Kernel("k", words)}, (Launch("k"),))
    (stretch,) = stretches(p, [1.0])
    assert set(stretch.written) & {*"ABCD"} == {"A", "D"}
    (stretch,) = stretches(p, [1.0], False)
    assert set(stretch.written) & {*"ABCD"} == {"D"}


def test_drift_is_written_back_once_a_millisecond_or_before_a_readout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short runs share a pass over the planes; who looks sees what has drifted, and looking changes nothing."""
    m = machine("analog_drift=-75,analog_drift_spread=20", shape=(64, 64))
    m.write("A", 50)
    passes: list[str] = []
    drift = m._engine.drift

    def spy(register: str, *more: Any) -> None:
        passes.append(register)
        drift(register, *more)

    monkeypatch.setattr(m._engine, "drift", spy)
    step = program(word("nop"))
    us = m.run(step).profile.time_us
    for _ in range(20):
        m.run(step)
    assert not passes
    seen = m.read("A")
    assert seen.mean() == pytest.approx(50 - 75e-6 * 21 * us, abs=1e-3)
    np.testing.assert_array_equal(seen, m.read("A"))
    for _ in range(int(1000 / us) + 1):
        m.run(step)
    assert len(passes) == 7
    m.run(Program("one", {}, (Output("first", "A"),)))
    assert len(passes) >= 14


@ENGINES
def test_a_run_shows_registers_as_they_were_when_it_ended(engine: str) -> None:
    m = machine("analog_drift=-75", engine=engine, shape=(64, 64))
    m.write("A", 50)
    run = m.run(program(bus("NEWS", "A"), bus("B", "NEWS")))
    m.wait(0.5)
    np.testing.assert_allclose(run.outputs["B"], 50, atol=1e-3)
