"""Layouts of 64x64 logical pixels on 256x256 PEs: packing, masks, and the programs that lead from one to another.

grid = Macropixel()                                  # 4x4 PEs a pixel
plane = grid.pack(maps)                              # (16, 64, 64) -> (256, 256)
run = Machine().run(layout.program("compact", slot=5), {"x": plane})
block = layout.expected("compact", plane, slot=5)    # the same in NumPy

A pixel has sixteen slots, for as many planes of 64x64. As macropixels, pixel (y, x) has slot (i, j) at PE
(4 y + i, 4 x + j); as blocks at (64 i + y, 64 j + x). Slot number n is (n % 4, n // 4), which is the order of
depthwise16's kernels.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import array_of, integer
from scamp_sim.chip import isa
from scamp_sim.chip.isa import did_you_mean
from scamp_sim.chip.program import HostCall, Launch, Program
from scamp_sim.compiler import assemble
from scamp_sim.costs.timing import load_timing, profile
from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.kernels.depthwise import tile

ARRAY = 256
FOLDER = Path(__file__).parent

Plane = npt.NDArray[Any]
Slot = int | tuple[int, int]


@dataclass(frozen=True)
class Macropixel:
    """`pitch` x `pitch` PEs for each logical pixel of a 256x256 array. Planes are upright: row 0 on top, column 0 left.

    pitch: 2, 4, 8 or 16; the programs on the array are for 4. Raises ProgramError for others and for slots that there
    are not, PlaneError for planes of a wrong shape.
    """

    pitch: int = 4

    def __post_init__(self) -> None:
        if isinstance(self.pitch, bool) or self.pitch not in (2, 4, 8, 16):
            raise ProgramError(f"the pitch must be 2, 4, 8 or 16 PEs, got {self.pitch!r:.40}")

    @property
    def side(self) -> int:
        """Logical pixels along an axis."""
        return ARRAY // self.pitch

    @property
    def slots(self) -> int:
        """Slots of a macropixel, and planes that fit on the array."""
        return self.pitch**2

    def slot(self, slot: Slot) -> tuple[int, int]:
        """(row, column) of a slot, given as that or by its number: n is (n % pitch, n // pitch)."""
        try:
            if isinstance(slot, (int, np.integer)):
                n = integer("slot", slot)
                i, j = n % self.pitch, n // self.pitch
            else:
                i, j = (integer("slot", part) for part in slot)
            inside = i < self.pitch and j < self.pitch
        except (TypeError, ValueError):  # no pair, or not of integers
            inside = False
        if not inside:
            raise ProgramError(
                f"there is no slot {slot!r:.40}; slots are 0 to {self.slots - 1}, or (0, 0) to {(self.pitch - 1,) * 2}"
            )
        return i, j

    def mask(self, slot: Slot) -> npt.NDArray[np.bool_]:
        """The PEs of a slot, (256, 256)."""
        i, j = self.slot(slot)
        plane = np.zeros((ARRAY, ARRAY), bool)
        plane[i :: self.pitch, j :: self.pitch] = True
        return plane

    def pattern(self, slot: Slot) -> tuple[int, int, int, int]:
        """Chip row, chip column, and the masks of address bits that do not count: the operands of load_pattern."""
        i, j = self.slot(slot)
        ignored = (ARRAY - 1) & ~(self.pitch - 1)
        return i, self.pitch - 1 - j, ignored, ignored  # the chip counts columns from the right

    def call(self, slot: Slot, register: str) -> HostCall:
        """The host call that loads the mask of a slot into a bit."""
        if register not in isa.DIGITAL:
            raise ProgramError(f"the mask goes to a bit, R0 to R12, not to {register!r:.40}")
        return HostCall("scamp5_load_pattern", (register, *self.pattern(slot)))

    def pack(self, values: npt.ArrayLike) -> Plane:
        """Up to pitch^2 planes (n, side, side), bits or numbers, as one of 256x256. Slots that are not given are 0."""
        array = array_of(values, "the values")
        if array.ndim != 3 or array.shape[1:] != (self.side, self.side) or len(array) > self.slots:
            raise PlaneError(
                f"the values have shape {array.shape}; up to {self.slots} planes are (n, {self.side}, {self.side})"
            )
        planes = np.zeros((self.slots, self.side, self.side), array.dtype)
        planes[: len(array)] = array
        # column and row of the slot, row and column of the pixel
        grid = planes.reshape(self.pitch, self.pitch, self.side, self.side)
        return grid.transpose(2, 1, 3, 0).reshape(ARRAY, ARRAY)

    def unpack(self, plane: npt.ArrayLike) -> Plane:
        """The inverse of `pack`: (256, 256) -> (pitch^2, side, side)."""
        grid = _checked(plane).reshape(self.side, self.pitch, self.side, self.pitch)
        return grid.transpose(3, 1, 0, 2).reshape(self.slots, self.side, self.side)

    def to_blocks(self, plane: npt.ArrayLike) -> Plane:
        """Macropixels to blocks: what is at (pitch y + i, pitch x + j) goes to (side i + y, side j + x)."""
        grid = _checked(plane).reshape(self.side, self.pitch, self.side, self.pitch)
        return grid.transpose(1, 0, 3, 2).reshape(ARRAY, ARRAY)

    def from_blocks(self, plane: npt.ArrayLike) -> Plane:
        """The inverse of `to_blocks`."""
        grid = _checked(plane).reshape(self.pitch, self.side, self.pitch, self.side)
        return grid.transpose(1, 0, 3, 2).reshape(ARRAY, ARRAY)

    def fill(self, values: npt.ArrayLike) -> Plane:
        """One plane (side, side) in all slots."""
        array = array_of(values, "the plane")
        if array.shape != (self.side, self.side):
            raise PlaneError(f"the plane must have shape ({self.side}, {self.side}), got {array.shape}")
        return np.repeat(np.repeat(array, self.pitch, 0), self.pitch, 1)


def _checked(plane: npt.ArrayLike) -> Plane:
    array = array_of(plane, "the plane")
    if array.shape != (ARRAY, ARRAY):
        raise PlaneError(f"the plane must have shape ({ARRAY}, {ARRAY}), got {array.shape}")
    return array


GRID = Macropixel()
SIDE = GRID.side
BLOCK = {"corner": slice(0, SIDE), "middle": slice(96, 96 + SIDE)}
"""Where a single block of 64x64 can be: rows, and likewise columns."""


# --- programs on the array --------------------------------------------------------------------------------------

ANALOG = "_analog"


@cache
def names() -> tuple[str, ...]:
    """What `program` knows."""
    return tuple(sorted({p.stem.removeprefix("layout_").removesuffix(ANALOG) for p in FOLDER.glob("layout_*.scamp")}))


def program(
    name: str,
    *,
    kind: str | None = None,
    slot: Slot | None = None,
    to: Slot | None = None,
    block: str | None = None,
    **options: int,
) -> Program:
    """A program that changes the layout: `names()`.

    kind: "bits" or "analog", where there are both; bits if it is not said.
    slot: where it is taken from or, for "spread", goes.
    to: for "move".
    block: "middle" (of bits, the default) or "corner": where the block of 64x64 is.
    options: what the file's own `param` lines say.

    Raises ScampError.
    """
    if name not in names():
        raise ProgramError(f"no layout program '{name}'{did_you_mean(name, names())}; there are {', '.join(names())}")
    path = _file(name, kind)
    analog = path.stem.endswith(ANALOG)
    params = {k: int(v) if isinstance(v, bool) else integer(k, v, low=None) for k, v in options.items()}
    if slot is not None:
        prefix = "from_" if name == "move" else ""
        params[f"{prefix}row"], params[f"{prefix}column"] = GRID.slot(slot)
    if to is not None:
        params["to_row"], params["to_column"] = GRID.slot(to)
    if block is not None:
        if not isinstance(block, str) or block not in BLOCK or (analog and block != "corner"):
            raise ProgramError(f"block must be {'' if analog else repr('middle') + ' or '}'corner', got {block!r}")
        if not analog:
            params["corner"] = int(block == "corner")
    return _assembled(path, tuple(sorted(params.items())))


@cache
def _assembled(path: Path, params: tuple[tuple[str, int], ...]) -> Program:
    return assemble(path, params=dict(params))


def _file(name: str, kind: str | None) -> Path:
    files = {"bits": FOLDER / f"layout_{name}.scamp", "analog": FOLDER / f"layout_{name}{ANALOG}.scamp"}
    there = {k: p for k, p in files.items() if p.exists()}
    if kind is None:
        return next(iter(there.values()))
    if not isinstance(kind, str) or kind not in there:
        raise ProgramError(f"'{name}' of kind {kind!r} is not there; there is {' and '.join(there)}")
    return there[kind]


def front_end(level: int = -1, amplitude: int = 5, *, keep: int = 0, read: bool = False, offset: int = 0) -> Program:
    """From a full picture on PIX to A as `depthwise16` takes it: 64x64 pixels, in sixteen blocks.

    level: -1 for grey, 0..127; else pixels whose mean is above it become +amplitude, the others -amplitude.
    keep: with a level, 1 leaves them as bits in R5, and A, B and D as they are; 2 also R6.
    offset: LSB that the chip adds at every analog transfer; grey travels in transfers that are not corrected, and so
        does what is kept.

    Raises ScampError.
    """
    if offset and (level < 0 or keep):
        what = "level" if level < 0 else "keep=0"
        raise ProgramError(
            f"the front end corrects the offset for bits that become levels: give {what}, or offset=0 (not {offset})"
        )
    return program("front_end", level=level, amplitude=amplitude, keep=keep, read=read, offset=offset)


def behind(whole: Program, kernel: str) -> Program:
    """What a program does after the first launch of a kernel; without that kernel, and without inputs."""
    at = next(n for n, s in enumerate(whole.steps) if isinstance(s, Launch) and s.kernel == kernel)
    steps = whole.steps[at + 1 :]
    used = {s.kernel for s in steps if isinstance(s, Launch)}
    return replace(whole, kernels={k: v for k, v in whole.kernels.items() if k in used}, steps=steps, inputs=())


def behind_front_end(cnn: Program, level: int, amplitude: int, offset: int = 0) -> tuple[Program, Program]:
    """A `depthwise16` that takes bits, as two programs: the front end in place of its capture, and the rest."""
    entry = "binarise" if "binarise" in cnn.kernels else "capture"
    return front_end(level, amplitude, offset=offset), on_the_heap(behind(cnn, entry))


LARGE = ("depthwise",)
"""Kernels that the controller can keep in its own memory, where a frame has more words than the kernel store holds."""


def on_the_heap(whole: Program, large: Sequence[str] = LARGE) -> Program:
    """The program with its large kernels on the heap."""
    moved = {name: replace(k, storage="heap") for name, k in whole.kernels.items() if name in large}
    return replace(whole, kernels={**whole.kernels, **moved})


# --- the same in NumPy ------------------------------------------------------------------------------------------


def expected(
    name: str,
    plane: npt.ArrayLike,
    *,
    slot: Slot = 0,
    to: Slot = (0, 1),
    block: str = "middle",
    fill: bool = True,
    level: int = -1,
    amplitude: int = 5,
) -> Plane:
    """What `program(name, ...)` makes of a plane, (256, 256); of "downsample" slot (0, 0) and of "compact" the block,
    as (64, 64). For "front_end" the plane is the picture, grey 0..255; what it gives in grey is exact to rounding."""
    array = _checked(plane)
    pixels = GRID.unpack(array)
    i, j = GRID.slot(slot)
    if not isinstance(block, str) or block not in BLOCK:
        raise ProgramError(f"block must be 'middle' or 'corner', got {block!r:.40}")
    where = BLOCK[block]
    integer("level", level, low=-1)
    found: dict[str, Callable[[], Plane]] = {
        "compact": lambda: array[i::4, j::4].copy(),
        "downsample": lambda: downsampled(array),
        "duplicate": lambda: tile(array[where, where]),
        "front_end": lambda: tile(_levels(downsampled(array * (127 / 255)), level, amplitude)),
        "move": lambda: np.where(GRID.mask(to), GRID.fill(array[i::4, j::4]), array),
        "replicate": lambda: GRID.fill(array[i::4, j::4]),
        "spread": lambda: GRID.fill(array[where, where]) & (bool(fill) | GRID.mask(slot)),
        "tile": lambda: tile(pixels[0]),
    }
    if name not in found:
        raise ProgramError(f"no NumPy counterpart of '{name}'{did_you_mean(name, found)}")
    return found[name]()


def downsampled(plane: npt.ArrayLike) -> Plane:
    """The means of 4x4 PEs: (256, 256) -> (64, 64)."""
    return np.asarray(_checked(plane).reshape(SIDE, 4, SIDE, 4).mean((1, 3)))


def _levels(grey: Plane, level: int, amplitude: int) -> Plane:
    return grey if level < 0 else np.where(grey > level, float(amplitude), float(-amplitude))


# --- what they cost ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Conversion:
    """What one program costs.

    words: executed, those of host calls included.
    kernel_words: without them.
    us: modelled, without a readout.
    released: (words, launches) of the same in the published program, where it has it.
    """

    title: str
    program: str
    options: Mapping[str, Any]
    kernel_words: int
    words: int
    launches: int
    calls: int
    us: float
    released: tuple[int, int] | None = None


# Counts of the authors' public program: steps as its source has them, words as the vendor's macros fix them.
_SHRINK = (12_104, 1_038)
_COPY = (1_220, 8)
_FRONT = (3_584 + 768 + 1_220, 512 + 192 + 8)

ROWS: tuple[tuple[str, str, Mapping[str, Any], tuple[int, int] | None], ...] = (
    ("one slot to another, (0, 0) to (2, 3)", "move", {"slot": (0, 0), "to": (2, 3)}, None),
    ("the same, analog", "move", {"slot": (0, 0), "to": (2, 3), "kind": "analog"}, None),
    ("one slot over its macropixel", "replicate", {"slot": (0, 0)}, None),
    ("the same, analog", "replicate", {"slot": (0, 0), "kind": "analog"}, None),
    ("one slot to a block in the middle", "compact", {"slot": (0, 0), "clean": 0}, None),
    ("the same, all slots being equal", "compact", {"filled": 1, "clean": 0}, _SHRINK),
    ("one slot to a block in a corner", "compact", {"slot": (0, 0), "block": "corner", "clean": 0}, None),
    ("the same, analog", "compact", {"slot": (0, 0), "kind": "analog"}, None),
    ("block in the middle to macropixels", "spread", {"slot": (0, 0)}, None),
    ("block in the middle to sixteen", "duplicate", {}, None),
    ("block in a corner to sixteen", "duplicate", {"block": "corner"}, _COPY),
    ("the same, analog", "duplicate", {"kind": "analog"}, None),
    ("macropixels, all slots being equal, to sixteen blocks", "tile", {}, None),
    ("means of 4x4, left where they are", "downsample", {}, None),
    ("front end: picture to sixteen blocks of bits", "front_end", {"level": 57}, None),
    ("front end: picture to sixteen blocks of grey", "front_end", {}, _FRONT),
)


@cache
def conversions(timing: str = "scamp5d") -> tuple[Conversion, ...]:
    """The costs of the programs, one row for each."""
    prices = load_timing(timing)
    rows = []
    for title, name, options, released in ROWS:
        made = program(name, **{**options, "read": 0})
        cost = profile(made, prices)
        calls = sum(cost.host_calls.values())
        kernel_words = cost.words - cost.host_words
        rows.append(
            Conversion(title, name, options, kernel_words, cost.words, cost.launches, calls, cost.time_us, released)
        )
    return tuple(rows)


def conversions_text(timing: str = "scamp5d") -> str:
    """The table of docs/layouts.md."""

    def lines() -> Iterator[str]:
        yield "| conversion | program | words in kernels | in host calls | launches | host calls | us | published |"
        yield "|---|---|--:|--:|--:|--:|--:|--:|"
        for r in conversions(timing):
            operands = "".join(f", {k}={v!r}" for k, v in r.options.items())
            published = f"{r.released[0]:,} words, {r.released[1]:,} launches" if r.released else ""
            yield (
                f'| {r.title} | `"{r.program}"{operands}` | {r.kernel_words:,} | {r.words - r.kernel_words} '
                f"| {r.launches} | {r.calls} | {r.us:.1f} | {published} |"
            )

    return "\n".join(lines()) + "\n"


MARKS = ("<!-- conversions -->\n", "<!-- end -->")


def renewed(page: str) -> str:
    """The text of docs/layouts.md with a fresh table between its marks."""
    before, start, rest = page.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    return before + start + conversions_text() + end + after


__all__ = [
    "BLOCK",
    "Conversion",
    "Macropixel",
    "behind",
    "behind_front_end",
    "conversions",
    "conversions_text",
    "downsampled",
    "expected",
    "front_end",
    "names",
    "on_the_heap",
    "program",
    "renewed",
]

if __name__ == "__main__":  # python -m scamp_sim.kernels.pixelrnn.layout docs/layouts.md
    for page in map(Path, sys.argv[1:]):
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
