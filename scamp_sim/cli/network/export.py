"""`scamp-sim network export`: a plan as C++ for the SDK."""

from __future__ import annotations

import argparse

from scamp_sim.cli import options
from scamp_sim.cli.network.planned import add_plan, plan_of
from scamp_sim.cli.network.sources import read_network, read_picture
from scamp_sim.cli.output import print_json
from scamp_sim.text import labelled

ABOUT = "write the plan as C++ for the SDK: kernels, weights, and the controller's part"


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `network export`."""
    add_plan(parser)
    parser.add_argument(
        "--errors", metavar="PROFILE", default="ideal", help="for chips of this profile (default: ideal)"
    )
    parser.add_argument("--to", metavar="DIR", required=True, help="the folder of network.cpp and plan.json")
    parser.add_argument(
        "--image",
        metavar="FILE",
        help="a picture, or an array .npy (rows, columns): write picture.png there, 256x256 as the array sees it",
    )
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`network export NET --to DIR`. Raises ScampError."""
    from scamp_sim.systems.network.cpp import export

    net = read_network(args)
    picture = None if args.image is None else read_picture(args.image, net)
    plan = plan_of(args, net)
    files = [*export(plan, args.to)]
    if picture is not None:
        from PIL import Image

        from scamp_sim.show.render import write_pictures

        files += write_pictures(args.to, {"picture.png": Image.fromarray(plan.built.picture(picture))})
    if args.format == "json":
        print_json({"files": [str(f) for f in files], "words": plan.cost().words, "us": plan.cost().us})
    else:
        cost = plan.cost()
        print(labelled("wrote", f"{', '.join(map(str, files))}: {cost.words:,} words, {cost.us or 0:,.0f} us a frame"))
        shown = "PICTURE, a picture of 256x256 as the array sees it (--image)" if picture is None else files[-1]
        print(f"run it   scamp-sim run {files[0]} --image {shown}")
    return 0


__all__ = ["ABOUT", "register", "run"]
