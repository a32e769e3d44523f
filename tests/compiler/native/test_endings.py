"""Programs that crash, hang, or end themselves: file and line, and the simulator lives."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scamp_sim.compiler.front.diagnostics import CompileError
from scamp_sim.compiler.native import LiveProgram, LiveRun, StoppedError
from scamp_sim.exceptions import ProgramError

Live = Callable[..., LiveRun]
HEAD_LINES = 2  # of the fixture


def stopped(live: Live, text: str, **wishes: object) -> tuple[str, int, str]:
    """Code, line in `text` and message of a program that stops."""
    with pytest.raises(StoppedError) as caught:
        live(text, **wishes)
    (d,) = caught.value.diagnostics
    assert d.severity == "error"
    assert d.file.endswith("main.cpp")
    return d.code, d.line - HEAD_LINES, d.message


def test_a_crash_names_its_line(live: Live) -> None:
    code, line, message = stopped(
        live,
        "int* nowhere = nullptr;\n__attribute__((noinline)) void store(int n) {\n    *nowhere = n;\n}\n"
        "int main() { while (1) {\n    vs_frame_loop_control();\n    scamp5_in(A, 3);\n    store(4);\n} }\n",
    )
    assert (code, line) == ("S620", 3)
    assert "crashed" in message
    assert "in frame 1" in message


def test_a_stack_that_overflows_names_its_line(live: Live) -> None:
    code, line, message = stopped(
        live,
        "int deep(int n) {\n    volatile char more[5000]; more[0] = n;\n    return deep(n + 1) + more[0];\n}\n"
        "int main() { vs_frame_loop_control();\n    return deep(0);\n}\n",
    )
    assert code == "S620"
    assert line in (1, 2, 3)
    assert "crashed" in message


def test_an_endless_loop_is_stopped_in_time(live: Live) -> None:
    began = time.monotonic()
    code, line, message = stopped(
        live,
        # 64 bits: a fast processor counts through 32 within the second
        "volatile long long n = 1;\nint main() { while (1) {\n    vs_frame_loop_control();\n"
        "    while (n) { n = n + 1; }\n} }\n",
        timeout=1.0,
    )
    assert (code, line) == ("S622", 4)
    assert "more than 1 s" in message
    assert time.monotonic() - began < 20


def test_exit_in_the_middle(live: Live) -> None:
    code, line, message = stopped(
        live,
        "int main() { int k = 0; while (1) {\n    vs_frame_loop_control();\n    if (++k == 2)\n        exit(3);\n} }\n",
        frames=4,
    )
    assert (code, line) == ("S623", 4)
    assert "exit(3) (in frame 2)" in message


def test_an_end_without_the_library(live: Live) -> None:
    text = "#include <scamp5.hpp>\n#include <unistd.h>\nint main() { vs_frame_loop_control();\n    _exit(5);\n}\n"
    code, line, message = stopped(live, text)
    assert (code, line + HEAD_LINES) == ("S623", 4)
    assert "exit(5)" in message


def test_an_exception_that_nothing_catches(live: Live) -> None:
    code, line, message = stopped(
        live,
        "struct dark : std::bad_alloc {\n"
        '    const char* what() const noexcept { return "too dark"; } };\nint main() { vs_frame_loop_control();\n'
        "    throw dark();\n}\n",
    )
    assert (code, line) == ("S620", 4)
    assert "too dark" in message


def test_a_program_without_frames(live: Live) -> None:
    code, line, message = stopped(live, "int main() {\n    while (1) scamp5_in(A, 3);\n}\n")
    assert (code, line) == ("S621", 2)
    assert "nothing in the program ends a frame" in message


def test_a_program_without_frames_that_asks_at_every_turn(live: Live) -> None:
    code, line, message = stopped(live, "int main() {\n    while (1) scamp5_global_or(R5);\n}\n")
    assert (code, line) == ("S621", 2)
    assert "nothing in the program ends a frame" in message


def test_a_program_that_posts_texts_for_ever(live: Live) -> None:
    source = 'int main() {\n    vs_frame_loop_control();\n    for (;;) vs_post_text("again");\n}\n'
    code, _, message = stopped(live, source)
    assert code == "S621"
    assert "no frame has ended in" in message


def test_division_by_zero_gives_zero_as_on_the_board(live: Live) -> None:
    run = live(
        "volatile int zero = 0, minus = -1;\nint main() { vs_frame_loop_control();\n"
        "    int a = 100 / zero, b = 100 % zero; unsigned long long c = 5ull / (unsigned long long)zero;\n"
        "    short d = 3; d /= zero; signed char e = 9; e = e / (signed char)zero;\n"
        "    int f = (-2147483647 - 1) / minus;\n"
        '    vs_post_text("%d %d %llu %d %d %d", a, b, c, d, e, f); }\n'
    )
    assert run.shown[-1].texts == ("0 100 0 0 0 -2147483648",)
    assert {(n.code, n.line - HEAD_LINES) for n in run.notes} == {("W614", 3), ("W614", 4)}
    assert run.whole


def test_errors_of_the_compiler_stand_at_the_users_lines(live: Live) -> None:
    with pytest.raises(CompileError) as caught:
        live(
            "int main() {\n    scamp5_kernel_begin();\n        sharpen(A, B);\n    scamp5_kernel_end();\n"
            "    scamp5_outptu_image(A);\n    scamp5_in(R5, 3);\n}\n"
        )
    found = [(d.line - HEAD_LINES, d.code) for d in caught.value.diagnostics]
    assert found == [(3, "S602"), (5, "S602"), (6, "S611")]
    assert "did you mean 'scamp5_output_image'" in caught.value.diagnostics[1].hint


def test_missing_headers_are_named(live: Live) -> None:
    with pytest.raises(CompileError) as caught:
        live('#include <scamp5.hpp>\n#include "weights.h"\nint main() { }\n')
    assert "weights.h" in caught.value.diagnostics[0].hint
    assert "-I FOLDER" in caught.value.diagnostics[0].hint


def test_functions_without_a_body_are_named(live: Live) -> None:
    with pytest.raises(CompileError) as caught:
        live("void work(int n);\nint main() {\n    work(2);\n}\n")
    assert caught.value.diagnostics[0].code == "S613"
    assert "work" in caught.value.diagnostics[0].message


def test_values_beyond_the_types_of_the_board_wrap_and_are_said(live: Live) -> None:
    run = live(loop="scamp5_in(A, 241);\nscamp5_load_rect(R5, 0, -1, 10, 300);", planes=["A"])
    assert (run.frames[0].planes["A"] == -15).all()
    said = [n.message for n in run.notes if n.code == "W610"]
    assert said == [
        "scamp5_in: 241 does not fit the board's type and becomes -15",
        "scamp5_load_rect: -1 does not fit the board's type and becomes 255",
        "scamp5_load_rect: 300 does not fit the board's type and becomes 44",
    ]


def test_a_program_that_writes_into_the_pipe_is_refused(live: Live) -> None:
    text = (
        "#include <scamp5.hpp>\n#include <unistd.h>\nint main() { vs_init();\n"
        'for (int i = 3; i < 10; i++) if (write(i, "junk\\n", 5)) { }\nvs_frame_loop_control(); }\n'
    )
    with pytest.raises((ProgramError, StoppedError)):
        live(text)


def test_memory_is_limited(live: Live) -> None:
    code, _, message = stopped(
        live, "int main() { vs_frame_loop_control();\n    for (;;) { if (!malloc(1u << 28)) abort(); }\n}\n"
    )
    assert code == "S620"
    assert "abort" in message


def test_what_it_prints_is_kept_and_bounded(live: Live) -> None:
    run = live('int main() { for (int i = 0; i < 200000; i++) printf("hello %d\\n", i); vs_frame_loop_control(); }')
    assert run.printed.startswith("hello 0\n")
    assert len(run.printed) <= 1 << 16


def test_no_environment_and_a_folder_of_its_own(live: Live, tmp_path: object) -> None:
    run = live(
        "#include <scamp5.hpp>\n#include <unistd.h>\nextern char** environ;\nint main() { char where[500];\n"
        'vs_post_text("%d %s", environ && *environ, getcwd(where, 500)); }\n',
    )
    assert run.setup.texts[0].startswith("0 ")
    assert str(tmp_path) not in run.setup.texts[0]


def test_random_numbers_and_clocks_are_the_same_in_every_run(live: Live) -> None:
    text = (
        "#include <scamp5.hpp>\n#include <random>\n#include <ctime>\nint main() { vs_init(); std::random_device d;\n"
        'vs_post_text("%u %u %ld", d(), d(), (long)time(nullptr)); }\n'
    )
    first, second = live(text), live(text)
    assert first.setup.texts == second.setup.texts
    assert first.setup.texts[0].endswith(" 0")


def test_the_simulator_lives_on(live: Live) -> None:
    with pytest.raises(StoppedError):
        live("int main() { abort(); }")
    run = live(loop="scamp5_in(A, 7);", planes=["A"])
    np.testing.assert_array_equal(run.frames[0].planes["A"], np.full((256, 256), 7, np.float32))


def test_names_of_the_sdk_that_are_not_known_do_nothing_and_are_said(live: Live) -> None:
    run = live(
        "void scamp5_main() { vs_gpio_write(VS_GPIO_7, 1); int k = vs_magic_number(3) + 2;\n"
        "while (1) { vs_frame_loop_control(); scamp5_in(A, k); } }\n",
        planes=["A"],
    )
    assert (run.frames[0].planes["A"] == 2).all()
    (note,) = [n for n in run.notes if n.code == "W623"]
    assert note.message.endswith("VS_GPIO_7, vs_gpio_write, vs_magic_number")
    assert run.calls_without_effect["vs_magic_number (not known here)"] == 1


def test_hostile_amounts_of_output_are_bounded(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from scamp_sim.compiler.native.board import board

    monkeypatch.setattr(board, "MOST_BYTES", 1 << 20)
    run = live(loop='for (int i = 0; i < 100; i++) scamp5_output_image(A); vs_post_text("%1000d", 1);', frames=2)
    assert sum(p.nbytes for f in run.frames for p in f.pictures.values()) <= 1 << 20
    assert not run.whole
    assert "S624" in [n.code for n in run.notes]


def test_pictures_beyond_what_a_frame_keeps_are_said(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from scamp_sim.compiler.native.board import board

    monkeypatch.setattr(board, "MOST_PICTURES", 3)
    run = live(loop='for (int i = 0; i < 5; i++) scamp5_output_image(A, vs_gui_add_display("x", i, 0));')
    assert list(run.frames[0].pictures) == ["x", "x (2)", "x (3)"]
    assert not run.whole
    (note,) = [n for n in run.notes if n.code == "S624"]
    assert note.notes == ("2 times",)


def test_a_text_that_is_too_long_is_refused_where_it_was_posted(live: Live) -> None:
    source = "int main() { std::string s(9 << 20, 97);\n    vs_frame_loop_control(); vs_post_text(s.c_str()); }\n"
    code, line, message = stopped(live, source)
    assert (code, line) == ("S624", 2)
    assert "more than 8 MiB at once" in message


def test_plain_characters_have_no_sign_as_on_the_board(live: Live) -> None:
    run = live('int main() { char c = -1; const int8_t table[] = {200, 3}; vs_post_text("%d %d", c > 0, table[0]); }')
    assert run.setup.texts == ("1 -56",)


def test_a_kernel_that_is_left_by_a_return_is_said(live: Live) -> None:
    run = live(
        "int frame = 0;\nvoid step() {\n"
        "    scamp5_kernel_begin(); get_image(A); if (frame >= 0) return; scamp5_kernel_end(); }\n"
        "int main() { while (1) { vs_frame_loop_control(); step(); frame++; } }\n",
        frames=2,
    )
    assert not run.whole
    assert "S603" in [n.code for n in run.notes]


def test_hints_of_compiler_errors(live: Live) -> None:
    def hints(source: str) -> dict[str, str]:
        with pytest.raises(CompileError) as caught:
            live(source)
        return {d.message.split("'")[1] if "'" in d.message else "": d.hint for d in caught.value.diagnostics}

    without = hints("#include <cmath>\nint main() { vs_init(); }\n")
    assert without == {"vs_init": "the file includes no header of the SDK: #include <scamp5.hpp>"}
    found = hints('#include <scamp5.hpp>\nint main() { bus(A); scamp5_inn(); int x = "s"; }\n')
    assert found["bus"] == "instructions stand in a kernel, or after: using namespace scamp5_kernel_api;"
    assert found["A"] == "registers are known after: using namespace SCAMP5_PE;"
    assert found["scamp5_inn"] == "did you mean 'scamp5_in'?"
    assert found["const char*"].startswith("the C++ compiler's own words")
    members = "scamp5_kernel k; k.print_debug_info(); k.relaunch(); SCAMP5_PE::reg_t r; struct {} x; x.y();"
    found = hints(f"#include <scamp5.hpp>\nint main() {{ {members} }}\n")
    nothing = "the SDK that the simulator knows has no"
    assert sorted(hint for hint in found.values() if hint.startswith(nothing)) == [
        f"{nothing} 'reg_t'",
        f"{nothing} 'relaunch'",
    ]


def test_a_file_that_is_named_twice_is_one(tmp_path: Path) -> None:
    path = tmp_path / "main.cpp"
    path.write_text("#include <scamp5.hpp>\nint main() { }\n")
    (tmp_path / "below").mkdir()
    built = LiveProgram.build([path, tmp_path / "below" / ".." / "main.cpp"]).built
    assert len(built.sources) == 1
