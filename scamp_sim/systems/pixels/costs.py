"""Costs of programs on macropixels, as both systems show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from scamp_sim.systems.base.cost import Cost, Part

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program


def array_cost(frame: Program, setup: Program | None, timing: str, steps: int = 1) -> Cost:
    """The cost of `steps` frames, and what runs once if there is such a thing."""
    from scamp_sim.costs.timing import load_timing, profile

    prices, size = load_timing(timing), (256, 256)
    cost = Cost.of_profile(profile(frame, prices, size))
    parts = [
        replace(
            p,
            words=steps * p.words,
            bytes=steps * p.bytes,
            us=None if p.us is None else steps * p.us,
            uj=None if p.uj is None else steps * p.uj,
        )
        for p in cost.parts
    ]
    note = "once, until they drift"
    if setup is not None:
        once = profile(setup, prices, size)
        parts.append(Part("constants", "setup", once.words, once.time_us, once.energy_uj, source="modelled", note=note))
    figures = {"frames_per_second": 1e6 / cost.us} if cost.us else {}
    return Cost(steps, tuple(parts), figures=figures)


def words_cost(seen: Cost, words: Sequence[int], counted: int, more: Mapping[str, int], loads: int = 16) -> Cost:
    """The cost of a program with its words replaced by the mean of many weight sets.

    seen: of one program of `counted` words.
    words: of each set.
    more: further figures.
    loads: words of host calls, which have a price of their own.
    """
    mean = sum(words) / len(words)
    parts: list[Part] = []
    for part in seen.parts:
        if part.name == "words" and part.us is not None and part.uj is not None:
            each = part.us / max(1, counted - loads)
            part = replace(part, words=round(mean), us=part.us + (mean - counted) * each, uj=part.uj * mean / counted)
        parts.append(part)
    figures = {
        "weight_sets": len(words),
        "words_mean": mean,
        "words_largest": max(words),
        **more,
        "words_are": "random weights, uniform over their range, seeds from 0; range exponent 0, no cure, no activation",
    }
    return Cost(1, tuple(parts), figures=figures)
