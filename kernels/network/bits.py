"""Sums to bits, and bits pooled.

Compares: the level of a slot is in IN, whose value everywhere is one constant; so each different level is a word, a
launch and a constant, and what it gives is kept in the slots that asked for it: R12 takes FLAG where R0 is 1. Digital
words do not heed FLAG.
"""

from __future__ import annotations

from collections.abc import Sequence

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.network.grids import Grid, cover
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
    unused = _slots(grid, [0] * len(levels), None)
    scratch = ("R9", "R10", "R11")
    parts: list[Part] = []
    for wanted in [NEVER, ALWAYS, *groups]:
        members = [int(v == wanted) for v in levels]
        if not any(members):
            continue
        found = cover(_slots(grid, members, 1), unused, grid.rows)
        if wanted in (NEVER, ALWAYS):
            set_ = "SET(R12)" if wanted == ALWAYS else "CLR(R12)"
            parts.append(Part((*grid.mask(found, "R0", scratch), set_)))
            continue
        lines = [f"where({sums}, IN)", *grid.mask(found, "R0", scratch), "MOV(R12, FLAG)"]
        parts.append(Part(tuple(lines), (f"scamp5_load_in({-int(wanted)})",)))
    joined = [line for part in parts if not part.calls for line in part.lines]
    compared = [part for part in parts if part.calls]
    if joined and compared:  # what is constant needs no launch of its own
        compared[0] = Part((*joined, *compared[0].lines), compared[0].calls)
    elif joined:
        compared = [Part(tuple(joined))]
    compared[-1] = Part((*compared[-1].lines, "all()"), compared[-1].calls)
    return piece(name, compared), "R12"


def _slots(grid: Grid, values: Sequence[int], wanted: int | None) -> int:
    """The slots of maps with a value, or those without a map, as bits."""
    return sum(1 << n for n, v in enumerate(grid.in_order(values)) if v == wanted)


def _chosen(grid: Grid, every: Sequence[bool], mask: str, scratch: Sequence[str]) -> list[str]:
    """mask := 1 in the slots of these maps. Slots without a map are undefined."""
    values = [int(v) for v in every]
    found = cover(_slots(grid, values, 1), _slots(grid, values, None), grid.rows)
    return grid.mask(found, mask, scratch)


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
    grid: Grid,
    bits: str,
    size: int,
    every: Sequence[bool] | None = None,
    *,
    name: str = "pool",
    stride: int = 1,
    loads: bool = False,
) -> tuple[Piece, str]:
    """The OR of size x size windows in all PEs of the window, by a flood inside of it; in `every` maps the AND.

    stride: PEs from a value to the next; those between do not count. loads: an earlier pool has overwritten the bits of
    slots. Overwrites R0..R8, R12 and, for ANDs, all bits. Raises ProgramError.
    """
    _power_of_two(size, grid.side)
    off = 255 ^ (size - 1)
    calls: tuple[str, ...] = (
        f"scamp5_load_pattern(R5, {size - 1}, 0, {off}, 255)",
        f"scamp5_load_pattern(R6, 0, {size - 1}, 255, {off})",
        f"scamp5_load_pattern(R7, 0, 0, {off}, 255)",
        f"scamp5_load_pattern(R8, 0, 0, 255, {off})",
    )
    if bits == "R12":
        kept: tuple[str, ...] = ("MOV(R10, R12)",)
        bits = "R10"
    else:
        kept = ()
    walls = ("NOT(R1, R5)", "NOT(R2, R6)", "NOT(R3, R7)", "NOT(R4, R8)")
    ands = every is not None and any(every)
    strided: tuple[str, ...] = ()
    if stride > 1:  # R12 is written where R0 is 1: all but where values are become 0
        free, more = bits if ands else "R11", 255 ^ (stride - 1)
        calls = (*calls, f"scamp5_load_pattern({free}, 0, {stride - 1}, {more}, {more})")
        strided = (f"NOT(R0, {free})", "CLR(R12)", "SET(R0)")
    if every is None or not ands:
        moved = () if kept else (f"MOV(R12, {bits})",)
        return piece(name, [Part((*walls, "SET(R0)", *moved, *strided, "PROP0()"), calls)]), "R12"
    other = "R10" if bits == "R9" else "R9"
    turned = (*_chosen(grid, every, "R11", ("R0", other)), *_exclusive(bits, "R11", other))
    flood = (*walls, "SET(R0)", f"MOV(R12, {other})", *strided, "PROP0()")
    flood = (*flood, f"MOV({bits}, R12)", *_exclusive(bits, "R11", other))
    slots = Part((*grid.ready(), *kept, *turned), grid.loads()) if loads else Part((*kept, *turned))
    return piece(name, [slots, Part(flood, calls)]), other


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
    the bits of slots. Overwrites R0..R4 and R9..R12. Raises ProgramError.
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
    calls = grid.loads_after_moves() if ands and loads else ()
    if ands and every is not None:
        lines += list(grid.ready()) if loads else []
        lines += [
            *_chosen(grid, every, "R11", ("R0", moved[0])),
            *_exclusive(bits, "R11", moved[0]),
            f"MOV({bits}, {moved[0]})",
        ]
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
