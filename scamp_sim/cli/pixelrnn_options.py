"""What the commands of the network have in common: their options, whose weights, what is strange about clips."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import OptionError, ScampWarning

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


DEFAULT_MAPPING = "macropixel"


def notes(clips: npt.NDArray[np.generic], names: Sequence[str]) -> list[str]:
    """What is strange about clips (n, 16, side, side), said once on stderr, before a long run."""
    from scamp_sim.systems.pixelrnn import golden

    strange = [name for clip, name in zip(clips, names, strict=False) if golden.looks_binary(clip)]
    if not strange:
        return []
    several = f" (and {len(strange) - 1} more of {len(clips)})" if len(strange) > 1 else ""
    note = f"clip {strange[0]}{several}: {golden.LOOKS_BINARY}"
    print(f"scamp-sim: note: {note}", file=sys.stderr)
    return [note]


def moved(old: str, new: str) -> None:
    """Say, on stderr, the line that replaces an old spelling, which takes the other options, too."""
    said = f"`{old}` is an alias for one more release; write: scamp-sim {new} ..., with the same options"
    print(f"scamp-sim: note: {said}", file=sys.stderr)


def on(args: argparse.Namespace) -> str:
    """The --on that stands for --mapping and --front-end, "" for the default."""
    name, _, version = (args.mapping or DEFAULT_MAPPING).partition(":")
    options = [f"version={version}"] * bool(version) + ["front_end=true"] * bool(args.front_end)
    return f" --on scamp5:{','.join([name, *options])}" if options or name != DEFAULT_MAPPING else ""


@contextmanager
def muted_warnings() -> Iterator[None]:
    """Without the library's warnings about what a note has said already."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScampWarning)
        yield


def seed(args: argparse.Namespace) -> int:
    """The seed of clips and errors. Raises ProgramError."""
    if args.seed < 0:
        raise OptionError(f"--seed must be at least 0, got {args.seed}")
    return int(args.seed)


# --- parsers ----------------------------------------------------------------------------------------------------


def add_weights(parser: Any, *, required: bool = False, note: str = "") -> None:
    """--weights. note: added to its help."""
    what = f"weights, .npz or PyTorch's .pt; or random[:SEED], randomly initialised{note}"
    parser.add_argument("--weights", metavar="W", required=required, help=what)


def add_mapping(parser: Any, default: str | None = DEFAULT_MAPPING) -> None:
    """--mapping. default: None where one has to know whether it was given."""
    what = f"{DEFAULT_MAPPING} (default), {DEFAULT_MAPPING}:raw, which is not fitted to noise, blocks, or blocks:lean"
    parser.add_argument("--mapping", metavar="NAME", default=default, help=what)


def add_front_end(parser: Any) -> None:
    """--front-end."""
    what = "the array also scales the frames from 256x256 and copies them; without it the host does"
    parser.add_argument("--front-end", action="store_true", help=what)
