"""What readouts give, from the planes that they took: conversion, the order of the SDK's buffers, bit stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from scamp_sim.chip import readout
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import BITSTACK, BITSTACK_BIT, HostCall, Output
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.model import ErrorModel
from scamp_sim.text import plural

ReadoutState = tuple[int, tuple[Any, ...], int]
"""(conversions so far, planes of the picture that is being put together, how many it is to have)."""


class Readouts:
    """The way out of one machine.

    see: what a register shows now, by its name.
    """

    def __init__(
        self, see: Callable[[str], Any], errors: ErrorModel, shape: tuple[int, int], options: ArrayOptions
    ) -> None:
        self._see = see
        self._shape = shape
        self._options = options
        self.restart(errors)
        self.forget()

    def restart(self, errors: ErrorModel) -> None:
        """Begin another measurement: conversions are counted from 0."""
        self._errors = errors
        self._conversions = 0

    def forget(self) -> None:
        """No picture is being put together."""
        self._stack: list[Any] = []
        self._stack_size = 0

    def save(self) -> ReadoutState:
        """Where the way out stands."""
        return self._conversions, tuple(self._stack), self._stack_size

    def restore(self, state: ReadoutState, errors: ErrorModel) -> None:
        """Be again as when this was told."""
        self._errors = errors
        self._conversions, stack, self._stack_size = state
        self._stack = [*stack]

    def results(self, readouts: Iterable[Output | HostCall], planes: Iterator[Any]) -> dict[str, Any]:
        """What they give by name: a plane that is still in its register, and needs no conversion, is its name."""
        outputs: dict[str, Any] = {}
        for step in readouts:
            if isinstance(step, Output):
                outputs[step.name] = self._converted(next(planes))
            elif step.name.startswith(BITSTACK):
                if step.name == BITSTACK_BIT:
                    plane = self._now(next(planes))
                    if len(self._stack) >= self._stack_size:
                        raise ProgramError(
                            f"scamp5_output_bitstack_bit: all {plural(self._stack_size, 'plane')} announced by "
                            "scamp5_output_bitstack_begin have been given"
                        )
                    self._stack.append(plane)
                elif step.name.endswith("begin"):
                    self._stack, self._stack_size = [], int(step.args[0])
                else:
                    outputs[step.result] = self._picture()
            else:
                plane = self._now(next(planes))
                seen = self._converted(plane) if readout.by_element(step) else plane
                value = readout.result(step, seen, self._shape, self._options)
                if step.result:
                    outputs[step.result] = value
        return outputs

    def _converted(self, plane: Any) -> Any:
        """A plane as it leaves the chip: through the converter if it is analog. A register's name stays one."""
        if self._errors.exact or plane.dtype == np.bool_:
            return plane
        self._conversions += 1
        return self._errors.converted(plane, self._conversions - 1)

    def _now(self, plane: Any) -> Any:
        """A plane that a readout took, read if it is still in its register."""
        return self._see(plane) if isinstance(plane, str) else plane

    def _picture(self) -> Any:
        if not self._stack or len(self._stack) != self._stack_size:
            raise ProgramError(
                f"the picture has {plural(len(self._stack), 'plane')}, but scamp5_output_bitstack_begin announced "
                f"{self._stack_size}"
            )
        picture = readout.bit_stack(self._stack)
        self.forget()
        return picture


__all__ = ["ReadoutState", "Readouts"]
