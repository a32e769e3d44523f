"""Analog errors: what silicon does to a value. Knobs, chip profiles and the models that the engines ask."""

from __future__ import annotations

from scamp_sim.silicon.chip import ChipErrors
from scamp_sim.silicon.effects import without_effect
from scamp_sim.silicon.knobs import KNOBS, Knob
from scamp_sim.silicon.model import ErrorModel
from scamp_sim.silicon.profiles import ChipProfile, load_profile, profile_names
from scamp_sim.silicon.setup import load_errors

__all__ = [
    "KNOBS",
    "ChipErrors",
    "ChipProfile",
    "ErrorModel",
    "Knob",
    "load_errors",
    "load_profile",
    "profile_names",
    "without_effect",
]
