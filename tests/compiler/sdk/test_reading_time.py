"""Reading time is linear in the text, whatever the text: pieces that once took quadratic time or worse."""

from __future__ import annotations

import time

import pytest

from scamp_sim.compiler.native.toolchain.scan import has_main, stripped
from scamp_sim.compiler.sdk import extract_kernels

LONG = 16_000
"""Signs. What is quadratic with the smallest constant that was seen takes a second; what is worse, minutes."""

PIECES = {
    "nested lambdas": "scamp5_kernel k([]{ x;\n",
    "nested lambdas with calls": "scamp5_kernel k([]{ mov(A,B);\n",
    "nested lambdas alone": "[](){",
    "lambdas": "scamp5_kernel k([]{ mov(A,B); });\n",
    "begin marks": "scamp5_in(A,25);\nscamp5_kernel_begin();\n  );\n",
    "kernels": "scamp5_kernel_begin(); mov(A,B); scamp5_kernel_end();\n",
    "functions in one another": "void f(int a){ g(b);\n",
    "loops in one another": "scamp5_kernel_begin(); for (int i = 0; i < 3; i++) { mov(A,B);\n",
    "branches in one another": "scamp5_kernel_begin(); if (a) {",
    "parentheses": "f((((((((",
    "brackets": "[a]",
    "comments that do not end": "/* x",
    "quotes": '"a',
    "directives": "#define A \\\n",
    "blanks behind a type": "auto                \n",
    "constants": "const int a = 3;\n",
    "names": "a::b.c->",
    "calls": "mov(A,B);\n",
    "begin marks in one line": "scamp5_kernel_begin();",
    "quotes that are not quotes": '\\"',
    "letters that are not": "\\'",
    "raw texts that do not end": 'R"x(',
    "mains": "int main(",
    "assignments": "A = add(B, C)\n",
}


@pytest.mark.parametrize("name", PIECES)
def test_a_long_text_is_read_soon(name: str) -> None:
    piece = PIECES[name]
    first = "'" if "'" in piece else '"'
    text = "int f() {\n" + (first if piece.startswith("\\") else "") + piece * (LONG // len(piece))
    began = time.process_time()
    extract_kernels(text)
    assert not has_main(stripped(text))
    assert time.process_time() - began < 2


def test_a_type_and_many_blanks() -> None:
    began = time.process_time()
    extract_kernels("auto" + " " * 20_000 + "x; scamp5_kernel_begin(); mov(A, B); scamp5_kernel_end();")
    assert time.process_time() - began < 1


def test_lambdas_too_deep_are_named() -> None:
    found = extract_kernels("scamp5_kernel k([]{ mov(A, B);\n" * 40)
    (block,) = [b for b in found if "too deeply" in str(b.diagnostics)]
    assert not block.ok
    assert (block.line, block.diagnostics[0].code) == (1, "S603")
