"""`scamp-sim network`: networks that were trained elsewhere, on the array; one module an action in `cli/network`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module

NAME = "network"
HELP = (
    "A small convolutional network with binary, ternary or few-bit weights on the array, from ONNX or from arrays. "
    "`network ACTION --help` shows the options of one action."
)
EXAMPLES = (
    "scamp-sim network read net.onnx",
    "scamp-sim network read net.onnx --zero +1 --place scale=2,pad=4 --out net.npz",
    "scamp-sim network plan net.npz --errors scamp5 --margins",
    "scamp-sim network run net.npz --image digit.png --errors scamp5 --chip 7",
    "scamp-sim network validate net.npz --data pictures --errors scamp5 --chips 1-3",
    "scamp-sim network finetune net.npz --data pictures --errors scamp5 --out tuned.npz",
    "scamp-sim network export net.npz --to sdk",
)

ACTIONS = ("read", "plan", "run", "validate", "costs", "finetune", "export")
"""In the order of the help; each is a module of `scamp_sim.cli.network`."""


def register(parser: argparse.ArgumentParser) -> None:
    """The actions, each with its own arguments."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name in ACTIONS:
        module = import_module(f"scamp_sim.cli.network.{name}")
        about: str = module.ABOUT
        sub = actions.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        module.register(sub)
        sub.set_defaults(act=module.run)


def run(args: argparse.Namespace) -> int:
    """`network ACTION ...`."""
    act: Callable[[argparse.Namespace], int] = args.act
    return act(args)
