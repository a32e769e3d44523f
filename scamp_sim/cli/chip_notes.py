"""What commands say of the errors that a run had."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from scamp_sim.silicon import effects


def note_errors(args: argparse.Namespace, programs: Any, seconds: float, shape: tuple[int, int]) -> dict[str, Any]:
    """What errors a run had, for JSON, after a note on stderr about knobs that it could not feel. Raises ProgramError.

    seconds: modelled time of everything that ran.
    """
    felt = effects.report(args.errors, args.chip, args.seed, programs, seconds, shape)
    profile, vain = effects.profile_of(args.errors), felt["without_effect"]
    note = "" if profile is None else effects.note(profile, vain)
    if profile is not None and vain and not profile.chosen & vain.keys():  # the note counts them only
        more = f" and {len(vain) - effects.NAMED} more" if len(vain) > effects.NAMED else ""
        note += f": {', '.join([*vain][: effects.NAMED])}{more}"
    if note:
        print(f"scamp-sim: note: {note}", file=sys.stderr)
    if "chip" in getattr(args, "given", ()):
        note_ideal(args.errors)
    return felt


def note_ideal(errors: Any) -> None:
    """A note on stderr if chips and seeds that were asked for are all the same. Raises ProgramError."""
    from scamp_sim.study.chips import is_ideal, portable

    if is_ideal(portable(errors)):
        print("scamp-sim: note: the errors are ideal: all chips and seeds are the same", file=sys.stderr)


def note_one_chip(errors: Any) -> None:
    """A note on stderr that one chip is not chips, unless errors are ideal. Raises ProgramError."""
    from scamp_sim.study.chips import is_ideal, portable

    if not is_ideal(portable(errors)):
        print(
            "scamp-sim: note: one chip with one seed; its intervals do not say how chips differ. --chips 1-8 --seeds 2 "
            "makes a study of several",
            file=sys.stderr,
        )


def in_force(args: argparse.Namespace) -> str:
    """The errors of a run in a line, as the user gave them; "" for none. Raises ProgramError."""
    profile = effects.profile_of(args.errors)
    if profile is not None and profile.ideal:
        return ""
    return f"errors of {args.errors}, chip {args.chip}, seed {args.seed}\n"
