"""`scamp-sim network export`: a plan as C++ for the SDK."""

from __future__ import annotations

import argparse

from scamp_sim.cli import options
from scamp_sim.cli.network.planned import add_plan, plan_of
from scamp_sim.cli.output import print_json

ABOUT = "write the plan as C++ for the SDK: kernels, weights, and the controller's part"


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `network export`."""
    add_plan(parser)
    parser.add_argument(
        "--errors", metavar="PROFILE", default="ideal", help="for chips of this profile (default: ideal)"
    )
    parser.add_argument("--to", metavar="DIR", required=True, help="the folder of network.cpp and plan.json")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`network export NET --to DIR`. Raises ScampError."""
    from scamp_sim.systems.network.cpp import export

    plan = plan_of(args)
    files = export(plan, args.to)
    if args.format == "json":
        print_json({"files": [str(f) for f in files], "words": plan.cost().words, "us": plan.cost().us})
    else:
        print(f"wrote {', '.join(map(str, files))}: {plan.cost().words:,} words, {plan.cost().us or 0:,.0f} us a frame")
        print(f"run it   scamp-sim run {files[0]} --image PICTURE, a picture of 256x256 as the array sees it")
    return 0


__all__ = ["ABOUT", "register", "run"]
