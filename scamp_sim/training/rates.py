"""Learning rates: how large they may be."""

from __future__ import annotations

from scamp_sim.exceptions import ProgramError

MOST = 1000.0
"""Weights are of about 1; float32 overflows long before the numbers of Python do."""


def check_rate(value: float, name: str = "rate") -> None:
    """Raise ProgramError for a learning rate that no training survives."""
    if value > MOST:
        raise ProgramError(f"{name} must be at most {MOST:g}, got {value:g}")


__all__ = ["MOST", "check_rate"]
