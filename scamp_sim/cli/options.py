"""Arguments that several commands share, each in one place."""

from __future__ import annotations

import argparse

from scamp_sim.limits import number_in, whole_in
from scamp_sim.text import short

FILE_HELP = (
    "a kernel file, a C++ file for the SDK (.cpp, .h ...), - for standard input, or the name of a library kernel "
    "(scamp-sim list shows them)"
)

HIGHEST_SERIAL = 2**32 - 1

MOST = 1_000_000
"""Of frames, and of frames a second."""


def add_format(parser: argparse.ArgumentParser) -> None:
    """--format text or json."""
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def add_set(parser: argparse.ArgumentParser) -> None:
    """--set NAME=VALUE, as often as there are parameters."""
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a parameter, as in run")


def add_timing(parser: argparse.ArgumentParser) -> None:
    """--timing, the price table."""
    parser.add_argument(
        "--timing", metavar="NAME", default="scamp5d", help="price table, by name or path (default: scamp5d)"
    )


def add_frames(parser: argparse.ArgumentParser) -> None:
    """--image, --fps and --frames: the frames that a program runs on."""
    parser.add_argument(
        "--image",
        metavar="IMG",
        nargs="+",
        action="extend",
        default=[],
        help="pictures, a folder of them, an animation, a video or camera (extra video), .npy frames, or numbered "
        "files such as frame%%04d.png; several are frames: run one after another on the same machine, state kept",
    )
    parser.add_argument(
        "--fps",
        metavar="N",
        type=number_in(above=0, high=MOST),
        help="take so many frames a second of videos and animations (default: all), and show results so fast",
    )
    parser.add_argument(
        "--frames",
        metavar="N",
        type=whole_in(1, MOST),
        help="frames to run, repeated if there are fewer (default: all there are)",
    )


def add_machine(parser: argparse.ArgumentParser) -> None:
    """--resize, --size, --timing and the errors: what a run needs to know of the array."""
    parser.add_argument("--resize", action="store_true", help="crop pictures at the centre and scale them")
    parser.add_argument(
        "--size",
        metavar="HxW",
        type=size,
        default=(256, 256),
        help="rows x columns of the array, multiples of 64 (default: 256x256)",
    )
    add_timing(parser)
    add_errors(parser)


def add_errors(parser: argparse.ArgumentParser) -> None:
    """--errors, --chip and --seed."""
    parser.add_argument(
        "--errors",
        metavar="PROFILE",
        default="ideal",
        help="errors of silicon: the name of a chip profile (scamp-sim chips lists them) or a file NAME.json, either "
        "followed by :knob=value,..., such as scamp5:write_noise=0.5 (default: ideal, none)",
    )
    parser.add_argument(
        "--chip",
        metavar="N",
        type=serial,
        default=0,
        action=Given,
        help="serial of the chip: fixes its pattern (default: 0)",
    )
    seeds = whole_in(0, HIGHEST_SERIAL)
    parser.add_argument(
        "--seed", metavar="N", type=seeds, default=0, action=Given, help="seed of the noise (default: 0)"
    )


class Given(argparse.Action):
    """Stores a value, and in `given` that it was asked for: the default may be asked for, too."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, values)
        namespace.given = getattr(namespace, "given", frozenset()) | {self.dest}


def serial(text: str) -> int:
    """The serial of a chip. Raises ArgumentTypeError, as argparse wants it."""
    if not (text.isascii() and text.isdecimal()) or not int(text[:20]) <= HIGHEST_SERIAL:
        shown = short(text, 80)
        raise argparse.ArgumentTypeError(f"invalid chip serial '{shown}': expected an integer in 0..{HIGHEST_SERIAL}")
    return int(text)


def size(text: str) -> tuple[int, int]:
    """HxW as (rows, columns). Raises ArgumentTypeError, as argparse wants it."""
    try:
        rows, columns = (int(n) for n in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{short(text, 80)}' is not HxW, such as 256x256") from None
    if any(n % 64 or not 64 <= n <= 1024 for n in (rows, columns)):
        raise argparse.ArgumentTypeError(f"'{short(text, 80)}': rows and columns are multiples of 64 up to 1024")
    return rows, columns


def add_study(parser: argparse.ArgumentParser, jobs: bool = False) -> None:
    """Add the options of a study to a parser.

    jobs: --jobs as well.
    """
    group = parser.add_argument_group("a study over chips: distributions instead of one result")
    group.add_argument(
        "--chips", metavar="LIST", help="serials of chips, such as 1-20, 3 or 1,4,7-9; a serial fixes a chip's errors"
    )
    group.add_argument(
        "--seeds", metavar="N", help="measurements of each chip: how many, from --seed up, or which: 3-7 or 1,2,9"
    )
    group.add_argument(
        "--cluster",
        metavar="ADDRESS",
        nargs="?",
        const="",
        help="run it on Dask: the scheduler at ADDRESS, such as tcp://host:8786, or alone on one of this machine; the "
        'numbers are the same (needs the extra "cluster")',
    )
    if jobs:
        group.add_argument("--jobs", metavar="N", type=whole_in(1), help="units at a time (default: one per core)")
