"""Texts whose loops and functions multiply: an end in seconds of processor time, and a message with a place."""

from __future__ import annotations

import time

import pytest

from scamp_sim.compiler.sdk import extract_kernels

BEGIN, END = "scamp5_kernel_begin();\n", "scamp5_kernel_end();\n"

MULTIPLYING = {
    "a function that calls itself": "void f(int n) { for (int i = 0; i < 4096; i++) { f(n); add(A, B, C); } }\n"
    + BEGIN
    + "f(2);\n"
    + END,
    "loops in loops": BEGIN + "for (int i = 0; i < 4096; i++) for (int j = 0; j < 4096; j++) { add(A, B, C); }\n" + END,
    "empty loops": BEGIN + "for (int i = 0; i < 4096; i++) for (int j = 0; j < 4096; j++) { }\n" + END,
    "many such kernels": "void f() { for (int i = 0; i < 4096; i++) { f(); nonsense(i); } }\n"
    + (BEGIN + "f();\n" + END) * 40,
}


@pytest.mark.parametrize("what", MULTIPLYING)
def test_what_multiplies_comes_to_an_end(what: str) -> None:
    began = time.process_time()
    blocks = extract_kernels(MULTIPLYING[what], file="text.cpp")
    assert time.process_time() - began < 5
    said = [d for block in blocks for d in block.diagnostics if d.severity == "error"]
    assert all(d.file == "text.cpp" and d.line for d in said)
    assert 0 < len(said) < 200
    assert any("too many statements" in d.message for d in said) or "f(" in MULTIPLYING[what]


def test_a_loop_of_many_rounds_is_read() -> None:
    (block,) = extract_kernels(BEGIN + "for (int i = 0; i < 1000; i++) { MOV(R5, R6); }\n" + END, file="t.cpp")
    assert not [d for d in block.diagnostics if d.severity == "error"]
