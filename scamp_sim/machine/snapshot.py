"""What a machine is at one moment, as a value that it can go back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scamp_sim.engine.state import EngineState
from scamp_sim.machine.debugger import Stepper, StepperState
from scamp_sim.machine.decay_clock import ClockState
from scamp_sim.machine.results import ReadoutState
from scamp_sim.silicon.model import ErrorModel


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Made by `Machine.snapshot`, taken by `Machine.restore`; its fields are no one else's business.

    machine: a mark of the one that it is of.
    """

    machine: object
    errors: ErrorModel
    engine: EngineState
    clock: ClockState | None
    exposures: int
    readouts: ReadoutState
    drawing: str
    stepper: tuple[Stepper, StepperState] | None
    finished: Any
    spent: Mapping[int, Any]

    def sharing(self, other: Snapshot) -> Snapshot:
        """The same snapshot, with the planes of another that hold the same bits."""
        return replace(self, engine=self.engine.sharing(other.engine))


__all__ = ["Snapshot"]
