"""Errors that a chip is born with: drawn once per serial, the same in every run."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.planes import Bits, Floats
from scamp_sim.silicon import draws
from scamp_sim.silicon.knobs import STUCK
from scamp_sim.silicon.profiles import ChipProfile

DOME_WAVES = 3
"""The dome is made of products of the first cosines along both axes: no finer than a third of the array."""


def waves(count: int) -> npt.NDArray[np.float64]:
    """The cosines along one axis that a dome is made of, (DOME_WAVES, count)."""
    return np.asarray(np.cos(np.pi * np.outer(np.arange(DOME_WAVES), (np.arange(count) + 0.5) / count)))


class FixedErrors:
    """Planes of one chip, upright, float32 (rows, columns), each made when it is first asked for."""

    def __init__(self, profile: ChipProfile, serial: int, shape: tuple[int, int]) -> None:
        self.profile = profile
        self.serial = serial
        self.shape = shape
        self._planes: dict[tuple[str, str], Floats] = {}

    def pattern(self, purpose: str, register: str = "") -> Floats:
        """A standard normal number for each PE."""
        known = self._planes.get((purpose, register))
        if known is None:
            source = draws.generator(self.serial, f"{purpose} {register}")
            known = self._planes[purpose, register] = source.standard_normal(self.shape, np.float32)
        return known

    def forget(self) -> None:
        """Free the memory of planes of gain and offset and of their patterns; they can be made again."""
        kept = ("drift plane", "retention")
        self._planes = {name: plane for name, plane in self._planes.items() if name[0] in kept}

    def gain(self, register: str, share: tuple[int, int] = (0, 1)) -> Floats:
        """What a value is multiplied with when it is written.

        share: (i, n), the i-th of n destinations.
        """
        name = ("gain plane", f"{register} {share}")
        if name not in self._planes:
            p = self.profile
            gain = (1 - p["gain_loss"]) * (1 + p["gain_spread"] * self.pattern("gain", register))
            if share[1] > 1:
                gain = gain * (1 - p["split_loss"])
            self._planes[name] = (gain * self._part(share)).astype(np.float32)
        return self._planes[name]

    def _part(self, share: tuple[int, int]) -> Floats | float:
        """Of n equal parts the first is larger by the mismatch and the last smaller; those between are as they
        should."""
        i, n = share
        side = 1 if i == 0 else -1 if i == n - 1 else 0
        if n == 1 or not side or not self.profile["split_mismatch"]:
            return 1.0
        return 1 + np.float32(side * self.profile["split_mismatch"]) * self.pattern("split")

    def offset(self, register: str, share: tuple[int, int] = (0, 1)) -> Floats:
        """What is added when a value is written, in LSB.

        share: as for `gain`.
        """
        split = share[1] > 1 and bool(self.profile["split_offset"])
        name = ("offset plane", f"{register} split" if split else register)
        if name not in self._planes:
            p = self.profile
            mean = p["transfer_offset"] + (0 if register == "NEWS" else p["register_offset"])
            mean += p["split_offset"] if split else 0
            pivot = (1 - p["gain_loss"]) * p["gain_spread"] * p["gain_pivot"] * self.pattern("gain", register)
            self._planes[name] = (mean + p["offset_spread"] * self.pattern("offset", register) - pivot).astype(
                np.float32
            )
        return self._planes[name]

    @cached_property
    def comparator(self) -> Floats | None:
        """Added to what `where` compares with 0; None if nothing is."""
        spread = self.profile["comparator_spread"]
        return np.float32(spread) * self.pattern("comparator") if spread else None

    @cached_property
    def readout(self) -> Floats:
        """Added to what the converter sees: offset, dome, rows, columns, pixels."""
        p = self.profile
        rows, columns = self.shape
        source = draws.generator(self.serial, "readout lines")
        along_rows, along_columns = source.standard_normal(rows), source.standard_normal(columns)
        found = np.full(self.shape, p["readout_offset"])
        if p["readout_dome"]:
            found += p["readout_dome"] * self._dome(source)
        found += p["readout_row"] * along_rows[:, None] + p["readout_column"] * along_columns[None, :]
        if p["readout_pixel"]:
            found += p["readout_pixel"] * self.pattern("readout")
        return found.astype(np.float32)

    def _dome(self, source: np.random.Generator) -> Floats:
        """A smooth surface of mean 0 and standard deviation 1."""
        y, x = (waves(n) for n in self.shape)
        weights = source.standard_normal((DOME_WAVES, DOME_WAVES))
        weights[0, 0] = 0
        dome = y.T @ weights @ x
        return np.asarray(dome / dome.std(), np.float32)

    def drift(self, register: str) -> Floats:
        """LSB per second."""
        name = ("drift plane", register)
        if name not in self._planes:
            p = self.profile
            rate = p["analog_drift"] + p["analog_drift_spread"] * self.pattern("drift", register)
            self._planes[name] = rate.astype(np.float32)
            del self._planes["drift", register]  # nothing else is made of it
        return self._planes[name]

    def retention(self, register: str) -> Floats:
        """Seconds after which a bit flips that nothing has written."""
        name = ("retention", register)
        if name not in self._planes:
            p = self.profile
            source = draws.generator(self.serial, f"retention {register}")
            life = source.standard_exponential(self.shape, np.float32) * np.float32(p["bit_lifetime"])
            self._planes[name] = np.float32(p["bit_retention"]) + life
        return self._planes[name]

    @cached_property
    def stuck(self) -> dict[str, tuple[Bits, Bits]]:
        """Register -> (where, value) of its stuck cells."""
        count = int(self.profile["stuck_cells"])
        source = draws.generator(self.serial, "stuck")
        size = self.shape[0] * self.shape[1]
        cells = source.choice(len(STUCK) * size, min(count, len(STUCK) * size), replace=False)
        values = source.random(len(cells)) < 0.5
        found: dict[str, tuple[Bits, Bits]] = {}
        for k, register in enumerate(STUCK):
            mine = cells // size == k
            if mine.any():
                where, value = (np.zeros(size, np.bool_) for _ in range(2))
                where[cells[mine] % size] = True
                value[cells[mine] % size] = values[mine]
                found[register] = where.reshape(self.shape), value.reshape(self.shape)
        return found
