"""Arguments that the actions on a plan share: what is asked for, or the plan that another action wrote."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from scamp_sim.cli.network.sources import add_network, read_network
from scamp_sim.cli.options import add_timing
from scamp_sim.exceptions import OptionError
from scamp_sim.limits import whole_in

if TYPE_CHECKING:
    from scamp_sim.systems.network.params import Network
    from scamp_sim.systems.network.planning.plan import Plan
    from scamp_sim.systems.network.system import PlanOptions

BY = ("us", "words", "energy", "noise")


def add_plan(parser: argparse.ArgumentParser) -> None:
    """NET, how it is read, and what a plan is asked for."""
    add_network(parser)
    group = parser.add_argument_group("what is planned")
    add = group.add_argument
    add("--plan", metavar="FILE", help="the plan that `network plan --out` wrote, in place of the options below")
    add("--by", choices=BY, default="us", help="what is to be small (default: us)")
    add(
        "--levels",
        metavar="N",
        type=whole_in(0),
        default=0,
        help="at most N different thresholds a layer, medians of groups; 0: all",
    )
    add("--layout", choices=("blocks", "macropixels", "windows", "serial"), default="", help="only this one")
    add("--sums", choices=("16", "64", "sparse"), default="16", help="of a dense layer on the array (default: 16)")
    add("--events", metavar="N", type=whole_in(0), default=0, help="let maps leave as at most N events")
    add(
        "--amplitude",
        metavar="LSB",
        type=whole_in(0, 120),
        default=0,
        help="of a tap (default: what the thresholds allow)",
    )
    add("--controller", action="store_true", help="dense layers are the controller's")
    add_timing(parser)


def options_of(args: argparse.Namespace) -> PlanOptions:
    """What the command line asks for. Raises ProgramError."""
    from scamp_sim.systems.network.system import PlanOptions

    for name in ("levels", "events", "amplitude"):
        if getattr(args, name) < 0:
            raise OptionError(f"--{name} must be at least 0, got {getattr(args, name)}")
    return PlanOptions(args.by, args.layout, args.sums, args.levels, args.events, args.amplitude, args.controller)


def plan_of(args: argparse.Namespace, net: Network | None = None) -> Plan:
    """The plan that a command line asks for. Raises ProgramError."""
    net = net or read_network(args)
    if args.plan is None:
        return options_of(args).plan(net, args.errors, args.timing)
    from scamp_sim.systems.network.planning.file import load_plan

    return load_plan(net, args.plan)


__all__ = ["add_plan", "options_of", "plan_of"]
