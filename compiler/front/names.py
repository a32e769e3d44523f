"""Names that are nearly right: host functions that are not there yet, siblings in the other case, file names."""

from __future__ import annotations

import difflib
from pathlib import Path

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


def nearest_file(path: Path) -> str:
    """A tail for the message that a file is missing: its nearest neighbour. The suffix does not count as likeness."""
    try:
        if not path.parent.is_dir() or path.exists():
            return ""
    except (OSError, ValueError):  # a name that no file can have
        return ""
    stems = {p.stem: p.name for p in sorted(path.parent.iterdir()) if p.suffix == path.suffix}
    near = difflib.get_close_matches(path.stem, stems, n=1, cutoff=0.6)
    return f"; did you mean '{stems[near[0]]}'?" if near else ""
