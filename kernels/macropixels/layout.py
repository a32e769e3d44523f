"""Where things are: address bits, slots of channels, and what is read out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError

ARRAY = 256
SIZES = (2, 4, 8)
"""Window sizes that the address masks have: powers of two. At 16 no bits are left."""

MOST_CHANNELS = 16

ONE_HOT = 4
"""Address bits along an axis: one for each line of a window, of 8 lines one for each line of both halves, and two that
tell the halves apart."""


def most_channels(kernel: int) -> int:
    """Channels that fit a window: a slot each, 16 at most."""
    return min(MOST_CHANNELS, kernel**2)


@dataclass(frozen=True)
class Layout:
    """Windows of `kernel` x `kernel` PEs and the slots of `channels` results in them. Raises ProgramError."""

    kernel: int
    channels: int

    def __post_init__(self) -> None:
        if self.kernel not in SIZES:
            raise ProgramError(
                f"macropixels of {self.kernel}x{self.kernel}: expected kernel = stride = 2, 4 or 8; other kernels and "
                "strides take the dense mapping (scamp5:dense)"
            )
        most = most_channels(self.kernel)
        if not 1 <= self.channels <= most:
            raise ProgramError(
                f"{self.channels} channels do not fit {self.kernel}x{self.kernel} macropixels, which have room for "
                f"1..{most}: one slot a channel"
            )

    @property
    def side(self) -> int:
        """Windows along an axis of the array."""
        return ARRAY // self.kernel

    @property
    def halves(self) -> bool:
        return self.kernel > ONE_HOT

    @property
    def lines(self) -> int:
        """One-hot bits along an axis."""
        return min(self.kernel, ONE_HOT)

    @property
    def rows(self) -> tuple[str, ...]:
        """Bits that are 1 in the rows 0, 1, ... of each window (of each half of 8 rows)."""
        return tuple(f"R{1 + n}" for n in range(self.lines))

    @property
    def columns(self) -> tuple[str, ...]:
        """The same for columns, counted from the left."""
        return tuple(f"R{1 + self.lines + n}" for n in range(self.lines))

    @property
    def half_bits(self) -> tuple[str, ...]:
        """Bits that are 1 in the upper, lower, left and right half of 8x8 windows."""
        return ("R9", "R10", "R11", "R12") if self.halves else ()

    @property
    def scratch(self) -> tuple[str, ...]:
        """Bits for masks, R0 apart. The spikes are in `spikes` at the end."""
        return () if self.halves else ("R9", "R10", "R11")

    @property
    def spikes(self) -> str:
        """The bit that holds spikes at the end."""
        return "R0" if self.halves else "R9"

    def slot(self, channel: int) -> tuple[int, int]:
        """Row and column of a channel's result in the window."""
        return channel // self.kernel, channel % self.kernel

    def readouts(self) -> list[tuple[int, int, int]]:
        """(row, column, column step) of the rectangles that hold all results and nothing else: full rows of slots in
        one go, of the last row one channel after the other."""
        full, rest = divmod(self.channels, self.kernel)
        found = [(row, 0, 1) for row in range(full)]
        return found + [(full, column, self.kernel) for column in range(rest)]

    def gather(self, plane: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Channels (O, side, side) of an upright plane (256, 256)."""
        k = self.kernel
        cells = [plane[i::k, j::k] for i, j in map(self.slot, range(self.channels))]
        return np.stack(cells)

    def from_samples(self, samples: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
        """Channels (O, side, side) of what `readouts` gave, column after column from the right."""
        channels = []
        for (_, _, step), values in zip(self.readouts(), samples, strict=True):
            upright = values.reshape(-1, self.side).T[:, ::-1]
            if step == 1:
                channels += [upright[:, j :: self.kernel] for j in range(self.kernel)]
            else:
                channels.append(upright)
        return np.stack(channels)
