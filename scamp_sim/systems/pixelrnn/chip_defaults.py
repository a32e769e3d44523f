"""Options of the macropixel mapping that the chip decides on, where a user leaves them open."""

from __future__ import annotations

from typing import Any

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon import ChipErrors, ErrorModel
from scamp_sim.systems.pixelrnn.calibrate import Calibration, calibrate, grey_trim, profile_of
from scamp_sim.systems.pixelrnn.params import Weights


def for_chip(weights: Weights, errors: ErrorModel, level: int, options: dict[str, Any]) -> dict[str, Any]:
    """Options of the macropixel mapping for the chip that it is to run on.

    options: as the user gave them, with `calibrate` if they gave that: None, as if they had not, True or False. On a
    chip of a profile with errors, what a user leaves open is chosen: if they gave none of offset, unit, gate_unit, trim
    and calibration, the profile's offset and the units that suit it, and unless calibrate=False a trim and a
    calibration. With calibrate=True what they gave is calibrated. With version="raw" only the profile's offset is
    chosen. Raises ProgramError.
    """
    options = dict(options)
    raw = take_version(options)
    wanted = options.pop("calibrate", None)
    if wanted is not None and not isinstance(wanted, (bool, np.bool_)):
        raise ProgramError(f"calibrate is {wanted!r:.40}; it is True or False")
    if wanted and options.get("calibration") is not None:
        raise ProgramError("calibrate=True measures a calibration; leave it out, or leave out the one that is given")
    if not isinstance(errors, ChipErrors):
        if wanted and not errors.exact:
            profile_of(errors)
        return options
    from scamp_sim.kernels.pixelrnn.macropixel import LARGEST_OFFSET, UNIT, checked_levels, chip_units

    given = any(options.get(name) is not None for name in ("offset", "unit", "gate_unit", "trim", "calibration"))
    if raw and (given or wanted):
        raise ProgramError("version='raw' takes the profile's offset and nothing else; leave it out, or the rest")
    measure = wanted or (wanted is None and not given and not raw)
    front_end = bool(options.get("front_end", False))
    if not given:
        options["offset"] = int(np.clip(round(errors.profile["transfer_offset"]), 0, LARGEST_OFFSET))
        if not raw:
            options["unit"], options["gate_unit"] = chip_units(weights, options["offset"])
    if weights.layers != 1 and wanted:
        raise ProgramError("a calibration is for weights with one layer of kernels; these have two")
    offset, unit, gate_unit = checked_levels(
        options.get("offset", 0), options.get("unit", UNIT), options.get("gate_unit")
    )
    if measure and offset and not front_end and options.get("trim") is None:
        options["trim"] = grey_trim(errors, level, offset)
    if measure and weights.layers == 1:
        options["calibration"] = calibrate(
            weights, errors, offset=offset, unit=unit, gate_unit=gate_unit, trim=options.get("trim") or 0, level=level,
            front_end=front_end,
        )  # fmt: skip
    elif isinstance(options.get("calibration"), Calibration):
        options["calibration"].check_profile(errors.population)
    return options


def take_version(options: dict[str, Any]) -> bool:
    """Whether the version is given that is not fitted to noise; it is taken out. Raises ProgramError for others."""
    version = options.pop("version", None)
    if version not in (None, "raw"):
        raise ProgramError(f"the mapping 'macropixel' has no version {version!r:.40}; it is 'raw' or none")
    return version is not None


__all__ = ["for_chip", "take_version"]
