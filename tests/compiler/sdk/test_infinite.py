"""A literal without bounds is not known; it is no error of ours."""

from __future__ import annotations

import pytest

from scamp_sim import assemble
from scamp_sim.compiler import CompileError
from scamp_sim.compiler.sdk import extract_kernels

NUMBERS = ("1e999", "-1e999", "INFINITY", "1e999f", "9" * 5000, "0x" + "f" * 5000)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_without_bounds(number: str) -> None:
    text = "scamp5_kernel_begin(); bus(A,B); scamp5_kernel_end(); scamp5_in(A," + number + ");\n"
    (block,) = extract_kernels("int main(){ " + text + "}")
    assert block.ok
    with pytest.raises(CompileError) as raised:
        assemble(text, dialect="sdk")
    assert all(d.line >= 1 and len(d.message) < 500 for d in raised.value.diagnostics)
    for inside in (f"const int n = {number}; for (int i = 0; i < n; i++) {{ bus(A,B); }}", f"dnews({number}, R5);"):
        (block,) = extract_kernels("scamp5_kernel_begin(); " + inside + " scamp5_kernel_end();")
        assert all(d.line >= 1 and len(d.message) < 500 for d in block.diagnostics)
