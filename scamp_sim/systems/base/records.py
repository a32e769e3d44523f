"""The records that every in-sensor system speaks in: frames in, codes out, stages between, and where it is realised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scamp_sim.silicon.setup import Errors

Array = npt.NDArray[Any]

Colour = Literal["grey", "rgb", "bayer"]

StageKind = Literal["bits", "integers", "analog"]


@dataclass(frozen=True)
class Frames:
    """What an encoder is shown: `count` frames of rows x columns sites.

    colour: "grey" and "bayer" frames have one value a site, "rgb" frames three.
    """

    count: int
    rows: int
    columns: int
    colour: Colour = "grey"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array that `Encoder.encode` takes: (count, rows, columns), and 3 for rgb."""
        return (self.count, self.rows, self.columns, *((3,) if self.colour == "rgb" else ()))

    @property
    def sites(self) -> int:
        """Pixel sites of one frame; an rgb triple is one site."""
        return self.rows * self.columns

    def like(self, clip: Array) -> Frames:
        """Frames of this colour that have the size of a clip (count, rows, columns[, 3])."""
        count, rows, columns = clip.shape[:3]
        return Frames(count, rows, columns, self.colour)

    def __str__(self) -> str:
        return f"{self.count} x {self.rows}x{self.columns} {self.colour}"


@dataclass(frozen=True)
class Codes:
    """What leaves the sensor for one clip.

    shape: of the array of codes.
    bits: that one code takes on the wire.
    unit: of a code, such as "LSB" or "spike".
    """

    shape: tuple[int, ...]
    bits: int
    unit: str

    @property
    def values(self) -> int:
        """How many codes leave."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Payload of a clip, packed, rounded up to a whole byte."""
        return -(-self.values * self.bits // 8)

    def __str__(self) -> str:
        return f"{self.values:,} codes ({'x'.join(map(str, self.shape))}) of {self.bits} bits, {self.bytes:,} bytes"


@dataclass(frozen=True)
class Stage:
    """An intermediate result that a realisation can show beside the golden model's.

    name: key in `Encoded.stages`; the last stage of a system is its codes.
    kind: "bits", "integers" or "analog".
    title: what it is, in a few words.
    within: largest difference at which two analog values count as equal.
    """

    name: str
    kind: StageKind
    title: str = ""
    within: float = 0.0


@dataclass(frozen=True, eq=False)
class Encoded:
    """One clip, encoded.

    codes: array of the encoder's `gives.shape`.
    stages: those that were asked to be kept.
    """

    codes: Array
    stages: Mapping[str, Array] = field(default_factory=dict)

    def planes(self, stages: Sequence[Stage]) -> dict[str, Array]:
        """The stages of a system that are here, by name and in its order; the last one is the codes."""
        found = {stage.name: self.stages[stage.name] for stage in stages[:-1] if stage.name in self.stages}
        return {**found, stages[-1].name: self.codes}


@dataclass(frozen=True)
class Realisation:
    """A way to realise a system: the golden model, the authors' circuit, SCAMP-5 under a mapping.

    name: key of `System.realisations`, such as "scamp5:macropixel".
    options: the frozen dataclass of that realisation.
    """

    name: str
    options: Any = None

    @property
    def on_array(self) -> bool:
        """Whether it runs as SCAMP-5 programs."""
        return self.name.partition(":")[0] == "scamp5"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Hardware:
    """The piece of silicon, and how it is simulated.

    errors: a profile as for `Machine`; own circuits take what applies to them.
    chip: serial number, fixes what differs from chip to chip; what differs from measurement to measurement is an
        argument of `Encoder.encode`.
    engine, timing: of the machine.
    """

    errors: Errors = "ideal"
    chip: int = 0
    engine: str = "fast"
    timing: str = "scamp5d"


IDEAL = Hardware()
"""A chip without errors."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One input of a system.

    array: of the encoder's `takes.shape`.
    label: index of its class, None if unknown.
    """

    array: Array
    name: str
    label: int | None = None


@dataclass(frozen=True, eq=False)
class ClipSet:
    """Many inputs: an array (n, *takes.shape), which may be read piece by piece.

    names: one each.
    source: where they came from.
    labels: (n,) int64 or None.
    classes: names of the labels, or empty.
    """

    input: Array
    names: tuple[str, ...]
    source: str
    labels: npt.NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.input)

    def clip(self, n: int) -> Clip:
        """Clip number n."""
        return Clip(np.asarray(self.input[n]), self.names[n], None if self.labels is None else int(self.labels[n]))


__all__ = [
    "IDEAL",
    "Array",
    "Clip",
    "ClipSet",
    "Codes",
    "Colour",
    "Encoded",
    "Frames",
    "Hardware",
    "Realisation",
    "Stage",
    "StageKind",
]
