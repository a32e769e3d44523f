"""Modelling choices where the public facts leave the chip open. "Qn" numbers the fact sheet's open questions."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from scamp_sim.exceptions import ProgramError


@dataclass(frozen=True)
class ArrayOptions:
    """How the array behaves where nothing published settles it.

    prop_reach: PEs that one PROP word can cross, None for no limit (Q9: 64).
    blur_k: conductance of one resistive-grid step of `blur` (Q8: 0.1).
    port_mix: two or more neighbour ports in one word: "mean" (Q7) or "sum".
    flag_gates_rpix: whether `rpix` spares PEs with FLAG = 0 (Q5: no).
    pix_reset: value of PIX after `rpix`, in LSB (D KIM magnitude; sign I).

    What host functions do and give:

    dreg_bit_order: in the bytes of `scamp5_scan_dreg`, whether the lowest column is the "lsb" (Q11) or the "msb".
    areg_min, areg_max: LSB at the ends of the scale of the global sums; sum16_floor, sum16_span and sum64_floor,
    sum64_span: what the 16- and the 64-sum give there (Q12; the SDK's calibration parameters of these names).
    sum_grid: samples of these sums are "sparse" grids of every 4th or 8th PE (Q13), or "blocks" side by side.
    gain_words: words that each doubling by `scamp5_get_image` takes (Q14: 10).
    draw_clears: whether `scamp5_draw_begin` clears the plane (Q15: no).
    event_order: `scamp5_scan_events` goes through the array "rows" first or "columns" first (R).
    """

    prop_reach: int | None = 64
    blur_k: float = 0.1
    port_mix: str = "mean"
    flag_gates_rpix: bool = False
    pix_reset: int = -127
    dreg_bit_order: str = "lsb"
    areg_min: float = -128.0
    areg_max: float = 127.0
    sum16_floor: float = 0.0
    sum16_span: float = 4080.0
    sum64_floor: float = 0.0
    sum64_span: float = 16320.0
    sum_grid: str = "sparse"
    gain_words: int = 10
    draw_clears: bool = False
    event_order: str = "rows"

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), field.default)
        for name in ("sum16_span", "sum64_span"):
            if getattr(self, name) == 0:
                raise ProgramError(f"{name} must not be 0: a sum must depend on its addends")
        if self.prop_reach is not None and self.prop_reach < 1:
            raise ProgramError(f"prop_reach must be at least 1, or None for no limit, got {self.prop_reach}")
        if not 0 <= self.blur_k <= 0.25:
            raise ProgramError(f"blur_k must be in 0..0.25, where a resistive-grid step is stable, got {self.blur_k}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                wanted = " or ".join(repr(c) for c in choices)
                raise ProgramError(f"{name} must be {wanted}, got {getattr(self, name)!r}")
        if not self.areg_min < self.areg_max:
            raise ProgramError(f"areg_min must be lower than areg_max, got {self.areg_min} and {self.areg_max}")
        if self.gain_words < 0:
            raise ProgramError(f"gain_words must be at least 0, got {self.gain_words}")


_CHOICES = {
    "port_mix": ("mean", "sum"),
    "dreg_bit_order": ("lsb", "msb"),
    "sum_grid": ("sparse", "blocks"),
    "event_order": ("rows", "columns"),
}


def _check_type(name: str, value: Any, default: Any) -> None:
    """Options are of the type of their default; prop_reach may be None."""
    if name == "prop_reach" and value is None:
        return
    if isinstance(default, float):
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    else:
        good = type(value) is type(default)
    if not good:
        wanted = {bool: "True or False", int: "an integer", float: "a finite number", str: "a string"}[type(default)]
        raise ProgramError(f"{name} must be {wanted}, got {value!r}")
