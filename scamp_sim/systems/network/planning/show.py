"""Margins of channels, as a table, alone or beside what was seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scamp_sim.systems.network.planning.margins import Margin
from scamp_sim.text import table


def margin_table(found: Sequence[Margin], seen: Mapping[tuple[str, int], float] | None = None) -> str:
    """A row a channel: threshold, distance from the nearer background, sigma, predicted share of wrong bits of it.

    seen: by layer and channel, the share of bits that differed.
    """
    rows = []
    for m in found:
        near = "constant" if math.isinf(m.distance) else f"{m.distance:.2g} from {m.background or 'a sum'}"
        row = [m.layer, str(m.channel), str(m.threshold), near, f"{m.sigma:.2g}" if m.sigma else "", ""]
        if m.sigma:
            row[-1] = f"{100 * m.wrong:.1f} %" + (" !" if m.flagged else "")
        if seen is not None:
            share = seen.get((m.layer, m.channel))
            row.append("" if share is None else f"{100 * share:.1f} %")
        rows.append(tuple(row))
    head = ("layer", "channel", "threshold", "taps", "sigma", "predicted", *(["seen"] if seen is not None else []))
    return table(head, rows, "<>>>>>" + (">" if seen is not None else ""))


__all__ = ["margin_table"]
