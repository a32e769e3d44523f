"""Readouts, drawing and stored kernels in the host program of a text."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim import Machine, ProgramError
from scamp_sim.chip.program import HostCall, Kernel, Output, Program, Word
from scamp_sim.compiler import CompileError, assemble

SHAPE = (64, 64)


def program(body: str, kernel: str = "kernel k { CLR(R5); res(A); }") -> Program:
    return assemble(f"{kernel}\nprogram {{\n    k();\n    {body}\n}}")


def codes(text: str) -> list[str]:
    with pytest.raises(CompileError) as caught:
        assemble(text)
    return [d.code for d in caught.value.diagnostics if d.severity == "error"]


def last_call(p: Program) -> HostCall:
    step = p.steps[-1]
    assert isinstance(step, HostCall)
    return step


@pytest.mark.parametrize(
    ("body", "name", "args", "result"),
    [
        ("output corners = scamp5_scan_events(R5, 100);", "scan_events", ("R5", 100, 0, 0), "corners"),
        ("scamp5_scan_events(R5, corners, 100);", "scan_events", ("R5", 100, 0, 0), "corners"),
        ("scamp5_scan_events(R5, 100, 1);", "scan_events", ("R5", 100, 1, 0), "scan_events"),
        ("output t = scamp5_global_sum_16(A);", "global_sum_16", ("A", 0), "t"),
        ("scamp5_global_sum_16(A, parts);", "global_sum_16", ("A", 1), "parts"),
        ("scamp5_output_image(A, display);", "output_image", ("A",), "display"),
        ("scamp5_output_image(R5);", "output_image", ("R5",), "output_image"),
        ("scamp5_scan_areg(A, buf, 0, 0, 9, 9, 1, 1);", "scan_areg", ("A", 0, 0, 9, 9, 1, 1), "buf"),
        ("scamp5_scan_areg(A, 0, 0, 9, 9);", "scan_areg", ("A", 0, 0, 9, 9, 1, 1), "scan_areg"),
        ("output any = scamp5_global_or(R5);", "global_or", ("R5", 0, 0, 1023, 1023), "any"),
    ],
)
def test_readouts(body: str, name: str, args: tuple[str | int, ...], result: str) -> None:
    call = last_call(program(body))
    assert (call.name, call.args, call.result) == (f"scamp5_{name}", args, result)


def test_results_that_share_a_name_are_numbered() -> None:
    p = program("scamp5_output_image(A, d); scamp5_output_image(R5, d); output e = A;")
    assert p.results == ("d", "d_2", "e")
    run = Machine(SHAPE).run(p)
    assert list(run.outputs) == ["d", "d_2", "e"]
    assert run.outputs["d"].dtype == np.uint8
    assert run.outputs["d_2"].dtype == np.bool_
    assert run.outputs["e"].dtype == np.float32


def test_a_buffer_that_is_a_constant_is_an_operand() -> None:
    assert last_call(program("const n = 50; scamp5_scan_events(R5, n);")).args == ("R5", 50, 0, 0)


def test_an_output_takes_its_name_once() -> None:
    assert codes("kernel k { res(A); } program { k(); output a = A; output a = scamp5_global_sum_fast(A); }") == [
        "S205"
    ]


def test_values_are_those_of_their_moment() -> None:
    p = assemble(
        "kernel up { add(A, A, B); } program { scamp5_in(B, 10); scamp5_in(A, 0); up(); "
        "output first = scamp5_global_sum_fast(A); up(); output second = scamp5_global_sum_fast(A); output a = A; }"
    )
    run = Machine(SHAPE).run(p)
    assert (run.outputs["first"], run.outputs["second"]) == (138, 148)
    assert (run.outputs["a"] == 20).all()


def test_drawing_goes_where_it_was_begun() -> None:
    p = program("scamp5_draw_begin(R5); scamp5_draw_pixel(3, 4); scamp5_draw_end();")
    assert [s.args for s in p.steps if isinstance(s, HostCall)][1] == (3, 4, "R5")
    plane = Machine(SHAPE).run(program("scamp5_draw_begin(R5); scamp5_draw_pixel(3, 4); output p = R5;")).outputs["p"]
    assert np.argwhere(plane).tolist() == [[3, 63 - 4]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("scamp5_draw_pixel(3, 4);", "S313"),
        ("scamp5_draw_begin(R5); scamp5_draw_end(); scamp5_draw_pixel(3, 4);", "S313"),
        ("scamp5_output_bitstack_bit(R5);", "S313"),
        ("scamp5_output_bitstack_begin(2); scamp5_output_bitstack_bit(R5); scamp5_output_bitstack_end();", "S313"),
        ("output a = scamp5_in(A, 3);", "S213"),
        ("scamp5_scan_events(R5, 5000);", "S312"),
        ("scamp5_scan_events(R5, nothing_here, there);", "S204"),
        ("scamp5_scan_events(A, 50);", "S203"),
        ("scamp5_scan_events();", "S202"),
        ("scamp5_read_areg(A, 2000, 3);", "S307"),
        ("scamp5_flood(R6, R0, 0);", "S301"),
        ("scamp5_shift(R1, 1, 0);", "S301"),
    ],
)
def test_refused(body: str, code: str) -> None:
    assert codes(f"kernel k {{ CLR(R5, R6); res(A); }}\nprogram {{ k(); {body} }}") == [code]


def test_bit_stack() -> None:
    body = "".join(f"scamp5_output_bitstack_bit({r});" for r in ("R5", "R6", "R5"))
    p = program(
        f"scamp5_output_bitstack_begin(3); {body} scamp5_output_bitstack_end();",
        "kernel k { SET(R5); CLR(R6); res(A); }",
    )
    run = Machine(SHAPE).run(p)
    assert (run.outputs["output_bitstack_end"] == 0b101).all()
    payload = run.payload("output_bitstack_end")
    assert len(payload) == 3 * 64 * 64 // 8
    assert payload[:512] == b"\xff" * 512
    assert payload[512:1024] == b"\x00" * 512


def test_payload_goes_column_after_column_from_the_top_right() -> None:
    machine = Machine(SHAPE)
    machine.write("A", np.arange(64)[:, None] - 128.0 + np.zeros((1, 64)))
    machine.write("B", np.arange(64)[None, :] - 128.0 + np.zeros((64, 1)))
    run = machine.run(assemble("kernel k { mov(C, A); mov(D, B); } program { k(); output c = C; output d = D; }"))
    assert list(run.payload("c")[:3]) == [0, 1, 2]
    assert list(run.payload("d")[:2]) == [63, 63]
    assert run.payload("d")[64] == 62
    with pytest.raises(ProgramError, match="has no readout 'e'"):
        run.payload("e")


@pytest.mark.parametrize("readout", ["output o = R9;", "scamp5_scan_events(R9, 10);", "scamp5_global_or(R9);"])
def test_reading_out_what_nothing_wrote_is_a_trap(readout: str) -> None:
    (warning,) = program(readout).diagnostics
    assert warning.code == "W502"
    assert "which nothing has written by then" in warning.message


def test_an_upside_down_rectangle_is_empty_with_a_warning() -> None:
    p = program("scamp5_load_rect(R6, 9, 0, 3, 5); output r = R6;")
    assert [d.code for d in p.diagnostics] == ["W512"]
    assert not Machine(SHAPE).run(p).outputs["r"].any()


def test_scratch_in_host_routines() -> None:
    """A routine that works in place reads its register: it must not be given away before."""
    p = assemble(
        "areg a; dreg d;\nkernel k { get_image(a); where(a); MOV(d, FLAG); all(); }\n"
        "program { k(); scamp5_shift(a, 3, 0); scamp5_shift(d, 3, 0); output x = a; output y = d; }"
    )
    shifted = [s for s in p.steps if isinstance(s, HostCall)]
    outputs = [s for s in p.steps if isinstance(s, Output)]
    assert [s.args[0] for s in shifted] == [o.register for o in outputs]
    assert outputs[1].register not in ("R1", "R2", "R3", "R4")


def test_a_flood_that_uses_the_directions_keeps_them() -> None:
    kernels = "kernel k { SET(R3); CLR(R1, R2, R4); CLR(R5); SET(R6); } kernel l { DNEWS0(R7, R5); }"
    text = f"{kernels}\nprogram {{ k(); scamp5_flood(R5, R6, 0, 2, 1); l(); output x = R7; }}"
    assert assemble(text).diagnostics == ()
    assert [d.code for d in assemble(text.replace(", 2, 1)", ")")).diagnostics] == ["W503"]


# --- where kernels are kept ---


def test_kinds_of_kernels() -> None:
    p = assemble(
        "kernel a { nop(); } dynamic kernel b { nop(); nop(); } dynamic kernel c { nop(); } heap kernel d { nop(); }\n"
        "program { a(); b(); c(); d(); }"
    )
    assert {n: k.storage for n, k in p.kernels.items()} == {"a": "static", "b": "dynamic", "c": "dynamic", "d": "heap"}
    assert p.stored_words == 1 + 2  # the longest dynamic kernel needs its room
    assert p.words == 5


def test_a_full_store_names_its_largest_kernels() -> None:
    long = "for i in 0..600 { nop(); }"
    text = f"kernel a {{ {long} }} kernel b {{ {long} }} program {{ a(); b(); }}"
    with pytest.raises(CompileError) as caught:
        assemble(text)
    (d,) = caught.value.diagnostics
    assert d.code == "S401"
    assert (
        "1,200 words in 2 kernels do not fit into the kernel store of 1,024; the largest: a with 600, b with 600"
        in d.message
    )
    assert "heap kernel" in d.hint
    assert assemble(text.replace("kernel b", "heap kernel b")).stored_words == 600
    assert codes(text.replace("kernel b", "dynamic kernel b")) == ["S401"]
    assert assemble(text.replace("kernel", "dynamic kernel")).stored_words == 600


def test_storage_is_checked() -> None:
    with pytest.raises(ProgramError, match="storage is 'flash'; expected one of static, dynamic, heap"):
        Kernel("k", (Word("nop"),), storage="flash")


def test_addresses_are_held_against_the_array() -> None:
    (warning,) = program("scamp5_load_point(R5, 300, 3); output p = R5;").diagnostics
    assert warning.code == "W520"
    assert "names row 300, column 3, but the chip has rows 0..255" in warning.message
    text = "array 64, 64; kernel k { CLR(R5); } program { k(); scamp5_load_point(R5, 3, 64); output p = R5; }"
    assert codes(text) == ["S307"]
    assert assemble(text.replace("64, 64", "64, 128")).diagnostics == ()
