"""What plans know of chips of a profile: the offset of a transfer, and what becomes of sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from scamp_sim.silicon import ChipProfile
from scamp_sim.silicon.setup import Errors
from scamp_sim.study import chips as kinds
from scamp_sim.systems.network.planning.margins import EXACT, Response

MOST_OFFSET = 40
"""LSB of a transfer's offset that programs make up for."""


def offset_of(errors: Errors) -> int:
    """LSB that a transfer adds on chips of a profile, as programs make up for it. Raises ProgramError."""
    kind = kinds.portable(errors)
    if kinds.is_ideal(kind) or not isinstance(kind, ChipProfile):
        return 0
    return int(np.clip(round(kind["transfer_offset"]), 0, MOST_OFFSET))


def response_of(errors: Errors) -> Response:
    """What chips of a profile make of sums."""
    from scamp_sim.systems.network.planning.spread import Measured

    kind = kinds.portable(errors)
    return EXACT if kinds.is_ideal(kind) or _only_offset(kind) else Measured(kind)


def _only_offset(kind: Any) -> bool:
    """Whether transfers add an offset, which is made up for, and nothing else is wrong."""
    return isinstance(kind, ChipProfile) and kinds.is_ideal(kind.changed(transfer_offset=0.0))


__all__ = ["offset_of", "response_of"]
