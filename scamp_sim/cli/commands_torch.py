"""`scamp-sim train pixelrnn`, an alias of `system train pixelrnn`."""

from __future__ import annotations

import argparse

from scamp_sim.cli import options
from scamp_sim.cli import pixelrnn_options as common
from scamp_sim.cli.output import print_json


def train(args: argparse.Namespace) -> int:
    """`train`: the network, on clips, with the errors of an array or without."""
    from scamp_sim.systems.pixelrnn.train.trainer import PixelRNNTrainer

    report = PixelRNNTrainer().run(args)
    if args.format == "json":
        print_json(report.document)
    else:
        print("\n".join(report.lines))
    common.moved("train pixelrnn", "system train pixelrnn")
    return 0


def register_train(parser: argparse.ArgumentParser) -> None:
    """The arguments of `train`."""
    from scamp_sim.systems.pixelrnn.train.trainer import PixelRNNTrainer

    parser.add_argument("what", metavar="pixelrnn", choices=("pixelrnn",), help="the network")
    PixelRNNTrainer().arguments(parser)
    options.add_format(parser)
