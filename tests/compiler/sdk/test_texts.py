"""Texts of kernels that are read without a compiler: marked blocks, lambdas, JSS, AUKE, Cain; what they do not tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from scamp_sim.chip.program import HostCall, Launch, Program
from scamp_sim.compiler import assemble
from scamp_sim.compiler.front.diagnostics import CompileError
from scamp_sim.compiler.sdk import Block, extract_from, extract_kernels
from scamp_sim.compiler.sdk.program import listed

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.cpp"))


def words(program: Program | None) -> list[str]:
    assert program is not None
    return [str(w) for w in program.kernel_words()]


def kernel(body: str, before: str = "") -> Block:
    """The one kernel of a text that holds `body` between marks."""
    text = f"{before}\nvoid f() {{\nscamp5_kernel_begin();\n{body}\nscamp5_kernel_end();\n}}\n"
    (block,) = extract_kernels(text)
    return block


def errors(block: Block) -> list[str]:
    return [d.code for d in block.diagnostics if d.severity == "error"]


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.nightly)])
def test_most_of_the_corpus_is_read(every: int) -> None:
    found = [(p.name, b) for p in CORPUS[::every] for b in extract_from(p)]
    good = [b for _, b in found if b.ok]
    assert len(found) > 200 / every
    assert len(good) >= 0.93 * len(found)
    assert all(errors(b) for _, b in found if not b.ok)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("void f() { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); }", "static", "f"),
        ("void f() { scamp5_dynamic_kernel_begin(); mov(B, A); scamp5_dynamic_kernel_end(); }", "dynamic", "f"),
        ("scamp5_kernel k([] { mov(B, A); });", "lambda", "k"),
        ("auto k = scamp5_kernel([=] { mov(B, A); });", "lambda", "k"),
        ("scamp5_dynamic_kernel k{[&]() { mov(B, A); }};", "dynamic lambda", "k"),
        ("void f() { k.constructor([]() { using namespace scamp5_kernel_api; mov(B, A); }); }", "lambda", "k"),
        ("void f() { scamp5_launch_kernel([] { mov(B, A); }); }", "lambda", "f"),
        ("void f() { bank[GRAB]([]{ mov(B, A); }); }", "lambda", "bank"),
        ("// scamp5_kernel_begin();\ns.mov(B, A);\n// scamp5_kernel_end();", "static", "block"),
        ("mov(B, A);", "static", "block"),
        ("void conv() { s1.mov(B, A); }", "static", "conv"),
    ],
)
def test_forms(text: str, kind: str, name: str) -> None:
    (block,) = extract_kernels(text)
    assert (block.kind, block.name, block.ok) == (kind, name, True)
    assert words(block.program) == ["bus(NEWS, A)", "bus(B, NEWS)"]


@pytest.mark.parametrize(
    ("body", "same"),
    [
        ("SCAMP5_PE::mov(SCAMP5_PE::B, A);", "mov(B, A);"),
        ("movx(B, A, EAST); DNEWS(R5, R6, north | west, 1);", "movx(B, A, east); DNEWS(R5, R6, north|west, 1);"),
        ("bus({A, B}, {C, D}); MOV({R5, R6}, R7);", "bus({A, B}, {C, D}); MOV({R5, R6}, R7);"),
        ("for (int i = 0; i < 2; i++) { movx(A, A, east); }", "movx(A, A, east); movx(A, A, east);"),
        ("for (int i = 1; i <= 2; ++i) newsblur(B, A, i + 1);", "newsblur(B, A, 2); newsblur(B, A, 3);"),
        ("if (0) { res(B); } else { res(C); }", "res(C);"),
        ("do { mov(B, A); } while (0);", "mov(B, A);"),
        ("const areg_t t = C; mov(t, A);", "mov(C, A);"),
        ("{ mov(B, A); { res(C); } }", "mov(B, A); res(C);"),
        ("mov(B, A) add(C, A, B)", "mov(B, A); add(C, A, B);"),
        ("east(C, B); // to the east", "movx(C, B, east);"),
    ],
)
def test_bodies(body: str, same: str) -> None:
    block = kernel(body)
    assert block.ok, block.diagnostics
    assert words(block.program) == words(assemble(same))


def test_names_of_the_file_and_its_functions() -> None:
    before = (
        "#define OUT D\nstatic const areg_t source = A;\nconstexpr int TIMES = 2;\n"
        "static const dreg_t planes[] = {R5, R6, R7};\n"
        "inline void twice(areg_t y, areg_t x) { mov(y, x); add(y, y, x); }\n"
    )
    block = kernel("twice(OUT, source); newsblur(B, A, TIMES); CLR(planes[TIMES - 1]);", before)
    assert words(block.program) == words(assemble("mov(D, A); add(D, D, A); newsblur(B, A, 2); CLR(R6);"))


@pytest.mark.parametrize(
    "before",
    [
        "enum class Plane { A, B, C, R5 };",
        "struct S { enum { A, B }; };",
        "namespace N { enum { A }; const int B = 3; }",
    ],
)
def test_names_in_a_scope_shadow_no_register(before: str) -> None:
    block = kernel("get_image(A); mov(B, A); where(B); MOV(R5, FLAG); all();", before)
    assert block.ok
    assert not block.placeholders
    assert len(words(block.program)) == 10


def test_a_register_that_the_function_names_otherwise_is_not_that_register() -> None:
    (block,) = extract_kernels("void f(areg_t A) { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); }")
    assert "A" in block.placeholders
    assert "W601" in [d.code for d in block.diagnostics]


def test_what_is_not_known_is_assumed_and_said() -> None:
    block = kernel("mov(out, in); if (n > 3) { res(E); } for (int i = 0; i < n; i++) movx(A, A, east);")
    assert block.ok
    assert set(block.placeholders) == {"out", "in", "n > 3", "n"}
    assert {d.code for d in block.diagnostics} >= {"W601", "W602"}
    assert words(block.program)[-2:] == ["bus(XW, A)", "bus(A, NEWS)"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("sharpen(A, B);", "S602"),
        ("icw(0, {1, 2});", "S604"),
        ("switch (n) { case 1: res(A); }", "S606"),
        ("int n = 3; while (n--) res(A);", "S606"),
        ("mov(A, 2.5);", "S605"),
        ("scamp5_in(A, 3);", "S209"),
        ("neg(A, A);", "S310"),
    ],
)
def test_what_makes_a_kernel_fail(body: str, code: str) -> None:
    block = kernel(f"mov(C, A);\n{body}")
    assert not block.ok
    assert code in errors(block)
    assert all(d.hint for d in block.diagnostics if d.severity == "error")


@pytest.mark.parametrize(
    "text",
    [
        "scamp5_kernel_begin(); mov(B, A);",
        "mov(B, A); scamp5_kernel_end();",
        "scamp5_kernel_begin(); mov(B, A); scamp5_dynamic_kernel_end();",
        "scamp5_kernel_begin(); scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end();",
    ],
)
def test_marks_that_do_not_pair(text: str) -> None:
    assert "S603" in [c for b in extract_kernels(text) for c in errors(b)]


# --- kernel compilers and simulators --------------------------------------------------------------------------

AUKE = """\
// ----------------------------------------------------
// [B] -> [A] || x:0 y:1 s:0 neg:0
north(B, A);
add(A, A, B);
// [B] -> [A] || x:0 y:-1 s:0 neg:0
south(B, A);
sub(A, A, B);
"""


def test_auke_with_moves_as_calls() -> None:
    (block,) = extract_kernels(AUKE)
    assert words(block.program) == words(assemble("movx(B,A,north); add(A,A,B); movx(B,A,south); sub(A,A,B);"))
    assert [d.code for d in block.diagnostics].count("W607") == 2


def test_auke_with_arrows() -> None:
    program = assemble("B = north(A)\nA = add(A, B)\nB = south(A)\nA = sub(A, B)\n", dialect="sdk")
    assert words(program) == words(assemble("movx(B,A,north); add(A,A,B); movx(B,A,south); sub(A,A,B);"))


def test_auke_for_its_simulator() -> None:
    (block,) = extract_kernels("_transform(B, A, 1, 0, 0, 0);\n// east(B, A);\nsub(C, A, B);\n")
    assert words(block.program) == words(assemble("movx(B, A, east); sub(C, A, B);"))
    (block,) = extract_kernels("_transform(B, A, 1, 1, 2, 0);\nsub(C, A, B);\n")
    assert errors(block) == ["S602"]
    assert "comments" in next(d.hint for d in block.diagnostics if d.severity == "error")


def test_an_unknown_call_without_marks_makes_the_kernel_fail() -> None:
    (block,) = extract_kernels("east(B, A);\nsub(C, A, B);\ndivide_by_three(C, C);\nabs(A, C);\n")
    assert not block.ok
    with pytest.raises(CompileError, match="divide_by_three"):
        assemble("east(B, A);\nsub(C, A, B);\ndivide_by_three(C, C);\nabs(A, C);\n", dialect="sdk")


def test_a_text_without_functions_is_a_program() -> None:
    program = assemble(
        "// scamp5_kernel_begin();\ns.mov(B, A);\n// scamp5_kernel_end();\ns.scamp5_in(C, -4);\n"
        "int n = s.scamp5_global_or(R5);\ns.scamp5_scan_events(R5, list, 20);\n",
        dialect="sdk",
    )
    steps = [s.name if isinstance(s, HostCall) else type(s).__name__ for s in program.steps]
    assert steps == ["Launch", "scamp5_in", "scamp5_global_or", "scamp5_scan_events"]
    assert program.results == ("n", "list")


def test_bit_stacks_put_the_display_first() -> None:
    program = assemble(
        "scamp5_output_bitstack_begin(d, 1);\nscamp5_output_bitstack_bit(R5);\nscamp5_output_bitstack_end();\n"
        "scamp5_output_boundingbox(R5, d);\n",
        dialect="sdk",
    )
    assert [s.args for s in program.steps if isinstance(s, HostCall)] == [(1,), ("R5",), (), ("R5",)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "S601"),
        ("int main() { return 0; }", "S601"),
        ("void f() { scamp5_kernel_begin(); res(A); scamp5_kernel_end(); }", "S601"),
        ("scamp5_in(A, level);", "S204"),
        ("scamp5_in(A, 2 * level);", "S605"),
        ("polish(A);", "S602"),
    ],
)
def test_what_is_no_program(text: str, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        assemble(text, dialect="sdk")
    assert code in [d.code for d in caught.value.diagnostics]


def test_parameters_are_for_programs_that_run() -> None:
    with pytest.raises(CompileError, match="no parameter 'level'"):
        assemble("scamp5_in(A, 3);", dialect="sdk", params={"level": 3})


# --- files ----------------------------------------------------------------------------------------------------


def test_branches_of_the_preprocessor_are_all_listed(tmp_path: Path) -> None:
    path = tmp_path / "branch.cpp"
    body = "inline void {}() {{ scamp5_kernel_begin(); get_image(A); {}(B, A); scamp5_kernel_end(); }}\n"
    for head in ("", "#define DEPTH 2\n", "#define DEPTH 3\n"):
        path.write_text(
            f"{head}#include <scamp5.hpp>\n#if DEPTH == 1\n{body.format('one', 'neg')}#elif DEPTH == 2\n"
            f"{body.format('two', 'abs')}#endif\n"
        )
        assert [b.name for b in extract_from(path)] == ["one", "two"]
        assert listed(path).launches == 2


def test_macros_are_expanded_where_there_is_a_compiler(tmp_path: Path) -> None:
    from scamp_sim.compiler.native import has_compiler

    if not has_compiler():
        pytest.skip("no C++ compiler here")
    path = tmp_path / "macros.cpp"
    path.write_text(
        "#include <scamp5.hpp>\nusing namespace SCAMP5_PE;\n"
        "#define XNOR(d, a, b) do { XORX(d, a, b); NOT(d); } while (0)\n"
        "void f() {\n    scamp5_kernel_begin();\n        XNOR(R5, R6, R7);\n    scamp5_kernel_end();\n}\n"
    )
    (block,) = extract_from(path)
    assert words(block.program) == words(assemble("XORX(R5, R6, R7); NOT(R5);"))
    assert block.line == 5


def test_reading_runs_nothing(tmp_path: Path) -> None:
    from scamp_sim.cli.main import main

    path = tmp_path / "main.cpp"
    mark = tmp_path / "ran"
    path.write_text(
        "#include <scamp5.hpp>\nusing namespace SCAMP5_PE;\n"
        f'struct Early {{ Early() {{ fclose(fopen("{mark}", "w")); }} }} early;\n'
        "int main() { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); }\n"
    )
    for command in ("import", "check", "list"):
        main([command, str(path)])
    assert not mark.exists()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    binary = tmp_path / "a.cpp"
    binary.write_bytes(b"\x7fELF\0\0\0\xff")
    latin = tmp_path / "b.cpp"
    latin.write_bytes("// Grö\xdfe\nscamp5_in(A, 3);".encode("latin-1"))
    for path, code in ((tmp_path / "none.cpp", "S101"), (tmp_path, "S101"), (binary, "S102")):
        with pytest.raises(CompileError) as caught:
            assemble(path, dialect="sdk")
        assert caught.value.diagnostics[0].code == code
    (step,) = assemble(latin, dialect="sdk").steps
    assert not isinstance(step, Launch)
