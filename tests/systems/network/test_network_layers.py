"""The programs of layers against NumPy: every layout, sums, bits, pools, all channels, with and without an offset."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.network.bits import ALWAYS, NEVER, Level, compare, pool_blocks, pool_macropixels
from scamp_sim.kernels.network.channels import Channels
from scamp_sim.kernels.network.dense import DenseSums
from scamp_sim.kernels.network.first import Convolution, Look, checked, look
from scamp_sim.kernels.network.grids import Grid, order, outside
from scamp_sim.kernels.network.pieces import Part, Piece, assembled, compose, drafted, native, words_of
from scamp_sim.systems.network.golden import conv_sums, pool_bits
from scamp_sim.systems.network.params import Conv, Pool

AMPLITUDE = 5


def _picture(size: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (size, size)).astype(np.uint8)


def _sums(
    grid: Grid, w: Any, pad: int, picture: Any, offset: int = 0, lift: str = "F", level: int = 127
) -> tuple[Any, int]:
    """Sums of the layer on an array whose transfers add `offset`, and the words."""
    size = picture.shape
    lift = lift if offset else ""
    layer = Convolution(checked(w, grid), grid, pad, pad > 0, lift, size)
    calls = (f"scamp5_load_in({offset})",) if lift == "IN" else ()
    form = Look(level, amplitude=AMPLITUDE, size=size)
    program = assembled("layer", [look(grid, form, lift), layer.piece(calls=calls)])
    machine = Machine(errors=f"ideal:transfer_offset={offset}" if offset else "ideal")
    full = np.zeros((grid.side, grid.side), np.uint8)
    full[: size[0], : size[1]] = picture
    machine.expose(grid.fill(full))
    machine.run(program, registers=False)
    maps: Any = grid.maps(machine.read(layer.result))
    return maps[: len(w)] / AMPLITUDE, program.words


CASES = [
    # kind, slots, picture, kernels, taps, padding, largest weight (0: +-1), offset, lift, level
    ("blocks", 4, 64, 16, 5, 2, 0, 0, "", 127),
    ("blocks", 4, 64, 16, 5, 2, 0, 20, "F", 127),
    ("blocks", 4, 64, 16, 5, 2, 0, 20, "IN", 116),
    ("blocks", 4, 60, 16, 5, 0, 1, 20, "IN", 127),
    ("blocks", 2, 128, 3, 3, 1, 1, 0, "", 126),
    ("macropixels", 4, 64, 16, 5, 2, 0, 0, "", 127),
    ("macropixels", 4, 64, 16, 3, 1, 1, 20, "F", 127),
    ("macropixels", 4, 56, 7, 5, 2, 2, 20, "F", 127),
    ("macropixels", 2, 128, 4, 3, 1, 1, 20, "F", 127),
    ("macropixels", 1, 256, 1, 4, 1, 1, 20, "F", 127),
    ("macropixels", 1, 200, 1, 7, 3, 4, 0, "", 126),
    ("blocks", 4, 28, 3, 3, 1, 31, 0, "", 126),
    ("macropixels", 4, 64, 16, 3, 1, 7, 20, "F", 127),
]


@pytest.mark.parametrize(("kind", "rows", "size", "kernels", "taps", "pad", "most", "offset", "lift", "level"), CASES)
def test_first_layers_are_exact(
    kind: str,
    rows: int,
    size: int,
    kernels: int,
    taps: int,
    pad: int,
    most: int,
    offset: int,
    lift: str,
    level: int,
) -> None:
    rng = np.random.default_rng(size + taps)
    w = rng.integers(-most, most + 1, (kernels, taps, taps)) if most else rng.choice([-1, 1], (kernels, taps, taps))
    picture = _picture(size)
    found, _ = _sums(Grid(kind, rows), w, pad, picture, offset, lift, level)
    layer = Conv("c", w[:, None], np.zeros(kernels), padding=(pad,) * 4)
    expected = conv_sums(layer, (picture > level)[None, None])[0]
    n = expected.shape[1]
    np.testing.assert_array_equal(found[:, :n, :n], expected)


@pytest.mark.parametrize("seed", range(3))
def test_sixteen_kernels_in_macropixels_take_no_more_than_345_words(seed: int) -> None:
    w = np.random.default_rng(seed).choice([-1, 1], (16, 5, 5))
    grid = Grid("macropixels")
    taps = Convolution(checked(w, grid), grid, 2).piece()
    assert sum(words_of(line) for part in taps.parts for line in part.lines) <= 345


def _on_sums(sums: Any, grid: Grid, pieces: list[Piece], register: str, offset: int = 0) -> Any:
    """What pieces leave in a register, of sums in C, behind the loads of a grid."""
    from scamp_sim.compiler import assemble

    first, *rest = pieces
    ready = Part((*grid.ready(), *first.parts[0].lines), first.parts[0].calls, first.parts[0].after)
    pieces = [replace(first, parts=(ready, *first.parts[1:])), *rest]
    text = compose("bits", pieces)
    calls = "".join(f"    {call};\n" for call in grid.loads())
    text = text.replace("program {\n", f"program {{\n{calls}").replace(
        "array 256, 256;\n", "array 256, 256;\nstate C;\n"
    )
    machine = Machine(errors=f"ideal:transfer_offset={offset}" if offset else "ideal")
    machine.write("C", grid.plane(sums).astype(np.float32))
    machine.run(assemble(text), registers=False)
    return grid.maps(machine.read(register))


@pytest.mark.parametrize("kind", ["blocks", "macropixels"])
def test_bits_and_pools(kind: str) -> None:
    grid, rng = Grid(kind), np.random.default_rng(3)
    maps = 11
    sums = rng.integers(-40, 41, (maps, 64, 64))
    levels: list[Level] = [*rng.choice([-20, 3, 30], maps - 2).tolist(), NEVER, ALWAYS]
    first, register = compare(grid, "C", levels)
    bits = np.stack(
        [s > v if isinstance(v, int) else np.full(s.shape, v == ALWAYS) for s, v in zip(sums, levels, strict=True)]
    )
    np.testing.assert_array_equal(_on_sums(sums, grid, [first], register)[:maps], bits)
    for size, every in ((2, None), (4, rng.random(maps) < 0.5)):
        sparse = np.abs(sums) if every is None else sums
        held = np.stack(
            [
                s > v if isinstance(v, int) else np.full(s.shape, v == ALWAYS)
                for s, v in zip(sparse, levels, strict=True)
            ]
        )
        expected = pool_bits(Pool("p", size, size, every), held[None])[0]
        chosen = None if every is None else every.tolist()
        if kind == "blocks":
            second, behind = pool_blocks(grid, register, size, chosen)
        else:
            second, behind = pool_macropixels(grid, register, size, 1, chosen)
        found = _on_sums(sparse, grid, [first, second], behind)[:maps]
        np.testing.assert_array_equal(found[:, ::size, ::size], expected)
        if kind == "blocks":  # the bit is in all PEs of its window
            np.testing.assert_array_equal(found, expected.repeat(size, 1).repeat(size, 2))


def test_levels_beyond_the_converter_are_refused() -> None:
    with pytest.raises(
        ProgramError, match=r"level 140 LSB: the constant to compare with is -140 LSB, .*smaller amplitude"
    ):
        compare(Grid("blocks"), "C", [140])


def test_masks_of_two_bits_are_the_same_as_of_four() -> None:
    rng = np.random.default_rng(0)
    grid = Grid("macropixels")
    lengths = []
    for _ in range(40):
        plan = order(grid.in_order(rng.integers(-1, 2, 16).tolist()), 4)
        for _, found in plan.steps:
            few = grid.where(found, ("R0", "R10"))
            many = grid.where(found, ("R9", "R10", "R11", "R0"))
            assert few[-1].startswith("WHERE(")
            assert few[-1].count(",") <= 2
            assert sum(len(native(line)) for line in many) == found.words
            lengths.append(sum(len(native(line)) for line in few) - found.words)
    assert min(lengths) >= 0


def test_lines_outside_of_a_picture() -> None:
    for size in (28, 56, 63, 64, 1):
        lines = np.zeros(64, bool)
        for value, off in outside(size, 64, 1):
            lines |= (np.arange(64) & ~off) == value
        np.testing.assert_array_equal(lines, np.arange(64) >= size)


def test_grids_pack_and_unpack() -> None:
    for kind in ("blocks", "macropixels"):
        for rows in (1, 2, 4):
            grid = Grid(kind, rows)
            maps = np.random.default_rng(0).integers(0, 9, (grid.slots, grid.side, grid.side))
            np.testing.assert_array_equal(grid.maps(grid.plane(maps)), maps)
            np.testing.assert_array_equal(grid.maps(grid.fill(maps[0])), np.stack([maps[0]] * grid.slots))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ProgramError, match="17 kernels do not fit 4x4 slots"):
        checked(np.ones((17, 3, 3)), Grid("blocks"))
    with pytest.raises(ProgramError, match=r"whole weights within -127\.\.127"):
        checked(np.full((1, 3, 3), 130), Grid("blocks"))
    with pytest.raises(ProgramError, match="17 channels to 16: macropixels of 4x4 PEs hold 16"):
        Channels(np.ones((16, 17, 3, 3), int), [0] * 16, Grid("macropixels"), 1, True, "", (64, 64), 1, 0)
    with pytest.raises(ProgramError, match="20 classes; one plane of the array holds 16"):
        DenseSums(np.ones((20, 16, 16, 16), int), Grid("blocks"), 4)
    with pytest.raises(ProgramError, match=r"windows of 3x3: expected 2, 4, 8"):
        pool_blocks(Grid("blocks"), "R9", 3)


def test_a_draft_has_the_words_of_the_program() -> None:
    grid, w = Grid("blocks"), np.random.default_rng(1).choice([-1, 1], (16, 5, 5))
    layer = Convolution(checked(w, grid), grid, 2)
    bits, register = compare(grid, layer.result, [5, -5] * 8)
    pieces = [look(grid, Look()), layer.piece(), bits, pool_blocks(grid, register, 4)[0]]
    whole, draft = assembled("whole", pieces), drafted("whole", pieces)
    assert whole.words == draft.words
    assert list(whole.kernel_words()) == list(draft.kernel_words())
