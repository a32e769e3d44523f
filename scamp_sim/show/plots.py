"""Plots in files: what all of them share. matplotlib is imported where it is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from scamp_sim.checks import path_of
from scamp_sim.exceptions import OptionError, ScampError

GREY, ACCENT = "#b8b8b8", "#4e79a7"


def check(path: str | Path) -> Path:
    """The path, if a plot can be drawn there. Raises ScampError, also if matplotlib is missing."""
    from scamp_sim.files import check_file

    path_of(path, "plot")
    target = check_file(path, "plot")
    if target.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise OptionError(f"cannot write the plot to {path}: name it .png, .pdf or .svg")
    _canvas()
    return target


def save(path: str | Path, draw: Callable[[], Any], dpi: int = 150) -> Path:
    """What `draw` gives, a matplotlib figure, as a file: all of it, or nothing. Raises ScampError."""
    from scamp_sim.files import write_file

    undated = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}.get(check(path).suffix.lower())

    def write(aside: Path) -> None:
        import matplotlib

        with matplotlib.rc_context({"svg.hashsalt": "scamp-sim"}):  # the same figure gives the same bytes
            draw().savefig(aside, dpi=dpi, metadata=undated)

    return write_file(path, "plot", write)


def new_figure(width: float, height: float) -> Any:
    """An empty figure, in inches. Raises ScampError if matplotlib is missing."""
    return _canvas()(figsize=(width, height), layout="constrained")


def _canvas() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ScampError(
            'the plot needs matplotlib, which is missing: pip install "scamp-sim[demo]" (in a clone: pip install -e '
            '".[demo]")'
        ) from None
    return Figure


__all__ = ["ACCENT", "GREY", "check", "new_figure", "save"]
