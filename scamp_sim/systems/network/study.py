"""Labelled pictures as clips of a study, and what a study says of channels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scamp_sim.study.grid import Unit
from scamp_sim.systems.base.records import ClipSet
from scamp_sim.systems.base.study.chipstudy import ChipStudy
from scamp_sim.systems.network.golden import forward
from scamp_sim.systems.network.params import Dense, Network
from scamp_sim.systems.network.planning.plan import Plan


def clips_of(net: Network, source: str, limit: int | None = None) -> ClipSet:
    """Pictures as the network is shown them, with their labels. Raises ScampError, also for labels that do not fit."""
    from scamp_sim.systems.network.data import load

    found = load(source, net)
    pictures = found.pictures[:limit]
    labels = None if found.labels is None else np.asarray(found.labels[:limit], np.int64)
    own = (net.input.rows, net.input.columns)
    if pictures.shape[1:] != own or pictures.dtype == np.bool_ or net.input.placed:
        pictures = np.asarray(net.input.bits(pictures) * np.uint8(255), np.uint8)
    names = tuple(f"picture {n}" for n in range(len(pictures)))
    return ClipSet(pictures[:, None], names, found.source, labels, found.classes)


def flips(found: ChipStudy) -> Mapping[tuple[str, int], float]:
    """By layer and channel, the share of bits that differ from the integer model, over chips, seeds and pictures: of
    the pool behind a convolution where there is one, since that is what margins predict."""
    total: dict[tuple[str, int], int] = {}
    sizes: dict[str, int] = {}
    reference = "golden"
    units = [Unit(c, s, i) for c in found.grid.chips for s in found.grid.seeds for i in range(found.grid.items)]
    for unit in units:
        for stage, counts in found.outcomes[unit].differ[reference].items():
            name, _, kind = stage.partition(".")
            if kind != "bits":
                continue
            sizes[name] = found.shape.sizes[stage] // len(counts)
            for channel, count in enumerate(counts):
                total[name, channel] = total.get((name, channel), 0) + count
    shares = {key: count / (len(units) * sizes[key[0]]) for key, count in total.items()}
    out = dict(shares)
    for (name, channel), share in shares.items():
        if name.startswith("pool"):
            out[f"conv{name.removeprefix('pool')}", channel] = share
    return out


def told(net: Network, plan: Plan, clips: ClipSet) -> str:
    """A line on the integer model: how often it is right."""
    if clips.labels is None or not isinstance(net.layers[-1], Dense):
        return f"{plan.choice.layout}, {plan.cost().words:,} words, {plan.cost().us or 0:,.0f} us a picture"
    classes = forward(net, np.asarray(clips.input)[:, 0]).classes
    share = float(np.mean(classes == clips.labels))
    return (
        f"golden is right for {100 * share:.1f} %; {plan.choice.layout}, {plan.cost().words:,} words, "
        f"{plan.cost().us or 0:,.0f} us a picture"
    )


__all__ = ["clips_of", "flips", "told"]
