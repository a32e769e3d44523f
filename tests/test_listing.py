"""Listings: one statement once, all of its words, running cost; stable text."""

from __future__ import annotations

from collections.abc import Callable

from scamp_sim.chip.program import HostCall, Kernel, Launch, Origin, Output, Program, Word, straight_line
from scamp_sim.compiler import assemble
from scamp_sim.costs.timing import load_timing, profile
from scamp_sim.show.listing import as_dict, listing

SOURCE = """\
/// Edges, twice over.
input image -> PIX;
param floor = 20 in 0..127;
areg grey = A;

kernel edges {
    areg t;
    get_image(grey);
    for i in 0..2 {
        subx(t, grey, south, grey);
        abs(B, t);
    }
    sub(B, B, E);
}
kernel tap(i) { CLR(R1, R2); if i == 1 { MOV(R5, R1); } }

program {
    scamp5_in(E, floor);
    edges();
    for i in 0..2 { tap(i); }
    output edges = B;
}
"""


def test_listing_of_a_program(golden: Callable[[str, str], None]) -> None:
    golden("listing_edges.txt", listing(assemble(SOURCE)))


def test_listing_method_is_the_same_text() -> None:
    program = assemble(SOURCE)
    assert program.listing() == listing(program)


def test_running_totals_end_at_the_profile() -> None:
    program = assemble(SOURCE)
    cost = profile(program, load_timing())
    last = as_dict(program)["steps"][-1]
    assert (last["words"], last["us"]) == (cost.words, cost.time_us)
    assert f"{cost.time_us:.1f}" in listing(program).splitlines()[-1]


def test_bytes_that_leave_stand_at_their_step() -> None:
    program = assemble(SOURCE)
    assert [s["bytes"] for s in as_dict(program)["steps"]] == [0, 0, 0, 0, 65536]
    assert listing(program).splitlines()[-1].endswith(" 65,536")
    small = as_dict(program, shape=(64, 64))["steps"][-1]
    assert (small["bytes"], small["us"]) == (4096, profile(program, load_timing(), (64, 64)).time_us)


def test_storage_and_results_are_shown() -> None:
    kernel = Kernel("k", (Word("NOT", ("R5",), ("R6",)),), storage="dynamic")
    steps = (Launch("k"), HostCall("scamp5_global_sum_fast", ("A",), result="total"))
    text = listing(Program("p", {"k": kernel}, steps))
    assert "kernel k: 1 word, dynamic, high-speed" in text
    assert "total = scamp5_global_sum_fast(A)" in text
    assert as_dict(Program("p", {"k": kernel}, steps))["kernels"][0]["storage"] == "dynamic"


def test_every_word_has_a_line() -> None:
    program = assemble(SOURCE)
    text = listing(program)
    for kernel in program.kernels.values():
        for word in kernel.words:
            assert str(word) in text


def test_statement_shown_once_for_the_words_of_a_macro() -> None:
    origin = Origin("k.scamp", 3, 5, 3, 17, "    add(A, B, C); // sum", ("add",))
    words = [Word("bus", ("NEWS",), ("B", "C"), origin), Word("bus", ("A",), ("NEWS",), origin)]
    text = listing(straight_line("k", words))
    assert text.count("add(A, B, C)") == 1
    assert "// sum" not in text


def test_words_without_origin_are_listed() -> None:
    text = listing(straight_line("bare", [Word("SET", ("R5",)), Word("nop")]))
    assert "SET(R5)" in text
    assert "digital" in text


def test_long_statements_are_cut() -> None:
    line = "OR(R5, " + "R6, " * 20 + "R7);"
    origin = Origin("k.scamp", 1, 1, 1, len(line) + 1, line)
    text = listing(straight_line("k", [Word("OR", ("R5",), ("R6", "R7"), origin)]))
    assert "..." in text
    assert max(map(len, text.splitlines())) < 120


def test_host_program_steps() -> None:
    kernel = Kernel("k", (Word("nop"),))
    steps = (HostCall("scamp5_load_point", ("R5", 1, 2)), Launch("k"), Output("out", "R5"))
    text = listing(Program("p", {"k": kernel}, steps))
    assert "scamp5_load_point(R5, 1, 2)" in text
    assert "launch k" in text
    assert "output out = R5" in text


def test_same_text_twice() -> None:
    assert listing(assemble(SOURCE)) == listing(assemble(SOURCE))
