"""A layer over all maps of the one before, in macropixels, a map to a slot.

For one output channel every PE adds up the taps of its own slot's map, signs by slot as in the first layer; four joins
(a neighbour, then two PEs on, along both axes) add the sixteen slots, each towards the slot of the output, where the
sum is compared and its bit kept. Joins are means (the sum halves) or sums; `doublings` of them, the last ones, are
sums, so that a tap is amplitude x 2^doublings / 16 LSB.

Registers as in the first layer; F makes up for the offset of a transfer, the result is in R12, or R11 where the
outermost pixels have to be cleared and masks take one bit less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.network.bits import ALWAYS, Level, constant
from scamp_sim.kernels.network.first import SUMS, Convolution, Integers, cleared_outside
from scamp_sim.kernels.network.grids import Grid, cover
from scamp_sim.kernels.network.pieces import Part, Piece, bus, piece

JOINS = 4
RESULT, RESULT_AT_EDGES = "R12", "R11"


def spread(
    grid: Grid,
    bits: str,
    amplitude: int,
    lift: str,
    size: tuple[int, int],
    values: tuple[int, int],
    *,
    loads: bool,
    maps: int,
    name: str,
    offset: int = 0,
) -> Piece:
    """A := bits as +-amplitude (or with 0 for one of them), 0 outside of what is valid.

    size: rows and columns of pixels that hold values, gaps between them included. values: of 0 and 1, as of `Look`.
    loads: bits of slots are loaded anew, since a pool has overwritten them. maps: slots in use; the others become 0.
    offset: of a transfer, which IN is loaded with where that is the lift: F then holds weights of a dense layer.
    """
    lifted = f", {lift}" if lift else ""
    fine = bool(lift) and amplitude <= 31
    calls = (*(grid.loads_after_moves() if loads else ()), f"scamp5_in(D, {amplitude << (2 if fine else 0)})")
    lines = list(grid.ready()) if loads else []
    lines += ["diva(D, E, C)", "diva(D, E, C)"] if fine else []
    if lift == "IN":
        calls = (*calls, f"scamp5_load_in({offset})")
    elif lift:
        lines.append(f"bus({lift})")
    dark, bright = values
    lines += [f"bus(A, D{lifted})" if dark else f"bus(A{lifted})", "bus(NEWS, D)"]
    lines += [f"WHERE({bits})", "bus(A, NEWS)" if bright else f"bus(A{lifted})", "all()", "SET(R0)"]
    if maps < grid.slots:
        unused = grid.in_order([0] * maps)
        target = sum(1 << n for n, value in enumerate(unused) if value is None)
        lines += [*grid.where(cover(target, 0, grid.rows), ("R9", "R10", "R11")), f"bus(A{lifted})", "all()"]
    return piece(name, [Part(tuple(lines), calls), *cleared_outside(grid, size, lifted)])


@dataclass(frozen=True, eq=False)
class Channels:
    """All channels with all channels.

    weights: whole, (out, in, k, k). levels: LSB that the joined sum of each output must be above, or never, or always.
    pad, padded, lift, size: as of `Convolution`; size in pixels. spacing: pixels from a value to the next.
    doublings: joins that are sums, 0..4.

    Raises ProgramError.
    """

    weights: Integers
    levels: Sequence[Level]
    grid: Grid
    pad: int
    padded: bool
    lift: str
    size: tuple[int, int]
    spacing: int
    doublings: int

    def __post_init__(self) -> None:
        out, given = self.weights.shape[:2]
        if max(out, given) > self.grid.slots or self.grid.kind != "macropixels" or self.grid.rows == 1:
            raise ProgramError(
                f"{given} channels to {out}: macropixels of {self.grid.rows}x{self.grid.rows} PEs hold "
                f"{self.grid.slots} on either side"
            )

    @property
    def joins(self) -> int:
        """Two for every halving of the slots along an axis."""
        return 2 * (self.grid.rows.bit_length() - 1)

    def unit(self, amplitude: int) -> float:
        """LSB of a tap in what is compared."""
        return float(amplitude * 2.0 ** (self.doublings - self.joins))

    @property
    def result(self) -> str:
        """The register of the bits."""
        return RESULT_AT_EDGES if self._layer(0).edges else RESULT

    def _layer(self, out: int) -> Convolution:
        """The taps of one output."""
        layer = Convolution(self.weights[out], self.grid, self.pad, self.padded, self.lift, self.size, self.spacing, ())
        return replace(layer, bits=("R0", "R10") if layer.edges else ("R9", "R10", "R11", "R0"))

    def pieces(self, name: str) -> Iterator[Piece]:
        """One for each output channel that is not constant, those of one level together."""
        order = sorted(
            (n for n, level in enumerate(self.levels) if isinstance(level, int)),
            key=lambda n: (-int(self.levels[n]), n),
        )
        edges = self._layer(0).edges
        start = ["SET(R0)", *([] if edges else [f"CLR({RESULT})"])]
        always = [n for n, level in enumerate(self.levels) if level == ALWAYS]
        if edges:
            start.append(f"CLR({RESULT_AT_EDGES})")
        start += [line for n in always for line in self._keep(n, edges, always=True)]
        yield piece(f"{name}_start", [Part(tuple(start))])
        for number, out in enumerate(order):
            layer = self._layer(out)
            level = int(self.levels[out])
            load = (f"scamp5_load_in({constant(-level, f'output channel {out}, level {level} LSB')})",)
            taps = layer.piece(f"{name}_c{out}", loaded=number > 0)
            lines = (*self._join(out, layer.result), "where(B, IN)", *self._keep(out, edges), "all()")
            *before, last = taps.parts
            joined = Part((*last.lines, *lines), (*last.calls, *load))
            yield piece(f"{name}_c{out}", [*before, joined])

    def _keep(self, out: int, edges: bool, always: bool = False) -> list[str]:
        """FLAG into the result, in the slot of an output."""
        i, j = self.grid.slot(out)
        if not edges:
            return [self.grid.part("R0", i, [j]), f"MOV({RESULT}, {'R0' if always else 'FLAG'})"]
        if always:
            return [self.grid.part("R10", i, [j]), f"OR({RESULT_AT_EDGES}, R10)"]
        others = ", ".join(self.grid.sources(i, [j]))
        return [f"OR(R10, {others})", "NOT(R0, FLAG)", "NOR(R0, R10)", f"OR({RESULT_AT_EDGES}, R0)"]

    def _join(self, out: int, sums: str) -> list[str]:
        """B := the sum of all slots, in that of an output; `sums` and the other register of sums are overwritten."""
        i, j = self.grid.slot(out)
        spare = SUMS[1 - SUMS.index(sums)]
        steps = []
        for n in range(self.grid.rows.bit_length() - 1):
            steps += [(n, "XE" if not j >> n & 1 else "XW"), (n, "XS" if not i >> n & 1 else "XN")]
        across = {"XE": "XW", "XW": "XE", "XS": "XN", "XN": "XS"}
        lift = [self.lift] if self.lift else []
        lines, held = [], sums
        for number, (n, here) in enumerate(steps):
            own = "NEWS" if n == 0 else spare
            to = "NEWS" if n == 0 else across[here]
            if number < len(steps) - self.doublings:  # a mean
                lines.append(_bus2(to, spare, held, *lift))
                lines.append(bus("B", spare, here))
            else:
                lines += [] if n == 0 else [bus(spare, held, *lift)]
                lines += [bus(to, held, *lift), bus("B", own, here, *lift)]
            held = "B"
        return lines


def _bus2(*registers: str) -> str:
    return f"bus2({', '.join(registers)})"


__all__ = ["Channels", "spread"]
