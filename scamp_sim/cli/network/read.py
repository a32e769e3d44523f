"""`scamp-sim network read`: a network as integers, and what became of its floating-point numbers."""

from __future__ import annotations

import argparse

from scamp_sim.cli import options
from scamp_sim.cli.network.sources import add_network, read_network
from scamp_sim.cli.output import print_json
from scamp_sim.files import check_file

ABOUT = "show the integers of a network, its thresholds, and what was folded and dropped"


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `network read`."""
    add_network(parser)
    parser.add_argument("--out", metavar="FILE", help="save the integers to FILE.npz, which every action takes")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`network read NET`."""
    from scamp_sim.systems.network.show import document

    net = read_network(args)
    if args.out is not None:
        check_file(args.out, "network")
        net.save(args.out)
    if args.format == "json":
        print_json(document(net))
    else:
        print(net, end="")
        if args.out is not None:
            print(f"saved    {args.out}")
    return 0


__all__ = ["ABOUT", "register", "run"]
