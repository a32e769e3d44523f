"""Numbers that the PixelRNN paper and its public program print, beside the same numbers worked out here."""

from __future__ import annotations

from functools import cache

from scamp_sim.study.anchors import PIXELRNN_STEPS
from scamp_sim.systems.base.published import Anchor, PublishedRow
from scamp_sim.systems.pixelrnn.report import bandwidth
from scamp_sim.systems.pixelrnn.report.costs import PUBLISHED_CALLS, PUBLISHED_US, MappingCost, mapping_cost

DETOURS = (
    "the mapping here walks every tap as published, but its down-scaling and moves take other words; `report pixelrnn` "
    "shows both step by step"
)


def rows() -> tuple[PublishedRow, ...]:
    """Parameters, what leaves the sensor, and one frame of the published mapping."""
    return tuple(anchor.row() for anchor in anchors())


def anchors() -> tuple[Anchor, ...]:
    """The same, not yet recomputed."""
    network = next(model for model in bandwidth.MODELS if model.name == "PixelRNN")
    released = sum(words for _, words, _, _ in PIXELRNN_STEPS)
    table2, same = "table 2", 0.0
    return (
        Anchor("parameters_1", "parameters, one layer", 501, lambda: network.parameters(1), source=table2, within=same),
        Anchor(
            "parameters_2", "parameters, two layers", 902, lambda: network.parameters(2), source=table2, within=same
        ),
        Anchor("values", "values sent in 16 frames", 4096, lambda: network.values, source="sec. 5.1", within=same),
        Anchor("ratio", "raw pixels over values", 256, lambda: network.ratio, "x", source="abstract", within=same),
        Anchor(
            id="words",
            what="words of one frame",
            published=released,
            ours=lambda: _frame().frame.words,
            unit="word",
            kind="measured",
            why=f"counted from the public program; {DETOURS}",
            source="public program",
        ),
        Anchor(
            id="calls",
            what="host calls of one frame",
            published=PUBLISHED_CALLS,
            ours=lambda: sum(step.calls for step in _frame().steps),
            kind="measured",
            why=f"the steps of the public program add up to one less; {DETOURS}",
            source="public program",
        ),
        Anchor(
            id="frame_us",
            what="one frame, one layer",
            published=PUBLISHED_US,
            ours=lambda: _frame().frame.time_us,
            unit="us",
            kind="measured",
            why=f"words at the price table scamp5d; {DETOURS}",
            source="sec. 5.3",
        ),
    )


@cache
def _frame() -> MappingCost:
    """A frame of the published mapping on the array; which weights it has does not matter but for a few words."""
    from scamp_sim.systems.pixelrnn.encoder import Encoder
    from scamp_sim.systems.pixelrnn.params import Weights

    return mapping_cost(Encoder(Weights.random(1), "blocks"))


__all__ = ["anchors", "rows"]
