"""`scamp-sim demo`: a photograph through an edge kernel."""

from __future__ import annotations

import argparse
from pathlib import Path

from scamp_sim.cli import options
from scamp_sim.cli.output import print_json, print_profile
from scamp_sim.cli.programs import load_program
from scamp_sim.exceptions import ScampError
from scamp_sim.installation import install_hint

NAME = "demo"
HELP = "Run the library's edge kernel on a photograph and write the results as pictures."
EXAMPLES = ("scamp-sim demo",)

DEMO_KERNEL = "roberts"
"""Its values stay where a chip is linear: the first picture is one that a chip would give."""
DEMO_PHOTO = "grace_hopper.jpg"
DEMO_IMAGE = "photo.png"


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `demo`."""
    parser.add_argument("--out", metavar="DIR", default="scamp-demo", help="default: scamp-demo")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`demo`: the library's edge kernel on a photograph."""
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.show import session

    photo = demo_photograph()
    program = load_program(DEMO_KERNEL, {})
    request = session.Request(
        program=program,
        images=(photo,),
        resize=True,
        timing=load_timing("scamp5d"),
        out=args.out,
        planes=True,
        keep_image=DEMO_IMAGE,
    )
    carried = session.carry_out(request)
    frames, profile = carried.frames, carried.profile
    if args.format == "json":
        print_json({"program": program.name, "frames": [f.as_dict() for f in frames], "profile": profile.as_dict()})
        return 0
    print_profile(profile)
    print()
    print("\n".join(frames[0].lines()))
    print(
        f"\nOpen {frames[0].sheet} to see it all. Then:\n"
        f"  scamp-sim list {DEMO_KERNEL}        what the chip was given, word by word\n"
        f"  scamp-sim run {DEMO_KERNEL} --image {Path(args.out) / DEMO_IMAGE} --errors scamp5 --out chip\n"
        f"  scamp-sim run {DEMO_KERNEL} --image YOUR.jpg --resize --out out\n"
        "  scamp-sim list                the other kernels of the library\n"
        "  scamp-sim isa                 every instruction\n"
        "  scamp-sim docs language       how to write a kernel"
    )
    return 0


def demo_photograph() -> str:
    """Path of the photograph of the demo. Raises ScampError if matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        raise ScampError(
            f"the demo takes its photograph from matplotlib, which is missing: {install_hint('demo')}, or use your "
            "own: scamp-sim run edges --image IMG --resize --out out"
        ) from None
    return str(Path(matplotlib.get_data_path()) / "sample_data" / DEMO_PHOTO)
