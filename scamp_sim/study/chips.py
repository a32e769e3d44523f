"""A chip of a study as a machine: the one place that knows how a profile, a serial and a seed become one."""

from __future__ import annotations

from typing import Any

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon import ChipErrors, ChipProfile, ErrorModel
from scamp_sim.silicon.setup import Errors, parse_profile
from scamp_sim.study.results_store import describe

Kind = ChipProfile | ErrorModel
"""What all chips of a study have in common; a custom model is the same for all of them."""


def portable(errors: Errors) -> Kind:
    """What all chips have in common, as it can be sent to a worker that has none of the user's files. Raises
    ProgramError."""
    if isinstance(errors, ChipErrors):
        return errors.population
    return errors if isinstance(errors, (ChipProfile, ErrorModel)) else parse_profile(errors)


def named(errors: Errors) -> str:
    """Errors in words: as a user wrote them, or would have, or by the name of a model."""
    if isinstance(errors, ChipErrors):
        errors = errors.population
    if not isinstance(errors, ChipProfile):
        return errors.name if isinstance(errors, ErrorModel) else str(errors)
    base = errors.base
    knobs = [] if base is None or base.name != errors.name else sorted(errors.chosen)
    changed = [f"{knob}={errors[knob]:g}" for knob in knobs if base is not None and errors[knob] != base[knob]]
    return ":".join([errors.name, *([",".join(changed)] if changed else [])])


def is_ideal(kind: Kind) -> bool:
    """Whether all chips and seeds are the same. Of a custom model there is no telling, `exact` or not."""
    return kind.ideal if isinstance(kind, ChipProfile) else type(kind) is ErrorModel


def key(kind: Kind) -> Any:
    """What distinguishes the errors of two studies, as plain values. Raises ProgramError for a custom model: what
    it does is in its code, which its fields do not tell."""
    if isinstance(kind, ChipProfile):
        return describe([kind.key(), kind.shape])
    if type(kind) is not ErrorModel:
        raise ProgramError(
            f"results with a custom error model ({type(kind).__name__}) cannot be kept, since a file cannot "
            "distinguish them; omit out=..., or describe the chip by a ChipProfile"
        )
    return describe(kind)


__all__ = ["Kind", "is_ideal", "key", "named", "portable"]
