"""`scamp-sim isa`: the instruction set, or what one name means."""

from __future__ import annotations

import argparse
import sys

from scamp_sim.chip import isa
from scamp_sim.cli.output import print_json, report
from scamp_sim.exceptions import ProgramError

NAME = "isa"
HELP = "The instruction set, or one entry of it."
EXAMPLES = ("scamp-sim isa", "scamp-sim isa movx")


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `isa`."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="a native word, macro or host function")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """`isa`: the instruction set, or what one name means; 2 for a name that does not exist."""
    from scamp_sim.cli.fitting import columns
    from scamp_sim.show import isa_docs

    found = isa_docs.entries() if args.name is None else isa_docs.find(args.name)
    if not found:
        known = [e.name for e in isa_docs.entries()] + list(isa.MNEMONIC_ALIASES)
        near = isa.did_you_mean(args.name, known) or "; scamp-sim isa lists them"
        report(ProgramError(f"unknown instruction '{args.name}'{near}"), args.format)
        return 2
    if args.format == "json":
        print_json([e.as_dict() for e in found])
    elif args.format == "markdown":
        print(isa_docs.markdown(found), end="")
    elif args.name is None:
        print(
            isa_docs.index_text(found, min(isa_docs.INDEX_WIDTH, columns(sys.stdout) or isa_docs.INDEX_WIDTH)), end=""
        )
    else:
        width = min(isa_docs.ENTRY_WIDTH, columns(sys.stdout) or isa_docs.ENTRY_WIDTH)
        print("\n".join(isa_docs.entry_text(e, width) for e in found), end="")
    return 0
