"""More kinds of input: networks and their plans, videos, rows and constants of comparisons, results of tasks, logs."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from scamp_sim.compare.brought import load_row
from scamp_sim.compare.constants import load_constants
from scamp_sim.show.frames.source import frames
from scamp_sim.study.kit.reader import read_log
from scamp_sim.systems import network
from scamp_sim.systems.network.data import load as load_labelled
from scamp_sim.systems.network.params import Network
from scamp_sim.systems.network.planning.file import load_plan
from scamp_sim.systems.network.store import save
from tests.fuzz.kinds import Kind
from tests.systems.network import floats

EXAMPLES = Path(__file__).parents[2] / "examples"


def _npz(**arrays: Any) -> bytes:
    memory = io.BytesIO()
    np.savez(memory, **arrays)
    return memory.getvalue()


# --- networks ---------------------------------------------------------------------------------------------------


@cache
def small_network() -> Network:
    """Two kernels, a pool and a dense layer."""
    g = np.random.default_rng(1)
    layers = [
        {"op": "conv", "weights": "kernels", "padding": 2},
        {"op": "norm", "gamma": [1, -1], "beta": [0.1, 0.2]},
        {"op": "sign"},
        {"op": "max", "size": 4},
        {"op": "flatten"},
        {"op": "dense", "weights": "dense"},
    ]
    description = {"input": {"size": [64, 64]}, "layers": layers}
    kernels, dense = g.choice([-0.1, 0.1], (2, 1, 5, 5)), g.choice([-0.02, 0.02], (10, 512))
    return network.read({"kernels": kernels, "dense": dense, "description": description})


def _networks(folder: Path) -> list[bytes]:
    save(small_network(), folder / "saved.npz")
    found = [(folder / "saved.npz").read_bytes()]
    for seed in range(6):
        layers, arrays, values, size = floats.draw(seed)
        description = {"input": {"size": [size, size], "values": list(values)}, "layers": layers}
        found.append(_npz(**arrays, description=np.array(json.dumps(description))))
    return found


def _bare(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays that come without a description, and one."""
    layers, arrays, values, size = floats.draw(seed)
    return arrays, {"input": {"size": [size, size], "values": list(values)}, "layers": layers}


def _descriptions(folder: Path) -> list[bytes]:
    """Of one network, since the arrays stay what they are."""
    arrays, description = _bare(3)
    np.savez(folder / "bare.npz", **arrays)
    return [json.dumps(description).encode()]


def _onnx(folder: Path) -> list[bytes]:
    from tests.systems.network import onnx_nets

    found = []
    for seed in range(8):
        layers, arrays, _, size = floats.draw(seed)
        path = onnx_nets.of_chain(layers, arrays, size, seed).save(folder / "seed.onnx")
        found.append(path.read_bytes())
    return found


def _network_plans(_: Path) -> list[bytes]:
    return [json.dumps(network.plan(small_network()).as_dict()).encode()]


def _labelled(_: Path) -> list[bytes]:
    return [_npz(x=np.zeros((6, 64, 64), np.uint8), y=np.arange(6)), _npz(pictures=np.ones((2, 64, 64)), labels=[0, 1])]


# --- frames -----------------------------------------------------------------------------------------------------


def _clips(folder: Path, names: tuple[str, ...]) -> list[bytes]:
    import av

    found = []
    for name in names:
        with av.open(str(folder / name), "w") as out:
            stream = out.add_stream("mpeg4", rate=10)
            stream.width = stream.height = 64
            stream.pix_fmt = "yuv420p"
            for n in range(5):
                plane = np.full((64, 64, 3), 40 * n, np.uint8)
                for packet in stream.encode(av.VideoFrame.from_ndarray(plane, format="rgb24")):
                    out.mux(packet)
            for packet in stream.encode():
                out.mux(packet)
        found.append((folder / name).read_bytes())
    return found


def _animations(folder: Path) -> list[bytes]:
    pictures = [Image.fromarray(np.full((32, 32), 10 * n, np.uint8)) for n in range(6)]
    found = []
    for name in ("a.gif", "a.png", "a.webp", "a.tiff"):
        more: dict[str, Any] = {} if name == "a.tiff" else {"duration": 40}
        pictures[0].save(folder / name, save_all=True, append_images=pictures[1:], **more)
        found.append((folder / name).read_bytes())
    return found


def _stacks(_: Path) -> list[bytes]:
    memory = io.BytesIO()
    np.save(memory, np.zeros((4, 32, 32), np.float32))
    return [memory.getvalue()]


def _archives(_: Path) -> list[bytes]:
    return [_npz(frames=np.zeros((4, 32, 32), np.uint8)), _npz(x=np.ones((2, 16, 16)))]


def _taken(path: Path) -> object:
    return sum(1 for _ in zip(range(40), frames(path, (64, 64), resize=True, fps=7.0), strict=False))


def _in_a_folder(folder: Path) -> list[bytes]:
    """Pictures of which one will lie between two good ones."""
    inside = folder / "clip"
    inside.mkdir()
    found = []
    for number, (ending, more) in enumerate((("png", {}), ("jpg", {}), ("tiff", {"compression": "tiff_lzw"}))):
        plane = np.random.default_rng(number).integers(0, 256, (48, 64)).astype(np.uint8)
        Image.fromarray(plane).save(inside / f"{number}.{ending}", **more)
        found.append((inside / f"{number}.{ending}").read_bytes())
    return found


def _folder(path: Path) -> object:
    return _taken(path.parent)


# --- comparisons ------------------------------------------------------------------------------------------------


def _rows(_: Path) -> list[bytes]:
    return [(EXAMPLES / "my_encoder.json").read_bytes()]


def _constants(_: Path) -> list[bytes]:
    from scamp_sim.compare.constants import FORMAT

    link = {"name": "link", "part": "link", "per": "bits_wire", "value": 3.0, "unit": "pJ/bit", "letter": "A"}
    document = {"format": FORMAT, "name": "mine", "extends": "common", "constants": [{**link, "source": "a guess"}]}
    return [json.dumps(document).encode()]


def _task(_: Path) -> list[bytes]:
    from dataclasses import asdict

    from scamp_sim.compare.task.settings import Budget
    from scamp_sim.compare.task.study import FORM

    row = {"right": 3, "of": 8, "clips": "07", "loss": 0.5, "train_right": 0.75, "weights": 10}
    units = [{"chip": 0, "seed": s, "item": 1, **row} for s in range(3)]
    about = {"task": "shapes", "budget": asdict(Budget())}
    return [json.dumps({"format": FORM, "digests": {}, "about": about, "summary": None, "units": units}).encode()]


def _read_task(path: Path) -> object:
    from scamp_sim.compare.task.study import read

    return read(path)


def _logs(_: Path) -> list[bytes]:
    return [b"stopwatch launch 1000 880\nstopwatch call 1000 900\nnoise\n", b"\xff\xfestopwatch launch 10 8\n"]


NEWER: dict[str, Kind] = {
    "networks": Kind(_networks, ".npz", network.read),
    "descriptions": Kind(
        _descriptions, ".json", lambda p: network.read(p.parent / "bare.npz", description=p), "described"
    ),
    "network plans": Kind(_network_plans, ".json", lambda p: load_plan(small_network(), p).cost()),
    "pictures for networks": Kind(_labelled, ".npz", lambda p: load_labelled(p, small_network())),
    "frames of animations": Kind(_animations, ".gif", _taken),
    "folders of frames": Kind(_in_a_folder, ".png", _folder, "clip/1b"),
    "frames of arrays": Kind(_stacks, ".npy", _taken),
    "frames of archives": Kind(_archives, ".npz", _taken),
    "rows of one's own": Kind(_rows, ".json", load_row),
    "constants": Kind(_constants, ".json", load_constants),
    "logs": Kind(_logs, ".txt", read_log),
}

NEWER_WITH: dict[str, dict[str, Kind]] = {
    "onnx": {"ONNX networks": Kind(_onnx, ".onnx", network.read)},
    "av": {
        "films": Kind(lambda p: _clips(p, ("a.mp4", "a.mkv")), ".mp4", _taken),
        "old films": Kind(lambda p: _clips(p, ("a.avi",)), ".avi", _taken),
    },
    "torch": {"results of tasks": Kind(_task, ".json", _read_task)},
}
"""Package -> kinds that need it."""

__all__ = ["NEWER", "NEWER_WITH"]
