"""Pictures of a run of P2M."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scamp_sim.systems.base.protocol import Ran
from scamp_sim.systems.p2m.encoder import Circuit
from scamp_sim.systems.pixels.figures import pictures as draw
from scamp_sim.systems.pixels.params import LayerParams

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

TITLE = "P2M"


def pictures(ran: Ran[LayerParams]) -> Mapping[str, Picture]:
    """Maps, the curve, the counter with its ends, and what differs from the golden model."""
    found = {"maps.png": draw.sheet(f"{TITLE}, {ran.on}", ran.clip, ran.encoded.codes, "map")}
    if ran.encoded is not ran.golden:
        found["errors.png"] = draw.errors(f"{TITLE}, {ran.on}", ran.encoded.codes, ran.golden.codes)
    if isinstance(ran.encoder, Circuit):
        found |= draw.pixel_pictures(ran.encoder.pixel, ran.encoder.options.pixel, ran.encoder.weights)
        count = ran.encoded.stages.get("count")
        if count is not None and draw.plots_possible():
            top = 2**ran.params.bits - 1
            found["codes.png"] = draw.histogram(count, 0, top, f"{TITLE}: counter before it is cut off", "counts")
    return found
