"""C++ texts as programs: one pass, parameters, what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.chip.program import HostCall, Launch, Program
from scamp_sim.compiler import assemble
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic
from scamp_sim.exceptions import ProgramError

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.cpp"))


def sdk(text: str, **params: int) -> Program:
    return assemble(text, dialect="sdk", params=params)


def steps(program: Program) -> list[str]:
    """Launches by name, host calls as they are written."""
    found = []
    for step in program.steps:
        if isinstance(step, Launch):
            found.append(step.kernel)
        elif isinstance(step, HostCall):
            found.append(f"{step.name}({', '.join(map(str, step.args))})")
    return found


def said(program: Program) -> list[Diagnostic]:
    """What the import says; the assembler's own warnings are another matter."""
    return [d for d in program.diagnostics if d.code.startswith("W6")]


def errors(text: str, **params: int) -> list[Diagnostic]:
    with pytest.raises(CompileError) as caught:
        sdk(text, **params)
    return [d for d in caught.value.diagnostics if d.severity == "error"]


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_the_corpus_runs(path: Path) -> None:
    program = assemble(path, dialect="sdk")
    assert program.launches
    assert not [d for d in program.diagnostics if d.severity == "error"]
    assert all(d.hint for d in said(program))


def test_setup_and_one_pass_of_the_frame_loop() -> None:
    program = sdk("""
        int n = 2;
        void setup() { scamp5_kernel_begin(); CLR(R5); scamp5_kernel_end(); }
        int main() {
            vs_init(); setup();
            for (int i = 0; i < n; i++) scamp5_load_point(R6, i, 3);
            while (1) {
                vs_frame_loop_control();
                if (vs_gui_request_exit()) break;
                scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end();
                scamp5_output_image(B, display);
            }
            scamp5_kernel_begin(); res(C); scamp5_kernel_end();
        }
    """)
    assert steps(program) == [
        "setup", "scamp5_load_point(R6, 0, 3)", "scamp5_load_point(R6, 1, 3)", "main", "scamp5_output_image(B)",
        "main_2",
    ]  # fmt: skip
    assert program.params == {"n": 2}
    assert said(program) == []


@pytest.mark.parametrize(
    "loop",
    ["while (true) {", "for (;;) {", "while (!vs_exit()) {", "do {", "while (running) {", "while (next(frame++)) {"],
)
def test_frame_loops(loop: str) -> None:
    tail = "} while (1);" if loop == "do {" else "}"
    text = f"""
        bool running = true; bool next(int f) {{ return true; }}
        int main() {{ int frame = 0; {loop} vs_frame_loop_control();
            scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); {tail} }}
    """
    program = sdk(text)
    assert steps(program) == ["main"]
    assert said(program) == []


def test_text_without_main() -> None:
    assert steps(sdk("scamp5_in(A, 3); scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end();")) == [
        "scamp5_in(A, 3, NEWS)", "block",
    ]  # fmt: skip
    text = "void inner() { scamp5_in(A, 1); } void outer() { inner(); scamp5_in(A, 2); }"
    assert steps(sdk(text)) == ["scamp5_in(A, 1, NEWS)", "scamp5_in(A, 2, NEWS)"]


def test_jss_text() -> None:
    program = sdk("// scamp5_kernel_begin();\ns.mov(B, A);\n// scamp5_kernel_end();\ns.scamp5_in(C, 4);")
    assert steps(program) == ["block", "scamp5_in(C, 4, NEWS)"]
    program = sdk("s.mov(B, A);\ns.scamp5_in(C, 4);\ns.add(A, A, B);")
    assert steps(program) == ["block", "scamp5_in(C, 4, NEWS)", "block_2"]


# --- parameters -----------------------------------------------------------------------------------------------

SLIDERS = """
    int threshold = 20, twice = 7, shown = 1;
    const int fixed = 5;
    int main() {
        int strength;
        vs_gui_add_slider("threshold", 0, 127, 33, &threshold);
        vs_gui_add_slider("strength", 0, 9, 4, &strength);
        twice = 2 * threshold;
        while (1) {
            scamp5_in(A, threshold); scamp5_in(B, -strength + fixed); scamp5_in(C, twice);
            if (shown) scamp5_in(D, 1); else scamp5_in(D, 2);
        }
    }
"""


def test_variables_are_parameters() -> None:
    program = sdk(SLIDERS)
    assert program.params == {"threshold": 33, "strength": 4, "shown": 1}
    assert [s.args[1] for s in program.steps if isinstance(s, HostCall)] == [33, 1, 66, 1]


def test_parameters_can_be_given() -> None:
    program = sdk(SLIDERS, threshold=10, strength=9, shown=0)
    assert program.params == {"threshold": 10, "strength": 9, "shown": 0}
    assert [s.args[1] for s in program.steps if isinstance(s, HostCall)] == [10, -4, 20, 2]


def test_unknown_parameter_is_an_error() -> None:
    (d,) = errors(SLIDERS, treshold=10)
    assert d.code == "S208"
    assert "did you mean 'threshold'?" in d.message


def test_what_depends_on_a_readout_is_left_out_unless_it_is_given() -> None:
    text = "int main() {\n    int sum = scamp5_global_sum_64(A);\n    scamp5_in(B, sum / 64);\n    scamp5_in(C, 5);\n}"
    program = sdk(text)
    assert steps(program)[1:] == ["scamp5_in(C, 5, NEWS)"]
    (left_out,) = [d for d in program.diagnostics if d.code == "W603"]
    assert left_out.line == 3
    assert "'sum / 64'" in left_out.message
    assert steps(sdk(text, sum=640))[1] == "scamp5_in(B, 10, NEWS)"


def test_members_are_parameters() -> None:
    text = """
        struct Settings { int level = 12; int other; } s;
        static struct { int gain; } t = {.gain = 3};
        int main() { scamp5_in(A, s.level); scamp5_get_image(A, B, t.gain); s.level = 5; scamp5_in(A, s.level); }
    """
    assert sdk(text).params == {"level": 12, "gain": 3}
    assert steps(sdk(text, level=1)) == [
        "scamp5_in(A, 1, NEWS)", "scamp5_get_image(A, B, 3)", "scamp5_in(A, 5, NEWS)",
    ]  # fmt: skip


# --- kernels --------------------------------------------------------------------------------------------------


def test_a_static_kernel_keeps_its_first_words_and_a_dynamic_one_does_not() -> None:
    text = """
        void go(areg_t y) { scamp5_KIND_begin(); res(y); scamp5_KIND_end(); }
        int main() { go(A); go(B); go(A); }
    """
    program = sdk(text.replace("KIND", "kernel"))
    assert steps(program) == ["go", "go", "go"]
    assert [d.code for d in said(program)] == ["W606"]
    program = sdk(text.replace("KIND", "dynamic_kernel"))
    assert steps(program) == ["go", "go_2", "go"]
    assert {k.storage for k in program.kernels.values()} == {"dynamic"}
    assert said(program) == []


def test_kernel_objects() -> None:
    program = sdk("""
        scamp5_kernel a([] { res(A); });
        int main() { a.move_to_heap(true); a(); scamp5_launch_kernel(a); scamp5_launch_kernel([] { res(B); }); }
    """)
    assert steps(program) == ["a", "a", "main"]
    assert program.kernels["a"].storage == "heap"


def test_what_is_not_understood_is_left_out_with_its_place() -> None:
    text = """int main() {
        scamp5_kernel_begin(); sharpen(A); scamp5_kernel_end();
        scamp5_kernel_begin(); sub(A, B, A); scamp5_kernel_end();
        scamp5_kernel_begin(); mov(OUT, A); scamp5_kernel_end();
        scamp5_polish(A); scamp5_polish(B); vs_gui_dance(); some_function(3);
        scamp5_in(A, 900);
        scamp5_in(OUT, 3);
        scamp5_load_rect(R5, 1, 2, 3);
        scamp5_in(A, ; x = ( ; y = 1;
        scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end();
    }"""
    program = sdk(text)
    assert steps(program) == ["main"]
    assert [(d.code, d.line) for d in said(program)] == [
        ("W604", 2), ("W604", 3), ("W604", 4), ("W603", 5), ("W603", 6), ("W603", 7), ("W603", 8), ("W605", 9),
    ]  # fmt: skip


def test_readouts_are_named_after_their_buffers() -> None:
    program = sdk("""
        int main() {
            uint8_t list[200]; int any; std::array<uint8_t, 4> box;
            scamp5_scan_events(R5, &list[0], 100); scamp5_scan_events(R6, (uint8_t*)list + 4, 50);
            any = scamp5_global_or(R5); const int count = (int)scamp5_global_count(R5, F);
            scamp5_scan_boundingbox(R5, box.data()); scamp5_output_image(A, display); scamp5_global_sum_16(A, NULL);
        }
    """)
    assert [s.result for s in program.steps if isinstance(s, HostCall)] == [
        "list", "list_2", "any", "count", "box", "display", "global_sum_16",
    ]  # fmt: skip


def test_the_program_runs_on_the_machine() -> None:
    program = sdk("""
        int level = 64;
        int main() { while (1) { vs_frame_loop_control();
            scamp5_in(E, level);
            scamp5_kernel_begin(); get_image(A); sub(B, A, E); where(B); MOV(R5, FLAG); all(); scamp5_kernel_end();
            scamp5_output_image(R5, bright); } }
    """)
    m = Machine()
    image = np.zeros((256, 256), np.uint8)
    image[:, 128:] = 255
    m.expose(image)
    run = m.run(program)
    np.testing.assert_array_equal(run.outputs["bright"], image > 0)


# --- nothing, and too much ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "int main() { return 0; }", "hello {", "scamp5_kernel_end();", "\0\0", "#if 0\n"])
def test_text_without_anything_for_the_array(text: str) -> None:
    d = errors(text + "\n")[0]
    assert d.code == "S601"
    assert "scamp5_kernel_begin" in d.hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("int main() { for (long i = 0; i < 1000000000; i++) scamp5_in(A, 3); }", "S403"),
        ("#define A0 scamp5_in(A, 1);\n" + "".join(f"#define A{i + 1} A{i} A{i}\n" for i in range(40)) + "A40", "S403"),
        ("int main() { " + "".join("scamp5_kernel_begin(); " + "mov(B, A);" * 60 + " scamp5_kernel_end();\n"
         for _ in range(20)) + "}", "S401"),
    ],
)  # fmt: skip
def test_too_much(text: str, code: str) -> None:
    assert code in [d.code for d in errors(text)]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    binary = tmp_path / "a.cpp"
    binary.write_bytes(b"\x7fELF\0\0\0\xff")
    latin = tmp_path / "b.cpp"
    latin.write_bytes("// Grö\xdfe\nscamp5_in(A, 3);".encode("latin-1"))
    for path, code in ((tmp_path / "none.cpp", "S101"), (tmp_path, "S101"), (binary, "S102")):
        with pytest.raises(CompileError) as caught:
            assemble(path, dialect="sdk")
        assert caught.value.diagnostics[0].code == code
    assert steps(assemble(latin, dialect="sdk")) == ["scamp5_in(A, 3, NEWS)"]


def test_other_dialects_are_refused() -> None:
    with pytest.raises(ProgramError, match="did you mean 'sdk'"):
        assemble("res(A);", dialect="skd")


def test_the_gain_slider_of_the_sdk_starts_at_one() -> None:
    text = "int main() { while (1) { scamp5_get_image(A, B, vs_gui_read_slider(VS_GUI_FRAME_GAIN)); } }"
    assert steps(sdk(text)) == ["scamp5_get_image(A, B, 1)"]


def test_long_loops_of_the_host_program_do_not_end_it() -> None:
    program = sdk("""
        int level = 5, best = 0;
        int main() {
            vs_init();
            for (int y = 0; y < 256; y++)
                for (int x = 0; x < 256; x++) best += x * y;
            scamp5_in(C, level);
            scamp5_in(D, best);
            scamp5_kernel_begin(); sub(E, A, C); scamp5_kernel_end();
        }
    """)
    assert steps(program) == ["scamp5_in(C, 5, NEWS)", "main"]
    assert [d.code for d in said(program)] == ["W603"]


def test_frame_loops_that_wait_in_their_condition() -> None:
    program = sdk("""
        int main() {
            while (vs_frame_loop_control(), true) { scamp5_kernel_begin(); mov(B, A); scamp5_kernel_end(); }
        }
    """)
    assert steps(program) == ["main"]


def test_memory_that_a_readout_fills_is_not_zero() -> None:
    """The commonest idiom: a list is read, and its entries are used."""
    program = sdk(
        "int main() {\n uint8_t c[20];\n scamp5_scan_events(R5, c, 10);\n"
        " for (int i = 0; i < 10; i++) { scamp5_load_point(R6, c[2*i], c[2*i+1]); }\n"
        " uint8_t s[16]; scamp5_global_sum_16(A, s);\n if (s[3] > 50) { scamp5_in(F, s[0]); scamp5_in(F, 7); }\n}"
    )
    assert steps(program) == [
        "scamp5_scan_events(R5, 10, 0, 0)", "scamp5_global_sum_16(A, 1)", "scamp5_in(F, 7, NEWS)",
    ]  # fmt: skip
    assert {d.code for d in program.diagnostics} >= {"W602", "W603"}


def test_loops_on_a_readout_are_said() -> None:
    program = sdk(
        "int main() {\n int n = scamp5_global_sum_fast(A);\n while (n > 100) { scamp5_in(F, 2); }\n"
        " do { scamp5_in(F, 3); } while (n > 20);\n}"
    )
    assert [d.line for d in program.diagnostics if d.code == "W602"] == [3, 4]


def test_unknown_calls_that_name_registers_are_said() -> None:
    program = sdk("int main() {\n scamp5_in(A, 3);\n WIPE(A, B);\n icw(0x1234);\n other(3);\n}")
    assert [d.line for d in program.diagnostics if d.code == "W603"] == [3, 4]
