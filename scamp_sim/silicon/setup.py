"""From what a user names to an error model: `ideal`, `scamp5`, a file, `scamp5:write_noise=0.5,stuck_cells=3`."""

from __future__ import annotations

from pathlib import Path

from scamp_sim.checks import integer
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.silicon.chip import ChipErrors
from scamp_sim.silicon.model import ErrorModel
from scamp_sim.silicon.profiles import ChipProfile, load_profile, profile_names
from scamp_sim.text import short

Errors = str | Path | ChipProfile | ErrorModel

HIGHEST_SERIAL = 2**32 - 1


def load_errors(errors: Errors, shape: tuple[int, int] = (256, 256), chip: int = 0, seed: int = 0) -> ErrorModel:
    """The error model of chip number `chip` of a profile, for one measurement.

    errors: the name of a profile, a file (*.json), either with knobs behind a colon, a ChipProfile, or a model of one's
    own. A ChipErrors keeps its chip, and takes the seed that is given here. Raises ProgramError.
    """
    serial, seed = whole(chip, "chip"), whole(seed, "seed")
    if isinstance(errors, ChipErrors):
        if errors.shape != tuple(shape):
            raise ProgramError(
                f"the errors are those of a chip of {errors.shape[0]}x{errors.shape[1]}; the array is "
                f"{shape[0]}x{shape[1]}; give its profile instead: errors.population"
            )
        if serial and serial != errors.serial:
            raise ProgramError(
                f"chip is {serial}, but the errors are those of chip {errors.serial}; give its profile instead: "
                "errors.population"
            )
        return errors.reseeded(seed) if errors.seed != seed else errors
    if isinstance(errors, ErrorModel):
        return errors
    profile = errors if isinstance(errors, ChipProfile) else parse_profile(errors)
    if profile.shape is not None and profile.shape != tuple(shape):
        raise ProgramError(
            f"profile '{profile.name}' is for an array of {profile.shape[0]}x{profile.shape[1]}; this one is "
            f"{shape[0]}x{shape[1]}"
        )
    if profile.ideal:
        return ErrorModel(profile.name)
    return ChipErrors(profile.name, profile=profile, serial=serial, seed=seed, shape=(shape[0], shape[1]))


def whole(value: object, name: str) -> int:
    """A serial or a seed. Raises ProgramError."""
    return integer(name, value, 0, HIGHEST_SERIAL)


def parse_profile(text: str | Path) -> ChipProfile:
    """NAME, FILE.json, or either with `:knob=value,knob=value`. Raises ProgramError."""
    if not isinstance(text, (str, Path)):
        raise ProgramError(f"errors is {text!r:.60}; give the name of a chip profile, a file, or a ChipProfile")
    name, colon, tail = str(text).partition(":")
    if colon and "=" not in tail and name not in profile_names() and not name.endswith(".json"):
        name, tail = str(text), ""  # a path may hold a colon
    profile = load_profile(name)
    knobs: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in tail.split(","))):
        knob, _, value = (t.strip() for t in part.partition("="))
        if knob in knobs:
            raise OptionError(f"{knob} is given twice behind profile '{name}'; leave one out")
        try:
            knobs[knob] = float(value)
        except ValueError:
            raise OptionError(
                f"'{short(part, 80)}' behind profile '{name}': write knob=number, such as write_noise=0.2"
            ) from None
    try:
        return profile.changed(**knobs) if knobs else profile
    except ProgramError as e:
        raise OptionError(str(e)) from None
