"""The kinds of input that users give: seeds, the ending of the file, and what reads it."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from scamp_sim import assemble, kernels
from scamp_sim.compiler.filters.read import from_file
from scamp_sim.compiler.sdk import extract_kernels
from scamp_sim.compiler.sdk.blocks import decoded
from scamp_sim.costs.prices import DATA as PRICES
from scamp_sim.costs.timing import load_timing
from scamp_sim.exceptions import ScampError
from scamp_sim.pictures import frame_count, frames_of, load_image, open_picture
from scamp_sim.reading import read_archive, read_bytes
from scamp_sim.show.render import load_array
from scamp_sim.silicon.profiles import DATA as PROFILES
from scamp_sim.silicon.profiles import load_profile
from scamp_sim.study.fit.flat import Parts
from scamp_sim.study.fit.measurements import load_stack, load_table
from scamp_sim.study.kit.reader import load_measurement, planned
from scamp_sim.study.results_store import Kept, Store
from scamp_sim.systems.base.clips import read_set
from scamp_sim.systems.base.records import Frames
from scamp_sim.systems.leca.data import load_pictures
from scamp_sim.systems.leca.params import load_params, random_params
from scamp_sim.systems.pixelrnn import Weights
from scamp_sim.systems.pixelrnn.data.clips import read_clip, read_clips
from scamp_sim.systems.pixelrnn.train.noise import StageErrors, known_errors
from scamp_sim.systems.pixels.curve import pixel_from
from scamp_sim.systems.pixels.inputs import read_light
from scamp_sim.systems.pixels.params import default_layer, load_layer

CORPUS = Path(__file__).parents[1] / "compiler"


@dataclass(frozen=True)
class Kind:
    """seeds: whole files of the kind, made in a folder. ending: of the file. read: reads the file."""

    seeds: Callable[[Path], list[bytes]]
    ending: str
    read: Callable[[Path], Any]
    name: str = "input"


def _saved(folder: Path, name: str, save: Callable[[Path], Any]) -> bytes:
    save(folder / name)
    return (folder / name).read_bytes()


def _npz(**arrays: Any) -> bytes:
    memory = io.BytesIO()
    np.savez(memory, **arrays)
    return memory.getvalue()


def _npy(array: Any) -> bytes:
    memory = io.BytesIO()
    np.save(memory, array)
    return memory.getvalue()


# --- texts ------------------------------------------------------------------------------------------------------


def _scamp(folder: Path) -> list[bytes]:
    for path in Path(kernels.path("edges")).parent.glob("*.scamp"):  # some include others
        shutil.copy(path, folder)
    names = ("threshold", "edges", "adaptive_threshold", "gauss5", "sobel_pair", "difference_camera")
    return [*(Path(kernels.path(name)).read_bytes() for name in names), SCAMP]


SCAMP = b"""param n = 3 in 0..9;
const w[2][2] = {{1, -1}, {1, 1}};
macro twice(y: areg, x: asrc) { add(y, x, x); }
kernel k { for i in 0..n { twice(A, B); if i == 2 { res(C); } } WHERE(R5); mov(A, B); all(); }
program { scamp5_in(B, 20); k(); output out = A; for i in 0..n { k(); } }
"""


def _calls(folder: Path) -> list[bytes]:
    text = b"""const int t = 20; vs_post_text("x");
scamp5_in(F, 40);
scamp5_kernel_begin();
  bus(A, B, C); where(A); bus(NEWS, A); for (int i = 0; i < 3; i++) { bus(A, XE); } all(); NOT(R5, R6);
scamp5_kernel_end();
scamp5_output_image(A, NULL); int n = scamp5_global_sum_16(B);
scamp5_output_image(B, NULL);
"""
    return [text, b"A = add(B, C)\nD = divq(A)\n", *_cpp(folder)[::8]]


def _cpp(_: Path) -> list[bytes]:
    files = sorted(CORPUS.glob("sdk/corpus/*.*pp")) + sorted(CORPUS.glob("native/programs/*.cpp"))
    return [p.read_bytes() for p in files]


def _read_cpp(path: Path) -> object:
    blocks = extract_kernels(decoded(read_bytes(path, "program")), file=str(path))
    for block in blocks:
        for d in block.diagnostics:
            if not (d.file and d.line >= 1):
                raise AssertionError(f"a message without a place: {d}")
    return blocks


def _sdk_text(path: Path) -> object:
    return assemble(decoded(read_bytes(path, "program")) + "\n", dialect="sdk")  # one line could be a path


def _filters(_: Path) -> list[bytes]:
    cain = {
        "name": "edge",
        "mode": "analogue",
        "filter": {"A": {"depth": -3, "array": [[1, 0, -1], [2, 0, -2], [1, 0, -1]]}, "B": {"array": [[1, 2, 1]]}},
        "registerAllocator": {"availableRegisters": ["A", "B", "C"], "initialRegisters": ["A"]},
        "maxApproximationDepth": 4,
        "runConfig": {"searchTime": 1000},
    }
    return [json.dumps(cain).encode(), b"[[1, 2, 1], [2, 4, 2], [1, 2, 1]]", b'{"a": [[0.5, "3/8"]], "b": [[1]]}']


def _rows(_: Path) -> list[bytes]:
    return [b"1 2 1; 2 4 2; 1 2 1\n", b"1/8, 3e-1\n0.5, -.25\n"]


# --- JSON -------------------------------------------------------------------------------------------------------


def _profiles(_: Path) -> list[bytes]:
    return [
        json.dumps({**json.loads(p.read_bytes()), "name": "of my own"}).encode()
        for p in sorted(PROFILES.glob("*.json"))
    ]


def _results(_: Path) -> list[bytes]:
    document = {
        "format": "test, 1",
        "digests": {"code": "1"},
        "about": {"n": 1},
        "summary": None,
        "units": [{"chip": 1, "seed": 0, "item": 0, "value": 1.5}, {"chip": 2, "seed": 0, "item": 3, "value": 2}],
    }
    return [json.dumps(document).encode()]


def _read_results(path: Path) -> object:
    return Store(path, "test, 1", {}, {"code": "1"}, 10, lambda row: float(row["value"]))


def _kept(_: Path) -> list[bytes]:
    return [json.dumps({"format": "test, 1", "study": {"n": 1}, "found": {"a": 1.5, "b": 2}}).encode()]


def _read_kept(path: Path) -> object:
    return Kept(path, "test, 1", {"n": 1}, float)


def _measurements(_: Path) -> list[bytes]:
    document = {
        "format": "scamp-sim measurement 1",
        "shape": [64, 64],
        "repeats": 3,
        "columns": ["series", "value", "passes", "wait_ms", "statistic", "measured", "error"],
        "rows": [["moves", -100, 1, 0, "mean", 0.5, 0.1], ["moves", 100, 8, 0, "fixed", 1.5, 0.1]],
        "flat": {**Parts(0.1, 0.2, 0.5, 0.5, 1.0, 1.5, 1.2).as_dict(), "readouts": 3},
        "times_us": {"launch": 1.5},
    }
    return [json.dumps(document).encode()]


def _plans(_: Path) -> list[bytes]:
    document = {"format": "scamp-sim measurement plan 1", "repeats": 20, "shape": [64, 64], "series": ["flat", "moves"]}
    return [json.dumps(document).encode()]


def _stages(folder: Path) -> list[bytes]:
    return [_saved(folder, "stage.json", StageErrors.authors().save)]


def _curves(_: Path) -> list[bytes]:
    return [b'{"offset": [0.1694, 0.255, -0.17], "gain": [0.42, 0.07], "centre": 0.5}']


# --- archives and arrays ----------------------------------------------------------------------------------------


def _archives(_: Path) -> list[bytes]:
    return [_npz(a=np.arange(50), b=np.ones((3, 4)), c=np.array("text"))]


def _weights(folder: Path) -> list[bytes]:
    return [
        _saved(folder, "w1.npz", Weights.random(1, layers=1).save),
        _saved(folder, "w2.npz", Weights.random(2, layers=2, classes=2).save),
    ]


def _layers(folder: Path) -> list[bytes]:
    return [_saved(folder, "layer.npz", default_layer(5, 3).save), _saved(folder, "l.npz", default_layer(3, 1).save)]


def _leca(folder: Path) -> list[bytes]:
    return [_saved(folder, "leca.npz", random_params(1).save)]


def _clips(_: Path) -> list[bytes]:
    frames = np.zeros((2, 16, 64, 64), np.uint8)
    return [_npz(input=frames, label=np.arange(2)), _npz(input=frames[:1], name=np.array(["a"]))]


def _sets(_: Path) -> list[bytes]:
    return [_npz(input=np.zeros((3, 1, 8, 8), np.uint8), labels=np.arange(3))]


def _read_set(path: Path) -> object:
    return read_set(path, Frames(1, 8, 8))


def _labelled(_: Path) -> list[bytes]:
    return [_npz(images=np.zeros((4, 16, 16, 3)), labels=np.arange(4))]


def _tables(_: Path) -> list[bytes]:
    return [_npz(widths=np.arange(3.0), lights=np.linspace(0, 1, 4), values=np.ones((3, 4)))]


def _stacks(_: Path) -> list[bytes]:
    readouts = np.random.default_rng(0).integers(100, 140, (8, 64, 64)).astype(np.uint8)
    return [_npz(readouts=readouts), _npz(readouts=readouts, valid=np.ones((64, 64), bool))]


def _csv(_: Path) -> list[bytes]:
    rows = "".join(f"{v},{n},{v * 0.1:.2f},{1 + n / 10:.2f}\n" for v in (10, 50, 90) for n in (1, 5, 10))
    return [("value,passes,mean_in_minus_out,std_out\n" + rows).encode()]


def _arrays(_: Path) -> list[bytes]:
    return [_npy(np.arange(64 * 64, dtype=np.float32).reshape(64, 64)), _npy(np.zeros((16, 64, 64), np.uint8))]


# --- PyTorch ----------------------------------------------------------------------------------------------------


def _checkpoints(folder: Path) -> list[bytes]:
    import torch
    from torch import nn

    from scamp_sim.training import checkpoints

    net, path = nn.Linear(3, 2), folder / "seed.pt"
    optimiser = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    checkpoints.keep(path, {"a": 1}, net, optimiser, torch.Generator(), [{"epoch": 1, "loss": 0.5}])
    return [path.read_bytes()]


def _resume(path: Path) -> object:
    import torch
    from torch import nn

    from scamp_sim.training import checkpoints

    net = nn.Linear(3, 2)
    return checkpoints.resume(path, {"a": 1}, net, torch.optim.Adam(net.parameters()), torch.Generator())


def _states(folder: Path) -> list[bytes]:
    import torch

    Weights.random(1).save(folder / "s.npz")
    state = {k: torch.from_numpy(v) for k, v in read_archive(folder / "s.npz", "weights").items()}
    found = []
    for more in ({}, {"_use_new_zipfile_serialization": False}):
        memory = io.BytesIO()
        torch.save({"state_dict": state, "epoch": 3}, memory, **more)
        found.append(memory.getvalue())
    return found


# --- pictures ---------------------------------------------------------------------------------------------------


def _pictures(folder: Path) -> list[bytes]:
    grey = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    found = []
    for ending, more in (("png", {}), ("jpg", {}), ("gif", {}), ("bmp", {}), ("tiff", {"compression": "tiff_lzw"})):
        Image.fromarray(grey).save(folder / f"p.{ending}", **more)
        found.append((folder / f"p.{ending}").read_bytes())
    for packed in ("packbits", "tiff_adobe_deflate", "jpeg"):
        Image.fromarray(grey).save(folder / "z.tiff", compression=packed)
        found.append((folder / "z.tiff").read_bytes())
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.stack([grey] * 3, -1)).save(folder / "e.png", exif=exif)
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "d.png")
    Image.fromarray(grey).convert("P").save(folder / "t.png", transparency=3)
    Image.fromarray(np.stack([grey] * 4, -1)).save(folder / "w.webp")
    found += [(folder / n).read_bytes() for n in ("e.png", "d.png", "t.png", "w.webp")]
    return [*found, b"P5 8 8 255\n" + bytes(64)]


def _read_picture(path: Path) -> object:
    frame_count(path)
    return load_image(path), open_picture(path, colour=True)


def _animations(folder: Path) -> list[bytes]:
    frames = [Image.fromarray(np.full((32, 32), 10 * n, np.uint8)) for n in range(17)]
    found = []
    for name in ("a.gif", "a.tiff", "a.png", "a.webp"):
        frames[0].save(folder / name, save_all=True, append_images=frames[1:])
        found.append((folder / name).read_bytes())
    return found


def _frames(path: Path) -> object:
    return sum(1 for _ in frames_of(path))


def _light(path: Path) -> object:
    return read_light(path, 3)


KINDS: dict[str, Kind] = {
    "kernels": Kind(_scamp, ".scamp", assemble),
    "C++": Kind(_cpp, ".cpp", _read_cpp),
    "SDK texts": Kind(_calls, ".cpp", _sdk_text),
    "kernels for filters": Kind(_filters, ".json", lambda p: from_file(str(p))),
    "rows for filters": Kind(_rows, ".txt", lambda p: from_file(str(p))),
    "price tables": Kind(lambda _: [(PRICES / "timing_scamp5d.json").read_bytes()], ".json", load_timing),
    "profiles": Kind(_profiles, ".json", load_profile),
    "results": Kind(_results, ".json", _read_results),
    "kept results": Kind(_kept, ".json", _read_kept),
    "measurements": Kind(_measurements, ".json", load_measurement),
    "plans": Kind(_plans, ".json", lambda p: planned(p.parent), "plan"),
    "stage errors": Kind(_stages, ".json", lambda p: known_errors(str(p))),
    "pixel curves": Kind(_curves, ".json", lambda p: pixel_from(str(p))),
    "pixel tables": Kind(_tables, ".npz", lambda p: pixel_from(str(p))),
    "archives": Kind(_archives, ".npz", lambda p: read_archive(p, "archive")),
    "weights": Kind(_weights, ".npz", Weights.load),
    "layers": Kind(_layers, ".npz", lambda p: load_layer(str(p))),
    "LeCA weights": Kind(_leca, ".npz", load_params),
    "clips": Kind(_clips, ".npz", lambda p: read_clips(str(p))),
    "clip sets": Kind(_sets, ".npz", _read_set),
    "labelled pictures": Kind(_labelled, ".npz", lambda p: load_pictures(str(p), 4)),
    "stacks": Kind(_stacks, ".npz", load_stack),
    "fit tables": Kind(_csv, ".csv", load_table),
    "arrays": Kind(_arrays, ".npy", load_array),
    "array clips": Kind(_arrays, ".npy", lambda p: read_clip(str(p))),
    "pictures": Kind(_pictures, ".png", _read_picture),
    "light": Kind(_pictures, ".png", _light),
    "animations": Kind(_animations, ".gif", _frames),
    "animated clips": Kind(_animations, ".gif", lambda p: read_clip(str(p))),
}

WITH_TORCH: dict[str, Kind] = {
    "checkpoints": Kind(_checkpoints, ".pt", _resume),
    "state_dicts": Kind(_states, ".pt", Weights.load),
}

__all__ = ["KINDS", "WITH_TORCH", "Kind", "ScampError"]
