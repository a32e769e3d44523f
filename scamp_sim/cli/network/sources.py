"""Arguments that the actions of `network` share: the network and how it is read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.cli.refusals import of_the_line
from scamp_sim.exceptions import OptionError
from scamp_sim.limits import whole_in
from scamp_sim.text import short

if TYPE_CHECKING:
    from scamp_sim.systems.network.params import Network

MOST_SIDE = 4096
"""Rows or columns of an input that are read."""


def add_network(parser: argparse.ArgumentParser) -> None:
    """NET, and the options of reading it."""
    parser.add_argument(
        "net", metavar="NET", help="a file .onnx, .npz with arrays and a description, or .npz that --out wrote"
    )
    group = parser.add_argument_group("how the network is read")
    add = group.add_argument
    add("--zero", metavar="+1|-1", choices=("+1", "1", "-1"), help="what the sign of exactly 0 is to be")
    add(
        "--values",
        metavar="DARK,BRIGHT",
        help="what dark and bright pixels were in training, as --values=0,1 (default: -1,1)",
    )
    add(
        "--grey",
        metavar="BLACK,WHITE",
        help="what the greys of a picture were in training, where the network itself makes bits of them, as "
        "--grey=-1,1 (default: 0,1)",
    )
    add(
        "--above",
        metavar="N",
        type=whole_in(0, 254),
        help="a pixel is bright above this grey level of 0..255 (default: 126)",
    )
    add(
        "--place",
        metavar="HOW",
        help="how pictures get to the size of the input, such as scale=2,pad=4, pad=T:L:B:R, shrink=4",
    )
    add("--describe", metavar="FILE", help="the description of arrays that come without one, as JSON")
    add("--size", metavar="HxW", type=_size, help="rows x columns of the input, where the file leaves them open")


def read_network(args: argparse.Namespace) -> Network:
    """The network that a command line names. Raises ProgramError."""
    from scamp_sim.systems.network.reading.picture import parse_place
    from scamp_sim.systems.network.reading.source import read

    place = None
    if args.place is not None:
        with of_the_line():
            place = parse_place(args.place)
    return read(
        args.net,
        None if args.zero is None else int(args.zero),
        values=_pair(args.values, "--values"),
        grey=_pair(args.grey, "--grey"),
        above=args.above,
        place=place,
        size=args.size,
        description=args.describe,
    )


def read_picture(path: str, net: Network) -> Any:
    """A picture (rows, columns) of the network's input: placed as the network says, or of its size already. Raises
    ScampError."""
    from scamp_sim.show.render import load_array, load_image

    array: Any = load_array(Path(path)) if Path(path).suffix.lower() == ".npy" else load_image(Path(path))
    if array.ndim == 3 and len(array) == 1:
        array = array[0]
    if array.shape == (net.input.rows, net.input.columns):
        return array
    return np.asarray(net.input.bits(array)[0] * np.uint8(255), np.uint8)


def _size(text: str) -> tuple[int, int]:
    """HxW of an input as (rows, columns): any, since placed pictures and pools get to what an array has. Raises
    ArgumentTypeError, as argparse wants it."""
    sides = text.lower().split("x")
    if len(sides) != 2:
        raise argparse.ArgumentTypeError(f"'{short(text, 80)}' is not HxW, such as 28x28")
    rows, columns = (whole_in(1, MOST_SIDE)(side) for side in sides)
    return rows, columns


def _pair(text: str | None, option: str) -> tuple[float, float] | None:
    """Two numbers of an option. Raises OptionError."""
    if text is None:
        return None
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"{option} '{text:.60}': expected two numbers, such as {option}=-1,1") from None
    return first, second


__all__ = ["add_network", "read_network", "read_picture"]
