"""Names that are nearly right: host functions that are not there yet, siblings in the other case."""

from __future__ import annotations

import difflib

from scamp_sim.chip import isa

_SLIP = 0.88
"""Similarity of two names that differ by one slip of the finger."""


def unsupported(name: str) -> tuple[str, str] | None:
    """Message and hint for a name of the SDK's host library that is not supported."""
    if not name.startswith(("scamp5_", "vs_")):
        return None
    near = difflib.get_close_matches(name, isa.HOST, n=1, cutoff=_SLIP)
    if near:
        return f"unknown host function '{name}'; did you mean '{near[0]}'?", ""
    return f"host function '{name}' is not available", "'scamp-sim isa' lists the available ones"
