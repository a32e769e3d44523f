"""Modelling choices where the public facts leave the chip open. "Qn" numbers the fact sheet's open questions."""

from __future__ import annotations

from dataclasses import dataclass

from scamp_sim.exceptions import ProgramError


@dataclass(frozen=True)
class ArrayOptions:
    """How the array behaves where nothing published settles it.

    prop_reach: PEs that one PROP word can cross, None for no limit (Q9: 64).
    blur_k: conductance of one resistive-grid step of `blur` (Q8: 0.1).
    port_mix: two or more neighbour ports in one word: "mean" (Q7) or "sum".
    flag_gates_rpix: whether `rpix` spares PEs with FLAG = 0 (Q5: no).
    pix_reset: value of PIX after `rpix`, in LSB (D KIM magnitude; sign I).
    """

    prop_reach: int | None = 64
    blur_k: float = 0.1
    port_mix: str = "mean"
    flag_gates_rpix: bool = False
    pix_reset: int = -127

    def __post_init__(self) -> None:
        if self.prop_reach is not None and self.prop_reach < 1:
            raise ProgramError(f"prop_reach is {self.prop_reach}; give at least 1, or None for no limit")
        if not 0 <= self.blur_k <= 0.25:
            raise ProgramError(f"blur_k is {self.blur_k}; a resistive-grid step is stable for 0 to 0.25")
        if self.port_mix not in ("mean", "sum"):
            raise ProgramError(f"port_mix is '{self.port_mix}'; it is 'mean' or 'sum'")
