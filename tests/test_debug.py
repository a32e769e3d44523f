"""Stepping: the same planes, outputs and costs as a run; breakpoints; what a wrong line is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, ProgramError, kernels
from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program, Word
from scamp_sim.chip.trace import lines_with_words, main_file, moments, touched
from scamp_sim.compiler import assemble
from scamp_sim.machine.debugger import Position
from tests.engine.programs import random_program, random_state

SHAPE = (64, 64)
ENGINES = ("fast", "reference")

TEXT = """\
input image -> PIX;
macro twice(y: areg, x: asrc) {
    mov(y, x);
    add(y, y, x);
}
kernel grow(n) {
    get_image(A);
    for i in 0..n {
        twice(B, A);
    }
    for i in 0..2 { mov(C, B); add(C, C, B); }
}
program {
    scamp5_in(E, 3);
    for k in 1..3 {
        grow(k);
    }
    output any = scamp5_global_or(R5);
    output c = C;
}
"""


def program(text: str = TEXT) -> Program:
    return assemble(text)


def photo(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


def same(a: Any, b: Any, exact: bool) -> bool:
    if isinstance(a, int):
        return bool(a == b)
    if exact or a.dtype == bool:
        return np.array_equal(a, b)
    return np.allclose(np.asarray(a, float), np.asarray(b, float), rtol=0, atol=1e-3)


def agrees(program: Program, inputs: dict[str, Any] | None, shape: tuple[int, int], engine: str, seed: int) -> None:
    """Stepping a program and running it leave the same machine, and give the same."""
    machines = [Machine(shape, engine=engine) for _ in range(2)]
    for m in machines:
        for register, plane in random_state(seed, shape).items():
            m.write(register, plane)
    run = machines[0].run(program, inputs)
    stepped = machines[1]
    position = stepped.load(program, inputs)
    assert position.done is None
    assert position.word == 0
    while position.next is not None:
        assert stepped.finished is None
        expected = position.next
        found = stepped.step()
        assert found is not None
        assert found.done is expected
        position = found
    assert stepped.step() is None
    assert stepped.resume() is None
    assert position.word == program.words == run.profile.words
    assert stepped.finished is not None
    assert stepped.finished.profile == run.profile
    exact = engine == "reference"
    assert list(stepped.finished.outputs) == list(run.outputs)
    for name, value in run.outputs.items():
        assert same(value, stepped.finished.outputs[name], exact), name
    for register in isa.PLANES:
        assert same(machines[0].read(register), stepped.read(register), exact), register


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [n for n in kernels.names() if n != "depthwise16"])
def test_library_kernels_step_as_they_run(name: str, engine: str) -> None:
    p = kernels.load(name)
    shape = p.shape or SHAPE
    inputs = {i.name: photo(shape) if i.register == "PIX" else np.ones(shape, bool) for i in p.inputs}
    for i in p.inputs:
        if i.register in isa.ANALOG:
            inputs[i.name] = photo(shape).astype(np.float32) / 2
    agrees(p, inputs, shape, engine, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_largest_kernel_steps_as_it_runs(engine: str) -> None:
    shape = (256, 256)
    weights = np.random.default_rng(7).choice([-1, 1], (16, 5, 5))
    agrees(kernels.load("depthwise16", weights=weights), {"image": photo(shape)}, shape, engine, 1)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(12))
def test_random_programs_step_as_they_run(seed: int, engine: str) -> None:
    agrees(random_program(seed, SHAPE, 12, 8), None, SHAPE, engine, seed)


@pytest.mark.parametrize("engine", ENGINES)
def test_readouts_in_the_middle(engine: str) -> None:
    steps = (
        Launch("k"),
        HostCall("scamp5_global_sum_fast", ("B",), result="mean"),
        HostCall("scamp5_output_bitstack_begin", (2,)),
        HostCall("scamp5_output_bitstack_bit", ("R5",)),
        Launch("k"),
        HostCall("scamp5_output_bitstack_bit", ("R6",)),
        HostCall("scamp5_output_bitstack_end", (), result="stack"),
        Output("b", "B"),
    )
    words = (Word("bus", ("B",), ("A",)), Word("bus", ("A",), ("C",)), Word("MOV", ("R6",), ("R7",)))
    p = Program("p", {"k": Kernel("k", words)}, steps)
    agrees(p, None, SHAPE, engine, 5)
    m = Machine(SHAPE, engine=engine)
    m.load(p)
    position = m.step(4)
    assert position is not None
    assert position.done == steps[1]
    assert list(position.results) == ["mean"]
    assert (position.step, position.kernel, position.kernel_word, position.word) == (2, "", 0, 3)


def test_a_position_says_where_execution_stands() -> None:
    m = Machine(SHAPE)
    position: Position | None = m.load(program(), {"image": photo(SHAPE)})
    assert position is not None
    assert (position.step, position.kernel, position.word, position.line) == (0, "", 0, 14)
    assert position.source == "    scamp5_in(E, 3);"
    assert str(position) == "nothing done yet; next scamp5_in(E, 3, NEWS)  [<text>:14: scamp5_in(E, 3);]"
    position = m.step()
    assert position is not None
    assert (position.step, position.kernel, position.word, position.done_line, position.line) == (1, "", 2, 14, 7)
    position = m.step(6)
    assert position is not None
    assert (position.step, position.kernel, position.word, position.kernel_word) == (2, "grow(1)", 8, 6)
    assert (position.done_line, position.line) == (9, 9)
    assert str(position).startswith("word 8 of grow(1) (6 in this launch): bus(NEWS, A); next bus(B, NEWS)  [<text>:9")


def test_step_is_fewer_at_the_end_and_nothing_after_it() -> None:
    m = Machine(SHAPE)
    m.load(program(), {"image": photo(SHAPE)})
    position = m.step(10_000)
    assert position is not None
    assert position.next is None
    assert (position.line, position.file, position.source) == (0, "", "")
    assert str(position).endswith("output c = C; the program has ended")
    assert m.finished is not None
    assert m.step() is None


def test_an_empty_program_has_ended_when_it_is_loaded() -> None:
    m = Machine(SHAPE)
    assert m.load(Program("p", {}, ())).next is None
    assert m.finished is not None
    assert m.finished.outputs == {}


def test_planes_can_be_changed_between_words() -> None:
    m = Machine(SHAPE)
    m.load(assemble("mov(B, A); mov(C, B);"))
    m.step(2)
    m.write("B", 7)
    m.resume()
    assert m.finished is not None
    assert (m.finished.outputs["C"] == 7).all()


def test_loading_again_starts_anew() -> None:
    m = Machine(SHAPE)
    m.load(assemble("mov(B, A);"))
    m.resume()
    assert m.finished is not None
    position = m.load(assemble("mov(C, A);"))
    assert m.finished is None
    assert position.word == 0


# --- breakpoints ------------------------------------------------------------------------------------------------


def hits(p: Program, *breakpoints: Any) -> list[tuple[int, int]]:
    """(line, words done) at every stop."""
    m = Machine(SHAPE)
    m.load(p, {"image": photo(SHAPE)} if p.inputs else None, breakpoints)
    found = []
    while (position := m.resume()) is not None:
        found.append((position.line, position.word))
    return found


def test_a_breakpoint_is_hit_before_the_first_word_of_its_line() -> None:
    assert hits(program(), 7) == [(7, 2), (7, 2 + 5 + 4 + 8)]


def test_a_breakpoint_is_hit_once_for_every_round_of_a_loop() -> None:
    first, second = 2 + 5, 2 + 17 + 5
    assert hits(program(), 9) == [(9, first), (9, second), (9, second + 4)]
    assert [words for _, words in hits(program(), 11)] == [11, 15, 32, 36]


def test_a_line_of_several_statements_is_one_arrival() -> None:
    text = "mov(B, A);\nmov(C, B); mov(D, C); where(D); all(); MOV(R5, FLAG); mov(C, D);\nmov(D, C);\n"
    assert hits(assemble(text), 2) == [(2, 2)]
    looped = assemble("for i in 0..3 {\n    mov(C, B); where(C); mov(D, C); all();\n}\n")
    assert hits(looped, 2) == [(2, 0), (2, 6), (2, 12)]


def test_the_line_of_a_launch_is_hit_at_every_launch() -> None:
    assert hits(program(), 16) == [(7, 2), (7, 19)]
    assert hits(program(), 16, 7) == [(7, 2), (7, 19)]


def test_a_breakpoint_on_the_first_line_is_hit_before_anything() -> None:
    assert hits(program(), 14) == [(14, 0)]


def test_bare_calls_and_loops() -> None:
    assert hits(assemble("mov(B, A);\nfor i in 0..3 {\n    add(B, B, A);\n}\n"), 1, 3) == [
        (1, 0),
        (3, 2),
        (3, 4),
        (3, 6),
    ]


def test_stepping_onto_a_breakpoint_counts_as_reaching_it() -> None:
    m = Machine(SHAPE)
    m.load(program(), {"image": photo(SHAPE)}, [7, 9])
    m.step()
    position = m.resume()
    assert position is not None
    assert position.line == 9


def test_breakpoints_in_included_files(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "steps.scamp").write_text("kernel copy {\n    mov(B, A);\n}\n")
    main = tmp_path / "main.scamp"
    main.write_text('include "lib/steps.scamp";\nprogram {\n    copy();\n    output b = B;\n}\n')
    p = assemble(main)
    assert main_file(p) == str(main)
    library = str(tmp_path / "lib" / "steps.scamp")
    assert lines_with_words(p) == {str(main): [3, 4], library: [2]}
    assert hits(p, (library, 2)) == hits(p, ("steps.scamp", 2)) == hits(p, (Path("lib/steps.scamp"), 2)) == [(2, 0)]
    with pytest.raises(ProgramError, match=r"no words of program 'main' come from 'step.scamp'.*steps.scamp"):
        hits(p, ("step.scamp", 2))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (8, "line 8 of <text> holds no words; the nearest that do: 7 and 9"),
        (1, "line 1 of <text> holds no words; the nearest that does: 7"),
        (99, "line 99 of <text> holds no words; the nearest that does: 19"),
        (3, "the words of a macro belong to the line that calls it"),
        (-1, "holds no words"),
        ("7", "expected a source line as a number or .file, number., got '7'"),
        (True, "expected a source line as a number"),
        ((1, 2, 3), "expected a source line as a number"),
        (("other.scamp", 3), "no words of program 'text' come from 'other.scamp' .files: <text>."),
    ],
)
def test_lines_without_words_are_refused(line: Any, message: str) -> None:
    m = Machine(SHAPE)
    with pytest.raises(ProgramError, match=message):
        m.load(program(), {"image": photo(SHAPE)}, [line])


def test_breakpoints_are_a_list() -> None:
    with pytest.raises(ProgramError, match=r"write breakpoints=\[7\]"):
        Machine(SHAPE).load(program(), {"image": photo(SHAPE)}, 7)  # type: ignore[arg-type]


def test_a_program_without_source_has_no_lines() -> None:
    with pytest.raises(ProgramError, match="has no source text"):
        Machine(SHAPE).load(random_program(1, SHAPE, 2, 2), None, [3])


# --- wrong use --------------------------------------------------------------------------------------------------


def test_stepping_needs_a_loaded_program() -> None:
    m = Machine(SHAPE)
    assert m.finished is None
    for move in (m.step, m.resume):
        with pytest.raises(ProgramError, match=r"no program is loaded; load one first: machine.load\(program\)"):
            move()


def test_what_run_refuses_load_refuses_and_keeps_what_was_loaded() -> None:
    m = Machine(SHAPE)
    m.load(assemble("mov(B, A);"))
    with pytest.raises(ProgramError, match="needs input 'x'"):
        m.load(assemble("input x -> A;\nmov(B, A);"))
    with pytest.raises(ProgramError, match="expected a Program"):
        m.load("mov(B, A);")  # type: ignore[arg-type]
    position = m.step()
    assert position is not None
    assert str(position.done) == "bus(NEWS, A)"


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "2"])
def test_steps_are_counted_from_one(count: Any) -> None:
    m = Machine(SHAPE)
    m.load(assemble("mov(B, A);"))
    with pytest.raises(ProgramError, match="count must be an integer of at least 1"):
        m.step(count)


# --- moments ----------------------------------------------------------------------------------------------------


def test_moments_are_every_word_in_order() -> None:
    p = program()
    found = list(moments(p))
    assert [m.item for m in found if isinstance(m.item, Word)] == list(p.kernel_words())
    assert {m.kernel for m in found} == {"", "grow(1)", "grow(2)"}


def test_touched_planes() -> None:
    assert touched(Word("bus", ("XN", "B"), ("A", "IN"))) == {"NEWS", "A", "B"}
    assert touched(Word("where", (), ("A",))) == {"A", "FLAG"}
    assert touched(Output("o", "R5")) == {"R5"}
    assert touched(HostCall("scamp5_in", ("A", 3, "NEWS"))) == {"A", "NEWS"}
