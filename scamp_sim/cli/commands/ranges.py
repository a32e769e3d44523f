"""`scamp-sim ranges`: where analog values can leave their limits, and which registers have to hold for too long."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable

from scamp_sim.cli import options
from scamp_sim.cli.output import as_json, coloured, print_json, warn
from scamp_sim.cli.programs import load_program, parse_settings
from scamp_sim.exceptions import OptionError
from scamp_sim.limits import number_in
from scamp_sim.text import short

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"\s*([A-Za-z_]\w*)\s*=\s*({_NUMBER})\s*(?:\.\.\s*({_NUMBER}))?\s*")

NAME = "ranges"
HELP = (
    "Bound every analog value of a program without running it: where a register can leave its linear range, where"
    " a readout clips, what scaling would avoid it, and which registers hold a value for longer than it lasts."
)
EXAMPLES = ("scamp-sim ranges mine.scamp --fps 25",)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `ranges`."""
    parser.add_argument("file", metavar="FILE", help=options.FILE_HELP)
    parser.add_argument(
        "--range",
        metavar="NAME=LO..HI",
        action="append",
        default=[],
        help="what an input or register holds at the start: grey 0..255 for an input on PIX, else LSB (default: inputs "
        "full range, other registers 0)",
    )
    parser.add_argument(
        "--fps", metavar="F", type=number_in(above=0), help="the program runs F times a second, state kept"
    )
    parser.add_argument(
        "--errors",
        metavar="PROFILE",
        help="take linear range and drift from a chip profile, a file NAME.json, or either with :knob=value,... "
        "(default: the linear range of scamp5, and the most drift that fits the measured data)",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 if there is anything to report")
    parser.add_argument(
        "--size",
        metavar="HxW",
        type=options.size,
        help="rows x columns (default: as declared by the program, else 256x256)",
    )
    options.add_set(parser)
    options.add_timing(parser)
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Show the ranges of a program and what is wrong with them; 1 with --strict if anything is."""
    from scamp_sim.chip.planes import check_shape
    from scamp_sim.compiler.checks.ranges import range_diagnostics
    from scamp_sim.compiler.front.diagnostics import render
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.machine.calls import check_program
    from scamp_sim.ranges import analyse, as_dict
    from scamp_sim.ranges.limits import limits_of
    from scamp_sim.ranges.show import notes, text
    from scamp_sim.silicon.setup import parse_profile

    timing = load_timing(args.timing)
    given = parse_ranges(args.range)
    limits = None if args.errors is None else limits_of(parse_profile(args.errors))
    program = load_program(args.file, parse_settings(args.set), runs=True)
    warn(program.diagnostics)
    shape = check_shape(args.size or program.shape or (256, 256))
    check_program(program, shape)
    analysis = analyse(program, timing, shape, limits=limits, ranges=given, fps=args.fps)
    found = range_diagnostics(analysis)
    if args.format == "json":
        more = {"warnings": len(found), "notes": notes(analysis), "diagnostics": as_json(found)}
        print_json({"ok": not (found and args.strict), **as_dict(analysis), **more})
    else:
        print(text(analysis))
        shown = render(found, color=coloured(sys.stdout))
        print(shown or "nothing saturates, clips or fades\n", end="")
    return 1 if found and args.strict else 0


def parse_ranges(texts: Iterable[str]) -> dict[str, tuple[float, float]]:
    """`--range` arguments: name -> (lowest, highest). Raises ProgramError."""
    found: dict[str, tuple[float, float]] = {}
    for given in texts:
        match = _RANGE.fullmatch(given)
        if match is None:
            raise OptionError(
                f"--range {short(given, 80)}: write NAME=LOWEST..HIGHEST, such as image=0..200 or A=-80..80"
            )
        name, low, high = match.groups()
        if name in found:
            raise OptionError(f"--range {name}: given twice")
        found[name] = (float(low), float(high if high is not None else low))
    return found
