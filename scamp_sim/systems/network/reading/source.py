"""`network.read`: what kind of source it is, and which reader takes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scamp_sim.checks import integer, path_of
from scamp_sim.exceptions import ProgramError
from scamp_sim.reading import MIB, is_there, read_archive, read_json
from scamp_sim.systems.network.params import Network
from scamp_sim.systems.network.reading.arrays import DESCRIPTION, read_arrays
from scamp_sim.systems.network.reading.picture import check_picture, placement
from scamp_sim.systems.network.reading.steps import Reading
from scamp_sim.systems.network.store import KEY, restore
from scamp_sim.text import short

KINDS = (".npz", ".onnx")
LIMIT = 64 * MIB
"""Bytes of a network's file, unpacked."""


def read(
    source: str | Path | Mapping[str, Any] | Any,
    zero: int | None = None,
    *,
    values: tuple[float, float] | None = None,
    grey: tuple[float, float] | None = None,
    above: int | None = None,
    place: Mapping[str, Any] | None = None,
    size: tuple[int, int] | None = None,
    description: Mapping[str, Any] | str | Path | None = None,
) -> Network:
    """A network of integers.

    source: a file .onnx or .npz, arrays by name with a "description" (`reading.arrays`), a torch module in memory, or a
        Network, which is returned as it is.
    zero: +1 or -1: what the sign of exactly 0 is to be, for networks where it matters.
    values: what a dark and a bright pixel are to the network (default -1 and +1).
    grey: what black and white are to a network that thresholds its picture itself (default 0 and 1); (-1, 1) behind
        torchvision's Normalize(0.5, 0.5).
    above: a pixel is bright above this grey level of 0..255 (default 126).
    place: how pictures get to the size of the input: {"scale": 2, "pad": 4, "shrink": 1}, some of these.
    size: rows and columns of the input, where the source does not say.
    description: of arrays that come without one: a mapping, or the path of a file of JSON.

    Raises ProgramError that names what cannot go to the array, where, and what to do.
    """
    if isinstance(source, Network):
        return source
    if zero not in (None, 1, -1):
        raise ProgramError(f"zero: expected +1 or -1, got {zero!r:.40}")
    reading = Reading(zero, values, _greys(grey), above=above, place=place, size=size)
    if isinstance(source, Mapping):
        return read_arrays(_described(source, description, "arrays"), reading)
    if hasattr(source, "named_modules"):
        from scamp_sim.systems.network.reading.modules import read_module

        return read_module(source, reading)
    path = path_of(source, "network")
    if path.is_dir():
        raise ProgramError(f"network {short(str(path), 200)}: is a folder; expected a file .onnx or .npz")
    if path.suffix not in KINDS and not is_there(path):
        raise ProgramError(f"network {short(str(path), 200)}: no such file; expected a file .onnx or .npz")
    if path.suffix == ".npz":
        arrays = read_archive(path, "network", ProgramError, LIMIT)
        if KEY in arrays:
            if any(given is not None for given in (zero, values, grey, size)):
                raise ProgramError(
                    f"network {path.name}: holds integers already, so zero, values, grey and size are settled; leave "
                    "them out"
                )
            _no_description(description, path)
            return _placed(restore(arrays, f"network {path.name}"), reading)
        apart = f" with {Path(description).name}" if isinstance(description, (str, Path)) else ""
        where = f"{path.name}{apart}"
        try:
            return read_arrays(_described(arrays, description, path.name), reading, where)
        except ProgramError as e:
            raise e if path.name in str(e) else ProgramError(f"{where}: {e}") from None
    if path.suffix == ".onnx":
        from scamp_sim.systems.network.reading.onnx.chain import read_onnx

        _no_description(description, path)
        return read_onnx(path, LIMIT, reading)
    raise ProgramError(
        f"network {short(str(path), 200)}: unknown kind '{path.suffix}'; expected .onnx, or .npz with arrays and a "
        "description"
    )


def _greys(grey: tuple[float, float] | None) -> tuple[float, float] | None:
    """Black and white as numbers. Raises ProgramError if they are not two different ones."""
    if grey is None:
        return None
    try:
        black, white = (float(level) for level in grey)
    except (TypeError, ValueError):
        raise ProgramError(f"grey: expected two numbers, what black and white are, got {grey!r:.60}") from None
    if not (math.isfinite(black) and math.isfinite(white)) or black == white:
        raise ProgramError(f"grey: expected two different numbers for black and white, got {grey!r:.60}")
    return black, white


def _described(
    arrays: Mapping[str, Any], description: Mapping[str, Any] | str | Path | None, what: str
) -> Mapping[str, Any]:
    """Arrays with the description that came apart from them. Raises ProgramError if there are two."""
    if description is None:
        return arrays
    if DESCRIPTION in arrays:
        raise ProgramError(f"{what}: has a description of its own; leave the other one (description, --describe) out")
    if not isinstance(description, Mapping):
        path = path_of(description, "description")
        description = read_json(path, "description", ProgramError)
        if not isinstance(description, Mapping):
            raise ProgramError(f"{path.name}: expected an object with input and layers, got {description!r:.60}")
    return {**arrays, DESCRIPTION: description}


def _no_description(description: object, path: Path) -> None:
    if description is not None:
        raise ProgramError(f"network {path.name}: says what its layers are; leave the description (--describe) out")


def _placed(net: Network, reading: Reading) -> Network:
    """A saved network with another threshold or placement of its pictures, where one was asked for."""
    shown = net.input
    if reading.above is not None:
        shown = replace(shown, above=integer("above", reading.above, 0, 254))
    if reading.place is not None:
        scale, shrink, pad = placement(reading.place)
        shown = replace(shown, scale=scale, shrink=shrink, pad=pad)
        check_picture(shown)
    return replace(net, input=shown)


__all__ = ["LIMIT", "read"]
