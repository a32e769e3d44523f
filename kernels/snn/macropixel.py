"""Spikes of all channels by one compare: D against the threshold plane E, which holds minus the thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.macropixels import Mapping
from scamp_sim.kernels.macropixels.constants import constants

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program

LEAKS: dict[float, int] = {1.0: 0, 0.5: 1, 0.25: 2}
"""Share of the membrane that stays from step to step -> halvings. Others take more words than they are worth."""

RESETS = ("subtract", "zero", "none")


def compare(mapping: Mapping) -> list[str]:
    """The words that make the spike plane; FLAG holds the spikes as well."""
    return ["where(D, E)", f"MOV({mapping.layout.spikes}, FLAG)"]


def readout(mapping: Mapping) -> str:
    """One bit plane."""
    return f"    output spikes = scamp5_output_image({mapping.layout.spikes});\n"


def _lines(statements: Sequence[str]) -> str:
    return "\n".join(f"    {s};" for s in statements)


def frame(mapping: Mapping) -> Program:
    """One time step, from PIX to the bit plane `spikes`."""
    from scamp_sim.compiler import assemble

    ending = _lines([*compare(mapping), "all()"])
    return assemble(mapping.text("Spikes on macropixels", ending=ending, readout=readout(mapping)), name="snn_frame")


def lif_step(mapping: Mapping, *, leak: float, reset: str) -> Program:
    """A step of leaky integrate and fire: D is the membrane. Run `thresholds(..., membrane=True)` first.

    leak: 1, 0.5 or 0.25.
    reset: "subtract", "zero" or "none".

    Raises ProgramError.
    """
    from scamp_sim.compiler import assemble

    if leak not in LEAKS:
        raise ProgramError(
            f"a leak of {leak} takes more than halvings on the array; expected {', '.join(f'{x:g}' for x in LEAKS)}"
        )
    if reset not in RESETS:
        raise ProgramError(f"unknown reset {reset!r:.40}: expected 'subtract', 'zero' or 'none'")
    halve = ["bus2(C, NEWS, D)", "bus(D, C)"] * LEAKS[leak]
    taken = {
        "subtract": ["bus(NEWS, D, E)", "bus(D, NEWS)"],
        "zero": ["bus(D, F)" if mapping.cure else "bus(D)"],
        "none": [],
    }[reset]
    text = mapping.text(
        f"Leaky integrate and fire on macropixels, leak {leak:g}, reset {reset}",
        before=_lines(halve),
        ending=_lines([*compare(mapping), *taken, "all()"]),
        readout=readout(mapping),
        store="add",
    )
    return assemble(text, name="snn_lif")


def thresholds(mapping: Mapping, values: Sequence[int], *, membrane: bool = False) -> Program:
    """The program that lays minus the thresholds (LSB, one a channel). A sum spikes where it is above its threshold.

    membrane: set D to 0 as well. Raises ProgramError.
    """
    from scamp_sim.compiler import assemble

    return assemble(constants(mapping, [-v for v in values], clear="D" if membrane else ""), name="snn_thresholds")
