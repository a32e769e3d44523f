"""What a mapping of the network onto the array is: the steps of a frame, and what is looked at behind them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy.typing as npt

from scamp_sim.chip.program import Program
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.pixelrnn.options import Calibration
from scamp_sim.kernels.pixelrnn.shapes import FRAMES, Bits, Floats
from scamp_sim.machine.machine import Machine


@dataclass(frozen=True)
class Step:
    """One step of a frame as the reports show it, with the part of the run that it is, and planes that it is given."""

    title: str
    program: Program
    inputs: Map[str, Any] | None = None


class Mapping(Protocol):
    """A way to lay the network out on the array, for one set of weights."""

    name: str
    input_register: str
    """Holds the binarised frame, sixteen times, after the first step of a frame."""

    @property
    def front_end(self) -> bool:
        """Whether the array scales the frames down and copies them."""
        ...

    @property
    def level(self) -> int:
        """Grey above it counts as +1."""
        ...

    @property
    def calibration(self) -> Calibration | None:
        """What o is corrected by outside the array, if it is."""
        ...

    @property
    def own_edges(self) -> bool:
        """Whether edges and ties differ from the golden model's, so that a model of its own is wanted beside it."""
        ...

    def steps(self, t: int) -> Sequence[Step]:
        """What the chip does for frame t of 16, in order."""
        ...

    def picture(self, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The picture that PIX is to see: (256, 256), 0..255, from a frame (64, 64), uint8 grey or bool."""
        ...

    def look(self, machine: Machine) -> tuple[Bits, Bits, Bits]:
        """b, f and h after a frame, (64, 64) bool each, read behind the program's back."""
        ...

    def output(self, results: dict[str, Any]) -> Floats:
        """o, (64, 64) float32 in units of one tap product, from what the last frame put out."""
        ...


class ThreeKinds(ABC):
    """Steps of a mapping whose first and last frames are not like those between; each kind is made once."""

    def steps(self, t: int) -> Sequence[Step]:
        """What the chip does for frame t of 16, in order."""
        return self._first if t == 0 else self._last if t == FRAMES - 1 else self._middle

    @abstractmethod
    def _frame(self, **options: int) -> Sequence[Step]:
        """The steps of a frame that sets the state (start=1), that reads o out (read=1), or neither."""

    @cached_property
    def _first(self) -> Sequence[Step]:
        return self._frame(start=1)

    @cached_property
    def _middle(self) -> Sequence[Step]:
        return self._frame()

    @cached_property
    def _last(self) -> Sequence[Step]:
        return self._frame(read=1)


def check_kernels(weights: object, layers: int, mapping: str) -> None:
    """Raises ProgramError unless these are weights with that many layers of kernels."""
    if not (hasattr(weights, "layers") and hasattr(weights, "layer")):
        raise ProgramError(f"expected Weights, not {weights!r:.40}; Weights.load(path) reads a file")
    if weights.layers != layers:
        takes = "one layer" if layers == 1 else f"{layers} layers"
        raise ProgramError(f"the {mapping} mapping takes {takes} of kernels; these weights have {weights.layers}")


__all__ = ["Mapping", "Step", "ThreeKinds", "check_kernels"]
