"""`scamp-sim calibration`: how far the prices can be trusted, anchor by anchor."""

from __future__ import annotations

import argparse

from scamp_sim.cli import options

NAME = "calibration"
HELP = (
    "Compare the cost model with every published time, rate and power of the chip, one line each. scamp-sim docs costs "
    "says where they come from."
)
EXAMPLES = ("scamp-sim calibration",)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `calibration`."""
    parser.add_argument(
        "--timing", metavar="NAME", default="scamp5d", help="price table, by name or path (default: scamp5d)"
    )
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Show what the model says about every published figure. Prices that miss are not an error of the command."""
    from scamp_sim.cli.output import print_json
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.study import price_calibration as model

    timing = load_timing(args.timing)
    findings = model.calibrate(timing)
    if args.format == "json":
        print_json(
            {
                "timing": timing.name,
                "tolerance": model.TOLERANCE,
                "anchors": [f.as_dict() for f in findings],
                "confirming": [f.anchor.id for f in findings if f.anchor.kind == "independent" and f.holds],
                "independent": [f.anchor.id for f in findings if f.anchor.kind == "independent"],
                "summary": model.summary(findings),
            }
        )
    else:
        print(model.text(findings, timing), end="")
    return 0
