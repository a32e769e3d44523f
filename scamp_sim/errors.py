"""What analog hardware does to a value: the one object from which both engines take their errors.

The reference engine calls `written` for every write; the fast engine takes the same numbers from `parameters` and
asks `exact` whether it may join words. A model that changes one must change the other; the agreement tests hold them
together.

So far there is `ideal`: plain arithmetic, and a hard limit so far out that no sensible program meets it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim import isa
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

    def written(
        self, value: npt.NDArray[np.float32], register: str, word: int, split: tuple[int, int] = (0, 1)
    ) -> npt.NDArray[np.float32]:
        """What a register really holds after `value` (float32 plane, LSB) is written to it by word number `word`.

        split: (i, n) for the i-th of n destinations that share the current of one word; halves differ a little.
        """
        return np.clip(value, np.float32(-self.limit), np.float32(self.limit))

    def parameters(self) -> npt.NDArray[np.float32]:
        """The same model as the fast engine takes it: [limit]."""
        return np.array([self.limit], np.float32)


MODELS = {"ideal": ErrorModel()}


def load_errors(errors: str | ErrorModel) -> ErrorModel:
    """The named error model. Raises ProgramError with the nearest known name."""
    if isinstance(errors, ErrorModel):
        return errors
    if errors not in MODELS:
        near = isa.did_you_mean(errors, MODELS)
        tail = f"{near} Known" if near else "; known"
        raise ProgramError(f"unknown error model '{errors}'{tail}: {', '.join(MODELS)}")
    return MODELS[errors]
