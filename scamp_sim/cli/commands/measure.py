"""`scamp-sim measure`: the measurement kit for owners of a chip: write the programs, read what the chip gave."""

from __future__ import annotations

import argparse
import json
import sys

from scamp_sim.cli import options
from scamp_sim.cli.output import print_json
from scamp_sim.limits import whole_in

NAME = "measure"
HELP = (
    "A measurement kit for owners of a chip. `write` makes C++ programs for the SDK and the protocol; `read` turns the "
    "folder of pictures and logs that the chip gave into the input of `scamp-sim fit`; `play` lets an emulated chip do "
    "the owner's part (needs a C++ compiler)."
)
EXAMPLES = (
    "scamp-sim measure write kit",
    "scamp-sim measure play kit --errors scamp5 --chip 7",
    "scamp-sim measure read kit --out measurement.json",
)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `measure`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    write = actions.add_parser("write", help="write programs, protocol and plan into a new directory")
    write.add_argument("folder", metavar="DIR")
    write.add_argument(
        "--repeats", metavar="N", type=whole_in(3, 1000), default=20, help="repetitions of a shot (default: 20)"
    )
    write.add_argument("--series", metavar="NAME", action="append", default=[], help="only this one (may be repeated)")
    write.add_argument("--size", metavar="HxW", type=options.size, default=(256, 256), help="array (default: 256x256)")
    read = actions.add_parser("read", help="turn what the chip gave into the input of fit")
    read.add_argument("folder", metavar="DIR")
    read.add_argument("--out", metavar="FILE", help="write the measurement there, for fit --measured")
    options.add_format(read)
    play = actions.add_parser("play", help="let an emulated chip run the programs and save the pictures")
    play.add_argument("folder", metavar="DIR")
    play.add_argument("--errors", metavar="PROFILE", default="scamp5", help="kind of chip (default: scamp5)")
    play.add_argument("--chip", metavar="N", type=options.serial, default=0, help="its serial (default: 0)")
    play.add_argument("--seed", metavar="N", type=options.serial, default=0, help="seed of the noise (default: 0)")


def run(args: argparse.Namespace) -> int:
    """`measure write | read | play`."""
    return {"write": _write, "read": _read, "play": _play}[args.action](args)


def _write(args: argparse.Namespace) -> int:
    from scamp_sim.study.kit.sources import write_kit

    files = write_kit(args.folder, args.repeats, tuple(args.series), args.size)
    print(f"{len(files)} files in {args.folder}; start with {args.folder}/PROTOCOL.md")
    return 0


def _read(args: argparse.Namespace) -> int:
    from scamp_sim.files import check_file, write_text
    from scamp_sim.study.kit.reader import prices, read_kit

    if args.out is not None:
        check_file(args.out, "measurement")
    found = read_kit(args.folder)
    document = found.document()
    if args.out is not None:
        write_text(args.out, json.dumps(document, indent=1) + "\n", "measurement")
    if args.format == "json":
        print_json(document)
        return 0
    names = list(dict.fromkeys(q.series for q in found.found))
    rows, columns = found.shape
    print(f"{len(found.found)} numbers from {', '.join(names)}; {rows}x{columns}, {found.repeats} repetitions")
    if found.flat is not None:
        parts = ", ".join(f"{name} {value:.2f}" for name, value in found.flat.as_dict().items())
        print(f"flat readouts, LSB: {parts}")
    for name, us in prices(found.times).items():
        print(f"price of {name}: {us:.3g} us")
    print(f"measurement: {args.out}" if args.out else "not written; --out FILE.json writes it for scamp-sim fit")
    return 0


def _play(args: argparse.Namespace) -> int:
    from scamp_sim.study.kit.play import play
    from scamp_sim.study.kit.reader import planned

    play(args.folder, args.errors, args.chip, args.seed, planned(args.folder), _tell)
    print(f"pictures and logs in {args.folder}; scamp-sim measure read {args.folder} reads them")
    return 0


def _tell(name: str) -> None:
    if sys.stderr.isatty():
        print(f"\rrunning {name:20}", end="", file=sys.stderr)
