"""`scamp-sim network costs`: words, time, energy and bytes of a frame, part by part."""

from __future__ import annotations

import argparse

from scamp_sim.cli import options
from scamp_sim.cli.network.planned import add_plan, plan_of
from scamp_sim.cli.output import print_json

ABOUT = "show words, time, energy and bytes of a frame, part by part, and the profile of its program"


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `network costs`."""
    add_plan(parser)
    parser.add_argument(
        "--errors", metavar="PROFILE", default="ideal", help="for chips of this profile (default: ideal)"
    )
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`network costs NET`. Raises ScampError."""
    from scamp_sim.costs.timing import load_timing, profile

    found = plan_of(args)
    (program,) = found.programs()
    seen = profile(program, load_timing(found.timing))
    if args.format == "json":
        print_json({**found.cost().as_dict(), "profile": seen.as_dict()})
    else:
        print(f"{found.cost().text()}\n{seen.text()}", end="")
    return 0


__all__ = ["ABOUT", "register", "run"]
