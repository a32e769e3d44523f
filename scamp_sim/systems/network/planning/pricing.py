"""What a frame of a built network costs: layer by layer, the readout apart, and the controller's products."""

from __future__ import annotations

from scamp_sim.systems.base.cost import Cost, Part
from scamp_sim.systems.network.params import Dense
from scamp_sim.systems.network.planning.built import Built

SHAPE = (256, 256)
PRODUCT = "mcu.mac.inlined"
"""The price of a product on the controller, weights in the code."""


def cost_of(built: Built, timing: str, *, draft: bool = False) -> Cost:
    """What a frame costs: a part a layer, its readout apart, and the products of the controller.

    draft: of the program that is not checked as one; it has the same words. Raises ScampError.
    """
    from scamp_sim.costs.timing import load_timing, profile

    prices = load_timing(timing)
    parts: list[Part] = []
    note = f"prices of {prices.name}"
    program = built.draft if draft else built.program
    for segment in built.cut(program):
        seen = profile(segment.program, prices, SHAPE)
        read = seen.time_breakdown["readout"]
        name = segment.layer
        parts.append(
            Part(name, "compute", seen.words, seen.time_us - read, seen.energy_uj, source="modelled", note=note)
        )
        if seen.readout_bytes:
            parts.append(
                Part(f"{name}, readout", "readout", us=read, bytes=seen.readout_bytes, source="modelled", note=note)
            )
    for layer in built.outside:
        products = layer.classes * layer.features if isinstance(layer, Dense) else 0
        us = products * prices[PRODUCT]
        about = (
            f"{products:,} products on the controller, weights in the code" if products else "additions are not priced"
        )
        parts.append(Part(layer.name, "compute", us=us, source="modelled", note=about))
    whole = profile(program, prices, SHAPE)
    figures = {"stored_words": whole.stored_words, "system_uj": whole.system_energy_uj, "products": built.products}
    return Cost(1, tuple(parts), figures=figures)


__all__ = ["SHAPE", "cost_of"]
