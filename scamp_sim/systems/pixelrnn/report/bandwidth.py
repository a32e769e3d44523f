"""What leaves the sensor, and what is learned: PixelRNN beside what the paper compares it with.

for model in MODELS:
    model.parameters(layers=1), model.values

Numbers follow from the definitions of the models: what each gate convolves, and what is read how often. Source of the
models: PixelRNN (CVPR 2024), section 4.2 and table 2; of the gates: the works that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from scamp_sim.systems.pixelrnn.golden import FRAMES, MAPS, SIDE
from scamp_sim.systems.pixelrnn.params import SIZE

SENSOR = 256
"""Pixels a side of the sensor."""

LAYERS = (1, 2)
PRECISIONS = (1, 32)
"""Bits of a weight."""

INPUT, STATE = "input", "state"


@dataclass(frozen=True)
class Encoder:
    """The convolutions that every recurrent network has before it: `maps` kernels and one learned threshold a layer."""

    maps: int = MAPS
    size: int = SIZE

    def parameters(self, layers: int) -> int:
        return layers * (self.maps * self.size**2 + 1)


@dataclass(frozen=True)
class Gate:
    """A gate, a candidate or an output: one kernel for each plane that it looks at."""

    name: str
    looks_at: tuple[str, ...] = (INPUT, STATE)

    def parameters(self, size: int = SIZE) -> int:
        return len(self.looks_at) * size**2


@dataclass(frozen=True)
class Model:
    """What sits on the sensor.

    gates: of the recurrent part; without any there is no encoder either, and nothing is learned.
    side: pixels a side of what is read.
    every: frames between readouts.
    """

    name: str
    gates: tuple[Gate, ...] = ()
    side: int = SIDE
    every: int = FRAMES
    encoder: Encoder = Encoder()

    @property
    def kernels(self) -> int:
        """Kernels of the recurrent part."""
        return sum(len(g.looks_at) for g in self.gates)

    def parameters(self, layers: int) -> int:
        """Learned numbers on the sensor with so many layers of convolutions."""
        if not self.gates:
            return 0
        return self.encoder.parameters(layers) + sum(g.parameters(self.encoder.size) for g in self.gates)

    def parameter_bytes(self, layers: int, bits: int) -> float:
        """Memory that they take at so many bits each."""
        return self.parameters(layers) * bits / 8

    @property
    def values(self) -> int:
        """Values that are read in 16 frames."""
        return self.side**2 * (FRAMES // self.every)

    @property
    def ratio(self) -> float:
        """How many times fewer than all pixels of all frames."""
        return SENSOR**2 * FRAMES / self.values


def _gates(*names: str) -> tuple[Gate, ...]:
    return tuple(Gate(name) for name in names)


MODELS = (
    Model("RAW", side=SENSOR, every=1),
    Model("difference camera", every=1),
    Model("SRNN", _gates("state")),
    Model("LSTM", _gates("input", "forget", "output", "candidate")),
    Model("GRU", _gates("update", "reset", "candidate")),
    Model("MGU", _gates("forget", "candidate")),
    Model("PixelRNN", _gates("forget", "output")),
)
"""In the order of the paper's table."""


@cache
def measured() -> Mapping[str, tuple[int, int]]:
    """Model -> (values, bytes) that leave the simulated array in 16 frames, counted on programs that run there."""
    from scamp_sim import kernels
    from scamp_sim.compiler import assemble
    from scamp_sim.costs.timing import combine, load_timing, profile
    from scamp_sim.systems.pixelrnn.encoder import Encoder as Chip
    from scamp_sim.systems.pixelrnn.params import Weights

    timing = load_timing("scamp5d")
    raw = assemble("kernel look { get_image(A); }\nprogram { look(); output image = A; }")
    camera = kernels.load("difference_camera")
    network = Chip(Weights.random(1)).mapping
    steps = [s.program for t in range(FRAMES) for s in network.steps(t)]
    runs = {"RAW": [raw] * FRAMES, "difference camera": [camera] * FRAMES, "PixelRNN": steps}
    costs = {n: combine([(profile(p, timing), 1) for p in programs], n) for n, programs in runs.items()}
    return {n: (sum(r.elements * r.times for r in c.readouts), c.readout_bytes) for n, c in costs.items()}


def as_dict() -> list[dict[str, Any]]:
    """The table, a record a model, ready for JSON."""
    counted = measured()
    return [
        {
            "model": m.name,
            "kernels": m.kernels,
            "parameters": {str(n): m.parameters(n) for n in LAYERS},
            "parameter_bytes": {str(b): {str(n): m.parameter_bytes(n, b) for n in LAYERS} for b in PRECISIONS},
            "values": m.values,
            "ratio_to_raw": m.ratio,
            "measured_values": counted[m.name][0] if m.name in counted else None,
            "measured_bytes": counted[m.name][1] if m.name in counted else None,
        }
        for m in MODELS
    ]


def text() -> str:
    """The table as text."""
    from scamp_sim.systems.pixelrnn.report.costs import table

    def both(amounts: Mapping[str, float]) -> str:
        return " / ".join(f"{n:,.0f}" for n in amounts.values()) if any(amounts.values()) else "-"

    rows = [
        (
            r["model"],
            str(r["kernels"] or "-"),
            both(r["parameters"]),
            both(r["parameter_bytes"]["1"]),
            both(r["parameter_bytes"]["32"]),
            f"{r['values']:,}",
            f"{r['ratio_to_raw']:,.0f}",
            "-" if r["measured_bytes"] is None else f"{r['measured_bytes']:,}",
        )
        for r in as_dict()
    ]
    head = (
        "model",
        "gate kernels",
        "parameters",
        "bytes, 1 bit",
        "bytes, 32 bit",
        "values read",
        "RAW is",
        "bytes here",
    )
    title = f"parameters with 1 / 2 layers of convolutions, and what is read in {FRAMES} frames\n"
    note = "bytes here: counted on the program that does it on the simulated array, one byte a value\n"
    return title + table(head, rows, "<>>>>>>>") + note


__all__ = ["LAYERS", "MODELS", "Encoder", "Gate", "Model", "as_dict", "measured", "text"]
