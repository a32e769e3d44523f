"""Names for kernels, parameters and results that are free in our language."""

from __future__ import annotations

import re
from collections.abc import Container

from scamp_sim.chip import isa
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.resolve import native_named
from scamp_sim.compiler.front.syntax_errors import KEYWORDS


def is_taken(name: str) -> bool:
    """Whether a name means something in the language already."""
    return (
        name in isa.ALL_REGISTERS
        or name in isa.ALIASES
        or name in isa.DIRECTIONS
        or name in isa.HOST
        or name in KEYWORDS
        or name in prelude.declarations()
        or native_named(name) is not None
        or name in ("scamp5_kernel_begin", "scamp5_kernel_end")
    )


def free_name(name: str, tail: str) -> str:
    """The name, with a tail if it means something already, and without signs that names cannot hold."""
    clean = re.sub(r"\W", "_", name, flags=re.ASCII) or "x"
    if clean[0].isdigit():
        clean = f"_{clean}"
    return f"{clean}_{tail}" if is_taken(clean) else clean


def kernel_name(title: str, taken: Container[str]) -> str:
    """A name for a kernel that stands in function `title`: that name, numbered from the second on."""
    stem = free_name(title or "block", "kernel")
    name, n = stem, 1
    while name in taken or is_taken(name):
        n += 1
        name = f"{stem}_{n}"
    return name
