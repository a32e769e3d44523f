"""`scamp-sim explain`: what the code of a message means, with a source that provokes it."""

from __future__ import annotations

import argparse

from scamp_sim.cli import options
from scamp_sim.cli.output import print_json, report
from scamp_sim.exceptions import ProgramError

NAME = "explain"
HELP = "What the code of a message means, with an example; without CODE: all codes."
EXAMPLES = ("scamp-sim explain W503", "scamp-sim explain")


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `explain`."""
    parser.add_argument("code", metavar="CODE", nargs="?", help="the code of a message, such as W503")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`explain`: one code or all of them; 2 for a code that does not exist."""
    from scamp_sim.compiler.front.codes import CODES
    from scamp_sim.compiler.messages import explanation

    if args.code is None:
        if args.format == "json":
            print_json(CODES)
        else:
            print("\n".join(f"{code}  {title}" for code, title in CODES.items()))
        return 0
    code = args.code.upper()
    if code not in CODES:
        report(ProgramError(f"unknown code '{args.code}'; 'scamp-sim explain' lists them"), args.format)
        return 2
    found = explanation(code)
    if args.format == "json":
        print_json(found.as_dict())
    else:
        print(found.text(), end="")
    return 0
