"""`scamp-sim network plan`: which layer goes where, in how many words and microseconds, and how near thresholds are."""

from __future__ import annotations

import argparse

from scamp_sim.cli import options
from scamp_sim.cli.network.planned import add_plan, plan_of
from scamp_sim.cli.output import print_json
from scamp_sim.files import check_file

ABOUT = "show which layer goes where on the array, its price, what leaves, and how near thresholds are"


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `network plan`."""
    add_plan(parser)
    parser.add_argument(
        "--errors", metavar="PROFILE", default="ideal", help="for chips of this profile (default: ideal)"
    )
    parser.add_argument("--margins", action="store_true", help="show the margin of every channel")
    parser.add_argument(
        "--out", metavar="FILE", help="write the plan to FILE, as JSON; the other actions take it by --plan"
    )
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`network plan NET`. Raises ScampError."""
    import json

    from scamp_sim.files import write_text

    if args.out is not None:
        check_file(args.out, "plan")
    found = plan_of(args)
    document = found.as_dict()
    if args.out is not None:
        write_text(args.out, json.dumps(document, indent=1) + "\n", "plan")
    if args.format == "json":
        print_json(document)
        return 0
    print(found.text(), end="")
    if args.margins:
        from scamp_sim.systems.network.planning.show import margin_table

        print(f"\n{margin_table(found.margins())}", end="")
    if args.out is not None:
        print(f"plan     {args.out}")
    return 0


__all__ = ["ABOUT", "register", "run"]
