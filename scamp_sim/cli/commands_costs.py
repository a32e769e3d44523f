"""`scamp-sim calibration`: how far the prices can be trusted, anchor by anchor."""

from __future__ import annotations

import argparse
from typing import Any


def calibration(args: argparse.Namespace) -> int:
    """Show what the model says about every published figure. Prices that miss are no error of the command."""
    from scamp_sim.cli.commands_programs import print_json
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
                "holding": sum(f.holds for f in findings),
                "summary": model.summary(findings),
            }
        )
    else:
        print(model.text(findings, timing), end="")
    return 0


def add_parsers(sub: Any) -> None:
    """The parser of the command."""
    parser = sub.add_parser(
        "calibration",
        help="compare the cost model with published figures",
        description="Compare the cost model with every published time, rate and power of the chip, one line each. "
        "docs/costs.md says where they come from.",
    )
    parser.add_argument(
        "--timing", metavar="NAME", default="scamp5d", help="price table, by name or path (default: scamp5d)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.set_defaults(command=calibration)
