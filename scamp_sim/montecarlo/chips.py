"""A chip of a study as a machine: the one place that knows how a profile, a serial and a seed become one."""

from __future__ import annotations

from typing import Any

import numpy as np

from scamp_sim.errors import ChipErrors, ChipProfile, ErrorModel
from scamp_sim.errors.setup import Errors, parse_profile
from scamp_sim.montecarlo.store import describe

Kind = ChipProfile | ErrorModel
"""What all chips of a study have in common; a model of one's own is the same for all of them."""


def portable(errors: Errors) -> Kind:
    """What all chips have in common, as it can be sent to a worker that has none of the user's files. Raises
    ProgramError."""
    if isinstance(errors, ChipErrors):
        return errors.profile
    return errors if isinstance(errors, (ChipProfile, ErrorModel)) else parse_profile(errors)


def is_ideal(kind: Kind) -> bool:
    """Whether all chips and seeds are the same."""
    return kind.ideal if isinstance(kind, ChipProfile) else kind.exact


def key(kind: Kind) -> Any:
    """What tells the errors of two studies apart, as plain values."""
    if isinstance(kind, ChipProfile):
        return describe([kind.key(), kind.shape])
    return [describe(kind), np.asarray(kind.parameters()).tolist()]


__all__ = ["Kind", "is_ideal", "key", "portable"]
