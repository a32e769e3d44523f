"""A chip of a study as a machine: the one place that knows how errors, serials and seeds become one."""

from __future__ import annotations

from typing import Any

from scamp_sim.errors import ErrorModel, load_errors
from scamp_sim.machine import Machine


def portable(errors: str | ErrorModel) -> ErrorModel:
    """What all chips have in common, as it can be sent to a worker that has none of the user's files. Raises
    ProgramError."""
    return load_errors(errors)


def make_machine(errors: ErrorModel, chip: int, seed: int, **options: Any) -> Machine:
    """One chip before one measurement. options: as Machine has them. Raises ProgramError."""
    return Machine(errors=errors, seed=seed, **options)


__all__ = ["make_machine", "portable"]
