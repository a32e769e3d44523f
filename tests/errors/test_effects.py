"""Knobs that a program cannot feel: each has a program that feels it and one that does not, and what is said is so."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim import Machine, ProgramError
from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program
from scamp_sim.silicon import KNOBS, load_errors, load_profile, without_effect
from scamp_sim.silicon.effects import NAMED, note, report, switched_on
from scamp_sim.silicon.setup import parse_profile
from tests.errors.helpers import assert_same, bus, program, registers, word

SHAPE = (64, 64)

NOTHING = program(word("nop"))
BITS = program(word("SET", "R0"), word("MOV", "R1", "R0"))
COPY = program(bus("NEWS", "A"), bus("B", "NEWS"))
LOAD = Program("load", {}, (HostCall("scamp5_in", ("A", 30, "NEWS")),))
LOOK = program(bus("B", "PIX"))
HALVE = program(bus("B C", "A"))
COMPARE = program(word("where", src="A"), word("MOV", "R1", "FLAG"))
OUT = Program("out", {}, (Output("a", "A"),))
SUM = Program("sum", {}, (HostCall("scamp5_global_sum_fast", ("A",), result="s"),))
GENERAL = program(word("MOV", "R5", "R6"))
ENDS = Program("ends", {"k": Kernel("k", (bus("A", "B"), word("CLR", "R1")))}, (Launch("k"),))
QUIET = Program("quiet", ENDS.kernels, (HostCall("scamp5_load_dac", (4095,)), Launch("k")))

WRITES = (
    "gain_loss",
    "gain_spread",
    "transfer_offset",
    "register_offset",
    "offset_spread",
    "linear_range",
    "write_noise",
)
READOUT = tuple(k for k in KNOBS if k.startswith(("readout_", "adc_")))

FELT = [
    *((k, HALVE, BITS) for k in WRITES),
    *((k, OUT, SUM) for k in READOUT),
    *((k, OUT, COPY) for k in READOUT),
    ("split_mismatch", HALVE, COPY),
    ("split_loss", HALVE, COPY),
    ("split_offset", HALVE, COPY),
    ("comparator_spread", COMPARE, COPY),
    ("stuck_cells", GENERAL, BITS),
    ("load_spread", LOAD, COPY),
    ("load_spread_relative", LOAD, COPY),
    ("pix_shot", LOOK, COPY),
    ("pix_reset", LOOK, COPY),
    ("pix_read", LOOK, COPY),
    ("digital_end_noise", ENDS, QUIET),
    ("digital_end_noise", ENDS, BITS),
]
"""Knob, a program that feels it, one that does not."""

ON = {
    "linear_range": 5,
    "comparator_spread": 40,
    "stuck_cells": 4000,
    "adc_step": 8,
    "gain_loss": 0.1,
    "gain_spread": 0.1,
    "split_mismatch": 0.1,
    "load_spread_relative": 0.1,
    "split_loss": 0.1,
    "readout_smear": 0.1,
}


def profile(knob: str) -> str:
    return f"ideal:{knob}={ON.get(knob, 9)}"


@pytest.mark.parametrize(("knob", "feels", "not_"), FELT, ids=lambda x: x if isinstance(x, str) else x.name)
def test_a_knob_is_reported_where_it_does_nothing(knob: str, feels: Program, not_: Program) -> None:
    assert without_effect(profile(knob), feels) == {}
    assert without_effect(profile(knob), not_) == {knob: f"needs {KNOBS[knob].needs}"}
    assert (result(knob, feels) != result("none", feels)).any()
    assert (result(knob, not_) == result("none", not_)).all()


def result(knob: str, p: Program) -> np.ndarray:
    """Everything that a program gives, as one row of numbers: its readouts, or the registers that it writes."""
    m = Machine(SHAPE, "ideal" if knob == "none" else profile(knob), chip=1, seed=1)
    for n, register in enumerate("ABC"):
        m.write(register, 17 * n + 30)
    m.expose(np.full(SHAPE, 100, np.uint8))
    return np.concatenate([np.ravel(v).astype(float) for v in m.run(p).outputs.values()])


def test_decay_needs_time() -> None:
    drift = "ideal:analog_drift=-75,analog_drift_spread=50"
    assert set(without_effect(drift, COPY, 1e-6)) == {"analog_drift", "analog_drift_spread"}
    assert without_effect(drift, COPY, 0.02) == {}
    assert set(without_effect(drift, GENERAL, 10)) == {"analog_drift", "analog_drift_spread"}
    bits = "ideal:bit_retention=1.5,bit_lifetime=9"
    assert set(without_effect(bits, GENERAL, 1)) == {"bit_retention", "bit_lifetime"}
    assert without_effect(bits, GENERAL, 2) == {}


def test_knobs_that_come_in_pairs() -> None:
    assert without_effect("ideal:linear_range=50,saturation=60", HALVE) == {}
    assert set(without_effect("ideal:linear_range=50,saturation=60", BITS)) == {"linear_range", "saturation"}
    assert without_effect("ideal:bit_lifetime=9", GENERAL, 100) == {"bit_lifetime": "needs bit_retention, which is off"}
    assert without_effect("ideal:gain_pivot=9", COPY) == {"gain_pivot": "needs gain_spread, which is off"}
    assert without_effect("ideal:gain_pivot=9,gain_spread=0.1", COPY) == {}


def test_several_programs_and_all_kinds_of_errors() -> None:
    knobs = "ideal:pix_shot=1,stuck_cells=3"
    assert set(without_effect(knobs, [LOOK, COPY])) == {"stuck_cells"}
    assert without_effect(knobs, [LOOK, GENERAL]) == {}
    assert set(without_effect(load_errors(knobs), COPY)) == {"pix_shot", "stuck_cells"}
    assert set(without_effect(parse_profile(knobs), COPY)) == {"pix_shot", "stuck_cells"}
    assert without_effect("ideal", COPY) == {}
    assert without_effect(load_errors("ideal"), COPY) == {}
    with pytest.raises(ProgramError, match="unknown chip profile"):
        without_effect("nothing", COPY)


@pytest.mark.parametrize("programs", ["mov(A, B);", b"x", None, 5, [COPY, "edges"], COPY.kernels])
def test_what_is_no_program(programs: object) -> None:
    given = "edges" if isinstance(programs, list) else "b'x'" if programs == b"x" else str(programs)
    if isinstance(programs, dict):
        given = next(iter(programs))
    with pytest.raises(ProgramError, match=r"expected a Program, got .*create one with scamp_sim") as e:
        without_effect("scamp5", programs)  # type: ignore[arg-type]
    assert given in str(e.value)


def test_the_note_names_what_the_user_has_set() -> None:
    own = parse_profile("scamp5:pix_shot=2,write_noise=1")
    text = note(own, without_effect(own, COPY))
    assert text == "profile scamp5: without effect on this program: pix_shot (needs a word that reads PIX)"
    built_in = load_profile("scamp5")
    vain = without_effect(built_in, COPY)
    assert note(built_in, vain) == (
        f"profile scamp5: {len(vain)} of its {len(switched_on(built_in))} knobs are without effect on this program"
    )
    assert note(built_in, {}) == ""
    assert note(load_profile("ideal"), without_effect("ideal", COPY)) == ""


def test_a_long_note_is_cut() -> None:
    every = ",".join(f"{k}=1" for k in READOUT)
    own = parse_profile(f"ideal:{every}")
    text = note(own, without_effect(own, COPY))
    assert text.count("(needs") == NAMED
    assert text.endswith(f"and {len(READOUT) - NAMED} more")


def test_report() -> None:
    assert report("ideal", 0, 0, COPY, 0) == {
        "profile": "ideal",
        "chip": 0,
        "seed": 0,
        "knobs": {},
        "without_effect": {},
    }
    found = report("ideal:pix_shot=2,write_noise=1", 3, 4, COPY, 0)
    assert (found["profile"], found["chip"], found["seed"]) == ("ideal", 3, 4)
    assert found["knobs"] == {"pix_shot": 2, "write_noise": 1}
    assert [*found["without_effect"]] == ["pix_shot"]


def test_every_random_knob_is_in_the_table_of_this_test() -> None:
    tested = {k for k, _, _ in FELT} | {k for k in KNOBS if KNOBS[k].family == "decay"} | {"gain_pivot", "saturation"}
    assert tested == set(KNOBS)


def test_surveying_leaves_machines_alone() -> None:
    m = Machine(SHAPE, "scamp5")
    before = registers(m)
    without_effect(m.errors, [COPY, OUT, ENDS])
    assert_same(registers(m), before)
    assert set(before) == set(isa.PLANES)
