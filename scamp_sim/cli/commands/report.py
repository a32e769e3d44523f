"""`scamp-sim report`: the recurrent network's costs, memory, figures and table."""

from __future__ import annotations

import argparse

from scamp_sim.cli import options
from scamp_sim.cli import pixelrnn_options as common
from scamp_sim.cli.output import print_json

NAME = "report"
HELP = (
    "What the network costs, step by step under all mappings, and what leaves the sensor (pixelrnn); the use "
    "of registers (memory); accuracy against memory (figure2) and against values read (figure3), on "
    "synthetic gestures; accuracy on emulated chips (table3)."
)
EXAMPLES = ("scamp-sim report pixelrnn",)

KINDS = {"pixelrnn": "costs", "memory": "memory", "figure2": "figure2", "figure3": "figure3", "table3": "table3"}
"""What `report` calls it -> the item of `system published pixelrnn`."""


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `report`."""
    from scamp_sim.systems.pixelrnn.report import items

    parser.add_argument("kind", metavar="KIND", choices=tuple(KINDS), help=", ".join(KINDS))
    common.add_weights(parser, note=" (default: random:1)")
    options.add_format(parser)
    items.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """`report`: an alias of `system published pixelrnn --item ...`."""
    from scamp_sim.systems.pixelrnn.report import items

    args.item = KINDS[args.kind]
    text, document = items.run(args)
    if args.format == "json":
        print_json(document)
    else:
        print(text, end="" if text.endswith("\n") else "\n")
    common.moved(f"report {args.kind}", f"system published pixelrnn --item {args.item}")
    return 0


__all__ = ["EXAMPLES", "HELP", "NAME", "register", "run"]
