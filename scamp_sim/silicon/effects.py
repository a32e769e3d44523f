"""Which knobs of a profile have no effect on a program: they are reported, not ignored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scamp_sim.chip.host import CHIP, DEFAULT, Disturb, execution
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import HostCall, Output, Program, Word
from scamp_sim.chip.readout import by_element
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.chip import ChipErrors
from scamp_sim.silicon.knobs import ANALOG, KNOBS, Survey
from scamp_sim.silicon.model import ErrorModel
from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.silicon.setup import Errors, parse_profile

NAMED = 6
"""Knobs that a note names; more are counted."""


def profile_of(errors: Errors) -> ChipProfile | None:
    """The profile behind what a user gave; None for a custom model. Raises ProgramError."""
    if isinstance(errors, ErrorModel):
        return errors.profile if isinstance(errors, ChipErrors) else None
    return errors if isinstance(errors, ChipProfile) else parse_profile(errors)


def switched_on(profile: ChipProfile) -> dict[str, float]:
    """Knob -> its value, for those that differ from the ideal."""
    return {k.name: profile[k.name] for k in KNOBS.values() if profile[k.name] != k.ideal}


def survey(
    programs: Program | Iterable[Program],
    seconds: float,
    values: Mapping[str, float],
    shape: tuple[int, int] = CHIP,
    options: ArrayOptions = DEFAULT,
) -> Survey:
    """What of some programs, run one after another on one machine, can feel an error. Raises ProgramError."""
    words: set[Word] = set()
    taken: set[str] = set()
    disturbed = samples = False
    for program in _programs(programs):
        for action in execution(program, shape, options, disturbs=True):
            if isinstance(action, Word):
                words.add(action)
            disturbed = disturbed or isinstance(action, Disturb)
        for step in program.readouts:
            analog = {step.register} if isinstance(step, Output) else {a for a in step.args if isinstance(a, str)}
            taken |= analog
            each = isinstance(step, Output) or (isinstance(step, HostCall) and by_element(step))
            samples = samples or (each and bool(analog & {*ANALOG}))
        if not program.readouts:  # a run then gives every register that is written
            taken |= {*program.written}
    return Survey(frozenset(words), frozenset(taken), disturbed, samples, seconds, values)


def _programs(given: Any) -> list[Program]:
    """One program or several, as a list. Raises ProgramError for anything else, such as the text of one."""
    several = isinstance(given, Iterable) and not isinstance(given, (str, bytes, Program))
    found: list[Program] = []
    for program in given if several else [given]:
        if not isinstance(program, Program):
            raise ProgramError(f"expected a Program, got {program!r:.60}; create one with scamp_sim.assemble(...)")
        found.append(program)
    return found


def without_effect(
    errors: Errors,
    programs: Program | Iterable[Program],
    seconds: float = 0.0,
    shape: tuple[int, int] = CHIP,
    options: ArrayOptions = DEFAULT,
) -> dict[str, str]:
    """The knobs that are on and have no effect on the programs: knob -> what it would take.

    seconds: modelled time of everything that is run on the machine, waits included, such as
    `machine.spent.time_us * 1e-6`; values decay in it. Raises ProgramError.
    """
    profile = profile_of(errors)
    on = {} if profile is None else switched_on(profile)
    if profile is None or not on:
        return {}
    found = survey(programs, seconds, profile.knobs, shape, options)
    vain = {}
    for name in on:
        knob = KNOBS[name]
        if knob.along and knob.along not in on:
            vain[name] = f"needs {knob.along}, which is off"
        elif not knob.felt(found):
            vain[name] = f"needs {knob.needs}"
    return vain


def note(profile: ChipProfile, vain: Mapping[str, str]) -> str:
    """What to tell a user about knobs without effect: those that the user has set by name, the others by number; empty
    if there is nothing to tell."""
    if not vain:
        return ""
    own = [name for name in vain if name in profile.chosen]
    if not own:
        count = len(switched_on(profile))
        return f"profile {profile.name}: {len(vain)} of its {count} knobs are without effect on this program"
    named = ", ".join(f"{name} ({vain[name]})" for name in own[:NAMED])
    more = f" and {len(own) - NAMED} more" if len(own) > NAMED else ""
    return f"profile {profile.name}: without effect on this program: {named}{more}"


def report(
    errors: Errors,
    chip: int,
    seed: int,
    programs: Program | Iterable[Program],
    seconds: float,
    shape: tuple[int, int] = CHIP,
) -> dict[str, Any]:
    """The errors of a run as plain values: {profile, chip, seed, knobs, without_effect}; knobs: those that are on.

    Raises ProgramError.
    """
    profile = profile_of(errors)
    return {
        "profile": profile.name if profile is not None else str(getattr(errors, "name", errors)),
        "chip": chip,
        "seed": seed,
        "knobs": {} if profile is None else switched_on(profile),
        "without_effect": without_effect(errors, programs, seconds, shape),
    }


__all__ = ["NAMED", "note", "profile_of", "report", "survey", "switched_on", "without_effect"]
