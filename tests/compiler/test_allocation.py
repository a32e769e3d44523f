"""Which registers scratch names get, and why not others."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.chip.program import HostCall, Program
from scamp_sim.compiler import CompileError, assemble
from scamp_sim.compiler.expand.allocate import CHOICE


def words(text: str) -> list[str]:
    (kernel,) = assemble(text).kernels.values()
    return [str(w) for w in kernel.words]


def named(program: Program, kernel: str) -> set[str]:
    return {r for w in program.kernels[kernel].words for r in (*w.dst, *w.src)}


def failure(text: str) -> tuple[str, str, tuple[str, ...]]:
    with pytest.raises(CompileError) as caught:
        assemble(text)
    (d,) = [d for d in caught.value.diagnostics if d.severity == "error"]
    return d.code, d.message, d.notes


def test_a_dead_register_is_used_again() -> None:
    text = "kernel k { areg s; areg t; bus(s, PIX); bus(A, s); bus(t, PIX); bus(B, t); }"
    assert words(text) == ["bus(F, PIX)", "bus(A, F)", "bus(F, PIX)", "bus(B, F)"]


def test_overlapping_lives_get_two_registers() -> None:
    text = "kernel k { areg s; areg t; bus(s, PIX); bus(t, PIX); bus(A, s, t); }"
    assert words(text) == ["bus(F, PIX)", "bus(E, PIX)", "bus(A, F, E)"]


def test_a_word_never_reads_what_it_writes() -> None:
    text = "kernel k { areg s; areg t; bus(s, PIX); bus(t, s); bus(A, t); }"
    assert words(text) == ["bus(F, PIX)", "bus(E, F)", "bus(A, E)"]


def test_a_macro_hands_its_source_over_to_its_result() -> None:
    # mov reads its source one word before it writes its destination
    text = "kernel k { areg s; areg t; bus(s, PIX); mov(t, s); bus(A, t); }"
    assert words(text) == ["bus(F, PIX)", "bus(NEWS, F)", "bus(F, NEWS)", "bus(A, F)"]


def test_abs_keeps_operands_apart() -> None:
    # abs reads its source after it has written its destination
    assert words("kernel k { areg s; areg t; bus(s, PIX); abs(t, s); bus(A, t); }")[:3] == [
        "bus(F, PIX)",
        "bus(NEWS)",
        "bus(E, NEWS, F)",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the user's own register is theirs from first mention to the end
        ("kernel k { areg t; bus(F, PIX); bus(t, PIX); bus(A, t); }", "bus(E, PIX)"),
        # before the first mention it is free
        ("kernel k { areg t; bus(t, PIX); bus(A, t); bus(F, PIX); }", "bus(F, PIX)"),
        # unless it is read before it is written: then its old value counts
        ("kernel k { areg t; bus(t, PIX); bus(A, t); bus(B, F); }", "bus(E, PIX)"),
        # an input holds its register from the start
        ("input x -> F;\nkernel k { areg t; bus(t, PIX); bus(A, t); }", "bus(E, PIX)"),
        # so does an alias that nothing uses
        ("areg keep = F;\nkernel k { areg t; bus(t, PIX); bus(A, t); }", "bus(E, PIX)"),
        # a write under FLAG leaves the old value alive elsewhere
        ("kernel k { areg t; bus(t, PIX); bus(A, t); where(A); bus(F, PIX); all(); bus(B, F); }", "bus(E, PIX)"),
        # even if the write is its first mention: an earlier run may have left something there
        ("kernel k { areg t; bus(t, PIX); bus(A, t); where(A); bus(F, PIX); all(); }", "bus(E, PIX)"),
        # FLAG is 1 everywhere where a bit says so
        ("kernel k { areg t; bus(t, PIX); bus(A, t); SET(R5); WHERE(R5); bus(F, PIX); }", "bus(F, PIX)"),
        # after all() a write is complete
        ("kernel k { areg t; bus(t, PIX); bus(A, t); where(A); all(); bus(F, PIX); bus(B, F); }", "bus(F, PIX)"),
    ],
)
def test_registers_of_the_user(text: str, expected: str) -> None:
    assert expected in words(text)


def test_scratch_leaves_alone_what_survives_between_runs() -> None:
    text = """
    input img -> A;
    kernel k { areg t; mov(t, A); mov(B, t); where(A); mov(F, B); all(); }
    """
    machine = Machine((64, 64))
    program = assemble(text)
    machine.run(program, inputs={"img": np.full((64, 64), 5)})
    machine.run(program, inputs={"img": np.full((64, 64), -7)})
    assert (machine.read("F") == 5).all()


def test_constants_loaded_under_a_condition_leave_the_rest() -> None:
    text = """
    input img -> A;
    kernel k { areg t; bus(t, A); bus(B, t); where(B); }
    kernel l { all(); }
    program { k(); scamp5_in(F, 30); l(); }
    """
    assert "F" not in named(assemble(text), "k")


def partly(text: str) -> list[int]:
    """Lines with a warning about scratch that was written under a condition only."""
    found = assemble("input a -> A;\ninput b -> R5;\n" + text).diagnostics
    return [d.line for d in found if d.code == "W502" and "only where a condition held" in d.message]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("areg t; where(A); mov(t, A); all();\nmov(C, t);\nmov(D, t);", [4]),
        ("areg t; where(A); mov(t, A); neg(B, t);\nwhere(t); mov(C, A); all();", [4]),
        ("areg t; where(A); mov(t, A); mov(t, B); all();\nmov(C, t);", [4]),
        ("areg t; kernel k { where(A); mov(t, A); all(); }\nprogram { k();\noutput x = t; }", [5]),
        ("areg t; kernel k { where(A); }\nkernel l { all(); mov(B, t); }\nprogram { k(); scamp5_in(t, 3); l(); }", [4]),
        # read under the condition
        ("areg t; where(A); mov(t, A); mov(C, t); all();", []),
        ("areg t; where(A); mov(t, A); all(); where(A); mov(C, t); all();", []),
        # written everywhere first, or afterwards
        ("areg t; res(t); where(A); mov(t, A); all(); mov(C, t);", []),
        ("areg t; where(A); mov(t, A); all(); mov(t, A); mov(C, t);", []),
        # two conditions may be complements
        ("areg t; where(A); mov(t, A); all(); neg(B, A); where(B); mov(t, B); all(); mov(C, t);", []),
        ("areg t; SET(R6); WHERE(R6); mov(t, A); all(); mov(C, t);", []),
        ("areg t; abs(t, A); mov(C, t);", []),
    ],
)
def test_scratch_written_under_a_condition(text: str, lines: list[int]) -> None:
    assert partly(text) == lines


FULL = "SET(R5, R6, R7, R8); SET(R9, R10, R11);"


def test_macro_temporaries_are_free_between_clobbers() -> None:
    text = f"kernel k {{ dreg b; {FULL} DNEWS(R5, R6, east); SET(b); MOV(R7, b); DNEWS(R5, R6, east); }}"
    assert "SET(R4)" in words(text)
    assert "MOV(R7, R4)" in words(text)


def test_scratch_stays_clear_of_clobbers_in_its_life() -> None:
    text = f"kernel k {{ dreg b; {FULL} SET(b); DNEWS(R5, R6, east); MOV(R7, b); }}"
    # R1..R4 are overwritten on the way; R0 is not
    assert "MOV(R7, R0)" in words(text)
    code, message, notes = failure(
        f"kernel k {{ dreg b; {FULL} SET(b); AND(R8, R5, R6); DNEWS(R5, R6, east); MOV(R7, b); }}"
    )
    assert (code, message) == ("S402", "no digital register is left for scratch 'b'")
    assert "R0 is held by a temporary of AND (line 1)" in notes
    assert "R4 is held by a temporary of DNEWS (line 1)" in notes
    assert "R5 is held by your text (line 1)" in notes


def test_r0_is_not_taken_where_r12_is_written() -> None:
    text = f"kernel k {{ dreg b; SET(R0); {FULL} SET(R1, R2, R3, R4); CLR(b); CLR(R12); MOV(R5, b); }}"
    assert failure(text)[0] == "S402"


def test_r12_and_news_are_never_chosen() -> None:
    for kind, choice in CHOICE.items():
        assert not {"NEWS", "R12"} & set(choice), kind
    code, message, notes = failure(
        "kernel k { areg t[7]; for r in t { bus(r, PIX); } for r in t { where(r); } all(); }"
    )
    assert (code, message) == ("S402", "no analog register is left for scratch 't[6]'")
    assert notes[-1] == "NEWS is the temporary of the analog macros"
    assert notes[0] == "A is held by scratch 't[5]' (line 1)"
    assert len(notes) == 7


def test_scratch_at_the_top_lives_across_kernels() -> None:
    program = assemble(
        """
        areg keep;
        kernel first { bus(keep, PIX); }
        kernel second { areg t; bus(t, PIX); bus(A, t); }
        kernel third { bus(B, keep); }
        program { first(); second(); third(); output k = keep; }
        """
    )
    assert named(program, "first") == {"F", "PIX"}
    assert named(program, "second") == {"E", "PIX", "A"}
    assert named(program, "third") == {"B", "F"}
    assert program.outputs[0].register == "F"


def test_scratch_of_two_kernels_shares_a_register() -> None:
    program = assemble(
        "kernel a { areg t; bus(t, PIX); bus(A, t); }\nkernel b { areg t; bus(t, PIX); bus(B, t); }\n"
        "program { a(); b(); a(); }"
    )
    assert "F" in named(program, "a") & named(program, "b")


def test_a_kernel_keeps_its_choice_over_all_launches() -> None:
    # F and E are free at the first launch of `a` but not at the second
    program = assemble(
        "kernel a { areg t; bus(t, PIX); bus(A, t); }\nkernel b { bus(F, PIX); bus(E, PIX); }\n"
        "program { a(); b(); a(); output e = E; output f = F; }"
    )
    assert named(program, "a") == {"D", "PIX", "A"}


def test_host_calls_write_and_outputs_read_scratch() -> None:
    program = assemble(
        "areg level;\nkernel k { areg t; bus(t, PIX); bus(A, t, level); }\nprogram { scamp5_in(level, 5); k(); }"
    )
    (call,) = [s for s in program.steps if isinstance(s, HostCall)]
    assert call.args == ("F", 5, "NEWS")
    assert [str(w) for w in program.kernels["k"].words] == ["bus(E, PIX)", "bus(A, E, F)"]


def test_inputs_can_go_to_scratch() -> None:
    program = assemble("areg img;\ninput image -> img;\nkernel k { areg t; bus(t, PIX); bus(A, t, img); }")
    assert program.inputs[0].register == "F"
    assert named(program, "k") == {"E", "F", "A", "PIX"}


def test_scratch_in_a_macro_is_fresh_for_each_call() -> None:
    text = """
    macro m(y: areg) { areg t; bus(t, PIX); bus(y, t); }
    macro n(y: areg) { areg t; bus(t, PIX); m(y); bus(y, t); }
    n(A);
    """
    assert words(text) == ["bus(F, PIX)", "bus(E, PIX)", "bus(A, E)", "bus(A, F)"]


def test_unused_scratch_takes_no_register() -> None:
    program = assemble("areg spare[4];\nareg t;\nbus(t, PIX); bus(A, t);")
    assert words("areg spare[4];\nareg t;\nbus(t, PIX); bus(A, t);")[0] == "bus(F, PIX)"
    assert [d.message for d in program.diagnostics] == ["areg 'spare' is never used"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("kernel k {\n areg t;\n bus(A, t);\n}", 3),
        ("areg t;\nkernel a { bus(t, PIX); }\nkernel b { bus(A, t); }\nprogram { b(); a(); }", 3),
        ("kernel k { areg t;\n bus(A, t); bus(t, PIX); }\nprogram { k(); k(); }", 2),
        ("areg t;\nkernel k { nop(); }\nprogram {\n k();\n output t_out = t; }", 5),
    ],
)
def test_scratch_read_before_it_is_written(text: str, line: int) -> None:
    with pytest.raises(CompileError) as caught:
        assemble(text)
    (d,) = caught.value.diagnostics
    assert (d.code, d.line) == ("S214", line)


def test_longest_first_finds_room_where_first_come_does_not() -> None:
    # five short lives in a row next to long ones: whatever the order of declaration, six registers do
    text = """
    kernel k {
        areg a; areg b; areg c; areg d; areg e;
        bus(A, PIX);
        bus(a, PIX); bus(b, PIX); bus(c, PIX); bus(d, PIX); bus(e, PIX);
        bus(A, a, b, c, d); bus(A, e);
    }
    """
    assert len({w for w in words(text) if w.startswith("bus(") and w.endswith("PIX)")}) == 6
