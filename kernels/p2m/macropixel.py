"""One frame of P2M's layer on macropixels: D := max(0, sums + shift) in the slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scamp_sim.kernels.macropixels import Mapping
from scamp_sim.kernels.macropixels.constants import constants
from scamp_sim.kernels.macropixels.layout import ARRAY

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program


def relu(mapping: Mapping) -> str:
    """The words behind the channels: D + E, and 0 where its negative is above 0.

    Where an offset is made up for, the negative is taken once more, free of it.
    """
    words = ["bus(NEWS, D, E)", "bus(D, NEWS)"]
    words += ["bus(NEWS, D, F)", "where(NEWS)", "bus(D, F)"] if mapping.cure else ["where(NEWS)", "bus(D)"]
    return "    // shift and ReLU\n" + "\n".join(f"    {w};" for w in [*words, "all()"])


def readout(mapping: Mapping) -> str:
    """Statements that read the results, and nothing else, as samples."""
    k, last, lines = mapping.layout.kernel, ARRAY - 1, []
    for n, (row, column, step) in enumerate(mapping.layout.readouts()):
        # The converter's rectangle goes by chip columns, which run from the right.
        right = 0 if step == 1 else k - 1 - column
        left = last if step == 1 else last - column
        bottom = last - (k - 1 - row)
        lines.append(f"    output maps{n} = scamp5_scan_areg(D, {row}, {right}, {bottom}, {left}, {k}, {step});")
    return "\n".join(lines) + "\n"


def frame(mapping: Mapping, *, activation: bool = True) -> Program:
    """The program of a frame, from PIX to samples `maps0`, `maps1`, ...

    activation: with shift and ReLU.
    """
    from scamp_sim.compiler import assemble

    ending = relu(mapping) if activation else ""
    return assemble(mapping.text("P2M on macropixels", ending=ending, readout=readout(mapping)), name="p2m_frame")


def shifts(mapping: Mapping, values: Sequence[int]) -> Program:
    """The program that lays the shifts, LSB, one a channel. Raises ProgramError."""
    from scamp_sim.compiler import assemble

    return assemble(constants(mapping, values), name="p2m_shifts")
