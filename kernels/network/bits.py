"""Sums to bits, and bits pooled.

Compares: the level of a slot is in IN, whose value everywhere is one constant; so each different level is a word, a
launch and a constant, and what it gives is kept in the slots that asked for it. Bits: R0 what was not above, R9 and R10
the result in turn, R11 a set of slots. Digital words do not heed FLAG.
"""

from __future__ import annotations

from collections.abc import Sequence

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.macropixels.covers import cover
from scamp_sim.kernels.network.grids import Grid
from scamp_sim.kernels.network.pieces import Part, Piece, piece

LOWEST, HIGHEST = -128, 127
"""Constants that the converter gives."""

NEVER, ALWAYS = "never", "always"
Level = int | str
"""LSB that a sum must be above, or what its bit always is."""


def constant(value: int, what: str) -> int:
    """Raises ProgramError if the converter has no such constant."""
    if not LOWEST <= value <= HIGHEST:
        raise ProgramError(
            f"{what}: the constant to compare with is {value} LSB, and the converter gives {LOWEST}..{HIGHEST}; take a "
            "smaller amplitude, or thresholds nearer to 0"
        )
    return value


def compare(grid: Grid, sums: str, levels: Sequence[Level], *, name: str = "compare") -> tuple[Piece, str]:
    """The piece that makes bits of sums, and the register of the bits. Slots without a map are undefined.

    levels: LSB of each map. Raises ProgramError for what the converter does not give.
    """
    asked = [v for v in levels if isinstance(v, int)]
    groups: list[Level] = [*sorted(set(asked), reverse=True)]
    for level in asked:
        constant(-level, f"level {level} LSB")
    if len(asked) == len(levels) and len(groups) == 1:
        plain = (f"where({sums}, IN)", "MOV(R9, FLAG)", "all()")
        return piece(name, [Part(plain, (f"scamp5_load_in({-asked[0]})",))]), "R9"
    unused = sum(1 << n for n, v in enumerate(grid.in_order([0] * len(levels))) if v is None)
    parts: list[Part] = []
    result: str | None = None
    for wanted in [*groups, ALWAYS]:
        members = [n for n, v in enumerate(levels) if v == wanted]
        if not members:
            continue
        slots = grid.in_order([1 if n in members else 0 for n in range(len(levels))])
        target = sum(1 << n for n, v in enumerate(slots) if v == 1)
        masks = cover(target, unused, grid.rows)
        also = [] if wanted == ALWAYS else ["R0"]
        lines: list[str] = [] if wanted == ALWAYS else [f"where({sums}, IN)", "NOT(R0, FLAG)"]
        for mask in masks:
            if result is None:
                result = "R9"
                lines.append(grid.rectangle(result, mask, also))
                continue
            lines.append(grid.rectangle("R11", mask, also))
            other = "R10" if result == "R9" else "R9"
            lines.append(f"MOV({{{other}}}, {{{result}, R11}})")
            result = other
        parts.append(Part(tuple(lines), () if wanted == ALWAYS else (f"scamp5_load_in({-int(wanted)})",)))
    if result is None:
        return piece(name, [Part(("CLR(R9)",))]), "R9"
    parts[-1] = Part((*parts[-1].lines, "all()"), parts[-1].calls)
    return piece(name, parts), result


def _chosen(grid: Grid, every: Sequence[bool], mask: str, spare: str) -> list[str]:
    """mask := 1 in the slots of these maps. Slots without a map are undefined."""
    slots = grid.in_order([int(v) for v in every])
    target = sum(1 << n for n, v in enumerate(slots) if v == 1)
    unused = sum(1 << n for n, v in enumerate(slots) if v is None)
    first, *others = cover(target, unused, grid.rows)
    lines = [grid.rectangle(mask, first)]
    for r in others:
        lines += [grid.rectangle(spare, r), f"OR({mask}, {spare})"]
    return lines


def _exclusive(bits: str, mask: str, to: str) -> list[str]:
    """to := bits xor mask. Overwrites R0 and `bits`."""
    return [
        f"NOT(R0, {bits})",
        f"NOR({to}, R0, {mask})",  # bits and not mask
        f"NOT(R0, {mask})",
        f"OR({bits}, R0)",
        f"NOT(R0, {bits})",  # mask and not bits
        f"OR({to}, R0)",
    ]


def pool_blocks(
    grid: Grid, bits: str, size: int, every: Sequence[bool] | None = None, *, name: str = "pool"
) -> tuple[Piece, str]:
    """The OR of size x size windows in all PEs of the window, by a flood inside of it; in `every` maps the AND.

    Overwrites R0..R8, R12 and, for ANDs, all bits. Raises ProgramError.
    """
    _power_of_two(size, grid.side)
    off = 255 ^ (size - 1)
    calls = (
        f"scamp5_load_pattern(R5, {size - 1}, 0, {off}, 255)",
        f"scamp5_load_pattern(R6, 0, {size - 1}, 255, {off})",
        f"scamp5_load_pattern(R7, 0, 0, {off}, 255)",
        f"scamp5_load_pattern(R8, 0, 0, 255, {off})",
    )
    walls = ("NOT(R1, R5)", "NOT(R2, R6)", "NOT(R3, R7)", "NOT(R4, R8)")
    if every is None or not any(every):
        return piece(name, [Part((*walls, "SET(R0)", f"MOV(R12, {bits})", "PROP0()"), calls)]), "R12"
    other = "R10" if bits == "R9" else "R9"
    turned = (*_chosen(grid, every, "R11", "R0"), *_exclusive(bits, "R11", other))
    flood = (*walls, "SET(R0)", f"MOV(R12, {other})", "PROP0()", f"MOV({bits}, R12)", *_exclusive(bits, "R11", other))
    return piece(name, [Part(turned), Part(flood, calls)]), other


def pool_macropixels(
    grid: Grid,
    bits: str,
    size: int,
    spacing: int,
    every: Sequence[bool] | None = None,
    *,
    name: str = "pool",
    loads: bool = False,
) -> tuple[Piece, str]:
    """The OR of size x size windows, at the first pixel of each, by moves; in `every` maps the AND.

    spacing: pixels from a value to the next; afterwards it is `size` times that. loads: an earlier pool has overwritten
    the bits of rows. Overwrites R0..R4 and R9..R12. Raises ProgramError.
    """
    _power_of_two(size, grid.side // spacing)
    if bits not in ("R9", "R10"):
        kept, bits = bits, "R9"
        before = [f"MOV(R9, {kept})"]
    else:
        before = []
    moved = ("R10" if bits == "R9" else "R9", "R11")
    lines = before
    ands = every is not None and any(every)
    calls = grid.row_loads() if ands and loads else ()
    if ands and every is not None:
        lines += [*_chosen(grid, every, "R11", "R0"), *_exclusive(bits, "R11", moved[0]), f"MOV({bits}, {moved[0]})"]
    for gate in ("R4", "R1"):  # from the east, then from the south
        lines += ["CLR(R1, R2, R3, R4)", f"SET({gate})"]
        step = 1
        while step < size:
            source = bits
            for n in range(step * spacing * grid.pitch):
                to = moved[0] if ands else moved[n % 2]
                if ands and source == to:  # the mask is in the other one
                    lines += ["SET(R0)", f"MOV(R12, {to})"]
                    source = "R12"
                lines.append(f"DNEWS0({to}, {source})")
                source = to
            lines.append(f"OR({bits}, {source})")
            step *= 2
    if not ands:
        return piece(name, [Part(tuple(lines))]), bits
    return piece(name, [Part((*lines, *_exclusive(bits, "R11", moved[0])), calls)]), moved[0]


def _power_of_two(size: int, side: int) -> None:
    if size < 1 or size & (size - 1) or size > side:
        raise ProgramError(f"windows of {size}x{size}: expected 2, 4, 8, ... up to {side}, with a stride of the size")


__all__ = ["ALWAYS", "HIGHEST", "LOWEST", "NEVER", "Level", "compare", "constant", "pool_blocks", "pool_macropixels"]
