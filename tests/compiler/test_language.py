"""The language feature by feature: what a text assembles to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.chip.program import HostCall, Launch, Output, Program
from scamp_sim.compiler import CompileError, assemble
from scamp_sim.exceptions import ProgramError


def words(text: str, **more: Any) -> list[str]:
    """The words of the only kernel."""
    (kernel,) = assemble(text, **more).kernels.values()
    return [str(w) for w in kernel.words]


def steps(program: Program) -> list[str]:
    shown = []
    for step in program.steps:
        if isinstance(step, Launch):
            shown.append(step.kernel)
        elif isinstance(step, HostCall):
            shown.append(f"{step.name}({', '.join(map(str, step.args))})")
        else:
            shown.append(f"{step.name} = {step.register}")
    return shown


def errors(text: str | Path, **more: Any) -> list[tuple[str, int, str]]:
    with pytest.raises(CompileError) as caught:
        assemble(text, **more)
    return [(d.code, d.line, d.message) for d in caught.value.diagnostics if d.severity == "error"]


def message(text: str | Path, **more: Any) -> str:
    (one,) = errors(text, **more)
    return f"{one[0]} {one[2]}"


# --- calls and operands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bus(A);", ["bus(A)"]),
        ("bus(A, B, C, D, PIX);", ["bus(A, B, C, D, PIX)"]),
        ("bus({A, B}, {C, D});", ["bus({A, B}, {C, D})"]),
        ("bus({A, B}, C, D);", ["bus({A, B}, {C, D})"]),
        ("bus({A}, {});", ["bus(A)"]),
        ("bus({A}, {B, C, D, E, F});", ["bus({A}, {B, C, D, E, F})"]),
        ("MOV({R5, R6}, R7);", ["MOV({R5, R6}, {R7})"]),
        ("NOT({R5, R6}, {R7, R8});", ["NOT({R5, R6}, {R7, R8})"]),
        ("SET({R1, R2});", ["SET(R1, R2)"]),
        ("NOR(R5, {R6, R7});", ["NOR(R5, R6, R7)"]),
        ("NOR(R5, R6, {R7, R8, R9});", ["NOR(R5, R6, R7, R8, R9)"]),
        ("ALL();", ["all()"]),
        ("SET(RF, RS, RW, RN); CLR(RE, S0, S6, RP);", ["SET(R0, R1, R2, R3)", "CLR(R4, R5, R11, R12)"]),
        ("bus(A, NORTH); bus(B, EAST);", ["bus(A, XN)", "bus(B, XE)"]),
        ("s.bus(A, B);", ["bus(A, B)"]),
        ("bus2(A, B, C, D); bus3(A, B, C, D);", ["bus2(A, B, C, D)", "bus3(A, B, C, D)"]),
        ("WHERE(R5, FLAG, SELECT);", ["WHERE(R5, FLAG, SELECT)"]),
        ("bus(A, port(north)); bus(B, port(opposite(north)));", ["bus(A, XN)", "bus(B, XS)"]),
        ("SET(gates(north|east)); SET(gates(south));", ["SET(R3, R4)", "SET(R1)"]),
        ("SET({for d in west|north: gates(d)});", ["SET(R2, R3)"]),
        (";; bus(A); ;", ["bus(A)"]),
        ("bus(A); // a comment\n/* and\n another */ bus(B);", ["bus(A)", "bus(B)"]),
        ("bus(A);\r\nbus(B);\r\n", ["bus(A)", "bus(B)"]),
        ("\ufeffbus(A);", ["bus(A)"]),
    ],
)
def test_calls(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_native_form_wins_over_the_macro_of_the_same_name() -> None:
    assert words("NOT(R5, R6); NOT(R5); OR(R5, R6, R7); OR(R5, R6);") == [
        "NOT(R5, R6)",
        "NOT_R(R5)",
        "REFRESH_L(R5)",
        "OR(R5, R6, R7)",
        "OR_R(R5, R6)",
        "REFRESH_L(R5)",
    ]


def test_macros_are_chosen_by_number_and_kind() -> None:
    text = """
    macro put(y: areg, x: asrc) { bus(y, x); }
    macro put(y: dreg, x: dsrc) { MOV(y, x); }
    macro put(y: areg, n: int) { for i in 0..n { bus(y); } }
    kernel k { put(A, B); put(R5, R6); put(C, 2); }
    """
    assert words(text) == ["bus(A, B)", "MOV(R5, R6)", "bus(C)", "bus(C)"]


# --- expressions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7 / -2", -3),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("1 << 4 >> 2", 4),
        ("6 & 3 | 8", 10),
        ("5 ^ 1", 4),
        ("~0", -1),
        ("!0 + !5", 1),
        ("- - 3", 3),
        ("0x1F", 31),
        ("0b101", 5),
        ("1 < 2 == 1", 1),
        ("1 | 2 == 2", 1),
        ("2 > 1 && 0 || 1", 1),
        ("0 ? 1 : 0 ? 2 : 3", 3),
        ("1 ? 2 : 1 / 0", 2),
        ("0 && 1 / 0", 0),
        ("1 || 1 / 0", 1),
        ("abs(-4)", 4),
        ("min(3, 1, 2)", 1),
        ("max({4, 9})", 9),
        ("len({1, 2, 3})", 3),
        ("popcount(255)", 8),
        ("{1, 2, 3}[1]", 2),
        ("{{1, 2}, {3, 4}}[1][0]", 3),
        ("opposite(north) == south", 1),
        ("A == B", 0),
        ("XN != NORTH", 0),
        ("(north|east) == (east|north)", 1),
        ("1 << 200 >> 199", 2),
        ("10 - 2 - 3", 5),
        ("2 + 3 << 1", 10),
        ("1 - 1 ? 5 : 6", 6),
    ],
)
def test_expression(expression: str, value: int) -> None:
    text = f'const value = {expression};\nrequire value == {value} : "wrong";\nbus(A);'
    assert words(text) == ["bus(A)"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 / 0", "S206 division by zero"),
        ("1 % 0", "S206 division by zero"),
        ("A + 1", "S206 '+' needs integers, got A, an analog register"),
        ("1 << -1", "S206 cannot shift by -1: 0 to 4096 bits"),
        ("1 << 99999999999", "S206 cannot shift by 99999999999: 0 to 4096 bits"),
        ("{1, 2}[2]", "S207 index 2 is out of range: has 2 elements, 0 to 1"),
        ("{1, 2}[-1]", "S207 index -1 is out of range: has 2 elements, 0 to 1"),
        ("5[0]", "S206 only tables and lists can be indexed, got the number 5"),
        ("popcount(-1)", "S206 popcount: expected a number of at least 0, got -1"),
        ("port(north|east)", "S206 port: expected one direction, got north|east, a set of directions"),
        ("nope", "S204 unknown register or name 'nope'"),
        ("mov", "S204 'mov' is a macro; it cannot be an operand"),
        ("lenn({1})", "S204 unknown function 'lenn'; did you mean 'len'?"),
    ],
)
def test_expression_without_a_value(expression: str, expected: str) -> None:
    assert message(f"const value = {expression};\nbus(A);") == expected


# --- declarations and control ---------------------------------------------------------------------------------


def test_tables_loops_and_conditions() -> None:
    text = """
    const GAUSS[3][3] = {{1, 2, 1}, {2, 4, 2}, {1, 2, 1}};
    const TO = {A, B, C};
    for i in 0..3 {
        if GAUSS[1][i] > 3 { bus(TO[i], PIX); } else if i == 0 { bus(TO[i]); } else { bus(TO[i], IN); }
    }
    """
    assert words(text) == ["bus(A)", "bus(B, PIX)", "bus(C, IN)"]


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("0..3", [0, 1, 2]),
        ("4..-1 step -1", [4, 3, 2, 1, 0]),
        ("0..7 step 3", [0, 3, 6]),
        ("3..3", []),
        ("5..2", []),
        ("{7, 1}", [7, 1]),
        ("T", [2, 3]),
        ("{for i in 0..3: i * i}", [0, 1, 4]),
        ("{1, for i in 0..4 if i % 2: i}", [1, 1, 3]),
        ("{for i in 0..2: for j in 0..2: 2 * i + j}", [0, 1, 2, 3]),
    ],
)
def test_loop(loop: str, expected: list[int]) -> None:
    head = "const T = {2, 3};\nconst TO = {A, B, C, D, E, F, NEWS, XN};\nall();\n"
    text = f"{head}for n in {loop} {{ bus(TO[n % 8]); }}"
    names = ["A", "B", "C", "D", "E", "F", "NEWS", "XN"]
    assert words(text)[1:] == [f"bus({names[n % 8]})" for n in expected]


def test_loop_over_directions_and_registers() -> None:
    text = "for d in north|west { bus(A, port(d)); } for d in {east, south} { bus(B, port(d)); }\n"
    text += "for r in {R5, R6} { SET(r); }"
    assert words(text) == ["bus(A, XN)", "bus(A, XW)", "bus(B, XE)", "bus(B, XS)", "SET(R5)", "SET(R6)"]


def test_generator_picks_registers() -> None:
    text = "const w = {-1, 1, -1, 1};\ndreg cols[4] = {R5, R6, R7, R8};\n"
    text += "NOR(R9, {R0, for j in 0..4 if w[j] < 0: cols[j]});"
    assert words(text) == ["NOR(R9, R0, R5, R7)"]


def test_alias_names_a_register() -> None:
    assert words("areg grey = A, level = E;\nareg both[2] = {grey, level};\nadd(B, grey, both[1]);") == [
        "bus(NEWS, A, E)",
        "bus(B, NEWS)",
    ]


def test_const_in_a_kernel_sees_the_loop() -> None:
    assert words("kernel k { for i in 0..2 { const n = i * 2; for j in 0..n { SET(R5); } } }") == ["SET(R5)"] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("const A = 3;", "S205 the name 'A' is taken: it is a register"),
        ("const RF = 3;", "S205 the name 'RF' is taken: it is a register"),
        ("const mov = 3;", "S205 the name 'mov' is taken: it is a macro"),
        ("const bus = 3;", "S205 the name 'bus' is taken: it is an instruction"),
        ("const north = 3;", "S205 the name 'north' is taken: it is a direction"),
        ("const scamp5_in = 3;", "S205 the name 'scamp5_in' is taken: it is a host function"),
        ("const n = 1;\nconst n = 2;", "S205 'n' is already declared at line 1"),
        ("const T[2] = {1, 2, 3};", "S215 'T' is declared as T[2]: expected 2 elements, got 3"),
        ("const T[2][2] = {{1, 2}, {3}};", "S215 'T' is declared as T[2][2]: [1]: expected 2 elements, got 1"),
        (
            "areg t = R5;",
            "S203 areg 't': expected an analog source (A-F, NEWS, XN XE XS XW, PIX, IN), got R5, a digital register",
        ),
        ("for mov in 0..2 { }", "S205 the name 'mov' is taken: it is a macro"),
    ],
)
def test_declaration_that_cannot_be(text: str, expected: str) -> None:
    assert message(text + "\nbus(A);") == expected


def test_broken_declaration_is_reported_once() -> None:
    assert [e[0] for e in errors("const N = 1 / 0;\nfor i in 0..N { bus(A); }\nbus(Q);")] == ["S206", "S204"]


# --- parameters -----------------------------------------------------------------------------------------------

LEVEL = "param level = 30 in -120..120;\nkernel k { bus(A); }\nprogram { scamp5_in(E, level); k(); }"
WEIGHTS = "param w[2][2] in {-1, 1};\nfor i in 0..2 { for j in 0..2 { if w[i][j] > 0 { bus(A); } else { bus(B); } } }"


@pytest.mark.parametrize("value", [40, -120, 120, np.int64(7), 3.0])
def test_param_takes_integers(value: Any) -> None:
    program = assemble(LEVEL, params={"level": value})
    assert program.params == {"level": int(value)}
    assert program.steps[0].args == ("E", int(value), "NEWS")  # type: ignore[union-attr]


def test_param_default() -> None:
    assert assemble(LEVEL).params == {"level": 30}


@pytest.mark.parametrize("table", [[[1, -1], [-1, 1]], ((1, -1), (-1, 1)), np.array([[1, -1], [-1, 1]], np.int8)])
def test_param_takes_tables(table: Any) -> None:
    assert words(WEIGHTS, params={"w": table}) == ["bus(A)", "bus(B)", "bus(B)", "bus(A)"]


@pytest.mark.parametrize(
    ("text", "params", "expected"),
    [
        (LEVEL, {"level": 121}, "S208 param 'level': the given value is not allowed: 121 is not in -120..120"),
        (LEVEL, {"level": True}, "S208 param 'level': expected an integer, got True; write 1"),
        (LEVEL, {"level": 1.5}, "S208 param 'level': expected an integer, got 1.5"),
        (LEVEL, {"level": float("nan")}, "S208 param 'level': expected an integer, got nan"),
        (LEVEL, {"level": "3"}, "S208 param 'level': expected an integer or a table of integers, got str '3'"),
        (
            LEVEL,
            {"level": [1]},
            "S208 param 'level': the given value is not allowed: expected a number, got {1}, a list",
        ),
        (LEVEL, {"levle": 3}, "S208 the source has no param 'levle'; did you mean 'level'?"),
        (WEIGHTS, {}, "S208 param 'w' has no default, and no value was given"),
        (
            WEIGHTS,
            {"w": [[1, -1], [1]]},
            "S208 param 'w': the given value is not allowed: [1]: expected 2 elements, got 1",
        ),
        (
            WEIGHTS,
            {"w": [[1, -1], [1, 0]]},
            "S208 param 'w': the given value is not allowed: 0 at [1][1] is not in {-1, 1}",
        ),
        (WEIGHTS, {"w": np.array([[1, -1], [1, np.nan]])}, "S208 param 'w': expected an integer at [1][1], got nan"),
        (WEIGHTS, {"w": np.ones((2, 2), bool)}, "S208 param 'w': expected an integer at [0][0], got True; write 1"),
        ("param n = 5 in 0..3;\nbus(A);", {}, "S208 param 'n': its default is not allowed: 5 is not in 0..3"),
    ],
)
def test_param_refuses(text: str, params: dict[str, Any], expected: str) -> None:
    assert message(text, params=params) == expected


# --- files ----------------------------------------------------------------------------------------------------


def test_bare_text_is_a_kernel_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "edges.txt"
    path.write_text("get_image(A);\nmovx(B, A, north);\n", encoding="utf-8")
    program = assemble(path)
    assert program.name == "edges"
    assert steps(program) == ["edges"]
    assert assemble(str(path)).stored_words == program.stored_words == 7
    assert assemble(path, name="other").name == "other"


def test_kernel_marks_and_host_calls_between() -> None:
    text = """
    s.scamp5_in(E, 20);
    s.scamp5_kernel_begin();
        s.get_image(A);
    s.scamp5_kernel_end();
    scamp5_load_point(R5, 3, 4);
    scamp5_kernel_begin();
        MOV(R6, R5);
        for i in 0..2 { bus(B, A); }
    scamp5_kernel_end();
    output b = B;
    """
    program = assemble(text, name="demo")
    assert steps(program) == ["scamp5_in(E, 20, NEWS)", "demo_1", "scamp5_load_point(R5, 3, 4)", "demo_2", "b = B"]
    assert [str(w) for w in program.kernels["demo_2"].words] == ["MOV(R6, R5)", "bus(B, A)", "bus(B, A)"]


def test_one_pair_of_marks_is_named_after_the_file() -> None:
    assert steps(assemble("scamp5_kernel_begin(); bus(A); scamp5_kernel_end();", name="one")) == ["one"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("scamp5_kernel_begin(); bus(A);", "S109"),
        ("bus(A); kernel k { bus(A); }", "S109"),
        ("kernel k { kernel j { } }", "S109"),
        ("kernel k { program { } }", "S109"),
        ("kernel k { scamp5_kernel_begin(); }", "S109"),
        ("kernel a { bus(A); } kernel b { bus(B); }", "S110"),
        ("kernel a(n) { bus(A); }", "S110"),
        ("const N = 3;", "S111"),
        ("kernel k { bus(A); } program { k(); } program { k(); }", "S205"),
        ("kernel k { bus(A); } program { k(); areg t; }", "S109"),
        ("scamp5_in(A, 3);", "S209"),
        ("kernel a { bus(A); } kernel b { a(); } program { a(); b(); }", "S209"),
        ("kernel a { bus(A); } program { a(); mov(A, B); }", "S210"),
        ("kernel a { bus(A); } program { b(); }", "S211"),
        ("kernel a(n) { bus(A); } program { a(); }", "S202"),
        ("kernel a(n) { bus(A); } program { a(B); }", "S203"),
        ("kernel a { bus(A); } program { a(); scamp5_in(R5, 3); }", "S203"),
        ("kernel a { bus(A); } program { a(); scamp5_in(A, 3, B, C); }", "S202"),
    ],
)
def test_structure_that_cannot_be(text: str, code: str) -> None:
    assert [e[0] for e in errors(text)] == [code]


def test_include(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "base.scamp").write_text("const N = 2;\n", encoding="utf-8")
    (tmp_path / "lib" / "steps.scamp").write_text(
        'include "base.scamp";\nmacro twice(y: areg) { for i in 0..N { bus(y); } }\n', encoding="utf-8"
    )
    main = tmp_path / "main.scamp"
    main.write_text('include "lib/steps.scamp";\ninclude "lib/base.scamp";\ntwice(A);\n', encoding="utf-8")
    program = assemble(main)
    (word, _) = program.kernels["main"].words
    assert word.origin is not None
    assert (word.origin.file, word.origin.line, word.origin.text) == (str(main), 3, "twice(A);")
    assert program.diagnostics == ()


def test_a_mistake_elsewhere_does_not_undo_an_include(tmp_path: Path) -> None:
    (tmp_path / "lib.scamp").write_text("macro twice(y: areg) { bus(y); bus(y); }\n", encoding="utf-8")
    main = tmp_path / "main.scamp"
    main.write_text('param level = 64 in 0..120;\ninclude "lib.scamp";\ntwice(A);\n', encoding="utf-8")
    assert [(code, line) for code, line, _ in errors(main, params={"level": 500})] == [("S208", 1)]


def test_included_files_only_declare(tmp_path: Path) -> None:
    (tmp_path / "words.scamp").write_text("bus(A);\n", encoding="utf-8")
    (tmp_path / "main.scamp").write_text('include "words.scamp";\nbus(B);\n', encoding="utf-8")
    assert message(tmp_path / "main.scamp") == "S109 an included file may hold declarations only"


def test_missing_include_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "steps.scamp").write_text("", encoding="utf-8")
    (tmp_path / "main.scamp").write_text('include "step.scamp";\nbus(B);\n', encoding="utf-8")
    assert message(tmp_path / "main.scamp") == (
        "S108 cannot include 'step.scamp': no such file; did you mean 'steps.scamp'?"
    )


# --- kernels, program, macros ---------------------------------------------------------------------------------


def test_program_launches_and_calls() -> None:
    program = assemble(
        """
        input image -> PIX;
        output last = C;
        kernel a { get_image(A); }
        kernel b { mov(C, A); }
        program {
            a();
            for i in 0..2 { scamp5_in(E, 10 * i); b(); }
            if 1 > 2 { a(); } else { output c = C; }
        }
        """
    )
    assert steps(program) == ["a", "scamp5_in(E, 0, NEWS)", "b", "scamp5_in(E, 10, NEWS)", "b", "c = C", "last = C"]
    assert program.stored_words == 7
    assert [(i.name, i.register) for i in program.inputs] == [("image", "PIX")]


def test_each_combination_of_arguments_is_a_kernel() -> None:
    program = assemble(
        "kernel tap(i, j) { for n in 0..i + j { SET(R5); } }\nprogram { for i in 0..2 { tap(i, 1); tap(0, 1); } }"
    )
    assert steps(program) == ["tap(0,1)", "tap(0,1)", "tap(1,1)", "tap(0,1)"]
    assert {n: len(k.words) for n, k in program.kernels.items()} == {"tap(0,1)": 1, "tap(1,1)": 2}


def test_kernels_that_are_not_launched_are_not_stored_but_checked() -> None:
    program = assemble("kernel a { bus(A); }\nkernel b { bus(B); }\nprogram { a(); }")
    assert list(program.kernels) == ["a"]
    assert [d.code for d in program.diagnostics] == ["W513"]
    assert message("kernel a { bus(A); }\nkernel b { buss(B); }\nprogram { a(); }").startswith("S201")


def test_macro_defaults_scratch_and_order_of_declaration() -> None:
    text = """
    kernel k { twice(A, PIX); east_by(B, A, 2); east_by(B, A); }
    macro east_by(y: areg, x: asrc, n: int = 1) { movx(y, x, east); for i in 1..n { movx(y, y, east); } }
    macro twice(y: areg, x: asrc) { areg t; mov(t, x); add(y, x, t); }
    """
    east = ["bus(XW, A)", "bus(B, NEWS)"]
    assert words(text) == [
        "bus(NEWS, PIX)",
        "bus(F, NEWS)",
        "bus(NEWS, PIX, F)",
        "bus(A, NEWS)",
        *east,
        "bus(XW, B)",
        "bus(B, NEWS)",
        *east,
    ]


def test_origin_is_the_users_statement() -> None:
    text = "macro m(y: areg) {\n    abs(y, PIX);\n}\nkernel k {\n    m( A );\n}\n"
    (kernel,) = assemble(text).kernels.values()
    origins = {w.origin for w in kernel.words}
    (origin,) = origins
    assert origin is not None
    assert (origin.line, origin.column, origin.end_line, origin.end) == (5, 5, 5, 11)
    assert (origin.macros, origin.text, origin.file) == (("m", "abs"), "    m( A );", "<text>")


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("macro m() { m(); }\nm();", "m > m"),
        ("macro a() { b(); }\nmacro b() { c(); }\nmacro c() { b(); }\na();", "b > c > b"),
    ],
)
def test_recursion_shows_its_chain(text: str, chain: str) -> None:
    assert message(text).endswith(f"calls itself: {chain}")


def test_user_requirement_points_at_the_call() -> None:
    text = 'macro m(y: areg, x: asrc) {\n    require y != x : "m needs two registers";\n    mov(y, x);\n}\nm(A, A);'
    with pytest.raises(CompileError) as caught:
        assemble(text)
    (d,) = caught.value.diagnostics
    assert (d.code, d.line, d.message) == ("S310", 5, "m needs two registers")
    assert d.notes == ("y and x are both A", "required by macro m at <text>:2")


@pytest.mark.parametrize(
    "call",
    ["IMP(R5, R0, R6);", "MUX(R5, R6, R7, R0);", "CLR_IF(R5, R0);", "DNEWS(R5, R1, east);", "m(R0);", "n(R0);"],
)
def test_operand_overwritten_before_it_is_read(call: str) -> None:
    text = "macro m(x: dsrc) { IMP(R6, x, R5); }\n"
    text += "macro n(x: dsrc) { m(x); SET(R7); }\n"
    ((code, line, _),) = errors(text + call)
    assert code in ("S310", "S311")
    assert line == 3


@pytest.mark.parametrize("call", ["m(A, A)", "n(A, B)"])
def test_a_macro_of_the_text_may_overwrite_its_operand(call: str) -> None:
    text = "macro m(y: areg, x: asrc) { mov(y, PIX); mov(B, x); }\n"
    text += "macro n(y: areg, x: asrc) { m(y, x); mov(C, x); }\n"
    found = [d for d in assemble(f"{text}{call};").diagnostics if d.code == "W519"]
    assert {(d.severity, d.line) for d in found} == {("warning", 3)}


def test_overwritten_operand_names_culprits() -> None:
    (d,) = assemble("macro m(y: areg, x: asrc) { mov(y, PIX); mov(B, x); }\nm(A, A);").diagnostics
    assert d.code == "W519"
    assert d.message == "m overwrites A, its operand x, before it has read it: it writes its operand y, which is A too"
    assert d.hint == "use another register for x or y"


def test_several_errors_in_one_run() -> None:
    text = "foo(A);\nadd(A, R5, B);\nmov(A, G);\nkernel_x(;\n"
    assert [e[0] for e in errors(text)] == ["S105"]
    assert [e[:2] for e in errors(text.rpartition("kernel")[0])] == [("S201", 1), ("S203", 2), ("S204", 3)]


def test_several_syntax_errors_in_one_run() -> None:
    text = "mov(A, B)\nadd(A,, C);\nkernel k {\n    sub(A B);\n    mov(A, B;\n}\n@\n"
    assert sorted(errors(text), key=lambda e: e[1]) == [
        ("S106", 1, "expected ';' after this statement"),
        ("S107", 2, "an operand is missing before ','"),
        ("S107", 4, "expected ',' or ')' before 'B'"),
        ("S105", 5, "unclosed '('"),
        ("S104", 7, "unknown character '@'"),
    ]


def test_an_error_in_a_loop_is_told_once() -> None:
    assert len(errors("for i in 0..50 { mov(A, Q); }")) == 1


# --- limits ---------------------------------------------------------------------------------------------------


def test_store_overflow_names_the_largest() -> None:
    text = "kernel a { for i in 0..600 { nop(); } }\nkernel b { for i in 0..500 { nop(); } }\nprogram { a(); b(); }"
    assert message(text) == (
        "S401 1,100 words in 2 kernels do not fit into the kernel store of 1,024; the largest: a with 600, b with 500"
    )
    assert assemble(text.replace("500", "424")).stored_words == 1024


@pytest.mark.parametrize(
    "text",
    [
        "for i in 0..1000000000000 { }\nbus(A);",
        "for i in 0..1000 { for j in 0..1000 { nop(); } }",
        "const T = {for i in 0..1000000000: i};\nbus(A);",
        "macro m() { for i in 0..1000 { nop(); } }\nfor i in 0..1000 { m(); }",
        "kernel k { nop(); }\nprogram { for i in 0..1000000 { k(); } }",
    ],
)
def test_bombs_are_defused(text: str) -> None:
    assert message(text).startswith(("S401", "S403"))


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    assert words("const N = " + "(" * 5000 + "1" + ")" * 5000 + ";\nif N { bus(A); }") == ["bus(A)"]
    assert message("const N = " + "-" * 5000 + "1;\nbus(A);").startswith("S404")


DEEP = {
    "calls": "abs(" * 300 + "1" + ")" * 300,
    "lists": "{" * 10_000 + "1" + "}" * 10_000,
    "choices": "1?1:" * 10_000 + "1",
    "brackets and sums": "(1+" * 300 + "1" + ")" * 300,
    "indices": "T" + "[0]" * 300,
}


@pytest.mark.parametrize("name", DEEP)
def test_nesting_has_a_limit_at_a_place(name: str) -> None:
    assert errors(f"bus(A);\n\nconst N = {DEEP[name]};") == [("S404", 3, "nested more than 100 deep")]


def test_nesting_of_blocks_and_macros_has_a_limit() -> None:
    assert errors("bus(A);\n" + "if 1 {" * 300 + "bus(B);" + "}" * 300) == [("S404", 2, "nested more than 100 deep")]
    chain = "".join(f"macro m{n}() {{ if 1 {{ m{n + 1}(); }} }}\n" for n in range(100)) + "macro m100() { nop(); }\n"
    assert errors(f"{chain}m0();") == [("S404", 102, "macros call one another more than 64 deep")]
    assert words(f"{chain}m40();") == ["nop()"]


def test_a_stack_that_runs_out_is_reported_at_the_statement() -> None:
    block = "if 1 {" * 90, "}" * 90
    chain = "".join(f"macro m{n}() {{ {block[0]} m{n + 1}(); {block[1]} }}\n" for n in range(30))
    text = f"{chain}macro m30() {{ nop(); }}\nm0();"
    assert errors(text) == [("S404", 32, "this expands to statements nested too deeply")]


def test_nesting_within_the_limit_works() -> None:
    text = f"const N = {'abs(' * 95}1{')' * 95};\nkernel k {{ {'if N {' * 95} bus(A); {'}' * 95} }}"
    assert words(text) == ["bus(A)"]


def test_long_sums_and_chains_are_flat() -> None:
    assert words(f"const N = {'1 + ' * 2000}1;\nif N == 2001 {{ bus(A); }}") == ["bus(A)"]
    assert words(f"if 0 {{ bus(A); }}{' else if 0 { bus(A); }' * 500} else {{ bus(B); }}") == ["bus(B)"]
    assert words(f"kernel k {{ if 0 {{ bus(A); }}{' else if 0 { bus(A); }' * 500} else if 1 {{ bus(B); }} }}") == [
        "bus(B)"
    ]


def test_long_numbers() -> None:
    assert errors(f"const N = {'1' * 5000};\nbus(A);") == [("S206", 1, "a number of 5,000 digits is too large")]
    with pytest.raises(CompileError, match="bits"):
        assemble("param n;\nif n { bus(A); }", params={"n": 10**5000})


def test_lists_that_double_are_stopped() -> None:
    lists = "".join(f"const L{n} = {{L{n - 1}, L{n - 1}}};\n" for n in range(1, 60))
    assert errors(f"const L0 = {{R5}};\n{lists}SET(L59);") == [("S403", 18, "a list of more than 200,000 elements")]


@pytest.mark.parametrize(
    ("digits", "hint"), [("010", "write 10, or 8 if it is octal"), ("09", "write 9"), ("00", "write 0")]
)
def test_leading_zeros(digits: str, hint: str) -> None:
    with pytest.raises(CompileError) as caught:
        assemble(f"const N = {digits};\nif N == 0 {{ nop(); }}")
    assert [(d.code, d.hint) for d in caught.value.diagnostics] == [("S107", hint)]


def test_logic_still_stops_early() -> None:
    assert words("if 0 && 1 / 0 || 1 || 1 / 0 { nop(); }") == ["nop()"]


@pytest.mark.parametrize("params", [[3], 3, "n", {3: 1}])
def test_params_that_are_no_dict(params: Any) -> None:
    with pytest.raises(ProgramError, match="params: expected a dict of names and values"):
        assemble("nop();", params=params)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("input a -> A;\nbus(F, A, A);", "copy it first: mov(E, A); then name A and E"),
        ("input a -> A;\nbus(B, A, A);", "copy it first: mov(F, A); then name A and F"),
        ("mov(R5, R6);", "for bits use MOV(y, x)"),
        ("MOV(A, B);", "for analog registers use mov(y, x)"),
        ("where(R5);", "for bits use WHERE(x0, [x1], [x2])"),
        ("WHERE(A);", "for analog registers use where(x0, [x1], [x2])"),
        ("movx(A, B, up);", "directions are north, east, south and west"),
        ("kernel { nop(); }", "write 'kernel edges { ... }'"),
        ("for (d = 0; d < N; d++) { nop(); }", "write 'for d in 0..N { ... }'; the last number is not reached"),
        ("bus(\u0410);", "type the Latin letter"),
        (
            "kernel k { nop(); }\nprogram { for i in 0..1000000000 { if i < 0 { k(); } } }",
            "loops of the program are unrolled into its steps: repeat the run in Python",
        ),
    ],
)
def test_hints_say_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(CompileError) as caught:
        assemble(text)
    (d,) = [d for d in caught.value.diagnostics if d.severity == "error"]
    assert d.hint == hint
    assert not d.notes


def test_one_name_for_each_output() -> None:
    program = assemble("kernel k { nop(); }\nstate A;\nprogram { for i in 0..2 { k(); } output a = A; output b = A; }")
    assert steps(program) == ["k", "k", "a = A", "b = A"]


def test_outputs_of_a_loop_have_an_index() -> None:
    text = """
    kernel edge(d) { movx(B, A, d); }
    input image -> A;
    program {
        for d in {north, south} { edge(d); output edges[d] = B; output sum[d] = scamp5_global_sum_16(B); }
        for i in -1..1 { for r in {A, R5} { output all[i][r] = A; } }
        for i in 0..2 { scamp5_output_image(B, shown[i]); }
        output edges = B;
    }
    output last[2 * 3] = A;
    """
    program = assemble(text)
    assert program.results == (
        *("edges_north", "sum_north", "edges_south", "sum_south"),
        *("all_m1_A", "all_m1_R5", "all_0_A", "all_0_R5", "shown_0", "shown_1", "edges", "last_6"),
    )
    assert list(program.kernels) == ["edge(north)", "edge(south)"]
    (south,) = assemble("movx(B, A, south);").kernels.values()
    assert program.kernels["edge(south)"].words == south.words


@pytest.mark.parametrize(
    ("output", "code", "message"),
    [
        ("output x = A;", "S205", "output 'x' at line 3 is taken in every round of its loop"),
        ("output x[0] = A;", "S205", "output 'x_0' at line 3 is taken in every round of its loop"),
        ("output x_0 = A; output x[i] = A;", "S205", "output 'x_0' is already declared at line 3"),
        ("output x[{i, 1}] = A;", "S206", "an index of an output: expected an integer, a direction or a register, got"),
        ("output x[north|east] = A;", "S206", "got north|east, a set of directions"),
        ("output x[u] = A;", "S206", "a scratch register has no name yet"),
        ("output x[y] = A;", "S204", "unknown register or name 'y'"),
        ("output x[1 / (i - i)] = A;", "S206", "division by zero"),
        ("output x[] = A;", "S107", "an operand is missing before ']'"),
        ("output x[i = A;", "S105", ""),
    ],
)
def test_indices_of_outputs_that_cannot_be(output: str, code: str, message: str) -> None:
    found = errors(f"areg u;\nkernel k {{ bus(u, A); bus(A, u); }}\nprogram {{ for i in 0..2 {{ k(); {output} }} }}")
    assert found[0][0] == code
    assert any(message in said for _, _, said in found)


def test_kernels_with_parameters_may_be_empty_in_part() -> None:
    text = "kernel k(n) { if n { nop(); } }\nprogram { k(0); k(1); }"
    assert assemble(text).diagnostics == ()
    assert [d.code for d in assemble(text.replace("k(1);", "")).diagnostics] == ["W517"]


# --- the function itself --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["skd", ""])
def test_dialects(dialect: str) -> None:
    with pytest.raises(ProgramError, match="dialect"):
        assemble("bus(A);", dialect=dialect)


def test_neither_text_nor_path() -> None:
    with pytest.raises(ProgramError, match="expected source text or a path, found int"):
        assemble(3)  # type: ignore[arg-type]


def test_same_text_same_program() -> None:
    one, two = assemble(LEVEL), assemble(LEVEL)
    assert one.kernels == two.kernels
    assert one.steps == two.steps


def test_importing_the_package_does_not_load_the_parser() -> None:
    code = (
        "import sys, scamp_sim.compiler; from scamp_sim.compiler import CompileError; sys.exit('lark' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_output_is_a_step() -> None:
    (output,) = [s for s in assemble("bus(A);\noutput a = A;").steps if isinstance(s, Output)]
    assert (output.name, output.register) == ("a", "A")


def test_state_says_that_a_register_is_meant_to_be_read_first() -> None:
    text = "kernel k { sub(B, A, F); mov(F, A); }\nprogram { scamp5_in(A, 5); k(); output moved = B; }"
    assert [d.code for d in assemble(text).diagnostics] == ["W502"]
    assert assemble(f"state F;\n{text}").diagnostics == ()
    assert assemble(f"areg last = F;\nstate last, R5;\n{text.replace('F', 'last')}").diagnostics == ()


def test_state_is_never_given_to_scratch() -> None:
    body = "areg t; mov(t, A); add(B, t, F); areg u; mov(u, B); add(C, u, D);"
    program = assemble(f"state A, B, C, D, F;\nkernel k {{ {body} }}")
    assert {w.dst[0] for w in program.kernels["k"].words if w.dst[0] not in ("NEWS", "B", "C")} == {"E"}


def test_array_says_what_size_the_text_is_for() -> None:
    program = assemble("array 64, 128;\nres(A);")
    assert program.shape == (64, 128)
    assert assemble("res(A);").shape is None
    Machine((64, 128)).run(program)
    with pytest.raises(ProgramError, match="is for an array of 64x128; this one is 256x256"):
        Machine().run(program)


@pytest.mark.parametrize("text", ["array 100, 64;", "array 64, 2048;", "array 0, 64;", "array 64, 64; array 64, 128;"])
def test_array_of_a_size_that_cannot_be(text: str) -> None:
    with pytest.raises(CompileError):
        assemble(f"{text}\nres(A);")


def test_a_text_stands_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "half.scamp").write_text("macro half(y: areg, x: asrc) { divq(y, x); }\n")
    text = 'include "half.scamp";\nhalf(B, A);\n'
    made = assemble(text, file=tmp_path / "mine.scamp")
    assert made.name == "mine"
    origin = next(iter(made.kernel_words())).origin
    assert origin is not None
    assert origin.file == str(tmp_path / "mine.scamp")
    with pytest.raises(CompileError) as caught:
        assemble("edges.scamp", file=tmp_path / "mine.scamp")  # a text, though it looks like a name
    assert caught.value.diagnostics[0].file == str(tmp_path / "mine.scamp")


def test_nothing_is_included_from_outside_the_folders_named(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("a word that nobody may see\n")
    inside = tmp_path / "own"
    inside.mkdir()
    (inside / "link.scamp").symlink_to(tmp_path / "secret.txt")
    (inside / "fine.scamp").write_text("const n = 2;\n")
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "link.scamp"):
        with pytest.raises(CompileError) as caught:
            assemble(f'include "{name}";\nmov(A, B);', file=inside / "mine.scamp", within=[inside])
        (found,) = caught.value.diagnostics
        assert found.code == "S108"
        assert "outside the folder" in found.message
        assert "nobody" not in str(caught.value)
    assemble('include "fine.scamp"; mov(A, B);', file=inside / "mine.scamp", within=[inside])
