"""Many drawing calls at once: the bits that they set, without a program for every list of places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scamp_sim.chip.host import SetAddress, address_mask
from scamp_sim.chip.program import HostCall
from scamp_sim.engine import Engine

Drawn = Sequence[tuple[HostCall, Sequence[SetAddress]]]
"""Drawing calls, each with the places that it sets."""


def paint(engine: Engine, drawn: Drawn, shape: tuple[int, int]) -> None:
    """Set the bits of all calls, one after another; the address lines stay as the last one leaves them."""
    by_register: dict[str, list[SetAddress]] = {}
    last: SetAddress | None = None
    for call, places in drawn:
        if places:  # bits are only ever set, so what goes to other registers in between does not matter
            by_register.setdefault(str(call.args[-1]), []).extend(places)
            last = places[-1]
    columns = shape[1] - 1
    for register, found in by_register.items():
        plane = engine.read(register)
        points = [p for p in found if p.kind == "pattern"]
        plane[[p.r for p in points], [columns - p.c for p in points]] = True
        for p in found:
            if p.kind == "rect" and p.r1 >= p.r and p.c1 >= p.c:
                plane[p.r : p.r1 + 1, max(columns - p.c1, 0) : max(columns - p.c + 1, 0)] = True
        engine.write(register, plane)
    if last is not None:
        mask = address_mask(last, shape)
        for line in ("SELECT", "RECT"):
            engine.write(line, np.array(mask))


__all__ = ["Drawn", "paint"]
