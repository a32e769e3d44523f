"""`scamp-sim compare`: published in-sensor encoders side by side, as their authors' chips and as SCAMP-5 programs."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING

from scamp_sim.cli import options
from scamp_sim.exceptions import ProgramError

if TYPE_CHECKING:
    from scamp_sim.compare.counts import On
    from scamp_sim.compare.table import Table

NAME = "compare"
HELP = (
    "Put published in-sensor encoders side by side: values, bits, time and energy of a decision, each as its authors' "
    "chip and as SCAMP-5 programs, beside a raw frame and plain baselines. Nothing is trained without --task. "
    "scamp-sim docs compare says what the columns mean."
)
EXAMPLES = (
    "scamp-sim compare",
    "scamp-sim compare --rows raw,p2m,leca_4_4 --on circuit --constants published",
    "scamp-sim compare --rows leca_4_4 --on scamp5 --steps leca_4_4",
    "scamp-sim compare --link-pj-per-bit 3 --format json",
)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `compare`."""
    add = parser.add_argument
    add("--rows", metavar="LIST", help="rows, with commas between (default: all; an unknown one lists them)")
    add("--on", metavar="SIDES", default="circuit,scamp5", help="circuit, scamp5 or both (default: circuit,scamp5)")
    add(
        "--sites",
        metavar="N",
        type=int,
        default=256,
        help="photosites along a side of the scene; SCAMP-5 has 256 (default: 256)",
    )
    add("--frames", metavar="F", type=int, default=1, help="frames of a decision, PixelRNN's left at 16 (default: 1)")
    prices = parser.add_argument_group("prices")
    add = prices.add_argument
    add(
        "--constants",
        metavar="SET",
        default="common",
        help="common (one set for all own-chip rows), published (each paper's own) or a file NAME.json "
        "(default: common)",
    )
    add("--link-pj-per-bit", metavar="X", type=float, help="one price per bit for every link")
    add("--converter", choices=("levels", "bits", "calibrated"), help="law of the common converter (default: levels)")
    add("--factor", metavar="NAME=X", action="append", default=[], help="one constant times X; as often as needed")
    shown = parser.add_argument_group("what is shown")
    add = shown.add_argument
    add("--steps", metavar="ROW", action="append", default=[], help="a SCAMP-5 row step by step")
    add("--width", metavar="N", type=int, help="columns of the text, 80 or more; all of it from 120 (default: yours)")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Show the table."""
    from scamp_sim.cli.output import print_json

    table = made(args)
    if args.format == "json":
        print_json(table.as_dict())
        return 0
    width = args.width or max(80, min(160, shutil.get_terminal_size((80, 24)).columns))
    if width < 80:
        raise ProgramError(f"--width {width}: the table takes at least 80 columns")
    print(table.text(width), end="")
    for name in args.steps:
        print("\n" + table.steps(name), end="")
    return 0


def made(args: argparse.Namespace) -> Table:
    """The table that was asked for. Raises ScampError."""
    from scamp_sim.compare.constants import load_constants
    from scamp_sim.compare.counts import Scene
    from scamp_sim.compare.rows import chosen
    from scamp_sim.compare.table import Table

    scene = Scene(args.sites, args.frames)
    constants = load_constants(args.constants)
    if args.converter:
        constants = constants.with_converter(args.converter)
    if args.link_pj_per_bit is not None:
        constants = constants.with_link(args.link_pj_per_bit)
    for text in args.factor:
        name, equals, value = text.partition("=")
        try:
            factor = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise ProgramError(f"--factor {text:.60}: expected NAME=X, such as link=0.5")
        constants = constants.scaled(name, factor)
    names = None if args.rows is None else args.rows.split(",")
    found = chosen(scene, names, _sides(args.on))
    return Table(scene, found, constants)


def _sides(text: str) -> tuple[On, ...]:
    from scamp_sim.compare.counts import SIDES

    listed = [part.strip() for part in text.split(",") if part.strip()]
    if not listed or any(part not in SIDES for part in listed):
        raise ProgramError(f"--on {text:.60}: expected circuit, scamp5 or circuit,scamp5")
    return tuple(side for side in SIDES if side in listed)
