"""The object that both engines ask for errors. `ErrorModel` itself is `ideal`: plain arithmetic and a limit far out.

The reference engine calls `written`, `seen`, `loaded` and `compared`. The fast engine asks `exact`: if nothing ever
errs, it may join words; else it takes the planes and numbers of `ChipErrors` and draws the noise itself. The agreement
tests hold the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.planes import Bits, Floats
from scamp_sim.exceptions import ProgramError


@dataclass(frozen=True)
class ErrorModel:
    """Errors of analog writes.

    limit: no register holds more than this in magnitude, in LSB. The default keeps the resolution of float32 below
    0.001 LSB, holds 25 taps of full-range pixels, and keeps runaway programs from producing infinities.
    """

    name: str = "ideal"
    limit: float = 8192.0

    def __post_init__(self) -> None:
        if not self.limit >= 128:
            raise ProgramError(f"limit is {self.limit}; a register holds at least the converter's range, 128 LSB")

    @property
    def exact(self) -> bool:
        """Whether a value passes from register to register unchanged, so that the fast engine may join words."""
        return True

    @property
    def decays(self) -> bool:
        """Whether registers change while nothing writes them."""
        return False

    @property
    def disturbs(self) -> bool:
        """Whether launches disturb all analog registers when their kernel ends on a digital word."""
        return False

    def parameters(self) -> npt.NDArray[np.float32]:
        """The same model as the fast engine takes it: [limit]."""
        return np.array([self.limit], np.float32)

    def written(self, value: Floats, register: str, word: int, split: tuple[int, int] = (0, 1)) -> Floats:
        """What a register really holds after `value` (float32 plane, LSB) is written to it by word number `word`.

        split: (i, n) for the i-th of n destinations that share the current of one word; halves differ a little.
        """
        return np.clip(value, np.float32(-self.limit), np.float32(self.limit))

    def completed(self, value: Floats, register: str, word: int) -> Floats:
        """As `written`, by a word that takes on what the word before left in NEWS."""
        return self.written(value, register, word)

    def seen(self, pix: Floats, word: int) -> Floats:
        """PIX as word number `word` finds it."""
        return pix

    def loaded(self, value: float, shape: tuple[int, int], word: int) -> Floats:
        """IN in every PE after the DAC was set to `value` LSB."""
        return np.full(shape, value, np.float32)

    def compared(self, total: Floats) -> Floats:
        """What the comparator of `where` sees."""
        return total

    def disturbed(self, value: Floats, register: str, word: int) -> Floats:
        """What a launch that ends on a digital word leaves of an analog register."""
        return value

    def stuck(self, register: str) -> tuple[Bits, Bits] | None:
        """(where, value) of the cells of a bit register that never change, None if there are none."""
        return None

    def exposed(self, pix: Floats, number: int, black: float) -> Floats:
        """PIX after exposure `number`.

        black: its reset level in LSB.
        """
        return pix

    def converted(self, plane: Floats, number: int) -> Floats:
        """An analog plane as readout `number` gives it, in LSB."""
        return plane
