"""What one decision takes and sends, before any price: `Counts`, and the names of what is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scamp_sim.checks import integer
from scamp_sim.exceptions import ProgramError

On = Literal["circuit", "scamp5"]
SIDES: tuple[On, ...] = ("circuit", "scamp5")

ON_ARRAY = ("scamp5", "released")
"""Systems whose rows run on the array: programs of this project, and the released one."""

TERNARY = 1.5
"""Bits of a ternary value as the papers print them; five of them are packed into a byte, which is 1.6."""

LETTERS = {
    "P": "published",
    "C": "computed from published figures",
    "S": "counted or run on the simulator",
    "I": "inferred",
    "A": "assumed, or calibrated to published ratios",
    "U": "unpublished",
}
"""Letters of sources, the firmest first; a cell has the weakest of what it is made of."""

ACTIVITIES = {
    "sites": "photosites exposed, of all frames",
    "readouts": "read-outs of a photosite, every pass counted",
    "outputs": "sums that weighted pixels put on a column",
    "values": "values that leave",
    "bits": "payload bits that leave",
    "bits_wire": "bits on the link, packing losses included",
    "conversions": "conversions",
    "conversion_bits": "bits of all conversions",
    "conversion_levels": "levels of all conversions: 2 to the power of the bits of each",
    **{f"conversions_{bits:g}": f"conversions of {bits:g} bits" for bits in (1, 1.5, *range(2, 17))},
    "comparisons": "decisions of a comparator",
    "macs": "multiply-accumulates in the sensor",
    "rows": "read-outs of a row of photosites",
    "groups": "groups of four rows that are converted together",
    "channel_rows": "rows of windows, each channel apart",
    "cycles": "cycles of the counter of a ramp converter",
    "frames": "frames",
    "words": "SCAMP-5 words",
    "pe_words": "SCAMP-5 words times PEs",
    "host_us": "microseconds of launches and calls of a SCAMP-5 program",
    "readout_us": "microseconds of converter and bit planes of a SCAMP-5 program",
    "decision_us": "microseconds of the whole decision",
}
"""What a constant can be a price of: name -> what is counted."""


@dataclass(frozen=True)
class Scene:
    """What all rows look at.

    side: photosites along each side of the square scene; Bayer sites count singly.
    frames: of one decision, for rows without a number of their own.

    Raises ProgramError.
    """

    side: int = 256
    frames: int = 1

    def __post_init__(self) -> None:
        integer("sites", self.side, 16, 4096)
        integer("frames", self.frames, 1, 1024)
        if self.side % 4:
            raise ProgramError(f"sites must be a multiple of 4 along a side, got {self.side}")

    @property
    def sites(self) -> int:
        """Photosites of a frame."""
        return self.side**2

    @property
    def rgb(self) -> int:
        """Rows and columns of the RGB picture that the mosaic stands for."""
        return self.side // 2


@dataclass(frozen=True)
class Said:
    """A number with its source and how it came about, or None with the reason.

    letter: of `LETTERS`.
    formula: of the value; where there is none, `reason` says why.
    """

    value: float | None
    letter: str = "C"
    formula: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a SCAMP-5 program, of one decision."""

    name: str
    words: int
    us: float | None
    bytes: int = 0


@dataclass(frozen=True)
class Counts:
    """One row: what one decision takes and sends.

    name: of the row. system: what published constants it takes; the paper's, or "scamp5".
    on: "circuit" or "scamp5".
    about: in a line, for people.
    sites, frames: photosites of a frame, and frames of the decision.
    window: rows and columns of photosites of one value.
    values, value_bits: values sent per decision, and bits of each.
    bits_wire: with packing losses, headers left out.
    activity: `ACTIVITIES` name -> amount; those that follow from the fields above are added by `amounts`.
    ratio_paper: by the formula of the row's own paper.
    steps: of the SCAMP-5 program, and `setup_words` that run once.
    letter: of the counts: C computed from the configuration, S counted from a program.
    notes: what else has to be said of this row.

    Raises ProgramError for activities that are not known.
    """

    name: str
    system: str
    on: On
    about: str
    sites: int
    frames: int
    window: tuple[int, int]
    values: int
    value_bits: float
    bits_wire: float
    ratio_paper: Said
    activity: Mapping[str, float] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    setup_words: int = 0
    letter: str = "C"
    notes: tuple[str, ...] = ()
    decoder_macs: int | None = None
    decoder_parameters: int | None = None

    def __post_init__(self) -> None:
        for name in self.activity:
            known_activity(name, f"row {self.name}")

    @property
    def bits(self) -> float:
        """Payload of a decision."""
        return self.values * self.value_bits

    @property
    def amounts(self) -> dict[str, float]:
        """Everything that is counted, by the names of `ACTIVITIES`."""
        found: dict[str, float] = {
            "sites": self.sites * self.frames,
            "frames": self.frames,
            "values": self.values,
            "bits": self.bits,
            "bits_wire": self.bits_wire,
            **self.activity,
        }
        conversions = found.get("conversions", 0.0)
        if conversions:
            depth = self.value_bits
            levels = 3 if depth == TERNARY else 2**depth
            found["conversion_bits"] = conversions * depth
            found["conversion_levels"] = conversions * levels
            found[f"conversions_{depth:g}"] = conversions
        return found


def known_activity(name: object, where: str) -> str:
    """The name, if it is one of `ACTIVITIES`. Raises ProgramError with the nearest name."""
    from scamp_sim.chip.isa import did_you_mean

    if not isinstance(name, str) or name not in ACTIVITIES:
        near = did_you_mean(str(name), tuple(ACTIVITIES))
        known = near or f"; expected one of {', '.join(ACTIVITIES)}"
        raise ProgramError(f"{where}: nothing is counted as '{name!s:.60}'{known}")
    return name


def weakest(*letters: str) -> str:
    """The weakest of several source letters."""
    order = list(LETTERS)
    return max((letter for letter in letters if letter), key=order.index, default="C")
