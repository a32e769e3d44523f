"""Programs as C++: what comes out, and that it comes back."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, kernels
from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Kernel, Launch, Program, Word, straight_line
from scamp_sim.compiler import assemble
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.export import Sliders, export, is_foreign, sliders_of, statements
from scamp_sim.compiler.native import LiveFrame, LiveProgram, has_compiler
from scamp_sim.compiler.sdk import Block, extract_kernels

GIVEN = {"depthwise16": {"weights": [[[1, -1, 1, 1, -1]] * 5] * 16}}


def library(name: str) -> Program:
    return kernels.load(name, **GIVEN.get(name, {}))


def words_of(block: Block) -> list[Word]:
    assert block.program is not None
    return list(block.program.kernel_words())


def executed(program: Program) -> list[str]:
    """Words and host calls in order; outputs come back as the readouts that they are."""
    found = []
    for step in program.steps:
        if isinstance(step, Launch):
            found += [str(w) for w in program.kernels[step.kernel].words]
        elif isinstance(step, HostCall):
            found.append(f"{step.name}{step.args}")
        else:
            found.append(f"scamp5_output_image('{step.register}',)")
    return found


@pytest.mark.parametrize("name", kernels.names())
def test_the_library_comes_back_from_jss(name: str) -> None:
    program = library(name)
    result = export(program, "jss")
    assert result.text.isascii()
    assert executed(assemble(result.text, dialect="sdk")) == executed(program)


# --- what is exported compiles, and runs ----------------------------------------------------------------------


def ran(text: str, folder: Path, **given: Any) -> LiveFrame:
    """The first frame of an exported program."""
    if not has_compiler():
        pytest.skip("no C++ compiler here")
    path = folder / "exported.cpp"
    path.write_text(text, encoding="utf-8")
    machine = given.pop("machine", None) or Machine()
    run = LiveProgram.build(path).run(machine, **given)
    assert run.whole, run.notes
    return run.frames[0]


def told(program: Program) -> list[str]:
    """As `executed`, for programs of which C++ tells only bits: operands of words in any order."""
    found = []
    for line in executed(program):
        name, _, rest = line.partition("(")
        found.append(name + "(" + ",".join(sorted(rest.rstrip(")").replace("{", "").replace("}", "").split(", "))))
    return found


LIVE = ("edges", "closing", "difference_camera", "threshold", "fast16", "closed_shapes")


@pytest.mark.parametrize("name", LIVE)
def test_the_library_compiles_and_runs_to_the_same_planes(name: str, tmp_path: Path) -> None:
    program = library(name)
    grey = np.random.default_rng(4).integers(0, 256, (256, 256)).astype(np.uint8)
    registers = [r for r in program.written if r != "NEWS"]
    own = Machine()
    given = {i.name: grey for i in program.inputs if i.register == "PIX"}
    own.run(program, given)
    frame = ran(export(program, "sdk").text, tmp_path, images=[grey], planes=registers)
    assert told(frame.program) == told(program)
    for register in registers:
        np.testing.assert_array_equal(frame.planes[register], own.read(register), err_msg=register)


@pytest.mark.nightly
@pytest.mark.parametrize("name", kernels.names())
def test_all_of_the_library_compiles_and_is_told_the_same(name: str, tmp_path: Path) -> None:
    program = library(name)
    grey = np.random.default_rng(4).integers(0, 256, (256, 256)).astype(np.uint8)
    frame = ran(export(program, "sdk").text, tmp_path, images=[grey])
    assert told(frame.program) == told(program)


def test_readouts_compile_with_the_display_first(tmp_path: Path) -> None:
    program = assemble("""
        input image -> PIX;
        kernel k { get_image(A); where(A); MOV(R5, FLAG); all(); NOT(R6, R5); }
        heap kernel wipe { CLR(R7); }
        program {
            k(); wipe();
            scamp5_output_bitstack_begin(2); scamp5_output_bitstack_bit(R5); scamp5_output_bitstack_bit(R6);
            output stack = scamp5_output_bitstack_end();
            output box = scamp5_output_boundingbox(R5);
            output events = scamp5_scan_events(R5, 12);
            output sums = scamp5_global_sum_16(A, 1);
            output n = scamp5_global_sum_16(A);
            output half = scamp5_output_areg(A, 4);
            output grey = A;
        }
    """)
    text = export(program, "sdk").text
    assert "scamp5_output_bitstack_begin(stack, 2);" in text
    assert "scamp5_output_boundingbox(R5, box);" in text
    grey = np.random.default_rng(5).integers(0, 256, (256, 256)).astype(np.uint8)
    run = Machine().run(program, {"image": grey})
    frame = ran(text, tmp_path, images=[grey])
    assert told(frame.program) == told(program)
    for name in ("stack", "box", "half"):
        np.testing.assert_array_equal(frame.pictures[name], run.outputs[name])
    np.testing.assert_array_equal(frame.pictures["grey"], np.rint(run.outputs["grey"] + 128))


def test_parameters_that_only_set_constants_are_sliders(tmp_path: Path) -> None:
    text = """
        param level = 30;
        param times = 2;
        input image -> PIX;
        kernel k { get_image(A); for i in 0..times { movx(A, A, east); } sub(B, A, E); }
        program { scamp5_in(E, 2 * level - 5); k(); output b = B; }
    """

    def again(params: Mapping[str, int]) -> Program:
        return assemble(text, params=params)

    program = again({})
    exported = export(program, "sdk", sliders_of(program, again)).text
    assert "static int level = 30;" in exported
    assert "scamp5_in(E, 2 * level - 5);" in exported
    assert "static int times" not in exported
    grey = np.full((256, 256), 200, np.uint8)
    for value in (30, 45):
        frame = ran(exported, tmp_path, images=[grey], set={"level": value}, planes=["E"])
        assert (frame.planes["E"] == 2 * value - 5).all()


@pytest.mark.parametrize("name", kernels.names())
def test_kernels_of_the_library_come_back_one_by_one(name: str) -> None:
    program = library(name)
    blocks = extract_kernels(export(program, "sdk").text)
    assert [b.ok for b in blocks] == [True] * len(program.kernels)
    for block, kernel in zip(blocks, program.kernels.values(), strict=True):
        assert block.program is not None
        assert tuple(block.program.kernel_words()) == kernel.words
        assert "dynamic" in block.kind or kernel.storage != "dynamic"


# --- random programs ------------------------------------------------------------------------------------------


def random_text(seed: int) -> str:
    """Calls of macros and words with operands of the right kinds, as far as they are no hazards."""
    choose = random.Random(seed)
    lines: list[str] = []
    while len(lines) < 30:
        name = choose.choice([*prelude.declarations(), *isa.NATIVE])
        forms = prelude.declarations().get(name)
        if forms:
            kinds = [f.kind for f in choose.choice(forms).formals]
        else:
            row = isa.NATIVE[name]
            kinds = [s.kind for s in (row.dst, row.src) if s for _ in range(choose.randint(s.least, s.most))]
        registers = {
            k: choose.sample(isa.OPERAND_KINDS[k], len(isa.OPERAND_KINDS[k]))
            for k in set(kinds)
            if k in isa.OPERAND_KINDS
        }
        args = []
        for kind in kinds:
            if kind in registers:
                args.append(registers[kind].pop())
            elif kind == "int":
                args.append(str(choose.randint(0, 2)))
            else:
                count = choose.randint(1, 3) if kind == "dirs" else 1
                args.append("|".join(choose.sample(sorted(isa.DIRECTIONS), count)))
        line = f"{name}({', '.join(args)});"
        try:
            assemble(line)
        except Exception:  # a hazard: not one of those that are asked for
            continue
        lines.append(line)
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(12))
def test_random_programs_come_back(seed: int) -> None:
    text = random_text(seed)
    try:
        program = assemble(text)
    except Exception:
        pytest.skip("a hazard between two lines")
    result = export(program, "sdk")
    (block,) = extract_kernels(result.text)
    assert words_of(block) == list(program.kernel_words())
    # what the user wrote as a macro stands there as one
    (kernel,) = program.kernels.values()
    assert len(list(statements(kernel))) <= text.count("\n") + 1 + text.count("_R(") + text.count("{")


@pytest.mark.parametrize("seed", range(4))
def test_words_without_a_source_come_back(seed: int) -> None:
    words = [Word(w.op, w.dst, w.src) for w in assemble(random_text(seed + 100)).kernel_words()]
    program = straight_line("bare", words)
    (block,) = extract_kernels(export(program, "sdk").text)
    assert words_of(block) == words


# --- how it looks ---------------------------------------------------------------------------------------------


def test_the_text() -> None:
    program = assemble("""\
param level = 30;
input image -> PIX;
kernel find {
    get_image(A);
    for i in 0..2 { movx(A, A, west); }
    bus(NEWS, A); bus(B, NEWS);
    NOT(R5); OR(R5, R6);
}
dynamic kernel tap(i) { newsblur(C, A, i); }
heap kernel wipe { CLR(R5, R6); }
program {
    scamp5_in(E, level);
    find(); tap(2); wipe();
    output n = scamp5_global_count(R5, F);
    scamp5_scan_events(R5, corners, 100);
    output edges = B;
}
""")
    text = export(program, "sdk").text
    for line in (
        "// param level = 30",
        "static void find() {",
        "        get_image(A);                       // line 4: get_image(A);",
        "        movx(A, A, west);                   // line 5: for i in 0..2 { movx(A, A, west); }",
        "        bus(NEWS, A);                       // line 6: bus(NEWS, A); bus(B, NEWS);",
        "        NOT(R5);                            // line 7: NOT(R5); OR(R5, R6);",
        "        OR(R5, R6);",
        "static void tap_2() {",
        "    scamp5_dynamic_kernel_begin();",
        "        newsblur(C, A, 2);                  // line 9: dynamic kernel tap(i) { newsblur(C, A, i); }",
        "static scamp5_kernel wipe;",
        "    wipe.constructor([] {",
        "static uint8_t corners[8000];  // events",
        "    wipe.move_to_heap(true);",
        "    record_wipe();",
        "    scamp5_in(E, 30);",
        "    tap_2();",
        "    int n = scamp5_global_count(R5, F);",
        "    scamp5_scan_events(R5, corners, 100);",
        "    scamp5_output_image(B, edges);  // output edges",
    ):
        assert line in text.split("\n"), line
    assert [(b.name, b.kind) for b in extract_kernels(text)] == [
        ("find", "static"),
        ("tap_2", "dynamic"),
        ("wipe", "lambda"),
    ]


def test_jss_text() -> None:
    program = assemble("kernel k { mov(B, A); }\nprogram { k(); scamp5_in(A, 3); output n = scamp5_global_or(R5); }")
    lines = export(program, "jss").text.split("\n")
    assert "s.mov(B, A);                                // line 1: kernel k { mov(B, A); }" in lines
    assert "// scamp5_kernel_begin();" in lines
    assert "s.scamp5_in(A, 3);" in lines
    assert "int n = s.scamp5_global_or(R5);" in lines


def test_halves_are_joined_and_lone_ones_are_said() -> None:
    words = [
        Word("NOT_R", (), ("R5",)),
        Word("REFRESH_L", ("R5",)),
        Word("NOR_R", (), ("R6", "FLAG")),
        Word("REFRESH_L", ("R6",)),
        Word("OR_R", (), ("R6", "R7")),
        Word("REFRESH_L", ("R8",)),
    ]
    kernel = Kernel("k", tuple(words))
    assert [text for text, _ in statements(kernel)] == ["NOT(R5)", "NOR(R6, FLAG)", "OR_R(R6, R7)", "REFRESH_L(R8)"]
    result = export(straight_line("k", words), "sdk")
    assert len(result.notes) == 2
    assert "not in the SDK" in result.text


@pytest.mark.parametrize(
    ("text", "foreign"), [("MOV({R5, R6}, {R7})", True), ("MOV(R5, R6)", False), ("NOT(R5)", False)]
)
def test_what_the_sdk_has_not(text: str, foreign: bool) -> None:
    assert is_foreign(text) == foreign


def test_names_that_cpp_cannot_have() -> None:
    program = assemble("kernel go(i) { res(A); }\nkernel union { res(B); }\nprogram { go(-1); go(2); union(); }")
    text = export(program, "sdk").text
    for name in ("go_m1", "go_2", "kernel_union"):
        assert f"static void {name}() {{" in text


def test_names_of_loops_and_of_the_c_library() -> None:
    program = assemble(
        "param floor = 3;\nkernel k { res(A); }\nprogram { k(); for d in {north, south} {\n"
        "    scamp5_in(B, floor); output e[d] = A; output n[d] = scamp5_global_sum_16(A); } }"
    )
    text = export(program, "sdk", Sliders({"floor": 3}, {(1, 1): "floor"})).text
    assert "static int param_floor = 3;" in text
    for name in ("e_north", "e_south"):
        assert f"static vs_handle {name};" in text
    assert "int n_south = scamp5_global_sum_16(A);" in text


def test_unknown_target() -> None:
    with pytest.raises(ValueError, match="'sdk' and 'jss'"):
        export(assemble("res(A);"), "apron")
