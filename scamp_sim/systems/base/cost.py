"""What a realisation costs: parts with sources, whether counted on the array or priced from a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from scamp_sim.text import table

if TYPE_CHECKING:
    from scamp_sim.costs.profile import Profile

Source = Literal["published", "recomputed", "inferred", "assumed", "counted", "modelled"]
"""Where a number comes from. published: printed in the paper. recomputed: by the paper's formula. inferred: from
numbers of the paper that do not state it. assumed: chosen here. counted: from a program or a geometry. modelled: counts
times a price table."""

Phase = Literal["setup", "sense", "compute", "readout", "link"]
"""What a part of a cost belongs to. setup: once, not per clip. sense: exposure and pixel access. compute: everything in
the array up to the converter. readout: conversion and transfer out of the array. link: from the sensor to a host."""


@dataclass(frozen=True)
class Part:
    """One part of a cost, for `Cost.frames` frames.

    name: what it is.
    phase: see `Phase`.
    words: SCAMP-5 words.
    us, uj: time and energy; None where no number is known, which is not 0.
    bytes: payload that leaves in this part.
    source: where the numbers come from.
    note: section, formula or table.
    """

    name: str
    phase: Phase = "compute"
    words: int = 0
    us: float | None = None
    uj: float | None = None
    bytes: int = 0
    source: Source = "counted"
    note: str = ""


@dataclass(frozen=True)
class Cost:
    """What encoding costs on one realisation.

    frames: that the parts are for.
    parts: in the order of their execution.
    overlap_us: time that parts overlap, taken off the sum.
    figures: further numbers of this system for its JSON document, by key; they may replace a computed one, such as
        `words` where a system reports the largest of several draws.
    """

    frames: int
    parts: tuple[Part, ...]
    overlap_us: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_profile(cls, profile: Profile, *, figures: Mapping[str, Any] | None = None) -> Cost:
        """The cost of a SCAMP-5 program, from its profile."""
        time = profile.time_breakdown
        note = f"prices of {profile.timing}"
        parts = (
            Part("words", "compute", profile.words, time["words"], profile.energy_uj, source="modelled", note=note),
            Part("launches", "compute", us=time["launches"], source="modelled", note=note),
            Part("host calls", "compute", us=time["host calls"], source="modelled", note=note),
            Part("readout", "readout", us=time["readout"], bytes=profile.readout_bytes, source="modelled", note=note),
        )
        return cls(max(profile.runs, 1), parts, figures=dict(figures or {}))

    def of(self, *phases: Phase) -> tuple[Part, ...]:
        """The parts of these phases; without any, all but setup."""
        return tuple(p for p in self.parts if (p.phase in phases if phases else p.phase != "setup"))

    @property
    def words(self) -> int:
        """SCAMP-5 words, setup left out."""
        return sum(p.words for p in self.of())

    @property
    def words_setup(self) -> int:
        """SCAMP-5 words that run once, before the first frame."""
        return sum(p.words for p in self.of("setup"))

    @property
    def us(self) -> float | None:
        """Time from the first word to the last byte; None if no part has one."""
        whole = total(p.us for p in self.of())
        return None if whole is None else whole - self.overlap_us

    @property
    def compute_us(self) -> float | None:
        """Time in the array, readout left out."""
        return total(p.us for p in self.of("sense", "compute"))

    @property
    def readout_us(self) -> float | None:
        """Time of conversion and transfer."""
        return total(p.us for p in self.of("readout", "link"))

    @property
    def uj(self) -> float | None:
        """Energy of the parts that have one; None if none has."""
        return total(p.uj for p in self.of())

    @property
    def readout_bytes(self) -> int:
        """Payload that leaves the array."""
        return sum(p.bytes for p in self.of("readout"))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "frames": self.frames,
            "words": self.words,
            "words_setup": self.words_setup,
            "time_us": self.us,
            "compute_us": self.compute_us,
            "readout_us": self.readout_us,
            "readout_bytes": self.readout_bytes,
            "energy_uj": self.uj,
            "overlap_us": self.overlap_us,
            "parts": [dict(vars(p)) for p in self.parts],
            **self.figures,
        }

    def text(self) -> str:
        """A table of the parts and their total."""
        rows: list[Sequence[str]] = [
            (p.name, p.phase, f"{p.words:,}" if p.words else "", _us(p.us), _uj(p.uj), _bytes(p.bytes), p.source)
            for p in self.parts
        ]
        sums = ("total", "", f"{self.words:,}" if self.words else "", _us(self.us), _uj(self.uj))
        rows.append((*sums, _bytes(self.readout_bytes), ""))
        head = ("part", "phase", "words", "us", "uJ", "bytes", "source")
        shown = table(head, rows, "<<>>>><", rules=(len(self.parts),))
        of: dict[str, list[str]] = {}
        for p in self.parts:
            if p.note:
                of.setdefault(p.note, []).append(p.name)
        everything = [p.name for p in self.parts]
        notes = [note if names == everything else f"{', '.join(names)}: {note}" for note, names in of.items()]
        more = [f"{name.replace('_', ' ')}: {_figure(value)}" for name, value in self.figures.items()]
        return shown + "".join(f"{line}\n" for line in (*more, *notes))


def _figure(value: Any) -> str:
    """A further figure for people: integers with separators, others to four digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def total(values: Any) -> float | None:
    """The sum of the values that are not None; None if there is none."""
    known: Sequence[float] = [v for v in values if v is not None]
    return float(sum(known)) if known else None


def side_by_side(costs: Mapping[str, Cost]) -> str:
    """A table with one row for each named cost."""
    rows = []
    for name, c in costs.items():
        each = (f"{c.frames:,}", f"{c.words:,}" if c.words else "", _us(c.us), _us(c.compute_us), _uj(c.uj))
        rows.append((name, *each, _bytes(c.readout_bytes)))
    return table(("on", "frames", "words", "us", "compute us", "uJ", "bytes"), rows, "<>>>>>>")


def _us(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def _uj(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"


def _bytes(value: int) -> str:
    return f"{value:,}" if value else ""


__all__ = ["Cost", "Part", "Phase", "Source", "side_by_side", "total"]
