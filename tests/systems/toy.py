"""A system as another package would bring it: which sites are brighter than a level, as one bit each."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from scamp_sim import Machine, assemble
from scamp_sim.chip.program import Program
from scamp_sim.costs.timing import load_timing, profile
from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.systems.base.cost import Cost, Part
from scamp_sim.systems.base.options import Plain
from scamp_sim.systems.base.protocol import IDEAL as IDEAL
from scamp_sim.systems.base.protocol import (
    Array,
    Codes,
    Encoded,
    Encoder,
    Example,
    Frames,
    Hardware,
    Realisation,
    Stage,
    System,
)
from scamp_sim.systems.base.published import PublishedRow

SHAPE = (64, 64)
PROGRAM = assemble("input light -> A; output bits = R5; where(A); MOV(R5, FLAG); all();")


class ToyEncoder:
    takes, gives = Frames(1, *SHAPE), Codes(SHAPE, 1, "bit")

    def __init__(self, level: int, on: Realisation, hardware: Hardware) -> None:
        self.level, self.on = level, on
        self.machine = Machine(SHAPE, errors=hardware.errors, chip=hardware.chip) if on.on_array else None

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        if np.shape(clip) != self.takes.shape:
            raise PlaneError(f"expected a clip of shape {self.takes.shape}, got {np.shape(clip)}")
        light = np.asarray(clip[0], float) - self.level
        bits = light > 0
        if self.machine is not None:
            self.machine.renew(measurement)
            bits = self.machine.run(PROGRAM, {"light": light.clip(-128, 127)}).outputs["bits"]
        return Encoded(bits, {"light": light} if "light" in keep else {})

    def cost(self) -> Cost:
        if self.on.on_array:
            return Cost.of_profile(profile(PROGRAM, load_timing("scamp5d"), SHAPE))
        return Cost(1, (Part("comparators", us=2.0, uj=0.5, source="assumed"), Part("wire", "readout", bytes=512)))

    def programs(self) -> tuple[Program, ...]:
        return (PROGRAM,) if self.on.on_array else ()

    def depends_on(self) -> Mapping[str, str]:
        return {"level": str(self.level)}


class Toy(System[int]):
    name, title, paper = "toy", "one threshold", "A. Nobody, On nothing, 2026"
    stages = (Stage("light", "analog", "above the level"), Stage("codes", "bits"))
    realisations = {"golden": Plain, "circuit": Plain, "scamp5:compare": Plain}  # noqa: RUF012

    def load(self, source: str) -> int:
        name, _, level = source.partition(":")
        if name != "random" or not level.isdecimal():
            raise ProgramError(f"weights {source}: expected random:LEVEL")
        return int(level)

    def build(self, params: int, on: Realisation, hardware: Hardware = IDEAL, takes: Frames | None = None) -> Encoder:
        return ToyEncoder(params, on, hardware)

    def example(self, seed: int = 0) -> Example[int]:
        return Example(100 + seed, np.random.default_rng(seed).integers(0, 256, (1, *SHAPE), np.uint8))

    def published(self, on: Realisation | None, args: Any) -> list[PublishedRow]:
        return [PublishedRow("bits", "bits a frame", 4096, 64 * 64, "bit", within=0.0)]


SYSTEM = Toy()
