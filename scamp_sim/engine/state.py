"""The state of an array as a value: what an engine gives, and takes back, so that a run can be gone on with from there.

Programs that an engine has prepared, and the errors of its chip, are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class EngineState:
    """All planes of an array, and where its draws stand. Planes belong to the state: nobody may write to them.

    analog: register -> its plane as the engine holds it, float32.
    bits: the same of bit registers, FLAG and latches among them; packed or not, as the engine holds them.
    flag_ones: whether FLAG is known to be 1 in all PEs.
    word: number of the next word that draws noise.
    quiet: whether IN is at its top, where that is kept.
    """

    analog: Mapping[str, npt.NDArray[Any]]
    bits: Mapping[str, npt.NDArray[Any]]
    flag_ones: bool
    word: int
    quiet: bool

    def planes(self) -> Iterator[npt.NDArray[Any]]:
        """All planes, analog ones first."""
        yield from self.analog.values()
        yield from self.bits.values()

    def sharing(self, other: EngineState) -> EngineState:
        """The same state, which takes the planes of another that hold the same bits, so that both need less memory."""
        return replace(self, analog=_shared(self.analog, other.analog), bits=_shared(self.bits, other.bits))


def _shared(own: Mapping[str, npt.NDArray[Any]], others: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    return {name: others[name] if _same(plane, others[name]) else plane for name, plane in own.items()}


def _same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    """Whether planes agree bit for bit: 0.0 is not -0.0."""
    return bool(np.array_equal(a.view(np.uint8), b.view(np.uint8)))


__all__ = ["EngineState"]
