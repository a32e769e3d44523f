"""Ranges before a run: exact where macros are, never too narrow; what is said about saturation, clipping and time."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scamp_sim import ArrayOptions, ErrorModel, Machine, ScampError, kernels
from scamp_sim.chip import host, isa
from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program, Word, straight_line
from scamp_sim.cli import main as cli
from scamp_sim.cli.commands.ranges import parse_ranges
from scamp_sim.compiler import assemble
from scamp_sim.compiler.checks.ranges import range_diagnostics
from scamp_sim.costs.timing import load_timing, step_cost
from scamp_sim.engine import make_engine
from scamp_sim.engine.reference import ReferenceEngine
from scamp_sim.exceptions import ProgramError
from scamp_sim.ranges import Analysis, Limits, analyse, as_dict
from scamp_sim.ranges.limits import limits_of
from scamp_sim.ranges.walk import EFFECTS, Walk
from scamp_sim.silicon import load_profile
from tests.engine.programs import random_program, random_state

INPUTS = "input a -> A;\ninput b -> B;\ninput c -> C;\ninput bits -> R5;\n"
RANGES = {"a": (-40.0, 40.0), "b": (0.0, 100.0), "c": (10.0, 20.0)}


def analysed(text: str, ranges: dict[str, tuple[float, float]] | None = None, **more: object) -> Analysis:
    return analyse(assemble(text), ranges=ranges, **more)  # type: ignore[arg-type]


def codes(analysis: Analysis) -> list[str]:
    return [d.code for d in range_diagnostics(analysis)]


# --- exact where the macros are -----------------------------------------------------------------------------------

EXACT = [
    ("res(D);", "D", (0, 0)),
    ("mov(D, A);", "D", (-40, 40)),
    ("neg(D, B);", "D", (-100, 0)),
    ("add(D, A, B);", "D", (-40, 140)),
    ("add(D, A, B, C);", "D", (-30, 160)),
    ("sub(D, B, C);", "D", (-20, 90)),
    ("abs(D, A);", "D", (0, 40)),
    ("divq(D, B);", "D", (0, 50)),
    # halves of one value: plain intervals would let them part
    ("diva(B, D, E);", "B", (0, 50)),
    ("diva(B, D, E);", "D", (-50, 0)),
    ("div(D, E, B);", "B", (0, 100)),
    ("div(D, E, F, B);", "F", (0, 100)),
    ("diva(A, E, F); mov(F, A); add(A, A, F);", "A", (-40, 40)),  # the identity of the measured data
    ("add(D, A, B); sub(D, D, B);", "D", (-40, 40)),
    ("mov(D, B); sub(D, D, B);", "D", (0, 0)),
    ("bus3(D, E, F, B); add(D, D, E, F); add(D, D, B);", "D", (0, 0)),
    # neighbours: 0 comes from beyond the edge, and with the whole sum at once
    ("movx(D, C, east);", "D", (0, 20)),
    ("mov2x(D, C, east, north);", "D", (0, 20)),
    ("movx(D, A, east); movx(E, A, west); sub(F, D, E);", "F", (-80, 80)),
    ("addx(D, B, C, north); subx(E, B, north, D);", "E", (-20, 0)),
    ("movx(D, B, east); movx(D, D, west); sub(E, B, D);", "E", (0, 100)),  # gone at the edge only
    ("newsblur(D, B);", "D", (0, 100)),
    ("SET(R1, R2); gauss(D, B);", "D", (0, 100)),
    ("CLR(R1, R2); blurset(); blur(D, B);", "D", (-100, 0)),
    # conditions
    ("where(A); mov(D, A); all();", "D", (0, 40)),
    ("where(A); res(A); all();", "A", (-40, 0)),
    ("mov(D, C); where(B, A); mov(D, B); all();", "D", (0, 100)),
    ("WHERE(R5); mov(D, C); NOT(R6, R5); WHERE(R6); neg(D, C); all();", "D", (-20, 20)),
    ("WHERE(R5); add(A, A, C); all(); WHERE(R5); sub(A, A, C); all();", "A", (-40, 40)),
    ("SET(R6); WHERE(R6); mov(D, C); all();", "D", (10, 20)),
    ("CLR(R6); WHERE(R6); mov(D, C); all();", "D", (0, 0)),
    ("where(C); mov(D, B); all();", "D", (0, 100)),  # C is above 0 everywhere
    ("MOV(R6, R5); NOT(R7, R6); OR(R8, R5, R7); WHERE(R8); mov(D, C); all();", "D", (10, 20)),
]


@pytest.mark.parametrize(("text", "register", "expected"), EXACT, ids=[f"{t[:40]}-{r}" for t, r, _ in EXACT])
def test_exact_ranges(text: str, register: str, expected: tuple[float, float]) -> None:
    assert analysed(INPUTS + text, RANGES).range(register) == pytest.approx(expected, abs=1e-6)


def test_a_pe_without_flag_drives_nothing_into_its_neighbour() -> None:
    a = analysed(INPUTS + "movx(E, C, west); WHERE(R5); bus(XE, C); bus(D, NEWS, E); all();", RANGES)
    assert a.range("D")[0] <= -20  # not 0, as if every neighbour had given what movx took


def test_captures_give_what_the_facts_say() -> None:
    for text, register, expected in (
        ("get_image(A);", "A", (0, 127)),
        ("get_image(A, B);", "A", (-127, 127)),
        ("get_image(A, B);", "B", (0, 127)),
        ("respix(A);", "A", (-127, -127)),
    ):
        found = analysed("input image -> PIX;\n" + text).range(register)
        negative = (-expected[1], -expected[0])  # h is negative half range where the macro gives it so
        assert found in (expected, negative)


def test_gain_is_clipped_by_the_routine() -> None:
    text = "kernel k {{ mov(C, A); }} program {{ scamp5_get_image(A, B, {}); k(); }}"
    for gain in (1, 2, 5):
        a = analysed(text.format(gain))
        assert -128 <= a.range("A")[0] <= -127
        assert a.range("A")[1] == a.range("B")[1] == 127
        assert not a.excesses


def test_masked_taps_of_a_constant_add_up() -> None:
    text = (
        "kernel clear { res(C); } kernel tap { WHERE(R5); add(C, C, F); all(); DNEWS(R6, R5, east); MOV(R5, R6); }"
        "input bits -> R5; program { clear(); scamp5_in(F, 4); for i in 0..25 { tap(); } output sum = C; }"
    )
    a = analysed(text)
    assert a.outputs["sum"] == (0, 100)
    assert not a.findings


def test_constants_keep_where_they_come_from() -> None:
    a = analysed("kernel k { add(A, B, C); } program { scamp5_in(B, 100);\nscamp5_in(C, 90);\nk(); }")
    (excess,) = a.excesses
    assert (excess.low, excess.high, excess.scale) == (-190, -190, 2)
    assert excess.roots == ("the constant 100 of line 1", "the constant 90 of line 2")
    assert excess.factor == pytest.approx(150 / 190)


# --- never too narrow -----------------------------------------------------------------------------------------------


def test_every_word_has_an_effect() -> None:
    assert set(EFFECTS) == set(isa.NATIVE)


OPTIONS = (
    ArrayOptions(),
    ArrayOptions(prop_reach=3, blur_k=0.25),
    ArrayOptions(prop_reach=None, port_mix="sum", flag_gates_rpix=True),
)


def check_soundness(seed: int, chunks: int, steps: int, engine: str = "fast") -> None:
    shape = ((64, 64), (64, 128))[seed % 2]
    options = OPTIONS[seed // 4 % len(OPTIONS)]
    program = random_program(seed, shape, chunks, steps)
    state = random_state(seed, shape)
    ranges = dict.fromkeys((*isa.ANALOG, "PIX"), (-128.0, 127.0))
    if seed // 2 % 2:
        state["A"][:] = state["A"][0, 0]
        ranges["A"] = (float(state["A"][0, 0]),) * 2
        state["B"] = np.clip(state["B"], 5, 20)
        ranges["B"] = (5.0, 20.0)
    if not state["FLAG"].all():
        ranges["FLAG"] = (0.0, 1.0)
    analysis = analyse(program, shape=shape, options=options, ranges=ranges)
    machine = make_engine(engine, shape, ErrorModel(), options)
    for register, plane in state.items():
        machine.write(register, plane)

    def within(plane: np.ndarray, bounds: tuple[float, float], what: str) -> None:
        # float32 against reals: what should cancel may leave a little
        slack = 0.02 + 1e-4 * max(map(abs, bounds))
        assert bounds[0] - slack <= plane.min() <= plane.max() <= bounds[1] + slack, what

    planes = machine.run(program)
    readouts = [s for s in program.steps if isinstance(s, Output) or (isinstance(s, HostCall) and s.takes)]
    assert len(planes) == len(readouts)
    for seen, step in zip(planes, readouts, strict=True):
        name = step.name if isinstance(step, Output) else step.result
        if name in analysis.outputs:
            assert isinstance(seen, np.ndarray)
            within(seen, analysis.outputs[name], name)
    for register in (*isa.ANALOG, "PIX"):
        within(machine.read(register), analysis.range(register), register)


@given(seed=st.integers(0, 2**32 - 1), chunks=st.integers(1, 40), steps=st.integers(1, 6))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_runs_lies_within_the_ranges(seed: int, chunks: int, steps: int) -> None:
    check_soundness(seed, chunks, steps)


def check_repeated(seed: int, chunks: int, steps: int) -> None:
    """Several runs on one machine, each on the same picture, and what the one before left."""
    program, state = random_program(seed, (64, 64), chunks, steps), random_state(seed, (64, 64))
    analysis = analyse(program, shape=(64, 64), ranges={"PIX": (-128, 127)}, fps=30)
    machine = make_engine("fast", (64, 64), ErrorModel(), ArrayOptions())
    for register in isa.DIGITAL:
        machine.write(register, state[register])
    for _ in range(4):
        machine.write("PIX", state["PIX"])
        machine.run(program)
        for register in isa.ANALOG:
            low, high = analysis.range(register)
            plane, slack = machine.read(register), 0.02 + 1e-4 * max(abs(low), abs(high))
            assert low - slack <= plane.min() <= plane.max() <= high + slack, register


@given(seed=st.integers(0, 2**32 - 1), chunks=st.integers(1, 20), steps=st.integers(1, 6))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_runs_that_follow_one_another_lie_within_the_ranges(seed: int, chunks: int, steps: int) -> None:
    check_repeated(seed, chunks, steps)


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(40))
def test_what_runs_lies_within_the_ranges_on_many(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        check_soundness(seed, 1 + seed % 40, 1 + seed % 6, "reference")
        check_repeated(seed, 1 + seed % 20, 1 + seed % 6)


@pytest.mark.parametrize("name", ["edges", "sobel", "gauss5", "gauss_lean", "adaptive_threshold", "laplacian_lean"])
def test_library_runs_lie_within_the_ranges(name: str) -> None:
    program = kernels.load(name)
    rng = np.random.default_rng(3)
    for image in (rng.uniform(-127, 0, (64, 64)), rng.choice([-127.0, 0.0], (64, 64)), np.zeros((64, 64))):
        machine = make_engine("fast", (64, 64), ErrorModel(), ArrayOptions())
        machine.write("PIX", image.astype(np.float32))
        machine.run(program)
        analysis = analyse(program, shape=(64, 64))
        for register in isa.ANALOG:
            low, high = analysis.range(register)
            plane = machine.read(register)
            assert low - 0.01 <= plane.min() <= plane.max() <= high + 0.01, register


# --- saturation and clipping ----------------------------------------------------------------------------------------


def test_sum_of_three_times_64_saturates() -> None:
    a = analysed("input x -> A;\nmov(B, A);\nmov(C, A);\nadd(D, A, B);\nadd(D, D, C);", {"x": (0, 64)})
    (excess,) = a.excesses
    assert (excess.kind, excess.register, excess.low, excess.high) == ("saturation", "NEWS", -192, 0)
    assert excess.origin is not None
    assert excess.origin.line == 5
    assert excess.operands == (("D", (0, 128)), ("C", (0, 64)))
    assert (excess.factor, excess.scale) == (150 / 192, 2)
    assert excess.roots == ("x (A)",)
    (said,) = range_diagnostics(a)
    assert (said.code, said.line, said.text) == ("W701", 5, "add(D, D, C);")
    assert "x (A) with diva, once" in said.hint


def test_the_scaling_that_is_proposed_is_enough() -> None:
    for name in ("sobel", "sobel_pair", "laplacian", "prewitt"):
        program = kernels.load(name)
        worst = min(e.factor for e in analyse(program).excesses)
        calm = analyse(program, ranges={"image": (0, 255 * worst)})
        assert not calm.excesses
        assert analyse(program, ranges={"image": (0, 255 * worst * 1.01)}).excesses


def test_what_only_passes_on_is_no_news() -> None:
    a = analysed("input x -> A;\ninput y -> B;\nadd(C, A, B);\nmov(D, C);\nmov(E, D);\nmovx(F, E, east);")
    assert [e.origin.line for e in a.excesses if e.origin] == [3]


def test_a_loop_is_reported_once_with_its_worst_case() -> None:
    text = "input x -> A;\nmov(B, A);\nfor i in 0..10 {\n    add(A, A, B);\n}"
    (excess,) = analysed(text, {"x": (0, 20)}).excesses
    assert (excess.low, excess.times) == (-220, 4)
    assert excess.operands == (("A", (0, 140)), ("B", (0, 20)))  # the first time, not the worst
    assert str(excess.first) == "bus(NEWS, A, B)"
    assert analysed(text, {"x": (0, 13)}).excesses == ()


def test_the_worst_word_of_a_macro_is_the_one_that_is_named() -> None:
    text = (
        "macro quadruple(y: areg, t: areg) {\n    mov(t, y);\n    add(y, y, t);\n    mov(t, y);\n    add(t, t, y);\n}\n"
    )
    (excess,) = analysed("input x -> A;\n" + text + "quadruple(A, B);", {"x": (0, 100)}).excesses
    assert (str(excess.item), excess.low, excess.times) == ("bus(NEWS, B, A)", -400, 2)
    assert (str(excess.first), excess.word) == ("bus(NEWS, A, B)", 3)


def test_readouts_beyond_the_converter() -> None:
    a = analysed("input x -> A;\ninput y -> B;\nadd(C, A, B);\noutput sum = C;", {"x": (0, 70), "y": (0, 70)})
    (excess,) = a.excesses
    assert (excess.kind, excess.register, excess.high) == ("clip", "C", 140)
    (said,) = range_diagnostics(a)
    assert (said.code, said.line) == ("W702", 4)
    assert "or subtract 13" in said.hint


@pytest.mark.parametrize("call", ["scamp5_output_image(C)", "scamp5_read_areg(C, 3, 3)", "scamp5_global_sum_fast(C)"])
def test_host_readouts_go_through_the_converter_too(call: str) -> None:
    text = "kernel k {{ add(C, A, B); }} program {{ scamp5_in(A, 70); scamp5_in(B, 70); k(); output o = {}; }}"
    assert codes(analysed(text.format(call))) == ["W702"]


def test_limits_are_those_that_are_given() -> None:
    program = assemble("input x -> A;\ninput y -> B;\nadd(C, A, B);\noutput sum = C;")
    ranges = {"x": (0.0, 70.0), "y": (0.0, 70.0)}
    assert codes(analyse(program, ranges=ranges, limits=Limits(converter=(-128, 140)))) == []
    assert codes(analyse(program, ranges=ranges, limits=Limits(linear=130))) == ["W701", "W702"]
    for wrong in ({"linear": 0}, {"drift": -1}, {"drift": math.nan}, {"converter": (3, 3)}, {"retention": 0}):
        with pytest.raises(ProgramError, match="limits:"):
            Limits(**wrong)


FINE = [
    "adaptive_threshold",
    "closed_shapes",
    "closing",
    "difference_camera",
    "dilate",
    "erode",
    "fast16",
    "frame_difference",
    "gauss3",
    "gauss5",
    "gauss_lean",
    "opening",
    "threshold",
]


@pytest.mark.parametrize("name", FINE)
def test_kernels_that_are_fine_are_left_alone(name: str) -> None:
    assert analyse(kernels.load(name)).findings == ()


def test_kernels_that_leave_the_range_are_found() -> None:
    """Their contracts say so: 0..381 for half the strength of Sobel's operator, three pixels less three others."""
    a = analyse(kernels.load("edges"))
    assert a.outputs["edges"] == (0, 381)
    assert {e.kind for e in a.excesses} == {"saturation", "clip"}


def test_words_without_text_have_a_place_too() -> None:
    words = [Word("bus", ("NEWS",), ("A", "B")), Word("bus", ("C",), ("NEWS",))]
    a = analyse(straight_line("bare", words), ranges={"A": (0, 100), "B": (0, 100)})
    (said,) = range_diagnostics(a)
    assert said.message.startswith("'bus(NEWS, A, B)' can give NEWS -200 .. 0")


# --- time -----------------------------------------------------------------------------------------------------------


def test_a_register_held_across_a_readout_drifts() -> None:
    a = analysed("input x -> A;\ninput y -> B;\nmov(C, A);\nmov(D, B);\noutput c = C;\noutput d = D;")
    (hold,) = [h for h in a.holds if h.too_long]
    assert hold.register == "D"
    assert 19_000 < hold.us < 19_200
    assert hold.drift == pytest.approx(2.295, abs=0.01)
    (said,) = range_diagnostics(a)
    assert (said.code, said.line) == ("W703", 6)
    assert "'output d = D' reads D 19.1 ms after 'mov(D, B)' on line 4" in said.message


def test_a_plane_that_is_read_out_at_once_does_not() -> None:
    assert codes(analysed("input x -> A;\nmov(C, A);\noutput c = C;")) == []
    assert (
        codes(analysed("kernel k { get_image(B); } input x -> A; program { output c = A; k(); output d = B; }")) == []
    )


def test_bits_live_for_a_second_and_a_half() -> None:
    kernels_ = {"k": Kernel("k", (Word("SET", ("R5",)),)), "l": Kernel("l", (Word("MOV", ("R6",), ("R5",)),))}
    refresh = HostCall("scamp5_kernel_refresh_dreg")
    wait = [Output(f"o{i}", "B") for i in range(45)]  # 45 readouts of 19.1 ms
    for between, expected in ((wait, []), (wait + wait, ["W704"]), ([*wait, refresh, *wait], [])):
        program = Program("wait", kernels_, (Launch("k"), *between, Launch("l")))
        assert codes(analyse(program)) == expected


STATE = """\
state D;
state R5;
kernel next {{
    where(D);
    {}
    all();
    OR(R6, R5, FLAG);
}}
program {{
    next();
    output seen = R6;
}}
"""


def test_state_lives_for_a_frame() -> None:
    once = assemble(STATE.format("neg(E, D);"))
    assert codes(analyse(once)) == []
    assert analyse(once).assumed == ("D",)
    a = analyse(once, fps=30)
    assert a.period_us == pytest.approx(1e6 / 30)
    holds = {h.register: h for h in a.holds}
    assert math.isinf(holds["D"].us)
    assert math.isinf(holds["R5"].us)
    assert not holds["D"].partly
    assert codes(a) == ["W703", "W704"]
    assert as_dict(a)["holds"][0]["us"] is None
    partly = analyse(assemble(STATE.format("res(D);")), fps=30)
    assert next(h for h in partly.holds if h.register == "D").partly


def test_state_that_is_written_anew_lives_for_one_frame() -> None:
    text = "state D;\nkernel next {\n    mov(E, D);\n    mov(D, E);\n}\nprogram { next(); output e = E; }"
    program = assemble(text)
    a = analyse(program, fps=20)
    hold = next(h for h in a.holds if h.register == "D")
    assert hold.carried
    assert 49_900 < hold.us < 50_000
    assert codes(a) == ["W703"]
    assert "of the run before" in range_diagnostics(a)[0].message
    assert codes(analyse(program, fps=20, limits=Limits(drift=10))) == []
    slow = analyse(program, fps=200)  # a run takes 19 ms, so that there are 52 a second at most
    assert slow.period_us == slow.time_us


def test_both_halves_of_a_condition_are_a_whole_write() -> None:
    text = (
        "state D;\ninput b -> R5;\nkernel next {\n    mov(E, D);\n    WHERE(R5);\n    mov(D, F);\n    NOT(R6, R5);\n"
        "    WHERE(R6);\n    neg(D, F);\n    all();\n}\nprogram { scamp5_in(F, 80); next(); }"
    )
    a = analysed(text, fps=1000)
    assert {h.register: h.us < 2000 for h in a.holds}["D"]
    assert a.range("D") == (-80, 80)
    assert a.start["D"] == ((-80, 80), "D of the run before")
    assert codes(a) == []


def test_what_two_conditions_wrote_is_as_old_as_the_first() -> None:
    text = (
        "input x -> A;\ninput b -> R5;\nkernel one { WHERE(R5); mov(D, A); all(); NOT(R6, R5); }\n"
        "kernel two { WHERE(R6); neg(D, A); all(); }\nkernel use { mov(E, D); }\n"
        "program { one(); output a = A; two(); output b = B; use(); output e = E; }"
    )
    hold = next(h for h in analysed(text).holds if h.register == "D")
    assert 38_000 < hold.us < 38_500
    assert hold.written is not None
    assert hold.written.origin is not None
    assert hold.written.origin.line == 3


class Clockwork(ReferenceEngine):
    """The reference engine with a watch: how long what each PE reads has been there, by register."""

    def __init__(self, shape: tuple[int, int], state: dict[str, np.ndarray]) -> None:
        super().__init__(shape, ErrorModel(), ArrayOptions())
        for register, plane in state.items():
            self.write(register, plane)
        self.written = {r: np.zeros(shape) for r in (*isa.ANALOG, *isa.DIGITAL)}
        self.held: dict[str, float] = {}
        self.times = (0.0, 0.0)  # of writes and of reads in the present word

    def look(self, register: str, us: float, where: np.ndarray) -> None:
        if register in self.written and where.any():
            oldest = float(self.written[register][where].min())
            self.held[register] = max(self.held.get(register, 0.0), us - oldest)

    def act(self, action: host.Action) -> None:
        if not isinstance(action, Word):
            super().act(action)
            return
        word = action
        everywhere, flag = np.ones(self.shape, bool), self.bits["FLAG"]
        gated = word.row.gate is isa.Gate.FLAG
        for source in (*word.src, *word.row.reads):
            port = source in isa.PORTS
            self.look("NEWS" if port else source, self.times[1], flag if gated and not port else everywhere)
        super().act(word)
        for target in (*word.dst, *word.row.writes):
            store = "NEWS" if target in isa.PORTS else target
            if store in self.written:
                self.written[store][flag if gated else everywhere] = self.times[0]


@given(seed=st.integers(0, 2**32 - 1), chunks=st.integers(1, 25), steps=st.integers(1, 6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_pe_holds_a_value_for_longer(seed: int, chunks: int, steps: int) -> None:
    shape, timing = (64, 64), load_timing()
    program = random_program(seed, shape, chunks, steps)
    engine = Clockwork(shape, random_state(2 * (seed // 2) + 1, shape))
    now = 0.0
    for step in program.steps:
        cost = step_cost(step, program, timing, shape)
        start, now = now, now + cost.us
        if isinstance(step, Launch):
            kernel, us = program.kernels[step.kernel], start + cost.launch_us
            for word in kernel.words:
                engine.times = (us, us)
                engine.act(word)
                us += timing.word_us(word.clock, kernel.highspeed)
            continue
        engine.times = (start, now)
        for action in host.actions(step, shape) if isinstance(step, HostCall) else [host.Take(step.register)]:
            if isinstance(action, host.Take):
                engine.look(action.register, start, np.ones(shape, bool))
            else:
                engine.act(action)
    held = {r: ((-128.0, 127.0), r) for r in (*isa.ANALOG, "PIX")}
    walk = Walk(program, timing, shape, ArrayOptions(), Limits(), held, frozenset(engine.written))
    walk.run()
    assert not walk.ages.carried
    for register, us in engine.held.items():
        if register != "R12":  # a refresh counts for all of it
            assert walk.ages.longest[register].us >= us - 1e-6, register


def test_what_grows_from_run_to_run_is_said() -> None:
    a = analysed("state D;\ninput x -> A;\nadd(D, D, A);", fps=100)
    assert a.grows == ("D",)
    assert "W701" in codes(a)
    assert "D of the run before" in a.excesses[0].roots


FILTERS = {
    "a quarter": ("sub(A, A, F); divq(B, A); divq(A, B); add(F, F, A);", 127),
    "a quarter, by diva": ("sub(A, A, F); diva(A, B, C); diva(A, B, C); add(F, F, A);", 127),
    "a sixteenth": ("sub(A, A, F);" + " divq(B, A); divq(A, B);" * 2 + " add(F, F, A);", 127),
    "half of two": ("sub(A, A, F); divq(B, A); add(F, F, B);", 127),
    "one behind another": (
        "sub(A, A, F); divq(B, A); divq(A, B); add(F, F, A); sub(A, F, E); divq(B, A); divq(A, B); add(E, E, A);",
        127,
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_stable_filter_stays_within_the_range_of_its_input(name: str) -> None:
    """F += (x - F) / 4 and its kin: the range is that of x, however many frames pass, and nothing is to be divided."""
    text, top = FILTERS[name]
    a = analysed(f"state F;\nstate E;\nget_image(A);\n{text}\noutput f = {'E' if 'E, E' in text else 'F'};", fps=100)
    assert not a.grows
    for register in ("F", "E") if "E, E" in text else ("F",):
        low, high = a.start[register][0]
        assert low == pytest.approx(0, abs=0.1), register
        assert high == pytest.approx(top, abs=0.1), register
    assert not a.excesses


def test_the_range_of_a_filter_holds_over_many_frames() -> None:
    """On the array, 200 frames of both extremes and of noise: never outside what was found."""
    text = "sub(A, A, F); divq(B, A); divq(A, B); add(F, F, A);"
    program = assemble(f"state F;\nget_image(A);\n{text}")
    low, high = analyse(program, fps=100).start["F"][0]
    m, g = Machine((64, 64)), np.random.default_rng(1)
    for n in range(200):
        m.expose(np.full((64, 64), 255) if n < 60 else g.integers(0, 256, (64, 64)))
        m.run(program, registers=False)
        plane = m.read("F")
        assert low <= plane.min()
        assert plane.max() <= high
    assert high < 128


def test_an_unstable_filter_is_said_to_grow() -> None:
    """F := x - 2 F has no range that it stays in."""
    a = analysed("state F;\nget_image(A);\nmov(B, F);\nadd(C, F, B);\nsub(F, A, C);", fps=100)
    assert a.grows == ("F",)


def test_the_drift_is_that_of_the_profile_s_range() -> None:
    assert Limits().drift == limits_of(load_profile("scamp5")).drift == 120
    assert limits_of(load_profile("imperial")).drift == 0
    assert limits_of(load_profile("scamp5").changed(analog_drift=10.0)).drift == 70


def test_the_flag_that_a_run_leaves_is_the_next_one_s() -> None:
    words = (Word("bus", ("NEWS",), ("A",)), Word("bus", ("B",), ("NEWS",)), Word("where", (), ("C",)))
    program = Program("open", {"k": Kernel("k", words)}, (Launch("k"),))
    once = analyse(program, ranges={"A": (5, 9), "C": (-1, 1)})
    assert once.range("B") == (5, 9)
    assert analyse(program, ranges={"A": (5, 9), "C": (-1, 1)}, fps=30).range("B") == (0, 9)


def test_pixelrnn_as_published() -> None:
    """What docs/ranges.md says of it: 25 taps of 10 LSB, 120 for a weight, 80 for the state."""
    source = Path(kernels.__file__).parent / "pixelrnn" / "blocks_published.scamp"
    program = assemble(source, params={"read": 1})
    a = analyse(program, ranges={"A": (-120, 120), "B": (-120, 120)}, fps=30)
    taps = next(e for e in a.excesses if len(e.roots) == 1 and e.roots[0].startswith("the constant 10 of line"))
    assert (taps.low, taps.factor, taps.word) == (-250, 0.6, 765)
    assert a.outputs["o"] == (-500, 500)
    holds = {h.register: h for h in a.holds}
    assert holds["D"].drift == pytest.approx(3.95, abs=0.01)
    assert {r for r, h in holds.items() if math.isinf(h.us)} == {"A", "B"}
    assert a.start["D"][0] == (-80, 80)
    assert not a.grows


# --- the command ----------------------------------------------------------------------------------------------------

EXAMPLE = """\
/// Twice the difference to the pixel on the left, with a state.
input image -> PIX;
state D;
kernel find {
    get_image(A);
    movx(B, A, west);
    sub(A, A, B);
    mov(B, A);
    for i in 0..2 {
        add(A, A, B);
    }
    mov(C, D);
    where(A);
    mov(D, E);
    all();
    MOV(R5, FLAG);
}
program {
    scamp5_in(E, 80);
    find();
    output before = C;
    output edges = A;
    output all = R5;
}
"""


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("example.scamp").write_text(EXAMPLE)
    return "example.scamp"


def test_text_of_the_command(
    example: str, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["ranges", example, "--fps", "20"]) == 0
    captured = capsys.readouterr()
    golden("ranges_example.txt", captured.out)
    assert not captured.err


def test_json_of_the_command(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ranges", example, "--fps", "20", "--format", "json", "--range", "image=0..128"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["period_us"] == 50_000
    assert document["start"]["PIX"]["range"] == pytest.approx([-127, -127 + 128 * 127 / 255])
    assert {e["kind"] for e in document["excesses"]} == {"saturation", "clip"}
    assert {d["code"] for d in document["diagnostics"]} == {"W701", "W702", "W703"}
    assert all(d["line"] for d in document["diagnostics"])


def test_json_is_ok_unless_strict_fails(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    for argv, code, count in (([example], 0, 3), ([example, "--strict"], 1, 3), (["gauss5", "--strict"], 0, 0)):
        assert cli.main(["ranges", *argv, "--format", "json"]) == code
        document = json.loads(capsys.readouterr().out)
        assert document["ok"] == (code == 0)
        assert document["warnings"] == len(document["diagnostics"]) == count


def test_a_rate_that_does_not_fit_is_said(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = "60 runs a second do not fit: one run takes 41.2 ms; 24.3 used"
    assert cli.main(["ranges", example, "--fps", "60"]) == 0
    assert said in capsys.readouterr().out
    assert cli.main(["ranges", example, "--fps", "60", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert said in document["notes"]
    assert document["period_us"] == document["time_us"]


def test_strict_fails_when_there_is_something(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ranges", example, "--strict"]) == 1
    assert cli.main(["ranges", "gauss5", "--strict"]) == 0
    assert capsys.readouterr().out.endswith("nothing saturates, clips or fades\n")


def test_files_in_cpp_are_taken_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.cpp"
    file.write_text("scamp5_kernel_begin(); add(A, B, C); scamp5_kernel_end();")
    assert cli.main(["ranges", str(file), "--range", "B=0..100", "--range", "C=60"]) == 0
    assert "mine.cpp:1:" in capsys.readouterr().out


def test_limits_come_from_a_profile(example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def found(*more: str) -> Any:
        assert cli.main(["ranges", example, "--fps", "25", "--format", "json", *more]) == 0
        return json.loads(capsys.readouterr().out)

    typical = found()
    assert (typical["limits"]["linear"], typical["limits"]["drift_per_s"]) == (150, 120)
    mine = tmp_path / "mine.json"
    knobs = {"linear_range": 20, "saturation": 30, "analog_drift": -4, "analog_drift_spread": 1, "bit_retention": 0.5}
    mine.write_text(json.dumps({"knobs": knobs}))
    document = found("--errors", str(mine))
    limits = document["limits"]
    assert (limits["linear"], limits["drift_per_s"], limits["retention_s"]) == (20, 5, 0.5)
    assert "linear to 20 LSB only" in str(document["diagnostics"])
    assert found("--errors", f"{mine}:linear_range=25")["limits"]["linear"] == 25
    assert "W701" not in str(found("--errors", "ideal")["diagnostics"])
    assert limits_of(load_profile("ideal")) == Limits(linear=8192, drift=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--errors", "scamp6"], "did you mean 'scamp5'"),
        (["--errors", "scamp5:linear_range=-1"], "linear_range is -1 LSB; it is 1 to 8192 LSB"),
        (["--range", "image"], "write NAME=LOWEST..HIGHEST"),
        (["--range", "image=4..x"], "write NAME=LOWEST..HIGHEST"),
        (["--range", "image=9..4"], "not lowest..highest"),
        (["--range", "imgae=0..4"], "did you mean 'image'?"),
        (["--range", "R5=0..1"], "no analog input or register"),
        (["--range", "image=0..4", "--range", "image=0..5"], "given twice"),
        (["--range", "image=0..1e300"], "the most that a register can hold"),
        (["--fps", "0"], "--fps: expected a finite number above 0, got '0'"),
    ],
)
def test_wrong_arguments_are_explained(
    example: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["ranges", example, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_ranges_of_arguments() -> None:
    assert parse_ranges(["a=-1.5..2e1", " B = 7 "]) == {"a": (-1.5, 20.0), "B": (7.0, 7.0)}
    with pytest.raises(ScampError):
        parse_ranges(["a=1..2..3"])


PAGE = Path(__file__).parent.parent / "docs" / "ranges.md"


def test_the_page_is_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (source,) = re.findall(r"^```c\n(.*?)^```$", text, re.M | re.S)
    Path("change.scamp").write_text(source)

    def block(match: re.Match[str]) -> str:
        assert cli.main(match[1].split()) == 0
        captured = capsys.readouterr()
        assert not captured.err
        return f"```console\n$ scamp-sim {match[1]}\n{captured.out}```"

    fresh = re.sub(r"^```console\n\$ scamp-sim (.*?)\n.*?^```$", block, text, flags=re.M | re.S)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(fresh, encoding="utf-8")
        return
    assert fresh == text, "if meant: pytest --update-golden, then read the diff"
