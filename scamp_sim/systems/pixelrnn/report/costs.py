"""What a frame of PixelRNN costs, step by step, under both mappings, beside what is published.

print(text(costs(Weights.random(1))))

The cost of a frame does not depend on the signs in the weights, but for a few words: whatever weights one has will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scamp_sim.costs.profile import Profile
from scamp_sim.costs.timing import combine, load_timing, profile
from scamp_sim.exceptions import ScampError
from scamp_sim.study.anchors import PIXELRNN_STEPS
from scamp_sim.systems.base.cost import Cost, Part
from scamp_sim.systems.pixelrnn.encoder import Encoder
from scamp_sim.systems.pixelrnn.golden import FRAMES
from scamp_sim.systems.pixelrnn.params import Weights, check_weights
from scamp_sim.systems.pixelrnn.study import make_encoder
from scamp_sim.text import table

MAPPINGS = ("macropixel", "blocks", "blocks:lean")
"""Reported unless one says otherwise: the own mapping, the published one, and what is left of that without detours."""

FRONT_END = "front end"
LEFT_OUT = "front end: a step of its own, since the published 3.5 ms leave it out\n"

STAGES = {
    FRONT_END: (FRONT_END,),
    "binarise, masks": ("capture", "binarise", "masks", "unpack weights"),
    "convolutions": ("CNN",),
    "threshold, pool": ("ReLU", "pool", "threshold"),
    "bring together": ("down-scale", "shrink", "compact", "move by 32", "move into", "run together"),
    "place x and h": ("place", "snap"),
    "gates": ("gate",),
    "sums, sign, state": ("move by 64", "align by", "sums", "sign", "update"),
}
"""Stage -> words by which the titles of its steps are known. What a mapping calls its steps is its own affair; the
stages are what can be compared."""

OTHER = "other"

PUBLISHED = "published"
PUBLISHED_US = 3500
"""A frame with one layer, about (paper, section 5.3)."""

PUBLISHED_CALLS = 176
"""As given in all; the rows of the steps add up to one less."""


def stage_of(title: str) -> str:
    """The stage that a step belongs to."""
    return next((stage for stage, words in STAGES.items() if any(w in title for w in words)), OTHER)


@dataclass(frozen=True)
class StepCost:
    """One step of a frame.

    calls: of the host.
    us: None where it is not published.
    """

    title: str
    words: int
    launches: int
    calls: int
    us: float | None = None

    @property
    def stage(self) -> str:
        return stage_of(self.title)


@dataclass(frozen=True)
class MappingCost:
    """What a mapping costs: the steps of a frame that is neither the first nor the last, that frame, and a clip with
    its readout."""

    name: str
    steps: tuple[StepCost, ...]
    frame: Profile
    clip: Profile

    def at(self, stage: str) -> StepCost:
        """A stage of a frame, its steps together."""
        return total((s for s in self.steps if s.stage == stage), stage)

    def share(self, step: StepCost) -> float:
        """Its part of the time of a frame, 0 .. 1."""
        return (step.us or 0.0) / self.frame.time_us


@dataclass(frozen=True)
class Costs:
    """The mappings that these weights can be laid out in, and why others cannot.

    weights: whose they are, in words.
    front_end: whether the array scales the frames down and copies them.
    """

    mappings: tuple[MappingCost, ...]
    layers: int = 1
    missing: tuple[str, ...] = ()
    published: tuple[StepCost, ...] = tuple(StepCost(*row) for row in PIXELRNN_STEPS)
    weights: str = ""
    front_end: bool = False

    def stages(self) -> list[str]:
        """Stages that occur, in order."""
        found = {s.stage for part in (*[m.steps for m in self.mappings], self.published) for s in part}
        return [s for s in (*STAGES, OTHER) if s in found]


def costs(
    weights: Weights,
    timing: str = "scamp5d",
    mappings: Sequence[str] = MAPPINGS,
    *,
    front_end: bool = False,
    source: str = "",
) -> Costs:
    """The costs of these weights.

    front_end: with down-scaling and copying on the array, as a step of its own.
    source: where the weights came from, for the heading.

    Raises ScampError if no mapping takes them.
    """
    load_timing(timing)  # a name that is not there is no mapping's fault
    check_weights(weights)
    found, missing = [], []
    for name in mappings:
        try:
            found.append(mapping_cost(make_encoder(weights, name, timing=timing, front_end=front_end), name))
        except ScampError as e:
            missing.append(f"{name}: {e}")
    if not found:
        raise ScampError("; ".join(missing))
    return Costs(tuple(found), weights.layers, tuple(missing), weights=source, front_end=front_end)


def mapping_cost(encoder: Encoder, name: str = "") -> MappingCost:
    """The costs of one mapping, under the name that it shall have."""
    machine, mapping = encoder.machine, encoder.mapping

    def cost(t: int) -> list[tuple[str, Profile]]:
        return [(s.title, profile(s.program, machine.timing, machine.shape)) for s in mapping.steps(t)]

    frames = [cost(t) for t in (0, 1, FRAMES - 1)]
    # a step in several parts, or a title that comes back, is one line
    titles = list(dict.fromkeys(title for title, _ in frames[1]))
    steps = [
        total((StepCost(t, p.words, p.launches, _calls(p), p.time_us) for t, p in frames[1] if t == title), title)
        for title in titles
    ]
    times = (1, FRAMES - 2, 1)
    parts = [(p, n) for part, n in zip(frames, times, strict=True) for _, p in part]
    # each frame is several programs, but one run to a user
    clip = replace(combine(parts, f"pixelrnn, {mapping.name}, {FRAMES} frames"), runs=FRAMES)
    return MappingCost(name or mapping.name, tuple(steps), encoder.frame_profile, clip)


def clip_cost(encoder: Encoder) -> Cost:
    """What a clip costs: a part for each title of a step, and the readout."""
    machine = encoder.machine
    steps = [(s.title, s.program) for t in range(FRAMES) for s in encoder.mapping.steps(t)]
    priced = {id(p): profile(p, machine.timing, machine.shape) for _, p in steps}
    note = f"prices of {machine.timing.name}"
    parts: list[Part] = []
    for title in dict.fromkeys(title for title, _ in steps):
        own = [priced[id(p)] for t, p in steps if t == title]
        words, energy = sum(c.words for c in own), sum(c.energy_uj for c in own)
        us = sum(c.time_us - c.time_breakdown["readout"] for c in own)
        parts.append(Part(title, "compute", words, us, energy, source="modelled", note=note))
    readout = sum(priced[id(p)].time_breakdown["readout"] for _, p in steps)
    sent = sum(priced[id(p)].readout_bytes for _, p in steps)
    parts.append(Part("readout", "readout", us=readout, bytes=sent, source="modelled", note=note))
    return Cost(FRAMES, tuple(parts))


def _calls(cost: Profile) -> int:
    return sum(cost.host_calls.values()) - sum(r.times for r in cost.readouts if r.function in cost.host_calls)


def total(steps: Iterable[StepCost], title: str = "total") -> StepCost:
    """Several steps as one."""
    parts = list(steps)
    us = None if any(s.us is None for s in parts) else round(sum(s.us or 0.0 for s in parts), 6)
    return StepCost(title, sum(s.words for s in parts), sum(s.launches for s in parts), sum(s.calls for s in parts), us)


# --- text and JSON ----------------------------------------------------------------------------------------------


def text(costs: Costs) -> str:
    """All of it as tables: the mappings side by side, then each step by step."""
    first = costs.mappings[0].frame
    parts = [
        f"PixelRNN, one frame ({first.timing}, {first.shape[0]}x{first.shape[1]}): words and us\n"
        + (f"weights: {costs.weights}\n" if costs.weights else "")
        + side_by_side(costs)
        + (LEFT_OUT if costs.front_end else "")
        + (f"{PUBLISHED}: one layer; here there are {costs.layers}\n" if costs.layers > 1 else "")
    ]
    for m in costs.mappings:
        published = costs.published if m.name == "blocks" else ()
        parts.append(f"{m.name}, step by step\n" + step_table(m, published) + clip_line(m.clip))
    parts += [f"left out: {reason}\n" for reason in costs.missing]
    return "\n".join(parts)


def clip_line(clip: Profile) -> str:
    """What a clip costs, in a line."""
    return (
        f"{clip.runs} frames: {clip.words:,} words, {clip.launches:,} launches, {clip.compute_us:,.1f} us; then "
        f"{clip.readout_bytes:,} bytes, {clip.time_breakdown['readout']:,.1f} us\n"
    )


def side_by_side(costs: Costs) -> str:
    """A row a stage, and in it every mapping."""
    rows = []
    for stage in costs.stages():
        row = [stage]
        for m in costs.mappings:
            part = m.at(stage)
            row += [number(part.words), f"{part.us:,.1f}"] if part.words else ["-"] * 2
        there = [s for s in costs.published if s.stage == stage]
        rows.append([*row, number(total(there).words) if there else "-", ""])
    last = ["total"]
    for m in costs.mappings:
        last += [number(m.frame.words), f"{m.frame.time_us:,.1f}"]
    rows.append([*last, number(total(costs.published).words), f"~{PUBLISHED_US:,}"])
    head = ["stage", *(cell for m in costs.mappings for cell in (f"{m.name}", "us")), PUBLISHED, "us"]
    return table(head, rows, "<" + ">" * (len(head) - 1), rules=(len(rows) - 1,))


def step_table(cost: MappingCost, published: Sequence[StepCost] = ()) -> str:
    """A mapping step by step.

    published: its steps as they are published, in the same order, without a front end.
    """
    head = ["step", "words", "launches", "calls", "us", "share"]
    own = [s for s in cost.steps if s.stage != FRONT_END]
    unpublished: list[StepCost | None] = [None] * (len(cost.steps) - len(own))
    beside = [*unpublished, *published, total(published)] if len(published) == len(own) else []
    head += [PUBLISHED, "launches", "calls"] if beside else []
    rows = []
    for n, s in enumerate((*cost.steps, total(cost.steps))):
        row = [s.title, number(s.words), number(s.launches), number(s.calls), f"{s.us:,.1f}", percent(cost.share(s))]
        if beside:
            there = beside[n]
            row += [number(amount) for amount in (there.words, there.launches, there.calls)] if there else ["-"] * 3
        rows.append(row)
    if beside:
        rows[-1][-1] = number(PUBLISHED_CALLS)
    return table(head, rows, "<" + ">" * (len(head) - 1), rules=(len(rows) - 1,))


def as_dict(costs: Costs) -> dict[str, Any]:
    """The same, ready for JSON."""
    return {
        "weights": costs.weights,
        "front_end": costs.front_end,
        "mappings": {
            m.name: {
                "steps": [{**vars(s), "stage": s.stage, "share": m.share(s)} for s in m.steps],
                "frame": m.frame.as_dict(),
                "clip": m.clip.as_dict(),
            }
            for m in costs.mappings
        },
        "published": {
            "steps": [{**vars(s), "stage": s.stage} for s in costs.published],
            "total": {**vars(total(costs.published)), "calls": PUBLISHED_CALLS, "us": PUBLISHED_US},
        },
        "left_out": list(costs.missing),
    }


def number(n: int) -> str:
    return f"{n:,}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


__all__ = [
    "Costs",
    "MappingCost",
    "StepCost",
    "as_dict",
    "clip_cost",
    "costs",
    "mapping_cost",
    "stage_of",
    "table",
    "text",
    "total",
]
