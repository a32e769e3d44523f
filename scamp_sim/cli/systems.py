"""`scamp-sim system validate`, and what the actions of `system` share."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from scamp_sim.cli.output import print_json
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.systems.base import registry
from scamp_sim.systems.base.options import describe, parse_realisation
from scamp_sim.systems.base.protocol import ClipSet, Realisation, System, hardware_of
from scamp_sim.text import plural


def chosen_on(system: System[Any], args: argparse.Namespace, default: str = "") -> Realisation:
    """The realisation that --on names. Raises ProgramError, also for errors that it cannot have."""
    on = system.settle(parse_realisation(args.on or default or system.default_on, system.realisations), args)
    if on.name == "golden" and getattr(args, "errors", "ideal") != "ideal":
        raise ProgramError("the golden model has no errors: choose another --on, or leave out --errors")
    return on


def noise_seed(args: argparse.Namespace) -> int:
    """The seed of the noise. Raises ProgramError."""
    if args.seed < 0:
        raise OptionError(f"--seed must be at least 0, got {args.seed}")
    return int(args.seed)


def errors_line(args: argparse.Namespace, on: Realisation) -> str:
    """The errors in force in a line, "" for none."""
    from scamp_sim.cli.chip_notes import in_force

    return in_force(args) if on.on_array else ""


def announce(system: System[Any], on: Realisation, args: argparse.Namespace) -> None:
    if on.on_array and args.engine == "fast":
        from scamp_sim.show.session import announce_compilation

        announce_compilation(args.errors)


def validate(args: argparse.Namespace) -> int:
    """`system validate`: many clips against the models. Differences are no error of the command."""
    from scamp_sim.cli.studies import asked
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.files import check_file

    seed, system = noise_seed(args), registry.system(args.name)
    default = system.default_on if system.default_on != "golden" else _not_golden(system)
    on = chosen_on(system, args, default)
    if on.name == "golden":
        raise ProgramError("the golden model is what others are compared with: choose another --on")
    if args.out is not None:
        check_file(args.out, "results")
    load_timing(args.timing)  # what is wrong with it is told, whether words are priced or not
    params = system.parameters(args)
    clips = system.data(args.clips, system.frames(params, on), args)
    announce(system, on, args)
    if asked(args):
        return _over_chips(args, system, params, clips, on)
    return _one_chip(args, system, params, clips, on, seed)


def _not_golden(system: System[Any]) -> str:
    """The first realisation that can differ from the golden model. Raises ProgramError if there is none."""
    for name in system.realisations:
        if name != "golden":
            return name
    raise ProgramError(f"system '{system.name}' has no realisation beside its golden model")


def _one_chip(
    args: argparse.Namespace, system: System[Any], params: Any, clips: ClipSet, on: Realisation, seed: int
) -> int:
    from scamp_sim.cli.chip_notes import note_one_chip
    from scamp_sim.show.progress import kept, progress
    from scamp_sim.show.render import check_folder, write_pictures
    from scamp_sim.systems.base.study.run import validate
    from scamp_sim.systems.base.study.worst import worst

    if args.plot is not None:
        raise OptionError("--plot draws a study over chips; add --chips LIST, or leave it out")
    if args.pictures is not None:
        check_folder(args.pictures, option="--pictures")
    hardware, started = hardware_of(args), time.monotonic()
    wanted = min(len(clips), args.limit or len(clips))
    with kept(args.out), progress(wanted, "clips") as advance:
        found = validate(
            system,
            params,
            clips,
            on,
            hardware,
            seed=seed,
            jobs=args.jobs,
            out=args.out,
            limit=args.limit,
            advance=advance,
        )
    if on.on_array:
        note_one_chip(args.errors)
    files: list[str] = []
    if args.pictures is not None:
        pictures = worst(system, params, clips, on, hardware, seed, found)
        files = [str(path) for path in write_pictures(args.pictures, pictures)]
    if args.format == "json":
        print_json({**found.as_dict(), "results": args.out, "pictures": files})
        return 0
    print(f"validation of {system.name}, {describe(on)}: {plural(wanted, 'clip')} of {clips.source}")
    print(f"{errors_line(args, on)}\n{found.text()}", end="")
    _told(args, found.ran, time.monotonic() - started, files)
    return 0


def _over_chips(args: argparse.Namespace, system: System[Any], params: Any, clips: ClipSet, on: Realisation) -> int:
    from scamp_sim.cli.chip_notes import note_ideal
    from scamp_sim.cli.studies import chosen
    from scamp_sim.show import plots
    from scamp_sim.show.progress import kept, progress
    from scamp_sim.study.grid import heading, make_grid
    from scamp_sim.systems.base.study import plot
    from scamp_sim.systems.base.study.run import measure

    if args.pictures is not None:
        raise OptionError("--pictures shows one run; leave it out of a study over chips, or name one --chip")
    if args.plot is not None:
        plots.check(args.plot)
    grid = make_grid(*chosen(args), min(len(clips), args.limit or len(clips)))
    if on.on_array:
        note_ideal(args.errors)
    started = time.monotonic()
    with kept(args.out), progress(len(grid), "clips") as advance:
        found = measure(
            system,
            params,
            clips,
            on,
            hardware_of(args),
            chips=grid.chips,
            seeds=grid.seeds,
            jobs=args.jobs,
            cluster=args.cluster,
            out=args.out,
            limit=args.limit,
            advance=advance,
        )
    if args.plot is not None:
        plot.write(args.plot, found)
    if args.format == "json":
        print_json({**found.as_dict(), "results": args.out, "plot": args.plot})
        return 0
    title = f"validation of {system.name}, {describe(on)}, errors {found.about['errors']}"
    print(f"{title}: {heading(grid)} x {plural(grid.items, 'clip')} of {clips.source}\n\n{found.text()}", end="")
    _told(args, found.ran, time.monotonic() - started, [args.plot] if args.plot else [])
    return 0


def _told(args: argparse.Namespace, ran: int, seconds: float, files: Sequence[str]) -> None:
    """Where results and pictures are, and how long it took."""
    if args.out is not None:
        print(f"results: {args.out}")
    if files:
        print(f"pictures: {', '.join(files)}")
    each = f"took {seconds:.1f} s, {seconds / ran * 1e3:.1f} ms each" if ran else "all were in the results file"
    print(f"{plural(ran, 'clip')} run; {each}")


__all__ = ["announce", "chosen_on", "errors_line", "noise_seed", "validate"]
