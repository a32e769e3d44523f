"""`scamp-sim list`: a program word by word, or the library."""

from __future__ import annotations

import argparse
import sys

from scamp_sim.cli import options
from scamp_sim.cli.fitting import columns
from scamp_sim.cli.output import coloured, print_json, warn
from scamp_sim.cli.programs import assumed, load_program, parse_settings

NAME = "list"
HELP = "Show source lines, their words, clock classes and running cost. Without FILE: the library."
EXAMPLES = ("scamp-sim list", "scamp-sim list edges")


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `list`."""
    parser.add_argument("file", metavar="FILE", nargs="?", help=options.FILE_HELP)
    options.add_set(parser)
    options.add_timing(parser)
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`list`: a program word by word, or the library."""
    from scamp_sim.chip.host import CHIP
    from scamp_sim.costs.timing import load_timing, profile
    from scamp_sim.show.listing import as_dict, listing

    timing = load_timing(args.timing)
    if args.file is None:
        return _library(args.format)
    settings = parse_settings(args.set)
    program = load_program(args.file, settings, placeholders=True)
    warn(program.diagnostics)
    for note in assumed(args.file, program, settings, "listed"):
        print(f"scamp-sim: note: {note}", file=sys.stderr)
    if args.format == "text":
        print(listing(program, timing, width=columns(sys.stdout), colour=coloured(sys.stdout)), end="")
        return 0
    print_json({**as_dict(program, timing), "profile": profile(program, timing, program.shape or CHIP).as_dict()})
    return 0


def _library(style: str) -> int:
    from scamp_sim import kernels

    about = {name: kernels.summary(name) for name in kernels.names()}
    if style == "json":
        print_json([{"name": n, "path": str(kernels.path(n)), "about": text} for n, text in about.items()])
        return 0
    wide = max(map(len, about), default=0)
    for name, text in about.items():
        print(f"{name:{wide}}  {text}".rstrip())
    print("\nscamp-sim list NAME shows one word by word; scamp-sim run NAME --image IMG --out DIR runs it.")
    return 0
