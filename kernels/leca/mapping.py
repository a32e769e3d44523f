"""What fits on the array, the programs that do it, and the way back from bit planes to codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.program import Program
from scamp_sim.compiler import assemble
from scamp_sim.exceptions import ProgramError

SOURCE = Path(__file__).with_name("encode.scamp")
ROWS = COLUMNS = 256
"""PEs of the array that the program is written for."""
LARGEST_WEIGHT = 15
WHITE = 127
"""LSB of a white PE after capture (D KIM: the half-range image)."""
SCALES = {4: (6, 7, 8), 2: (5, 6)}
"""Side of a block -> exponents of the divisor of a sum."""
MOST_CHANNELS = {(4, 2): 12, (4, 3): 8, (4, 4): 8, (2, 2): 16, (2, 3): 8, (2, 4): 8}
"""Side of a block, bits of a code on the array -> kernels that the store and the bit planes hold."""
LIMITS = (2 / 4, 2 * 127)
"""Smallest and largest clamp limit, in LSB of a sum."""
MOST_LIFTS = 2

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Form:
    """Geometry and range of one program.

    channels: kernels.
    side: of a block, 4 or 2.
    bits: 1.5 (ternary), 2, 3 or 4.
    scale: sums are S / 2^scale LSB, S the sum of weight x pixel with pixels 0..127.
    level, lifts: half the clamp limit is level / 2^lifts LSB; a constant that is loaded larger and halved on the array
        is off by less.

    Raises ProgramError for what does not fit.
    """

    channels: int
    side: int = 4
    bits: float = 4
    scale: int = 8
    level: int = 64
    lifts: int = 2

    def __post_init__(self) -> None:
        if self.side not in SCALES:
            raise ProgramError(f"side: expected blocks of 4x4 or 2x2 PEs, got {self.side}")
        if self.bits not in (1.5, 2, 3, 4):
            raise ProgramError(f"bits: a code on the array has 1.5, 2, 3 or 4 bits, got {self.bits:g}")
        most = MOST_CHANNELS[self.side, self.wires]
        if not 1 <= self.channels <= most:
            raise ProgramError(
                f"channels: {self.channels} of {self.bits:g} bits do not fit on the array; at {self.side}x{self.side} "
                f"PEs it holds {fitting(self.side)}"
            )
        if self.scale not in SCALES[self.side]:
            raise ProgramError(f"scale: expected one of {SCALES[self.side]}, got {self.scale}")
        if not (1 <= self.level <= WHITE and 0 <= self.lifts <= MOST_LIFTS):
            raise ProgramError(
                f"level: expected 1..{WHITE} halved 0..{MOST_LIFTS} times, got {self.level}, {self.lifts}"
            )

    @property
    def wires(self) -> int:
        """Bits that a code takes in the planes: 2 for a ternary one."""
        return 2 if self.bits == 1.5 else int(self.bits)

    @property
    def groups(self) -> int:
        """Kernels are done in groups of one for each row of a block."""
        return -(-self.channels // self.side)

    @property
    def share(self) -> int:
        """Groups that a plane holds."""
        return 2 if self.side // self.wires >= 2 else 1

    @property
    def planes_each(self) -> int:
        """Planes that a group takes."""
        return -(-self.wires // self.side)

    @property
    def planes(self) -> int:
        """Bit planes that leave."""
        return self.groups * self.planes_each if self.planes_each > 1 else -(-self.groups // self.share)

    @property
    def limit(self) -> float:
        """Clamp limit in LSB of a sum."""
        return 2.0 * self.level / (1 << self.lifts)

    @property
    def register(self) -> str:
        """Where the sums of a group are before they are compared."""
        return "D" if self.side == 4 else "E"

    def place(self, channel: int, bit: int) -> tuple[int, int, int]:
        """Plane, row and column in the block that hold a bit of a code; bit 0 is the most significant."""
        group, row = divmod(channel, self.side)
        if self.share == 2:
            return group // 2, row, group % 2 * self.wires + bit
        return group * self.planes_each + bit // self.side, row, bit % self.side


def fitting(side: int) -> str:
    """What fits, in words."""
    few, many = MOST_CHANNELS[side, 2], MOST_CHANNELS[side, 4]
    return f"up to {few} channels of 1.5 or 2 bits, or {many} of 3 or 4"


def level_of(limit: float) -> tuple[int, int]:
    """level and lifts whose clamp limit comes nearest to one in LSB, with as many lifts as there is room for. Raises
    ProgramError."""
    if not LIMITS[0] * 0.75 <= limit <= LIMITS[1] + 1:
        raise ProgramError(
            f"limit: expected {LIMITS[0]:g}..{LIMITS[1]:g} LSB on the array, got {limit:g}; change the scale"
        )
    for lifts in range(MOST_LIFTS, -1, -1):
        level = round(limit / 2 * (1 << lifts))
        if level <= WHITE or lifts == 0:
            return max(1, min(level, WHITE)), lifts
    raise AssertionError("unreachable")


def finest_scale(weights: Any, side: int) -> int:
    """The smallest scale at which no picture takes a sum beyond the white level, so that nothing is compressed. The
    smaller it is, the less do errors of the chip count."""
    w = np.asarray(weights).reshape(len(weights), -1)
    largest = max(int(np.maximum(w, 0).sum(axis=1).max()), int(np.maximum(-w, 0).sum(axis=1).max()))
    return next((scale for scale in SCALES[side] if largest <= 1 << scale), SCALES[side][-1])


def program(weights: Any, form: Form, *, setup: bool = False, frame: bool = True, group: int | None = None) -> Program:
    """The SCAMP-5 program.

    Args:
        weights: (channels, side, side) integers -15..15, row by row from the top left.
        form: geometry and range.
        setup: load the constant and the address planes, which then keep from frame to frame.
        frame: encode a frame.
        group: instead, stop when `form.register` holds the sums of this group of kernels.

    Raises:
        ProgramError: weights of another shape or beyond a sign and 4 bits.
    """
    w = np.asarray(weights)
    shape = (form.channels, form.side, form.side)
    if w.shape != shape:
        raise ProgramError(f"weights: expected shape {shape}, got {w.shape}")
    if not np.issubdtype(w.dtype, np.integer) or np.abs(w).max() > LARGEST_WEIGHT:
        raise ProgramError(f"weights: expected integers in -{LARGEST_WEIGHT}..{LARGEST_WEIGHT} (a sign and 4 bits)")
    flat = tuple(int(v) for v in w.ravel())
    return _assembled(flat, form, setup, frame, -1 if group is None else group)


@lru_cache(maxsize=64)
def _assembled(flat: tuple[int, ...], form: Form, setup: bool, frame: bool, group: int) -> Program:
    values = {
        "weights": np.array(flat).reshape(form.channels, form.side, form.side).tolist(),
        "channels": form.channels,
        "side": form.side,
        "bits": 0 if form.bits == 1.5 else int(form.bits),
        "scale": form.scale,
        "level": form.level,
        "lifts": form.lifts,
        "setup": int(setup),
        "frame": int(frame),
        "group": group,
    }
    return assemble(SOURCE, params=values)


def codes_of(planes: Sequence[Any], form: Form) -> Integers:
    """Codes from the bit planes, off the array.

    Args:
        planes: `form.planes` planes of bits.

    Returns:
        (channels, rows / side, columns / side), around 0: -1..1 ternary, else -2^(bits-1)..2^(bits-1)-1 (mid-rise).

    Raises:
        ProgramError: another number of planes.
    """
    if len(planes) != form.planes:
        raise ProgramError(f"expected {form.planes} bit planes, got {len(planes)}")
    codes = []
    for channel in range(form.channels):
        bits = []
        for bit in range(form.wires):
            plane, row, column = form.place(channel, bit)
            bits.append(np.asarray(planes[plane])[row :: form.side, column :: form.side].astype(np.int64))
        if form.bits == 1.5:
            codes.append(bits[0] - bits[1])
        else:
            for bit in range(1, form.wires):  # Gray code
                bits[bit] = bits[bit] ^ bits[bit - 1]
            weights = 1 << np.arange(form.wires - 1, -1, -1)
            codes.append(np.tensordot(weights, np.stack(bits), axes=1) - weights[0])
    return np.stack(codes)


def sums_of(register: Any, form: Form, group: int) -> npt.NDArray[np.float64]:
    """The sums of a group of kernels as a register holds them: (kernels, rows / side, columns / side, side), the last
    axis the columns of a block, which all hold the same sum."""
    plane = np.asarray(register, dtype=np.float64)
    count = min(form.side, form.channels - group * form.side)
    rows, columns = plane.shape[0] // form.side, plane.shape[1] // form.side
    blocks = plane.reshape(rows, form.side, columns, form.side)
    return np.stack([blocks[:, k] for k in range(count)])
