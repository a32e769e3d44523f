"""`scamp-sim bench`: how fast the simulator is on this machine, beside what the documentation says."""

from __future__ import annotations

import argparse
import sys

from scamp_sim.cli.output import print_json

NAME = "bench"
HELP = (
    "Measure what users do, in processor time of one thread, and print it beside the documented figures. Ratios to "
    "numpy.add carry over from machine to machine; the limit is what the processor could do at best. Takes about two "
    "minutes; --only measures a part."
)
EXAMPLES = ("scamp-sim bench --only programs",)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `bench`."""
    parser.add_argument("--only", metavar="GROUP", action="append", help="a group of rows; again for more: " + _GROUPS)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


_GROUPS = "programs, one-word, long-programs, chips, pixelrnn, preparation, study"


def run(args: argparse.Namespace) -> int:
    """`bench`: a table of this machine."""
    from scamp_sim.chip.isa import did_you_mean
    from scamp_sim.cli.bench import measure, page
    from scamp_sim.cli.bench import rows as bench
    from scamp_sim.engine.fused import runner
    from scamp_sim.exceptions import OptionError
    from scamp_sim.show.session import announce_compilation

    groups = tuple(dict.fromkeys(args.only)) if args.only else tuple(bench.MEASURED)
    for group in groups:
        if group not in bench.MEASURED:
            raise OptionError(
                f"unknown group '{group}'{did_you_mean(group, bench.MEASURED)}; groups: {', '.join(bench.MEASURED)}"
            )
    announce_compilation("scamp5")
    found = list(bench.measure(groups, measure.rates, lambda group: print(f"measuring: {group}", file=sys.stderr)))
    rates = measure.rates()
    about = {**measure.about(), "add": page.number(rates.add), "near": page.number(rates.near)}
    if runner.trouble:
        about["trouble"] = runner.trouble[0]
    if args.format == "json":
        print_json(page.document(found, about))
    else:
        print(page.text(found, about, page.documented()), end="")
    return 0


__all__ = ["EXAMPLES", "HELP", "NAME", "register", "run"]
