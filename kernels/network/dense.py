"""A dense layer of two- or three-level weights inside the array, by sums.

Every feature's bit stands in a window of PEs, and each PE of a window belongs to a class. Where bit and weight agree a
PE holds +v, else -v, and what `scamp5_global_sum_16` gives of the PEs with one row and column modulo 4 is one class:
all classes in one call (open question Q13). If the grids of those sums are others, `scamp5_global_sum_sparse` gives the
same, a call a class.

Weights lie in F, above 0 for +1 and below for -1. They are given with the program and renewed in every frame, since
analog values fade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.network.grids import Grid
from scamp_sim.kernels.network.pieces import ARRAY, Part, Piece, bus, piece

CELL = 4
"""PEs along an axis after which `scamp5_global_sum_16` repeats."""
MOST_CLASSES = CELL * CELL
AMPLITUDE = 120
"""LSB of a match; the converter's range is 127."""
MIDDLE = 128
PES_OF_A_SAMPLE = 4096
"""PEs whose values a sample of a sparse sum is the mean of."""

Integers = npt.NDArray[np.int64]


def lsb_of(window: int, sums: str, amplitude: int = AMPLITUDE) -> float:
    """LSB of all samples of a class together for a sum of 1, that is for half a match, as `DenseSums` reads them."""
    return amplitude * (window // CELL) ** 2 / (ARRAY // CELL) ** 2 * (4 if sums == "64" else 1)


@dataclass(frozen=True, eq=False)
class DenseSums:
    """A dense layer behind pooled blocks.

    weights: -1, 0, +1, (classes, maps, rows, columns) of the features.
    window: PEs along an axis of a feature's window, 4 or more.
    amplitude: LSB of a match.
    sums: "16", "64" (four samples a class), or "sparse", one call a class (what is left if the grids of the 16 sums are
        not those of rows and columns modulo 4).

    Raises ProgramError for what does not fit.
    """

    weights: Integers
    grid: Grid
    window: int
    amplitude: int = AMPLITUDE
    sums: str = "16"

    def __post_init__(self) -> None:
        classes, maps, rows, columns = self.weights.shape
        if self.grid.kind != "blocks":
            raise ProgramError("sums of 16 grids need blocks; macropixels have their slots full of channels")
        if classes > MOST_CLASSES:
            raise ProgramError(f"{classes} classes; one plane of the array holds {MOST_CLASSES}")
        if self.window < CELL or maps > self.grid.slots or max(rows, columns) * self.window > self.grid.side:
            raise ProgramError(
                f"{maps} maps of {rows}x{columns} values, {self.window} PEs apart, do not fit: expected windows of "
                f"{CELL} PEs or more, up to {self.grid.slots} maps and {self.grid.side // self.window} values a side"
            )
        if np.abs(self.weights).max() > 1 or self.sums not in ("16", "64", "sparse"):
            raise ProgramError("expected weights of -1, 0 and +1 and sums of 16, 64 or sparse")

    @property
    def ternary(self) -> bool:
        return bool((self.weights == 0).any())

    @property
    def plane(self) -> npt.NDArray[np.float32]:
        """The weights in the PEs of their class, (256, 256), in LSB; 0 where there is no feature."""
        classes, maps, rows, columns = self.weights.shape
        n = self.window
        maps_of = np.zeros((maps, self.grid.side, self.grid.side), np.float32)
        large = np.repeat(np.repeat(self.weights, n, 2), n, 3).astype(np.float32)
        for c in range(classes):
            i, j = divmod(c, CELL)
            maps_of[:, i : rows * n : CELL, j : columns * n : CELL] = large[c, :, i::CELL, j::CELL]
        return np.asarray(self.amplitude * self.grid.plane(maps_of), np.float32)

    @property
    def full(self) -> bool:
        """Whether every PE of every class holds a feature, so that F has no zeros that matter."""
        _, maps, rows, columns = self.weights.shape
        whole = self.grid.side // self.window
        return not self.ternary and maps == self.grid.slots and rows == columns == whole

    @property
    def lsb(self) -> float:
        """LSB of all samples of a class together for a sum of 1."""
        return lsb_of(self.window, self.sums, self.amplitude)

    def piece(self, bits: str, offset: bool, *, name: str = "dense") -> Piece:
        """From a bit to the samples. Overwrites A..E, R0..R4."""
        lift = ["C"] if offset else []
        three = not self.full
        calls = [f"scamp5_in(D, {self.amplitude})"]
        if three:
            calls.append(f"scamp5_load_in({-self.amplitude // 2})")
        lines = ["bus(C)"] if offset else []
        # R2: weight +1, R3: weight -1 (or not +1)
        if three:
            lines += ["where(F, IN)", "MOV(R2, FLAG)", "all()", bus("NEWS", "F", *lift)]
            lines += ["where(NEWS, IN)", "MOV(R3, FLAG)", "NOT(R4, R3)", "all()"]
        else:
            lines += ["where(F)", "MOV(R2, FLAG)", "NOT(R3, FLAG)", "all()"]
        lines += [
            f"NOT(R0, {bits})",
            "NOT(R1, R2)",
            "NOR(R4, R0, R1)",  # bit and +1
            "NOT(R1, R3)",
            f"NOR(R0, R1, {bits})",  # no bit and -1
        ]
        if three:
            lines += [bus("A", *lift), "WHERE(R2, R3)", bus("A", "D", *lift), "all()"]
        else:
            lines.append(bus("A", "D", *lift))
        lines += ["bus(NEWS, D)", "WHERE(R4, R0)", "bus(A, NEWS)", "all()"]
        lines += [bus("F", *lift), "WHERE(R3)", bus("F", "D", *lift)] if three else [bus("F", "D", *lift)]
        lines += ["WHERE(R2)", "bus(F, NEWS)", "all()"]
        part = Part(tuple(lines), tuple(calls), self._readouts())
        return piece(name, [part], inputs=("weights -> F",), states=("F",))

    def _readouts(self) -> tuple[str, ...]:
        if self.sums == "16":
            return ("scamp5_global_sum_16(A, samples)",)
        if self.sums == "64":
            return ("scamp5_global_sum_64(A, samples)",)
        found = []
        for c in range(len(self.weights)):
            i, j = divmod(c, CELL)
            found.append(f"output samples{c} = scamp5_global_sum_sparse(A, {i}, {CELL - 1 - j}, 252, 252)")
        return tuple(found)

    def read(self, features: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """What `sums_of` gives on an array without errors, for the bits (maps, rows, columns)."""
        from scamp_sim.chip.options import ArrayOptions
        from scamp_sim.chip.readout import adc, grid_samples

        n = self.window
        side = np.zeros((len(features), self.grid.side, self.grid.side), bool)
        large = np.repeat(np.repeat(features, n, 1), n, 2)
        side[:, : large.shape[1], : large.shape[2]] = large
        held = self.grid.plane(side)
        plane = self.plane * np.where(held, np.float32(1), np.float32(-1))
        if self.sums == "sparse":
            found: dict[str, object] = {}
            for c in range(len(self.weights)):
                i, j = divmod(c, CELL)
                found[f"samples{c}"] = int(adc(plane[i::CELL, j::CELL].sum(dtype=np.float64) / PES_OF_A_SAMPLE))
            return self.sums_of(found)
        samples = grid_samples(plane, 4 if self.sums == "16" else 8, ArrayOptions())
        return self.sums_of({"samples": samples})

    def sums_of(self, outputs: Mapping[str, object]) -> npt.NDArray[np.float64]:
        """Sums of weight x value (classes,) from the samples, as near as the converter shows them."""
        classes = len(self.weights)
        if self.sums == "sparse":
            level = np.array([float(np.asarray(outputs[f"samples{c}"])) - MIDDLE for c in range(classes)])
            return np.asarray(level / self.lsb)
        samples = np.asarray(outputs["samples"], np.float64).ravel() - MIDDLE
        n = 4 if self.sums == "16" else 8
        by_row = samples.reshape(n, n)[:, ::-1]  # the chip counts columns from the right
        cells = by_row.reshape(n // CELL, CELL, n // CELL, CELL).sum(axis=(0, 2))
        return np.asarray(cells.ravel()[:classes] / self.lsb)


__all__ = ["AMPLITUDE", "MOST_CLASSES", "DenseSums", "lsb_of"]
