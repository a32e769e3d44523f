"""`scamp-sim export`: a program as C++ for the SDK."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scamp_sim.cli import live, options
from scamp_sim.cli.output import print_json, warn
from scamp_sim.cli.programs import load_program, parse_settings, sdk_source
from scamp_sim.compiler.front.source import CPP

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.compiler.export import Sliders
from scamp_sim.files import write_text

NAME = "export"
HELP = "Write a program as C++ for the SDK, or as the plain calls that JSS takes."
EXAMPLES = ("scamp-sim export mine.scamp --out mine.cpp",)

EXPORTED = (*CPP, ".c", ".jss")
"""Endings of files that are C++."""


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `export`."""
    parser.add_argument(
        "file", metavar="FILE", help="a kernel file, - for standard input, the name of a library kernel, or a C++ file"
    )
    parser.add_argument("--to", choices=("sdk", "jss"), default="sdk", help="default: sdk")
    parser.add_argument("--out", metavar="FILE", help="where to write it (default: standard output)")
    options.add_set(parser)
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`export`: a program as C++. Raises ScampError."""
    from scamp_sim.compiler.export import export as exported

    settings = parse_settings(args.set)
    if Path(args.file).suffix.lower() in EXPORTED and not live.is_program(args.file):
        from scamp_sim.compiler import assemble

        program = assemble(sdk_source(args.file), params=settings, dialect="sdk")
    else:
        program = load_program(args.file, settings, runs=True)
    warn(program.diagnostics)
    result = exported(program, args.to, _sliders(args.file, program) if args.to == "sdk" else None)
    if args.out:
        write_text(args.out, result.text, "C++")
    if args.format == "json":
        print_json({"program": program.name, "to": args.to, "text": result.text, "notes": list(result.notes)})
        return 0
    for note in result.notes:
        print(f"scamp-sim: note: {note}", file=sys.stderr)
    if args.out:
        print(f"wrote {args.out}: {len(program.kernels)} kernels, {program.stored_words} words")
    else:
        print(result.text, end="")
    return 0


def _sliders(file: str, program: Program) -> Sliders | None:
    """The parameters that can stay variables, for programs of our language."""
    from scamp_sim.compiler.export import sliders_of

    if file == "-" or Path(file).suffix.lower() in EXPORTED or not program.params:
        return None
    return sliders_of(program, lambda params: load_program(file, dict(params)))
