"""Layouts: packing, masks, and the programs that lead from one to another, each against the same in NumPy."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine
from scamp_sim.chip.program import Program
from scamp_sim.exceptions import PlaneError, ProgramError, ScampError
from scamp_sim.kernels.depthwise import blocks
from scamp_sim.kernels.pixelrnn import layout
from scamp_sim.kernels.pixelrnn.layout import BLOCK, Macropixel, expected, program
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.report import memory

SLOTS = [(0, 0), (1, 3), (2, 2), (3, 1)]
GRID = Macropixel()
PAGE = Path(__file__).parents[3] / "docs" / "layouts.md"


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine()


def bits(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((256, 256)) < 0.5


def values(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-100, 101, (256, 256)).astype(np.float32)


def run(machine: Machine, made: Program, plane: np.ndarray) -> np.ndarray:
    name = made.inputs[0].name
    out: np.ndarray = machine.run(made, {name: plane}, registers=False).outputs["y"]
    return out


def kernel_words(made: Program) -> int:
    return sum(1 for _ in made.kernel_words())


# --- NumPy ------------------------------------------------------------------------------------------------------


def test_pack_puts_slot_n_where_it_is_said_to_be() -> None:
    maps = np.random.default_rng(1).integers(0, 1000, (16, 64, 64))
    plane = GRID.pack(maps)
    for n, y, x in ((0, 0, 0), (1, 5, 7), (4, 63, 0), (7, 20, 63), (15, 63, 63)):
        i, j = n % 4, n // 4
        assert plane[4 * y + i, 4 * x + j] == maps[n, y, x]
    np.testing.assert_array_equal(GRID.unpack(plane), maps)


@pytest.mark.parametrize("pitch", [2, 4, 8, 16])
@pytest.mark.parametrize("kind", [bool, np.float32])
def test_packing_goes_both_ways(pitch: int, kind: type) -> None:
    grid = Macropixel(pitch)
    plane: npt.NDArray[Any] = bits(2).astype(kind)
    assert grid.unpack(plane).dtype == kind
    np.testing.assert_array_equal(grid.pack(grid.unpack(plane)), plane)
    np.testing.assert_array_equal(grid.from_blocks(grid.to_blocks(plane)), plane)
    few = grid.unpack(plane)[: grid.slots - 1]
    np.testing.assert_array_equal(grid.unpack(grid.pack(few))[:-1], few)
    assert not grid.unpack(grid.pack(few))[-1].any()


def test_blocks_are_numbered_as_kernels_are() -> None:
    plane = values(3)
    np.testing.assert_array_equal(blocks(GRID.to_blocks(plane)), GRID.unpack(plane))
    np.testing.assert_array_equal(GRID.to_blocks(plane), golden.tile(GRID.unpack(plane)))


@pytest.mark.parametrize("slot", range(16))
def test_masks(slot: int, machine: Machine) -> None:
    mask = GRID.mask(slot)
    assert mask.sum() == 4096
    i, j = GRID.slot(slot)
    assert (np.argwhere(mask) % 4 == (i, j)).all()
    machine.run(Program("mask", {}, (GRID.call(slot, "R5"),)))
    np.testing.assert_array_equal(machine.read("R5"), mask)
    np.testing.assert_array_equal(GRID.mask((i, j)), mask)


def test_what_macropixels_refuse() -> None:
    for pitch in (0, 3, 5, 32):
        with pytest.raises(ProgramError, match="must be 2, 4, 8 or 16"):
            Macropixel(pitch)
    for slot in (16, -1, (4, 0), (0, -1)):
        with pytest.raises(ProgramError, match="there is no slot"):
            GRID.mask(slot)
    with pytest.raises(PlaneError, match=r"shape \(17, 64, 64\); up to 16"):
        GRID.pack(np.zeros((17, 64, 64)))
    with pytest.raises(PlaneError, match="shape"):
        GRID.pack(np.zeros((64, 64)))
    with pytest.raises(PlaneError, match=r"must have shape \(256, 256\)"):
        GRID.unpack(np.zeros((64, 64)))
    with pytest.raises(FrozenInstanceError):
        GRID.pitch = 2  # type: ignore[misc]


# --- on the array -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bits", "analog"])
@pytest.mark.parametrize("slot", SLOTS)
def test_move(slot: tuple[int, int], kind: str, machine: Machine) -> None:
    plane = bits(4) if kind == "bits" else values(4)
    for to in ((0, 1), (3, 0), (1, 2), (3, 3)):
        got = run(machine, program("move", slot=slot, to=to, kind=kind), plane)
        np.testing.assert_array_equal(got, expected("move", plane, slot=slot, to=to))


@pytest.mark.parametrize("kind", ["bits", "analog"])
@pytest.mark.parametrize("slot", SLOTS)
def test_replicate(slot: tuple[int, int], kind: str, machine: Machine) -> None:
    plane = bits(5) if kind == "bits" else values(5)
    got = run(machine, program("replicate", slot=slot, kind=kind), plane)
    np.testing.assert_array_equal(got, expected("replicate", plane, slot=slot))
    assert kernel_words(program("replicate", slot=slot)) == 12


@pytest.mark.parametrize("block", ["middle", "corner"])
@pytest.mark.parametrize("slot", SLOTS)
def test_compact(slot: tuple[int, int], block: str, machine: Machine) -> None:
    plane = bits(6)
    where = BLOCK[block]
    got = run(machine, program("compact", slot=slot, block=block), plane)
    np.testing.assert_array_equal(got[where, where], expected("compact", plane, slot=slot))
    assert got.sum() == got[where, where].sum()
    loose = program("compact", slot=slot, block=block, clean=0)
    np.testing.assert_array_equal(run(machine, loose, plane)[where, where], got[where, where])


@pytest.mark.parametrize("slot", SLOTS)
def test_compact_analog(slot: tuple[int, int], machine: Machine) -> None:
    plane = values(7)
    got = run(machine, program("compact", slot=slot, kind="analog"), plane)
    np.testing.assert_array_equal(got[:64, :64], expected("compact", plane, slot=slot))


@pytest.mark.parametrize("fill", [0, 1])
@pytest.mark.parametrize("block", ["middle", "corner"])
def test_spread(block: str, fill: int, machine: Machine) -> None:
    plane = bits(8)
    for slot in SLOTS:
        got = run(machine, program("spread", slot=slot, block=block, fill=fill), plane)
        np.testing.assert_array_equal(got, expected("spread", plane, slot=slot, block=block, fill=bool(fill)))


def test_spread_undoes_compact(machine: Machine) -> None:
    pixels = GRID.pack(bits(9)[None, :64, :64])
    there = run(machine, program("compact", slot=0), pixels)
    np.testing.assert_array_equal(run(machine, program("spread", slot=0, fill=0), there), pixels)


@pytest.mark.parametrize(("kind", "block"), [("bits", "middle"), ("bits", "corner"), ("analog", "corner")])
def test_duplicate(kind: str, block: str, machine: Machine) -> None:
    plane = bits(10) if kind == "bits" else values(10)
    got = run(machine, program("duplicate", kind=kind, block=block), plane)
    np.testing.assert_array_equal(got, expected("duplicate", plane, block=block))


def test_tile(machine: Machine) -> None:
    plane = GRID.fill(bits(11)[:64, :64])
    np.testing.assert_array_equal(run(machine, program("tile"), plane), expected("tile", plane))
    filled = run(machine, program("compact", filled=1), plane)
    np.testing.assert_array_equal(filled[96:160, 96:160], plane[::4, ::4])


def test_downsample(machine: Machine) -> None:
    plane = values(12)
    got = run(machine, program("downsample"), plane)
    np.testing.assert_array_equal(got[::4, ::4], expected("downsample", plane))
    assert kernel_words(program("downsample")) == 8


def test_reference_engine_agrees() -> None:
    machine = Machine(engine="reference")
    plane = bits(13)
    np.testing.assert_array_equal(
        run(machine, program("compact", slot=(1, 3)), plane)[96:160, 96:160], expected("compact", plane, slot=(1, 3))
    )
    np.testing.assert_array_equal(run(machine, program("duplicate"), plane), expected("duplicate", plane))


@pytest.mark.parametrize("level", [0, 40, 57, 120])
def test_front_end_in_bits(level: int, machine: Machine) -> None:
    picture = np.random.default_rng(level).integers(0, 256, (256, 256)).astype(np.uint8)
    picture[:128] = np.sort(picture[:128], axis=0)  # patches, so that the means are not all alike
    got = run(machine, layout.front_end(level, 5, read=True), picture)
    np.testing.assert_array_equal(got, expected("front_end", picture, level=level, amplitude=5))
    assert (picture[:4, :4].mean() * 127 / 255 > level) == (got[64, 128] > 0)


def test_front_end_in_grey(machine: Machine) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (256, 256)).astype(np.uint8)
    got = run(machine, layout.front_end(read=True), picture)
    np.testing.assert_allclose(got, expected("front_end", picture), atol=1e-4, rtol=0)


@pytest.mark.parametrize("level", [0, 57])
@pytest.mark.parametrize("keep", [1, 2])
def test_front_end_keeps_what_it_says(keep: int, level: int, machine: Machine) -> None:
    """Bits in R5; A, B and D as they were, with keep = 2 also R6, and the gate of R12 open."""
    picture = np.kron(np.random.default_rng(level).integers(0, 256, (64, 64)), np.ones((4, 4))).astype(np.uint8)
    planes = {"A": values(21), "B": values(22), "D": values(23), "R6": bits(24)}
    for register, plane in planes.items():
        machine.write(register, plane)
    got = run(machine, layout.front_end(level, keep=keep, read=True), picture)
    np.testing.assert_array_equal(got, expected("front_end", picture, level=level, amplitude=5) > 0)
    np.testing.assert_array_equal(got, machine.read("R5"))
    for register in planes if keep == 2 else ("A", "B", "D"):
        np.testing.assert_array_equal(machine.read(register), planes[register])
    assert machine.read("R0").all()


# --- words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("compact", {"filled": 1, "clean": 0}, 208),
        ("compact", {"slot": 0}, 208 + 22 + 3),
        ("compact", {"slot": (0, 0), "kind": "analog"}, 428),
        ("spread", {"slot": 0}, 208 + 22 + 12),
        ("duplicate", {}, 283),
        ("duplicate", {"block": "corner"}, 401),
        ("duplicate", {"kind": "analog"}, 400),
        ("tile", {}, 503),
        ("front_end", {}, 842),
        ("front_end", {"level": 57}, 547),
        ("front_end", {"level": 57, "keep": 1}, 543),
        ("front_end", {"level": 57, "keep": 2}, 551),
    ],
)
def test_words(name: str, options: dict[str, Any], words: int) -> None:
    assert kernel_words(program(name, **options)) == words


def test_every_program_is_in_the_table_or_between_layers() -> None:
    assert {r.program for r in layout.conversions()} == set(layout.names()) - {"next_layer"}
    for row in layout.conversions():
        made = program(row.program, **{**row.options, "read": 0})
        assert (row.words, row.launches) == (made.words, made.launches)
        assert row.us > 0.1 * row.words
        if row.released:
            assert row.words < row.released[0]


def test_the_page_shows_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = re.search(r"<!-- conversions -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert shown is not None
    assert shown[1] == layout.conversions_text(), (
        "write it again: python -m scamp_sim.kernels.pixelrnn.layout docs/layouts.md"
    )


def test_the_example_of_the_page_runs() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    exec(example, {})


# --- bad input --------------------------------------------------------------------------------------------------


def test_what_programs_refuse() -> None:
    for call, message in (
        (lambda: program("compct"), "did you mean 'compact'"),
        (lambda: program("compact", kind="grey"), "there is bits and analog"),
        (lambda: program("spread", kind="analog"), "there is bits"),
        (lambda: program("compact", slot=16), "there is no slot 16"),
        (lambda: program("compact", block="edge"), "'middle' or 'corner'"),
        (lambda: program("duplicate", kind="analog", block="middle"), "must be 'corner'"),
        (lambda: program("compact", colour=1), "colour"),
        (lambda: layout.front_end(keep=1), "give a level"),
        (lambda: program("move", slot=0, to=0, kind="analog"), "moved to where it is"),
        (lambda: expected("next_layer", bits(0)), "no NumPy counterpart"),
    ):
        with pytest.raises(ScampError, match=message):
            call()


# --- memory -----------------------------------------------------------------------------------------------------


def test_memory_of_the_array() -> None:
    report = memory.memory_report()
    assert report["array"] == {"bytes_per_pe": 7.625, "bytes_per_macropixel": 122.0}
    paper = report["paper"]
    assert paper["analog registers"] - paper["for weights"] - paper["for computing"] == paper["left"]
    assert 16 * paper["left"] * paper["bytes each"] == paper["bytes per macropixel"]


def test_state_is_what_outlives_a_frame() -> None:
    mappings = memory.memory_report()["mappings"]
    assert mappings["macropixel"]["state"] == ["F"]
    assert mappings["two layers"]["state"] == ["F"]
    assert {"A", "B", "D"} <= set(mappings["blocks"]["state"])


def test_the_state_is_carried_past_the_second_layer() -> None:
    phases = memory.memory_report()["mappings"]["two layers"]["phases"]
    between = next(p for p in phases if p["title"] == "run together, copy")
    assert between["held"] == ["F"]
    assert {"B", "C", "D", "E"} <= set(between["free"])


@pytest.mark.parametrize("name", ["macropixel", "two layers", "blocks"])
def test_every_register_that_is_used_means_something(name: str) -> None:
    found = memory.memory_report()["mappings"][name]
    assert all(found["registers"].values()), found["registers"]
    for phase in found["phases"]:
        used, held, free = set(phase["used"]), set(phase["held"]), set(phase["free"])
        assert not (used | held) & free
        assert not used & held
        assert len(used | held | free) == 19
        assert 0 < phase["needed_at_once"]["analog"] <= len([r for r in used | held if r in "ABCDEF"])
    assert found["least_free_bytes_per_macropixel"] == min(p["free_bytes_per_macropixel"] for p in found["phases"])


def test_liveness_by_hand() -> None:
    from scamp_sim.compiler import assemble
    from scamp_sim.systems.pixelrnn.report.memory import account

    steps = [
        ("one", assemble("SET(R0); MOV(R12, R5); bus(B, A);")),
        ("two", assemble("WHERE(R6); bus(B, C); all(); bus(D, E);")),
        ("three", assemble("MOV(R7, R12); bus(E, B, D); bus(A, NEWS); MOV(R5, R7); MOV(R6, R7);")),
    ]
    found = account("by hand", steps)
    # B is written under FLAG only in the second step, so what the first one left is still needed
    assert [p.title for p in found.phases] == ["one", "two", "three"]
    assert found.phases[0].used == {"R0", "R12", "R5", "A", "B"}
    assert "R12" in found.phases[1].held
    assert {"C", "E", "R6"} <= found.phases[0].held
    assert set(found.state) == {"A", "C", "E", "R5", "R6"}


def test_memory_text() -> None:
    text = memory.memory_text()
    assert max(map(len, text.splitlines())) <= 100
    for title in ("macropixel: from frame to frame F", "two layers:", "blocks:", "gates, 25 taps", "32 bytes"):
        assert title in text
