"""Kernels out of C++ texts: what is found, what it becomes, what is said about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scamp_sim.chip.program import Program
from scamp_sim.compiler import assemble
from scamp_sim.compiler.front.diagnostics import CompileError
from scamp_sim.compiler.sdk import Block, extract_kernels

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.cpp"))

KERNEL_CALLS = re.findall(
    r"\w+",
    """
    MOV add bus mov WHERE sub CLR all DNEWS0 ALL SET where OR NOT AND DNEWS REFRESH abs get_image divq res
    DNEWS1 diva movx neg XOR respix div subx CLR_IF PROP0 NOR getpix mov2x PROP1 newsblur XORX addx add2x sub2x
    """,
)
HOST_CALLS = re.findall(
    r"\w+",
    """
    scamp5_load_rect scamp5_output_image scamp5_in scamp5_load_in scamp5_load_pattern scamp5_draw_line
    scamp5_shift scamp5_scan_events scamp5_launch_kernel scamp5_draw_begin scamp5_draw_end scamp5_select_pattern
    scamp5_draw_rect scamp5_load_point scamp5_get_image scamp5_flood scamp5_output_bitstack_begin
    scamp5_output_bitstack_bit scamp5_output_bitstack_end scamp5_global_or scamp5_scan_boundingbox
    scamp5_output_boundingbox scamp5_display_boundingbox scamp5_global_sum_sparse scamp5_global_sum_64
    scamp5_global_sum_16 scamp5_global_sum_fast scamp5_draw_circle scamp5_draw_point scamp5_draw_pixel
    scamp5_draw_negate scamp5_read_areg scamp5_global_count scamp5_scan_areg scamp5_scan_areg_mean_8x8
    scamp5_diffuse vs_gui_add_display vs_gui_add_slider vs_post_text vs_gui_add_switch vs_frame_loop_control
    vs_on_gui_update
    """,
)
USER_MACROS = re.findall(
    r"\w+",
    """
    east west div2_inplace neg_inplace sub_inplace add_twice double_north quarter
    """,
)


def words(program: Program | None) -> list[str]:
    assert program is not None
    return [str(w) for w in program.kernel_words()]


def only(text: str) -> Block:
    (block,) = extract_kernels(text)
    return block


def kernel(body: str, before: str = "") -> Block:
    """The one kernel of a text that holds `body` between marks."""
    return only(f"{before}\nvoid f() {{\nscamp5_kernel_begin();\n{body}\nscamp5_kernel_end();\n}}\n")


def same(block: Block, text: str) -> None:
    """The block assembles to the words of a kernel text of ours."""
    assert block.ok, [d.message for d in block.diagnostics]
    assert words(block.program) == words(assemble(text))


# --- the corpus -----------------------------------------------------------------------------------------------


def blocks_of(path: Path) -> list[Block]:
    return extract_kernels(path.read_text(encoding="utf-8"), file=str(path))


def test_at_least_95_percent_of_the_corpus_assembles() -> None:
    found = [(path.name, block) for path in CORPUS for block in blocks_of(path)]
    failed = [(name, b) for name, b in found if not b.ok]
    for name, block in failed:
        print(f"{name}:{block.line}: {block.name}: {[d.message for d in block.diagnostics if d.severity == 'error']}")
    assert len(CORPUS) >= 12
    assert len(found) >= 150
    assert len(found) - len(failed) >= 0.95 * len(found)


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_every_mark_of_the_corpus_is_found(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    plain = re.sub(r"/\*.*?\*/|#if 0.*?#endif|//[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.DOTALL)
    lines = {text.count("\n", 0, m.start()) + 1 for m in re.finditer(r"scamp5_(?:dynamic_)?kernel_begin\b", plain)}
    in_macros = {i + 1 for i, line in enumerate(text.split("\n")) if "#define" in line or line.rstrip().endswith("\\")}
    assert lines - in_macros <= {b.line for b in blocks_of(path)}


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_text_of_a_block_has_its_words(path: Path) -> None:
    for block in blocks_of(path):
        if block.ok:
            assert words(assemble(block.text)) == words(block.program)
            assert assemble(block.text).kernels.keys() == {block.name}


def test_the_corpus_covers_what_real_code_calls() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in CORPUS)
    absent = [n for n in (*KERNEL_CALLS, *HOST_CALLS, *USER_MACROS) if not re.search(rf"\b{n}\s*\(", text)]
    assert not absent


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_messages_point_into_the_text(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    for block in blocks_of(path):
        assert lines[block.line - 1] == block.span.text
        for d in block.diagnostics:
            if d.file == str(path):
                assert d.text == lines[d.line - 1]
                assert 1 <= d.column <= d.end or d.end_line > d.line


# --- forms of kernels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end();", "static", "block"),
        ("void go() { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); }", "static", "go"),
        ("void go() { scamp5_dynamic_kernel_begin(); mov(B, A); scamp5_dynamic_kernel_end(); }", "dynamic", "go"),
        ("scamp5_kernel k([] { mov(B, A); });", "lambda", "k"),
        ("static scamp5_kernel k{[&]() { mov(B, A); }};", "lambda", "k"),
        ("scamp5_kernel k = [] { mov(B, A); };", "lambda", "k"),
        ("auto k = scamp5_kernel([=] { mov(B, A); }); void f() { k(); }", "lambda", "k"),
        ("scamp5_dynamic_kernel k([&](void) { mov(B, A); });", "dynamic lambda", "k"),
        ("void f() { scamp5_launch_kernel([] { mov(B, A); }); }", "lambda", "f"),
        ("void ahead() { mov(B, A); }\nvoid f() { scamp5_launch_kernel(ahead); }", "lambda", "ahead"),
        ("using namespace SCAMP5_PE;\nSCAMP5_PE::scamp5_kernel_begin(); SCAMP5_PE::mov(SCAMP5_PE::B, A); "
         "SCAMP5_PE::scamp5_kernel_end();", "static", "block"),
        ("// scamp5_kernel_begin();\ns.mov(B, A);\n// scamp5_kernel_end();", "static", "block"),
        ("s.mov(B, A);", "static", "block"),
        ("mov(B, A);", "static", "block"),
        ("KERNEL_BEGIN\n mov(B, A);\nKERNEL_END\n", "static", "block"),
        ("#define BEGIN scamp5_kernel_begin\nBEGIN(); mov(B, A); scamp5_kernel_end();", "static", "block"),
        ("#define STEP(y) scamp5_kernel_begin(); mov(y, A); scamp5_kernel_end()\nSTEP(B);", "static", "block"),
        ("#define STEP scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end();", "static", "STEP"),
        ("class C { void f() { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); } };", "static", "f"),
        ("void C::f() const { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); }", "static", "f"),
        ("vs_on_gui_update(X, [&](int v) { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); });", "static",
         "block"),
        ("void main() { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); }", "static", "main"),
        ("void mov_all() { if (x) { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); } else return; }", "static",
         "mov_all"),
        ("void abs() { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); }", "static", "abs_kernel"),
    ],
)  # fmt: skip
def test_form(text: str, kind: str, name: str) -> None:
    block = only(text)
    assert (block.kind, block.name) == (kind, name)
    same(block, "mov(B, A);")


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        ("mov(B, A, east); sub(C, A, west, B);", "mov(B, A, east); sub(C, A, west, B);"),
        ("MOV(RF, S0); OR(RP, RS, FLAG); where(NORTH);", "MOV(R0, R5); OR(R12, R1, FLAG); where(XN);"),
        ("movx(B, A, EAST);", "movx(B, A, east);"),
        ("DNEWS(R5, R6, east|north, 1);", "DNEWS(R5, R6, east|north, 1);"),
        ("DNEWS(R5, R6, up | left, true);", "DNEWS(R5, R6, north|west, 1);"),
        ("ALL(); all();", "all(); all();"),
        ("bus({A, B}, {C});", "bus({A, B}, {C});"),
        ("mov(B, A) add(C, A, B)\nmov(D, C);", "mov(B, A); add(C, A, B); mov(D, C);"),
        ("this_object->mov(B, A); s.abs(C, B);", "mov(B, A); abs(C, B);"),
        ("for (int i = 0; i < 3; i++) mov(B, A);", "for i in 0..3 { mov(B, A); }"),
        ("for (int i = 6; i > 0; i -= 2) { movx(A, A, i % 4 ? east : west); }",
         "movx(A, A, east); movx(A, A, west); movx(A, A, east);"),
        ("int n = 2; while (n--) { mov(B, A); }", "mov(B, A); mov(B, A);"),
        ("int n = 0; do { mov(B, A); n += 3; } while (n < 5);", "mov(B, A); mov(B, A);"),
        ("for (auto r : {B, C}) mov(r, A);", "mov(B, A); mov(C, A);"),
        ("for (int i = 0;; i++) { if (i == 1) continue; if (i > 2) break; mov(B, A); }", "mov(B, A); mov(B, A);"),
        ("switch (K) { case 1: mov(B, A); case 2: mov(C, A); break; default: mov(D, A); }", "mov(B, A); mov(C, A);"),
        ("if (K == 1 && !(K & 2)) mov(B, A); else mov(C, A);", "mov(B, A);"),
        ("K > 0 ? mov(B, A) : mov(C, A);", "mov(B, A);"),
        ("mov(K == 0x1u ? B : C, A);", "mov(B, A);"),
        ("newsblur(B, A, (int8_t)258);", "newsblur(B, A, 2);"),
        ("newsblur(B, A, static_cast<int>(2.7));", "newsblur(B, A, 2);"),
        ("newsblur(B, A, int(7 / 2) - 010 / 8u);", "newsblur(B, A, 2);"),
        ("newsblur(B, A, sizeof(T) / sizeof(T[0]));", "newsblur(B, A, 3);"),
        ("newsblur(B, A, L[4]); newsblur(B, A, L[6] + L[2] + 1);", "newsblur(B, A, 2); newsblur(B, A, 4);"),
        ("if (not K or K == 1 and true) { mov(B, A); }", "mov(B, A);"),
        ("newsblur(B, A, (Level)LOW + 1'0 - 9_steps);", "newsblur(B, A, 2);"),
        ("newsblur(B, A, T[1]); newsblur(B, A, M[1][0]);", "newsblur(B, A, 2); newsblur(B, A, 3);"),
        ("movx(REGS[1], REGS[0], WAYS[2]);", "movx(B, A, south);"),
        ("mov(TARGET, SOURCE);", "mov(C, A);"),
        ("mov(ALIAS, D);", "mov(F, D);"),
        ("twice(B, A);", "mov(B, A); add(B, B, A);"),
        ("TWICE(B, A)\nmov(C, B);", "mov(B, A); add(B, B, A); mov(C, B);"),
        ("chosen(2);", "mov(B, C);"),
        ("shifted<2>(B, A);", "movx(B, A, north); movx(B, B, north);"),
        ("auto copy = [](areg_t y, areg_t x) { mov(y, x); }; copy(B, A); copy(C, B);", "mov(B, A); mov(C, B);"),
        ("const areg_t t = B; areg_t& u = C; mov(t, A); mov(C, t);", "mov(B, A); mov(C, B);"),
        ("vs_post_text(\"%d; }\", 3); printf(\"(\"); mov(B, A);", "mov(B, A);"),
        ("{ { mov(B, A); } ; ; }", "mov(B, A);"),
        ("// mov(C, A);\nmov(B /* not C */, A);", "mov(B, A);"),
    ],
)  # fmt: skip
def test_body(body: str, ours: str) -> None:
    before = """
        #include <scamp5.hpp>
        #define ALIAS F
        #define TWICE(y, x) do { mov(y, x); \\
            add(y, y, x); } while (0)
        const int K = 1, T[] = {1, 2, 3};
        static const int8_t M[2][2] = {{1, 2}, {3, 4}};
        const int L[8] = {9, [4] = 2, 8, 3};
        enum Level { LOW = 1, HIGH };
        areg_t REGS[] = {A, B};
        const news_t WAYS[4] = {north, east, south, west};
        typedef areg_t plane;
        const plane SOURCE = A;
        static constexpr AREG TARGET = C;
        inline void twice(const areg_t y, AREG& x) { mov(y, x); add(y, y, x); }
        areg_t reg(int i) { switch (i) { case 1: return B; default: return C; } }
        void chosen(int i) { mov(reg(1), reg(i)); }
        template <int N, typename R> void shifted(R y, R x) {
            movx(y, x, north);
            for (int i = 1; i < N; i++) movx(y, y, north);
        }
    """
    same(kernel(body, before), ours)


# --- what is assumed ------------------------------------------------------------------------------------------


def test_unknown_registers_get_stand_ins_that_the_kernel_does_not_use() -> None:
    block = kernel("mov(result, A); sub(B, result, other); OR(mask, R5); WHERE(mask);")
    assert block.ok
    assert block.placeholders == {"result": "C", "other": "D", "mask": "R6"}
    assert [d.code for d in block.diagnostics if d.code[1] == "6"] == ["W601"] * 3
    same(block, "mov(C, A); sub(B, C, D); OR(R6, R5); WHERE(R6);")


def test_operands_of_the_first_call_are_taken() -> None:
    text = """
        void step(areg_t y, areg_t x, int n) {
            scamp5_dynamic_kernel_begin();
            for (int i = 0; i < n; i++) mov(y, x);
            scamp5_dynamic_kernel_end();
        }
        int main() { step(D, E, 2); step(B, C, 1); }
    """
    block = only(text)
    assert block.placeholders == {"y": "D", "x": "E", "n": "2"}
    same(block, "mov(D, E); mov(D, E);")


def test_conditions_that_nobody_knows_are_taken_as_true_and_said() -> None:
    block = kernel("if (vs_gui_value() > 3) { mov(B, A); } else { mov(C, A); }", "int vs_gui_value();")
    assert block.placeholders == {"vs_gui_value() > 3": "true"}
    (d,) = [d for d in block.diagnostics if d.code == "W602"]
    assert d.text[d.column - 1 : d.end - 1] == "vs_gui_value() > 3"
    same(block, "mov(B, A);")


def test_unknown_direction_and_number() -> None:
    block = only("void f(news_t d, int n) { scamp5_kernel_begin(); movx(B, A, d); newsblur(B, A, n); "
                 "scamp5_kernel_end(); }")  # fmt: skip
    assert block.placeholders == {"d": "north", "n": "1"}
    same(block, "movx(B, A, north); newsblur(B, A, 1);")


def test_names_that_nobody_defines_are_not_defined_and_the_other_branches_are_listed() -> None:
    text = """
        scamp5_kernel_begin();
        #ifdef FAST
        mov(B, A);
        #else
        mov(C, A);
        #endif
        #ifndef QUIET
        res(A);
        #endif
        scamp5_kernel_end();
        #if LEVEL > 3
        scamp5_kernel_begin(); res(A); scamp5_kernel_end();
        #elif !defined(LEVEL) && __cplusplus
        scamp5_kernel_begin(); res(B); scamp5_kernel_end();
        #endif
    """
    first, other, second = extract_kernels(text)
    same(first, "mov(C, A); res(A);")
    same(second, "res(B);")
    same(other, "res(A);")


def test_first_branch_is_read_if_a_file_of_the_project_is_missing() -> None:
    text = """
        #include "settings.h"
        scamp5_kernel_begin();
        #ifdef FAST
        mov(B, A);
        #else
        mov(C, A);
        #endif
        scamp5_kernel_end();
        #if LEVEL > 3
        scamp5_kernel_begin(); res(A); scamp5_kernel_end();
        #else
        scamp5_kernel_begin(); res(B); scamp5_kernel_end();
        #endif
        #if 0
        scamp5_kernel_begin(); res(C); scamp5_kernel_end();
        #endif
    """
    first, second, other = extract_kernels(text)
    same(first, "mov(B, A);")
    same(second, "res(A);")
    same(other, "res(B);")
    assert len({first.name, second.name, other.name}) == 3


def test_commas_before_empty_variable_operands_are_dropped() -> None:
    before = "#define JOIN(d, ...) OR(d, ##__VA_ARGS__)\n#define WIPE(d, rest...) CLR(d, ## rest)"
    same(kernel("JOIN(R5, R6); JOIN(R5, R6, R7); WIPE(R8);", before), "OR(R5, R6); OR(R5, R6, R7); CLR(R8);")


def test_marks_of_the_global_namespace_count() -> None:
    same(only("void f() { ::scamp5_kernel_begin(); mov(B, A); ::scamp5_kernel_end(); }"), "mov(B, A);")


def test_kernel_objects_that_are_given_their_body_later() -> None:
    text = """
        scamp5_kernel capture;
        void f() {
            capture.constructor([] { get_image(A, B); });
            capture.move_to_heap(true);
            capture.launch();
            auto mask = new scamp5_kernel([] { CLR(R5); });
            mask->launch();
        }
    """
    capture, mask = extract_kernels(text)
    assert (capture.name, mask.name) == ("capture", "mask")
    same(capture, "get_image(A, B);")
    same(mask, "CLR(R5);")
    assert len(assemble(text, dialect="sdk").kernels) == 2


def test_registers_that_unknown_functions_give() -> None:
    block = kernel("MOV(R5, plane_of(2)); sub(A, B, pool.take());")
    same(block, "MOV(R5, R6); sub(A, B, C);")
    assert block.placeholders == {"plane_of(2)": "R6", "pool.take()": "C"}


def test_methods_that_return_their_object() -> None:
    text = """
        class Stage { AREG a; DREG m; public:
            Stage(AREG x, DREG y) : a(x), m(y) {}
            Stage& spread() { scamp5_dynamic_kernel_begin(); movx(F, this->a, east); scamp5_dynamic_kernel_end();
                              return *this; }
            Stage& cut() { scamp5_dynamic_kernel_begin(); where(a); MOV(m, FLAG); scamp5_dynamic_kernel_end();
                           return *this; } };
        int main() { Stage s(C, R9); s.spread().cut(); }
    """
    spread, cut = extract_kernels(text)
    same(spread, "movx(F, C, east);")
    same(cut, "where(C); MOV(R9, FLAG);")


def test_members_of_an_object_that_is_not_at_hand_are_other_registers() -> None:
    text = """
        class Plane { DREG r; public:
            void copy(const Plane& o) { scamp5_dynamic_kernel_begin(); MOV(r, o.r); scamp5_dynamic_kernel_end(); } };
    """
    same(only(text), "MOV(R5, R6);")


@pytest.mark.parametrize(
    ("before", "body", "expected"),
    [
        ("std::pair<AREG, DREG> p{D, R9};", "where(p.first); MOV(p.second, FLAG);", "where(D); MOV(R9, FLAG);"),
        ("const DREG t[] = {R5, R6};", "for (const auto& r : t) CLR(r);", "CLR(R5); CLR(R6);"),
        ("std::array<DREG, 2> t = {R5, R6};", "MOV(t.front(), t.back());", "MOV(R5, R6);"),
        (
            "const int t[][2] = {{1, 0}, {0, 1}};",
            "for (auto [x, y] : t) { if (x) movx(A, A, west); if (y) movx(A, A, south); }",
            "movx(A, A, west); movx(A, A, south);",
        ),
        ("", "AREG x = A, y = B; std::swap(x, y); mov(x, y);", "mov(B, A);"),
    ],
)
def test_containers_of_the_standard_library(before: str, body: str, expected: str) -> None:
    same(kernel(body, before), expected)


def test_files_beside_the_text_are_read(tmp_path: Path) -> None:
    (tmp_path / "steps.h").write_text("#define PLANE C\ninline void step() { mov(PLANE, A); }\n")
    (tmp_path / "scamp5.hpp").write_text("this is no C++ at all {{{{\n")
    path = tmp_path / "main.cpp"
    path.write_text('#include "scamp5.hpp"\n#include "steps.h"\n#include "gone.h"\nvoid f() { scamp5_kernel_begin(); '
                    "step(); mov(B, PLANE); scamp5_kernel_end(); }")  # fmt: skip
    (block,) = blocks_of(path)
    same(block, "mov(C, A); mov(B, C);")


# --- what is wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "culprit"),
    [
        ("mov(B, A);\nsharpen(B, A);", "S602", "sharpen(B, A)"),
        ("STEP;", "S602", "STEP"),
        ("icw(1, {2, 3});", "S604", "icw(1, {2, 3})"),
        ('mov(B, "A");', "S605", '"A"'),
        ("mov(B, A;", "S606", "mov(B, A;"),
        ("mov(B, T[9]);", "S207", "9"),
        ("sub(A, B, A);", "S310", "sub(A, B, A)"),
        ("bus(A, A);", "S301", "bus(A, A)"),
        ("where(R5);", "S203", "where(R5)"),
        ("mov(B);", "S202", "mov(B)"),
        ("scamp5_in(A, 30);", "S209", "scamp5_in(A, 30)"),
        ("for (;;) { mov(B, A); }", "S403", "mov(B, A)"),
        ("for (int i = 0; i < 2000000000; i++) { i--; }", "S403", ""),
        ("newsblur(B, A, 1 / 0);", "S206", "1 / 0"),
        ("scamp5_kernel_begin();\nmov(B, A);", "S603", "scamp5_kernel_begin()"),
        ("nested();", "S603", "scamp5_kernel_begin()"),
    ],
)
def test_error_points_at_its_culprit(body: str, code: str, culprit: str) -> None:
    before = "int T[3] = {1, 2, 3};\nvoid nested() { scamp5_kernel_begin(); res(A); scamp5_kernel_end(); }"
    blocks = extract_kernels(f"{before}\nvoid f() {{\nscamp5_kernel_begin();\n{body}\nscamp5_kernel_end();\n}}\n")
    errors = [d for b in blocks if not b.ok for d in b.diagnostics if d.severity == "error"]
    assert code in [d.code for d in errors]
    d = next(d for d in errors if d.code == code)
    if culprit:
        assert d.text[d.column - 1 : d.end - 1] == culprit
    assert d.hint or code in ("S203", "S207")


def test_one_bad_kernel_leaves_the_others() -> None:
    blocks = extract_kernels(
        "void f() { scamp5_kernel_begin(); gone(A); scamp5_kernel_end(); ) ] x = = ; "
        "scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); }"
    )
    assert [b.ok for b in blocks] == [False, True]


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "hello, world", "int main() { return 0; }", "{{{{", "}}}}", '"', "/*", "#", "#define", "#if\n#else\n",
     "\0\1\2", "scamp5_kernel_end();", "a" * 10_000, "(" * 5_000, "{" * 5_000, "-" * 5_000 + "1", "#include \"\"",
     "x = [](", "template <", "operator", "struct", "enum {", "case", "::::", "R\"x(", "'"],
)  # fmt: skip
def test_texts_without_kernels(text: str) -> None:
    assert extract_kernels(text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("".join(f"#define A{i + 1} A{i} A{i}\n" for i in range(40)) + "A40", "S403"),
        ("#define F(x) F2(x x)\n" + "".join(f"#define F{i}(x) F{i + 1}(x x)\n" for i in range(2, 60)) + "F(1)", "S403"),
    ],
)
def test_endless_macros_end(text: str, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        extract_kernels(text)
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_macros_that_name_themselves_end() -> None:
    same(kernel("mov(B, A);", "#define A A\n#define mov(y, x) mov(y, x)\n#define P Q\n#define Q P"), "mov(B, A);")


def test_functions_that_call_themselves_end() -> None:
    block = kernel("f1(3);", "void f1(int n) { if (n) f1(n - 1); else mov(B, A); }")
    same(block, "mov(B, A);")
    block = kernel("f1();", "void f1() { f1(); }")
    assert [d.code for d in block.diagnostics if d.severity == "error"] == ["S404"]


@pytest.mark.parametrize(
    ("call", "expansion"),
    [
        ("east(B);", "movx(B, B, east);"),
        ("west(C, B);", "movx(C, B, west);"),
        ("double_north(B, A);", "mov2x(B, A, north, north);"),
        ("sub_inplace(A, B);", "sub(A, A, B);"),
        ("add_twice(A, B);", "add(A, A, B); add(A, A, B);"),
        ("neg_inplace(A, F);", "neg(F, A); mov(A, F);"),
        ("div2_inplace(A, F);", "divq(F, A); mov(A, F);"),
        ("div2_inplace(A, E, F);", "diva(A, E, F);"),
    ],
)
def test_helpers_without_a_definition_are_taken_as_usual(call: str, expansion: str) -> None:
    block = kernel(call)
    assert words(block.program) == words(assemble(expansion))
    (note,) = [d for d in block.diagnostics if d.code == "W607"]
    assert "is not defined in this text: taken as" in note.message
    name = call.partition("(")[0]
    assert name in block.placeholders


def test_a_helper_of_one_operand_finds_a_spare_register() -> None:
    block = kernel("neg_inplace(A);")
    assert block.ok
    assert block.placeholders["spare"] not in ("A", "NEWS")


def test_a_definition_in_the_text_comes_first() -> None:
    block = kernel("add_twice(A, B);", "#define add_twice(y, x) add(y, y, x)")
    assert words(block.program) == words(assemble("add(A, A, B);"))
    assert [d.code for d in block.diagnostics if d.code.startswith("W6")] == []
