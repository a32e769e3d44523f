"""Bits of maps on their way to the controller: as values of a rectangle, as rows of a plane, or as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.kernels.network.grids import Grid
from scamp_sim.kernels.network.pieces import ARRAY, Part, Piece, piece

LIT = 60
"""LSB of a bit on its way through the converter."""
MIDDLE = 128

Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Bitmaps:
    """maps: how many, from slot 0 on. size: rows and columns of each. spacing: pixels from a value to the next."""

    grid: Grid
    maps: int
    size: tuple[int, int]
    spacing: int = 1

    @property
    def step(self) -> int:
        """PEs from a value to the next."""
        return self.grid.pitch * self.spacing

    @property
    def whole(self) -> bool:
        """Whether one rectangle holds all maps and nothing else."""
        full = self.grid.kind == "blocks" and self.maps == self.grid.slots
        return full and self.size == (self.grid.side // self.step,) * 2

    def corner(self, n: int) -> tuple[int, int]:
        """Row and column of the first value of map n, from the top left."""
        i, j = self.grid.slot(n)
        one = self.grid.side if self.grid.kind == "blocks" else 1
        return i * one, j * one

    def rectangles(self) -> list[tuple[int, int, int, int]]:
        """(first row, first column, last row, last column) from the top left, of each scan."""
        if self.whole:
            last = ARRAY - self.step
            return [(0, 0, last, last)]
        found = []
        for n in range(self.maps):
            top, left = self.corner(n)
            found.append((top, left, top + (self.size[0] - 1) * self.step, left + (self.size[1] - 1) * self.step))
        return found

    def rows(self) -> list[tuple[int, int]]:
        """Rows (first, last) of the array that hold the maps, in stretches that do not touch."""
        spans = sorted({(top, bottom) for top, _, bottom, _ in self.rectangles()})
        found: list[tuple[int, int]] = []
        for top, bottom in spans:
            if found and top <= found[-1][1] + 1:
                found[-1] = (found[-1][0], max(found[-1][1], bottom))
            else:
                found.append((top, bottom))
        return found

    def as_values(self, bits: str, lift: str, *, name: str, prefix: str = "bits") -> Piece:
        """B := +-60, and the rectangles of it through the converter. Overwrites D."""
        lifted = f", {lift}" if lift else ""
        lines = [f"bus({lift})"] if lift else []
        lines += [f"bus(B, D{lifted})", "bus(NEWS, D)", f"WHERE({bits})", "bus(B, NEWS)", "all()"]
        scans = []
        for n, (top, left, bottom, right) in enumerate(self.rectangles()):
            # columns count from the right on the chip
            place = f"{top}, {ARRAY - 1 - right}, {bottom}, {ARRAY - 1 - left}, {self.step}, {self.step}"
            scans.append(f"output {prefix}{n} = scamp5_scan_areg(B, {place})")
        return piece(name, [Part(tuple(lines), (f"scamp5_in(D, {LIT})",), tuple(scans))])

    def from_values(self, outputs: Mapping[str, Any], prefix: str = "bits") -> Bits:
        """The maps (maps, rows, columns) of the samples."""
        found = []
        for n, (top, left, bottom, right) in enumerate(self.rectangles()):
            shape = (right - left) // self.step + 1, (bottom - top) // self.step + 1
            samples = np.asarray(outputs[f"{prefix}{n}"]).reshape(shape).T[:, ::-1]
            found.append(samples > MIDDLE)
        if not self.whole:
            return np.stack(found)
        side = self.grid.side // self.step
        grid = found[0].reshape(self.grid.rows, side, self.grid.rows, side).transpose(2, 0, 1, 3)
        return np.asarray(grid.reshape(self.maps, side, side))

    def as_rows(self, bits: str, *, prefix: str = "rows") -> tuple[str, ...]:
        """Readouts of the plane's rows."""
        return tuple(f"output {prefix}{n} = scamp5_scan_dreg({bits}, {a}, {b})" for n, (a, b) in enumerate(self.rows()))

    def from_rows(self, outputs: Mapping[str, Any], prefix: str = "rows") -> Bits:
        """The maps (maps, rows, columns) of the bytes."""
        plane: npt.NDArray[np.bool_] = np.zeros((ARRAY, ARRAY), np.bool_)
        for n, (first, last) in enumerate(self.rows()):
            packed = np.asarray(outputs[f"{prefix}{n}"], np.uint8).reshape(last - first + 1, -1)
            plane[first : last + 1] = np.unpackbits(packed, axis=1, bitorder="little")[:, ::-1].astype(bool)
        return self.of_plane(plane)

    def as_events(self, bits: str, most: int, *, prefix: str = "events") -> tuple[str, ...]:
        """One list of events, `most` at the most."""
        return (f"output {prefix}0 = scamp5_scan_events({bits}, {most})",)

    def from_events(self, outputs: Mapping[str, Any], prefix: str = "events") -> Bits:
        """The maps of the events; an event (0, 0) behind the first is an empty slot."""
        events = np.asarray(outputs[f"{prefix}0"]).reshape(-1, 2).astype(int)
        used = np.asarray(events.any(axis=1))
        used[:1] = True
        plane = np.zeros((ARRAY, ARRAY), bool)
        if len(events) and (events[0].any() or not used[1:].any()):
            used[0] = bool(events[0].any())
        columns, rows = events[used].T
        plane[rows, ARRAY - 1 - columns] = True
        return self.of_plane(plane)

    def of_plane(self, plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The maps (maps, rows, columns) of an upright plane (256, 256)."""
        height, width = self.size
        maps = self.grid.maps(plane)[: self.maps, :: self.spacing, :: self.spacing]
        return np.asarray(maps[:, :height, :width])


__all__ = ["LIT", "Bitmaps"]
