"""Whole C++ programs, covering how programs for the SDK are written, against planes worked out in NumPy.

Every second program, with one of the standards C++14, 17 and 20 each, here; all programs with all of the standards,
and with a second compiler, in the nightly run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from scamp_sim import Machine
from scamp_sim.compiler.native import LiveProgram, LiveRun
from scamp_sim.compiler.native.toolchain.build import find_compiler
from scamp_sim.exceptions import ScampError

FOLDER = Path(__file__).with_name("programs")
REGISTERS = ("A", "B", "C", "D", "E", "F", *(f"R{n}" for n in range(13)))
STANDARDS = ("c++14", "c++17", "c++20")
Plane = npt.NDArray[Any]
CLOSE = 1e-3


def images() -> list[Plane]:
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[0:256, 0:256]
    first = (rows // 2 + columns // 3 + rng.integers(0, 60, (256, 256))) % 256
    return [first.astype(np.uint8), np.roll(first, 5, axis=1).astype(np.uint8), (255 - first).astype(np.uint8)]


GREYS = images()


def half(grey: Plane) -> Plane:
    """The half-range picture: 0 dark to 127 bright."""
    return grey.astype(np.float64) * 127 / 255


def of(plane: Plane, direction: str, steps: int = 1) -> Plane:
    """The values of the neighbours that lie there; 0 beyond the edge."""
    dr, dc = {"north": (1, 0), "south": (-1, 0), "east": (0, -1), "west": (0, 1)}[direction]
    for _ in range(steps):
        moved = np.zeros_like(plane)
        rows, columns = plane.shape
        moved[max(dr, 0) : rows + min(dr, 0), max(dc, 0) : columns + min(dc, 0)] = plane[
            max(-dr, 0) : rows + min(-dr, 0), max(-dc, 0) : columns + min(-dc, 0)
        ]
        plane = moved
    return plane


def rect(r0: int, c0: int, r1: int, c1: int) -> Plane:
    """A rectangle in chip addresses, whose columns count from the right, as an upright plane."""
    plane = np.zeros((256, 256), bool)
    plane[r0 : r1 + 1, 255 - c1 : 256 - c0] = True
    return plane


def constant(value: float) -> Plane:
    return np.full((256, 256), value)


class Seen:
    """A run with what the checks ask of it."""

    def __init__(self, run: LiveRun) -> None:
        self.run = run
        self.frames = run.frames

    def plane(self, register: str, frame: int = -1) -> Plane:
        return np.asarray(self.frames[frame].planes[register])

    def texts(self) -> list[tuple[str, ...]]:
        return [f.texts for f in self.frames]

    def same(self, register: str, expected: Plane, frame: int = -1) -> None:
        found = self.plane(register, frame)
        if found.dtype == bool:
            np.testing.assert_array_equal(found, expected, err_msg=register)
        else:
            np.testing.assert_allclose(found, expected, atol=CLOSE, err_msg=register)


Check = Callable[[Seen], None]
CHECKS: dict[str, tuple[Check, dict[str, Any]]] = {}


def check(name: str, **wishes: Any) -> Callable[[Check], Check]:
    def keep(function: Check) -> Check:
        CHECKS[name] = function, wishes
        return function

    return keep


# --- what each program gives ----------------------------------------------------------------------------------


@check("scoped_names")
def _(seen: Seen) -> None:
    bright = half(GREYS[0]) > 35
    np.testing.assert_array_equal(seen.frames[0].pictures["edges"], bright)
    assert seen.frames[0].profile.words == 12
    assert seen.frames[0].stored == 10


@check("kernel_bank")
def _(seen: Seen) -> None:
    a = half(GREYS[0])
    seen.same("D", np.abs(of(a, "west") - a))
    assert [k.words for k in seen.run.kernels] == [5, 10]
    assert seen.frames[0].profile.launches == 2


@check("bit_stack")
def _(seen: Seen) -> None:
    left, value = half(GREYS[0]), np.zeros((256, 256), int)
    for bit in range(4):
        above = left > 64 >> bit
        value = 2 * value + above
        left = np.where(above, left - (64 >> bit), left)
    np.testing.assert_array_equal(seen.frames[0].pictures["b"], value)
    assert list(seen.frames[0].pictures) == ["b", "a"]
    assert seen.frames[0].profile.readout_bytes == 4 * 8192 + 65536


@check("random_rectangles", frames=3)
def _(seen: Seen) -> None:
    tops = [int(t[0]) for t in seen.texts()]
    assert len(set(tops)) == 3  # std::mt19937 of seed 7: 327741615, 976413892, 3349725721
    assert tops == [327741615 % 200, 976413892 % 200, 3349725721 % 200]
    seen.same("R5", np.logical_or.reduce([rect(t, 20, t + 10, 60) for t in tops]))


@check("button_guard", frames=3, press=["go@2"])
def _(seen: Seen) -> None:
    a = half(GREYS[0])
    for frame, expected in enumerate((0 * a, -a, 0 * a)):
        seen.same("B", expected, frame)
    assert seen.texts() == [("0",), ("1",), ("1",)]
    assert seen.run.unpressed == ()


@check("preprocessor")
def _(seen: Seen) -> None:
    b = of(half(GREYS[0]), "north")
    seen.same("B", b)
    seen.same("C", b + 12)
    seen.same("R7", b + 12 > 0)
    assert [o.line for o in seen.run.unreached] == [9]  # the branch of DEPTH 1


@check("sliders", frames=2, set={"LEVEL": 30, "inverted": 1, "third": 7})
def _(seen: Seen) -> None:
    seen.same("A", constant(-30))
    seen.same("B", constant(4 + 7 + 5))
    seen.same("C", constant(-30 + 16))
    assert [i.used for i in seen.run.items] == [True, False, True, True, False]


@check("text_formats")
def _(seen: Seen) -> None:
    assert seen.texts() == [("4000000000 -3 text 2.50    42|7   |ff z% 4000000000\n", "0", "3 ?", "text and 5")]
    assert seen.frames[0].posted == ((2, (1, -2, 3, 4, 5, 6)), (2, (7, 8)))
    seen.same("A", constant(-3))


@check("raw_words")
def _(seen: Seen) -> None:
    assert not seen.run.whole
    assert [(n.code, n.severity) for n in seen.run.notes if n.code == "S604"] == [("S604", "error")] * 2
    seen.same("B", -half(GREYS[0]))


@check("bound_functions")
def _(seen: Seen) -> None:
    seen.same("A", half(GREYS[0]))
    seen.same("B", constant(17))
    seen.same("C", constant(-9))
    seen.same("R5", rect(3, 4, 3, 4))


@check("board_arithmetic", frames=2)
def _(seen: Seen) -> None:
    assert seen.texts() == [("0",), ("100",)]
    seen.same("A", constant(-15))
    seen.same("B", constant(100))
    seen.same("R5", rect(7, 255, 7, 255))
    seen.same("C", constant(-128))
    assert {n.code for n in seen.run.notes} == {"W511", "W610", "W614"}


@check("event_lists")
def _(seen: Seen) -> None:
    spots = [(10, 20), (30, 200), (250, 1)]
    seen.same("R5", np.logical_or.reduce([rect(r, c, r, c) for r, c in spots]))
    seen.same("R6", np.logical_or.reduce([rect(r, c, r + 1, c + 1) for r, c in spots]))
    assert seen.texts() == [("3 3",)]


@check("bounding_box")
def _(seen: Seen) -> None:
    inner = rect(41, 61, 79, 119)
    seen.same("R6", rect(40, 60, 80, 120) & ~inner)
    assert seen.texts() == [("40 60 80 120",)]
    np.testing.assert_array_equal(seen.frames[0].pictures["box"], [40, 60, 80, 120])


@check("analog_readout")
def _(seen: Seen) -> None:
    a = half(GREYS[0])
    read = np.clip(np.rint(a + 128), 0, 255).astype(int)
    mean = int(np.rint(a[:32, 224:].mean() + 128))
    assert seen.texts() == [(f"{read[16, 255 - 32]} {read[16, 255 - 32]} {mean} 255",)]


@check("auto_threshold", frames=4)
def _(seen: Seen) -> None:
    threshold, expected = 100, []
    for frame in range(4):
        more = (half(GREYS[0]) > threshold).mean() > 0.5
        expected.append((f"{threshold} {int(more)}",))
        seen.same("R5", half(GREYS[0]) > threshold, frame)
        threshold += 10 if more else -20
    assert seen.texts() == expected
    assert len(set(seen.texts())) > 2


@check("stopwatches", frames=2)
def _(seen: Seen) -> None:
    for texts, frame in zip(seen.texts(), seen.frames, strict=True):
        output, whole, again = map(int, texts[0].split())
        assert output == pytest.approx(19126, abs=5)  # the price of an analog plane
        assert whole == pytest.approx(frame.profile.time_us, abs=10)
        assert again == 1
        assert texts[1] == str(output * 100 // whole)


@check("overlays", frames=2)
def _(seen: Seen) -> None:
    assert seen.texts() == [("600", "700")] * 2
    assert seen.frames[0].stored == 5 + 700
    assert seen.run.whole
    assert {k.storage for k in seen.run.kernels} == {"static", "heap"}
    assert not any(note.code == "W620" for note in seen.run.notes)  # moved after it was recorded, and launched
    seen.same("A", of(half(GREYS[0]), "west", 256))


@check("dynamic_kernels")
def _(seen: Seen) -> None:
    for register in ("R5", "R6", "R7", "R8"):
        seen.same(register, rect(10, 10, 20, 20))
    seen.same("R9", ~rect(10, 10, 20, 20))
    a = half(GREYS[0])
    seen.same("A", of(a, "east", 4))  # twice the words of the first launch
    seen.same("B", a)


@check("templates")
def _(seen: Seen) -> None:
    a = half(GREYS[0])
    seen.same("A", of(a, "west", 2))
    b = of(of(a, "east"), "south", 3)
    seen.same("B", b)
    seen.same("C", b)
    seen.same("R6", rect(9, 9, 9, 9))


@check("classes")
def _(seen: Seen) -> None:
    seen.same("B", -half(GREYS[0]))
    seen.same("C", -2 * half(GREYS[0]))


@check("register_tables")
def _(seen: Seen) -> None:
    a = of(of(half(GREYS[0]), "south"), "east")
    b = of(a, "north")
    d = of(of(b, "east"), "south")
    seen.same("D", d)
    seen.same("E", d)
    seen.same("R6", rect(1, 2, 1, 2))
    seen.same("R9", rect(1, 2, 1, 2))
    assert seen.texts() == [("1 0",)]


@check("drawing")
def _(seen: Seen) -> None:
    seen.same("R5", rect(10, 10, 10, 30) | rect(50, 60, 52, 70) | rect(44, 5, 44, 5) | rect(7, 8, 7, 8))
    rows, columns = np.nonzero(~seen.plane("R6"))
    distance = np.hypot(rows - 100, 255 - columns - 100)
    assert abs(distance - 20).max() < 0.75
    assert rows.size >= 100
    assert seen.texts() == [("1 0",)]


@check("flooding")
def _(seen: Seen) -> None:
    seen.same("R8", rect(20, 20, 60, 60))
    seen.same("R9", rect(100, 100, 120, 120))
    assert seen.texts() == [("1",)]


@check("patterns")
def _(seen: Seen) -> None:
    row, column = np.arange(256)[:, None], (255 - np.arange(256))[None, :]
    every = np.ones((256, 256), bool)
    seen.same("R5", (row % 4 == 3) & (column % 4 == 1))
    seen.same("R6", (row % 2 == 0) & every)
    seen.same("R7", rect(10, 20, 30, 40))
    seen.same("R8", (row == 5) & every)
    seen.same("R9", (column % 64 == 2) & every)
    seen.same("R10", rect(1, 2, 3, 4))


@check("neighbours")
def _(seen: Seen) -> None:
    base = rect(100, 100, 102, 102)
    grown = base.copy()
    for direction in ("north", "south", "east", "west"):
        grown |= of(base, direction)
    seen.same("R6", grown)
    # XORX keeps what its second operand shares not with the third
    seen.same("R7", of(base, "east") & ~base)
    edge = np.zeros((256, 256), bool)
    edge[255] = True
    seen.same("R8", of(base, "south") | edge)
    seen.same("R9", of(base, "north"))
    seen.same("R10", of(base, "east") ^ base)
    seen.same("R5", rect(103, 98, 105, 100))  # 2 to the east, 3 to the south
    seen.same("R11", rect(0, 0, 0, 255))


@check("masks")
def _(seen: Seen) -> None:
    a = half(GREYS[0])
    bright = a > 40
    seen.same("R5", bright)
    seen.same("C", np.where(bright, 0, -40))
    seen.same("R8", bright)  # SET(R6) works in every PE, whatever FLAG is
    seen.same("R6", ~bright)
    seen.same("R9", np.where(bright, ~bright, bright))


@check("blurs")
def _(seen: Seen) -> None:
    a = half(GREYS[0])
    b = (of(a, "east") + of(a, "west")) / 2
    seen.same("B", b)
    seen.same("C", (of(b, "north") + of(b, "south")) / 2)
    seen.same("E", (of(a, "east") + a) / 2)
    f = a
    for _ in range(4):
        padded = np.pad(f, 1, mode="edge")
        around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        f = f + 0.1 * (around - 4 * f)
    seen.same("F", f)


@check("constants")
def _(seen: Seen) -> None:
    for register, value in (("A", -100), ("B", 100), ("C", 25), ("D", -128), ("E", -127), ("F", 15)):
        seen.same(register, constant(value))


@check("captures")
def _(seen: Seen) -> None:
    h = half(GREYS[0])
    seen.same("A", 2 * h - 127)
    seen.same("B", h)
    seen.same("C", np.clip(2 * (2 * h) - 127, -128, 127))
    seen.same("D", np.clip(2 * h, 0, 127))
    seen.same("F", h)  # the scene is there again after every reset
    seen.same("E", constant(1))


@check("analog_moves")
def _(seen: Seen) -> None:
    a = half(GREYS[0])
    b = of(of(a, "north"), "west")
    seen.same("B", b)
    seen.same("C", of(a + b, "east"))
    seen.same("D", of(of(a, "south"), "south") - b)
    seen.same("E", of(of(a, "west"), "west"))
    seen.same("F", of(a, "west") - a)
    seen.same("A", of(of(a, "west", 3), "north", 5))


@check("namespaces")
def _(seen: Seen) -> None:
    a = half(GREYS[0])
    seen.same("B", -a)
    seen.same("C", 7 - a)
    seen.same("R5", np.ones((256, 256), bool))


@check("weaker_frames", frames=3)
def _(seen: Seen) -> None:
    for frame in range(3):
        seen.same("A", constant(frame + 1), frame)
    assert "connected" in (*seen.run.setup.texts, *seen.frames[0].texts)
    assert [f.texts[-1] for f in seen.frames] == ["1"] * 3
    # what runs once before the frames, and in each of the three
    assert seen.run.calls_without_effect["vs_led_toggle"] in (3, 4)


@check("host_picture", frames=2)
def _(seen: Seen) -> None:
    mark = np.zeros((256, 256), bool)
    mark[:16, :16] = np.add.outer(np.arange(16), np.arange(16)) % 2 == 0
    seen.same("R5", mark)
    seen.same("R6", ~mark)


@check("frame_difference", frames=3, many=True)
def _(seen: Seen) -> None:
    before = 0 * half(GREYS[0])
    for frame in range(3):
        now = half(GREYS[frame])
        np.testing.assert_array_equal(seen.frames[frame].pictures["motion"], np.abs(now - before) > 10 + 1e-9)
        before = now
    assert [f.image for f in seen.frames] == ["image 1", "image 2", "image 3"]


@check("control_flow", frames=3)
def _(seen: Seen) -> None:
    for frame, steps in enumerate((1, 0, 3)):
        seen.same("A", of(half(GREYS[0]), "west", steps), frame)
    assert seen.texts() == [(), ("skip",), ()]


@check("launched_lambdas", frames=2)
def _(seen: Seen) -> None:
    bright = half(GREYS[0]) > 30
    seen.same("R5", bright)
    seen.same("R6", ~bright)
    assert seen.texts() == [("5 0",)] * 2
    assert seen.frames[1].profile.launches == 4


@check("lists_of_words")
def _(seen: Seen) -> None:
    top = rect(0, 0, 127, 255)
    seen.same("A", constant(-21))
    seen.same("B", constant(-21))
    seen.same("E", constant(-6))
    seen.same("R6", ~top)
    seen.same("R7", top)
    seen.same("R8", np.ones((256, 256), bool))
    seen.same("R9", np.zeros((256, 256), bool))
    seen.same("R4", top | ~top)
    seen.same("R3", top & top)


@check("seventh")
def _(seen: Seen) -> None:
    seen.same("B", -half(GREYS[0]))
    seen.same("C", constant(9))
    seen.same("R5", rect(3, 3, 3, 3))
    assert any("SCAMP-7" in name for name in seen.run.calls_without_effect)


@check("hazards")
def _(seen: Seen) -> None:
    for register, value in (("A", 21), ("C", 42), ("D", 21), ("E", -63)):
        seen.same(register, constant(value))
    assert {n.code for n in seen.run.notes} == {"W611"}
    assert seen.run.whole


@check("pixel_network")
def _(seen: Seen) -> None:
    row, column = np.arange(256)[:, None], (255 - np.arange(256))[None, :]
    a = half(GREYS[0])
    b = np.where((row + column) % 2 == 1, -a, a)
    c = of(b, "east") + b
    d = of(c, "south") + c
    seen.same("D", d)
    assert seen.texts() == [(str(int(np.rint(d.mean() + 128))),)]


@check("exposure_control", frames=3)
def _(seen: Seen) -> None:
    h = half(GREYS[0])
    gain = 1
    for texts in seen.texts():
        b = np.clip(h * 2 ** (gain - 1), 0, 127)
        equal, spread, corner, sparse, said = map(int, texts[0].split())
        assert (equal, said) == (1, gain)
        assert abs(spread) <= 1
        assert corner == int(np.clip(np.rint(128 + b[:64, 192:].sum() / 4096), 0, 255))
        assert sparse == 255
        gain = min(gain + 1, 5) if np.rint(b.mean() + 128) < 190 else max(gain - 1, 1)


# --- the runs -------------------------------------------------------------------------------------------------


def carry_out(name: str, folder: Path, standard: str, compiler: str | None = None) -> None:
    checked, wishes = CHECKS[name]
    wishes = dict(wishes)
    shown: Sequence[Plane] = GREYS if wishes.pop("many", False) else GREYS[:1]
    if name == "host_picture":
        grey = (np.add.outer(np.arange(16), np.arange(16)) % 2 == 0) * np.uint8(255)
        Image.fromarray(grey.astype(np.uint8)).save(folder / "mark.png")
        wishes["files"] = [folder]
    program = LiveProgram.build(FOLDER / f"{name}.cpp", standard=standard, compiler=compiler)
    assert program.built.sources == (FOLDER / f"{name}.cpp",)
    run = program.run(Machine(), shown, planes=REGISTERS, **wishes)
    checked(Seen(run))
    assert run.ended == "all frames done"


def test_there_are_forty() -> None:
    names = {p.stem for p in FOLDER.glob("*.cpp")}
    assert names == set(CHECKS)
    assert len(names) >= 40
    assert all(20 <= len(p.read_text().splitlines()) <= 150 for p in FOLDER.glob("*.cpp"))


@pytest.mark.parametrize("name", sorted(CHECKS)[::2])
def test_a_program(name: str, tmp_path: Path) -> None:
    carry_out(name, tmp_path, STANDARDS[sorted(CHECKS).index(name) % 3])


@pytest.mark.nightly
@pytest.mark.parametrize("compiler", ["g++", "clang++", "zig"])
@pytest.mark.parametrize("standard", STANDARDS)
@pytest.mark.parametrize("name", CHECKS)
def test_every_standard_and_compiler(name: str, standard: str, compiler: str, tmp_path: Path) -> None:
    try:
        find_compiler(compiler)
    except ScampError:
        pytest.skip(f"no {compiler} here")
    carry_out(name, tmp_path, standard, compiler)
