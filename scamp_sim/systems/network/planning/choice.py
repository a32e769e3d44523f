"""What a plan decides, as plain data: layout, layers on the array, amplitudes and levels, how values leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.network.bits import ALWAYS, NEVER, Level
from scamp_sim.reading import OTHER_FORM

LAYOUTS = ("blocks", "macropixels", "windows", "serial")
"""Blocks: a 4x4 grid of maps. Macropixels: a slot of every pixel's PEs a map. Windows: pixels of the picture are the
PEs of a strided window. Serial: one map after the other on the whole array."""
SUMS = ("", "16", "64", "sparse")
READS = ("", "values", "rows", "events")


@dataclass(frozen=True)
class ConvChoice:
    """amplitude: LSB of a tap as it is loaded. levels: LSB of each channel, or "never", "always". doublings: joins that
    are sums. gain, shift: what a chip makes of a tap, and LSB that it adds to a sum; 1 and 0 free of errors."""

    amplitude: int
    levels: tuple[Level, ...]
    doublings: int = 0
    gain: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class Choice:
    """layout: of `LAYOUTS`; rows: slots along an axis. offset: LSB that a transfer adds and the program makes up for.

    array: how many layers run on the array; the others are the controller's. convs: by name. sums: how a dense layer's
    sums are taken, "" if none is on the array. read: how bits leave, "" if they do not. events: at most so many.
    """

    layout: str
    rows: int
    offset: int
    array: int
    convs: Mapping[str, ConvChoice] = field(default_factory=dict)
    sums: str = ""
    read: str = ""
    events: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Choice:
        """The inverse of `as_dict`. Raises ProgramError for what is none."""
        try:
            convs = {
                str(name): ConvChoice(
                    int(c["amplitude"]),
                    tuple(map(_level, c["levels"])),
                    int(c["doublings"]),
                    float(c["gain"]),
                    float(c["shift"]),
                )
                for name, c in document["convs"].items()
            }
            numbers = {name: int(document[name]) for name in ("rows", "offset", "array", "events")}
            if max(map(abs, numbers.values())) > MOST_LEVEL:
                raise ValueError("a number that is far out")
            found = cls(document["layout"], convs=convs, sums=document["sums"], read=document["read"], **numbers)
        except OTHER_FORM as e:
            raise ProgramError(f"not a plan: {e!r:.80}; `scamp-sim network plan --out` writes one") from None
        if found.layout not in LAYOUTS or found.sums not in SUMS or found.read not in READS:
            raise ProgramError(f"not a plan: unknown layout, sums or read in {document!r:.120}")
        return found


MOST_LEVEL = 1 << 20
"""Of levels in LSB and other integers that are read: more than any sum of a plan can be."""


def _level(value: Any) -> Level:
    if value in (NEVER, ALWAYS):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MOST_LEVEL:
        raise ValueError(f"level {value!r:.40}")
    return value


__all__ = ["LAYOUTS", "Choice", "ConvChoice"]
