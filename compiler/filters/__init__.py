"""From a convolution kernel to the shortest words for the array.

from scamp_sim.compiler.filters import compile_filter

found = compile_filter([[1, 2, 1], [2, 4, 2], [1, 2, 1]], scale=16)
found.words, found.lower_bound, found.optimal
print(found.text)
"""

from __future__ import annotations

from scamp_sim.compiler.filters.compile import CompiledFilter, compile_filter

__all__ = ["CompiledFilter", "compile_filter"]
