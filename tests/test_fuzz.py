"""Mutated input of every kind: it is read, or refused by an error of the project's own that names place or file.

Nothing else may be raised, nothing may take long, and nothing may fill the memory. A few in every run; 100,000 with
`-m nightly`.
"""

from __future__ import annotations

import json
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from scamp_sim import assemble, kernels
from scamp_sim.compiler import CompileError
from scamp_sim.costs.prices import DATA as PRICES
from scamp_sim.costs.timing import load_timing
from scamp_sim.exceptions import ScampError
from scamp_sim.show.render import load_array, load_image
from scamp_sim.silicon.profiles import DATA as PROFILES
from scamp_sim.silicon.profiles import load_profile
from scamp_sim.study.results_store import Store
from scamp_sim.systems.pixelrnn import Weights
from scamp_sim.systems.pixelrnn.data.clips import read_clips

SECONDS = 5.0
"""Of processor time, for one input."""

BYTES = 500 << 20

# fmt: off
WORDS = (
    b"\0", b"\xff", b"(", b")", b"{", b"}", b"[", b"]", b"\"", b"'", b";", b",", b"//", b"/*", b"1e999", b"-1", b"nan",
    b"99999999999999999999", b"kernel", b"for", b"macro", b"param", b"include", b"A", b"R5", b"null", b"true", b"\n",
    b"%s", b"../", b"\xe2\x80\xae", b"PK\x03\x04", b"\x93NUMPY",
)
# fmt: on
"""What is put in, beside random bytes: brackets, numbers, words of the languages, marks of formats."""


def mutated(data: bytes, draw: random.Random) -> bytes:
    """The data with one to eight changes: bytes changed, cut out, doubled, moved, or words put in."""
    found = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(found) + 1)
        to = min(len(found), at + draw.choice((1, 2, 8, 64, 512)))
        match draw.randrange(6):
            case 0 if at < len(found):
                found[at] = draw.randrange(256)
            case 1:
                del found[at:to]
            case 2:
                found[at:at] = found[at:to] * draw.choice((1, 2, 50))
            case 3:
                found[at:at] = draw.choice(WORDS) * draw.choice((1, 1, 1, 30))
            case 4:
                piece = bytes(found[at:to])
                del found[at:to]
                there = draw.randrange(len(found) + 1)
                found[there:there] = piece
            case _:
                del found[draw.randrange(len(found) + 1) :]
    return bytes(found)


# --- kinds of input: seeds, the ending of the file, and what reads it ---------------------------------------------


def _texts() -> list[bytes]:
    names = ("threshold", "edges", "adaptive_threshold", "gauss5", "sobel_pair", "difference_camera")
    return [Path(kernels.path(name)).read_bytes() for name in names]


def _weights(folder: Path) -> list[bytes]:
    Weights.random(1, layers=1).save(folder / "w.npz")
    np.savez_compressed(folder / "c.npz", a=np.arange(50), b=np.ones((3, 4)))
    return [(folder / "w.npz").read_bytes(), (folder / "c.npz").read_bytes()]


def _clips(folder: Path) -> list[bytes]:
    np.savez_compressed(folder / "clips.npz", input=np.zeros((2, 16, 64, 64), np.uint8), label=np.arange(2))
    return [(folder / "clips.npz").read_bytes()]


def _pictures(folder: Path) -> list[bytes]:
    grey = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    found = []
    for ending, more in (("png", {}), ("jpg", {}), ("gif", {}), ("bmp", {}), ("tiff", {"compression": "tiff_lzw"})):
        Image.fromarray(grey).save(folder / f"p.{ending}", **more)
        found.append((folder / f"p.{ending}").read_bytes())
    return found


def _arrays(folder: Path) -> list[bytes]:
    np.save(folder / "a.npy", np.arange(64 * 64, dtype=np.float32).reshape(64, 64))
    return [(folder / "a.npy").read_bytes()]


def _results(folder: Path) -> list[bytes]:
    document = {
        "format": "test, 1",
        "digests": {"code": "1"},
        "about": {"n": 1},
        "summary": None,
        "units": [{"chip": 1, "seed": 0, "item": 0, "value": 1.5}],
    }
    return [json.dumps(document).encode()]


def _read_results(path: Path) -> object:
    return Store(path, "test, 1", {}, {"code": "1"}, 10, lambda row: float(row["value"]))


Kind = tuple[Callable[[Path], list[bytes]], str, Callable[[Path], Any]]

KINDS: dict[str, Kind] = {
    "kernels": (lambda _: _texts(), ".scamp", assemble),
    "price tables": (lambda _: [(PRICES / "timing_scamp5d.json").read_bytes()], ".json", load_timing),
    "profiles": (lambda _: [p.read_bytes() for p in sorted(PROFILES.glob("*.json"))], ".json", load_profile),
    "weights": (_weights, ".npz", Weights.load),
    "clips": (_clips, ".npz", cast("Callable[[Path], Any]", read_clips)),
    "pictures": (_pictures, ".png", load_image),
    "arrays": (_arrays, ".npy", load_array),
    "results": (_results, ".json", _read_results),
}
"""Kind -> (seeds, ending, reader)."""


def refusal(read: Callable[[Path], Any], path: Path) -> str | None:
    """The message of the project's own error, with the files of its diagnostics; None if the input was read."""
    try:
        read(path)
    except CompileError as e:
        return " ".join(str(d.file) for d in e.diagnostics if d.line >= 1)
    except ScampError as e:
        return str(e)
    return None


def fuzz(kind: str, folder: Path, count: int, seed: int) -> None:
    """Read that many mutated inputs of a kind."""
    seeds_of, ending, read = KINDS[kind]
    seeds = seeds_of(folder)
    draw = random.Random(f"{kind} {seed}")
    path = folder / f"input{ending}"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for number in range(count):
        data = mutated(draw.choice(seeds), draw)
        path.write_bytes(data)
        began = time.process_time()
        said = refusal(read, path)
        assert said is None or path.name in said, (kind, seed, number, said)
        assert time.process_time() - began < SECONDS, (kind, seed, number)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < BYTES


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_input(kind: str, tmp_path: Path) -> None:
    fuzz(kind, tmp_path, 60, 0)


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(50))
@pytest.mark.parametrize("kind", KINDS)
def test_much_mutated_input(kind: str, block: int, tmp_path: Path) -> None:
    fuzz(kind, tmp_path, 250, 1 + block)
