"""A constant of each channel in its slot of E: shifts in front of a ReLU, thresholds of a comparator."""

from __future__ import annotations

from collections.abc import Sequence

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.macropixels.layout import ARRAY
from scamp_sim.kernels.macropixels.program import Mapping

LOWEST, HIGHEST = -128, 127
"""Constants that the converter gives."""


def constants(mapping: Mapping, values: Sequence[int], *, clear: str = "") -> str:
    """Text of a program that lays them: run it once, and again when they have drifted.

    values: LSB, one a channel.
    clear: a register that becomes 0 as well, such as a membrane.

    Raises ProgramError for what the converter does not give.
    """
    lay = mapping.layout
    if len(values) != lay.channels:
        raise ProgramError(f"expected {lay.channels} constants, one a channel, got {len(values)}")
    for channel, value in enumerate(values):
        if not LOWEST <= value <= HIGHEST:
            raise ProgramError(
                f"the constant of channel {channel} is {value} LSB, outside of the converter's {LOWEST}..{HIGHEST}; "
                "take a smaller range exponent or another threshold"
            )
    bit = lay.spikes
    kernels, calls = [], []
    for channel, value in enumerate(values):
        kernels.append(f"kernel slot{channel} {{\n{mapping.slot_mask(channel, bit)}\n    WHERE({bit});\n}}\n")
        calls.append(f"    slot{channel}();\n    scamp5_in(E, {int(value)});\n")
    cleared = f"    res({clear});\n" if clear else ""
    text = (
        f"/// Lays {lay.channels} constants into the slots of E.\n\narray {ARRAY}, {ARRAY};\n\n{mapping.ready()}",
        "\n".join(kernels),
        f"\nkernel rest {{\n    all();\n{cleared}}}\n\n",
        f"program {{\n{mapping.address_loads()}{''.join(calls)}    rest();\n}}\n",
    )
    return "".join(text)
