"""Options of the macropixel mapping that the chip decides on, where a user leaves them open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.pixelrnn.options import LARGEST_OFFSET, MacropixelOptions
from scamp_sim.silicon import ChipErrors, ErrorModel
from scamp_sim.systems.pixelrnn.calibrate import calibrate, grey_trim, profile_of
from scamp_sim.systems.pixelrnn.params import Weights


def for_chip(weights: Weights, errors: ErrorModel, options: MacropixelOptions) -> MacropixelOptions:
    """The options for the chip that the network is to run on.

    weights: of the network.
    errors: those of the chip.
    options: as the user chose them. On a chip of a profile with errors, what a user leaves open is chosen: if they
        chose none of offset, unit, gate_unit, trim and calibration, the profile's offset and the units that suit it,
        and unless calibrate=False a trim and a calibration. With calibrate=True what they chose is calibrated. With
        version="raw" only the profile's offset is chosen.

    Raises ProgramError.
    """
    wanted, raw, given = options.calibrate, options.version == "raw", options.given
    if wanted and options.calibration is not None:
        raise ProgramError("calibrate=True measures a calibration; leave it out, or leave out the one that is given")
    if not isinstance(errors, ChipErrors):
        if wanted and not errors.exact:
            profile_of(errors)
        return options
    if raw and (given or wanted):
        raise ProgramError("version='raw' takes the profile's offset and nothing else; leave it out, or the rest")
    measure = wanted or (wanted is None and not given and not raw)
    if not given:
        options = replace(options, offset=_offset(errors))
        if not raw:
            unit, gate_unit = _units(weights, options.offset or 0)
            options = replace(options, unit=unit, gate_unit=gate_unit)
    if weights.layers != 1 and wanted:
        raise ProgramError("a calibration is for weights with one layer of kernels; these have two")
    if measure and options.offset and not options.front_end and options.trim is None:
        options = replace(options, trim=grey_trim(errors, options.level, options.offset))
    if measure and weights.layers == 1:
        return replace(options, calibration=calibrate(weights, errors, options))
    if options.calibration is not None:
        options.calibration.check_profile(errors.population)
    return options


def _offset(errors: ChipErrors) -> int:
    """LSB that a transfer adds, as programs can make up for it."""
    return int(np.clip(round(errors.profile["transfer_offset"]), 0, LARGEST_OFFSET))


def _units(weights: Weights, offset: int) -> tuple[int, int]:
    from scamp_sim.kernels.pixelrnn.macropixel import chip_units

    return chip_units(weights, offset)


__all__ = ["for_chip"]
